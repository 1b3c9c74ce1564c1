#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runf-fn serve: the invoke API, the pool, and what harms nobody.
load helpers
load fn_serve

setup_file() {
	build_program
}

setup() {
	prepare_functions
}

teardown() {
	tidy_functions
}

client() {
	output=$(timeout 120 python3 "$ROOM/fn_serve.py" "$SOCKET" "$NAME" "$@" 3>&-)
}

@test "each kind of request has its status, headers and body" {
	deploy
	serve
	ask '{"a": 1}'
	equals "$code $output" '200 {"a": 1}'
	matches "$head" 'x-amzn-RequestId: [-0-9a-f]{36}'
	matches "$head" 'X-Amz-Executed-Version: [0-9a-f]{64}'
	lacks "$head" X-Amz-Function-Error
	ask ''
	equals "$code $output" '200 {}'
	ask '{}' -H 'X-Amz-Invocation-Type: DryRun'
	equals "$code" 204
	ask '{}' -H 'X-Amz-Invocation-Type: Other'
	equals "$code" 400
	contains "$head" "x-amzn-ErrorType: InvalidParameterValueException"
	ask '{"a":'
	equals "$code" 400
	contains "$head" "x-amzn-ErrorType: InvalidRequestContentException"
	contains "$output" '"Message":"Could not parse request body into json"'
	TO=nothing ask '{}'
	equals "$code" 404
	contains "$head" "x-amzn-ErrorType: ResourceNotFoundException"
	contains "$output" '"Type":"User","Message":"Function not found: nothing"'
	TO=a%20b ask '{}'
	equals "$code" 400
	ask '"throw"'
	equals "$code $output" '200 {"errorType":"Test.Thrown"}'
	contains "$head" "X-Amz-Function-Error: Unhandled"
	ask '"x"' -H 'X-Amz-Log-Type: Tail'
	contains "$(sed -n 's/^X-Amz-Log-Result: //p' <<<"$head" | base64 -d)" \
		"REPORT RequestId:"
	stop
}

