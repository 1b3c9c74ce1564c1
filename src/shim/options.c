/* SPDX-License-Identifier: Apache-2.0 */
/* How an administrator wants containers to be run: containerd's options. */
#include "shim/options.h"

#include <errno.h>
#include <fcntl.h>
#include <options.pb-c.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "shim/message.h"
#include "shim/toml.h"
#include "sys/file.h"

#define FILE_MAX ((size_t)64 * 1024)

enum kind {
	RUNC,
	CONFIG
};

static const struct str_value types[] = {
	{ "containerd.runc.v1.Options", RUNC },
	{ "runtimeoptions.v1.Options", CONFIG },
	{ NULL, 0 },
};

/* Where the options are put, and what they are read with. */
struct reader {
	struct arena *arena;   /* of what is kept */
	struct arena *scratch; /* of what is not */
	const struct log *log;
	struct shim_options options;
};

static const struct str_value *find_type(const char *type)
{
	const char *slash = strrchr(type, '/');

	return str_lookup(types, slash ? slash + 1 : type);
}

bool options_has_type(const char *type)
{
	return find_type(type) != NULL;
}

/* protobuf has no NULL. */
static const char *keep(const struct reader *r, const char *text)
{
	return text && *text ? arena_strdup(r->arena, text) : NULL;
}

static void note_binary(const struct reader *r, const char *name)
{
	if (name && *name)
		log_warning(r->log,
		            "runtime options: BinaryName \"%s\" is ignored: "
		            "this shim executes no runtime",
		            name);
}

static int malformed(const char *type, struct error *err)
{
	return error_set(err, ERROR_USAGE, -EBADMSG,
	                 "runtime options of type \"%s\" are malformed", type);
}

static int read_runc(struct reader *r, const char *type,
                     struct ttrpc_bytes value, struct error *err)
{
	struct shim_options *o = &r->options;
	const Opt__Runc *from =
		message_unpack(&opt__runc__descriptor, r->scratch, value);

	if (!from)
		return malformed(type, err);
	o->no_pivot = from->no_pivot;
	o->no_new_keyring = from->no_new_keyring;
	o->systemd_cgroup = from->systemd_cgroup;
	o->shim_cgroup = keep(r, from->shim_cgroup);
	o->root = keep(r, from->root);
	o->criu = keep(r, from->criu);
	o->criu_image_path = keep(r, from->criu_image_path);
	o->criu_work_path = keep(r, from->criu_work_path);
	/* Root's they are anyway, and 0 also means that nobody was named. */
	if (from->io_uid)
		o->io_uid = from->io_uid;
	if (from->io_gid)
		o->io_gid = from->io_gid;
	note_binary(r, from->binary_name);
	return 0;
}

/* ---- TOML */

struct field {
	const char *key;
	enum toml_type type;
	size_t offset; /* of a bool, an id or a text; none for BinaryName */
};

#define FIELD(key, type, member)                                 \
	{                                                        \
		key, type, offsetof(struct shim_options, member) \
	}

/* clang-format off */
static const struct field fields[] = {
	{ "BinaryName", TOML_TEXT, SIZE_MAX },
	FIELD("CriuImagePath", TOML_TEXT, criu_image_path),
	FIELD("CriuPath", TOML_TEXT, criu),
	FIELD("CriuWorkPath", TOML_TEXT, criu_work_path),
	FIELD("IoGid", TOML_INTEGER, io_gid),
	FIELD("IoUid", TOML_INTEGER, io_uid),
	FIELD("NoNewKeyring", TOML_BOOL, no_new_keyring),
	FIELD("NoPivotRoot", TOML_BOOL, no_pivot),
	FIELD("Root", TOML_TEXT, root),
	FIELD("Shared", TOML_BOOL, shared),
	FIELD("ShimCgroup", TOML_TEXT, shim_cgroup),
	FIELD("SystemdCgroup", TOML_BOOL, systemd_cgroup),
};

/* clang-format on */

_Static_assert(sizeof(uid_t) == sizeof(uint32_t) &&
                       sizeof(gid_t) == sizeof(uint32_t),
               "ids are written as 32 bits");

static int wrong(const char *name, const struct toml_pair *pair,
                 const char *what, struct error *err)
{
	return error_set(err, ERROR_CONFIG, -EINVAL, "%s:%u: %s: %s", name,
	                 pair->line, pair->key, what);
}

