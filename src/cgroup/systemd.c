/* SPDX-License-Identifier: Apache-2.0 */
/* The bus calls of the systemd cgroup driver: a helper that runf executes. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/helper.h"

/*
 * Standard input is a SOCK_SEQPACKET socket to runf. It sends one message of
 * strings, each with its NUL:
 *
 *   VERB BUS UNIT ...     BUS is `system`, or `user`, which is the system's
 *                         where there is no other
 *   start PROPERTY...     make the transient unit, with this process in it
 *                         unless it is a slice, and wait until it stands
 *   set PROPERTY...       of a unit that is there
 *   attach PID PATH       move a process into its cgroup, or PATH below that
 *   stop                  and forget that it failed; if it is not there, fine
 *
 * A PROPERTY is its name (behind '?' if older versions of systemd may do
 * without it), its type, and the value's tokens as plan/variant.h has them.
 *
 * The answer is '+' (for a slice with the path of its cgroup behind it), '!'
 * and a text if there is such a unit already, else the text of the error.
 * After `start` the process stays, so that the unit is not empty, until it is
 * killed or told anything, or the socket is closed.
 */
#define REQUEST_MAX (256 * 1024)
#define PATIENCE_S  25

#define SERVICE   "org.freedesktop.systemd1"
#define OBJECT    "/org/freedesktop/systemd1"
#define INTERFACE "org.freedesktop.systemd1.Manager"

/* The strings of the request that are still to be read. */
struct request {
	const char *next;
	const char *end;
};

struct job {
	const char *path; /* NULL: not known yet */
	char result[32];  /* "": not over yet */
};

static const char *take(struct request *request)
{
	const char *text = request->next;

	if (text == request->end)
		return NULL;
	request->next += strlen(text) + 1;
	return text;
}

static const char *reason(const sd_bus_error *error, int result)
{
	return error->message ? error->message : strerror(-result);
}

/* ---- values */

static int append(sd_bus_message *m, const char **type, struct request *from);

static size_t type_length(const char *type)
{
	int depth = 0;
	size_t i = 0;

	for (;; i++) {
		depth += type[i] == '(' || type[i] == '{';
		depth -= type[i] == ')' || type[i] == '}';
		if (!type[i] || (depth == 0 && type[i] != 'a'))
			return i + (type[i] != '\0');
	}
}

static int append_basic(sd_bus_message *m, char type, const char *token)
{
	union {
		uint8_t y;
		int b;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
	} value;

	switch (type) {
	case 'y': value.y = (uint8_t)strtoul(token, NULL, 10); break;
	case 'b': value.b = *token == '1'; break;
	case 'n': value.n = (int16_t)strtol(token, NULL, 10); break;
	case 'q': value.q = (uint16_t)strtoul(token, NULL, 10); break;
	case 'i': value.i = (int32_t)strtol(token, NULL, 10); break;
	case 'u': value.u = (uint32_t)strtoul(token, NULL, 10); break;
	case 'x': value.x = strtoll(token, NULL, 10); break;
	case 't': value.t = strtoull(token, NULL, 10); break;
	case 'd': value.d = strtod(token, NULL); break;
	default: return sd_bus_message_append_basic(m, type, token);
	}
	return sd_bus_message_append_basic(m, type, &value);
}

/* TYPE without what is around it, in a container of KIND. */
static int append_members(sd_bus_message *m, char kind, const char *type,
                          size_t length, struct request *from)
{
	char inner[256];
	const char *next = inner;
	const char *token = "1";
	unsigned long count;
	int result;

	if (length >= sizeof(inner))
		return -E2BIG;
	memcpy(inner, type, length);
	inner[length] = '\0';
	if (kind == 'a')
		token = take(from);
	if (!token)
		return -EBADMSG;
	count = strtoul(token, NULL, 10);
	result = sd_bus_message_open_container(m, kind, inner);
	while (result >= 0 && count--)
		for (next = inner; result >= 0 && *next;)
			result = append(m, &next, from);
	return result < 0 ? result : sd_bus_message_close_container(m);
}

