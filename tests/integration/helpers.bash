# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the integration tests share: a bundle for each test, the runtime with
# its output in files, and a look at what was left behind.
#
# RUNF        the runtime under test
# RUNF_SLOW   factor for all patience (user-mode Linux needs some)

: "${RUNF:?the runtime to test}"
: "${RUNF_SLOW:=1}"
ROOM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # the tests read it
TOP=$(cd "$ROOM/../.." && pwd)

# ---- one test's surroundings

setup() {
	prepare
}

teardown() {
	tidy
}

prepare() {
	# Cgroups are shared with whoever else tests here: the tag is ours.
	TAG=rt$(printf '%04x%04x' "$RANDOM" "$RANDOM")
	ID=$TAG
	STATE=$BATS_TEST_TMPDIR/state
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	CALLS=0
	OUT=/dev/null
	# shellcheck disable=SC2034 # the tests read it
	MODE=$(cgroup_mode)
	# Set by tests that share a parent cgroup with others.
	SHARED_GROUP=
	make_bundle "$BUNDLE"
	MOUNTS_BEFORE=$(mountpoints)
	ORPHANS_BEFORE=$(orphans)
}

tidy() {
	local id
	# Skipped before anything was prepared: nothing here is this test's.
	[ -n "${TAG-}" ] || return 0
	for id in $(containers); do
		timeout "$((20 * RUNF_SLOW))" "$RUNF" --root "$STATE" \
			delete --force "$id" >/dev/null 2>&1 </dev/null 3>&- || true
	done
	if ! nothing_left; then
		clear_away
		return 1
	fi
	[ -z "$SHARED_GROUP" ] ||
		find /sys/fs/cgroup -depth -type d -path '*/runf-test/*' \
			-name "$TAG*" -exec rmdir {} + 2>/dev/null || true
}

# A root file system with busybox and accounts; made once for each file.
make_template() {
	local root=$1
	mkdir -p "$root"/{bin,dev,etc,home/user,proc,root,sys,tmp,usr,var/tmp}
	ln -s ../bin "$root/usr/bin"
	chmod 1777 "$root/tmp" "$root/var/tmp"
	cp /bin/busybox "$root/bin/busybox"
	/bin/busybox --install -s "$root/bin"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' \
		'user:x:1000:1000:user:/home/user:/bin/sh' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'user:x:1000:' 'extra:x:2000:user' \
		>"$root/etc/group"
	chown 1000:1000 "$root/home/user"
}

# make_bundle DIR: what `spec` writes, without a terminal, running `true`.
make_bundle() {
	local template=$BATS_FILE_TMPDIR/rootfs
	[ -d "$template" ] || make_template "$template"
	mkdir -p "$1"
	cp -a "$template" "$1/rootfs"
	"$RUNF" spec --bundle "$1" 3>&-
	config_of "$1" '.process.terminal = false | .process.args = ["true"]'
}

# config [jq options] FILTER: change the test's config.json.
config() {
	config_of "$BUNDLE" "$@"
}

config_of() {
	local file=$1/config.json
	shift
	jq "$@" "$file" >"$file.new" && mv "$file.new" "$file"
}

# What the container runs: program SHELL-TEXT, with the root writable.
# shellcheck disable=SC2016 # jq's variable, not ours
program() {
	config --arg text "$1" \
		'.process.args = ["/bin/sh", "-c", $text] | .root.readonly = false'
}

# ---- the runtime

# runf ARG...: sets status, output (of stdout) and errors (of stderr). The
# output goes to files, because containers keep them open.
runf() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	ERR=$BATS_TEST_TMPDIR/err.$CALLS
	status=0
	timeout --foreground --kill-after=5 "$((30 * RUNF_SLOW))" \
		"$RUNF" --root "$STATE" "$@" \
		<"${INPUT:-/dev/null}" >"$OUT" 2>"$ERR" 3>&- || status=$?
	output=$(<"$OUT")
	errors=$(<"$ERR")
}

# The same, and it must succeed and say nothing on stderr.
must() {
	runf "$@"
	if [ "$status" -ne 0 ] || [ -n "$errors" ]; then
		echo "runf $*: status $status"
		echo "stdout: $output"
		echo "stderr: $errors"
		return 1
	fi
}

# refuses TEXT ARG...: it must fail and say TEXT in exactly one line.
refuses() {
	local text=$1
	shift
	runf "$@"
	if [ "$status" -eq 0 ] || [ "$status" -ge 124 ] &&
		[ "$status" -ne 255 ]; then
		echo "runf $*: status $status, expected a failure"
		echo "stderr: $errors"
		return 1
	fi
	if [ "$(wc -l <"$ERR")" -ne 1 ]; then
		echo "runf $*: not exactly one line:"
		echo "$errors"
		return 1
	fi
	contains "$errors" "$text"
}

# Run the bundle in the foreground; its output is in $output.
must_run() {
	must run --bundle "$BUNDLE" "$ID"
}

must_create() {
	must create --bundle "$BUNDLE" "$@" "$ID"
}

# A running container: start_container [create options].
start_container() {
	must_create "$@"
	# shellcheck disable=SC2034 # the tests read it
	CONTAINER_OUT=$OUT
	must start "$ID"
}

# A container that waits for a signal and then ends with status 0.
sleeper() {
	program 'trap "exit 0" TERM; while :; do sleep 0.1; done'
}

state_of() {
	"$RUNF" --root "$STATE" state "$ID" 3>&- | jq -r "$1"
}

# Host pid of the container's init.
init_pid() {
	state_of .pid
}

# Ids, also of what list does not know because it is half made.
containers() {
	local path
	for path in "$STATE"/*"$TAG"*; do
		[ ! -d "$path" ] || echo "${path##*/}"
	done
}

