/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as they were committed: config and facts in, plan JSON out. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "json/json.h"
#include "oci/oci.h"
#include "plan/decide.h"

/*
 * golden DIRECTORY: each DIRECTORY/NAME holds config.json, perhaps facts.json
 * (what differs from the usual host), and plan.json, the expectation. With
 * RUNF_GOLDEN_UPDATE=1 the expectation is written instead: read the diff
 * before it is committed.
 */
#define UPDATE "RUNF_GOLDEN_UPDATE"

/* Returns NULL where there is no such file. */
static char *read_text(struct arena *arena, const char *dir, const char *name,
                       size_t *ret_length)
{
	struct buf buf = { .arena = arena };
	char chunk[4096];
	ssize_t count;
	int fd = open(path_join(arena, dir, name), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while ((count = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&buf, chunk, (size_t)count);
	close(fd);
	*ret_length = buf.length;
	return arena_strdup(arena, buf_str(&buf));
}

/* ---- facts */

static const char *fact_text(const struct json_value *facts, const char *key)
{
	const struct json_value *value = json_get(facts, key);

	return value && value->type == JSON_STRING ? value->text : NULL;
}

static uint64_t fact_number(const struct json_value *facts, const char *key,
                            uint64_t usual)
{
	const struct json_value *value = json_get(facts, key);
	uint64_t number;

	return value && json_to_u64(value, &number) == 0 ? number : usual;
}

static bool fact_bool(const struct json_value *facts, const char *key)
{
	const struct json_value *value = json_get(facts, key);

	return value && value->type == JSON_BOOL && value->boolean;
}

/* "v1": { "cpu,cpuacct": "/sys/fs/cgroup/cpu,cpuacct", ... } */
static void read_v1(struct arena *arena, const struct json_value *facts,
                    struct facts_cgroup *cgroup)
{
	const struct json_value *all = json_get(facts, "v1");
	const struct json_value *each;

	for (each = all ? all->first : NULL; each; each = each->next) {
		struct facts_cgroup_v1 *one =
			arena_push(arena, cgroup->v1, cgroup->v1_count);

		one->controllers = each->key;
		one->mount = each->text;
	}
	if (cgroup->v1_count > 0)
		cgroup->mode = cgroup->v2_mount ? FACTS_CGROUP_HYBRID
		                                : FACTS_CGROUP_V1;
}

/* "rootfs": [{ "type": ..., "source", "target", "options": [...] }] */
static void read_rootfs(struct arena *arena, const struct json_value *facts,
                        struct plan_options *options)
{
	const struct json_value *all = json_get(facts, "rootfs");
	const struct json_value *each;
	const struct json_value *word;
	struct oci_mount *mounts = NULL;

	for (each = all ? all->first : NULL; each; each = each->next) {
		struct oci_mount *one =
			arena_push(arena, mounts, options->rootfs_count);
		const char *target = fact_text(each, "target");

		one->type = fact_text(each, "type");
		one->source = fact_text(each, "source");
		one->destination = target ? target : "/";
		for (word = json_get(each, "options")->first; word;
		     word = word->next)
			*arena_push(arena, one->options.items,
			            one->options.count) = word->text;
	}
	options->rootfs = mounts;
}

/* What the caller's environment has is written beside the facts. */
static void read_facts(struct arena *arena, const char *dir,
                       struct facts *facts, struct plan_options *options)
{
	size_t length = 2;
	char *text = read_text(arena, dir, "facts.json", &length);
	const struct json_value *root;
	struct error err;

	if (json_parse(arena, text ? text : "{}", length, "facts.json", &root,
	               &err) < 0) {
		fprintf(stderr, "%s: %s\n", dir, err.text);
		exit(EXIT_FAILURE);
	}
	*facts = (struct facts){
		.kernel = KERNEL(fact_number(root, "major", 6),
		                 fact_number(root, "minor", 1)),
		.uid = (uint32_t)fact_number(root, "uid", 0),
		.gid = (uint32_t)fact_number(root, "gid", 0),
		.user_namespace = fact_bool(root, "userNamespace"),
		.cpus = (unsigned int)fact_number(root, "cpus", 1),
		.last_cap = (int)fact_number(root, "lastCap", 40),
		.caps = fact_number(root, "caps", UINT64_MAX >> 23),
		.selinux = fact_bool(root, "selinux"),
		.apparmor = fact_bool(root, "apparmor"),
		.cgroup.mode = FACTS_CGROUP_V2,
		.cgroup.v2_mount = "/sys/fs/cgroup",
		.cgroup.v2_controllers = fact_text(root, "controllers"),
	};
	if (json_get(root, "v2"))
		facts->cgroup.v2_mount = fact_text(root, "v2");
	read_v1(arena, root, &facts->cgroup);
	options->listen_fds = (uint32_t)fact_number(root, "listenFds", 0);
	options->listen_names = fact_text(root, "listenNames");
	options->notify_dir = fact_text(root, "notifyDir");
	read_rootfs(arena, root, options);
	options->node = fact_text(root, "node");
	options->systemd_cgroup = fact_bool(root, "systemdCgroup");
}

/* ---- one case */

/* The plan, or for a config without one the reason. */
static const char *make_plan(struct arena *arena, const char *dir)
{
	struct plan_options options = {
		.id = "golden",
		.bundle = "/bundle",
	};
	struct oci_faults faults = { .arena = arena };
	struct json_writer w = { .buf.arena = arena, .indent = "  " };
	const struct oci_spec *spec;
	const struct plan *plan;
	struct facts facts;
	struct error err = { .code = 0 };
	size_t length = 0;
	char *text = read_text(arena, dir, "config.json", &length);

	if (!text) {
		fprintf(stderr, "%s: no config.json\n", dir);
		exit(EXIT_FAILURE);
	}
	read_facts(arena, dir, &facts, &options);
	if (oci_read_spec(arena, text, length, "config.json", &faults, &spec,
	                  &err) < 0 ||
	    plan_create(arena, spec, &facts, &options, &plan, &err) < 0) {
		json_open_object(&w, NULL);
		json_put_str(&w, "error", err.text);
		json_put_str(&w, "kind", error_kind_name(err.kind));
		json_close_object(&w);
	} else {
		plan_write(&w, plan);
	}
	buf_add_char(&w.buf, '\n');
	return buf_str(&w.buf);
}

static bool write_expectation(struct arena *arena, const char *dir,
                              const char *text)
{
	int fd = open(path_join(arena, dir, "plan.json"),
	              O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool good = fd >= 0 &&
	            write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	if (!good)
		perror(dir);
	return good;
}

/* Where both part, with the line of each. */
static void tell_difference(const char *dir, const char *is, const char *should)
{
	unsigned int line = 1;
	size_t start = 0;
	size_t i;

	for (i = 0; is[i] != '\0' && is[i] == should[i]; i++) {
		if (is[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	fprintf(stderr, "not ok %s: plan.json:%u\n- %.*s\n+ %.*s\n", dir, line,
	        (int)strcspn(should + start, "\n"), should + start,
	        (int)strcspn(is + start, "\n"), is + start);
}

static bool run_case(const char *dir)
{
	auto_arena struct arena arena = { .chunks = NULL };
	const char *text = make_plan(&arena, dir);
	size_t length;
	char *expected;

	if (getenv(UPDATE))
		return write_expectation(&arena, dir, text);
	expected = read_text(&arena, dir, "plan.json", &length);
	if (expected && str_equal(expected, text)) {
		printf("ok %s\n", dir);
		return true;
	}
	tell_difference(dir, text, expected ? expected : "");
	return false;
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	char dir[4096];
	int failed = 0;
	int count;
	int i;

	if (argc != 2) {
		fprintf(stderr, "usage: golden DIRECTORY\n");
		return EXIT_FAILURE;
	}
	count = scandir(argv[1], &entries, is_case, alphasort);
	for (i = 0; i < count; i++) {
		snprintf(dir, sizeof(dir), "%s/%s", argv[1],
		         entries[i]->d_name);
		failed += !run_case(dir);
		free(entries[i]);
	}
	if (count <= 0)
		fprintf(stderr, "%s: no cases\n", argv[1]);
	else
		free(entries);
	return count > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
