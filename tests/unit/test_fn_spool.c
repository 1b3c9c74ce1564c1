/* SPDX-License-Identifier: Apache-2.0 */
/* Accepted events: their names, their files, their order. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "fn/spool_file.h"
#include "fn/spool_queue.h"
#include "sys/file.h"

#define ID "01234567-89ab-4def-8123-456789abcdef"

static char root[64];
static int dir;
static struct error err;

static void begin(void)
{
	snprintf(root, sizeof(root), "/tmp/test_fn_spool.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(spool_open_dir(root, "f", &dir, &err), 0);
}

static void end(void)
{
	char command[128];

	fd_close(&dir);
	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static const struct spool_event event = {
	.id = ID,
	.accepted_ms = 1000,
	.client_context = "{\"a\":\"\xc3\xa4\"}",
	.payload = "{\"x\":1}\n",
	.payload_size = 8,
};
static const char *const file = "1000.0." ID;

static void put(void)
{
	ck_assert_int_eq(spool_put(root, "f", &event, &err), 0);
	ck_assert_int_eq(faccessat(dir, "in/1000.0." ID, F_OK, 0), 0);
	ck_assert_int_eq(renameat(dir, "in/1000.0." ID, dir, "new/1000.0." ID),
	                 0);
}

START_TEST(an_event_is_read_as_it_was_put)
{
	struct spool_event read;
	char *memory;

	put();
	ck_assert_int_eq(spool_read(dir, file, &read, &memory, &err), 0);
	ck_assert_str_eq(read.id, ID);
	ck_assert_uint_eq(read.accepted_ms, 1000);
	ck_assert_str_eq(read.client_context, event.client_context);
	ck_assert_uint_eq(read.payload_size, 8);
	ck_assert_int_eq(memcmp(read.payload, event.payload, 8), 0);
	free(memory);
}

END_TEST

START_TEST(nothing_is_there_before_it_is_committed)
{
	ck_assert_int_gt(spool_write(dir, "new", &event, &err), 8);
	ck_assert_int_eq(faccessat(dir, "new/." ID, F_OK, 0), 0);
	ck_assert_int_ne(faccessat(dir, "new/1000.0." ID, F_OK, 0), 0);
	/* The same id a second time is refused, not overwritten. */
	ck_assert_int_eq(spool_write(dir, "new", &event, &err), -EEXIST);
}

END_TEST

/* Each byte of the payload is another one; then less and less is there. */
START_TEST(a_damaged_file_is_seen)
{
	char path[] = "new/1000.0." ID;
	struct spool_event read;
	char bytes[512];
	char *memory;
	ssize_t size, i;
	int fd;

	put();
	size = sys_read_file(dir, path, bytes, sizeof(bytes));
	ck_assert_int_gt(size, 60);
	fd = openat(dir, path, O_RDWR);
	for (i = size - 8; i < size; i++) {
		char other = (char)(bytes[i] ^ 4);

		ck_assert_int_eq(pwrite(fd, &other, 1, i), 1);
		ck_assert_int_eq(spool_read(dir, file, &read, &memory, &err),
		                 -EBADMSG);
		ck_assert_int_eq(pwrite(fd, &bytes[i], 1, i), 1);
	}
	ck_assert_int_eq(spool_read(dir, file, &read, &memory, &err), 0);
	free(memory);
	for (i = size - 1; i >= 0; i--) {
		ck_assert_int_eq(ftruncate(fd, i), 0);
		ck_assert_int_eq(spool_read(dir, file, &read, &memory, &err),
		                 -EBADMSG);
	}
	close(fd);
}

END_TEST

START_TEST(what_is_no_file_is_not_read)
{
	struct spool_event read;
	char *memory;

	ck_assert_int_eq(mkdirat(dir, "new/1000.0." ID, 0700), 0);
	ck_assert_int_eq(spool_read(dir, file, &read, &memory, &err), -EBADMSG);
	ck_assert_int_eq(unlinkat(dir, "new/1000.0." ID, AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, "new/1000.0." ID), 0);
	ck_assert_int_eq(spool_read(dir, file, &read, &memory, &err), -ELOOP);
	ck_assert_int_eq(unlinkat(dir, "new/1000.0." ID, 0), 0);
	ck_assert_int_eq(spool_read(dir, file, &read, &memory, &err), -ENOENT);
}

