#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How the process runs: scheduler, I/O priority, CPUs, memory, personality.
load helpers

setup() {
	prepare
	sleeper
}

# The value of "policy" and the like, as the kernel shows it.
sched_of() {
	awk -v want="$2" '$1 == want { print $3 }' "/proc/$1/sched"
}

nice_of() {
	sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 17
}

cpus_of() {
	sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"
}

need_cpus() {
	[ "$(nproc)" -ge 2 ] || skip "one CPU only"
}

# What exec starts, in $second.
background() {
	must exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$@"
	second=$(cat "$BATS_TEST_TMPDIR/pid")
}

# A061 A062
@test "the scheduling policy and nice value are set, for exec too" {
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
	start_container
	equals "$(sched_of "$(init_pid)" policy)" 3
	equals "$(nice_of "$(init_pid)")" 7
	background "$ID" sleep 300
	equals "$(sched_of "$second" policy)" 3
	equals "$(nice_of "$second")" 7
}

# A061
@test "SCHED_IDLE, and SCHED_OTHER after it in process.json" {
	config '.process.scheduler = {policy: "SCHED_IDLE"}'
	start_container
	equals "$(sched_of "$(init_pid)" policy)" 5
	jq '.process | .scheduler = {policy: "SCHED_OTHER", nice: 3}
		| .args = ["sleep", "300"]' "$BUNDLE/config.json" \
		>"$BATS_TEST_TMPDIR/process.json"
	background --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	equals "$(sched_of "$second" policy)" 0
	equals "$(nice_of "$second")" 3
}

# A063 A064
@test "a real-time policy with its priority and flags" {
	chrt -f 1 true 2>/dev/null || skip "no real-time policy here"
	config '.process.scheduler = {policy: "SCHED_FIFO", priority: 5,
		flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	start_container
	pid=$(init_pid)
	contains "$(chrt -p "$pid")" "SCHED_FIFO|SCHED_RESET_ON_FORK"
	contains "$(chrt -p "$pid")" "priority: 5"
	background "$ID" sleep 300
	contains "$(chrt -p "$second")" "priority: 5"
}

# A065
@test "a deadline" {
	chrt -d -T 1000000 -D 10000000 -P 100000000 0 true 2>/dev/null ||
		skip "no deadline policy here"
	# It may not fork.
	config '.process.args = ["sleep", "300"] | .process.scheduler = {
		policy: "SCHED_DEADLINE", runtime: 1000000,
		deadline: 10000000, period: 100000000}'
	start_container
	contains "$(chrt -p "$(init_pid)")" "1000000/10000000/100000000"
}

# A062 A065
@test "a scheduler that the kernel refuses is told with what was asked" {
	config '.process.scheduler = {policy: "SCHED_DEADLINE",
		runtime: 10000000, deadline: 1, period: 1}'
	refuses "runtime 10000000 must be <= deadline 1" run \
		--bundle "$BUNDLE" "$ID"
	# Longer than sysctl kernel.sched_deadline_period_max_us allows.
	config '.process.scheduler = {policy: "SCHED_DEADLINE",
		runtime: 1000000, deadline: 86400000000000}'
	refuses "process.scheduler: set policy 6" run --bundle "$BUNDLE" "$ID"
	config '.process.scheduler = {policy: "SCHED_OTHER", priority: 3}'
	refuses "process.scheduler.priority" run --bundle "$BUNDLE" "$ID"
}

# A066 A067
@test "the I/O priority is set, for exec too" {
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 2}'
	start_container
	equals "$(ionice -p "$(init_pid)")" "best-effort: prio 2"
	background "$ID" sleep 300
	equals "$(ionice -p "$second")" "best-effort: prio 2"
	must delete --force "$ID"
	config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
	start_container
	equals "$(ionice -p "$(init_pid)")" "idle"
}

# A066
@test "in a user namespace the host's power sets them" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	config '.process.scheduler = {policy: "SCHED_OTHER", nice: -5}
		| .process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 1}
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000,
			size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	nice -n -5 true 2>/dev/null || skip "no CAP_SYS_NICE here"
	start_container
	equals "$(nice_of "$(init_pid)")" -5
	equals "$(ionice -p "$(init_pid)")" "realtime: prio 1"
}