# needs_kernel MAJOR MINOR
needs_kernel() {
	local major minor
	IFS=.- read -r major minor _ < <(uname -r)
	[ $((major * 1000 + minor)) -ge $(($1 * 1000 + $2)) ] ||
		skip "Linux $1.$2 is needed"
}

# ---- waiting

# eventually COMMAND...: until it succeeds, five seconds at most.
eventually() {
	local tries=$((100 * RUNF_SLOW))
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

# shellcheck disable=SC2317 # called through eventually
has_ended() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

# shellcheck disable=SC2317 # called through eventually
has_status() {
	[ "$(state_of .status 2>/dev/null)" = "$1" ]
}

wait_status() {
	eventually has_status "$1"
}

# shellcheck disable=SC2317
has_text() {
	[ -s "$1" ]
}

# ---- expectations

contains() {
	case "$1" in
	*"$2"*) ;;
	*)
		echo "expected: $2"
		echo "in:       $1"
		return 1
		;;
	esac
}

lacks() {
	case "$1" in
	*"$2"*)
		echo "not expected: $2"
		echo "in:           $1"
		return 1
		;;
	esac
}

equals() {
	[ "$1" = "$2" ] && return
	echo "expected: $2"
	echo "is:       $1"
	return 1
}

matches() {
	[[ "$1" =~ $2 ]] && return
	echo "expected: $2"
	echo "is:       $1"
	return 1
}

# ---- what is left behind: in few processes, they are dear in the guest

mountpoints() {
	local _ point
	while read -r _ _ _ _ point _; do
		echo "$point"
	done </proc/self/mountinfo
}

# Children of process 1 that are alive: whoever lost its parent.
orphans() {
	local file pid comm state parent _
	for file in /proc/[0-9]*/stat; do
		read -r pid comm state parent _ 2>/dev/null <"$file" || continue
		[ "$parent" != 1 ] || [ "$state" = Z ] || echo "$pid $comm"
	done
}

cgroups_left() {
	find /sys/fs/cgroup -type d -name "*$TAG*" 2>/dev/null || true
}

# appeared WORD BEFORE NOW: lines that are new, each behind WORD.
appeared() {
	[ "$2" = "$3" ] ||
		comm -13 <(sort <<<"$2") <(sort <<<"$3") | sed "s|^|$1 |"
}

# Others may test on this machine: what is ours names this run's directory.
is_ours() {
	grep -qsa "${BATS_RUN_TMPDIR##*/}" "/proc/$1/environ" \
		"/proc/$1/cmdline" "/proc/$1/mountinfo"
}

leftovers_now() {
	local line pid
	appeared mount "$MOUNTS_BEFORE" "$(mountpoints)"
	appeared process "$ORPHANS_BEFORE" "$(orphans)" |
		while read -r _ pid line; do
			! is_ours "$pid" || echo "process $pid $line"
		done
	cgroups_left | while read -r line; do
		[[ "$line" == */runf-test/* ]] || echo "cgroup $line"
	done
	[ ! -d "$STATE" ] || find "$STATE" -name "*$TAG*" -printf 'state %p\n'
}

# A killed process takes a moment to go.
leftovers() {
	local tries=40 left
	while left=$(leftovers_now); [ -n "$left" ]; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || break
		sleep 0.05
	done
	echo "$left"
}

nothing_left() {
	local left
	left=$(leftovers)
	[ -n "$left" ] || return 0
	echo "left behind:"
	echo "$left"
	return 1
}

# So that one test's rubbish is not held against the next. In the machine's own
# process namespace an orphan may be anybody's.
clear_away() {
	local kind what
	leftovers_now | while read -r kind what; do
		case $kind in
		process)
			[ "$(readlink /proc/self/ns/pid)" != \
				"pid:[4026531836]" ] || continue
			kill -KILL "${what%% *}"
			;;
		mount) umount --lazy "$what" ;;
		esac
	done
	sleep 0.2
	cgroups_left | sort -r | xargs -r rmdir 2>/dev/null
	return 0
}

# ---- the host

cgroup_mode() {
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		echo v2
	elif [ -d /sys/fs/cgroup/unified ]; then
		echo hybrid
	else
		echo v1
	fi
}

# Where CONTROLLER keeps the container's files.
cgroup_dir() {
	local pid mount path
	pid=$(init_pid)
	if [ "$(cgroup_mode)" = v2 ]; then
		path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
		echo "/sys/fs/cgroup$path"
		return
	fi
	path=$(awk -F: -v want="$1" '{
		n = split($2, names, ",")
		for (i = 1; i <= n; i++)
			if (names[i] == want) print $3
	}' "/proc/$pid/cgroup")
	mount=$(awk -v want="$1" '{
		dash = 0
		for (i = 7; i <= NF; i++) if ($i == "-") { dash = i; break }
		if ($(dash + 1) != "cgroup") next
		n = split($(dash + 3), names, ",")
		for (i = 1; i <= n; i++)
			if (names[i] == want) { print $5; exit }
	}' /proc/self/mountinfo)
	echo "$mount$path"
}

has_controller() {
	if [ "$(cgroup_mode)" = v2 ]; then
		grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
	else
		grep -qE " - cgroup cgroup.*[ ,]$1(,|\$)" /proc/self/mountinfo
	fi
}

need_controller() {
	local name
	for name; do
		has_controller "$name" ||
			skip "the $name controller is not in this view of cgroups"
	done
}

# Raising a hard limit is not a matter of being root everywhere.
need_capability() {
	local number=$1 name=$2 mask
	mask=0x$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	[ $((mask >> number & 1)) -eq 1 ] || skip "no $name here"
}
