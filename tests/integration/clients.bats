#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What containerd, podman, conmon, CRI-O, Docker, BuildKit and kubelets rely
# on: their very arguments, an almost empty environment, the words they match.
load helpers

setup() {
	prepare
	LOG=$BUNDLE/log.json
	PIDFILE=$BUNDLE/init.pid
	# All that is left of the caller's environment.
	VARIABLES=()
}

teardown() {
	[ -z "${RECEIVER-}" ] || kill "$RECEIVER" 2>/dev/null || true
	tidy
}

# called ARG...: sets status and output, which is of stdout and stderr, as
# they are read together; in a file, as a container keeps pipes open. Of what
# the caller has open besides, descriptor 3 is THREE.
called() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	status=0
	env -i "${VARIABLES[@]}" "$RUNF" "$@" <"${INPUT:-/dev/null}" \
		>"$OUT" 2>&1 3<"${THREE:-/dev/null}" || status=$?
	output=$(<"$OUT")
}

# The same, and it succeeds and says nothing else but what was asked for.
calls() {
	called "$@"
	[ "$status" -eq 0 ] || { echo "$*: $status: $output"; return 1; }
}

quiet() {
	calls "$@"
	equals "$output" ""
}

containerd() {
	"$1" --root "$STATE" --log "$LOG" --log-format json "${@:2}"
}

crio() {
	"$1" --root "$STATE" "${@:2}"
}

conmon() {
	"$1" --root "$STATE" --log-format=json --log "$LOG" "${@:2}"
}

buildkit() {
	containerd "$@"
}

# process JQ-FILTER: the file for exec --process.
process() {
	PROCESS=$BATS_TEST_TMPDIR/process.json
	jq ".process | $1" "$BUNDLE/config.json" >"$PROCESS"
}

# The last error of the log, as containerd reads it.
logged() {
	jq -rs 'map(select(.level == "error"))[-1].msg' "$LOG"
}

client() {
	python3 "$ROOM/client.py" "$@" 3>&-
}

fact() {
	jq -r "$1" <<<"$facts"
}

# ---- containerd

# B017 B018 B022 B077 B079 B080 B084 B088 B089 B090 B102 B147 B151 B152
@test "containerd: the shim's container, from create to delete" {
	program 'read line; echo "got $line"; echo other >&2; exit 7'
	facts=$(client shim "$RUNF" "$STATE" "$BUNDLE" "$ID")
	equals "$(fact .begin)" 0
	matches "$(fact .pid_file)" '^[0-9]+$'
	# The shim is told of its end by the kernel, not by the runtime.
	equals "$(fact '.adopted, .leads')" "$(printf 'true\ntrue')"
	equals "$(fact '.created.text | fromjson | .status')" created
	equals "$(fact '.start.status, .start.text')" "$(printf '0\n')"
	# Each pipe has ended, with what the program wrote into it alone.
	equals "$(fact .stdout)" "got typed"
	equals "$(fact .stderr)" other
	equals "$(fact .exit)" 7
	equals "$(fact '.kill_all.status, .kill_all.text')" "$(printf '0\n')"
	equals "$(fact .kill.status)" 1
	contains "$(fact .kill.text)" "container not running"
	equals "$(fact '.delete.status, .delete.text')" "$(printf '0\n')"
	contains "$(fact .delete_again.text)" "does not exist"
}

# B137
@test "containerd: a container that nobody has waited for yet is stopped" {
	facts=$(client shim "$RUNF" "$STATE" "$BUNDLE" "$ID")
	equals "$(fact '.ended.text | fromjson | .status')" stopped
	equals "$(fact '.ended.text | fromjson | .pid')" 0
}

# B020 B043 B048 B077 B079 B080 B084 B088 B090 B148
@test "containerd: a detached exec belongs to the shim as well" {
	sleeper
	start_container
	process '.args = ["sh", "-c",
		"read line; echo \"got $line\"; echo other >&2; exit 9"]'
	facts=$(client exec "$RUNF" "$STATE" "$PROCESS" "$ID")
	matches "$(fact .pid_file)" '^[0-9]+$'
	equals "$(fact '.begin, .adopted, .leads')" \
		"$(printf '0\ntrue\ntrue')"
	equals "$(fact .stdout)" "got typed"
	equals "$(fact .stderr)" other
	equals "$(fact .exit)" 9
}

