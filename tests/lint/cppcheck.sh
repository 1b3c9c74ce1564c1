#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What does cppcheck see in the sources?
set -eu
cd "$1"
command -v cppcheck >/dev/null || { echo "no cppcheck"; exit 77; }
# It cannot know that what a function returns by pointer is written whenever
# it succeeds (uninitvar): the sanitizers look at that.
exec cppcheck --quiet --error-exitcode=1 --inline-suppr -j 2 \
	--enable=warning,performance,portability --std=c11 --language=c \
	-D_GNU_SOURCE -D__x86_64__ -Isrc -Iinclude \
	--suppress=uninitvar --suppress=missingIncludeSystem --suppress=unmatchedSuppression \
	src
