/* SPDX-License-Identifier: Apache-2.0 */
/* What the option words of one mount mean. */
#include "plan/mount_options.h"

#include <linux/mount.h>
#include <stddef.h>

#include "base/str.h"
#include "plan/decide.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#	define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

enum action {
	NOTHING,
	SET, /* attributes of this mount */
	CLEAR,
	ATIME,   /* one value for the whole group */
	SET_ALL, /* attributes of every mount of the tree */
	CLEAR_ALL,
	ATIME_ALL,
	PROPAGATION,
	BIND,
	IDMAP,
	SWITCH,   /* a bool of struct mount_options */
	INSTANCE, /* a flag of the file system instance: the name from here */
};

#define SWITCH_OF(member) offsetof(struct mount_options, member)

/*
 * The one table: it makes the words of `features`, too.
 *
 * Access times are one group with one value, and mount_setattr(2) demands
 * that the whole group is cleared when one is set; taking one of them back
 * is the kernel's default, relatime, which is 0.
 *
 * silent and loud only concern what the kernel logs while mounting, and
 * i_version is on by itself wherever a file system has it: the mount API of
 * today has no key for any of them, and nothing is left to do.
 *
 * An instance has its flags once, for all mounts of it: so rsync is sync.
 */
/* clang-format off */
#define MOUNT_OPTIONS(X)                                                \
	X("defaults",      NOTHING,     0)                              \
	X("bind",          BIND,        0)                              \
	X("rbind",         BIND,        MS_REC)                         \
	X("remount",       SWITCH,      SWITCH_OF(remount))             \
	X("ro",            SET,         MOUNT_ATTR_RDONLY)              \
	X("rw",            CLEAR,       MOUNT_ATTR_RDONLY)              \
	X("nosuid",        SET,         MOUNT_ATTR_NOSUID)              \
	X("suid",          CLEAR,       MOUNT_ATTR_NOSUID)              \
	X("nodev",         SET,         MOUNT_ATTR_NODEV)               \
	X("dev",           CLEAR,       MOUNT_ATTR_NODEV)               \
	X("noexec",        SET,         MOUNT_ATTR_NOEXEC)              \
	X("exec",          CLEAR,       MOUNT_ATTR_NOEXEC)              \
	X("nodiratime",    SET,         MOUNT_ATTR_NODIRATIME)          \
	X("diratime",      CLEAR,       MOUNT_ATTR_NODIRATIME)          \
	X("nosymfollow",   SET,         MOUNT_ATTR_NOSYMFOLLOW)         \
	X("symfollow",     CLEAR,       MOUNT_ATTR_NOSYMFOLLOW)         \
	X("noatime",       ATIME,       MOUNT_ATTR_NOATIME)             \
	X("atime",         ATIME,       MOUNT_ATTR_RELATIME)            \
	X("relatime",      ATIME,       MOUNT_ATTR_RELATIME)            \
	X("norelatime",    ATIME,       MOUNT_ATTR_RELATIME)            \
	X("strictatime",   ATIME,       MOUNT_ATTR_STRICTATIME)         \
	X("nostrictatime", ATIME,       MOUNT_ATTR_RELATIME)            \
	X("rro",           SET_ALL,     MOUNT_ATTR_RDONLY)              \
	X("rrw",           CLEAR_ALL,   MOUNT_ATTR_RDONLY)              \
	X("rnosuid",       SET_ALL,     MOUNT_ATTR_NOSUID)              \
	X("rsuid",         CLEAR_ALL,   MOUNT_ATTR_NOSUID)              \
	X("rnodev",        SET_ALL,     MOUNT_ATTR_NODEV)               \
	X("rdev",          CLEAR_ALL,   MOUNT_ATTR_NODEV)               \
	X("rnoexec",       SET_ALL,     MOUNT_ATTR_NOEXEC)              \
	X("rexec",         CLEAR_ALL,   MOUNT_ATTR_NOEXEC)              \
	X("rnodiratime",   SET_ALL,     MOUNT_ATTR_NODIRATIME)          \
	X("rdiratime",     CLEAR_ALL,   MOUNT_ATTR_NODIRATIME)          \
	X("rnosymfollow",  SET_ALL,     MOUNT_ATTR_NOSYMFOLLOW)         \
	X("rsymfollow",    CLEAR_ALL,   MOUNT_ATTR_NOSYMFOLLOW)         \
	X("rnoatime",      ATIME_ALL,   MOUNT_ATTR_NOATIME)             \
	X("ratime",        ATIME_ALL,   MOUNT_ATTR_RELATIME)            \
	X("rrelatime",     ATIME_ALL,   MOUNT_ATTR_RELATIME)            \
	X("rnorelatime",   ATIME_ALL,   MOUNT_ATTR_RELATIME)            \
	X("rstrictatime",  ATIME_ALL,   MOUNT_ATTR_STRICTATIME)         \
	X("rnostrictatime", ATIME_ALL,  MOUNT_ATTR_RELATIME)            \
	X("private",       PROPAGATION, MS_PRIVATE)                     \
	X("rprivate",      PROPAGATION, MS_PRIVATE | MS_REC)            \
	X("shared",        PROPAGATION, MS_SHARED)                      \
	X("rshared",       PROPAGATION, MS_SHARED | MS_REC)             \
	X("slave",         PROPAGATION, MS_SLAVE)                       \
	X("rslave",        PROPAGATION, MS_SLAVE | MS_REC)              \
	X("unbindable",    PROPAGATION, MS_UNBINDABLE)                  \
	X("runbindable",   PROPAGATION, MS_UNBINDABLE | MS_REC)         \
	X("sync",          INSTANCE,    0)                              \
	X("async",         INSTANCE,    0)                              \
	X("dirsync",       INSTANCE,    0)                              \
	X("mand",          INSTANCE,    0)                              \
	X("nomand",        INSTANCE,    0)                              \
	X("lazytime",      INSTANCE,    0)                              \
	X("nolazytime",    INSTANCE,    0)                              \
	X("iversion",      NOTHING,     0)                              \
	X("noiversion",    NOTHING,     0)                              \
	X("silent",        NOTHING,     0)                              \
	X("loud",          NOTHING,     0)                              \
	X("rsync",         INSTANCE,    1)                              \
	X("rasync",        INSTANCE,    1)                              \
	X("rdirsync",      INSTANCE,    1)                              \
	X("rmand",         INSTANCE,    1)                              \
	X("rnomand",       INSTANCE,    1)                              \
	X("tmpcopyup",     SWITCH,      SWITCH_OF(copy_up))             \
	X("idmap",         IDMAP,       0)                              \
	X("ridmap",        IDMAP,       MS_REC)                         \
	X("copy-symlink",  SWITCH,      SWITCH_OF(copy_symlink))        \
	X("src-nofollow",  SWITCH,      SWITCH_OF(source_no_follow))    \
	X("dest-nofollow", SWITCH,      SWITCH_OF(target_no_follow))

