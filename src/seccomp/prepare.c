/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's part: a filter from the cache, or compiled and kept there. */
#include "seccomp/internal.h"

int seccomp_prepare(struct arena *arena, const struct plan_seccomp *plan,
                    int state_root, const struct log *log,
                    struct seccomp_program *ret_program, struct error *err)
{
	struct seccomp_program program = {
		.needed = plan->needed,
		.flags = plan->flags,
		.flags_default = plan->flags_default,
	};
	struct seccomp_key key;
	int result;

	if (!plan->needed || plan->raw) {
		program.filter = plan->raw;
		program.length = (uint16_t)plan->raw_length;
		*ret_program = program;
		return 0;
	}
	seccomp_key_make(arena, plan, &key);
	if (!seccomp_cache_read(arena, state_root, &key, &program)) {
		log_debug(log, "seccomp: filter %s is compiled", key.name);
		result = seccomp_compile(arena, plan, &program, err);
		if (result < 0)
			return result;
		seccomp_cache_write(state_root, &key, &program, log);
	}
	*ret_program = program;
	return 0;
}
