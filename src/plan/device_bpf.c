/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules compiled to the eBPF program the kernel asks on each access. */
#include "plan/device_bpf.h"

#include <errno.h>

#define ANY        (-1)
#define ACCESS_ALL (OCI_ACCESS_READ | OCI_ACCESS_WRITE | OCI_ACCESS_MKNOD)

/*
 * The program walks the rules from the last to the first, as each requested
 * access is decided by the last rule that names it. WANTED holds what is not
 * yet decided: an allowing rule takes bits away, and when none is left the
 * access is allowed; a denying rule that meets a bit ends it. Rules that
 * follow each other with one verdict commute, and are sorted so that a type
 * and a major number are compared once.
 *
 * Every list ends in the default rules, so the first code is "wanted &=
 * ~mknod; if (!wanted) allow", which also serves a request for nothing.
 */
enum {
	RESULT = BPF_REG_0,
	CONTEXT = BPF_REG_1,
	TYPE = BPF_REG_2,
	WANTED = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5,
};

/*
 * Where a jump goes, until that place is known. Kept in src_reg, which a
 * comparison with a constant does not use.
 */
enum label {
	LABEL_NONE,
	LABEL_ALLOW,
	LABEL_DENY,
	LABEL_HIT,       /* a rule of the group matches */
	LABEL_GROUP_END, /* none does */
	LABEL_MAJOR_END,
};

/* A jump's distance is 16 bits wide. */
#define PROGRAM_MAX INT16_MAX

struct program {
	struct arena *arena;
	struct bpf_insn *insns;
	size_t count;
};

static void emit(struct program *p, int code, int reg, int off, int64_t imm)
{
	struct bpf_insn *insn = arena_push(p->arena, p->insns, p->count);

	insn->code = (uint8_t)code;
	insn->dst_reg = (unsigned int)reg & 0xf;
	insn->off = (int16_t)off;
	insn->imm = (int32_t)imm;
}

static void emit_load(struct program *p, int reg, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, reg, (int)offset, 0);
	p->insns[p->count - 1].src_reg = CONTEXT;
}

static void emit_alu(struct program *p, int op, int reg, int64_t imm)
{
	emit(p, BPF_ALU64 | BPF_K | op, reg, 0, imm);
}

/* If REG OP IMM, go to LABEL. */
static void emit_if(struct program *p, int op, int reg, int64_t imm,
                    enum label label)
{
	emit(p, BPF_JMP | BPF_K | op, reg, 0, imm);
	p->insns[p->count - 1].src_reg = (unsigned int)label & 0xf;
}

static void emit_goto(struct program *p, enum label label)
{
	emit_if(p, BPF_JA, 0, 0, label);
}

/* The jumps to LABEL since START come here. */
static void place_label(struct program *p, size_t start, enum label label)
{
	size_t i;

	for (i = start; i < p->count; i++) {
		struct bpf_insn *insn = &p->insns[i];

		if (BPF_CLASS(insn->code) != BPF_JMP || insn->src_reg != label)
			continue;
		insn->off = (int16_t)(p->count - i - 1);
		insn->src_reg = 0;
	}
}

static uint32_t kernel_access(uint32_t access)
{
	return (access & OCI_ACCESS_READ ? BPF_DEVCG_ACC_READ : 0U) |
	       (access & OCI_ACCESS_WRITE ? BPF_DEVCG_ACC_WRITE : 0U) |
	       (access & OCI_ACCESS_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0U);
}

/* Rules of one verdict, type and access, sorted by major and minor. */
struct group {
	const struct oci_device_rule *rules;
	size_t count;
	enum label hit;
};

/*
 * One major's minors, in runs of consecutive numbers. As they ascend, a
 * number below a run's first is in none of the runs that follow either.
 */
static void emit_minors(struct program *p, const struct group *major)
{
	size_t i = 0;

	while (i < major->count) {
		int64_t first = major->rules[i].minor;
		int64_t last = first;

		while (++i < major->count && major->rules[i].minor <= last + 1)
			last = major->rules[i].minor;
		if (first == last) {
			emit_if(p, BPF_JEQ, MINOR, first, major->hit);
			continue;
		}
		if (first > 0)
			emit_if(p, BPF_JLT, MINOR, first, LABEL_MAJOR_END);
		emit_if(p, BPF_JLE, MINOR, last, major->hit);
	}
}

static void emit_major(struct program *p, const struct group *major)
{
	int64_t number = major->rules[0].major;
	bool any_minor = major->rules[0].minor == ANY;
	size_t start = p->count;

	if (number != ANY && any_minor) {
		emit_if(p, BPF_JEQ, MAJOR, number, major->hit);
		return;
	}
	if (number != ANY)
		emit_if(p, BPF_JNE, MAJOR, number, LABEL_MAJOR_END);
	emit_minors(p, major);
	place_label(p, start, LABEL_MAJOR_END);
}

static void emit_majors(struct program *p, const struct group *group)
{
	size_t first = 0;
	size_t i;

	for (i = 1; i <= group->count; i++) {
		struct group major = { group->rules + first, i - first,
			               group->hit };

		if (i < group->count &&
		    group->rules[i].major == group->rules[first].major)
			continue;
		emit_major(p, &major);
		first = i;
	}
}

