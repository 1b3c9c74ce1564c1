#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A row of a decode table that does not fit its member must not compile.
# usage: table_rows.sh SOURCE_ROOT [CC...]
set -eu

root=$1
shift
[ $# -gt 0 ] || set -- "${CC:-cc}"

compiles() {
	"$@" -D_GNU_SOURCE -std=gnu17 -iquote "$root/src" -fsyntax-only -x c - \
		2>/dev/null <<-END
		#include "json/table.h"
		struct inner { bool set; uint32_t number; };
		struct other { uint32_t number; };
		struct list { const char **items; size_t count; };
		struct pair { const char *key; const char *value; };
		struct outer {
			const char *str; char *mutable; bool flag; int word;
			uint16_t u16; uint32_t u32; int64_t i64; uint64_t u64;
			struct opt_u32 opt_u32; struct opt_i64 opt_i64;
			struct list list; uint32_t *numbers; size_t count;
			struct { struct pair *pairs; size_t count; } map;
			struct inner inner; struct inner *pointer; unsigned bad;
		};
		JSON_TABLE_TYPE(inner);
		JSON_TABLE_TYPE(other);
		JSON_TABLE_TYPE(outer);
		static const struct json_field inner_rows[] = {
			FIELD_U32(struct inner, number, "number", 0),
		};
		static const struct json_field other_rows[] = {
			FIELD_U32(struct other, number, "number", 0),
		};
		static JSON_TABLE(inner_table, inner, inner_rows);
		static JSON_TABLE(other_table, other, other_rows);
		const struct json_field rows[] = { $row };
		END
}

status=0
while read -r verdict row; do
	got=bad
	if compiles "$@"; then
		got=good
	fi
	if [ "$got" != "$verdict" ]; then
		echo "$verdict row is $got: $row"
		status=1
	fi
done <<'END'
good FIELD_STR(struct outer, str, "k", 0)
good FIELD_U32(struct outer, u32, "k", 0)
good FIELD_WORD(struct outer, word, "k", 0, NULL, "w")
good FIELD_STRINGS(struct outer, list, "k", 0)
good FIELD_U32S(struct outer, numbers, count, "k", 0)
good FIELD_MAP(struct outer, map, "k", 0)
good FIELD_OBJECT(struct outer, inner, "k", 0, inner_table)
good FIELD_OBJECT_SET(struct outer, inner, "k", 0, inner_table)
good FIELD_OBJECT_NEW(struct outer, pointer, "k", 0, inner_table)
good FIELD_ARRAY(struct outer, pointer, count, "k", 0, inner_table)
good FIELD_INLINE(struct inner, "k", 0, inner_table)
bad FIELD_STR(struct outer, mutable, "k", 0)
bad FIELD_STR(struct outer, flag, "k", 0)
bad FIELD_BOOL(struct outer, word, "k", 0)
bad FIELD_U16(struct outer, u32, "k", 0)
bad FIELD_U32(struct outer, word, "k", 0)
bad FIELD_U32(struct outer, opt_u32, "k", 0)
bad FIELD_I64(struct outer, u64, "k", 0)
bad FIELD_U64(struct outer, i64, "k", 0)
bad FIELD_OPT_U32(struct outer, u32, "k", 0)
bad FIELD_OPT_U64(struct outer, opt_i64, "k", 0)
bad FIELD_WORD(struct outer, u64, "k", 0, NULL, "w")
bad FIELD_WORD(struct outer, str, "k", 0, NULL, "w")
bad FIELD_STRINGS(struct outer, map, "k", 0)
bad FIELD_U32S(struct outer, numbers, u32, "k", 0)
bad FIELD_MAP(struct outer, list, "k", 0)
bad FIELD_OBJECT(struct outer, inner, "k", 0, other_table)
bad FIELD_OBJECT(struct outer, pointer, "k", 0, inner_table)
bad FIELD_OBJECT_NEW(struct outer, inner, "k", 0, inner_table)
bad FIELD_OBJECT_NEW(struct outer, pointer, "k", 0, other_table)
bad FIELD_ARRAY(struct outer, pointer, u32, "k", 0, inner_table)
bad FIELD_INLINE(struct outer, "k", 0, inner_table)
bad FIELD_STR(struct outer, nothing, "k", 0)
END
exit $status
