#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits that few set: block IO, huge pages, RDMA, network classes, real time.
load helpers

need_io() {
	if [ "$MODE" = v2 ]; then
		need_controller io
	else
		need_controller blkio
	fi
}

# A disk of our own; sets DEVICE to its MAJOR:MINOR.
need_disk() {
	truncate -s 8M "$BATS_TEST_TMPDIR/disk"
	DISK=$(losetup --find --show "$BATS_TEST_TMPDIR/disk" 2>/dev/null) ||
		skip "no loop device can be had"
	DEVICE=$(cat "/sys/block/${DISK#/dev/}/dev")
}

teardown() {
	local result=0
	tidy || result=1
	[ -z "$DISK" ] || losetup --detach "$DISK"
	return $result
}

setup() {
	prepare
	DISK=
}

# shellcheck disable=SC2016 # jq's variables, not ours
# limit FILTER: of linux.resources, with $major and $minor of the disk.
limit() {
	config --argjson major "${DEVICE%:*}" --argjson minor "${DEVICE#*:}" \
		".linux.resources += $1"
}

# value V2-FILE V1-CONTROLLER V1-FILE: of the running container's cgroup.
value() {
	if [ "$MODE" = v2 ]; then
		cat "$(cgroup_dir any)/$1"
	else
		cat "$(cgroup_dir "$2")/$3"
	fi
}

# A file of the container's directory in the v2 tree, beside v1 or alone.
v2_value() {
	local tree=/sys/fs/cgroup
	[ "$MODE" = v2 ] || tree=$tree/unified
	cat "$tree$(sed -n 's/^0:://p' "/proc/$(init_pid)/cgroup")/$1"
}

need_v2_controller() {
	local tree=/sys/fs/cgroup
	[ "$MODE" = v2 ] || tree=$tree/unified
	grep -qsw "$1" "$tree/cgroup.controllers" ||
		skip "the v2 tree has no $1 controller"
}

# A178 B109
@test "reading from a disk is as slow as the limit, and counted" {
	need_io
	need_disk
	limit '{devices: [{allow: false, access: "rwm"}, {allow: true,
			type: "b", major: $major, minor: $minor, access: "r"}],
		blockIO: {throttleReadBpsDevice: [{major: $major,
			minor: $minor, rate: 1048576}]}}'
	config --argjson major "${DEVICE%:*}" --argjson minor "${DEVICE#*:}" \
		'.linux.devices = [{type: "b", path: "/dev/disk",
			major: $major, minor: $minor}]'
	program 'dd if=/dev/disk of=/dev/null bs=64k count=16 2>/dev/null &&
		echo read; exec sleep 300'
	must_create
	begin=$(date +%s%N)
	must start "$ID"
	eventually has_text "$BATS_TEST_TMPDIR/out.$((CALLS - 1))"
	wall=$((($(date +%s%N) - begin) / 1000000))
	echo "1 MiB in $wall ms"
	[ "$wall" -ge 500 ]
	must events --stats "$ID"
	read=$(jq --arg device "$DEVICE" '
		[.data.blkio.ioServiceBytesRecursive[]
			| select(.op == "Read" and
				"\(.major):\(.minor)" == $device).value]
		| add' "$OUT")
	[ "$read" -ge 1048576 ]
}

# A178
@test "block IO limits are what the config says" {
	need_io
	need_disk
	limit '{blockIO: {
		throttleReadBpsDevice: [
			{major: $major, minor: $minor, rate: 1048576}],
		throttleWriteBpsDevice: [
			{major: $major, minor: $minor, rate: 2097152}],
		throttleReadIOPSDevice: [
			{major: $major, minor: $minor, rate: 1000}],
		throttleWriteIOPSDevice: [
			{major: $major, minor: $minor, rate: 2000}]}}'
	sleeper
	start_container
	if [ "$MODE" = v2 ]; then
		equals "$(value io.max)" "$DEVICE rbps=1048576 wbps=2097152 \
riops=1000 wiops=2000"
		return
	fi
	dir=$(cgroup_dir blkio)
	equals "$(cat "$dir"/blkio.throttle.{read,write}_{bps,iops}_device |
		xargs)" \
		"$DEVICE 1048576 $DEVICE 1000 $DEVICE 2097152 $DEVICE 2000"
}

