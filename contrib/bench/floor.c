/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that starting a container can cost: what `run` does with the
 * configuration that `spec` writes, everything hard-coded, in a straight line.
 *
 *   floor [--root DIR] [--seccomp FILE] [--no-netns] [--no-protect]
 *         run -b BUNDLE ID [PROGRAM ARGUMENT...]
 *
 * The root file system is BUNDLE/rootfs, the program /payload if none is
 * named; config.json is not read. FILE holds a compiled filter, an array of
 * struct sock_filter. The kernel's work and the protective work are those of a
 * runtime: the program made unwritable, a cgroup of its own and the device
 * program in it, every mount, node, mask and read-only path, capabilities,
 * keyring, state file, clean-up. Left out: reading and checking a config,
 * telling errors apart, v1 cgroups, terminals, hooks, forwarding signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define FILTER_MAX        8192

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)

struct options {
	const char *root;
	const char *seccomp;
	const char *bundle;
	const char *id;
	char *const *argv;
	bool no_netns;
	bool no_protect;
};

/* What the parent has ready for the child. */
struct floor {
	const struct options *options;
	int rootfs; /* a detached clone */
	int cgroup;
	int go[2];
	struct sock_fprog filter;
};

static struct sock_filter filter_code[FILTER_MAX];

/* A benchmark that fails has no result; the child dies with its parent. */
static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	dprintf(STDERR_FILENO, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

/* ---- before the container */

/* Nobody can write to what lies behind a read-only mount without a place. */
static void protect(char *argv[], char *env[])
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct statfs fs;
	int tree;

	must(self, "open the program");
	must(fstatfs(self, &fs), "look at the program's mount");
	if (fs.f_flags & ST_RDONLY)
		return; /* execve closes it */
	tree = (int)syscall(SYS_open_tree, self, "",
	                    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
	                            AT_EMPTY_PATH);
	must(tree, "clone the program's mount");
	must(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr,
	             sizeof(attr)),
	     "make it read-only");
	must(syscall(SYS_execveat, tree, "", argv, env, AT_EMPTY_PATH),
	     "execute it");
}

static int open_cgroups(void)
{
	struct statfs fs;
	const char *path = "/sys/fs/cgroup";

	must(statfs(path, &fs), path);
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		path = "/sys/fs/cgroup/unified";
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void read_filter(struct floor *floor)
{
	int fd = open(floor->options->seccomp, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	must(fd, floor->options->seccomp);
	size = read(fd, filter_code, sizeof(filter_code));
	must(size, floor->options->seccomp);
	close(fd);
	floor->filter.filter = filter_code;
	floor->filter.len =
		(unsigned short)((size_t)size / sizeof(filter_code[0]));
}

/* ---- the container's side: mounts */

static int clone_tree(int dir, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dir, path,
	                    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static void set_attributes(int tree, const char *path, unsigned int flags,
                           uint64_t set, uint64_t propagation)
{
	struct mount_attr attr = { .attr_set = set,
		                   .propagation = propagation };

	must(syscall(SYS_mount_setattr, tree, path, flags, &attr, sizeof(attr)),
	     "set a mount's attributes");
}

static void attach(int tree, const char *path)
{
	must(syscall(SYS_move_mount, tree, "", AT_FDCWD, path,
	             MOVE_MOUNT_F_EMPTY_PATH),
	     path);
}

/* OPTIONS: key, value, key, value, NULL; or NULL. */
static int make_mount(const char *type, const char *source,
                      const char *const *options, unsigned int attributes)
{
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int tree;

	must(fs, type);
	if (source)
		must(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source",
		             source, 0),
		     source);
	for (; options && *options; options += 2)
		must(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, options[0],
		             options[1], 0),
		     options[0]);
	must(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0),
	     type);
	tree = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
	must(tree, type);
	close(fs);
	return tree;
}

static void mount_at(const char *path, const char *type, const char *source,
                     const char *const *options, unsigned int attributes)
{
	int tree = make_mount(type, source, options, attributes);

	mkdir(path, 0755); /* it may be there */
	attach(tree, path);
	close(tree);
}

/* The clone becomes the root, and all of the host is gone at once. */
static void enter_rootfs(int rootfs)
{
	set_attributes(AT_FDCWD, "/", AT_RECURSIVE, 0, MS_PRIVATE);
	must(syscall(SYS_move_mount, rootfs, "", AT_FDCWD, "/proc",
	             MOVE_MOUNT_F_EMPTY_PATH),
	     "attach the root");
	must(fchdir(rootfs), "enter the root");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */), "leave the host");
	must(chdir("/"), "chdir /");
}

