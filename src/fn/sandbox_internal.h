/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of a sandbox only. */
#pragma once

#include "fn/http.h"
#include "fn/runtime_api.h"
#include "fn/sandbox.h"
#include "loop/worker.h"

#define SANDBOX_PORT 9001

enum sandbox_job {
	JOB_NONE,
	JOB_CREATE, /* and start, if that is wanted already */
	JOB_START,
	JOB_LIMIT,  /* write the quota that was withheld */
	JOB_REMOVE, /* the container; the struct follows */
	JOB_RENEW,  /* remove it, and make another */
};

struct sandbox_body {
	char *bytes;
	size_t size;
	size_t room;
};

struct sandbox {
	struct sandbox_host *host;
	struct sandbox *next;
	struct sandbox **place;
	struct sandbox_owner owner;
	struct function function; /* its texts are behind the struct */
	enum sandbox_state state;
	struct error error;
	char id[FUNCTION_NAME_MAX + INVOCATION_ID_SIZE + 1];

	/* What a worker does, and what it has been told. */
	enum sandbox_job job;
	struct worker worker;
	bool job_starts;
	bool job_boosts;
	bool job_limits;

	pid_t pid;
	struct loop_source exit;  /* of init: a pidfd */
	struct loop_timer settle; /* what it said last is read first */
	unsigned int settled;
	int exit_status; /* as waitid() has it; valid with `exited` */
	bool exited;
	bool was_killed; /* by a signal, exit_status */
	struct runf_cgroup *cgroup;
	struct loop_timer timer; /* init's limit, or the invocation's */
	struct loop_timer limit; /* the quota's, once init is over */
	bool wants_start;
	bool boosted;   /* counts in host->boosted */
	bool unlimited; /* its quota has not been written yet */
	bool renewed;   /* init took too long, and is done once more */

	struct http_port port;
	struct api api;
	struct http_request *parked;    /* `next` */
	struct http_request *answering; /* whose body comes */
	bool relays;                    /* pieces, as they come */
	enum api_call call;             /* of ANSWERING */
	struct sandbox_body body;
	char error_type[128];

	struct invocation *invocation;
	enum invocation_start start;
	uint64_t began_ns; /* create */
	uint64_t create_us;
	uint64_t started_ns;
	uint64_t init_us;
	uint64_t dispatched_ns; /* 0: not yet */
	bool counted;           /* of the invocation it is known how it began */
	struct runf_counts before;
};

/* sandbox.c */
void sandbox_enter(struct sandbox *sandbox, enum sandbox_state state);
/* It is not to go on; WHY, or as error_set(). */
void sandbox_break(struct sandbox *sandbox, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void sandbox_name(struct sandbox *sandbox);
void sandbox_create(struct sandbox *sandbox);
void sandbox_begin_job(struct sandbox *sandbox, enum sandbox_job job);
/* `next` was asked for the first time. */
void sandbox_initialized(struct sandbox *sandbox);
/* Then the quota that was withheld is due, if nothing else is at work. */
void sandbox_limit(struct sandbox *sandbox);

/* sandbox_work.c: what workers do, and what follows */
void sandbox_work(struct sandbox *sandbox);
/* Of what a removed container has left in the struct. */
void sandbox_drop_container(struct sandbox *sandbox);

int sandbox_take_error(const struct runf_error *from, struct error *err);
/* With descriptors of its own: a worker has closed the program's. */
int sandbox_open_runf(const struct sandbox_host *host, struct runf **ret_runf,
                      struct error *err);

/* sandbox_api.c: the Runtime API */
extern const struct http_service sandbox_service;
/* Give the invocation to the one that waits in `next`. */
void sandbox_dispatch(struct sandbox *sandbox);

/* sandbox_end.c: how invocations end, and what they cost */
/* From now on it is counted what the invocation costs. */
void sandbox_count_from_here(struct sandbox *sandbox);
/* With what is in the body. TYPE NULL: there is no error. */
void sandbox_finish(struct sandbox *sandbox, enum invocation_status status,
                    const char *type);
/* With an error that the platform finds, in words. */
void sandbox_fail(struct sandbox *sandbox, enum invocation_status status,
                  const char *type, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* It has posted an error of its init, which is in the body. */
void sandbox_init_failed(struct sandbox *sandbox);
/* The timer is at its end. */
void sandbox_timed_out(struct loop_timer *timer);
/* Init's pidfd is readable, and what follows. */
void sandbox_exit_ready(struct loop_source *source, uint32_t events);
void sandbox_settle(struct loop_timer *timer);
/* 0, or -errno (EMSGSIZE: more than an answer may have). */
int sandbox_body_add(struct sandbox_body *body, const void *bytes, size_t size);
void sandbox_body_clear(struct sandbox_body *body);
