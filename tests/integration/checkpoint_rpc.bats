#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Checkpoint and restore without CRIU: what it is asked, and what becomes of
# whatever it may answer. In its place is tests/criu/fake_criu.c.
load helpers
load checkpoint

setup() {
	prepare
	prepare_checkpoint
	CRIU=$BUILT/fake_criu
	[ -x "$CRIU" ] || skip "runf was built without CRIU"
	export FAKE_CRIU=$BATS_TEST_TMPDIR/fake
	mkdir "$FAKE_CRIU" "$IMAGES"
	script ok
}

# script LINE...: what the fake does.
script() {
	printf '%s\n' "$@" >"$FAKE_CRIU/script"
	rm -f "$FAKE_CRIU/requests"
}

# What it was asked about PREFIX, in the order of the request.
asked() {
	grep "^$1" "$FAKE_CRIU/requests"
}

try_restore() {
	refuses "$1" --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" "${@:2}" "$ID"
	[ ! -e "$STATE/$ID" ]
	nothing_left
}

# B068 B069 B070 B071
@test "a checkpoint asks for what was wanted" {
	sleeper
	start_container
	mkdir "$IMAGES/before"
	must --criu "$CRIU" checkpoint --image-path "$IMAGES" \
		--work-path "$BATS_TEST_TMPDIR/work" --leave-running \
		--parent-path before --tcp-established --tcp-skip-in-flight \
		--ext-unix-sk --shell-job --file-locks --link-remap \
		--auto-dedup --lazy-pages --page-server 10.1.2.3:27 \
		--status-fd 1 --empty-ns network --network-lock nftables \
		--manage-cgroups-mode full "$ID"
	[ -d "$BATS_TEST_TMPDIR/work" ]
	equals "$(asked type)" "type VERSION
type FEATURE_CHECK
type DUMP"
	equals "$(asked 'options\.' | grep -vE 'external|_fd |freeze|cgroup_c')" \
"options.pid $(init_pid)
options.leave_running true
options.ext_unix_sk true
options.tcp_established true
options.shell_job true
options.file_locks true
options.log_level 4
options.log_file dump.log
options.page_server.address 10.1.2.3
options.page_server.port 27
options.notify_scripts true
options.parent_images before
options.track_memory true
options.auto_dedup true
options.link_remap true
options.cgroup_mode CGROUP_FULL
options.empty_namespaces 1073741824
options.tcp_skip_in_flight true
options.lazy_pages true
options.orphan_pts_master true
options.network_lock LOCK_NFTABLES"
	equals "$(asked 'options.status_fd')" "options.status_fd 1"
	equals "$(state_of .status)" running
}

@test "a checkpoint says no more than is needed" {
	sleeper
	start_container
	must --criu "$CRIU" checkpoint --image-path "$IMAGES" --pre-dump "$ID"
	equals "$(asked type)" "type VERSION
type FEATURE_CHECK
type PRE_DUMP"
	equals "$(asked 'options\.' | grep -vE 'external|_fd |freeze|cgroup_c')" \
"options.pid $(init_pid)
options.leave_running true
options.log_level 4
options.log_file dump.log
options.notify_scripts true
options.track_memory true
options.cgroup_mode CGROUP_SOFT
options.orphan_pts_master true"
}

# C053
@test "mounts, descriptors and joined namespaces are named" {
	net=$BATS_TEST_TMPDIR/net
	touch "$net"
	unshare --net="$net" true
	mkdir "$BATS_TEST_TMPDIR/data"
	config --arg net "$net" --arg data "$BATS_TEST_TMPDIR/data" '
		(.linux.namespaces[] | select(.type == "network")).path = $net |
		.mounts += [{destination: "/data", source: $data,
			type: "bind", options: ["bind"]}]'
	program 'sleep 300'
	inode=$(stat -L -c %i "$net")
	INPUT=$BATS_TEST_TMPDIR/input
	: >"$INPUT"
	start_container
	INPUT=
	must --criu "$CRIU" checkpoint --image-path "$IMAGES" --leave-running \
		"$ID"
	asked options.external
	contains "$(asked options.external)" 'mnt[/data]:/data'
	contains "$(asked options.external)" "net[$inode]:runf-net"
	matches "$(asked options.external)" 'external file\[[0-9a-f]+:'
	matches "$(jq -c . "$IMAGES/descriptors.json")" '^\["file\[.*"\]$'
	must delete --force "$ID"

	script start "notify setup-namespaces" "notify post-restore" ok
	must --criu "$CRIU" restore --bundle "$BUNDLE" --image-path "$IMAGES" \
		--detach "$ID"
	equals "$(asked options.external)" \
		"options.external mnt[/data]:$BATS_TEST_TMPDIR/data"
	contains "$(asked options.inherit_fds)" "key runf-net"
	contains "$(asked options.inherit_fds)" "key file["
	must delete --force "$ID"
	umount "$net"
}

