#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.intelRdt: classes of resctrl. Few machines have one, so this is a
# directory with the files of a class that is there; making one is tested in
# tests/unit/test_rdt.c.
load helpers

setup() {
	prepare
	sleeper
}

# in_resctrl SCRIPT: with a tree of that kind where resctrl is looked for, and
# $CLASS in it. The machine's own cgroups stay where they are.
in_resctrl() {
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
		set -eu
		trap '"$RUNF" --root "$STATE" delete --force "$ID"' EXIT
		mkdir "$WORK/sys" "$WORK/resctrl" "$WORK/resctrl/gold" \
			"$WORK/resctrl/gold/mon_groups"
		mount --rbind /sys/fs/cgroup "$WORK/sys"
		mount -t tmpfs tmpfs /sys/fs
		mkdir /sys/fs/cgroup /sys/fs/resctrl
		mount --move "$WORK/sys" /sys/fs/cgroup
		mount --bind "$WORK/resctrl" /sys/fs/resctrl
		CLASS=/sys/fs/resctrl/gold
		printf '    L3:0=fff\n' >/sys/fs/resctrl/schemata
		printf '    L3:0=ff\n' >"$CLASS/schemata"
		: >"$CLASS/tasks"
		runf() { "$RUNF" --root "$STATE" "$@"; }
	END
	echo "$1" >>"$BATS_TEST_TMPDIR/script"
	WORK=$BATS_TEST_TMPDIR RUNF=$RUNF STATE=$STATE BUNDLE=$BUNDLE ID=$ID \
		unshare -m sh "$BATS_TEST_TMPDIR/script" 2>&1 3>&-
}

# A188
@test "without resctrl a container that wants it is refused, and none made" {
	[ ! -e /sys/fs/resctrl/schemata ] || skip "this machine has resctrl"
	config '.linux.intelRdt = {closID: "x"}'
	refuses 'linux.intelRdt: no resctrl is mounted at "/sys/fs/resctrl"' \
		run --bundle "$BUNDLE" "$ID"
	nothing_left
	config '.linux.intelRdt = {} | .process.args = ["true"]'
	must_run
}

# A183 A187
@test "container and exec go into a class that is there, and it stays" {
	config '.linux.intelRdt = {closID: "gold"}'
	run in_resctrl '
		runf create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null
		runf start "$ID"
		pid=$(runf state "$ID" | jq .pid)
		[ "$(cat $CLASS/tasks)" = "$pid" ]
		: >$CLASS/tasks
		runf exec --detach --pid-file "$WORK/pid" "$ID" sleep 300 \
			</dev/null >/dev/null
		[ "$(cat $CLASS/tasks)" = "$(cat $WORK/pid)" ]
		runf delete --force "$ID"
		[ -d $CLASS ]
		echo through'
	equals "$output" through
}

# A184 A185
@test "schemas must be those of the class that is there" {
	config '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=0ff"}'
	run in_resctrl '
		runf run --detach --bundle "$BUNDLE" "$ID" </dev/null >/dev/null
		runf delete --force "$ID"
		jq ".linux.intelRdt.schemata = [\"L3:0=1\"]" \
			"$BUNDLE/config.json" >"$BUNDLE/other.json"
		if runf run --config other.json --bundle "$BUNDLE" "$ID"; then
			exit 1
		fi
		[ "$(cat $CLASS/schemata)" = "    L3:0=ff" ]
		echo through'
	contains "$output" through
	contains "$output" 'class "gold" is there, but not with "L3:0=1"'
}

# B065
@test "update changes what the class may use, or nothing at all" {
	config '.linux.intelRdt = {closID: "gold"}'
	run in_resctrl '
		# A plain file keeps what is behind it.
		wrote() { [ "$(head -n 1 $CLASS/schemata)" = "$1" ]; }
		runf run --detach --bundle "$BUNDLE" "$ID" </dev/null >/dev/null
		runf update --l3-cache-schema L3:0=f "$ID"
		wrote L3:0=f
		runf update --mem-bw-schema MB:0=20 "$ID"
		wrote MB:0=20
		echo "{\"intelRdt\": {\"schemata\": [\"L2:0=1\"]}}" >"$WORK/limits"
		runf update --resources "$WORK/limits" "$ID"
		wrote L2:0=1
		runf update --resources "$WORK/limits" --mem-bw-schema MB:0=9 "$ID"
		wrote MB:0=9
		printf "    MB:0=9\n" >$CLASS/schemata
		echo "{\"hugepageLimits\": [{\"pageSize\": \"3MB\", \"limit\": 1}]}" \
			>"$WORK/limits"
		if runf update --resources "$WORK/limits" \
			--mem-bw-schema MB:0=10 "$ID"; then
			exit 1
		fi
		wrote MB:0=9
		runf delete --force "$ID"
		echo through'
	contains "$output" through
}

# B065
@test "update of a container that is in no class says so" {
	start_container
	refuses "the container is in no class of resctrl" \
		update --l3-cache-schema L3:0=f "$ID"
	echo '{"intelRdt": {"closID": "gold"}}' >"$BATS_TEST_TMPDIR/limits"
	refuses "a container that runs stays in its class" \
		update --resources "$BATS_TEST_TMPDIR/limits" "$ID"
}

# A187
@test "a class that is not there and of which nothing is said is refused" {
	config '.linux.intelRdt = {closID: "silver"}'
	run in_resctrl '
		if runf run --bundle "$BUNDLE" "$ID" </dev/null; then
			exit 1
		fi
		[ ! -e /sys/fs/resctrl/silver ]
		echo through'
	contains "$output" through
	contains "$output" 'linux.intelRdt.closID: class "silver" does not exist'
}

# D023
@test "a class cannot be a path" {
	for name in . .. ../x a/b; do
		config --arg name "$name" '.linux.intelRdt = {closID: $name}'
		refuses "linux.intelRdt.closID" run --bundle "$BUNDLE" "$ID"
	done
}
