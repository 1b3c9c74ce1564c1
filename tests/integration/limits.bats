#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits that bite: memory, CPU, processes; and update.
load helpers

MEGA=1048576

# value V2-FILE V1-CONTROLLER V1-FILE: of the running container's cgroup.
value() {
	if [ "$MODE" = v2 ]; then
		cat "$(cgroup_dir any)/$1"
	else
		cat "$(cgroup_dir "$2")/$3"
	fi
}

# A160
@test "a program that takes more memory than its limit is killed" {
	need_controller memory
	config --argjson n $((24 * MEGA)) '.linux.resources.memory = {
		limit: $n, swap: $n}'
	# tail keeps a line without an end, however long.
	program 'echo started; tail /dev/zero; echo "tail: $?"; kill -0 1'
	runf run --bundle "$BUNDLE" "$ID"
	contains "$output" started
	contains "$output" "tail: 137"
}

# A160
@test "an init that is killed for memory gives 137, and the kernel counts it" {
	need_controller memory
	config --argjson n $((24 * MEGA)) '.linux.resources.memory = {
		limit: $n, swap: $n}'
	config '.process.args = ["tail", "/dev/zero"]'
	must_create
	dir=$(cgroup_dir memory)
	must start "$ID"
	wait_status stopped
	if [ "$MODE" = v2 ]; then
		matches "$(cat "$dir/memory.events")" 'oom_kill [1-9]'
	else
		matches "$(cat "$dir/memory.oom_control")" 'oom_kill [1-9]'
	fi
	must delete "$ID"
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 137
}

@test "a memory limit does not stop a program that stays below it" {
	need_controller memory
	config --argjson n $((128 * MEGA)) '.linux.resources.memory = {
		limit: $n}'
	program 'head -c 16777216 /dev/zero | tail -c 8388608 | wc -c'
	must_run
	equals "$output" 8388608
}

# A160 A161 A162
@test "memory limits are what the config says" {
	need_controller memory
	config --argjson n $((64 * MEGA)) '.linux.resources.memory = {
		limit: $n, reservation: ($n / 2), swap: ($n * 2)}'
	sleeper
	start_container
	equals "$(value memory.max memory memory.limit_in_bytes)" \
		$((64 * MEGA))
	equals "$(value memory.low memory memory.soft_limit_in_bytes)" \
		$((32 * MEGA))
	[ "$MODE" != v2 ] || [ ! -e "$(cgroup_dir any)/memory.swap.max" ] ||
		equals "$(value memory.swap.max)" $((64 * MEGA))
}

# A160
@test "a memory limit of -1 is none" {
	need_controller memory
	config '.linux.resources.memory = {limit: -1}'
	sleeper
	start_container
	if [ "$MODE" = v2 ]; then
		equals "$(value memory.max)" max
	else
		[ "$(value - memory memory.limit_in_bytes)" -gt \
			$((1 << 60)) ]
	fi
}

# A169
@test "a program that burns a CPU is throttled to its quota" {
	need_controller cpu
	config '.linux.resources.cpu = {quota: 25000, period: 100000}'
	program 'end=$(($(date +%s) + 4)); while [ $(date +%s) -lt $end ]; do
			i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done
		done; echo done; exec sleep 300'
	must_create
	dir=$(cgroup_dir cpu)
	begin=$(date +%s%N)
	must start "$ID"
	eventually has_text "$BATS_TEST_TMPDIR/out.$((CALLS - 1))"
	wall=$(($(date +%s%N) - begin))
	matches "$(cat "$dir/cpu.stat")" 'nr_throttled [1-9]'
	# Its own time and that of its children, in ticks of 10 ms.
	used=$(awk '{ print ($14 + $15 + $16 + $17) * 10000000 }' \
		"/proc/$(init_pid)/stat")
	echo "used $used of $wall ns"
	# A quarter, and some for the slack of periods.
	[ $((used * 100 / wall)) -le 40 ]
	[ $((used * 100 / wall)) -ge 10 ]
}

# A168 A169
@test "CPU limits are what the config says" {
	need_controller cpu
	config '.linux.resources.cpu = {quota: 50000, period: 100000,
		shares: 512}'
	sleeper
	start_container
	if [ "$MODE" = v2 ]; then
		equals "$(value cpu.max)" "50000 100000"
		# The conversion of shares that runtimes agree on.
		equals "$(value cpu.weight)" 59
	else
		equals "$(value - cpu cpu.cfs_quota_us)" 50000
		equals "$(value - cpu cpu.cfs_period_us)" 100000
		equals "$(value - cpu cpu.shares)" 512
	fi
}