# B041 B081 B082
@test "containerd: a terminal for create and one for exec" {
	config '.process.terminal = true'
	program 'tty; exec sleep 300'
	for command in create exec; do
		socket=$BATS_TEST_TMPDIR/$command.socket
		result=$BATS_TEST_TMPDIR/$command.tty
		python3 "$ROOM/recvtty.py" "$socket" "$result" 3>&- &
		RECEIVER="${RECEIVER-} $!"
		eventually test -S "$socket"
		case $command in
		create)
			containerd quiet create --bundle "$BUNDLE" \
				--pid-file "$PIDFILE" --console-socket \
				"$socket" "$ID"
			equals "$(jq -c '[.count, .tty, .more]' "$result.json")" \
				'[1,true,0]'
			containerd quiet start "$ID"
			;;
		exec)
			process '.args = ["tty"]'
			containerd quiet exec --process "$PROCESS" \
				--console-socket "$socket" --detach \
				--pid-file "$PIDFILE.exec" "$ID"
			;;
		esac
		eventually grep -q /dev/pts/ "$result.out"
	done
	containerd quiet kill "$ID" 9
	wait_status stopped
	# shellcheck disable=SC2086 # two pids
	kill $RECEIVER 2>/dev/null || true
	RECEIVER=
}

# B014 B023 B024 B025 B102 B104 B107
@test "containerd: answers are JSON though stderr comes with them" {
	# Something to warn about.
	config '.process.capabilities.bounding += ["CAP_NOT_YET_INVENTED"]'
	sleeper
	containerd quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	containerd quiet start "$ID"
	pid=$(cat "$PIDFILE")
	containerd calls state "$ID"
	equals "$(jq -c '[.id, .pid, .status, .bundle]' "$OUT")" \
		"[\"$ID\",$pid,\"running\",\"$BUNDLE\"]"
	# As go-runc reads it: RFC 3339.
	date --date "$(jq -r .created "$OUT")"
	containerd calls ps --format json "$ID"
	equals "$(jq "index($pid)" "$OUT")" 0
	containerd calls list --format=json
	equals "$(jq -r '.[0].id' "$OUT")" "$ID"
}

# A020 B014 B021 B027 B028 B029 B102
@test "containerd: pause, resume, update, kill and delete are silent" {
	[ "$MODE" = v2 ] || need_controller freezer
	sleeper
	containerd quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	containerd quiet start "$ID"
	containerd quiet pause "$ID"
	equals "$(state_of .status)" paused
	containerd quiet resume "$ID"
	echo '{}' >"$BATS_TEST_TMPDIR/resources"
	INPUT=$BATS_TEST_TMPDIR/resources containerd quiet update \
		--resources=- "$ID"
	containerd quiet kill "$ID" 9
	wait_status stopped
	containerd quiet delete "$ID"
	containerd quiet delete --force "$ID"
	[ ! -s "$LOG" ]
}

# B060 B131 B153
@test "containerd: delete --force cleans up, whatever there is" {
	containerd quiet delete --force "$ID"
	sleeper
	containerd quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	containerd quiet delete --force "$ID"
	containerd quiet --cgroup-manager disabled create --bundle "$BUNDLE" \
		--pid-file "$PIDFILE" "$ID"
	containerd quiet start "$ID"
	containerd quiet delete --force "$ID"
	nothing_left
}

