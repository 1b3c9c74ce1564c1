/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told what of tasks, and in which order, whatever fails meanwhile. */
#include <check.h>

#define WORLD_CHECK(condition) ck_assert(condition)
#include "tests/unit/shim_world.h"

/* "c1", or "c1 e1" for the process e1 of c1. */
static uint32_t ask(const char *verb, const char *names)
{
	auto_arena struct arena arena = { 0 };
	Msg__ProcessRequest request = MESSAGE(ProcessRequest, process_request);
	const char *space = strchr(names, ' ');

	request.id =
		space ? arena_strndup(&arena, names, (size_t)(space - names))
		      : message_text(names);
	request.exec_id = message_text(space ? space + 1 : "");
	return world_serve(verb, message_pack(&arena, &request.base));
}

static uint32_t ask_create(const char *id, const char *bundle)
{
	auto_arena struct arena arena = { 0 };
	Msg__CreateRequest request = MESSAGE(CreateRequest, create_request);

	request.id = message_text(id);
	request.bundle = message_text(bundle);
	return world_serve("Create", message_pack(&arena, &request.base));
}

static uint32_t ask_exec(const char *id, const char *exec_id)
{
	auto_arena struct arena arena = { 0 };
	Msg__ExecRequest request = MESSAGE(ExecRequest, exec_request);
	Msg__Any spec = MESSAGE(Any, any);

	request.id = message_text(id);
	request.exec_id = message_text(exec_id);
	request.spec = &spec;
	return world_serve("Exec", message_pack(&arena, &request.base));
}

static void has(uint32_t call, int code)
{
	ck_assert_int_eq(world.answers[call], code);
}

static struct process *process(const char *id, const char *exec_id)
{
	struct container *container = container_find(&world.shim, id);

	ck_assert_ptr_nonnull(container);
	return process_find(container, exec_id);
}

/* The newest worker is done. */
static void work(int result)
{
	ck_assert_ptr_nonnull(world.works);
	world_work(world.works, result);
}

static void events_are(const char *expected)
{
	char seen[1024] = "";
	size_t used = 0;
	size_t i;

	for (i = 0; i < world.events_count; i++)
		used += (size_t)snprintf(seen + used, sizeof(seen) - used,
		                         "%s%s %s", i ? ", " : "",
		                         world.events[i].topic + 7,
		                         world.events[i].id);
	ck_assert_str_eq(seen, expected);
}

static void begin(void)
{
	world_open();
	ask_create("c", "/b");
	work(0);
}

static void begin_running(void)
{
	begin();
	ask("Start", "c");
	work(0);
	world.events_count = 0;
}

static void begin_exec(const char *exec_id)
{
	ask_exec("c", exec_id);
	ask("Start", exec_id[0] == 'e' ? "c e" : "c f");
	world.events_count = 0;
}

/* All that was made is gone: else the sanitizers tell. */
static void end(void)
{
	ck_assert_ptr_null(world.shim.containers);
	ck_assert_ptr_null(world.ios);
	ck_assert_ptr_null(world.works);
}

static void delete_container(int status)
{
	uint32_t call = ask("Delete", "c");

	work(0);
	has(call, TTRPC_OK);
	ck_assert_uint_eq(world.statuses[call], (uint32_t)status);
	end();
}

START_TEST(from_create_to_delete)
{
	uint32_t wait[3];
	size_t i;

	begin();
	has(ask("Shutdown", ""), TTRPC_OK);
	ck_assert(!world.ended);
	for (i = 0; i < 3; i++)
		wait[i] = ask("Wait", "c");
	ask("Start", "c");
	work(0);
	for (i = 0; i < 3; i++)
		has(wait[i], -1);
	has(ask("Delete", "c"), TTRPC_FAILED_PRECONDITION);
	world_exit(process("c", ""), 7);
	for (i = 0; i < 3; i++) {
		has(wait[i], TTRPC_OK);
		ck_assert_uint_eq(world.statuses[wait[i]], 7);
	}
	has(ask("Wait", "c"), TTRPC_OK);
	has(ask("Kill", "c"), TTRPC_NOT_FOUND);
	delete_container(7);
	events_are("create c, start c, exit c, delete c");
	has(ask("Shutdown", ""), TTRPC_OK);
	ck_assert(world.ended);
}

END_TEST

/* Standard streams, or a worker, that cannot be had: the job is gone by then. */
START_TEST(create_fails_at_once)
{
	uint32_t call;

	world_open();
	world.io_mode = WORLD_IO_FAILS;
	has(ask_create("c", "/b"), TTRPC_UNKNOWN);
	world.io_mode = WORLD_IO_READY;
	world.no_workers = true;
	has(ask_create("c", "/b"), TTRPC_UNKNOWN);
	world.no_workers = false;
	has(ask_create("c", "/full"), TTRPC_UNKNOWN);
	has(ask_create("c", "b"), TTRPC_INVALID_ARGUMENT);
	call = ask_create("c", "/b");
	has(ask_create("c", "/b"), TTRPC_ALREADY_EXISTS);
	has(ask("State", "c"), TTRPC_NOT_FOUND);
	work(-ENOENT);
	has(call, TTRPC_UNKNOWN);
	events_are("");
	end();
}