static void make_dev(void)
{
	static const struct {
		const char *name;
		unsigned int major;
		unsigned int minor;
	} nodes[] = {
		{ "/dev/null", 1, 3 },    { "/dev/zero", 1, 5 },
		{ "/dev/full", 1, 7 },    { "/dev/random", 1, 8 },
		{ "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
	};

	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
		{ "pts/ptmx", "/dev/ptmx" },
		{ "/proc/kcore", "/dev/core" }, /* where there is one */
	};
	size_t count = ARRAY_SIZE(links) - (access("/proc/kcore", F_OK) != 0);

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		must(mknod(nodes[i].name, S_IFCHR | 0666,
		           makedev(nodes[i].major, nodes[i].minor)),
		     nodes[i].name);
	for (size_t i = 0; i < count; i++)
		must(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void make_mounts(void)
{
	static const char *const dev[] = { "mode", "755", "size", "65536k",
		                           NULL };
	static const char *const pts[] = { "ptmxmode", "0666", "mode", "0620",
		                           "gid",      "5",    NULL };
	static const char *const shm[] = { "mode", "1777", "size", "65536k",
		                           NULL };

	mount_at("/proc", "proc", "proc", NULL, 0);
	mount_at("/dev", "tmpfs", "tmpfs", dev,
	         MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
	mount_at("/dev/pts", "devpts", "devpts", pts,
	         MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	mount_at("/dev/shm", "tmpfs", "shm", shm, SAFE);
	mount_at("/dev/mqueue", "mqueue", "mqueue", NULL, SAFE);
	mount_at("/sys", "sysfs", "sysfs", NULL, SAFE | MOUNT_ATTR_RDONLY);
	mount_at("/sys/fs/cgroup", "cgroup2", "cgroup2", NULL,
	         SAFE | MOUNT_ATTR_RDONLY);
	make_dev();
}

static void mask_paths(void)
{
	/* clang-format off */
	static const char *const paths[] = {
		"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
		"/sys/devices/virtual/powercap", "/sys/firmware",
	};
	/* clang-format on */
	static const char *const mode[] = { "mode", "555", NULL };
	int empty = -1;
	struct stat stat;
	int tree;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (lstat(paths[i], &stat))
			continue;
		/* One empty directory for all; execve closes what is open. */
		if (!S_ISDIR(stat.st_mode))
			tree = clone_tree(AT_FDCWD, "/dev/null", 0);
		else if (empty >= 0)
			tree = clone_tree(empty, "", AT_EMPTY_PATH);
		else
			tree = empty = make_mount("tmpfs", NULL, mode,
			                          SAFE | MOUNT_ATTR_RDONLY);
		must(tree, paths[i]);
		attach(tree, paths[i]);
	}
}

static void protect_paths(void)
{
	static const char *const paths[] = {
		"/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger",
	};
	int tree;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		tree = clone_tree(AT_FDCWD, paths[i], AT_RECURSIVE);
		if (tree < 0 && errno == ENOENT)
			continue;
		must(tree, paths[i]);
		set_attributes(tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
		               MOUNT_ATTR_RDONLY, 0);
		attach(tree, paths[i]);
		close(tree);
	}
	set_attributes(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY, 0);
}

/* ---- the container's side: what the process may do */

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(any, "socket");
	must(ioctl(any, SIOCSIFFLAGS, &request), "raise lo");
	close(any);
}

static void reduce_rights(void)
{
	const uint32_t kept = 1U << CAP_AUDIT_WRITE | 1U << CAP_KILL |
	                      1U << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { { .effective = kept,
		                                    .permitted = kept } };
	const struct rlimit files = { 1024, 1024 };

	must(setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
	/* The kernel answers EINVAL after the last capability it knows. */
	for (int cap = 0; cap < 64; cap++) {
		if (cap < 32 && kept & 1U << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			break;
	}
	must(syscall(SYS_setgroups, 0, NULL), "setgroups");
	must(syscall(SYS_setresgid, 0, 0, 0), "setresgid");
	must(syscall(SYS_setresuid, 0, 0, 0), "setresuid");
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
	     "clear ambient capabilities");
	must(syscall(SYS_capset, &header, data), "capset");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

__attribute__((noreturn)) static void child(const struct floor *floor)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			     "/usr/bin:/sbin:/bin";
	static char *const env[] = { path, "TERM=xterm", NULL };
	char *const *argv = floor->options->argv;
	char go;

	must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "parent's death");
	must(setsid(), "setsid");
	/* Cloned together, it would be rooted at the parent's cgroup. */
	must(unshare(CLONE_NEWCGROUP), "unshare cgroup");
	if (!floor->options->no_netns)
		raise_loopback();
	must(sethostname("floor", 5), "sethostname");
	must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING,
	             floor->options->id, 0, 0, 0),
	     "session keyring");
	umask(0);
	enter_rootfs(floor->rootfs);
	make_mounts();
	protect_paths();
	mask_paths();
	umask(022);
	reduce_rights();
	close(floor->go[1]);
	must(read(floor->go[0], &go, 1) == 1 ? 0 : -1, "wait for the parent");
	must(syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */),
	     "close_range");
	if (floor->filter.len)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
		             &floor->filter),
		     "seccomp");
	must(execve(argv[0], argv, env), argv[0]);
	_exit(127);
}