# A172
@test "CPU sets are what the config says" {
	need_controller cpuset
	config '.linux.resources.cpu = {cpus: "0", mems: "0"}'
	program 'grep Cpus_allowed_list /proc/self/status'
	must_run
	equals "$(echo "$output" | xargs)" "Cpus_allowed_list: 0"
}

# A174
@test "a fork bomb stops at the limit of processes" {
	need_controller pids
	config '.linux.resources.pids = {limit: 20}'
	program 'i=0; while [ $i -lt 60 ]; do sleep 300 & i=$((i + 1)); done
		echo unlimited'
	must_create
	dir=$(cgroup_dir pids)
	must start "$ID"
	wait_status stopped || true
	lacks "$(cat "$BATS_TEST_TMPDIR/out.$((CALLS - 1))")" unlimited
	contains "$(cat "$BATS_TEST_TMPDIR/err.$((CALLS - 1))")" fork
	matches "$(cat "$dir/pids.events")" 'max [1-9]'
	must delete --force "$ID"
	nothing_left
}

# A174
@test "a limit of processes of 0 is a limit, -1 is none" {
	need_controller pids
	config '.linux.resources.pids = {limit: 0}'
	program 'sleep 0 & wait'
	runf run --bundle "$BUNDLE" "$ID"
	contains "$errors" fork
	config '.linux.resources.pids = {limit: -1}'
	sleeper
	start_container
	# Where hierarchies are many, only those with a limit are joined.
	dir=$(cgroup_dir pids)
	[ ! -e "$dir/pids.max" ] || equals "$(cat "$dir/pids.max")" max
}

@test "exec is under the same limits" {
	need_controller pids
	config '.linux.resources.pids = {limit: 5}'
	sleeper
	start_container
	runf exec "$ID" sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done'
	contains "$errors" fork
}

# A182
@test "unified values are written as they are" {
	[ "$MODE" = v2 ] || skip "there is no unified hierarchy to write to"
	need_controller memory
	config '.linux.resources.unified = {"memory.high": "33554432"}'
	sleeper
	start_container
	equals "$(value memory.high)" 33554432
}

# A182
@test "a unified value of a controller that is not there names it" {
	[ "$MODE" = v2 ] || skip "there is no unified hierarchy to write to"
	config '.linux.resources.unified = {"nonsense.max": "1"}'
	refuses "nonsense" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A182
@test "unified without a unified hierarchy is refused" {
	[ "$MODE" != v2 ] || skip "this is the unified hierarchy"
	config '.linux.resources.unified = {"memory.high": "33554432"}'
	refuses "unified" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

@test "a limit that no controller can set names the controller" {
	! has_controller memory || skip "the memory controller is here"
	config '.linux.resources.memory = {limit: 67108864}'
	refuses "memory" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A169 B029 B064 B065
@test "update changes limits while it runs, by document and by flag" {
	need_controller memory pids cpu
	config --argjson n $((64 * MEGA)) '.linux.resources = {
		memory: {limit: $n}, pids: {limit: 20},
		cpu: {quota: 50000, period: 100000}}'
	sleeper
	start_container
	echo '{"memory": {"limit": 134217728}}' >"$BATS_TEST_TMPDIR/r.json"
	INPUT=$BATS_TEST_TMPDIR/r.json must update --resources=- "$ID"
	equals "$(value memory.max memory memory.limit_in_bytes)" \
		$((128 * MEGA))
	equals "$(value pids.max pids pids.max)" 20
	echo '{"pids": {"limit": 30}}' >"$BATS_TEST_TMPDIR/r.json"
	must update --resources "$BATS_TEST_TMPDIR/r.json" "$ID"
	equals "$(value pids.max pids pids.max)" 30
	must update --pids-limit 40 --memory 96M "$ID"
	equals "$(value pids.max pids pids.max)" 40
	equals "$(value memory.max memory memory.limit_in_bytes)" \
		$((96 * MEGA))
	must update --cpu-quota 20000 "$ID"
	if [ "$MODE" = v2 ]; then
		equals "$(value cpu.max)" "20000 100000"
	else
		equals "$(value - cpu cpu.cfs_quota_us)" 20000
		equals "$(value - cpu cpu.cfs_period_us)" 100000
	fi
}

# B064
@test "update refuses what it does not understand, and changes nothing" {
	need_controller pids
	config '.linux.resources.pids = {limit: 20}'
	sleeper
	start_container
	echo '{"pids": {"limit": "many"}}' >"$BATS_TEST_TMPDIR/r.json"
	refuses "pids.limit" update --resources "$BATS_TEST_TMPDIR/r.json" \
		"$ID"
	equals "$(value pids.max pids pids.max)" 20
}
