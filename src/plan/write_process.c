/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as JSON: the process, its limits and its filter. */
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <stdio.h>

#include "oci/oci.h"
#include "plan/write.h"

#define LINE_SIZE 128

/* SECCOMP_RET_*: the action above, its data below. */
#define ACTION_BITS 0xffff0000U
#define DATA_BITS   0x0000ffffU

/* ---- process */

static void put_caps(struct json_writer *w, const char *key, uint64_t caps)
{
	const char *name;
	uint64_t bit;

	json_open_array(w, key);
	for (bit = 0; caps >> bit != 0; bit++) {
		name = str_name_of(oci_capability_names, bit);
		if (caps >> bit & 1)
			json_put_str(w, NULL, name ? name : "?");
		if (bit == 63)
			break;
	}
	json_close_array(w);
}

static void put_capabilities(struct json_writer *w,
                             const struct plan_caps *caps)
{
	json_open_object(w, "capabilities");
	put_caps(w, "bounding", caps->bounding);
	put_caps(w, "effective", caps->effective);
	put_caps(w, "inheritable", caps->inheritable);
	put_caps(w, "permitted", caps->permitted);
	put_caps(w, "ambient", caps->ambient);
	json_put_i64(w, "last", caps->last);
	json_close_object(w);
}

static void put_user(struct json_writer *w, const struct plan_process *process)
{
	size_t i;

	json_put_u64(w, "uid", process->uid);
	json_put_u64(w, "gid", process->gid);
	if (process->keep_groups) {
		json_put_bool(w, "keepGroups", true);
	} else {
		json_open_array(w, "groups");
		for (i = 0; i < process->groups_count; i++)
			json_put_u64(w, NULL, process->groups[i]);
		json_close_array(w);
	}
	write_mode(w, "umask", process->umask);
}