END_TEST

START_TEST(init_ends_before_anybody_knows_it)
{
	world_open();
	world.orphan = world.last_pid + 1;
	ask_create("c", "/b");
	work(0);
	events_are("create c, exit c");
	has(ask("Start", "c"), TTRPC_FAILED_PRECONDITION);
	delete_container(3);
}

END_TEST

/* Who reads of the exit wants to know why. */
START_TEST(oom_before_exit)
{
	begin_running();
	world.memory_is_short = true;
	world_exit(process("c", ""), 137);
	events_are("oom , exit c");
	delete_container(137);
}

END_TEST

/* Among too many others that ended it was not remembered. */
START_TEST(init_is_lost)
{
	world_open();
	world.look_result = -ESRCH;
	ask_create("c", "/b");
	work(0);
	events_are("create c, exit c");
	delete_container(255);
}

END_TEST

START_TEST(init_ends_while_it_is_started)
{
	uint32_t start;

	begin();
	start = ask("Start", "c");
	world_exit(process("c", ""), 7);
	events_are("create c");
	work(0);
	has(start, TTRPC_OK);
	events_are("create c, start c, exit c");
	delete_container(7);
}

END_TEST

START_TEST(start_fails)
{
	uint32_t wait;

	begin();
	wait = ask("Wait", "c");
	has(ask("Delete", "c x"), TTRPC_NOT_FOUND);
	ask("Start", "c");
	work(-EPERM);
	has(wait, -1);
	world_exit(process("c", ""), 1);
	has(wait, TTRPC_OK);
	events_are("create c, exit c");
	delete_container(1);
}

END_TEST

/* Who waits for a container that is deleted before it was started. */
START_TEST(delete_of_what_was_created)
{
	uint32_t wait;

	begin();
	wait = ask("Wait", "c");
	delete_container(128 + SIGKILL);
	has(wait, TTRPC_OK);
	ck_assert_uint_eq(world.statuses[wait], 128 + SIGKILL);
	events_are("create c, exit c, delete c");
}

END_TEST

/* Init ends because of it, and the rest cannot be taken away. */
START_TEST(delete_that_fails)
{
	uint32_t wait, delete;

	begin();
	wait = ask("Wait", "c");
	delete = ask("Delete", "c");
	world_exit(process("c", ""), 137);
	has(wait, -1);
	work(-EBUSY);
	has(delete, TTRPC_UNKNOWN);
	has(wait, TTRPC_OK);
	events_are("create c, exit c");
	delete_container(137);
}

END_TEST

START_TEST(exec_that_cannot_be_started)
{
	uint32_t wait;

	begin_running();
	ask_exec("c", "e");
	wait = ask("Wait", "c e");
	ask("Start", "c e");
	work(-ENOENT);
	has(wait, TTRPC_OK);
	ck_assert_uint_eq(world.statuses[wait], 255);
	has(ask("Delete", "c e"), TTRPC_OK);
	/* Neither are there streams for it. */
	ask_exec("c", "e");
	wait = ask("Wait", "c e");
	world.io_mode = WORLD_IO_FAILS;
	has(ask("Start", "c e"), TTRPC_UNKNOWN);
	has(wait, TTRPC_OK);
	/* Nor is it ever started. */
	ask_exec("c", "f");
	wait = ask("Wait", "c f");
	has(ask("Delete", "c f"), TTRPC_OK);
	has(wait, TTRPC_NOT_FOUND);
	events_are("exec-added c, exec-added c, exec-added c");
	world_exit(process("c", ""), 0);
	delete_container(0);
}

END_TEST

/* It may hold secrets, of which each container's init gets a copy. */
START_TEST(exec_forgets_its_spec)
{
	begin_running();
	begin_exec("e");
	ck_assert_ptr_nonnull(process("c", "e")->spec);
	work(0);
	ck_assert_ptr_null(process("c", "e")->spec);
	world_exit(process("c", "e"), 0);
	world_exit(process("c", ""), 0);
	delete_container(0);
}

END_TEST

/* Init's end is told after that of each exec, also of one being started. */
START_TEST(execs_end_before_init)
{
	begin_running();
	begin_exec("e");
	work(0);
	begin_exec("f");
	world_exit(process("c", ""), 9);
	world_exit(process("c", "e"), 137);
	events_are("exit e");
	world.orphan = world.last_pid + 1;
	work(0);
	events_are("exit e, exec-started c, exit f, exit c");
	delete_container(9);
}

