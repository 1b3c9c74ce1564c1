/* SPDX-License-Identifier: Apache-2.0 */
/* What checkpoint and restore share: CRIU asked, its images, its log. */
#pragma once

#include "criu/criu.h"
#include "engine/engine.h"
#include "oci/spec.h"

struct job {
	struct arena *arena; /* the next three are borrowed */
	struct engine *engine;
	const struct runf_criu_options *options;
	struct plan_criu plan;
	struct criu_program program;
	struct criu_request request;
	int images;
	int work;
	const char *images_path; /* for messages */
	const char *work_path;
};

/* Descriptors of runf and of init that may stand in the images. */
#define JOB_FDS_MAX 64

/* In the directory of images: what init had open of the host's, as JSON. */
#define JOB_DESCRIPTORS "descriptors.json"
/* Before the name of what was /dev/null, and will be again. */
#define JOB_NULL "null:"

void job_begin(struct job *job, struct engine *engine, struct arena *arena,
               const struct runf_criu_options *options);
void job_end(struct job *job);

/* What both directions ask for, as the planner wants it. */
struct plan_criu_options job_plan_options(const struct job *job);

/*
 * Decide, find CRIU, see that it is new enough and can do what is wanted, and
 * open the directories; a dump makes them.
 */
int job_prepare(struct job *job, const struct plan *plan,
                const struct plan_cgroup *cgroup, const struct oci_spec *spec,
                const struct plan_criu_options *options, struct error *err);

/* Before a restore runs: where in each hierarchy, now that CGROUP is made. */
int job_decide_roots(struct job *job, const struct plan_cgroup *cgroup,
                     struct error *err);

/* "mnt[/data]:/srv/data" and the like, for the request. */
void job_add_external(struct job *job, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Have CRIU do it; what goes wrong is told with the end of its log. */
int job_run(struct job *job, const struct criu_listener *listener,
            pid_t *ret_pid, struct error *err);

/* The lines of /proc/PID/NAME, which end in NUL each; the last is "". */
int job_read_proc(struct arena *arena, const char *pid, const char *name,
                  char **ret_text, size_t *ret_length, struct error *err);
