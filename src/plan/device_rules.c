/* SPDX-License-Identifier: Apache-2.0 */
/* The device rules of a container, reduced to those that decide anything. */
#include <errno.h>

#include "base/cleanup.h"
#include "plan/device_bpf.h"

#define ANY        (-1)
#define ACCESS_ALL (OCI_ACCESS_READ | OCI_ACCESS_WRITE | OCI_ACCESS_MKNOD)

/* Far above any real list; keeps the comparisons of pairs affordable. */
#define RULES_MAX 4096

/*
 * What every container may use: nodes may be made (not opened) freely; null,
 * zero, full, random and urandom; tty, console and ptmx; the ends of ptys;
 * and tun.
 */
/* clang-format off */
static const struct oci_device_rule default_rules[] = {
	{ true, OCI_DEVICE_CHAR, ANY, ANY, OCI_ACCESS_MKNOD },
	{ true, OCI_DEVICE_BLOCK, ANY, ANY, OCI_ACCESS_MKNOD },
	{ true, OCI_DEVICE_CHAR, 1, 3, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 1, 5, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 1, 7, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 1, 8, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 1, 9, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 5, 0, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 5, 1, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 5, 2, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 136, ANY, ACCESS_ALL },
	{ true, OCI_DEVICE_CHAR, 10, 200, ACCESS_ALL },
};

/* clang-format on */

/* Numbers the kernel cannot have, and kinds that are no devices. */
static bool rule_matches_nothing(const struct oci_device_rule *rule)
{
	return rule->type == OCI_DEVICE_FIFO || !(rule->access & ACCESS_ALL) ||
	       rule->major > INT32_MAX || rule->minor > INT32_MAX;
}

static bool rule_is_everything(const struct oci_device_rule *rule)
{
	return rule->type == OCI_DEVICE_ALL && rule->major == ANY &&
	       rule->minor == ANY && rule->access == ACCESS_ALL;
}

/* True if A decides whatever B could decide. */
static bool rule_covers(const struct oci_device_rule *a,
                        const struct oci_device_rule *b)
{
	return (a->type == OCI_DEVICE_ALL || a->type == b->type) &&
	       (a->major == ANY || a->major == b->major) &&
	       (a->minor == ANY || a->minor == b->minor) &&
	       !(b->access & ~a->access);
}

static bool rule_is_twin(const struct oci_device_rule *a,
                         const struct oci_device_rule *b)
{
	return a->type != OCI_DEVICE_ALL && b->type != OCI_DEVICE_ALL &&
	       a->type != b->type && a->major == b->major &&
	       a->minor == b->minor && a->access == b->access;
}

/* Rules from the last, which is the strongest, to the first. */
struct reduction {
	struct oci_device_rule *items;
	size_t count;
	bool allow_rest;
	bool done; /* a rule for everything was met: weaker ones are mute */
};

/*
 * The same rule for block and character devices becomes one for both. Rules
 * with one verdict commute, so only those of the same run are candidates.
 */
static struct oci_device_rule *reduction_find_twin(
	struct reduction *r, const struct oci_device_rule *rule)
{
	size_t i = r->count;

	while (i > 0 && r->items[i - 1].allow == rule->allow) {
		i--;
		if (rule_is_twin(&r->items[i], rule))
			return &r->items[i];
	}
	return NULL;
}

static void reduction_add(struct arena *arena, struct reduction *r,
                          const struct oci_device_rule *rule)
{
	struct oci_device_rule clean = *rule;
	struct oci_device_rule *place;
	size_t i;

	if (r->done || rule_matches_nothing(rule))
		return;
	clean.major = rule->major < 0 ? ANY : rule->major;
	clean.minor = rule->minor < 0 ? ANY : rule->minor;
	clean.access &= ACCESS_ALL;
	for (i = 0; i < r->count; i++)
		if (rule_covers(&r->items[i], &clean))
			return;
	place = reduction_find_twin(r, &clean);
	if (place)
		clean.type = OCI_DEVICE_ALL;
	if (rule_is_everything(&clean)) {
		r->allow_rest = clean.allow;
		r->done = true;
		return;
	}
	if (!place)
		place = arena_push(arena, r->items, r->count);
	*place = clean;
}

/* The weakest rules say nothing where they agree with the rest. */
static void reduction_trim(struct reduction *r)
{
	while (r->count && r->items[r->count - 1].allow == r->allow_rest)
		r->count--;
}

int device_rules_reduce(struct arena *arena,
                        const struct oci_device_rule *rules, size_t count,
                        struct device_rules *ret_rules, struct error *err)
{
	struct reduction r = { 0 };
	size_t i;

	if (count > RULES_MAX)
		return error_set(err, ERROR_CONFIG, -E2BIG,
		                 "linux.resources.devices: more than %d rules",
		                 RULES_MAX);
	if (count == 0)
		r.allow_rest = r.done = true;
	for (i = ARRAY_SIZE(default_rules); i > 0; i--)
		reduction_add(arena, &r, &default_rules[i - 1]);
	for (i = count; i > 0; i--)
		reduction_add(arena, &r, &rules[i - 1]);
	reduction_trim(&r);
	ret_rules->items =
		arena_new_array(arena, struct oci_device_rule, r.count);
	ret_rules->count = r.count;
	ret_rules->allow_rest = r.allow_rest;
	for (i = 0; i < r.count; i++)
		ret_rules->items[i] = r.items[r.count - 1 - i];
	return 0;
}