@test "names and qualifiers lead to the version that is current" {
	deploy
	local version
	version=$(basename "$(realpath "$FNROOT/functions/$NAME/current")")
	serve
	for TO in "$NAME:\$LATEST" "$NAME:${version:0:8}" \
		"arn:aws:lambda:eu-west-1:123456789012:function:$NAME" \
		"$NAME/../$NAME" "$NAME:ffffffffff"; do
		ask '{}' --path-as-is
		case $TO in
		*/*) equals "$TO $code" "$TO 404" ;;
		*:ffff*) equals "$TO $code" "$TO 404" ;;
		*) equals "$TO $code" "$TO 200" ;;
		esac
	done
	stop
}

@test "a body that is too large is refused, the largest is not" {
	deploy --timeout 20
	serve
	{
		printf '"'
		head -c 6291554 /dev/zero | tr '\0' x
		printf '"'
	} >"$BATS_TEST_TMPDIR/large"
	ask "@$BATS_TEST_TMPDIR/large"
	equals "$code" 200
	equals "$(stat -c %s "$BATS_TEST_TMPDIR/body")" 6291556
	printf x >>"$BATS_TEST_TMPDIR/large"
	ask "@$BATS_TEST_TMPDIR/large"
	equals "$code" 413
	contains "$head" "x-amzn-ErrorType: RequestTooLargeException"
	call fine
	stop
}

@test "the AWS command line invokes, asynchronously too, and reads errors" {
	command -v aws >/dev/null || skip "aws (awscli) is not installed"
	deploy
	serve
	printf '"count"' >"$BATS_TEST_TMPDIR/event"
	cli() {
		status=0
		output=$(AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \
			AWS_MAX_ATTEMPTS=1 AWS_DEFAULT_REGION=eu-west-1 \
			aws lambda invoke --endpoint-url "http://127.0.0.1:$PORT" \
			--payload "fileb://$BATS_TEST_TMPDIR/event" "$@" \
			"$BATS_TEST_TMPDIR/answer" 2>&1 3>&-) || status=$?
	}
	cli --function-name "$NAME" --log-type Tail
	equals "$(<"$BATS_TEST_TMPDIR/answer")" 1
	equals "$(jq .StatusCode <<<"$output")" 200
	contains "$(jq -r .LogResult <<<"$output" | base64 -d)" "START RequestId"
	cli --function-name "$NAME"
	equals "$(<"$BATS_TEST_TMPDIR/answer")" 2
	cli --function-name "$NAME" --invocation-type Event
	equals "$(jq .StatusCode <<<"$output")" 202
	cli --function-name "$NAME" --invocation-type DryRun
	equals "$(jq .StatusCode <<<"$output")" 204
	printf '"throw"' >"$BATS_TEST_TMPDIR/event"
	cli --function-name "$NAME"
	equals "$(jq -r .FunctionError <<<"$output")" Unhandled
	cli --function-name nothing
	[ "$status" -ne 0 ]
	contains "$output" "(ResourceNotFoundException)"
	printf '{' >"$BATS_TEST_TMPDIR/event"
	cli --function-name "$NAME"
	contains "$output" "(InvalidRequestContentException)"
	stop
}

@test "a sandbox is used again, frozen between, and not after it failed" {
	deploy --timeout 1
	serve --ahead 0
	call count
	equals "$output" 1
	equals "$(last_use .start)" cold
	eventually has_meter 1 sandboxes 'state="frozen"'
	call count
	equals "$output" 2
	equals "$(last_use .start)" frozen
	call throw
	call count
	equals "$output" 4
	for word in "exit 3" "sleep 5000" "rule next"; do
		call "$word"
		contains "$head" X-Amz-Function-Error
		call count
		equals "$word $output" "$word 1"
	done
	stop
}

# The CPU time of a process that the function left to run for ever.
spun() {
	cut -d ' ' -f 14 "/proc/$SPINNER/stat"
}

find_spinner() {
	ID=$(basename "$STATE"/*)
	SPINNER=$(pgrep -P "$(init_pid)")
}

@test "in a frozen sandbox nothing runs, also in the background" {
	deploy
	serve --ahead 0
	call spin
	eventually has_meter 1 sandboxes 'state="frozen"'
	local SPINNER before
	find_spinner
	before=$(spun)
	sleep 1
	equals "$(spun)" "$before"
	call "sleep 500"
	[ "$(spun)" -gt "$before" ]
	stop
	# The same, not frozen: it is the freezing that made the difference.
	serve --ahead 0 --freeze-after 60000
	call spin
	find_spinner
	before=$(spun)
	sleep 1
	[ "$(spun)" -gt "$before" ]
	stop
}

@test "concurrency is as deployed; what is beyond gets 429" {
	deploy --concurrency 3
	serve
	client many 6
	equals "$output" "200:3 429:3"
	ask '"sleep 500"' &
	client many 3
	wait $!
	equals "$output" "200:2 429:1"
	[ "$(meter throttled_total)" -eq 4 ]
	stop
}

@test "the host's sandboxes and memory are caps; what rests makes room" {
	deploy
	deploy --name "$NAME-b"
	serve --max-sandboxes 1 --ahead 0
	call count
	TO=$NAME-b call count
	equals "$output" 1
	equals "$(meter sandboxes 'state="frozen"')" 0
	call count
	equals "$output" 1
	client many 2
	equals "$output" "200:1 429:1"
	stop
	serve --memory-budget 200m --ahead 0
	client many 2
	equals "$output" "200:1 429:1"
	TO=$NAME-b call count
	stop
	serve --memory-budget 100m
	ask '{}'
	equals "$code" 429
	contains "$head" "x-amzn-ErrorType: TooManyRequestsException"
	stop
}

@test "the scaling rate is a cap" {
	deploy --concurrency 9
	serve --scale 2 --ahead 0
	client many 3
	equals "$output" "200:2 429:1"
	stop
}

@test "what is not used goes after the keep-alive" {
	deploy
	serve --keep-alive 1
	call count
	eventually has_meter 1 sandboxes 'state="frozen"'
	eventually has_meter 0 sandboxes 'state="frozen"'
	eventually has_meter 0 sandboxes 'state="created"'
	call count
	equals "$output" 1
	stop
}

@test "provisioned sandboxes are there before anybody calls, and again" {
	deploy --provisioned 2 --concurrency 4
	serve --keep-alive 1
	eventually has_meter 2 sandboxes 'state="frozen"'
	call count
	equals "$output" 1
	equals "$(last_use .start)" frozen
	call "exit 1"
	eventually has_meter 2 sandboxes 'state="frozen"'
	sleep 1.5
	equals "$(meter sandboxes 'state="frozen"')" 2
	stop
}

@test "one is created ahead, and used" {
	deploy --concurrency 4
	serve --keep-alive 0
	call count
	eventually has_meter 1 sandboxes 'state="created"'
	call count
	equals "$output" 1
	equals "$(last_use .start)" created
	stop
}

@test "an init that always fails is not tried without end" {
	deploy --provisioned 2 --concurrency 4 --env INIT=exit
	serve
	sleep 2
	ask '{}'
	equals "$code $output" "200 $output"
	contains "$output" '"errorType":"Runtime.ExitError"'
	# One second, two seconds...: not hundreds.
	[ "$(grep -c "$NAME" "$LOG")" -le 8 ]
	ask '{}'
	equals "$code" 200
	stop
}

@test "a new version serves at once, while the old one finishes" {
	deploy --concurrency 4
	serve
	ask '"sleep 1000"' &
	local busy=$! old new
	sleep 0.3
	old=$(basename "$(realpath "$FNROOT/functions/$NAME/current")")
	deploy --concurrency 4 --env NEW=yes
	new=$(basename "$(realpath "$FNROOT/functions/$NAME/current")")
	call "env NEW"
	equals "$output" yes
	contains "$head" "X-Amz-Executed-Version: $new"
	wait "$busy"
	# In the words of the meter the old one was not disturbed.
	eventually grep -q "$old.*\"status\":\"ok\"" "$FNROOT/usage.jsonl"
	eventually has_meter 1 sandboxes 'state="frozen"'
	fn delete --old "$NAME"
	equals "$status" 0
	lacks "$errors" "is being used"
	stop
}

@test "a function that is deleted is not found any more" {
	deploy
	serve --keep-alive 1
	call count
	eventually has_meter 0 sandboxes 'state="frozen"'
	eventually has_meter 0 sandboxes 'state="created"'
	fn delete "$NAME"
	equals "$status" 0
	ask '{}'
	equals "$code" 404
	stop
}

@test "a stop waits for what is under way, and refuses the rest" {
	deploy --concurrency 4
	serve
	ask '"sleep 1000"' && printf '%s %s' "$code" "$output" \
		>"$BATS_TEST_TMPDIR/slow" &
	local busy=$!
	sleep 0.3
	stop
	wait "$busy"
	equals "$(<"$BATS_TEST_TMPDIR/slow")" '200 "slept"'
	[ ! -e "$SOCKET" ]
	serve --stop-after 1
	ask '"sleep 2900"' && printf '%s %s' "$code" "$output" \
		>"$BATS_TEST_TMPDIR/slow" &
	busy=$!
	sleep 0.3
	stop
	wait "$busy"
	contains "$(<"$BATS_TEST_TMPDIR/slow")" Runtime.ExitError
}

@test "what a killed server left is removed by the next one" {
	deploy --concurrency 4 --provisioned 2
	serve
	eventually has_meter 2 sandboxes 'state="frozen"'
	local before
	before=$(ls "$STATE")
	crash
	[ -n "$(ls "$STATE")" ]
	serve
	eventually has_meter 2 sandboxes 'state="frozen"'
	local id
	for id in $before; do
		[ ! -e "$STATE/$id" ]
	done
	call count
	# One server for each state.
	fn serve
	equals "$status" 125
	contains "$errors" "another runf-fn serve uses"
	stop
}

@test "slow, half-closed, pipelined and senseless clients harm themselves" {
	deploy --concurrency 20
	serve
	client loris 200
	equals "$output" $'200 "fine" True\n200 b\'"fine"\''
	client half
	equals "$output" $'200 b\'"slept"\'\n200 b\'"fine"\''
	client pipelined
	equals "$output" "$(seq -s ' ' 0 19 | sed 's/[0-9]*/"&"/g')"
	client nonsense
	equals "$output" "200 b'\"fine\"'"
	stop
}

