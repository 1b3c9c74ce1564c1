#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts add and mounts remove: while the container runs. B035 E039
load helpers

setup() {
	prepare
	SOURCE=$BATS_TEST_TMPDIR/source
	LIST=$BATS_TEST_TMPDIR/mounts.json
	mkdir -p "$SOURCE/sub"
	echo content >"$SOURCE/file"
	sleeper
}

teardown() {
	umount "$SOURCE/sub" 2>/dev/null || true
	tidy
}

# list JSON: what is to be added or removed.
list() {
	jq -n --arg s "$SOURCE" "$1" >"$LIST"
}

inside() {
	must exec "$ID" sh -c "$1"
}

mounts_inside() {
	inside 'cut -d " " -f 5 /proc/self/mountinfo'
}

# B035 E039
@test "a bind and a tmpfs come, with their options, and go" {
	start_container
	before=$(mounts_inside && echo "$output")
	list '[{destination: "/data/new", source: $s, options: ["bind", "ro"]},
		{destination: "/tmp", type: "tmpfs", source: "tmpfs",
			options: ["nosuid", "noexec", "size=64k", "mode=711"]},
		{destination: "/one/file", source: "\($s)/file", options: ["bind"]}]'
	must mounts add "$ID" "$LIST"
	inside 'cat /data/new/file /one/file; touch /data/new/x || echo refused
		stat -c %a /tmp; grep " /tmp " /proc/self/mountinfo' || true
	contains "$output" "content
content
refused
711"
	contains "$output" noexec
	contains "$output" size=64k
	must mounts remove "$ID" "$LIST"
	mounts_inside
	equals "$output" "$before"
	state=$(state_of .status)
	equals "$state" running
}

@test "the list may stand in an object, and come from stdin" {
	start_container
	list '{mounts: [{destination: "/data", source: $s, options: ["bind"]}]}'
	INPUT=$LIST must mounts add "$ID" -
	inside 'cat /data/file'
	equals "$output" content
	INPUT=$LIST must mounts remove "$ID" -
	inside 'ls /data'
	equals "$output" ""
}

# B035 A005
@test "one that fails takes those before it away again" {
	start_container
	before=$(mounts_inside && echo "$output")
	list '[{destination: "/a", source: $s, options: ["bind"]},
		{destination: "/b", type: "tmpfs", source: "tmpfs"},
		{destination: "/etc/passwd", source: "\($s)/file", options: ["bind"]},
		{destination: "/c", source: "\($s)/file", options: ["bind"]},
		{destination: "/c/below", source: $s, options: ["bind"]}]'
	refuses "/c/below" mounts add "$ID" "$LIST"
	mounts_inside
	equals "$output" "$before"
	inside 'head -n 1 /etc/passwd'
	contains "$output" root
	list '[{destination: "/a", source: $s, options: ["bind"]},
		{destination: "/b", source: "\($s)/missing", options: ["bind"]}]'
	refuses "$SOURCE/missing" mounts add "$ID" "$LIST"
	list '[{destination: "/a", source: $s, options: ["bind"]},
		{destination: "/b", type: "tmpfs", source: "tmpfs",
			options: ["nosuchoption=1"]}]'
	refuses "nosuchoption" mounts add "$ID" "$LIST"
	mounts_inside
	equals "$output" "$before"
}

@test "nothing is removed unless everything can be" {
	start_container
	list '[{destination: "/data", source: $s, options: ["bind"]}]'
	must mounts add "$ID" "$LIST"
	list '[{destination: "/data"}, {destination: "/bin"}]'
	refuses "/bin" mounts remove "$ID" "$LIST"
	list '[{destination: "/data"}, {destination: "/"}]'
	refuses "/: nothing" mounts remove "$ID" "$LIST"
	inside 'cat /data/file'
	equals "$output" content
}

