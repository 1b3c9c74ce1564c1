#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Checkpoint and restore with a real CRIU: what was running runs on.
#
# RUNF_TEST_CRIU   the program, or a directory with the root file system of a
#                  distribution that has a CRIU this kernel can use
load helpers
load checkpoint

# shellcheck disable=SC2034 # the helpers read them
setup() {
	prepare
	prepare_checkpoint
	need_criu
}

# B030 B031 B068 C053 C054 B077
@test "memory, file offsets, pipes and timers outlive a checkpoint" {
	start_payload child
	before=$(init_pid)
	eventually has_counted 3
	checkpoint
	# It is gone, with all that belonged to it.
	[ ! -e "$STATE/$ID" ]
	equals "$(cgroups_left)" ""
	eventually has_ended "$before"
	# Nobody else can read what was in memory.
	equals "$(stat -c %a "$IMAGES"/{,pages-1.img} | xargs)" "700 600"
	at=$(<"$WORK/counter")
	sleep 0.5
	equals "$(<"$WORK/counter")" "$at"

	restore --pid-file "$BATS_TEST_TMPDIR/pid"
	equals "$(state_of .status)" running
	pid=$(<"$BATS_TEST_TMPDIR/pid")
	equals "$(init_pid)" "$pid"
	lacks "$pid" "$before"
	equals "$(runf ps -f json "$ID"; jq length "$OUT")" 2
	eventually has_counted $((at + 3))
	ask
	equals "$(said pid)" 1
	equals "$(said data)" "the rest"
	equals "$(said pipe)" unread
	equals "$(said memory)" whole
	[ "$(said counter)" -lt $((at + 100)) ]
	equals "$(said timer)" armed
}

# C054
@test "a restored container obeys every verb" {
	start_payload
	checkpoint
	restore
	must exec "$ID" sh -c 'echo in $(hostname)'
	contains "$output" in
	must pause "$ID"
	equals "$(state_of .status)" paused
	must resume "$ID"
	refuses "already running" start "$ID"
	must kill "$ID" TERM
	wait_status stopped
	must delete "$ID"
}

@test "credentials and the seccomp filter are the same afterwards" {
	profile='{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{
		names: ["swapon"], action: "SCMP_ACT_ERRNO"}]}'
	config ".linux.seccomp = $profile"
	start_payload
	before=$(grep -E '^(Cap|Seccomp|NoNew|Uid|Groups)' \
		"/proc/$(init_pid)/status")
	checkpoint
	restore
	after=$(grep -E '^(Cap|Seccomp|NoNew|Uid|Groups)' \
		"/proc/$(init_pid)/status")
	equals "$after" "$before"
	contains "$after" "Seccomp:	2"
}

# B068
@test "--leave-running does" {
	start_payload
	before=$(init_pid)
	checkpoint --leave-running
	equals "$(state_of .status)" running
	equals "$(init_pid)" "$before"
	at=$(<"$WORK/counter")
	eventually has_counted $((at + 2))
	must delete --force "$ID"
	restore
	ask
	equals "$(said pipe)" unread
}

# B068
@test "a pre-dump is the parent of what follows" {
	"$CRIU" check --feature mem_dirty_track >/dev/null 2>&1 ||
		skip "this kernel does not track memory (CONFIG_MEM_SOFT_DIRTY)"
	start_payload
	must --criu "$CRIU" checkpoint --pre-dump \
		--image-path "$IMAGES.1" "$ID"
	equals "$(state_of .status)" running
	checkpoint --parent-path ../images.1
	[ -e "$IMAGES/parent" ]
	# The megabyte of memory is in the first.
	[ "$(images_size "$IMAGES.1")" -gt "$(images_size "$IMAGES")" ]
	restore
	ask
	equals "$(said memory)" whole
}

