/* SPDX-License-Identifier: Apache-2.0 */
/* One command for many containers: those whose id a pattern matches. */
#include "cli/regex.h"

#include <regex.h>

#include "cli/document.h"
#include "cli/fail.h"

/* One ended meanwhile, or was deleted: that is what was wanted of it. */
static bool is_gone(const struct runf_error *err)
{
	return err->kind == RUNF_ERROR_NOT_FOUND;
}

static int compile(regex_t *regex, const char *pattern, struct runf_error *err)
{
	int code = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
	char why[128];

	if (code == 0)
		return 0;
	regerror(code, regex, why, sizeof(why));
	return fail_usage(err, "\"%s\" is no regular expression: %s", pattern,
	                  why);
}

int regex_each(struct cli *cli, const char *pattern,
               int (*act)(struct cli *cli, const char *id, const void *context,
                          struct runf_error *err),
               const void *context, struct runf_error *err)
{
	const struct json_value *containers;
	const struct json_value *each;
	regex_t regex;
	char *json;
	int first = compile(&regex, pattern, err);

	if (first < 0)
		return first;
	first = runf_list(cli->runf, &json, err);
	if (first == 0) {
		first = document_parse(&cli->arena, json, JSON_ARRAY,
		                       &containers, err);
		runf_free_text(json);
	}
	for (each = first < 0 ? NULL : containers->first; each;
	     each = each->next) {
		const char *id = document_text(json_get(each, "id"));
		struct runf_error why = { .code = 0 };

		if (!id || regexec(&regex, id, 0, NULL, 0) != 0 ||
		    act(cli, id, context, &why) >= 0 || is_gone(&why))
			continue;
		if (first == 0)
			*err = why;
		first = err->code;
	}
	regfree(&regex);
	return first;
}