/* ---- the parent's side */

#define DEVICE_ANY (-1)

/* What every container may have: all of the default config's rule set. */
static const struct device_rule {
	short type;
	short access;
	int major;
	int minor;
} device_rules[] = {
	{ BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_MKNOD, DEVICE_ANY, DEVICE_ANY },
	{ BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_ACC_MKNOD, DEVICE_ANY, DEVICE_ANY },
	{ BPF_DEVCG_DEV_CHAR, 7, 1, 3 }, /* null */
	{ BPF_DEVCG_DEV_CHAR, 7, 1, 5 }, /* zero */
	{ BPF_DEVCG_DEV_CHAR, 7, 1, 7 }, /* full */
	{ BPF_DEVCG_DEV_CHAR, 7, 1, 8 }, /* random */
	{ BPF_DEVCG_DEV_CHAR, 7, 1, 9 }, /* urandom */
	{ BPF_DEVCG_DEV_CHAR, 7, 5, 0 }, /* tty */
	{ BPF_DEVCG_DEV_CHAR, 7, 5, 1 }, /* console */
	{ BPF_DEVCG_DEV_CHAR, 7, 5, 2 }, /* ptmx */
	{ BPF_DEVCG_DEV_CHAR, 7, 136, DEVICE_ANY },
	{ BPF_DEVCG_DEV_CHAR, 7, 10, 200 }, /* tun */
};

/* REGISTERS: 0x12 is from 1 to 2. */
static void add(struct bpf_insn **at, uint8_t code, int registers,
                int16_t offset, int value)
{
	*(*at)++ = (struct bpf_insn){ code, (uint8_t)(registers & 15),
		                      (uint8_t)(registers >> 4 & 15), offset,
		                      value };
}

/* Registers: 2 the type, 3 the access, 4 and 5 the numbers asked for. */
static void add_rule(struct bpf_insn **at, const struct device_rule *rule)
{
	/* To what follows the rule, from each jump's place. */
	int16_t past = (int16_t)(5 + (rule->major >= 0) + (rule->minor >= 0));

	add(at, BPF_JMP | BPF_JNE | BPF_K, 2, past--, rule->type);
	/* Is anything asked for that the rule does not grant? */
	add(at, BPF_ALU64 | BPF_MOV | BPF_X, 0x31, 0, 0);
	add(at, BPF_ALU64 | BPF_AND | BPF_K, 1, 0, ~rule->access);
	past -= 2;
	add(at, BPF_JMP | BPF_JNE | BPF_K, 1, past--, 0);
	if (rule->major >= 0)
		add(at, BPF_JMP | BPF_JNE | BPF_K, 4, past--, rule->major);
	if (rule->minor >= 0)
		add(at, BPF_JMP | BPF_JNE | BPF_K, 5, past--, rule->minor);
	add(at, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 1);
	add(at, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static int load_device_program(void)
{
	struct bpf_insn code[8 * (ARRAY_SIZE(device_rules) + 1)];
	struct bpf_insn *at = code;
	union bpf_attr attr;
	int program;

	add(&at, BPF_LDX | BPF_MEM | BPF_W, 0x12, 0, 0);
	add(&at, BPF_ALU64 | BPF_MOV | BPF_X, 0x23, 0, 0);
	add(&at, BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0xffff);
	add(&at, BPF_ALU64 | BPF_RSH | BPF_K, 3, 0, 16);
	add(&at, BPF_LDX | BPF_MEM | BPF_W, 0x14, 4, 0);
	add(&at, BPF_LDX | BPF_MEM | BPF_W, 0x15, 8, 0);
	for (size_t i = 0; i < ARRAY_SIZE(device_rules); i++)
		add_rule(&at, &device_rules[i]);
	add(&at, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0);
	add(&at, BPF_JMP | BPF_EXIT, 0, 0, 0);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = (uint32_t)(at - code);
	attr.license = (uintptr_t) "";
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	must(program, "load the device program");
	return program;
}

static void confine_devices(int cgroup)
{
	int program = load_device_program();
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)),
	     "attach the device program");
	close(program);
}

