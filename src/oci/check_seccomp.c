/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for the system call filter. */
#include <linux/seccomp.h>

#include "oci/internal.h"

#define AT        "linux.seccomp."
#define INDEX_MAX 5    /* a system call has six arguments */
#define ERRNO_MAX 4095 /* the kernel cuts what is more */
#define TRACE_MAX UINT16_MAX

/* Only ERRNO and TRACE have a number to return. */
static void check_errno(struct oci_reader *r, const char *path, uint32_t action,
                        struct opt_u32 number)
{
	uint32_t max = action == SECCOMP_RET_ERRNO ? ERRNO_MAX : TRACE_MAX;

	if (!number.set || action == OCI_SECCOMP_UNSET)
		return;
	if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
		oci_fault(r, path, "%s takes no error number",
		          str_name_of(oci_seccomp_actions, action));
	else if (number.value > max)
		oci_fault(r, path, "%u is out of range (0 to %u)", number.value,
		          max);
}

static void check_args(struct oci_reader *r,
                       const struct oci_seccomp_rule *rule, size_t i)
{
	for (size_t j = 0; j < rule->args_count; j++)
		if (rule->args[j].index > INDEX_MAX)
			oci_fault(r,
			          oci_path(r,
			                   AT "syscalls[%zu].args[%zu].index",
			                   i, j),
			          "%u is more than %d", rule->args[j].index,
			          INDEX_MAX);
}

static void check_rule(struct oci_reader *r,
                       const struct oci_seccomp_rule *rule, size_t i)
{
	if (rule->errno_ret.set)
		check_errno(r, oci_path(r, AT "syscalls[%zu].errnoRet", i),
		            rule->action, rule->errno_ret);
	for (size_t j = 0; j < rule->names.count; j++)
		if (!*rule->names.items[j])
			oci_fault(r,
			          oci_path(r, AT "syscalls[%zu].names[%zu]", i,
			                   j),
			          "must not be empty");
	check_args(r, rule, i);
}

static bool uses_notify(const struct oci_seccomp *seccomp)
{
	if (seccomp->default_action == SECCOMP_RET_USER_NOTIF)
		return true;
	for (size_t i = 0; i < seccomp->rules_count; i++)
		if (seccomp->rules[i].action == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

void oci_check_seccomp(struct oci_reader *r, const struct oci_spec *spec)
{
	const struct oci_seccomp *seccomp = &spec->linux_->seccomp;

	check_errno(r, AT "defaultErrnoRet", seccomp->default_action,
	            seccomp->default_errno_ret);
	for (size_t i = 0; i < seccomp->rules_count; i++)
		check_rule(r, &seccomp->rules[i], i);
	if (!seccomp->listener_path && uses_notify(seccomp) &&
	    !oci_annotation(spec, OCI_SECCOMP_RECEIVER))
		oci_fault(r, AT "listenerPath",
		          "missing: SCMP_ACT_NOTIFY is used");
	if (seccomp->listener_metadata && !seccomp->listener_path)
		oci_fault(r, AT "listenerMetadata", "needs listenerPath");
}
