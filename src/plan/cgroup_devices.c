/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules, as a program for v2 or as lines for v1's files. */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "plan/cgroup.h"
#include "plan/device_bpf.h"

#define WHAT "linux.resources.devices"

static const char *number_text(struct arena *arena, int64_t number)
{
	return number < 0 ? "*" : arena_printf(arena, "%" PRId64, number);
}

/* TYPE MAJOR:MINOR ACCESS */
static void add_line(struct cgroup_planner *cp, size_t dir,
                     const struct oci_device_rule *rule)
{
	struct plan_cgroup_write write = {
		.file = rule->allow ? "devices.allow" : "devices.deny",
		.what = WHAT,
	};

	write.value = arena_printf(cp->arena, "%c %s:%s %s%s%s", rule->type,
	                           number_text(cp->arena, rule->major),
	                           number_text(cp->arena, rule->minor),
	                           rule->access & OCI_ACCESS_READ ? "r" : "",
	                           rule->access & OCI_ACCESS_WRITE ? "w" : "",
	                           rule->access & OCI_ACCESS_MKNOD ? "m" : "");
	cgroup_add_write(cp, dir, &write);
}

/* What v1's kernel keeps: exceptions from one verdict, in no order. */
struct exceptions {
	struct oci_device_rule *items;
	size_t count;
};

static bool numbers_meet(int64_t a, int64_t b)
{
	return a < 0 || b < 0 || a == b;
}

static bool number_covers(int64_t a, int64_t b)
{
	return a < 0 || a == b;
}

/*
 * RULE agrees with the rest: what an earlier exception gave, it takes back.
 * For all devices of the exception that can be said, for some of them not.
 */
static int take_back(struct exceptions *exceptions,
                     const struct oci_device_rule *rule, struct error *err)
{
	size_t i;

	for (i = 0; i < exceptions->count; i++) {
		struct oci_device_rule *e = &exceptions->items[i];

		if (e->type != rule->type || !(e->access & rule->access) ||
		    !numbers_meet(e->major, rule->major) ||
		    !numbers_meet(e->minor, rule->minor))
			continue;
		if (!number_covers(rule->major, e->major) ||
		    !number_covers(rule->minor, e->minor))
			return error_set(
				err, ERROR_UNSUPPORTED, -ENOTSUP,
				WHAT
				": cgroup v1 cannot take back a part of a rule (%c %" PRId64
				":%" PRId64 " of %" PRId64 ":%" PRId64 ")",
				rule->type, rule->major, rule->minor, e->major,
				e->minor);
		e->access &= ~rule->access;
	}
	return 0;
}

/* The kernel reads "a ..." as everything: a rule for both is two. */
static int add_rule(struct arena *arena, struct exceptions *exceptions,
                    const struct oci_device_rule *rule, bool agrees,
                    struct error *err)
{
	static const enum oci_device_type types[] = { OCI_DEVICE_BLOCK,
		                                      OCI_DEVICE_CHAR };
	struct oci_device_rule one = *rule;
	size_t i;
	int result = 0;

	for (i = 0; result == 0 && i < ARRAY_SIZE(types); i++) {
		if (rule->type != OCI_DEVICE_ALL && rule->type != types[i])
			continue;
		one.type = types[i];
		if (agrees)
			result = take_back(exceptions, &one, err);
		else
			*arena_push(arena, exceptions->items,
			            exceptions->count) = one;
	}
	return result;
}

static int decide_v1(struct cgroup_planner *cp,
                     const struct device_rules *rules, struct error *err)
{
	size_t dir = cgroup_add_v1_dir(cp, "devices");
	struct exceptions exceptions = { .count = 0 };
	struct plan_cgroup_write rest = {
		.file = rules->allow_rest ? "devices.allow" : "devices.deny",
		.value = "a",
		.what = WHAT,
	};
	size_t i;
	int result = 0;

	if (dir == CGROUP_NO_DIR)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			WHAT
			": there is neither a cgroup v2 tree nor a v1 hierarchy with the devices controller");
	for (i = 0; result == 0 && i < rules->count; i++)
		result = add_rule(cp->arena, &exceptions, &rules->items[i],
		                  rules->items[i].allow == rules->allow_rest,
		                  err);
	if (result < 0)
		return result;
	cgroup_add_write(cp, dir, &rest);
	for (i = 0; i < exceptions.count; i++)
		if (exceptions.items[i].access)
			add_line(cp, dir, &exceptions.items[i]);
	return 0;
}

int cgroup_decide_devices(struct cgroup_planner *cp, struct error *err)
{
	const struct oci_resources *resources = cp->resources;
	bool rootless = cp->facts->uid != 0 || cp->facts->user_namespace;
	struct device_rules rules;
	int result;

	if (!resources->devices_count)
		return 0;
	/* There the kernel neither takes programs nor lets nodes be made. */
	if (rootless) {
		if (cp->planner)
			planner_warn(
				cp->planner, WHAT
				": ignored, only the first user namespace's root can set them");
		return 0;
	}
	result = device_rules_reduce(cp->arena, resources->devices,
	                             resources->devices_count, &rules, err);
	if (result < 0)
		return result;
	/* An update must undo what was forbidden before. */
	if (device_rules_are_moot(&rules) && cp->planner)
		return 0;
	if (cgroup_v2_dir(cp->cgroup) == CGROUP_NO_DIR)
		return decide_v1(cp, &rules, err);
	return device_rules_compile(cp->arena, &rules,
	                            &cp->cgroup->device_program,
	                            &cp->cgroup->device_program_length, err);
}
