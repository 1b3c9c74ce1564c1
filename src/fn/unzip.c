/* SPDX-License-Identifier: Apache-2.0 */
/* The helper that unpacks a zip archive, a program of its own (libarchive). */
#include "fn/unzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"
#include "fn/entry.h"
#include "sys/file.h"

/*
 * unzip DIR MAX_BYTES MAX_MB progress|quiet: the archive is stdin, a file. Its
 * content goes below DIR. On stdout: the number of bytes that were written, or
 * in one line why not; the status tells which.
 */
#define BLOCK       65536
#define PROGRESS_NS 100000000

struct unzip {
	struct archive *archive;
	struct unzip_tree tree;
	uint64_t max_bytes; /* what is left */
	const char *max_mb; /* what was allowed, for people */
	uint64_t bytes;
	uint64_t entries;
	bool progress;
	uint64_t shown_ns;
};

static void show_progress(struct unzip *unzip, bool last)
{
	uint64_t now = unzip->progress ? time_monotonic_ns() : 0;
	char line[80];
	int length;

	if (!unzip->progress || (!last && now - unzip->shown_ns < PROGRESS_NS))
		return;
	unzip->shown_ns = now;
	length = snprintf(line, sizeof(line),
	                  "\runpacking: %" PRIu64 " entries, %" PRIu64
	                  ".%" PRIu64 " MB%s",
	                  unzip->entries, unzip->bytes >> 20,
	                  (unzip->bytes >> 10) % 1024 * 10 / 1024,
	                  last ? "\n" : " ");
	sys_write(STDERR_FILENO, line, (size_t)length);
}

static int refuse(struct error *err, const char *path, const char *why)
{
	return error_set(err, ERROR_CONFIG, -EINVAL, "\"%.200s\": %s",
	                 path ? path : "", why);
}

static int too_large(const struct unzip *unzip, struct error *err)
{
	return error_set(err, ERROR_CONFIG, -EFBIG,
	                 "it is larger than %s MB unpacked: see --max-size",
	                 unzip->max_mb);
}

static int archive_fault(const struct unzip *unzip, const char *what,
                         struct error *err)
{
	const char *text = archive_error_string(unzip->archive);

	return error_set(err, ERROR_CONFIG, -EINVAL, "%s: %s", what,
	                 text ? text : "no reason was given");
}

/* Whatever the directory of the archive says: what comes out is counted. */
static int copy_data(struct unzip *unzip, int fd, struct error *err)
{
	const void *block;
	size_t size;
	la_int64_t offset;
	int status, result;

	while ((status = archive_read_data_block(unzip->archive, &block, &size,
	                                         &offset)) == ARCHIVE_OK) {
		if (!entry_count(&unzip->bytes, size, unzip->max_bytes))
			return too_large(unzip, err);
		result = sys_write_all(fd, block, size);
		if (result < 0)
			return error_system(err, result, "write");
		show_progress(unzip, false);
	}
	return status == ARCHIVE_EOF
	               ? 0
	               : archive_fault(unzip, "damaged archive", err);
}

static int take_file(struct unzip *unzip, struct archive_entry *entry,
                     const char *path, struct timespec mtime, struct error *err)
{
	uint64_t claimed = archive_entry_size_is_set(entry)
	                           ? (uint64_t)archive_entry_size(entry)
	                           : 0;
	uint64_t total = unzip->bytes;
	int result;
	int fd;

	if (!entry_count(&total, claimed, unzip->max_bytes))
		return too_large(unzip, err);
	fd = unzip_make_file(&unzip->tree, path,
	                     (archive_entry_perm(entry) & 0111) != 0, err);
	if (fd < 0)
		return fd;
	result = copy_data(unzip, fd, err);
	if (result < 0)
		return error_wrap(err, "\"%.200s\"", path);
	return unzip_end_file(fd, mtime, err);
}

