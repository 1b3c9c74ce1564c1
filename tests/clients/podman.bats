#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A real podman, as root and rootless.
load podman

# ---- in the foreground

# B077 B114 B120 B121 B143
@test "run: exit statuses, and whose words the errors are" {
	for code in 0 7 127; do
		podman_run "$IMAGE" sh -c "exit $code"
		equals "$status $errors" "$code "
	done
	podman_run "$IMAGE" nosuch
	equals "$status" 127
	[ "$RUNF_TEST_RUNTIME" != runf ] || contains "$errors" \
		'runf: exec: "nosuch": executable file not found in $PATH'
	podman_run "$IMAGE" /etc/passwd
	equals "$status" 126
	contains "$errors" "permission denied"
	podman_run --volume /run/t/image.tar:/etc "$IMAGE" true
	[ "$status" -ne 0 ]
	contains "${errors,,}" "not a directory"
}

# C028 B143
@test "run: without cgroups, as contrib/podman/containers.conf allows" {
	BELOW=()
	podman_run --cgroups disabled "$IMAGE" echo none
	equals "$status $output" "0 none"
}

# B081 B082 B092
@test "run: on a terminal, which is resized" {
	status=0
	output=$(python3 "$CLIENTS/terminal.py" ready=hello 'got hello=resize' \
		-- nsenter --target "$WORLD" --mount --pid --wdns=/run/t \
		env CONTAINERS_CONF=/run/t/containers.conf HOME=/root \
		CONTAINERS_STORAGE_CONF=/run/t/storage.conf podman \
		--runtime "$RUNF_TEST_RUNTIME" run --rm -it --network none \
		"${BELOW[@]}" "$IMAGE" sh -c '
			is() { until [ "$(stty size)" = "$1" ]; do
				sleep 0.05; done; }
			tty; is "24 80"; echo ready
			read a; echo "got $a"; is "40 100"; exit 5' 3>&-) ||
		status=$?
	contains "$output" /dev/pts/0
	equals "$status" 5
}

@test "run: what the options make" {
	podman_run --init "$IMAGE" sh -c 'tr "\0" " " </proc/1/cmdline'
	if [ "$status" -ne 125 ]; then # no catatonit
		contains "$output" podman-init
	fi
	podman_run --read-only --read-only-tmpfs=false --tmpfs /t:size=1m \
		"$IMAGE" sh -c 'touch /t/x /y; ls /t'
	contains "$errors" "Read-only"
	equals "$output" x
	podman_run --device /dev/fuse:/dev/f --cap-drop all \
		--cap-add net_raw --security-opt no-new-privileges "$IMAGE" \
		sh -c 'ls /dev/f; grep -E "CapEff|NoNew|Seccomp:" /proc/self/status'
	equals "$(xargs <<<"$output")" \
		"/dev/f CapEff: 0000000000002000 NoNewPrivs: 1 Seccomp: 2"
	podman_run --user 1000 --group-add 55 --umask 077 \
		--hostname there --sysctl net.ipv4.ip_forward=1 "$IMAGE" sh -c \
		'id -u; id -G; umask; hostname; cat /proc/sys/net/ipv4/ip_forward'
	equals "$(xargs <<<"$output")" "1000 1000 55 0077 there 1"
	echo typed >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in
	podman_run --interactive "$IMAGE" cat
	equals "$output" typed
}

# A088: /sys/fs/cgroup/systemd is bound over a read-only mount
@test "run: as a container with an init like systemd" {
	podman_run --systemd always "$IMAGE" sh -c 'mount | grep -c " /run "'
	equals "$status $output" "0 1"
}

# A016 A017 A018
@test "run: hooks of a directory, with the state" {
	mkdir "$WORLD_DIR/hooks"
	printf '%s' '{"version": "1.0.0", "hook": {"path": "/bin/sh", "args":
		["sh", "-c", "tee -a /run/t/hooked"]}, "when": {"always": true},
		"stages": ["createRuntime", "poststop"]}' \
		>"$WORLD_DIR/hooks/one.json"
	called --hooks-dir /run/t/hooks run --rm --network none \
		"${BELOW[@]}" "$IMAGE" true
	equals "$status" 0
	equals "$(jq -r .status "$WORLD_DIR/hooked" | xargs)" \
		"$([ "$RUNF_TEST_RUNTIME" = runf ] && echo "creating stopped" ||
			jq -r .status "$WORLD_DIR/hooked" | xargs)"
}

