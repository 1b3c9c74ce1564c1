#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd-shim-runf-v2 by itself: every method, and who does not behave.
# RUNF_SHIM names the shim; containerd's own passes, too.
load helpers
load ../clients/world

SHIM=${RUNF_SHIM:-$(dirname "$RUNF")/containerd-shim-runf-v2}
RESOURCES=types.containerd.io/opencontainers/runtime-spec/1/LinuxResources
PROCESS=types.containerd.io/opencontainers/runtime-spec/1/Process

setup_file() {
	[ -x "$SHIM" ] || return 0
	SPACE=rts$(printf '%04x%04x' "$RANDOM" "$RANDOM")
	export SPACE
	RUNF_TEST_ROOT=/ world_open "$BATS_FILE_TMPDIR/world"
}

teardown_file() {
	[ -n "${SPACE-}" ] || return 0
	world_close
	find /sys/fs/cgroup -depth -type d -path "*/$SPACE*" \
		-exec rmdir {} + 2>/dev/null || true
}

setup() {
	[ -x "$SHIM" ] || skip "no $SHIM"
	ID=s$BATS_TEST_NUMBER
	MODE=$(cgroup_mode)
	BUNDLE=$WORLD_DIR/$ID
	HERE=/run/t/$ID
	BEFORE=$BATS_TEST_TMPDIR/before
	inventory "$SPACE" >"$BEFORE"
	a_bundle "$BUNDLE"
	EVENTS=$BATS_TEST_TMPDIR/events
	: >"$EVENTS"
	rm -f "$WORLD_DIR/c.ttrpc"
	shim_client events /run/t/c.ttrpc "$EVENTS" &
	SERVER=$!
	eventually test -S "$WORLD_DIR/c.ttrpc"
}

teardown() {
	[ -x "$SHIM" ] || return 0
	[ -z "${ADDRESS-}" ] || shim_client end "$ADDRESS" "$ID" ||
		echo "the shim at $ADDRESS does not answer"
	kill "$(last_child "$SERVER")"
	wait "$SERVER" 2>/dev/null || true
	inventory_is "$BEFORE" "$SPACE"
}

native() {
	[ "${SHIM##*/}" = containerd-shim-runf-v2 ]
}

# ---- a shim, as containerd starts it

a_bundle() {
	make_bundle "$1"
	mkdir -p "$1/work"
	mkfifo "$1/log" "$1/in" "$1/out" "$1/err"
	config_of "$1" --arg path "/$SPACE/${1##*/}" \
		'.linux.cgroupsPath = $path | .root.readonly = false'
}

shim_client() {
	inside python3 -IS "$CLIENTS/ttrpc.py" "$@"
}

# begin [--as VERSION]: sets ADDRESS. What it logs is kept.
begin() {
	exec {LOG}<>"$BUNDLE/log"
	ADDRESS=$(cd / && nsenter --target "$WORLD" --mount --pid \
		--wdns="$HERE" -- python3 -IS "$CLIENTS/ttrpc.py" start "$@" \
		"$SHIM" "$ID" "$SPACE" /run/t/c 3>&-)
	matches "$ADDRESS" '^unix:///'
}

# ok METHOD [JSON]: sets answer; `id` is added.
ok() {
	ask "$@"
	[ "$status" -eq 0 ] || { echo "$*: $answer"; return 1; }
}

# fails CODE METHOD [JSON]
fails() {
	local code=$1
	shift
	ask "$@"
	equals "$status $(jq -r .code <<<"$answer")" "1 $code"
}

ask() {
	local tree=${2-}
	status=0
	answer=$(shim_client call "$ADDRESS" "$1" \
		"$(jq -cn --arg id "$ID" "{id: \$id} + (${tree:-{\}})")") ||
		status=$?
}

fact() {
	jq -r "$1" <<<"$answer"
}

# created [JSON]: by Create, with no stdio.
created() {
	ok Create "{bundle: \"$HERE\"} + (${1:-{\}})"
}

# A container that runs until it is told to end.
running() {
	sleeper
	begin
	created
	ok Start
	pid=$(fact .pid)
}

status_is() {
	ask State
	[ "$(fact .status)" = "$1" ]
}

eventually_stopped() {
	eventually status_is 3
}

stopped() {
	running
	ok Kill '{signal: 15}'
	eventually_stopped
}

# exec_of ID ARGS-JSON [JSON]: recorded, not started.
exec_of() {
	ok Exec "{exec_id: \"$1\", spec: {type_url: \"$PROCESS\", json:
		$(jq -c ".process | .args = $2" "$BUNDLE/config.json")}}
		+ (${3:-{\}})"
}

