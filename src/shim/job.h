/* SPDX-License-Identifier: Apache-2.0 */
/* One request of containerd's, from its arrival to its answer. */
#pragma once

#include "shim/message.h"
#include "shim/shim.h"

/* What a worker says besides success or failure. */
struct worker_answer {
	pid_t pid; /* of the process it started, or 0 */
	int fd;    /* a terminal's master, or -1 */
	bool shares_pids;
	struct ttrpc_bytes bytes; /* in the job's arena */
};

/*
 * In a worker, a forked copy of the shim that ends afterwards: what takes
 * time. Its children become the shim's. Returns 0, or a negative errno with
 * ERR filled in.
 */
typedef int job_verb(struct job *job, struct runf *runf,
                     struct worker_answer *answer, struct runf_error *err);

struct job {
	struct shim *shim;
	struct arena arena; /* which this struct is in, too */
	struct ttrpc_call call;
	const void *message;         /* the request */
	struct container *container; /* held */
	struct process *process;     /* NULL: none is concerned */
	job_verb *verb;
	/* In the shim: what follows. Answers the call. ANSWER's fd is its. */
	void (*done)(struct job *job, int result,
	             const struct worker_answer *answer,
	             const struct runf_error *err);
	/* While the io of a process gets ready. */
	void (*io_ready)(struct job *job);
	bool io_told;
	int io_result;
	struct error io_error;
	/* While a worker is at it. */
	struct loop_source source;
	bool starts; /* a process, which may end before we know its pid */
};

struct job *job_new(struct shim *shim, struct ttrpc_call call);
/* Let CONTAINER live as long as JOB. */
void job_hold(struct job *job, struct container *container,
              struct process *process);
void job_free(struct job *job);

/* Answer the call. */
void job_reply(struct job *job, const ProtobufCMessage *message);
/* Answer the call and free the job. */
void job_answer(struct job *job, const ProtobufCMessage *message);
void job_done(struct job *job);
void job_fail(struct job *job, enum ttrpc_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* With what the library says; CODE_OF its kind. */
void job_fail_runf(struct job *job, const struct runf_error *err);
void job_fail_error(struct job *job, const struct error *err);

/*
 * worker.c: have VERB done by a worker, then DONE called. If none can be made,
 * the call is answered with that, and DONE called with the failure.
 */
void job_work(struct job *job, job_verb *verb,
              void (*done)(struct job *job, int result,
                           const struct worker_answer *answer,
                           const struct runf_error *err));

/*
 * Open the io of JOB's process (PATHS are set), then call READY, with a result
 * in job->io_result.
 */
void job_open_io(struct job *job, void (*ready)(struct job *job));

/*
 * end.c: PROCESS is what ANSWER tells of; it may have ended meanwhile. A
 * terminal that cannot be served is the only error.
 */
int process_begin(struct process *process, const struct worker_answer *answer,
                  struct error *err);

/* task_create.c: what Start does with a container of a checkpoint. */
job_verb verb_restore;

/* ---- the methods: each answers its job, now or later */

typedef void method(struct job *job);

/* task_create.c, task_start.c, task_delete.c */
method method_create;
method method_start;
method method_exec;
method method_delete;
/* task_ask.c: from memory */
method method_state;
method method_wait;
method method_connect;
method method_kill;
method method_resize;
method method_close;
method method_shutdown;
/* task_change.c: by workers */
method method_pids;
method method_pause;
method method_resume;
method method_update;
method method_stats;
method method_checkpoint;