static int put_pair(struct reader *r, const char *name,
                    const struct field *field, const struct toml_pair *pair,
                    struct error *err)
{
	static const char *const wanted[] = {
		[TOML_BOOL] = "has to be true or false",
		[TOML_INTEGER] = "has to be a whole number",
		[TOML_TEXT] = "has to be a text, in quotes",
	};
	char *place = (char *)&r->options + field->offset;
	uint32_t id = (uint32_t)pair->integer;

	if (pair->type != field->type)
		return wrong(name, pair, wanted[field->type], err);
	if (field->offset == SIZE_MAX) {
		note_binary(r, pair->text);
	} else if (field->type == TOML_BOOL) {
		*(bool *)place = pair->boolean;
	} else if (field->type == TOML_TEXT) {
		*(const char **)(void *)place = keep(r, pair->text);
	} else {
		/* The highest one is no id. */
		if (pair->integer < 0 || pair->integer >= UINT32_MAX)
			return wrong(name, pair, "is no id", err);
		memcpy(place, &id, sizeof(id));
	}
	return 0;
}

static int read_toml(struct reader *r, const char *name,
                     struct ttrpc_bytes text, struct error *err)
{
	bool seen[ARRAY_SIZE(fields)] = { false };
	struct toml_reader toml = {
		.arena = r->scratch,
		.name = name,
		.at = text.data,
		.end = (const char *)text.data + text.size,
	};
	struct toml_pair pair;
	int result;

	while ((result = toml_next(&toml, &pair, err)) > 0) {
		size_t i = 0;

		while (i < ARRAY_SIZE(fields) &&
		       !str_equal(fields[i].key, pair.key))
			i++;
		if (i == ARRAY_SIZE(fields)) {
			log_warning(r->log, "%s:%u: unknown key \"%s\"", name,
			            pair.line, pair.key);
			continue;
		}
		if (seen[i])
			return wrong(name, &pair, "stands here twice", err);
		seen[i] = true;
		result = put_pair(r, name, &fields[i], &pair, err);
		if (result < 0)
			return result;
	}
	return result;
}

static int read_file(struct reader *r, const char *path, struct error *err)
{
	struct ttrpc_bytes text;
	struct stat stat;
	char *buffer;
	ssize_t size = sys_fstatat(AT_FDCWD, path, &stat, 0);

	/* A FIFO would make all containers wait. */
	if (size == 0 && !S_ISREG(stat.st_mode))
		size = -EINVAL;
	if (size == 0) {
		buffer = arena_alloc(r->scratch, FILE_MAX + 1);
		size = sys_read_file(AT_FDCWD, path, buffer, FILE_MAX + 1);
		text.data = buffer;
	}
	if (size < 0)
		return error_system(err, (int)size,
		                    "read runtime options \"%s\"", path);
	text.size = (size_t)size;
	return read_toml(r, path, text, err);
}

/* What stands in containerd's own configuration goes before the file. */
static int read_config(struct reader *r, const char *type,
                       struct ttrpc_bytes value, struct error *err)
{
	const Opt__Config *from =
		message_unpack(&opt__config__descriptor, r->scratch, value);
	struct ttrpc_bytes body;
	int result = 0;

	if (!from)
		return malformed(type, err);
	if (*from->path)
		result = read_file(r, from->path, err);
	body.data = from->body.data;
	body.size = from->body.len;
	if (result == 0 && body.size)
		result = read_toml(r, "runtime options", body, err);
	return result;
}

int options_read(struct arena *arena, const char *type,
                 struct ttrpc_bytes value, const struct log *log,
                 struct shim_options *ret_options, struct error *err)
{
	auto_arena struct arena scratch = { 0 };
	const struct str_value *known = find_type(type);
	struct reader r = {
		.arena = arena,
		.scratch = &scratch,
		.log = log,
		.options = { .io_uid = (uid_t)-1, .io_gid = (gid_t)-1 },
	};
	int result = 0;

	if (known && known->value == RUNC)
		result = read_runc(&r, type, value, err);
	else if (known)
		result = read_config(&r, type, value, err);
	else if (*type)
		result = error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                   "runtime options of unknown type \"%s\"",
		                   type);
	if (result == 0)
		*ret_options = r.options;
	return result;
}
