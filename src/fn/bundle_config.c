/* SPDX-License-Identifier: Apache-2.0 */
/* The config.json of a function's bundle. Pure. */
#include "fn/bundle_config.h"

#include "base/cleanup.h"
#include "fn/policy.h"

/* As in AWS Lambda: no account of the host's, and no root. */
#define FUNCTION_UID 993
#define FUNCTION_GID 990
#define FILES_MAX    1024

#define MB ((uint64_t)1 << 20)

static void put_list(struct json_writer *w, const char *key,
                     const char *const *items)
{
	json_open_array(w, key);
	for (; *items; items++)
		json_put_str(w, NULL, *items);
	json_close_array(w);
}

static void put_rlimit(struct json_writer *w, const char *type, uint64_t value)
{
	json_open_object(w, NULL);
	json_put_str(w, "type", type);
	json_put_u64(w, "hard", value);
	json_put_u64(w, "soft", value);
	json_close_object(w);
}

static void put_process(struct json_writer *w,
                        const struct bundle_config *config)
{
	json_open_object(w, "process");
	json_put_bool(w, "terminal", false);
	if (config->user) {
		json_put_value(w, "user", config->user);
	} else {
		json_open_object(w, "user");
		json_put_u64(w, "uid", FUNCTION_UID);
		json_put_u64(w, "gid", FUNCTION_GID);
		json_close_object(w);
	}
	put_list(w, "args", config->args);
	put_list(w, "env", config->env);
	json_put_str(w, "cwd", config->cwd);
	/* No capabilities: there is no such member. */
	json_open_array(w, "rlimits");
	put_rlimit(w, "RLIMIT_NOFILE", FILES_MAX);
	put_rlimit(w, "RLIMIT_CORE", 0);
	json_close_array(w);
	json_put_bool(w, "noNewPrivileges", true);
	json_close_object(w);
}

/* OPTIONS end in NULL. */
static void put_mount(struct json_writer *w, const char *destination,
                      const char *type, const char *source,
                      const char *const *options)
{
	json_open_object(w, NULL);
	json_put_str(w, "destination", destination);
	json_put_str(w, "type", type);
	json_put_str(w, "source", source);
	put_list(w, "options", options);
	json_close_object(w);
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Few: each of them is a part of every cold start. */
static void put_mounts(struct json_writer *w,
                       const struct bundle_config *config)
{
	const char *size = arena_printf(w->buf.arena, "size=%um",
	                                config->function->tmp_mb);

	json_open_array(w, "mounts");
	put_mount(w, "/proc", "proc", "proc",
	          OPTIONS("nosuid", "noexec", "nodev"));
	put_mount(w, "/dev", "tmpfs", "tmpfs",
	          OPTIONS("nosuid", "noexec", "mode=755", "size=64k"));
	put_mount(w, "/dev/shm", "tmpfs", "shm",
	          OPTIONS("nosuid", "noexec", "nodev", "mode=1777", size));
	put_mount(w, "/sys", "sysfs", "sysfs",
	          OPTIONS("nosuid", "noexec", "nodev", "ro"));
	put_mount(w, "/tmp", "tmpfs", "tmpfs",
	          OPTIONS("nosuid", "nodev", "mode=1777", size));
	if (config->has_task) {
		put_mount(w, "/var/task", "bind", "task",
		          OPTIONS("bind", "ro", "nosuid", "nodev"));
		put_mount(w, "/opt", "bind", "opt",
		          OPTIONS("bind", "ro", "nosuid", "nodev"));
	}
	json_close_array(w);
}

static void put_resources(struct json_writer *w,
                          const struct function *function, bool boost)
{
	uint64_t memory = function->memory_mb * MB;

	json_open_object(w, "resources");
	json_open_array(w, "devices");
	json_open_object(w, NULL);
	json_put_bool(w, "allow", false);
	json_put_str(w, "access", "rwm");
	json_close_object(w);
	json_close_array(w);
	json_open_object(w, "memory");
	json_put_u64(w, "limit", memory);
	/* Memory and swap together: no swap. */
	json_put_u64(w, "swap", memory);
	json_close_object(w);
	json_open_object(w, "pids");
	json_put_u64(w, "limit", function->pids);
	json_close_object(w);
	if (!boost) {
		json_open_object(w, "cpu");
		json_put_u64(w, "quota", function->cpu_quota_us);
		json_put_u64(w, "period", function->cpu_period_us);
		json_close_object(w);
	}
	json_close_object(w);
}

static void put_linux(struct json_writer *w, const struct bundle_config *config,
                      bool boost)
{
	static const char *const namespaces[] = { "pid", "network", "ipc",
		                                  "uts", "mount",   "cgroup" };
	static const char *const masked[] = {
		"/proc/acpi",
		"/proc/asound",
		"/proc/interrupts",
		"/proc/kcore",
		"/proc/keys",
		"/proc/latency_stats",
		"/proc/sched_debug",
		"/proc/scsi",
		"/proc/timer_list",
		"/proc/timer_stats",
		"/sys/firmware",
		"/sys/devices/virtual/powercap",
		NULL,
	};
	static const char *const readonly[] = {
		"/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger", NULL,
	};
	size_t i;

	json_open_object(w, "linux");
	put_resources(w, config->function, boost);
	json_open_array(w, "namespaces");
	for (i = 0; i < ARRAY_SIZE(namespaces); i++) {
		json_open_object(w, NULL);
		json_put_str(w, "type", namespaces[i]);
		json_close_object(w);
	}
	json_close_array(w);
	put_list(w, "maskedPaths", masked);
	put_list(w, "readonlyPaths", readonly);
	bundle_seccomp_write(w);
	json_close_object(w);
}

static void put_annotation(struct json_writer *w, const char *name,
                           const char *value)
{
	json_put_str(w, arena_printf(w->buf.arena, FN_ANNOTATION "%s", name),
	             value);
}

static void put_annotations(struct json_writer *w,
                            const struct function *function)
{
	struct function copy = *function;
	size_t i;

	json_open_object(w, "annotations");
	put_annotation(w, "name", function->name);
	put_annotation(w, "version", function->version);
	put_annotation(w, "handler", function->handler);
	for (i = 0; i < POLICY_LIMITS; i++)
		put_annotation(
			w, policy_limits[i].name,
			arena_printf(w->buf.arena, "%u",
		                     *policy_place(&policy_limits[i], &copy)));
	json_close_object(w);
}

const char *bundle_config_write(struct arena *arena,
                                const struct bundle_config *config, bool boost)
{
	struct json_writer w = { .buf.arena = arena, .indent = "\t" };

	json_open_object(&w, NULL);
	/* An older runtime than ours would refuse a later one. */
	json_put_str(&w, "ociVersion", "1.0.2");
	put_process(&w, config);
	json_open_object(&w, "root");
	json_put_str(&w, "path", config->root_path);
	json_put_bool(&w, "readonly", true);
	json_close_object(&w);
	json_put_str(&w, "hostname", config->function->name);
	put_mounts(&w, config);
	put_linux(&w, config, boost);
	put_annotations(&w, config->function);
	json_close_object(&w);
	buf_add_char(&w.buf, '\n');
	return buf_str(&w.buf);
}
