#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container uses, and its memory deaths, as lines of JSON.
load helpers

# B026 B063 B109
@test "events --stats is one object of the shape that clients know" {
	sleeper
	start_container
	must events --stats "$ID"
	equals "$(wc -l <"$OUT")" 1
	equals "$(jq -r '.type, .id' "$OUT" | xargs)" "stats $ID"
	equals "$(jq -c '.data | keys' "$OUT")" '["blkio","cpu","cpuset",'"\
"'"hugetlb","intel_rdt","memory","network_interfaces","pids"]'
	for path in cpu.usage.total cpu.usage.kernel cpu.usage.user \
		cpu.throttling.periods cpu.throttling.throttledPeriods \
		cpu.throttling.throttledTime memory.cache \
		memory.usage.limit memory.usage.usage memory.usage.max \
		memory.usage.failcnt memory.swap.usage memory.kernel.usage \
		memory.kernelTCP.usage pids.current pids.limit; do
		equals "$(jq -r ".data.$path | type" "$OUT")" number
	done
	equals "$(jq -r '.data.memory.raw | type' "$OUT")" object
	equals "$(jq -r '.data.blkio.ioServiceBytesRecursive | type' "$OUT")" \
		array
}

# B109 E028
@test "what a container uses is told" {
	need_controller memory pids cpu
	config '.linux.resources = {memory: {limit: 67108864},
		pids: {limit: 20}, cpu: {quota: 80000, period: 100000}}'
	# shellcheck disable=SC2016 # for the container's shell
	program 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done
		head -c 1048576 /dev/zero >/tmp/file
		echo busy; sleep 300 & wait'
	must_create
	must start "$ID"
	eventually has_text "$BATS_TEST_TMPDIR/out.$((CALLS - 1))"
	must events --stats "$ID"
	equals "$(jq .data.memory.usage.limit "$OUT")" 67108864
	[ "$(jq .data.memory.usage.usage "$OUT")" -gt 65536 ]
	[ "$(jq '.data.memory.raw | length' "$OUT")" -gt 10 ]
	equals "$(jq .data.pids.limit "$OUT")" 20
	equals "$(jq .data.pids.current "$OUT")" 2
	[ "$(jq .data.cpu.usage.total "$OUT")" -gt 10000000 ]
	[ "$(jq .data.cpu.throttling.periods "$OUT")" -gt 0 ]
}

# C052
@test "pressure is told where the kernel measures it" {
	[ "$MODE" != v1 ] || skip "the v1 hierarchies have none"
	sleeper
	start_container
	tree=/sys/fs/cgroup
	[ "$MODE" = v2 ] || tree=$tree/unified
	path=$(sed -n 's/^0:://p' "/proc/$(init_pid)/cgroup")
	cat "$tree$path/cpu.pressure" >/dev/null 2>&1 ||
		skip "this kernel measures no pressure"
	must events --stats "$ID"
	for part in cpu memory blkio; do
		equals "$(jq -r ".data.$part.psi.some.total | type" "$OUT")" \
			number
		equals "$(jq -r ".data.$part.psi.full.avg10 | type" "$OUT")" \
			number
	done
}

# B063
@test "events goes on until the container ends" {
	sleeper
	start_container
	"$RUNF" --root "$STATE" events --interval 200ms "$ID" \
		>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	child=$!
	enough() {
		[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -ge 3 ]
	}
	eventually enough
	must kill "$ID" KILL
	wait "$child"
	equals "$(jq -r .type "$BATS_TEST_TMPDIR/said" | sort -u)" stats
	equals "$(jq -r .id "$BATS_TEST_TMPDIR/said" | sort -u)" "$ID"
}

# B109 C052
@test "a death for memory is told as it happens" {
	need_controller memory
	config '.linux.resources.memory = {limit: 25165824, swap: 25165824}'
	program 'read line; tail /dev/zero; exec sleep 300'
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 9<>"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in must_create
	must start "$ID"
	"$RUNF" --root "$STATE" events --interval 1h "$ID" \
		>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- 9>&- &
	child=$!
	eventually has_text "$BATS_TEST_TMPDIR/said"
	echo go >&9
	told() {
		grep -q oom "$BATS_TEST_TMPDIR/said"
	}
	eventually told
	equals "$(sed 1d "$BATS_TEST_TMPDIR/said")" \
		"{\"type\":\"oom\",\"id\":\"$ID\"}"
	must kill "$ID" KILL
	wait "$child"
	exec 9>&-
}

@test "a container that was only created can be asked, a stopped one not" {
	sleeper
	must_create
	must events --stats "$ID"
	must kill "$ID" KILL
	wait_status stopped
	refuses "container not running" events --stats "$ID"
	refuses "container not running" events "$ID"
	refuses "container does not exist" events --stats "no$TAG"
}

@test "a container without a cgroup has nothing to tell" {
	sleeper
	must --cgroup-manager disabled create --bundle "$BUNDLE" "$ID"
	refuses "has no cgroup to ask" events --stats "$ID"
}

# B063
@test "an interval is a time of more than nothing" {
	for value in 0 0s -1s 5x s 5s3 1e3s ''; do
		refuses "--interval" events --interval "$value" "$ID"
	done
}