# B072 B073 B074 B071
@test "a restore asks for what was wanted" {
	script start "notify setup-namespaces" "notify post-restore" ok
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" --tcp-established --tcp-close \
		--ext-unix-sk --shell-job --file-locks --auto-dedup \
		--lazy-pages --empty-ns network --network-lock skip \
		--lsm-profile selinux:a:b --lsm-mount-context c:d \
		--manage-cgroups-mode ignore -no-subreaper --no-pivot "$ID"
	equals "$(asked 'options\.' | grep -vE '_fd |root ')" \
"options.ext_unix_sk true
options.tcp_established true
options.shell_job true
options.file_locks true
options.log_level 4
options.log_file restore.log
options.notify_scripts true
options.auto_dedup true
options.restore_sibling true
options.cgroup_mode CGROUP_IGNORE
options.empty_namespaces 1073741824
options.lazy_pages true
options.orphan_pts_master true
options.tcp_close true
options.lsm_profile selinux:a:b
options.lsm_mount_context c:d
options.network_lock LOCK_SKIP"
	equals "$(asked options.root)" "options.root $BUNDLE/rootfs"
}

@test "every hierarchy has a root at a restore" {
	script start "notify setup-namespaces" "notify post-restore" ok
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" "$ID"
	while IFS=: read -r _ names _; do
		[ -n "$names" ] || names="''"
		for name in ${names//,/ }; do
			[ "$name" != "''" ] || name=
			asked options.cgroup_roots.controller |
				grep -q "^options.cgroup_roots.controller $name\$"
		done
	done </proc/self/cgroup
	asked options.cgroup_roots.path | grep -q "path /$ID\$"
}

# C054 B077 B088
@test "what is restored is a container like any other" {
	script start "notify network-lock" "notify setup-namespaces" \
		"notify post-setup-namespaces" "notify post-restore" \
		"notify network-unlock" "notify post-resume" ok
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
	pid=$(<"$BATS_TEST_TMPDIR/pid")
	equals "$(<"/proc/$pid/comm")" fake-restored
	equals "$(init_pid)" "$pid"
	equals "$(state_of .status)" running
	equals "$(asked notify_success | sort -u)" "notify_success true"
	must kill "$ID" KILL
	wait_status stopped
	must delete "$ID"
}

# B068
@test "a checkpoint deletes the container once it has ended" {
	sleeper
	start_container
	pid=$(init_pid)
	script "notify pre-dump" ok
	# The fake kills nobody: a container that runs on is not deleted.
	runf --criu "$CRIU" checkpoint --image-path "$IMAGES" "$ID"
	[ "$status" -ne 0 ]
	equals "$(state_of .status)" running
	equals "$(init_pid)" "$pid"
}

# B041 C053
@test "the terminal from CRIU goes to the console socket" {
	config '.process.terminal = true'
	refuses "--console-socket" --criu "$CRIU" restore --bundle "$BUNDLE" \
		--detach --image-path "$IMAGES" "$ID"
	listen_console tty
	script start "notify setup-namespaces" terminal \
		"notify post-restore" ok
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" \
		--console-socket "$BATS_TEST_TMPDIR/tty" "$ID"
	eventually test -s "$BATS_TEST_TMPDIR/tty.json"
	equals "$(jq -c '[.count, .tty, .more]' "$BATS_TEST_TMPDIR/tty.json")" \
		'[1,true,0]'
}

@test "without CRIU one error says which package it is in" {
	sleeper
	start_container
	refuses "package criu" --criu /none/criu checkpoint \
		--image-path "$IMAGES" "$ID"
	refuses "package criu" --criu no-such-criu checkpoint \
		--image-path "$IMAGES" "$ID"
	equals "$(state_of .status)" running
}

# B009 B014
@test "CRIU is found in PATH, and knows PATH even if the caller does not" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$CRIU" "$BATS_TEST_TMPDIR/bin/criu"
	sleeper
	start_container
	PATH=$BATS_TEST_TMPDIR/bin:$PATH must checkpoint --leave-running \
		--image-path "$IMAGES" "$ID"
	env -i FAKE_CRIU="$FAKE_CRIU" "$RUNF" --root "$STATE" --criu "$CRIU" \
		checkpoint --leave-running --image-path "$IMAGES" "$ID" 3>&-
}

@test "a CRIU that is too old, or cannot do it, is refused" {
	script "version 3 13 9" ok
	try_restore "CRIU 3.13.9"
	equals "$(asked type)" "type VERSION"
	script "version 3 15 0" ok
	try_restore "needs 3.16.0" --lsm-mount-context x
	try_restore "needs 3.17.0" --network-lock skip
	script "version -3 15 0" ok
	try_restore "version"
	script "features 0 0" ok
	try_restore "lazily" --lazy-pages
	sleeper
	start_container
	refuses "track memory" --criu "$CRIU" checkpoint --pre-dump \
		--image-path "$IMAGES" "$ID"
}

@test "CRIU's reason and the end of its log are told" {
	script "log (00.1) Error (criu/a.c:1): first things" \
		"log (00.2) Warn  (criu/b.c:2): not that" \
		"log (00.3) Error (criu/c.c:3): last things" "fail words"
	try_restore "first things; last things (log: \"$IMAGES/restore.log\")"
	rm "$IMAGES/restore.log"
	script "fail its own words"
	try_restore "its own words"
	script fail
	try_restore "no reason"
	# A log of before is not taken for an answer.
	echo "(00.1) Error (criu/a.c:1): of yesterday" >"$IMAGES/restore.log"
	script "exit 3"
	try_restore "status 3"
	lacks "$errors" yesterday
}