# A175 B065
@test "a weight is set where something shares by weight, else refused" {
	need_io
	config '.linux.resources.blockIO = {weight: 300}'
	sleeper
	runf create --bundle "$BUNDLE" "$ID"
	if [ "$status" -ne 0 ]; then
		contains "$errors" "linux.resources.blockIO.weight: cgroup"
		matches "$errors" 'has no file (io|blkio).bfq.weight or '
		nothing_left
		return
	fi
	must start "$ID"
	dir=$(cgroup_dir blkio)
	matches "$(cat "$dir"/*io.bfq.weight 2>/dev/null ||
		cat "$dir"/io.weight)" '^(default )?(300|2930)$'
	must update --blkio-weight 500 "$ID"
	matches "$(cat "$dir"/*io.bfq.weight 2>/dev/null ||
		cat "$dir"/io.weight)" '^(default )?(500|4950)$'
}

# A176
@test "a leaf weight needs the v1 hierarchy" {
	need_io
	config '.linux.resources.blockIO = {leafWeight: 300}'
	refuses "linux.resources.blockIO" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A178
@test "a disk that is not there is named" {
	need_io
	config '.linux.resources.blockIO = {throttleReadBpsDevice: [
		{major: 4094, minor: 77, rate: 1}]}'
	refuses "throttleReadBpsDevice[0]: write \"4094:77 " \
		create --bundle "$BUNDLE" "$ID"
	contains "$errors" "No such device"
	nothing_left
}

# E040
@test "an update that fails leaves the limits of other disks and its own" {
	need_io
	need_disk
	limit '{blockIO: {throttleReadBpsDevice: [
		{major: $major, minor: $minor, rate: 1048576}]}}'
	sleeper
	start_container
	file=$(cgroup_dir blkio)/blkio.throttle.read_bps_device
	[ "$MODE" != v2 ] || file=$(cgroup_dir any)/io.max
	before=$(cat "$file")
	jq -n --argjson major "${DEVICE%:*}" --argjson minor "${DEVICE#*:}" '
		{blockIO: {throttleReadBpsDevice: [
			{major: $major, minor: $minor, rate: 4096},
			{major: 4094, minor: 77, rate: 1}]}}' \
		>"$BATS_TEST_TMPDIR/r.json"
	refuses "throttleReadBpsDevice[1]" update \
		--resources "$BATS_TEST_TMPDIR/r.json" "$ID"
	equals "$(cat "$file")" "$before"
	jq -n --argjson major "${DEVICE%:*}" --argjson minor "${DEVICE#*:}" '
		{blockIO: {throttleReadBpsDevice: [
			{major: $major, minor: $minor, rate: 0}]}}' \
		>"$BATS_TEST_TMPDIR/r.json"
	must update --resources "$BATS_TEST_TMPDIR/r.json" "$ID"
	equals "$(cat "$file")" ""
}

# A179 D062 E040
@test "huge pages are limited in use and promised, and updated" {
	need_v2_controller hugetlb
	config '.linux.resources.hugepageLimits = [
		{pageSize: "2MB", limit: 4194304}]'
	sleeper
	start_container
	equals "$(v2_value hugetlb.2MB.max)" 4194304
	equals "$(v2_value hugetlb.2MB.rsvd.max)" 4194304
	echo '{"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}' \
		>"$BATS_TEST_TMPDIR/r.json"
	must update --resources "$BATS_TEST_TMPDIR/r.json" "$ID"
	equals "$(v2_value hugetlb.2MB.max)" 0
	must events --stats "$ID"
	equals "$(jq -c '.data.hugetlb["2MB"]' "$OUT")" \
		'{"usage":0,"max":0,"failcnt":0}'
}

