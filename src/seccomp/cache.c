/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled filters on disk, each with the whole of what it was made from. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "base/time.h"
#include "seccomp/internal.h"
#include "sys/file.h"
#include "sys/process.h"

/*
 * A file is a header, the key, the instructions. Its name is the key's hash,
 * which need not be strong: the key inside is compared in full. Files appear
 * by rename, finished; the sum finds what a crash of the machine left of one.
 */

#define CACHE_PARENT ".cache"
#define CACHE_DIR    ".cache/seccomp"
#define CACHE_FILES  64
#define CACHE_MAGIC  UINT64_C(0x6670622d666e7572) /* "runf-bpf" */

/* We make no links here, so one that is met is not ours. */
#define CACHE_RESOLVE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

struct cache_header {
	uint64_t magic;
	uint64_t key_length;
	uint64_t length; /* instructions */
	uint64_t sum;    /* of the instructions */
};

struct hash {
	uint64_t lanes[2];
};

/* A cheap hash of LENGTH bytes, a multiple of 8; two lanes run abreast. */
static struct hash hash_words(const void *bytes, size_t length)
{
	struct hash hash = { { length, ~length } };
	const char *next = bytes;
	const char *end = next + length;

	for (; next < end; next += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, next, sizeof(word));
		hash.lanes[0] ^= word;
		hash.lanes[0] *= UINT64_C(0x9e3779b97f4a7c15);
		hash.lanes[0] ^= hash.lanes[0] >> 32;
		hash.lanes[1] ^= word;
		hash.lanes[1] *= UINT64_C(0xd6e8feb86659fd93);
		hash.lanes[1] ^= hash.lanes[1] >> 29;
	}
	return hash;
}

void seccomp_key_make(struct arena *arena, const struct plan_seccomp *plan,
                      struct seccomp_key *ret_key)
{
	const struct scmp_version *library = seccomp_version();
	struct utsname host = { 0 };
	char text[256];
	struct hash hash;
	size_t length;
	char *bytes;

	/* Both decide what libseccomp makes of a plan; uname cannot fail. */
	sys_uname(&host);
	length =
		(size_t)snprintf(text, sizeof(text),
	                         "%d libseccomp %u.%u.%u %s %s\n",
	                         SECCOMP_FORMAT, library->major, library->minor,
	                         library->micro, host.machine, host.release);
	/* Room to fill up; the arena's memory is zero. */
	bytes = arena_alloc(arena, length + plan->key_length + 7);
	memcpy(bytes, text, length);
	memcpy(bytes + length, plan->key, plan->key_length);
	ret_key->bytes = bytes;
	ret_key->length = (length + plan->key_length + 7) & ~(size_t)7;
	hash = hash_words(bytes, ret_key->length);
	snprintf(ret_key->name, sizeof(ret_key->name), "%016llx%016llx",
	         (unsigned long long)hash.lanes[0],
	         (unsigned long long)hash.lanes[1]);
}

/*
 * A file that somebody else made or could have changed is none of ours. A
 * link to another one of our files is harmless: the key tells.
 */
static bool file_is_ours(const struct stat *stat)
{
	return S_ISREG(stat->st_mode) && !(stat->st_mode & 077) &&
	       stat->st_uid == sys_geteuid();
}

static bool image_is_whole(const struct cache_header *header, size_t size,
                           const struct seccomp_key *key)
{
	const char *bytes = (const char *)(header + 1);

	return header->magic == CACHE_MAGIC &&
	       header->key_length == key->length && header->length > 0 &&
	       header->length <= BPF_MAXINSNS &&
	       size == sizeof(*header) + key->length +
	                       header->length * sizeof(struct sock_filter) &&
	       memcmp(bytes, key->bytes, key->length) == 0;
}

static bool read_image(int fd, struct arena *arena,
                       const struct seccomp_key *key,
                       struct seccomp_program *ret_program)
{
	struct cache_header *header;
	const struct sock_filter *filter;
	struct stat stat;
	size_t size;

	if (sys_fstat(fd, &stat) < 0 || !file_is_ours(&stat))
		return false;
	size = (size_t)stat.st_size;
	if (size < sizeof(*header) + key->length ||
	    size > sizeof(*header) + key->length +
	                    BPF_MAXINSNS * sizeof(*filter))
		return false;
	header = arena_alloc(arena, size);
	if (sys_read(fd, header, size) != stat.st_size ||
	    !image_is_whole(header, size, key))
		return false;
	filter = (const struct sock_filter *)((const char *)(header + 1) +
	                                      key->length);
	if (hash_words(filter, header->length * sizeof(*filter)).lanes[0] !=
	    header->sum)
		return false;
	ret_program->filter = filter;
	ret_program->length = (uint16_t)header->length;
	return true;
}