# B068 B072
@test "an established connection goes on with --tcp-established" {
	start_payload tcp
	runf --criu "$CRIU" checkpoint --image-path "$IMAGES" "$ID"
	[ "$status" -ne 0 ]
	contains "$errors" "dump.log"
	# What failed has changed nothing.
	equals "$(state_of .status)" running
	eventually has_counted $(($(<"$WORK/counter") + 2))
	checkpoint --tcp-established
	restore --tcp-established
	ask
	equals "$(said tcp)" old,new
}

# B068 B072
@test "locks are held again with --file-locks" {
	start_payload lock
	runf --criu "$CRIU" checkpoint --image-path "$IMAGES" "$ID"
	[ "$status" -ne 0 ]
	contains "$errors" lock
	checkpoint --file-locks
	restore --file-locks
	ask
	equals "$(said lock)" held
}

# B041 C053
@test "a terminal is handed to a new console socket" {
	config '.process.terminal = true'
	listen_console one
	start_payload_with "--console-socket $BATS_TEST_TMPDIR/one"
	ask
	equals "$(said tty)" /dev/pts/0
	checkpoint
	listen_console two
	restore --console-socket "$BATS_TEST_TMPDIR/two"
	eventually test -s "$BATS_TEST_TMPDIR/two.json"
	equals "$(jq -c '[.count, .tty, .more]' "$BATS_TEST_TMPDIR/two.json")" \
		'[1,true,0]'
	ask
	equals "$(said tty)" /dev/pts/0
	eventually grep -q reported "$BATS_TEST_TMPDIR/two.out"
}

# C053
@test "in the foreground restore gives the program its stdio and its status" {
	start_payload
	checkpoint
	rm -f "$WORK/counter"
	"$RUNF" --root "$STATE" --criu "$CRIU" restore --bundle "$BUNDLE" \
		--image-path "$IMAGES" "$ID" </dev/null \
		>"$BATS_TEST_TMPDIR/said" 2>"$BATS_TEST_TMPDIR/wrong" 3>&- &
	eventually test -e "$WORK/counter"
	ask
	must kill "$ID" TERM
	code=0
	wait $! || code=$?
	equals "$code" 7
	equals "$(<"$BATS_TEST_TMPDIR/said")" reported
	equals "$(<"$BATS_TEST_TMPDIR/wrong")" ""
	[ ! -e "$STATE/$ID" ]
}

# C053
@test "pipes are replaced by those of the restore" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	start_payload_by() {
		"$RUNF" --root "$STATE" run --detach --bundle "$BUNDLE" "$ID" \
			</dev/null 3>&- 2>/dev/null | cat >/dev/null &
	}
	configure_payload
	start_payload_by
	eventually test -e "$WORK/ready"
	checkpoint
	matches "$(jq -r '.[1]' "$IMAGES/descriptors.json")" '^pipe:'
	"$RUNF" --root "$STATE" --criu "$CRIU" restore --bundle "$BUNDLE" \
		--image-path "$IMAGES" --detach "$ID" </dev/null 2>&1 3>&- |
		cat >"$BATS_TEST_TMPDIR/said" &
	wait_status running
	ask
	eventually grep -q reported "$BATS_TEST_TMPDIR/said"
}

# C053
@test "what was /dev/null is that again, whatever stdio a restore has" {
	configure_payload
	"$RUNF" --root "$STATE" run --detach --bundle "$BUNDLE" "$ID" \
		</dev/null >/dev/null 2>&1 3>&-
	eventually test -e "$WORK/ready"
	checkpoint
	matches "$(jq -r '.[0]' "$IMAGES/descriptors.json")" '^null:file'
	# A pipe has no position, which CRIU would set.
	true | "$RUNF" --root "$STATE" --criu "$CRIU" restore \
		--bundle "$BUNDLE" --image-path "$IMAGES" --detach "$ID" 3>&- |
		cat >"$BATS_TEST_TMPDIR/said"
	wait_status running
	ask
	equals "$(readlink "/proc/$(init_pid)/fd/0")" /dev/null
	equals "$(cat "$BATS_TEST_TMPDIR/said")" ""
}

