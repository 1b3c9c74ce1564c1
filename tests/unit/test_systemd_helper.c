/* SPDX-License-Identifier: Apache-2.0 */
/* The helper of the systemd cgroup driver, with a bus and a systemd of ours. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* test_systemd_helper HELPER */
#define SKIPPED 77

#define OBJECT  "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define EXISTS  "org.freedesktop.systemd1.UnitExists"

static const char *helper_path;
static char folder[] = "/tmp/runf-bus-XXXXXX";
static char address[64];
static sd_bus *bus;
static char *calls;             /* every call with its arguments */
static int starts;              /* StartTransientUnit */
static const char *refusals[2]; /* names of errors for the first ones */
static const char *job_result = "done";

/* With the test it ends, too. */
static void become(const char *file, const char *option, int input)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (input >= 0) {
		dup2(input, 0);
		dup2(input, 1);
		dup2(input, 2);
	}
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	unsetenv("XDG_RUNTIME_DIR");
	if (option)
		execlp(file, file, "--session", "--nofork", "--nopidfile",
		       option, NULL);
	else
		execl(file, file, NULL);
	_exit(127);
}

static pid_t run(const char *file, const char *option, int input)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(file, option, input);
	return pid;
}

static void note(sd_bus_message *m)
{
	char *text = NULL;
	char *before = calls;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	sd_bus_message_dump(m, stream, 0);
	fclose(stream);
	ck_assert_int_ge(asprintf(&calls, "%s%s:%s\n", before ? before : "",
	                          sd_bus_message_get_member(m), text),
	                 0);
	sd_bus_message_rewind(m, true);
	free(before);
	free(text);
}

/* JobRemoved comes for somebody else's first. */
static int end_job(sd_bus_message *m)
{
	static const char *const jobs[] = { OBJECT "/job/6", OBJECT "/job/7" };
	int result = sd_bus_reply_method_return(m, "o", jobs[1]);
	unsigned int i;

	for (i = 0; result >= 0 && i < 2; i++)
		result = sd_bus_emit_signal(bus, OBJECT, MANAGER, "JobRemoved",
		                            "uoss", i + 6, jobs[i], "x.scope",
		                            i ? job_result : "failed");
	return result;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m);
	const char *refusal = refusals[0];

	(void)userdata;
	(void)error;
	note(m);
	if (strcmp(member, "StartTransientUnit") == 0) {
		refusal = starts < 2 ? refusals[starts] : NULL;
		starts++;
	} else if (strcmp(member, "StopUnit") != 0) {
		return sd_bus_reply_method_return(m, NULL);
	}
	if (!refusal)
		return end_job(m);
	return sd_bus_reply_method_errorf(m, refusal, "no: %s", refusal);
}

/* Send what sizeof says to the helper, serve it, return what it answers. */
static const char *ask_keeping(const char *request, size_t length,
                               int *ret_socket, pid_t *ret_pid)
{
	static char answer[600];
	ssize_t count = -1;
	int ends[2];
	int tries;

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	*ret_pid = run(helper_path, NULL, ends[1]);
	close(ends[1]);
	ck_assert_int_ge(send(ends[0], request, length, 0), 0);
	for (tries = 0; count < 0 && tries < 4000; tries++) {
		while (sd_bus_process(bus, NULL) > 0)
			;
		count = recv(ends[0], answer, sizeof(answer) - 1, MSG_DONTWAIT);
		if (count < 0)
			usleep(5000);
	}
	ck_assert_int_ge(count, 0);
	answer[count] = '\0';
	*ret_socket = ends[0];
	return answer;
}

static const char *ask_bytes(const char *request, size_t length)
{
	int socket;
	pid_t pid;
	const char *answer = ask_keeping(request, length, &socket, &pid);

	close(socket);
	/* It may still ask systemd for something. */
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		sd_bus_process(bus, NULL);
		usleep(1000);
	}
	return answer;
}

#define ask(text) ask_bytes(text, sizeof(text))

