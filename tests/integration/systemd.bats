#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Cgroups made by systemd: units, slices, properties.
load helpers

setup() {
	[ -d /run/systemd/system ] || skip "no systemd runs here"
	# Where it was built, or (empty) where it is installed.
	export RUNF_LIBEXEC
	RUNF_LIBEXEC=$(dirname "$RUNF")/cgroup
	[ -x "$RUNF_LIBEXEC/systemd" ] || RUNF_LIBEXEC=
	[ "$("$RUNF" features | jq .linux.cgroup.systemd)" = true ] ||
		skip "the helper systemd was not built (libsystemd-dev)"
	# The bus starts when it is used first; it is nobody's leftover.
	busctl status >/dev/null
	prepare
}

teardown() {
	[ -z "${USER_ROOM-}" ] || {
		systemctl kill --signal KILL user@1000.service
		systemctl stop user@1000.service
		rm -rf "$USER_ROOM"
	}
	tidy
}

must_make() {
	must --systemd-cgroup create --bundle "$BUNDLE" "$ID"
}

# A running container.
start_unit() {
	must_make
	must start "$ID"
}

# show PROPERTY [UNIT]
show() {
	systemctl show --value --property "$1" "${2-runf-$ID.scope}"
}

is_unknown() {
	[ "$(show LoadState "$@")" = not-found ]
}

own_path() {
	local line
	line=$(grep '^0::' "/proc/$(init_pid)/cgroup") ||
		line=$(grep ':name=systemd:' "/proc/$(init_pid)/cgroup")
	echo "${line##*:}"
}

# B006 C023 A152
@test "the container is in a scope of system.slice while it lives" {
	sleeper
	start_unit
	equals "$(own_path)" "/system.slice/runf-$ID.scope"
	equals "$(show ActiveState)" active
	equals "$(show Slice)" system.slice
	equals "$(show Delegate)" yes
	contains "$(show Description)" "$ID"
	must delete --force "$ID"
	is_unknown
	equals "$(cgroups_left)" ""
}

# C011
@test "an annotation puts the container below its scope, which keeps its limits" {
	config '.annotations["run.oci.systemd.subgroup"] = "inner"
		| .linux.resources.pids.limit = 20'
	sleeper
	start_unit
	# Where there is no v2 tree systemd watches the scope, not what is below.
	equals "$(own_path)" "/system.slice/runf-$ID.scope$([ "$MODE" = v1 ] ||
		echo /inner)"
	equals "$(show TasksMax)" 20
	equals "$(cat "$(cgroup_dir pids)/pids.max")" 20
	must exec "$ID" true
	must update --pids-limit 30 "$ID"
	equals "$(show TasksMax)" 30
	equals "$(cat "$(cgroup_dir pids)/pids.max")" 30
	must delete --force "$ID"
	is_unknown
	equals "$(cgroups_left)" ""
}

# B007 C023
@test "--cgroup-manager=systemd is the same, and run cleans up as well" {
	program 'cat /proc/self/cgroup'
	must --cgroup-manager systemd run --bundle "$BUNDLE" "$ID"
	# In a cgroup namespace its own is the root.
	lacks "$output" system.slice
	is_unknown
}

# A153
@test "a dashed slice stands in its ancestors, the prefix before the name" {
	config --arg p "$TAG-a-b.slice:pre:$ID" '.linux.cgroupsPath = $p'
	sleeper
	start_unit
	equals "$(own_path)" \
		"/$TAG.slice/$TAG-a.slice/$TAG-a-b.slice/pre-$ID.scope"
	equals "$(show Slice "pre-$ID.scope")" "$TAG-a-b.slice"
	must delete --force "$ID"
	is_unknown "pre-$ID.scope"
	systemctl stop "$TAG.slice"
}

