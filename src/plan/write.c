/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as JSON: what would happen, in the order in which it would. */
#include "plan/write.h"

#include <inttypes.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>

#include "oci/oci.h"
#include "plan/criu.h"
#include "plan/decide.h"

#define NUMBER_SIZE 32

/* All names of the longest table with commas, several times over. */
#define FLAGS_SIZE 512

static const struct str_value mount_attributes[] = {
	{ "ro", MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC },
	{ "atime", MOUNT_ATTR__ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME },
	{ "idmap", 0x00100000 },
	{ "nosymfollow", 0x00200000 },
	{ NULL, 0 },
};

static const struct str_value propagations[] = {
	{ "recursive", MS_REC },         { "shared", MS_SHARED },
	{ "slave", MS_SLAVE },           { "private", MS_PRIVATE },
	{ "unbindable", MS_UNBINDABLE }, { NULL, 0 },
};

/* ---- values that may be left out */

void write_text(struct json_writer *w, const char *key, const char *value)
{
	if (value)
		json_put_str(w, key, value);
}

void write_true(struct json_writer *w, const char *key, bool value)
{
	if (value)
		json_put_bool(w, key, true);
}

void write_strings(struct json_writer *w, const char *key, char *const *items)
{
	if (!items)
		return;
	json_open_array(w, key);
	for (; *items; items++)
		json_put_str(w, NULL, *items);
	json_close_array(w);
}

void write_flags(struct json_writer *w, const char *key,
                 const struct str_value *names, uint64_t flags)
{
	char text[FLAGS_SIZE] = "";
	size_t used = 0;

	if (flags == 0)
		return;
	for (; names->name; names++) {
		if (names->value == 0 || (flags & names->value) != names->value)
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "%s%s", used > 0 ? "," : "",
		                         names->name);
		flags &= ~names->value;
	}
	if (flags != 0)
		snprintf(text + used, sizeof(text) - used, "%s%#" PRIx64,
		         used > 0 ? "," : "", flags);
	json_put_str(w, key, text);
}

void write_mode(struct json_writer *w, const char *key, uint32_t mode)
{
	char number[NUMBER_SIZE];

	snprintf(number, sizeof(number), "%04o", mode & ~(uint32_t)S_IFMT);
	json_put_str(w, key, number);
}

/* "c 1:3" from a dev_t as Linux lays it out. */
static void put_device_number(struct json_writer *w, uint32_t mode,
                              uint64_t device)
{
	uint64_t major = (device >> 8 & 0xfff) | (device >> 32 & ~0xfffULL);
	uint64_t minor = (device & 0xff) | (device >> 12 & 0xffffff00ULL);
	char type = 'c';
	char number[2 * NUMBER_SIZE];

	if (S_ISBLK(mode))
		type = 'b';
	else if (S_ISFIFO(mode))
		type = 'p';
	snprintf(number, sizeof(number), "%c %" PRIu64 ":%" PRIu64, type, major,
	         minor);
	json_put_str(w, "device", number);
}

/* ---- sources and namespaces */

static void put_fs_options(struct json_writer *w,
                           const struct plan_mount *mount)
{
	size_t i;

	if (mount->options_count == 0)
		return;
	json_open_object(w, "options");
	for (i = 0; i < mount->options_count; i++)
		json_put_str(w, mount->options[i].key,
		             mount->options[i].value ? mount->options[i].value
		                                     : "");
	json_close_object(w);
}

static void put_source(struct json_writer *w, const struct plan_source *source)
{
	static const char *const kinds[] = {
		[PLAN_SOURCE_NAMESPACE] = "namespace",
		[PLAN_SOURCE_TREE] = "tree",
		[PLAN_SOURCE_DEVICE] = "device",
		[PLAN_SOURCE_NODE] = "node",
		[PLAN_SOURCE_FS] = "fs",
	};

	json_open_object(w, NULL);
	json_put_str(w, "open", kinds[source->kind]);
	json_put_str(w, "path", source->path);
	write_text(w, "type",
	           str_name_of(oci_namespace_types,
	                       (uint64_t)source->namespace_type));
	write_true(w, "recursive", source->recursive);
	write_true(w, "noFollow", source->no_follow);
	if (source->fs) {
		put_fs_options(w, source->fs);
		write_text(w, "data", source->fs->data);
		write_text(w, "directory", source->fs->directory);
		write_true(w, "loop", source->fs->loop);
	}
	write_text(w, "uidMap", source->uid_map);
	write_text(w, "gidMap", source->gid_map);
	write_true(w, "idmapRecursive", source->idmap_recursive);
	write_true(w, "idmapLayers", source->idmap_layers);
	if (source->kind == PLAN_SOURCE_DEVICE ||
	    source->kind == PLAN_SOURCE_NODE)
		put_device_number(w, source->mode, source->device);
	if (source->kind == PLAN_SOURCE_NODE) {
		write_mode(w, "mode", source->mode);
		json_put_u64(w, "uid", source->uid);
		json_put_u64(w, "gid", source->gid);
	}
	json_close_object(w);
}

