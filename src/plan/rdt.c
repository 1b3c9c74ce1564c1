/* SPDX-License-Identifier: Apache-2.0 */
/* linux.intelRdt: which class of resctrl, and what it may use. */
#include "base/str.h"
#include "plan/decide.h"

#define RESCTRL "/sys/fs/resctrl"

/* Each line of TEXT; those of MB only if another schema does not have them. */
static void add_lines(struct planner *p, const char *text, bool bandwidth)
{
	struct plan_rdt *rdt = &p->plan->rdt;

	while (text && *text) {
		size_t length = strcspn(text, "\n");
		const char *line =
			arena_printf(p->arena, "%.*s\n", (int)length, text);

		if (length && (bandwidth || !str_after(line, "MB:")))
			*arena_push(p->arena, rdt->lines, rdt->lines_count) =
				line;
		text += length + (text[length] == '\n');
	}
}

int plan_rdt(struct planner *p, struct error *err)
{
	const struct oci_linux *l = p->spec->linux_;
	const struct oci_intel_rdt *from;
	struct plan_rdt *rdt = &p->plan->rdt;
	size_t i;

	(void)err;
	if (!l || !l->intel_rdt.set)
		return 0;
	from = &l->intel_rdt;
	rdt->root = RESCTRL;
	rdt->group = from->clos_id ? from->clos_id : p->plan->id;
	rdt->shared = from->clos_id != NULL;
	if (str_equal(rdt->group, "/"))
		rdt->group = "";
	if (from->monitoring)
		rdt->monitor = p->plan->id;
	add_lines(p, from->l3_cache_schema, !from->mem_bw_schema);
	add_lines(p, from->mem_bw_schema, true);
	for (i = 0; i < from->schemata.count; i++)
		add_lines(p, from->schemata.items[i], true);
	rdt->must_exist = from->clos_id && *rdt->group && !rdt->lines_count;
	return 0;
}
