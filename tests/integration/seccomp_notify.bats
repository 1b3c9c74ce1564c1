#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SCMP_ACT_NOTIFY: a filter whose listener goes to an agent.
load helpers

setup_file() {
	cc -O1 -Wall -o "$BATS_FILE_TMPDIR/agent" \
		"$BATS_TEST_DIRNAME/notify_agent.c"
}

setup() {
	prepare
	ROOM_OF_AGENT=$BATS_TEST_TMPDIR/agent
	SOCKET=$ROOM_OF_AGENT/socket
	mkdir "$ROOM_OF_AGENT"
	"$BATS_FILE_TMPDIR/agent" "$SOCKET" "$ROOM_OF_AGENT" 3>&- &
	AGENT=$!
	eventually test -e "$ROOM_OF_AGENT/ready"
}

teardown() {
	kill "$AGENT" 2>/dev/null || true
	tidy
}

# notify NAME...: these are notified, all else is allowed.
notify() {
	config --arg socket "$SOCKET" --arg names "$*" '.linux.seccomp = {
		defaultAction: "SCMP_ACT_ALLOW", listenerPath: $socket,
		listenerMetadata: "some \"opaque\" words",
		syscalls: [{names: ($names | split(" ")),
			action: "SCMP_ACT_NOTIFY"}]}'
}

# What the agent was told of its Nth listener.
told() {
	jq -r "$2" "$ROOM_OF_AGENT/$1.json"
}

calls_of() {
	cat "$ROOM_OF_AGENT/$1.calls"
}

privileges() {
	config --argjson on "$1" '.process.noNewPrivileges = $on'
}

# A194 A204 A208
@test "the agent decides about a call of run, loaded late and early" {
	program 'mkdir /tmp/x 2>&1; grep Seccomp: /proc/self/status; ls /tmp'
	notify mkdir mkdirat
	for late in true false; do
		privileges "$late"
		runf run --bundle "$BUNDLE" "$ID"
		equals "$status" 0
		contains "$output" "No medium found"
		contains "$output" "Seccomp:	2"
		equals "$errors" ""
	done
	equals "$(wc -l <"$ROOM_OF_AGENT/1.calls")" 1
	equals "$(wc -l <"$ROOM_OF_AGENT/2.calls")" 1
}

# A206
@test "the agent is told the container process state, in one message" {
	sleeper
	notify mkdir
	config '.annotations = {"a\"pid\":": "\"status\":\"b"}'
	privileges false
	start_container
	equals "$(told 1 'keys - ["fds","metadata","ociVersion","pid","state"]
		| length')" 0
	equals "$(told 1 .fds[0])" seccompFd
	equals "$(told 1 '.fds | length')" 1
	equals "$(told 1 .metadata)" 'some "opaque" words'
	equals "$(told 1 .ociVersion)" "$(state_of .ociVersion)"
	equals "$(told 1 .pid)" "$(init_pid)"
	equals "$(told 1 .state.pid)" "$(init_pid)"
	equals "$(told 1 .state.status)" creating
	equals "$(told 1 .state.id)" "$ID"
	equals "$(told 1 .state.bundle)" "$BUNDLE"
	equals "$(told 1 '.state.annotations["a\"pid\":"]')" '"status":"b'
}

# A204 A208
@test "with create the filter comes early or with start" {
	sleeper
	notify mkdir
	privileges true
	must_create
	[ ! -e "$ROOM_OF_AGENT/1.json" ]
	must start "$ID"
	equals "$(told 1 .pid)" "$(init_pid)"
	equals "$(told 1 .state.status)" creating
}

# A206 A208 A209
@test "every exec has a listener of its own" {
	sleeper
	notify mkdir mkdirat
	for late in true false; do
		privileges "$late"
		start_container
		runf exec --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" \
			sh -c 'mkdir /tmp/x 2>&1; grep Seccomp: /proc/self/status'
		contains "$output" "No medium found"
		contains "$output" "Seccomp:	2"
		must delete --force "$ID"
	done
	equals "$(told 4 .pid)" "$(cat "$BATS_TEST_TMPDIR/pid")"
	[ "$(told 4 .state.pid)" != "$(told 4 .pid)" ]
	equals "$(told 4 .state.pid)" "$(told 3 .pid)"
	equals "$(told 4 .state.status)" running
}

