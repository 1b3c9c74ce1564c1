#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The systemd cgroup driver where there is no systemd: what runf and its helper
# say to each other. systemd.bats has the real one.
load helpers
load checkpoint

# The test's helper: notes what it is asked for, and answers as $ANSWER says.
setup() {
	prepare
	export ASKED=$BATS_TEST_TMPDIR/asked ANSWER=+ GROUPS_AT=/sys/fs/cgroup
	[ "$MODE" != hybrid ] || GROUPS_AT=/sys/fs/cgroup/unified
	export RUNF_LIBEXEC=$BATS_TEST_TMPDIR/libexec
	mkdir "$RUNF_LIBEXEC"
	cat >"$RUNF_LIBEXEC/systemd" <<-'END'
		#!/bin/bash
		words=$(dd bs=64k count=1 status=none | tr '\0' ' ')
		echo "$words" >>"$ASKED"
		read -r verb _ unit _ <<<"$words"
		if [ "$verb" = start ] && [ "$ANSWER" = + ]; then
			mkdir "$GROUPS_AT/$unit"
			echo $$ >"$GROUPS_AT/$unit/cgroup.procs"
		fi
		[ -z "$ANSWER" ] || printf %s "$ANSWER" >&0
		[ "$verb" != start ] || exec dd bs=1 count=1 status=none
	END
	chmod +x "$RUNF_LIBEXEC/systemd"
	sleeper
}

# B006
@test "without the helper the driver is refused with the package's name" {
	rm "$RUNF_LIBEXEC/systemd"
	refuses libsystemd-dev --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	refuses libsystemd-dev --cgroup-manager systemd run \
		--bundle "$BUNDLE" "$ID"
	equals "$("$RUNF" features | jq .linux.cgroup.systemd)" false
}

# A005 A215
@test "what the helper says is the error, and nothing is left" {
	equals "$("$RUNF" features | jq .linux.cgroup.systemd)" true
	ANSWER="start unit: no such thing"
	refuses "systemd: start unit: no such thing" --systemd-cgroup create \
		--bundle "$BUNDLE" "$ID"
	ANSWER='!start unit: it exists'
	refuses "systemd: start unit: it exists" --systemd-cgroup create \
		--bundle "$BUNDLE" "$ID"
	# Somebody else's is not stopped.
	lacks "$(cat "$ASKED")" stop
	printf '#!/bin/sh\n' >"$RUNF_LIBEXEC/systemd"
	refuses "runf-$ID.scope" --systemd-cgroup create --bundle "$BUNDLE" \
		"$ID"
	printf '#!/no/such/shell\n' >"$RUNF_LIBEXEC/systemd"
	refuses "runf-$ID.scope" --systemd-cgroup create --bundle "$BUNDLE" \
		"$ID"
}

# C023 B135 E022
@test "init takes the helper's place, and later verbs ask again" {
	[ "$MODE" != v1 ] || skip "the test's helper needs a cgroup v2 tree"
	must --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	equals "$(cat "$GROUPS_AT/runf-$ID.scope/cgroup.procs")" "$(init_pid)"
	equals "$(cut -d ' ' -f 1-3 "$ASKED")" "start system runf-$ID.scope"
	contains "$(cat "$ASKED")" " Slice s system.slice "
	must start "$ID"
	must pause "$ID"
	must resume "$ID"
	must exec "$ID" true
	equals "$(wc -l <"$ASKED")" 1
	if has_controller pids; then
		must update --pids-limit 7 "$ID"
		contains "$(cat "$ASKED")" "TasksMax t 7"
	fi
	must delete --force "$ID"
	equals "$(tail -n 1 "$ASKED" | cut -d ' ' -f 1-3)" \
		"stop system runf-$ID.scope"
	[ ! -d "$GROUPS_AT/runf-$ID.scope" ]
}

