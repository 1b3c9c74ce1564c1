#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A real containerd, driven by its own client.
bats_require_minimum_version 1.5.0
load containerd

# ---- in the foreground

@test "run: exit statuses" {
	for code in 0 3 127; do
		run_in -- sh -c "exit $code"
		equals "$status" "$code"
		equals "$errors" ""
	done
	run_in -- sh -c 'sh -c "kill -KILL \$\$"; exit $?'
	equals "$status" 137
}

@test "run: a program that is not there" {
	run_in -- nosuch
	equals "$status" 1
	contains "$errors" nosuch
	contains "$errors" "executable file not found"
	equals "$(ctr tasks ls -q)" ""
}

@test "run: stdin, stdout and stderr" {
	typing
	run_in -- sh -c 'echo ready; cat; echo other >&2; read more || echo end'
	equals "$output" "$(printf 'ready\ntyped\nend')"
	equals "$errors" other
	equals "$status" 0
}

@test "run: much output arrives whole" {
	run_in -- sh -c 'yes 0123456789abcde | head -n 300000'
	equals "$status" 0
	equals "$(stat -c %s "$OUT")" 4800000
	equals "$(sort -u "$OUT")" 0123456789abcde
}

@test "run: what the container is" {
	run_in --env WORD=said --cwd /tmp -- sh -c 'echo $WORD; pwd; id -u
		cat /last /layers/60 2>/dev/null; grep -c . /proc/self/mountinfo
		echo x >/written && cat /written; ls /proc | grep -c "^[0-9]"'
	equals "$(sed -n '1,3p;5p' <<<"$output" | xargs)" "said /tmp 0 x"
	# Alone among processes, but for the pipe's.
	[ "$(tail -n 1 <<<"$output")" -lt 6 ]
}

@test "run: a root of 60 layers" {
	python3 "$BENCH/image.py" --layers 60 --busybox /bin/busybox test:60 \
		"$WORLD_DIR/many.tar"
	must_ctr images import --snapshotter "$SNAPSHOTTER" many.tar
	called run --rm "${WAY[@]}" test:60 "$ID" cat /last /layers/2 /layers/60
	equals "$status: $(xargs <<<"$output")" "0: 60 2 60"
}

@test "run: on a terminal, which is resized" {
	on_terminal ready=hello 'got hello=resize' -- run --rm -t \
		"${WAY[@]}" test:1 "$ID" sh -c '
			is() { until [ "$(stty size)" = "$1" ]; do
				sleep 0.05; done; }
			tty; is "24 80"; echo ready
			read a; echo "got $a"; is "40 100"; exit 5'
	contains "$output" /dev/
	equals "$status" 5
}

# ---- detached

@test "tasks: ls, ps, pause, resume, kill, delete" {
	detached "$ID" -- sh -c "$WAITS"
	equals "$(status_of "$ID")" RUNNING
	pid=$(task_pid "$ID")
	must_ctr tasks ps "$ID"
	contains "$output" "$pid"
	if [ "$MODE" = v2 ] || has_controller freezer; then
		must_ctr tasks pause "$ID"
		equals "$(status_of "$ID")" PAUSED
		must_ctr tasks resume "$ID"
	fi
	equals "$(status_of "$ID")" RUNNING
	# What runs cannot be deleted.
	called tasks delete "$ID"
	[ "$status" -ne 0 ]
	equals "$(status_of "$ID")" RUNNING
	must_ctr tasks kill "$ID"
	eventually has_status "$ID" STOPPED
	called tasks kill "$ID"
	[ "$status" -ne 0 ]
	matches "$errors" 'not found|process already finished'
	must_ctr tasks delete "$ID"
	equals "$(ctr tasks ls -q)" ""
}

@test "tasks: the status of a signal" {
	detached "$ID" -- sleep 300
	must_ctr tasks kill -s 9 "$ID"
	eventually has_status "$ID" STOPPED
	ended_with "$ID" 137
}

