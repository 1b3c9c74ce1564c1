# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A containerd in a world of its own, and what its clients do with it.
#
# RUNF            the runtime's binary; the shim is looked for beside it
# RUNF_TEST_ROOT  whose containerd (default: this machine's)
# RUNF_TEST_WAY   what is under test:
#   shim          containerd-shim-runf-v2 (default)
#   path          the same, named by its path
#   binary        runf below containerd's own shim
#   runc          nothing of ours: is it the test that fails?
# RUNF_SLOW       factor for all patience

: "${RUNF_TEST_WAY:=shim}"
# shellcheck source=tests/integration/helpers.bash
source "$(dirname "${BASH_SOURCE[0]}")/../integration/helpers.bash"
# shellcheck source=tests/clients/world.bash
source "$(dirname "${BASH_SOURCE[0]}")/world.bash"
BENCH=$TOP/contrib/bench
SHIM=${RUNF_SHIM:-$(dirname "$RUNF")/containerd-shim-runf-v2}
# Inside the container: busybox waits for a signal, and dies of it.
# shellcheck disable=SC2034 # the tests read it
WAITS='trap "exit 0" TERM; while :; do sleep 0.05; done'

# ---- once for a file

# Why it cannot be tested here; nothing if it can.
containerd_lacks() {
	local name root=${RUNF_TEST_ROOT:-/}
	for name in containerd ctr; do
		PATH="$root/usr/bin:$root/usr/sbin" type -P "$name" \
			>/dev/null || echo "no $name in $root"
	done
	case $RUNF_TEST_WAY in
	shim | path) [ -x "$SHIM" ] || echo "no $SHIM" ;;
	esac
	[ -x /bin/busybox ] || echo "no busybox"
}

containerd_open() {
	LACKS=$(containerd_lacks | head -n 1)
	export LACKS
	[ -z "$LACKS" ] || return 0
	# Below nobody else's cgroups, and told by its name.
	SPACE=rtc$(printf '%04x%04x' "$RANDOM" "$RANDOM")
	world_open "$BATS_FILE_TMPDIR/world"
	mkdir "$WORLD_DIR/bin"
	cp "$RUNF" "$WORLD_DIR/bin/runf"
	[ ! -x "$SHIM" ] ||
		cp "$SHIM" "$WORLD_DIR/bin/containerd-shim-runf-v2"
	python3 "$BENCH/image.py" --busybox /bin/busybox test:1 \
		"$WORLD_DIR/image.tar"
	SNAPSHOTTER=overlayfs
	inside sh -c 'mkdir l u w m && mount -t overlay -o \
		lowerdir=l,upperdir=u,workdir=w overlay m && umount m' \
		2>/dev/null || SNAPSHOTTER=native
	export SPACE SNAPSHOTTER
	containerd_start
	must_ctr images import --snapshotter "$SNAPSHOTTER" image.tar
}

containerd_close() {
	[ -z "${LACKS-}" ] || return 0
	world_close
	[ -z "${SPACE-}" ] || find /sys/fs/cgroup -depth -type d \
		-path "*/$SPACE*" -exec rmdir {} + 2>/dev/null || true
}

containerd_start() {
	cp "$BENCH/containerd.toml" "$WORLD_DIR/containerd.toml"
	inside env PATH=/run/t/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		containerd --config /run/t/containerd.toml </dev/null \
		>>"$WORLD_DIR/containerd.log" 2>&1 &
	DAEMON_KEEPER=$!
	disown
	if ! eventually ctr version >/dev/null 2>&1; then
		tail "$WORLD_DIR/containerd.log"
		return 1
	fi
	# For a later test's shell, too.
	pgrep --parent "$(only_child "$DAEMON_KEEPER")" -x containerd \
		>"$WORLD_DIR/daemon"
}

containerd_kill() {
	local pid
	pid=$(cat "$WORLD_DIR/daemon")
	kill -KILL "$pid"
	eventually test ! -d "/proc/$pid"
}

# ---- once for a test

setup_file() {
	containerd_open
}

teardown_file() {
	containerd_close
}

setup() {
	[ -z "$LACKS" ] || skip "$LACKS"
	# shellcheck disable=SC2034 # the tests read it
	MODE=$(cgroup_mode)
	ID=c$BATS_TEST_NUMBER
	CALLS=0
	BEFORE=$BATS_TEST_TMPDIR/before
	inventory "$SPACE" >"$BEFORE"
}

teardown() {
	local id
	[ -z "$LACKS" ] || return 0
	[ -z "${EVENTS_KEEPER-}" ] || kill "$(last_child "$EVENTS_KEEPER")"
	for id in $(ctr tasks ls -q 2>/dev/null); do
		ctr tasks kill -s 9 -a "$id" >/dev/null 2>&1 || true
		ctr tasks delete -f "$id" >/dev/null 2>&1 || true
	done
	for id in $(ctr containers ls -q 2>/dev/null); do
		ctr containers delete "$id" >/dev/null 2>&1 || true
	done
	# FIFOs of clients that were killed are not the shim's.
	rm -rf "/proc/$WORLD/root/run/containerd/fifo"
	inventory_is "$BEFORE" "$SPACE"
}

# ---- commands