/* The value of the one type that *TYPE begins with. */
static int append(sd_bus_message *m, const char **type, struct request *from)
{
	const char *at = *type;
	size_t length = type_length(at);
	const char *token;

	*type += length;
	switch (*at) {
	case 'a': return append_members(m, 'a', at + 1, length - 1, from);
	case '(': return append_members(m, 'r', at + 1, length - 2, from);
	case '{': return append_members(m, 'e', at + 1, length - 2, from);
	default: break;
	}
	token = take(from);
	if (!token)
		return -EBADMSG;
	if (*at == 'v')
		return append_members(m, 'v', token, strlen(token), from);
	return append_basic(m, *at, token);
}

static bool is_slice(const char *unit)
{
	size_t length = strlen(unit);

	return length > 6 && strcmp(unit + length - 6, ".slice") == 0;
}

/* Step over a value in order to leave it out. */
static int skip(sd_bus *bus, const char *type, struct request *from)
{
	sd_bus_message *scratch = NULL;
	int result = sd_bus_message_new_method_call(
		bus, &scratch, SERVICE, OBJECT, INTERFACE, "Reload");

	if (result >= 0)
		result = append(scratch, &type, from);
	sd_bus_message_unref(scratch);
	return result;
}

/*
 * All properties of the request, those for newer versions only with RECENT.
 * *RET_RECENT says whether there are such.
 */
static int append_properties(sd_bus *bus, sd_bus_message *m,
                             struct request from, bool recent, bool *ret_recent)
{
	const char *name;
	int result = 0;

	while (result >= 0 && (name = take(&from))) {
		const char *type = take(&from);
		bool is_recent = *name == '?';

		if (!type || !*type)
			return -EBADMSG;
		*ret_recent = *ret_recent || is_recent;
		if (is_recent && !recent) {
			result = skip(bus, type, &from);
			continue;
		}
		result = sd_bus_message_open_container(m, 'r', "sv");
		if (result >= 0)
			result =
				sd_bus_message_append(m, "s", name + is_recent);
		if (result >= 0)
			result = append_members(m, 'v', type, strlen(type),
			                        &from);
		if (result >= 0)
			result = sd_bus_message_close_container(m);
	}
	return result;
}

/* ---- calls */

static int call(sd_bus *bus, sd_bus_message *m, sd_bus_error *error,
                sd_bus_message **ret_reply)
{
	return sd_bus_call(bus, m, PATIENCE_S * UINT64_C(1000000), error,
	                   ret_reply);
}

static int on_job_removed(sd_bus_message *m, void *userdata,
                          sd_bus_error *ret_error)
{
	struct job *job = userdata;
	const char *path;
	const char *result;

	(void)ret_error;
	if (job->path &&
	    sd_bus_message_read(m, "uoss", NULL, &path, NULL, &result) >= 0 &&
	    strcmp(path, job->path) == 0)
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

/*
 * The signal is asked for before the job exists, and comes over the same
 * connection, behind the reply: it cannot be missed. Until it is looked for it
 * waits in the queue.
 */
static int watch_jobs(sd_bus *bus, struct job *job)
{
	return sd_bus_match_signal_async(bus, NULL, SERVICE, OBJECT, INTERFACE,
	                                 "JobRemoved", on_job_removed, NULL,
	                                 job);
}

static int wait_job(sd_bus *bus, sd_bus_message *reply, struct job *job)
{
	time_t end = time(NULL) + PATIENCE_S;
	int result = sd_bus_message_read(reply, "o", &job->path);

	while (result >= 0 && !*job->result) {
		result = sd_bus_process(bus, NULL);
		if (result != 0)
			continue;
		if (time(NULL) >= end)
			return -ETIMEDOUT;
		result = sd_bus_wait(bus, UINT64_C(1000000));
		if (result == -EINTR)
			result = 0;
	}
	return result < 0 ? result : 0;
}

/* 0 only if it has done what it was for: not failed, canceled or timed out. */
static int finish_job(sd_bus *bus, sd_bus_message *reply, struct job *job)
{
	int result = wait_job(bus, reply, job);

	return result == 0 && strcmp(job->result, "done") != 0 ? -EIO : result;
}

/* What has failed before may still stand in the way. */
static void reset_failed(sd_bus *bus, const char *unit)
{
	sd_bus_call_method(bus, SERVICE, OBJECT, INTERFACE, "ResetFailedUnit",
	                   NULL, NULL, "s", unit);
}

static int new_call(sd_bus *bus, const char *method, sd_bus_message **ret)
{
	return sd_bus_message_new_method_call(bus, ret, SERVICE, OBJECT,
	                                      INTERFACE, method);
}

/* 0 stands for the sender, whatever its number is where systemd is. */
static int append_own_pid(sd_bus_message *m)
{
	return sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, 0);
}

