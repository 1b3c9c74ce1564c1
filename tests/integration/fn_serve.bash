# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A server of functions, and how it is asked. Loaded behind helpers.
# shellcheck disable=SC2034 # the tests read them

build_program() {
	FN_PROGRAM=$BATS_FILE_TMPDIR/bootstrap
	export FN_PROGRAM
	! command -v cc >/dev/null || cc -O2 -static \
		-DHANDLE="\"$ROOM/fn_cases.h\"" -o "$FN_PROGRAM" \
		"$TOP/contrib/functions/bootstrap.c"
}

prepare_functions() {
	FN=$(dirname "$RUNF")/runf-fn
	[ -x "$FN" ] || skip "runf-fn was not built (libmicrohttpd-dev, libarchive-dev, libmd-dev)"
	[ -x "$FN_PROGRAM" ] || skip "there is no C compiler that links statically"
	command -v curl >/dev/null || skip "curl is not installed"
	prepare
	FNROOT=$BATS_TEST_TMPDIR/functions.root
	FNSTATE=$BATS_TEST_TMPDIR/fn.state
	# The helpers look after the containers in it.
	STATE=$FNSTATE/serve/containers
	SOCKET=$FNSTATE/serve.sock
	cp "$FN_PROGRAM" "$BUNDLE/rootfs/bootstrap"
	config '.process.args = ["/bootstrap"] | .process.terminal = false'
	NAME=$TAG
	SERVER=
	LOG=$BATS_TEST_TMPDIR/serve.log
}

tidy_functions() {
	[ -z "${SERVER-}" ] || kill -KILL "$SERVER" 2>/dev/null || true
	[ -z "${SERVER-}" ] || wait "$SERVER" 2>/dev/null || true
	tidy || { cat "$LOG" && return 1; }
}

fn() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	ERR=$BATS_TEST_TMPDIR/err.$CALLS
	status=0
	timeout --foreground --kill-after=5 "$((60 * RUNF_SLOW))" \
		"$FN" --root "$FNROOT" --state "$FNSTATE" "$@" \
		<"${INPUT:-/dev/null}" >"$OUT" 2>"$ERR" 3>&- || status=$?
	output=$(tr -d '\0' <"$OUT")
	errors=$(<"$ERR")
}

# has CONTROLLER: it can limit and count here.
has() {
	grep -qs "\b$1\b" /sys/fs/cgroup/cgroup.controllers ||
		[ -d "/sys/fs/cgroup/$1" ]
}

# deploy [--name OTHER] OPTION...: without limits that this host cannot set.
deploy() {
	local name=$NAME file drop='.'
	if [ "${1-}" = --name ]; then
		name=$2
		shift 2
	fi
	fn deploy "$name" --bundle "$BUNDLE" "$@"
	[ "$status" -eq 0 ] || { echo "$errors"; return 1; }
	for file in memory cpu pids; do
		has $file || drop="$drop | del(.linux.resources.$file)"
	done
	for file in config boost; do
		file=$(realpath "$FNROOT/functions/$name/current")/$file.json
		jq "$drop" "$file" >"$file.new"
		mv "$file.new" "$file"
	done
}

serve() {
	"$FN" --root "$FNROOT" --state "$FNSTATE" serve \
		--listen "unix:$SOCKET" --listen 127.0.0.1:0 "$@" \
		>>"$LOG" 2>&1 </dev/null 3>&- &
	SERVER=$!
	eventually ask_quietly healthz || { cat "$LOG"; return 1; }
	PORT=$(sed -n 's/.*listening on 127.0.0.1://p' "$LOG" | tail -n 1)
}

ask_quietly() {
	curl -sf -o /dev/null --unix-socket "$SOCKET" "http://x/$1"
}

# stop: and nothing may be left.
stop() {
	kill -TERM "$SERVER"
	wait "$SERVER" || { cat "$LOG"; return 1; }
	SERVER=
	[ -z "$(ls "$STATE")" ]
	[ -z "$(cgroups_left)" ]
}

crash() {
	kill -KILL "$SERVER"
	wait "$SERVER" 2>/dev/null || true
	SERVER=
}

# ask EVENT CURL-OPTION...: sets code, output and head.
ask() {
	local event=$1
	shift
	head=$BATS_TEST_TMPDIR/head
	code=$(curl -s -m $((60 * RUNF_SLOW)) --unix-socket "$SOCKET" -D "$head" \
		-o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' -d "$event" "$@" \
		"http://x/2015-03-31/functions/${TO:-$NAME}/invocations" 3>&-)
	output=$(<"$BATS_TEST_TMPDIR/body")
	head=$(tr -d '\r' <"$head")
}

# call EVENT: a word of fn_cases.h; it must be answered.
call() {
	ask "\"$1\""
	equals "$code" 200
}

# meter NAME [LABELS]: its value, 0 if there is none.
meter() {
	curl -sf --unix-socket "$SOCKET" http://x/metrics 3>&- |
		awk -v want="runf_fn_$1{function=\"$NAME\"${2:+,$2}}" \
			'$1 == want { n = $2 } END { print n + 0 }'
}

# has_meter VALUE NAME [LABELS]
# shellcheck disable=SC2317 # called through eventually
has_meter() {
	[ "$(meter "$2" "${3-}")" = "$1" ]
}

last_use() {
	tail -n 1 "$FNROOT/usage.jsonl" | jq -r "$1"
}
