/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in, checked structs out, with every fault on the way. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "oci/internal.h"

static bool has_error_at(const struct oci_faults *faults, const char *path)
{
	for (size_t i = 0; i < faults->count; i++)
		if (!faults->items[i].warning &&
		    str_equal(faults->items[i].path, path))
			return true;
	return false;
}

/* Of each kind only so many are kept; then looking closer is no use. */
static bool is_full(const struct oci_faults *faults, bool warning)
{
	size_t warnings = faults->count - faults->errors;

	return (warning ? warnings : faults->errors) >= OCI_MAX_FAULTS;
}

static void add_fault(struct oci_reader *r, const struct oci_fault *fault)
{
	struct oci_faults *faults = r->faults;
	struct oci_fault *added =
		arena_push(faults->arena, faults->items, faults->count);

	*added = *fault;
	added->path = arena_strdup(faults->arena, fault->path);
	added->text = arena_strdup(faults->arena, fault->text);
	faults->errors += !fault->warning;
}

/* How tables report. */
static void on_fault(struct json_decoder *decoder,
                     const struct json_value *value, bool warning,
                     const char *path, const char *text)
{
	struct oci_reader *r = (struct oci_reader *)decoder;
	struct oci_fault fault = { .path = path, .text = text };

	if (is_full(r->faults, warning))
		return;
	fault.line = json_line(r->text, value->offset);
	fault.warning = warning;
	add_fault(r, &fault);
}

static void __attribute__((format(printf, 4, 0)))
check_failed(struct oci_reader *r, const char *path, bool warning,
             const char *format, va_list args)
{
	char text[512];

	if (is_full(r->faults, warning) || has_error_at(r->faults, path))
		return;
	vsnprintf(text, sizeof(text), format, args);
	on_fault(&r->decoder, json_find(r->root, path), warning, path, text);
}

void oci_fault(struct oci_reader *r, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	check_failed(r, path, false, format, args);
	va_end(args);
}

void oci_warning(struct oci_reader *r, const char *path, const char *format,
                 ...)
{
	va_list args;

	va_start(args, format);
	check_failed(r, path, true, format, args);
	va_end(args);
}

const char *oci_path(struct oci_reader *r, const char *format, ...)
{
	char path[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return arena_strdup(r->arena, path);
}

const char *oci_quote(struct oci_reader *r, const char *text)
{
	return json_quote(r->arena, text);
}

/* Start a document. A fault of syntax is the only one then. */
static int reader_parse(struct oci_reader *r, struct oci_faults *own)
{
	struct json_fault syntax;
	struct oci_fault fault = { .path = "" };

	if (!r->faults)
		r->faults = own;
	if (!r->faults->arena)
		r->faults->arena = r->arena;
	r->decoder.arena = r->arena;
	r->decoder.fault = on_fault;
	if (json_scan(r->arena, r->text, r->length, &r->root, &syntax) == 0)
		return 0;
	fault.line = syntax.line;
	fault.text = syntax.text;
	add_fault(r, &fault);
	return -EINVAL;
}

static void decode_root(struct oci_reader *r, const struct json_table *table,
                        void *object)
{
	struct json_place place = { .value = r->root };

	if (json_is(&r->decoder, &place, JSON_OBJECT))
		json_decode_object(&r->decoder, &place, table, object);
}

/* By line, and as they were found within a line. */
static void sort_faults(struct oci_faults *faults)
{
	struct oci_fault *items = faults->items;

	for (size_t i = 1; i < faults->count; i++) {
		struct oci_fault fault = items[i];
		size_t at = i;

		for (; at > 0 && items[at - 1].line > fault.line; at--)
			items[at] = items[at - 1];
		items[at] = fault;
	}
}

static int reader_finish(struct oci_reader *r, struct error *err)
{
	struct oci_faults *faults = r->faults;
	const struct oci_fault *first = faults->items;
	char more[64] = "";

	if (!faults->errors)
		return 0;
	sort_faults(faults);
	while (first->warning)
		first++;
	if (faults->errors > 1)
		snprintf(more, sizeof(more),
		         " (and %zu more; see `runf check`)",
		         faults->errors - 1);
	return error_set(err, ERROR_CONFIG, -EINVAL,
	                 "%.150s:%u: %.150s%s%.200s%s", r->name, first->line,
	                 first->path, *first->path ? ": " : "", first->text,
	                 more);
}

int oci_read_spec(struct arena *arena, const char *text, size_t length,
                  const char *name, struct oci_faults *faults,
                  const struct oci_spec **ret_spec, struct error *err)
{
	struct oci_faults own = { 0 };
	struct oci_reader r = {
		.arena = arena,
		.name = name,
		.text = text,
		.length = length,
		.faults = faults,
	};
	struct oci_spec *spec = arena_new(arena, struct oci_spec);
	int result;

	if (reader_parse(&r, &own) == 0) {
		decode_root(&r, &oci_spec_table.table, spec);
		oci_check_spec(&r, spec);
	}
	result = reader_finish(&r, err);
	if (result == 0)
		*ret_spec = spec;
	return result;
}

int oci_read_process(struct arena *arena, const char *text, size_t length,
                     const char *name, struct oci_faults *faults,
                     const struct oci_process **ret_process, struct error *err)
{
	struct oci_faults own = { 0 };
	struct oci_reader r = {
		.arena = arena,
		.name = name,
		.text = text,
		.length = length,
		.faults = faults,
	};
	struct oci_process *process = arena_new(arena, struct oci_process);
	int result;

	if (reader_parse(&r, &own) == 0) {
		decode_root(&r, &oci_process_table.table, process);
		oci_check_process(&r, "", process);
	}
	result = reader_finish(&r, err);
	if (result == 0)
		*ret_process = process;
	return result;
}

int oci_read_resources(struct arena *arena, const char *text, size_t length,
                       const char *name, struct oci_faults *faults,
                       const struct oci_linux **ret_linux, struct error *err)
{
	struct oci_faults own = { 0 };
	struct oci_reader r = {
		.arena = arena,
		.name = name,
		.text = text,
		.length = length,
		.faults = faults,
	};
	struct oci_linux *l = arena_new(arena, struct oci_linux);
	int result;

	l->resources.set = true;
	if (reader_parse(&r, &own) == 0) {
		decode_root(&r, &oci_resources_table.table, &l->resources);
		decode_root(&r, &oci_rdt_table.table, l);
		oci_check_resources(&r, "", &l->resources);
		oci_check_intel_rdt(&r, "intelRdt", &l->intel_rdt);
	}
	result = reader_finish(&r, err);
	if (result == 0)
		*ret_linux = l;
	return result;
}

int oci_read_mounts(struct arena *arena, const char *text, const char *name,
                    const struct oci_spec **ret_spec, struct error *err)
{
	bool bare = text[strspn(text, " \t\r\n")] == '[';
	struct oci_faults own = { 0 };
	struct oci_reader r = {
		.arena = arena,
		.name = name,
		/* On one line with it, so that lines stay right. */
		.text = bare ? arena_printf(arena, "{\"mounts\":%s}", text)
		             : text,
	};
	struct oci_spec *spec = arena_new(arena, struct oci_spec);
	int result;

	r.length = strlen(r.text);
	if (reader_parse(&r, &own) == 0) {
		decode_root(&r, &oci_mounts_table.table, spec);
		oci_check_mounts(&r, spec);
	}
	result = reader_finish(&r, err);
	if (result == 0)
		*ret_spec = spec;
	return result;
}
