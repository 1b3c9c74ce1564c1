/* SPDX-License-Identifier: Apache-2.0 */
/* bpf(2), as far as device rules need it. */
#include "sys/bpf.h"

#include <linux/bpf.h>
#include <string.h>

#include "sys/internal.h"

static int bpf(int command, union bpf_attr *attr, size_t size)
{
	return (int)SYS_RETRY(syscall(SYS_bpf, command, attr, size));
}

int sys_bpf_load_device(const struct bpf_insn *program, size_t count, char *log,
                        size_t size)
{
	static const char license[] = "Apache-2.0";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uint64_t)(uintptr_t)license;
	if (size) {
		attr.log_buf = (uint64_t)(uintptr_t)log;
		attr.log_size = (uint32_t)size;
		attr.log_level = 1;
	}
	return bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int bpf_attach(int command, int cgroup, int program, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = flags;
	return bpf(command, &attr, sizeof(attr));
}

int sys_bpf_attach_device(int cgroup, int program)
{
	return bpf_attach(BPF_PROG_ATTACH, cgroup, program, BPF_F_ALLOW_MULTI);
}

int sys_bpf_detach_device(int cgroup, int program)
{
	return bpf_attach(BPF_PROG_DETACH, cgroup, program, 0);
}

int sys_bpf_query_device(int cgroup, uint32_t *ret_ids, size_t *count)
{
	union bpf_attr attr;
	int result;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ret_ids;
	attr.query.prog_cnt = (uint32_t)*count;
	result = bpf(BPF_PROG_QUERY, &attr, sizeof(attr));
	if (result == 0)
		*count = attr.query.prog_cnt;
	return result;
}

int sys_bpf_program_by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
}