topics() {
	jq -r .topic "$EVENTS" | sed 's|/tasks/||' | xargs
}

has_topics() {
	[ "$(topics)" = "$1" ]
}

# ---- start and delete

@test "shim: it starts for every containerd" {
	for version in 1.6 1.7 2.0 2.3; do
		# Debian 12's knows nothing of what came later.
		native || [ "$version" != 2.3 ] || continue
		begin --as "$version"
		ok Connect
		[ "$(fact .shim_pid)" -gt 1 ]
		ask Shutdown
		eventually test ! -S "/proc/$WORLD/root${ADDRESS#unix://}"
	done
}

@test "shim: a second start finds the first" {
	begin
	first=$ADDRESS
	begin
	equals "$ADDRESS" "$first"
}

@test "shim: delete clears away what a killed shim has left" {
	running
	ask Connect
	shim=$(fact .shim_pid)
	inside kill -KILL "$shim"
	delete() {
		nsenter --target "$WORLD" --mount --pid --wdns="$HERE" -- \
			"$SHIM" -namespace "$SPACE" -address /run/t/c \
			-publish-binary /bin/true -id "$ID" -bundle "$HERE" \
			delete 2>"$BATS_TEST_TMPDIR/said" 3>&- |
			shim_client decode Ended
	}
	answer=$(delete)
	equals "$(fact .exit_status)" 137
	eventually has_ended_inside "$pid"
	# Once more, when there is nothing.
	delete
	native || rm -f "/proc/$WORLD/root/run/containerd/s"/*
	ADDRESS=
}

has_ended_inside() {
	[ ! -d "/proc/$WORLD/root/proc/$1" ]
}

# ---- the life of a container

@test "shim: from create to delete" {
	program 'exit 7'
	begin
	ok Create "{bundle: \"$HERE\", stdin: \"\", stdout: \"\"}"
	pid=$(fact .pid)
	[ "$pid" -gt 1 ]
	ok State
	equals "$(fact '"\(.id) \(.pid) \(.status) \(.bundle)"')" \
		"$ID $pid 1 $HERE"
	ok Connect
	equals "$(fact .task_pid)" "$pid"
	equals "$(cat "$BUNDLE/init.pid")" "$pid"
	ok Start
	equals "$(fact .pid)" "$pid"
	ok Wait
	equals "$(fact .exit_status)" 7
	[ "$(fact .exited_at.seconds)" -gt 1000000000 ]
	ok State
	equals "$(fact '"\(.status) \(.exit_status)"')" "3 7"
	# Again, at once: it has stopped.
	ok Wait
	equals "$(fact .exit_status)" 7
	ok Delete
	equals "$(fact '"\(.pid) \(.exit_status)"')" "$pid 7"
	eventually has_topics "create start exit delete"
	equals "$(jq -r 'select(.topic == "/tasks/exit") |
		"\(.container_id) \(.id) \(.pid) \(.exit_status)"' "$EVENTS")" \
		"$ID $ID $pid 7"
	equals "$(jq -r .namespace "$EVENTS" | sort -u)" "$SPACE"
	fails 5 State
	ask Shutdown
	eventually test ! -S "/proc/$WORLD/root${ADDRESS#unix://}"
	ADDRESS=
}

@test "shim: stdin, stdout and stderr by FIFO" {
	program 'cat; echo other >&2; exit 3'
	begin
	cat "$BUNDLE/out" >"$BATS_TEST_TMPDIR/out" 3>&- &
	out=$!
	cat "$BUNDLE/err" >"$BATS_TEST_TMPDIR/err" 3>&- &
	err=$!
	exec 8<>"$BUNDLE/in"
	ok Create "{bundle: \"$HERE\", stdin: \"$HERE/in\",
		stdout: \"$HERE/out\", stderr: \"$HERE/err\"}"
	ok Start
	echo typed >&8
	eventually grep -q typed "$BATS_TEST_TMPDIR/out"
	exec 8>&-
	ok CloseIO '{stdin: 1}'
	ok Wait
	equals "$(fact .exit_status)" 3
	# Each has come to its end.
	wait "$out" "$err"
	equals "$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")" \
		"$(printf 'typed\nother')"
}

@test "shim: output into a file, from both streams" {
	program 'echo out; echo err >&2'
	begin
	ok Create "{bundle: \"$HERE\", stdout: \"file://$HERE/new/log\",
		stderr: \"file://$HERE/new/log\"}"
	ok Start
	ok Wait
	ok Delete
	both() { [ "$(sort "$BUNDLE/new/log" | xargs)" = "err out" ]; }
	eventually both
}

@test "shim: a terminal, which is resized" {
	config '.process.terminal = true'
	program 'until [ "$(stty size)" = "30 90" ]; do sleep 0.05; done
		read a; echo "got $a"; exit 4'
	begin
	cat "$BUNDLE/out" >"$BATS_TEST_TMPDIR/out" 3>&- &
	out=$!
	exec 8<>"$BUNDLE/in"
	ok Create "{bundle: \"$HERE\", stdin: \"$HERE/in\",
		stdout: \"$HERE/out\", terminal: 1}"
	ok Start
	ok ResizePty '{width: 90, height: 30}'
	echo typed >&8
	ok Wait
	equals "$(fact .exit_status)" 4
	exec 8>&-
	wait "$out"
	contains "$(cat "$BATS_TEST_TMPDIR/out")" "got typed"
}

@test "shim: a root file system that it mounts" {
	mkdir -p "$BUNDLE"/{lower/bin,lower2,upper,overlay}
	cp /bin/busybox "$BUNDLE/lower/bin/sh"
	mkdir "$BUNDLE"/lower/{proc,dev,sys}
	echo second >"$BUNDLE/lower2/second"
	rm -rf "$BUNDLE/rootfs"
	mkdir "$BUNDLE/rootfs"
	program 'read a </second && echo $a >/written'
	begin
	created "{rootfs: [{type: \"overlay\", source: \"overlay\", options: [
		\"lowerdir=$HERE/lower2:$HERE/lower\",
		\"upperdir=$HERE/upper\", \"workdir=$HERE/overlay\"]}]}"
	ok Start
	ok Wait
	equals "$(fact '.exit_status // 0')" 0
	ok Delete
	equals "$(cat "$BUNDLE/upper/written")" second
	equals "$(ls "$BUNDLE/rootfs")" ""
}

# ---- what is refused, and how

@test "shim: statuses of what cannot be" {
	begin
	for method in State Start Delete Pids Pause Resume Kill Wait Stats; do
		ask "$method"
		[ "$status" -eq 1 ] || { echo "$method: $answer"; return 1; }
		equals "$(fact .code)" 5
	done
	# It is there, though it has no container.
	ok Connect '{id: "other"}'
	[ "$(fact .shim_pid)" -gt 1 ]
	equals "$(fact '.task_pid // 0')" 0
	sleeper
	created
	# containerd's own does not look.
	code=6
	native || code=2
	fails "$code" Create "{bundle: \"$HERE\"}"
	ok Start
	ask Delete
	equals "$status" 1
	equals "$(fact .code | grep -cE '^(2|9)$')" 1
	fails 5 State '{exec_id: "nosuch"}'
	ok Kill '{signal: 15}'
	eventually_stopped
	fails 5 Kill '{signal: 15}'
	contains "$(fact .message)" "process already finished"
	ok Kill '{signal: 0}' || fails 5 Kill '{signal: 0}'
}

@test "shim: a program that is not there fails the create" {
	config '.process.args = ["nosuch"]'
	begin
	ask Create "{bundle: \"$HERE\"}"
	equals "$status" 1
	contains "$(fact .message)" nosuch
	contains "$(fact .message)" "executable file not found"
	fails 5 Delete
	sleep 0.2
	lacks "$(topics)" exit
}

@test "shim: no method and no service by that name" {
	begin
	fails 12 Nothing
	ask Connect
	equals "$status" 0
}

@test "shim: shutdown waits for its containers" {
	running
	ask Shutdown
	ok State
	equals "$(fact .status)" 2
}

# ---- exec

@test "shim: an exec is recorded, started, waited for and deleted" {
	running
	exec_of e1 '["sh", "-c", "exit 9"]'
	ask Exec "{exec_id: \"e1\", spec: {type_url: \"$PROCESS\", json: {}}}"
	equals "$status $(fact .code)" "1 6"
	ok State '{exec_id: "e1"}'
	equals "$(fact '"\(.id) \(.status)"')" "e1 1"
	ok Start '{exec_id: "e1"}'
	other=$(fact .pid)
	ok Wait '{exec_id: "e1"}'
	equals "$(fact .exit_status)" 9
	ok Delete '{exec_id: "e1"}'
	equals "$(fact '"\(.pid) \(.exit_status)"')" "$other 9"
	fails 5 State '{exec_id: "e1"}'
	eventually has_topics "create start exec-added exec-started exit"
	equals "$(jq -r 'select(.topic == "/tasks/exit") | .id' "$EVENTS")" e1
	ok State
	equals "$(fact .status)" 2
}

@test "shim: pids name the execs; a signal ends one of them" {
	running
	exec_of e1 '["sleep", "300"]'
	ok Start '{exec_id: "e1"}'
	other=$(fact .pid)
	ok Pids
	equals "$(fact "[.processes[] | select(.pid == $other)][0]
		.info.value.exec_id")" e1
	equals "$(fact "[.processes[].pid] | index($pid) != null")" true
	ok Kill '{exec_id: "e1", signal: 9}'
	ok Wait '{exec_id: "e1"}'
	equals "$(fact .exit_status)" 137
	ok State
	equals "$(fact .status)" 2
}

@test "shim: execs end before their container is told to have ended" {
	running
	exec_of e1 '["sleep", "300"]'
	ok Start '{exec_id: "e1"}'
	exec_of e2 '["true"]'
	ok Kill '{signal: 9, all: 1}'
	eventually_stopped
	ok Wait '{exec_id: "e1"}'
	equals "$(fact .exit_status)" 137
	ended() {
		equals "$(jq -r 'select(.topic == "/tasks/exit") | .id' \
			"$EVENTS" | xargs)" "e1 $ID"
	}
	eventually ended
	ask Start '{exec_id: "e2"}'
	equals "$status" 1
}

@test "shim: an exec of a program that is not there" {
	running
	exec_of e1 '["nosuch"]'
	ask Start '{exec_id: "e1"}'
	equals "$status" 1
	contains "$(fact .message)" nosuch
	ok Delete '{exec_id: "e1"}'
	ok State
	equals "$(fact .status)" 2
}

# ---- freeze, limit, count

@test "shim: pause and resume" {
	[ "$MODE" = v2 ] || need_controller freezer
	running
	ok Pause
	ok State
	equals "$(fact .status)" 4
	ok Resume
	ok State
	equals "$(fact .status)" 2
	eventually has_topics "create start paused resumed"
}

@test "shim: update and stats" {
	need_controller pids
	running
	ok Update "{resources: {type_url: \"$RESOURCES\",
		json: {pids: {limit: 77}}}}"
	equals "$(find /sys/fs/cgroup -path "*/$SPACE/$ID/pids.max" \
		-exec cat {} +)" 77
	ok Stats
	case $MODE in
	v2) wanted=io.containerd.cgroups.v2.Metrics ;;
	*) wanted=io.containerd.cgroups.v1.Metrics ;;
	esac
	equals "$(fact .stats.type_url)" "$wanted"
}