# A179 D022
@test "a page size that the host has not is named" {
	need_v2_controller hugetlb
	config '.linux.resources.hugepageLimits = [
		{pageSize: "3MB", limit: 0}]'
	refuses "has no file hugetlb.3MB.max" create --bundle "$BUNDLE" "$ID"
	config '.linux.resources.hugepageLimits = [
		{pageSize: "2MB.max/../../../x", limit: 0}]'
	refuses "hugepageLimits[0].pageSize" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A181
@test "RDMA limits without the controller name it" {
	! has_controller rdma || skip "the rdma controller is here"
	config '.linux.resources.rdma = {mlx5_1: {hcaHandles: 3}}'
	refuses 'linux.resources.rdma["mlx5_1"]: the ' \
		create --bundle "$BUNDLE" "$ID"
	matches "$errors" 'rdma(`| controller) is not available'
	nothing_left
}

# A180
@test "a network class is set in v1, and refused elsewhere" {
	config '.linux.resources.network = {classID: 1048577}'
	if [ "$MODE" = v2 ] || ! has_controller net_cls; then
		refuses "network.classID: the net_cls controller" \
			create --bundle "$BUNDLE" "$ID"
		nothing_left
		return
	fi
	sleeper
	start_container
	equals "$(value - net_cls net_cls.classid)" 1048577
}

# A171 B065
@test "real-time scheduling is v1's" {
	config '.linux.resources.cpu = {realtimeRuntime: 10000,
		realtimePeriod: 500000}'
	if [ "$MODE" = v2 ]; then
		refuses "realtimeRuntime: cgroup v2 has none" \
			create --bundle "$BUNDLE" "$ID"
		nothing_left
		return
	fi
	need_controller cpu
	[ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] ||
		[ -e /sys/fs/cgroup/cpu,cpuacct/cpu.rt_runtime_us ] ||
		skip "the kernel has no groups of real-time processes"
	sleeper
	start_container
	equals "$(value - cpu cpu.rt_runtime_us)" 10000
	must update --cpu-rt-runtime 20000 --cpu-rt-period 600000 "$ID"
	equals "$(value - cpu cpu.rt_runtime_us)" 20000
	equals "$(value - cpu cpu.rt_period_us)" 600000
}

# A182
@test "a unified value that the kernel refuses is told with its key" {
	[ "$MODE" != v1 ] || skip "there is no unified hierarchy"
	config '.linux.resources.unified = {"cgroup.max.depth": "many"}'
	refuses 'linux.resources.unified["cgroup.max.depth"]: write "many"' \
		create --bundle "$BUNDLE" "$ID"
	contains "$errors" "Invalid argument"
	config '.linux.resources.unified = {"cgroup.nonsense": "1"}'
	refuses 'linux.resources.unified["cgroup.nonsense"]' \
		create --bundle "$BUNDLE" "$ID"
	contains "$errors" "has no file cgroup.nonsense"
	for key in ../cgroup.procs a/b.c nodot .dot dot.; do
		config --arg k "$key" '.linux.resources.unified = {($k): "1"}'
		refuses "has not the form" \
			create --bundle "$BUNDLE" "$ID"
	done
	nothing_left
	config '.linux.resources.unified = {"cgroup.max.depth": "5",
		"cgroup.max.descendants": "7"}'
	sleeper
	start_container
	equals "$(v2_value cgroup.max.depth)" 5
	equals "$(v2_value cgroup.max.descendants)" 7
}