# B072
@test "a root that lacks the places of the mounts gets them" {
	echo hosts >"$BATS_TEST_TMPDIR/hosts"
	mkdir "$BATS_TEST_TMPDIR/volume"
	config --arg dir "$BATS_TEST_TMPDIR" '.mounts += [
		{destination: "/etc/hosts", source: ($dir + "/hosts"),
			options: ["bind"]},
		{destination: "/srv/volume", source: ($dir + "/volume"),
			options: ["bind"]},
		{destination: "/spare", type: "tmpfs", source: "tmpfs"}]'
	start_payload
	eventually has_counted 3
	checkpoint
	# As podman restores an archive, over a layer that is new.
	rm "$BUNDLE/rootfs/etc/hosts"
	rmdir "$BUNDLE/rootfs/srv/volume" "$BUNDLE/rootfs/srv" \
		"$BUNDLE/rootfs/spare"
	restore
	must exec "$ID" sh -c 'cat /etc/hosts; grep -c " /srv/volume \| /spare " \
		/proc/mounts'
	equals "$(xargs <<<"$output")" "hosts 2"
	[ ! -e "$BUNDLE/rootfs/dev/pts" ]
	ask
	equals "$(said pid)" 1
}

@test "a failed restore leaves nothing behind" {
	start_payload
	checkpoint
	cp -a "$IMAGES" "$IMAGES.broken"
	truncate -s 100 "$IMAGES.broken/core-1.img"
	runf --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES.broken" "$ID"
	[ "$status" -ne 0 ]
	contains "$errors" "$IMAGES.broken/restore.log"
	nothing_left
	# Neither is the id taken.
	restore
	ask
	equals "$(said pipe)" unread
}

@test "a taken id and missing images are refused, and change nothing" {
	start_payload
	checkpoint --leave-running
	refuses "exist" --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" "$ID"
	equals "$(state_of .status)" running
	refuses "$IMAGES.none" --criu "$CRIU" restore --bundle "$BUNDLE" \
		--detach --image-path "$IMAGES.none" "$TAG-2"
	[ ! -e "$STATE/$TAG-2" ]
}

# in_own_cgroup ID: of the v2 tree, and its namespace begins there.
in_own_cgroup() {
	contains "$(grep ^0: "/proc/$(init_pid)/cgroup")" "$1"
	must exec "$1" cat /proc/self/cgroup
	contains "$output" "0::/"
	lacks "$output" "$1"
}

# B068 B072
@test "every mode of cgroups puts it into its own cgroup" {
	for how in soft full strict ignore; do
		rm -rf "$IMAGES" "$WORK"/ready
		start_payload child
		checkpoint --manage-cgroups-mode "$how"
		restore --manage-cgroups-mode "$how"
		in_own_cgroup "$ID"
		equals "$(runf ps -f json "$ID"; jq length "$OUT")" 2
		must delete --force "$ID"
	done
}

@test "limits are those of the configuration" {
	need_controller memory pids
	config '.linux.resources.memory.limit = 134217728 |
		.linux.resources.pids.limit = 77'
	start_payload
	checkpoint
	restore
	if [ "$MODE" = v2 ]; then
		equals "$(<"$(cgroup_dir memory)/memory.max")" 134217728
		equals "$(<"$(cgroup_dir pids)/pids.max")" 77
	else
		equals "$(<"$(cgroup_dir memory)/memory.limit_in_bytes")" \
			134217728
		equals "$(<"$(cgroup_dir pids)/pids.max")" 77
	fi
	contains "$(cgroup_dir pids)" "$ID"
}

@test "strict wants a cgroup that is not there yet" {
	config --arg path "/runf-test/$TAG" '.linux.cgroupsPath = $path'
	SHARED_GROUP=yes
	start_payload
	checkpoint
	root=/sys/fs/cgroup
	[ "$MODE" = v2 ] || root=/sys/fs/cgroup/unified
	mkdir -p "$root/runf-test/$TAG"
	refuses "strict" --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" --manage-cgroups-mode strict "$ID"
	[ ! -e "$STATE/$ID" ]
	rmdir "$root/runf-test/$TAG"
	restore --manage-cgroups-mode strict
}

