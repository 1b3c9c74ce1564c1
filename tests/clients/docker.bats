#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A real Docker.
load docker

# B155
@test "info lists the runtime" {
	must_docker info --format '{{json .Runtimes}}'
	contains "$output" '"runf"'
}

# B114 B116 B120 B121 B123
@test "run: exit statuses and errors" {
	for code in 0 7; do
		docker_run test:1 sh -c "exit $code"
		equals "$status $errors" "$code "
	done
	docker_run test:1 nosuch
	equals "$status" 127
	contains "$errors" 'exec: "nosuch": executable file not found in $PATH'
	docker_run test:1 /etc/passwd
	equals "$status" 126
	contains "$errors" "permission denied"
	docker_run --volume /run/t/rootfs.tar:/etc test:1 true
	[ "$status" -ge 125 ]
	contains "$errors" "Are you trying to mount a directory onto a file"
}

# B156
@test "run: what the options make" {
	docker_run --init test:1 sh -c 'tr "\0" " " </proc/1/cmdline'
	contains "$output" docker-init
	docker_run --read-only --tmpfs /t test:1 sh -c 'touch /t/x /y; ls /t'
	equals "$output" x
	docker_run --device /dev/fuse --cap-drop all --security-opt \
		no-new-privileges test:1 sh -c 'ls /dev/fuse
		grep -E "CapEff|NoNew|Seccomp:" /proc/self/status'
	equals "$(xargs <<<"$output")" \
		"/dev/fuse CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2"
	docker_run --volume kept:/v --user 1000 --workdir /tmp --sysctl \
		net.ipv4.ip_forward=1 test:1 sh -c \
		'id -u; pwd; mount | grep -c " /v "; cat /proc/sys/net/ipv4/ip_forward'
	equals "$(xargs <<<"$output")" "1000 /tmp 1 1"
	echo typed >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in
	docker_run --interactive test:1 cat
	equals "$output" typed
}

# B081: docker loses a change of size that comes while it sends the first
@test "run: on a terminal, which is resized" {
	status=0
	output=$(python3 "$CLIENTS/terminal.py" ready=hello 'got hello=resize' \
		-- nsenter --target "$WORLD" --mount --pid --wdns=/run/t \
		env HOME=/run/t DOCKER_HOST=unix:///run/t/docker.sock docker \
		run --rm -it --net none --runtime "$RUNTIME" test:1 sh -c '
			is() { until [ "$(stty size)" = "$1" ]; do
				sleep 0.05; done; }
			tty; sleep 1; echo ready
			read a; echo "got $a"; is "40 100"; exit 5' 3>&-) ||
		status=$?
	contains "$output" /dev/pts/0
	equals "$status" 5
}

@test "run: limits" {
	need_controller memory cpu pids
	docker_run --memory 64m --cpus 0.5 --pids-limit 20 test:1 sh -c '
		cd /sys/fs/cgroup
		cat memory.max memory/memory.limit_in_bytes pids.max pids/pids.max \
			cpu.max cpu/cpu.cfs_quota_us 2>/dev/null'
	case $MODE in
	v2) equals "$(xargs <<<"$output")" "67108864 20 50000 100000" ;;
	*) equals "$(xargs <<<"$output")" "67108864 20 50000" ;;
	esac
	docker_run --memory 8m test:1 sh -c 'x=a; while :; do x=$x$x; done'
	equals "$status" 137
}

# B079 B088
@test "exec, top, stats, update, restart, stop, wait" {
	local limits=()
	# With cgroup v1 runf makes a place only where there is a limit.
	! has_controller pids || limits=(--pids-limit 50)
	detached --name "$NAME" "${limits[@]}" test:1 sh -c "$WAITS"
	called exec "$NAME" sh -c 'echo in; exit 9'
	equals "$status $output" "9 in"
	called exec "$NAME" nosuch
	[ "$status" -ge 126 ]
	must_docker exec --user 1000 --workdir /tmp --env WORD=said "$NAME" \
		sh -c 'id -u; pwd; echo $WORD'
	equals "$(xargs <<<"$output")" "1000 /tmp said"
	must_docker top "$NAME"
	contains "$output" "sleep 0.05"
	must_docker stats --no-stream --format '{{.PIDs}}' "$NAME"
	[ "${#limits[@]}" -eq 0 ] || [ "$output" -gt 0 ]
	! has_controller memory ||
		must_docker update --memory 100m --memory-swap 200m "$NAME"
	must_docker restart --time 1 "$NAME"
	must_docker stop "$NAME"
	is_inspected "$NAME" '{{.State.Status}} {{.State.ExitCode}}' "exited 3"
	must_docker start "$NAME"
	must_docker kill "$NAME"
	must_docker wait "$NAME"
	equals "$output" 137
	must_docker rm "$NAME"
}

# C034
@test "pause, health checks, logs, a restart policy" {
	detached --name "$NAME" --health-cmd true --health-interval 1s test:1 \
		sh -c "echo logged; $WAITS"
	if [ "$MODE" = v2 ] || has_controller freezer; then
		must_docker pause "$NAME"
		is_inspected "$NAME" '{{.State.Status}}' paused
		must_docker unpause "$NAME"
	fi
	eventually is_inspected "$NAME" '{{.State.Health.Status}}' healthy
	must_docker logs "$NAME"
	equals "$output" logged
	detached --name "$NAME.2" --restart on-failure:2 test:1 false
	eventually is_inspected "$NAME.2" \
		'{{.RestartCount}} {{.State.Status}}' "2 exited"
}

# B157 B158
@test "build: by BuildKit, and by the builder before it" {
	mkdir -p "$WORLD_DIR/context"
	printf '%s\n' 'FROM test:1' 'RUN echo made >/made && id -u' \
		'CMD ["cat", "/made"]' >"$WORLD_DIR/context/Dockerfile"
	# This builder takes the daemon's default, called runc: ours, too.
	KIT=0 must_docker build --network none --quiet --tag old:1 \
		/run/t/context
	docker_run old:1
	equals "$output" made
	rm -f "$WORLD_DIR/built"
	called build --network none --no-cache --tag new:1 /run/t/context
	if [ "$status" -ne 0 ] && [[ $errors == *buildx* ]]; then
		skip "no buildx for BuildKit: $errors"
	fi
	equals "$status" 0
	[ "$RUNF_TEST_WAY" = runc ] || contains "$(<"$WORLD_DIR/built")" " run "
	docker_run new:1
	equals "$output" made
}
