# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# podman in a world of its own, as root and as an ordinary user.
#
# RUNF               the runtime's binary
# RUNF_TEST_ROOT     whose podman (default: this machine's)
# RUNF_TEST_RUNTIME  runf (default); runc or crun: is it the test that fails?
# RUNF_LONG          not empty: the tests that take longer, too

: "${RUNF_TEST_RUNTIME:=runf}"
# shellcheck source=tests/integration/helpers.bash
source "$(dirname "${BASH_SOURCE[0]}")/../integration/helpers.bash"
# shellcheck source=tests/clients/world.bash
source "$(dirname "${BASH_SOURCE[0]}")/world.bash"
# shellcheck disable=SC2034 # the tests read it
IMAGE=localhost/test:1
USER_ID=1500
# Inside the container: busybox waits for a signal, and dies of it.
# shellcheck disable=SC2034 # the tests read it
WAITS='trap "exit 3" TERM; while :; do sleep 0.05; done'

# ---- once for a file

# Why it cannot be tested here; nothing if it can.
podman_lacks() {
	local name root=${RUNF_TEST_ROOT:-/}
	for name in podman conmon newuidmap; do
		PATH="$root/usr/bin:$root/usr/sbin" type -P "$name" \
			>/dev/null || echo "no $name in $root"
	done
	[ -x /bin/busybox ] || echo "no busybox"
}

# An account that only the world knows, and its ranges of ids.
podman_account() {
	local root=${RUNF_TEST_ROOT:-} name
	cp "$root"/etc/{passwd,group} "$WORLD_DIR/"
	printf '%s\n' "guest:x:$USER_ID:$USER_ID::/run/t/home:/bin/sh" \
		containers:x:1501:1501::/:/bin/false >>"$WORLD_DIR/passwd"
	echo "guest:x:$USER_ID:" >>"$WORLD_DIR/group"
	printf '%s\n' guest:100000:65536 containers:200000:65536 \
		root:300000:65536 | tee "$WORLD_DIR/subuid" >"$WORLD_DIR/subgid"
	for name in passwd group subuid subgid; do
		[ -e "$root/etc/$name" ] || : >"$root/etc/$name"
		inside mount --bind "/run/t/$name" "/etc/$name"
	done
	mkdir -p "$WORLD_DIR"/{home,user,run}
	chown "$USER_ID:$USER_ID" "$WORLD_DIR"/{home,user,run}
	chmod 755 "$WORLD_DIR"
	chmod 700 "$WORLD_DIR/run"
}

# The file of contrib/podman, with what only the tests need.
podman_configure() {
	local driver=overlay
	inside sh -c 'mkdir l u w m && mount -t overlay -o \
		lowerdir=l,upperdir=u,workdir=w overlay m && umount m' \
		2>/dev/null || driver=vfs
	sed "s,/usr/local/bin/runf,/run/t/runf,
		s/^\[engine\]/&\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"/" \
		"$TOP/contrib/podman/containers.conf" \
		>"$WORLD_DIR/containers.conf"
	# Where there is no such controller a limit would be an error.
	printf '[containers]\npids_limit = 0\n' >>"$WORLD_DIR/containers.conf"
	printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' \
		"$driver" /run/t/storage /run/t/runroot \
		>"$WORLD_DIR/storage.conf"
	printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' \
		vfs /run/t/user/storage /run/t/user/runroot \
		>"$WORLD_DIR/user.conf"
}

podman_open() {
	LACKS=$(podman_lacks | head -n 1)
	export LACKS
	[ -z "$LACKS" ] || return 0
	SPACE=rtp$(printf '%04x%04x' "$RANDOM" "$RANDOM")
	export SPACE
	world_open "$BATS_FILE_TMPDIR/world"
	cp "$RUNF" "$WORLD_DIR/runf"
	podman_account
	podman_configure
	python3 "$TOP/contrib/bench/image.py" --busybox /bin/busybox test:1 \
		"$WORLD_DIR/image.tar"
	as_root load --quiet --input /run/t/image.tar
	as_user load --quiet --input /run/t/image.tar
}

podman_close() {
	[ -z "${LACKS-}" ] || return 0
	world_close
	[ -z "${SPACE-}" ] || find /sys/fs/cgroup -depth -type d \
		-path "*/$SPACE*" -exec rmdir {} + 2>/dev/null || true
}

# ---- once for a test

setup_file() {
	podman_open
}

teardown_file() {
	podman_close
}

setup() {
	[ -z "$LACKS" ] || skip "$LACKS"
	# shellcheck disable=SC2034 # the tests read it
	MODE=$(cgroup_mode)
	AS=as_root
	# shellcheck disable=SC2034 # the tests read it
	NAME=p$BATS_TEST_NUMBER
	CALLS=0
	BEFORE=$BATS_TEST_TMPDIR/before
	inventory "$SPACE" | grep -v '^cgroup' >"$BEFORE"
}

# Cgroups of pods and of conmon stay with podman: they are all below SPACE.
teardown() {
	[ -z "$LACKS" ] || return 0
	for AS in as_root as_user; do
		$AS pod rm --force --time 0 --all >/dev/null 2>&1 || true
		$AS rm --force --time 0 --all >/dev/null 2>&1 || true
	done
	[ ! -s "$BEFORE" ] || podman_left_nothing
}

podman_left_nothing() {
	local tries=$((30 * RUNF_SLOW)) left
	while left=$(inventory "$SPACE" | grep -v '^cgroup' |
		diff "$BEFORE" - | grep '^>'); do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { echo "left behind: $left"; return 1; }
		sleep 0.1
	done
}

# ---- commands

patient() {
	inside timeout --foreground --kill-after=5 "$((30 * RUNF_SLOW))" "$@" \
		<"${INPUT:-/dev/null}"
}

as_root() {
	patient env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		CONTAINERS_CONF=/run/t/containers.conf \
		CONTAINERS_STORAGE_CONF=/run/t/storage.conf \
		podman --log-level error --runtime "$RUNF_TEST_RUNTIME" "$@"
}

as_user() {
	patient setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
		env -i HOME=/run/t/home XDG_RUNTIME_DIR=/run/t/run \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		CONTAINERS_CONF=/run/t/containers.conf \
		CONTAINERS_STORAGE_CONF=/run/t/user.conf \
		podman --log-level error --runtime "$RUNF_TEST_RUNTIME" "$@"
}

# called ARG...: sets status, output (of stdout) and errors (of stderr).
called() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	status=0
	$AS "$@" >"$OUT" 2>"$OUT.err" || status=$?
	output=$(<"$OUT")
	errors=$(<"$OUT.err")
}

must_podman() {
	called "$@"
	[ "$status" -eq 0 ] ||
		{ echo "podman $*: $status: $output $errors"; return 1; }
}

# podman_run [OPTION...] IMAGE COMMAND...: in the foreground.
podman_run() {
	called run --rm --network none "${BELOW[@]}" "$@"
}

detached() {
	must_podman run --detach --network none "${BELOW[@]}" "$@"
}

# Whose cgroups these are; a user without delegation has none.
BELOW=()
[ -z "${SPACE-}" ] || BELOW=(--cgroup-parent "/$SPACE")

be_user() {
	AS=as_user
	BELOW=()
}

inspected() {
	$AS inspect --format "$2" "$1"
}

# shellcheck disable=SC2317 # through eventually
is_inspected() {
	[ "$(inspected "$1" "$2")" = "$3" ]
}

only_long() {
	[ -n "${RUNF_LONG-}" ] || skip "only with --long"
}