# B002 B098 B100 B151 E034 E035
@test "containerd: one log for all commands, and the last error counts" {
	config '.process.args = ["nosuch"]'
	containerd called create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	first=$output
	equals "$status" 1
	equals "runf: $(logged)" "$first"
	program 'true'
	containerd quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	containerd called exec --process /nowhere --detach "$ID"
	containerd called start "$ID.other"
	equals "runf: $(logged)" "$output"
	# One object a line, and extra members are no harm to who reads these.
	equals "$(wc -l <"$LOG")" 3
	while read -r line; do
		jq -e '.level == "error" and (.msg | length > 0)
			and (.code | length > 0)' <<<"$line"
		date --date "$(jq -r .time <<<"$line")"
	done <"$LOG"
	[ -s "$LOG" ] && equals "$(stat -c %a "$LOG")" 644
}

# B116 B117 B118 B126 B127 B128 B129 B130 E033
@test "containerd: the words that it looks for" {
	containerd called state "$ID"
	matches "${output,,}" 'container does not exist'
	containerd called delete "$ID"
	contains "$output" "does not exist"
	containerd quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	containerd called create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	contains "$output" "container with given ID already exists"
	containerd quiet start "$ID"
	wait_status stopped
	containerd called kill "$ID" 15
	contains "$output" "container not running"
	contains "$output" "no such process"
	lacks "$output" "does not exist"
	equals "$status" 1
	process '.args = ["true"]'
	containerd called exec --process "$PROCESS" --detach \
		--pid-file "$PIDFILE" "$ID"
	contains "$output" "cannot exec in a stopped container"
	equals "$status" 255
	containerd called resume "$ID"
	contains "$output" "container not paused"
	containerd called pause "$ID"
	contains "$output" "container not running"
}

# ---- conmon and podman

# B002 B012 B014 B017 B044 B045 B046 B147
@test "conmon: create with the arguments of podman" {
	program 'ls /proc/$$/fd; cat <&3; read line; echo "got $line"'
	echo preserved >"$BATS_TEST_TMPDIR/three"
	echo typed >"$BATS_TEST_TMPDIR/in"
	INPUT=$BATS_TEST_TMPDIR/in THREE=$BATS_TEST_TMPDIR/three conmon \
		quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" \
		--no-pivot --no-new-keyring --preserve-fds 1 "$ID"
	out=$OUT
	quiet --root "$STATE" start "$ID"
	wait_status stopped
	equals "$(xargs <"$out")" "0 1 2 3 preserved got typed"
}

# B078
@test "CRI-O: the pid file that is there already is replaced at once" {
	: >"$PIDFILE"
	exec 8<"$PIDFILE"
	crio quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	# Who had it open still sees the empty one, not half a number.
	equals "$(cat <&8)" ""
	exec 8<&-
	equals "$(cat "$PIDFILE")" "$(init_pid)"
	equals "$(find "$BUNDLE" -maxdepth 1 -name '.*pid*')" ""
}

# B099 B100
@test "podman: a failure is one object in the log, whatever was to warn of" {
	config '.process.capabilities.bounding += ["CAP_NOT_YET_INVENTED"]
		| .process.args = ["/etc"]'
	conmon called create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	# The whole file is read as one.
	equals "$(jq -r .level "$LOG")" error
	contains "$output" "$(jq -r .msg "$LOG")"
	equals "$(wc -l <"$OUT")" 1
}

# B120 B121 B122 E033
@test "podman: what the exit statuses 126 and 127 are told by" {
	permission='permission denied|operation not permitted'
	missing='executable file not found in|no such file or directory'
	touch "$BUNDLE/rootfs/plain"
	for name in nosuch /no/such /plain /etc; do
		config --arg n "$name" '.process.args = [$n]'
		rm -f "$LOG"
		conmon called create --bundle "$BUNDLE" \
			--pid-file "$PIDFILE" "$ID"
		text=$(jq -r .msg "$LOG")
		shopt -s nocasematch
		case $name in
		*such)
			matches "$text" "$missing"
			equals "$(grep -ciE "$permission" <<<"$text")" 0
			;;
		*) matches "$text" "$permission" ;;
		esac
		shopt -u nocasematch
		contains "$text" "$name"
	done
}