@test "another id has a cgroup of its own" {
	start_payload
	checkpoint --leave-running
	must delete --force "$ID"
	ID=$TAG-other
	restore
	in_own_cgroup "$ID"
}

@test "a paused container can be checkpointed" {
	start_payload
	eventually has_counted 1
	must pause "$ID"
	checkpoint --leave-running
	equals "$(state_of .status)" paused
	at=$(<"$WORK/counter")
	sleep 0.5
	equals "$(<"$WORK/counter")" "$at"
	rm -r "$IMAGES"
	checkpoint
	restore
	equals "$(state_of .status)" running
	ask
	equals "$(said pipe)" unread
}

# C053
@test "binds are mounted from the host anew, through links and below others" {
	outer=$BATS_TEST_TMPDIR/outer
	mkdir -p "$outer/inner" "$BATS_TEST_TMPDIR/hidden" "$BUNDLE/rootfs/real"
	ln -s real "$BUNDLE/rootfs/link"
	mount -t tmpfs tmpfs "$outer/inner"
	echo one >"$outer/file"
	echo two >"$outer/inner/file"
	config --arg outer "$outer" '.mounts += [
		{destination: "/link/outer", source: $outer, type: "bind",
			options: ["rbind", "ro"]},
		{destination: "/single", source: ($outer + "/file"),
			type: "bind", options: ["bind"]}]'
	start_payload
	look='cat /real/outer/file /real/outer/inner/file /single
		touch /real/outer/new 2>/dev/null || echo readonly'
	must exec "$ID" sh -c "$look"
	before=$output
	checkpoint
	restore
	must exec "$ID" sh -c "$look"
	equals "$output" "$before"
	contains "$output" readonly
	must delete --force "$ID"
	umount "$outer/inner"
}

@test "a bind that the container put elsewhere is not taken for the host's" {
	mkdir -p "$BATS_TEST_TMPDIR/data" "$BUNDLE/rootfs/a/b"
	config --arg data "$BATS_TEST_TMPDIR/data" '.mounts += [
		{destination: "/a/b/data", source: $data, type: "bind",
			options: ["bind", "ro"]}]'
	start_payload
	# So that it would be mounted over /dev/shm, writable.
	must exec "$ID" sh -c 'mv /a /old && mkdir -p /a/b &&
		ln -s /dev/shm /a/b/data'
	refuses "no longer" --criu "$CRIU" checkpoint --image-path "$IMAGES" \
		"$ID"
	equals "$(state_of .status)" running
}

# C053
@test "joined namespaces are joined again" {
	local kinds="net ipc uts time"
	[ -e /proc/self/ns/time ] || kinds="net ipc uts"
	for kind in $kinds; do
		touch "$BATS_TEST_TMPDIR/$kind"
	done
	unshare --net="$BATS_TEST_TMPDIR/net" --ipc="$BATS_TEST_TMPDIR/ipc" \
		--uts="$BATS_TEST_TMPDIR/uts" hostname joined
	[ "${kinds##* }" != time ] || unshare --boottime 1000000 \
		--time="$BATS_TEST_TMPDIR/time" true
	config --arg dir "$BATS_TEST_TMPDIR" 'del(.hostname) |
		.linux.namespaces |= map(
		if .type == "network" then .path = $dir + "/net"
		elif .type == "ipc" then .path = $dir + "/ipc"
		elif .type == "uts" then .path = $dir + "/uts" else . end)'
	[ "${kinds##* }" != time ] || config --arg dir "$BATS_TEST_TMPDIR" \
		'.linux.namespaces += [{type: "time", path: ($dir + "/time")}]'
	start_payload
	checkpoint
	restore
	pid=$(init_pid)
	for kind in $kinds; do
		equals "$(stat -L -c %i "/proc/$pid/ns/$kind")" \
			"$(stat -c %i "$BATS_TEST_TMPDIR/$kind")"
	done
	must exec "$ID" hostname
	equals "$output" joined
	[ "${kinds##* }" != time ] || {
		must exec "$ID" cat /proc/uptime
		[ "${output%%.*}" -ge 1000000 ]
	}
	must delete --force "$ID"
	for kind in $kinds; do
		umount "$BATS_TEST_TMPDIR/$kind"
	done
}

