/* SPDX-License-Identifier: Apache-2.0 */
/* From linux.seccomp to rules for single system calls, and their key. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h> /* its constants; nothing is linked */
#include <string.h>
#include <sys/types.h>

#include "base/str.h"
#include "oci/oci.h"
#include "plan/decide.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#	define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/*
 * ACTION with NUMBER in its lower half; EPERM where the profile is silent.
 * Only ERRNO and TRACE have a number: the reader has seen to that.
 */
static uint32_t action_with_number(uint32_t action, struct opt_u32 number)
{
	if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE)
		action |=
			(number.set ? number.value : EPERM) & SECCOMP_RET_DATA;
	return action;
}

static int plan_flags(const struct oci_seccomp *profile,
                      struct plan_seccomp *plan, struct error *err)
{
	/* The kernel would say EINVAL and nothing else. */
	if (profile->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV &&
	    !plan->notify)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "linux.seccomp.flags: SECCOMP_FILTER_FLAG_"
		                 "WAIT_KILLABLE_RECV without SCMP_ACT_NOTIFY");
	plan->flags_default = !profile->flags_set;
	plan->flags = profile->flags;
	if (plan->flags_default)
		plan->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (!plan->notify)
		return 0;
	/*
	 * Who loads it executes the program with one thread: there is nobody
	 * to bring along but the one that sends the listener.
	 */
	plan->flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
	plan->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return 0;
}

static bool arch_is_planned(const struct plan_seccomp *plan, uint32_t arch)
{
	size_t i;

	for (i = 0; i < plan->archs_count; i++)
		if (plan->archs[i] == arch)
			return true;
	return false;
}

static int plan_archs(struct arena *arena, const struct oci_strings *names,
                      struct plan_seccomp *plan, struct error *err)
{
	size_t i;

	plan->archs = arena_new_array(arena, uint32_t, names->count);
	for (i = 0; i < names->count; i++) {
		const struct str_value *row =
			str_lookup(oci_seccomp_archs, names->items[i]);

		if (!row)
			return error_set(err, ERROR_CONFIG, -EINVAL,
			                 "linux.seccomp.architectures[%zu]: "
			                 "unknown \"%s\"",
			                 i, names->items[i]);
		if (!arch_is_planned(plan, (uint32_t)row->value))
			plan->archs[plan->archs_count++] = (uint32_t)row->value;
	}
	return 0;
}

static struct plan_seccomp_arg *plan_args(struct arena *arena,
                                          const struct oci_seccomp_rule *rule)
{
	struct plan_seccomp_arg *args = arena_new_array(
		arena, struct plan_seccomp_arg, rule->args_count);
	size_t i;

	for (i = 0; i < rule->args_count; i++) {
		const struct oci_seccomp_arg *arg = &rule->args[i];

		args[i].index = arg->index;
		args[i].op = arg->op;
		/* MASKED_EQ: the mask is in value, as libseccomp has it. */
		args[i].a = arg->value;
		if (arg->op == SCMP_CMP_MASKED_EQ)
			args[i].b = arg->value_two;
	}
	return args;
}

/*
 * libseccomp joins the comparisons of a rule by AND, one for each argument.
 * A list with several for one argument becomes a rule for each comparison:
 * any of them is enough. So the other runtimes read it.
 */
