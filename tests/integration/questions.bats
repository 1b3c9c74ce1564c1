#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# list, ps, spec, features, plan, check, version: what runf tells.
load helpers

# B104 B106
@test "list is empty before there is anything" {
	must list
	must list --format json
	equals "$(jq length "$OUT")" 0
	must list --quiet
	equals "$output" ""
}

# B024 B061 B104
@test "list --format json has the state of every container" {
	must_create
	must list --format json
	equals "$(jq -r '.[0].id' "$OUT")" "$ID"
	equals "$(jq -r '.[0].status' "$OUT")" created
	equals "$(jq -r '.[0].bundle' "$OUT")" "$BUNDLE"
	equals "$(jq -r '.[0].pid' "$OUT")" "$(init_pid)"
	matches "$(jq -r '.[0].ociVersion' "$OUT")" '^1\.'
	must list --format=json
	equals "$(jq length "$OUT")" 1
}

# B061 B105
@test "list is a table, or only ids" {
	must_create
	must list
	matches "$(head -n 1 "$OUT")" \
		'^ID +PID +STATUS +BUNDLE +CREATED +OWNER *$'
	matches "$(sed -n 2p "$OUT")" "^$ID +$(init_pid) +created +$BUNDLE "
	must list -q
	equals "$output" "$ID"
}

# B106
@test "list leaves out what it cannot read" {
	must_create
	mkdir -p "$STATE/broken$TAG"
	runf list --quiet
	equals "$status" 0
	contains "$output" "$ID"
	rmdir "$STATE/broken$TAG"
}

# B025 B062 B107
@test "ps --format json is a flat array of host pids" {
	program 'sleep 300 & wait'
	start_container
	sleep 0.3
	must ps --format json "$ID"
	equals "$(jq -r type "$OUT")" array
	equals "$(jq length "$OUT")" 2
	equals "$(jq --argjson pid "$(init_pid)" 'index($pid) != null' "$OUT")" \
		true
}

# B062 B108 E029
@test "ps prints a table with a column PID" {
	sleeper
	start_container
	must ps "$ID"
	matches "$(head -n 1 "$OUT")" '(^| )PID( |$)'
	contains "$output" "$(init_pid)"
}

# B062 B108 E029
@test "ps takes options of ps behind the id, or behind --" {
	sleeper
	start_container
	pid=$(init_pid)
	must ps "$ID" -o pid,comm
	matches "$(head -n 1 "$OUT")" '^ *PID COMMAND$'
	must ps "$ID" -- -eo pid,ppid,comm
	matches "$(head -n 1 "$OUT")" '^ *PID +PPID COMMAND$'
	matches "$output" "(^|
) *$pid +[0-9]+ sh"
	equals "$(awk 'NR > 1 && $1 == 1' "$OUT")" ""
	must ps --format json "$ID" -- -ef
	equals "$(jq 'type' "$OUT")" '"array"'
	refuses "no column PID" ps "$ID" -- -eo comm
	runf ps "$ID" --no-such-option
	[ "$status" -ne 0 ]
	refuses "table|json" ps --format csv "$ID"
}

# B032 B112 C060
@test "spec writes a config that runs, and overwrites none" {
	refuses "config.json" spec --bundle "$BUNDLE"
	mkdir "$BATS_TEST_TMPDIR/new"
	cd "$BATS_TEST_TMPDIR/new"
	must spec
	jq -e '.ociVersion' config.json
	equals "$(jq -r '.process.args[0]' config.json)" sh
	equals "$(jq -r '.root.readonly' config.json)" true
	equals "$(jq -r '.process.rlimits[0].type' config.json)" RLIMIT_NOFILE
	equals "$(jq '.mounts | length' config.json)" 7
}

# B075 C060 D008
@test "spec never hands out inheritable capabilities" {
	equals "$(jq '.process.capabilities.inheritable // [] | length' \
		"$BUNDLE/config.json")" 0
	equals "$(jq -cS '.process.capabilities.bounding | sort' \
		"$BUNDLE/config.json")" \
		'["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]'
}