# A153
@test "the root's slice, a name that is a slice, and names to be escaped" {
	sleeper
	config --arg p "-.slice::$ID" '.linux.cgroupsPath = $p'
	start_unit
	equals "$(own_path)" "/$ID.scope"
	must delete --force "$ID"
	config --arg p ":run+f:a/b $ID" '.linux.cgroupsPath = $p'
	start_unit
	equals "$(own_path)" "/system.slice/run\\x2bf-a\\x2fb\\x20$ID.scope"
	must delete --force "$ID"
	is_unknown "run\\x2bf-a\\x2fb\\x20$ID.scope"
	[ "$MODE" = v2 ] || return 0
	config --arg p ":runf:$TAG-s.slice" '.linux.cgroupsPath = $p'
	start_unit
	equals "$(own_path)" "/$TAG.slice/$TAG-s.slice"
	must delete --force "$ID"
	equals "$(show ActiveState "$TAG-s.slice")" inactive
	systemctl stop "$TAG.slice"
}

# A153
@test "what is not slice:prefix:name is refused, and leaves no unit" {
	local path
	sleeper
	for path in /a/b a:b a:b:c:d noslice:runf:x a--b.slice:runf:x; do
		config --arg p "$path" '.linux.cgroupsPath = $p'
		refuses linux.cgroupsPath --systemd-cgroup create \
			--bundle "$BUNDLE" "$ID"
	done
	is_unknown
}

# C025 C026 A173 A174
@test "limits are properties of the unit, and in the files" {
	config --argjson m 67108864 '.linux.resources = {
		memory: {limit: $m, reservation: ($m / 2), swap: ($m * 2)},
		cpu: {shares: 512, quota: 25200, period: 50000},
		pids: {limit: 64}}'
	sleeper
	start_unit
	equals "$(show TasksMax)" 64
	# Whole percents: 50.4% is rounded up.
	equals "$(show CPUQuotaPerSecUSec)" 510ms
	[ "$MODE" = v2 ] || return 0
	equals "$(show MemoryMax)" 67108864
	equals "$(show MemoryLow)" 33554432
	equals "$(show MemorySwapMax)" 67108864
	equals "$(show CPUWeight)" 59
	equals "$(show CPUQuotaPeriodUSec)" 50ms
	dir=$(cgroup_dir any)
	equals "$(cat "$dir/cpu.max")" "25500 50000"
	equals "$(cat "$dir/pids.max")" 64
	equals "$(cat "$dir/memory.max")" 67108864
}

# C026 A174 A182
@test "what systemd cannot be told is in the files" {
	[ "$MODE" = v2 ] || skip "files of cgroup v2"
	config '.linux.resources = {pids: {limit: 0},
		unified: {"memory.high": "134217728",
			"cgroup.max.descendants": "7"}}'
	sleeper
	must_make
	dir=$(cgroup_dir any)
	equals "$(cat "$dir/pids.max")" 0
	equals "$(show TasksMax)" 1
	equals "$(cat "$dir/cgroup.max.descendants")" 7
	equals "$(show MemoryHigh)" 134217728
}

# C027 D044
@test "limits and device rules outlive an update and a reload of systemd" {
	config '.linux.resources.pids = {limit: 33}
		| .linux.resources.devices = [{allow: false, access: "rwm"}]'
	program 'while [ ! -e /go ]; do sleep 0.1; done
		mknod /kmsg c 1 11 && cat /dev/null && : 3<>/dev/ptmx &&
			head -c 1 /kmsg
		echo "kmsg: $?"; sleep 300'
	start_unit
	file=$BATS_TEST_TMPDIR/out.$((CALLS - 1))
	must update --pids-limit 34 "$ID"
	systemctl daemon-reload
	: >"$BUNDLE/rootfs/go"
	eventually has_text "$file"
	equals "$(cat "$file")" "kmsg: 1"
	equals "$(cat "$(cgroup_dir pids)/pids.max")" 34
}

# D060
@test "an id whose container ran out of memory can be used again" {
	local i
	config --argjson n 25165824 '.linux.resources.memory = {
			limit: $n, swap: $n}
		| .process.args = ["tail", "/dev/zero"]'
	for i in 1 2; do
		start_unit
		wait_status stopped
		must delete "$ID"
	done
	is_unknown
}