# B079 B134
@test "conmon: the whole message is in the first read of stderr" {
	config '.process.args = ["nosuch"]'
	facts=$(client records "$RUNF" --root "$STATE" create --bundle \
		"$BUNDLE" --pid-file "$PIDFILE" "$ID")
	equals "$(fact '.records | length')" 1
	contains "$(fact '.records[0]')" "executable file not found"
	[ ! -e "$PIDFILE" ]
	# Words of others on several lines.
	config '.process.args = ["true"] | .hooks.createRuntime = [{
		path: "/bin/sh", args: ["sh", "-c",
			"echo one >&2; echo two >&2; exit 1"]}]'
	facts=$(client records "$RUNF" --root "$STATE" create --bundle \
		"$BUNDLE" --pid-file "$PIDFILE" "$ID")
	equals "$(fact '.records | length')" 1
	contains "$(fact '.records[0]')" two
	config 'del(.hooks)'
	sleeper
	start_container
	process '.args = ["/no/such"]'
	facts=$(client records "$RUNF" --root "$STATE" exec --pid-file \
		"$PIDFILE" --process "$PROCESS" --detach "$ID")
	equals "$(fact '.records | length')" 1
	equals "$(fact .status)" 255
	[ ! -e "$PIDFILE" ]
}

# B013 B014 B144
@test "podman: state without --root, and with almost no environment" {
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
		set -e
		bare() { env -i XDG_RUNTIME_DIR=/run/user/0 "$@"; }
		mount -t tmpfs tmpfs /run
		bare "$1" --log-format=json --log "$2/log" create \
			--bundle "$2" --pid-file "$2/pid" "$3" >/dev/null
		ls -d "/run/runf/$3" >&2
		# Flags of containers.conf stand before the command.
		bare "$1" --debug --log "$2/log" start "$3"
		bare "$1" state "$3"
		env -i XDG_RUNTIME_DIR= "$1" kill "$3" 9
		env -i "$1" delete --force "$3"
		if bare "$1" state "$3" 2>/dev/null; then exit 1; fi
	END
	sleeper
	unshare --mount sh "$BATS_TEST_TMPDIR/script" "$RUNF" "$BUNDLE" \
		"$ID" >"$BATS_TEST_TMPDIR/said" </dev/null 3>&-
	equals "$(jq -r .status "$BATS_TEST_TMPDIR/said")" running
}

# B013
@test "podman: the root of a user namespace is no root" {
	sleeper
	STATE=$BATS_TEST_TMPDIR/run/runf
	mkdir -p "$STATE"
	must_create
	inside() {
		unshare --user --map-root-user env -i USER="$1" \
			XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/run" \
			"$RUNF" state "$ID" 2>&1
	}
	equals "$(inside somebody | jq -r .status)" created
	contains "$(inside root || true)" "does not exist"
}

# B145
@test "conmon: descriptors of systemd, then those of podman" {
	program 'cat <&3; cat <&4; echo $LISTEN_FDS'
	echo socket >"$BATS_TEST_TMPDIR/three"
	echo more >"$BATS_TEST_TMPDIR/four"
	env -i LISTEN_FDS=1 sh -c 'LISTEN_PID=$$ exec "$@"' sh "$RUNF" \
		--root "$STATE" create --bundle "$BUNDLE" --pid-file \
		"$PIDFILE" --preserve-fds 1 "$ID" \
		3<"$BATS_TEST_TMPDIR/three" 4<"$BATS_TEST_TMPDIR/four" \
		</dev/null >"$BATS_TEST_TMPDIR/said" 2>&1
	quiet --root "$STATE" start "$ID"
	wait_status stopped
	equals "$(xargs <"$BATS_TEST_TMPDIR/said")" "socket more 1"
}

# ---- CRI-O

# B059 B149
@test "CRI-O: stop signals as images write them" {
	program 'for s in TERM QUIT USR1 37; do
			trap "echo $s >>/got" $s
		done; echo ready >/ready; while :; do sleep 0.05; done'
	start_container
	eventually has_text "$BUNDLE/rootfs/ready"
	for signal in TERM SIGTERM 15 SIGQUIT SIGUSR1 RTMIN+3 SIGRTMIN+3 37; do
		: >"$BUNDLE/rootfs/got"
		crio quiet kill "$ID" "$signal"
		eventually has_text "$BUNDLE/rootfs/got"
	done
	crio quiet kill "$ID" KILL
	wait_status stopped
}

