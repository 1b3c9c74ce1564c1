/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start programs and time them, for bench: small, so that neither a fork of
 * something big nor an interpreter lies in the measured time.
 *
 *   measure [ROOT]      with ROOT as the root directory of a mount namespace
 *
 * One command per line on stdin, one reply per line on stdout. The fields of
 * a command stand between tabs; GAP is a pause in ms before it.
 *
 *   run GAP ARGV        stdout is a pipe in which the payload says when it
 *                       began; wait for the program, then read that
 *   create GAP ARGV     the same, but the pipe is read by the next start
 *   start GAP ARGV      wait for the program, then read create's pipe
 *   plain GAP ARGV      no payload's word is expected
 *     -> sample WALL FIRST CPU RSS STATUS
 *   reap GAP            wait for what was left to us, such as the init
 *     -> sample WALL 0 CPU RSS 0
 *   parallel WIDTH COUNT ARGV
 *                       keep WIDTH going until COUNT have been; "@" in ARGV
 *                       becomes a number below COUNT
 *     -> parallel WALL CPU FAILED SPOKEN LATENCY...
 *
 * WALL, FIRST and LATENCY in ns since before the start, CPU in us, RSS in kB;
 * STATUS is the exit status, 128 and more for a signal. Or: error TEXT.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192
#define FIELDS_MAX     64
#define WIDTH_MAX      1024
#define COUNT_MAX      4096
/* A runtime that takes longer has failed. */
#define PATIENCE_S 60

struct sample {
	int64_t wall_ns;
	int64_t first_ns;
	int64_t cpu_us;
	long rss_kb;
	int status;
};

struct running {
	pid_t pid;
	int pidfd;
	int64_t begin;
	size_t number;
};

static int null_fd = -1;
/* The pipe of a created container, until its start. */
static int created_pipe = -1;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void reply(const char *format, ...)
{
	char line[256];
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(line, sizeof(line), format, values);
	va_end(values);
	if (length > (int)sizeof(line) - 1)
		length = (int)sizeof(line) - 1;
	if (length < 0 || write(STDOUT_FILENO, line, (size_t)length) != length)
		_exit(1);
}

static void reply_error(const char *what)
{
	reply("error %s: %s\n", what, strerror(errno));
}

static void on_alarm(int signal)
{
	(void)signal; /* it is there to interrupt */
}

