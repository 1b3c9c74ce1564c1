#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many at once: containers, and commands about the same one.
load helpers

count() {
	[ "$RUNF_SLOW" = 1 ] && echo "$1" || echo "$2"
}

# B141
@test "many containers at once" {
	program 'echo $((6 * 7))'
	n=$(count 32 6)
	children=
	for ((i = 0; i < n; i++)); do
		timeout 60 "$RUNF" --root "$STATE" run --bundle "$BUNDLE" \
			"$TAG.$i" >"$BATS_TEST_TMPDIR/said.$i" 2>&1 \
			</dev/null 3>&- &
		children="$children $!"
	done
	for child in $children; do
		wait "$child"
	done
	for ((i = 0; i < n; i++)); do
		equals "$(cat "$BATS_TEST_TMPDIR/said.$i")" 42
	done
	nothing_left
}

# A017 B141
@test "of creates with the same id exactly one succeeds" {
	for round in 1 2 3; do
		children=
		for _ in 1 2 3 4 5 6; do
			timeout 60 "$RUNF" --root "$STATE" create \
				--bundle "$BUNDLE" "$ID" >/dev/null \
				2>>"$BATS_TEST_TMPDIR/errors.$round" \
				</dev/null 3>&- &
			children="$children $!"
		done
		won=0
		for child in $children; do
			! wait "$child" || won=$((won + 1))
		done
		equals "$won" 1
		equals "$(grep -c "already exists" \
			"$BATS_TEST_TMPDIR/errors.$round")" 5
		equals "$(state_of .status)" created
		must delete "$ID"
		nothing_left
	done
}

# B096 B106 B141
@test "list and state while containers come and go" {
	program 'true'
	(
		for i in $(seq "$(count 20 4)"); do
			timeout 60 "$RUNF" --root "$STATE" run --bundle \
				"$BUNDLE" "$TAG.$i" </dev/null 3>&-
		done
	) >/dev/null 2>&1 &
	worker=$!
	while kill -0 "$worker" 2>/dev/null; do
		runf list --format json
		equals "$status" 0
		jq -e 'all(.id and .status)' "$OUT" >/dev/null
	done
	wait "$worker"
	nothing_left
}

# B141
@test "of deletes of the same container none leaves anything" {
	sleeper
	start_container
	children=
	for _ in 1 2 3 4; do
		timeout 60 "$RUNF" --root "$STATE" delete --force "$ID" \
			</dev/null >/dev/null 2>&1 3>&- &
		children="$children $!"
	done
	for child in $children; do
		wait "$child" || true
	done
	nothing_left
}

# B132 B140
@test "a create that is killed at any moment can be cleaned up" {
	for delay in 0.000 0.001 0.002 0.003 0.005 0.008 0.012 0.020 0.040; do
		"$RUNF" --root "$STATE" create --bundle "$BUNDLE" "$ID" \
			>/dev/null 2>&1 </dev/null 3>&- &
		child=$!
		sleep "$delay"
		kill -KILL "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
		must delete --force "$ID"
		nothing_left
	done
}

# B132
@test "a run that is killed leaves what delete --force removes" {
	sleeper
	"$RUNF" --root "$STATE" run --bundle "$BUNDLE" "$ID" \
		>/dev/null 2>&1 </dev/null 3>&- &
	child=$!
	wait_status running
	kill -KILL "$child"
	wait "$child" || true
	must delete --force "$ID"
	nothing_left
}

# B141 D050
@test "start and delete --force at the same time" {
	sleeper
	for _ in 1 2 3 4 5; do
		must_create
		timeout 60 "$RUNF" --root "$STATE" start "$ID" \
			</dev/null >/dev/null 2>&1 3>&- &
		child=$!
		must delete --force "$ID"
		wait "$child" || true
		nothing_left
	done
}
