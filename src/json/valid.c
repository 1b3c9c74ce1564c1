/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a text is JSON at all, in the memory of one token. */
#include <yajl/yajl_parse.h>

#include "json/json.h"

bool json_is_valid(const char *text, size_t length)
{
	yajl_handle yajl = yajl_alloc(NULL, NULL, NULL);
	bool valid = yajl &&
	             yajl_parse(yajl, (const unsigned char *)text, length) ==
	                     yajl_status_ok &&
	             yajl_complete_parse(yajl) == yajl_status_ok;

	if (yajl)
		yajl_free(yajl);
	return valid;
}
