/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as people write them. */
#pragma once

/*
 * "TERM", "SIGTERM" and "sigterm", "RTMIN+3", "RTMAX-1", "15". Returns 1 to
 * 64, or -EINVAL.
 */
int kill_parse_signal(const char *text);
