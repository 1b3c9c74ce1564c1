#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the process is given: environment, directory, ids, limits, names.
load helpers

# A044 D026
@test "the environment is the config's, the last of equal keys wins" {
	config '.process.env = ["PATH=/bin", "A=1", "B=2", "A=3", "EMPTY="]'
	program 'env'
	CALLERS=secret must_run
	contains "$output" A=3
	lacks "$output" A=1
	contains "$output" B=2
	contains "$output" EMPTY=
	lacks "$output" CALLERS
}

# A045
@test "HOME is found in the container's accounts" {
	config '.process.env = ["PATH=/bin"]
		| .process.user = {uid: 1000, gid: 1000}'
	program 'echo $HOME'
	must_run
	equals "$output" /home/user
}

# A045 D051
@test "HOME is / for who has no account, and kept when it is given" {
	config '.process.env = ["PATH=/bin"]
		| .process.user = {uid: 4321, gid: 4321}'
	program 'echo $HOME'
	must_run
	equals "$output" /
	config '.process.env = ["PATH=/bin", "HOME=/given"]'
	must_run
	equals "$output" /given
	config '.process.env = ["PATH=/bin", "HOME="]
		| .process.user = {uid: 1000, gid: 1000}'
	must_run
	equals "$output" /home/user
}

# A044
@test "an environment entry without a key or = is refused" {
	for entry in NOEQUALS =value ''; do
		config --arg e "$entry" '.process.env = ["A=1", $e]'
		refuses "process.env[1]" create --bundle "$BUNDLE" "$ID"
		nothing_left
	done
}

# A043
@test "the directory is the config's and is made if it is missing" {
	config '.process.cwd = "/made/here"'
	program 'pwd'
	must_run
	equals "$output" /made/here
}

# A043
@test "a missing directory is made below a read-only root, too" {
	config '.process.cwd = "/made/here" | .process.args = ["pwd"]
		| .root.readonly = true'
	must_run
	equals "$output" /made/here
	equals "$(stat -c %a "$BUNDLE/rootfs/made/here")" 755
}

# A046
@test "a program is looked up in PATH of the config" {
	mkdir -p "$BUNDLE/rootfs/opt/tools"
	printf '#!/bin/sh\necho found\n' >"$BUNDLE/rootfs/opt/tools/tool"
	chmod 755 "$BUNDLE/rootfs/opt/tools/tool"
	config '.process.env = ["PATH=/nowhere:/opt/tools"]
		| .process.args = ["tool"]'
	must_run
	equals "$output" found
}

# A046 B120 B122
@test "a program that is not found is an error of create" {
	config '.process.args = ["nosuch"]'
	refuses 'exec: "nosuch": executable file not found in $PATH' \
		create --bundle "$BUNDLE" "$ID"
	lacks "$errors" "permission denied"
	nothing_left
	config '.process.args = ["/no/such"]'
	refuses 'no such file or directory' create --bundle "$BUNDLE" "$ID"
	contains "$errors" /no/such
	nothing_left
}

# B121
@test "a program that cannot be executed is an error of create" {
	config '.process.args = ["/etc/passwd"]'
	refuses 'exec: "/etc/passwd": permission denied' \
		create --bundle "$BUNDLE" "$ID"
	nothing_left
	config '.process.args = ["/etc"]'
	refuses 'permission denied' create --bundle "$BUNDLE" "$ID"
	contains "$errors" "is a directory"
	nothing_left
}

# A048 A050
@test "ids and groups are the config's" {
	config '.process.user = {uid: 1000, gid: 2000,
		additionalGids: [3000, 4000]}'
	program 'id -u; id -g; id -G'
	must_run
	equals "$(echo "$output" | xargs)" "1000 2000 2000 3000 4000"
}

# A050 D034
@test "without additional groups there are none" {
	program 'grep Groups /proc/self/status'
	must_run
	equals "$(echo "$output" | xargs)" "Groups:"
}

# C008 D034 E031
@test "the caller's groups are kept where the annotation of podman says so" {
	program 'id -G'
	config '.annotations = {"run.oci.keep_original_groups": "1"}'
	for groups in 0,4321,4322 0; do
		output=$(setpriv --groups "$groups" "$RUNF" --root "$STATE" \
			run --bundle "$BUNDLE" "$ID" </dev/null 3>&-)
		equals "$(tr ' ' '\n' <<<"$output" | sort -u | xargs)" \
			"${groups//,/ }"
	done
	config 'del(.annotations)'
	output=$(setpriv --groups 0,4321 "$RUNF" --root "$STATE" \
		run --bundle "$BUNDLE" "$ID" </dev/null 3>&-)
	equals "$output" 0
}

