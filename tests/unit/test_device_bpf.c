/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules: what the compiled program says is what the rules say. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plan/device_bpf.h"
#include "sys/bpf.h"

#define RWM (OCI_ACCESS_READ | OCI_ACCESS_WRITE | OCI_ACCESS_MKNOD)
#define ALL OCI_DEVICE_ALL
#define CHR OCI_DEVICE_CHAR
#define BLK OCI_DEVICE_BLOCK

struct request {
	enum oci_device_type type;
	int64_t major;
	int64_t minor;
	uint32_t access;
};

static const struct oci_device_rule deny_all = { false, ALL, -1, -1, RWM };

/* ---- the instructions that the compiler uses */

static bool jump_taken(const struct bpf_insn *insn, uint64_t value)
{
	uint64_t constant = (uint64_t)(int64_t)insn->imm;

	switch (BPF_OP(insn->code)) {
	case BPF_JA: return true;
	case BPF_JEQ: return value == constant;
	case BPF_JNE: return value != constant;
	case BPF_JLT: return value < constant;
	case BPF_JLE: return value <= constant;
	case BPF_JSET: return value & constant;
	default: ck_abort_msg("unknown jump %#x", insn->code);
	}
}

static void run_alu(const struct bpf_insn *insn, uint64_t *registers)
{
	uint64_t *to = &registers[insn->dst_reg];
	uint64_t by = BPF_SRC(insn->code) == BPF_X
	                      ? registers[insn->src_reg]
	                      : (uint64_t)(int64_t)insn->imm;

	switch (BPF_OP(insn->code)) {
	case BPF_MOV: *to = by; break;
	case BPF_AND: *to &= by; break;
	case BPF_RSH: *to >>= by; break;
	default: ck_abort_msg("unknown operation %#x", insn->code);
	}
}

static bool run_program(const struct bpf_insn *program, size_t length,
                        const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t registers[16] = { 0 };
	size_t at = 0;

	while (at < length) {
		const struct bpf_insn *insn = &program[at++];

		switch (BPF_CLASS(insn->code)) {
		case BPF_LDX:
			if (insn->src_reg != BPF_REG_1)
				ck_abort_msg("a load from elsewhere");
			registers[insn->dst_reg] = *(
				const uint32_t
					*)(const void *)((const char *)context +
			                                 insn->off);
			break;
		case BPF_ALU64: run_alu(insn, registers); break;
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_EXIT)
				return registers[0];
			if (insn->src_reg || insn->off < 0)
				ck_abort_msg("a jump that is not finished");
			if (jump_taken(insn, registers[insn->dst_reg]))
				at += (size_t)insn->off;
			break;
		default: ck_abort_msg("unknown class %#x", insn->code);
		}
	}
	ck_abort_msg("the program runs off its end");
}

static bool program_allows(const struct bpf_insn *program, size_t length,
                           const struct request *request)
{
	uint32_t access =
		(request->access & OCI_ACCESS_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0) |
		(request->access & OCI_ACCESS_READ ? BPF_DEVCG_ACC_READ : 0) |
		(request->access & OCI_ACCESS_WRITE ? BPF_DEVCG_ACC_WRITE : 0);
	uint32_t type =
		request->type == CHR ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK;
	struct bpf_cgroup_dev_ctx context = {
		.access_type = access << 16 | type,
		.major = (uint32_t)request->major,
		.minor = (uint32_t)request->minor,
	};

	return run_program(program, length, &context);
}

/* ---- the rules, read literally */

static const struct oci_device_rule defaults[] = {
	{ true, CHR, -1, -1, OCI_ACCESS_MKNOD },
	{ true, BLK, -1, -1, OCI_ACCESS_MKNOD },
	{ true, CHR, 1, 3, RWM },
	{ true, CHR, 1, 5, RWM },
	{ true, CHR, 1, 7, RWM },
	{ true, CHR, 1, 8, RWM },
	{ true, CHR, 1, 9, RWM },
	{ true, CHR, 5, 0, RWM },
	{ true, CHR, 5, 1, RWM },
	{ true, CHR, 5, 2, RWM },
	{ true, CHR, 136, -1, RWM },
	{ true, CHR, 10, 200, RWM },
};

static bool rule_names(const struct oci_device_rule *rule,
                       const struct request *request, uint32_t bit)
{
	return (rule->type == ALL || rule->type == request->type) &&
	       (rule->major < 0 || rule->major == request->major) &&
	       (rule->minor < 0 || rule->minor == request->minor) &&
	       rule->access & bit;
}

static bool bit_allowed(const struct oci_device_rule *rules, size_t count,
                        const struct request *request, uint32_t bit)
{
	bool allowed = false;
	size_t i;

	for (i = 0; i < count; i++)
		if (rule_names(&rules[i], request, bit))
			allowed = rules[i].allow;
	for (i = 0; i < ARRAY_SIZE(defaults); i++)
		if (rule_names(&defaults[i], request, bit))
			allowed = true;
	return allowed;
}