# B057 B118 B150
@test "CRI-O: kill -a of what has ended succeeds, kill says it" {
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	crio quiet create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	crio quiet start "$ID"
	wait_status stopped
	crio quiet kill -a "$ID" 9
	crio called kill "$ID" KILL
	# Compared with the case of the letters.
	matches "$output" \
		'no such process|container not running|invalid process'
}

# B020 B093 B114 B159
@test "CRI-O, kubelet: exec in the foreground, with exact statuses" {
	sleeper
	start_container
	for code in 0 1 2 126 127 137 255; do
		process ".args = [\"sh\", \"-c\", \"echo out; exit $code\"]"
		crio called exec --process "$PROCESS" "$ID"
		equals "$status" "$code"
		equals "$output" out
	done
	process '.terminal = true
		| .args = ["sh", "-c", "tty; test -t 0 && exit 5"]'
	result=0
	said=$(script -qec "env -i $RUNF --root $STATE exec --process \
		$PROCESS $ID" /dev/null </dev/null 3>&-) || result=$?
	contains "$said" /dev/pts/
	equals "$result" 5
}

# ---- BuildKit

# B019 B114 B158
@test "BuildKit: run, and delete after it" {
	program 'echo built; exit 6'
	buildkit called run --bundle "$BUNDLE" "$ID"
	equals "$status" 6
	equals "$output" built
	buildkit called delete "$ID"
	contains "${output,,}" "container does not exist"
}

# B019 B023 B116 B118
@test "BuildKit: state until it runs, then kill" {
	sleeper
	env -i "$RUNF" --root "$STATE" --log "$LOG" --log-format json run \
		--bundle "$BUNDLE" --no-pivot "$ID" >/dev/null 2>&1 \
		</dev/null 3>&- &
	child=$!
	for _ in $(seq 100); do
		buildkit called state "$ID"
		[ "$status" = 0 ] ||
			contains "${output,,}" "container does not exist"
		! grep -q '"running"' "$OUT" || break
		sleep 0.05
	done
	process '.args = ["echo", "second"]'
	buildkit calls exec --process "$PROCESS" "$ID"
	equals "$output" second
	buildkit quiet kill "$ID" 9
	result=0
	wait "$child" || result=$?
	equals "$result" 137
	buildkit called kill "$ID" 9
	matches "${output,,}" "container (does not exist|not running)"
}

# B157
@test "BuildKit: many make the same mount points of one root at once" {
	config '.mounts += [range(8) | {type: "tmpfs", source: "tmpfs",
		destination: "/new/\(. % 2)/deep/\(.)"}]'
	children=
	for i in 1 2 3 4 5 6 7 8; do
		env -i "$RUNF" --root "$STATE" run --bundle "$BUNDLE" \
			"$ID.$i" >>"$BATS_TEST_TMPDIR/said" 2>&1 \
			</dev/null 3>&- &
		children="$children $!"
	done
	for child in $children; do
		wait "$child"
	done
	equals "$(cat "$BATS_TEST_TMPDIR/said")" ""
}

# The rest with every cgroup mount read-only.
read_only_cgroups() {
	unshare --mount sh -c 'set -e
		awk "/ \/sys\/fs\/cgroup/ { print \$5 }" \
			/proc/self/mountinfo | while read -r point; do
			mount -o remount,bind,ro "$point"
		done
		exec "$@"' sh "$@" </dev/null 3>&-
}

# B132 B158
@test "BuildKit: delete where the cgroup is gone, or there was none" {
	for disabled in "" --cgroup-manager=disabled; do
		for outside in env read_only_cgroups; do
			# shellcheck disable=SC2086 # or not at all
			calls --root "$STATE" $disabled create --bundle \
				"$BUNDLE" "$ID"
			quiet --root "$STATE" start "$ID"
			wait_status stopped
			find /sys/fs/cgroup -depth -name "*$TAG*" \
				-exec rmdir {} +
			result=0
			"$outside" env -i "$RUNF" --root "$STATE" delete \
				"$ID" >"$BATS_TEST_TMPDIR/said" 2>&1 ||
				result=$?
			equals "$(cat "$BATS_TEST_TMPDIR/said")" ""
			equals "$result" 0
			nothing_left
		done
	done
}

