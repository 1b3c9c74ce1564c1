#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where a container's cgroup is, and pausing it.
load helpers

need_freezer() {
	[ "$MODE" = v2 ] || need_controller freezer
}

# A cgroup path of the v2 tree, or else of any hierarchy.
own_path() {
	local line
	line=$(grep '^0::' "/proc/$(init_pid)/cgroup") ||
		line=$(grep ':devices:' "/proc/$(init_pid)/cgroup")
	echo "${line##*:}"
}

# A150
@test "an absolute cgroupsPath is below the cgroup root" {
	SHARED_GROUP=yes
	config --arg p "/runf-test/$ID" '.linux.cgroupsPath = $p'
	sleeper
	start_container
	matches "$(own_path)" "/runf-test/$ID\$"
	must delete --force "$ID"
	equals "$(cgroups_left)" ""
}

# A152
@test "without cgroupsPath the cgroup has the container's id" {
	sleeper
	start_container
	contains "$(own_path)" "$ID"
}

# A150
@test "a cgroupsPath cannot escape" {
	config --arg p "/../../runf-test/../../$ID" '.linux.cgroupsPath = $p'
	sleeper
	runf create --bundle "$BUNDLE" "$ID"
	if [ "$status" -eq 0 ]; then
		lacks "$(own_path)" ..
		must delete --force "$ID"
	fi
	nothing_left
}

# A015
@test "a cgroup that was there before stays" {
	SHARED_GROUP=yes
	config --arg p "/runf-test/$ID.parent/$ID" '.linux.cgroupsPath = $p'
	if [ "$MODE" = v2 ]; then
		base=/sys/fs/cgroup
	elif [ "$MODE" = hybrid ]; then
		base=/sys/fs/cgroup/unified
	else
		base=/sys/fs/cgroup/devices
	fi
	mkdir -p "$base/runf-test/$ID.parent"
	sleeper
	start_container
	must delete --force "$ID"
	[ -d "$base/runf-test/$ID.parent" ]
	[ ! -d "$base/runf-test/$ID.parent/$ID" ]
	find /sys/fs/cgroup -depth -type d -name "$ID.parent" \
		-exec rmdir {} +
}

# A024 B027 B028 B138 C034
@test "pause stops every process and resume lets them go on" {
	need_freezer
	program 'while :; do echo x >>/ticks; sleep 0.05; done'
	start_container
	eventually has_text "$BUNDLE/rootfs/ticks"
	must pause "$ID"
	equals "$(state_of .status)" paused
	before=$(wc -c <"$BUNDLE/rootfs/ticks")
	sleep 0.5
	equals "$(wc -c <"$BUNDLE/rootfs/ticks")" "$before"
	must resume "$ID"
	equals "$(state_of .status)" running
	sleep 0.5
	[ "$(wc -c <"$BUNDLE/rootfs/ticks")" -gt "$before" ]
}

# B129
@test "pause and resume refuse what is not theirs" {
	need_freezer
	sleeper
	start_container
	refuses "container not paused" resume "$ID"
	must kill "$ID" KILL
	wait_status stopped
	refuses "container not running" pause "$ID"
}

# B127
@test "exec in a paused container is refused" {
	need_freezer
	sleeper
	start_container
	must pause "$ID"
	refuses "cannot exec in a paused container" exec "$ID" true
	contains "$errors" --ignore-paused
	must resume "$ID"
	must exec "$ID" true
}

# B056
@test "exec --ignore-paused waits for the thaw" {
	need_freezer
	sleeper
	start_container
	must pause "$ID"
	"$RUNF" --root "$STATE" exec --ignore-paused "$ID" echo thawed \
		>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	child=$!
	sleep 0.5
	must resume "$ID"
	wait "$child"
	equals "$(cat "$BATS_TEST_TMPDIR/said")" thawed
}

# B055 D020
@test "exec --cgroup takes an existing group below, and no other" {
	[ "$MODE" = v2 ] || skip "groups below are for the v2 hierarchy"
	sleeper
	start_container
	dir=$(cgroup_dir any)
	mkdir "$dir/sub"
	runf exec --cgroup sub "$ID" cat /proc/self/cgroup
	equals "$status" 0
	refuses "" exec --cgroup ../../ "$ID" true
	refuses "" exec --cgroup nosuch "$ID" true
}

# B055
@test "exec --cgroup in v1 takes a group of one hierarchy, or of all" {
	[ "$MODE" != v2 ] || skip "there are no hierarchies here"
	has_controller pids || skip "no pids hierarchy"
	sleeper
	config '.linux.resources.pids.limit = 100'
	start_container
	dir=$(cgroup_dir pids)
	mkdir "$dir/sub"
	must exec --cgroup pids:sub "$ID" cat /proc/self/cgroup
	matches "$output" ':pids:[^ ]*/sub'
	must exec "$ID" cat /proc/self/cgroup
	lacks "$output" "/sub"
	refuses "open cgroup" exec --cgroup sub "$ID" true
	refuses "open cgroup" exec --cgroup pids:nosuch "$ID" true
	refuses '".." would lead' exec --cgroup pids:.. "$ID" true
	refuses "no hierarchy of that kind" exec --cgroup nosuch:sub "$ID" true
}

# B007 C028
@test "--cgroup-manager=disabled makes no cgroup" {
	sleeper
	must --cgroup-manager disabled create --bundle "$BUNDLE" "$ID"
	equals "$(cgroups_left)" ""
	must start "$ID"
	must delete --force "$ID"
	nothing_left
}
