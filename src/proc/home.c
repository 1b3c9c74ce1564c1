/* SPDX-License-Identifier: Apache-2.0 */
/* The home directory, from the container's /etc/passwd and without libc's. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "proc/proc.h"
#include "sys/file.h"

/* name:password:uid:gid:comment:home:shell */
#define FIELD_UID  2
#define FIELD_HOME 5

/* The file is the image's: do not read for ever. */
#define PASSWD_MAX_BYTES (16U << 20)

/* The line that is being read; of its fields only these two. */
struct line {
	unsigned int field;
	size_t uid_length;
	size_t home_length;
	char uid[16];
	char home[PATH_MAX];
};

/* A field too long for its place is cut, and then no number or no path. */
static void take_char(struct line *line, char c)
{
	if (c == ':') {
		line->field++;
	} else if (line->field == FIELD_UID) {
		if (line->uid_length < sizeof(line->uid) - 1)
			line->uid[line->uid_length++] = c;
	} else if (line->field == FIELD_HOME) {
		if (line->home_length < sizeof(line->home) - 1)
			line->home[line->home_length++] = c;
	}
}

/* Close the line; true if it is UID's. */
static bool end_line(struct line *line, uid_t uid)
{
	uint32_t number;
	bool found;

	line->uid[line->uid_length] = '\0';
	line->home[line->home_length] = '\0';
	found = str_to_u32(line->uid, 10, &number) == 0 && number == uid;
	line->field = 0;
	line->uid_length = 0;
	line->home_length = 0;
	return found;
}

static bool find_home(int fd, uid_t uid, struct line *line)
{
	char chunk[4096];
	size_t total = 0;

	line->field = 0;
	line->uid_length = 0;
	line->home_length = 0;
	while (total < PASSWD_MAX_BYTES) {
		ssize_t count = sys_read(fd, chunk, sizeof(chunk));
		ssize_t i;

		if (count <= 0)
			return end_line(line, uid);
		for (i = 0; i < count; i++) {
			if (chunk[i] != '\n')
				take_char(line, chunk[i]);
			else if (end_line(line, uid))
				return true;
		}
		total += (size_t)count;
	}
	return false;
}

void proc_home(const struct plan_process *process, char home[PROC_HOME_SIZE])
{
	auto_close int fd = -1;
	struct line line;
	struct stat st;

	home[0] = '\0';
	if (process->home_slot < 0)
		return;
	snprintf(home, PROC_HOME_SIZE, "HOME=/");
	/* No magic link: it could be a descriptor that is the host's. */
	fd = sys_openat2(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK, 0,
	                 RESOLVE_NO_MAGICLINKS);
	if (fd < 0 || sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (find_home(fd, process->uid, &line) && line.home[0] == '/')
		snprintf(home, PROC_HOME_SIZE, "HOME=%s", line.home);
}
