/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of a container's first process and of exec's, in their order. */
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "engine/creation.h"
#include "engine/execution.h"
#include "engine/spawn.h"
#include "oci/oci.h"
#include "plan/decide.h"
#include "tests/trace/kernel.h"
#include "tests/trace/notes.h"
#include "tests/trace/rules.h"

/*
 * test_calls DIRECTORY: a case is a configuration, NAME.json, and its notes,
 * NAME.calls, or where one configuration serves several, CASE.calls. With
 * RUNF_GOLDEN_UPDATE=1 the notes are written instead of compared: read the
 * diff before it is committed. The rules hold in any case.
 */
#define UPDATE   "RUNF_GOLDEN_UPDATE"
#define TEXT_MAX 65536

enum with {
	WITH_GATE = 1 << 0, /* create, not run */
	WITH_NO_PIVOT = 1 << 1,
	WITH_HYBRID = 1 << 2, /* v1 hierarchies beside the v2 tree */
	WITH_EXEC = 1 << 3,
};

struct trace_case {
	const char *name;
	const char *config; /* NULL: what `spec` writes */
	unsigned int with;
};

static const struct trace_case cases[] = {
	{ "default", NULL, WITH_GATE },
	{ "no-pivot", NULL, WITH_GATE | WITH_NO_PIVOT },
	{ "user", "user", 0 },
	{ "early-filter", "early-filter", 0 },
	{ "joined", "joined", 0 },
	{ "joined-user", "joined-user", 0 },
	{ "hooks", "hooks", WITH_GATE },
	{ "host-mounts", "host-mounts", 0 },
	{ "limits", "limits", WITH_HYBRID },
	{ "exec-default", NULL, WITH_EXEC },
	{ "exec-user", "user", WITH_EXEC },
	{ "exec-early-filter", "early-filter", WITH_EXEC },
	{ "exec-host-mounts", "host-mounts", WITH_EXEC },
};

/* One case at work. */
struct bench {
	const struct trace_case *of;
	struct arena arena;
	struct facts facts;
	struct plan_options options;
	const struct oci_spec *spec;
	const struct plan *plan;
};

static void must(int result, const struct error *err, const char *name)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", name, err->text);
	exit(1);
}

static char *read_text(struct arena *arena, const char *directory,
                       const char *name, const char *suffix)
{
	const char *path =
		arena_printf(arena, "%s/%s.%s", directory, name, suffix);
	char *text = arena_alloc(arena, TEXT_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, TEXT_MAX - 1);

	if (fd >= 0)
		close(fd);
	if (length < 0)
		return NULL;
	text[length] = '\0';
	return text;
}

/* ---- from the configuration to a plan */

/* Few capabilities, so that dropping them takes few lines. */
static void set_facts(struct bench *b)
{
	static struct facts_cgroup_v1 v1[] = {
		{ "memory", "/sys/fs/cgroup/memory" },
	};

	b->facts = (struct facts){
		.kernel = KERNEL(6, 1),
		.last_cap = 11,
		.caps = 0xfff,
		.cgroup.mode = FACTS_CGROUP_V2,
		.cgroup.v2_mount = "/sys/fs/cgroup",
		.cgroup.v2_controllers = "cpu memory pids",
	};
	if (!(b->of->with & WITH_HYBRID))
		return;
	b->facts.cgroup = (struct facts_cgroup){
		.mode = FACTS_CGROUP_HYBRID,
		.v2_mount = "/sys/fs/cgroup/unified",
		.v2_controllers = "",
		.v1 = v1,
		.v1_count = ARRAY_SIZE(v1),
	};
}

