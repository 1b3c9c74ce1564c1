#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runf-fn feed: lines become batches, in order, each done or not.
load helpers
load fn_serve

setup_file() {
	build_program
}

setup() {
	prepare_functions
	LINES_OF=$BATS_TEST_TMPDIR/lines
	# The function's own: it keeps what it was given.
	mkdir -p "$BATS_TEST_TMPDIR/seen"
}

teardown() {
	tidy_functions
}

feed() {
	INPUT=$LINES_OF fn feed "$@" "$NAME"
}

# The sandbox that feed makes itself lies elsewhere than a server's.
nothing_stays() {
	[ -z "$(ls "$FNSTATE/containers" 2>/dev/null)" ]
	[ -z "$(cgroups_left)" ]
}

uses() {
	jq -r "[.kind, .start, .status] | join(\" \")" "$FNROOT/usage.jsonl"
}

@test "lines are batches, with and without a server" {
	deploy
	seq 1 25 >"$LINES_OF"
	feed --batch 10
	equals "$status $output" $'0 10\n20\n25'
	# One sandbox does them all.
	equals "$(uses)" $'feed cold ok\nfeed idle ok\nfeed idle ok'
	nothing_stays
	rm "$FNROOT/usage.jsonl"
	serve
	feed --batch 10
	equals "$status $output" $'0 10\n20\n25'
	equals "$(jq -r .status "$FNROOT/usage.jsonl" | uniq -c | tr -s ' ')" \
		" 3 ok"
	stop
}

@test "a batch waits for its window only" {
	deploy
	serve
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	"$FN" --root "$FNROOT" --state "$FNSTATE" feed "$NAME" --batch 100 \
		--window 200 <"$BATS_TEST_TMPDIR/fifo" \
		>"$BATS_TEST_TMPDIR/committed" 3>&- &
	local feeder=$!
	exec 9>"$BATS_TEST_TMPDIR/fifo"
	printf '1\n2\n' >&9
	eventually grep -qx 2 "$BATS_TEST_TMPDIR/committed"
	printf '3\n4' >&9
	eventually grep -qx 3 "$BATS_TEST_TMPDIR/committed"
	# The last line may lack its end.
	exec 9>&-
	wait "$feeder"
	equals "$(<"$BATS_TEST_TMPDIR/committed")" $'2\n3\n4'
	stop
}

@test "a batch that fails is tried again as a unit, then feeding stops" {
	deploy
	serve
	# The handler knows words, and takes a batch for none: echo. One whose
	# answer names failures has failed.
	printf '%s\n' 1 2 3 >"$LINES_OF"
	feed --batch 2
	equals "$status $output" $'0 2\n3'
	stop
	deploy --env INIT=exit
	serve
	feed --batch 2 --retries 2 --retry-after 10
	equals "$status $output" "1 "
	contains "$errors" "lines 1-2 failed: "
	contains "$errors" "the last line that is committed is 0"
	equals "$(grep -c 'lines 1-2: failed; again in' "$ERR")" 2
	feed --batch 2 --retries 0 --skip-failed
	equals "$status $output" $'0 2\n3'
	contains "$errors" "they are skipped"
	stop
}

@test "a line that is not JSON stops it where it stands, or is skipped" {
	deploy
	printf '%s\n' '{"a":1}' '' '"two"' '{"three' 4 >"$LINES_OF"
	feed
	equals "$status $output" "1 3"
	contains "$errors" "line 4 is not JSON"
	contains "$errors" "the last line that is committed is 3"
	feed --after 3
	equals "$status $output" "1 "
	feed --after 3 --skip-failed
	equals "$status $output" "0 5"
	contains "$errors" "line 4 is not JSON, or too long: it is skipped"
	feed --after 4
	equals "$status $output" "0 5"
	nothing_stays
}

@test "who is refused has not failed" {
	deploy --concurrency 1
	serve
	ask '"sleep 1000"' &
	sleep 0.3
	echo 1 >"$LINES_OF"
	feed --retries 0 --retry-after 200
	equals "$status $output" "0 1"
	contains "$errors" "lines 1-1: refused; again in 200 ms"
	wait $!
	stop
}

@test "a function that is not there is said at once" {
	deploy
	echo 1 >"$LINES_OF"
	serve
	TO=nothing
	INPUT=$LINES_OF fn feed nothing
	equals "$status $output" "1 "
	contains "$errors" "Function not found"
	stop
	INPUT=$LINES_OF fn feed nothing
	equals "$status $output" "125 "
	feed --batch 10001
	equals "$status" 125
	contains "$errors" "--batch is at most 10000"
}
