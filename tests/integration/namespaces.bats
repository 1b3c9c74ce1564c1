#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Namespaces: made, joined, shared; sysctls in them.
load helpers

# Keep a namespace for others to join; sets holder.
hold() {
	unshare "$@" sleep 300 3>&- &
	holder=$!
	sleep 0.3
}

teardown() {
	[ -z "${holder-}" ] || kill "$holder" 2>/dev/null || true
	tidy
}

# join TYPE PATH
join() {
	config --arg t "$1" --arg p "$2" '.linux.namespaces |=
		map(select(.type != $t)) + [{type: $t, path: $p}]'
}

without() {
	config --arg t "$1" 'del(.linux.namespaces[] | select(.type == $t))'
}

# A111
@test "the namespaces of the config are new ones" {
	sleeper
	start_container
	pid=$(init_pid)
	for name in ipc mnt net pid uts; do
		[ "$(readlink "/proc/$pid/ns/$name")" != \
			"$(readlink "/proc/self/ns/$name")" ]
	done
}

# A113
@test "a namespace that is not in the config is the caller's" {
	without ipc
	without network
	sleeper
	start_container
	pid=$(init_pid)
	for name in ipc net; do
		equals "$(readlink "/proc/$pid/ns/$name")" \
			"$(readlink "/proc/self/ns/$name")"
	done
}

# A124 C032
@test "a new network namespace has a loopback that is up" {
	program 'ip addr show lo'
	must_run
	contains "$output" UP
	contains "$output" 127.0.0.1
}

# A112
@test "a network namespace can be joined" {
	hold --net
	join network "/proc/$holder/ns/net"
	program 'readlink /proc/self/ns/net'
	must_run
	equals "$output" "$(readlink "/proc/$holder/ns/net")"
}

# A112
@test "uts, ipc and cgroup namespaces can be joined" {
	hold --uts --ipc --cgroup
	config 'del(.hostname)'
	join uts "/proc/$holder/ns/uts"
	join ipc "/proc/$holder/ns/ipc"
	join cgroup "/proc/$holder/ns/cgroup"
	program 'for n in uts ipc cgroup; do readlink /proc/self/ns/$n; done'
	must_run
	equals "$output" "$(for n in uts ipc cgroup; do
		readlink "/proc/$holder/ns/$n"; done)"
}

# A115 B080
@test "a pid namespace can be joined, and the pid is the host's" {
	unshare --pid --fork --kill-child sleep 300 3>&- &
	holder=$!
	sleep 0.3
	inner=$(pgrep -P "$holder")
	join pid "/proc/$inner/ns/pid"
	sleeper
	start_container
	pid=$(init_pid)
	[ -d "/proc/$pid" ]
	equals "$(readlink "/proc/$pid/ns/pid")" \
		"$(readlink "/proc/$inner/ns/pid")"
	must exec "$ID" readlink /proc/self/ns/pid
	equals "$output" "$(readlink "/proc/$inner/ns/pid")"
}

# A112
@test "the namespaces of one container can be joined by another" {
	sleeper
	start_container
	first=$(init_pid)
	make_bundle "$BATS_TEST_TMPDIR/second"
	BUNDLE=$BATS_TEST_TMPDIR/second
	for type in network ipc pid; do
		name=${type/network/net}
		join "$type" "/proc/$first/ns/$name"
	done
	program 'for n in net ipc pid; do readlink /proc/self/ns/$n; done'
	must run --bundle "$BUNDLE" "$TAG.second"
	equals "$output" "$(for n in net ipc pid; do
		readlink "/proc/$first/ns/$n"; done)"
}

# A112
@test "a path of the wrong kind of namespace is refused" {
	hold --uts
	join network "/proc/$holder/ns/uts"
	refuses "/proc/$holder/ns/uts" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A111 A112
@test "bad namespaces are refused with their place in the config" {
	config '.linux.namespaces += [{type: "nonsense"}]'
	refuses "linux.namespaces[" create --bundle "$BUNDLE" "$ID"
	config '.linux.namespaces[-1] = {type: "pid"}'
	refuses "linux.namespaces[" create --bundle "$BUNDLE" "$ID"
	config '.linux.namespaces |= map(select(.type != "pid"))
		+ [{type: "pid", path: "relative"}]'
	refuses "linux.namespaces[" create --bundle "$BUNDLE" "$ID"
	config '.linux.namespaces[-1].path = "/no/such"'
	refuses "/no/such" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A121 A122 D054
@test "a time namespace has the offsets of the config" {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	config '.linux.namespaces += [{type: "time"}]
		| .linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 0},
			monotonic: {secs: 500000, nanosecs: 0}}'
	program 'cut -d . -f 1 /proc/uptime; sleep 300'
	start_container
	eventually has_text "$CONTAINER_OUT"
	[ "$(cat "$CONTAINER_OUT")" -ge 1000000 ]
	# Joined, not offset again.
	must exec "$ID" cut -d . -f 1 /proc/uptime
	[ "$output" -ge 1000000 ]
	[ "$output" -lt 1500000 ]
}

# A121
@test "time offsets without a time namespace are refused" {
	config '.linux.timeOffsets = {boottime: {secs: 1}}'
	refuses "timeOffsets" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A143 A144 A145
@test "sysctls of the container's namespaces are set" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1",
		"net/ipv4/conf/lo/rp_filter": "2",
		"kernel.shm_rmid_forced": "1", "fs.mqueue.msg_max": "20"}'
	program 'cat /proc/sys/net/ipv4/ip_forward \
			/proc/sys/net/ipv4/conf/lo/rp_filter \
			/proc/sys/kernel/shm_rmid_forced \
			/proc/sys/fs/mqueue/msg_max'
	must_run
	equals "$(echo "$output" | xargs)" "1 2 1 20"
}

# A149 B156
@test "the sysctls engines set by default work" {
	config '.linux.sysctl = {
		"net.ipv4.ip_unprivileged_port_start": "0",
		"net.ipv4.ping_group_range": "0 2147483647"}'
	must_run
}

# A145 A146 A148
@test "sysctls of the host are refused" {
	own=$(cat /proc/sys/net/ipv4/ip_forward)
	for key in vm.swappiness kernel.hostname kernel.panic \
		fs.file-max ../net/ipv4/ip_forward; do
		config --arg k "$key" '.linux.sysctl = {($k): "1"}'
		refuses "$key" create --bundle "$BUNDLE" "$ID"
	done
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	without network
	refuses "net.ipv4.ip_forward" create --bundle "$BUNDLE" "$ID"
	join network /proc/self/ns/net
	refuses "net.ipv4.ip_forward" create --bundle "$BUNDLE" "$ID"
	equals "$(cat /proc/sys/net/ipv4/ip_forward)" "$own"
	nothing_left
}