static int take_link(struct unzip *unzip, struct archive_entry *entry,
                     const char *path, struct timespec mtime, struct error *err)
{
	const char *target = archive_entry_symlink(entry);
	const char *why = entry_check_link(path, target);

	if (why)
		return refuse(err, path, why);
	return unzip_make_link(&unzip->tree, path, target, mtime, err);
}

static int take_entry(struct unzip *unzip, struct archive_entry *entry,
                      struct error *err)
{
	const struct timespec mtime = {
		.tv_sec = archive_entry_mtime(entry),
		.tv_nsec = archive_entry_mtime_nsec(entry),
	};
	const char *written = archive_entry_pathname(entry);
	char path[ENTRY_PATH_MAX + 1];
	const char *why = entry_check_path(written, path);

	if (!why)
		why = entry_check_mode(archive_entry_mode(entry));
	if (!why && archive_entry_hardlink(entry))
		why = "it is a hard link";
	if (!why && archive_entry_is_encrypted(entry))
		why = "it is encrypted";
	if (why)
		return refuse(err, written, why);
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return *path ? unzip_make_dir(&unzip->tree, path, mtime, err)
		             : 0;
	if (!*path)
		return refuse(err, written, "it has no name");
	if (archive_entry_filetype(entry) == AE_IFREG)
		return take_file(unzip, entry, path, mtime, err);
	if (archive_entry_filetype(entry) == AE_IFLNK)
		return take_link(unzip, entry, path, mtime, err);
	return refuse(err, written, "it is a device, a pipe or a socket");
}

static int unpack(struct unzip *unzip, struct error *err)
{
	struct archive_entry *entry;
	int result = 0;
	int status;

	/* By its directory at the end, as every other program reads it. */
	archive_read_support_format_zip_seekable(unzip->archive);
	if (archive_read_open_fd(unzip->archive, STDIN_FILENO, BLOCK) !=
	    ARCHIVE_OK)
		return archive_fault(unzip, "no zip archive", err);
	while (result == 0 &&
	       (status = archive_read_next_header(unzip->archive, &entry)) ==
	               ARCHIVE_OK) {
		if (++unzip->entries > ENTRIES_MAX)
			return error_set(err, ERROR_CONFIG, -E2BIG,
			                 "it has more than %d entries",
			                 ENTRIES_MAX);
		result = take_entry(unzip, entry, err);
		show_progress(unzip, false);
	}
	if (result < 0)
		return result;
	if (status != ARCHIVE_EOF)
		return archive_fault(unzip, "damaged archive", err);
	show_progress(unzip, true);
	return unzip_end(&unzip->tree, err);
}

static int run(struct unzip *unzip, char **argv, struct error *err)
{
	uint64_t max_bytes;
	int result;

	if (str_to_u64(argv[2], 10, &max_bytes) < 0)
		return error_set(err, ERROR_USAGE, -EINVAL, "unzip: arguments");
	unzip->max_bytes = max_bytes;
	unzip->max_mb = argv[3];
	unzip->progress = str_equal(argv[4], "progress");
	/* Both read files, which are out of reach afterwards. */
	setlocale(LC_CTYPE, "C.UTF-8");
	tzset();
	signal(SIGXFSZ, SIG_IGN);
	unzip->archive = archive_read_new();
	if (!unzip->archive)
		return error_system(err, -ENOMEM, "libarchive");
	result = unzip_confine(argv[1], max_bytes, err);
	return result < 0 ? result : unpack(unzip, err);
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct unzip unzip = { .tree = { .arena = &arena, .parent = -1 } };
	struct error err = { .text = "unzip DIR MAX_BYTES MAX_MB HOW" };
	char number[32];
	int result = argc == 5 ? run(&unzip, argv, &err) : -EINVAL;

	if (result == 0)
		snprintf(number, sizeof(number), "%" PRIu64, unzip.bytes);
	sys_write_all(STDOUT_FILENO, result < 0 ? err.text : number,
	              strlen(result < 0 ? err.text : number));
	/* No destructors: they may want calls that are forbidden now. */
	_exit(result < 0);
}
