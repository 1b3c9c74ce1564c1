#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Idmapped mounts: binds and new file systems, with and without a user
# namespace, mappings of every origin.
load helpers

setup() {
	prepare
	SOURCE=$BATS_TEST_TMPDIR/source
	mkdir -p "$SOURCE/sub"
	echo content >"$SOURCE/file"
	chown 1000:1000 "$SOURCE/file"
}

teardown() {
	umount "$SOURCE/sub" 2>/dev/null || true
	[ -z "${LOOP-}" ] || losetup -d "$LOOP" || true
	tidy
}

user_namespace() {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000,
			size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
}

# mount_with JSON: append a mount at /data.
mount_with() {
	config --argjson m "$1" --arg s "$SOURCE" '.mounts += [
		{destination: "/data", type: "none", source: $s} + $m]'
}

MAPS='"uidMappings": [{"containerID": 0, "hostID": 5000, "size": 2000}],
	"gidMappings": [{"containerID": 0, "hostID": 5000, "size": 2000}]'

# A080 D046
@test "a bind, without a user namespace" {
	mount_with "{\"options\": [\"bind\"], $MAPS}"
	program 'stat -c "%u %g" /data/file; touch /data/new'
	config '.process.user = {uid: 6000, gid: 6000}'
	chmod 777 "$SOURCE"
	must_run
	equals "$output" "6000 6000"
	equals "$(stat -c "%u %g" "$SOURCE/new")" "1000 1000"
}

# A080 A081 D046
@test "a bind in a user namespace, with the container's own mappings" {
	user_namespace
	mount_with '{"options": ["bind", "idmap"]}'
	program 'stat -c "%u %g" /data/file; touch /data/new'
	must_run
	equals "$output" "1000 1000"
	equals "$(stat -c "%u %g" "$SOURCE/new")" "0 0"
}

# A082
@test "idmap maps the top, ridmap what is mounted below, too" {
	mount -t tmpfs tmpfs "$SOURCE/sub"
	touch "$SOURCE/sub/file"
	mount_with "{\"options\": [\"rbind\", \"idmap\"], $MAPS}"
	config '.mounts += [.mounts[-1] | .destination = "/deep"
		| .options = ["rbind", "ridmap"]]'
	program 'stat -c %u /data/file /data/sub/file /deep/file /deep/sub/file'
	must_run
	umount "$SOURCE/sub"
	equals "$(echo "$output" | xargs)" "6000 0 6000 5000"
}

# C021
@test "mappings as podman writes them, absolute and relative" {
	user_namespace
	mount_with '{"options": ["bind",
		"idmap=uids=@1000-5-1;gids=@1000-7-1#@0-0-1"]}'
	config '.mounts += [.mounts[-1] | .destination = "/absolute"
		| .options = ["bind", "idmap=uids=1000-100009-1;gids=1000-100009-1"]]'
	program 'stat -c "%u %g" /data/file /absolute/file'
	must_run
	equals "$(echo "$output" | xargs)" "5 7 9 9"
	config '.mounts[-1].options = ["bind", "idmap=uids=1;gids=2"]'
	refuses "idmap=" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A080 C022 E032
@test "a tmpfs, with and without a user namespace" {
	mount_with "{\"type\": \"tmpfs\", \"source\": \"tmpfs\",
		\"options\": [\"mode=1777\", \"size=64k\", \"noexec\"], $MAPS}"
	program 'stat -c "%u %g %a" /data; grep " /data " /proc/self/mountinfo
		touch /data/x; stat -c %u /data/x'
	config '.process.user = {uid: 5007, gid: 5000}'
	must_run
	equals "$(sed -n 1p "$OUT")" "5000 5000 1777"
	contains "$output" noexec
	contains "$output" size=64k
	equals "$(sed -n 3p "$OUT")" 5007
	config '.process.user = {uid: 7, gid: 0}
		| .mounts[-1].uidMappings[0].hostID = 100000
		| .mounts[-1].gidMappings[0].hostID = 100000'
	user_namespace
	must_run
	equals "$(sed -n 1p "$OUT")" "0 0 1777"
	equals "$(sed -n 3p "$OUT")" 7
}

# A092 A093 C022
@test "such a tmpfs takes mode and content of what it covers" {
	mkdir -m 2750 "$BUNDLE/rootfs/data"
	echo kept >"$BUNDLE/rootfs/data/file"
	mount_with "{\"type\": \"tmpfs\", \"source\": \"tmpfs\",
		\"options\": [\"tmpcopyup\", \"ro\", \"idmap\"]}"
	user_namespace
	program 'stat -c %a /data; cat /data/file; echo x >/data/x || echo no'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$(echo "$output" | xargs)" "2750 kept no"
}

# A080 C022
@test "a file system of a device" {
	command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4"
	truncate -s 4M "$BATS_TEST_TMPDIR/image"
	mkfs.ext4 -q -E root_owner=7:7 "$BATS_TEST_TMPDIR/image"
	LOOP=$(losetup --find --show "$BATS_TEST_TMPDIR/image") ||
		skip "no loop devices"
	mount_with "{\"type\": \"ext4\", \"source\": \"$LOOP\",
		\"options\": [\"nodev\"], $MAPS}"
	program 'stat -c "%u %g" /data'
	must_run
	equals "$output" "5007 5007"
}

# A080 A081
@test "what cannot be mapped is an error that names the mount" {
	mount_with '{"options": ["bind", "idmap"]}'
	refuses "apping" run --bundle "$BUNDLE" "$ID"
	config 'del(.mounts[-1])'
	mount_with "{\"type\": \"mqueue\", \"source\": \"mqueue\", $MAPS}"
	refuses "/data" run --bundle "$BUNDLE" "$ID"
	config 'del(.mounts[-1])'
	mount_with '{"options": ["bind"], "uidMappings":
		[{"containerID": 0, "hostID": 5000, "size": 1}]}'
	refuses "gidMappings" run --bundle "$BUNDLE" "$ID"
	nothing_left
}
