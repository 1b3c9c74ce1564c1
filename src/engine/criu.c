/* SPDX-License-Identifier: Apache-2.0 */
/* What checkpoint and restore share: CRIU asked, its images, its log. */
#include "engine/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "probe/mountinfo.h"
#include "store/store.h"
#include "sys/file.h"

#define IMAGES_DEFAULT "checkpoint"
#define DIR_MODE       0700
#define GROUP_DIR_MODE 02710
#define IMAGE_UMASK    077
#define GROUP_UMASK    027

/* Thousands of mounts. */
#define PROC_FILE_MAX ((size_t)16 * 1024 * 1024)

/* Of CRIU's log so much is looked at, and so many lines are quoted. */
#define LOG_TAIL    16384
#define LOG_QUOTED  3
#define LOG_LINE    130
#define LOG_TROUBLE "Error ("

bool engine_has_criu(void)
{
	return criu_is_built_in();
}

void job_begin(struct job *job, struct engine *engine, struct arena *arena,
               const struct runf_criu_options *options)
{
	*job = (struct job){
		.arena = arena,
		.engine = engine,
		.options = options,
		.images = -1,
		.work = -1,
	};
	job->request.plan = &job->plan;
}

void job_end(struct job *job)
{
	fd_close(&job->images);
	fd_close(&job->work);
}

struct plan_criu_options job_plan_options(const struct job *job)
{
	const struct runf_criu_options *from = job->options;

	return (struct plan_criu_options){
		.flags = {
			.tcp_established = from->tcp_established,
			.ext_unix_sk = from->ext_unix_sk,
			.shell_job = from->shell_job,
			.file_locks = from->file_locks,
			.lazy_pages = from->lazy_pages,
			.auto_dedup = from->auto_dedup,
		},
		.cgroups = from->manage_cgroups_mode,
		.network_lock = from->network_lock,
		.empty_namespace = from->empty_ns,
	};
}

int job_read_proc(struct arena *arena, const char *pid, const char *name,
                  char **ret_text, size_t *ret_length, struct error *err)
{
	const char *path = arena_printf(arena, "/proc/%s/%s", pid, name);
	const char *text;
	int result = store_read_file(arena, AT_FDCWD, path, PROC_FILE_MAX,
	                             &text, ret_length, err);

	if (result == 0)
		*ret_text = arena_strndup(arena, text, *ret_length);
	return result;
}

/* ---- decide */

static int read_mountpoints(struct arena *arena, const char *const **ret_points,
                            struct error *err)
{
	const char **points = NULL;
	size_t count = 0;
	char *text = NULL;
	size_t length;
	int result =
		job_read_proc(arena, "self", "mountinfo", &text, &length, err);
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct probe_mount mount;

		if (probe_mount_line(line, &mount))
			*arena_push(arena, points, count) = mount.point;
	}
	*arena_push(arena, points, count) = NULL;
	*ret_points = points;
	return result;
}

static int job_decide(struct job *job, const struct plan *plan,
                      const struct plan_cgroup *cgroup,
                      const struct oci_spec *spec,
                      const struct plan_criu_options *options,
                      struct error *err)
{
	const char *const *mountpoints = NULL;
	int result = read_mountpoints(job->arena, &mountpoints, err);

	if (result == 0)
		result = plan_criu(job->arena, plan, cgroup, spec, options,
		                   mountpoints, &job->plan, err);
	return result;
}

/* The file of options for CRIU that is meant, or NULL. */
static const char *job_config(const struct job *job)
{
	static const char *const files[] = { "/etc/criu/runf.conf",
		                             "/etc/criu/runc.conf" };
	const char *named = job->plan.config;
	size_t i;

	if (named)
		return *named ? named : NULL;
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (sys_faccessat(AT_FDCWD, files[i], R_OK, 0) == 0)
			return files[i];
	return NULL;
}

int job_decide_roots(struct job *job, const struct plan_cgroup *cgroup,
                     struct error *err)
{
	char *ours = NULL;
	size_t length;
	int result = job_read_proc(job->arena, "self", "cgroup", &ours, &length,
	                           err);

	if (result == 0)
		plan_criu_roots(job->arena, cgroup, ours, &job->plan);
	return result;
}

/* ---- CRIU itself */

static const char *version_text(struct arena *arena, int version)
{
	return arena_printf(arena, "%d.%d.%d", version / 10000,
	                    version / 100 % 100, version % 100);
}

static int job_check_version(struct job *job, struct error *err)
{
	int version = 0;
	int result = criu_ask_version(job->arena, &job->program, &version, err);

	if (result == 0 && version < job->plan.version)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"CRIU %s (\"%s\") is too old: this needs %s or newer (package criu)",
			version_text(job->arena, version), job->program.path,
			version_text(job->arena, job->plan.version));
	return result;
}

static int job_check_features(struct job *job, struct error *err)
{
	struct criu_features features = { 0 };
	const char *missing = NULL;
	int result = 0;

	if (!job->plan.needs_memory_tracking && !job->plan.needs_lazy_pages)
		return 0;
	result = criu_ask_features(job->arena, &job->program, &features, err);
	if (result < 0)
		return result;
	if (job->plan.needs_memory_tracking && !features.memory_tracking)
		missing =
			"track memory, which --pre-dump and --parent-path need";
	else if (job->plan.needs_lazy_pages && !features.lazy_pages)
		missing = "fetch pages lazily";
	if (missing)
		return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                 "CRIU and this kernel cannot %s", missing);
	return 0;
}

/* ---- directories */

