#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runf-fn invoke: the Runtime API in a sandbox, limits, and what is counted.
load helpers

setup_file() {
	FN_PROGRAM=$BATS_FILE_TMPDIR/bootstrap
	export FN_PROGRAM
	! command -v cc >/dev/null || cc -O2 -static \
		-DHANDLE="\"$(realpath "$BATS_TEST_DIRNAME")/fn_cases.h\"" \
		-o "$FN_PROGRAM" \
		"$BATS_TEST_DIRNAME/../../contrib/functions/bootstrap.c"
}

setup() {
	FN=$(dirname "$RUNF")/runf-fn
	[ -x "$FN" ] || skip "runf-fn was not built (libmicrohttpd-dev, libarchive-dev, libmd-dev)"
	[ -x "$FN_PROGRAM" ] || skip "there is no C compiler that links statically"
	prepare
	FNROOT=$BATS_TEST_TMPDIR/functions.root
	FNSTATE=$BATS_TEST_TMPDIR/fn.state
	# The helpers look after the containers in it.
	STATE=$FNSTATE/containers
	cp "$FN_PROGRAM" "$BUNDLE/rootfs/bootstrap"
	config '.process.args = ["/bootstrap"] | .process.terminal = false'
	NAME=$TAG
}

fn() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	ERR=$BATS_TEST_TMPDIR/err.$CALLS
	status=0
	timeout --foreground --kill-after=5 "$((60 * RUNF_SLOW))" \
		"$FN" --root "$FNROOT" --state "$FNSTATE" "$@" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- || status=$?
	output=$(tr -d '\0' <"$OUT")
	errors=$(<"$ERR")
}

# has CONTROLLER: it can limit and count here.
has() {
	grep -qsw "$1" /sys/fs/cgroup/cgroup.controllers ||
		[ -d "/sys/fs/cgroup/$1" ]
}

# function OPTION...: NAME, without the limits that this host cannot set.
function_of() {
	local file drop='.'
	fn deploy "$NAME" --bundle "$BUNDLE" "$@"
	[ "$status" -eq 0 ] || { echo "$errors"; return 1; }
	for file in memory cpu pids; do
		has $file || drop="$drop | del(.linux.resources.$file)"
	done
	for file in config boost; do
		file=$(realpath "$FNROOT/functions/$NAME/current")/$file.json
		jq "$drop" "$file" >"$file.new"
		mv "$file.new" "$file"
	done
}

# call STATUS EVENT OPTION...
call() {
	local wanted=$1
	printf '"%s"' "$2" >"$BATS_TEST_TMPDIR/event"
	shift 2
	fn invoke "$@" "$NAME" "$BATS_TEST_TMPDIR/event"
	[ "$status" -eq "$wanted" ] && return
	echo "status $status, not $wanted; stdout: ${output:0:200}; stderr: $errors"
	return 1
}

usage() {
	tail -n 1 "$FNROOT/usage.jsonl" | jq -r "$1"
}

nothing_runs() {
	[ -z "$(ls "$STATE")" ] && [ "$(cgroups_left | wc -l)" -eq 0 ]
}

@test "an event goes in, its response comes out, and three lines tell of it" {
	function_of
	call 0 "some event"
	equals "$output" '"some event"'
	matches "$errors" 'START RequestId: ([-0-9a-f]{36}) Version: [0-9a-f]{12}
END RequestId: ([-0-9a-f]{36})
REPORT RequestId: ([-0-9a-f]{36})	Duration: [0-9.]+ ms	Billed Duration: [0-9]+ ms	Memory Size: 128 MB(	Max Memory Used: [0-9]+ MB)?	Init Duration: [0-9.]+ ms'
	equals "$(usage '[.fn, .kind, .start, .status, .in_bytes, .out_bytes] | @csv')" \
		"\"$NAME\",\"sync\",\"cold\",\"ok\",12,12"
	nothing_runs
}

@test "an event comes from stdin, from a file, or is an empty object" {
	function_of
	fn invoke "$NAME"
	equals "$output" '{}'
	output=$(echo '{"a": 1}' | "$FN" --root "$FNROOT" --state "$FNSTATE" \
		invoke "$NAME" - 2>/dev/null 3>&-)
	equals "$output" '{"a": 1}'
	fn invoke "$NAME" /nonexistent
	equals "$status" 125
	contains "$errors" '"/nonexistent"'
	head -c 6291557 /dev/zero >"$BATS_TEST_TMPDIR/large"
	fn invoke "$NAME" "$BATS_TEST_TMPDIR/large"
	equals "$status" 125
	contains "$errors" "more than 6291556 bytes"
}

