/* SPDX-License-Identifier: Apache-2.0 */
/* Good documents: what is read from them. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "oci/oci.h"

#ifndef TEST_DATA_DIR
#	define TEST_DATA_DIR "tests/data"
#endif

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

static const char *load(const char *name)
{
	struct buf buf = { .arena = &arena };
	char path[PATH_MAX];
	char chunk[4096];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA_DIR, name);
	file = fopen(path, "re");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	while ((length = fread(chunk, 1, sizeof(chunk), file)))
		buf_add(&buf, chunk, length);
	ck_assert_int_eq(fclose(file), 0);
	return buf_str(&buf);
}

static const struct oci_spec *read_spec(const char *text)
{
	const struct oci_spec *spec = NULL;
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };
	int result = oci_read_spec(&arena, text, strlen(text), "c", &faults,
	                           &spec, &err);

	ck_assert_msg(result == 0, "%s", err.text);
	ck_assert_msg(faults.count == 0, "%s: %s", faults.items[0].path,
	              faults.items[0].text);
	return spec;
}

#define CAP(number) (UINT64_C(1) << (number))

START_TEST(process_is_read)
{
	const struct oci_process *p = read_spec(load("full.json"))->process;

	ck_assert(p->terminal && p->no_new_privileges);
	ck_assert(p->console_size.height == 24 && p->console_size.width == 80);
	ck_assert(p->user.uid == 1000 && p->user.gid == 1001);
	ck_assert(p->user.umask.set && p->user.umask.value == 022);
	ck_assert_uint_eq(p->user.additional_gids_count, 2);
	ck_assert_uint_eq(p->user.additional_gids[1], 1003);
	ck_assert_uint_eq(p->args.count, 2);
	ck_assert_str_eq(p->args.items[0], "/bin/app");
	ck_assert_str_eq(p->env.items[1], "B=");
	ck_assert_str_eq(p->cwd, "/work");
	ck_assert(p->oom_score_adj.set && p->oom_score_adj.value == -17);
	ck_assert_str_eq(p->apparmor_profile, "prof");
	ck_assert_str_eq(p->selinux_label, "system_u:system_r:container_t:s0");
}

END_TEST

START_TEST(capabilities_and_limits_are_numbers)
{
	const struct oci_process *p = read_spec(load("full.json"))->process;
	const struct oci_capabilities *caps = &p->capabilities;

	ck_assert(caps->set);
	ck_assert_uint_eq(caps->bounding, CAP(5) | CAP(40));
	ck_assert_uint_eq(caps->effective, CAP(5));
	ck_assert_uint_eq(caps->inheritable, CAP(0));
	ck_assert_uint_eq(caps->permitted, CAP(5));
	ck_assert_uint_eq(caps->ambient, CAP(5));
	ck_assert_uint_eq(caps->unknown.count, 0);
	ck_assert_uint_eq(p->rlimits_count, 2);
	ck_assert_int_eq(p->rlimits[0].resource, RLIMIT_NOFILE);
	ck_assert_str_eq(p->rlimits[0].type, "RLIMIT_NOFILE");
	ck_assert_uint_eq(p->rlimits[0].soft, 1024);
	ck_assert_uint_eq(p->rlimits[0].hard, 4096);
	ck_assert_uint_eq(p->rlimits[1].soft, UINT64_MAX);
}

END_TEST

START_TEST(root_mounts_and_hooks_are_read)
{
	const struct oci_spec *spec = read_spec(load("full.json"));
	const struct oci_mount *mount = &spec->mounts[1];

	ck_assert_str_eq(spec->oci_version, "1.3.0-rc.1+dev");
	ck_assert_str_eq(spec->root->path, "rootfs");
	ck_assert(spec->root->readonly);
	ck_assert_str_eq(spec->hostname, "host");
	ck_assert_str_eq(spec->domainname, "example.org");
	ck_assert_uint_eq(spec->mounts_count, 2);
	ck_assert_str_eq(mount->destination, "/data");
	ck_assert_str_eq(mount->source, "/srv/data");
	ck_assert_str_eq(mount->type, "none");
	ck_assert_str_eq(mount->options.items[1], "idmap");
	ck_assert_uint_eq(mount->uid_mappings.items[0].host_id, 1000);
	ck_assert_uint_eq(mount->gid_mappings.items[0].host_id, 2000);
	ck_assert_uint_eq(mount->gid_mappings.items[0].size, 10);
	for (size_t i = 0; i < OCI_HOOK_KINDS; i++) {
		const struct oci_hook *hook = spec->hooks[i].items;

		ck_assert_uint_eq(spec->hooks[i].count, 1);
		ck_assert_str_eq(hook->args.items[0], oci_hook_names[i]);
		ck_assert(hook->env_set && hook->env.count == 1);
		ck_assert(hook->timeout.set && hook->timeout.value == 5);
	}
	ck_assert_uint_eq(spec->annotations.count, 2);
	ck_assert_str_eq(spec->annotations.pairs[0].key, "org.example.key");
	ck_assert_str_eq(spec->annotations.pairs[0].value, "value");
}

END_TEST

START_TEST(linux_is_read)
{
	const struct oci_spec *spec = read_spec(load("full.json"));
	const struct oci_linux *l = spec->linux_;

	ck_assert_uint_eq(l->namespaces_count, 8);
	ck_assert_int_eq(l->namespaces[1].type, CLONE_NEWNET);
	ck_assert_str_eq(l->namespaces[1].path, "/run/netns/x");
	ck_assert_ptr_null(l->namespaces[0].path);
	ck_assert_ptr_eq(oci_find_namespace(spec, CLONE_NEWUSER),
	                 &l->namespaces[5]);
	ck_assert_uint_eq(l->uid_mappings.items[0].host_id, 100000);
	ck_assert_uint_eq(l->gid_mappings.items[0].size, 65536);
	ck_assert(l->monotonic.set && l->monotonic.secs == -5);
	ck_assert_uint_eq(l->monotonic.nanosecs, 10);
	ck_assert(l->boottime.set && l->boottime.secs == 86400);
	ck_assert_uint_eq(l->devices_count, 2);
	ck_assert_int_eq(l->devices[0].type, OCI_DEVICE_CHAR);
	ck_assert(l->devices[0].major == 10 && l->devices[0].minor == 229);
	ck_assert_uint_eq(l->devices[0].file_mode.value, 0666);
	ck_assert_uint_eq(l->devices[0].gid, 5);
	ck_assert_int_eq(l->devices[1].type, OCI_DEVICE_FIFO);
	ck_assert(!l->devices[1].file_mode.set);
	ck_assert_str_eq(l->cgroups_path, "/runf/full");
	ck_assert_str_eq(l->rootfs_propagation, "rslave");
	ck_assert_uint_eq(l->sysctl.count, 4);
	ck_assert_str_eq(l->masked_paths.items[0], "/proc/kcore");
	ck_assert_str_eq(l->readonly_paths.items[0], "/proc/sys");
	ck_assert_ptr_nonnull(strstr(l->mount_label, "container_file_t"));
}

END_TEST

START_TEST(resources_are_read)
{
	const struct oci_resources *r =
		&read_spec(load("full.json"))->linux_->resources;
	const struct oci_device_rule *rules = r->devices;

	ck_assert(r->set);
	ck_assert_uint_eq(r->devices_count, 2);
	ck_assert(!rules[0].allow && rules[0].type == OCI_DEVICE_ALL);
	ck_assert(rules[0].major == -1 && rules[0].minor == -1);
	ck_assert_uint_eq(rules[0].access, 7);
	ck_assert(rules[1].allow && rules[1].type == OCI_DEVICE_CHAR);
	ck_assert(rules[1].major == 1 && rules[1].minor == 3);
	ck_assert_uint_eq(rules[1].access, OCI_ACCESS_READ | OCI_ACCESS_WRITE);
	ck_assert_int_eq(r->memory.limit.value, 1000000);
	ck_assert_int_eq(r->memory.reservation.value, 500000);
	ck_assert_int_eq(r->memory.swap.value, 2000000);
	ck_assert_int_eq(r->memory.kernel.value, -1);
	ck_assert_int_eq(r->memory.kernel_tcp.value, -1);
	ck_assert(r->memory.swappiness.set && !r->memory.swappiness.value);
	ck_assert(r->memory.disable_oom_killer.set);
	ck_assert(!r->memory.disable_oom_killer.value);
	ck_assert(r->memory.use_hierarchy.value);
	ck_assert(r->memory.check_before_update.value);
	ck_assert_uint_eq(r->cpu.shares.value, 1024);
	ck_assert_int_eq(r->cpu.quota.value, 50000);
	ck_assert_uint_eq(r->cpu.burst.value, 1000);
	ck_assert_uint_eq(r->cpu.period.value, 100000);
	ck_assert(r->cpu.realtime_runtime.set && r->cpu.realtime_period.set);
	ck_assert_str_eq(r->cpu.cpus, "0-1,3");
	ck_assert_str_eq(r->cpu.mems, "0");
	ck_assert(r->cpu.idle.set);
	ck_assert(r->pids.limit.set && r->pids.limit.value == 0);
	ck_assert_str_eq(r->unified.pairs[0].key, "memory.high");
	ck_assert_str_eq(r->unified.pairs[1].value, "8:0 rbps=1");
}

END_TEST

START_TEST(seccomp_is_read)
{
	const struct oci_seccomp *s =
		&read_spec(load("full.json"))->linux_->seccomp;

	ck_assert(s->set && s->flags_set);
	ck_assert_uint_eq(s->default_action, SECCOMP_RET_ERRNO);
	ck_assert_uint_eq(s->default_errno_ret.value, 38);
	ck_assert_str_eq(s->architectures.items[0], "SCMP_ARCH_X86_64");
	ck_assert_uint_eq(s->flags, SECCOMP_FILTER_FLAG_LOG |
	                                    SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	ck_assert_str_eq(s->listener_path, "/run/agent.sock");
	ck_assert_str_eq(s->listener_metadata, "meta");
	ck_assert_uint_eq(s->rules_count, 3);
	ck_assert_uint_eq(s->rules[0].action, SECCOMP_RET_USER_NOTIF);
	ck_assert_str_eq(s->rules[0].names.items[1], "umount2");
	ck_assert_uint_eq(s->rules[1].args[0].op, SCMP_CMP_MASKED_EQ);
	ck_assert_uint_eq(s->rules[1].args[0].value, 1);
	ck_assert_uint_eq(s->rules[1].args[0].value_two, 2);
	ck_assert_uint_eq(s->rules[2].errno_ret.value, 7);
	ck_assert(!s->rules[0].errno_ret.set);
}

END_TEST

START_TEST(a_docker_config_is_read)
{
	const struct oci_spec *spec = read_spec(load("docker.json"));
	const struct oci_seccomp *s = &spec->linux_->seccomp;

	ck_assert(!spec->root->readonly && !spec->process->terminal);
	ck_assert_ptr_null(spec->process->apparmor_profile);
	ck_assert(spec->process->oom_score_adj.set);
	ck_assert_uint_eq(spec->mounts_count, 10);
	ck_assert(!spec->hooks[OCI_HOOK_PRESTART].items[0].env_set);
	ck_assert(s->set && !s->flags_set);
	ck_assert_uint_gt(s->rules[0].names.count, 200);
	ck_assert_uint_eq(s->rules[3].args[0].op, SCMP_CMP_EQ);
}

END_TEST

START_TEST(what_is_silent_stays_unset)
{
	const struct oci_spec *spec = read_spec(
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}");

	ck_assert_ptr_null(spec->process);
	ck_assert_ptr_null(spec->linux_);
	ck_assert_ptr_null(spec->hostname);
	ck_assert_ptr_null(oci_find_namespace(spec, CLONE_NEWNS));
	spec = read_spec("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
	                 "\"process\":{\"args\":[\"a\"],\"cwd\":\"/\"},"
	                 "\"linux\":{\"seccomp\":{\"architectures\":[]}}}");
	ck_assert(!spec->linux_->seccomp.set && !spec->linux_->resources.set);
	ck_assert(!spec->process->capabilities.set);
	ck_assert(!spec->process->oom_score_adj.set);
	ck_assert(!spec->process->user.umask.set);
}

END_TEST

/* A033 */
START_TEST(an_empty_environment_of_a_hook_is_not_none)
{
	const struct oci_spec *spec = read_spec(
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
		"\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"env\":[]},"
		"{\"path\":\"/a\"}]},\"linux\":{\"seccomp\":{"
		"\"defaultAction\":\"SCMP_ACT_KILL\",\"flags\":[]}}}");
	const struct oci_hook *hooks = spec->hooks[OCI_HOOK_POSTSTOP].items;

	ck_assert(hooks[0].env_set && !hooks[0].env.count);
	ck_assert(!hooks[1].env_set);
	ck_assert(!hooks[0].timeout.set);
	ck_assert(spec->linux_->seccomp.set && spec->linux_->seccomp.flags_set);
	ck_assert_uint_eq(spec->linux_->seccomp.default_action,
	                  SECCOMP_RET_KILL_THREAD);
}

