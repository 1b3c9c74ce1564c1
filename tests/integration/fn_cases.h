/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests' function does: the event is a JSON string, a word and
 * perhaps its argument. Included by contrib/functions/bootstrap.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

static unsigned int calls;

static void say(const char *id, const char *text)
{
	api_post(id, "response", "", text, strlen(text));
}

static void wait_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static void burn_ms(long ms)
{
	struct timespec now;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < ms);
}

static void answer_large(const char *id, size_t size)
{
	char *bytes = malloc(size);
	char text[64];
	int status;

	memset(bytes, 'x', size);
	status = api_post(id, "response", "", bytes, size);
	snprintf(text, sizeof(text), "answer of %zu: %d\n", size, status);
	fputs(text, stderr);
	free(bytes);
}

/* COUNT pieces, each after a pause; then an error in the trailers, if any. */
static void stream(const char *id, int count, const char *error)
{
	struct reply reply;
	char text[1024];
	int i;

	snprintf(text, sizeof(text),
	         "POST " API "/invocation/%s/response HTTP/1.1\r\nHost: api\r\n"
	         "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
	         "Transfer-Encoding: chunked\r\n"
	         "Trailer: Lambda-Runtime-Function-Error-Type\r\n\r\n",
	         id);
	api_send(api_socket, text, strlen(text));
	for (i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "8\r\npiece %d\n\r\n", i % 10);
		api_send(api_socket, text, strlen(text));
		wait_ms(100);
	}
	snprintf(text, sizeof(text), "0\r\n%s%s%s\r\n",
	         *error ? "Lambda-Runtime-Function-Error-Type: " : "", error,
	         *error ? "\r\n" : "");
	api_send(api_socket, text, strlen(text));
	api_receive(api_socket, &reply);
	fprintf(stderr, "stream: %d\n", reply.status);
	free(reply.body);
}

/* Heads that never end, and one that is none; then the answer as usual. */
static void slow_loris(const char *id)
{
	char text[64];
	int refused = 0;
	int i;

	for (i = 0; i < 100; i++) {
		int fd = api_connect();

		snprintf(text, sizeof(text), "POST /%d HTTP/1.1\r\nHo", i);
		if (api_send(fd, i ? text : "\1\2\3\r\n\r\n", 6) < 0)
			refused++;
	}
	snprintf(text, sizeof(text), "\"sent, %d refused\"", refused);
	say(id, text);
}

static void can_reach(const char *id, const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int result = connect(fd, (struct sockaddr *)&address, sizeof(address));

	say(id, result < 0 ? strerror(errno) : "reached");
	close(fd);
}

static void use_memory(size_t mb)
{
	size_t i;

	for (i = 0; i < mb; i++)
		memset(malloc(1 << 20), 1, 1 << 20);
}

static void write_files(const char *id)
{
	char text[160];
	int root = open("/file", O_CREAT | O_WRONLY, 0600);
	const char *why = root < 0 ? strerror(errno) : "written";
	int tmp = open("/tmp/file", O_CREAT | O_WRONLY, 0600);

	snprintf(text, sizeof(text), "root: %s, /tmp: %s", why,
	         tmp < 0 ? strerror(errno) : "written");
	say(id, text);
}

static void break_rules(const struct reply *event, const char *how)
{
	const char *other = "00000000-0000-4000-8000-000000000000";
	struct reply reply;
	int status = 0;

	if (strcmp(how, "id") == 0)
		status = api_post(other, "response", "", "1", 1);
	if (strcmp(how, "next") == 0) {
		api_call("GET", "/invocation/next", "", "", 0, &reply);
		status = reply.status;
	}
	if (strcmp(how, "init") == 0)
		status = api_post("x/../../init", "error", "", "{}", 2);
	if (strcmp(how, "path") == 0)
		status = api_post(event->id, "nothing", "", "", 0);
	say(event->id, "\"answered\"");
	if (strcmp(how, "twice") == 0)
		status = api_post(event->id, "response", "", "2", 1);
	fprintf(stderr, "rule %s: %d\n", how, status);
}

/* What goes on in the background, behind the answer. */
static void spin(const char *id)
{
	if (fork() == 0)
		for (;;)
			continue;
	say(id, "\"spins\"");
}

static void do_word(const struct reply *event, const char *word,
                    const char *arg)
{
	char text[256];

	if (strcmp(word, "throw") == 0)
		api_post(event->id, "error",
		         "Lambda-Runtime-Function-Error-Type: Test.Thrown\r\n",
		         "{\"errorType\":\"Test.Thrown\"}", 27);
	else if (strcmp(word, "exit") == 0)
		exit(atoi(arg));
	else if (strcmp(word, "kill") == 0)
		abort();
	else if (strcmp(word, "sleep") == 0)
		wait_ms(atol(arg)), say(event->id, "\"slept\"");
	else if (strcmp(word, "burn") == 0)
		burn_ms(atol(arg)), say(event->id, "\"burnt\"");
	else if (strcmp(word, "spin") == 0)
		spin(event->id);
	else if (strcmp(word, "large") == 0)
		answer_large(event->id, strtoul(arg, NULL, 10));
	else if (strcmp(word, "stream") == 0)
		stream(event->id, atoi(arg), "");
	else if (strcmp(word, "streamfail") == 0)
		stream(event->id, atoi(arg), "Test.Late");
	else if (strcmp(word, "loris") == 0)
		slow_loris(event->id);
	else if (strcmp(word, "reach") == 0)
		can_reach(event->id, arg);
	else if (strcmp(word, "memory") == 0)
		use_memory(strtoul(arg, NULL, 10)), say(event->id, "\"used\"");
	else if (strcmp(word, "write") == 0)
		write_files(event->id);
	else if (strcmp(word, "env") == 0)
		say(event->id, getenv(arg) ? getenv(arg) : "(unset)");
	else if (strcmp(word, "rule") == 0)
		break_rules(event, arg);
	else if (strcmp(word, "count") == 0)
		snprintf(text, sizeof(text), "%u", calls), say(event->id, text);
	else
		api_post(event->id, "response", "", event->body, event->size);
}

static void handle(const struct reply *event)
{
	char word[32] = "", arg[128] = "";

	calls++;
	sscanf(event->body, "\"%31[a-z] %127[^\"]\"", word, arg);
	do_word(event, word, arg);
}

/* What goes wrong before the first event, as INIT says. */
__attribute__((constructor)) static void before_all(void)
{
	const char *how = getenv("INIT") ? getenv("INIT") : "";
	long ms = 0;

	if (sscanf(how, "sleep %ld", &ms) == 1)
		wait_ms(ms);
	if (sscanf(how, "burn %ld", &ms) == 1)
		burn_ms(ms);
	if (strcmp(how, "exit") == 0)
		_exit(7);
	if (strcmp(how, "respond") == 0)
		fprintf(stderr, "early: %d\n",
		        api_post("x", "response", "", "1", 1));
	if (strcmp(how, "error") == 0) {
		struct reply reply;

		api_call("POST", "/init/error",
		         "Lambda-Runtime-Function-Error-Type: Test.Init\r\n",
		         "{\"errorType\":\"Test.Init\"}", 25, &reply);
		_exit(1);
	}
}