# B075
@test "spec --rootless has a user namespace and nothing that needs root" {
	mkdir "$BATS_TEST_TMPDIR/new"
	must spec --rootless --bundle "$BATS_TEST_TMPDIR/new"
	file=$BATS_TEST_TMPDIR/new/config.json
	jq -e '.linux.namespaces | map(.type) | index("user")' "$file"
	jq -e '.linux.namespaces | map(.type) | index("network") | not' "$file"
	jq -e '.linux.uidMappings | length == 1' "$file"
	jq -e '.linux.resources // {} | has("memory") | not' "$file"
	lacks "$(jq -c .mounts "$file")" gid=5
}

# B010 B111 D065
@test "version names the program, the commit and the specification" {
	must --version
	matches "$(sed -n 1p "$OUT")" '^runf version [0-9]+\.[0-9]+'
	matches "$(sed -n 2p "$OUT")" '^commit: [^ ]+$'
	matches "$(sed -n 3p "$OUT")" '^spec: 1\.[0-9]+\.[0-9]+'
	contains "$(grep '^+' "$OUT") " "+SECCOMP "
	must -v
}

# B011 B038
@test "help succeeds, and each command has some" {
	must --help
	must help
	for verb in create start run exec kill delete state list ps pause \
		resume update spec features plan check; do
		contains "$output" "$verb"
	done
	for verb in create start run exec kill delete state list ps pause \
		resume update spec features plan check; do
		must "$verb" --help
		[ -n "$output" ]
	done
}

# A210 A211 A212 A213 A214 A216 A220 B033 B110 B154
@test "features says what callers look for" {
	must features
	equals "$(jq -r .ociVersionMax "$OUT")" 1.3.0
	matches "$(jq -r .ociVersionMin "$OUT")" '^1\.0\.'
	equals "$(jq -cS '.hooks | sort' "$OUT")" "$(printf '%s' \
		'["createContainer","createRuntime","poststart","poststop",' \
		'"prestart","startContainer"]')"
	equals "$(jq '.linux.namespaces | length' "$OUT")" 8
	for option in ro rro bind rbind nosuid idmap ridmap rprivate; do
		jq -e --arg o "$option" '.mountOptions | index($o)' "$OUT"
	done
	equals "$(jq .linux.mountExtensions.idmap.enabled "$OUT")" true
	equals "$(jq .linux.seccomp.enabled "$OUT")" true
	equals "$(jq .linux.cgroup.v2 "$OUT")" true
	jq -e '.linux.seccomp.actions | index("SCMP_ACT_ERRNO")' "$OUT"
	jq -e '.linux.capabilities | index("CAP_CHECKPOINT_RESTORE")' "$OUT"
}

# A218 A219
@test "features tells of resctrl and of memory policies" {
	must features
	equals "$(jq -cS .linux.intelRdt "$OUT")" \
		'{"enabled":true,"monitoring":true,"schemata":true}'
	for mode in DEFAULT BIND INTERLEAVE WEIGHTED_INTERLEAVE PREFERRED \
		PREFERRED_MANY LOCAL; do
		jq -e --arg word "MPOL_$mode" \
			'.linux.memoryPolicy.modes | index($word)' "$OUT"
	done
	equals "$(jq -c '.linux.memoryPolicy.flags | sort' "$OUT")" \
		"$(printf '["MPOL_F_%s","MPOL_F_%s","MPOL_F_%s"]' \
			NUMA_BALANCING RELATIVE_NODES STATIC_NODES)"
}

# C061
@test "features and spec need no privilege" {
	chmod 755 "$BATS_TEST_TMPDIR"
	cp "$RUNF" "$BATS_TEST_TMPDIR/runf"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$BATS_TEST_TMPDIR/runf" features >"$BATS_TEST_TMPDIR/features"
	jq -e .linux "$BATS_TEST_TMPDIR/features"
}