# C053
@test "a joined pid namespace is joined again" {
	touch "$BATS_TEST_TMPDIR/pid"
	# Its first process collects who is orphaned, as that of a pod does.
	unshare --pid="$BATS_TEST_TMPDIR/pid" --fork --kill-child \
		bash -c 'while :; do sleep 0.2; done' 3>&- &
	LISTENERS=$!
	eventually mountpoint -q "$BATS_TEST_TMPDIR/pid"
	config --arg path "$BATS_TEST_TMPDIR/pid" '(.linux.namespaces[] |
		select(.type == "pid")).path = $path'
	start_payload
	inside=$(sed -n 's/^NSpid:.*\t//p' "/proc/$(init_pid)/status")
	checkpoint
	# Its number is free when it is collected, and not before.
	eventually eval '! nsenter --pid="$BATS_TEST_TMPDIR/pid" \
		kill -0 "$inside" 2>/dev/null'
	restore
	pid=$(init_pid)
	equals "$(stat -L -c %i "/proc/$pid/ns/pid")" \
		"$(stat -c %i "$BATS_TEST_TMPDIR/pid")"
	equals "$(sed -n 's/^NSpid:.*\t//p' "/proc/$pid/status")" "$inside"
	must delete --force "$ID"
	umount "$BATS_TEST_TMPDIR/pid"
}

@test "a container in a user namespace can be restored" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 200000,
			size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	configure_payload
	chown -R 200000:200000 "$BUNDLE/rootfs"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR"
	start_payload
	checkpoint
	restore
	contains "$(grep ^Uid "/proc/$(init_pid)/status")" 200000
	# Nobody else can read what was in memory.
	equals "$(stat -c '%a %g' "$IMAGES"/{,pages-1.img} | xargs)" \
		"2710 200000 640 200000"
	ask
	equals "$(said pipe)" unread
}

# C054
@test "hooks run at a restore, in order, and see the restored process" {
	for kind in prestart createRuntime poststart poststop; do
		config --arg kind "$kind" --arg log "$BATS_TEST_TMPDIR/hooks" \
			'.hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c",
			"jq -r \"[\\\"" + $kind + "\\\", .status, .pid > 0] |
			join(\\\" \\\")\" >>" + $log]}]'
	done
	start_payload
	checkpoint
	: >"$BATS_TEST_TMPDIR/hooks"
	restore
	equals "$(<"$BATS_TEST_TMPDIR/hooks")" "prestart creating true
createRuntime creating true
poststart running true"
	must delete --force "$ID"
	equals "$(tail -n 1 "$BATS_TEST_TMPDIR/hooks")" "poststop stopped false"
}

@test "a hook that fails at a restore undoes it" {
	start_payload
	checkpoint
	config '.hooks.createRuntime = [{path: "/bin/false"}]'
	refuses 'exit code 1: "/bin/false"' --criu "$CRIU" restore \
		--bundle "$BUNDLE" --detach --image-path "$IMAGES" "$ID"
	[ ! -e "$STATE/$ID" ]
}

@test "only what runs can be checkpointed" {
	configure_payload
	must_create
	refuses "not started" --criu "$CRIU" checkpoint \
		--image-path "$IMAGES" "$ID"
	must kill "$ID" KILL
	wait_status stopped
	refuses "stopped" --criu "$CRIU" checkpoint --image-path "$IMAGES" "$ID"
	refuses "does not exist" --criu "$CRIU" checkpoint "$TAG-none"
}
