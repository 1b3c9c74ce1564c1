/* SPDX-License-Identifier: Apache-2.0 */
/* ENOSYS for system calls that are newer than the profile. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/internal.h"

/*
 * A libc tries a new call and takes the old one when it hears ENOSYS. A
 * profile that answers EPERM to all it does not name takes that way from
 * programs that are newer than the profile. The kernel itself answers ENOSYS
 * to numbers above those it has: so does the stub, with the newest call that
 * the profile names in place of the newest that the kernel has.
 */

#define X32_BIT UINT32_C(0x40000000)

/* The numbers of one architecture, as seccomp_data has them. */
struct numbers {
	uint32_t audit_arch;
	uint32_t newest; /* named in the profile */
	uint32_t last;   /* of this architecture */
	/* Numbers that were given out of turn say nothing about age. */
	uint32_t aside_first;
	uint32_t aside_last;
};

static bool is_aside(const struct numbers *numbers, uint32_t nr)
{
	return nr >= numbers->aside_first && nr <= numbers->aside_last;
}

/* x86-64 and x32 differ by a bit of the number, not by the kernel's token. */
static struct numbers numbers_of(uint32_t token)
{
	struct numbers numbers = {
		.audit_arch = token,
		.last = UINT32_MAX,
		.aside_first = UINT32_MAX,
		.aside_last = UINT32_MAX,
	};

	if (token == SCMP_ARCH_X86_64) {
		numbers.last = X32_BIT - 1;
	} else if (token == SCMP_ARCH_X32) {
		numbers.audit_arch = AUDIT_ARCH_X86_64;
		numbers.aside_first = X32_BIT + 512;
		numbers.aside_last = X32_BIT + 547;
	} else if (token == SCMP_ARCH_ARM) {
		numbers.aside_first = 0x0f0000;
		numbers.aside_last = 0x0fffff;
	}
	return numbers;
}

static bool is_named(const struct plan_seccomp *plan, const char *name)
{
	size_t i;

	for (i = 0; i < plan->rules_count; i++)
		if (str_equal(plan->rules[i].name, name))
			return true;
	return false;
}

/*
 * socket(2) and others were one multiplexed call before they had numbers of
 * their own; for their names libseccomp says a number below zero. Whether
 * the profile names one of the real numbers above NEWEST must be asked
 * number by number.
 */
static int64_t find_multiplexed(const struct plan_seccomp *plan, uint32_t token,
                                int64_t newest)
{
	int64_t nr;
	int64_t end = newest + 512;

	for (nr = newest + 1; nr < end; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(token, (int)nr);

		if (name && is_named(plan, name))
			newest = nr;
		free(name);
	}
	return newest;
}

/* False if PLAN names no call that the architecture has. */
static bool find_newest(const struct plan_seccomp *plan, uint32_t token,
                        struct numbers *numbers)
{
	bool multiplexed = false;
	int64_t newest = -1;
	size_t i;

	for (i = 0; i < plan->rules_count; i++) {
		int nr = seccomp_syscall_resolve_name_arch(token,
		                                           plan->rules[i].name);

		if (nr < -100 && nr > -10000)
			multiplexed = true;
		if (nr > newest && !is_aside(numbers, (uint32_t)nr))
			newest = nr;
	}
	if (multiplexed)
		newest = find_multiplexed(plan, token, newest);
	numbers->newest = (uint32_t)newest;
	return newest >= 0;
}

#define LOAD(member)                       \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
	         offsetof(struct seccomp_data, member))

/* Falls through for other architectures and older calls. */
static void stub_block(const struct numbers *n,
                       struct sock_filter block[SECCOMP_STUB_BLOCK])
{
	const struct sock_filter code[SECCOMP_STUB_BLOCK] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n->audit_arch, 0, 6),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, n->newest, 0, 4),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, n->last, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, n->aside_first, 0, 1),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, n->aside_last, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	memcpy(block, code, sizeof(code));
}

size_t seccomp_stub(const struct plan_seccomp *plan,
                    const struct seccomp_archs *archs,
                    struct sock_filter ret_stub[SECCOMP_STUB_MAX])
{
	uint32_t action = plan->default_action;
	size_t length = 0;
	size_t i;

	if ((action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO ||
	    (action & SECCOMP_RET_DATA) == ENOSYS)
		return 0;
	for (i = 0; i < archs->count; i++) {
		struct numbers numbers = numbers_of(archs->tokens[i]);

		if (!find_newest(plan, archs->tokens[i], &numbers))
			continue;
		stub_block(&numbers, ret_stub + length);
		length += SECCOMP_STUB_BLOCK;
	}
	return length;
}
