/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for the calls of every child, whatever it is to become. */
#include "tests/trace/rules.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/trace/notes.h"

#define NONE ((size_t)-1)

/* The child's notes: from `begin` to the end of all. */
struct child {
	const struct plan *plan;
	bool exec;
	size_t begin;
};

/* A rule returns the index of the note that breaks it, or NONE. */
struct rule {
	const char *text;
	size_t (*broken_at)(const struct child *child);
};

static bool is_call(size_t i, const char *name)
{
	return str_equal(notes.items[i].name, name);
}

static bool is_one_of(size_t i, const char *const *names)
{
	for (; *names; names++)
		if (is_call(i, *names))
			return true;
	return false;
}

static bool says(size_t i, const char *text)
{
	return strstr(notes.items[i].text, text);
}

static size_t first(const struct child *child, const char *name)
{
	size_t i;

	for (i = child->begin; i < notes.count; i++)
		if (is_call(i, name))
			return i;
	return NONE;
}

static size_t last(const struct child *child, const char *name)
{
	size_t i;

	for (i = notes.count; i-- > child->begin;)
		if (is_call(i, name))
			return i;
	return NONE;
}

static const char *const mounting[] = {
	"mount",   "move_mount",    "open_tree",  "fsopen", "fsmount",
	"umount2", "mount_setattr", "pivot_root", "chroot", "mknodat",
	NULL,
};

static const char *const entering[] = { "setns", "unshare", NULL };

/* ---- the rules */

static size_t ends_in_program(const struct child *child)
{
	(void)child;
	return is_call(notes.count - 1, "execve") ? NONE : notes.count - 1;
}

/* What arms the process against its parent's and its caller's leftovers. */
static size_t begins_guarded(const struct child *child)
{
	size_t death = first(child, "set_pdeathsig");
	size_t reset = first(child, "reset_signals");
	size_t i;

	for (i = child->begin; i < notes.count; i++) {
		if (!is_one_of(i, entering) && !is_one_of(i, mounting))
			continue;
		if (death == NONE || i < death)
			return i;
		/* A bridge does nothing that a signal could hurt. */
		return reset == NONE ? i : NONE;
	}
	return NONE;
}

/* CVE-2016-9962: who is inside could trace it, or open its descriptors. */
static size_t is_undumpable(const struct child *child)
{
	size_t dumpable = first(child, "set_dumpable");
	size_t i;

	for (i = child->begin; i < notes.count; i++) {
		if (!is_one_of(i, entering) && !is_one_of(i, mounting))
			continue;
		return dumpable != NONE && dumpable < i ? NONE : i;
	}
	return NONE;
}

static size_t maps_before_ids(const struct child *child)
{
	size_t ids = first(child, "setresgid");
	size_t i;

	if (!child->plan->ns.idmap.needed || child->exec)
		return NONE;
	for (i = child->begin; i < ids; i++)
		if (says(i, ", IDMAP"))
			return NONE;
	return ids;
}

/*
 * Root of a user namespace is become early; the user's own ids are the last
 * ones.
 */
static size_t credentials_in_order(const struct child *child)
{
	static const char *const order[] = { "drop_bounding", "setresgid",
		                             "setresuid", "capset" };
	size_t before = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		size_t at = last(child, order[i]);

		if (at == NONE || at < before)
			return at == NONE ? child->begin : at;
		before = at;
	}
	return NONE;
}

static size_t groups_before_ids(const struct child *child)
{
	size_t groups = last(child, "setgroups");

	if (child->plan->process->keep_groups)
		return groups;
	if (groups == NONE)
		return child->begin;
	return groups < last(child, "setresgid") ? NONE : groups;
}

static size_t nothing_mounted_as_user(const struct child *child)
{
	size_t ids = last(child, "setresuid");
	size_t i;

	for (i = ids; i < notes.count; i++)
		if (is_one_of(i, mounting) || is_one_of(i, entering))
			return i;
	return NONE;
}

/* Ambient capabilities are raised out of what capset() has set. */
static size_t ambient_last(const struct child *child)
{
	size_t ambient = first(child, "raise_ambient");

	return ambient == NONE || ambient > last(child, "capset") ? NONE
	                                                          : ambient;
}

/* Nothing but the program comes behind it, and giving up what was held. */
static size_t filter_last(const struct child *child)
{
	size_t filter = last(child, "seccomp_load");
	size_t held = child->plan->process->caps.held ? 1 : 0;

	if (!child->plan->seccomp.needed)
		return NONE;
	if (held && !is_call(filter + 1, "capset"))
		return filter + 1;
	return filter == notes.count - 2 - held ? NONE : filter;
}

/* Without no_new_privs there has to be the power to. */
static size_t filter_while_able(const struct child *child)
{
	const struct plan_caps *caps = &child->plan->process->caps;

	if (!child->plan->seccomp.early ||
	    (caps->effective | caps->held) >> CAP_SYS_ADMIN & 1)
		return NONE;
	return last(child, "seccomp_load");
}