static void put_ns_step(struct json_writer *w, const struct plan_ns_step *step)
{
	static const char *const actors[] = {
		[PLAN_IN_PARENT] = "parent",
		[PLAN_IN_BRIDGE] = "bridge",
		[PLAN_IN_INIT] = "init",
	};
	static const char *const verbs[] = {
		[PLAN_NS_JOIN] = "join",
		[PLAN_NS_CLONE] = "clone",
		[PLAN_NS_UNSHARE] = "unshare",
		[PLAN_NS_WAIT_IDMAP] = "wait-idmap",
		[PLAN_NS_OFFSETS] = "offsets",
		[PLAN_NS_TAKE] = "take",
		[PLAN_NS_BECOME_ROOT] = "become-root",
	};

	json_put_str(w, "by", actors[step->actor]);
	json_put_str(w, "verb", verbs[step->verb]);
	write_flags(w, "types", oci_namespace_types, (uint32_t)step->flags);
	if (step->verb == PLAN_NS_JOIN)
		json_put_u64(w, "source", step->source);
}

static void put_idmap(struct json_writer *w, const struct plan_idmap *idmap)
{
	if (!idmap->needed)
		return;
	json_open_object(w, "idmap");
	json_put_str(w, "uidMap", idmap->uid_map);
	json_put_str(w, "gidMap", idmap->gid_map);
	write_true(w, "denySetgroups", idmap->deny_setgroups);
	write_true(w, "useHelpers", idmap->use_helpers);
	json_put_u64(w, "rootUid", idmap->root_uid);
	json_put_u64(w, "rootGid", idmap->root_gid);
	json_close_object(w);
}

static void put_namespaces(struct json_writer *w,
                           const struct plan_namespaces *ns)
{
	size_t i;

	json_open_object(w, "namespaces");
	write_flags(w, "all", oci_namespace_types, (uint32_t)ns->all);
	write_flags(w, "created", oci_namespace_types, (uint32_t)ns->created);
	json_open_array(w, "steps");
	for (i = 0; i < ns->count; i++) {
		json_open_object(w, NULL);
		put_ns_step(w, &ns->steps[i]);
		json_close_object(w);
	}
	json_close_array(w);
	put_idmap(w, &ns->idmap);
	write_text(w, "timeOffsets", ns->time_offsets);
	json_close_object(w);
}

/* ---- steps */

static void put_mount(struct json_writer *w, const struct plan_mount *mount)
{
	static const char *const kinds[] = {
		[PLAN_MOUNT_FS] = "fs",
		[PLAN_MOUNT_BIND] = "bind",
		[PLAN_MOUNT_INNER] = "inner",
		[PLAN_MOUNT_ATTR] = "attr",
	};

	json_put_str(w, "kind", kinds[mount->kind]);
	json_put_str(w, "destination", mount->destination);
	write_text(w, "type", mount->type);
	write_text(w, "origin", mount->origin);
	if (mount->kind == PLAN_MOUNT_BIND)
		json_put_u64(w, "source", mount->source);
	put_fs_options(w, mount);
	write_text(w, "data", mount->data);
	if (mount->data_flags)
		json_put_u64(w, "dataFlags", mount->data_flags);
	write_text(w, "label", mount->label);
	write_flags(w, "set", mount_attributes, mount->set);
	write_flags(w, "clear", mount_attributes, mount->clear);
	write_flags(w, "late", mount_attributes, mount->late);
	write_flags(w, "recursiveSet", mount_attributes, mount->recursive_set);
	write_flags(w, "recursiveClear", mount_attributes,
	            mount->recursive_clear);
	write_flags(w, "propagation", propagations, mount->propagation);
	write_true(w, "propagationRecursive", mount->propagation_recursive);
	write_true(w, "copyMode", mount->copy_mode);
	write_true(w, "copyUp", mount->copy_up);
	write_true(w, "noFollow", mount->no_follow);
	write_true(w, "onLink", mount->on_link);
	write_true(w, "isProc", mount->is_proc);
	write_true(w, "copySymlink", mount->copy_symlink);
	write_true(w, "mayLackAttributes", mount->may_lack_attr);
	if (mount->kind == PLAN_MOUNT_FS && mount->fallback_source >= 0)
		json_put_i64(w, "fallbackSource", mount->fallback_source);
}

