/* SPDX-License-Identifier: Apache-2.0 */
/* What init becomes: arguments, environment, ids, capabilities, limits. */
#include <errno.h>
#include <linux/capability.h>

#include "base/str.h"
#include "plan/decide.h"

#define DEFAULT_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_UMASK 0022U
#define CAP_BITS      64

/* ---- environment */

/* The variables in order, and a table by name to find what came before. */
struct env {
	char **items;
	size_t count;
	size_t *table; /* index + 1; 0 is free */
	size_t mask;
};

static size_t name_length(const char *entry)
{
	return strcspn(entry, "=");
}

static size_t name_hash(const char *entry, size_t length)
{
	uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
	size_t i;

	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)entry[i]) * UINT32_C(16777619);
	return hash;
}

/* Where the name of ENTRY is in the table, or belongs. */
static size_t *env_slot(const struct env *env, const char *entry)
{
	size_t length = name_length(entry);
	size_t at = name_hash(entry, length);

	for (;; at++) {
		size_t *slot = &env->table[at & env->mask];
		const char *there;

		if (*slot == 0)
			return slot;
		there = env->items[*slot - 1];
		if (name_length(there) == length &&
		    memcmp(there, entry, length) == 0)
			return slot;
	}
}

/* A name that was there already keeps its place and takes the new value. */
static void env_set(struct env *env, char *entry)
{
	size_t *slot = env_slot(env, entry);

	if (*slot == 0) {
		*slot = env->count + 1;
		env->items[env->count++] = entry;
	} else {
		env->items[*slot - 1] = entry;
	}
}

/* The value of NAME ("PATH="), or NULL if it is unset or empty. */
static const char *env_value(const struct env *env, const char *name)
{
	size_t slot = *env_slot(env, name);
	const char *value;

	if (slot == 0)
		return NULL;
	value = env->items[slot - 1] + name_length(name) + 1;
	return value[0] != '\0' ? value : NULL;
}

static void plan_env(struct arena *arena, const struct oci_strings *from,
                     const struct plan_options *options,
                     struct plan_process *process)
{
	static const char home[] = "HOME=";
	/* HOME, NOTIFY_SOCKET, LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES */
	size_t most = from->count + 5;
	struct env env = { .mask = 1 };
	const char *path;
	size_t i;

	while (env.mask < 2 * most)
		env.mask = 2 * env.mask + 1;
	env.table = arena_new_array(arena, size_t, env.mask + 1);
	env.items = arena_new_array(arena, char *, most + 1);
	for (i = 0; i < from->count; i++)
		env_set(&env, arena_strdup(arena, from->items[i]));
	if (options->listen_fds > 0) {
		env_set(&env, arena_printf(arena, "LISTEN_FDS=%u",
		                           options->listen_fds));
		env_set(&env, arena_strdup(arena, "LISTEN_PID=1"));
		if (options->listen_names)
			env_set(&env, arena_printf(arena, "LISTEN_FDNAMES=%s",
			                           options->listen_names));
	}
	if (options->notify_dir)
		env_set(&env,
		        arena_strdup(arena, "NOTIFY_SOCKET=" PLAN_NOTIFY_DIR
		                            "/" PLAN_NOTIFY_NAME));
	process->home_slot = -1;
	if (!env_value(&env, home)) {
		env_set(&env, arena_strdup(arena, home));
		process->home_slot = (int)*env_slot(&env, home) - 1;
	}
	path = env_value(&env, "PATH=");
	process->search_path = path ? path : DEFAULT_PATH;
	process->env = env.items;
}

/* ---- the rest */

static void plan_caps(const struct oci_capabilities *from,
                      const struct facts *facts, struct plan_caps *caps)
{
	uint64_t known = ~UINT64_C(0);

	if (facts->last_cap < CAP_BITS - 1)
		known = (UINT64_C(1) << (facts->last_cap + 1)) - 1;
	caps->bounding = from->bounding & known;
	caps->permitted = from->permitted & known;
	caps->inheritable = from->inheritable & known;
	/* The kernel refuses a set that exceeds what it builds upon. */
	caps->effective = from->effective & caps->permitted;
	caps->ambient = from->ambient & caps->permitted & caps->inheritable;
	caps->last = facts->last_cap;
}

static void plan_rlimits(struct arena *arena, const struct oci_process *from,
                         struct plan_process *process)
{
	size_t i;

	process->rlimits_count = from->rlimits_count;
	process->rlimits =
		arena_new_array(arena, struct plan_rlimit, from->rlimits_count);
	for (i = 0; i < from->rlimits_count; i++) {
		const struct oci_rlimit *limit = &from->rlimits[i];

		process->rlimits[i] = (struct plan_rlimit){
			.name = limit->type,
			.resource = limit->resource,
			.soft = limit->soft,
			.hard = limit->hard,
		};
	}
}

static void plan_user(struct arena *arena, const struct oci_user *user,
                      const struct plan_options *options,
                      struct plan_process *process)
{
	size_t count = user->additional_gids_count;

	process->uid = user->uid;
	process->gid = user->gid;
	process->umask = user->umask.set ? user->umask.value : DEFAULT_UMASK;
	process->keep_groups = options->keep_groups;
	process->groups_count = count;
	process->groups = arena_new_array(arena, uint32_t, count);
	if (count > 0)
		memcpy(process->groups, user->additional_gids,
		       count * sizeof(uint32_t));
}

