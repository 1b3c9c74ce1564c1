#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# User namespaces: mappings, ownership, devices.
load helpers

setup() {
	prepare
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000,
			size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 200000,
			size: 65536}]'
	# The mapped root must be able to reach and own its files.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:200000 "$BUNDLE/rootfs"
	root_only=$(dirname "$BATS_RUN_TMPDIR")
	[ -x "$root_only" ]
}

# A117
@test "root in the container is somebody else outside" {
	program 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map
		touch /made; exec sleep 300'
	start_container
	eventually test -e "$BUNDLE/rootfs/made"
	equals "$(stat -c '%u %g' "$BUNDLE/rootfs/made")" "100000 200000"
	equals "$(xargs <"$CONTAINER_OUT")" \
		"0 0 0 100000 65536 0 200000 65536"
	equals "$(awk '/^Uid/ { print $2 }' "/proc/$(init_pid)/status")" 100000
}

# A119 A130
@test "the default mounts and devices are there" {
	program 'mount | cut -d " " -f 3; echo x >/dev/null
		head -c 4 /dev/urandom | wc -c; test -c /dev/tty && echo tty'
	must_run
	for path in / /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do
		contains "$output" "$path"
	done
	contains "$output" 4
	contains "$output" tty
}

# A129 D027
@test "devices are the host's, and the host's stay whose they were" {
	before=$(stat -c '%u %g %a' /dev/null /dev/zero /dev/tty)
	must_run
	equals "$(stat -c '%u %g %a' /dev/null /dev/zero /dev/tty)" "$before"
}

# A048 A117
@test "a user inside has the mapped id outside" {
	config '.process.user = {uid: 1000, gid: 1000,
		additionalGids: [2000]}'
	program 'id -u; id -g; id -G; sleep 300'
	start_container
	eventually has_text "$CONTAINER_OUT"
	equals "$(awk '/^Uid/ { print $2 }' "/proc/$(init_pid)/status")" 101000
	equals "$(xargs <"$CONTAINER_OUT")" "1000 1000 1000 2000"
}

# C040
@test "exec joins the user namespace" {
	sleeper
	start_container
	must exec "$ID" sh -c 'id -u; cat /proc/self/uid_map'
	equals "$(echo "$output" | xargs)" "0 0 100000 65536"
}

# A048
@test "a user that is not mapped is refused" {
	config '.process.user.uid = 70000'
	refuses "70000" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A077 C047
@test "a bind source that only root may reach can be mounted" {
	mkdir -p "$BATS_TEST_TMPDIR/closed/inner"
	echo found >"$BATS_TEST_TMPDIR/closed/inner/file"
	chmod 700 "$BATS_TEST_TMPDIR/closed"
	config --arg s "$BATS_TEST_TMPDIR/closed/inner" '.mounts += [
		{destination: "/data", type: "none", source: $s,
			options: ["bind"]}]'
	program 'cat /data/file'
	must_run
	equals "$output" found
}

# A081 A108 D046
@test "an idmapped mount with the container's own mappings" {
	mkdir "$BATS_TEST_TMPDIR/data"
	config --arg s "$BATS_TEST_TMPDIR/data" '.mounts += [
		{destination: "/data", type: "none", source: $s,
			options: ["bind", "idmap"]}]'
	program 'touch /data/made; stat -c %u /data'
	must_run
	equals "$output" 0
	equals "$(stat -c %u "$BATS_TEST_TMPDIR/data/made")" 0
}

# A116
@test "a user namespace without mappings has the caller's ids alone" {
	config 'del(.linux.uidMappings, .linux.gidMappings)
		| .process.user = {uid: 7, gid: 8}'
	# The group of terminals is not mapped there.
	config '.mounts |= map(
		if .options then .options -= ["gid=5"] else . end)'
	chown -hR 0:0 "$BUNDLE/rootfs"
	program 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map'
	must_run
	equals "$(echo "$output" | xargs)" "7 8 7 0 1 8 0 1"
}

# A130
@test "devices with an owner and a mode are made, outside" {
	config '.linux.devices = [
		{path: "/dev/own", type: "c", major: 1, minor: 5,
			uid: 7, gid: 8, fileMode: 416},
		{path: "/dev/second", type: "c", major: 1, minor: 5,
			fileMode: 438}]'
	program 'stat -c "%u %g %a" /dev/own /dev/second
		head -c 3 /dev/second | od -An -tx1
		mknod /dev/x c 1 5 2>/dev/null || echo no'
	must_run
	equals "$(xargs <<<"$output")" "7 8 640 0 0 666 00 00 00 no"
	nothing_left
	config '.linux.devices[0] |= del(.uid, .gid, .fileMode)'
	refuses "/dev/own" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A116