static bool rules_allow(const struct oci_device_rule *rules, size_t count,
                        const struct request *request)
{
	uint32_t bit;

	for (bit = 1; bit <= OCI_ACCESS_MKNOD; bit <<= 1)
		if (request->access & bit &&
		    !bit_allowed(rules, count, request, bit))
			return false;
	return true;
}

/* ---- the tests */

static size_t compile(struct arena *arena, const struct oci_device_rule *rules,
                      size_t count, const struct bpf_insn **ret_program)
{
	struct device_rules reduced;
	size_t length;

	ck_assert_int_eq(
		device_rules_reduce(arena, rules, count, &reduced, NULL), 0);
	ck_assert_int_eq(device_rules_compile(arena, &reduced, ret_program,
	                                      &length, NULL),
	                 0);
	return length;
}

static void assert_same(const struct oci_device_rule *rules, size_t count,
                        const struct bpf_insn *program, size_t length,
                        const struct request *r)
{
	/* A passed assertion costs a system call, and there are many. */
	if (program_allows(program, length, r) != rules_allow(rules, count, r))
		ck_abort_msg("%zu rules, %c %d:%d access %u", count,
		             (char)r->type, (int)r->major, (int)r->minor,
		             r->access);
}

static const int64_t numbers[] = { -1, 0, 1, 2, 3, 5, 8, 10, 136, 200 };

static int64_t any_number(void)
{
	return numbers[(size_t)rand() % ARRAY_SIZE(numbers)];
}

static struct oci_device_rule any_rule(void)
{
	static const enum oci_device_type types[] = { ALL, BLK, CHR, CHR };

	return (struct oci_device_rule){
		.allow = rand() % 2,
		.type = types[rand() % 4],
		.major = any_number(),
		.minor = any_number(),
		.access = rand() % 2 ? RWM : (uint32_t)rand() % 8,
	};
}

/* Every device of the numbers above and one more, with every access. */
static void assert_same_everywhere(const struct oci_device_rule *rules,
                                   size_t count, const struct bpf_insn *program,
                                   size_t length)
{
	size_t major;
	size_t minor;
	uint32_t access;

	for (major = 1; major < ARRAY_SIZE(numbers); major++)
		for (minor = 1; minor < ARRAY_SIZE(numbers); minor++)
			for (access = 0; access < 8; access++) {
				struct request r = { CHR, numbers[major],
					             numbers[minor], access };

				assert_same(rules, count, program, length, &r);
				r.type = BLK;
				assert_same(rules, count, program, length, &r);
			}
}

/* Many seeds by each test, as a test costs a process. */
#define SEEDS 50

/* One to RULES_MAX rules, often behind the usual first one. */
#define RULES_MAX 12

static size_t any_rules(unsigned int seed, struct oci_device_rule *rules)
{
	size_t count = seed % RULES_MAX + 1;
	size_t i;

	srand(seed);
	for (i = 0; i < count; i++)
		rules[i] = any_rule();
	if (rand() % 2)
		rules[0] = deny_all;
	return count;
}

/* A157 A158 D043 */
START_TEST(the_program_agrees_with_the_rules)
{
	unsigned int seed;

	for (seed = 0; seed < SEEDS; seed++) {
		auto_arena struct arena arena = { 0 };
		struct oci_device_rule rules[RULES_MAX];
		const struct bpf_insn *program;
		size_t count =
			any_rules((unsigned int)_i * SEEDS + seed, rules);
		size_t length = compile(&arena, rules, count, &program);

		assert_same_everywhere(rules, count, program, length);
	}
}

END_TEST

START_TEST(the_kernel_takes_the_program)
{
	static char log[65536];
	unsigned int seed;

	for (seed = 0; seed < SEEDS; seed++) {
		auto_arena struct arena arena = { 0 };
		struct oci_device_rule rules[RULES_MAX];
		const struct bpf_insn *program;
		size_t count =
			any_rules((unsigned int)_i * SEEDS + seed, rules);
		size_t length = compile(&arena, rules, count, &program);
		int fd = sys_bpf_load_device(program, length, log, sizeof(log));

		if (fd == -EPERM || fd == -ENOSYS)
			return;
		ck_assert_msg(fd >= 0, "%d: %s", fd, log);
		close(fd);
	}
}

END_TEST

/* A159 */
START_TEST(no_rules_restrict_nothing)
{
	auto_arena struct arena arena = { 0 };
	struct device_rules reduced;

	ck_assert_int_eq(device_rules_reduce(&arena, NULL, 0, &reduced, NULL),
	                 0);
	ck_assert(device_rules_are_moot(&reduced));
}

END_TEST

/* A159 */
START_TEST(allowing_everything_restricts_nothing)
{
	auto_arena struct arena arena = { 0 };
	static const struct oci_device_rule rules[] = {
		{ false, ALL, -1, -1, RWM },
		{ false, CHR, 10, 229, RWM },
		{ true, CHR, -1, -1, RWM },
		{ true, BLK, -1, -1, RWM },
	};
	struct device_rules reduced;

	ck_assert_int_eq(device_rules_reduce(&arena, rules, 4, &reduced, NULL),
	                 0);
	ck_assert(device_rules_are_moot(&reduced));
}

