/* SPDX-License-Identifier: Apache-2.0 */
/* What a function's runtime may ask when, and what it is answered. */
#include "fn/runtime_api.h"

#include <string.h>

#include "base/str.h"

#define PREFIX "/2018-06-01/runtime/"

#define REFUSAL(status, type, message)                                \
	((struct api_refusal){ status, "{\"errorMessage\":\"" message \
	                               "\",\"errorType\":\"" type "\"}\n" })

#define NOT_FOUND   REFUSAL(404, "InvalidPath", "There is no such resource")
#define NOT_ALLOWED REFUSAL(405, "InvalidMethod", "This method is not allowed")
#define BAD_ID      REFUSAL(400, "InvalidRequestID", "Invalid request ID")
#define BAD_STATE                              \
	REFUSAL(403, "InvalidStateTransition", \
	        "State transition is not allowed")

const struct api_refusal api_too_large = {
	413, "{\"errorMessage\":\"Exceeded maximum allowed payload size "
	     "(6291556 bytes).\",\"errorType\":\"RequestEntityTooLarge\"}\n"
};

static const struct api_refusal fine = { 0, NULL };

/* invocation/ID/response and invocation/ID/error */
static bool parse_answer(const char *path, enum api_call *ret_call,
                         const char **ret_id, size_t *ret_length)
{
	const char *id = str_after(path, "invocation/");
	const char *verb = id ? strchr(id, '/') : NULL;

	if (!verb)
		return false;
	if (str_equal(verb, "/response"))
		*ret_call = API_RESPONSE;
	else if (str_equal(verb, "/error"))
		*ret_call = API_ERROR;
	else
		return false;
	*ret_id = id;
	*ret_length = (size_t)(verb - id);
	return true;
}

struct api_refusal api_parse(const char *method, const char *path,
                             enum api_call *ret_call, const char **ret_id,
                             size_t *ret_length)
{
	const char *rest = str_after(path, PREFIX);
	enum api_call call;

	*ret_id = "";
	*ret_length = 0;
	if (!rest)
		return NOT_FOUND;
	if (str_equal(rest, "invocation/next"))
		call = API_NEXT;
	else if (str_equal(rest, "init/error"))
		call = API_INIT_ERROR;
	else if (!parse_answer(rest, &call, ret_id, ret_length))
		return NOT_FOUND;
	if (!str_equal(method, call == API_NEXT ? "GET" : "POST"))
		return NOT_ALLOWED;
	*ret_call = call;
	return fine;
}

static struct api_refusal spoil(struct api *api, struct api_refusal why)
{
	api->spoiled = true;
	return why;
}

static struct api_refusal begin_answer(struct api *api, const char *id,
                                       size_t length)
{
	if (api->state == API_INIT || api->state == API_PARKED)
		return spoil(api, BAD_STATE);
	if (length != strlen(api->id) || memcmp(id, api->id, length) != 0)
		return spoil(api, BAD_ID);
	if (api->state != API_RUNNING)
		return spoil(api, BAD_STATE);
	api->state = API_ANSWERING;
	return fine;
}

struct api_refusal api_begin(struct api *api, enum api_call call,
                             const char *id, size_t length)
{
	switch (call) {
	case API_NEXT:
		/* PARKED: it gave up waiting, and waits anew. */
		if (api->state == API_RUNNING || api->state == API_ANSWERING)
			return spoil(api, BAD_STATE);
		api->state = API_PARKED;
		return fine;
	case API_INIT_ERROR:
		return api->state == API_INIT ? fine : spoil(api, BAD_STATE);
	case API_RESPONSE:
	case API_ERROR:
	default: return begin_answer(api, id, length);
	}
}

void api_dispatch(struct api *api, const char *id)
{
	api->state = API_RUNNING;
	memcpy(api->id, id, sizeof(api->id));
}

void api_finish(struct api *api)
{
	api->state = API_ANSWERED;
}

void api_break(struct api *api)
{
	api->state = API_RUNNING;
}