# A068 A069 A070
@test "exec runs on the CPUs of execCPUAffinity, init on all" {
	need_cpus
	all=$(cpus_of $$)
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	must_create
	must start "$ID"
	equals "$(cpus_of "$(init_pid)")" "$all"
	background "$ID" sleep 300
	equals "$(cpus_of "$second")" 1
	jq '.process | .execCPUAffinity = {initial: "0"}
		| .args = ["sleep", "300"]' "$BUNDLE/config.json" \
		>"$BATS_TEST_TMPDIR/process.json"
	background --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	# Where a cpuset is joined it gives all its CPUs.
	case $(cpus_of "$second") in
	0 | "$all") ;;
	*) false ;;
	esac
	jq 'del(.execCPUAffinity)' "$BATS_TEST_TMPDIR/process.json" \
		>"$BATS_TEST_TMPDIR/plain.json"
	background --process "$BATS_TEST_TMPDIR/plain.json" "$ID"
	equals "$(cpus_of "$second")" "$all"
}

# A070 D053
@test "the caller's own CPUs are not the container's" {
	need_cpus
	all=$(cpus_of $$)
	program 'sed -n "s/^Cpus_allowed_list:.//p" /proc/self/status'
	cat >"$BATS_TEST_TMPDIR/pinned" <<-END
		#!/bin/sh
		exec taskset -c 1 "$RUNF" "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/pinned"
	RUNF=$BATS_TEST_TMPDIR/pinned must_run
	equals "$output" "$all"
}

# A068
@test "a bad list of CPUs is refused, one of no CPU too" {
	config '.process.execCPUAffinity = {initial: "1-0"}'
	refuses "process.execCPUAffinity.initial" run --bundle "$BUNDLE" "$ID"
	config '.process.execCPUAffinity = {final: "9999"}'
	start_container
	refuses 'process.execCPUAffinity: set "9999"' exec "$ID" true
}

# A141
@test "LINUX32 changes what uname says, for exec too" {
	[ "$(uname -m)" = x86_64 ] || skip "not on x86-64"
	program 'uname -m'
	config '.linux.personality = {domain: "LINUX32"}'
	must_run
	equals "$output" i686
	config '.process.args = ["sleep", "300"]'
	start_container
	must exec "$ID" uname -m
	equals "$output" i686
	must delete --force "$ID"
	config '.linux.personality = {domain: "LINUX"}'
	start_container
	must exec "$ID" uname -m
	equals "$output" x86_64
}

# A142
@test "personality has no flags" {
	config '.linux.personality = {domain: "LINUX", flags: ["X"]}'
	refuses "linux.personality.flags" run --bundle "$BUNDLE" "$ID"
}

# A189 A190 A191
@test "the memory policy is the process's, for exec too" {
	[ -e /proc/self/numa_maps ] || skip "no NUMA in this kernel"
	program 'grep -m 1 -o "interleave[^ ]*" /proc/self/numa_maps'
	config '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0",
		flags: ["MPOL_F_STATIC_NODES"]}'
	must_run
	equals "$output" "interleave=static:0"
	config '.process.args = ["sleep", "300"]'
	start_container
	must exec "$ID" grep -m 1 -o 'interleave[^ ]*' /proc/self/numa_maps
	equals "$output" "interleave=static:0"
	must delete --force "$ID"
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	start_container
	must exec "$ID" grep -m 1 -o 'bind[^ ]*' /proc/self/numa_maps
	equals "$output" "bind:0"
}

# A189
@test "a memory policy without nodes has none, and one without a mode is none" {
	[ -e /proc/self/numa_maps ] || skip "no NUMA in this kernel"
	program 'awk "{ print \$2 }" /proc/self/numa_maps | sort -u'
	config '.linux.memoryPolicy = {mode: "MPOL_LOCAL"}'
	must_run
	equals "$output" local
	config '.linux.memoryPolicy = {mode: "MPOL_DEFAULT"}'
	must_run
	equals "$output" default
	config '.linux.memoryPolicy = {}'
	refuses "linux.memoryPolicy.mode" run --bundle "$BUNDLE" "$ID"
}

# A190
@test "nodes that are not there are told" {
	[ -e /proc/self/numa_maps ] || skip "no NUMA in this kernel"
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "60"}'
	refuses 'linux.memoryPolicy: set mode 0x2, nodes "60"' \
		run --bundle "$BUNDLE" "$ID"
}

# A121 D054
@test "exec joins the time namespace and does not set its offsets anew" {
	[ -e /proc/self/ns/time ] || skip "no time namespaces here"
	config '.linux.namespaces += [{type: "time"}]
		| .linux.timeOffsets = {boottime: {secs: 1000000}}'
	start_container
	must exec "$ID" cat /proc/uptime
	own=$(cut -d . -f 1 /proc/uptime)
	[ "${output%%.*}" -ge $((own + 999000)) ]
	[ "${output%%.*}" -le $((own + 1001000)) ]
}