# A049
@test "the umask is 0022 unless the config says otherwise" {
	program 'umask'
	(umask 0 && must_run && equals "$output" 0022)
	config '.process.user.umask = 63'
	must_run
	equals "$output" 0077
}

# A057
@test "no_new_privs is as the config says" {
	program 'grep NoNewPrivs /proc/self/status'
	config '.process.noNewPrivileges = true'
	must_run
	equals "${output##*	}" 1
	config '.process.noNewPrivileges = false'
	must_run
	equals "${output##*	}" 0
}

# A058
@test "oom_score_adj is set exactly, also to 0, and else left alone" {
	program 'cat /proc/self/oom_score_adj'
	own=$(cat /proc/self/oom_score_adj)
	must_run
	equals "$output" "$own"
	config '.process.oomScoreAdj = 321'
	must_run
	equals "$output" 321
}

# A071 A072
@test "hostname and domainname are the config's" {
	config '.hostname = "some.host" | .domainname = "some.domain"'
	program 'hostname; cat /proc/sys/kernel/domainname'
	must_run
	equals "$(echo "$output" | xargs)" "some.host some.domain"
	lacks "$(hostname)" some.host
}

# A071
@test "a hostname needs a uts namespace" {
	config 'del(.linux.namespaces[] | select(.type == "uts"))
		| .hostname = "other"'
	refuses "hostname" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# B091
@test "no signal is blocked or ignored" {
	config '.process.args = ["grep", "-E", "^Sig(Blk|Ign)",
		"/proc/self/status"]'
	(trap '' PIPE INT USR1 && must_run && equals "$(echo "$output" |
		awk '{ print $2 }' | sort -u)" 0000000000000000)
}

# A070 D053
@test "the program may use every CPU, whatever runf was bound to" {
	program 'grep Cpus_allowed_list /proc/self/status'
	must_run
	all=$output
	(taskset -pc 0 "$BASHPID" >/dev/null && must_run &&
		equals "$output" "$all")
	sleeper
	start_container
	(taskset -pc 0 "$BASHPID" >/dev/null && must exec "$ID" grep \
		Cpus_allowed_list /proc/self/status && equals "$output" "$all")
}

# B090
@test "the program is a session leader and process 1" {
	config '.process.args = ["cat", "/proc/self/stat"]'
	must_run
	read -r pid _ _ _ group session _ <"$OUT"
	equals "$pid $group $session" "1 1 1"
}

# B089
@test "the death of the runtime does not take the container along" {
	sleeper
	start_container
	# PDEATHSIG was for the runtime alone.
	equals "$(state_of .status)" running
	sleep 0.3
	equals "$(state_of .status)" running
}

# A053
@test "resource limits are set, lower ones and infinity" {
	config '.process.rlimits = [
		{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
		{type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_STACK", soft: 1048576, hard: "infinity"}]'
	sleeper
	# jq would round the number.
	sed -i 's/"infinity"/18446744073709551615/' "$BUNDLE/config.json"
	(ulimit -Hs | grep -qx unlimited) || skip "stack is limited here"
	start_container
	limits=/proc/$(init_pid)/limits
	matches "$(grep 'open files' "$limits")" ' 100 +200 '
	matches "$(grep 'core file' "$limits")" ' 0 +0 '
	matches "$(grep 'stack size' "$limits")" ' 1048576 +unlimited '
	must exec "$ID" sh -c 'ulimit -Sn; ulimit -Hn'
	equals "$(echo "$output" | xargs)" "100 200"
}

# A053
@test "a limit that may not be raised is an error that names it" {
	mask=0x$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	[ $((mask >> 24 & 1)) -eq 0 ] || skip "CAP_SYS_RESOURCE may raise it"
	config '.process.rlimits = [{type: "RLIMIT_NOFILE",
		soft: 100, hard: 2000000000}]'
	refuses "RLIMIT_NOFILE" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A052
@test "unknown and doubled resource limits are refused" {
	config '.process.rlimits = [{type: "RLIMIT_X", soft: 1, hard: 1}]'
	refuses "process.rlimits[0].type" create --bundle "$BUNDLE" "$ID"
	config '.process.rlimits = [
		{type: "RLIMIT_CORE", soft: 1, hard: 1},
		{type: "RLIMIT_CORE", soft: 2, hard: 2}]'
	refuses "process.rlimits[1]" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# C008
@test "the caller's groups are kept if an annotation says so" {
	program 'id -G'
	cat >"$BATS_TEST_TMPDIR/grouped" <<-END
		#!/bin/sh
		exec setpriv --groups 0,4242 "$RUNF" "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/grouped"
	RUNF=$BATS_TEST_TMPDIR/grouped must_run
	lacks "$output" 4242
	config '.annotations["run.oci.keep_original_groups"] = "1"'
	RUNF=$BATS_TEST_TMPDIR/grouped must_run
	contains "$output" 4242
}
