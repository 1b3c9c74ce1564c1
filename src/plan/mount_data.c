/* SPDX-License-Identifier: Apache-2.0 */
/* New file systems whose options are long, or are a label. */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "oci/oci.h"
#include "plan/mounts.h"

/* mount(2) copies one page, with its NUL. */
#define DATA_MAX 4095

/* ---- SELinux */

/* C003: which of its four options carries the label. */
static const char *label_key(const struct planner *p)
{
	static const char *const keys[] = { "context", "fscontext",
		                            "defcontext", "rootcontext" };
	const char *wanted =
		oci_annotation(p->spec, "run.oci.mount_context_type");
	size_t i;

	if (!wanted)
		return keys[0];
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_equal(wanted, keys[i]))
			return keys[i];
	return NULL;
}

int plan_mount_label(struct planner *p, struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;

	p->plan->mount_label_key = label_key(p);
	if (!p->plan->mount_label_key)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "annotation run.oci.mount_context_type: must "
		                 "be context, fscontext, defcontext or "
		                 "rootcontext");
	if (!config || !config->mount_label || !*config->mount_label)
		return 0;
	if (!p->facts->selinux)
		return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                 "linux.mountLabel \"%s\": this host has no "
		                 "SELinux enabled",
		                 config->mount_label);
	p->plan->mount_label = config->mount_label;
	return 0;
}

/* ---- long options */

static bool is_long(const char *value)
{
	return value && strlen(value) > MOUNT_VALUE_MAX;
}

static bool has_long_value(const struct plan_mount *mount)
{
	size_t i;

	for (i = 0; i < mount->options_count; i++)
		if (is_long(mount->options[i].value))
			return true;
	return is_long(mount->origin);
}

