/* SPDX-License-Identifier: Apache-2.0 */
/* What CRIU shall be asked for, decided without asking it. */
#pragma once

#include "plan/plan.h"

struct arena;
struct error;
struct facts;
struct json_writer;
struct oci_spec;

enum plan_criu_task {
	PLAN_CRIU_PRE_DUMP, /* memory only, the container runs on */
	PLAN_CRIU_DUMP,
	PLAN_CRIU_RESTORE,
};

enum plan_criu_cgroups {
	PLAN_CRIU_CGROUPS_SOFT,   /* only what CRIU makes is set as it was */
	PLAN_CRIU_CGROUPS_FULL,   /* and what config.json limits, too */
	PLAN_CRIU_CGROUPS_STRICT, /* and nothing of it may have existed */
	PLAN_CRIU_CGROUPS_IGNORE, /* all processes are where CRIU is */
};

enum plan_criu_lock {
	PLAN_CRIU_LOCK_DEFAULT,
	PLAN_CRIU_LOCK_IPTABLES,
	PLAN_CRIU_LOCK_NFTABLES,
	PLAN_CRIU_LOCK_SKIP,
};

/* Passed on as they are. */
struct plan_criu_flags {
	bool leave_running;
	bool tcp_established;
	bool tcp_skip_in_flight;
	bool tcp_close;
	bool link_remap;
	bool ext_unix_sk;
	bool shell_job;
	bool file_locks;
	bool lazy_pages;
	bool auto_dedup;
};

/* What the caller asked for. Strings may be NULL. */
struct plan_criu_options {
	enum plan_criu_task task;
	struct plan_criu_flags flags;
	const char *parent_path; /* relative to the images */
	const char *page_server; /* ADDRESS:PORT */
	const char *cgroups;     /* soft, full, strict, ignore */
	const char *network_lock;
	const char *empty_namespace; /* network */
	const char *lsm_profile;     /* TYPE:NAME */
	const char *lsm_mount_context;
	unsigned int status_fd; /* 0: none */
};

/* A mount of the container that is a piece of the host. */
struct plan_criu_mount {
	const char *destination; /* inside; also the name of it in the images */
	const char *source;
};

/* A namespace that the container joined. */
struct plan_criu_namespace {
	const char *name; /* as CRIU calls the type */
	const char *path;
	/* Its name in the images; NULL: dumped whole, joined at restore. */
	const char *key;
	size_t source; /* of the plan */
};

/* Where CRIU puts what was dumped from the container's own cgroup. */
struct plan_criu_root {
	const char *controller; /* "" is the v2 tree */
	const char *path;
};

struct plan_criu {
	enum plan_criu_task task;
	struct plan_criu_flags flags;
	const char *parent_path;
	const char *page_server_address;
	int page_server_port; /* 0: none */
	enum plan_criu_cgroups cgroups;
	enum plan_criu_lock network_lock;
	int empty_namespaces; /* CLONE_NEW* */
	const char *lsm_profile;
	const char *lsm_mount_context;
	unsigned int status_fd;

	const char *root;          /* RESTORE with its own mounts: the rootfs */
	const char *freeze_cgroup; /* DUMP: directory, or NULL */
	/* Annotation org.criu.config: NULL if absent, "" for no file. */
	const char *config;
	struct plan_criu_mount *mounts;
	size_t mounts_count;
	struct plan_criu_namespace *namespaces;
	size_t namespaces_count;
	const char **controllers; /* DUMP: of the container's hierarchies */
	size_t controllers_count;
	struct plan_criu_root *roots; /* see plan_criu_roots() */
	size_t roots_count;

	/*
	 * DUMP of a user namespace: its root group as the host knows it, which
	 * has to be able to read the images when it is restored.
	 */
	struct opt_u32 image_group;
	/* RESTORE: uid of the host that is to own stdin, stdout, stderr. */
	struct opt_u32 stdio_owner;

	int version; /* least one needed, as in CRIU_VERSION */
	bool needs_memory_tracking;
	bool needs_lazy_pages;
};

#define CRIU_VERSION(major, minor, sublevel) \
	((major)*10000 + (minor)*100 + (sublevel))

/*
 * CGROUP is the container's, as recorded; for a restore it need not be made
 * yet. SPEC may be NULL: then nothing is known of annotations and ids.
 * MOUNTPOINTS are the host's of now, NULL at their end.
 */
int plan_criu(struct arena *arena, const struct plan *plan,
              const struct plan_cgroup *cgroup, const struct oci_spec *spec,
              const struct plan_criu_options *options,
              const char *const *mountpoints, struct plan_criu *ret_criu,
              struct error *err);

/*
 * For a restore, once CGROUP is where it will be, which only systemd may
 * know: where in each hierarchy. OURS is the text of runf's /proc/self/cgroup.
 */
void plan_criu_roots(struct arena *arena, const struct plan_cgroup *cgroup,
                     const char *ours, struct plan_criu *criu);

/* For `runf plan`: what of PLAN would be external to a checkpoint. */
void write_criu(struct json_writer *w, const struct plan *plan);
