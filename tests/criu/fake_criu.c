/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fake_criu swrk FD`: what runf asks is written down, and what it hears is
 * said by a script. In the directory that FAKE_CRIU names are `requests`, to
 * which each request is appended, and `script`, a line for each step:
 *
 *   version A B C      the answer to that question (4.2.1)
 *   features M L       the same, 0 or 1
 *   log TEXT           to the file that the request names
 *   start              a process as CRIU would restore it: a sibling
 *   notify NAME [PID]  with the pid of that process, unless told otherwise
 *   terminal           with the master of a new terminal
 *   bytes HEX          as they are
 *   flood N            N bytes in one message
 *   wait               until the connection ends
 *   exit N, kill N     end by status or signal
 *   fail [TEXT]        the response
 *   ok [PID]           the response
 *
 * The process ends if the response is none or `fail`.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wire.pb-c.h>

#include "tests/criu/print.h"

#define MESSAGE_MAX ((size_t)512 * 1024)

static struct fake {
	int socket;
	char dir[512];
	Wire__Request *request;
	pid_t pid; /* of what was "restored" */
	int version[3];
	int features[2];
} fake = { .version = { 4, 2, 1 }, .features = { 1, 1 } };

/* As CRIU does, however it ends but by a signal. */
static void undo(void)
{
	struct pollfd end = { .events = POLLIN };

	if (fake.pid <= 0)
		return;
	end.fd = (int)syscall(SYS_pidfd_open, fake.pid, 0);
	kill(fake.pid, SIGKILL);
	poll(&end, 1, 5000);
}

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static FILE *open_file(const char *name, const char *mode)
{
	char path[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fake.dir, name);
	file = fopen(path, mode);
	if (!file)
		die(path);
	return file;
}

/* ---- messages */

static void send_bytes(const void *bytes, size_t size, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header.cmsg_len = CMSG_LEN(sizeof(int)) };
	struct iovec data = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(fake.socket, &message, MSG_NOSIGNAL) < 0)
		die("send");
}

static void send_response(const Wire__Response *response, int fd)
{
	static uint8_t bytes[4096];
	size_t size = wire__response__pack(response, bytes);

	send_bytes(bytes, size, fd);
}

/* The next request, which is written down; false at the end. */
static bool receive(Wire__Request **ret_request)
{
	static uint8_t bytes[MESSAGE_MAX];
	ssize_t size = recv(fake.socket, bytes, sizeof(bytes), 0);
	FILE *file;

	if (size <= 0)
		return false;
	*ret_request = wire__request__unpack(NULL, (size_t)size, bytes);
	if (!*ret_request)
		exit(98);
	file = open_file("requests", "a");
	print_message(file, "", &(*ret_request)->base);
	fprintf(file, "\n");
	fclose(file);
	return true;
}

static void notify(const char *name, pid_t pid, int fd)
{
	Wire__Response response = WIRE__RESPONSE__INIT;
	Wire__Notification notification = WIRE__NOTIFICATION__INIT;
	Wire__Request *answer;
	char script[64];

	snprintf(script, sizeof(script), "%s", name);
	response.type = WIRE__TYPE__NOTIFY;
	response.success = 1;
	response.notification = &notification;
	notification.script = script;
	notification.has_pid = pid != 0;
	notification.pid = pid;
	send_response(&response, fd);
	if (!receive(&answer))
		exit(97);
	/* CRIU undoes everything then, and says so. */
	if (!answer->notify_success) {
		undo();
		response = (Wire__Response)WIRE__RESPONSE__INIT;
		response.type = fake.request->type;
		send_response(&response, -1);
		exit(1);
	}
}

static void respond(bool success, pid_t pid, char *text)
{
	Wire__Response response = WIRE__RESPONSE__INIT;
	Wire__Restored restored = WIRE__RESTORED__INIT;
	bool restores = fake.request->type == WIRE__TYPE__RESTORE;

	response.type = fake.request->type;
	response.success = success;
	if (success && restores)
		response.restored = &restored;
	restored.pid = pid;
	if (!success && *text)
		response.error_text = text;
	if (!success)
		undo();
	send_response(&response, -1);
	fake.pid = 0;
	exit(success ? 0 : 1);
}

/* ---- steps */

static void start(void)
{
	fake.pid =
		(pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (fake.pid < 0)
		die("clone");
	if (fake.pid > 0)
		return;
	close(fake.socket);
	prctl(PR_SET_NAME, "fake-restored");
	for (;;)
		pause();
}

static void say_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		die("terminal");
	notify("orphan-pts-master", 0, master);
	close(master);
}

static void write_log(const char *text)
{
	int fd = openat(fake.request->options->work_dir_fd,
	                fake.request->options->log_file,
	                O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0)
		die("log");
	dprintf(fd, "%s\n", text);
	close(fd);
}

static void say_hex(const char *hex)
{
	unsigned char bytes[256];
	size_t count = 0;
	unsigned int value;

	while (count < sizeof(bytes) && sscanf(hex, " %2x", &value) == 1) {
		bytes[count++] = (unsigned char)value;
		hex += strspn(hex, " ") + 2;
	}
	send_bytes(bytes, count, -1);
}

static void flood(size_t size)
{
	char *bytes = calloc(1, size);

	send_bytes(bytes, size, -1);
	free(bytes);
}

static void wait_for_end(void)
{
	char byte;

	while (recv(fake.socket, &byte, 1, 0) > 0)
		;
	exit(0);
}

/* One line; ARGUMENT is what follows its first word. */
static void do_step(const char *word, char *argument)
{
	char name[64] = "";
	int pid = 0;
	int read = sscanf(argument, "%63s %d", name, &pid);
	int number = atoi(argument);

	if (strcmp(word, "log") == 0)
		write_log(argument);
	else if (strcmp(word, "start") == 0)
		start();
	else if (strcmp(word, "notify") == 0)
		notify(name, read > 1 ? pid : fake.pid, -1);
	else if (strcmp(word, "terminal") == 0)
		say_terminal();
	else if (strcmp(word, "bytes") == 0)
		say_hex(argument);
	else if (strcmp(word, "flood") == 0)
		flood((size_t)number);
	else if (strcmp(word, "wait") == 0)
		wait_for_end();
	else if (strcmp(word, "exit") == 0)
		exit(number);
	else if (strcmp(word, "kill") == 0)
		raise(number);
	else if (strcmp(word, "fail") == 0)
		respond(false, 0, argument);
	else if (strcmp(word, "ok") == 0)
		respond(true, *argument ? number : fake.pid, argument);
}

/* The steps, or (before a request) only what sets answers. */
static void run_script(bool settings)
{
	FILE *file = open_file("script", "r");
	char line[1024];

	while (fgets(line, sizeof(line), file)) {
		char *argument;
		bool sets;

		line[strcspn(line, "\n")] = '\0';
		argument = line + strcspn(line, " ");
		if (*argument)
			*argument++ = '\0';
		sets = strcmp(line, "version") == 0 ||
		       strcmp(line, "features") == 0;
		if (settings && *line == 'v' && sets)
			sscanf(argument, "%d %d %d", &fake.version[0],
			       &fake.version[1], &fake.version[2]);
		else if (settings && sets)
			sscanf(argument, "%d %d", &fake.features[0],
			       &fake.features[1]);
		else if (!settings && !sets)
			do_step(line, argument);
	}
	fclose(file);
}

static void answer_question(void)
{
	Wire__Response response = WIRE__RESPONSE__INIT;
	Wire__Version version = WIRE__VERSION__INIT;
	Wire__Features features = WIRE__FEATURES__INIT;

	response.type = fake.request->type;
	response.success = 1;
	version.major = fake.version[0];
	version.minor = fake.version[1];
	version.has_sublevel = 1;
	version.sublevel = fake.version[2];
	features.has_memory_tracking = features.has_lazy_pages = 1;
	features.memory_tracking = fake.features[0];
	features.lazy_pages = fake.features[1];
	if (response.type == WIRE__TYPE__VERSION)
		response.version = &version;
	else
		response.features = &features;
	send_response(&response, -1);
}

int main(int argc, char **argv)
{
	const char *dir = getenv("FAKE_CRIU");

	if (argc != 3 || strcmp(argv[1], "swrk") != 0 || !dir)
		return 64;
	atexit(undo);
	fake.socket = atoi(argv[2]);
	snprintf(fake.dir, sizeof(fake.dir), "%s", dir);
	run_script(true);
	if (!receive(&fake.request))
		return 96;
	if (fake.request->type == WIRE__TYPE__VERSION ||
	    fake.request->type == WIRE__TYPE__FEATURE_CHECK)
		answer_question();
	else
		run_script(false);
	return 0;
}
