# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of checkpoint and restore share. LISTENERS are processes that
# end with the test.

# shellcheck disable=SC2034 # the tests read them
prepare_checkpoint() {
	IMAGES=$BATS_TEST_TMPDIR/images
	WORK=$BUNDLE/rootfs/work
	LISTENERS=
	# Beside the program under test, where meson builds them.
	BUILT=${RUNF_TEST_PROGRAMS:-$(dirname "$RUNF")/../tests}/criu
	[ -x "$BUILT/checkpoint_payload" ] ||
		skip "no checkpoint_payload was built beside $RUNF"
}

teardown() {
	local pid
	for pid in $LISTENERS; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	tidy
}

# The program CRIU, which can work here.
need_criu() {
	local said
	CRIU=${RUNF_TEST_CRIU:-criu}
	[ ! -d "$CRIU" ] || wrap_criu "$CRIU"
	command -v "$CRIU" >/dev/null ||
		skip "there is no criu (see RUNF_TEST_CRIU)"
	said=$("$CRIU" check 2>&1) ||
		skip "criu cannot work here: $(tail -n 1 <<<"$said")"
	[ -x "$BUILT/fake_criu" ] || skip "runf was built without CRIU"
}

# wrap_criu ROOT: a program that runs ROOT's criu with ROOT's libraries.
wrap_criu() {
	local wrapper=$BATS_FILE_TMPDIR/criu
	cat >"$wrapper" <<-END
		#!/bin/sh
		exec $1/lib64/ld-linux-x86-64.so.2 --library-path \\
			$1/usr/lib/x86_64-linux-gnu $1/usr/sbin/criu "\$@"
	END
	chmod 755 "$wrapper"
	CRIU=$wrapper
}

# configure_payload WORD...: the bundle runs payload.c in its /work.
# shellcheck disable=SC2016 # jq's variable, not ours
configure_payload() {
	mkdir -p "$WORK"
	cp "$BUILT/checkpoint_payload" "$BUNDLE/rootfs/bin/payload"
	printf 'thisthe rest\n' >"$WORK/data"
	truncate -s 0 "$WORK/lock"
	config --arg words "$*" '.root.readonly = false | .process.args =
		["/bin/payload", "/work"] + ($words / " " - [""])'
}

start_payload() {
	start_payload_with "" "$@"
}

# start_payload_with CREATE-OPTIONS WORD...
start_payload_with() {
	local options=$1
	shift
	configure_payload "$@"
	# shellcheck disable=SC2086 # several words
	start_container $options
	eventually test -e "$WORK/ready"
}

checkpoint() {
	must --criu "$CRIU" checkpoint --image-path "$IMAGES" "$@" "$ID"
}

restore() {
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" "$@" "$ID"
}

# shellcheck disable=SC2317 # called through eventually
has_counted() {
	[ "$(cat "$WORK/counter" 2>/dev/null || echo 0)" -ge "$1" ]
}

# Have the payload tell what it has; said NAME is a part of that.
ask() {
	rm -f "$WORK/report"
	must kill "$ID" USR1
	eventually test -e "$WORK/report"
}

said() {
	sed "s/.*\\b$1=//; s/ [a-z]*=.*//" "$WORK/report"
}

images_size() {
	cat "$1"/pages-*.img | wc -c
}

# listen_console NAME
listen_console() {
	python3 "$ROOM/recvtty.py" "$BATS_TEST_TMPDIR/$1" \
		"$BATS_TEST_TMPDIR/$1" 3>&- &
	LISTENERS="$LISTENERS $!"
	eventually test -S "$BATS_TEST_TMPDIR/$1"
}
