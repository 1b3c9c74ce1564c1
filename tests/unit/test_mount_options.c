/* SPDX-License-Identifier: Apache-2.0 */
/* What each option word of a mount means, and idmaps written as options. */
#include <check.h>
#include <linux/mount.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "plan/decide.h"
#include "plan/mount_options.h"

#define RO       MOUNT_ATTR_RDONLY
#define NOSUID   MOUNT_ATTR_NOSUID
#define NODEV    MOUNT_ATTR_NODEV
#define NOEXEC   MOUNT_ATTR_NOEXEC
#define NOATIME  MOUNT_ATTR_NOATIME
#define STRICT   MOUNT_ATTR_STRICTATIME
#define ATIME    MOUNT_ATTR__ATIME
#define NODIR    MOUNT_ATTR_NODIRATIME
#define NOFOLLOW 0x200000

struct row {
	const char *words; /* with spaces between them */
	uint64_t set;
	uint64_t clear;
	uint64_t recursive_set;
	uint64_t recursive_clear;
};

/* clang-format off */
static const struct row rows[] = {
	{ "defaults", 0, 0, 0, 0 },
	{ "ro", RO, 0, 0, 0 },
	{ "rw", 0, RO, 0, 0 },
	{ "nosuid nodev noexec", NOSUID | NODEV | NOEXEC, 0, 0, 0 },
	{ "suid dev exec", 0, NOSUID | NODEV | NOEXEC, 0, 0 },
	{ "nodiratime", NODIR, 0, 0, 0 },
	{ "diratime", 0, NODIR, 0, 0 },
	{ "nosymfollow", NOFOLLOW, 0, 0, 0 },
	{ "symfollow", 0, NOFOLLOW, 0, 0 },
	/* the last one wins */
	{ "ro rw", 0, RO, 0, 0 },
	{ "rw ro", RO, 0, 0, 0 },
	{ "rro rrw", 0, 0, 0, RO },
	/* the group of access times is always cleared as a whole */
	{ "noatime", NOATIME, ATIME, 0, 0 },
	{ "atime", 0, ATIME, 0, 0 },
	{ "relatime", 0, ATIME, 0, 0 },
	{ "norelatime", 0, ATIME, 0, 0 },
	{ "strictatime", STRICT, ATIME, 0, 0 },
	{ "nostrictatime", 0, ATIME, 0, 0 },
	{ "noatime strictatime", STRICT, ATIME, 0, 0 },
	{ "rnoatime", 0, 0, NOATIME, ATIME },
	{ "ratime", 0, 0, 0, ATIME },
	{ "rrelatime", 0, 0, 0, ATIME },
	{ "rnorelatime", 0, 0, 0, ATIME },
	{ "rstrictatime", 0, 0, STRICT, ATIME },
	{ "rnostrictatime", 0, 0, 0, ATIME },
	/* the recursive twins */
	{ "rro", 0, 0, RO, 0 },
	{ "rrw", 0, 0, 0, RO },
	{ "rnosuid", 0, 0, NOSUID, 0 },
	{ "rsuid", 0, 0, 0, NOSUID },
	{ "rnodev", 0, 0, NODEV, 0 },
	{ "rdev", 0, 0, 0, NODEV },
	{ "rnoexec", 0, 0, NOEXEC, 0 },
	{ "rexec", 0, 0, 0, NOEXEC },
	{ "rnodiratime", 0, 0, NODIR, 0 },
	{ "rdiratime", 0, 0, 0, NODIR },
	{ "rnosymfollow", 0, 0, NOFOLLOW, 0 },
	{ "rsymfollow", 0, 0, 0, NOFOLLOW },
	{ "ro rnosuid", RO, 0, NOSUID, 0 },
};

/* clang-format on */

static struct mount_options read_words(struct arena *arena, const char *words)
{
	struct oci_strings list = { 0 };
	struct mount_options options;

	while (*words) {
		size_t length = strcspn(words, " ");

		*arena_push(arena, list.items, list.count) =
			arena_strndup(arena, words, length);
		words += length;
		words += *words == ' ';
	}
	mount_options_read(arena, &list, &options);
	return options;
}

/* A102 A103 A104 A105 A107 */
START_TEST(words_set_and_clear_their_attributes)
{
	const struct row *row = &rows[_i];
	auto_arena struct arena arena = { 0 };
	struct mount_options o = read_words(&arena, row->words);

	ck_assert_msg(o.set == row->set, "%s: set", row->words);
	ck_assert_msg(o.clear == row->clear, "%s: clear", row->words);
	ck_assert_msg(o.recursive_set == row->recursive_set, "%s: rset",
	              row->words);
	ck_assert_msg(o.recursive_clear == row->recursive_clear, "%s: rclear",
	              row->words);
	ck_assert_msg(o.data_count == 0, "%s: data", row->words);
}