static void make_plan(struct bench *b, const char *directory)
{
	struct oci_faults faults = { .arena = &b->arena };
	struct error err = { .code = 0 };
	const char *config;
	int result;

	set_facts(b);
	b->options = (struct plan_options){
		.id = "c",
		.bundle = "/bundle",
		.no_pivot = b->of->with & WITH_NO_PIVOT,
	};
	config = b->of->config ? read_text(&b->arena, directory, b->of->config,
	                                   "json")
	                       : oci_default_config(&b->arena, false, 0, 0);
	if (!config) {
		perror(b->of->config);
		exit(1);
	}
	result = oci_read_spec(&b->arena, config, strlen(config), b->of->name,
	                       &faults, &b->spec, &err);
	if (result == 0)
		result = plan_create(&b->arena, b->spec, &b->facts, &b->options,
		                     &b->plan, &err);
	must(result, &err, b->of->name);
}

/* Its content does not matter: nobody loads it. */
static struct seccomp_program filter_for(const struct plan_seccomp *plan)
{
	static const struct sock_filter allow = { .code = BPF_RET | BPF_K,
		                                  .k = 0x7fff0000U };

	return (struct seccomp_program){
		.filter = &allow,
		.length = 1,
		.flags = plan->flags,
		.needed = plan->needed,
	};
}

/* ---- create and run */

static bool has_bridge(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->ns.count; i++)
		if (plan->ns.steps[i].actor == PLAN_IN_BRIDGE)
			return true;
	return false;
}

static bool has_step(const struct plan *plan, enum plan_step_kind kind)
{
	size_t i;

	for (i = 0; i < plan->steps_count; i++)
		if (plan->steps[i].kind == kind)
			return true;
	return false;
}

static void parent_says(enum sync_type type)
{
	kernel.messages[kernel.messages_count++] = type;
}

static void prepare_messages(const struct plan *plan)
{
	if (has_bridge(plan))
		parent_says(SYNC_CHILD);
	if (plan->ns.idmap.needed)
		parent_says(SYNC_IDMAP);
	if (has_step(plan, PLAN_STEP_RUNTIME_HOOKS))
		parent_says(SYNC_HOOKS_RAN);
	if (has_step(plan, PLAN_STEP_WAIT_CGROUP))
		parent_says(SYNC_CGROUP);
	parent_says(SYNC_GO);
}

static void open_sources(struct bench *b, struct creation *c)
{
	size_t count = b->plan->sources_count;
	size_t i;

	c->sources = arena_new_array(&b->arena, struct rootfs_source, count);
	c->source_fds = arena_new_array(&b->arena, int, count);
	for (i = 0; i < count; i++) {
		c->source_fds[i] =
			notes_fd("host:%s", b->plan->sources[i].path);
		c->sources[i].fd = c->source_fds[i];
		c->sources[i].type = S_IFDIR;
	}
}

static void set_up_creation(struct bench *b, struct creation *c)
{
	struct state_facts facts;

	c->spec = b->spec;
	c->plan = b->plan;
	c->facts = b->facts;
	c->seccomp = filter_for(&b->plan->seccomp);
	c->engine->store.fd = notes_fd("state");
	c->engine->self_mount = notes_fd("the program");
	c->console = notes_fd("console socket");
	c->dir.fd = notes_fd("state/c");
	c->sync[0] = notes_fd("parent's end");
	c->sync[1] = notes_fd("sync");
	if (c->gated)
		c->gate = notes_fd("gate");
	open_sources(b, c);
	facts = creation_state_facts(c);
	state_text_prepare(&b->arena, &facts, &c->hook_state);
}

static void trace_creation(struct bench *b)
{
	static const struct runf_create_options options;
	struct engine engine = { .root = "/run/runf" };
	struct spawned spawned = { .pidfd = -1 };
	struct error err = { .code = 0 };
	struct creation c;
	size_t parent;

	creation_begin(&c, &engine, "c", &options, b->of->with & WITH_GATE);
	set_up_creation(b, &c);
	notes_say("# the parent");
	must(spawn_process(&b->plan->ns, c.source_fds, -1, &spawned, &err),
	     &err, b->of->name);
	kernel.clones_count = has_bridge(b->plan) ? 2 : 1;
	prepare_messages(b->plan);
	if (setjmp(kernel.end))
		return;
	/* The same once more, but what follows the clone is the child. */
	parent = notes.count;
	spawn_process(&b->plan->ns, c.source_fds, -1, &spawned, &err);
	notes.count = parent;
	notes_say("# the child");
	init_main(&c);
}

