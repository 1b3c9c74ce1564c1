/* SPDX-License-Identifier: Apache-2.0 */
/* Containers on disk: one directory each, with a record that is whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/*
 *   ROOT/                 0700
 *     .cache/seccomp/     compiled filters
 *     ID/                 0711, locked (flock) while a verb changes it
 *       cgroup            symbolic link: where the cgroup will be, and a
 *                         root on the host; made before them, so that a
 *                         killed create can be cleaned
 *       config.json       as it was when the container was created
 *       gate              socket; exists until `start` has gone through
 *       nodeN             a device node that a user namespace was given
 *       notify/           what the container sees of NOTIFY_SOCKET: a socket
 *       state.json        the record; written beside and renamed
 *
 * Ids never begin with a dot, so what does is not a container.
 */
struct store {
	int fd;           /* the root directory */
	const char *path; /* borrowed from whoever opened it */
};

/* One container's directory. */
struct store_dir {
	int fd;
	const char *id; /* borrowed */
};

enum store_lock {
	STORE_UNLOCKED, /* the record is whole at any time */
	STORE_LOCKED, /* wait for the verb that is at work, then keep it out */
};

struct store_cgroup_dir {
	const char *controllers;
	const char *mount;
	const char *path;
	bool keep; /* it was there before the container */
};

struct store_annotation {
	const char *key;
	const char *value;
};

/* What later verbs must know; the rest is in config.json. */
struct store_record {
	const char *id;
	const char *bundle;
	const char *rootfs;
	const char *created;  /* RFC 3339 */
	int64_t pid;          /* of init, in the first pid namespace we see */
	uint64_t start_time;  /* of init, field 22 of /proc/PID/stat */
	uint32_t owner;       /* uid that created it */
	uint32_t cgroup_mode; /* enum plan_cgroup_mode */
	const char *cgroup_path;
	const char *unit; /* of systemd; "" or NULL: none */
	bool unit_user;   /* of the user's manager */
	struct store_cgroup_dir *cgroup_dirs;
	size_t cgroup_dirs_count;
	/* The class of resctrl; root "" or NULL: none. */
	const char *rdt_root;
	const char *rdt_group;
	const char *rdt_monitor; /* "" or NULL: none */
	bool rdt_made;
	/* Mounts that are its root, and whether the host has them at rootfs. */
	uint32_t root_mounts;
	bool root_on_host;
	uint64_t root_below; /* the mount number that is at rootfs without */
	bool creating;       /* its create-time hooks have yet to end */
	bool poststart;      /* has hooks of that kind: config.json is needed */
	bool poststop;
	struct store_annotation *annotations;
	size_t annotations_count;
};

/*
 * Open the state root; with CREATE make it and its parents. Without, a
 * missing root yields -ENOENT and an empty ERR.
 */
int store_open(const char *path, bool create, struct store *ret_store,
               struct error *err);
void store_close(struct store *store);

/* A new directory, locked. ERROR_EXISTS if the id is taken. */
int store_add(const struct store *store, const char *id,
              struct store_dir *ret_dir, struct error *err);
/* ERROR_NOT_FOUND ("container does not exist") if there is none. */
int store_find(const struct store *store, const char *id, enum store_lock lock,
               struct store_dir *ret_dir, struct error *err);
/* Another verb holds the lock at this moment. */
bool store_is_busy(const struct store_dir *dir);
/* Let other verbs work meanwhile, and keep them out again. */
void store_unlock(const struct store_dir *dir);
/*
 * Returns 1, 0 if the container was deleted in between (nothing of it is
 * ours), or a negative errno.
 */
int store_relock(const struct store_dir *dir);
/* Remove the directory with everything in it. */
int store_remove(const struct store *store, const struct store_dir *dir,
                 struct error *err);
void store_dir_close(struct store_dir *dir);

/* Ids in the order of the directory; NULL-terminated. */
int store_list(struct arena *arena, const struct store *store,
               const char ***ret_ids, struct error *err);

/* Whole or absent, also after SIGKILL at any instruction. */
int store_write_record(struct arena *arena, const struct store_dir *dir,
                       const struct store_record *record, struct error *err);
/* -ENOENT with ERROR_NOT_FOUND if create never got so far. */
int store_read_record(struct arena *arena, const struct store_dir *dir,
                      struct store_record *ret_record, struct error *err);

/* The private copy of config.json. */
int store_write_config(const struct store_dir *dir, const char *text,
                       size_t length, struct error *err);
int store_read_config(struct arena *arena, const struct store_dir *dir,
                      const char **ret_text, size_t *ret_length,
                      struct error *err);

/*
 * Where the cgroup will be: a text that the engine understands, at most
 * PATH_MAX - 1 bytes. Reading yields NULL when create never got so far.
 */
int store_write_journal(const struct store_dir *dir, const char *text,
                        struct error *err);
int store_read_journal(struct arena *arena, const struct store_dir *dir,
                       const char **ret_text, struct error *err);

/* The whole of a file in an arena, at most LIMIT bytes. */
int store_read_file(struct arena *arena, int dir, const char *name,
                    size_t limit, const char **ret_text, size_t *ret_length,
                    struct error *err);

#define STORE_GATE   "gate"
#define STORE_NODE   "node"
#define STORE_NOTIFY "notify"
