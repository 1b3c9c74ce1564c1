/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to containers, told to containerd in the order it happened. */
#include "shim/events.h"

#include <forward.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define QUEUE_MAX  2048
#define TRIES_MAX  5
#define TIMEOUT_MS 5000
#define DELAY_MS   100 /* three times as long each time */
#define DELAY_MAX  3000

struct event {
	struct event *next;
	char topic[32]; /* for the log */
	size_t size;
	uint8_t request[];
};

struct events {
	struct loop *loop;
	const struct log *log;
	struct ttrpc_client *client; /* NULL: nobody is told */
	char *namespace_;
	struct event *current; /* called, or to be called again by RETRY */
	struct event *first;
	struct event *last;
	size_t count; /* without CURRENT */
	size_t lost;
	int tries;
	uint64_t delay_ms;
	struct loop_timer retry;
	struct loop_timer drain;
	void (*drained)(void *context);
	void *drain_context;
};

/* The generated structs want what could be written to. */
static char *text_of(const char *value)
{
	return (char *)(uintptr_t)value;
}

static struct event *event_new(const struct events *events, const char *topic,
                               const char *type, struct ttrpc_bytes message)
{
	struct timespec now = time_now();
	Forward__Time time;
	Forward__Any any;
	Forward__Envelope envelope;
	Forward__Request request;
	struct event *event;
	size_t size;

	forward__time__init(&time);
	forward__any__init(&any);
	forward__envelope__init(&envelope);
	forward__request__init(&request);
	time.seconds = now.tv_sec;
	time.nanos = (int32_t)now.tv_nsec;
	any.type_url = text_of(type);
	any.value.data = (uint8_t *)(uintptr_t)message.data;
	any.value.len = message.size;
	envelope.time = &time;
	envelope.space = events->namespace_;
	envelope.topic = text_of(topic);
	envelope.event = &any;
	request.envelope = &envelope;
	size = forward__request__get_packed_size(&request);
	event = malloc(sizeof(*event) + size);
	if (!event)
		return NULL;
	*event = (struct event){ .size = size };
	strncpy(event->topic, topic, sizeof(event->topic) - 1);
	forward__request__pack(&request, event->request);
	return event;
}

static struct event *events_take_first(struct events *events)
{
	struct event *event = events->first;

	if (event) {
		events->first = event->next;
		events->count--;
	}
	return event;
}

static void events_done(void *context, enum ttrpc_code code, const char *text,
                        struct ttrpc_bytes payload);

static void events_send(struct events *events)
{
	struct ttrpc_client_call call = {
		.service = "containerd.services.events.ttrpc.v1.Events",
		.method = "Forward",
		.key = "containerd-namespace-ttrpc",
		.value = events->namespace_,
		.timeout_ms = TIMEOUT_MS,
		.payload = { events->current->request, events->current->size },
	};

	ttrpc_client_call(events->client, &call, events_done, events);
}

/* The next one, unless one is under way. */
static void events_go_on(struct events *events)
{
	if (events->current)
		return;
	events->current = events_take_first(events);
	events->tries = 0;
	events->delay_ms = DELAY_MS;
	if (events->current)
		events_send(events);
	else if (events->drained)
		loop_arm(events->loop, &events->drain, 0);
}

static void events_report_lost(struct events *events)
{
	if (events->lost)
		log_error(events->log, "%zu events were lost", events->lost);
	events->lost = 0;
}

static void events_done(void *context, enum ttrpc_code code, const char *text,
                        struct ttrpc_bytes payload)
{
	struct events *events = context;

	(void)payload;
	/* As long as there is nobody to refuse it, an event is kept. */
	if (code != TTRPC_OK && code != TTRPC_UNAVAILABLE)
		events->tries++;
	if (code != TTRPC_OK && events->tries < TRIES_MAX) {
		log_debug(events->log, "event %s: %s", events->current->topic,
		          text);
		loop_arm(events->loop, &events->retry, events->delay_ms);
		events->delay_ms *= 3;
		if (events->delay_ms > DELAY_MAX)
			events->delay_ms = DELAY_MAX;
		return;
	}
	if (code != TTRPC_OK)
		log_error(events->log, "event %s is dropped: %s",
		          events->current->topic, text);
	events_report_lost(events);
	free(events->current);
	events->current = NULL;
	events_go_on(events);
}

static void events_retry(struct loop_timer *timer)
{
	events_send(loop_owner(timer, struct events, retry));
}

void events_publish(struct events *events, const char *topic, const char *type,
                    struct ttrpc_bytes message)
{
	struct event *event;

	if (!events->client)
		return;
	event = event_new(events, topic, type, message);
	if (!event) {
		events->lost++;
		return;
	}
	if (events->count == QUEUE_MAX) {
		free(events_take_first(events));
		events->lost++;
	}
	if (events->first)
		events->last->next = event;
	else
		events->first = event;
	events->last = event;
	events->count++;
	events_go_on(events);
}

static void events_drain_over(struct loop_timer *timer)
{
	struct events *events = loop_owner(timer, struct events, drain);
	void (*drained)(void *context) = events->drained;

	events->drained = NULL;
	events->lost += events->count + (events->current != NULL);
	events_report_lost(events);
	drained(events->drain_context);
}

void events_drain(struct events *events, uint64_t ms,
                  void (*drained)(void *context), void *context)
{
	events->drained = drained;
	events->drain_context = context;
	loop_arm(events->loop, &events->drain, events->current ? ms : 0);
}

struct events *events_open(struct loop *loop, const char *address,
                           const char *namespace_, const struct log *log)
{
	struct events *events = calloc(1, sizeof(*events));
	bool nobody = !address || !*address;

	if (!events)
		return NULL;
	events->loop = loop;
	events->log = log;
	events->retry.expired = events_retry;
	events->drain.expired = events_drain_over;
	events->namespace_ = strdup(namespace_);
	if (!nobody)
		events->client = ttrpc_client_open(loop, address);
	if (!events->namespace_ || (!nobody && !events->client)) {
		events_close(events);
		return NULL;
	}
	return events;
}

void events_close(struct events *events)
{
	struct event *event;

	if (!events)
		return;
	loop_disarm(&events->retry);
	loop_disarm(&events->drain);
	ttrpc_client_close(events->client);
	while ((event = events_take_first(events)))
		free(event);
	free(events->current);
	free(events->namespace_);
	free(events);
}
