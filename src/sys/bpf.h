/* SPDX-License-Identifier: Apache-2.0 */
/* bpf(2), as far as device rules need it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

/*
 * BPF_PROG_LOAD of type CGROUP_DEVICE (Linux 4.15). Returns the program's
 * descriptor. On failure LOG, if SIZE is not 0, holds the verifier's words.
 */
int sys_bpf_load_device(const struct bpf_insn *program, size_t count, char *log,
                        size_t size);
/* Attach with BPF_F_ALLOW_MULTI. */
int sys_bpf_attach_device(int cgroup, int program);
int sys_bpf_detach_device(int cgroup, int program);
/* Ids of programs attached to CGROUP: *COUNT in capacity, out number. */
int sys_bpf_query_device(int cgroup, uint32_t *ret_ids, size_t *count);
/* A descriptor of the program with this id. */
int sys_bpf_program_by_id(uint32_t id);