@test "a streamed response comes in the AWS clients' frames, as it is sent" {
	deploy --timeout 10
	serve
	client stream "stream 4"
	contains "$output" "PayloadChunk piece 0"
	contains "$output" "PayloadChunk piece 3"
	contains "$output" "InvokeComplete {}"
	contains "$output" "apart True"
	client stream "streamfail 3"
	contains "$output" 'InvokeComplete {"ErrorCode":"Test.Late"'
	ask '"stream 2"'
	equals "$output" $'piece 0\npiece 1'
	stop
}

@test "the metrics are what Prometheus reads" {
	deploy
	serve
	call count
	call throw
	client metrics
	equals "$output" "read True"
	equals "$(meter invocations_total 'status="ok",start="cold"')" 1
	equals "$(meter duration_seconds_count)" 2
	stop
}

@test "systemd is told when it serves" {
	deploy
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
for _ in range(2):
    print(s.recv(100).decode(), flush=True)' "$BATS_TEST_TMPDIR/notify" \
		>"$BATS_TEST_TMPDIR/notified" 3>&- &
	local listener=$!
	eventually test -S "$BATS_TEST_TMPDIR/notify"
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify serve
	call count
	stop
	wait "$listener"
	equals "$(<"$BATS_TEST_TMPDIR/notified")" $'READY=1\nSTOPPING=1'
}

@test "options that cannot be are said" {
	for option in "--max-sandboxes -1" "--listen nowhere" \
		"--listen 1.2.3:80" "--keep-alive 99999999" \
		"--listen unix:/nonexistent/socket"; do
		# shellcheck disable=SC2086 # two words
		fn serve $option
		equals "$option $status" "$option 125"
		equals "$(wc -l <"$ERR")" 1
	done
}
