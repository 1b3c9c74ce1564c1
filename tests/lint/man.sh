#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Do the manual pages format without a complaint?
set -eu
cd "$1"
command -v groff >/dev/null || { echo "no groff"; exit 77; }
bad=0
for page in man/*.[1-8]; do
	[ -e "$page" ] || { echo "no manual pages"; exit 1; }
	said=$(groff -man -ww -Tutf8 -z "$page" 2>&1)
	[ -z "$said" ] || { echo "$said"; bad=1; }
	wide=$(awk 'length > 80 { print FILENAME ":" NR ": longer than 80" }' \
		"$page")
	[ -z "$wide" ] || { echo "$wide"; bad=1; }
done
exit $bad