/* One layer of "LAYER:LAYER::DATA-LAYER", without its backslashes. */
static char *next_layer(struct arena *arena, const char **rest)
{
	char *layer = arena_strdup(arena, *rest);
	const char *from = *rest;
	char *to = layer;

	while (*from && *from != ':') {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	*rest = from;
	return layer;
}

/*
 * Each layer by a key of its own, which takes the path as it is (Linux 6.7);
 * behind two colons they hold data only.
 */
static void add_layers(struct planner *p, struct plan_mount *mount,
                       const char *layers)
{
	const char *key = "lowerdir+";

	while (*layers) {
		if (*layers != ':') {
			mount_add_option(p, mount, key,
			                 next_layer(p->arena, &layers));
			continue;
		}
		if (layers[1] == ':') {
			key = "datadir+";
			layers++;
		}
		layers++;
	}
}

static void split_layers(struct planner *p, struct plan_mount *mount)
{
	struct plan_fs_option *options = mount->options;
	size_t count = mount->options_count;
	size_t i;

	mount->options = NULL;
	mount->options_count = 0;
	for (i = 0; i < count; i++) {
		if (str_equal(options[i].key, "lowerdir") && options[i].value)
			add_layers(p, mount, options[i].value);
		else
			mount_add_option(p, mount, options[i].key,
			                 options[i].value);
	}
}

/* What is a flag for mount(2), not a word. */
static const struct str_value instance_flags[] = {
	{ "ro", MS_RDONLY },       { "sync", MS_SYNCHRONOUS }, { "async", 0 },
	{ "dirsync", MS_DIRSYNC }, { "mand", MS_MANDLOCK },    { "nomand", 0 },
	{ "lazytime", 1U << 25 },  { "nolazytime", 0 },        { NULL, 0 },
};

/* A comma in a value belongs to it: labels have some. */
static const char *joined_data(struct planner *p, struct plan_mount *mount)
{
	struct buf buf = { .arena = p->arena };
	size_t i;

	for (i = 0; i < mount->options_count; i++) {
		const struct plan_fs_option *option = &mount->options[i];
		bool quote = str_has_suffix(option->key, "context");
		const struct str_value *flag =
			str_lookup(instance_flags, option->key);

		if (flag && !option->value) {
			mount->data_flags |= flag->value;
			continue;
		}
		buf_printf(&buf, "%s%s", buf.length ? "," : "", option->key);
		if (option->value)
			buf_printf(&buf, quote ? "=\"%s\"" : "=%s",
			           option->value);
	}
	return buf_str(&buf);
}

int mount_choose_call(struct planner *p, struct plan_mount *mount,
                      struct error *err)
{
	const char *data;

	if (!has_long_value(mount))
		return 0;
	if (str_equal(mount->type, "overlay") &&
	    KERNEL_AT_LEAST(p->facts, 6, 7)) {
		struct plan_mount split = *mount;

		split_layers(p, &split);
		if (!has_long_value(&split)) {
			*mount = split;
			return 0;
		}
	}
	data = joined_data(p, mount);
	if (strlen(data) > DATA_MAX)
		return error_set(err, ERROR_CONFIG, -E2BIG,
		                 "options of %zu bytes: the kernel takes %d at "
		                 "most",
		                 strlen(data), DATA_MAX);
	mount->data = data;
	return 0;
}

/* ---- sources */

static bool is_layer(const struct plan_fs_option *option)
{
	return str_equal(option->key, "lowerdir+") ||
	       str_equal(option->key, "datadir+");
}

/* A colon or a backslash of a path's own has a backslash in front. */
static void add_path(struct buf *buf, const char *path)
{
	for (; *path; path++) {
		if (*path == ':' || *path == '\\')
			buf_add_char(buf, '\\');
		buf_add_char(buf, *path);
	}
}

/* How much of all layers' paths is one directory, with its slash. */
static size_t common_length(const struct plan_mount *mount)
{
	const char *first = NULL;
	size_t length = 0;
	size_t i;

	for (i = 0; i < mount->options_count; i++) {
		const char *path = mount->options[i].value;
		size_t same = 0;

		if (!is_layer(&mount->options[i]))
			continue;
		if (!first) {
			first = path;
			length = strlen(path);
		}
		while (same < length && path[same] == first[same])
			same++;
		length = same;
	}
	while (length > 0 && first[length - 1] != '/')
		length--;
	return length;
}

/*
 * Layers as one option again: by number, if that is how they will be found,
 * else as paths from the directory that they have in common.
 */
static void join_layers(struct planner *p, struct plan_mount *mount,
                        bool by_number)
{
	size_t common = by_number ? 0 : common_length(mount);
	struct plan_mount joined = *mount;
	struct buf buf = { .arena = p->arena };
	unsigned int number = 0;
	size_t i;

	joined.options = NULL;
	joined.options_count = 0;
	for (i = 0; i < mount->options_count; i++) {
		const struct plan_fs_option *option = &mount->options[i];

		if (!is_layer(option)) {
			mount_add_option(p, &joined, option->key,
			                 option->value);
			continue;
		}
		if (number)
			buf_add_char(&buf, ':');
		if (*option->key == 'd')
			buf_add_char(&buf, ':');
		if (by_number)
			buf_printf(&buf, "%u", number);
		else
			add_path(&buf, option->value + common);
		number++;
	}
	if (number)
		mount_add_option(p, &joined, "lowerdir", buf_str(&buf));
	mount->data = joined_data(p, &joined);
	mount->data_flags = joined.data_flags;
	for (i = 0; common && i < mount->options_count; i++)
		if (is_layer(&mount->options[i]))
			mount->directory = arena_strndup(
				p->arena, mount->options[i].value, common);
	if (!by_number)
		mount->options_count = 0;
}

int mount_choose_detached(struct planner *p, struct plan_mount *mount,
                          bool map_layers, struct error *err)
{
	bool overlay = str_equal(mount->type, "overlay");

	if (!map_layers && !has_long_value(mount))
		return 0;
	if (overlay)
		split_layers(p, mount);
	if (!map_layers && KERNEL_AT_LEAST(p->facts, 6, 7) &&
	    !has_long_value(mount))
		return 0;
	join_layers(p, mount, map_layers);
	if (strlen(mount->data) > DATA_MAX)
		return error_set(err, ERROR_CONFIG, -E2BIG,
		                 "options of %zu bytes: the kernel takes %d at "
		                 "most",
		                 strlen(mount->data), DATA_MAX);
	return 0;
}