static void put_device(struct json_writer *w, const struct plan_device *device)
{
	json_put_str(w, "path", device->path);
	put_device_number(w, device->mode, device->device);
	write_mode(w, "mode", device->mode);
	json_put_u64(w, "uid", device->uid);
	json_put_u64(w, "gid", device->gid);
	if (device->bind)
		json_put_u64(w, "source", device->source);
}

static void put_link(struct json_writer *w, const struct plan_link *link)
{
	json_put_str(w, "path", link->path);
	json_put_str(w, "target", link->target);
	write_true(w, "replace", link->replace);
	write_true(w, "ifExists", link->if_exists);
}

static void put_sysctl(struct json_writer *w, const struct plan_sysctl *sysctl)
{
	json_put_str(w, "key", sysctl->key);
	json_put_str(w, "path", sysctl->path);
	json_put_str(w, "value", sysctl->value);
}

static const char *const step_names[] = {
	[PLAN_STEP_NAMESPACE] = "namespace",
	[PLAN_STEP_KEYRING] = "keyring",
	[PLAN_STEP_LOOPBACK] = "loopback",
	[PLAN_STEP_HOSTNAME] = "hostname",
	[PLAN_STEP_DOMAINNAME] = "domainname",
	[PLAN_STEP_CUT] = "cut",
	[PLAN_STEP_ROOT] = "root",
	[PLAN_STEP_ROOT_MOUNT] = "root-mount",
	[PLAN_STEP_HOST_ROOT] = "host-root",
	[PLAN_STEP_MOUNT] = "mount",
	[PLAN_STEP_DEVICE] = "device",
	[PLAN_STEP_LINK] = "link",
	[PLAN_STEP_CONSOLE] = "console",
	[PLAN_STEP_RUNTIME_HOOKS] = "runtime-hooks",
	[PLAN_STEP_CONTAINER_HOOKS] = "container-hooks",
	[PLAN_STEP_PIVOT] = "pivot",
	[PLAN_STEP_MOVE_ROOT] = "move-root",
	[PLAN_STEP_CHROOT] = "chroot",
	[PLAN_STEP_WAIT_CGROUP] = "wait-cgroup",
	[PLAN_STEP_SYSCTL] = "sysctl",
	[PLAN_STEP_PROPAGATION] = "propagation",
	[PLAN_STEP_READONLY_ROOT] = "readonly-root",
	[PLAN_STEP_MASK] = "mask",
	[PLAN_STEP_READONLY] = "readonly",
};

const char *plan_step_name(enum plan_step_kind kind)
{
	return step_names[kind];
}

const char *plan_step_detail(const struct plan_step *step)
{
	switch (step->kind) {
	case PLAN_STEP_ROOT_MOUNT: return step->mount.origin;
	case PLAN_STEP_MOUNT: return step->mount.destination;
	case PLAN_STEP_DEVICE: return step->device.path;
	case PLAN_STEP_LINK: return step->link.path;
	case PLAN_STEP_SYSCTL: return step->sysctl.key;
	case PLAN_STEP_KEYRING:
	case PLAN_STEP_HOSTNAME:
	case PLAN_STEP_DOMAINNAME:
	case PLAN_STEP_ROOT:
	case PLAN_STEP_HOST_ROOT:
	case PLAN_STEP_MASK:
	case PLAN_STEP_READONLY: return step->text;
	case PLAN_STEP_NAMESPACE:
	case PLAN_STEP_CUT:
	case PLAN_STEP_PROPAGATION:
	case PLAN_STEP_LOOPBACK:
	case PLAN_STEP_CONSOLE:
	case PLAN_STEP_RUNTIME_HOOKS:
	case PLAN_STEP_CONTAINER_HOOKS:
	case PLAN_STEP_PIVOT:
	case PLAN_STEP_MOVE_ROOT:
	case PLAN_STEP_CHROOT:
	case PLAN_STEP_WAIT_CGROUP:
	case PLAN_STEP_READONLY_ROOT: break;
	}
	return NULL;
}