# D004 D028
@test "the host sees none of it, and links of the image lead nowhere" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	ln -s "$BATS_TEST_TMPDIR/outside" "$BUNDLE/rootfs/link"
	ln -s ../../../../../../outside "$BUNDLE/rootfs/up"
	start_container
	before=$(mountpoints)
	list '[{destination: "/link/a", source: $s, options: ["bind"]},
		{destination: "/up/b", type: "tmpfs", source: "tmpfs"}]'
	must mounts add "$ID" "$LIST"
	equals "$(mountpoints)" "$before"
	equals "$(ls "$BATS_TEST_TMPDIR/outside")" ""
	inside "cat $BATS_TEST_TMPDIR/outside/a/file; ls -d /outside/b"
	equals "$(echo "$output" | xargs)" "content /outside/b"
	for where in /proc /proc/sys/kernel /proc/self/attr; do
		list "[{destination: \"$where\", type: \"tmpfs\", source: \"x\"}]"
		refuses "$where" mounts add "$ID" "$LIST"
	done
}

# A081 C022
@test "in a user namespace: a source only root may reach, idmaps, a tmpfs" {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	mkdir -m 700 "$SOURCE/closed"
	mkdir "$SOURCE/closed/in"
	echo closed >"$SOURCE/closed/in/file"
	start_container
	list '[{destination: "/data", source: "\($s)/closed/in",
			options: ["bind", "idmap"]},
		{destination: "/tmp", type: "tmpfs", source: "tmpfs",
			options: ["mode=700"]},
		{destination: "/mapped", type: "tmpfs", source: "tmpfs",
			options: ["idmap"]},
		{destination: "/q", type: "mqueue", source: "mqueue"}]'
	must mounts add "$ID" "$LIST"
	inside 'stat -c "%u" /data/file /tmp /mapped; cat /data/file
		touch /tmp/x /mapped/x && echo written; ls /q'
	equals "$(echo "$output" | xargs)" "0 0 0 closed written"
	must mounts remove "$ID" "$LIST"
}

@test "created and paused containers take mounts, stopped ones do not" {
	program 'cat /data/file'
	must_create
	created=$OUT
	list '[{destination: "/data", source: $s, options: ["bind"]}]'
	must mounts add "$ID" "$LIST"
	must start "$ID"
	wait_status stopped
	equals "$(<"$created")" content
	refuses "stopped container" mounts add "$ID" "$LIST"
	must delete "$ID"
	refuses "container does not exist" mounts add "$ID" "$LIST"
}

@test "propagation: what the host mounts below comes too" {
	mount -t tmpfs tmpfs "$SOURCE/sub"
	echo deep >"$SOURCE/sub/deep"
	start_container
	list '[{destination: "/data", source: $s, options: ["rbind", "rro"]}]'
	must mounts add "$ID" "$LIST"
	inside 'cat /data/sub/deep; touch /data/sub/x 2>/dev/null || echo refused'
	equals "$(echo "$output" | xargs)" "deep refused"
	umount "$SOURCE/sub"
	inside 'cat /data/sub/deep'
	equals "$output" deep
}

@test "what cannot be added later, and wrong words, are refused" {
	start_container
	for mount in '{destination: "/x", options: ["remount", "ro"]}' \
		'{destination: "/x", type: "proc"}' \
		'{destination: "/x", type: "cgroup"}' \
		'{destination: "/x", type: "tmpfs", options: 5}' \
		'{source: "/x"}'; do
		list "[$mount]"
		refuses "" mounts add "$ID" "$LIST"
	done
	list '{}'
	refuses "mounts: missing" mounts add "$ID" "$LIST"
	echo 'nonsense' >"$LIST"
	refuses "mounts:1" mounts add "$ID" "$LIST"
	refuses "neither add nor remove" mounts move "$ID" "$LIST"
	refuses "missing argument" mounts add "$ID"
	must delete --force "$ID"
	config 'del(.linux.namespaces[] | select(.type == "mount"))
		| del(.mounts, .linux.maskedPaths, .linux.readonlyPaths)'
	start_container
	list '[{destination: "/x", source: $s, options: ["bind"]}]'
	refuses "no mount namespace" mounts add "$ID" "$LIST"
}
