/* SPDX-License-Identifier: Apache-2.0 */
/* The features document: what this build understands, on any host. */
#include "base/str.h"
#include "oci/oci.h"

#define VERSION_MIN "1.0.0"

/* Annotations that change what runs; a name with a dot at its end and all. */
static const char *const unsafe_annotations[] = {
	"org.criu.config",
	"org.systemd.property.",
	"run.oci.",
	NULL,
};

static void put_list(struct json_writer *w, const char *key,
                     const char *const *items)
{
	json_open_array(w, key);
	for (; *items; items++)
		json_put_str(w, NULL, *items);
	json_close_array(w);
}

static void put_words(struct json_writer *w, const char *key,
                      const struct str_value *words)
{
	json_open_array(w, key);
	for (; words->name; words++)
		json_put_str(w, NULL, words->name);
	json_close_array(w);
}

/* An object that only says whether there is such a thing. */
static void put_enabled(struct json_writer *w, const char *key, bool enabled)
{
	json_open_object(w, key);
	json_put_bool(w, "enabled", enabled);
	json_close_object(w);
}

static void put_cgroup(struct json_writer *w, bool systemd)
{
	json_open_object(w, "cgroup");
	json_put_bool(w, "v1", true);
	json_put_bool(w, "v2", true);
	json_put_bool(w, "systemd", systemd);
	json_put_bool(w, "systemdUser", systemd);
	json_put_bool(w, "rdma", true);
	json_close_object(w);
}

static void put_seccomp(struct json_writer *w, bool enabled)
{
	json_open_object(w, "seccomp");
	json_put_bool(w, "enabled", enabled);
	if (enabled) {
		put_words(w, "actions", oci_seccomp_actions);
		put_words(w, "operators", oci_seccomp_operators);
		put_words(w, "archs", oci_seccomp_archs);
		put_words(w, "knownFlags", oci_seccomp_flags);
		put_words(w, "supportedFlags", oci_seccomp_flags);
	}
	json_close_object(w);
}

static void put_linux(struct json_writer *w,
                      const struct oci_feature_facts *facts)
{
	json_open_object(w, "linux");
	put_words(w, "namespaces", oci_namespace_types);
	put_words(w, "capabilities", oci_capability_names);
	put_cgroup(w, facts->systemd);
	put_seccomp(w, facts->libseccomp_version != NULL);
	put_enabled(w, "apparmor", true);
	put_enabled(w, "selinux", true);
	json_open_object(w, "intelRdt");
	json_put_bool(w, "enabled", true);
	json_put_bool(w, "schemata", true);
	json_put_bool(w, "monitoring", true);
	json_close_object(w);
	json_open_object(w, "memoryPolicy");
	put_words(w, "modes", oci_memory_modes);
	put_words(w, "flags", oci_memory_flags);
	json_close_object(w);
	json_open_object(w, "mountExtensions");
	put_enabled(w, "idmap", true);
	json_close_object(w);
	put_enabled(w, "netDevices", facts->net_devices);
	json_close_object(w);
}

static void put_annotations(struct json_writer *w,
                            const struct oci_feature_facts *facts)
{
	json_open_object(w, "annotations");
	json_put_str(w, "io.runf.version", facts->version);
	if (facts->commit)
		json_put_str(w, "io.runf.commit", facts->commit);
	json_put_str(w, "io.runf.checkpoint.enabled",
	             facts->checkpoint ? "true" : "false");
	/* The name that clients know. */
	json_put_str(w, "org.opencontainers.runc.checkpoint.enabled",
	             facts->checkpoint ? "true" : "false");
	if (facts->libseccomp_version)
		json_put_str(w, "io.github.seccomp.libseccomp.version",
		             facts->libseccomp_version);
	json_close_object(w);
}

const char *oci_features(struct arena *arena,
                         const struct oci_feature_facts *facts)
{
	struct json_writer w = { .buf.arena = arena, .indent = "\t" };

	json_open_object(&w, NULL);
	json_put_str(&w, "ociVersionMin", VERSION_MIN);
	json_put_str(&w, "ociVersionMax", OCI_VERSION);
	json_open_array(&w, "hooks");
	for (size_t i = 0; i < OCI_HOOK_KINDS; i++)
		json_put_str(&w, NULL, oci_hook_names[i]);
	json_close_array(&w);
	if (facts->mount_options)
		put_list(&w, "mountOptions", facts->mount_options);
	put_linux(&w, facts);
	put_annotations(&w, facts);
	put_list(&w, "potentiallyUnsafeConfigAnnotations", unsafe_annotations);
	json_close_object(&w);
	buf_add_char(&w.buf, '\n');
	return buf_str(&w.buf);
}