/* ... and the program itself does not get it. */
static size_t nothing_held_remains(const struct child *child)
{
	const struct plan_caps *caps = &child->plan->process->caps;
	char wanted[64];
	size_t at = last(child, "capset");

	snprintf(wanted, sizeof(wanted), caps->effective ? "(%#llx, " : "(0, ",
	         (unsigned long long)caps->effective);
	return at != NONE && says(at, wanted) ? NONE : at;
}

static size_t filter_only_if_wanted(const struct child *child)
{
	return child->plan->seccomp.needed ? NONE
	                                   : first(child, "seccomp_load");
}

static size_t privileges_given_up(const struct child *child)
{
	size_t at = last(child, "set_no_new_privs");

	if (child->plan->process->no_new_privs != (at != NONE))
		return at == NONE ? child->begin : at;
	return NONE;
}

/* Where the host's root is left: everything behind it is inside. */
static size_t leaving(const struct child *child)
{
	size_t i;

	if (first(child, "pivot_root") != NONE)
		return first(child, "umount2");
	for (i = child->begin; i < notes.count; i++)
		if (is_call(i, "chroot") ||
		    (is_call(i, "setns") && says(i, "NEWNS")))
			return i;
	return NONE;
}

static size_t nothing_of_the_host(const struct child *child)
{
	size_t i;

	if (leaving(child) == NONE)
		return NONE;
	for (i = leaving(child) + 1; i < notes.count; i++)
		if (says(i, "<host:"))
			return i;
	return NONE;
}

/* Between pivot_root() and chdir() "." and "/" are of two minds. */
static size_t moves_in_at_once(const struct child *child)
{
	size_t left = leaving(child);

	if (left == NONE)
		return child->exec ? NONE : child->begin;
	return says(left + 1, "chdir(\"/\")") || child->exec ? NONE : left;
}

/* A path below a descriptor could lead out by a link. */
static size_t no_open_walk(const struct child *child)
{
	size_t i;

	for (i = child->begin; i < notes.count; i++) {
		if (is_call(i, "openat2") && !says(i, "NO_SYMLINKS") &&
		    !says(i, "IN_ROOT") && !says(i, "BENEATH") &&
		    !says(i, "NO_MAGICLINKS"))
			return i;
	}
	return NONE;
}

/* All others are close-on-exec at birth: sys/ sees to that. */
static size_t only_stdio_survives(const struct child *child)
{
	size_t i;

	if (last(child, "close_range") == NONE)
		return child->begin;
	for (i = child->begin; i < notes.count; i++) {
		const char *comma = strrchr(notes.items[i].text, ',');

		/* A hook's own process; set_cloexec(fd, 0); dup3(from, to, 0). */
		if (is_call(i, "set_cloexec") && comma &&
		    str_equal(comma, ", 0)") && atoi(notes.items[i].first) > 2)
			return i;
		if (is_call(i, "dup3") && comma && atoi(comma - 1) > 2)
			return i;
	}
	return NONE;
}

static size_t waits_for_the_parent(const struct child *child)
{
	size_t i;

	for (i = child->begin; i < notes.count; i++)
		if (says(i, "receive_fds(<sync>, GO"))
			return NONE;
	return child->begin;
}

static size_t no_death_with_parent(const struct child *child)
{
	size_t at = last(child, "set_pdeathsig");

	return says(at, "(0)") ? NONE : at;
}

static const struct rule rules[] = {
	{ "the program is the end", ends_in_program },
	{ "the parent's death and signals are seen to first", begins_guarded },
	{ "it is not dumpable before anybody can see it", is_undumpable },
	{ "the maps are there before ids change", maps_before_ids },
	{ "bounding set, ids, capabilities", credentials_in_order },
	{ "groups change before ids", groups_before_ids },
	{ "nothing is mounted or entered as the user",
	  nothing_mounted_as_user },
	{ "ambient capabilities come after the others", ambient_last },
	{ "a filter is followed by the program", filter_last },
	{ "an early filter is loaded with the power to", filter_while_able },
	{ "no capability is left over", nothing_held_remains },
	{ "no filter where none is wanted", filter_only_if_wanted },
	{ "no_new_privs as configured", privileges_given_up },
	{ "nothing of the host is used from inside", nothing_of_the_host },
	{ "the new root is entered at once", moves_in_at_once },
	{ "no path below a descriptor is followed anywhere", no_open_walk },
	{ "only 0, 1 and 2 survive the program's start", only_stdio_survives },
	{ "the parent's word is waited for", waits_for_the_parent },
	{ "it outlives who made it", no_death_with_parent },
};

const size_t rules_count = ARRAY_SIZE(rules);

bool rules_check(const struct plan *plan, bool exec)
{
	struct child child = { .plan = plan, .exec = exec };
	bool good = true;
	size_t i;

	while (child.begin < notes.count &&
	       !str_equal(notes.items[child.begin].text, "# the child"))
		child.begin++;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		size_t at = rules[i].broken_at(&child);

		if (at == NONE)
			continue;
		printf("# broken: %s\n#   line %zu: %s\n", rules[i].text,
		       at + 1, notes.items[at].text);
		good = false;
	}
	return good;
}