@test "what cannot be invoked is said" {
	fn invoke "$NAME"
	equals "$status" 125
	contains "$errors" "there is no function"
	fn invoke "../x"
	contains "$errors" "is no name of a function"
	function_of
	fn invoke --async "$NAME"
	equals "$status" 125
	contains "$errors" "start runf-fn serve"
	fn invoke --async --stream "$NAME"
	contains "$errors" "exclude each other"
	fn invoke --timeout 901 "$NAME"
	contains "$errors" "above 900"
}

@test "an error of the function is status 1, with its payload" {
	function_of
	call 1 throw
	equals "$output" '{"errorType":"Test.Thrown"}'
	contains "$errors" "Status: error"
	equals "$(usage .status)" error
}

@test "a runtime that ends during a call is told from one that answers" {
	function_of
	call 1 "exit 3"
	contains "$output" "Runtime exited with error: exit status 3"
	contains "$output" '"errorType":"Runtime.ExitError"'
	equals "$(usage .status)" exit
	call 1 "exit 0"
	contains "$output" "Runtime exited without providing a reason"
	call 1 kill
	contains "$output" "signal: "
	nothing_runs
}

@test "an init that fails or ends is the invocation's error" {
	function_of --env INIT=error
	call 1 x
	equals "$output" '{"errorType":"Test.Init"}'
	function_of --env INIT=exit
	call 1 x
	contains "$output" "exit status 7"
	nothing_runs
}

@test "an init beyond its limit is done again in the time of the invocation" {
	# The second one takes as long: the function's own time ends it.
	function_of --env "INIT=sleep 3500" --init-timeout 1 --timeout 2
	call 124 x
	contains "$output" "Task timed out after 2.00 seconds"
	function_of --env "INIT=sleep 1500" --init-timeout 1 --timeout 10
	call 0 x
	equals "$output" '"x"'
	equals "$(usage .init_us)" 1000000
	nothing_runs
}

@test "a time-out kills all that runs, and is status 124" {
	function_of --timeout 1
	call 124 "sleep 20000"
	contains "$output" "Task timed out after 1.00 seconds"
	contains "$output" '"errorType":"Sandbox.Timeout"'
	contains "$errors" "Status: timeout"
	equals "$(usage .status)" timeout
	nothing_runs
	call 0 "sleep 1500" --timeout 5
	equals "$output" '"slept"'
}

@test "memory that is used up is told from other ends" {
	has memory || skip "no memory controller here"
	function_of --timeout 60 --memory 512
	call 1 "memory 700"
	contains "$output" '"errorType":"Runtime.OutOfMemory"'
	equals "$(usage .status)" oom
	[ "$(usage .oom_kills)" -ge 1 ]
	call 0 "memory 40"
	[ "$(usage .max_memory_bytes)" -ge 41943040 ]
	[ "$(usage .max_memory_bytes)" -le 100000000 ]
	nothing_runs
}

@test "a response has at most 6 MiB and 100 bytes" {
	function_of --timeout 60 --memory 1769
	call 0 "large 6291556"
	equals "$(stat -c %s "$OUT")" 6291556
	contains "$errors" "answer of 6291556: 202"
	call 1 "large 6291557"
	contains "$output" '"errorType":"Function.ResponseSizeTooLarge"'
	call 1 "large 20000000"
	contains "$output" '"errorType":"Function.ResponseSizeTooLarge"'
}

