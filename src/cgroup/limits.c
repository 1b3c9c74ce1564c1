/* SPDX-License-Identifier: Apache-2.0 */
/* Write the values of a plan into the files of its cgroups. */
#include <errno.h>
#include <string.h>

#include "cgroup/internal.h"
#include "sys/file.h"

/* How many of the first writes can be tried again: bits of `refused`. */
#define RETRIES_MAX 64

struct writer {
	const struct cgroup *cgroup;
	const struct plan_cgroup *plan;
	struct arena *arena; /* for `old` */
	const char **old;    /* what was in the files before, or NULL */
	bool enabled;        /* controllers have been turned on */
	uint64_t refused;    /* EINVAL: bit n is the plan's write n */
};

static int fail(const struct writer *w, const struct plan_cgroup_write *write,
                int result, struct error *err)
{
	const struct plan_cgroup_dir *dir = &w->plan->dirs[write->dir];

	if (result == -ENOENT)
		return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                 "%s: cgroup %s%s has no file %s%s%s: %s",
		                 write->what, dir->mount, dir->path,
		                 write->file, write->other_file ? " or " : "",
		                 write->other_file ? write->other_file : "",
		                 strerror(ENOENT));
	return error_system(err, result, "%s: write \"%s\" to %s%s/%s%s",
	                    write->what, write->value, dir->mount, dir->path,
	                    write->file,
	                    result == -EOPNOTSUPP && write->other_file
	                            ? " (no scheduler shares it by weight)"
	                            : "");
}

int cgroup_write_either(int dir, const struct plan_cgroup_write *write,
                        const char *value, const char *other_value)
{
	int result = sys_write_file(dir, write->file, value);
	int other;

	if (!write->other_file || (result != -ENOENT && result != -EOPNOTSUPP))
		return result;
	other = sys_write_file(dir, write->other_file, other_value);
	return other == -ENOENT ? result : other;
}

/* The value, behind the word that stands in the file if that is to stay. */
static int write_value(int dir, const struct plan_cgroup_write *write)
{
	char text[128];
	size_t word;
	ssize_t length;

	if (!write->keep_first_word)
		return cgroup_write_either(dir, write, write->value,
		                           write->other_value);
	length = sys_read_file(dir, write->file, text, sizeof(text));
	if (length < 0)
		return (int)length;
	word = strcspn(text, " \n");
	snprintf(text + word, sizeof(text) - word, " %s", write->value);
	return sys_write_file(dir, write->file, text);
}

static void save_old(struct writer *w, size_t index)
{
	const struct plan_cgroup_write *write = &w->plan->writes[index];
	int dir = w->cgroup->dirs[write->dir];
	char text[CGROUP_TEXT_MAX];
	ssize_t length;

	if (!w->old || w->old[index])
		return;
	length = sys_read_file(dir, write->file, text, sizeof(text));
	if (length == -ENOENT && write->other_file)
		length = sys_read_file(dir, write->other_file, text,
		                       sizeof(text));
	if (length >= 0)
		w->old[index] = arena_strdup(w->arena, text);
}

/*
 * A v2 cgroup lacks a controller's files until its parents enable it, which
 * they do from the first such container on: so it is not asked, but tried.
 */
static int write_one(struct writer *w, size_t index, struct error *err)
{
	const struct plan_cgroup_write *write = &w->plan->writes[index];
	const struct plan_cgroup_dir *plan = &w->plan->dirs[write->dir];
	int dir = w->cgroup->dirs[write->dir];
	int result;

	save_old(w, index);
	result = write_value(dir, write);
	if (write->if_present && (result == -ENOENT || result == -EOPNOTSUPP))
		return 0;
	if (result == -ENOENT && dir_is_v2(plan) && w->plan->enable &&
	    !w->enabled) {
		result = cgroup_enable(plan, w->plan->enable, err);
		if (result < 0)
			return error_wrap(err, "%s", write->what);
		w->enabled = true;
		save_old(w, index);
		result = write_value(dir, write);
	}
	if (result == -EINVAL && index < RETRIES_MAX &&
	    !(w->refused & UINT64_C(1) << index)) {
		w->refused |= UINT64_C(1) << index;
		return 0;
	}
	return result < 0 ? fail(w, write, result, err) : 0;
}

/*
 * Values bound each other: a limit may not exceed memory plus swap, a burst
 * not the quota, a quota not what the period makes of it. Whichever way
 * they change, some order is right; what the kernel refused is tried again
 * when the others have changed.
 */
int cgroup_write_limits(const struct cgroup *cgroup, struct arena *arena,
                        const char **old, struct error *err)
{
	struct writer w = {
		.cgroup = cgroup,
		.plan = cgroup->plan,
		.arena = arena,
		.old = old,
	};
	size_t i;
	int result = 0;

	/* Nothing to write, and perhaps (optional) no plan. */
	if (cgroup->count == 0)
		return 0;
	for (i = 0; result == 0 && i < w.plan->writes_count; i++)
		result = write_one(&w, i, err);
	for (i = 0; result == 0 && i < RETRIES_MAX && w.refused >> i; i++)
		if (w.refused & UINT64_C(1) << i)
			result = write_one(&w, i, err);
	return result;
}