# C011
@test "an annotation puts the container below its unit, with its limits" {
	[ "$MODE" != v1 ] || skip "the test's helper needs a cgroup v2 tree"
	config '.annotations["run.oci.systemd.subgroup"] = "inner"'
	! has_controller pids ||
		config '.linux.resources.pids.limit = 20'
	must --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	inner=$GROUPS_AT/runf-$ID.scope/inner
	equals "$(cat "$inner/cgroup.procs")" "$(init_pid)"
	equals "$(cat "$GROUPS_AT/runf-$ID.scope/cgroup.procs")" ""
	must start "$ID"
	must exec "$ID" true
	must pause "$ID"
	equals "$(cat "$inner/cgroup.freeze")" 1
	must resume "$ID"
	must delete --force "$ID"
	[ ! -d "$inner" ]
	rmdir "$GROUPS_AT/runf-$ID.scope"
}

# B070 C023
@test "what is restored is alone in its scope" {
	[ "$MODE" != v1 ] || skip "the test's helper needs a cgroup v2 tree"
	prepare_checkpoint
	[ -x "$BUILT/fake_criu" ] || skip "runf was built without CRIU"
	export FAKE_CRIU=$BATS_TEST_TMPDIR/fake
	mkdir "$FAKE_CRIU" "$IMAGES"
	printf '%s\n' start "notify setup-namespaces" "notify post-restore" \
		ok >"$FAKE_CRIU/script"
	config --arg id "$ID" \
		'.linux.cgroupsPath = "system.slice:runf:" + $id'
	must --systemd-cgroup --criu "$BUILT/fake_criu" restore --detach \
		--bundle "$BUNDLE" --image-path "$IMAGES" \
		--manage-cgroups-mode ignore "$ID"
	equals "$(cut -d ' ' -f 1-3 "$ASKED")" "start system runf-$ID.scope"
	equals "$(cat "$GROUPS_AT/runf-$ID.scope/cgroup.procs")" "$(init_pid)"
	must delete --force "$ID"
	[ ! -d "$GROUPS_AT/runf-$ID.scope" ]
}

# B070 B074 C023
@test "CRIU is told where systemd has put the scope, not where it was expected" {
	[ "$MODE" != v1 ] || skip "the test's helper needs a cgroup v2 tree"
	prepare_checkpoint
	[ -x "$BUILT/fake_criu" ] || skip "runf was built without CRIU"
	export FAKE_CRIU=$BATS_TEST_TMPDIR/fake
	mkdir "$FAKE_CRIU" "$IMAGES"
	printf '%s\n' start "notify setup-namespaces" "notify post-restore" \
		ok >"$FAKE_CRIU/script"
	must --systemd-cgroup --criu "$BUILT/fake_criu" restore --detach \
		--bundle "$BUNDLE" --image-path "$IMAGES" "$ID"
	grep -qx "options.cgroup_roots.path /runf-$ID.scope" \
		"$FAKE_CRIU/requests"
	lacks "$(cat "$FAKE_CRIU/requests")" system.slice
	must delete --force "$ID"
}

# A005
@test "a create that fails later stops its unit" {
	[ "$MODE" != v1 ] || skip "the test's helper needs a cgroup v2 tree"
	config '.process.args = ["/no/such/program"]'
	refuses "/no/such/program" --systemd-cgroup create \
		--bundle "$BUNDLE" "$ID"
	equals "$(tail -n 1 "$ASKED" | cut -d ' ' -f 1)" stop
	[ ! -d "$GROUPS_AT/runf-$ID.scope" ]
}

@test "a bus that is gone keeps nobody from deleting" {
	[ "$MODE" != v1 ] || skip "the test's helper needs a cgroup v2 tree"
	must --systemd-cgroup create --bundle "$BUNDLE" "$ID"
	ANSWER="connect to the system bus: gone"
	must delete --force "$ID"
	refuses "does not exist" state "$ID"
}

# B007
@test "plan shows the unit" {
	must --systemd-cgroup plan --bundle "$BUNDLE" "$ID"
	equals "$(jq -r .cgroup.unit.name <<<"$output")" "runf-$ID.scope"
	must plan --bundle "$BUNDLE" "$ID"
	equals "$(jq -r .cgroup.unit <<<"$output")" null
}
