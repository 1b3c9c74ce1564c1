/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's unit for a container: its name, its place and its properties. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/oci.h"
#include "plan/cgroup.h"
#include "plan/unit.h"

#define ANNOTATION "org.systemd.property."
#define SUBGROUP   "run.oci.systemd.subgroup"
#define WHAT       "linux.cgroupsPath"
#define PREFIX     "runf"

/* systemd's UNIT_NAME_MAX counts the NUL. */
#define NAME_MAX_LENGTH 255

/* In cpuset lists: more CPUs no kernel has. */
#define CPUS_MAX 8192

#define QUOTA_STEP UINT64_C(10000) /* 1% of a CPU: finer systemd is not */

/* ---- name and place */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* As systemd-escape does it, but '-' stays, and what is escaped already. */
static const char *escape(struct arena *arena, const char *text)
{
	struct buf buf = { .arena = arena };
	const char *c;

	for (c = text; *c; c++) {
		if (is_alnum(*c) || strchr(":_-\\", *c) ||
		    (*c == '.' && c > text))
			buf_add_char(&buf, *c);
		else
			buf_printf(&buf, "\\x%02x", (unsigned char)*c);
	}
	return buf_str(&buf);
}

/* Like system-a-b.slice: the dashes part the names of its ancestors. */
static bool slice_is_valid(const char *slice)
{
	size_t length = strlen(slice);

	if (str_equal(slice, "-.slice"))
		return true;
	return str_has_suffix(slice, ".slice") && *slice != '-' &&
	       *slice != '.' && slice[length - strlen(".slice") - 1] != '-' &&
	       !strstr(slice, "--") && !strchr(slice, '/') &&
	       length <= NAME_MAX_LENGTH;
}

/* "/a.slice/a-b.slice" for a-b.slice; "" for the root's. */
static const char *slice_path(struct arena *arena, const char *slice)
{
	struct buf buf = { .arena = arena };
	size_t end = strlen(slice) - strlen(".slice");
	size_t i;

	for (i = 1; i <= end && *slice != '-'; i++)
		if (i == end || slice[i] == '-')
			buf_printf(&buf, "/%.*s.slice", (int)i, slice);
	return buf_str(&buf);
}

struct place {
	const char *slice;
	const char *name;
};

/* slice:prefix:name, each of which may be empty but the last. */
static int split_path(struct planner *p, const char *path, bool user,
                      struct place *ret_place, struct error *err)
{
	char *rest = arena_strdup(p->arena, path);
	const char *slice = strsep(&rest, ":");
	const char *prefix = rest ? strsep(&rest, ":") : "";
	const char *name = rest ? rest : "";

	if (!*name || strchr(name, ':'))
		return error_set(
			err, ERROR_CONFIG, -EINVAL,
			WHAT
			": \"%s\" is not \"slice:prefix:name\", which the systemd cgroup driver needs",
			path);
	if (!*slice)
		slice = user ? "user.slice" : "system.slice";
	if (!slice_is_valid(slice))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 WHAT ": \"%s\" is not the name of a slice",
		                 slice);
	ret_place->slice = escape(p->arena, slice);
	ret_place->name = escape(p->arena, name);
	if (!str_has_suffix(name, ".slice"))
		ret_place->name =
			arena_printf(p->arena, "%s%s%s.scope",
		                     escape(p->arena, prefix),
		                     *prefix ? "-" : "", ret_place->name);
	else if (!slice_is_valid(name))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 WHAT ": \"%s\" is not the name of a slice",
		                 name);
	return 0;
}

static void add(struct arena *arena, struct plan_unit *unit, const char *name,
                struct variant value)
{
	struct plan_unit_property *property =
		arena_push(arena, unit->properties, unit->count);

	property->name = name;
	property->value = value;
}

static void add_basic(struct arena *arena, struct plan_unit *unit,
                      const char *name, const char *type, const char *token)
{
	add(arena, unit, name, variant_of(arena, type, token));
}

