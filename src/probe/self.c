/* SPDX-License-Identifier: Apache-2.0 */
/* Who runf is on this host, and all facts together. */
#include <fcntl.h>

#include "probe/internal.h"
#include "probe/probe.h"
#include "sys/file.h"
#include "sys/process.h"

/*
 * The first user namespace's inode (PROC_USER_INIT_INO). Its id map proves
 * nothing: a nested one may map every id to itself.
 */
#define FIRST_USER_NS UINT64_C(0xEFFFFFFD)

int probe_self(struct facts *facts, struct error *err)
{
	uint64_t effective;
	uint64_t inheritable;
	struct stat st;
	int result = sys_capget(&effective, &facts->caps, &inheritable);

	if (result < 0)
		return error_system(err, result, "read runf's capabilities");
	result = sys_count_cpus();
	facts->cpus = result < 0 ? 1 : (unsigned int)result;
	facts->uid = sys_geteuid();
	facts->gid = sys_getegid();
	/* A kernel without user namespaces has no such file. */
	facts->user_namespace =
		sys_fstatat(AT_FDCWD, "/proc/self/ns/user", &st, 0) == 0 &&
		st.st_ino != FIRST_USER_NS;
	return 0;
}

int probe_facts(struct arena *arena, struct facts *ret_facts, struct error *err)
{
	struct facts facts = { .kernel = 0 };
	int result = probe_kernel(&facts, err);

	if (result == 0)
		result = probe_self(&facts, err);
	if (result == 0)
		result = probe_cgroup(arena, &facts.cgroup, err);
	if (result == 0)
		*ret_facts = facts;
	return result;
}
