/* SPDX-License-Identifier: Apache-2.0 */
/* What was deployed, as one SHA-256: the version's name. */
#include "fn/content.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/file.h"

void content_begin(struct content *content)
{
	SHA256Init(&content->sha);
}

static void add_bytes(struct content *content, const void *bytes, size_t size)
{
	SHA256Update(&content->sha, bytes, size);
}

void content_add(struct content *content, const char *key, const char *text)
{
	/* The NUL ends each of them. */
	add_bytes(content, key, strlen(key) + 1);
	add_bytes(content, text, strlen(text) + 1);
}

int content_add_file(struct content *content, const char *key, const char *path,
                     struct error *err)
{
	auto_close int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	static char block[65536];
	char size_text[32];
	uint64_t size = 0;
	ssize_t got = fd < 0 ? fd : 0;

	add_bytes(content, key, strlen(key) + 1);
	while (fd >= 0 && (got = sys_read(fd, block, sizeof(block))) > 0) {
		add_bytes(content, block, (size_t)got);
		size += (uint64_t)got;
	}
	if (got < 0)
		return error_system(err, (int)got, "read %s", path);
	snprintf(size_text, sizeof(size_text), "%ju", (uintmax_t)size);
	content_add(content, "size", size_text);
	return 0;
}

static int compare_entries(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_entry(struct content *content, const FTSENT *entry,
                     size_t prefix, struct error *err)
{
	const struct stat *found = entry->fts_statp;
	char target[PATH_MAX];
	char text[128];
	ssize_t length;

	snprintf(text, sizeof(text), "%o %u %u %jx", found->st_mode,
	         found->st_uid, found->st_gid,
	         S_ISCHR(found->st_mode) || S_ISBLK(found->st_mode)
	                 ? (uintmax_t)found->st_rdev
	                 : 0);
	content_add(content, entry->fts_path + prefix, text);
	if (S_ISLNK(found->st_mode)) {
		length = sys_readlinkat(AT_FDCWD, entry->fts_accpath, target,
		                        sizeof(target));
		if (length < 0)
			return error_system(err, (int)length, "read link %s",
			                    entry->fts_path);
		content_add(content, "link", target);
	}
	if (S_ISREG(found->st_mode))
		return content_add_file(content, "file", entry->fts_accpath,
		                        err);
	return 0;
}

int content_add_tree(struct content *content, const char *path,
                     struct error *err)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree =
		fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, compare_entries);
	size_t prefix = strlen(path);
	int result = tree ? 0 : error_system(err, -errno, "open %s", path);
	FTSENT *entry;

	while (result == 0 && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_DP)
			continue;
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
		    entry->fts_info == FTS_NS)
			result = error_system(err, -entry->fts_errno, "read %s",
			                      entry->fts_path);
		else
			result = add_entry(content, entry, prefix, err);
	}
	if (tree)
		fts_close(tree);
	return result;
}

void content_end(struct content *content, char ret_hex[CONTENT_DIGITS + 1])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256Final(digest, &content->sha);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}
