/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that need no container: plan, check, features, spec. */
#include <errno.h>
#include <seccomp.h>

#include "engine/creation.h"
#include "json/json.h"
#include "lib/internal.h"
#include "oci/oci.h"
#include "plan/decide.h"
#include "sys/process.h"

#define INDENT   "  "
#define NAMELESS "ID"

int runf_plan(const char *id, const struct runf_create_options *options,
              char **ret_json, struct runf_error *ret_err)
{
	auto_creation struct creation c;
	struct runf_create_options ours = { 0 };
	struct engine engine = { .store.fd = -1, .self_mount = -1 };
	struct json_writer w = { .indent = INDENT };
	struct error err = { .code = 0 };
	int result;

	if (!options || !ret_json)
		return -EINVAL;
	creation_begin(&c, &engine, id ? id : NAMELESS, &ours, true);
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result = creation_load(&c, &err);
	w.buf.arena = &c.arena;
	if (result == 0)
		plan_write(&w, c.plan);
	return lib_return_text(result, buf_str(&w.buf), ret_json, &err,
	                       ret_err);
}

static void documents_write_faults(struct json_writer *w,
                                   const struct oci_faults *faults)
{
	size_t i;

	json_open_array(w, NULL);
	for (i = 0; i < faults->count; i++) {
		const struct oci_fault *fault = &faults->items[i];

		json_open_object(w, NULL);
		json_put_str(w, "path", fault->path);
		json_put_u64(w, "line", fault->line);
		json_put_str(w, "level", fault->warning ? "warning" : "error");
		json_put_str(w, "text", fault->text);
		json_close_object(w);
	}
	json_close_array(w);
}

int runf_check(const struct runf_create_options *options, char **ret_json,
               struct runf_error *ret_err)
{
	auto_arena struct arena arena = { 0 };
	struct oci_faults faults = { .arena = &arena };
	struct json_writer w = { .buf.arena = &arena, .indent = INDENT };
	struct runf_create_options ours;
	const struct oci_spec *spec;
	struct error err = { .code = 0 };
	const char *bundle;
	const char *text;
	size_t length;
	int result;

	if (!options || !ret_json)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result = load_config(&arena, &ours, &bundle, &text, &length,
		                     &err);
	if (result < 0)
		return lib_return(result, &err, ret_err);
	/* The faults are the answer here, not a failure. */
	oci_read_spec(&arena, text, length, "config.json", &faults, &spec,
	              &err);
	documents_write_faults(&w, &faults);
	return lib_return_text(0, buf_str(&w.buf), ret_json, &err, ret_err);
}

int runf_features(char **ret_json, struct runf_error *ret_err)
{
	auto_arena struct arena arena = { 0 };
	const struct scmp_version *seccomp = seccomp_version();
	struct oci_feature_facts facts = {
		.version = runf_version(),
		.commit = runf_commit(),
		.mount_options = plan_mount_option_names,
		.net_devices = RUNF_NETDEV,
		.systemd = cgroup_has_systemd(),
	};
	struct error err = { .code = 0 };

	if (!ret_json)
		return -EINVAL;
	facts.libseccomp_version =
		arena_printf(&arena, "%u.%u.%u", seccomp->major, seccomp->minor,
	                     seccomp->micro);
	return lib_return_text(0, oci_features(&arena, &facts), ret_json, &err,
	                       ret_err);
}

int runf_spec(bool rootless, char **ret_json, struct runf_error *ret_err)
{
	auto_arena struct arena arena = { 0 };
	struct error err = { .code = 0 };

	if (!ret_json)
		return -EINVAL;
	return lib_return_text(0,
	                       oci_default_config(&arena, rootless,
	                                          sys_geteuid(), sys_getegid()),
	                       ret_json, &err, ret_err);
}