static bool args_repeat(const struct plan_seccomp_arg *args, size_t count)
{
	uint32_t seen = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		uint32_t bit = UINT32_C(1) << args[i].index;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static void plan_rule(struct arena *arena, const struct oci_seccomp_rule *rule,
                      struct plan_seccomp *plan)
{
	struct plan_seccomp_rule planned = {
		.action = action_with_number(rule->action, rule->errno_ret),
		.args_count = rule->args_count,
	};
	size_t variants = 1;
	size_t i;
	size_t k;

	if (rule->action == SECCOMP_RET_USER_NOTIF)
		plan->notify = true;
	planned.args = plan_args(arena, rule);
	if (args_repeat(planned.args, planned.args_count)) {
		variants = planned.args_count;
		planned.args_count = 1;
	}
	for (i = 0; i < rule->names.count; i++) {
		for (k = 0; k < variants; k++) {
			struct plan_seccomp_rule *next =
				&plan->rules[plan->rules_count++];

			*next = planned;
			next->name = rule->names.items[i];
			next->args = planned.args + k;
		}
	}
}

static void plan_rules(struct arena *arena, const struct oci_seccomp *profile,
                       struct plan_seccomp *plan)
{
	size_t room = 0;
	size_t i;

	for (i = 0; i < profile->rules_count; i++) {
		const struct oci_seccomp_rule *rule = &profile->rules[i];

		room += rule->names.count * (rule->args_count + 1);
	}
	plan->rules = arena_new_array(arena, struct plan_seccomp_rule, room);
	for (i = 0; i < profile->rules_count; i++)
		plan_rule(arena, &profile->rules[i], plan);
}

static char *put(char *end, const void *bytes, size_t length)
{
	memcpy(end, bytes, length);
	return end + length;
}

static size_t key_room(const struct plan_seccomp *plan)
{
	size_t room = 5 * sizeof(uint32_t);
	size_t i;

	room += plan->archs_count * sizeof(*plan->archs);
	for (i = 0; i < plan->rules_count; i++) {
		const struct plan_seccomp_rule *rule = &plan->rules[i];

		room += 2 * sizeof(uint32_t) + strlen(rule->name) + 1;
		room += rule->args_count * sizeof(*rule->args);
	}
	return room;
}

/*
 * Every count stands before what it counts and every name ends in NUL, so
 * that different plans cannot have the same bytes.
 */
static void plan_key(struct arena *arena, struct plan_seccomp *plan)
{
	const uint32_t head[5] = {
		plan->default_action,
		plan->flags,
		plan->flags_default | (uint32_t)plan->strict << 1,
		(uint32_t)plan->archs_count,
		(uint32_t)plan->rules_count,
	};
	size_t room = key_room(plan);
	char *key = arena_alloc(arena, room);
	char *end = put(key, head, sizeof(head));
	size_t i;

	end = put(end, plan->archs, plan->archs_count * sizeof(*plan->archs));
	for (i = 0; i < plan->rules_count; i++) {
		const struct plan_seccomp_rule *rule = &plan->rules[i];
		const uint32_t number[2] = {
			rule->action,
			(uint32_t)rule->args_count,
		};

		end = put(end, number, sizeof(number));
		end = put(end, rule->args,
		          rule->args_count * sizeof(*rule->args));
		end = put(end, rule->name, strlen(rule->name) + 1);
	}
	plan->key = key;
	plan->key_length = room;
}

int plan_seccomp(struct arena *arena, const struct oci_seccomp *profile,
                 bool no_new_privs, struct plan_seccomp *ret_seccomp,
                 struct error *err)
{
	struct plan_seccomp plan = {
		.needed = true,
		.early = !no_new_privs,
		.notify = profile->default_action == SECCOMP_RET_USER_NOTIF,
		.listener = profile->listener_path,
		.metadata = profile->listener_metadata,
	};
	int result;

	if (!profile->set) {
		*ret_seccomp = (struct plan_seccomp){ 0 };
		return 0;
	}
	plan.default_action = action_with_number(profile->default_action,
	                                         profile->default_errno_ret);
	result = plan_archs(arena, &profile->architectures, &plan, err);
	if (result < 0)
		return result;
	plan_rules(arena, profile, &plan);
	result = plan_flags(profile, &plan, err);
	if (result < 0)
		return result;
	plan_key(arena, &plan);
	*ret_seccomp = plan;
	return 0;
}

/* ---- what annotations ask for, as crun reads them */

#define FAIL_UNKNOWN "run.oci.seccomp_fail_unknown_syscall"
#define BPF_DATA     "run.oci.seccomp_bpf_data"

/* Decode base64 into BYTES, which is large enough. Returns how many, or -1. */
static ssize_t decode_base64(const char *text, unsigned char *bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	size_t length = strcspn(text, "=");
	uint32_t bits = 0;
	ssize_t count = 0;
	size_t i;

	if (text[length + strspn(text + length, "=")])
		return -1;
	for (i = 0; i < length; i++) {
		const char *digit = strchr(digits, text[i]);

		if (!digit)
			return -1;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (i % 4)
			bytes[count++] =
				(unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	return count;
}

/* Whoever may write the configuration may write the filter, too. */
static int plan_raw(struct arena *arena, const char *text,
                    struct plan_seccomp *plan, struct error *err)
{
	unsigned char *bytes = arena_alloc(arena, strlen(text) + 8);
	ssize_t count = decode_base64(text, bytes);
	bool early = plan->early;

	if (count <= 0 || count % 8 || count / 8 > BPF_MAXINSNS)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "annotations: " BPF_DATA
		                 " is not a filter in base64");
	*plan = (struct plan_seccomp){
		.needed = true,
		.early = early,
		.flags = plan->notify ? 0 : plan->flags,
		.flags_default = plan->flags_default,
		.raw = bytes,
		.raw_length = (size_t)count / 8,
	};
	return 0;
}

int plan_spec_seccomp(struct arena *arena, const struct oci_spec *spec,
                      bool no_new_privs, struct plan_seccomp *ret_seccomp,
                      struct error *err)
{
	struct plan_seccomp plan = { 0 };
	const char *strict = oci_annotation(spec, FAIL_UNKNOWN);
	const char *raw = oci_annotation(spec, BPF_DATA);
	int result = 0;

	if (spec->linux_)
		result = plan_seccomp(arena, &spec->linux_->seccomp,
		                      no_new_privs, &plan, err);
	if (result < 0)
		return result;
	if (plan.notify && !plan.listener)
		plan.listener = oci_annotation(spec, OCI_SECCOMP_RECEIVER);
	if (plan.needed && strict && !str_equal(strict, "0")) {
		plan.strict = true;
		plan_key(arena, &plan);
	}
	plan.early = !no_new_privs && (plan.needed || raw);
	if (raw)
		result = plan_raw(arena, raw, &plan, err);
	if (result == 0)
		*ret_seccomp = plan;
	return result;
}
