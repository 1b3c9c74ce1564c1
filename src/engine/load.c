/* SPDX-License-Identifier: Apache-2.0 */
/* From options to a plan: everything is read and decided, nothing is made. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "engine/creation.h"
#include "oci/oci.h"
#include "plan/decide.h"
#include "probe/probe.h"
#include "sys/file.h"
#include "sys/process.h"

#define CONFIG_NAME "config.json"

/* BUNDLE as an absolute path; symbolic links stay, as the caller named it. */
static int load_bundle(struct arena *arena, const char *bundle,
                       const char **ret_bundle, struct error *err)
{
	char cwd[PATH_MAX];
	int result;

	if (bundle && path_is_absolute(bundle)) {
		*ret_bundle = path_clean(arena, bundle);
		return 0;
	}
	result = sys_getcwd(cwd, sizeof(cwd));
	if (result < 0 || !path_is_absolute(cwd))
		return error_system(err, result < 0 ? result : -ENOENT,
		                    "find the current directory");
	*ret_bundle =
		path_clean(arena, path_join(arena, cwd, bundle ? bundle : "."));
	return 0;
}

int load_config(struct arena *arena, const struct runf_create_options *options,
                const char **ret_bundle, const char **ret_text,
                size_t *ret_length, struct error *err)
{
	const char *name = options->config ? options->config : CONFIG_NAME;
	const char *path;
	int result = load_bundle(arena, options->bundle, ret_bundle, err);

	if (result < 0)
		return result;
	path = path_join(arena, *ret_bundle, name);
	result = store_read_file(arena, AT_FDCWD, path, JSON_MAX_BYTES,
	                         ret_text, ret_length, err);
	if (result == -ENOENT)
		return error_set(
			err, ERROR_CONFIG, -ENOENT,
			"JSON specification file %s not found: \"%s\": no such file or directory",
			name, path);
	return result;
}

/*
 * How many descriptors the caller's service manager passed: sd_listen_fds(3).
 * What was meant for another process has only been left in the environment;
 * without LISTEN_PID they are ours.
 */
static uint32_t load_listen_fds(void)
{
	const char *count = getenv("LISTEN_FDS");
	const char *pid = getenv("LISTEN_PID");
	uint32_t value;

	if (!count || !*count)
		return 0;
	if (pid && (str_to_u32(pid, 10, &value) < 0 ||
	            value != (uint32_t)sys_getpid()))
		return 0;
	if (str_to_u32(count, 10, &value) < 0 || value > 1024)
		return 0;
	return value;
}

/*
 * The environment may promise more than was passed, when it was handed on by
 * somebody who is not concerned. What we opened ourselves is close-on-exec.
 */
static uint32_t load_listen_missing(uint32_t promised)
{
	uint32_t passed = 0;

	while (passed < promised && sys_get_cloexec(3 + (int)passed) == 0)
		passed++;
	return promised - passed;
}

/* The caller's mounts, in the words of config.json. */
static void load_rootfs(struct creation *c, struct plan_options *options)
{
	size_t count = c->options->rootfs_count;
	struct oci_mount *mounts =
		arena_new_array(&c->arena, struct oci_mount, count);
	size_t i;

	for (i = 0; i < count; i++) {
		const struct runf_mount *from = &c->options->rootfs[i];
		const char *const *word = from->options;

		mounts[i].type = from->type;
		mounts[i].source = from->source;
		mounts[i].destination = path_join(
			&c->arena, "/", from->target ? from->target : "/");
		for (; word && *word; word++)
			*arena_push(&c->arena, mounts[i].options.items,
			            mounts[i].options.count) = *word;
	}
	options->rootfs = mounts;
	options->rootfs_count = count;
	options->rootfs_on_host = c->restore != NULL;
}

int creation_load(struct creation *c, struct error *err)
{
	struct oci_faults faults = { .arena = &c->arena };
	struct plan_options options = {
		.id = c->id,
		.no_pivot = c->options->no_pivot,
		.no_new_keyring = c->options->no_new_keyring,
		.preserve_fds = c->options->preserve_fds,
		.listen_fds = load_listen_fds(),
		.listen_names = getenv("LISTEN_FDNAMES"),
		.cgroup_disabled = c->engine->cgroup_disabled,
		.systemd_cgroup = c->options->systemd_cgroup,
	};
	const char *name =
		c->options->config ? c->options->config : CONFIG_NAME;
	size_t i;
	int result = oci_check_id(c->id, err);

	if (ready_wanted() && c->engine->root)
		options.notify_dir =
			arena_printf(&c->arena, "%s/%s/" STORE_NOTIFY,
		                     c->engine->root, c->id);
	if (c->options->rootfs_count)
		load_rootfs(c, &options);
	/* What was dumped has the host's node, which stays where it is. */
	if (c->engine->root && !c->restore)
		options.node = arena_printf(&c->arena, "%s/%s/" STORE_NODE,
		                            c->engine->root, c->id);
	options.listen_missing = load_listen_missing(options.listen_fds);
	if (options.listen_missing > 0)
		log_warning(&c->engine->log,
		            "LISTEN_FDS: the last %u were not passed",
		            options.listen_missing);
	if (result == 0)
		result = load_config(&c->arena, c->options, &options.bundle,
		                     &c->config, &c->config_length, err);
	if (result == 0)
		result = oci_read_spec(&c->arena, c->config, c->config_length,
		                       name, &faults, &c->spec, err);
	if (result == 0)
		result = probe_facts(&c->arena, &c->facts, err);
	if (result == 0)
		result = plan_create(&c->arena, c->spec, &c->facts, &options,
		                     &c->plan, err);
	if (result < 0)
		return result;
	c->place = &c->plan->cgroup;
	for (i = 0; i < faults.count; i++)
		log_warning(&c->engine->log, "%s:%u: %s: %s", name,
		            faults.items[i].line, faults.items[i].path,
		            faults.items[i].text);
	for (i = 0; i < c->plan->warnings_count; i++)
		log_warning(&c->engine->log, "%s", c->plan->warnings[i]);
	return 0;
}
