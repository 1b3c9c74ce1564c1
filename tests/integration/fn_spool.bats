#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Asynchronous invocations: what was accepted is done, whatever happens.
load helpers
load fn_serve

setup_file() {
	build_program
}

setup() {
	prepare_functions
	SPOOL=$FNROOT/spool/$NAME
}

teardown() {
	tidy_functions
}

# send EVENT: it must be accepted; sets id.
send() {
	ask "\"$1\"" -H 'X-Amz-Invocation-Type: Event'
	equals "$code" 202
	id=$(sed -n 's/^x-amzn-RequestId: //p' <<<"$head")
}

# shellcheck disable=SC2317 # called through eventually
is_empty() {
	[ -z "$(find "$SPOOL/new" "$SPOOL/in" -type f)" ]
}

statuses() {
	jq -r --arg id "$id" 'select(.req == $id) | .status' \
		"$FNROOT/usage.jsonl" | tr '\n' ' '
}

reason() {
	jq -r "$1" "$SPOOL/dead/$id.reason"
}

@test "an event is done with the id that was answered, and gone then" {
	deploy
	serve
	send hello
	eventually is_empty
	equals "$(statuses)" "ok "
	equals "$(last_use .kind)" async
	stop
}

@test "invoke --async goes through the server" {
	deploy
	serve
	fn invoke --async "$NAME"
	equals "$status" 0
	id=$output
	eventually is_empty
	equals "$(statuses)" "ok "
	stop
}

@test "what fails is tried again, then lies in dead with its reason" {
	deploy --retries 2
	serve --retry-after 100
	send throw
	eventually test -f "$SPOOL/dead/$id.reason"
	equals "$(statuses)" "error error error "
	equals "$(reason .reason)" RetriesExhausted
	equals "$(reason .attempts)" 3
	contains "$(reason .error)" Test.Thrown
	equals "$(tail -n +2 "$SPOOL/dead/$id")" '"throw"'
	eventually is_empty
	stop
}

@test "an event that became too old is not tried" {
	deploy --max-age 60
	mkdir -p "$SPOOL/in"
	id=01234567-89ab-4def-8123-456789abcdef
	# As `invoke --async` leaves it where no server is, a minute ago.
	python3 - "$id" "$SPOOL/in" <<'END' 3>&-
import json, sys, time, zlib
then = int(time.time() * 1000) - 61000
with open(f"{sys.argv[2]}/{then}.0.{sys.argv[1]}", "w") as file:
    head = {"id": sys.argv[1], "accepted_ms": then, "size": 3,
            "crc32": zlib.crc32(b'"x"')}
    file.write(json.dumps(head) + '\n"x"')
END
	serve
	eventually test -f "$SPOOL/dead/$id.reason"
	equals "$(reason .reason)" EventAgeExceeded
	[ ! -e "$FNROOT/usage.jsonl" ]
	stop
}

@test "events wait for a sandbox rather than be refused" {
	deploy --concurrency 1
	serve
	local i
	for i in 1 2 3 4; do
		send "sleep 200"
	done
	eventually is_empty
	equals "$(jq -r .status "$FNROOT/usage.jsonl" | tr '\n' ' ')" \
		"ok ok ok ok "
	stop
}

@test "a damaged file is set aside, and what is none is left alone" {
	deploy
	mkdir -p "$SPOOL/new"
	id=01234567-89ab-4def-8123-456789abcdef
	echo nonsense >"$SPOOL/new/1000.0.$id"
	echo other >"$SPOOL/new/other"
	serve
	eventually test -f "$SPOOL/dead/$id.reason"
	equals "$(reason .reason)" Unreadable
	equals "$(<"$SPOOL/dead/$id")" nonsense
	[ -f "$SPOOL/new/other" ]
	rm "$SPOOL/new/other"
	send hello
	eventually is_empty
	stop
}

@test "a full spool is 429, and what was accepted is done" {
	deploy --concurrency 1
	serve --spool-events 3
	send "sleep 1000"
	local first=$id i
	send x
	send x
	ask '"x"' -H 'X-Amz-Invocation-Type: Event'
	equals "$code" 429
	contains "$head" "x-amzn-ErrorType: TooManyRequestsException"
	contains "$output" "the spool is full"
	eventually is_empty
	send x
	id=$first
	equals "$(statuses)" "ok "
	eventually is_empty
	stop
	serve --spool-bytes 1k
	ask "\"$(head -c 1024 /dev/zero | tr '\0' y)\"" \
		-H 'X-Amz-Invocation-Type: Event'
	equals "$code" 429
	stop
}

@test "events of a function that was deleted lie in dead" {
	deploy --retries 1
	serve --retry-after 3000 --keep-alive 0 --ahead 0
	send throw
	eventually has_meter 1 duration_seconds_count
	eventually fn_deleted
	eventually test -f "$SPOOL/dead/$id.reason"
	equals "$(reason .reason)" ResourceNotFoundException
	stop
}

# shellcheck disable=SC2317 # called through eventually
fn_deleted() {
	fn delete "$NAME"
	[ "$status" -eq 0 ]
}

@test "a slow disk delays the accepting only: nothing waits for the keeper" {
	deploy
	serve
	local keeper
	keeper=$(pgrep -P "$SERVER" -x runf-fn-keeper)
	code=0
	kill -STOP "$keeper"
	curl -s -m 1 --unix-socket "$SOCKET" -d '"x"' \
		-H 'X-Amz-Invocation-Type: Event' -o /dev/null \
		"http://x/2015-03-31/functions/$NAME/invocations" 3>&- ||
		code=$?
	equals "$code" 28
	call fine
	kill -CONT "$keeper"
	eventually has_meter 2 duration_seconds_count
	# Without it the server does the same itself.
	kill -KILL "$keeper"
	send hello
	eventually is_empty
	equals "$(statuses)" "ok "
	stop
}

@test "no accepted event is lost when the server is killed, again and again" {
	deploy --concurrency 4
	local accepted=$BATS_TEST_TMPDIR/accepted round left
	: >"$accepted"
	for round in 1 2 3 4; do
		serve
		python3 "$ROOM/fn_serve.py" "$SOCKET" "$NAME" events 1000 \
			>>"$accepted" 2>/dev/null 3>&- &
		left=$((50 * round))
		eventually has_lines "$left" "$accepted"
		crash
		wait $! || true
	done
	[ "$(wc -l <"$accepted")" -ge 200 ]
	serve
	eventually is_empty
	# Each was done at least once: there are as many ids as were accepted,
	# or more (accepted, but killed before the answer).
	[ "$(jq -r 'select(.status == "ok") | .req' "$FNROOT/usage.jsonl" |
		sort -u | wc -l)" -ge "$(wc -l <"$accepted")" ]
	[ -z "$(ls "$SPOOL/dead")" ]
	stop
}

# shellcheck disable=SC2317 # called through eventually
has_lines() {
	[ "$(wc -l <"$2")" -ge "$1" ]
}
