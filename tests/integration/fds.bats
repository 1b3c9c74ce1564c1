#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Descriptors: which the container gets, and that it gets no others.
load helpers

# B087
@test "a container has its three descriptors and no more" {
	# Not a pipe: the shell would have it open for a moment.
	program 'ls /proc/1/fd; true'
	exec 7</dev/null 9</etc/passwd
	must_run
	exec 7<&- 9<&-
	equals "$(xargs <<<"$output")" "0 1 2"
	sleeper
	start_container
	equals "$(cd "/proc/$(init_pid)/fd" && echo *)" "0 1 2"
}

# B087
@test "an exec has no more either" {
	sleeper
	start_container
	exec 7</dev/null
	must exec "$ID" sh -c 'ls /proc/$$/fd; true'
	exec 7<&-
	equals "$(xargs <<<"$output")" "0 1 2"
}

# B046
@test "--preserve-fds passes on what the caller opened" {
	program 'cat <&3; cat <&4; ls /proc/$$/fd; true'
	echo three >"$BATS_TEST_TMPDIR/three"
	echo four >"$BATS_TEST_TMPDIR/four"
	output=$("$RUNF" --root "$STATE" run --preserve-fds 2 \
		--bundle "$BUNDLE" "$ID" 3<"$BATS_TEST_TMPDIR/three" \
		4<"$BATS_TEST_TMPDIR/four" 5</dev/null </dev/null)
	equals "$(xargs <<<"$output")" "three four 0 1 2 3 4"
}

# B046
@test "--preserve-fds of what is not open is refused" {
	status=0
	"$RUNF" --root "$STATE" create --preserve-fds 3 --bundle "$BUNDLE" \
		"$ID" >/dev/null 2>"$BATS_TEST_TMPDIR/said" </dev/null \
		3</dev/null 4<&- 5<&- || status=$?
	[ "$status" -ne 0 ]
	equals "$(wc -l <"$BATS_TEST_TMPDIR/said")" 1
	nothing_left
}

# B046
@test "exec --preserve-fds" {
	sleeper
	start_container
	echo three >"$BATS_TEST_TMPDIR/three"
	output=$("$RUNF" --root "$STATE" exec --preserve-fds 1 "$ID" \
		cat /proc/self/fd/3 3<"$BATS_TEST_TMPDIR/three" </dev/null)
	equals "$output" three
}

# B046 D012: what stands at these numbers then is runf's own.
@test "exec --preserve-fds of what the caller did not pass is refused" {
	sleeper
	start_container
	for count in 1 5 40; do
		refuses "is to be preserved, but the caller did not pass it" \
			exec --preserve-fds "$count" "$ID" true
	done
}

# B094
@test "LISTEN_FDS come first, and the container is told" {
	program 'cat <&3; cat <&4; echo $LISTEN_FDS $LISTEN_PID'
	echo socket >"$BATS_TEST_TMPDIR/three"
	echo more >"$BATS_TEST_TMPDIR/four"
	# shellcheck disable=SC2016 # the inner shell becomes the runtime
	output=$(LISTEN_FDS=1 sh -c 'LISTEN_PID=$$ exec "$@"' sh \
		"$RUNF" --root "$STATE" run --preserve-fds 1 \
		--bundle "$BUNDLE" "$ID" 3<"$BATS_TEST_TMPDIR/three" \
		4<"$BATS_TEST_TMPDIR/four" </dev/null)
	equals "$output" "$(printf 'socket\nmore\n1 1')"
}

# B094
@test "the names of LISTEN_FDS go along, somebody else's descriptors do not" {
	program 'echo ${LISTEN_FDS-none} $LISTEN_FDNAMES; ls /proc/self/fd'
	output=$(LISTEN_FDS=2 LISTEN_FDNAMES=a:b "$RUNF" --root "$STATE" run \
		--bundle "$BUNDLE" "$ID" 3</dev/null 4</dev/null </dev/null)
	equals "$(xargs <<<"$output")" "2 a:b 0 1 2 3 4 5"
	output=$(LISTEN_FDS=2 LISTEN_PID=1 LISTEN_FDNAMES=a:b "$RUNF" \
		--root "$STATE" run --bundle "$BUNDLE" "$ID" 3</dev/null \
		4<&- </dev/null)
	equals "$(xargs <<<"$output")" "none 0 1 2 3"
}

# B084
@test "after create nobody but the container holds its output" {
	sleeper
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	cat "$BATS_TEST_TMPDIR/pipe" >/dev/null 3>&- &
	reader=$!
	"$RUNF" --root "$STATE" create --bundle "$BUNDLE" "$ID" \
		>"$BATS_TEST_TMPDIR/pipe" 2>&1 </dev/null 3>&-
	must kill "$ID" KILL
	# The reader sees the end of the pipe when init is gone.
	gone() { ! kill -0 "$reader" 2>/dev/null; }
	eventually gone
}

# B085 D027
@test "stdio belongs to the user of the container, /dev/null stays root's" {
	config '.process.user = {uid: 1000, gid: 1000}'
	program 'echo x >/proc/self/fd/1'
	must_run
	equals "$output" x
	equals "$(stat -c %u "$OUT")" 1000
	equals "$(stat -c %u /dev/null)" 0
}

# B042 C009 C051
@test "the pidfd socket gets one descriptor that is a pidfd" {
	for command in create run exec annotation; do
		socket=$BATS_TEST_TMPDIR/$command.pidfd
		python3 - "$socket" >"$BATS_TEST_TMPDIR/$command.got" 3>&- <<-'END' &
			import os, socket, sys
			listener = socket.socket(socket.AF_UNIX)
			listener.bind(sys.argv[1])
			listener.listen(1)
			listener.settimeout(60)
			connection, _ = listener.accept()
			_, fds, _, _ = socket.recv_fds(connection, 16, 4)
			print(len(fds), os.readlink(f"/proc/self/fd/{fds[0]}"))
		END
		receiver=$!
		eventually test -S "$socket"
		case $command in
		create) sleeper; must create --bundle "$BUNDLE" --pidfd-socket "$socket" "$ID" ;;
		run) program true; must run --bundle "$BUNDLE" --pidfd-socket "$socket" "$ID.run" ;;
		annotation)
			config --arg path "$socket" \
				'.annotations["run.oci.pidfd_receiver"] = $path'
			must run --bundle "$BUNDLE" "$ID.note"
			;;
		exec) must start "$ID"; must exec --pidfd-socket "$socket" "$ID" true ;;
		esac
		wait "$receiver"
		equals "$(cat "$BATS_TEST_TMPDIR/$command.got")" \
			"1 anon_inode:[pidfd]"
	done
}