static int64_t cpu_us_of(const struct rusage *usage)
{
	return ((int64_t)usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) *
	               1000000 +
	       usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

/*
 * vfork: the child uses our memory until it executes, so nothing is copied.
 * Our resident set counts towards the child's peak all the same.
 */
static pid_t start_program(char *const argv[], int out)
{
	pid_t pid = vfork();

	if (pid)
		return pid;
	if (dup2(null_fd, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execv(argv[0], argv);
	_exit(127);
}

/* The exit status, and what it used is added to SAMPLE. */
static int wait_for(pid_t pid, struct sample *sample)
{
	struct rusage usage;
	bool impatient = false;
	int status;

	alarm(PATIENCE_S);
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return -1;
		if (impatient || pid < 0)
			return -1;
		impatient = true;
		kill(pid, SIGKILL);
	}
	alarm(0);
	sample->cpu_us += cpu_us_of(&usage);
	if (usage.ru_maxrss > sample->rss_kb)
		sample->rss_kb = usage.ru_maxrss;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The moment the payload wrote, 0 if it says nothing. */
static int64_t read_moment(int pipe_end)
{
	struct pollfd readable = { .fd = pipe_end, .events = POLLIN };
	char text[32];
	ssize_t length;

	if (poll(&readable, 1, PATIENCE_S * 1000) <= 0)
		return 0;
	length = read(pipe_end, text, sizeof(text) - 1);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	return strtoll(text, NULL, 10);
}

static void close_created(void)
{
	if (created_pipe >= 0)
		close(created_pipe);
	created_pipe = -1;
}

static void pause_ms(long gap)
{
	struct timespec left = { gap / 1000, gap % 1000 * 1000000 };

	while (gap > 0 && nanosleep(&left, &left) && errno == EINTR)
		;
}

static void reply_sample(const struct sample *sample)
{
	reply("sample %lld %lld %lld %ld %d\n", (long long)sample->wall_ns,
	      (long long)sample->first_ns, (long long)sample->cpu_us,
	      sample->rss_kb, sample->status);
}

static void measure_one(const char *verb, long gap, char *const argv[])
{
	bool run = strcmp(verb, "run") == 0;
	bool create = strcmp(verb, "create") == 0;
	bool start = strcmp(verb, "start") == 0;
	struct sample sample = { 0 };
	int ends[2] = { -1, -1 };
	int64_t moment = 0;
	int64_t begin;
	pid_t pid;

	if ((run || create) && pipe2(ends, O_CLOEXEC))
		return reply_error("pipe");
	pause_ms(gap);
	begin = now_ns();
	pid = start_program(argv, run || create ? ends[1] : null_fd);
	if (pid < 0)
		return reply_error("vfork");
	sample.status = wait_for(pid, &sample);
	sample.wall_ns = now_ns() - begin;
	if (run || create)
		close(ends[1]);
	if (create) {
		close_created();
		created_pipe = ends[0];
	} else if (run) {
		moment = read_moment(ends[0]);
		close(ends[0]);
	} else if (start && sample.status == 0) {
		moment = read_moment(created_pipe);
		close_created();
	}
	sample.first_ns = moment ? moment - begin : 0;
	reply_sample(&sample);
}

static void measure_reap(long gap)
{
	struct sample sample = { 0 };
	int64_t begin = now_ns();

	pause_ms(gap);
	while (wait_for(-1, &sample) >= 0)
		;
	alarm(0);
	if (errno != ECHILD)
		return reply_error("wait for what is left");
	sample.wall_ns = now_ns() - begin;
	reply_sample(&sample);
}

/* ---- many at once */

struct crowd {
	int epoll;
	int out; /* the write end of the common pipe */
	char *const *argv;
	struct running slots[WIDTH_MAX];
	int64_t latency_ns[COUNT_MAX];
	size_t started;
	size_t failed;
};

static struct crowd crowd;

static int crowd_start(struct running *slot)
{
	char number[16];
	char bytes[LINE_MAX_BYTES];
	char *argv[FIELDS_MAX + 1];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = slot };
	char *end = bytes;
	size_t i;

	snprintf(number, sizeof(number), "%zu", crowd.started);
	for (i = 0; crowd.argv[i]; i++) {
		const char *from = crowd.argv[i];

		argv[i] = end;
		for (; *from; from++)
			if (*from == '@')
				end = stpcpy(end, number);
			else
				*end++ = *from;
		*end++ = '\0';
		if (end > bytes + sizeof(bytes) - 1024) {
			errno = E2BIG;
			return -1;
		}
	}
	argv[i] = NULL;
	slot->number = crowd.started++;
	slot->begin = now_ns();
	slot->pid = start_program(argv, crowd.out);
	if (slot->pid < 0)
		return -1;
	slot->pidfd = (int)syscall(SYS_pidfd_open, slot->pid, 0);
	return epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, slot->pidfd, &event);
}

static void crowd_end(struct running *slot)
{
	int status = 0;

	crowd.latency_ns[slot->number] = now_ns() - slot->begin;
	waitpid(slot->pid, &status, 0);
	/* A child that is about to execute may hold it a moment longer. */
	epoll_ctl(crowd.epoll, EPOLL_CTL_DEL, slot->pidfd, NULL);
	close(slot->pidfd);
	crowd.failed += status != 0;
}

/* Start WIDTH, then one for each that ends, COUNT in all. */
static int crowd_run(size_t width, size_t count)
{
	struct epoll_event events[64];
	size_t going = 0;
	size_t i;

	for (; going < width && crowd.started < count; going++)
		if (crowd_start(&crowd.slots[going]))
			return -1;
	while (going) {
		int ready =
			epoll_wait(crowd.epoll, events, 64, PATIENCE_S * 1000);

		if (ready <= 0)
			return -1;
		for (i = 0; i < (size_t)ready; i++) {
			struct running *slot = events[i].data.ptr;

			crowd_end(slot);
			if (crowd.started >= count)
				going--;
			else if (crowd_start(slot))
				return -1;
		}
	}
	return 0;
}

static size_t count_lines(int pipe_end)
{
	char bytes[4096];
	size_t lines = 0;
	ssize_t length;

	while ((length = read(pipe_end, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < length; i++)
			lines += bytes[i] == '\n';
	return lines;
}

static void reply_crowd(int64_t wall, int64_t cpu, size_t spoken)
{
	size_t i;

	reply("parallel %lld %lld %zu %zu", (long long)wall, (long long)cpu,
	      crowd.failed, spoken);
	for (i = 0; i < crowd.started; i++)
		reply(" %lld", (long long)crowd.latency_ns[i]);
	reply("\n");
}

static void measure_parallel(size_t width, size_t count, char *const argv[])
{
	struct rusage before;
	struct rusage after;
	int ends[2];
	int64_t begin;
	int64_t wall;

	if (!width || width > WIDTH_MAX || !count || count > COUNT_MAX) {
		errno = EINVAL;
		return reply_error("how many");
	}
	memset(&crowd, 0, sizeof(crowd));
	crowd.argv = argv;
	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	/* The lines of COUNT_MAX payloads must fit, as nobody reads yet. */
	if (crowd.epoll < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) ||
	    fcntl(ends[1], F_SETPIPE_SZ, COUNT_MAX * 32) < 0)
		return reply_error("prepare");
	crowd.out = ends[1];
	getrusage(RUSAGE_CHILDREN, &before);
	begin = now_ns();
	if (crowd_run(width, count))
		return reply_error("start many");
	wall = now_ns() - begin;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	getrusage(RUSAGE_CHILDREN, &after);
	reply_crowd(wall, cpu_us_of(&after) - cpu_us_of(&before),
	            count_lines(ends[0]));
	close(crowd.epoll);
	close(ends[0]);
	close(ends[1]);
}

/* ---- commands */

static void obey(char *line)
{
	char *fields[FIELDS_MAX + 1] = { NULL };
	char *rest = line;
	size_t count = 0;

	while (rest && count < FIELDS_MAX)
		fields[count++] = strsep(&rest, "\t");
	if (rest || count < 2)
		reply("error malformed command\n");
	else if (strcmp(fields[0], "reap") == 0)
		measure_reap(strtol(fields[1], NULL, 10));
	else if (count < 3)
		reply("error malformed command\n");
	else if (strcmp(fields[0], "parallel") == 0 && count > 3)
		measure_parallel(strtoul(fields[1], NULL, 10),
		                 strtoul(fields[2], NULL, 10), fields + 3);
	else
		measure_one(fields[0], strtol(fields[1], NULL, 10), fields + 2);
}

/* As if ROOT, which is a mount point, were all there is. */
static int enter_root(const char *root)
{
	if (unshare(CLONE_NEWNS) || chdir(root))
		return -1;
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH))
		return -1;
	return chdir("/");
}

/* A line without its end; false at the end of the input. */
static bool read_line(char *line)
{
	size_t length = 0;

	while (length < LINE_MAX_BYTES &&
	       read(STDIN_FILENO, line + length, 1) == 1) {
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
		length++;
	}
	return false;
}

int main(int argc, char *argv[])
{
	struct sigaction interrupt = { .sa_handler = on_alarm };
	char line[LINE_MAX_BYTES];

	if (argc > 1 && enter_root(argv[1])) {
		reply_error("enter the root");
		return 1;
	}
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* What a create leaves behind becomes our child, as a shim's would. */
	if (null_fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) {
		reply_error("begin");
		return 1;
	}
	sigaction(SIGALRM, &interrupt, NULL);
	while (read_line(line))
		obey(line);
	return 0;
}