static int job_open_dir(struct job *job, const char *path,
                        const char **ret_path, int *ret_fd, struct error *err)
{
	char name[32];
	char real[4096];
	bool dumps = job->plan.task != PLAN_CRIU_RESTORE;
	int result = dumps ? sys_mkdirat(AT_FDCWD, path, DIR_MODE) : 0;
	auto_close int fd = -1;
	ssize_t length;

	if (result == 0 || result == -EEXIST)
		result = fd =
			sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (result < 0)
		return error_system(err, result, "open directory \"%s\"", path);
	/* For messages: the caller's directory may not be the reader's. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = sys_readlinkat(AT_FDCWD, name, real, sizeof(real));
	*ret_path = length < 0 ? path : arena_strdup(job->arena, real);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Only one group more can read images; they inherit it. */
static int job_share_images(struct job *job, struct error *err)
{
	const struct opt_u32 *group = &job->plan.image_group;
	int result = 0;

	job->request.umask = group->set ? GROUP_UMASK : IMAGE_UMASK;
	if (group->set)
		result = sys_fchown(job->images, (uid_t)-1, group->value);
	if (group->set && result == 0)
		result = sys_fchmod(job->images, GROUP_DIR_MODE);
	if (result < 0)
		return error_system(err, result,
		                    "let group %u read the images in \"%s\"",
		                    group->value, job->images_path);
	return 0;
}

static int job_open_dirs(struct job *job, struct error *err)
{
	const struct runf_criu_options *options = job->options;
	struct criu_request *request = &job->request;
	const char *parent = job->plan.parent_path;
	struct stat found;
	int result;

	request->images =
		options->image_path ? options->image_path : IMAGES_DEFAULT;
	request->work =
		options->work_path ? options->work_path : request->images;
	result = job_open_dir(job, request->images, &job->images_path,
	                      &job->images, err);
	if (result == 0)
		result = job_share_images(job, err);
	if (result == 0)
		result = job_open_dir(job, request->work, &job->work_path,
		                      &job->work, err);
	if (result < 0 || !parent)
		return result;
	result = sys_fstatat(job->images, parent, &found, 0);
	if (result == 0 && !S_ISDIR(found.st_mode))
		result = -ENOTDIR;
	if (result < 0)
		return error_system(err, result, "parent \"%s\" of \"%s\"",
		                    parent, job->images_path);
	return 0;
}

int job_prepare(struct job *job, const struct plan *plan,
                const struct plan_cgroup *cgroup, const struct oci_spec *spec,
                const struct plan_criu_options *options, struct error *err)
{
	int result = job_decide(job, plan, cgroup, spec, options, err);

	if (result == 0)
		result = criu_find(job->arena, job->engine->criu, &job->program,
		                   err);
	if (result == 0)
		result = job_check_version(job, err);
	if (result == 0)
		result = job_check_features(job, err);
	if (result == 0)
		result = job_open_dirs(job, err);
	job->request.config = job_config(job);
	job->request.log = job->plan.task == PLAN_CRIU_RESTORE ? "restore.log"
	                                                       : "dump.log";
	return result;
}

void job_add_external(struct job *job, const char *format, ...)
{
	struct criu_request *request = &job->request;
	char text[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	*arena_push(job->arena, request->external, request->external_count) =
		arena_strdup(job->arena, text);
}

/* ---- the log */

/* The last lines that tell of trouble, in their order, between "; ". */
static const char *quote_trouble(struct arena *arena, char *text)
{
	const char *lines[LOG_QUOTED] = { NULL };
	struct buf buf = { .arena = arena };
	size_t i;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *trouble = strstr(line, LOG_TROUBLE);
		const char *words = trouble ? strstr(trouble, "): ") : NULL;

		if (!words)
			continue;
		for (i = 0; i + 1 < LOG_QUOTED; i++)
			lines[i] = lines[i + 1];
		lines[i] = words + 3;
	}
	for (i = 0; i < LOG_QUOTED; i++)
		if (lines[i])
			buf_printf(&buf, "%s%.*s", buf.length ? "; " : "",
			           LOG_LINE, lines[i]);
	return buf_str(&buf);
}

static const char *read_trouble(const struct job *job)
{
	char *text = arena_alloc(job->arena, LOG_TAIL + 1);
	auto_close int fd = sys_openat(job->work, job->request.log,
	                               O_RDONLY | O_NOFOLLOW, 0);
	struct stat found;
	ssize_t length;

	if (fd < 0 || sys_fstat(fd, &found) < 0 || !S_ISREG(found.st_mode))
		return "";
	length = sys_pread(fd, text, LOG_TAIL,
	                   found.st_size > LOG_TAIL ? found.st_size - LOG_TAIL
	                                            : 0);
	return length > 0 ? quote_trouble(job->arena, text) : "";
}

/* An old log would be quoted for a CRIU that never got to write its own. */
static void job_forget_log(const struct job *job)
{
	sys_unlinkat(job->work, job->request.log, 0);
}

int job_run(struct job *job, const struct criu_listener *listener,
            pid_t *ret_pid, struct error *err)
{
	struct error why = { .code = 0 };
	const char *trouble;
	int result;

	job_forget_log(job);
	result = criu_run(job->arena, &job->program, &job->request, listener,
	                  ret_pid, &why);
	if (result == 0)
		return 0;
	trouble = result == CRIU_FAILED ? read_trouble(job) : "";
	return error_set(err, why.kind, result, "criu: %s (log: \"%s/%s\")",
	                 *trouble ? trouble : why.text, job->work_path,
	                 job->request.log);
}
