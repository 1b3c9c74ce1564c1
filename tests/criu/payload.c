/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a checkpoint must not lose: memory, the offset of a file, bytes in a
 * pipe, timers, a lock, a connection, a terminal. In the directory given:
 *
 *   data     (made by the test) 4 bytes of it are read, the rest after it all
 *   counter  counted up ten times a second
 *   ready    there once everything is set up
 *   report   written at SIGUSR1, by words NAME=VALUE
 *
 * SIGTERM ends it with status 7. Words behind the directory ask for more:
 * lock, tcp, child.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS      100
#define LATE_S       1000
#define DATA_READ    4
#define MEMORY_BYTES ((size_t)1024 * 1024)

static volatile sig_atomic_t asked;
static volatile sig_atomic_t ended;
static volatile sig_atomic_t alarms;

static struct payload {
	int dir;
	int data;
	int locked;
	int pipe[2];
	int timer;
	int tcp[2];
	unsigned char *memory;
	unsigned long counter;
} p = { .locked = -1, .tcp = { -1, -1 } };

static void on_signal(int number)
{
	if (number == SIGUSR1)
		asked = 1;
	else if (number == SIGALRM)
		alarms = 1;
	else
		ended = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_file(const char *name, const char *text)
{
	char new[64];
	int fd;

	snprintf(new, sizeof(new), ".%s", name);
	fd = openat(p.dir, new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(name);
	close(fd);
	if (renameat(p.dir, new, p.dir, name) < 0)
		die(name);
}

static void open_data(void)
{
	char bytes[DATA_READ];

	p.data = openat(p.dir, "data", O_RDONLY | O_CLOEXEC);
	if (p.data < 0 || read(p.data, bytes, sizeof(bytes)) != sizeof(bytes))
		die("data");
	if (pipe(p.pipe) < 0 || write(p.pipe[1], "unread", 6) != 6)
		die("pipe");
}

static void fill_memory(void)
{
	size_t i;

	p.memory = malloc(MEMORY_BYTES);
	for (i = 0; p.memory && i < MEMORY_BYTES; i++)
		p.memory[i] = (unsigned char)(i * 7 + i / 4096);
}

static bool memory_is_whole(void)
{
	size_t i;

	for (i = 0; i < MEMORY_BYTES; i++)
		if (p.memory[i] != (unsigned char)(i * 7 + i / 4096))
			return false;
	return true;
}

/*
 * One that ticks, one that is far from its end. (A ticking timerfd that has
 * expired and was not read is restored disarmed, says CRIU 4.2.)
 */
static void start_timers(void)
{
	struct itimerspec late = { .it_value.tv_sec = LATE_S };
	struct itimerval tick = {
		.it_interval.tv_usec = TICK_MS * 1000,
		.it_value.tv_usec = TICK_MS * 1000,
	};

	p.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (p.timer < 0 || timerfd_settime(p.timer, 0, &late, NULL) < 0 ||
	    setitimer(ITIMER_REAL, &tick, NULL) < 0)
		die("timer");
}

static const char *timer_word(void)
{
	struct itimerspec left;

	return timerfd_gettime(p.timer, &left) == 0 &&
	                       left.it_value.tv_sec > LATE_S / 2
	               ? "armed"
	               : "lost";
}

static void take_lock(void)
{
	p.locked = openat(p.dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (p.locked < 0 || flock(p.locked, LOCK_EX) < 0)
		die("lock");
}

static const char *lock_word(void)
{
	int other;
	int result;

	if (p.locked < 0)
		return "none";
	other = openat(p.dir, "lock", O_RDWR | O_CLOEXEC);
	result = flock(other, LOCK_EX | LOCK_NB);
	close(other);
	return result < 0 ? "held" : "lost";
}

/* A connection of this process with itself, with bytes on their way. */
static void connect_tcp(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	p.tcp[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0 ||
	    connect(p.tcp[0], (struct sockaddr *)&address, length) < 0)
		die("tcp");
	p.tcp[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (p.tcp[1] < 0 || write(p.tcp[0], "old,", 4) != 4)
		die("tcp");
	close(listener);
}

static const char *tcp_word(void)
{
	static char text[16];

	if (p.tcp[0] < 0)
		return "none";
	if (write(p.tcp[0], "new", 3) != 3 ||
	    recv(p.tcp[1], text, 7, MSG_WAITALL) != 7)
		return "lost";
	return text;
}

/* All that can be told; the data and the pipe are read up by that. */
static void report(void)
{
	char text[512];
	char data[32] = "";
	char unread[32] = "";
	const char *tty = ttyname(0);

	if (read(p.data, data, sizeof(data) - 1) < 0)
		strcpy(data, "lost");
	data[strcspn(data, "\n")] = '\0';
	fcntl(p.pipe[0], F_SETFL, O_NONBLOCK);
	if (read(p.pipe[0], unread, sizeof(unread) - 1) < 0)
		strcpy(unread, "lost");
	snprintf(text, sizeof(text),
	         "pid=%d data=%s pipe=%s memory=%s counter=%lu timer=%s "
	         "lock=%s tcp=%s tty=%s\n",
	         getpid(), data, unread, memory_is_whole() ? "whole" : "lost",
	         p.counter, timer_word(), lock_word(), tcp_word(),
	         tty ? tty : "none");
	write_file("report", text);
	dprintf(1, "reported\n");
}

static void run(void)
{
	char text[32];
	sigset_t none;

	sigemptyset(&none);
	while (!ended) {
		sigsuspend(&none);
		if (alarms) {
			alarms = 0;
			p.counter++;
			snprintf(text, sizeof(text), "%lu\n", p.counter);
			write_file("counter", text);
		}
		if (asked) {
			asked = 0;
			report();
		}
	}
}

static void prepare(char **words)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t handled;

	/* They come where they are waited for. */
	sigemptyset(&handled);
	sigaddset(&handled, SIGUSR1);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGALRM);
	sigprocmask(SIG_BLOCK, &handled, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	open_data();
	fill_memory();
	for (; *words; words++) {
		if (strcmp(*words, "lock") == 0)
			take_lock();
		else if (strcmp(*words, "tcp") == 0)
			connect_tcp();
		else if (strcmp(*words, "child") == 0 && fork() == 0)
			for (;;)
				pause();
	}
	start_timers();
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 64;
	p.dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.dir < 0)
		die(argv[1]);
	prepare(argv + 2);
	write_file("ready", "yes\n");
	run();
	return 7;
}