static void emit_group(struct program *p, const struct oci_device_rule *rules,
                       size_t count)
{
	const struct oci_device_rule *rule = &rules[0];
	bool everywhere = rule->major == ANY && rule->minor == ANY;
	bool partial = rule->access != ACCESS_ALL;
	uint32_t access = kernel_access(rule->access);
	struct group group = { rules, count, LABEL_ALLOW };
	size_t start = p->count;

	if (rule->type != OCI_DEVICE_ALL)
		emit_if(p, BPF_JNE, TYPE,
		        rule->type == OCI_DEVICE_CHAR ? BPF_DEVCG_DEV_CHAR
		                                      : BPF_DEVCG_DEV_BLOCK,
		        LABEL_GROUP_END);
	if (!rule->allow)
		group.hit = LABEL_DENY;
	else if (partial)
		group.hit = LABEL_HIT;
	if (!rule->allow && partial) {
		emit(p, BPF_JMP | BPF_K | BPF_JSET, WANTED, 1, access);
		emit_goto(p, LABEL_GROUP_END);
	}
	if (!everywhere)
		emit_majors(p, &group);
	else if (group.hit != LABEL_HIT)
		emit_goto(p, group.hit);
	if (group.hit == LABEL_HIT) {
		if (!everywhere)
			emit_goto(p, LABEL_GROUP_END);
		place_label(p, start, LABEL_HIT);
		emit_alu(p, BPF_AND, WANTED, ~(int64_t)access);
		emit_if(p, BPF_JEQ, WANTED, 0, LABEL_ALLOW);
	}
	place_label(p, start, LABEL_GROUP_END);
}

static bool same_group(const struct oci_device_rule *a,
                       const struct oci_device_rule *b)
{
	return a->type == b->type && a->access == b->access;
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static bool rule_sorts_before(const struct oci_device_rule *a,
                              const struct oci_device_rule *b)
{
	int order = compare(a->type, b->type);

	if (order == 0)
		order = compare(a->access, b->access);
	if (order == 0)
		order = compare(a->major, b->major);
	if (order == 0)
		order = compare(a->minor, b->minor);
	return order < 0;
}

/* Insertion: lists are short, and qsort may allocate. */
static void sort_rules(struct oci_device_rule *rules, size_t count)
{
	size_t i;
	size_t j;

	for (i = 1; i < count; i++) {
		struct oci_device_rule rule = rules[i];

		for (j = i; j > 0 && rule_sorts_before(&rule, &rules[j - 1]);
		     j--)
			rules[j] = rules[j - 1];
		rules[j] = rule;
	}
}

/* Rules of one verdict that follow each other, COUNT of them. */
static void emit_run(struct program *p, struct oci_device_rule *rules,
                     size_t count)
{
	size_t first = 0;
	size_t i;

	sort_rules(rules, count);
	for (i = 1; i <= count; i++) {
		if (i < count && same_group(&rules[i], &rules[first]))
			continue;
		emit_group(p, rules + first, i - first);
		first = i;
	}
}

static void emit_runs(struct program *p, const struct device_rules *rules)
{
	struct oci_device_rule *run =
		arena_new_array(p->arena, struct oci_device_rule, rules->count);
	size_t left = rules->count;

	while (left > 0) {
		bool allow = rules->items[left - 1].allow;
		size_t count = 0;

		while (left > 0 && rules->items[left - 1].allow == allow)
			run[count++] = rules->items[--left];
		emit_run(p, run, count);
	}
}

static void emit_start(struct program *p)
{
	emit_load(p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_load(p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	emit(p, BPF_ALU64 | BPF_X | BPF_MOV, WANTED, 0, 0);
	p->insns[p->count - 1].src_reg = TYPE;
	emit_alu(p, BPF_RSH, WANTED, 16);
	emit_alu(p, BPF_AND, TYPE, 0xffff);
	emit_alu(p, BPF_MOV, RESULT, 1);
}

int device_rules_compile(struct arena *arena, const struct device_rules *rules,
                         const struct bpf_insn **ret_program,
                         size_t *ret_length, struct error *err)
{
	struct program p = { .arena = arena };

	if (rules->count) {
		emit_start(&p);
		emit_runs(&p, rules);
		if (rules->allow_rest)
			emit_goto(&p, LABEL_ALLOW);
		place_label(&p, 0, LABEL_DENY);
		emit_alu(&p, BPF_MOV, RESULT, 0);
		place_label(&p, 0, LABEL_ALLOW);
	} else {
		emit_alu(&p, BPF_MOV, RESULT, rules->allow_rest);
	}
	emit(&p, BPF_JMP | BPF_EXIT, 0, 0, 0);
	if (p.count > PROGRAM_MAX)
		return error_set(err, ERROR_CONFIG, -E2BIG,
		                 "linux.resources.devices: too many rules");
	*ret_program = p.insns;
	*ret_length = p.count;
	return 0;
}
