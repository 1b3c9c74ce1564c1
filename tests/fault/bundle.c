/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle whose configuration has what a scenario asks for. */
#include "tests/fault/bundle.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static int remove_one(const char *path, const struct stat *stat, int type,
                      struct FTW *at)
{
	(void)stat;
	(void)type;
	(void)at;
	return remove(path);
}

/* Never across a mount: a leaked one is a finding, not a disaster. */
static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void copy_program(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	must(in, from);
	must(out, to);
	while (sendfile(out, in, NULL, 1 << 20) > 0)
		;
	must(fchmod(out, 0755), to);
	close(in);
	close(out);
}

/* ---- config.json, piece by piece */

/* Of root in a user namespace. */
#define FIRST_ID 100000

#define CAPS "[\"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]"

static const char hook_list[] =
	"  \"%s\": [{\"path\": \"%s/program\", \"args\": [\"hook\"]}]%s\n";

static void write_hooks(FILE *file, const struct bundle *b)
{
	static const char *const host[] = { "prestart", "createRuntime",
		                            "createContainer", "poststart",
		                            "poststop" };
	size_t i;

	fputs(" \"hooks\": {\n", file);
	for (i = 0; i < sizeof(host) / sizeof(host[0]); i++)
		fprintf(file, hook_list, host[i], b->top, ",");
	fprintf(file, hook_list, "startContainer", "", "\n },");
}

static void write_process(FILE *file, const struct bundle *b)
{
	fprintf(file,
	        " \"process\": {\n"
	        "  \"terminal\": %s, \"noNewPrivileges\": %s, \"cwd\": \"/\",\n"
	        "  \"user\": {\"uid\": 0, \"gid\": 0},\n"
	        "  \"args\": [\"/program\", \"%s\"], \"env\": [\"PATH=/\"],\n"
	        "  \"capabilities\": {\"bounding\": " CAPS
	        ", \"effective\": " CAPS ", \"permitted\": " CAPS "},\n"
	        "  \"oomScoreAdj\": 100,\n"
	        "  \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", "
	        "\"soft\": 512, \"hard\": 1024}]\n },\n",
	        b->with & BUNDLE_TERMINAL ? "true" : "false",
	        b->with & BUNDLE_PRIVILEGES ? "false" : "true",
	        b->with & BUNDLE_WAITING ? "wait" : "end");
}

static void write_mounts(FILE *file, const struct bundle *b)
{
	fputs(" \"mounts\": [\n"
	      "  {\"destination\": \"/proc\", \"type\": \"proc\", "
	      "\"source\": \"proc\"},\n"
	      "  {\"destination\": \"/dev\", \"type\": \"tmpfs\", "
	      "\"source\": \"tmpfs\", \"options\": [\"nosuid\", "
	      "\"mode=755\", \"size=64k\"]},\n"
	      "  {\"destination\": \"/dev/pts\", \"type\": \"devpts\", "
	      "\"source\": \"devpts\", \"options\": [\"nosuid\", \"noexec\", "
	      "\"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]},\n"
	      "  {\"destination\": \"/sys\", \"type\": \"sysfs\", "
	      "\"source\": \"sysfs\", \"options\": [\"nosuid\", \"noexec\", "
	      "\"nodev\", \"ro\"]},\n"
	      "  {\"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", "
	      "\"source\": \"cgroup\", \"options\": [\"nosuid\", "
	      "\"noexec\", \"nodev\", \"ro\"]}",
	      file);
	if (b->with & BUNDLE_BINDS)
		fprintf(file,
		        ",\n  {\"destination\": \"/a/b\", \"source\": \"%s\", "
		        "\"options\": [\"rbind\", \"ro\", \"private\"]},\n"
		        "  {\"destination\": \"/c/file\", "
		        "\"source\": \"%s/program\", \"options\": [\"bind\"]},\n"
		        "  {\"destination\": \"/up\", \"type\": \"tmpfs\", "
		        "\"source\": \"tmpfs\", "
		        "\"options\": [\"tmpcopyup\"]}",
		        b->bundle, b->top);
	fputs("\n ],\n", file);
}

/* An element of the list, which begins with the mount namespace. */
static void write_namespace(FILE *file, const char *type, const char *path)
{
	fprintf(file, ", {\"type\": \"%s\"", type);
	if (path)
		fprintf(file, ", \"path\": \"%s\"", path);
	fputs("}", file);
}

static void write_namespaces(FILE *file, const struct bundle *b)
{
	const char *pid =
		b->with & BUNDLE_JOIN_PID ? "/proc/self/ns/pid" : NULL;
	const char *net =
		b->with & BUNDLE_JOIN_NET ? "/proc/self/ns/net" : NULL;
	char other_user[64];
	char other_net[64];

	snprintf(other_user, sizeof(other_user), "/proc/%d/ns/user", b->holder);
	snprintf(other_net, sizeof(other_net), "/proc/%d/ns/net", b->holder);
	fputs("  \"namespaces\": [{\"type\": \"mount\"}", file);
	write_namespace(file, "ipc", NULL);
	write_namespace(file, "uts", NULL);
	write_namespace(file, "cgroup", NULL);
	write_namespace(file, "pid", pid);
	write_namespace(file, "network", b->holder ? other_net : net);
	if (b->holder)
		write_namespace(file, "user", other_user);
	if (!(b->with & BUNDLE_USER)) {
		fputs("]", file);
		return;
	}
	write_namespace(file, "user", NULL);
	fprintf(file,
	        "],\n  \"uidMappings\": [{\"containerID\": 0, "
	        "\"hostID\": %d, \"size\": 65536}],\n"
	        "  \"gidMappings\": [{\"containerID\": 0, "
	        "\"hostID\": %d, \"size\": 65536}],\n"
	        "  \"devices\": [{\"path\": \"/dev/own\", \"type\": \"c\", "
	        "\"major\": 1, \"minor\": 5, \"uid\": 1}]",
	        FIRST_ID, FIRST_ID);
}

