#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill: signals by name and number, and to whom they go.
load helpers

catcher() {
	program 'trap "echo '"$1"' >>/got" '"$1"'; echo ready >/ready
		while :; do sleep 0.05; done'
	start_container
	eventually has_text "$BUNDLE/rootfs/ready"
}

# A020 B021 B059
@test "kill sends TERM unless it is told otherwise" {
	catcher TERM
	must kill "$ID"
	eventually has_text "$BUNDLE/rootfs/got"
}

# B059
@test "signals have names in any case, with and without SIG, and numbers" {
	catcher USR1
	for name in USR1 usr1 SIGUSR1 sigusr1 10; do
		: >"$BUNDLE/rootfs/got"
		must kill "$ID" "$name"
		eventually has_text "$BUNDLE/rootfs/got"
	done
}

# B059
@test "real-time signals have names too" {
	catcher 35
	must kill "$ID" RTMIN+1
	eventually has_text "$BUNDLE/rootfs/got"
}

# B059 D041
@test "an unknown signal is refused and has no effect" {
	sleeper
	start_container
	for name in NOPE 65 9999 '' 9x 'KILL ' SIGSIGKILL RTMIN+99; do
		refuses "signal" kill "$ID" "$name"
	done
	refuses "" kill "$ID" -1
	equals "$(state_of .status)" running
}

# A020 B118
@test "kill of a stopped container says both phrases clients look for" {
	start_container
	wait_status stopped
	refuses "container not running" kill "$ID" KILL
	contains "$errors" "no such process"
	equals "$status" 1
}

# B057 B118 B150 B152
@test "kill --all of a stopped container succeeds" {
	start_container
	wait_status stopped
	must kill --all "$ID" KILL
}

# B057
@test "kill --all reaches every process of the container" {
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program 'sleep 300 & sleep 301 & echo ready >/ready; wait'
	start_container
	eventually has_text "$BUNDLE/rootfs/ready"
	must kill --all "$ID" KILL
	wait_status stopped
	equals "$(orphans | grep -c sleep)" 0
}

# C036
@test "KILL without a pid namespace reaches every process" {
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program 'sleep 300 & echo ready >/ready; wait'
	start_container
	eventually has_text "$BUNDLE/rootfs/ready"
	must kill "$ID" KILL
	wait_status stopped
	must delete "$ID"
	nothing_left
}

# B132
@test "a paused container can be killed with delete --force" {
	need_freezer
	sleeper
	start_container
	must pause "$ID"
	must delete --force "$ID"
	nothing_left
}

need_freezer() {
	[ "$MODE" = v2 ] || need_controller freezer
}