bool seccomp_cache_read(struct arena *arena, int state_root,
                        const struct seccomp_key *key,
                        struct seccomp_program *ret_program)
{
	auto_close int fd = -1;
	char path[sizeof(CACHE_DIR "/") + sizeof(key->name)];

	if (state_root < 0)
		return false;
	snprintf(path, sizeof(path), CACHE_DIR "/%s", key->name);
	fd = sys_openat2(state_root, path, O_RDONLY | O_NONBLOCK, 0,
	                 CACHE_RESOLVE);
	return fd >= 0 && read_image(fd, arena, key, ret_program);
}

static int open_cache(int state_root)
{
	int result = sys_mkdirat(state_root, CACHE_PARENT, 0700);

	if (result >= 0 || result == -EEXIST)
		result = sys_mkdirat(state_root, CACHE_DIR, 0700);
	if (result < 0 && result != -EEXIST)
		return result;
	return sys_openat2(state_root, CACHE_DIR, O_RDONLY | O_DIRECTORY, 0,
	                   CACHE_RESOLVE);
}

static int write_image(int fd, const struct seccomp_key *key,
                       const struct seccomp_program *program)
{
	size_t size = program->length * sizeof(*program->filter);
	const struct cache_header header = {
		.magic = CACHE_MAGIC,
		.key_length = key->length,
		.length = program->length,
		.sum = hash_words(program->filter, size).lanes[0],
	};
	int result = sys_write_all(fd, &header, sizeof(header));

	if (result >= 0)
		result = sys_write_all(fd, key->bytes, key->length);
	if (result >= 0)
		result = sys_write_all(fd, program->filter, size);
	return result;
}

static int add_file(int dir, const struct seccomp_key *key,
                    const struct seccomp_program *program)
{
	auto_close int fd = -1;
	char draft[64];
	int result;

	snprintf(draft, sizeof(draft), "draft-%d-%llu", (int)sys_getpid(),
	         (unsigned long long)time_monotonic_ns());
	fd = sys_openat(dir, draft, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return fd;
	result = write_image(fd, key, program);
	if (result >= 0)
		result = sys_renameat2(dir, draft, dir, key->name, 0);
	if (result < 0)
		sys_unlinkat(dir, draft, 0);
	return result;
}

/* As the kernel lays them out; libc's dirent is another on some machines. */
struct kernel_dirent {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

struct oldest {
	size_t count; /* of all files */
	char name[256];
	struct timespec time;
};

static void consider(int dir, const char *name, struct oldest *oldest)
{
	struct stat stat;

	if (name[0] == '.' ||
	    sys_fstatat(dir, name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!oldest->count || stat.st_mtim.tv_sec < oldest->time.tv_sec ||
	    (stat.st_mtim.tv_sec == oldest->time.tv_sec &&
	     stat.st_mtim.tv_nsec < oldest->time.tv_nsec)) {
		snprintf(oldest->name, sizeof(oldest->name), "%s", name);
		oldest->time = stat.st_mtim;
	}
	oldest->count++;
}

static int find_oldest(int dir, struct oldest *ret_oldest)
{
	auto_close int list = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	_Alignas(struct kernel_dirent) char bytes[4096];
	ssize_t length;

	ret_oldest->count = 0;
	if (list < 0)
		return list;
	while ((length = sys_getdents64(list, bytes, sizeof(bytes))) > 0) {
		const char *next = bytes;

		while (next < bytes + length) {
			const struct kernel_dirent *entry =
				(const struct kernel_dirent *)next;

			consider(dir, entry->name, ret_oldest);
			next += entry->size;
		}
	}
	return (int)length;
}

/* Drafts that a crash left behind grow old too. */
static void drop_oldest(int dir)
{
	struct oldest oldest;
	int try;

	for (try = 0; try < CACHE_FILES; try++) {
		if (find_oldest(dir, &oldest) < 0 ||
		    oldest.count <= CACHE_FILES)
			return;
		sys_unlinkat(dir, oldest.name, 0);
	}
}

void seccomp_cache_write(int state_root, const struct seccomp_key *key,
                         const struct seccomp_program *program,
                         const struct log *log)
{
	auto_close int dir = -1;
	int result;

	if (state_root < 0)
		return;
	dir = open_cache(state_root);
	result = dir < 0 ? dir : add_file(dir, key, program);
	if (result < 0) {
		log_debug(log, "seccomp: filter %s is not kept: %s", key->name,
		          strerror(-result));
		return;
	}
	drop_oldest(dir);
}
