/* SPDX-License-Identifier: Apache-2.0 */
/* Sysctls must be those of a namespace that the container has. */
#include <ctype.h>
#include <sched.h>

#include "base/path.h"
#include "oci/internal.h"

/* A name or, with '/' at its end, a directory; and the namespace it is of. */
static const struct str_value owners[] = {
	{ "kernel/msgmax", CLONE_NEWIPC },
	{ "kernel/msgmnb", CLONE_NEWIPC },
	{ "kernel/msgmni", CLONE_NEWIPC },
	{ "kernel/sem", CLONE_NEWIPC },
	{ "kernel/shmall", CLONE_NEWIPC },
	{ "kernel/shmmax", CLONE_NEWIPC },
	{ "kernel/shmmni", CLONE_NEWIPC },
	{ "kernel/shm_rmid_forced", CLONE_NEWIPC },
	{ "fs/mqueue/", CLONE_NEWIPC },
	{ "net/", CLONE_NEWNET },
	{ "user/", CLONE_NEWUSER },
	{ "kernel/domainname", CLONE_NEWUTS },
	{ "kernel/hostname", CLONE_NEWUTS },
	{ NULL, 0 },
};

/*
 * NAME as a path below /proc/sys. The first separator says which form it is
 * in: after a dot, dots separate and a slash stands for a dot in a name.
 */
static const char *sysctl_path(struct oci_reader *r, const char *name)
{
	char *path = arena_strdup(r->arena, name);
	bool dotted = path[strcspn(path, "./")] == '.';

	for (char *c = path; dotted && *c; c++) {
		if (*c == '.')
			*c = '/';
		else if (*c == '/')
			*c = '.';
	}
	return path;
}

static bool is_plain_path(const char *path)
{
	size_t length = strlen(path);

	return length && *path != '/' && path[length - 1] != '/' &&
	       !strstr(path, "//") && !path_has_dotdot(path);
}

static const struct str_value *find_owner(const char *path)
{
	for (const struct str_value *owner = owners; owner->name; owner++) {
		const char *rest = str_after(path, owner->name);

		if (rest && (!*rest || str_has_suffix(owner->name, "/")))
			return owner;
	}
	return NULL;
}

/* What speaks against the sysctl, or NULL. */
static const char *find_objection(struct oci_reader *r,
                                  const struct oci_spec *spec,
                                  const struct oci_pair *pair)
{
	const char *path = sysctl_path(r, pair->key);
	const struct str_value *owner = find_owner(path);

	if (!is_plain_path(path))
		return "not the name of a sysctl";
	if (!owner)
		return "does not belong to a namespace of the container";
	if (str_equal(path, "kernel/hostname"))
		return "use the hostname member instead";
	if (!oci_find_namespace(spec, (int)owner->value))
		return arena_printf(r->arena, "needs a namespace of type %s",
		                    str_name_of(oci_namespace_types,
		                                owner->value));
	if (str_equal(path, "kernel/domainname") && spec->domainname &&
	    !str_equal(spec->domainname, pair->value))
		return arena_printf(r->arena,
		                    "%s contradicts the domainname member",
		                    oci_quote(r, pair->value));
	return NULL;
}

void oci_check_sysctl(struct oci_reader *r, const struct oci_spec *spec)
{
	const struct oci_map *sysctl = &spec->linux_->sysctl;

	for (size_t i = 0; i < sysctl->count; i++) {
		const struct oci_pair *pair = &sysctl->pairs[i];
		const char *objection = find_objection(r, spec, pair);

		if (objection)
			oci_fault(r,
			          oci_path(r, "linux.sysctl%s",
			                   json_path_step(r->arena, pair->key)),
			          "%s", objection);
	}
}
