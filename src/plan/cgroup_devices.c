/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules, as a program for v2 or as lines for v1's files. */
#include <errno.h>
#include <inttypes.h>

#include "plan/cgroup.h"
#include "plan/device_bpf.h"

#define WHAT "linux.resources.devices"

static const char *number_text(struct arena *arena, int64_t number)
{
	return number < 0 ? "*" : arena_printf(arena, "%" PRId64, number);
}

/* TYPE MAJOR:MINOR ACCESS; type is 'b' or 'c'. */
static void add_line(struct cgroup_planner *cp, size_t dir,
                     const struct oci_device_rule *rule, char type)
{
	struct plan_cgroup_write write = {
		.file = rule->allow ? "devices.allow" : "devices.deny",
		.what = WHAT,
	};

	write.value = arena_printf(cp->arena, "%c %s:%s %s%s%s", type,
	                           number_text(cp->arena, rule->major),
	                           number_text(cp->arena, rule->minor),
	                           rule->access & OCI_ACCESS_READ ? "r" : "",
	                           rule->access & OCI_ACCESS_WRITE ? "w" : "",
	                           rule->access & OCI_ACCESS_MKNOD ? "m" : "");
	cgroup_add_write(cp, dir, &write);
}

/* The kernel reads "a ..." as everything: a rule for both is two lines. */
static void add_rule(struct cgroup_planner *cp, size_t dir,
                     const struct oci_device_rule *rule)
{
	if (rule->type != OCI_DEVICE_CHAR)
		add_line(cp, dir, rule, 'b');
	if (rule->type != OCI_DEVICE_BLOCK)
		add_line(cp, dir, rule, 'c');
}

static int decide_v1(struct cgroup_planner *cp,
                     const struct device_rules *rules, struct error *err)
{
	size_t dir = cgroup_add_v1_dir(cp, "devices");
	struct plan_cgroup_write rest = {
		.file = rules->allow_rest ? "devices.allow" : "devices.deny",
		.value = "a",
		.what = WHAT,
	};
	size_t i;

	if (dir == CGROUP_NO_DIR)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			WHAT
			": there is neither a cgroup v2 tree nor a v1 hierarchy with the devices controller");
	cgroup_add_write(cp, dir, &rest);
	for (i = 0; i < rules->count; i++)
		add_rule(cp, dir, &rules->items[i]);
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
