/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the documents that the library answers with. */
#include "cli/document.h"

#include <errno.h>
#include <string.h>

#include "cli/fail.h"

int document_parse(struct arena *arena, const char *json, enum json_type type,
                   const struct json_value **ret_root, struct runf_error *err)
{
	const struct json_value *root;
	struct error fault;
	int result =
		json_parse(arena, json, strlen(json), "librunf", &root, &fault);

	if (result < 0)
		return fail_with(err, RUNF_ERROR_INTERNAL, result, "%s",
		                 fault.text);
	if (root->type != type)
		return fail_with(err, RUNF_ERROR_INTERNAL, -EINVAL,
		                 "librunf: unexpected document");
	*ret_root = root;
	return 0;
}

const char *document_text(const struct json_value *value)
{
	if (!value ||
	    (value->type != JSON_STRING && value->type != JSON_NUMBER))
		return NULL;
	return value->text;
}
