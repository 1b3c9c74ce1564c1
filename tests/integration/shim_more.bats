#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A shim among those who end, fail and lie: containerd is not needed.
load helpers

setup() {
	SHIM=${RUNF_SHIM:-$(dirname "$RUNF")/containerd-shim-runf-v2}
	[ -x "$SHIM" ] || skip "no $SHIM"
	prepare
}

scenario() {
	mkdir -p "$STATE"
	PYTHONDONTWRITEBYTECODE=1 python3 "$ROOM/shim_more.py" "$1" "$SHIM" \
		"$BUNDLE" "$STATE" "$TAG" 3>&-
	# Directories of bundles are not the runtime's.
	rm -rf "${STATE:?}"/{bundles,out*,s}
}

@test "shim: a payload inherits no signals, descriptors, limits of the shim's" {
	scenario payload
}

@test "shim: a created init holds nothing of the shim's" {
	scenario created_init
}

@test "shim: a worker that is killed" {
	scenario worker_dies
}

@test "shim: a shim that is killed while a container is created" {
	scenario shim_dies
}

@test "shim: what init leaves in a shared pid namespace" {
	scenario shared_pids
}

@test "shim: several starts of one group at once" {
	scenario starts_at_once
}

@test "shim: one for all containers of a namespace" {
	scenario shared
}

@test "shim: it is told to end while another container comes" {
	scenario promised
}

@test "shim: names that nobody should give" {
	scenario odd_names
}

@test "shim: a bundle that cannot be written" {
	scenario no_address
}

@test "shim: it is terminated" {
	scenario terminated
}

@test "shim: a log without a reader" {
	scenario log_without_reader
}

@test "shim: streams that are not there" {
	scenario no_streams
}

@test "shim: a checkpoint, and a container from one" {
	FAKE_PROGRAM=${RUNF_TEST_PROGRAMS:-$(dirname "$RUNF")/../tests}
	FAKE_PROGRAM=$FAKE_PROGRAM/criu/fake_criu
	FAKE_CRIU=$BATS_TEST_TMPDIR/fake
	export FAKE_PROGRAM FAKE_CRIU
	[ -x "$FAKE_PROGRAM" ] || skip "runf was built without CRIU"
	mkdir "$FAKE_CRIU"
	scenario checkpoint
	rm -rf "${STATE:?}/images"
}