END_TEST

/* A054 */
START_TEST(unknown_capabilities_are_listed)
{
	static const char text[] =
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"capabilities\":{"
		"\"bounding\":[\"CAP_KILL\",\"CAP_FUTURE\"],"
		"\"ambient\":[\"CAP_FUTURE\",\"CAP_OTHER\"]}}";
	const struct oci_process *process = NULL;
	struct oci_faults faults = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(oci_read_process(&arena, text, strlen(text), "p",
	                                  &faults, &process, &err),
	                 0);
	ck_assert_uint_eq(faults.count, 2);
	ck_assert_uint_eq(faults.errors, 0);
	ck_assert(faults.items[1].warning);
	ck_assert_str_eq(faults.items[1].path, "capabilities.ambient[1]");
	ck_assert_uint_eq(process->capabilities.bounding, CAP(5));
	ck_assert_uint_eq(process->capabilities.unknown.count, 2);
	ck_assert_str_eq(process->capabilities.unknown.items[1], "CAP_OTHER");
}

END_TEST

START_TEST(process_json_has_paths_of_its_own)
{
	static const char text[] = "{\"args\":[],\n\"cwd\":\"/\","
				   "\"env\":[\"x\"],\"oomScoreAdj\":2000}";
	const struct oci_process *process = NULL;
	struct oci_faults faults = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(oci_read_process(&arena, text, strlen(text), "p",
	                                  &faults, &process, &err),
	                 -EINVAL);
	ck_assert_ptr_null(process);
	ck_assert_uint_eq(faults.count, 3);
	ck_assert_str_eq(err.text, "p:1: args: must not be empty "
	                           "(and 2 more; see `runf check`)");
	ck_assert_str_eq(faults.items[1].path, "env[0]");
	ck_assert_uint_eq(faults.items[1].line, 2);
	ck_assert_str_eq(faults.items[2].path, "oomScoreAdj");
}