static void put_step(struct json_writer *w, const struct plan_step *step)
{
	json_open_object(w, NULL);
	json_put_str(w, "do", step_names[step->kind]);
	switch (step->kind) {
	case PLAN_STEP_NAMESPACE: put_ns_step(w, &step->ns); break;
	case PLAN_STEP_ROOT_MOUNT:
	case PLAN_STEP_MOUNT: put_mount(w, &step->mount); break;
	case PLAN_STEP_DEVICE: put_device(w, &step->device); break;
	case PLAN_STEP_LINK: put_link(w, &step->link); break;
	case PLAN_STEP_SYSCTL: put_sysctl(w, &step->sysctl); break;
	case PLAN_STEP_CUT:
	case PLAN_STEP_PROPAGATION:
		write_flags(w, "flags", propagations, step->flags);
		break;
	case PLAN_STEP_KEYRING:
	case PLAN_STEP_HOSTNAME:
	case PLAN_STEP_DOMAINNAME:
	case PLAN_STEP_ROOT:
	case PLAN_STEP_HOST_ROOT:
	case PLAN_STEP_MASK:
	case PLAN_STEP_READONLY: write_text(w, "text", step->text); break;
	case PLAN_STEP_READONLY_ROOT: write_text(w, "make", step->text); break;
	case PLAN_STEP_LOOPBACK:
	case PLAN_STEP_CONSOLE:
	case PLAN_STEP_RUNTIME_HOOKS:
	case PLAN_STEP_CONTAINER_HOOKS:
	case PLAN_STEP_PIVOT:
	case PLAN_STEP_MOVE_ROOT:
	case PLAN_STEP_CHROOT:
	case PLAN_STEP_WAIT_CGROUP: break;
	}
	if (step->beside)
		json_put_u64(w, "beside", step->beside);
	json_close_object(w);
}

/* ---- hooks, and the whole */

static void put_hooks(struct json_writer *w, const struct plan *plan)
{
	size_t kind;
	size_t i;

	json_open_object(w, "hooks");
	for (kind = 0; kind < PLAN_HOOK_KINDS; kind++) {
		const struct plan_hook_list *list = &plan->hooks[kind];

		if (list->count == 0)
			continue;
		json_open_array(w, oci_hook_names[kind]);
		for (i = 0; i < list->count; i++) {
			json_open_object(w, NULL);
			json_put_str(w, "path", list->items[i].path);
			write_strings(w, "args", list->items[i].args);
			write_strings(w, "env", list->items[i].env);
			write_text(w, "stdout", list->items[i].out);
			write_text(w, "stderr", list->items[i].err);
			if (list->items[i].timeout_ms > 0)
				json_put_u64(w, "timeoutMs",
				             list->items[i].timeout_ms);
			json_close_object(w);
		}
		json_close_array(w);
	}
	json_close_object(w);
}

static void put_sources(struct json_writer *w, const struct plan *plan)
{
	size_t i;

	json_open_array(w, "sources");
	for (i = 0; i < plan->sources_count; i++)
		put_source(w, &plan->sources[i]);
	json_close_array(w);
}

static void put_steps(struct json_writer *w, const struct plan *plan)
{
	size_t i;

	json_open_array(w, "steps");
	for (i = 0; i < plan->steps_count; i++)
		put_step(w, &plan->steps[i]);
	json_close_array(w);
}

void plan_write(struct json_writer *w, const struct plan *plan)
{
	size_t i;

	json_open_object(w, NULL);
	json_put_str(w, "id", plan->id);
	json_put_str(w, "bundle", plan->bundle);
	json_put_str(w, "rootfs", plan->rootfs);
	if (plan->host_root) {
		json_open_object(w, "hostRoot");
		put_sources(w, plan->host_root);
		put_steps(w, plan->host_root);
		json_close_object(w);
	}
	write_true(w, "remount", plan->remount);
	write_text(w, "mountLabel", plan->mount_label);
	put_sources(w, plan);
	write_cgroup(w, &plan->cgroup);
	write_rdt(w, &plan->rdt);
	put_namespaces(w, &plan->ns);
	put_steps(w, plan);
	if (plan->net.args) {
		json_open_object(w, "net");
		write_strings(w, "args", plan->net.args);
		if (plan->net.joined)
			json_put_u64(w, "source", plan->net.source);
		json_close_object(w);
	}
	write_process(w, plan->process);
	write_seccomp(w, &plan->seccomp);
	put_hooks(w, plan);
	write_true(w, "notify", plan->notify);
	write_criu(w, plan);
	json_open_array(w, "warnings");
	for (i = 0; i < plan->warnings_count; i++)
		json_put_str(w, NULL, plan->warnings[i]);
	json_close_array(w);
	json_close_object(w);
}
