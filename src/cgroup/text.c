/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's cgroup files say, as numbers. */
#include "cgroup/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "sys/file.h"

int text_read(struct arena *arena, int dir, const char *file,
              const char **ret_text)
{
	auto_close int fd = sys_openat(dir, file, O_RDONLY, 0);
	struct buf text = { .arena = arena };
	char piece[4096];
	ssize_t count = fd;

	while (count >= 0) {
		count = sys_read(fd, piece, sizeof(piece));
		if (count <= 0)
			break;
		buf_add(&text, piece, (size_t)count);
	}
	if (count < 0)
		return (int)count;
	*ret_text = buf_str(&text);
	return 0;
}

const char *text_next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

int text_number(const char *text, const char *key, uint64_t *ret_value)
{
	size_t length = key ? strlen(key) : 0;

	for (; *text; text = text_next_line(text)) {
		const char *value = text;

		if (key) {
			if (strncmp(text, key, length) != 0 ||
			    text[length] != ' ')
				continue;
			value += length + 1;
		}
		if (str_after(value, "max")) {
			*ret_value = RUNF_UNLIMITED;
			return 0;
		}
		if (!isdigit((unsigned char)*value))
			return -ENODATA;
		*ret_value = strtoull(value, NULL, 10);
		return 0;
	}
	return -ENODATA;
}

/* The text behind "NAME=" in LINE, or NULL. */
static const char *line_value(const char *line, const char *name)
{
	size_t length = strlen(name);

	while (*line && *line != '\n') {
		if (strncmp(line, name, length) == 0 && line[length] == '=')
			return line + length + 1;
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	return NULL;
}

/* "3.72" is 372. */
static unsigned int line_hundredths(const char *line, const char *name)
{
	const char *text = line_value(line, name);
	char *end;
	unsigned long whole;

	if (!text)
		return 0;
	whole = strtoul(text, &end, 10);
	return (unsigned int)(whole * 100) +
	       (*end == '.' ? (unsigned int)strtoul(end + 1, NULL, 10) : 0);
}

void text_pressure(const char *text, struct runf_pressure *ret_pressure)
{
	const char *line;

	for (line = text; *line; line = text_next_line(line)) {
		struct runf_stall *stall = str_after(line, "some ")
		                                   ? &ret_pressure->some
		                                   : &ret_pressure->full;
		const char *total = line_value(line, "total");

		if (!total)
			continue;
		ret_pressure->counted = true;
		stall->avg10_hundredths = line_hundredths(line, "avg10");
		stall->avg60_hundredths = line_hundredths(line, "avg60");
		stall->avg300_hundredths = line_hundredths(line, "avg300");
		stall->total_us = strtoull(total, NULL, 10);
	}
}

/* "254:0 " at the start of LINE. Returns what stands behind it, or NULL. */
static const char *line_device(const char *line, struct runf_io_device *device)
{
	char *end;

	if (!isdigit((unsigned char)*line))
		return NULL;
	device->major = (unsigned int)strtoul(line, &end, 10);
	if (*end != ':' || !isdigit((unsigned char)end[1]))
		return NULL;
	device->minor = (unsigned int)strtoul(end + 1, &end, 10);
	return *end == ' ' ? end + 1 : NULL;
}

static struct runf_io_device *io_device(struct arena *arena,
                                        struct runf_io_stats *io,
                                        const struct runf_io_device *wanted)
{
	/* We made the list, and nobody else has it yet. */
	struct runf_io_device *all =
		(struct runf_io_device *)(uintptr_t)io->devices;
	struct runf_io_device *device;
	size_t i;

	for (i = 0; i < io->devices_count; i++)
		if (all[i].major == wanted->major &&
		    all[i].minor == wanted->minor)
			return &all[i];
	device = arena_push(arena, all, io->devices_count);
	*device = *wanted;
	io->devices = all;
	return device;
}

#define IO(member) offsetof(struct runf_io_device, member)

static const struct {
	const char *v2;
	const char *v1;
	size_t of_bytes; /* v1 has two files with the same words */
	size_t of_operations;
} io_words[] = {
	{ "rbytes", "Read", IO(read_bytes), IO(reads) },
	{ "wbytes", "Write", IO(write_bytes), IO(writes) },
	{ "dbytes", "Discard", IO(discard_bytes), IO(discards) },
	{ "rios", NULL, IO(reads), 0 },
	{ "wios", NULL, IO(writes), 0 },
	{ "dios", NULL, IO(discards), 0 },
};

void text_io(struct arena *arena, const char *text, bool of_bytes,
             struct runf_io_stats *io)
{
	const char *line;
	size_t i;

	for (line = text; *line; line = text_next_line(line)) {
		struct runf_io_device key = { 0 };
		const char *rest = line_device(line, &key);
		struct runf_io_device *device;

		if (!rest)
			continue;
		device = io_device(arena, io, &key);
		for (i = 0; i < ARRAY_SIZE(io_words); i++) {
			const char *v1 = io_words[i].v1;
			const char *value = line_value(rest, io_words[i].v2);
			size_t at = io_words[i].of_bytes;
			uint64_t number;

			if (!value && v1 && (value = str_after(rest, v1)))
				at = of_bytes ? at : io_words[i].of_operations;
			if (!value)
				continue;
			number = strtoull(value, NULL, 10);
			memcpy((char *)device + at, &number, sizeof(number));
		}
	}
}
