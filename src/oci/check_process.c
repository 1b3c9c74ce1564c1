/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for `process`, in config.json and in the process.json of exec. */
#include <limits.h>

#include "oci/internal.h"

#define OOM_SCORE_ADJ_MAX 1000

/* -1 as an id means "leave it" to system calls. */
static void check_id(struct oci_reader *r, const char *at, const char *name,
                     uint32_t id)
{
	if (id == UINT32_MAX)
		oci_fault(r, oci_path(r, "%suser.%s", at, name),
		          "%u is not an id", id);
}

static void check_user(struct oci_reader *r, const char *at,
                       const struct oci_user *user)
{
	check_id(r, at, "uid", user->uid);
	check_id(r, at, "gid", user->gid);
	for (size_t i = 0; i < user->additional_gids_count; i++)
		if (user->additional_gids[i] == UINT32_MAX)
			check_id(r, at, oci_path(r, "additionalGids[%zu]", i),
			         UINT32_MAX);
	if (user->umask.set && user->umask.value > 0777)
		oci_fault(r, oci_path(r, "%suser.umask", at),
		          "%u is more than 511 (octal 777)", user->umask.value);
}

static void check_env(struct oci_reader *r, const char *at,
                      const struct oci_strings *env)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *equals = strchr(env->items[i], '=');

		if (equals && equals > env->items[i])
			continue;
		oci_fault(r, oci_path(r, "%senv[%zu]", at, i),
		          "%s is not KEY=VALUE", oci_quote(r, env->items[i]));
	}
}

static void check_rlimits(struct oci_reader *r, const char *at,
                          const struct oci_process *process)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < process->rlimits_count; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];

		if (!limit->type)
			continue;
		if (seen >> limit->resource & 1)
			oci_fault(r, oci_path(r, "%srlimits[%zu].type", at, i),
			          "\"%s\" is given twice", limit->type);
		seen |= UINT64_C(1) << limit->resource;
		if (limit->soft > limit->hard)
			oci_fault(r, oci_path(r, "%srlimits[%zu].hard", at, i),
			          "%llu is less than soft, %llu",
			          (unsigned long long)limit->hard,
			          (unsigned long long)limit->soft);
	}
}

void oci_check_process(struct oci_reader *r, const char *at,
                       const struct oci_process *process)
{
	int64_t score = process->oom_score_adj.value;

	check_user(r, at, &process->user);
	check_env(r, at, &process->env);
	check_rlimits(r, at, process);
	if (score < -OOM_SCORE_ADJ_MAX || score > OOM_SCORE_ADJ_MAX)
		oci_fault(r, oci_path(r, "%soomScoreAdj", at),
		          "%lld is out of range (-1000 to 1000)",
		          (long long)score);
}