# Within the world, because nsenter would not pass a signal on. A terminal's
# process group stays as it is.
ctr() {
	inside timeout --foreground --kill-after=5 "$((30 * RUNF_SLOW))" \
		env CONTAINERD_SNAPSHOTTER="$SNAPSHOTTER" ctr --address \
		/run/t/containerd.sock --namespace "$SPACE" "$@" \
		<"${INPUT:-/dev/null}" 3>&-
}

# called ARG...: sets status, output (of stdout) and errors (of stderr).
called() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	ERR=$BATS_TEST_TMPDIR/err.$CALLS
	status=0
	ctr "$@" >"$OUT" 2>"$ERR" || status=$?
	INPUT=
	output=$(<"$OUT")
	errors=$(<"$ERR")
}

must_ctr() {
	CALLS=$((${CALLS:-0} + 1))
	OUT=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/out.$CALLS
	status=0
	ctr "$@" >"$OUT" 2>&1 || status=$?
	output=$(<"$OUT")
	[ "$status" -eq 0 ] || { echo "ctr $*: $status: $output"; return 1; }
}

# The next command's input: it ends when the program has said `ready`. (ctr
# forgets to tell of an end that comes while it still creates the task.)
typing() {
	INPUT=$BATS_TEST_TMPDIR/in.$CALLS
	mkfifo "$INPUT"
	(
		exec >"$INPUT" 3>&-
		eventually has_line "$BATS_TEST_TMPDIR/out.$((CALLS + 1))" ready
		echo typed
	) &
}

# on_terminal EXPECT=TYPE... -- ARG...: see terminal.py; sets status, output.
on_terminal() {
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	status=0
	output=$(python3 "$CLIENTS/terminal.py" "${steps[@]}" -- nsenter \
		--target "$WORLD" --mount --pid --wdns=/run/t \
		env TMPDIR=/run/t CONTAINERD_SNAPSHOTTER="$SNAPSHOTTER" ctr --address \
		/run/t/containerd.sock --namespace "$SPACE" "$@" 3>&-) ||
		status=$?
}

# ended_with ID STATUS: a stopped task, which is deleted.
ended_with() {
	called tasks delete "$1"
	[ "$2" = 0 ] || contains "$errors" "exit code $2"
}

# The options of `ctr run` for what is under test: an array.
ways() {
	case $RUNF_TEST_WAY in
	shim) WAY=(--runtime io.containerd.runf.v2) ;;
	path) WAY=(--runtime /run/t/bin/containerd-shim-runf-v2) ;;
	binary) WAY=(--runtime io.containerd.runc.v2
		--runc-binary /run/t/bin/runf) ;;
	runc) WAY=(--runtime io.containerd.runc.v2) ;;
	esac
}
ways

native() {
	[ "$RUNF_TEST_WAY" = shim ] || [ "$RUNF_TEST_WAY" = path ]
}

# run_in [ctr options --] COMMAND...: in the foreground, removed afterwards.
run_in() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	called run --rm "${WAY[@]}" "${options[@]}" test:1 "$ID" "$@"
}

# detached ID [ctr options --] COMMAND...
detached() {
	local id=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	must_ctr run -d --null-io "${WAY[@]}" "${options[@]}" test:1 "$id" "$@"
}

# status_of ID: as `ctr tasks ls` says it: RUNNING, ...
status_of() {
	ctr tasks ls | awk -v id="$1" '$1 == id { print $3 }'
}

# shellcheck disable=SC2317 # through eventually
has_status() {
	[ "$(status_of "$1")" = "$2" ]
}

# The host's pid of a task, as its shim tells it in the world.
task_pid() {
	ctr tasks ls | awk -v id="$1" '$1 == id { print $2 }'
}

# Pids, as this process sees them, of the shims of ID.
shim_pids() {
	local file
	for file in /proc/[0-9]*/cmdline; do
		tr '\0' ' ' 2>/dev/null <"$file" |
			grep -qE "shim-run[a-z-]+v2 .*$SPACE .*-id $1 " &&
			echo "${file//[!0-9]/}"
	done
	return 0
}

# is_gone PID: it is no longer in the world.
# shellcheck disable=SC2317 # through eventually
is_gone() {
	[ ! -d "/proc/$WORLD/root/proc/$1" ]
}

is_there() {
	[ -d "/proc/$WORLD/root/proc/$1" ]
}

# shellcheck disable=SC2317 # through eventually
has_line() {
	grep -qs -e "$2" "$1"
}

# ---- events

# Into the file EVENTS, until the test ends: a line each, with its topic.
events_begin() {
	EVENTS=$BATS_TEST_TMPDIR/events
	ctr events >"$EVENTS" 2>&1 </dev/null &
	EVENTS_KEEPER=$!
	# It says nothing when it listens: let something happen until it heard.
	eventually heard
}

# shellcheck disable=SC2317 # through eventually
heard() {
	ctr namespaces label "$SPACE" "heard=$RANDOM"
	[ -s "$EVENTS" ]
}

# topics ID: in the order they came; the last one containerd's own shim may
# lose, as it ends at once.
topics() {
	grep -F "\"container_id\":\"$1\"" "$EVENTS" |
		grep -oE '/tasks/[a-z-]+' |
		if native; then cat; else grep -v /tasks/delete; fi | xargs
}
