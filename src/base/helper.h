/* SPDX-License-Identifier: Apache-2.0 */
/* What the helper programs share: one word to runf at the end of stdin. */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void helper_say(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* In one packet, which has no NUL; too long a text is cut. */
static inline void helper_say(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* If nobody listens any more, there is nobody to tell. */
	(void)send(STDIN_FILENO, text, strlen(text), MSG_NOSIGNAL);
}
