/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a container's directory: record, config, journal. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/fd.h"
#include "base/str.h"
#include "json/json.h"
#include "store/store.h"
#include "sys/file.h"

#define RECORD     "state.json"
#define RECORD_NEW ".state.json.new"
#define CONFIG     "config.json"
#define JOURNAL    "cgroup"

/* Far above any record, far below what would hurt. */
#define RECORD_MAX ((size_t)4 * 1024 * 1024)

static const char *record_text(struct arena *arena,
                               const struct store_record *r, size_t *ret_length)
{
	struct json_writer w = { .buf.arena = arena, .indent = "" };
	size_t i;

	json_open_object(&w, NULL);
	json_put_i64(&w, "version", 1);
	json_put_str(&w, "id", r->id);
	json_put_str(&w, "bundle", r->bundle);
	json_put_str(&w, "rootfs", r->rootfs);
	json_put_str(&w, "created", r->created);
	json_put_i64(&w, "pid", r->pid);
	json_put_u64(&w, "startTime", r->start_time);
	json_put_u64(&w, "owner", r->owner);
	json_put_bool(&w, "creating", r->creating);
	json_put_bool(&w, "poststart", r->poststart);
	json_put_bool(&w, "poststop", r->poststop);
	json_put_u64(&w, "cgroupMode", r->cgroup_mode);
	json_put_str(&w, "cgroupPath", r->cgroup_path ? r->cgroup_path : "");
	if (r->unit && *r->unit)
		json_put_str(&w, "unit", r->unit);
	if (r->unit_user)
		json_put_bool(&w, "unitUser", true);
	json_open_array(&w, "cgroups");
	for (i = 0; i < r->cgroup_dirs_count; i++) {
		json_open_object(&w, NULL);
		json_put_str(&w, "controllers", r->cgroup_dirs[i].controllers);
		json_put_str(&w, "mount", r->cgroup_dirs[i].mount);
		json_put_str(&w, "path", r->cgroup_dirs[i].path);
		json_put_bool(&w, "keep", r->cgroup_dirs[i].keep);
		json_close_object(&w);
	}
	json_close_array(&w);
	if (r->root_mounts)
		json_put_u64(&w, "rootMounts", r->root_mounts);
	if (r->root_on_host)
		json_put_u64(&w, "rootBelow", r->root_below);
	if (r->rdt_root) {
		json_put_str(&w, "rdtRoot", r->rdt_root);
		json_put_str(&w, "rdtGroup", r->rdt_group);
		json_put_str(&w, "rdtMonitor",
		             r->rdt_monitor ? r->rdt_monitor : "");
		json_put_bool(&w, "rdtMade", r->rdt_made);
	}
	json_open_object(&w, "annotations");
	for (i = 0; i < r->annotations_count; i++)
		json_put_str(&w, r->annotations[i].key,
		             r->annotations[i].value);
	json_close_object(&w);
	json_close_object(&w);
	*ret_length = w.buf.length;
	return buf_str(&w.buf);
}