static void put_rlimits(struct json_writer *w,
                        const struct plan_process *process)
{
	size_t i;

	json_open_array(w, "rlimits");
	for (i = 0; i < process->rlimits_count; i++) {
		json_open_object(w, NULL);
		json_put_str(w, "type", process->rlimits[i].name);
		json_put_u64(w, "soft", process->rlimits[i].soft);
		json_put_u64(w, "hard", process->rlimits[i].hard);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_scheduler(struct json_writer *w,
                          const struct plan_scheduler *scheduler)
{
	json_open_object(w, "scheduler");
	json_put_str(w, "policy",
	             str_name_of(oci_scheduler_policies, scheduler->policy));
	write_flags(w, "flags", oci_scheduler_flags, scheduler->flags);
	json_put_i64(w, "nice", scheduler->nice);
	json_put_u64(w, "priority", scheduler->priority);
	json_put_u64(w, "runtime", scheduler->runtime);
	json_put_u64(w, "deadline", scheduler->deadline);
	json_put_u64(w, "period", scheduler->period);
	json_close_object(w);
}

/* What the kernel is asked for beside limits; exec's CPUs are in no plan. */
static void put_attributes(struct json_writer *w,
                           const struct plan_process *process)
{
	const struct plan_memory_policy *memory = process->memory_policy;

	if (process->scheduler)
		put_scheduler(w, process->scheduler);
	if (process->io_priority.set)
		json_put_u64(w, "ioPriority", process->io_priority.value);
	if (process->personality.set)
		json_put_u64(w, "personality", process->personality.value);
	if (!memory)
		return;
	json_open_object(w, "memoryPolicy");
	json_put_i64(w, "mode", memory->mode);
	write_text(w, "nodes", memory->nodes.list);
	json_close_object(w);
}

void write_process(struct json_writer *w, const struct plan_process *process)
{
	if (!process)
		return;
	json_open_object(w, "process");
	write_strings(w, "args", process->args);
	write_strings(w, "env", process->env);
	if (process->home_slot >= 0)
		json_put_i64(w, "homeSlot", process->home_slot);
	json_put_str(w, "searchPath", process->search_path);
	json_put_str(w, "cwd", process->cwd);
	put_user(w, process);
	put_capabilities(w, &process->caps);
	put_rlimits(w, process);
	write_true(w, "noNewPrivileges", process->no_new_privs);
	if (process->oom_score_adj.set)
		json_put_i64(w, "oomScoreAdj", process->oom_score_adj.value);
	write_true(w, "terminal", process->terminal);
	if (process->rows > 0 && process->columns > 0) {
		json_put_u64(w, "rows", process->rows);
		json_put_u64(w, "columns", process->columns);
	}
	write_text(w, "apparmor", process->apparmor);
	write_text(w, "selinux", process->selinux);
	if (process->keep_fds > 0)
		json_put_u64(w, "keepFds", process->keep_fds);
	put_attributes(w, process);
	json_close_object(w);
}

/* ---- cgroup */

static void put_device_program(struct json_writer *w,
                               const struct plan_cgroup *cgroup)
{
	char line[LINE_SIZE];
	size_t i;

	if (!cgroup->device_program)
		return;
	json_open_array(w, "deviceProgram");
	for (i = 0; i < cgroup->device_program_length; i++) {
		const struct bpf_insn *insn = &cgroup->device_program[i];

		snprintf(line, sizeof(line),
		         "code %#04x dst %u src %u off %d imm %d", insn->code,
		         insn->dst_reg, insn->src_reg, insn->off, insn->imm);
		json_put_str(w, NULL, line);
	}
	json_close_array(w);
}

static void put_cgroup_writes(struct json_writer *w,
                              const struct plan_cgroup *cgroup)
{
	size_t i;

	json_open_array(w, "writes");
	for (i = 0; i < cgroup->writes_count; i++) {
		const struct plan_cgroup_write *write = &cgroup->writes[i];

		json_open_object(w, NULL);
		json_put_u64(w, "dir", write->dir);
		json_put_str(w, "file", write->file);
		json_put_str(w, "value", write->value);
		write_text(w, "what", write->what);
		write_true(w, "ifPresent", write->if_present);
		write_text(w, "otherFile", write->other_file);
		write_text(w, "otherValue", write->other_value);
		write_text(w, "undo", write->undo);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_unit(struct json_writer *w, const struct plan_unit *unit)
{
	size_t i;
	size_t t;

	if (!unit->name)
		return;
	json_open_object(w, "unit");
	json_put_str(w, "name", unit->name);
	write_true(w, "user", unit->user);
	json_open_array(w, "properties");
	for (i = 0; i < unit->count; i++) {
		const struct plan_unit_property *property =
			&unit->properties[i];

		json_open_object(w, NULL);
		json_put_str(w, "name", property->name);
		json_put_str(w, "type", property->value.type);
		json_open_array(w, "value");
		for (t = 0; t < property->value.count; t++)
			json_put_str(w, NULL, property->value.tokens[t]);
		json_close_array(w);
		write_true(w, "mayBeUnknown", property->recent);
		json_close_object(w);
	}
	json_close_array(w);
	json_close_object(w);
}

void write_cgroup(struct json_writer *w, const struct plan_cgroup *cgroup)
{
	static const char *const modes[] = {
		[PLAN_CGROUP_DISABLED] = "disabled",
		[PLAN_CGROUP_V2] = "v2",
		[PLAN_CGROUP_V1] = "v1",
	};
	size_t i;

	json_open_object(w, "cgroup");
	json_put_str(w, "mode", modes[cgroup->mode]);
	write_text(w, "path", cgroup->path);
	put_unit(w, &cgroup->unit);
	json_open_array(w, "dirs");
	for (i = 0; i < cgroup->dirs_count; i++) {
		json_open_object(w, NULL);
		write_text(w, "controllers", cgroup->dirs[i].controllers);
		json_put_str(w, "mount", cgroup->dirs[i].mount);
		json_put_str(w, "path", cgroup->dirs[i].path);
		json_close_object(w);
	}
	json_close_array(w);
	write_text(w, "enable", cgroup->enable);
	write_true(w, "optional", cgroup->optional);
	if (cgroup->owner.set)
		json_put_u64(w, "owner", cgroup->owner.value);
	put_cgroup_writes(w, cgroup);
	put_device_program(w, cgroup);
	json_close_object(w);
}

void write_rdt(struct json_writer *w, const struct plan_rdt *rdt)
{
	size_t i;

	if (!rdt->root)
		return;
	json_open_object(w, "rdt");
	json_put_str(w, "root", rdt->root);
	json_put_str(w, "group", rdt->group);
	write_text(w, "monitor", rdt->monitor);
	write_true(w, "mustExist", rdt->must_exist);
	json_open_array(w, "lines");
	for (i = 0; i < rdt->lines_count; i++)
		json_put_str(w, NULL, rdt->lines[i]);
	json_close_array(w);
	json_close_object(w);
}

/* ---- seccomp */

/* "SCMP_ACT_ERRNO(1)" */
static void put_action(struct json_writer *w, const char *key, uint32_t action)
{
	const char *name =
		str_name_of(oci_seccomp_actions, action & ACTION_BITS);
	char text[LINE_SIZE];

	if (action & DATA_BITS)
		snprintf(text, sizeof(text), "%s(%u)", name ? name : "?",
		         action & DATA_BITS);
	else
		snprintf(text, sizeof(text), "%s", name ? name : "?");
	json_put_str(w, key, text);
}

static void put_seccomp_rule(struct json_writer *w,
                             const struct plan_seccomp_rule *rule)
{
	const char *op;
	size_t i;

	json_open_object(w, NULL);
	json_put_str(w, "name", rule->name);
	put_action(w, "action", rule->action);
	if (rule->args_count > 0)
		json_open_array(w, "args");
	for (i = 0; i < rule->args_count; i++) {
		op = str_name_of(oci_seccomp_operators, rule->args[i].op);
		json_open_object(w, NULL);
		json_put_u64(w, "index", rule->args[i].index);
		json_put_str(w, "op", op ? op : "?");
		json_put_u64(w, "a", rule->args[i].a);
		json_put_u64(w, "b", rule->args[i].b);
		json_close_object(w);
	}
	if (rule->args_count > 0)
		json_close_array(w);
	json_close_object(w);
}

void write_seccomp(struct json_writer *w, const struct plan_seccomp *seccomp)
{
	const char *arch;
	size_t i;

	if (!seccomp->needed)
		return;
	json_open_object(w, "seccomp");
	write_true(w, "early", seccomp->early);
	put_action(w, "defaultAction", seccomp->default_action);
	json_open_array(w, "archs");
	for (i = 0; i < seccomp->archs_count; i++) {
		arch = str_name_of(oci_seccomp_archs, seccomp->archs[i]);
		json_put_str(w, NULL, arch ? arch : "?");
	}
	json_close_array(w);
	write_flags(w, "flags", oci_seccomp_flags,
	            seccomp->flags &
	                    ~(uint32_t)SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (seccomp->notify) {
		json_put_str(w, "listener", seccomp->listener);
		write_text(w, "metadata", seccomp->metadata);
	}
	json_open_array(w, "rules");
	for (i = 0; i < seccomp->rules_count; i++)
		put_seccomp_rule(w, &seccomp->rules[i]);
	json_close_array(w);
	json_put_u64(w, "keyLength", seccomp->key_length);
	json_close_object(w);
}