# C021
@test "run: user namespaces, and volumes whose ids are mapped" {
	maps=(--uidmap 0:100000:1000 --gidmap 0:100000:1000)
	podman_run "${maps[@]}" "$IMAGE" sh -c \
		'awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map; touch /f; stat -c %u /f'
	equals "$(xargs <<<"$output")" "0 100000 1000 0"
	podman_run --userns auto:size=2000 "$IMAGE" cat /proc/self/uid_map
	contains "$output$errors" 2000
	mkdir "$WORLD_DIR/volume"
	touch "$WORLD_DIR/volume/file"
	chown 5:6 "$WORLD_DIR/volume/file"
	podman_run "${maps[@]}" -v /run/t/volume:/v "$IMAGE" stat -c %u:%g /v/file
	equals "$output" 65534:65534
	[ "$RUNF_TEST_RUNTIME" = runf ] || return 0
	podman_run "${maps[@]}" -v /run/t/volume:/v:idmap "$IMAGE" \
		stat -c %u:%g /v/file
	equals "$output" 5:6
	podman_run "${maps[@]}" -v \
		'/run/t/volume:/v:idmap=uids=@5-7-1;gids=@6-8-1' "$IMAGE" \
		stat -c %u:%g /v/file
	equals "$output" 7:8
}

@test "run: limits" {
	need_controller memory cpu pids
	podman_run --memory 64m --cpus 0.5 --pids-limit 20 "$IMAGE" sh -c '
		cd /sys/fs/cgroup
		cat memory.max memory/memory.limit_in_bytes pids.max pids/pids.max \
			cpu.max cpu/cpu.cfs_quota_us 2>/dev/null'
	case $MODE in
	v2) equals "$(xargs <<<"$output")" "67108864 20 50000 100000" ;;
	*) equals "$(xargs <<<"$output")" "67108864 20 50000" ;;
	esac
	podman_run --memory 8m "$IMAGE" sh -c 'x=a; while :; do x=$x$x; done'
	equals "$status" 137
}

# ---- detached

# B079 B080 B088 B128
@test "exec, top, kill, restart, stop, wait" {
	detached --name "$NAME" "$IMAGE" sh -c "$WAITS"
	called exec "$NAME" sh -c 'echo in; exit 9'
	equals "$status $output" "9 in"
	called exec "$NAME" nosuch
	equals "$status" 127
	called exec --user 1000 --workdir /tmp --env WORD=said "$NAME" \
		sh -c 'id -u; pwd; echo $WORD'
	equals "$(xargs <<<"$output")" "1000 /tmp said"
	must_podman exec --detach "$NAME" sleep 77
	must_podman top "$NAME" pid comm
	equals "$(grep -c sleep <<<"$output")" 2
	must_podman restart --time 1 "$NAME"
	must_podman stop "$NAME"
	equals "$(inspected "$NAME" \
		'{{.State.Status}} {{.State.ExitCode}} {{.OCIRuntime}}')" \
		"exited 3 $RUNF_TEST_RUNTIME"
	must_podman start "$NAME"
	must_podman kill "$NAME"
	must_podman wait "$NAME"
	equals "$output" 137
	must_podman rm "$NAME"
}

# C034
@test "pause and unpause, stats, health checks, logs" {
	local limits=()
	# With cgroup v1 runf makes a place only where there is a limit.
	! has_controller pids || limits=(--pids-limit 50)
	detached --name "$NAME" "${limits[@]}" --health-cmd 'test -e /well' \
		--health-interval disable --log-driver k8s-file "$IMAGE" sh -c \
		"echo logged; $WAITS"
	if [ "$MODE" = v2 ] || has_controller freezer; then
		must_podman pause "$NAME"
		equals "$(inspected "$NAME" '{{.State.Status}}')" paused
		called exec "$NAME" true
		equals "$status" 255
		must_podman unpause "$NAME"
	fi
	must_podman stats --no-stream --format '{{.Name}}' "$NAME"
	equals "$output" "$NAME"
	called healthcheck run "$NAME"
	equals "$status" 1
	must_podman exec "$NAME" touch /well
	must_podman healthcheck run "$NAME"
	must_podman logs "$NAME"
	equals "$output" logged
	must_podman cp "$NAME:/etc/passwd" /run/t/copied
	must_podman rm --force --time 0 "$NAME"
}

@test "a restart policy" {
	detached --name "$NAME" --restart on-failure:2 "$IMAGE" false
	eventually is_inspected "$NAME" \
		'{{.RestartCount}} {{.State.Status}}' "2 exited"
	equals "$(inspected "$NAME" '{{.State.ExitCode}}')" 1
}

@test "init, then start" {
	must_podman create --network none "${BELOW[@]}" --name "$NAME" \
		"$IMAGE" echo once
	must_podman init "$NAME"
	equals "$(inspected "$NAME" '{{.State.Status}}')" initialized
	must_podman start --attach "$NAME"
	equals "$output" once
}

pod_works() {
	must_podman pod create --name "$NAME" --infra-image "$IMAGE" \
		--infra-command "sleep 300" --share ipc,uts,net,pid \
		--network none "$@"
	must_podman run --detach --pod "$NAME" "$IMAGE" sleep 77
	must_podman run --rm --pod "$NAME" "$IMAGE" sh -c \
		'ps | grep -c "[s]leep [37]"'
	equals "$output" 2
	must_podman pod rm --force --time 0 "$NAME"
}

