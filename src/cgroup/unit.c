/* SPDX-License-Identifier: Apache-2.0 */
/* Containers in units of systemd: the helper that speaks with it is run. */
#include "plan/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/libexec.h"
#include "base/path.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/process.h"
#include "sys/socket.h"

/* The protocol stands at the top of cgroup/systemd.c. */
#define HELPER "systemd"

/* Longer than the helper itself waits, so that it can say what was late. */
#define PATIENCE_MS 30000

#define EXIT_NO_RUN 127

static char *helper_path(struct arena *arena)
{
	return arena_printf(arena, "%s/" HELPER, libexec_dir(RUNF_LIBEXEC));
}

bool cgroup_has_systemd(void)
{
	auto_arena struct arena arena = { 0 };

	return sys_faccessat(AT_FDCWD, helper_path(&arena), X_OK, 0) == 0;
}

static int check_helper(const char *path, struct error *err)
{
	int result = sys_faccessat(AT_FDCWD, path, X_OK, 0);

	if (result == -ENOENT)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"the systemd cgroup driver needs the program \"%s\", which is not installed: build runf with libsystemd (Debian package libsystemd-dev)",
			path);
	if (result < 0)
		return error_system(err, result, "execute \"%s\"", path);
	return 0;
}

/* What it cannot say in its own way, the loader's words say: on the socket. */
static void become_helper(char *path, int socket)
{
	char *args[] = { path, NULL };
	int high = sys_dup_above(socket, 3);
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (high < 0 || sys_dup3(high, fd, 0) < 0)
			sys_exit(EXIT_NO_RUN);
	sys_close_range(3, ~0U, 0);
	sys_reset_signals();
	sys_execve(path, args, environ);
	sys_exit(EXIT_NO_RUN);
}

static int start_helper(struct arena *arena, struct cgroup_unit *unit,
                        struct error *err)
{
	auto_close int theirs = -1;
	char *path = helper_path(arena);
	int ends[2];
	pid_t pid;
	int result = check_helper(path, err);

	if (result < 0)
		return result;
	result = sys_socketpair(SOCK_SEQPACKET, ends);
	if (result < 0)
		return error_system(err, result, "make the helper's socket");
	unit->socket = ends[0];
	theirs = ends[1];
	pid = sys_clone(0, -1, &unit->pidfd);
	if (pid < 0)
		return error_system(err, pid, "run \"%s\"", path);
	if (pid == 0)
		become_helper(path, theirs);
	unit->pid = pid;
	return 0;
}

