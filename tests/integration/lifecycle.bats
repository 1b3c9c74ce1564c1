#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# create, start, kill, delete: what each does, and when each refuses.
load helpers

# A006 A010 A012 A019 B017 B018
@test "create does not run the program, start does" {
	program 'echo ran >/ran; exec sleep 100'
	must_create
	equals "$(state_of .status)" created
	sleep 0.2
	[ ! -e "$BUNDLE/rootfs/ran" ]
	must start "$ID"
	equals "$(state_of .status)" running
	eventually has_text "$BUNDLE/rootfs/ran"
}

# A014 A018 A021 A024 A025 B116
@test "a container whose program has ended is stopped and has no pid" {
	start_container
	wait_status stopped
	equals "$(state_of .pid)" 0
	must delete "$ID"
	nothing_left
	refuses "container does not exist" state "$ID"
}

# A021
@test "an id can be used again after delete" {
	for _ in 1 2 3; do
		start_container
		wait_status stopped
		must delete "$ID"
	done
}

# A006
@test "config.json may change after create without effect" {
	program 'echo first'
	must_create
	out=$OUT
	program 'echo second'
	must start "$ID"
	wait_status stopped
	equals "$(cat "$out")" first
}

# A022 A023 A025 A026 A027 A028 B023 B103 B142
@test "the state document has what the specification asks for" {
	config '.annotations = {"org.example.key": "a/b \"c\" \u00e9"}'
	sleeper
	must_create
	matches "$(state_of .ociVersion)" '^1\.[0-9]+\.[0-9]+'
	equals "$(state_of .id)" "$ID"
	equals "$(state_of .status)" created
	[ "$(init_pid)" -gt 1 ]
	[ -d "/proc/$(init_pid)" ]
	equals "$(state_of .bundle)" "$BUNDLE"
	equals "$(state_of .rootfs)" "$BUNDLE/rootfs"
	matches "$(state_of .created)" \
		'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z$'
	equals "$(state_of '.annotations."org.example.key"')" 'a/b "c" é'
}

# A026 B039
@test "the bundle is absolute in the state even if it was given as ." {
	cd "$BUNDLE"
	must create --bundle . "$ID"
	equals "$(state_of .bundle)" "$BUNDLE"
}

# B039
@test "the bundle is the current directory unless it is given" {
	cd "$BUNDLE"
	must create "$ID"
	equals "$(state_of .bundle)" "$BUNDLE"
}

# A018 B116
@test "an unknown container does not exist" {
	for verb in state start pause resume ps delete; do
		refuses "container does not exist" "$verb" "$ID"
	done
	refuses "container does not exist" kill "$ID" KILL
	refuses "container does not exist" exec "$ID" true
	echo '{}' >"$BATS_TEST_TMPDIR/none.json"
	refuses "container does not exist" \
		update --resources "$BATS_TEST_TMPDIR/none.json" "$ID"
}

# A017 B130
@test "a second container cannot have the same id" {
	must_create
	refuses "container with given ID already exists" \
		create --bundle "$BUNDLE" "$ID"
	equals "$(state_of .status)" created
	must start "$ID"
}

# A010 B126
@test "start refuses what is running already" {
	sleeper
	start_container
	refuses "cannot start an already running container" start "$ID"
	equals "$(state_of .status)" running
}

# A010
@test "start refuses what has ended" {
	start_container
	wait_status stopped
	refuses "" start "$ID"
	equals "$(state_of .status)" stopped
}

# A021 B022 B128
@test "delete refuses what is running" {
	sleeper
	start_container
	refuses "cannot delete container $ID that is not stopped: running" \
		delete "$ID"
	equals "$(state_of .status)" running
}

# B060
@test "delete --force ends what is running" {
	sleeper
	start_container
	pid=$(init_pid)
	must delete --force "$ID"
	# It is for whoever adopted it to collect it.
	eventually has_ended "$pid"
	nothing_left
}

# A014
@test "delete takes a container that was never started" {
	must_create
	must delete "$ID"
	nothing_left
}

# B060 B131
@test "delete --force of an unknown container succeeds silently" {
	must delete --force "$ID"
	equals "$output" ""
}

# B132
@test "delete --force copes with a missing bundle" {
	sleeper
	start_container
	rm -rf "$BUNDLE"
	must delete --force "$ID"
	nothing_left
}

# B132
@test "delete --force copes with a half-made container" {
	mkdir -p "$STATE/$ID"
	must delete --force "$ID"
	nothing_left
}

# A012 A040
@test "a config without process can be created but not started" {
	config 'del(.process)'
	must_create
	equals "$(state_of .status)" created
	refuses "process" start "$ID"
}

# A020
@test "a created container can be killed" {
	must_create
	must kill "$ID" KILL
	wait_status stopped
}

# B040
@test "a name other than config.json can be given" {
	mv "$BUNDLE/config.json" "$BUNDLE/other.json"
	must create --bundle "$BUNDLE" --config other.json "$ID"
}

# B043 B077 B080
@test "pid file: the decimal pid and nothing else" {
	sleeper
	must_create --pid-file "$BATS_TEST_TMPDIR/pid"
	equals "$(od -An -c "$BATS_TEST_TMPDIR/pid" | tr -d ' ')" "$(init_pid)"
}

# B043 B078
@test "pid file: relative to the caller, over a file that is there" {
	cd "$BATS_TEST_TMPDIR"
	: >pid
	must_create --pid-file pid
	equals "$(cat pid)" "$(init_pid)"
	[ ! -e "$BUNDLE/pid" ]
}

# A005
@test "pid file: one that cannot be written fails the create" {
	refuses "nowhere" create --bundle "$BUNDLE" \
		--pid-file "$BATS_TEST_TMPDIR/nowhere/pid" "$ID"
	nothing_left
}

# B084
@test "stdio of the container is the caller's, and nothing else holds it" {
	program 'cat; echo err >&2'
	echo through >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in must_create
	out=$OUT err=$ERR
	must start "$ID"
	wait_status stopped
	equals "$(cat "$out")" through
	equals "$(cat "$err")" err
}

# B086
@test "closed standard descriptors do no harm" {
	program 'echo ran >/ran'
	"$RUNF" --root "$STATE" run --bundle "$BUNDLE" "$ID" \
		<&- >&- 2>&- 3>&-
	equals "$(cat "$BUNDLE/rootfs/ran")" ran
}

# B044 C043
@test "--no-pivot runs a container too" {
	program 'echo inside; ls /bin/busybox; ls /proc/1/root/'
	must run --no-pivot --bundle "$BUNDLE" "$ID"
	contains "$output" inside
	lacks "$output" boot
}

@test "--no-new-keyring is accepted" {
	must run --no-new-keyring --bundle "$BUNDLE" "$ID"
}
