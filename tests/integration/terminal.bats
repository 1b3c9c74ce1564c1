#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Terminals: console sockets, sizes, and the relay of run.
load helpers

setup() {
	prepare
	config '.process.terminal = true'
	SOCKET=$BATS_TEST_TMPDIR/console
	RESULT=$BATS_TEST_TMPDIR/tty
	RECEIVER=
}

teardown() {
	[ -z "$RECEIVER" ] || kill "$RECEIVER" 2>/dev/null || true
	tidy
}

# listen [TEXT TO TYPE]
listen() {
	python3 "$ROOM/recvtty.py" "$SOCKET" "$RESULT" "$@" 3>&- &
	RECEIVER=$!
	eventually test -S "$SOCKET"
}

# shellcheck disable=SC2317
tty_said() {
	grep -q -- "$1" "$RESULT.out"
}

# All that the terminal said, once the container has closed it.
tty_text() {
	# Not wait: in $(...) it is no child of the shell.
	eventually has_ended "$RECEIVER"
	tr -d '\r' <"$RESULT.out"
}

# B041 B081 B082
@test "the console socket gets one name and one terminal" {
	listen
	program 'exec sleep 300'
	must_create --console-socket "$SOCKET"
	# Sent during create.
	eventually test -e "$RESULT.json"
	equals "$(jq -r .count "$RESULT.json")" 1
	equals "$(jq -r .tty "$RESULT.json")" true
	equals "$(jq -r .more "$RESULT.json")" 0
	[ -n "$(jq -r .name "$RESULT.json")" ]
}

# A041 A101 B090
@test "the program has the terminal as stdio and controls it" {
	listen
	program 'tty; test -t 0 && test -t 1 && test -t 2 && echo all three
		echo to the terminal >/dev/tty
		ls -l /dev/console | cut -c1'
	start_container --console-socket "$SOCKET"
	text=$(tty_text)
	contains "$text" /dev/pts/0
	contains "$text" "all three"
	contains "$text" "to the terminal"
	matches "$text" '(^|
)c($|
)'
}

# A041
@test "what is typed arrives" {
	listen $'hello\n'
	program 'read line; echo "got: $line"'
	start_container --console-socket "$SOCKET"
	contains "$(tty_text)" "got: hello"
}

# A042
@test "the terminal has the size the config asks for" {
	listen
	config '.process.consoleSize = {height: 33, width: 77}'
	program 'stty size'
	start_container --console-socket "$SOCKET"
	contains "$(tty_text)" "33 77"
}

# B083
@test "the terminal belongs to the user of the process" {
	listen
	config '.process.user = {uid: 1000, gid: 1000}'
	program 'stat -c "owner %u" "$(tty)"'
	start_container --console-socket "$SOCKET"
	contains "$(tty_text)" "owner 1000"
}

# B081 D039
@test "a socket path longer than an address is no problem" {
	long=$BATS_TEST_TMPDIR/$(printf 'd%.0s' {1..120})
	mkdir "$long"
	SOCKET=$long/console
	listen
	program 'echo far away'
	start_container --console-socket "$SOCKET"
	contains "$(tty_text)" "far away"
}

# B041
@test "an exec can have a terminal of its own" {
	config '.process.terminal = false'
	sleeper
	start_container
	listen
	must exec --tty --detach --console-socket "$SOCKET" "$ID" \
		sh -c 'test -t 0 && echo second; tty'
	text=$(tty_text)
	contains "$text" second
	contains "$text" /dev/pts/
}

# A041
@test "a detached container with a terminal needs a console socket" {
	refuses "console" create --bundle "$BUNDLE" "$ID"
	refuses "console" run --detach --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A041 B083
@test "a console socket without a terminal is refused" {
	config '.process.terminal = false'
	listen
	refuses "console" create --bundle "$BUNDLE" \
		--console-socket "$SOCKET" "$ID"
	nothing_left
}

# A005
@test "a console socket that nobody listens on fails the create" {
	refuses "$SOCKET" create --bundle "$BUNDLE" \
		--console-socket "$SOCKET" "$ID"
	nothing_left
}

# in_terminal COMMAND: under a terminal of its own; sets said and result.
in_terminal() {
	result=0
	said=$(script -qec "$1" /dev/null </dev/null 3>&-) || result=$?
}

# B093
@test "run in the foreground relays a terminal" {
	program 'tty; echo héllo; stty size; exit 4'
	in_terminal "stty rows 40 cols 100;
		$RUNF --root $STATE run --bundle $BUNDLE $ID"
	contains "$said" /dev/pts/0
	contains "$said" héllo
	contains "$said" "40 100"
	equals "$result" 4
	nothing_left
}

# B093
@test "run relays every byte of a long output" {
	program 'seq 1 20000'
	# The end of script's input would be echoed.
	in_terminal "stty -echo;
		$RUNF --root $STATE run --bundle $BUNDLE $ID"
	# What ends the input is a ^D, which the container may still echo.
	equals "$(echo "$said" | tr -d "\r\b" | sed "s/\\^[D@]//g" | md5sum)" \
		"$(seq 1 20000 | md5sum)"
}

# B093
@test "run puts the terminal back as it was" {
	program 'stty raw; true'
	in_terminal "stty -a >$BATS_TEST_TMPDIR/before;
		$RUNF --root $STATE run --bundle $BUNDLE $ID;
		stty -a >$BATS_TEST_TMPDIR/after"
	equals "$(cat "$BATS_TEST_TMPDIR/after")" \
		"$(cat "$BATS_TEST_TMPDIR/before")"
}

# B093
@test "what is typed into run arrives" {
	program 'read line; echo "got: $line"'
	result=0
	said=$( (sleep 1; printf 'typed\n'; sleep 1) | script -qec \
		"$RUNF --root $STATE run --bundle $BUNDLE $ID" /dev/null \
		3>&-) || result=$?
	contains "$said" "got: typed"
}

# A039 D045
@test "a terminal on a read-only root works" {
	config '.root.readonly = true
		| .process.args = ["sh", "-c", "tty; touch /x || echo ro"]'
	in_terminal "$RUNF --root $STATE run --bundle $BUNDLE $ID"
	contains "$said" /dev/pts/0
	contains "$said" ro
}
