#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: a second process in a running container.
load helpers

setup() {
	prepare
	sleeper
}

# B020 B050 B051 B052 B053 B054 B055 B056 C040 C041: each option of exec has
# a test here, in terminal.bats, fds.bats or cgroups.bats.
# B114
@test "exec runs a program in the container and relays its status" {
	start_container
	must exec "$ID" cat /etc/passwd
	contains "$output" /home/user
	runf exec "$ID" sh -c 'exit 42'
	equals "$status" 42
	runf exec "$ID" sh -c 'kill -TERM $$'
	equals "$status" 143
}

# B020
@test "exec works in a container that is only created" {
	must_create
	must exec "$ID" echo here
	equals "$output" here
}

# C040
@test "exec shares every namespace and cgroup of the container" {
	start_container
	must exec "$ID" sh -c 'for n in cgroup ipc mnt net pid uts
		do readlink /proc/self/ns/$n; done'
	pid=$(init_pid)
	equals "$output" "$(for n in cgroup ipc mnt net pid uts; do
		readlink "/proc/$pid/ns/$n"; done)"
	must exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 300
	# Written before exec returns.
	second=$(cat "$BATS_TEST_TMPDIR/pid")
	equals "$(cat "/proc/$second/cgroup")" "$(cat "/proc/$pid/cgroup")"
}

# B084
@test "exec takes over stdin and stdout" {
	start_container
	echo through >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in must exec "$ID" cat
	equals "$output" through
}

# B051 B052 C041 D052 E030
@test "exec has the container's environment, cwd and user, and additions" {
	must_create
	must delete "$ID"
	config '.process.env += ["FROM=config"] | .process.cwd = "/var"
		| .process.user = {uid: 1000, gid: 1000,
			additionalGids: [2000]}'
	config '.process.args = ["sleep", "300"]'
	start_container
	must exec "$ID" sh -c 'echo $FROM; pwd; id -u; id -g; id -G'
	equals "$(echo "$output" | xargs)" "config /var 1000 1000 1000 2000"
	must exec --env FROM=exec -e MORE=1 --cwd /etc --user 0:0 "$ID" \
		sh -c 'echo $FROM $MORE; pwd; id -u; id -g'
	equals "$(echo "$output" | xargs)" "exec 1 /etc 0 0"
	must exec --user 7:7 -g 8 -g 9 "$ID" sh -c 'id -u; id -g; id -G'
	matches "$(echo "$output" | xargs)" '^7 7 7 .*8 9$'
}

# A045
@test "exec finds HOME of the user it becomes" {
	start_container
	must exec --user 1000:1000 "$ID" sh -c 'echo $HOME'
	equals "$output" /home/user
}

# B051 D019
@test "a user that is not exactly UID or UID:GID is refused" {
	start_container
	for user in '' 1: :1 1x -1 4294967295 ' 1' 1:2:3 root 0x0 1:-1; do
		refuses "user" exec "--user=$user" "$ID" id -u
	done
}

# A049 B050
@test "exec --process takes a whole process document" {
	start_container
	jq '.process | .args = ["sh", "-c", "echo $V; pwd; id -u; umask"]
		| .env += ["V=doc"] | .cwd = "/tmp"
		| .user = {uid: 1000, gid: 1000, umask: 63}' \
		"$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	must exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
	equals "$(echo "$output" | xargs)" "doc /tmp 1000 0077"
	echo '{"args": []}' >"$BATS_TEST_TMPDIR/process.json"
	refuses "args" exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
}

# B043 B048 B079 B080
@test "exec --detach returns and writes the pid of the program" {
	start_container
	must exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 300
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	equals "$(xargs -0 <"/proc/$pid/cmdline")" "sleep 300"
	matches "$(cat "$BATS_TEST_TMPDIR/pid")" '^[0-9]+$'
}

# B090 B148
@test "the process is the leader of a session of its own" {
	start_container
	must exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 300
	read -r pid _ _ _ group session _ <"/proc/$(cat \
		"$BATS_TEST_TMPDIR/pid")/stat"
	equals "$group" "$pid"
	equals "$session" "$pid"
}

# B115 B120 B122
@test "a program that is not there is told in the words clients look for" {
	start_container
	refuses 'exec: "nosuch": executable file not found in $PATH' \
		exec "$ID" nosuch
	equals "$status" 255
	refuses 'no such file or directory' exec "$ID" /no/such
	contains "$errors" /no/such
	equals "$status" 255
	lacks "$errors" "permission denied"
}

# B115 B121
@test "a program that cannot be executed is told as permission denied" {
	start_container
	refuses 'exec: "/etc/passwd": permission denied' \
		exec "$ID" /etc/passwd
	equals "$status" 255
	refuses 'permission denied' exec "$ID" /etc
	contains "$errors" "is a directory"
}

# B079
@test "a failed exec --detach writes no pid file" {
	start_container
	refuses "nosuch" exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" \
		"$ID" nosuch
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
}

# B115 B127
@test "exec in a stopped container is refused" {
	start_container
	must kill "$ID" KILL
	wait_status stopped
	refuses "cannot exec in a stopped container" exec "$ID" true
	equals "$status" 255
}

