/* SPDX-License-Identifier: Apache-2.0 */
/* Who runf is on this host, and all facts together. */
#include <fcntl.h>

#include "base/str.h"
#include "probe/internal.h"
#include "probe/probe.h"
#include "sys/file.h"
#include "sys/process.h"

/*
 * The first user namespace is known by its inode (PROC_USER_INIT_INO). Its id
 * map proves nothing: a nested one may map every id to itself. A kernel
 * without user namespaces has no such file. (To read the link is cheaper than
 * to look at what it leads to.)
 */
static bool is_in_user_namespace(void)
{
	static const char first[] = "user:[4026531837]";
	char link[64];
	ssize_t length = sys_readlinkat(AT_FDCWD, "/proc/self/ns/user", link,
	                                sizeof(link));

	return length >= 0 && !str_equal(link, first);
}

int probe_self(struct facts *facts, struct error *err)
{
	uint64_t effective;
	uint64_t inheritable;
	int result = sys_capget(&effective, &facts->caps, &inheritable);

	if (result < 0)
		return error_system(err, result, "read runf's capabilities");
	result = sys_count_cpus();
	facts->cpus = result < 0 ? 1 : (unsigned int)result;
	facts->uid = sys_geteuid();
	facts->gid = sys_getegid();
	facts->user_namespace = is_in_user_namespace();
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