# ---- Docker and Kubernetes

# B155
@test "Docker: any name, through a script, from a directory that is gone" {
	mkdir "$BATS_TEST_TMPDIR/gone"
	cd "$BATS_TEST_TMPDIR/gone"
	rmdir "$BATS_TEST_TMPDIR/gone"
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$RUNF" "$STATE" \
		>"$BATS_TEST_TMPDIR/wrapper"
	chmod 755 "$BATS_TEST_TMPDIR/wrapper"
	"$BATS_TEST_TMPDIR/wrapper" features 3>&- | jq -e .linux
	for name in "" runc /nowhere/docker-runc -runf; do
		env -i bash -c 'exec -a "$0" "$@"' "$name" "$RUNF" --root \
			"$STATE" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
		env -i "$BATS_TEST_TMPDIR/wrapper" run --bundle "$BUNDLE" \
			"$ID" </dev/null 3>&-
	done
}

# B010 B111
@test "Docker: the version is told in the words that it parses" {
	calls --version
	matches "$(sed -n 1p "$OUT")" '^[^ ]+ version [^ ]+$'
	equals "$(grep -c '^commit: ' "$OUT")" 1
	matches "$(sed -n 1p "$OUT")" '^runf version '
}

# B123
@test "Docker: a file on a directory is told as not a directory" {
	echo x >"$BATS_TEST_TMPDIR/file"
	mkdir "$BUNDLE/rootfs/place"
	config --arg s "$BATS_TEST_TMPDIR/file" '.mounts += [
		{destination: "/place", type: "none", source: $s,
			options: ["bind"]}]'
	containerd called create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	[ "$status" -ne 0 ]
	contains "${output,,}" "not a directory"
	contains "$output" /place
	mkdir "$BATS_TEST_TMPDIR/dir"
	: >"$BUNDLE/rootfs/other"
	config --arg s "$BATS_TEST_TMPDIR/dir" '.mounts[-1] =
		{destination: "/other", type: "none", source: $s,
			options: ["bind"]}'
	containerd called create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
	contains "${output,,}" "not a directory"
}

# B156 E011
@test "Docker: hundreds of masked paths are one file system" {
	for i in $(seq 200); do
		mkdir -p "$BUNDLE/rootfs/cpu/$i"
		echo secret >"$BUNDLE/rootfs/cpu/$i/file"
	done
	config '.linux.maskedPaths += [range(1; 201) | "/cpu/\(.)"]'
	program 'cat /cpu/*/file 2>/dev/null
		grep " /cpu/" /proc/self/mountinfo |
			awk "{ print \$3 }" | sort -u | wc -l'
	must_run
	equals "$output" 1
}

# A074 C018
@test "engines: their annotations are shown, and nothing else is done" {
	config '.annotations = {"io.podman.annotations.autoremove": "TRUE",
		"io.kubernetes.cri.container-type": "sandbox",
		"io.kubernetes.pod.name": "a/b",
		"org.opencontainers.image.stopSignal": "SIGUSR1",
		"module.wasm.image/variant": "compat"}
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
			"cat >\"$0\"", $out]}]' --arg out "$BATS_TEST_TMPDIR/read"
	sleeper
	start_container
	must state "$ID"
	wanted=$(jq -cS .annotations "$BUNDLE/config.json")
	equals "$(jq -cS .annotations "$OUT")" "$wanted"
	equals "$(jq -cS .annotations "$BATS_TEST_TMPDIR/read")" "$wanted"
	must list --format json
	equals "$(jq -cS '.[0].annotations' "$OUT")" "$wanted"
	# The stop signal is advice for engines.
	must kill "$ID"
	wait_status stopped
}