@test "one mapping without the other, or both without a user namespace" {
	config 'del(.linux.uidMappings)'
	refuses "apping" create --bundle "$BUNDLE" "$ID"
	config '.linux.uidMappings = [{containerID: 0, hostID: 1, size: 1}]
		| del(.linux.namespaces[] | select(.type == "user"))'
	refuses "apping" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A117
@test "many mappings at once" {
	config '.linux.uidMappings = [range(300) |
		{containerID: ., hostID: (100000 + .), size: 1}]'
	program 'wc -l </proc/self/uid_map'
	must_run
	equals "$output" 300
}

# A149
@test "sysctls that need mapped groups say so" {
	config '.linux.sysctl = {
		"net.ipv4.ping_group_range": "0 65535"}'
	program 'cat /proc/sys/net/ipv4/ping_group_range'
	must_run
	equals "$(echo "$output" | xargs)" "0 65535"
	config '.linux.sysctl = {
		"net.ipv4.ping_group_range": "0 2147483647"}'
	refuses "ping_group_range" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A112 A116
@test "a user namespace can be joined" {
	unshare --user --map-root-user sleep 300 3>&- &
	holder=$!
	sleep 0.3
	config --arg p "/proc/$holder/ns/user" 'del(.linux.uidMappings)
		| del(.linux.gidMappings) | .linux.namespaces |=
		map(if .type == "user" then .path = $p else . end)'
	# The group of terminals is not mapped there.
	config '.mounts |= map(
		if .options then .options -= ["gid=5"] else . end)'
	chown -hR 0:0 "$BUNDLE/rootfs"
	program 'readlink /proc/self/ns/user'
	expected=$(readlink "/proc/$holder/ns/user")
	runf run --bundle "$BUNDLE" "$ID"
	kill "$holder"
	equals "$errors" ""
	equals "$output" "$expected"
}

# From now on runf is in a user namespace itself, as below rootless podman.
nest() {
	unshare --user --map-root-user --mount --propagation private \
		sleep 300 3>&- &
	KEEPER=$!
	eventually [ "$(readlink /proc/self/ns/user)" != \
		"$(readlink "/proc/$KEEPER/ns/user")" ]
	printf '#!/bin/sh\nexec nsenter --target %s --user --mount -- %s "$@"\n' \
		"$KEEPER" "$RUNF" >"$BATS_TEST_TMPDIR/nested"
	chmod +x "$BATS_TEST_TMPDIR/nested"
	RUNF=$BATS_TEST_TMPDIR/nested
}

# B146 A115: what is joined there cannot be left again
@test "in a user namespace: exec, and a pod's namespaces are joined" {
	config '.linux.namespaces |= map(select(.type != "user"))
		| del(.linux.uidMappings, .linux.gidMappings)
		| (.mounts[] | select(.type == "devpts").options) -= ["gid=5"]'
	chown -hR 0:0 "$BUNDLE/rootfs"
	nest
	program 'trap "exit 0" TERM; while :; do sleep 0.05; done'
	must run --detach --bundle "$BUNDLE" "$ID"
	must exec "$ID" sh -c 'echo $$; tr "\0" " " </proc/1/cmdline'
	[ "$(head -n 1 "$OUT")" -gt 1 ]
	contains "$output" "trap"
	runf exec "$ID" sh -c 'exit 4'
	equals "$status" 4
	runf exec "$ID" nosuch
	equals "$status" 255
	contains "$errors" "executable file not found"
	must exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 77
	equals "$(tr '\0' ' ' <"/proc/$(<"$BATS_TEST_TMPDIR/pid")/cmdline")" \
		"sleep 77 "
	must state "$ID"
	config --arg pid "$(jq .pid <<<"$output")" '.linux.namespaces |= map(
		if .type | IN("pid", "ipc", "network", "uts") then .path =
			"/proc/\($pid)/ns/\({network: "net"}[.type] // .type)"
		else . end) | del(.hostname)'
	program 'tr "\0" " " </proc/1/cmdline; echo; ps | grep -c "[s]leep 77"'
	must run --bundle "$BUNDLE" "$ID.2"
	contains "$output" "trap"
	equals "$(tail -n 1 "$OUT")" 1
	must kill "$ID" KILL
	eventually has_status stopped
	must delete "$ID"
	must list -q
	equals "$output" ""
	kill "$KEEPER"
}