# A115 A116
@test "a pod shares its namespaces" {
	pod_works "${BELOW[@]}"
}

# ---- rootless

# A050 B013 B146 C030
@test "rootless: ids, options" {
	be_user
	podman_run "$IMAGE" sh -c 'id -u; awk "{ print \$2 }" /proc/self/uid_map'
	equals "$status $(xargs <<<"$output")" "0 0 $USER_ID 100000"
	podman_run --userns keep-id "$IMAGE" id -u
	equals "$output" "$USER_ID"
	podman_run --userns auto:size=2000 "$IMAGE" cat /proc/self/uid_map
	contains "$output$errors" 2000
	podman_run --user 1000 --group-add 44 "$IMAGE" id -G
	equals "$output" "1000 44"
	called run --rm --network host "$IMAGE" sh -c 'mount | grep -c "on /sys "'
	equals "$output" 1
	podman_run --privileged "$IMAGE" sh -c 'ls /dev | wc -l'
	[ "$output" -gt 15 ]
	podman_run --cgroups disabled --read-only --tmpfs /t "$IMAGE" touch /t/x
	equals "$status" 0
	podman_run --volume /run/t/home:/v "$IMAGE" stat -c %u /v
	equals "$output" 0
	podman_run "$IMAGE" nosuch
	equals "$status" 127
}

# B146 B136: in a user namespace, where setns(2) leads nowhere back
@test "rootless: exec, stop, health checks" {
	be_user
	detached --name "$NAME" --health-cmd 'exit 0' \
		--health-interval disable "$IMAGE" sh -c "$WAITS"
	called exec "$NAME" sh -c 'echo in; exit 4'
	equals "$status $output" "4 in"
	called exec "$NAME" nosuch
	equals "$status" 127
	must_podman healthcheck run "$NAME"
	must_podman top "$NAME" comm
	must_podman stop "$NAME"
	equals "$(inspected "$NAME" '{{.State.ExitCode}}')" 3
}

# B146
@test "rootless: a pod shares its namespaces" {
	be_user
	pod_works
}

# B125 C031: asked for, it must not be silently without; podman drops it on v1
@test "rootless: a limit without delegation is an error that says where" {
	[ "$MODE" = v2 ] || skip "podman itself drops it with cgroup v1"
	[ "$RUNF_TEST_RUNTIME" = runf ] || skip "others drop it"
	be_user
	podman_run --memory 64m "$IMAGE" true
	equals "$status" 126
	contains "$errors" /sys/fs/cgroup
}

# ---- more

# B146: runf itself, without podman
@test "rootless: runf alone, with a range of ids and without" {
	local as=(patient setpriv --reuid "$USER_ID" --regid "$USER_ID"
		--clear-groups env -i HOME=/run/t/home
		XDG_RUNTIME_DIR=/run/t/run PATH=/usr/sbin:/usr/bin:/sbin:/bin)
	make_template "$WORLD_DIR/bundle/rootfs"
	chown "$USER_ID:$USER_ID" "$WORLD_DIR/bundle"
	"${as[@]}" /run/t/runf spec --rootless --bundle /run/t/bundle
	config_of "$WORLD_DIR/bundle" '.process.terminal = false |
		.process.args = ["sh", "-c", "id -u; cat /proc/self/uid_map"]'
	output=$("${as[@]}" /run/t/runf run --bundle /run/t/bundle "$NAME" 2>&1)
	equals "$(xargs <<<"$output")" "0 0 $USER_ID 1"
	config_of "$WORLD_DIR/bundle" '.linux.uidMappings +=
		[{containerID: 1, hostID: 100000, size: 65536}]
		| .linux.gidMappings = (.linux.uidMappings)'
	output=$("${as[@]}" /run/t/runf run --bundle /run/t/bundle "$NAME" 2>&1)
	equals "$(xargs <<<"$output")" "0 0 $USER_ID 1 1 100000 65536"
	equals "$("${as[@]}" /run/t/runf list -q)" ""
}

# C053 C054
@test "checkpoint, restore, and a restore from an archive" {
	only_long
	[ -n "${RUNF_TEST_ROOT-}" ] || skip "no CRIU that works with this kernel"
	[ "$RUNF_TEST_RUNTIME" = runf ] || skip "others have no CRIU here"
	inside criu check >/dev/null 2>&1 || skip "criu cannot work here"
	detached --name "$NAME" "$IMAGE" sh -c \
		'i=0; while :; do i=$((i + 1)); echo $i >/n; sleep 0.1; done'
	sleep 0.5
	must_podman container checkpoint "$NAME"
	equals "$(inspected "$NAME" '{{.State.Status}}')" exited
	must_podman container restore "$NAME"
	must_podman container checkpoint --export /run/t/saved.tar "$NAME"
	must_podman rm "$NAME"
	must_podman container restore --import /run/t/saved.tar --name "$NAME.2"
	must_podman exec "$NAME.2" cat /n
	[ "$output" -gt 3 ]
}
