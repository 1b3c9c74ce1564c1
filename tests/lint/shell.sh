#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Is there anything in our scripts that shellcheck warns about?
set -eu
cd "$1"
command -v shellcheck >/dev/null || { echo "no shellcheck"; exit 77; }
# A script is what says so in its first line, or is sourced by one.
scripts=$(find .ci tests contrib -type f -size -200k \
	-exec sh -c 'for f; do
		head -n 1 "$f" | grep -aqE "^#!.*sh$" && echo "$f"
	done
	true' sh {} + ; find tests -name '*.bash')
# shellcheck disable=SC2086 # no name has a space
shellcheck --severity=style --external-sources $scripts
# In tests, text in single quotes is for the container's shell, each test is
# a subshell, and some variables are set by the helpers.
find tests -name '*.bats' -exec shellcheck --severity=style \
	--exclude=SC2016,SC2030,SC2031,SC2034,SC2154 {} +