# B054 D008
@test "exec --cap adds to three sets and never to inheritable" {
	start_container
	must exec --cap CAP_SYS_NICE "$ID" grep Cap /proc/self/status
	bit=$((1 << 23))
	for set in CapPrm CapEff CapBnd; do
		mask=0x$(sed -n "s/^$set:\t//p" "$OUT")
		[ $((mask & bit)) -ne 0 ]
	done
	equals "$(sed -n 's/^CapInh:\t//p' "$OUT")" 0000000000000000
	equals "$(sed -n 's/^CapAmb:\t//p' "$OUT")" 0000000000000000
}

# A054 B054
@test "exec --cap with a name that nobody knows is no failure" {
	start_container
	must exec "$ID" grep Cap /proc/self/status
	before=$output
	must exec --cap CAP_NOT_YET_INVENTED "$ID" grep Cap /proc/self/status
	equals "$output" "$before"
}

# A043
@test "exec says of a directory that cannot be made that it is missing" {
	config '.root.readonly = true'
	start_container
	refuses "No such file or directory" exec --cwd /not/there "$ID" true
}

# C040
@test "exec has the capabilities and no_new_privs of the config" {
	start_container
	pid=$(init_pid)
	must exec "$ID" grep -E '^(Cap|NoNewPrivs)' /proc/self/status
	equals "$output" "$(grep -E '^(Cap|NoNewPrivs)' "/proc/$pid/status")"
}

@test "exec --no-new-privs sets it where the config does not" {
	config '.process.noNewPrivileges = false'
	start_container
	must exec "$ID" grep NoNewPrivs /proc/self/status
	equals "${output##*	}" 0
	must exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
	equals "${output##*	}" 1
}

# B053
@test "labels of a security module that is not there are refused by name" {
	start_container
	if [ ! -e /sys/kernel/security/apparmor ]; then
		refuses 'process.apparmorProfile "p"' \
			exec --apparmor p "$ID" true
	fi
	if [ ! -e /sys/fs/selinux/enforce ]; then
		refuses 'process.selinuxLabel "l"' \
			exec --process-label l "$ID" true
	fi
	must exec --apparmor unconfined "$ID" true
}

# B052
@test "groups come one by one and in lists, and only as numbers" {
	start_container
	must exec -g 8,9 -g 10 --user 7:7 "$ID" id -G
	equals "$output" "7 8 9 10"
	refuses "invalid group" exec -g x "$ID" id
	refuses "invalid group" exec -g 8, "$ID" id
	refuses "invalid group" exec -g -1 "$ID" id
}

# B054
@test "a variable or directory of exec that cannot be is refused" {
	start_container
	refuses 'environment "X" is not NAME=VALUE' exec -e X "$ID" true
	refuses 'working directory "x" is not absolute' exec --cwd x "$ID" true
}

# B054 C040
@test "exec --cap makes ambient only what the config made inheritable" {
	config '.process.capabilities.inheritable = ["CAP_KILL"]'
	start_container
	must exec --cap CAP_KILL --cap CAP_NET_RAW --user 1000:1000 "$ID" \
		grep CapAmb /proc/self/status
	equals "$((0x${output##*	}))" "$((1 << 5))"
}

# B050
@test "beside --process the options about the process count for nothing" {
	start_container
	jq '.process | .args = ["sh", "-c", "id -u; pwd; echo $X"]' \
		"$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
	must exec --process "$BATS_TEST_TMPDIR/process.json" --user 5:5 \
		--cwd /tmp --env X=1 --tty "$ID"
	equals "$(xargs <<<"$output")" "0 /"
}

# B051
@test "the last of several values for a variable counts" {
	config '.process.env += ["X=config"]'
	start_container
	must exec -e X=1 -e X=2 -e Y= "$ID" env
	equals "$(grep -c '^X=' "$OUT")" 1
	contains "$output" "X=2"
	contains "$output" "Y="
}

# B020 A209
@test "exec has umask, limits, oom score and filter of the container" {
	config '.process.user.umask = 63 | .process.oomScoreAdj = 77
		| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 99,
			hard: 99}]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			syscalls: [{names: ["mkdir", "mkdirat"],
				action: "SCMP_ACT_ERRNO"}]}'
	start_container
	must exec "$ID" sh -c 'umask; ulimit -n; cat /proc/self/oom_score_adj
		mkdir /tmp/x 2>&1 || true'
	equals "$(echo "$output" | head -3 | xargs)" "0077 99 77"
	contains "$output" "Operation not permitted"
}

# B051 B093
@test "exec --tty gives a terminal" {
	start_container
	said=$(script -qec "$RUNF --root $STATE exec --tty $ID sh -c \
		'tty; test -t 0 && test -t 1 && echo yes; exit 3'" \
		/dev/null </dev/null 3>&-) || result=$?
	contains "$said" "/dev/pts/"
	contains "$said" yes
	equals "$result" 3
}

# B092
@test "a signal to exec reaches its program" {
	start_container
	"$RUNF" --root "$STATE" exec "$ID" sh -c \
		'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done' \
		>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	child=$!
	eventually has_text "$BATS_TEST_TMPDIR/said"
	kill -TERM "$child"
	result=0
	wait "$child" || result=$?
	equals "$result" 9
}

@test "an exec ends with the container" {
	start_container
	must exec --detach "$ID" sleep 300
	must kill "$ID" KILL
	wait_status stopped
	must delete "$ID"
	nothing_left
}

# B159 D049
@test "five hundred short programs in a row end" {
	[ "$RUNF_SLOW" = 1 ] || skip "too slow here"
	start_container
	for ((i = 0; i < 500; i++)); do
		"$RUNF" --root "$STATE" exec "$ID" true 3>&- </dev/null
	done
}