# A225 C061
@test "features are the same without proc, sys and cgroups" {
	must features
	unshare --mount sh -c 'for d in /proc /sys; do
			mount -t tmpfs tmpfs $d || exit
		done; exec "$0" features' "$RUNF" 3>&- >"$OUT.bare"
	equals "$(cat "$OUT.bare")" "$output"
}

# E038
@test "the program needs no other file" {
	! ldd "$RUNF" >/dev/null 2>&1 || skip "it is linked dynamically"
	mkdir "$BATS_TEST_TMPDIR/empty"
	cp "$RUNF" "$BATS_TEST_TMPDIR/empty/runf"
	chroot "$BATS_TEST_TMPDIR/empty" /runf features 3>&- \
		>"$BATS_TEST_TMPDIR/alone"
	must features
	equals "$(cat "$BATS_TEST_TMPDIR/alone")" "$output"
}

# D067
@test "a user namespace is told by its number, not by its map" {
	unshare --user sleep 300 3>&- &
	holder=$!
	sleep 0.3
	# That of the host itself.
	for map in uid_map gid_map; do
		echo "0 0 4294967295" >"/proc/$holder/$map"
	done
	must plan --bundle "$BUNDLE"
	equals "$(jq '.sources | length' "$OUT")" 0
	nsenter --user --target "$holder" "$RUNF" plan --bundle "$BUNDLE" \
		3>&- >"$BATS_TEST_TMPDIR/inside"
	kill "$holder"
	jq -e '.sources | map(.path) | index("/dev/null")' \
		"$BATS_TEST_TMPDIR/inside"
}

# B034
@test "no stage of a start can be called as a command" {
	for word in init create-init stage-2 bridge internal; do
		refuses "unknown command" "$word"
	done
	_RUNF_INIT=1 _LIBCONTAINER_INITPIPE=3 refuses "unknown command" init
}

# E036
@test "run tells what each phase of a start took, for a viewer" {
	must run --trace "$BATS_TEST_TMPDIR/trace" --bundle "$BUNDLE" "$ID"
	jq -e '[.. | objects | select(has("ts") and has("dur") and has("name"))]
		| length > 5' "$BATS_TEST_TMPDIR/trace"
}

@test "plan is JSON and creates nothing" {
	must plan --bundle "$BUNDLE"
	jq -e 'type == "object"' "$OUT"
	nothing_left
}

@test "check reports every fault at once, with path and line" {
	config '.process.cwd = "relative"
		| .linux.namespaces += [{type: "nonsense"}]
		| .process.rlimits[0].type = "RLIMIT_NONE"'
	runf check --bundle "$BUNDLE"
	[ "$status" -ne 0 ]
	all=$output$errors
	contains "$all" "process.cwd"
	contains "$all" "linux.namespaces["
	contains "$all" "process.rlimits[0].type"
	matches "$all" '[0-9]'
}

@test "check finds nothing wrong with what spec writes" {
	must check --bundle "$BUNDLE"
}

# B001 B012
@test "flags take their value behind = or a space" {
	must_create
	must list --format=json
	must list --format json
	"$RUNF" --root="$STATE" state "$ID" >/dev/null 3>&-
}

# B113
@test "an unknown command or flag is an error of one line" {
	refuses "nonsense" nonsense
	refuses "nonsense" list --nonsense
	refuses "nonsense" --nonsense list
	refuses "" state
	refuses "" kill
	refuses "" create --bundle "$BUNDLE" one two
}

# B061
@test "list refuses an unknown format" {
	refuses "nonsense" list --format nonsense
}

# B001 B015 B096
@test "the state directory is made, and only for root" {
	must_create
	equals "$(stat -c %a "$STATE" | tail -c 4)" 700
	matches "$(stat -c %a "$STATE/$ID")" '^7(00|11)$'
	equals "$(find "$STATE" -type f ! -perm 600)" ""
}

# B016
@test "the root of the file system cannot be the state directory" {
	STATE=/ refuses "" list
	STATE='' refuses "" list
	STATE=/tmp/.. refuses "" list
}
