#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What config.json says of root, process and sysctls: the odder cases.
load helpers

# A001 A038
@test "the root may be a link on the host; a file or a link to one is none" {
	mv "$BUNDLE/rootfs" "$BATS_TEST_TMPDIR/real"
	ln -s "$BATS_TEST_TMPDIR/real" "$BUNDLE/rootfs"
	program 'echo ran'
	must_run
	equals "$output" ran
	rm "$BUNDLE/rootfs"
	: >"$BUNDLE/rootfs"
	refuses "ot a directory" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A039 A009 D045
@test "a read-only root: hooks before it may write, nobody after" {
	config '.hooks.createContainer = [{path: "/bin/sh",
			args: ["sh", "-c", "echo x >rootfs/made"]}]
		| .root.readonly = true
		| .mounts += [{destination: "/new/place", type: "tmpfs",
			source: "tmpfs"}]
		| .process.args = ["sh", "-c",
			"cat /made; touch /x /made 2>/dev/null || echo refused;
			 touch /new/place/x && echo there"]'
	must_run
	equals "$(echo "$output" | xargs)" "x refused there"
}

# A029 D045
@test "a read-only root with locked flags stays as the host has it" {
	mkdir "$BATS_TEST_TMPDIR/fs"
	mount -t tmpfs -o nodev,nosuid tmpfs "$BATS_TEST_TMPDIR/fs"
	cp -a "$BUNDLE/rootfs/." "$BATS_TEST_TMPDIR/fs"
	config --arg p "$BATS_TEST_TMPDIR/fs" '.root = {path: $p, readonly: true}
		| .process.args = ["sh", "-c",
			"grep -m 1 \" / / \" /proc/self/mountinfo"]'
	must_run
	umount "$BATS_TEST_TMPDIR/fs"
	matches "$output" ' / / ro,nosuid,nodev'
}

# A043
@test "a directory that only the user may enter" {
	mkdir -m 700 "$BUNDLE/rootfs/home/user/own"
	chown 1000:1000 "$BUNDLE/rootfs/home/user/own"
	config '.process.cwd = "/home/user/own"
		| .process.user = {uid: 1000, gid: 1000}
		| del(.process.capabilities)'
	program 'pwd; touch x && echo wrote'
	must_run
	equals "$(echo "$output" | xargs)" "/home/user/own wrote"
}

# A047 A051 A075 A003
@test "what is meant for other systems is ignored" {
	config '.process.commandLine = "cmd /c dir"
		| .process.user.username = "ContainerAdministrator"
		| .windows = {layerFolders: [1]} | .solaris = {milestone: 7}
		| .vm = {hypervisor: 3} | .zos = [] | .freebsd = "x"'
	must_run
}

# A049
@test "exec has its own umask, or the container's" {
	sleeper
	config '.process.user.umask = 23'
	start_container
	must exec "$ID" sh -c umask
	equals "$output" 0027
	jq '.process | .user.umask = 63 | .args = ["sh", "-c", "umask"]' \
		"$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	must exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	equals "$output" 0077
}

# A059 A060
@test "labels are refused where the kernel has no such module" {
	if [ ! -d /sys/kernel/security/apparmor ]; then
		config '.process.apparmorProfile = "some-profile"'
		runf run --bundle "$BUNDLE" "$ID"
		[ "$status" -ne 0 ]
		contains "${errors,,}" apparmor
		config 'del(.process.apparmorProfile)'
	fi
	if [ ! -e /sys/fs/selinux/enforce ]; then
		config '.process.selinuxLabel = "a:b:c:d"'
		runf run --bundle "$BUNDLE" "$ID"
		[ "$status" -ne 0 ]
		contains "${errors,,}" selinux
	fi
	nothing_left
}

# A070 D053
@test "the caller's affinity is not the container's" {
	[ "$(nproc)" -gt 1 ] || skip "one CPU only"
	program 'grep Cpus_allowed_list /proc/self/status'
	must_run
	all=$output
	real=$RUNF
	printf '#!/bin/sh\nexec taskset 1 %s "$@"\n' "$real" \
		>"$BATS_TEST_TMPDIR/pinned"
	chmod +x "$BATS_TEST_TMPDIR/pinned"
	RUNF=$BATS_TEST_TMPDIR/pinned must_run
	equals "$output" "$all"
}

# A071 A072
@test "names of 64 bytes are taken, longer ones refused" {
	long=$(printf '%064d' 0)
	config --arg n "$long" '.hostname = $n | .domainname = $n'
	program 'hostname; cat /proc/sys/kernel/domainname'
	must_run
	equals "$output" "$long
$long"
	for key in hostname domainname; do
		config --arg k "$key" --arg n "${long}0" '.[$k] = $n'
		refuses "$key" run --bundle "$BUNDLE" "$ID"
		config --arg k "$key" --arg n "$long" '.[$k] = $n'
	done
	nothing_left
}

