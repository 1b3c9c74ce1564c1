/* SPDX-License-Identifier: Apache-2.0 */
/* A root that the caller hands over as mounts. */
#include "container_tree.h"

#define LAYERS_COUNT 100
#define LONG_NAME    "a-directory-that-snapshots-of-somebody-have-in-common"

static struct oci_mount mounts[4];

static const struct {
	const char *word;
	const char *shown;
} roots[] = {
	{ NULL, "" },
	{ "rprivate", "" },
	{ "rslave", "master:" },
	{ "rshared", "shared:" },
	{ "unbindable", "unbindable" },
};

START_TEST(the_root_propagates_as_told)
{
	const char *shown = roots[_i].shown;
	int status;
	pid_t pid;

	must(mount(NULL, dir, NULL, MS_SHARED, NULL));
	c.config.rootfs_propagation = roots[_i].word;
	/* a slave is one only for as long as its master lives */
	pid = fork();
	if (pid == 0) {
		must_enter();
		ck_assert_ptr_nonnull(
			str_after(mount_at("/")->propagation, shown));
		ck_assert(*shown || !*mount_at("/")->propagation);
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
}

END_TEST

static void add_root(const char *destination, const char *type,
                     const char *source, const char *word)
{
	struct oci_mount *mount = &mounts[c.options.rootfs_count++];

	mount->destination = destination;
	mount->type = type;
	mount->source = source;
	*arena_push(&c.arena, mount->options.items, mount->options.count) =
		word;
	c.options.rootfs = mounts;
}

/* Each has a file of its number and one that all have. */
static const char *make_layers(const char *name, unsigned int count)
{
	const char *all = "lowerdir=";
	unsigned int i;

	make_dir(at(name));
	for (i = 0; i < count; i++) {
		const char *layer =
			arena_printf(&c.arena, "%s/%u", at(name), i);

		make_dir(layer);
		make_file(arena_printf(&c.arena, "%s/%u", layer, i), "own");
		make_file(arena_printf(&c.arena, "%s/top", layer),
		          arena_printf(&c.arena, "%u", i));
		all = arena_printf(&c.arena, "%s%s%s", all, i ? ":" : "",
		                   layer);
	}
	make_dir(at("host/upper"));
	make_dir(at("host/work"));
	return arena_printf(&c.arena, "%s,upperdir=%s,workdir=%s", all,
	                    at("host/upper"), at("host/work"));
}

/* The fixture's kernel is one that knows no lowerdir+. */
START_TEST(an_old_kernel_takes_more_layers_than_a_page_of_paths)
{
	const char *layers = make_layers("host/" LONG_NAME, LAYERS_COUNT);
	int before = count_fds();

	ck_assert_uint_gt(strlen(layers), 4096);
	add_root("/", "overlay", "overlay", layers);
	ck_assert_msg(prepare() == 0, "%s", c.err.text);
	ck_assert_ptr_nonnull(c.plan->sources[0].fs->data);
	/* Nothing is mounted for anybody; one descriptor is all there is. */
	ck_assert_int_eq(count_fds(), before + 1);
	must(sys_unshare(CLONE_NEWNS));
	ck_assert_msg(apply_steps() == 0, "%s", c.err.text);
	ck_assert_str_eq(file_text("/top"), "0");
	ck_assert_str_eq(file_text("/99"), "own");
	ck_assert_str_eq(mount_at("/")->type, "overlay");
}

END_TEST

START_TEST(a_kernel_of_today_takes_each_layer_alone)
{
	const char *layers = make_layers("host/" LONG_NAME, LAYERS_COUNT);

	if (!kernel_is_at_least(6, 7))
		return;
	c.facts.kernel = KERNEL(6, 7);
	add_root("/", "overlay", "overlay", layers);
	must_enter();
	ck_assert_ptr_null(c.plan->sources[0].fs->data);
	ck_assert_str_eq(file_text("/top"), "0");
	ck_assert_str_eq(file_text("/99"), "own");
}

END_TEST

START_TEST(what_is_longer_than_any_page_is_refused)
{
	char value[5000];

	memset(value, 'n', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	add_root("/", "something", "something",
	         arena_printf(&c.arena, "one=%s", value));
	must_fail("at most");
	ck_assert_ptr_nonnull(strstr(c.err.text, "root mount 0"));
}

END_TEST

static const struct {
	const char *root;    /* rootfsPropagation */
	bool host_to_inside; /* what is mounted below the source */
} propagations[] = {
	{ NULL, false },    { "private", false }, { "slave", true },
	{ "rslave", true }, { "shared", true },   { "rshared", true },
};

/* D029 */
START_TEST(a_bind_of_a_shared_tree_never_reaches_the_host)
{
	const char *source = at("host/src");
	struct mount_line line;

	make_dir(source);
	must(mount("tmpfs", source, "tmpfs", 0, NULL));
	must(mount(NULL, source, NULL, MS_SHARED, NULL));
	make_dir(at("host/src/in"));
	make_dir(at("host/src/out"));
	c.config.rootfs_propagation = propagations[_i].root;
	add_root("/", NULL, source, "bind");
	ck_assert_msg(prepare() == 0, "%s", c.err.text);
	if (fork() == 0) {
		must(sys_unshare(CLONE_NEWNS));
		ck_assert_msg(apply_steps() == 0, "%s", c.err.text);
		must(mount("tmpfs", "/in", "tmpfs", 0, NULL));
		line = *mount_at("/");
		if (propagations[_i].root &&
		    strstr(propagations[_i].root, "shared"))
			ck_assert(strstr(line.propagation, "shared:"));
		else
			ck_assert(!strstr(line.propagation, "shared:"));
		ck_assert_int_eq(strstr(line.propagation, "master:") != NULL,
		                 propagations[_i].host_to_inside);
		make_file("/in/made", "");
		_exit(0);
	}
	must(wait(NULL));
	ck_assert(!is_there(at("host/src/in/made")));
}

END_TEST

/* D013 */
START_TEST(a_target_never_leads_out_of_the_root)
{
	make_dir(at("host/base"));
	make_dir(at("host/data"));
	make_file(at("host/data/file"), "data");
	must(symlink("../../../../../..", at("host/base/up")));
	must(symlink("/etc", at("host/base/abs")));
	make_dir(at("host/base/etc"));
	add_root("/", "bind", at("host/base"), "rw");
	add_root("/up/made/deep", "bind", at("host/data"), "ro");
	add_root("/abs", "bind", at("host/data"), "ro");
	must_enter();
	ck_assert_str_eq(file_text("/made/deep/file"), "data");
	ck_assert_str_eq(file_text("/etc/file"), "data");
	ck_assert(has_option("/etc", "ro"));
}

END_TEST

START_TEST(the_place_of_the_root_is_as_it_was)
{
	make_dir(at("host/base"));
	make_file(at("host/base/file"), "root");
	must(rmdir(in_root("/etc")));
	add_root("/", "bind", at("host/base"), "rw");
	must_enter_elsewhere();
	ck_assert(!is_there(in_root("/file")));
}

END_TEST

/* Hooks look at it: the host gets it, and loses it again, and nothing else. */
START_TEST(a_root_on_the_host_goes_and_leaves_what_was_there)
{
	const char *place;
	uint64_t number = 0;
	mode_t mask = umask(077);

	make_dir(at("host/base"));
	make_file(at("host/base/file"), "root");
	make_dir(at("host/base/data"));
	add_root("/", "bind", at("host/base"), "rw");
	add_root("/data", "tmpfs", "tmpfs", "size=64k");
	c.options.rootfs_on_host = true;
	ck_assert_msg(prepare() == 0, "%s", c.err.text);
	ck_assert_uint_eq(c.plan->sources_count, 0);
	place = c.plan->rootfs;
	ck_assert_int_eq(rootfs_number_of(place, &number, &c.err), 0);
	/* Not there yet. */
	ck_assert_int_eq(rootfs_unmount_on_host(place, number, &c.err), 0);
	ck_assert(is_there(in_root("/etc")));
	ck_assert_msg(rootfs_mount_on_host(c.plan->host_root, &c.err) == 0,
	              "%s", c.err.text);
	ck_assert_str_eq(file_text(in_root("/file")), "root");
	ck_assert_int_eq(umask(mask), 077);
	ck_assert_int_eq(rootfs_unmount_on_host(place, number, &c.err), 0);
	ck_assert(!is_there(in_root("/file")));
	ck_assert(is_there(in_root("/etc")));
	/* And once more is fine, also where there is no such place. */
	ck_assert_int_eq(rootfs_unmount_on_host(place, number, &c.err), 0);
	ck_assert_int_eq(rootfs_unmount_on_host("/none/at/all", 1, &c.err), 0);
}

END_TEST

static void add_all(TCase *tcase)
{
	tcase_add_test(tcase,
	               an_old_kernel_takes_more_layers_than_a_page_of_paths);
	tcase_add_test(tcase, a_kernel_of_today_takes_each_layer_alone);
	tcase_add_test(tcase, what_is_longer_than_any_page_is_refused);
	tcase_add_loop_test(tcase,
	                    a_bind_of_a_shared_tree_never_reaches_the_host, 0,
	                    ARRAY_SIZE(propagations));
	tcase_add_loop_test(tcase, the_root_propagates_as_told, 0,
	                    ARRAY_SIZE(roots));
	tcase_add_test(tcase, a_target_never_leads_out_of_the_root);
	tcase_add_test(tcase, the_place_of_the_root_is_as_it_was);
	tcase_add_test(tcase,
	               a_root_on_the_host_goes_and_leaves_what_was_there);
}

int main(void)
{
	static void (*const cases[])(TCase *) = { add_all, NULL };

	return run_cases("rootfs_root", cases);
}