@test "pieces of a streamed response arrive as they are sent" {
	function_of --timeout 20
	printf '"stream 15"' >"$BATS_TEST_TMPDIR/event"
	output=$("$FN" --root "$FNROOT" --state "$FNSTATE" invoke --stream \
		"$NAME" "$BATS_TEST_TMPDIR/event" 2>/dev/null 3>&- |
		python3 -c 'import os, time
times = []
while piece := os.read(0, 4096):
    times.append((time.monotonic(), piece))
print(len(times), int((times[-1][0] - times[0][0]) * 10),
      b"".join(p for _, p in times).split().count(b"piece"))')
	read -r pieces tenths words <<<"$output"
	[ "$pieces" -ge 4 ] && [ "$tenths" -ge 3 ]
	equals "$words" 15
	equals "$(usage .kind)" stream
	# Who does not stream gets the same at once.
	call 0 "stream 2"
	equals "$output" "$(printf 'piece 0\npiece 1')"
}

@test "an error behind a stream is found in its trailers" {
	function_of
	call 1 "streamfail 2" --stream
	equals "$output" "$(printf 'piece 0\npiece 1')"
	contains "$errors" "Status: error"
}

@test "calls that break the rules are refused, and the invocation ends" {
	function_of
	for rule in id init path twice; do
		call 0 "rule $rule"
		equals "$output" '"answered"'
	done
	call 1 "rule next"
	contains "$output" '"errorType":"Runtime.InvalidStateTransition"'
	function_of --env INIT=respond
	call 0 x
	contains "$errors" "early: 403"
	nothing_runs
}

@test "connections that say nothing or nonsense harm nobody" {
	function_of --timeout 20
	call 0 loris
	contains "$output" "sent"
	nothing_runs
}

@test "a sandbox reaches its own API, and no port of the host" {
	command -v ip >/dev/null || skip "ip (iproute2) is not installed"
	function_of
	printf '"reach 9002"' >"$BATS_TEST_TMPDIR/event"
	# A host of its own, with somebody at both ports.
	# shellcheck disable=SC2016
	unshare --net sh -c '
		ip link set lo up
		python3 -c "
import socket, sys
for port in 9001, 9002:
    s = socket.create_server((\"127.0.0.1\", port))
    s.setblocking(False)
    globals()[port] = s
socket.create_connection((\"127.0.0.1\", 9002))
print(9002, globals()[9002].accept()[1] is not None, flush=True)
sys.stdin.read()
for port in 9001, 9002:
    try:
        globals()[port].accept()
        print(port, \"was reached\")
    except BlockingIOError:
        print(port, \"saw nobody\")
" <"$0.fifo" >"$0.seen" &
		exec 9>"$0.fifo"
		while ! [ -s "$0.seen" ]; do sleep 0.1; done
		"$@" >"$0.out" 2>"$0.err"
		exec 9>&-
		wait
	' "$(mkfifo "$BATS_TEST_TMPDIR/n.fifo" && echo "$BATS_TEST_TMPDIR/n")" \
		"$FN" --root "$FNROOT" --state "$FNSTATE" invoke "$NAME" \
		"$BATS_TEST_TMPDIR/event" 3>&-
	equals "$(<"$BATS_TEST_TMPDIR/n.out")" "Connection refused"
	equals "$(<"$BATS_TEST_TMPDIR/n.seen")" "9002 True
9001 saw nobody
9002 saw nobody"
	call 0 "reach 9001"
	equals "$output" reached
}

@test "nobody outside reaches the API of a sandbox" {
	function_of --timeout 20
	printf '"sleep 1500"' >"$BATS_TEST_TMPDIR/event"
	"$FN" --root "$FNROOT" --state "$FNSTATE" invoke "$NAME" \
		"$BATS_TEST_TMPDIR/event" >/dev/null 2>&1 3>&- &
	local invoke=$!
	eventually test -n "$(ls "$STATE" 2>/dev/null)" || true
	unshare --net python3 -c 'import socket
try:
    socket.create_connection(("127.0.0.1", 9001), 1)
    print("reached")
except OSError as e:
    print("not reached")' >"$BATS_TEST_TMPDIR/reach" 3>&-
	equals "$(<"$BATS_TEST_TMPDIR/reach")" "not reached"
	wait "$invoke"
}

@test "a function without a network namespace is refused" {
	function_of
	local file
	for file in config boost; do
		file=$(realpath "$FNROOT/functions/$NAME/current")/$file.json
		jq '.linux.namespaces |= map(select(.type != "network"))' \
			"$file" >"$file.new"
		mv "$file.new" "$file"
	done
	call 125 x
	contains "$errors" "shares the host's network"
	equals "$(usage .status)" failed
	nothing_runs
}

@test "a program that is missing is no error of the function" {
	function_of
	local file
	for file in config boost; do
		file=$(realpath "$FNROOT/functions/$NAME/current")/$file.json
		jq '.process.args = ["/nothing"]' "$file" >"$file.new"
		mv "$file.new" "$file"
	done
	call 125 x
	contains "$errors" '"/nothing": no such file'
	nothing_runs
}

@test "the environment, a writable /tmp, and a root that is read-only" {
	function_of --env FOO=bar --memory 300
	call 0 "env FOO"
	equals "$output" bar
	call 0 "env AWS_LAMBDA_RUNTIME_API"
	equals "$output" 127.0.0.1:9001
	call 0 "env AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
	equals "$output" 300
	call 0 write
	equals "$output" "root: Read-only file system, /tmp: written"
}

@test "what the function writes is on stderr, also of a terminal" {
	function_of --timeout 5
	call 0 "large 10"
	contains "$errors" "answer of 10: 202"
	printf '"large 10"' >"$BATS_TEST_TMPDIR/event"
	script -qec "$FN --root $FNROOT --state $FNSTATE invoke $NAME $BATS_TEST_TMPDIR/event" \
		/dev/null >"$BATS_TEST_TMPDIR/terminal" 2>&1 3>&- </dev/null
	contains "$(<"$BATS_TEST_TMPDIR/terminal")" "answer of 10: 202"
}

@test "what is counted is what a known burner uses" {
	function_of --memory 1769 --timeout 60
	call 0 "burn 400"
	# Without a controller the kernel still counts the CPU in v2.
	local used
	used=$(usage '.cpu_user_us + .cpu_system_us')
	[ "$used" -ge 380000 ] && [ "$used" -le 600000 ]
	[ "$(usage .duration_us)" -ge 380000 ]
	equals "$(usage '.billed_ms - ((.init_us + .duration_us + 999) / 1000 | floor)')" 0
	equals "$(usage '.gb_ms - (.billed_ms * 1769 / 1024 | floor)')" 0
	call 0 "sleep 200"
	[ "$(usage '.cpu_user_us + .cpu_system_us')" -le 100000 ]
	has memory || equals "$(usage .max_memory_bytes)" null
}

@test "a quota is withheld while a function initializes, and holds then" {
	has cpu || skip "no cpu controller here"
	function_of --env "INIT=burn 60" --timeout 60
	local boosted
	call 0 x
	boosted=$(usage .init_us)
	call 0 x --no-boost
	# 128 MB are 7 % of a CPU.
	echo "boosted $boosted, else $(usage .init_us) us"
	[ "$(usage .init_us)" -ge 500000 ]
	[ "$boosted" -lt "$(($(usage .init_us) * 2 / 3))" ]
	# 400 ms of CPU at 7 % take more than five seconds.
	function_of --timeout 60
	call 0 "burn 400"
	echo "burnt in $(usage .duration_us) us"
	[ "$(usage .duration_us)" -ge 1500000 ]
	[ "$(usage .throttled_us)" -ge 100000 ]
}

@test "a signal ends the sandbox, too" {
	function_of --timeout 60
	printf '"sleep 50000"' >"$BATS_TEST_TMPDIR/event"
	"$FN" --root "$FNROOT" --state "$FNSTATE" invoke "$NAME" \
		"$BATS_TEST_TMPDIR/event" >/dev/null 2>&1 3>&- &
	local invoke=$! result=0
	eventually test -e "$STATE" || true
	sleep 0.5
	kill -TERM "$invoke"
	wait "$invoke" || result=$?
	equals "$result" 143
	nothing_runs
}

# driver HOW EVENT COUNT: many invocations of one sandbox.
driver() {
	local fn_driver
	fn_driver=${RUNF_TEST_PROGRAMS:-$(dirname "$RUNF")/../tests}/unit/fn_driver
	[ -x "$fn_driver" ] || skip "the tests' programs were not built"
	output=$(timeout "$((60 * RUNF_SLOW))" "$fn_driver" "$FNROOT" \
		"$FNSTATE" "$NAME" "$1" "\"$2\"" "$3" 2>&1 3>&-)
}

@test "a sandbox is used again, keeps its memory, and is frozen in between" {
	function_of
	driver idle count 5
	matches "$output" $'^5\nstart 3 status 0\nmedian [0-9]+ us'
	driver frozen count 5
	matches "$output" $'^5\nstart 2 status 0\n'
	driver created count 3
	matches "$output" $'^1\nstart 1 status 0\n'
	nothing_runs
}

@test "a sandbox is not used again after a crash, a time-out or a broken rule" {
	local event
	function_of --timeout 1
	for event in "exit 1" "sleep 5000" "rule twice" "rule id" "rule next"; do
		driver idle "$event" 2
		# Each of them was the first of a sandbox that was created for it.
		contains "$output" "start 1"
	done
	driver idle throw 2
	contains "$output" "start 3 status 1"
	nothing_runs
}

@test "a client in JavaScript: response, error, and the deadline" {
	command -v node >/dev/null || skip "node (nodejs) is not installed"
	mkdir -p "$BUNDLE/rootfs/"{usr,lib,lib64,var/task}
	cp "$BATS_TEST_DIRNAME/fn_client.js" "$BUNDLE/rootfs/var/task/"
	function_of --memory 512 --timeout 30 --init-timeout 30
	local file node
	node=$(realpath "$(command -v node)")
	for file in config boost; do
		file=$(realpath "$FNROOT/functions/$NAME/current")/$file.json
		jq --arg node "$node" '.process.args = [$node, "/var/task/fn_client.js"]
			| .mounts += ["/usr", "/lib", "/lib64" | {
				destination: ., source: ., type: "bind",
				options: ["rbind", "ro", "nosuid"]}]' \
			"$file" >"$file.new"
		mv "$file.new" "$file"
	done
	echo '{"a": 1}' >"$BATS_TEST_TMPDIR/event"
	fn invoke "$NAME" "$BATS_TEST_TMPDIR/event"
	[ "$status" -eq 0 ] || { echo "$output $errors"; return 1; }
	equals "$(jq -c '[.event, .calls, .left > 20000, .left <= 30000]' "$OUT")" \
		'[{"a":1},1,true,true]'
	equals "$(jq -r .id "$OUT")" "$(usage .req)"
	echo '{"error": "no"}' >"$BATS_TEST_TMPDIR/event"
	fn invoke "$NAME" "$BATS_TEST_TMPDIR/event"
	equals "$status" 1
	equals "$(jq -r '.errorType + .errorMessage' "$OUT")" RangeErrorno
}

@test "the official client: response, error, init error, streaming" {
	[ -d "${RUNF_LAMBDA_RIC-}/node_modules/aws-lambda-ric" ] ||
		skip "RUNF_LAMBDA_RIC names no directory with aws-lambda-ric (tests/run --long)"
	command -v node >/dev/null || skip "node (nodejs) is not installed"
	mkdir -p "$BUNDLE/rootfs/"{usr,lib,lib64,var/task}
	cp -a "$RUNF_LAMBDA_RIC/node_modules" "$BUNDLE/rootfs/var/task/"
	cat >"$BUNDLE/rootfs/var/task/index.js" <<-'END'
		if (process.env.FAIL) throw new Error('no init');
		exports.handler = async (event, context) => {
			if (event.error) throw new RangeError(event.error);
			return { event, id: context.awsRequestId };
		};
		exports.stream = awslambda.streamifyResponse(async (event, out) => {
			for (const word of ['one', 'two', 'three']) {
				out.write(word);
				await new Promise((done) => setTimeout(done, 50));
			}
			out.end();
		});
	END
	ric() {
		local file node handler=$1
		shift
		node=$(realpath "$(command -v node)")
		function_of --memory 512 --timeout 30 --init-timeout 30 \
			--handler "$handler" "$@"
		for file in config boost; do
			file=$(realpath "$FNROOT/functions/$NAME/current")/$file.json
			jq --arg node "$node" --arg handler "$handler" '
				.process.args = [$node,
					"/var/task/node_modules/aws-lambda-ric/bin/index.mjs",
					$handler]
				| .process.cwd = "/var/task"
				| .mounts += ["/usr", "/lib", "/lib64" | {
					destination: ., source: ., type: "bind",
					options: ["rbind", "ro", "nosuid"]}]' \
				"$file" >"$file.new"
			mv "$file.new" "$file"
		done
	}
	ric index.handler
	echo '{"a": 1}' >"$BATS_TEST_TMPDIR/event"
	fn invoke "$NAME" "$BATS_TEST_TMPDIR/event"
	[ "$status" -eq 0 ] || { echo "$output $errors"; return 1; }
	equals "$(jq -c .event "$OUT")" '{"a":1}'
	equals "$(jq -r .id "$OUT")" "$(usage .req)"
	echo '{"error": "no"}' >"$BATS_TEST_TMPDIR/event"
	fn invoke "$NAME" "$BATS_TEST_TMPDIR/event"
	equals "$status" 1
	equals "$(jq -r '.errorType + .errorMessage' "$OUT")" RangeErrorno
	ric index.stream
	fn invoke --stream "$NAME"
	equals "$status $output" "0 onetwothree"
	ric index.handler --env FAIL=1
	fn invoke "$NAME"
	equals "$status" 1
	contains "$output" "no init"
}