@test "exec: status, stdin and a terminal" {
	detached "$ID" -- sh -c "$WAITS"
	typing
	called tasks exec --exec-id e1 "$ID" \
		sh -c 'echo ready; cat; echo other >&2; exit 9'
	equals "$output" "$(printf 'ready\ntyped')"
	contains "$errors" other
	equals "$status" 9
	called tasks exec --exec-id e2 "$ID" nosuch
	[ "$status" -ne 0 ]
	contains "$errors" nosuch
	on_terminal ready=hello -- tasks exec -t --exec-id e3 "$ID" sh -c \
		'tty; echo ready; read a; echo "got $a"; exit 4'
	contains "$output" "got hello"
	equals "$status" 4
	equals "$(status_of "$ID")" RUNNING
}

@test "exec: it ends with its container" {
	detached "$ID" -- sh -c "$WAITS"
	ctr tasks exec --exec-id e1 "$ID" sleep 300 \
		>"$BATS_TEST_TMPDIR/exec" 2>&1 3>&- &
	client=$!
	shows_sleep() { ctr tasks ps "$ID" | grep -q e1; }
	eventually shows_sleep
	must_ctr tasks kill -s 9 "$ID"
	status=0
	wait "$client" || status=$?
	equals "$status" 137
}

@test "logs: to a file, and to a program" {
	detached() { must_ctr run -d --log-uri "$@"; }
	detached file:///run/t/file.log "${WAY[@]}" test:1 "$ID" \
		sh -c 'echo out; echo err >&2'
	eventually has_status "$ID" STOPPED
	equals "$(sort "$WORLD_DIR/file.log" | xargs)" "err out"
	printf '#!/bin/sh\necho "$CONTAINER_NAMESPACE/$CONTAINER_ID $*" \
		>/run/t/logger.log\nexec 5>&-\ncat <&3 >>/run/t/logger.log\n' \
		>"$WORLD_DIR/logger"
	chmod +x "$WORLD_DIR/logger"
	detached 'binary:///run/t/logger?word=said' "${WAY[@]}" test:1 \
		"$ID.b" echo out
	eventually has_line "$WORLD_DIR/logger.log" '^out$'
	equals "$(head -n 1 "$WORLD_DIR/logger.log")" \
		"$SPACE/$ID.b word said"
}

@test "two tasks at once do not touch each other" {
	detached "$ID.1" -- sh -c "$WAITS"
	detached "$ID.2" -- sh -c "$WAITS"
	must_ctr tasks kill -s 9 "$ID.1"
	eventually has_status "$ID.1" STOPPED
	equals "$(status_of "$ID.2")" RUNNING
	called tasks exec --exec-id e "$ID.2" echo here
	equals "$output" here
}

# ---- resources and events

# Of a container without limits cgroup v1 may know nothing of its own.
@test "metrics" {
	[ "$MODE" = v2 ] || need_controller memory
	limit=(--memory-limit 64000000)
	has_controller memory || limit=()
	detached "$ID" "${limit[@]}" -- sh -c "$WAITS"
	called tasks metrics --format json "$ID"
	equals "$status" 0
	jq -e . "$OUT"
	has_controller memory || return 0
	used=$(jq -r '.memory.usage.usage // .memory.usage' "$OUT")
	[ "$used" -gt 0 ] && [ "$used" -le 64000000 ]
}

@test "a memory limit, and the event of running out of it" {
	need_controller memory
	events_begin
	run_in --memory-limit 8000000 -- sh -c \
		'head -c 30000000 /dev/zero | tail -n 1 >/dev/null; sleep 1'
	eventually has_line "$EVENTS" "/tasks/oom.*$ID"
}

@test "events come in their order" {
	events_begin
	detached "$ID" -- sh -c "$WAITS"
	called tasks exec --exec-id e1 "$ID" sh -c 'exit 3'
	must_ctr tasks kill "$ID"
	eventually has_status "$ID" STOPPED
	must_ctr tasks delete "$ID"
	called run --rm "${WAY[@]}" test:1 "$ID.b" true
	end=
	! native || end=" /tasks/delete"
	last=${end:-/tasks/exit}
	eventually has_line "$EVENTS" "${last# }.*$ID.b"
	equals "$(topics "$ID")" "/tasks/create /tasks/start\
 /tasks/exec-added /tasks/exec-started /tasks/exit /tasks/exit$end"
	equals "$(topics "$ID.b")" "/tasks/create /tasks/start /tasks/exit$end"
	# The exec's end has its own id and status.
	contains "$(grep '/tasks/exit' "$EVENTS" | grep '"id":"e1"')" \
		'"exit_status":3'
}