static void add_number(struct arena *arena, struct plan_unit *unit,
                       const char *name, uint64_t number)
{
	add_basic(arena, unit, name, "t",
	          arena_printf(arena, "%" PRIu64, number));
}

/* A slice has no processes at its start, so that it cannot be delegated. */
static void add_kind(struct planner *p, const char *slice)
{
	struct plan_unit *unit = &p->plan->cgroup.unit;

	add_basic(p->arena, unit, "Description", "s",
	          arena_printf(p->arena, "runf container %s", p->options->id));
	add_basic(p->arena, unit, "DefaultDependencies", "b", "0");
	/* When it has ended, nobody but us would ever ask for it. */
	add_basic(p->arena, unit, "CollectMode", "s", "inactive-or-failed");
	if (!str_has_suffix(unit->name, ".slice")) {
		add_basic(p->arena, unit, "Slice", "s", slice);
		add_basic(p->arena, unit, "Delegate", "b", "1");
	}
	add_basic(p->arena, unit, "CPUAccounting", "b", "1");
	add_basic(p->arena, unit, "MemoryAccounting", "b", "1");
	add_basic(p->arena, unit, "IOAccounting", "b", "1");
	add_basic(p->arena, unit, "TasksAccounting", "b", "1");
}

/* "/NAME": where below the unit's cgroup the container is to be. */
static int add_subgroup(struct planner *p, const char **path, struct error *err)
{
	const char *name = oci_annotation(p->spec, SUBGROUP);

	if (!name || !*name)
		return 0;
	if (strchr(name, '/') || str_equal(name, ".") || str_equal(name, ".."))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "annotations[\"" SUBGROUP
		                 "\"]: \"%s\" is not the name of one cgroup",
		                 name);
	*path = arena_printf(p->arena, "%s/%s", *path, name);
	return 0;
}

int cgroup_decide_unit(struct planner *p, const char **ret_path,
                       struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;
	const char *path = config ? config->cgroups_path : NULL;
	bool user = p->facts->uid != 0 || p->facts->user_namespace;
	struct plan_unit unit = { .user = user };
	struct place place = { NULL, NULL };
	int result;

	if (!path || !*path)
		path = arena_printf(p->arena, ":" PREFIX ":%s", p->options->id);
	result = split_path(p, path, user, &place, err);
	if (result < 0)
		return result;
	if (strlen(place.name) > NAME_MAX_LENGTH)
		return error_set(
			err, ERROR_CONFIG, -ENAMETOOLONG,
			WHAT
			": the unit's name is longer than %d bytes: \"%.40s...\"",
			NAME_MAX_LENGTH, place.name);
	unit.name = place.name;
	p->plan->cgroup.unit = unit;
	add_kind(p, place.slice);
	*ret_path = slice_path(p->arena, place.slice);
	if (str_has_suffix(unit.name, ".slice"))
		*ret_path = slice_path(p->arena, unit.name);
	else
		*ret_path =
			arena_printf(p->arena, "%s/%s", *ret_path, unit.name);
	return add_subgroup(p, ret_path, err);
}

/* ---- limits, as the writes say them */

/* Files of one number, or "max" (v1: -1) for none. */
static const struct limit_row {
	const char *file;
	const char *name;
	uint64_t least; /* systemd takes no less */
	bool recent;
} limit_rows[] = {
	{ "memory.max", "MemoryMax", 1, false },
	{ "memory.high", "MemoryHigh", 1, false },
	{ "memory.low", "MemoryLow", 0, false },
	{ "memory.min", "MemoryMin", 0, false },
	{ "memory.swap.max", "MemorySwapMax", 0, false },
	{ "memory.zswap.max", "MemoryZSwapMax", 0, true }, /* 253 */
	{ "memory.limit_in_bytes", "MemoryLimit", 1, false },
	{ "pids.max", "TasksMax", 1, false },
	{ "cpu.weight", "CPUWeight", 1, false },
	{ "cpu.shares", "CPUShares", 2, false },
	{ "io.weight", "IOWeight", 1, false },
};

