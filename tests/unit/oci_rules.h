/* SPDX-License-Identifier: Apache-2.0 */
/* A small good config.json with holes, and rows that break one rule each. */
#pragma once

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "oci/oci.h"

static struct arena arena;

static inline void release(void)
{
	arena_release(&arena);
}

/* Rows are written with ' for ". */
static inline char *unquote(const char *text)
{
	char *copy = arena_strdup(&arena, text);

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	return copy;
}

/*
 * A small good document with holes: what stands in `process` (line 3) and in
 * `linux` (line 4), and what follows (line 5). PATH NULL: no fault at all;
 * else the first fault with its line and a part of its text.
 */
struct row {
	const char *process;
	const char *linux_;
	const char *more;
	const char *path;
	unsigned int line;
	const char *text;
};

static inline const char *document(const struct row *row)
{
	return unquote(arena_printf(
		&arena,
		"{'ociVersion':'1.3.0',\n'root':{'path':'rootfs'},\n"
		"'process':{'args':['sh'],'cwd':'/'%s%s},\n"
		"'linux':{%s}\n%s%s}",
		row->process ? "," : "", row->process ? row->process : "",
		row->linux_ ? row->linux_ : "", row->more ? "," : "",
		row->more ? row->more : ""));
}

static inline int read_text(const char *text, struct oci_faults *faults,
                            struct error *err)
{
	const struct oci_spec *spec = NULL;
	int result = oci_read_spec(&arena, text, strlen(text), "c.json", faults,
	                           &spec, err);

	ck_assert_int_eq(result == 0, spec != NULL);
	ck_assert_int_eq(result<0, faults->errors> 0);
	return result;
}

static inline void check_fault(const struct oci_faults *faults, bool warning,
                               const struct row *row)
{
	const struct oci_fault *fault = faults->items;

	if (!row->path) {
		ck_assert_msg(faults->count == 0, "%s: %s", fault->path,
		              fault->text);
		return;
	}
	ck_assert_msg(faults->count > 0, "no fault at %s", row->path);
	ck_assert_msg(faults->count == 1, "also %s: %s", fault[1].path,
	              fault[1].text);
	ck_assert_int_eq(fault->warning, warning);
	ck_assert_str_eq(fault->path, unquote(row->path));
	ck_assert_msg(strstr(fault->text, unquote(row->text)) != NULL, "%s: %s",
	              fault->path, fault->text);
	ck_assert_uint_eq(fault->line, row->line);
}

#define P(process_)      .process = (process_)
#define L(linux__)       .linux_ = (linux__)
#define M(more_)         .more = (more_)
#define AT(path_, line_) .path = (path_), .line = (line_)
#define NS(types)        "'namespaces':[" types "]"
#define T(type)          "{'type':'" type "'}"
#define MAPS(uid, gid)   "'uidMappings':[" uid "],'gidMappings':[" gid "]"
#define MAP(from, to, size) \
	"{'containerID':" from ",'hostID':" to ",'size':" size "}"
#define RES(what)     "'resources':{" what "}"
#define SECCOMP(what) "'seccomp':{'defaultAction':'SCMP_ACT_ERRNO'," what "}"
#define RULE(what)    SECCOMP("'syscalls':[{'names':['a']," what "}]")
#define HOOK(what)    "'hooks':{'poststop':[{" what "}]}"
#define DEVICE(what)  "'devices':[{" what "}]"

static inline void check_row(const struct row *row)
{
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };
	char start[32];
	int result;

	result = read_text(document(row), &faults, &err);
	ck_assert_int_eq(result, row->path ? -EINVAL : 0);
	check_fault(&faults, false, row);
	if (!row->path)
		return;
	snprintf(start, sizeof(start), "c.json:%u: ", row->line);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
	ck_assert_str_eq(err.text, arena_printf(&arena, "%s%s: %s", start,
	                                        faults.items[0].path,
	                                        faults.items[0].text));
}

#define ADD_LOOP(tcase, test, rows) \
	tcase_add_loop_test(tcase, test, 0, (int)ARRAY_SIZE(rows))
