/* SPDX-License-Identifier: Apache-2.0 */
/* What would be called, written down line by line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/*
 * The generated sys_X (tests/fault/wrap.py fake) note their arguments and ask
 * fake_X (kernel.c) for an answer. A line is
 *
 *	name(argument, ...) = result
 *
 * A descriptor is written as what it leads to, <so>; of the results only
 * descriptors and errors.
 */

#define NOTES_MAX 1024

struct note {
	char name[24];  /* of the call, without sys_ */
	char text[240]; /* the whole line */
	char first[96]; /* the first argument, as written */
	long result;
};

struct notes {
	struct note items[NOTES_MAX];
	size_t count;
};

extern struct notes notes;

void notes_reset(void);
/* A line that is no call. */
void notes_say(const char *text);
/* All lines. */
const char *notes_text(void);

/* A new descriptor that leads to what FORMAT says. None is ever closed. */
int notes_fd(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What FD leads to; "" if it is none of ours. */
const char *notes_fd_name(int fd);

/* For bytes that are no text: what they say, or NULL. */
extern const char *(*notes_describe)(const void *bytes, size_t size);

/* For the generated functions. */
extern const struct str_value open_words[], resolve_words[], clone_words[],
	tree_words[], move_words[], attribute_words[], mount_words[],
	umount_words[], at_words[], access_words[], range_words[];

void note_begin(const char *name);
void note_fd(int fd);
void note_text(const char *text); /* quoted */
void note_word(const char *word); /* as it is */
void note_device(dev_t device);
void note_bytes(const void *bytes, size_t size);
void note_fds(const int *fds, size_t count);
void note_ids(const gid_t *ids, size_t count);
void note_list(char *const list[]);
void note_words(const struct str_value *words, uint64_t value);
void note_hex(uint64_t value);
void note_octal(unsigned int value);
void note_number(long long value);
/* Returns RESULT. */
long note_end(long result);
