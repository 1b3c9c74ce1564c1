#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --log and --log-format: what containerd and podman read.
load helpers

# B002 B003 B098 B099 B100
@test "a failure is one JSON object in the log, and a line on stderr" {
	log=$BATS_TEST_TMPDIR/log.json
	refuses "container does not exist" --log "$log" --log-format json \
		state "$ID"
	equals "$(wc -l <"$log")" 1
	equals "$(jq -r .level "$log")" error
	contains "$(jq -r .msg "$log")" "container does not exist"
	matches "$(jq -r .time "$log")" \
		'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9:]{5})$'
}

# B002 B003 B012
@test "flags may be written with =" {
	log=$BATS_TEST_TMPDIR/log.json
	refuses "container does not exist" --log="$log" --log-format=json \
		state "$ID"
	jq -e .msg "$log"
}

# B002 B151
@test "the log is only appended to" {
	log=$BATS_TEST_TMPDIR/log.json
	echo '{"level":"info","msg":"before","time":"2026-01-01T00:00:00Z"}' \
		>"$log"
	refuses "" --log "$log" --log-format json state "$ID"
	equals "$(wc -l <"$log")" 2
	equals "$(head -n 1 "$log" | jq -r .msg)" before
}

# B099
@test "a success logs nothing by default" {
	log=$BATS_TEST_TMPDIR/log.json
	must --log "$log" --log-format json run --bundle "$BUNDLE" "$ID"
	[ ! -s "$log" ]
}

# B002 E034
@test "a bad bundle is logged although the path of the log is relative" {
	cd "$BATS_TEST_TMPDIR"
	refuses "nowhere" --log log.json --log-format json \
		create --bundle "$BATS_TEST_TMPDIR/nowhere" "$ID"
	jq -e .msg log.json
}

# B003 B101
@test "the text log has the message too" {
	log=$BATS_TEST_TMPDIR/log.txt
	refuses "" --log "$log" state "$ID"
	contains "$(cat "$log")" "container does not exist"
}

# B005 B098
@test "--debug says more, in the log" {
	log=$BATS_TEST_TMPDIR/log.json
	runf --debug --log "$log" --log-format json \
		run --bundle "$BUNDLE" "$ID"
	equals "$status" 0
	jq -e -s 'all(.level and .msg and .time)' "$log"
}

# B003
@test "an unknown log format is refused" {
	refuses "nonsense" --log-format nonsense list
}

# B098 E034
@test "values from outside cannot break the JSON" {
	log=$BATS_TEST_TMPDIR/log.json
	runf --log "$log" --log-format json state $'a"b\\c\nd'
	[ "$status" -ne 0 ]
	equals "$(jq -s length "$log")" 1
	equals "$(wc -l <"$log")" 1
}