static bool limit_value(const char *text, uint64_t *ret_value)
{
	const char *whole = str_after(text, "default ");

	if (whole)
		text = whole;
	if (str_equal(text, "max") || str_equal(text, "-1"))
		*ret_value = UINT64_MAX;
	else if (str_to_u64(text, 10, ret_value) < 0)
		return false;
	return true;
}

static void add_limit(struct arena *arena, struct plan_unit *unit,
                      const char *file, const char *text)
{
	uint64_t value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limit_rows); i++) {
		const struct limit_row *row = &limit_rows[i];

		if (!str_equal(row->file, file) || !limit_value(text, &value))
			continue;
		add_number(arena, unit, row->name,
		           value < row->least ? row->least : value);
		unit->properties[unit->count - 1].recent = row->recent;
	}
}

/* "0-3,7" as bits, the first CPU in the lowest bit of the first byte. */
static bool list_bits(const char *list, unsigned char *bits, size_t *ret_bytes)
{
	size_t bytes = 0;
	uint32_t first;
	uint32_t last;
	int result;

	while ((result = str_next_range(&list, &first, &last)) == 1) {
		if (last >= CPUS_MAX)
			return false;
		if (bytes < last / 8 + 1)
			bytes = last / 8 + 1;
		for (; first <= last; first++)
			bits[first / 8] |= (unsigned char)(1 << first % 8);
	}
	*ret_bytes = bytes;
	return result == 0 && bytes > 0;
}

/* What has no bits (0-7:2/4) the kernel alone is told. */
static void add_list(struct arena *arena, struct plan_unit *unit,
                     const char *name, const char *list)
{
	unsigned char bits[CPUS_MAX / 8] = { 0 };
	struct variant value = { .type = "ay" };
	size_t bytes;
	size_t i;

	if (!list_bits(list, bits, &bytes))
		return;
	variant_add(arena, &value, arena_printf(arena, "%zu", bytes));
	for (i = 0; i < bytes; i++)
		variant_add(arena, &value, arena_printf(arena, "%u", bits[i]));
	add(arena, unit, name, value);
	unit->properties[unit->count - 1].recent = true; /* 244 */
}

/* Of a second, in microseconds; rounded up, as little must not be nothing. */
static uint64_t share_of(uint64_t quota, uint64_t period)
{
	if (quota == UINT64_MAX)
		return quota;
	return (quota * 1000000 / period + QUOTA_STEP - 1) / QUOTA_STEP *
	       QUOTA_STEP;
}

void plan_unit_add_cpu(struct arena *arena, struct plan_unit *unit,
                       uint64_t quota, uint64_t period)
{
	add_number(arena, unit, "CPUQuotaPerSecUSec", share_of(quota, period));
	add_number(arena, unit, "CPUQuotaPeriodUSec", period);
	unit->properties[unit->count - 1].recent = true; /* 242 */
}

/* "QUOTA PERIOD"; more than years of it nobody means. */
static bool read_cpu_max(const char *text, uint64_t *ret_quota,
                         uint64_t *ret_period)
{
	const char *space = strchr(text, ' ');
	char quota[24] = "";

	if (!space || space - text >= (ptrdiff_t)sizeof(quota))
		return false;
	memcpy(quota, text, (size_t)(space - text));
	return limit_value(quota, ret_quota) &&
	       str_to_u64(space + 1, 10, ret_period) == 0 && *ret_period &&
	       (*ret_quota == UINT64_MAX || *ret_quota < UINT64_MAX / 1000000);
}

/* TEXT, changed to what systemd would write of it. */
static const char *add_cpu_max(struct arena *arena, struct plan_unit *unit,
                               const char *text)
{
	uint64_t quota;
	uint64_t period;

	if (!read_cpu_max(text, &quota, &period))
		return text;
	plan_unit_add_cpu(arena, unit, quota, period);
	if (quota == UINT64_MAX)
		return text;
	return arena_printf(arena, "%" PRIu64 " %" PRIu64,
	                    share_of(quota, period) * period / 1000000, period);
}

