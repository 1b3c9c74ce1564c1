/* SPDX-License-Identifier: Apache-2.0 */
/* The helper in its cage, before it reads the first byte of an archive. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fn/unzip.h"
#include "sys/file.h"
#include "sys/process.h"

#define MEMORY_MAX ((rlim_t)1 << 30)
#define FILES_MAX  32
#define CPU_S_MAX  600

/* To read one descriptor, to write files, and to have memory. */
static const char *const calls[] = {
	"read",          "pread64",  "readv",      "write",        "writev",
	"pwrite64",      "lseek",    "close",      "fstat",        "newfstatat",
	"statx",         "fcntl",    "openat",     "openat2",      "mkdirat",
	"symlinkat",     "unlinkat", "utimensat",  "ftruncate",    "brk",
	"mmap",          "munmap",   "mremap",     "mprotect",     "madvise",
	"futex",         "exit",     "exit_group", "rt_sigreturn", "getrandom",
	"clock_gettime", "umask",
};

static int load_filter(void)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result = context ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls) && result == 0; i++) {
		int number = seccomp_syscall_resolve_name(calls[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(context, SCMP_ACT_ALLOW,
			                          number, 0);
	}
	/* It sets no_new_privs first. */
	if (result == 0)
		result = seccomp_load(context);
	seccomp_release(context);
	return result;
}

static int set_limit(int resource, rlim_t value)
{
	const struct rlimit limit = { value, value };

	return sys_prlimit(0, resource, &limit, NULL);
}

static int set_limits(uint64_t max_bytes)
{
	int result = set_limit(RLIMIT_AS, MEMORY_MAX);

	if (result == 0)
		result = set_limit(RLIMIT_FSIZE, max_bytes);
	if (result == 0)
		result = set_limit(RLIMIT_NOFILE, FILES_MAX);
	if (result == 0)
		result = set_limit(RLIMIT_CPU, CPU_S_MAX);
	return result < 0 ? result : set_limit(RLIMIT_CORE, 0);
}

int unzip_confine(const char *dir, uint64_t max_bytes, struct error *err)
{
	int result = sys_close_range(STDERR_FILENO + 1, ~0U, 0);

	if (result == 0)
		result = sys_chdir(dir);
	/* Where only a user of his own rights deploys, links do not help. */
	if (result == 0 && sys_geteuid() == 0)
		result = sys_chroot(".");
	if (result < 0)
		return error_system(err, result, "enter \"%s\"", dir);
	sys_umask(022);
	result = sys_capset(0, 0, 0);
	if (result < 0)
		return error_system(err, result, "drop capabilities");
	result = set_limits(max_bytes);
	if (result < 0)
		return error_system(err, result, "set limits");
	result = load_filter();
	if (result < 0)
		return error_system(err, result, "load the filter");
	return 0;
}