static void write_linux(FILE *file, const struct bundle *b)
{
	fputs(" \"linux\": {\n", file);
	if (b->with & BUNDLE_UNIT)
		fprintf(file, "  \"cgroupsPath\": \"-.slice::fault-%d\",\n",
		        getpid());
	write_namespaces(file, b);
	fputs(",\n  \"maskedPaths\": [\"/proc/kcore\", \"/sys/firmware\"],\n"
	      "  \"readonlyPaths\": [\"/proc/sys\", \"/proc/bus\"]",
	      file);
	if (b->with & BUNDLE_LIMITS)
		fputs(",\n  \"resources\": {\"devices\": "
		      "[{\"allow\": false, \"access\": \"rwm\"}], "
		      "\"memory\": {\"limit\": 67108864}, "
		      "\"pids\": {\"limit\": 64}}",
		      file);
	if (b->with & BUNDLE_SECCOMP)
		fputs(",\n  \"seccomp\": {\"defaultAction\": "
		      "\"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": "
		      "[\"reboot\", \"kexec_load\"], "
		      "\"action\": \"SCMP_ACT_ERRNO\"}]}",
		      file);
	fputs("\n }\n}\n", file);
}

static void write_config(const struct bundle *b)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config.json", b->bundle);
	file = fopen(path, "we");
	must(file ? 0 : -1, path);
	fputs("{\n \"ociVersion\": \"1.2.0\", \"hostname\": \"fault\",\n"
	      " \"root\": {\"path\": \"rootfs\", \"readonly\": true},\n",
	      file);
	write_process(file, b);
	write_mounts(file, b);
	if (b->with & BUNDLE_HOOKS)
		write_hooks(file, b);
	write_linux(file, b);
	must(fclose(file), path);
}

/* ---- the process whose namespaces are joined */

static void write_map(pid_t pid, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "we");
	must(file ? 0 : -1, path);
	fprintf(file, "0 %d 65536\n", FIRST_ID);
	must(fclose(file), path);
}

static pid_t hold_namespaces(void)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	must(pipe2(ready, O_CLOEXEC), "pipe");
	pid = fork();
	must(pid, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
		    write(ready[1], &byte, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	must(read(ready[0], &byte, 1) == 1 ? 0 : -1, "unshare");
	close(ready[0]);
	write_map(pid, "uid_map");
	write_map(pid, "gid_map");
	return pid;
}

/* ---- */

void bundle_make(struct bundle *ret_bundle, const char *payload,
                 unsigned int with)
{
	struct bundle b = { .with = with };
	char program[96];

	strcpy(b.top, "/tmp/runf-fault-XXXXXX");
	must(mkdtemp(b.top) ? 0 : -1, b.top);
	/* A container's root of another user has to get through. */
	must(chmod(b.top, 0755), b.top);
	snprintf(b.bundle, sizeof(b.bundle), "%s/bundle", b.top);
	snprintf(b.rootfs, sizeof(b.rootfs), "%s/rootfs", b.bundle);
	snprintf(b.state, sizeof(b.state), "%s/state", b.top);
	snprintf(b.console, sizeof(b.console), "%s/console", b.top);
	snprintf(program, sizeof(program), "%s/program", b.top);
	must(mkdir(b.bundle, 0755), b.bundle);
	must(mkdir(b.state, 0700), b.state);
	copy_program(payload, program);
	if (with & BUNDLE_JOIN_USER)
		b.holder = hold_namespaces();
	if (with & BUNDLE_UNIT) {
		snprintf(program, sizeof(program), "%s/systemd", b.top);
		copy_program(payload, program);
		setenv("RUNF_LIBEXEC", b.top, 1);
	}
	write_config(&b);
	*ret_bundle = b;
}

void bundle_refresh(const struct bundle *bundle)
{
	char from[96];
	char to[128];

	remove_tree(bundle->rootfs);
	must(mkdir(bundle->rootfs, 0755), bundle->rootfs);
	/* Mount points are made by the container's root. */
	if (bundle->with & (BUNDLE_USER | BUNDLE_JOIN_USER))
		must(chown(bundle->rootfs, FIRST_ID, FIRST_ID), bundle->rootfs);
	snprintf(from, sizeof(from), "%s/program", bundle->top);
	snprintf(to, sizeof(to), "%s/program", bundle->rootfs);
	must(link(from, to), to);
	if (!(bundle->with & BUNDLE_BINDS))
		return;
	snprintf(to, sizeof(to), "%s/up", bundle->rootfs);
	must(mkdir(to, 0755), to);
	snprintf(to, sizeof(to), "%s/up/file", bundle->rootfs);
	must(link(from, to), to);
}

void bundle_remove(const struct bundle *bundle)
{
	if (bundle->holder) {
		kill(bundle->holder, SIGKILL);
		waitpid(bundle->holder, NULL, 0);
	}
	remove_tree(bundle->top);
}