static int send_start(sd_bus *bus, const char *unit, struct request from,
                      bool recent, bool *ret_recent, sd_bus_error *error,
                      sd_bus_message **ret_reply)
{
	sd_bus_message *m = NULL;
	int result = new_call(bus, "StartTransientUnit", &m);

	if (result >= 0)
		result = sd_bus_message_append(m, "ss", unit, "replace");
	if (result >= 0)
		result = sd_bus_message_open_container(m, 'a', "(sv)");
	if (result >= 0 && !is_slice(unit))
		result = append_own_pid(m);
	if (result >= 0)
		result = append_properties(bus, m, from, recent, ret_recent);
	if (result >= 0)
		result = sd_bus_message_close_container(m);
	if (result >= 0)
		result = sd_bus_message_append(m, "a(sa(sv))", 0);
	if (result >= 0)
		result = call(bus, m, error, ret_reply);
	sd_bus_message_unref(m);
	return result;
}

static int send_set(sd_bus *bus, const char *unit, struct request from,
                    bool recent, bool *ret_recent, sd_bus_error *error)
{
	sd_bus_message *m = NULL;
	int result = new_call(bus, "SetUnitProperties", &m);

	if (result >= 0)
		result = sd_bus_message_append(m, "sb", unit, true);
	if (result >= 0)
		result = sd_bus_message_open_container(m, 'a', "(sv)");
	if (result >= 0)
		result = append_properties(bus, m, from, recent, ret_recent);
	if (result >= 0)
		result = sd_bus_message_close_container(m);
	if (result >= 0)
		result = call(bus, m, error, NULL);
	sd_bus_message_unref(m);
	return result;
}

static bool is_refused_property(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, SD_BUS_ERROR_PROPERTY_READ_ONLY) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_INVALID_ARGS) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_PROPERTY);
}

static int start_again(sd_bus *bus, const char *unit, struct request from,
                       sd_bus_error *error, sd_bus_message **ret_reply)
{
	bool has_recent = false;
	int result = send_start(bus, unit, from, true, &has_recent, error,
	                        ret_reply);

	if (result < 0 && has_recent && is_refused_property(error)) {
		sd_bus_error_free(error);
		result = send_start(bus, unit, from, false, &has_recent, error,
		                    ret_reply);
	}
	return result;
}

static bool exists_already(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error,
	                             "org.freedesktop.systemd1.UnitExists");
}

/* ---- verbs */

/* Where the cgroup of a slice is. */
static int answer_slice(sd_bus *bus, const char *unit)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *object = NULL;
	char *path = NULL;
	int result = sd_bus_path_encode(OBJECT "/unit", unit, &object);

	if (result >= 0)
		result = sd_bus_get_property_string(
			bus, SERVICE, object, "org.freedesktop.systemd1.Slice",
			"ControlGroup", &error, &path);
	if (result >= 0)
		helper_say("+%s", path);
	else
		helper_say("find the cgroup of %s: %s", unit,
		           reason(&error, result));
	free(object);
	free(path);
	sd_bus_error_free(&error);
	return result;
}

static void linger(void)
{
	char byte;

	while (recv(STDIN_FILENO, &byte, 1, 0) < 0 && errno == EINTR)
		;
}

static int do_start(sd_bus *bus, const char *unit, struct request from)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct job job = { .path = NULL };
	int result = watch_jobs(bus, &job);

	if (result >= 0)
		result = start_again(bus, unit, from, &error, &reply);
	if (result < 0 && exists_already(&error)) {
		sd_bus_error_free(&error);
		reset_failed(bus, unit);
		result = start_again(bus, unit, from, &error, &reply);
	}
	if (result < 0) {
		helper_say("%sstart unit %s: %s",
		           exists_already(&error) ? "!" : "", unit,
		           reason(&error, result));
		return result;
	}
	result = finish_job(bus, reply, &job);
	if (result < 0) {
		/* Not stopped: that might end us. With us it is empty. */
		reset_failed(bus, unit);
		helper_say("start unit %s: the job's result: %s", unit,
		           *job.result ? job.result : strerror(-result));
		return result;
	}
	if (is_slice(unit))
		return answer_slice(bus, unit);
	helper_say("+");
	linger();
	return 0;
}

