#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line: many containers at once, where things are, odd words.
load helpers

# make NAME...: created containers of those names, behind the test's tag.
make() {
	local name
	for name; do
		must create --bundle "$BUNDLE" "$TAG-$name"
	done
}

status_of() {
	"$RUNF" --root "$STATE" state "$TAG-$1" | jq -r .status
}

# B058 B076
@test "delete --regex takes those that match, and no others" {
	make web1 web2 db1
	must delete --regex "^$TAG-web[0-9]+\$"
	equals "$(containers)" "$TAG-db1"
	must delete -r "$TAG-(web|cache)"
	equals "$(containers)" "$TAG-db1"
	refuses "regular expression" delete --regex '('
	must delete --regex "$TAG"
	equals "$(containers)" ""
}

# B058 B060
@test "delete --regex goes on after one that refuses; --force takes all" {
	sleeper
	make a b c
	must start "$TAG-b"
	refuses "$TAG-b that is not stopped: running" delete --regex "$TAG-[abc]"
	equals "$(containers)" "$TAG-b"
	make d
	must delete --force --regex "$TAG-"
	equals "$(containers)" ""
}

# B058 B057 B059
@test "kill --regex signals all that match" {
	program 'trap "exit 3" USR1; while :; do sleep 0.1; done'
	make a b
	must start "$TAG-a"
	must start "$TAG-b"
	must kill --regex "^$TAG-" sigusr1
	eventually eval '[ "$(status_of a)$(status_of b)" = stoppedstopped ]'
	refuses "container not running" kill -r "^$TAG-" KILL
	must kill --all -r "^$TAG-" KILL
	must kill -r "^$TAG-none" KILL
}

# B059 D041
@test "signals: numbers, names in any case, real-time, and no others" {
	sleeper
	start_container
	for signal in 0x9 -1 65 999 1x SIGNOPE RTMIN+31 RTMAX-31 RTMIN-1 '' SIG; do
		runf kill "$ID" -- "$signal"
		[ "$status" -ne 0 ]
		contains "$errors" signal
	done
	for signal in CONT sigcont SIGCONT 18 RTMIN+0; do
		[ "$signal" = RTMIN+0 ] || must kill "$ID" "$signal"
	done
	equals "$(state_of .status)" running
	# Process 1 ignores what it has no handler for; this it cannot.
	must kill "$ID" SigRTmax-2
	must kill "$ID" sigkill
	wait_status stopped
}

# B008 B009 B012 B047
@test "long options with one dash, and options that are only accepted" {
	program 'echo ran'
	must run -no-subreaper -bundle "$BUNDLE" "$ID"
	equals "$output" ran
	must create --no-subreaper --bundle="$BUNDLE" "$ID"
	must delete "$ID"
	must --rootless false --criu /nowhere --rootless=auto list
	refuses "rootless" --rootless maybe list
}

# B013 B014 B015
@test "without root the state is in XDG_RUNTIME_DIR, with a sticky bit" {
	mkdir "$BATS_TEST_TMPDIR/xdg"
	run env -i XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/xdg" USER=somebody \
		unshare --user --map-root-user "$RUNF" list --format json
	equals "$output" "[]"
	env -i XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/xdg" USER=somebody \
		unshare --user --map-root-user "$RUNF" create \
		--bundle "$BATS_TEST_TMPDIR" "$ID" 2>/dev/null 3>&- || true
	equals "$(stat -c %a "$BATS_TEST_TMPDIR/xdg/runf")" 1700
	# podman need not have a USER to pass on.
	mkdir "$BATS_TEST_TMPDIR/xdg2"
	env -i XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/xdg2" \
		unshare --user --map-root-user "$RUNF" create \
		--bundle "$BATS_TEST_TMPDIR" "$ID" 2>/dev/null 3>&- || true
	[ -d "$BATS_TEST_TMPDIR/xdg2/runf" ]
	# Root's own place does not depend on it, an empty one is none.
	env -i XDG_RUNTIME_DIR= "$RUNF" list --format json
	env -i XDG_RUNTIME_DIR=/nowhere "$RUNF" list --format json
}

# B014 B017 B018 B022 B023
@test "no environment at all is enough" {
	for words in "create --bundle $BUNDLE" start state "kill --all" \
		"delete --force"; do
		# shellcheck disable=SC2086 # words of a command
		env -i "$RUNF" --root "$STATE" $words "$ID" \
			</dev/null >/dev/null 3>&-
	done
	equals "$(containers)" ""
}

