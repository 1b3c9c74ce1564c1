/* SPDX-License-Identifier: Apache-2.0 */
/* The shim: one process that holds the containers of a pod for containerd. */
#pragma once

#include <runf/runf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "shim/events.h"
#include "shim/io.h"
#include "shim/options.h"
#include "ttrpc/ttrpc.h"

/* A process that ended while nobody knew yet whose it was. */
struct orphan {
	struct orphan *next;
	pid_t pid;
	int status; /* as exit_status_of() */
	struct timespec when;
};

struct shim {
	struct loop loop;
	struct log log;
	int log_fd;
	const char *namespace_;
	const char *socket; /* path of our own */
	struct ttrpc_server *server;
	struct events *events;
	struct loop_source signals;
	struct container *containers;
	/* Workers at work whose children we cannot tell yet, and who ended. */
	unsigned int starting;
	struct orphan *orphans;
	size_t orphans_count;
	struct orphan *workers; /* that have not ended yet */
	struct rlimit files;    /* as containers inherit it */
	struct loop_timer rest;
	bool ending;
};

enum process_status {
	PROCESS_CREATED,
	PROCESS_RUNNING,
	PROCESS_STOPPED,
};

/* A call of Wait that is not answered yet. */
struct waiter {
	struct waiter *next;
	struct ttrpc_call call;
};

/* Init of a container, or what is executed beside it. */
struct process {
	struct process *next; /* of the container's execs */
	struct container *container;
	const char *exec_id; /* "": init */
	char *spec;          /* of an exec: its JSON, until it is started */
	struct io_paths paths;
	struct io *io;
	enum process_status status;
	bool busy;  /* a worker makes, starts or deletes it */
	bool ended; /* while busy: told when the worker has answered */
	bool drained;
	pid_t pid; /* stays valid as a name until the process is deleted */
	uint32_t exit_status;
	struct timespec exited_at;
	struct waiter *waiters;
	struct job *deletion; /* waits for the output to be copied */
};

struct container {
	struct container *next;
	struct shim *shim;
	struct arena arena; /* strings, and this struct itself */
	const char *id;
	const char *bundle;
	const char *checkpoint; /* to be restored by Start, or "" */
	const struct runf_mount *rootfs;
	size_t rootfs_count;
	struct shim_options options;
	struct process init;
	struct process *execs;
	bool created; /* Create was answered */
	bool paused;
	bool shares_pids;     /* its processes do not end with init */
	bool init_is_gone;    /* but is told only after the execs */
	unsigned int holders; /* jobs, and whoever still looks at it */
	bool removed;         /* freed with the last of them */
	struct runf_oom *oom;
	struct loop_source oom_source;
	struct loop_timer oom_timer; /* for another look */
	uint64_t oom_kills;
};

/* ---- container.c */

struct container *container_new(struct shim *shim, const char *id);
/* It is found no more; freed as soon as nobody holds it. */
void container_remove(struct container *container);
void container_hold(struct container *container);
void container_drop(struct container *container);
/* Also one that is being created. */
struct container *container_find(struct shim *shim, const char *id);
/* EXEC_ID NULL or "": init. */
struct process *process_find(struct container *container, const char *exec_id);
struct process *process_new_exec(struct container *container,
                                 const char *exec_id);
void process_forget_spec(struct process *process);
void process_free_exec(struct process *process);
struct process *process_of_pid(struct shim *shim, pid_t pid);

/*
 * ---- end.c
 *
 * PROCESS has ended: events and waiters are told, in the order that clients
 * rely on (execs before init; nothing before the start was told).
 */
void process_ended(struct process *process, int status,
                   const struct timespec *when);
/* A worker is done with PROCESS, which is no longer busy. */
void process_rest(struct process *process);
/* It never came to its program: clients find it ended. */
void process_fail(struct process *process);
/* Tell of the end of a process whose status and time are set. */
void process_tell_end(struct process *process);
void process_add_waiter(struct process *process, struct ttrpc_call call);
void process_answer_wait(struct process *process, struct ttrpc_call call);
void shim_forget_connection(void *shim, uint64_t connection);

/* ---- reaper.c */

int reaper_open(struct shim *shim, struct error *err);
/* PID is a worker: nobody will ask for it. */
void reaper_add_worker(struct shim *shim, pid_t pid);
/* A worker that starts something begins; and has said (or will never) what. */
void reaper_expect(struct shim *shim);
void reaper_settle(struct shim *shim);
/* True if PID has ended already. */
bool reaper_take_orphan(struct shim *shim, pid_t pid, int *ret_status,
                        struct timespec *ret_when);

/* ---- oom.c: tell containerd when memory was not enough */

void container_watch_oom(struct container *container);
void container_check_oom(struct container *container);
void container_forget_oom(struct container *container);

/* ---- daemon.c */

struct daemon_options {
	int listener;
	const char *socket;
	const char *namespace_;
	const char *containerd; /* its ttrpc socket */
	const char *cgroup;     /* of the shim itself, or NULL */
	enum log_level level;
};

/* Serve until containerd says Shutdown. Returns the exit status. */
int daemon_run(const struct daemon_options *options);
/* containerd needs us no more; end, unless somebody else was sent to us. */
void daemon_rest(struct shim *shim);
/* Nothing is left to do: tell the last events, and end. */
void daemon_end(struct shim *shim);

/* ---- log.c: logrus' form, to the FIFO `log` in the current directory */

void log_open(struct shim *shim, enum log_level level);