static int do_set(sd_bus *bus, const char *unit, struct request from)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	bool has_recent = false;
	int result = send_set(bus, unit, from, true, &has_recent, &error);

	if (result < 0 && has_recent && is_refused_property(&error)) {
		sd_bus_error_free(&error);
		result = send_set(bus, unit, from, false, &has_recent, &error);
	}
	if (result < 0)
		helper_say("set properties of unit %s: %s", unit,
		           reason(&error, result));
	else
		helper_say("+");
	return result;
}

static int do_attach(sd_bus *bus, const char *unit, struct request from)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *pid = take(&from);
	const char *below = take(&from);
	int result = -EBADMSG;

	if (below)
		result = sd_bus_call_method(bus, SERVICE, OBJECT, INTERFACE,
		                            "AttachProcessesToUnit", &error,
		                            NULL, "ssau", unit, below, 1,
		                            (uint32_t)strtoul(pid, NULL, 10));
	if (result < 0)
		helper_say("attach process %s to unit %s: %s", pid ? pid : "-",
		           unit, reason(&error, result));
	else
		helper_say("+");
	return result;
}

static int do_stop(sd_bus *bus, const char *unit, struct request from)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct job job = { .path = NULL };
	int result = watch_jobs(bus, &job);

	(void)from;
	if (result >= 0)
		result = sd_bus_call_method(bus, SERVICE, OBJECT, INTERFACE,
		                            "StopUnit", &error, &reply, "ss",
		                            unit, "replace");
	if (sd_bus_error_has_name(&error,
	                          "org.freedesktop.systemd1.NoSuchUnit")) {
		helper_say("+");
		return 0;
	}
	if (result >= 0)
		result = finish_job(bus, reply, &job);
	reset_failed(bus, unit);
	if (result < 0)
		helper_say("stop unit %s: %s", unit,
		           *job.result ? job.result : reason(&error, result));
	else
		helper_say("+");
	return result;
}

/* ---- from words to one of them */

static int open_bus(const char *which, sd_bus **ret_bus)
{
	int result = -ENOMEDIUM;

	if (strcmp(which, "user") == 0)
		result = sd_bus_open_user(ret_bus);
	else if (strcmp(which, "system") != 0)
		return -EBADMSG;
	if (result < 0)
		result = sd_bus_open_system(ret_bus);
	return result;
}

static int serve(struct request request)
{
	static const struct {
		const char *verb;
		int (*run)(sd_bus *bus, const char *unit, struct request from);
	} verbs[] = {
		{ "start", do_start },
		{ "set", do_set },
		{ "attach", do_attach },
		{ "stop", do_stop },
	};

	const char *verb = take(&request);
	const char *which = take(&request);
	const char *unit = take(&request);
	sd_bus *bus = NULL;
	int result;
	size_t i;

	if (!unit) {
		helper_say("not a request");
		return -EBADMSG;
	}
	result = open_bus(which, &bus);
	if (result < 0) {
		helper_say("connect to the %s bus: %s", which,
		           strerror(-result));
		return result;
	}
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			return verbs[i].run(bus, unit, request);
	helper_say("unknown verb \"%s\"", verb);
	return -EBADMSG;
}

int main(void)
{
	static char text[REQUEST_MAX];
	ssize_t length = recv(STDIN_FILENO, text, sizeof(text), MSG_TRUNC);
	struct request request = { text, text + length };

	if (length < 0 && errno == ENOTSOCK) {
		fprintf(stderr, "runf executes this program; see runf(8)\n");
		return EXIT_FAILURE;
	}
	if (length <= 0 || length > (ssize_t)sizeof(text) || text[length - 1]) {
		helper_say("not a request");
		return EXIT_FAILURE;
	}
	return serve(request) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