END_TEST

static const struct {
	const char *word;
	uint64_t propagation;
	bool recursive;
} propagations[] = {
	{ "private", MS_PRIVATE, false },
	{ "rprivate", MS_PRIVATE, true },
	{ "shared", MS_SHARED, false },
	{ "rshared", MS_SHARED, true },
	{ "slave", MS_SLAVE, false },
	{ "rslave", MS_SLAVE, true },
	{ "unbindable", MS_UNBINDABLE, false },
	{ "runbindable", MS_UNBINDABLE, true },
	{ "rshared slave", MS_SLAVE, false },
};

/* A106 */
START_TEST(propagation_words_are_no_attributes)
{
	auto_arena struct arena arena = { 0 };
	struct mount_options o = read_words(&arena, propagations[_i].word);

	ck_assert_uint_eq(o.propagation, propagations[_i].propagation);
	ck_assert_int_eq(o.propagation_recursive, propagations[_i].recursive);
	ck_assert_uint_eq(o.set | o.clear, 0);
}

END_TEST

/* A108 A109 C020 */
START_TEST(switches_are_told_apart)
{
	auto_arena struct arena arena = { 0 };

	ck_assert(read_words(&arena, "bind").bind);
	ck_assert(!read_words(&arena, "bind").recursive);
	ck_assert(read_words(&arena, "rbind").bind);
	ck_assert(read_words(&arena, "rbind").recursive);
	ck_assert(read_words(&arena, "remount").remount);
	ck_assert(read_words(&arena, "tmpcopyup").copy_up);
	ck_assert(read_words(&arena, "copy-symlink").copy_symlink);
	ck_assert(read_words(&arena, "src-nofollow").source_no_follow);
	ck_assert(read_words(&arena, "dest-nofollow").target_no_follow);
	ck_assert(read_words(&arena, "idmap").idmap);
	ck_assert(!read_words(&arena, "idmap").idmap_recursive);
	ck_assert(read_words(&arena, "ridmap").idmap_recursive);
}

END_TEST

/* A110 */
START_TEST(unknown_words_are_for_the_file_system)
{
	auto_arena struct arena arena = { 0 };
	struct mount_options o =
		read_words(&arena, "mode=1777 newinstance size=64k ro= x=y=z");

	ck_assert_uint_eq(o.data_count, 5);
	ck_assert_str_eq(o.data[0].key, "mode");
	ck_assert_str_eq(o.data[0].value, "1777");
	ck_assert_str_eq(o.data[1].key, "newinstance");
	ck_assert_ptr_null(o.data[1].value);
	ck_assert_str_eq(o.data[3].key, "ro");
	ck_assert_str_eq(o.data[3].value, "");
	ck_assert_str_eq(o.data[4].value, "y=z");
	ck_assert_uint_eq(o.set, 0);
}

END_TEST

/* A102 */
START_TEST(flags_of_the_instance_are_kept_in_order)
{
	auto_arena struct arena arena = { 0 };
	struct mount_options o =
		read_words(&arena, "sync dirsync lazytime nomand async silent");

	ck_assert_uint_eq(o.instance_count, 5);
	ck_assert_str_eq(o.instance[0].key, "sync");
	ck_assert_str_eq(o.instance[4].key, "async");
	ck_assert_uint_eq(o.data_count, 0);
}

END_TEST

/* A212 */
START_TEST(every_published_name_is_understood)
{
	auto_arena struct arena arena = { 0 };
	const char *const *name;
	size_t count = 0;

	for (name = plan_mount_option_names; *name; name++, count++) {
		struct mount_options o = read_words(&arena, *name);

		ck_assert_msg(o.data_count == 0, "%s", *name);
	}
	/* what the specification lists, and more */
	ck_assert_uint_ge(count, 60);
}

END_TEST

/* ---- idmaps */

static struct oci_id_mapping container[] = {
	{ 0, 0, 1 },
	{ 1, 2, 1000 },
};

static int idmap(struct arena *arena, const char *words,
                 struct oci_mount *mount, const struct oci_linux *config,
                 struct plan_source *source)
{
	struct mount_options o = read_words(arena, words);
	struct error err;

	return mount_idmap(arena, &o, mount, config, source, &err);
}

/* A080 A081 A082 */
START_TEST(an_idmap_is_the_mounts_own_or_the_containers)
{
	auto_arena struct arena arena = { 0 };
	struct oci_id_mapping own[] = { { 0, 500, 10 } };
	struct oci_linux config = { .uid_mappings = { container, 2 },
		                    .gid_mappings = { container, 1 } };
	struct oci_mount mount = { 0 };
	struct plan_source source = { 0 };

	ck_assert_int_eq(idmap(&arena, "bind", &mount, &config, &source), 0);
	ck_assert_ptr_null(source.uid_map);
	ck_assert_int_eq(idmap(&arena, "idmap", &mount, &config, &source), 0);
	ck_assert_str_eq(source.uid_map, "0 0 1\n1 2 1000\n");
	ck_assert_str_eq(source.gid_map, "0 0 1\n");
	ck_assert(!source.idmap_recursive);
	mount.uid_mappings = mount.gid_mappings =
		(struct oci_id_mappings){ own, 1 };
	ck_assert_int_eq(idmap(&arena, "ridmap", &mount, &config, &source), 0);
	ck_assert_str_eq(source.uid_map, "0 500 10\n");
	ck_assert(source.idmap_recursive);
}