static struct plan_cgroup_write *find_write(struct plan_cgroup *cgroup,
                                            const char *file)
{
	size_t i;

	for (i = 0; i < cgroup->writes_count; i++)
		if (str_equal(cgroup->writes[i].file, file))
			return &cgroup->writes[i];
	return NULL;
}

/* v1 has two files. Without a period it is the kernel's, 100 ms. */
static void add_cfs(struct arena *arena, struct plan_cgroup *cgroup)
{
	struct plan_cgroup_write *quota =
		find_write(cgroup, "cpu.cfs_quota_us");
	const struct plan_cgroup_write *period =
		find_write(cgroup, "cpu.cfs_period_us");
	const char *text;

	if (!quota)
		return;
	text = add_cpu_max(arena, &cgroup->unit,
	                   arena_printf(arena, "%s %s", quota->value,
	                                period ? period->value : "100000"));
	quota->value = arena_strndup(arena, text, strcspn(text, " "));
}

/* "8:0 500" of io.weight: systemd wants them all at once, with their nodes. */
static void add_device_weights(struct arena *arena, struct plan_cgroup *cgroup)
{
	struct variant list = { .type = "a(st)" };
	size_t i;

	variant_add(arena, &list, NULL);
	for (i = 0; i < cgroup->writes_count; i++) {
		const struct plan_cgroup_write *write = &cgroup->writes[i];
		const char *text = write->other_value;
		const char *space;

		if (!write->other_file ||
		    !str_equal(write->other_file, "io.weight") ||
		    str_after(text, "default "))
			continue;
		space = strchr(text, ' ');
		variant_add(arena, &list,
		            arena_printf(arena, "/dev/block/%.*s",
		                         (int)(space - text), text));
		variant_add(arena, &list, space + 1);
	}
	list.tokens[0] = arena_printf(arena, "%zu", list.count / 2);
	if (list.count > 1)
		add(arena, &cgroup->unit, "IODeviceWeight", list);
}

static void add_limits(struct arena *arena, struct plan_cgroup *cgroup,
                       bool update)
{
	struct plan_unit *unit = &cgroup->unit;
	size_t i;

	for (i = 0; i < cgroup->writes_count; i++) {
		struct plan_cgroup_write *write = &cgroup->writes[i];

		if (str_equal(write->file, "cpuset.cpus"))
			add_list(arena, unit, "AllowedCPUs", write->value);
		else if (str_equal(write->file, "cpuset.mems"))
			add_list(arena, unit, "AllowedMemoryNodes",
			         write->value);
		else if (str_equal(write->file, "cpu.idle") &&
		         str_equal(write->value, "1")) {
			add_number(arena, unit, "CPUWeight", 0);
			unit->properties[unit->count - 1].recent = true;
		} else if (str_equal(write->file, "cpu.max") && !update)
			write->value = add_cpu_max(arena, unit, write->value);
		else
			add_limit(arena, unit, write->file, write->value);
		if (write->other_file)
			add_limit(arena, unit, write->other_file,
			          write->other_value);
	}
	add_device_weights(arena, cgroup);
	if (!update)
		add_cfs(arena, cgroup);
	unit->cpu_quota = update && (find_write(cgroup, "cpu.max") ||
	                             find_write(cgroup, "cpu.cfs_quota_us") ||
	                             find_write(cgroup, "cpu.cfs_period_us"));
}

/* ---- devices */

/*
 * "c 1:3 rwm" for systemd. It knows one number, or all of one major, or all
 * of a kind. False: not this one.
 */
static bool add_device(struct arena *arena, struct variant *list,
                       const char *rule)
{
	const char *kind = *rule == 'b' ? "block" : "char";
	const char *major = rule + 2;
	const char *minor = strchr(major, ':');
	const char *access = minor ? strchr(minor, ' ') : NULL;
	const char *device;

	if (!access)
		return false;
	if (minor[1] != '*')
		device = arena_printf(arena, "/dev/%s/%.*s", kind,
		                      (int)(access - major), major);
	else
		device = arena_printf(arena, "%s-%.*s", kind,
		                      (int)(minor - major), major);
	if (*major == '*' && minor[1] != '*')
		return false;
	variant_add(arena, list, device);
	variant_add(arena, list, access + 1);
	return true;
}

