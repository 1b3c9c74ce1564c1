/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI documents: decode, check, and write. Pure. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "json/json.h"
#include "oci/spec.h"

/* One fault (or, with `warning`, a thing worth knowing) of a document. */
struct oci_fault {
	const char *path; /* JSON path, e.g. process.rlimits[2].type */
	unsigned int line;
	const char *text; /* what is wrong, with the value */
	bool warning;
};

struct oci_faults {
	struct arena *arena; /* NULL: that of the document */
	struct oci_fault *items;
	size_t count;
	size_t errors; /* how many are not warnings */
};

/* Of the warnings and of the errors, so many are kept. */
#define OCI_MAX_FAULTS 100

/*
 * Decode and check a whole config.json. Every fault is added to FAULTS (which
 * may be NULL) as far as the document can be understood, in the order of
 * lines; a syntax error is the only fault then. Returns 0 with *RET_SPEC when
 * there is no error among them, else -EINVAL with the first one in ERR. TEXT
 * must outlive nothing: all is copied.
 */
int oci_read_spec(struct arena *arena, const char *text, size_t length,
                  const char *name, struct oci_faults *faults,
                  const struct oci_spec **ret_spec, struct error *err);

/* The same for the process.json of exec (`--process`). */
int oci_read_process(struct arena *arena, const char *text, size_t length,
                     const char *name, struct oci_faults *faults,
                     const struct oci_process **ret_process, struct error *err);

/*
 * The same for the LinuxResources of `update --resources`, beside which there
 * may be `intelRdt` as in `linux`: *RET_LINUX has these two and no more.
 */
int oci_read_resources(struct arena *arena, const char *text, size_t length,
                       const char *name, struct oci_faults *faults,
                       const struct oci_linux **ret_linux, struct error *err);

/*
 * The `mounts` of config.json alone: the array, or an object with it. They
 * are those of *RET_SPEC, which has nothing else.
 */
int oci_read_mounts(struct arena *arena, const char *text, const char *name,
                    const struct oci_spec **ret_spec, struct error *err);

/* Container id: [A-Za-z0-9_+.-], not starting with '.', 1 to 1024 bytes. */
int oci_check_id(const char *id, struct error *err);

/*
 * The config.json that `spec` writes. A rootless one has a user namespace in
 * which UID and GID, the caller's own, are root.
 */
const char *oci_default_config(struct arena *arena, bool rootless, uint32_t uid,
                               uint32_t gid);

/* The features document (features.md), as JSON text. */
struct oci_feature_facts {
	const char *version; /* runf's own */
	const char *commit;
	const char *libseccomp_version;   /* NULL: built without seccomp */
	const char *const *mount_options; /* every option word, then NULL */
	bool systemd;
	bool checkpoint;
	bool net_devices;
};

const char *oci_features(struct arena *arena,
                         const struct oci_feature_facts *facts);

/* The state document: for `state`, `list` and the stdin of hooks. */
struct oci_state {
	const char *id;
	const char *status;
	int64_t pid;
	const char *bundle;
	const char *rootfs;  /* NULL to leave out */
	const char *created; /* NULL to leave out */
	const char *owner;   /* NULL to leave out */
	const char *scope;   /* systemd's unit; NULL to leave out */
	const struct oci_map *annotations;
};

/* INDENT as in json_writer; one object without a final newline. */
void oci_write_state(struct json_writer *w, const char *key,
                     const struct oci_state *state);

/* The namespace of TYPE (CLONE_NEW*) that SPEC asks for, or NULL. */
const struct oci_namespace *oci_find_namespace(const struct oci_spec *spec,
                                               int type);

/* CLONE_NEW* of every namespace that is listed. */
int oci_all_namespaces(const struct oci_spec *spec);

/* The value of annotation KEY, the last one given, or NULL. */
const char *oci_annotation(const struct oci_spec *spec, const char *key);
/* crun's word for linux.seccomp.listenerPath. */
#define OCI_SECCOMP_RECEIVER "run.oci.seccomp.receiver"

#define OCI_VERSION "1.3.0"

/* Word tables, shared with features and the plan; NULL-terminated. */
extern const struct str_value oci_namespace_types[];    /* to CLONE_NEW* */
extern const struct str_value oci_capability_names[];   /* to CAP_* */
extern const struct str_value oci_rlimit_types[];       /* to RLIMIT_* */
extern const struct str_value oci_scheduler_policies[]; /* to SCHED_* */
extern const struct str_value oci_scheduler_flags[];
extern const struct str_value oci_io_classes[];      /* to IOPRIO_CLASS_* */
extern const struct str_value oci_memory_modes[];    /* to MPOL_* */
extern const struct str_value oci_memory_flags[];    /* to MPOL_F_* */
extern const struct str_value oci_seccomp_actions[]; /* to SECCOMP_RET_* */
extern const struct str_value oci_seccomp_operators[];
extern const struct str_value oci_seccomp_flags[];
extern const struct str_value oci_seccomp_archs[]; /* to libseccomp's tokens */
extern const char *const oci_hook_names[OCI_HOOK_KINDS];
extern const char *const oci_throttle_names[OCI_THROTTLE_KINDS];
