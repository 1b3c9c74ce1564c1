/* SPDX-License-Identifier: Apache-2.0 */
/* Deaths for want of memory are told once each, also if counted late. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/str.h"
#include "shim/job.h"

static struct shim shim;
static struct container container = { .shim = &shim, .id = "c" };
static int fd;
static uint64_t kills;
static unsigned int told, reads, late;
static bool is_gone, is_open;

/* ---- in place of the library and of containerd */

int runf_open(const struct runf_options *options, struct runf **ret_runf,
              struct runf_error *err)
{
	(void)options;
	(void)err;
	*ret_runf = NULL;
	return 0;
}

void runf_close(struct runf *runf)
{
	ck_assert_ptr_null(runf);
}

int runf_oom_open(struct runf *runf, const char *id, struct runf_oom **ret_oom,
                  struct runf_error *err)
{
	(void)runf;
	(void)err;
	ck_assert_str_eq(id, "c");
	*ret_oom = (struct runf_oom *)&is_open;
	is_open = true;
	return 0;
}

int runf_oom_fd(const struct runf_oom *oom)
{
	ck_assert_ptr_eq(oom, &is_open);
	return fd;
}

/* So late is what was told at first counted. */
int runf_oom_read(struct runf_oom *oom, uint64_t *ret_kills)
{
	eventfd_t value;

	ck_assert_ptr_eq(oom, &is_open);
	eventfd_read(fd, &value);
	reads++;
	if (is_gone)
		return -ENODEV;
	if (late) {
		late--;
		return 1;
	}
	*ret_kills = kills;
	return 0;
}

void runf_oom_close(struct runf_oom *oom)
{
	ck_assert_ptr_eq(oom, &is_open);
	is_open = false;
}

void events_publish(struct events *events, const char *topic, const char *type,
                    struct ttrpc_bytes message)
{
	(void)events;
	(void)message;
	ck_assert_str_eq(topic, "/tasks/oom");
	ck_assert_str_eq(type, "containerd.events.TaskOOM");
	told++;
}

/* ---- tests */

static void stop(struct loop_timer *timer)
{
	loop_stop(timer->loop ? timer->loop : &shim.loop);
}

static void wait_ms(uint64_t ms)
{
	struct loop_timer timer = { .expired = stop };
	struct error err;

	loop_arm(&shim.loop, &timer, ms);
	ck_assert_int_eq(loop_run(&shim.loop, &err), 0);
}

static void begin(void)
{
	struct error err;

	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(loop_open(&shim.loop, &err), 0);
	container_watch_oom(&container);
	ck_assert(is_open);
	/* It looks once by itself. */
	ck_assert_uint_eq(reads, 1);
	reads = 0;
}

START_TEST(before_the_watch)
{
	kills = 1;
	begin();
	ck_assert_uint_eq(told, 1);
}

END_TEST

START_TEST(counted_at_once)
{
	begin();
	wait_ms(1);
	ck_assert_uint_eq(reads, 0);
	kills = 2;
	eventfd_write(fd, 1);
	wait_ms(1);
	ck_assert_uint_eq(told, 1);
	/* Asked for at an exit: what is known is not told again. */
	container_check_oom(&container);
	ck_assert_uint_eq(told, 1);
	kills = 3;
	container_check_oom(&container);
	ck_assert_uint_eq(told, 2);
}

END_TEST

START_TEST(counted_late)
{
	begin();
	late = 2;
	kills = 1;
	eventfd_write(fd, 1);
	wait_ms(1);
	ck_assert_uint_eq(told, 0);
	wait_ms(5 * RUNF_OOM_PAUSE_MS);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(reads, 3);
	/* Nobody looks any more at what was forgotten. */
	late = 1;
	eventfd_write(fd, 1);
	wait_ms(1);
	container_forget_oom(&container);
	wait_ms(2 * RUNF_OOM_PAUSE_MS);
	ck_assert_uint_eq(reads, 4);
}

END_TEST

START_TEST(cgroup_is_gone)
{
	begin();
	is_gone = true;
	eventfd_write(fd, 1);
	wait_ms(1);
	ck_assert(!is_open);
	container_check_oom(&container);
	container_forget_oom(&container);
	ck_assert_uint_eq(reads, 1);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_oom");
	TCase *tests = tcase_create("oom");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, before_the_watch);
	tcase_add_test(tests, counted_at_once);
	tcase_add_test(tests, counted_late);
	tcase_add_test(tests, cgroup_is_gone);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
