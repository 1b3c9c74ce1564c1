/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: tables, the reader, the checks. */
#pragma once

#include "json/table.h"
#include "oci/oci.h"

JSON_TABLE_TYPE(oci_id_mapping);
JSON_TABLE_TYPE(oci_process);
JSON_TABLE_TYPE(oci_resources);
JSON_TABLE_TYPE(oci_linux);
JSON_TABLE_TYPE(oci_spec);

extern const JSON_TABLE_OF(oci_id_mapping) oci_id_mapping_table;
extern const JSON_TABLE_OF(oci_process) oci_process_table;
extern const JSON_TABLE_OF(oci_resources) oci_resources_table;
extern const JSON_TABLE_OF(oci_linux) oci_linux_table;
extern const JSON_TABLE_OF(oci_linux) oci_rdt_table; /* intelRdt alone */
extern const JSON_TABLE_OF(oci_spec) oci_spec_table;
extern const JSON_TABLE_OF(oci_spec) oci_mounts_table; /* the mounts alone */

extern const struct str_value oci_propagations[];

json_decode_function oci_decode_seccomp; /* into a struct oci_linux */

/* One document on its way from text to structs. */
struct oci_reader {
	struct json_decoder decoder; /* the first member */
	struct arena *arena;
	const char *name;
	const char *text;
	size_t length;
	const struct json_value *root;
	struct oci_faults *faults;
};

/*
 * Checks look at structs, so they name the place as text:
 *
 *	oci_fault(r, oci_path(r, "%srlimits[%zu].hard", at, i), "...", ...);
 *
 * AT is the path of the checked object with its dot: "process." in
 * config.json, "" in a document of its own. A fault at a path that has one
 * already is dropped: it would only be the echo of a value not decoded.
 */
const char *oci_path(struct oci_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void oci_fault(struct oci_reader *r, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void oci_warning(struct oci_reader *r, const char *path, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));
const char *oci_quote(struct oci_reader *r, const char *text);

void oci_check_spec(struct oci_reader *r, const struct oci_spec *spec);
void oci_check_mounts(struct oci_reader *r, const struct oci_spec *spec);
void oci_check_process(struct oci_reader *r, const char *at,
                       const struct oci_process *process);
void oci_check_linux(struct oci_reader *r, const struct oci_spec *spec);
void oci_check_resources(struct oci_reader *r, const char *at,
                         const struct oci_resources *resources);
void oci_check_intel_rdt(struct oci_reader *r, const char *at,
                         const struct oci_intel_rdt *rdt);
void oci_check_seccomp(struct oci_reader *r, const struct oci_spec *spec);
/* A list of numbers up to OCI_NUMBER_MAX at AT NAME; LIST may be NULL. */
#define OCI_NUMBER_MAX 65535
void oci_check_numbers(struct oci_reader *r, const char *at, const char *name,
                       const char *list);
void oci_check_sysctl(struct oci_reader *r, const struct oci_spec *spec);

/* Both lists together: both or neither, and what the kernel would refuse. */
struct oci_mapping_pair {
	const struct oci_id_mappings *uid;
	const struct oci_id_mappings *gid;
};

void oci_check_mappings(struct oci_reader *r, const char *at,
                        struct oci_mapping_pair maps);
