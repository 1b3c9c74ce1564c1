/* SPDX-License-Identifier: Apache-2.0 */
/* The whole plan: calls the parts in their order. */
#include "plan/plan.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/path.h"
#include "base/str.h"
#include "oci/oci.h"
#include "plan/decide.h"

size_t planner_add_source(struct planner *p, const struct plan_source *source)
{
	struct plan *plan = p->plan;

	*arena_push(p->arena, plan->sources, plan->sources_count) = *source;
	return plan->sources_count - 1;
}

struct plan_step *planner_add_step(struct planner *p, enum plan_step_kind kind)
{
	struct plan *plan = p->plan;
	struct plan_step *step;

	step = arena_push(p->arena, plan->steps, plan->steps_count);
	step->kind = kind;
	return step;
}

void planner_warn(struct planner *p, const char *format, ...)
{
	struct plan *plan = p->plan;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	*arena_push(p->arena, plan->warnings, plan->warnings_count) =
		arena_strdup(p->arena, text);
}

bool plan_keeps_groups(const struct oci_spec *spec)
{
	const char *keeps = oci_annotation(spec, PLAN_KEEP_GROUPS);

	return keeps && !str_equal(keeps, "0");
}

/* What would run something else, or code of others, if it were ignored. */
static int refuse_annotations(struct planner *p, struct error *err)
{
	static const char *const names[] = { "run.oci.handler",
		                             "run.oci.seccomp.plugins" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = oci_annotation(p->spec, names[i]);

		if (value && *value)
			return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
			                 "annotation %s: \"%.100s\" is not "
			                 "supported",
			                 names[i], value);
	}
	return 0;
}

/* What config.json says about the process outside of `process`. */
static int settle_groups(struct planner *p, struct plan_process *process,
                         struct error *err)
{
	process->keep_groups = plan_keeps_groups(p->spec);
	if (!p->plan->ns.idmap.deny_setgroups || process->keep_groups)
		return 0;
	if (process->groups_count > 0)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "process.user.additionalGids: no groups can "
		                 "be set where an unprivileged user maps only "
		                 "one id");
	process->keep_groups = true;
	return 0;
}

/* The specification wants these told, not refused. */
static void warn_capabilities(struct planner *p)
{
	const struct oci_capabilities *caps = &p->spec->process->capabilities;
	uint64_t granted = p->plan->process->caps.permitted;
	size_t i;

	for (i = 0; i < caps->unknown.count; i++)
		planner_warn(p, "process.capabilities: unknown \"%s\"",
		             caps->unknown.items[i]);
	if (caps->ambient & ~(caps->permitted & caps->inheritable))
		planner_warn(p, "process.capabilities.ambient: what is not "
		                "also permitted and inheritable is left out");
	if (caps->effective & ~caps->permitted)
		planner_warn(p, "process.capabilities.effective: what is not "
		                "also permitted is left out");
	if (!(p->plan->ns.all & CLONE_NEWUSER) && granted & ~p->facts->caps)
		planner_warn(p, "process.capabilities.permitted: what runf "
		                "does not have itself is left out");
}

static int decide_process(struct planner *p, struct error *err)
{
	struct plan_options options = *p->options;
	struct plan_process *process;
	int result;

	if (!p->spec->process)
		return 0;
	/* The socket is shown by a mount. */
	if (!(p->plan->ns.all & CLONE_NEWNS))
		options.notify_dir = NULL;
	p->plan->notify = options.notify_dir != NULL;
	result = plan_process(p->arena, p->spec->process, p->facts, &options,
	                      &process, err);
	if (result < 0)
		return result;
	p->plan->process = process;
	plan_process_linux(p->arena, p->spec->linux_, process);
	warn_capabilities(p);
	return settle_groups(p, process, err);
}

static int decide_seccomp(struct planner *p, struct error *err)
{
	const struct plan_process *process = p->plan->process;

	return plan_spec_seccomp(p->arena, p->spec,
	                         process && process->no_new_privs,
	                         &p->plan->seccomp, err);
}

static int decide_held(struct planner *p, struct error *err)
{
	(void)err;
	if (p->plan->process)
		plan_hold_caps(p->plan->process, &p->plan->seccomp);
	return 0;
}

int plan_create(struct arena *arena, const struct oci_spec *spec,
                const struct facts *facts, const struct plan_options *options,
                const struct plan **ret_plan, struct error *err)
{
	static int (*const parts[])(struct planner *, struct error *) = {
		refuse_annotations, plan_namespaces, plan_net,
		plan_idmap,         plan_hooks,      plan_cgroup,
		decide_process,     decide_seccomp,  decide_held,
		plan_rootfs,        plan_rdt,
	};
	struct plan *plan = arena_new(arena, struct plan);
	struct planner p = {
		.arena = arena,
		.spec = spec,
		.facts = facts,
		.options = options,
		.plan = plan,
	};
	size_t i;

	if (!spec->root)
		return error_set(err, ERROR_CONFIG, -EINVAL, "root: missing");
	plan->remount = plan_remounts(facts);
	plan->id = arena_strdup(arena, options->id);
	plan->bundle = path_clean(arena, options->bundle);
	plan->rootfs = path_clean(arena, path_join(arena, plan->bundle,
	                                           spec->root->path));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		int result = parts[i](&p, err);

		if (result < 0)
			return result;
	}
	*ret_plan = plan;
	return 0;
}