END_TEST

/* A080 A081 */
START_TEST(an_idmap_from_nowhere_is_an_error)
{
	auto_arena struct arena arena = { 0 };
	struct oci_id_mapping own[] = { { 0, 500, 10 } };
	struct oci_linux config = { 0 };
	struct oci_mount mount = { 0 };
	struct plan_source source = { 0 };

	ck_assert_int_lt(idmap(&arena, "idmap", &mount, NULL, &source), 0);
	ck_assert_int_lt(idmap(&arena, "idmap", &mount, &config, &source), 0);
	mount.uid_mappings = (struct oci_id_mappings){ own, 1 };
	ck_assert_int_lt(idmap(&arena, "", &mount, &config, &source), 0);
}

END_TEST

/* C021 */
START_TEST(an_option_may_carry_its_idmap)
{
	auto_arena struct arena arena = { 0 };
	struct oci_linux config = { .uid_mappings = { container, 2 },
		                    .gid_mappings = { container, 2 } };
	struct oci_mount mount = { 0 };
	struct plan_source source = { 0 };

	ck_assert_int_eq(idmap(&arena,
	                       "idmap=uids=0-1-10#10-11-10;gids=0-100-10",
	                       &mount, &config, &source),
	                 0);
	ck_assert_str_eq(source.uid_map, "0 1 10\n10 11 10\n");
	ck_assert_str_eq(source.gid_map, "0 100 10\n");
	/* '@': 3 of the container is 4 of the host */
	ck_assert_int_eq(idmap(&arena, "ridmap=gids=@1-3-10;uids=@0-0-1",
	                       &mount, &config, &source),
	                 0);
	ck_assert_str_eq(source.gid_map, "1 4 10\n");
	ck_assert_str_eq(source.uid_map, "0 0 1\n");
	ck_assert(source.idmap_recursive);
}

END_TEST

static const char *const bad_idmaps[] = {
	"idmap=",
	"idmap=uids=0-1-10",
	"idmap=uids=0-1;gids=0-1-1",
	"idmap=uids=0-1-1#;gids=0-1-1",
	"idmap=uids=a-1-1;gids=0-1-1",
	"idmap=uids=0-1-1-1;gids=0-1-1",
	"idmap=uids=0-1-4294967296;gids=0-1-1",
	"idmap=uids=@0-5000-1;gids=0-1-1",
	"idmap=uids= 0-1-1;gids=0-1-1",
};

/* C021 */
START_TEST(idmaps_that_cannot_be_read_are_errors)
{
	auto_arena struct arena arena = { 0 };
	struct oci_linux config = { .uid_mappings = { container, 2 },
		                    .gid_mappings = { container, 2 } };
	struct oci_mount mount = { 0 };
	struct plan_source source = { 0 };
	struct oci_strings words = {
		(const char *[]){ bad_idmaps[_i] },
		1,
	};
	struct mount_options o;
	struct error err;

	mount_options_read(&arena, &words, &o);
	ck_assert_msg(mount_idmap(&arena, &o, &mount, &config, &source, &err) <
	                      0,
	              "%s", bad_idmaps[_i]);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("mount_options");
	TCase *options = tcase_create("options");
	TCase *idmaps = tcase_create("idmaps");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(options, words_set_and_clear_their_attributes, 0,
	                    ARRAY_SIZE(rows));
	tcase_add_loop_test(options, propagation_words_are_no_attributes, 0,
	                    ARRAY_SIZE(propagations));
	tcase_add_test(options, switches_are_told_apart);
	tcase_add_test(options, unknown_words_are_for_the_file_system);
	tcase_add_test(options, flags_of_the_instance_are_kept_in_order);
	tcase_add_test(options, every_published_name_is_understood);
	tcase_add_test(idmaps, an_idmap_is_the_mounts_own_or_the_containers);
	tcase_add_test(idmaps, an_idmap_from_nowhere_is_an_error);
	tcase_add_test(idmaps, an_option_may_carry_its_idmap);
	tcase_add_loop_test(idmaps, idmaps_that_cannot_be_read_are_errors, 0,
	                    ARRAY_SIZE(bad_idmaps));
	suite_add_tcase(suite, options);
	suite_add_tcase(suite, idmaps);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
