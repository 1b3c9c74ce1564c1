#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# run: exit statuses, signals, and what it leaves.
load helpers

# B019 B114
@test "run relays the exit status of the program" {
	for code in 0 1 7 255; do
		program "exit $code"
		runf run --bundle "$BUNDLE" "$ID"
		equals "$status" "$code"
	done
}

# B092 B114
@test "a program that dies of a signal gives 128 and its number" {
	program 'kill -KILL $$'
	# The first process of a pid namespace cannot kill itself.
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 137
}

# B019
@test "run deletes the container afterwards" {
	must_run
	refuses "container does not exist" state "$ID"
	nothing_left
}

# B049
@test "run --keep leaves it stopped" {
	must run --keep --bundle "$BUNDLE" "$ID"
	equals "$(state_of .status)" stopped
	must delete "$ID"
}

# B043 B048
@test "run --detach returns while the program runs" {
	sleeper
	must run --detach --bundle "$BUNDLE" \
		--pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
	equals "$(state_of .status)" running
	equals "$(cat "$BATS_TEST_TMPDIR/pid")" "$(init_pid)"
}

# B084
@test "run passes standard input and output through" {
	program 'cat; echo done'
	echo hello >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in must_run
	equals "$output" "$(printf 'hello\ndone')"
}

# B092
@test "a signal to run reaches the program" {
	program 'trap "echo got it; exit 5" TERM; echo ready
		while :; do sleep 0.1; done'
	"$RUNF" --root "$STATE" run --bundle "$BUNDLE" "$ID" \
		>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	child=$!
	eventually has_text "$BATS_TEST_TMPDIR/said"
	kill -TERM "$child"
	result=0
	wait "$child" || result=$?
	equals "$result" 5
	contains "$(cat "$BATS_TEST_TMPDIR/said")" "got it"
}

# B019
@test "run ends when init ends, though a child of it lives on" {
	program 'sleep 300 & exit 3'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 3
	nothing_left
}

@test "without a pid namespace no process survives delete" {
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program 'sleep 300 & exit 0'
	must_run
	nothing_left
}

# A005 A046
@test "a failing run says why in one line and leaves nothing" {
	config '.process.args = ["/no/such/program"]'
	refuses '/no/such/program' run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# C059
@test "a thousand environment variables and arguments are no problem" {
	config '.process.env += [range(1000) | "V\(.)=\(.)"]
		| .process.args = ["/bin/sh", "-c", "echo $# $V999", "sh"]
			+ [range(1000) | tostring]'
	must_run
	equals "$output" "1000 999"
}

# C059 E018
@test "hundreds of mounts need no more descriptors than there may be" {
	mkdir "$BATS_TEST_TMPDIR/source"
	config --arg s "$BATS_TEST_TMPDIR/source" '.mounts += [range(300) |
		{destination: "/m/\(.)", type: "none", source: $s,
			options: ["bind"]}]'
	program 'grep -c " /m/" /proc/self/mountinfo; ulimit -n'
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 50, hard: 60}]'
	(ulimit -Sn 64 && must_run && equals "$(xargs <<<"$output")" "300 50")
}