# A182
@test "a unified value of a controller that v1 holds says where" {
	[ "$MODE" = hybrid ] || skip "only where v1 and v2 are side by side"
	need_controller blkio
	config '.linux.resources.unified = {"io.max": "1:1 rbps=1"}'
	refuses "the io controller is not in the v2 tree: cgroup v1 holds it" \
		create --bundle "$BUNDLE" "$ID"
	contains "$errors" /sys/fs/cgroup/blkio
	nothing_left
}

# B065 B066 A168 A169 A170 A173
@test "every CPU flag of update does what it says" {
	need_controller cpu
	config '.linux.resources.cpu = {quota: 50000, period: 100000}'
	sleeper
	start_container
	must update --cpu-share 512 --cpu-period 50000 --cpu-quota 40000 \
		--cpu-burst 10000 "$ID"
	if [ "$MODE" = v2 ]; then
		equals "$(value cpu.weight)" 59
		equals "$(value cpu.max)" "40000 50000"
		equals "$(value cpu.max.burst)" 10000
	else
		equals "$(value - cpu cpu.shares)" 512
		equals "$(value - cpu cpu.cfs_quota_us)" 40000
		equals "$(value - cpu cpu.cfs_period_us)" 50000
		equals "$(value - cpu cpu.cfs_burst_us)" 10000
	fi
	must update --cpu-idle 1 "$ID"
	equals "$(value cpu.idle cpu cpu.idle)" 1
	must update --cpu-idle 0 --cpu-quota -1 --cpu-burst 0 "$ID"
	equals "$(value cpu.idle cpu cpu.idle)" 0
	matches "$(value cpu.max cpu cpu.cfs_quota_us)" '^(max 50000|-1)$'
	refuses "cpu.idle" update --cpu-idle 2 "$ID"
	refuses "cpu-share" update --cpu-share many "$ID"
}

# B065 A172
@test "the CPUs and memory nodes of a container can be changed" {
	need_controller cpuset
	config '.linux.resources.cpu = {cpus: "0"}'
	sleeper
	start_container
	must update --cpuset-cpus 0-1 --cpuset-mems 0 "$ID"
	equals "$(value cpuset.cpus cpuset cpuset.cpus)" 0-1
	equals "$(value cpuset.mems cpuset cpuset.mems)" 0
	must events --stats "$ID"
	equals "$(jq -c .data.cpuset.cpus "$OUT")" '[0,1]'
	refuses "cpu.cpus" update --cpuset-cpus 4000-5000 "$ID"
	equals "$(value cpuset.cpus cpuset cpuset.cpus)" 0-1
}

# B065 B067 A161 A162
@test "every memory flag of update does what it says" {
	need_controller memory
	config '.linux.resources.memory = {limit: 67108864}'
	sleeper
	start_container
	must update --memory 96m --memory-swap 128MiB \
		--memory-reservation 48M --kernel-memory 1g \
		--kernel-memory-tcp 1g "$ID"
	equals "$(value memory.max memory memory.limit_in_bytes)" 100663296
	equals "$(value memory.low memory memory.soft_limit_in_bytes)" 50331648
	if [ "$MODE" != v2 ]; then
		equals "$(value - memory memory.memsw.limit_in_bytes)" 134217728
	elif [ -e "$(cgroup_dir any)/memory.swap.max" ]; then
		equals "$(value memory.swap.max)" 33554432
	fi
	must update --memory-swap -1 --memory -1 "$ID"
	if [ "$MODE" = v2 ]; then
		equals "$(value memory.max)" max
	else
		[ "$(value - memory memory.limit_in_bytes)" -gt $((1 << 60)) ]
	fi
}

# A164 A165
@test "what only v1 has for memory is done there" {
	need_controller memory
	config '.linux.resources.memory = {swappiness: 7,
		disableOOMKiller: true, useHierarchy: true}'
	sleeper
	start_container
	[ "$MODE" != v2 ] || return 0
	equals "$(value - memory memory.swappiness)" 7
	contains "$(value - memory memory.oom_control)" "oom_kill_disable 1"
}
