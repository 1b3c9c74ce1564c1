/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttrpc's frames and envelopes. The first byte says in which parts the others
 * come; the frames must be the same as when all come at once.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"

struct tally {
	size_t frames;
	uint64_t sum;
};

static void tally_add(struct tally *tally, const uint8_t *data, size_t size)
{
	while (size--)
		tally->sum = (tally->sum ^ *data++) * 0x100000001b3U;
}

/* What is understood is packed and understood again, to be the same. */
static void check_request(const uint8_t *data, size_t size)
{
	struct ttrpc_request request, again;
	struct ttrpc_client_call call = { .key = NULL };
	struct envelope *envelope;
	void *memory, *memory_again;

	if (envelope_read_request(data, size, &request, &memory) < 0)
		return;
	call.service = request.service;
	call.method = request.method;
	call.payload = request.payload;
	FUZZ_CHECK(envelope_request(1, &call, &envelope) == 0);
	FUZZ_CHECK(envelope_read_request(envelope->bytes + FRAME_HEADER_SIZE,
	                                 envelope->size - FRAME_HEADER_SIZE,
	                                 &again, &memory_again) == 0);
	FUZZ_CHECK(strcmp(again.service, request.service) == 0);
	FUZZ_CHECK(strcmp(again.method, request.method) == 0);
	FUZZ_CHECK(again.payload.size == request.payload.size);
	FUZZ_CHECK(!again.payload.size ||
	           memcmp(again.payload.data, request.payload.data,
	                  again.payload.size) == 0);
	envelope_free_request(memory_again);
	envelope_free_request(memory);
	free(envelope);
}

static void check_response(const uint8_t *data, size_t size)
{
	struct envelope_response response;
	void *memory;

	if (envelope_read_response(data, size, &response, &memory) < 0)
		return;
	FUZZ_CHECK(response.text);
	envelope_free_response(memory);
}

static int take(void *context, const struct frame_header *header,
                const uint8_t *data)
{
	struct tally *tally = context;
	uint8_t bytes[FRAME_HEADER_SIZE];

	FUZZ_CHECK(!data == (header->size > FRAME_DATA_MAX));
	frame_encode(header, bytes);
	tally_add(tally, bytes, sizeof(bytes));
	if (data)
		tally_add(tally, data, header->size);
	if (data && ++tally->frames == 1) {
		check_request(data, header->size);
		check_response(data, header->size);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader whole = { .data = NULL };
	struct frame_reader parts = { .data = NULL };
	struct tally a = { .frames = 0 }, b = { .frames = 1 };
	size_t part, at;

	if (size < 1)
		return 0;
	part = (size_t)*data++ + 1;
	size--;
	FUZZ_CHECK(frame_feed(&whole, data, size, take, &a) == 0);
	for (at = 0; at < size; at += part) {
		size_t count = size - at < part ? size - at : part;

		FUZZ_CHECK(frame_feed(&parts, data + at, count, take, &b) == 0);
		FUZZ_CHECK(parts.capacity <= 2 * size + FRAME_HEADER_SIZE);
		FUZZ_CHECK((parts.data == NULL) == (parts.used == 0));
	}
	FUZZ_CHECK(b.frames == a.frames + 1);
	FUZZ_CHECK(a.sum == b.sum);
	FUZZ_CHECK(whole.skip == parts.skip);
	FUZZ_CHECK(whole.used == parts.used);
	frame_reader_release(&whole);
	frame_reader_release(&parts);
	return 0;
}