static int receive_answer(const struct plan_unit *plan,
                          const struct cgroup_unit *unit, char *text,
                          size_t size, struct error *err)
{
	ssize_t length;
	int result = sys_wait_readable(unit->socket, PATIENCE_MS);

	if (result == 0)
		return error_set(err, ERROR_SYSTEM, -ETIMEDOUT,
		                 "systemd: no answer about unit %s",
		                 plan->name);
	length = result;
	if (result > 0)
		length = sys_read(unit->socket, text, size - 1);
	if (length <= 0)
		return error_system(err, length < 0 ? (int)length : -EPIPE,
		                    "systemd: unit %s: hear from the helper",
		                    plan->name);
	while (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	if (*text == '+')
		return 0;
	if (*text == '!')
		return error_set(err, ERROR_EXISTS, -EEXIST, "systemd: %s",
		                 text + 1);
	return error_set(err, ERROR_SYSTEM, -EIO, "systemd: %s", text);
}

static void add_string(struct buf *request, const char *text)
{
	buf_add(request, text, strlen(text) + 1);
}

static void add_properties(struct buf *request, const struct plan_unit *unit)
{
	size_t i;
	size_t t;

	for (i = 0; i < unit->count; i++) {
		const struct plan_unit_property *property =
			&unit->properties[i];

		if (property->recent)
			buf_add_char(request, '?');
		add_string(request, property->name);
		add_string(request, property->value.type);
		for (t = 0; t < property->value.count; t++)
			add_string(request, property->value.tokens[t]);
	}
}

/*
 * Ask for VERB with the request's further strings. The helper is UNIT, which
 * the caller releases; TEXT becomes its answer.
 */
static int ask(const struct plan_unit *plan, const char *verb,
               const struct buf *more, struct cgroup_unit *unit, char text[512],
               struct error *err)
{
	struct buf request = { .arena = more->arena };
	ssize_t sent;
	int result = start_helper(more->arena, unit, err);

	if (result < 0)
		return result;
	add_string(&request, verb);
	add_string(&request, plan->user ? "user" : "system");
	add_string(&request, plan->name);
	if (more->length)
		buf_add(&request, more->data, more->length);
	sent = sys_send_fds(unit->socket, request.data, request.length, NULL,
	                    0);
	if (sent < 0)
		return error_system(err, (int)sent,
		                    "systemd: unit %s: tell the helper",
		                    plan->name);
	return receive_answer(plan, unit, text, 512, err);
}

/* The same when the answer is all. */
static int tell(const struct plan_unit *plan, const char *verb,
                const struct buf *more, struct error *err)
{
	struct cgroup_unit unit = CGROUP_UNIT_NONE;
	char text[512];
	int result = ask(plan, verb, more, &unit, text, err);

	cgroup_release_unit(&unit);
	return result;
}

void cgroup_release_unit(struct cgroup_unit *unit)
{
	siginfo_t info;

	if (unit->pid > 0) {
		/* A word lets it go, too. (Init may have the socket's copy.) */
		if (sys_pidfd_send_signal(unit->pidfd, SIGKILL) < 0)
			sys_send_fds(unit->socket, "-", 1, NULL, 0);
		sys_waitid(P_PIDFD, (id_t)unit->pidfd, &info, WEXITED);
	}
	fd_close(&unit->pidfd);
	fd_close(&unit->socket);
	*unit = CGROUP_UNIT_NONE;
}

/* ---- where it came to be */

/*
 * The path that the helper is in, in whichever hierarchy that systemd uses:
 * the line that ends in the unit's name.
 */
static int find_place(struct arena *arena, const struct plan_unit *plan,
                      pid_t helper, const char **ret_path, struct error *err)
{
	const char *end = arena_printf(arena, "/%s", plan->name);
	char file[32];
	char text[CGROUP_TEXT_MAX];
	char *rest = text;
	char *line;
	ssize_t length;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", helper);
	length = sys_read_file(AT_FDCWD, file, text, sizeof(text));
	if (length < 0)
		return error_system(err, (int)length, "read %s", file);
	while ((line = strsep(&rest, "\n"))) {
		char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		if (!path || !str_has_suffix(path, end) ||
		    path_has_dotdot(path + 1))
			continue;
		*ret_path = arena_strdup(arena, path + 1);
		return 0;
	}
	return error_set(
		err, ERROR_SYSTEM, -ESRCH,
		"systemd: unit %s was made, but its process is not in it",
		plan->name);
}

/* What of the path is below the unit's own cgroup: "" or "/container". */
static const char *below_unit(struct arena *arena,
                              const struct plan_cgroup *plan)
{
	const char *name = arena_printf(arena, "/%s", plan->unit.name);
	const char *at = strstr(plan->path, name);

	return at ? at + strlen(name) : "";
}

/*
 * A cgroup that has processes of its own hands no controllers down: the helper
 * goes where the container will be.
 */
static int move_below(const struct plan_cgroup *placed, pid_t helper,
                      struct error *err)
{
	char pid[16];
	size_t i;
	int result = 0;

	snprintf(pid, sizeof(pid), "%d", helper);
	for (i = 0; result == 0 && i < placed->dirs_count; i++) {
		const struct plan_cgroup_dir *dir = &placed->dirs[i];
		auto_close int mount = -1;
		auto_close int leaf = -1;

		if (!dir_is_v2(dir))
			continue;
		result = mount = dir_open_mount(dir);
		if (result >= 0)
			result = sys_mkdirat(mount, dir->path + 1, 0755);
		if (result == 0)
			result = leaf = dir_open(dir);
		if (result >= 0)
			result = sys_write_file(leaf, "cgroup.procs", pid);
		if (result < 0)
			return error_system(err, result,
			                    "systemd: move into cgroup %s%s",
			                    dir->mount, dir->path);
	}
	return result;
}

/* The same plan elsewhere. */
static const struct plan_cgroup *place(struct arena *arena,
                                       const struct plan_cgroup *plan,
                                       const char *path)
{
	struct plan_cgroup *placed = arena_new(arena, struct plan_cgroup);
	size_t i;

	*placed = *plan;
	placed->path = path;
	placed->dirs = arena_new_array(arena, struct plan_cgroup_dir,
	                               plan->dirs_count);
	for (i = 0; i < plan->dirs_count; i++) {
		placed->dirs[i] = plan->dirs[i];
		placed->dirs[i].path = path;
	}
	return placed;
}

int cgroup_start_unit(const struct plan_cgroup *plan, struct arena *arena,
                      struct cgroup_unit *ret_unit,
                      const struct plan_cgroup **ret_placed, struct error *err)
{
	struct cgroup_unit unit = CGROUP_UNIT_NONE;
	struct buf more = { .arena = arena };
	char text[512];
	const char *below = below_unit(arena, plan);
	const struct plan_cgroup *placed = NULL;
	const char *path = NULL;
	int result;

	add_properties(&more, &plan->unit);
	result = ask(&plan->unit, "start", &more, &unit, text, err);
	/* It is in a scope, but not in a slice, which it tells about. */
	if (result == 0 && text[1] == '/')
		path = path_clean(arena, text + 1);
	else if (result == 0)
		result = find_place(arena, &plan->unit, unit.pid, &path, err);
	if (result == 0)
		placed = place(arena, plan,
		               arena_printf(arena, "%s%s", path, below));
	if (result == 0 && *below && !str_has_suffix(plan->unit.name, ".slice"))
		result = move_below(placed, unit.pid, err);
	if (result < 0) {
		cgroup_release_unit(&unit);
		return result;
	}
	*ret_unit = unit;
	*ret_placed = placed;
	return 0;
}

int cgroup_attach_to_unit(const struct plan_cgroup *plan, pid_t pid,
                          struct error *err)
{
	const struct plan_cgroup_dir *main = cgroup_main_dir(plan);
	auto_arena struct arena arena = { 0 };
	struct buf more = { .arena = &arena };

	add_string(&more, arena_printf(&arena, "%d", pid));
	/* systemd makes none below, and only in a v2 tree it was made. */
	add_string(&more,
	           main && dir_is_v2(main) ? below_unit(&arena, plan) : "");
	return tell(&plan->unit, "attach", &more, err);
}

int cgroup_stop_unit(const struct plan_cgroup *plan, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	struct buf more = { .arena = &arena };

	return tell(&plan->unit, "stop", &more, err);
}

/* ---- its properties */

/* A file's first word as a number; "max" and -1 are UINT64_MAX. */
static int read_number(const struct cgroup *cgroup, const char *controller,
                       const char *file, char text[64], uint64_t *ret_value)
{
	size_t i;
	ssize_t length = -ENOENT;

	for (i = 0; i < cgroup->count && length == -ENOENT; i++)
		if (!*controller ? dir_is_v2(&cgroup->plan->dirs[i])
		                 : dir_has(&cgroup->plan->dirs[i], controller))
			length = sys_read_file(cgroup->dirs[i], file, text, 64);
	if (length < 0)
		return (int)length;
	text[strcspn(text, "\n")] = '\0';
	*ret_value = UINT64_MAX;
	if (str_after(text, "max") || *text == '-')
		return 0;
	*ret_value = strtoull(text, NULL, 10);
	return 0;
}

/* Only one of quota and period may have changed, and they make one number. */
static void add_cpu_quota(const struct cgroup *cgroup, struct arena *arena,
                          struct plan_unit *unit)
{
	char text[64];
	uint64_t quota;
	uint64_t period = 0;
	const char *space;

	if (read_number(cgroup, "", "cpu.max", text, &quota) == 0) {
		space = strchr(text, ' ');
		period = space ? strtoull(space, NULL, 10) : 0;
	} else if (read_number(cgroup, "cpu", "cpu.cfs_quota_us", text,
	                       &quota) < 0 ||
	           read_number(cgroup, "cpu", "cpu.cfs_period_us", text,
	                       &period) < 0) {
		return;
	}
	if (period)
		plan_unit_add_cpu(arena, unit, quota, period);
}

int cgroup_set_unit(const struct cgroup *cgroup, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	struct buf more = { .arena = &arena };
	struct plan_unit unit = cgroup->plan->unit;
	struct plan_unit_property *given = unit.properties;
	size_t count = unit.count;
	size_t i;

	/* Arrays grow only in the arena that they came from. */
	unit.properties = NULL;
	unit.count = 0;
	for (i = 0; i < count; i++)
		*arena_push(&arena, unit.properties, unit.count) = given[i];
	if (unit.cpu_quota)
		add_cpu_quota(cgroup, &arena, &unit);
	if (!unit.count)
		return 0;
	add_properties(&more, &unit);
	return tell(&unit, "set", &more, err);
}
