/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of compiled filters: what it keeps, and what it refuses. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "seccomp/seccomp.h"

static struct arena arena;
static struct error err;
static char root_path[] = "/tmp/runf-seccomp-XXXXXX";
static int root;

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root_path));
	root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static int remove_entry(const char *path, const struct stat *stat, int type,
                        struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void teardown(void)
{
	arena_release(&arena);
	close(root);
	nftw(root_path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

struct counter {
	unsigned int compiled;
	unsigned int not_kept;
};

static void count_line(void *context, enum log_level level, const char *text)
{
	struct counter *counter = context;

	(void)level;
	counter->compiled += strstr(text, "is compiled") != NULL;
	counter->not_kept += strstr(text, "is not kept") != NULL;
}

static struct plan_seccomp_rule cache_rules[] = {
	{ .name = "getppid", .action = SCMP_ACT_ERRNO(77) },
	{ .name = "mount", .action = SCMP_ACT_ERRNO(78) },
};

static const struct plan_seccomp cache_plan = {
	.needed = true,
	.default_action = SCMP_ACT_ALLOW,
	.rules = cache_rules,
	.rules_count = ARRAY_SIZE(cache_rules),
	.key = "",
};

static struct seccomp_program compile(void)
{
	struct seccomp_program program = { 0 };

	if (seccomp_prepare(&arena, &cache_plan, -1, NULL, &program, &err) < 0)
		ck_abort_msg("%s", err.text);
	return program;
}

/* Prepare with the cache; the plan has KEY. */
static struct seccomp_program prepare(const char *key, struct counter *counter)
{
	const struct log log = { LOG_LEVEL_DEBUG, count_line, counter };
	struct plan_seccomp plan = cache_plan;
	struct seccomp_program program = { 0 };

	plan.key = key;
	plan.key_length = strlen(key);
	if (seccomp_prepare(&arena, &plan, root, &log, &program, &err) < 0)
		ck_abort_msg("%s", err.text);
	return program;
}

static bool same_program(const struct seccomp_program *a,
                         const struct seccomp_program *b)
{
	return a->length == b->length &&
	       memcmp(a->filter, b->filter, a->length * sizeof(*a->filter)) ==
	               0;
}

/* How many files the cache has; the name of one of them. */
static size_t list_cache(char ret_path[300])
{
	int fd = openat(root, ".cache/seccomp", O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(ret_path, 300, ".cache/seccomp/%s", entry->d_name);
		count++;
	}
	closedir(dir);
	return count;
}

/* E006 */
START_TEST(a_hit_equals_a_fresh_compile_byte_for_byte)
{
	struct seccomp_program fresh = compile();
	struct counter counter = { 0 };
	struct seccomp_program first = prepare("key", &counter);
	struct seccomp_program second;

	ck_assert_uint_eq(counter.compiled, 1);
	second = prepare("key", &counter);
	ck_assert_uint_eq(counter.compiled, 1);
	ck_assert(same_program(&first, &fresh));
	ck_assert(same_program(&second, &fresh));
	ck_assert(second.needed);
}

END_TEST

/* E006 */
START_TEST(another_key_is_another_filter)
{
	struct counter counter = { 0 };
	char path[300];

	prepare("key", &counter);
	prepare("kez", &counter);
	prepare("key ", &counter);
	ck_assert_uint_eq(counter.compiled, 3);
	ck_assert_uint_eq(list_cache(path), 3);
}

END_TEST

/* E006 */
START_TEST(the_cache_is_for_its_owner_only)
{
	struct counter counter = { 0 };
	struct stat stat;
	char path[300];

	prepare("key", &counter);
	list_cache(path);
	ck_assert_int_eq(fstatat(root, ".cache", &stat, 0), 0);
	ck_assert_uint_eq(stat.st_mode & 07777, 0700);
	ck_assert_int_eq(fstatat(root, ".cache/seccomp", &stat, 0), 0);
	ck_assert_uint_eq(stat.st_mode & 07777, 0700);
	ck_assert_int_eq(fstatat(root, path, &stat, 0), 0);
	ck_assert_uint_eq(stat.st_mode & 07777, 0600);
}

END_TEST

static void flip(const char *path, off_t offset, int whence)
{
	int fd = openat(root, path, O_RDWR);
	unsigned char byte;

	ck_assert_int_ge(fd, 0);
	offset = lseek(fd, offset, whence);
	ck_assert_int_eq(pread(fd, &byte, 1, offset), 1);
	byte ^= 0x10;
	ck_assert_int_eq(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

static void cut(const char *path, off_t more)
{
	int fd = openat(root, path, O_RDWR);
	struct stat stat;

	ck_assert_int_eq(fstat(fd, &stat), 0);
	ck_assert_int_eq(ftruncate(fd, stat.st_size + more), 0);
	close(fd);
}

static void empty(const char *path)
{
	close(openat(root, path, O_WRONLY | O_TRUNC));
}

static void damage_magic(const char *path)
{
	flip(path, 0, SEEK_SET);
}

static void damage_key_length(const char *path)
{
	flip(path, 8, SEEK_SET);
}

static void damage_length(const char *path)
{
	flip(path, 16, SEEK_SET);
}

static void damage_sum(const char *path)
{
	flip(path, 24, SEEK_SET);
}

static void damage_key(const char *path)
{
	flip(path, 32, SEEK_SET);
}

static void damage_filter(const char *path)
{
	flip(path, -30, SEEK_END);
}

static void cut_short(const char *path)
{
	cut(path, -8);
}

static void cut_long(const char *path)
{
	cut(path, 8);
}

static void let_others_read(const char *path)
{
	ck_assert_int_eq(fchmodat(root, path, 0644, 0), 0);
}

static void give_away(const char *path)
{
	ck_assert_int_eq(fchownat(root, path, 12345, 12345, 0), 0);
}

static void make_link(const char *path)
{
	ck_assert_int_eq(renameat(root, path, root, "elsewhere"), 0);
	ck_assert_int_eq(symlinkat("../../elsewhere", root, path), 0);
}

static void make_fifo(const char *path)
{
	ck_assert_int_eq(unlinkat(root, path, 0), 0);
	ck_assert_int_eq(mkfifoat(root, path, 0600), 0);
}

static void (*const damages[])(const char *path) = {
	empty,      damage_magic,    damage_key_length, damage_length,
	damage_sum, damage_key,      damage_filter,     cut_short,
	cut_long,   let_others_read, give_away,         make_link,
	make_fifo,
};

START_TEST(a_file_that_is_damaged_or_foreign_is_replaced)
{
	struct counter counter = { 0 };
	struct seccomp_program first = prepare("key", &counter);
	struct seccomp_program second;
	char path[300];

	if (damages[_i] == give_away && geteuid() != 0) {
		printf("skip: giving a file away needs root\n");
		return;
	}
	ck_assert_uint_eq(list_cache(path), 1);
	damages[_i](path);
	second = prepare("key", &counter);
	ck_assert_uint_eq(counter.compiled, 2);
	ck_assert(same_program(&first, &second));
	second = prepare("key", &counter);
	ck_assert_uint_eq(counter.compiled, 2);
	ck_assert(same_program(&first, &second));
	ck_assert_uint_eq(list_cache(path), 1);
}

END_TEST

START_TEST(a_cache_that_cannot_be_used_is_no_error)
{
	struct counter counter = { 0 };

	/* A file in the place of the directory. */
	close(openat(root, ".cache", O_CREAT | O_WRONLY, 0600));
	prepare("key", &counter);
	ck_assert_uint_eq(counter.compiled, 1);
	ck_assert_uint_eq(counter.not_kept, 1);
	/* A link to a directory that may be anybody's. */
	ck_assert_int_eq(unlinkat(root, ".cache", 0), 0);
	ck_assert_int_eq(symlinkat("/tmp", root, ".cache"), 0);
	prepare("key", &counter);
	ck_assert_uint_eq(counter.compiled, 2);
	ck_assert_uint_eq(counter.not_kept, 2);
}

END_TEST

START_TEST(the_cache_keeps_the_newest_files_only)
{
	struct counter counter = { 0 };
	char path[300];
	unsigned int i;

	for (i = 0; i < 80; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key %u", i);
		prepare(key, &counter);
	}
	ck_assert_uint_eq(counter.compiled, 80);
	ck_assert_uint_eq(list_cache(path), 64);
	prepare("key 79", &counter);
	prepare("key 40", &counter);
	ck_assert_uint_eq(counter.compiled, 80);
	prepare("key 0", &counter);
	ck_assert_uint_eq(counter.compiled, 81);
}

END_TEST

/* Read, write and remove one file as fast as it goes. */
static void race(const struct seccomp_program *expected)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		struct counter counter = { 0 };
		struct seccomp_program program = prepare("key", &counter);
		char path[300];

		if (!same_program(&program, expected) || counter.not_kept)
			_exit(1);
		/* Others' drafts are theirs. */
		if (i % 4 == 0 && list_cache(path) && !strstr(path, "draft"))
			unlinkat(root, path, 0);
	}
	_exit(0);
}

START_TEST(writers_at_the_same_time_leave_whole_files)
{
	struct seccomp_program fresh = compile();
	struct counter counter = { 0 };
	char path[300];
	int failed = 0;
	int i;

	for (i = 0; i < 6; i++)
		if (fork() == 0)
			race(&fresh);
	for (i = 0; i < 6; i++) {
		int status = 1;

		wait(&status);
		failed += status != 0;
	}
	ck_assert_int_eq(failed, 0);
	prepare("key", &counter);
	ck_assert_uint_eq(list_cache(path), 1);
}

END_TEST

START_TEST(no_filter_is_loaded_where_none_is_needed)
{
	struct plan_seccomp plan = { 0 };
	struct seccomp_program program;

	ck_assert_int_eq(
		seccomp_prepare(&arena, &plan, root, NULL, &program, &err), 0);
	ck_assert_int_eq(seccomp_install(&program, NULL, &err), 0);
	/* Nor is a cache made. */
	ck_assert_int_lt(faccessat(root, ".cache", F_OK, 0), 0);
}

END_TEST

static TCase *cache_cases(void)
{
	TCase *tcase = tcase_create("cache");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, no_filter_is_loaded_where_none_is_needed);
	tcase_add_test(tcase, a_hit_equals_a_fresh_compile_byte_for_byte);
	tcase_add_test(tcase, another_key_is_another_filter);
	tcase_add_test(tcase, the_cache_is_for_its_owner_only);
	tcase_add_loop_test(tcase,
	                    a_file_that_is_damaged_or_foreign_is_replaced, 0,
	                    ARRAY_SIZE(damages));
	tcase_add_test(tcase, a_cache_that_cannot_be_used_is_no_error);
	tcase_add_test(tcase, the_cache_keeps_the_newest_files_only);
	tcase_add_test(tcase, writers_at_the_same_time_leave_whole_files);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("seccomp_cache");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, cache_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
