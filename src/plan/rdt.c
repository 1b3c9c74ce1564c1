/* SPDX-License-Identifier: Apache-2.0 */
/* linux.intelRdt: which class of resctrl, and what it may use. */
#include <errno.h>

#include "base/str.h"
#include "plan/decide.h"

#define RESCTRL "/sys/fs/resctrl"

/* Each line of TEXT; those of MB only if another schema does not have them. */
static void add_lines(struct arena *arena, struct plan_rdt *rdt,
                      const char *text, bool bandwidth)
{
	while (text && *text) {
		size_t length = strcspn(text, "\n");
		const char *line =
			arena_printf(arena, "%.*s\n", (int)length, text);

		if (length && (bandwidth || !str_after(line, "MB:")))
			*arena_push(arena, rdt->lines, rdt->lines_count) = line;
		text += length + (text[length] == '\n');
	}
}

static void add_schemas(struct arena *arena, struct plan_rdt *rdt,
                        const struct oci_intel_rdt *from)
{
	size_t i;

	add_lines(arena, rdt, from->l3_cache_schema, !from->mem_bw_schema);
	add_lines(arena, rdt, from->mem_bw_schema, true);
	for (i = 0; i < from->schemata.count; i++)
		add_lines(arena, rdt, from->schemata.items[i], true);
}

static const char *group_of(const struct oci_intel_rdt *from, const char *own)
{
	const char *name = from->clos_id ? from->clos_id : own;

	return str_equal(name, "/") ? "" : name;
}

int plan_rdt(struct planner *p, struct error *err)
{
	const struct oci_linux *l = p->spec->linux_;
	const struct oci_intel_rdt *from;
	struct plan_rdt *rdt = &p->plan->rdt;

	(void)err;
	if (!l || !l->intel_rdt.set)
		return 0;
	from = &l->intel_rdt;
	rdt->root = RESCTRL;
	rdt->group = group_of(from, p->plan->id);
	rdt->shared = from->clos_id != NULL;
	if (from->monitoring)
		rdt->monitor = p->plan->id;
	add_schemas(p->arena, rdt, from);
	rdt->must_exist = from->clos_id && *rdt->group && !rdt->lines_count;
	return 0;
}

int plan_rdt_update(struct arena *arena, const struct oci_intel_rdt *wanted,
                    const struct plan_rdt *existing,
                    struct plan_rdt *ret_update, struct error *err)
{
	struct plan_rdt update = *existing;

	add_schemas(arena, &update, wanted);
	if (wanted->clos_id &&
	    (!update.root || !str_equal(group_of(wanted, ""), existing->group)))
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"intelRdt.closID: a container that runs stays in its class");
	if (update.lines_count && !update.root)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"the container is in no class of resctrl: its config.json has no linux.intelRdt");
	*ret_update = update;
	return 0;
}