# ---- lives that end otherwise

@test "twenty in a row leave nothing" {
	for i in $(seq 20); do
		called run --rm "${WAY[@]}" test:1 "$ID.$i" sh -c "exit $i"
		equals "$status" "$i"
	done
	inventory_is "$BEFORE" "$SPACE"
}

@test "containerd is killed: tasks live on" {
	detached "$ID" -- sh -c "$WAITS"
	pid=$(task_pid "$ID")
	containerd_kill
	is_there "$pid"
	containerd_start
	equals "$(status_of "$ID")" RUNNING
	equals "$(task_pid "$ID")" "$pid"
	called tasks exec --exec-id e "$ID" echo here
	equals "$output" here
	must_ctr tasks kill "$ID"
	eventually has_status "$ID" STOPPED
	ended_with "$ID" 0
}

@test "containerd is killed: what ended meanwhile tells its status" {
	# Of 1.7 and later: what has no process any more is thrown away.
	native || ctr version | grep -qE 'Version: +v?1\.6' ||
		skip "this containerd forgets it with its own shim"
	detached "$ID" -- sh -c 'trap "exit 7" TERM
		while :; do sleep 0.05; done'
	pid=$(task_pid "$ID")
	containerd_kill
	inside sh -c "kill -TERM $pid"
	eventually is_gone "$pid"
	containerd_start
	eventually has_status "$ID" STOPPED
	ended_with "$ID" 7
}

@test "a shim is killed: containerd clears away" {
	detached "$ID" -- sh -c "$WAITS"
	pid=$(task_pid "$ID")
	shim=$(shim_pids "$ID")
	[ -n "$shim" ]
	# shellcheck disable=SC2086 # if it should be several
	kill -KILL $shim
	eventually is_gone "$pid"
	no_task() { [ -z "$(ctr tasks ls -q)" ]; }
	eventually no_task
	must_ctr containers delete "$ID"
	# containerd's own shim leaves its socket.
	native || rm -f "/proc/$WORLD/root/run/containerd/s"/*
	inventory_is "$BEFORE" "$SPACE"
	# The id can be had again.
	run_in -- echo again
	equals "$output" again
}

# ---- checkpoint and restore

# Its exit status tells that it goes on where it was.
@test "checkpoint and restore, through an image" {
	inside sh -c 'command -v criu && criu check' >/dev/null 2>&1 ||
		skip "no usable CRIU in ${RUNF_TEST_ROOT:-/}"
	detached "$ID" --net-host -- sh -c 'n=0; trap "exit \$n" TERM; n=5
		while :; do sleep 0.05; done'
	must_ctr containers checkpoint --rw --task "$ID" "saved:$ID"
	must_ctr tasks kill -s 9 "$ID"
	eventually has_status "$ID" STOPPED
	ended_with "$ID" 137
	must_ctr containers delete "$ID"
	events_begin
	ctr containers restore --rw --live "$ID" "saved:$ID" \
		>"$BATS_TEST_TMPDIR/restored" 2>&1 3>&- &
	eventually has_status "$ID" RUNNING ||
		{ cat "$BATS_TEST_TMPDIR/restored"; return 1; }
	must_ctr tasks kill "$ID"
	eventually has_line "$EVENTS" "/tasks/exit.*$ID.*exit_status\":5"
}

# ---- configuration

@test "the configuration in contrib is understood" {
	file=config-2.toml
	! ctr version | grep -qE 'Version: +v?1\.' || file=config-1.toml
	cp "$TOP/contrib/containerd/$file" "$WORLD_DIR/config.toml"
	inside containerd --config /run/t/config.toml config dump \
		>"$BATS_TEST_TMPDIR/dump" 2>"$BATS_TEST_TMPDIR/said"
	for name in runf runf-path runf-binary; do
		grep -qE "cri.*runtimes\.$name\]" "$BATS_TEST_TMPDIR/dump"
		grep -qE "cri.*runtimes\.$name\.options\]" \
			"$BATS_TEST_TMPDIR/dump"
	done
	grep -qE "runtime_type = .io\.containerd\.runf\.v2" \
		"$BATS_TEST_TMPDIR/dump"
	run ! grep -qiE 'unknown|ignor' "$BATS_TEST_TMPDIR/said"
}