static int make_state_dir(const struct options *options, int *ret_root)
{
	mkdir(options->root, 0700);
	*ret_root = open(options->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(*ret_root, options->root);
	must(mkdirat(*ret_root, options->id, 0700), "make the state directory");
	return openat(*ret_root, options->id, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* What `state` would tell; whole or not at all, so by renaming. */
static void write_state(int dir, const struct options *options, pid_t pid)
{
	char text[1024];
	int fd = openat(dir, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	                0600);
	int length = snprintf(text, sizeof(text),
	                      "{\"ociVersion\":\"1.2.0\",\"id\":\"%s\","
	                      "\"status\":\"running\",\"pid\":%d,"
	                      "\"bundle\":\"%s\"}\n",
	                      options->id, (int)pid, options->bundle);

	must(fd, "make the state file");
	must(write(fd, text, (size_t)length), "write the state file");
	close(fd);
	must(renameat(dir, "new", dir, "state.json"), "rename the state file");
}

static pid_t spawn(const struct floor *floor)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
		         CLONE_NEWNS | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)floor->cgroup,
	};
	pid_t pid;

	if (!floor->options->no_netns)
		args.flags |= CLONE_NEWNET;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	must(pid, "clone3");
	return pid;
}

static int run(const struct options *options)
{
	struct floor floor = { .options = options };
	char path[4096];
	int cgroups = open_cgroups();
	int root;
	int state;
	int status;
	pid_t pid;

	if (options->seccomp)
		read_filter(&floor);
	snprintf(path, sizeof(path), "%s/rootfs", options->bundle);
	state = make_state_dir(options, &root);
	must(mkdirat(cgroups, options->id, 0755), "make the cgroup");
	floor.cgroup = openat(cgroups, options->id,
	                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(floor.cgroup, "open the cgroup");
	floor.rootfs = clone_tree(AT_FDCWD, path, AT_RECURSIVE);
	must(floor.rootfs, path);
	must(pipe2(floor.go, O_CLOEXEC), "pipe");
	pid = spawn(&floor);
	if (pid == 0)
		child(&floor);
	/* While the child mounts. */
	close(floor.go[0]);
	confine_devices(floor.cgroup);
	write_state(state, options, pid);
	/* A child that has failed has told why itself. */
	signal(SIGPIPE, SIG_IGN);
	(void)!write(floor.go[1], "", 1);
	must(waitpid(pid, &status, 0), "wait");
	must(unlinkat(state, "state.json", 0), "remove the state file");
	must(unlinkat(root, options->id, AT_REMOVEDIR), "remove the state");
	must(unlinkat(cgroups, options->id, AT_REMOVEDIR), "remove the cgroup");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Global options, "run", -b BUNDLE, ID, and the program. */
static void read_options(char *argv[], struct options *ret_options)
{
	static char payload[] = "/payload";
	static char *const alone[] = { payload, NULL };

	for (argv++; *argv && strcmp(*argv, "run") != 0; argv++) {
		if (strcmp(*argv, "--no-netns") == 0)
			ret_options->no_netns = true;
		else if (strcmp(*argv, "--no-protect") == 0)
			ret_options->no_protect = true;
		else if (strcmp(*argv, "--root") == 0 && argv[1])
			ret_options->root = *++argv;
		else if (strcmp(*argv, "--seccomp") == 0 && argv[1])
			ret_options->seccomp = *++argv;
		else
			break; /* which is refused below */
	}
	if (!argv[0] || strcmp(argv[0], "run") != 0 || !argv[1] ||
	    strcmp(argv[1], "-b") != 0 || !argv[2] || !argv[3]) {
		dprintf(STDERR_FILENO, "see the first lines of floor.c\n");
		_exit(2);
	}
	ret_options->bundle = argv[2];
	ret_options->id = argv[3];
	ret_options->argv = argv[4] ? argv + 4 : alone;
}

int main(int argc, char *argv[], char *env[])
{
	struct options options = { .root = "/run/floor" };

	(void)argc;
	read_options(argv, &options);
	if (!options.no_protect)
		protect(argv, env);
	return run(&options);
}