# A207 D031: all that init and exec do once the filter is there, and what
# would send it.
@test "no call of the runtime itself blocks on its own filter" {
	for late in true false; do
		privileges "$late"
		program 'echo through'
		notify write writev sendmsg sendto recvmsg read close \
			close_range openat openat2 execve futex prctl chdir \
			getcwd setresuid setresgid setgroups capset capget \
			umask faccessat faccessat2 newfstatat exit_group fcntl \
			seccomp sched_yield exit
		must_run
		equals "$output" through
		program 'sleep 300'
		must_create
		must start "$ID"
		must exec "$ID" echo inside
		equals "$output" inside
		must delete --force "$ID"
	done
}

# A194
@test "a default action may be NOTIFY" {
	program 'mkdir /tmp/x; echo done'
	config --arg socket "$SOCKET" '.linux.seccomp = {
		defaultAction: "SCMP_ACT_NOTIFY", listenerPath: $socket}'
	privileges false
	runf run --bundle "$BUNDLE" "$ID"
	contains "$output" "done"
	contains "$errors" "No medium found"
}

# A204 D031
@test "the agent sees nothing but its message, and the payload no listener" {
	program 'ls /proc/self/fd | wc -l'
	notify mkdir
	for late in true false; do
		privileges "$late"
		must_run
		# 0 to 2, and the directory itself.
		equals "$output" 4
	done
	# The agent writes this file only when the connection has ended.
	eventually has_text "$ROOM_OF_AGENT/2.json"
}

# A197
@test "flags go to the kernel, WAIT_KILLABLE_RECV and TSYNC among them" {
	program 'mkdir /tmp/x 2>&1'
	notify mkdir mkdirat
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_TSYNC",
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	runf run --bundle "$BUNDLE" "$ID"
	contains "$output" "No medium found"
	config 'del(.linux.seccomp.syscalls)'
	refuses "WAIT_KILLABLE_RECV without SCMP_ACT_NOTIFY" \
		run --bundle "$BUNDLE" "$ID"
}

# A005 A204
@test "nobody at the socket: nothing is made" {
	notify mkdir
	config '.linux.seccomp.listenerPath = "/no/such/socket"'
	refuses 'linux.seccomp.listenerPath: connect to "/no/such/socket"' \
		run --bundle "$BUNDLE" "$ID"
	equals "$(containers)" ""
}

# A204 A205
@test "NOTIFY without listenerPath, metadata without it: refused" {
	notify mkdir
	config 'del(.linux.seccomp.listenerPath, .linux.seccomp.listenerMetadata)'
	refuses "linux.seccomp.listenerPath" run --bundle "$BUNDLE" "$ID"
	config '.linux.seccomp.listenerMetadata = "x"
		| .linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
	refuses "linux.seccomp.listenerMetadata" run --bundle "$BUNDLE" "$ID"
}

# A204
@test "a listenerPath that nothing notifies is ignored" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		listenerPath: "/no/such/socket"}'
	must_run
}

# C004
@test "the annotation of crun names the socket too" {
	program 'mkdir /tmp/x 2>&1'
	notify mkdir mkdirat
	config --arg socket "$SOCKET" 'del(.linux.seccomp.listenerPath,
			.linux.seccomp.listenerMetadata)
		| .annotations["run.oci.seccomp.receiver"] = $socket'
	runf run --bundle "$BUNDLE" "$ID"
	contains "$output" "No medium found"
	equals "$(told 1 'has("metadata")')" false
}

# A005 A204
@test "an agent that hangs up at once makes the start fail, and no remains" {
	kill "$AGENT"
	wait "$AGENT" || true
	python3 - "$BATS_TEST_TMPDIR/rude" 3>&- <<-'END' &
		import socket, sys
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(sys.argv[1])
		listener.listen(4)
		while True:
		    listener.accept()[0].close()
	END
	AGENT=$!
	eventually test -S "$BATS_TEST_TMPDIR/rude"
	notify mkdir
	config --arg socket "$BATS_TEST_TMPDIR/rude" \
		'.linux.seccomp.listenerPath = $socket'
	program 'sleep 0.3'
	privileges false
	refuses "send its listener" run --bundle "$BUNDLE" "$ID"
}

# A207
@test "a user namespace changes nothing" {
	program 'mkdir /tmp/x 2>&1'
	notify mkdir mkdirat
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000,
			size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	for late in true false; do
		privileges "$late"
		runf run --bundle "$BUNDLE" "$ID"
		contains "$output$errors" "No medium found"
	done
}