END_TEST

START_TEST(a_list_without_a_first_rule_is_of_allowed_devices)
{
	auto_arena struct arena arena = { 0 };
	static const struct oci_device_rule rule = { true, CHR, 10, 229, RWM };
	static const struct request fuse = { CHR, 10, 229, RWM };
	static const struct request disk = { BLK, 8, 0, OCI_ACCESS_READ };
	const struct bpf_insn *program;
	size_t length = compile(&arena, &rule, 1, &program);

	ck_assert(program_allows(program, length, &fuse));
	ck_assert(!program_allows(program, length, &disk));
}

END_TEST

/* A159 */
START_TEST(denying_to_read_also_denies_to_read_and_write)
{
	auto_arena struct arena arena = { 0 };
	static const struct oci_device_rule rules[] = {
		{ true, ALL, -1, -1, RWM },
		{ false, BLK, 8, 0, OCI_ACCESS_READ },
	};
	struct request request = { BLK, 8, 0, OCI_ACCESS_WRITE };
	const struct bpf_insn *program;
	size_t length = compile(&arena, rules, 2, &program);

	ck_assert(program_allows(program, length, &request));
	request.access |= OCI_ACCESS_READ;
	ck_assert(!program_allows(program, length, &request));
}

END_TEST

START_TEST(the_usual_list_is_short)
{
	auto_arena struct arena arena = { 0 };
	static const struct oci_device_rule docker[] = {
		{ false, ALL, -1, -1, RWM }, { true, CHR, 1, 5, RWM },
		{ true, CHR, 1, 3, RWM },    { true, CHR, 1, 9, RWM },
		{ true, CHR, 1, 8, RWM },    { true, CHR, 5, 0, RWM },
		{ true, CHR, 5, 1, RWM },    { false, CHR, 10, 229, RWM },
	};
	const struct bpf_insn *program;

	ck_assert_uint_le(compile(&arena, &deny_all, 1, &program), 23);
	ck_assert_uint_le(compile(&arena, docker, 8, &program), 23);
}

END_TEST

START_TEST(numbers_that_no_device_has_are_left_out)
{
	auto_arena struct arena arena = { 0 };
	static const struct oci_device_rule rules[] = {
		{ false, ALL, -1, -1, RWM },
		{ true, CHR, INT64_C(1) << 32, -1, RWM },
		{ true, CHR, 4, (INT64_C(1) << 32) + 64, RWM },
		{ true, OCI_DEVICE_FIFO, -1, -1, RWM },
	};
	static const struct request request = { CHR, 0, 0, OCI_ACCESS_READ };
	static const struct request serial = { CHR, 4, 64, OCI_ACCESS_READ };
	const struct bpf_insn *program;
	size_t length = compile(&arena, rules, 4, &program);

	ck_assert(!program_allows(program, length, &request));
	ck_assert(!program_allows(program, length, &serial));
}

END_TEST

START_TEST(more_rules_than_anybody_needs_are_refused)
{
	auto_arena struct arena arena = { 0 };
	struct oci_device_rule *rules =
		arena_new_array(&arena, struct oci_device_rule, 5000);
	struct device_rules reduced;
	struct error err = { 0 };

	ck_assert_int_lt(
		device_rules_reduce(&arena, rules, 5000, &reduced, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
}

END_TEST

START_TEST(the_largest_list_compiles)
{
	auto_arena struct arena arena = { 0 };
	struct oci_device_rule *rules =
		arena_new_array(&arena, struct oci_device_rule, 4096);
	const struct bpf_insn *program;
	size_t length;
	size_t i;

	for (i = 0; i < 4096; i++)
		rules[i] = (struct oci_device_rule){ i % 2, CHR, (int64_t)i,
			                             2 * (int64_t)i,
			                             1 + (uint32_t)i % 7 };
	length = compile(&arena, rules, 4096, &program);
	for (i = 0; i < 4096; i += 117) {
		struct request r = { CHR, (int64_t)i, 2 * (int64_t)i,
			             1 + (uint32_t)i % 7 };

		assert_same(rules, 4096, program, length, &r);
	}
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("device_bpf");
	TCase *tests = tcase_create("rules");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, the_program_agrees_with_the_rules, 0, 20);
	tcase_add_loop_test(tests, the_kernel_takes_the_program, 0, 6);
	tcase_add_test(tests, no_rules_restrict_nothing);
	tcase_add_test(tests, allowing_everything_restricts_nothing);
	tcase_add_test(tests,
	               a_list_without_a_first_rule_is_of_allowed_devices);
	tcase_add_test(tests, denying_to_read_also_denies_to_read_and_write);
	tcase_add_test(tests, the_usual_list_is_short);
	tcase_add_test(tests, numbers_that_no_device_has_are_left_out);
	tcase_add_test(tests, more_rules_than_anybody_needs_are_refused);
	tcase_add_test(tests, the_largest_list_compiles);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