/* Write NAME whole: under another name first, then renamed over it. */
static int store_replace(int dir, const char *temporary, const char *name,
                         const char *text, size_t length)
{
	auto_close int fd =
		sys_openat(dir, temporary,
	                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	int result = fd;

	if (result >= 0)
		result = sys_write_all(fd, text, length);
	if (result >= 0)
		result = sys_renameat2(dir, temporary, dir, name, 0);
	if (result < 0 && fd >= 0)
		sys_unlinkat(dir, temporary, 0);
	return result;
}

int store_write_record(struct arena *arena, const struct store_dir *dir,
                       const struct store_record *record, struct error *err)
{
	size_t length;
	const char *text = record_text(arena, record, &length);
	int result = store_replace(dir->fd, RECORD_NEW, RECORD, text, length);

	if (result < 0)
		return error_system(err, result, "write %s of \"%s\"", RECORD,
		                    dir->id);
	return 0;
}

int store_read_file(struct arena *arena, int dir, const char *name,
                    size_t limit, const char **ret_text, size_t *ret_length,
                    struct error *err)
{
	auto_close int fd = sys_openat(dir, name, O_RDONLY, 0);
	struct stat stat;
	size_t capacity;
	size_t used = 0;
	char *text;
	int result;

	if (fd < 0)
		return error_system(err, fd, "open \"%s\"", name);
	result = sys_fstat(fd, &stat);
	if (result == 0 && S_ISDIR(stat.st_mode))
		result = -EISDIR;
	if (result < 0)
		return error_system(err, result, "read \"%s\"", name);
	/* Pipes and the like have no size: grow. One byte more sees the end. */
	capacity = stat.st_size > 0 ? (size_t)stat.st_size + 1 : 4096;
	text = arena_alloc(arena, capacity + 1);
	for (;;) {
		ssize_t count = sys_read(fd, text + used, capacity - used);

		if (count < 0)
			return error_system(err, (int)count, "read \"%s\"",
			                    name);
		if (count == 0)
			break;
		used += (size_t)count;
		if (used > limit)
			return error_set(err, ERROR_CONFIG, -EFBIG,
			                 "\"%s\" is larger than %zu bytes",
			                 name, limit);
		if (used == capacity) {
			char *larger = arena_alloc(arena, capacity * 2 + 1);

			memcpy(larger, text, used);
			text = larger;
			capacity *= 2;
		}
	}
	text[used] = '\0';
	*ret_text = text;
	*ret_length = used;
	return 0;
}

static const char *record_str(const struct json_value *object, const char *key)
{
	const struct json_value *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->text : "";
}

static int64_t record_i64(const struct json_value *object, const char *key)
{
	const struct json_value *value = json_get(object, key);
	int64_t number = 0;

	if (value && value->type == JSON_NUMBER)
		json_to_i64(value, &number);
	return number;
}

static bool record_bool(const struct json_value *object, const char *key)
{
	const struct json_value *value = json_get(object, key);

	return value && value->type == JSON_BOOL && value->boolean;
}

/* The members of NAME if it is an array or object, else nothing. */
static const struct json_value *record_first(const struct json_value *object,
                                             const char *name,
                                             size_t *ret_count)
{
	const struct json_value *value = json_get(object, name);

	*ret_count = 0;
	if (!value || (value->type != JSON_ARRAY && value->type != JSON_OBJECT))
		return NULL;
	*ret_count = value->length;
	return value->first;
}

static void record_decode(struct arena *arena, const struct json_value *root,
                          struct store_record *r)
{
	const struct json_value *item;
	size_t count;

	r->id = record_str(root, "id");
	r->bundle = record_str(root, "bundle");
	r->rootfs = record_str(root, "rootfs");
	r->created = record_str(root, "created");
	r->pid = record_i64(root, "pid");
	r->start_time = (uint64_t)record_i64(root, "startTime");
	r->owner = (uint32_t)record_i64(root, "owner");
	r->creating = record_bool(root, "creating");
	r->poststart = record_bool(root, "poststart");
	r->poststop = record_bool(root, "poststop");
	r->cgroup_mode = (uint32_t)record_i64(root, "cgroupMode");
	r->cgroup_path = record_str(root, "cgroupPath");
	if (json_get(root, "rdtRoot"))
		r->rdt_root = record_str(root, "rdtRoot");
	r->rdt_group = record_str(root, "rdtGroup");
	r->rdt_monitor = record_str(root, "rdtMonitor");
	r->rdt_made = record_bool(root, "rdtMade");
	r->root_mounts = (uint32_t)record_i64(root, "rootMounts");
	r->root_on_host = json_get(root, "rootBelow");
	r->root_below = (uint64_t)record_i64(root, "rootBelow");
	r->unit = record_str(root, "unit");
	r->unit_user = record_bool(root, "unitUser");
	item = record_first(root, "cgroups", &count);
	r->cgroup_dirs = arena_new_array(arena, struct store_cgroup_dir, count);
	for (; item; item = item->next)
		r->cgroup_dirs[r->cgroup_dirs_count++] =
			(struct store_cgroup_dir){
				.controllers = record_str(item, "controllers"),
				.mount = record_str(item, "mount"),
				.path = record_str(item, "path"),
				.keep = record_bool(item, "keep"),
			};
	item = record_first(root, "annotations", &count);
	r->annotations = arena_new_array(arena, struct store_annotation, count);
	for (; item; item = item->next)
		if (item->type == JSON_STRING)
			r->annotations[r->annotations_count++] =
				(struct store_annotation){ item->key,
				                           item->text };
}

int store_read_record(struct arena *arena, const struct store_dir *dir,
                      struct store_record *ret_record, struct error *err)
{
	struct store_record record = { 0 };
	const struct json_value *root;
	const char *text;
	size_t length;
	int result = store_read_file(arena, dir->fd, RECORD, RECORD_MAX, &text,
	                             &length, err);

	if (result == -ENOENT)
		return error_set(err, ERROR_NOT_FOUND, -ENOENT,
		                 "container \"%s\" was never fully created",
		                 dir->id);
	if (result == 0)
		result = json_parse(arena, text, length, RECORD, &root, err);
	if (result < 0)
		return error_wrap(err, "record of \"%s\"", dir->id);
	if (root->type != JSON_OBJECT || record_i64(root, "version") != 1)
		return error_set(err, ERROR_INTERNAL, -EINVAL,
		                 "record of \"%s\" has an unknown form",
		                 dir->id);
	record_decode(arena, root, &record);
	*ret_record = record;
	return 0;
}

int store_write_config(const struct store_dir *dir, const char *text,
                       size_t length, struct error *err)
{
	auto_close int fd =
		sys_openat(dir->fd, CONFIG,
	                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	int result = fd;

	/* Whole when the record is there: that is written after it. */
	if (result >= 0)
		result = sys_write_all(fd, text, length);
	if (result < 0)
		return error_system(err, result, "write %s of \"%s\"", CONFIG,
		                    dir->id);
	return 0;
}

int store_read_config(struct arena *arena, const struct store_dir *dir,
                      const char **ret_text, size_t *ret_length,
                      struct error *err)
{
	int result = store_read_file(arena, dir->fd, CONFIG, JSON_MAX_BYTES,
	                             ret_text, ret_length, err);

	if (result < 0)
		return error_wrap(err, "saved configuration of \"%s\"",
		                  dir->id);
	return 0;
}

int store_write_journal(const struct store_dir *dir, const char *text,
                        struct error *err)
{
	/* A link is made by one call: there is no half of it. */
	int result = sys_symlinkat(text, dir->fd, JOURNAL);

	if (result < 0)
		return error_system(err, result, "write journal of \"%s\"",
		                    dir->id);
	return 0;
}

int store_read_journal(struct arena *arena, const struct store_dir *dir,
                       const char **ret_text, struct error *err)
{
	char text[PATH_MAX];
	ssize_t length = sys_readlinkat(dir->fd, JOURNAL, text, sizeof(text));

	if (length < 0 && length != -ENOENT)
		return error_system(err, (int)length, "read journal of \"%s\"",
		                    dir->id);
	*ret_text = length < 0 ? NULL : arena_strdup(arena, text);
	return 0;
}
