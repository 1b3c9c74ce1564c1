/* SPDX-License-Identifier: Apache-2.0 */
/* The device program of a container: attached, and replaced in an update. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/internal.h"
#include "sys/bpf.h"

/* More the kernel does not attach to one cgroup. */
#define PROGRAMS_MAX 64

static int fail(int result, const char *verb, struct error *err)
{
	return error_system(err, result,
	                    "linux.resources.devices: %s the eBPF program",
	                    verb);
}

int cgroup_apply_devices(const struct cgroup *cgroup, struct error *err)
{
	const struct plan_cgroup *plan = cgroup->plan;
	auto_close int program = -1;
	int result;

	if (cgroup->leaf < 0 || !plan->device_program)
		return 0;
	program = sys_bpf_load_device(plan->device_program,
	                              plan->device_program_length, NULL, 0);
	if (program < 0)
		return fail(program, "load", err);
	result = sys_bpf_attach_device(cgroup->leaf, program);
	return result < 0 ? fail(result, "attach", err) : 0;
}

static int detach(int leaf, uint32_t id)
{
	auto_close int program = sys_bpf_program_by_id(id);

	if (program < 0)
		return program == -ENOENT ? 0 : program;
	return sys_bpf_detach_device(leaf, program);
}

/* While both are attached, only what both allow is allowed. */
int cgroup_replace_devices(const struct cgroup *cgroup, struct error *err)
{
	uint32_t old[PROGRAMS_MAX];
	size_t count = ARRAY_SIZE(old);
	size_t i;
	int result;

	if (cgroup->leaf < 0 || !cgroup->plan->device_program)
		return 0;
	result = sys_bpf_query_device(cgroup->leaf, old, &count);
	if (result < 0)
		return fail(result, "find", err);
	result = cgroup_apply_devices(cgroup, err);
	for (i = 0; result == 0 && i < count; i++) {
		result = detach(cgroup->leaf, old[i]);
		if (result < 0)
			fail(result, "detach", err);
	}
	return result;
}
