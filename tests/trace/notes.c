/* SPDX-License-Identifier: Apache-2.0 */
/* What would be called, written down line by line. */
#include "tests/trace/notes.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Of <sys/mount.h>, which <linux/mount.h> excludes. */
#define MOUNT_DETACH 2

/* Above all that is open: closing them really does nothing. */
#define FIRST_FD 100000
#define FDS_MAX  1024

struct notes notes;
const char *(*notes_describe)(const void *bytes, size_t size);

static struct {
	char names[FDS_MAX][96];
	int count;
} fds;

/* ---- words; the value 0 stands for nothing */

#define WORD(prefix, word)          \
	{                           \
#		word, prefix##word \
	}
#define END             \
	{               \
		NULL, 0 \
	}

/* clang-format off */
const struct str_value open_words[] = {
	WORD(O_, WRONLY), WORD(O_, RDWR), WORD(O_, CREAT), WORD(O_, EXCL),
	WORD(O_, TRUNC), WORD(O_, NONBLOCK), WORD(O_, DIRECTORY),
	WORD(O_, NOFOLLOW), WORD(O_, PATH), WORD(O_, CLOEXEC), END,
};

const struct str_value resolve_words[] = {
	WORD(RESOLVE_, NO_XDEV), WORD(RESOLVE_, NO_MAGICLINKS),
	WORD(RESOLVE_, NO_SYMLINKS), WORD(RESOLVE_, BENEATH),
	WORD(RESOLVE_, IN_ROOT), END,
};

const struct str_value clone_words[] = {
	WORD(CLONE_, NEWCGROUP), WORD(CLONE_, NEWIPC), WORD(CLONE_, NEWNET),
	WORD(CLONE_, NEWNS), WORD(CLONE_, NEWPID), WORD(CLONE_, NEWUSER),
	WORD(CLONE_, NEWUTS), { "NEWTIME", 0x80 }, WORD(CLONE_, PARENT), END,
};

const struct str_value tree_words[] = {
	{ "CLONE", OPEN_TREE_CLONE }, { "EMPTY_PATH", AT_EMPTY_PATH },
	{ "RECURSIVE", AT_RECURSIVE }, { "NOFOLLOW", AT_SYMLINK_NOFOLLOW },
	END,
};

const struct str_value move_words[] = {
	{ "FROM_EMPTY", MOVE_MOUNT_F_EMPTY_PATH },
	{ "TO_EMPTY", MOVE_MOUNT_T_EMPTY_PATH }, END,
};

const struct str_value attribute_words[] = {
	WORD(MOUNT_ATTR_, RDONLY), WORD(MOUNT_ATTR_, NOSUID),
	WORD(MOUNT_ATTR_, NODEV), WORD(MOUNT_ATTR_, NOEXEC),
	{ "NOATIME", MOUNT_ATTR_NOATIME },
	{ "STRICTATIME", MOUNT_ATTR_STRICTATIME },
	{ "NODIRATIME", MOUNT_ATTR_NODIRATIME },
	{ "IDMAP", 0x00100000 }, { "NOSYMFOLLOW", 0x00200000 }, END,
};

const struct str_value mount_words[] = {
	{ "RDONLY", 1 }, { "NOSUID", 2 }, { "NODEV", 4 }, { "NOEXEC", 8 },
	{ "BIND", 1 << 12 }, { "MOVE", 1 << 13 }, { "REC", 1 << 14 },
	{ "UNBINDABLE", 1 << 17 }, { "PRIVATE", 1 << 18 },
	{ "SLAVE", 1 << 19 }, { "SHARED", 1 << 20 }, END,
};

const struct str_value umount_words[] = {
	{ "DETACH", MOUNT_DETACH }, END,
};

const struct str_value at_words[] = {
	{ "EMPTY_PATH", AT_EMPTY_PATH }, { "NOFOLLOW", AT_SYMLINK_NOFOLLOW },
	{ "REMOVEDIR", AT_REMOVEDIR }, END,
};

const struct str_value access_words[] = { { "EACCESS", AT_EACCESS }, END };

const struct str_value range_words[] = {
	{ "CLOEXEC", CLOSE_RANGE_CLOEXEC }, END,
};

/* clang-format on */

/* ---- lines */

static struct note *last(void)
{
	return &notes.items[notes.count ? notes.count - 1 : 0];
}

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void put(const char *format, ...)
{
	char *text = last()->text;
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, sizeof(last()->text) - used, format, args);
	va_end(args);
}