/* ---- exec */

static int namespaces_of(const struct oci_spec *spec)
{
	int types = 0;
	size_t i;

	for (i = 0; i < spec->linux_->namespaces_count; i++)
		types |= spec->linux_->namespaces[i].type;
	return types;
}

static void trace_execution(struct bench *b)
{
	static const struct runf_exec_options options;
	struct engine engine = {
		.store.fd = notes_fd("state"),
		.self_mount = notes_fd("the program"),
	};
	struct error err = { .code = 0 };
	struct execution x = {
		.engine = &engine,
		.options = &options,
		.found.dir.fd = notes_fd("state/c"),
		.found.pidfd = notes_fd("init's pidfd"),
		.facts = b->facts,
		.spec = b->spec,
		.namespaces = namespaces_of(b->spec),
		.root = -1,
		.console = notes_fd("console socket"),
		.seccomp_plan = b->plan->seccomp,
		.seccomp = filter_for(&b->plan->seccomp),
		.sync = { notes_fd("parent's end"), notes_fd("sync") },
	};

	must(plan_process(&b->arena, b->spec->process, &b->facts, &b->options,
	                  &x.process, &err),
	     &err, b->of->name);
	plan_hold_caps(x.process, &x.seccomp_plan);
	if (!(x.namespaces & CLONE_NEWNS))
		x.root = notes_fd("init's root");
	notes_say("# the child");
	parent_says(SYNC_GO);
	if (!setjmp(kernel.end))
		execution_child(&x);
}

/* ---- what came of it */

static bool write_expectation(struct bench *b, const char *directory,
                              const char *text)
{
	const char *path =
		arena_printf(&b->arena, "%s/%s.calls", directory, b->of->name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t length = strlen(text);
	bool good = fd >= 0 && write(fd, text, length) == (ssize_t)length;

	if (fd >= 0)
		close(fd);
	if (!good)
		perror(path);
	return good;
}

static bool compare(const char *is, const char *should)
{
	unsigned int line = 1;
	size_t start = 0;
	size_t i;

	if (str_equal(is, should))
		return true;
	for (i = 0; is[i] != '\0' && is[i] == should[i]; i++) {
		if (is[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	printf("# line %u\n# - %.*s\n# + %.*s\n", line,
	       (int)strcspn(should + start, "\n"), should + start,
	       (int)strcspn(is + start, "\n"), is + start);
	return false;
}

static bool run_case(const struct trace_case *of, const char *directory)
{
	struct bench b = { .of = of };
	const char *expected;
	const char *text;
	bool good;

	notes_reset();
	memset(&kernel, 0, sizeof(kernel));
	make_plan(&b, directory);
	if (of->with & WITH_EXEC)
		trace_execution(&b);
	else
		trace_creation(&b);
	text = notes_text();
	expected = read_text(&b.arena, directory, of->name, "calls");
	if (getenv(UPDATE))
		good = write_expectation(&b, directory, text);
	else
		good = compare(text, expected ? expected : "");
	if (!rules_check(b.plan, of->with & WITH_EXEC))
		good = false;
	printf("%s - %s: %zu lines\n", good ? "ok" : "not ok", of->name,
	       notes.count);
	arena_release(&b.arena);
	return good;
}

int main(int argc, char **argv)
{
	int failures = 0;
	size_t i;

	if (argc != 2)
		return 2;
	notes_describe = kernel_describe;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		failures += !run_case(&cases[i], argv[1]);
	printf("%zu cases, %d wrong, %zu rules each\n", ARRAY_SIZE(cases),
	       failures, rules_count);
	return failures ? 1 : 0;
}
