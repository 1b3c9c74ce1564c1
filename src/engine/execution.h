/* SPDX-License-Identifier: Apache-2.0 */
/* One more process in a container: everything exec holds meanwhile. */
#pragma once

#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/listener.h"
#include "oci/spec.h"
#include "plan/facts.h"
#include "seccomp/seccomp.h"

struct execution {
	struct arena arena;
	struct engine *engine;
	const struct runf_exec_options *options;
	struct found found;
	struct facts facts;
	const struct oci_spec *spec;
	struct plan_process *process;
	struct plan_seccomp seccomp_plan;
	struct seccomp_program seccomp;
	struct listener listener;
	int namespaces;          /* CLONE_NEW* of the container */
	unsigned long cpus[128]; /* the caller's own, and... */
	size_t cpus_size;        /* ...their bytes; 0: not changed */
	struct cgroup cgroup;
	bool outside_cgroup;
	int root; /* init's root, where there is no mount namespace, or -1 */
	int console;
	int master;
	int sync[2];
	pid_t pid;
	int pidfd;
};

/*
 * The process to execute: process.json, or config.json's with the options'
 * words put over it.
 */
int execution_read_process(struct execution *x,
                           const struct oci_process **ret_process,
                           struct error *err);

/* The child's side. Does not return. */
void execution_child(const struct execution *x) __attribute__((noreturn));