/*
 * Where the rules are v1's, systemd would allow everything whenever it looks
 * at its units again, and so it has to know them. (eBPF programs of others it
 * leaves alone.)
 */
static void add_devices(struct planner *p)
{
	struct plan_cgroup *cgroup = &p->plan->cgroup;
	struct variant list = { .type = "a(ss)" };
	bool known = find_write(cgroup, "devices.deny") != NULL;
	size_t rules = 0;
	size_t i;

	variant_add(p->arena, &list, NULL);
	for (i = 0; i < cgroup->writes_count; i++) {
		const struct plan_cgroup_write *write = &cgroup->writes[i];
		bool allow = str_equal(write->file, "devices.allow");

		if (!allow && !str_equal(write->file, "devices.deny"))
			continue;
		if (str_equal(write->value, "a"))
			known = known && !allow;
		else
			known = known && allow &&
			        add_device(p->arena, &list, write->value);
		rules++;
	}
	list.tokens[0] = arena_printf(p->arena, "%zu", list.count / 2);
	if (known) {
		add_basic(p->arena, &cgroup->unit, "DevicePolicy", "s",
		          "strict");
		add(p->arena, &cgroup->unit, "DeviceAllow", list);
	} else if (rules) {
		planner_warn(
			p,
			"linux.resources.devices: systemd cannot be told all of them, and drops them when it is reloaded");
	}
}

/* ---- org.systemd.property.* */

/* Whose processes these are is not for a config to say. */
static bool name_is_allowed(const char *name)
{
	const char *c;

	for (c = name; is_alnum(*c) && (*c < '0' || *c > '9'); c++)
		;
	return *name && !*c && !str_equal(name, "PIDs") &&
	       !str_equal(name, "PIDFDs");
}

/* TimeoutStopSec, which is TimeoutStopUSec on the bus. */
static bool is_seconds(const char *name)
{
	size_t length = strlen(name);

	return length > 3 && str_has_suffix(name, "Sec") &&
	       name[length - 4] >= 'a' && name[length - 4] <= 'z';
}

static int add_annotation(struct planner *p, const struct oci_pair *pair,
                          const char *name, struct error *err)
{
	struct variant value;
	int result;

	if (!name_is_allowed(name))
		return error_set(
			err, ERROR_CONFIG, -EINVAL,
			"annotations[\"%s\"]: not a property that a config can set",
			pair->key);
	result = variant_parse(p->arena, pair->value, &value, err);
	if (result == 0 && is_seconds(name)) {
		result = variant_to_usec(p->arena, &value, &value, err);
		name = arena_printf(p->arena, "%.*sUSec", (int)strlen(name) - 3,
		                    name);
	}
	if (result < 0)
		return error_wrap(err, "annotations[\"%s\"]", pair->key);
	add(p->arena, &p->plan->cgroup.unit, name, value);
	return 0;
}

int cgroup_decide_properties(struct planner *p, struct error *err)
{
	const struct oci_map *annotations = &p->spec->annotations;
	size_t i;
	int result = 0;

	add_limits(p->arena, &p->plan->cgroup, false);
	add_devices(p);
	/* The last one counts: these. */
	for (i = 0; result == 0 && i < annotations->count; i++) {
		const struct oci_pair *pair = &annotations->pairs[i];
		const char *name = str_after(pair->key, ANNOTATION);

		if (name)
			result = add_annotation(p, pair, name, err);
	}
	return result;
}

/* Devices are not told again: systemd would forbid all for a moment. */
void cgroup_update_properties(struct arena *arena, struct plan_cgroup *update)
{
	update->unit.properties = NULL;
	update->unit.count = 0;
	add_limits(arena, update, true);
}