# A143 A149
@test "sysctls: dots and slashes in names of devices" {
	config '.linux.sysctl = {"net.ipv4.conf.lo.forwarding": "1",
		"net/ipv6/conf/lo/hop_limit": "70"}'
	program 'cat /proc/sys/net/ipv4/conf/lo/forwarding \
		/proc/sys/net/ipv6/conf/lo/hop_limit'
	[ -d /proc/sys/net/ipv6 ] || config 'del(.linux.sysctl["net/ipv6/conf/lo/hop_limit"])'
	must_run
	matches "$(echo "$output" | xargs)" '^1( 70)?$'
	for key in net.ipv4.conf.eno2/100.forwarding \
		net/ipv4/conf/eno2.100/forwarding; do
		config --arg k "$key" '.linux.sysctl = {($k): "1"}'
		# The device is not there, but that is what was looked for.
		must plan --bundle "$BUNDLE"
		equals "$(jq -r '.steps[] | select(.do == "sysctl").path' \
			<<<"$output")" net/ipv4/conf/eno2.100/forwarding
		refuses "$key" run --bundle "$BUNDLE" "$ID"
	done
	nothing_left
}

# A144 A145 A146 A147
@test "sysctls need the namespace that they belong to" {
	without() {
		config --arg t "$1" --arg k "$2" '.linux.namespaces |=
			map(select(.type != $t)) | .linux.sysctl = {($k): "1"}
			| del(.hostname)'
		refuses "$2" run --bundle "$BUNDLE" "$ID"
	}
	cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/kept"
	for row in ipc:kernel.msgmax ipc:kernel.sem ipc:fs.mqueue.msg_max \
		network:net.core.somaxconn uts:kernel.domainname \
		user:user.max_user_namespaces; do
		without "${row%%:*}" "${row#*:}"
		cp "$BATS_TEST_TMPDIR/kept" "$BUNDLE/config.json"
	done
	nothing_left
}

# A146
@test "kernel.domainname agrees with domainname, or is refused" {
	config '.linux.sysctl = {"kernel.domainname": "one"}'
	program 'cat /proc/sys/kernel/domainname'
	must_run
	equals "$output" one
	config '.domainname = "one"'
	must_run
	config '.domainname = "other"'
	refuses "domainname" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A147
@test "a user namespace has sysctls of its own" {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings
		| .linux.sysctl = {"user.max_user_namespaces": "7"}'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	program 'cat /proc/sys/user/max_user_namespaces'
	must_run
	equals "$output" 7
}

# A148 A149
@test "a value that the kernel refuses is named with its key" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "x"}'
	refuses 'net.ipv4.ip_forward = "x"' run --bundle "$BUNDLE" "$ID"
	config '.linux.sysctl = {"net.ipv4.nosuch": "1"}'
	refuses "net.ipv4.nosuch" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A012 A040
@test "a config without process: state and delete work, start says why" {
	config 'del(.process)'
	must create --bundle "$BUNDLE" "$ID"
	equals "$(state_of .status)" created
	refuses "no process" start "$ID"
	must delete --force "$ID"
}

# A005 A015 D037
@test "what was there before a failed create is there after it" {
	config '.process.args = ["/nowhere"]'
	refuses "/nowhere" create --bundle "$BUNDLE" "$ID"
	config '.process.args = ["true"]'
	must create --bundle "$BUNDLE" "$ID"
	refuses "already exists" create --bundle "$BUNDLE" "$ID"
	equals "$(state_of .status)" created
	must start "$ID"
	wait_status stopped
	must delete "$ID"
}

# A101 A045 D051
@test "HOME with broken accounts" {
	config '.process.env = ["PATH=/bin"]
		| .process.user = {uid: 1000, gid: 1000}'
	program 'echo "$HOME"'
	printf '%s\n' 'short' 'user:x:1000' '' ':::::' 'user:x:1000:1000::' \
		>"$BUNDLE/rootfs/etc/passwd"
	must_run
	equals "$output" /
	rm "$BUNDLE/rootfs/etc/passwd"
	must_run
	equals "$output" /
	mkfifo "$BUNDLE/rootfs/etc/passwd"
	must_run
	equals "$output" /
}

# C045
@test "the host's own root, read-only, can be a container's" {
	config '.root = {path: "/", readonly: true}
		| .process.args = ["/bin/sh", "-c",
			"cat /proc/1/comm; touch /x 2>/dev/null || echo refused"]'
	before=$(mountpoints)
	must_run
	equals "$(echo "$output" | xargs)" "sh refused"
	equals "$(mountpoints)" "$before"
}
