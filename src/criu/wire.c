/* SPDX-License-Identifier: Apache-2.0 */
/* From what runf means to bytes that CRIU understands, and back. */
#include "criu/wire.h"

#include <errno.h>
#include <stdint.h>
#include <wire.pb-c.h>

#include "base/str.h"

/* Messages about progress; the log is quoted in errors. */
#define LOG_LEVEL_DEBUG 4

static void *take_memory(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void leave_memory(void *arena, void *pointer)
{
	(void)arena;
	(void)pointer;
}

/* The generated structs want strings that could be written to. */
static char *text(const char *value)
{
	return (char *)(uintptr_t)value;
}

static struct wire_bytes pack(struct arena *arena,
                              const struct Wire__Request *request)
{
	struct wire_bytes packed = {
		.size = wire__request__get_packed_size(request),
	};

	packed.bytes = arena_alloc(arena, packed.size);
	wire__request__pack(request, packed.bytes);
	return packed;
}

struct wire_bytes wire_ask_version(struct arena *arena)
{
	struct Wire__Request request = WIRE__REQUEST__INIT;

	request.type = WIRE__TYPE__VERSION;
	return pack(arena, &request);
}

struct wire_bytes wire_ask_features(struct arena *arena)
{
	struct Wire__Request request = WIRE__REQUEST__INIT;
	struct Wire__Features features = WIRE__FEATURES__INIT;

	request.type = WIRE__TYPE__FEATURE_CHECK;
	request.features = &features;
	features.has_memory_tracking = features.memory_tracking = 1;
	features.has_lazy_pages = features.lazy_pages = 1;
	return pack(arena, &request);
}

struct wire_bytes wire_acknowledge(struct arena *arena, bool success)
{
	struct Wire__Request request = WIRE__REQUEST__INIT;

	request.type = WIRE__TYPE__NOTIFY;
	request.has_notify_success = 1;
	request.notify_success = success;
	return pack(arena, &request);
}

/* Pointers to COUNT zeroed messages, each made by a struct initializer. */
#define NEW_LIST(arena, type, count, initial)                             \
	__extension__({                                                   \
		size_t list_count = (count);                              \
		type **list = arena_new_array(arena, type *, list_count); \
		type *items = arena_new_array(arena, type, list_count);   \
		size_t list_i;                                            \
		for (list_i = 0; list_i < list_count; list_i++) {         \
			items[list_i] = (type)initial;                    \
			list[list_i] = &items[list_i];                    \
		}                                                         \
		list;                                                     \
	})

static void put_cgroups(struct arena *arena, const struct plan_criu *plan,
                        struct Wire__Options *o)
{
	static const int modes[] = {
		[PLAN_CRIU_CGROUPS_SOFT] = WIRE__CGROUP_MODE__CGROUP_SOFT,
		[PLAN_CRIU_CGROUPS_FULL] = WIRE__CGROUP_MODE__CGROUP_FULL,
		/* That there was none before has been seen to. */
		[PLAN_CRIU_CGROUPS_STRICT] = WIRE__CGROUP_MODE__CGROUP_FULL,
		[PLAN_CRIU_CGROUPS_IGNORE] = WIRE__CGROUP_MODE__CGROUP_IGNORE,
	};
	size_t i;

	o->has_cgroup_mode = 1;
	o->cgroup_mode = (Wire__CgroupMode)modes[plan->cgroups];
	o->freeze_cgroup = text(plan->freeze_cgroup);
	o->n_cgroup_controllers = plan->controllers_count;
	o->cgroup_controllers =
		arena_new_array(arena, char *, plan->controllers_count);
	for (i = 0; i < plan->controllers_count; i++)
		o->cgroup_controllers[i] = text(plan->controllers[i]);
	o->n_cgroup_roots = plan->roots_count;
	o->cgroup_roots = NEW_LIST(arena, Wire__CgroupRoot, plan->roots_count,
	                           WIRE__CGROUP_ROOT__INIT);
	for (i = 0; i < plan->roots_count; i++) {
		o->cgroup_roots[i]->controller =
			text(plan->roots[i].controller);
		o->cgroup_roots[i]->path = text(plan->roots[i].path);
	}
}

/* What CRIU is to enter where it would have made a namespace. */
static void put_joins(struct arena *arena, const struct plan_criu *plan,
                      struct Wire__Options *o)
{
	size_t i;

	o->joins = NEW_LIST(arena, Wire__JoinNamespace, plan->namespaces_count,
	                    WIRE__JOIN_NAMESPACE__INIT);
	for (i = 0; i < plan->namespaces_count; i++) {
		const struct plan_criu_namespace *ns = &plan->namespaces[i];

		if (ns->key)
			continue;
		o->joins[o->n_joins]->type = text(ns->name);
		o->joins[o->n_joins++]->path = text(ns->path);
	}
}

static void put_lists(struct arena *arena, const struct criu_request *request,
                      struct Wire__Options *o)
{
	size_t i;

	o->n_external = request->external_count;
	o->external = arena_new_array(arena, char *, request->external_count);
	for (i = 0; i < request->external_count; i++)
		o->external[i] = text(request->external[i]);
	o->n_inherit_fds = request->inherit_count;
	o->inherit_fds =
		NEW_LIST(arena, Wire__InheritFd, request->inherit_count,
	                 WIRE__INHERIT_FD__INIT);
	for (i = 0; i < request->inherit_count; i++) {
		o->inherit_fds[i]->key = text(request->inherit[i].key);
		o->inherit_fds[i]->fd = request->inherit[i].fd;
	}
}

/* MEMBER is sent only if it is not what CRIU takes for granted. */
#define PUT(o, member, given)                  \
	do {                                   \
		(o)->has_##member = !!(given); \
		(o)->member = (given);         \
	} while (0)

static void put_flags(const struct plan_criu *plan, struct Wire__Options *o)
{
	const struct plan_criu_flags *flags = &plan->flags;

	PUT(o, leave_running,
	    flags->leave_running || plan->task == PLAN_CRIU_PRE_DUMP);
	PUT(o, tcp_established, flags->tcp_established);
	PUT(o, tcp_skip_in_flight, flags->tcp_skip_in_flight);
	PUT(o, tcp_close, flags->tcp_close);
	PUT(o, link_remap, flags->link_remap);
	PUT(o, ext_unix_sk, flags->ext_unix_sk);
	PUT(o, shell_job, flags->shell_job);
	PUT(o, file_locks, flags->file_locks);
	PUT(o, lazy_pages, flags->lazy_pages);
	PUT(o, auto_dedup, flags->auto_dedup);
	PUT(o, track_memory, plan->needs_memory_tracking);
	PUT(o, orphan_pts_master, true);
	PUT(o, notify_scripts, true);
	PUT(o, restore_sibling, plan->task == PLAN_CRIU_RESTORE);
	PUT(o, empty_namespaces, (uint32_t)plan->empty_namespaces);
	PUT(o, status_fd, (int32_t)plan->status_fd);
	PUT(o, network_lock, (Wire__NetworkLock)plan->network_lock);
}

struct wire_bytes wire_request(struct arena *arena,
                               const struct criu_request *request, int images,
                               int work)
{
	static const int types[] = {
		[PLAN_CRIU_PRE_DUMP] = WIRE__TYPE__PRE_DUMP,
		[PLAN_CRIU_DUMP] = WIRE__TYPE__DUMP,
		[PLAN_CRIU_RESTORE] = WIRE__TYPE__RESTORE,
	};
	const struct plan_criu *plan = request->plan;
	struct Wire__Request message = WIRE__REQUEST__INIT;
	struct Wire__Options o = WIRE__OPTIONS__INIT;
	struct Wire__PageServer server = WIRE__PAGE_SERVER__INIT;

	message.type = (Wire__Type)types[plan->task];
	message.options = &o;
	o.images_dir_fd = images;
	PUT(&o, work_dir_fd, work);
	PUT(&o, pid, request->pid);
	PUT(&o, log_level, LOG_LEVEL_DEBUG);
	o.log_file = text(request->log);
	o.root = text(plan->root);
	o.parent_images = text(plan->parent_path);
	o.config_file = text(request->config);
	o.lsm_profile = text(plan->lsm_profile);
	o.lsm_mount_context = text(plan->lsm_mount_context);
	if (plan->page_server_port) {
		server.address = text(plan->page_server_address);
		PUT(&server, port, plan->page_server_port);
		o.page_server = &server;
	}
	put_flags(plan, &o);
	put_cgroups(arena, plan, &o);
	put_lists(arena, request, &o);
	if (plan->task == PLAN_CRIU_RESTORE)
		put_joins(arena, plan, &o);
	return pack(arena, &message);
}

/* ---- what comes back */

static void read_notification(const struct Wire__Notification *from,
                              struct wire_message *ret)
{
	static const struct str_value events[] = {
		{ "setup-namespaces", CRIU_SETUP_NAMESPACES },
		{ "post-restore", CRIU_POST_RESTORE },
		{ "orphan-pts-master", CRIU_ORPHAN_TERMINAL },
		{ NULL, 0 },
	};
	const struct str_value *known =
		from->script ? str_lookup(events, from->script) : NULL;

	ret->event = known ? (enum criu_event)known->value : CRIU_OTHER;
	ret->pid = from->has_pid ? from->pid : 0;
}

/* 0 if the numbers are none that a version can have. */
static int read_version(const struct Wire__Version *from)
{
	if (from->major < 0 || from->major > 9999 || from->minor < 0 ||
	    from->minor > 99 || from->sublevel < 0 || from->sublevel > 99)
		return 0;
	return CRIU_VERSION(from->major, from->minor, from->sublevel);
}

int wire_read(struct arena *arena, const void *bytes, size_t size,
              struct wire_message *ret_message)
{
	ProtobufCAllocator allocator = {
		.alloc = take_memory,
		.free = leave_memory,
		.allocator_data = arena,
	};
	const struct Wire__Response *from =
		wire__response__unpack(&allocator, size, bytes);
	struct wire_message message = { 0 };

	if (!from)
		return -EBADMSG;
	message.is_notification = from->type == WIRE__TYPE__NOTIFY;
	if (message.is_notification && !from->notification)
		return -EBADMSG;
	if (message.is_notification)
		read_notification(from->notification, &message);
	else if (from->restored)
		message.pid = from->restored->pid;
	message.success = from->success;
	message.error = from->has_error ? from->error : 0;
	message.text = from->error_text;
	if (from->version)
		message.version = read_version(from->version);
	if (from->features) {
		message.features.memory_tracking =
			from->features->memory_tracking;
		message.features.lazy_pages = from->features->lazy_pages;
	}
	*ret_message = message;
	return 0;
}
