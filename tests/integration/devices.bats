#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Device nodes, and who may open them.
load helpers

# A099 A100 A131
@test "the default devices and links are there" {
	program 'for f in null zero full random urandom tty; do
			stat -c "%n %F %a %t:%T" /dev/$f
		done
		for l in fd stdin stdout stderr ptmx; do
			echo "$l $(readlink /dev/$l)"
		done'
	must_run
	for line in "null character special file 666 1:3" \
		"zero character special file 666 1:5" \
		"full character special file 666 1:7" \
		"random character special file 666 1:8" \
		"urandom character special file 666 1:9" \
		"tty character special file 666 5:0"; do
		contains "$output" "/dev/$line"
	done
	contains "$output" "fd /proc/self/fd"
	contains "$output" "stdin /proc/self/fd/0"
	contains "$output" "stdout /proc/self/fd/1"
	contains "$output" "stderr /proc/self/fd/2"
	contains "$output" "ptmx pts/ptmx"
}

# A131
@test "the default devices can be used" {
	program 'echo x >/dev/null; head -c 3 /dev/zero | wc -c
		head -c 3 /dev/urandom | wc -c; echo x >/dev/full'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$(echo "$output" | xargs)" "3 3"
	contains "$errors" "No space left"
}

# A125 A126 A127 A128 A129
@test "a device of the config has its mode and owner, whatever the umask" {
	config '.linux.devices = [
		{type: "c", path: "/dev/mine", major: 1, minor: 3,
			fileMode: 416, uid: 1000, gid: 2000},
		{type: "c", path: "/dev/deep/er", major: 1, minor: 5},
		{type: "b", path: "/dev/block", major: 7, minor: 0,
			fileMode: 438},
		{type: "p", path: "/dev/pipe", fileMode: 438}]'
	program 'stat -c "%n %F %a %u:%g %t:%T" /dev/mine /dev/deep/er \
		/dev/block /dev/pipe; stat -c %a /dev/deep'
	(umask 077 && must_run && cp "$OUT" "$BATS_TEST_TMPDIR/said")
	output=$(cat "$BATS_TEST_TMPDIR/said")
	contains "$output" "/dev/mine character special file 640 1000:2000 1:3"
	contains "$output" "/dev/deep/er character special file 666 0:0 1:5"
	contains "$output" "/dev/block block special file 666 0:0 7:0"
	contains "$output" "/dev/pipe fifo 666 0:0"
}

# A131
@test "listing a default device is no error" {
	config '.linux.devices = [{type: "c", path: "/dev/null", major: 1,
		minor: 3, fileMode: 438}]'
	must_run
}

# A126
@test "a file in the way that is another device is an error" {
	config '.linux.devices = [{type: "c", path: "/thing", major: 1,
		minor: 3}]'
	echo file >"$BUNDLE/rootfs/thing"
	refuses "/thing" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A125 A127
@test "bad devices are refused" {
	config '.linux.devices = [{type: "x", path: "/dev/a", major: 1,
		minor: 3}]'
	refuses "linux.devices[0].type" create --bundle "$BUNDLE" "$ID"
	config '.linux.devices = [{type: "c", path: "/dev/a"}]'
	refuses "linux.devices[0]" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# Who may open what is the cgroup's business.
need_rules() {
	[ "$MODE" = v2 ] || need_controller devices
}

# Writing to the kernel's log needs no capability, only the device.
kernel_log() {
	config '.linux.devices = [{type: "c", path: "/dev/kernel", major: 1,
		minor: 11, fileMode: 438}]'
	program '(: >/dev/kernel) && echo opened || echo refused'
}

# A157
@test "a device that is not allowed cannot be opened, though it is there" {
	need_rules
	kernel_log
	runf run --bundle "$BUNDLE" "$ID"
	equals "$output" refused
	contains "$errors" "Operation not permitted"
}

# A157
@test "a rule lets it be opened, for what it says" {
	need_rules
	kernel_log
	for access in w r; do
		config --arg a "$access" '.linux.resources.devices = [
			{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 1, minor: 11,
				access: $a}]'
		runf run --bundle "$BUNDLE" "$ID"
		case $access in
		w) equals "$output" opened ;;
		r) equals "$output" refused ;;
		esac
	done
}

# A157
@test "the last rule that matches decides" {
	need_rules
	kernel_log
	config '.linux.resources.devices = [
			{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 1, minor: 11,
				access: "rwm"},
			{allow: false, type: "c", major: 1, access: "w"}]'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$output" refused
	config '.linux.resources.devices = [
			{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 1, access: "rwm"},
			{allow: false, type: "c", major: 1, minor: 11,
				access: "w"}]'
	if [ "$MODE" = v1 ]; then
		# The v1 hierarchy knows exceptions, and none from these.
		refuses "linux.resources.devices: cgroup v1 cannot take back" \
			create --bundle "$BUNDLE" "$ID"
		return
	fi
	runf run --bundle "$BUNDLE" "$ID"
	equals "$output" refused
	config '.linux.resources.devices += [
		{allow: true, type: "c", minor: 11, access: "rw"}]'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$output" opened
}

# A159
@test "allowing everything allows everything" {
	need_rules
	kernel_log
	config '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	must_run
	equals "$output" opened
}

# A157
@test "exec is under the same rules" {
	need_rules
	kernel_log
	sleeper
	start_container
	runf exec "$ID" sh -c '(: >/dev/kernel) || echo refused'
	equals "$output" refused
}

# A157
@test "bad rules are refused" {
	config '.linux.resources.devices = [{allow: true, type: "c",
		access: "rwx"}]'
	refuses "linux.resources.devices[0].access" \
		create --bundle "$BUNDLE" "$ID"
	config '.linux.resources.devices = [{allow: true, type: "q",
		access: "r"}]'
	refuses "linux.resources.devices[0].type" \
		create --bundle "$BUNDLE" "$ID"
	nothing_left
}
