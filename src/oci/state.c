/* SPDX-License-Identifier: Apache-2.0 */
/* Container ids, and the state document. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "oci/oci.h"

#define ID_MAX 1024

static bool is_id(const char *id)
{
	for (const char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_+.-", *c))
			return false;
	return *id != '.';
}

int oci_check_id(const char *id, struct error *err)
{
	auto_arena struct arena scratch = { 0 };
	size_t length = strlen(id);

	if (length == 0 || length > ID_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "a container id has 1 to %d bytes", ID_MAX);
	if (is_id(id))
		return 0;
	return error_set(err, ERROR_USAGE, -EINVAL,
	                 "invalid container id %s: it is made of letters, "
	                 "digits and _+.- and does not start with a dot",
	                 json_quote(&scratch, id));
}

void oci_write_state(struct json_writer *w, const char *key,
                     const struct oci_state *state)
{
	const struct oci_map *annotations = state->annotations;

	json_open_object(w, key);
	json_put_str(w, "ociVersion", OCI_VERSION);
	json_put_str(w, "id", state->id);
	json_put_i64(w, "pid", state->pid);
	json_put_str(w, "status", state->status);
	json_put_str(w, "bundle", state->bundle);
	if (state->rootfs)
		json_put_str(w, "rootfs", state->rootfs);
	if (state->created)
		json_put_str(w, "created", state->created);
	if (state->owner)
		json_put_str(w, "owner", state->owner);
	if (state->scope)
		json_put_str(w, "systemd-scope", state->scope);
	if (annotations && annotations->count) {
		json_open_object(w, "annotations");
		for (size_t i = 0; i < annotations->count; i++)
			json_put_str(w, annotations->pairs[i].key,
			             annotations->pairs[i].value);
		json_close_object(w);
	}
	json_close_object(w);
}