static void assert_called(const char *text)
{
	ck_assert_msg(calls && strstr(calls, text), "\"%s\" is not in:\n%s",
	              text, calls ? calls : "");
}

static void assert_begins(const char *answer, const char *text)
{
	ck_assert_msg(strncmp(answer, text, strlen(text)) == 0,
	              "\"%s\" does not begin with \"%s\"", answer, text);
}

/* Its name is there a moment before that. */
static bool somebody_listens(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s",
	         address + strlen("unix:path="));
	result = connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return result == 0;
}

static void setup(void)
{
	char option[80];
	int tries = 0;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(address, sizeof(address), "unix:path=%s/bus", folder);
	snprintf(option, sizeof(option), "--address=%s", address);
	run("dbus-daemon", option, -1);
	while (!somebody_listens()) {
		ck_assert_int_lt(tries++, 1000);
		usleep(10000);
	}
	ck_assert_int_ge(sd_bus_new(&bus), 0);
	sd_bus_set_address(bus, address);
	sd_bus_set_bus_client(bus, true);
	ck_assert_int_ge(sd_bus_start(bus), 0);
	ck_assert_int_ge(
		sd_bus_request_name(bus, "org.freedesktop.systemd1", 0), 0);
	ck_assert_int_ge(sd_bus_add_object(bus, NULL, OBJECT, on_call, NULL),
	                 0);
}

static void teardown(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/bus", folder);
	unlink(path);
	rmdir(folder);
}

