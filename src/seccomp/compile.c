/* SPDX-License-Identifier: Apache-2.0 */
/* From rules to instructions, by libseccomp. */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "base/fd.h"
#include "seccomp/internal.h"
#include "sys/file.h"

/* SCMP_FLTATR_CTL_OPTIMIZE: how a system call's rule is found. */
enum filter_shape {
	FILTER_LINEAR = 1,
	FILTER_TREE = 2, /* fast to run, yet larger */
};

static void filter_release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

#define auto_filter cleanup_with(filter_release)

/* The native one is meant even where the profile does not name it. */
static int list_archs(const struct plan_seccomp *plan,
                      struct seccomp_archs *ret_archs, struct error *err)
{
	uint32_t native = seccomp_arch_native();
	size_t i;

	if (plan->archs_count >= SECCOMP_ARCHS_MAX)
		return error_set(err, ERROR_CONFIG, -E2BIG,
		                 "seccomp: %zu architectures",
		                 plan->archs_count);
	ret_archs->tokens[0] = native;
	ret_archs->count = 1;
	for (i = 0; i < plan->archs_count; i++)
		if (plan->archs[i] != native)
			ret_archs->tokens[ret_archs->count++] = plan->archs[i];
	return 0;
}

static int add_archs(scmp_filter_ctx filter, const struct seccomp_archs *archs,
                     struct error *err)
{
	size_t i;

	/* The first is native: it is there from the beginning. */
	for (i = 1; i < archs->count; i++) {
		int result = seccomp_arch_add(filter, archs->tokens[i]);

		if (result < 0)
			return error_set(err, ERROR_UNSUPPORTED, result,
			                 "seccomp: libseccomp cannot do "
			                 "architecture %#x here",
			                 archs->tokens[i]);
	}
	return 0;
}

static int add_rule(scmp_filter_ctx filter, bool strict,
                    const struct plan_seccomp_rule *rule, struct error *err)
{
	struct scmp_arg_cmp args[6];
	int nr = seccomp_syscall_resolve_name(rule->name);
	int result;
	size_t i;

	/* A profile names calls of all times and machines. */
	if (nr == __NR_SCMP_ERROR && strict)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "seccomp: unknown system call \"%s\"",
		                 rule->name);
	if (nr == __NR_SCMP_ERROR)
		return 0;
	if (rule->args_count > ARRAY_SIZE(args))
		return error_set(err, ERROR_INTERNAL, -E2BIG,
		                 "seccomp: %zu arguments of %s",
		                 rule->args_count, rule->name);
	for (i = 0; i < rule->args_count; i++) {
		args[i].arg = rule->args[i].index;
		args[i].op = (enum scmp_compare)rule->args[i].op;
		args[i].datum_a = rule->args[i].a;
		args[i].datum_b = rule->args[i].b;
	}
	result = seccomp_rule_add_array(filter, rule->action, nr,
	                                (unsigned int)rule->args_count, args);
	if (result == -EEXIST)
		return error_set(err, ERROR_CONFIG, result,
		                 "seccomp: two actions for the same case of %s",
		                 rule->name);
	if (result < 0)
		return error_system(err, result, "seccomp: add rule for %s",
		                    rule->name);
	return 0;
}

static int add_rules(scmp_filter_ctx filter, const struct plan_seccomp *plan,
                     struct error *err)
{
	size_t i;

	for (i = 0; i < plan->rules_count; i++) {
		const struct plan_seccomp_rule *rule = &plan->rules[i];
		int result;

		/* libseccomp takes a rule that changes nothing as an error. */
		if (rule->action == plan->default_action)
			continue;
		result = add_rule(filter, plan->strict, rule, err);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Everything but the shape. */
static int fill_filter(scmp_filter_ctx filter, const struct plan_seccomp *plan,
                       const struct seccomp_archs *archs, struct error *err)
{
	int result;

	result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
	                          SCMP_ACT_KILL_PROCESS);
	if (result < 0)
		return error_system(err, result,
		                    "seccomp: set action for foreign "
		                    "architectures");
	result = add_archs(filter, archs, err);
	if (result < 0)
		return result;
	return add_rules(filter, plan, err);
}

/* Into a memory file, which holds the instructions from its beginning. */
static int export_filter(scmp_filter_ctx filter, enum filter_shape shape,
                         int *ret_fd, size_t *ret_size, struct error *err)
{
	auto_close int fd = sys_memfd_create("seccomp", 0);
	struct stat stat;
	int result;

	if (fd < 0)
		return error_system(err, fd, "seccomp: create memory file");
	result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, shape);
	if (result >= 0)
		result = seccomp_export_bpf(filter, fd);
	if (result >= 0)
		result = sys_fstat(fd, &stat);
	if (result < 0)
		return error_system(err, result, "seccomp: export filter");
	*ret_size = (size_t)stat.st_size;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int export_within(scmp_filter_ctx filter, size_t limit, int *ret_fd,
                         size_t *ret_size, struct error *err)
{
	const enum filter_shape shapes[] = { FILTER_TREE, FILTER_LINEAR };

	size_t i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		auto_close int fd = -1;
		size_t size = 0;
		int result = export_filter(filter, shapes[i], &fd, &size, err);

		if (result < 0)
			return result;
		if (size > limit * sizeof(struct sock_filter))
			continue;
		*ret_size = size;
		*ret_fd = take_fd(&fd);
		return 0;
	}
	return error_set(err, ERROR_CONFIG, -E2BIG,
	                 "seccomp: the profile makes more than %zu "
	                 "instructions",
	                 limit);
}

int seccomp_compile(struct arena *arena, const struct plan_seccomp *plan,
                    struct seccomp_program *ret_program, struct error *err)
{
	auto_filter scmp_filter_ctx filter = NULL;
	auto_close int fd = -1;
	struct sock_filter stub[SECCOMP_STUB_MAX];
	struct seccomp_archs archs = { .count = 0 };
	struct sock_filter *code;
	size_t stub_length;
	size_t size = 0;
	int result;

	result = list_archs(plan, &archs, err);
	if (result < 0)
		return result;
	filter = seccomp_init(plan->default_action);
	if (!filter)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "seccomp: libseccomp refuses action %#x",
		                 plan->default_action);
	result = fill_filter(filter, plan, &archs, err);
	if (result < 0)
		return result;
	stub_length = seccomp_stub(plan, &archs, stub);
	result = export_within(filter, BPF_MAXINSNS - stub_length, &fd, &size,
	                       err);
	if (result < 0)
		return result;
	code = arena_alloc(arena, stub_length * sizeof(*stub) + size);
	memcpy(code, stub, stub_length * sizeof(*stub));
	if (sys_pread(fd, code + stub_length, size, 0) != (ssize_t)size)
		return error_system(err, -EIO, "seccomp: read filter");
	ret_program->filter = code;
	ret_program->length = (uint16_t)(stub_length + size / sizeof(*code));
	return 0;
}