/* clang-format on */

struct option {
	const char *name;
	enum action action;
	uint64_t value;
};

#define AS_ROW(name, action, value)  { name, action, value },
#define AS_NAME(name, action, value) name,

static const struct option table[] = { MOUNT_OPTIONS(AS_ROW) };

const char *const plan_mount_option_names[] = { MOUNT_OPTIONS(AS_NAME) NULL };

static void set_attr(uint64_t *set, uint64_t *clear, uint64_t attr)
{
	*set |= attr;
	*clear &= ~attr;
}

static void set_atime(uint64_t *set, uint64_t *clear, uint64_t value)
{
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | value;
	*clear |= MOUNT_ATTR__ATIME;
}

static void add_option(struct arena *arena, struct plan_fs_option **options,
                       size_t *count, const char *word)
{
	struct plan_fs_option *option = arena_push(arena, *options, *count);
	const char *equals = strchr(word, '=');

	option->key = word;
	if (!equals)
		return;
	option->key = arena_strndup(arena, word, (size_t)(equals - word));
	option->value = equals + 1;
}

static void apply(struct arena *arena, const struct option *row,
                  struct mount_options *o)
{
	uint64_t value = row->value;

	switch (row->action) {
	case NOTHING: break;
	case SET: set_attr(&o->set, &o->clear, value); break;
	case CLEAR: set_attr(&o->clear, &o->set, value); break;
	case ATIME: set_atime(&o->set, &o->clear, value); break;
	case SET_ALL:
		set_attr(&o->recursive_set, &o->recursive_clear, value);
		break;
	case CLEAR_ALL:
		set_attr(&o->recursive_clear, &o->recursive_set, value);
		break;
	case ATIME_ALL:
		set_atime(&o->recursive_set, &o->recursive_clear, value);
		break;
	case PROPAGATION:
		o->propagation = value & ~(uint64_t)MS_REC;
		o->propagation_recursive = value & MS_REC;
		break;
	case BIND:
		o->bind = true;
		o->recursive = value & MS_REC;
		break;
	case IDMAP:
		o->idmap = true;
		o->idmap_recursive = value & MS_REC;
		break;
	case SWITCH: *(bool *)((char *)o + value) = true; break;
	case INSTANCE:
		add_option(arena, &o->instance, &o->instance_count,
		           row->name + value);
		break;
	}
}

static const struct option *find(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (str_equal(table[i].name, word))
			return &table[i];
	}
	return NULL;
}

/* To the end of what mount(2) takes for one option: "a=\"b,c\"", "a=b\\,c". */
static size_t option_length(const char *words)
{
	bool quoted = false;
	size_t i;

	for (i = 0; words[i] && (quoted || words[i] != ','); i++) {
		if (words[i] == '"')
			quoted = !quoted;
		else if (words[i] == '\\' && words[i + 1])
			i++;
	}
	return i;
}

/* One word may be several options, as they are joined for mount(2). */
static void read_data(struct arena *arena, const char *words,
                      struct mount_options *o)
{
	while (*words) {
		size_t length = option_length(words);

		if (length > 0)
			add_option(arena, &o->data, &o->data_count,
			           arena_strndup(arena, words, length));
		words += length;
		words += *words == ',';
	}
}

static void read_word(struct arena *arena, const char *word,
                      struct mount_options *o)
{
	const struct option *row = find(word);
	const char *ranges = str_after(word, "ridmap=");

	if (row) {
		apply(arena, row, o);
		return;
	}
	o->idmap_recursive |= ranges != NULL;
	if (!ranges)
		ranges = str_after(word, "idmap=");
	if (ranges) {
		o->idmap = true;
		o->idmap_ranges = ranges;
	} else {
		read_data(arena, word, o);
	}
}

void mount_options_read(struct arena *arena, const struct oci_strings *words,
                        struct mount_options *ret_options)
{
	struct mount_options options = { 0 };
	size_t i;

	for (i = 0; i < words->count; i++)
		read_word(arena, words->items[i], &options);
	*ret_options = options;
}