# C001 D025
@test "annotations become properties" {
	config '.annotations = {
		"org.systemd.property.TimeoutStopSec": "1.5",
		"org.systemd.property.CollectMode": "\u0027inactive\u0027",
		"org.systemd.property.After":
			"[\u0027dbus.service\u0027, \u0027basic.target\u0027]",
		"org.systemd.property.RuntimeMaxUSec": "uint64 3000000000",
		"org.systemd.property.SendSIGHUP": "true"}'
	sleeper
	start_unit
	equals "$(show TimeoutStopUSec)" 1.500000s
	equals "$(show CollectMode)" inactive
	equals "$(show RuntimeMaxUSec)" 50min
	equals "$(show SendSIGHUP)" yes
	contains "$(show After)" basic.target
}

# C001 D025 A005
@test "a property that systemd refuses fails the create, which leaves nothing" {
	sleeper
	config '.annotations = {"org.systemd.property.Nonsense": "true"}'
	refuses Nonsense --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	is_unknown
	config '.annotations = {"org.systemd.property.PIDs": "[uint32 1]"}'
	refuses "not a property" --systemd-cgroup create --bundle "$BUNDLE" \
		"$ID"
	config '.annotations = {"org.systemd.property.KillMode": "mixed"}'
	refuses "texts need quotes" --systemd-cgroup create \
		--bundle "$BUNDLE" "$ID"
}

# A005
@test "a create that fails late leaves no unit" {
	config '.process.args = ["/no/such/program"]'
	refuses "/no/such/program" --systemd-cgroup create \
		--bundle "$BUNDLE" "$ID"
	is_unknown
	equals "$(cgroups_left)" ""
}

# C023
@test "a unit that is there already is refused, one that failed is not" {
	sleeper
	systemd-run --quiet --scope --unit "runf-$ID" sleep 300 3>&- &
	eventually systemctl --quiet is-active "runf-$ID.scope"
	refuses "runf-$ID.scope" --systemd-cgroup create --bundle "$BUNDLE" \
		"$ID"
	equals "$(show ActiveState)" active
	systemctl stop "runf-$ID.scope"
	wait $! || true
	# Left as failed, because somebody wants to look at it.
	systemd-run --quiet --scope --unit "runf-$ID" \
		--property RuntimeMaxSec=1 sleep 300 3>&- || true
	eventually systemctl --quiet is-failed "runf-$ID.scope"
	start_unit
	equals "$(show ActiveState)" active
}

# B135 C027
@test "update tells systemd, and needs no word about it" {
	config '.linux.resources = {pids: {limit: 64},
		cpu: {quota: 20000, period: 50000}}'
	sleeper
	start_unit
	must update --pids-limit 32 --cpu-quota 40000 "$ID"
	equals "$(show TasksMax)" 32
	equals "$(show CPUQuotaPerSecUSec)" 800ms
	equals "$(cat "$(cgroup_dir pids)/pids.max")" 32
	must update --cpu-quota -1 --pids-limit -1 "$ID"
	equals "$(show CPUQuotaPerSecUSec)" infinity
	equals "$(show TasksMax)" infinity
	[ "$MODE" = v2 ] || return 0
	must update --memory 67108864 "$ID"
	equals "$(show MemoryMax)" 67108864
	equals "$(cat "$(cgroup_dir any)/memory.max")" 67108864
	systemctl daemon-reload
	equals "$(cat "$(cgroup_dir any)/memory.max")" 67108864
}

# A028 B135
@test "state names the scope, and every later verb finds it" {
	program 'while :; do sleep 0.1 & wait; done'
	start_unit
	equals "$(state_of '."systemd-scope"')" "runf-$ID.scope"
	must list --quiet
	equals "$output" "$ID"
	must pause "$ID"
	equals "$(state_of .status)" paused
	must resume "$ID"
	must exec "$ID" true
	must ps --format json "$ID"
	must kill --all "$ID" KILL
	wait_status stopped
	must delete "$ID"
	is_unknown
}

# C039
@test "exec joins the scope" {
	sleeper
	start_unit
	must exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 300
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	contains "$(cat "/proc/$pid/cgroup")" "/system.slice/runf-$ID.scope"
}

# B153
@test "delete --force without a word about systemd removes a running one" {
	sleeper
	start_unit
	pid=$(init_pid)
	must delete --force "$ID"
	has_ended "$pid"
	is_unknown
}