END_TEST

START_TEST(what_failed_lies_there_with_its_reason)
{
	char text[512];

	put();
	ck_assert_int_eq(spool_bury(dir, file, ID, "RetriesExhausted",
	                            "it \"broke\"", 3),
	                 0);
	ck_assert_int_eq(faccessat(dir, "new/1000.0." ID, F_OK, 0), -1);
	ck_assert_int_eq(faccessat(dir, "dead/" ID, F_OK, 0), 0);
	ck_assert_int_gt(sys_read_file(dir, "dead/" ID ".reason", text,
	                               sizeof(text)),
	                 0);
	ck_assert_ptr_nonnull(
		strstr(text, "\"reason\":\"RetriesExhausted\","
	                     "\"error\":\"it \\\"broke\\\"\",\"attempts\":3}"));
}

END_TEST

START_TEST(names_say_when_and_how_often)
{
	struct spool_name name = { .due_ms = 1764097200123,
		                   .attempt = 2,
		                   .id = ID };
	struct spool_name back;
	char text[SPOOL_NAME_SIZE];

	spool_name_format(&name, text);
	ck_assert_str_eq(text, "1764097200123.2." ID);
	ck_assert(spool_name_parse(text, &back));
	ck_assert_uint_eq(back.due_ms, name.due_ms);
	ck_assert_uint_eq(back.attempt, 2);
	ck_assert_str_eq(back.id, ID);
}

END_TEST

static const char *const no_names[] = {
	"",
	".",
	"..",
	"." ID,
	ID,
	"1." ID,
	"1.2.3",
	"x.0." ID,
	"1.x." ID,
	"1.0." ID "0",
	"1.0.01234567-89ab-4def-8123-456789abcde/",
	"1.0.01234567-89ab-4def-8123-456789abcdE",
	"-1.0." ID,
	"99999999999999999999.0." ID,
	"1.0." ID ".x",
};

START_TEST(other_names_are_left_alone)
{
	struct spool_name name = { .attempt = 7 };

	ck_assert(!spool_name_parse(no_names[_i], &name));
	ck_assert_uint_eq(name.attempt, 7);
}

END_TEST

START_TEST(the_queue_gives_the_one_that_is_due_first)
{
	struct spool_queue queue = { .count = 0 };
	uint64_t last = 0;
	uint32_t i, seed = 1;

	for (i = 0; i < 1000; i++) {
		struct spool_queued item = { .size = i };

		seed = seed * 1103515245 + 12345;
		item.name.due_ms = seed >> 16 & 1023;
		ck_assert_int_eq(spool_queue_add(&queue, &item), 0);
	}
	for (i = 0; i < 1000; i++) {
		struct spool_queued item = spool_queue_take(&queue);

		ck_assert_uint_ge(item.name.due_ms, last);
		last = item.name.due_ms;
	}
	ck_assert_uint_eq(queue.count, 0);
	spool_queue_release(&queue);
}

END_TEST

START_TEST(retries_wait_longer_each_time)
{
	ck_assert_uint_eq(spool_backoff_ms(60000, 0), 60000);
	ck_assert_uint_eq(spool_backoff_ms(60000, 1), 120000);
	ck_assert_uint_eq(spool_backoff_ms(60000, 4000000000U),
	                  spool_backoff_ms(60000, 10));
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("fn_spool");
	TCase *cases = tcase_create("spool");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, begin, end);
	tcase_add_test(cases, an_event_is_read_as_it_was_put);
	tcase_add_test(cases, nothing_is_there_before_it_is_committed);
	tcase_add_test(cases, a_damaged_file_is_seen);
	tcase_add_test(cases, what_is_no_file_is_not_read);
	tcase_add_test(cases, what_failed_lies_there_with_its_reason);
	tcase_add_test(cases, names_say_when_and_how_often);
	tcase_add_loop_test(cases, other_names_are_left_alone, 0,
	                    sizeof(no_names) / sizeof(*no_names));
	tcase_add_test(cases, the_queue_gives_the_one_that_is_due_first);
	tcase_add_test(cases, retries_wait_longer_each_time);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
