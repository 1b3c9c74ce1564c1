#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Is every C file formatted as contrib/lint/clang-format says?
set -eu
cd "$1"
command -v clang-format >/dev/null || { echo "no clang-format"; exit 77; }
find src include tests contrib -name '*.[ch]' -print0 |
	xargs -0 clang-format --style=file:contrib/lint/clang-format \
		--dry-run -Werror