# A005 B153
@test "a runf that is killed half way leaves a scope that goes by itself" {
	[ "$MODE" != v1 ] ||
		skip "the guest's kernel does not tell systemd of empty v1 cgroups"
	config --arg d "$BATS_TEST_TMPDIR" '.hooks.createRuntime = [{
		path: "/bin/sh", args: ["sh", "-c",
			"echo $$ >\($d)/hook; exec sleep 300"]}]'
	"$RUNF" --root "$STATE" --systemd-cgroup create --bundle "$BUNDLE" \
		"$ID" >/dev/null 2>&1 </dev/null 3>&- &
	eventually has_text "$BATS_TEST_TMPDIR/hook"
	equals "$(show ActiveState)" active
	kill -KILL $!
	wait $! || true
	eventually is_unknown
	kill "$(cat "$BATS_TEST_TMPDIR/hook")"
	must delete --force "$ID"
}

# A156 C023
@test "systemd in the container may have a scope of its own below" {
	[ "$MODE" = v2 ] || skip "delegation needs cgroup v2"
	config '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup2",
		source: "cgroup2", options: ["rw", "nosuid"]}]'
	program 'mkdir /sys/fs/cgroup/inner &&
		echo $$ >/sys/fs/cgroup/inner/cgroup.procs &&
		cat /proc/self/cgroup && exec sleep 300'
	start_unit
	file=$BATS_TEST_TMPDIR/out.$((CALLS - 1))
	eventually has_text "$file"
	equals "$(cat "$file")" 0::/inner
	must exec "$ID" true
	must delete --force "$ID"
	equals "$(cgroups_left)" ""
}

# as_user COMMAND...: as uid 1000, whose manager has been started.
as_user() {
	(cd / && setpriv --reuid 1000 --regid 1000 --clear-groups \
		env XDG_RUNTIME_DIR=/run/user/1000 "$@")
}

# user_runf ARG...: what it says, if it fails.
user_runf() {
	as_user "$RUNF" --root "$USER_ROOM/state" "$@" >"$USER_ROOM/out" \
		2>&1 </dev/null 3>&- && return
	cat "$USER_ROOM/out"
	return 1
}

is_in_scope() {
	grep -qx "$1" "$scope/cgroup.procs"
}

# A153 C024
@test "a user's container is in a scope of the user's own manager" {
	[ "$MODE" = v2 ] || skip "delegation needs cgroup v2"
	systemctl start user@1000.service ||
		skip "there is no manager for uid 1000"
	USER_ROOM=/run/user/1000/$TAG
	scope=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service
	scope=$scope/user.slice/runf-$ID.scope
	mkdir "$USER_ROOM"
	cp -a "$BUNDLE/rootfs" "$USER_ROOM/rootfs"
	chown -R 1000:1000 "$USER_ROOM"
	as_user "$RUNF" spec --rootless --bundle "$USER_ROOM"
	config_of "$USER_ROOM" '.process.terminal = false
		| .process.args = ["sleep", "300"]
		| .linux.resources = {pids: {limit: 20}}'
	# From a cgroup of another user nobody but systemd may move it.
	user_runf --systemd-cgroup create --bundle "$USER_ROOM" \
		--pid-file "$USER_ROOM/pid" "$ID"
	is_in_scope "$(cat "$USER_ROOM/pid")"
	equals "$(cat "$scope/pids.max")" 20
	equals "$(as_user systemctl --user show --value --property TasksMax \
		"runf-$ID.scope")" 20
	user_runf start "$ID"
	user_runf update --pids-limit 10 "$ID"
	equals "$(cat "$scope/pids.max")" 10
	user_runf delete --force "$ID"
	[ ! -d "$scope" ]
	# And where the caller is the manager's own, init is born in it.
	as_user systemd-run --user --quiet --wait --collect \
		--setenv "RUNF_LIBEXEC=$RUNF_LIBEXEC" \
		"$RUNF" --root "$USER_ROOM/state" --systemd-cgroup create \
		--bundle "$USER_ROOM" --pid-file "$USER_ROOM/pid" "$ID" 3>&-
	is_in_scope "$(cat "$USER_ROOM/pid")"
	user_runf delete --force "$ID"
	[ ! -d "$scope" ]
}