/* Before each argument. */
static void put_comma(void)
{
	struct note *note = last();
	size_t used = strlen(note->text);

	if (note->text[used - 1] == '(')
		return;
	/* Then there is a first one, and it is whole. */
	if (!*note->first)
		snprintf(note->first, sizeof(note->first), "%s",
		         strchr(note->text, '(') + 1);
	put(", ");
}

void notes_reset(void)
{
	memset(&notes, 0, sizeof(notes));
	memset(&fds, 0, sizeof(fds));
}

void notes_say(const char *text)
{
	if (notes.count < NOTES_MAX)
		notes.count++;
	memset(last(), 0, sizeof(*last()));
	put("%s", text);
}

const char *notes_text(void)
{
	static char text[NOTES_MAX * 120];
	size_t used = 0;
	size_t i;

	text[0] = '\0';
	for (i = 0; i < notes.count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "%s\n", notes.items[i].text);
	return text;
}

int notes_fd(const char *format, ...)
{
	va_list args;

	if (fds.count == FDS_MAX)
		return -24;
	va_start(args, format);
	vsnprintf(fds.names[fds.count], sizeof(fds.names[0]), format, args);
	va_end(args);
	return FIRST_FD + fds.count++;
}

const char *notes_fd_name(int fd)
{
	if (fd < FIRST_FD || fd >= FIRST_FD + fds.count)
		return "";
	return fds.names[fd - FIRST_FD];
}

/* ---- for the generated functions */

void note_begin(const char *name)
{
	if (notes.count < NOTES_MAX)
		notes.count++;
	memset(last(), 0, sizeof(*last()));
	snprintf(last()->name, sizeof(last()->name), "%s", name);
	put("%s(", name);
}

static void put_fd(int fd)
{
	if (fd == AT_FDCWD)
		put("CWD");
	else if (fd >= FIRST_FD)
		put("<%s>", notes_fd_name(fd));
	else
		put("%d", fd);
}

void note_fd(int fd)
{
	put_comma();
	put_fd(fd);
}

void note_text(const char *text)
{
	put_comma();
	if (text)
		put("\"%.*s\"", (int)strcspn(text, "\n"), text);
	else
		put("NULL");
}

void note_word(const char *word)
{
	put_comma();
	put("%s", word);
}

void note_device(dev_t device)
{
	put_comma();
	put("%u:%u", major(device), minor(device));
}

void note_bytes(const void *bytes, size_t size)
{
	const char *said = notes_describe ? notes_describe(bytes, size) : NULL;
	const char *text = bytes;
	size_t i = 0;

	put_comma();
	while (i < size && isprint((unsigned char)text[i]))
		i++;
	if (said)
		put("%s", said);
	else if (i == size)
		put("\"%.*s\"", (int)size, text);
	else
		put("%zu bytes", size);
}

void note_fds(const int *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		note_fd(list[i]);
}

void note_ids(const gid_t *ids, size_t count)
{
	size_t i;

	put_comma();
	put("[");
	for (i = 0; i < count; i++)
		put("%s%u", i ? " " : "", ids[i]);
	put("]");
}

void note_list(char *const list[])
{
	size_t i;

	put_comma();
	put("[");
	for (i = 0; list[i]; i++)
		put("%s\"%s\"", i ? " " : "", list[i]);
	put("]");
}

void note_words(const struct str_value *words, uint64_t value)
{
	const char *bar = "";

	put_comma();
	if (!value)
		put("0");
	for (; words->name; words++) {
		if (!words->value || (value & words->value) != words->value)
			continue;
		put("%s%s", bar, words->name);
		value &= ~words->value;
		bar = "|";
	}
	if (value)
		put("%s%#llx", bar, (unsigned long long)value);
}

void note_hex(uint64_t value)
{
	put_comma();
	put("%#llx", (unsigned long long)value);
}

void note_octal(unsigned int value)
{
	put_comma();
	put("%#o", value);
}

void note_number(long long value)
{
	put_comma();
	put("%lld", value);
}

long note_end(long result)
{
	struct note *note = last();

	if (!*note->first)
		snprintf(note->first, sizeof(note->first), "%s",
		         strchr(note->text, '(') + 1);
	put(")");
	note->result = result;
	if (result >= FIRST_FD) {
		put(" = ");
		put_fd((int)result);
	} else if (result < 0) {
		put(" = -%s", strerrorname_np((int)-result));
	}
	return result;
}
