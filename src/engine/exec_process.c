/* SPDX-License-Identifier: Apache-2.0 */
/* Which process exec starts: process.json, or config.json's, changed. */
#include <errno.h>
#include <fcntl.h>

#include "base/str.h"
#include "engine/execution.h"
#include "json/json.h"
#include "oci/oci.h"

/* Highest id: -1 means "leave as it is" to the kernel. */
#define ID_MAX (UINT32_MAX - 1)

static int exec_parse_id(const char *text, const char *user, uint32_t *ret_id,
                         struct error *err)
{
	uint32_t id;

	if (str_to_u32(text, 10, &id) < 0 || id > ID_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "user \"%s\" is not UID or UID:GID in digits",
		                 user);
	*ret_id = id;
	return 0;
}

/* Both halves strictly digits: "1:", ":1", "-1", " 1" name nobody. */
static int exec_set_user(struct arena *arena, const char *user,
                         struct oci_user *ret_user, struct error *err)
{
	const char *colon = strchr(user, ':');
	size_t length = colon ? (size_t)(colon - user) : strlen(user);
	int result = exec_parse_id(arena_strndup(arena, user, length), user,
	                           &ret_user->uid, err);

	if (result == 0 && colon)
		result = exec_parse_id(colon + 1, user, &ret_user->gid, err);
	return result;
}

static void exec_append(struct arena *arena, struct oci_strings *strings,
                        const char *const *more)
{
	struct oci_strings all = { 0 };
	size_t i;

	for (i = 0; i < strings->count; i++)
		*arena_push(arena, all.items, all.count) = strings->items[i];
	for (; more && *more; more++)
		*arena_push(arena, all.items, all.count) = *more;
	*strings = all;
}

/*
 * A capability asked for on the command line is never inheritable, and
 * ambient only where the configuration made it inheritable (CVE-2022-29162).
 * One that nobody knows is no failure, as in the configuration.
 */
static void exec_add_caps(const struct log *log, struct oci_capabilities *caps,
                          const char *const *names)
{
	for (; names && *names; names++) {
		const struct str_value *row =
			str_lookup(oci_capability_names, *names);
		uint64_t bit;

		if (!row) {
			log_warning(log, "unknown capability \"%s\"", *names);
			continue;
		}
		bit = UINT64_C(1) << row->value;
		caps->set = true;
		caps->bounding |= bit;
		caps->effective |= bit;
		caps->permitted |= bit;
		if (caps->inheritable & bit)
			caps->ambient |= bit;
	}
}

static int exec_override(struct execution *x, struct oci_process *process,
                         struct error *err)
{
	const struct runf_exec_options *o = x->options;
	struct oci_strings none = { 0 };
	size_t i;
	int result = 0;

	process->terminal = o->tty;
	process->args = none;
	exec_append(&x->arena, &process->args, o->args);
	exec_append(&x->arena, &process->env, o->env);
	for (i = 0; i < process->env.count; i++)
		if (!strchr(process->env.items[i], '=') ||
		    process->env.items[i][0] == '=')
			return error_set(err, ERROR_USAGE, -EINVAL,
			                 "environment \"%s\" is not NAME=VALUE",
			                 process->env.items[i]);
	if (!process->args.count)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "there is no program to execute");
	if (o->cwd)
		process->cwd = o->cwd;
	if (process->cwd[0] != '/')
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "working directory \"%s\" is not absolute",
		                 process->cwd);
	if (o->no_new_privs)
		process->no_new_privileges = true;
	if (o->apparmor)
		process->apparmor_profile = o->apparmor;
	if (o->process_label)
		process->selinux_label = o->process_label;
	if (o->additional_gids_count) {
		process->user.additional_gids = arena_new_array(
			&x->arena, uint32_t, o->additional_gids_count);
		process->user.additional_gids_count = o->additional_gids_count;
		for (i = 0; i < o->additional_gids_count; i++)
			process->user.additional_gids[i] =
				o->additional_gids[i];
	}
	exec_add_caps(&x->engine->log, &process->capabilities, o->caps);
	if (o->user)
		result = exec_set_user(&x->arena, o->user, &process->user, err);
	return result;
}

/* What process.json is silent about is as in config.json. */
static int exec_read_document(struct execution *x,
                              struct oci_process *ret_process,
                              struct error *err)
{
	const char *path = x->options->process_file;
	struct oci_faults faults = { .arena = &x->arena };
	const struct oci_process *config = x->spec->process;
	const struct oci_process *process;
	const char *text = x->options->process;
	size_t length = text ? strlen(text) : 0;
	int result = 0;

	if (!text)
		result = store_read_file(&x->arena, AT_FDCWD, path,
		                         JSON_MAX_BYTES, &text, &length, err);
	if (result == 0)
		result = oci_read_process(&x->arena, text, length,
		                          path ? path : "process", &faults,
		                          &process, err);
	if (result < 0)
		return result;
	*ret_process = *process;
	if (!config)
		return 0;
	if (!ret_process->capabilities.set)
		ret_process->capabilities = config->capabilities;
	if (!ret_process->apparmor_profile)
		ret_process->apparmor_profile = config->apparmor_profile;
	if (!ret_process->selinux_label)
		ret_process->selinux_label = config->selinux_label;
	if (!ret_process->oom_score_adj.set)
		ret_process->oom_score_adj = config->oom_score_adj;
	return 0;
}

int execution_read_process(struct execution *x,
                           const struct oci_process **ret_process,
                           struct error *err)
{
	struct oci_process *process = arena_new(&x->arena, struct oci_process);
	int result;

	if (x->options->process_file || x->options->process) {
		result = exec_read_document(x, process, err);
	} else if (!x->spec->process) {
		result = error_set(
			err, ERROR_CONFIG, -EINVAL,
			"config.json has no process to take defaults from: use --process");
	} else {
		*process = *x->spec->process;
		result = exec_override(x, process, err);
	}
	if (result == 0)
		*ret_process = process;
	return result;
}