END_TEST

START_TEST(an_update_may_rely_on_the_limit_that_stands)
{
	static const char good[] = "{\"memory\":{\"swap\":100}}";
	static const char bad[] = "{\"memory\":{\"swap\":100,\"limit\":200}}";
	const struct oci_linux *read = NULL;
	const struct oci_resources *resources;
	struct error err = { 0 };

	ck_assert_int_eq(oci_read_resources(&arena, good, strlen(good), "r",
	                                    NULL, &read, &err),
	                 0);
	resources = &read->resources;
	ck_assert(resources->set && resources->memory.swap.value == 100);
	ck_assert(!resources->memory.limit.set);
	ck_assert_int_eq(oci_read_resources(&arena, bad, strlen(bad), "r", NULL,
	                                    &read, &err),
	                 -EINVAL);
	ck_assert_str_eq(err.text,
	                 "r:1: memory.swap: 100 is less than limit, 200");
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("oci values");
	TCase *tcase = tcase_create("read");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, release);
	tcase_add_test(tcase, process_is_read);
	tcase_add_test(tcase, capabilities_and_limits_are_numbers);
	tcase_add_test(tcase, root_mounts_and_hooks_are_read);
	tcase_add_test(tcase, linux_is_read);
	tcase_add_test(tcase, resources_are_read);
	tcase_add_test(tcase, seccomp_is_read);
	tcase_add_test(tcase, a_docker_config_is_read);
	tcase_add_test(tcase, what_is_silent_stays_unset);
	tcase_add_test(tcase, an_empty_environment_of_a_hook_is_not_none);
	tcase_add_test(tcase, unknown_capabilities_are_listed);
	tcase_add_test(tcase, process_json_has_paths_of_its_own);
	tcase_add_test(tcase, an_update_may_rely_on_the_limit_that_stands);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
