/* SPDX-License-Identifier: Apache-2.0 */
/* The options that checkpoint and restore share. */
#pragma once

#include "base/options.h"

/* AT is the way to the members of struct runf_criu_options. */
#define OPTIONS_CRIU(type, at)                                                 \
	OPTION_TEXT(0, "image-path", "DIR", type, at image_path,               \
	            "where the images are (default: checkpoint)"),             \
		OPTION_TEXT(0, "work-path", "DIR", type, at work_path,         \
	                    "where CRIU's log is (default: image-path)"),      \
		OPTION_SWITCH(0, "tcp-established", type, at tcp_established,  \
	                      "keep established TCP connections"),             \
		OPTION_SWITCH(0, "ext-unix-sk", type, at ext_unix_sk,          \
	                      "allow unix sockets that lead outside"),         \
		OPTION_SWITCH(0, "shell-job", type, at shell_job,              \
	                      "the terminal is the caller's"),                 \
		OPTION_SWITCH(0, "file-locks", type, at file_locks,            \
	                      "keep file locks"),                              \
		OPTION_SWITCH(0, "lazy-pages", type, at lazy_pages,            \
	                      "transfer memory when it is used"),              \
		OPTION_SWITCH(0, "auto-dedup", type, at auto_dedup,            \
	                      "free in older images what newer ones hold"),    \
		OPTION_WORD(0, "manage-cgroups-mode",                          \
	                    "soft|full|strict|ignore", type,                   \
	                    at manage_cgroups_mode,                            \
	                    "what to do with cgroups (soft)"),                 \
		OPTION_WORD(0, "network-lock", "iptables|nftables|skip", type, \
	                    at network_lock, "how connections are held"),      \
		OPTION_WORD(0, "empty-ns", "network", type, at empty_ns,       \
	                    "leave the content of this namespace out")
