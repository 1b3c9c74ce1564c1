/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a frame: a call's name and payload, or its outcome. */
#include "ttrpc/envelope.h"

#include <errno.h>
#include <stdlib.h>
#include <wire.pb-c.h>

#include "sys/socket.h"
#include "ttrpc/frame.h"

#define NS_PER_MS 1000000

/* The generated structs want what could be written to. */
static char *text_of(const char *value)
{
	return (char *)(uintptr_t)value;
}

static ProtobufCBinaryData data_of(struct ttrpc_bytes bytes)
{
	return (ProtobufCBinaryData){
		.len = bytes.size,
		.data = (uint8_t *)(uintptr_t)bytes.data,
	};
}

/* An envelope with room for SIZE bytes behind its header, or NULL. */
static struct envelope *envelope_new(uint32_t stream, enum frame_type type,
                                     size_t size)
{
	struct frame_header header = {
		.size = (uint32_t)size,
		.stream = stream,
		.type = (uint8_t)type,
	};
	struct envelope *envelope =
		malloc(sizeof(*envelope) + FRAME_HEADER_SIZE + size);

	if (!envelope)
		return NULL;
	envelope->next = NULL;
	envelope->size = FRAME_HEADER_SIZE + size;
	envelope->sent = 0;
	frame_encode(&header, envelope->bytes);
	return envelope;
}

static struct envelope *envelope_response(uint32_t stream,
                                          const Ttrpc__Response *response)
{
	size_t size = ttrpc__response__get_packed_size(response);
	struct envelope *envelope;

	if (size > FRAME_DATA_MAX)
		return envelope_error(stream, TTRPC_RESOURCE_EXHAUSTED,
		                      "the answer is too large");
	envelope = envelope_new(stream, FRAME_RESPONSE, size);
	if (envelope)
		ttrpc__response__pack(response,
		                      envelope->bytes + FRAME_HEADER_SIZE);
	return envelope;
}

struct envelope *envelope_answer(uint32_t stream, struct ttrpc_bytes payload)
{
	Ttrpc__Response response;

	ttrpc__response__init(&response);
	response.payload = data_of(payload);
	return envelope_response(stream, &response);
}

struct envelope *envelope_error(uint32_t stream, enum ttrpc_code code,
                                const char *text)
{
	Ttrpc__Response response;
	Ttrpc__Status status;

	ttrpc__response__init(&response);
	ttrpc__status__init(&status);
	status.code = (int32_t)code;
	status.message = text_of(text);
	response.status = &status;
	return envelope_response(stream, &response);
}

int envelope_request(uint32_t stream, const struct ttrpc_client_call *call,
                     struct envelope **ret_envelope)
{
	Ttrpc__Request request;
	Ttrpc__KeyValue pair;
	Ttrpc__KeyValue *pairs[] = { &pair };
	struct envelope *envelope;
	size_t size;

	ttrpc__request__init(&request);
	ttrpc__key_value__init(&pair);
	request.service = text_of(call->service);
	request.method = text_of(call->method);
	request.payload = data_of(call->payload);
	request.timeout_nano = (int64_t)call->timeout_ms * NS_PER_MS;
	if (call->key) {
		pair.key = text_of(call->key);
		pair.value = text_of(call->value);
		request.metadata = pairs;
		request.n_metadata = 1;
	}
	size = ttrpc__request__get_packed_size(&request);
	if (size > FRAME_DATA_MAX)
		return -EMSGSIZE;
	envelope = envelope_new(stream, FRAME_REQUEST, size);
	if (!envelope)
		return -ENOMEM;
	envelope->bytes[9] = FRAME_REMOTE_CLOSED;
	ttrpc__request__pack(&request, envelope->bytes + FRAME_HEADER_SIZE);
	*ret_envelope = envelope;
	return 0;
}

int envelope_send(struct envelope *envelope, int socket)
{
	while (envelope->sent < envelope->size) {
		ssize_t count =
			sys_send_fds(socket, envelope->bytes + envelope->sent,
		                     envelope->size - envelope->sent, NULL, 0);

		if (count == -EAGAIN)
			return 0;
		if (count < 0)
			return (int)count;
		envelope->sent += (size_t)count;
	}
	return 1;
}

/*
 * ---- reading
 *
 * A field of two bytes can become a struct of sixty: what is left to allocate
 * for one message is counted.
 */
static void *take_memory(void *left, size_t size)
{
	size_t *budget = left;
	/* Roughly what malloc() adds. */
	size_t cost = size + 2 * sizeof(size_t);

	if (cost < size || cost > *budget)
		return NULL;
	*budget -= cost;
	return malloc(size);
}

static void leave_memory(void *left, void *pointer)
{
	(void)left;
	free(pointer);
}

static size_t budget_of(size_t size)
{
	return 2 * size + 4096;
}

int envelope_read_request(const uint8_t *data, size_t size,
                          struct ttrpc_request *ret_request, void **ret_memory)
{
	size_t budget = budget_of(size);
	ProtobufCAllocator allocator = { take_memory, leave_memory, &budget };
	Ttrpc__Request *request =
		ttrpc__request__unpack(&allocator, size, data);

	if (!request)
		return -EBADMSG;
	*ret_request = (struct ttrpc_request){
		.service = request->service,
		.method = request->method,
		.payload = { request->payload.data, request->payload.len },
		.timeout_ns =
			request->timeout_nano > 0 ? request->timeout_nano : 0,
	};
	*ret_memory = request;
	return 0;
}

void envelope_free_request(void *memory)
{
	ProtobufCAllocator allocator = { take_memory, leave_memory, NULL };

	ttrpc__request__free_unpacked(memory, &allocator);
}

int envelope_read_response(const uint8_t *data, size_t size,
                           struct envelope_response *ret_response,
                           void **ret_memory)
{
	size_t budget = budget_of(size);
	ProtobufCAllocator allocator = { take_memory, leave_memory, &budget };
	Ttrpc__Response *response =
		ttrpc__response__unpack(&allocator, size, data);

	if (!response)
		return -EBADMSG;
	*ret_response = (struct envelope_response){
		.code = TTRPC_OK,
		.text = "",
		.payload = { response->payload.data, response->payload.len },
	};
	if (response->status) {
		ret_response->code = (enum ttrpc_code)response->status->code;
		ret_response->text = response->status->message;
	}
	*ret_memory = response;
	return 0;
}

void envelope_free_response(void *memory)
{
	ProtobufCAllocator allocator = { take_memory, leave_memory, NULL };

	ttrpc__response__free_unpacked(memory, &allocator);
}