/* C023 */
START_TEST(a_scope_is_started_with_the_helper_in_it)
{
	/* clang-format off */
	static const char request[] =
		"start\0system\0x.scope"
		"\0MemoryMax\0t\0" "18446744073709551615"
		"\0?AllowedCPUs\0ay\0" "2\0" "7\0" "255"
		"\0DeviceAllow\0a(ss)\0" "1\0/dev/null\0rw"
		"\0Delegate\0b\0" "1"
		"\0X\0a{sv}\0" "1\0k\0s\0v";
	/* clang-format on */
	int socket;
	pid_t pid;

	ck_assert_str_eq(ask_keeping(request, sizeof(request), &socket, &pid),
	                 "+");
	assert_called("STRING \"x.scope\"");
	assert_called("STRING \"replace\"");
	assert_called("STRING \"PIDs\"");
	assert_called("UINT32 0;");
	assert_called("STRING \"MemoryMax\"");
	assert_called("UINT64 18446744073709551615;");
	assert_called("STRING \"AllowedCPUs\"");
	assert_called("STRING \"/dev/null\"");
	assert_called("BOOLEAN true;");
	assert_called("DICT_ENTRY \"sv\"");
	/* It stays, so that the scope is not empty, as long as we do. */
	usleep(100000);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	close(socket);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

END_TEST

/* C023 */
START_TEST(what_failed_before_is_reset_and_the_start_tried_again)
{
	refusals[0] = EXISTS;
	ck_assert_str_eq(ask("start\0system\0x.scope"), "+");
	assert_called("ResetFailedUnit");
	ck_assert_int_eq(starts, 2);
}

END_TEST

/* C023 */
START_TEST(a_unit_that_is_somebodys_is_told_apart)
{
	refusals[0] = refusals[1] = EXISTS;
	ck_assert_str_eq(ask("start\0system\0x.scope"),
	                 "!start unit x.scope: no: " EXISTS);
	ck_assert_ptr_null(strstr(calls, "StopUnit"));
}

END_TEST

/* C025 */
START_TEST(what_an_old_systemd_does_not_know_is_left_out)
{
	/* clang-format off */
	static const char request[] =
		"start\0system\0x.scope"
		"\0?New\0a(ss)\0" "1\0a\0b"
		"\0Old\0t\0" "5";
	/* clang-format on */
	const char *second;

	refusals[0] = SD_BUS_ERROR_PROPERTY_READ_ONLY;
	ck_assert_str_eq(ask_bytes(request, sizeof(request)), "+");
	ck_assert_int_eq(starts, 2);
	assert_called("\"New\"");
	second = strstr(calls, "\nStartTransientUnit");
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_null(strstr(second, "\"New\""));
	ck_assert_ptr_nonnull(strstr(second, "\"Old\""));
}

END_TEST

START_TEST(a_property_that_must_be_known_is_an_error)
{
	refusals[0] = SD_BUS_ERROR_PROPERTY_READ_ONLY;
	assert_begins(ask("start\0system\0x.scope\0Old\0s\0text"),
	              "start unit x.scope: no: org");
	ck_assert_int_eq(starts, 1);
}

END_TEST

START_TEST(a_job_that_fails_is_an_error)
{
	job_result = "timeout";
	ck_assert_str_eq(ask("start\0system\0x.scope"),
	                 "start unit x.scope: the job's result: timeout");
}

END_TEST

START_TEST(a_unit_is_stopped_and_forgotten)
{
	ck_assert_str_eq(ask("stop\0system\0x.scope"), "+");
	assert_called("StopUnit");
	assert_called("ResetFailedUnit");
	job_result = "canceled";
	ck_assert_str_eq(ask("stop\0system\0x.scope"),
	                 "stop unit x.scope: canceled");
}

END_TEST

START_TEST(to_stop_none_is_fine)
{
	refusals[0] = "org.freedesktop.systemd1.NoSuchUnit";
	ck_assert_str_eq(ask("stop\0system\0x.scope"), "+");
	refusals[0] = SD_BUS_ERROR_ACCESS_DENIED;
	assert_begins(ask("stop\0system\0x.scope"), "stop unit x.scope: no: ");
}

END_TEST

/* C024: without a bus of one's own it is the system's. */
START_TEST(properties_are_set_and_processes_attached)
{
	ck_assert_str_eq(ask("set\0user\0x.scope\0TasksMax\0t\0"
	                     "5"),
	                 "+");
	assert_called("SetUnitProperties");
	assert_called("UINT64 5;");
	ck_assert_str_eq(ask("attach\0user\0x.scope\0"
	                     "1234\0/below"),
	                 "+");
	assert_called("AttachProcessesToUnit");
	assert_called("STRING \"/below\";");
	assert_called("UINT32 1234;");
}

END_TEST

START_TEST(what_is_no_request_is_refused)
{
	ck_assert_str_eq(ask_bytes("start", 5), "not a request");
	ck_assert_str_eq(ask("start\0system"), "not a request");
	ck_assert_str_eq(ask("dance\0system\0x.scope"),
	                 "unknown verb \"dance\"");
	assert_begins(ask("start\0mars\0x.scope"), "connect to the mars bus");
	assert_begins(ask("start\0system\0x.scope\0A\0t"),
	              "start unit x.scope");
	assert_begins(ask("start\0system\0x.scope\0A\0t("),
	              "start unit x.scope");
	ck_assert_int_eq(starts, 0);
	snprintf(address, sizeof(address), "unix:path=/no/bus");
	assert_begins(ask("stop\0system\0x.scope"),
	              "connect to the system bus");
}

END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("systemd_helper");
	TCase *tests = tcase_create("protocol");
	SRunner *runner;
	int failed;

	if (argc != 2 || access("/usr/bin/dbus-daemon", X_OK) < 0) {
		printf("there is no dbus-daemon (package dbus)\n");
		return SKIPPED;
	}
	helper_path = argv[1];
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_scope_is_started_with_the_helper_in_it);
	tcase_add_test(tests,
	               what_failed_before_is_reset_and_the_start_tried_again);
	tcase_add_test(tests, a_unit_that_is_somebodys_is_told_apart);
	tcase_add_test(tests, what_an_old_systemd_does_not_know_is_left_out);
	tcase_add_test(tests, a_property_that_must_be_known_is_an_error);
	tcase_add_test(tests, a_job_that_fails_is_an_error);
	tcase_add_test(tests, a_unit_is_stopped_and_forgotten);
	tcase_add_test(tests, to_stop_none_is_fine);
	tcase_add_test(tests, properties_are_set_and_processes_attached);
	tcase_add_test(tests, what_is_no_request_is_refused);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