# B015 B096
@test "modes of the state: nobody else looks in" {
	must create --bundle "$BUNDLE" "$ID"
	equals "$(stat -c %a "$STATE")" 700
	equals "$(stat -c %a "$STATE/$ID")" 711
	equals "$(find "$STATE/$ID" -type f -perm /077)" ""
}

# B002
@test "the log may be a file: and nothing that is none" {
	log=$BATS_TEST_TMPDIR/log
	runf --log "file:$log" --log-format json state "$ID"
	equals "$(jq -r .level "$log")" error
	for log in syslog:x journald:x; do
		refuses "only files" --log "$log" list
	done
}

# B032 B075 B112
@test "spec --file names the file, and overwrites none" {
	must spec --bundle "$BATS_TEST_TMPDIR" --file other.json
	jq -e .ociVersion "$BATS_TEST_TMPDIR/other.json" >/dev/null
	[ ! -e "$BATS_TEST_TMPDIR/config.json" ]
	refuses "exists" spec -b "$BATS_TEST_TMPDIR" -f other.json
	must spec --file "$BATS_TEST_TMPDIR/absolute.json" --rootless
	jq -e '.linux.uidMappings[0].size' "$BATS_TEST_TMPDIR/absolute.json"
	equals "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name '*.json.*')" ""
	must create --config "$BATS_TEST_TMPDIR/other.json" \
		--bundle "$BUNDLE" --console-socket /nowhere "$ID" ||
		contains "$errors" /nowhere
}

# B034 B113
@test "there is no command for the runtime's own use" {
	for word in init shim mount; do
		refuses "unknown command" "$word"
		equals "$status" 64
	done
}

# B044 C043
@test "--no-pivot hides what the host has below" {
	program 'cut -d " " -f 5 /proc/self/mountinfo | sort | uniq -d
		ls / | xargs; cat /proc/1/comm'
	must run --no-pivot --bundle "$BUNDLE" "$ID"
	lacks "$output" work
	contains "$output" "bin dev etc"
	must create --no-pivot --bundle "$BUNDLE" "$ID"
	must delete "$ID"
}

# B045 C033 D032
@test "each container has a session keyring, unless it is told otherwise" {
	[ -e /proc/keys ] || skip "no keys"
	program 'cat /proc/keys'
	config 'del(.linux.maskedPaths)'
	must run --bundle "$BUNDLE" "$ID"
	contains "$output" " _ses.$ID:"
	must run --no-new-keyring --bundle "$BUNDLE" "$ID-other"
	lacks "$output" "_ses.$ID-other:"
}

# B049
@test "run --keep keeps what can be looked at and deleted" {
	program 'exit 7'
	runf run --keep --bundle "$BUNDLE" "$ID"
	equals "$status" 7
	equals "$(state_of .status)" stopped
	equals "$(state_of .pid)" 0
	must delete "$ID"
}

# B010 B111 D065
@test "version: the first lines are what clients parse" {
	for words in --version -v version; do
		must "$words"
		matches "$(sed -n 1p "$OUT")" '^runf version [0-9]+\.[0-9]+'
		matches "$(sed -n 2p "$OUT")" '^commit: '
		matches "$(sed -n 3p "$OUT")" '^spec: 1\.3'
		lacks "$(cat -A "$OUT")" '^M'
	done
}

# B024 B061 B104 B105
@test "list: table, ids and JSON agree" {
	config '.annotations = {"a.b": "c"}'
	make one two
	must list
	matches "$(sed -n 1p "$OUT")" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER$'
	equals "$(wc -l <"$OUT")" 3
	must list --quiet
	equals "$(sort "$OUT" | xargs)" "$TAG-one $TAG-two"
	must list -f json -q
	equals "$(sort "$OUT" | xargs)" "$TAG-one $TAG-two"
	must list --format=json
	equals "$(jq -r '.[0] | keys | join(",")' "$OUT")" \
		annotations,bundle,created,id,ociVersion,owner,pid,rootfs,status
	equals "$(jq -r '.[0].annotations["a.b"]' "$OUT")" c
}

# B004 B005
@test "--log-level says how much there is in the log" {
	config '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	for level in error warning info debug; do
		log=$BATS_TEST_TMPDIR/log.$level
		runf --log "$log" --log-format json --log-level "$level" \
			run --bundle "$BUNDLE" "$ID"
		equals "$status" 0
	done
	[ ! -s "$BATS_TEST_TMPDIR/log.error" ]
	equals "$(jq -r .level "$BATS_TEST_TMPDIR/log.warning" | sort -u)" warning
	contains "$(jq -r .msg "$BATS_TEST_TMPDIR/log.debug")" CAP_NO_SUCH
	refuses "log-level" --log-level loud list
}
