/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration to start from: what `spec` writes. */
#include "oci/internal.h"

#define OPTIONS_MAX 8

struct mount_row {
	const char *destination;
	const char *type;
	const char *source;
	const char *options[OPTIONS_MAX];
};

/* clang-format off */
static const struct mount_row mounts[] = {
	{ "/proc", "proc", "proc", { NULL } },
	{ "/dev", "tmpfs", "tmpfs",
	  { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	/* The group stands last: a rootless container cannot have it. */
	{ "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
	    "gid=5" } },
	{ "/dev/shm", "tmpfs", "shm",
	  { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue",
	  { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs",
	  { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup",
	  { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};
/* clang-format on */

/* sysfs belongs to the network namespace, which rootless keeps. */
static const struct mount_row rootless_sys = {
	"/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" }
};

static const char *const args[] = { "sh", NULL };

static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
	NULL,
};

static const char *const capabilities[] = {
	"CAP_AUDIT_WRITE",
	"CAP_KILL",
	"CAP_NET_BIND_SERVICE",
	NULL,
};

static const char *const masked_paths[] = {
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
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
	"/proc/sysrq-trigger", NULL,
};

static void put_list(struct json_writer *w, const char *key,
                     const char *const *items)
{
	json_open_array(w, key);
	for (; *items; items++)
		json_put_str(w, NULL, *items);
	json_close_array(w);
}

/* Never inheritable: a file's inheritable set would raise them again. */
static void put_capabilities(struct json_writer *w)
{
	json_open_object(w, "capabilities");
	put_list(w, "bounding", capabilities);
	put_list(w, "effective", capabilities);
	put_list(w, "permitted", capabilities);
	json_close_object(w);
}

static void put_process(struct json_writer *w)
{
	json_open_object(w, "process");
	json_put_bool(w, "terminal", true);
	json_open_object(w, "user");
	json_put_u64(w, "uid", 0);
	json_put_u64(w, "gid", 0);
	json_close_object(w);
	put_list(w, "args", args);
	put_list(w, "env", env);
	json_put_str(w, "cwd", "/");
	put_capabilities(w);
	json_open_array(w, "rlimits");
	json_open_object(w, NULL);
	json_put_str(w, "type", "RLIMIT_NOFILE");
	json_put_u64(w, "hard", 1024);
	json_put_u64(w, "soft", 1024);
	json_close_object(w);
	json_close_array(w);
	json_put_bool(w, "noNewPrivileges", true);
	json_close_object(w);
}

static void put_mount(struct json_writer *w, const struct mount_row *row,
                      bool rootless)
{
	json_open_object(w, NULL);
	json_put_str(w, "destination", row->destination);
	json_put_str(w, "type", row->type);
	json_put_str(w, "source", row->source);
	if (row->options[0])
		json_open_array(w, "options");
	for (size_t i = 0; i < OPTIONS_MAX && row->options[i]; i++)
		if (!rootless || !str_equal(row->options[i], "gid=5"))
			json_put_str(w, NULL, row->options[i]);
	if (row->options[0])
		json_close_array(w);
	json_close_object(w);
}

static void put_mounts(struct json_writer *w, bool rootless)
{
	json_open_array(w, "mounts");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		bool is_sys = str_equal(mounts[i].type, "sysfs");

		put_mount(w, rootless && is_sys ? &rootless_sys : &mounts[i],
		          rootless);
	}
	json_close_array(w);
}

static void put_mapping(struct json_writer *w, const char *key, uint32_t id)
{
	json_open_array(w, key);
	json_open_object(w, NULL);
	json_put_u64(w, "containerID", 0);
	json_put_u64(w, "hostID", id);
	json_put_u64(w, "size", 1);
	json_close_object(w);
	json_close_array(w);
}

static void put_namespaces(struct json_writer *w, bool rootless)
{
	static const char *const types[] = { "pid", "network", "ipc",
		                             "uts", "mount",   "cgroup" };

	json_open_array(w, "namespaces");
	for (size_t i = 0; i <= ARRAY_SIZE(types); i++) {
		const char *type = i < ARRAY_SIZE(types) ? types[i] : "user";

		if (str_equal(type, rootless ? "network" : "user"))
			continue;
		json_open_object(w, NULL);
		json_put_str(w, "type", type);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_resources(struct json_writer *w)
{
	json_open_object(w, "resources");
	json_open_array(w, "devices");
	json_open_object(w, NULL);
	json_put_bool(w, "allow", false);
	json_put_str(w, "access", "rwm");
	json_close_object(w);
	json_close_array(w);
	json_close_object(w);
}

const char *oci_default_config(struct arena *arena, bool rootless, uint32_t uid,
                               uint32_t gid)
{
	struct json_writer w = { .buf.arena = arena, .indent = "\t" };

	json_open_object(&w, NULL);
	json_put_str(&w, "ociVersion", OCI_VERSION);
	put_process(&w);
	json_open_object(&w, "root");
	json_put_str(&w, "path", "rootfs");
	json_put_bool(&w, "readonly", true);
	json_close_object(&w);
	json_put_str(&w, "hostname", "runf");
	put_mounts(&w, rootless);
	json_open_object(&w, "linux");
	if (rootless) {
		put_mapping(&w, "uidMappings", uid);
		put_mapping(&w, "gidMappings", gid);
	} else {
		put_resources(&w);
	}
	put_namespaces(&w, rootless);
	put_list(&w, "maskedPaths", masked_paths);
	put_list(&w, "readonlyPaths", readonly_paths);
	json_close_object(&w);
	json_close_object(&w);
	buf_add_char(&w.buf, '\n');
	return buf_str(&w.buf);
}
