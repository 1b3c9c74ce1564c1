/* SPDX-License-Identifier: Apache-2.0 */
/* Two ways to run from a file that no container can write. */
#pragma once

/*
 * The detached mount that the program runs from, if it was exchanged in
 * place, else -1. Its last descriptor unmounts it and waits for all CPUs to
 * notice, so it is to be closed where nobody waits. The caller owns it.
 */
int protect_take_mount(void);

/*
 * In this very process: every mapping of the program's file is replaced by
 * one of the same bytes from FILE (which must be the same program), and
 * /proc/self/exe leads there. 0 or a negative errno; in the latter case the
 * process still works, and must execute itself instead.
 */
int protect_replace_image(int file, char *const argv[], char *const env[]);