# ---- who does not behave

@test "shim: a wait does not hold up the rest of a connection" {
	running
	printf '%s {"id":"%s"%s}\n' Wait "$ID" "" State "$ID" "" \
		Kill "$ID" ',"signal":15' Connect "$ID" "" |
		shim_client many "$ADDRESS" >"$BATS_TEST_TMPDIR/answers"
	equals "$(wc -l <"$BATS_TEST_TMPDIR/answers")" 4
	lacks "$(head -n 1 "$BATS_TEST_TMPDIR/answers")" '"line": 1'
}

# Its head says: stream 1, a request, of ten bytes.
@test "shim: what is no frame harms nobody else" {
	running
	for hex in "" 00 0000000a0000000101 0000000a000000010100ffffffffffff \
		0000000a000000010100ffffffffffffffffffff \
		ffffffff000000010100 000000000000000101 \
		00000000000000020100 00000000000000010900 \
		00000003000000010100080102; do
		# shellcheck disable=SC2086 # or nothing
		shim_client raw "$ADDRESS" $hex
		ok State
		equals "$(fact .status)" 2
	done
}

@test "shim: who connects and says nothing, and who never reads" {
	running
	shim_client deaf "$ADDRESS" 0 >/dev/null &
	silent=$!
	shim_client deaf "$ADDRESS" 5000 >"$BATS_TEST_TMPDIR/sent" &
	deaf=$!
	for _ in 1 2 3; do
		ok State
		sleep 0.3
	done
	eventually test -s "$BATS_TEST_TMPDIR/sent"
	ok Kill '{signal: 15}'
	eventually_stopped
	kill "$(last_child "$silent")" "$(last_child "$deaf")"
	ok Delete
}

@test "shim: containerd is away, and its events come later" {
	program 'exit 0'
	begin
	kill "$(last_child "$SERVER")"
	wait "$SERVER" 2>/dev/null || true
	rm -f "$WORLD_DIR/c.ttrpc"
	created
	ok Start
	ok Wait
	shim_client events /run/t/c.ttrpc "$EVENTS" &
	SERVER=$!
	ok Delete
	# containerd's own may have forgotten the first of them.
	if native; then
		eventually has_topics "create start exit delete"
	fi
}