END_TEST

START_TEST(init_waits_for_an_exec_that_fails)
{
	begin_running();
	begin_exec("e");
	world_exit(process("c", ""), 9);
	events_are("");
	work(-ESRCH);
	events_are("exit c");
	world.io_mode = WORLD_IO_LATER;
	delete_container(9);
}

END_TEST

/* In the host's pid namespace nobody else ends what init leaves. */
START_TEST(the_rest_is_killed)
{
	world_open();
	world.shares_pids = true;
	ask_create("c", "/b");
	work(0);
	ask("Start", "c");
	work(0);
	ask_exec("c", "e");
	ask("Start", "c e");
	world.events_count = 0;
	world_exit(process("c", ""), 0);
	work(0); /* kills */
	events_are("");
	work(0); /* the exec came too late for that: it is killed by another */
	work(0);
	events_are("exec-started c");
	world_exit(process("c", "e"), 137);
	events_are("exec-started c, exit e, exit c");
	delete_container(0);
}

END_TEST

/* A logger of an exec gets ready, or does not, when all else is gone. */
START_TEST(io_gets_ready_after_delete)
{
	int fails;

	for (fails = 0; fails < 2; fails++) {
		struct container *container;
		uint32_t start, delete;

		begin_running();
		world.io_mode = WORLD_IO_LATER;
		ask_exec("c", "e");
		start = ask("Start", "c e");
		container = container_find(&world.shim, "c");
		/* As if it had gone another way. */
		container->init.status = PROCESS_STOPPED;
		container->init.ended = container->init.drained = true;
		delete = ask("Delete", "c");
		work(0);
		has(delete, TTRPC_OK);
		has(start, -1);
		io_tell(world.ios, fails ? -ECHILD : 0);
		if (!fails)
			work(-ENOENT);
		ck_assert_int_gt(world.answers[start], TTRPC_OK);
		end();
	}
}

END_TEST

/* Delete waits for the output; the container may go before its execs. */
START_TEST(delete_waits_for_output)
{
	uint32_t exec, init;
	struct io *first;

	begin_running();
	world.drains_late = true;
	begin_exec("e");
	work(0);
	world_exit(process("c", "e"), 2);
	world_exit(process("c", ""), 3);
	first = world.ios;
	exec = ask("Delete", "c e");
	init = ask("Delete", "c");
	has(ask("Delete", "c e"), TTRPC_FAILED_PRECONDITION);
	world_drain(first->next);
	work(0);
	has(init, TTRPC_OK);
	has(exec, -1);
	world_drain(first);
	has(exec, TTRPC_OK);
	ck_assert_uint_eq(world.statuses[exec], 2);
	end();
}

END_TEST

START_TEST(waits_of_a_lost_connection)
{
	uint32_t wait;

	begin_running();
	wait = ask("Wait", "c");
	shim_forget_connection(&world.shim, 2);
	shim_forget_connection(&world.shim, 1);
	world_exit(process("c", ""), 0);
	has(wait, -1);
	delete_container(0);
}

END_TEST

START_TEST(what_is_not_there)
{
	world_open();
	has(world_serve("Frobnicate", (struct ttrpc_bytes){ .size = 0 }),
	    TTRPC_UNIMPLEMENTED);
	has(world_serve("State", (struct ttrpc_bytes){ "\xff", 1 }),
	    TTRPC_INVALID_ARGUMENT);
	has(ask("Connect", "nobody"), TTRPC_OK);
	has(ask("Delete", "nobody"), TTRPC_NOT_FOUND);
	world.shim.ending = true;
	has(ask("State", "c"), TTRPC_UNAVAILABLE);
}

END_TEST

static TCase *cases(void)
{
	TCase *tests = tcase_create("tasks");

	tcase_add_test(tests, from_create_to_delete);
	tcase_add_test(tests, create_fails_at_once);
	tcase_add_test(tests, init_ends_before_anybody_knows_it);
	tcase_add_test(tests, oom_before_exit);
	tcase_add_test(tests, init_is_lost);
	tcase_add_test(tests, init_ends_while_it_is_started);
	tcase_add_test(tests, start_fails);
	tcase_add_test(tests, delete_of_what_was_created);
	tcase_add_test(tests, delete_that_fails);
	tcase_add_test(tests, exec_that_cannot_be_started);
	tcase_add_test(tests, exec_forgets_its_spec);
	tcase_add_test(tests, execs_end_before_init);
	tcase_add_test(tests, init_waits_for_an_exec_that_fails);
	tcase_add_test(tests, the_rest_is_killed);
	tcase_add_test(tests, io_gets_ready_after_delete);
	tcase_add_test(tests, delete_waits_for_output);
	tcase_add_test(tests, waits_of_a_lost_connection);
	tcase_add_test(tests, what_is_not_there);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("shim_tasks");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