@test "a failed checkpoint leaves the container running" {
	sleeper
	start_container
	for answer in "fail no" "exit 1" "kill 9" "bytes ff ff" "flood 65536"; do
		script "$answer"
		runf --criu "$CRIU" checkpoint --image-path "$IMAGES" "$ID"
		[ "$status" -eq 1 ]
		equals "$(state_of .status)" running
	done
}

# B072
@test "whatever CRIU says, nothing is left behind" {
	for answer in "exit 0" "kill 9" "kill 11" "bytes 00" "bytes ff ff ff" \
		"flood 65536" "flood 200000" ok "ok 1" "ok -5" \
		"notify setup-namespaces 1" "notify post-restore 1" \
		"notify post-restore -1" "notify post-restore 999999999" \
		"notify orphan-pts-master" "bytes 08 06 10 01" \
		"bytes 08 06 10 01 2a 00" "bytes 08 02 10 01 22 00" \
		"bytes 08 02" "bytes 0a"; do
		echo "answer: $answer"
		script "$answer"
		try_restore ""
		script start "notify setup-namespaces" "notify post-restore" \
			"$answer" "fail the end"
		case $answer in
		ok) continue ;;
		esac
		try_restore ""
	done
}

@test "a process that is no child of runf's is not touched" {
	sleep 300 3>&- &
	stranger=$!
	script start "notify post-restore $stranger" ok
	try_restore "$stranger"
	kill -0 "$stranger"
	kill "$stranger"
}

# C054
@test "a hook that fails makes CRIU give up, and its words are the error" {
	config '.hooks.prestart = [{path: "/bin/sh",
		args: ["sh", "-c", "echo so it is >&2; exit 5"]}]'
	script start "notify setup-namespaces" "notify post-restore" ok
	try_restore 'exit code 5: "/bin/sh": so it is'
	equals "$(asked notify_success)" "notify_success false"
}

# C002
@test "CRIU's own configuration is what the annotation says" {
	script start "notify post-restore" ok
	config '.annotations["org.criu.config"] = "/etc/criu/mine.conf"'
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" "$ID"
	equals "$(asked options.config_file)" \
		"options.config_file /etc/criu/mine.conf"
	must delete --force "$ID"
	config '.annotations["org.criu.config"] = ""'
	script start "notify post-restore" ok
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" "$ID"
	lacks "$(asked options)" config_file
}

@test "options that contradict each other are refused" {
	sleeper
	start_container
	for words in "--parent-path /abs" "--status-fd 3" \
		"--lazy-pages" "--pre-dump --lazy-pages" \
		"--page-server nowhere" "--page-server :1" \
		"--page-server a:0" "--page-server a:70000" \
		"--manage-cgroups-mode hard" "--empty-ns pid" \
		"--network-lock maybe"; do
		# shellcheck disable=SC2086 # several words
		refuses "" --criu "$CRIU" checkpoint --image-path "$IMAGES" \
			$words "$ID"
		equals "$status" 64
	done
	[ ! -e "$FAKE_CRIU/requests" ]
	refuses "missing" --criu "$CRIU" checkpoint --image-path "$IMAGES" \
		--parent-path missing "$ID"
}

# B030 B031 A222
@test "clients find out what there is as they are used to" {
	must checkpoint --help
	must restore --help
	contains "$output" --lsm-mount-context
	refuses "requires an argument" restore --lsm-mount-context
	must features
	equals "$(jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' \
		"$OUT")" true
}

# CRIU's root has to be a mount point that it finds.
@test "a root that is handed over is on the host for a restore" {
	mv "$BUNDLE/rootfs" "$BATS_TEST_TMPDIR/base"
	mkdir "$BUNDLE/rootfs"
	root=source=$BATS_TEST_TMPDIR/base,options=rbind
	script start "notify setup-namespaces" "notify post-restore" ok
	must --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" --rootfs-mount "$root" "$ID"
	equals "$(asked options.root)" "options.root $BUNDLE/rootfs"
	[ -d "$BUNDLE/rootfs/bin" ]
	must delete --force "$ID"
	[ ! -d "$BUNDLE/rootfs/bin" ]
	script "ok 1"
	refuses restore --criu "$CRIU" restore --bundle "$BUNDLE" --detach \
		--image-path "$IMAGES" --rootfs-mount "$root" "$ID"
	[ ! -d "$BUNDLE/rootfs/bin" ]
	# A dump knows only the root, not what else lies in it.
	sleeper
	start_container --rootfs-mount "$root" --rootfs-mount \
		"type=tmpfs,source=tmpfs,target=/tmp"
	refuses "2 mounts" --criu "$CRIU" checkpoint \
		--image-path "$IMAGES" "$ID"
	equals "$(state_of .status)" running
}