static void plan_args(struct arena *arena, const struct oci_strings *from,
                      struct plan_process *process)
{
	size_t i;

	process->args = arena_new_array(arena, char *, from->count + 1);
	for (i = 0; i < from->count; i++)
		process->args[i] = arena_strdup(arena, from->items[i]);
}

static bool is_given(const char *label)
{
	return label && label[0] != '\0';
}

static int plan_lsm(const struct oci_process *from, const struct facts *facts,
                    struct plan_process *process, struct error *err)
{
	if (is_given(from->apparmor_profile)) {
		if (facts->apparmor)
			process->apparmor = from->apparmor_profile;
		else if (!str_equal(from->apparmor_profile, "unconfined"))
			return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
			                 "process.apparmorProfile \"%s\": "
			                 "this host has no AppArmor enabled",
			                 from->apparmor_profile);
	}
	if (is_given(from->selinux_label)) {
		if (!facts->selinux)
			return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
			                 "process.selinuxLabel \"%s\": "
			                 "this host has no SELinux enabled",
			                 from->selinux_label);
		process->selinux = from->selinux_label;
	}
	return 0;
}

#define IOPRIO_CLASS_SHIFT 13

static void plan_priorities(struct arena *arena, const struct oci_process *from,
                            struct plan_process *process)
{
	const struct oci_scheduler *scheduler = &from->scheduler;
	const struct oci_io_priority *io = &from->io_priority;

	if (io->set)
		process->io_priority = (struct opt_u32){
			true, (uint32_t)io->io_class << IOPRIO_CLASS_SHIFT |
				      (uint32_t)io->priority
		};
	if (scheduler->set) {
		struct plan_scheduler *planned =
			arena_new(arena, struct plan_scheduler);

		*planned = (struct plan_scheduler){
			.policy = (uint32_t)scheduler->policy,
			.flags = scheduler->flags,
			.nice = (int32_t)scheduler->nice,
			.priority = (uint32_t)scheduler->priority,
			.runtime = scheduler->runtime.value,
			.deadline = scheduler->deadline.value,
			.period = scheduler->period.value,
		};
		process->scheduler = planned;
	}
}

/* LIST was checked. */
static struct plan_bits plan_bits(struct arena *arena, const char *list)
{
	const size_t word = 8 * sizeof(unsigned long);
	struct plan_bits bits = { .list = list };
	const char *rest = list ? list : "";
	uint32_t first;
	uint32_t last;
	uint32_t i;

	while (str_next_range(&rest, &first, &last) > 0)
		if (last / word >= bits.count)
			bits.count = last / word + 1;
	bits.words = arena_new_array(arena, unsigned long, bits.count);
	rest = list ? list : "";
	while (str_next_range(&rest, &first, &last) > 0)
		for (i = first; i <= last; i++)
			bits.words[i / word] |= 1UL << i % word;
	return bits;
}

void plan_process_cpus(struct arena *arena, const struct oci_process *from,
                       struct plan_process *process)
{
	process->initial_cpus = plan_bits(arena, from->exec_cpus.initial);
	process->cpus = plan_bits(arena, from->exec_cpus.final);
}

void plan_process_linux(struct arena *arena, const struct oci_linux *from,
                        struct plan_process *process)
{
	if (!from)
		return;
	process->personality = from->personality;
	if (from->memory_policy.set) {
		const struct oci_memory_policy *policy = &from->memory_policy;
		struct plan_memory_policy *planned =
			arena_new(arena, struct plan_memory_policy);

		planned->mode = policy->mode | (int)policy->flags;
		planned->nodes = plan_bits(arena, policy->nodes);
		process->memory_policy = planned;
	}
}

int plan_process(struct arena *arena, const struct oci_process *from,
                 const struct facts *facts, const struct plan_options *options,
                 struct plan_process **ret_process, struct error *err)
{
	struct plan_process *process = arena_new(arena, struct plan_process);
	int result = plan_lsm(from, facts, process, err);

	if (result < 0)
		return result;
	if (from->args.count == 0)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "process.args: empty");
	plan_args(arena, &from->args, process);
	plan_env(arena, &from->env, options, process);
	plan_user(arena, &from->user, options, process);
	plan_caps(&from->capabilities, facts, &process->caps);
	plan_rlimits(arena, from, process);
	plan_priorities(arena, from, process);
	process->cwd = from->cwd;
	process->no_new_privs = from->no_new_privileges;
	process->oom_score_adj = from->oom_score_adj;
	process->terminal = from->terminal;
	if (from->terminal) {
		process->rows = from->console_size.height;
		process->columns = from->console_size.width;
	}
	process->keep_fds = options->listen_fds + options->preserve_fds;
	/* The program sees which are there; what comes behind must be in place. */
	if (options->preserve_fds == 0)
		process->keep_fds -= options->listen_missing;
	*ret_process = process;
	return 0;
}

/*
 * It goes last of all, so that the filter need not allow what finding the
 * program, waiting and hooks take. The profiles of the engines lack calls that
 * are newer than they are.
 */
void plan_hold_caps(struct plan_process *process,
                    const struct plan_seccomp *seccomp)
{
	struct plan_caps *caps = &process->caps;

	if (seccomp->early)
		caps->held = UINT64_C(1) << CAP_SYS_ADMIN & ~caps->effective;
}
