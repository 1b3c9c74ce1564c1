# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Docker's daemon in a world of its own, and its client.
#
# RUNF            the runtime's binary; the shim is looked for beside it
# RUNF_TEST_ROOT  whose Docker (default: this machine's)
# RUNF_TEST_WAY   what is under test:
#   docker        runf in daemon.json, below containerd's own shim (default)
#   shim          containerd-shim-runf-v2 (Docker 23 and newer)
#   runc          nothing of ours: is it the test that fails?

: "${RUNF_TEST_WAY:=docker}"
# shellcheck source=tests/integration/helpers.bash
source "$(dirname "${BASH_SOURCE[0]}")/../integration/helpers.bash"
# shellcheck source=tests/clients/world.bash
source "$(dirname "${BASH_SOURCE[0]}")/world.bash"
SHIM=${RUNF_SHIM:-$(dirname "$RUNF")/containerd-shim-runf-v2}
# shellcheck disable=SC2034 # the tests read it
WAITS='trap "exit 3" TERM; while :; do sleep 0.05; done'
case $RUNF_TEST_WAY in
docker) RUNTIME=runf ;;
shim) RUNTIME=io.containerd.runf.v2 ;;
runc) RUNTIME=runc ;;
esac

# ---- once for a file

# Why it cannot be tested here; nothing if it can.
docker_lacks() {
	local name root=${RUNF_TEST_ROOT:-/}
	for name in dockerd docker containerd; do
		PATH="$root/usr/bin:$root/usr/sbin" type -P "$name" \
			>/dev/null || echo "no $name in $root"
	done
	[ -x /bin/busybox ] || echo "no busybox"
	[ "$RUNF_TEST_WAY" != shim ] || [ -x "$SHIM" ] || echo "no $SHIM"
}

# No network is touched: no bridge, no rule, no forwarding. Images are built
# by BuildKit with whatever is called runc: that is ours, and says so.
docker_configure() {
	mkdir "$WORLD_DIR/bin"
	cp "$RUNF" "$WORLD_DIR/bin/runf"
	[ ! -x "$SHIM" ] || cp "$SHIM" "$WORLD_DIR/bin/"
	[ "$RUNF_TEST_WAY" = runc ] || {
		printf '%s\n' '#!/bin/sh' 'echo "$*" >>/run/t/built' \
			'exec /run/t/bin/runf "$@"' >"$WORLD_DIR/bin/runc"
		chmod 755 "$WORLD_DIR/bin/runc"
	}
	cat >"$WORLD_DIR/daemon.json" <<-END
		{
			"data-root": "/run/t/docker", "exec-root": "/run/t/exec",
			"pidfile": "/run/t/docker.pid",
			"hosts": ["unix:///run/t/docker.sock"],
			"bridge": "none", "iptables": false, "ip6tables": false,
			"ip-forward": false, "cgroup-parent": "/$SPACE",
			"runtimes": {"runf": {"path": "/run/t/bin/runf"}}
		}
	END
}

# An image of one layer, without a registry.
docker_import() {
	make_template "$WORLD_DIR/rootfs"
	tar -C "$WORLD_DIR/rootfs" -cf "$WORLD_DIR/rootfs.tar" .
	docker import /run/t/rootfs.tar test:1
}

docker_open() {
	local tries=$((150 * RUNF_SLOW))
	LACKS=$(docker_lacks | head -n 1)
	export LACKS
	[ -z "$LACKS" ] || return 0
	SPACE=rtd$(printf '%04x%04x' "$RANDOM" "$RANDOM")
	export SPACE
	world_open "$BATS_FILE_TMPDIR/world"
	docker_configure
	inside env -i PATH=/run/t/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		dockerd --config-file /run/t/daemon.json </dev/null \
		>"$WORLD_DIR/dockerd.log" 2>&1 &
	disown
	# It starts a containerd of its own first, which takes its time.
	until docker info >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { tail "$WORLD_DIR/dockerd.log"; return 1; }
		sleep 0.2
	done
	docker_import
}

docker_close() {
	[ -z "${LACKS-}" ] || return 0
	world_close
	[ -z "${SPACE-}" ] || find /sys/fs/cgroup -depth -type d \
		-path "*/$SPACE*" -exec rmdir {} + 2>/dev/null || true
}

# ---- once for a test

setup_file() {
	docker_open
}

teardown_file() {
	docker_close
}

setup() {
	[ -z "$LACKS" ] || skip "$LACKS"
	# shellcheck disable=SC2034 # the tests read it
	MODE=$(cgroup_mode)
	if [ "$RUNF_TEST_WAY" = shim ] &&
		! docker info --format '{{.Runtimes}}' | grep -q io.containerd.runf.v2 &&
		docker version --format '{{.Server.Version}}' | grep -q '^20'; then
		skip "this Docker takes no shim by its name"
	fi
	# shellcheck disable=SC2034 # the tests read it
	NAME=docker$BATS_TEST_NUMBER
	CALLS=0
	BEFORE=$BATS_TEST_TMPDIR/before
	inventory "$SPACE" >"$BEFORE"
}

# What containerd itself keeps in /run is not the runtime's.
teardown() {
	local id tries=$((30 * RUNF_SLOW)) left
	[ -z "$LACKS" ] || return 0
	[ -s "${BEFORE-}" ] || return 0
	for id in $(docker ps --all --quiet); do
		docker rm --force "$id" >/dev/null 2>&1 || true
	done
	while left=$(inventory "$SPACE" | diff "$BEFORE" - |
		grep -E "^> (process|mount|cgroup .*/[0-9a-f]{64})"); do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { echo "left behind: $left"; return 1; }
		sleep 0.1
	done
}

# ---- commands

docker() {
	inside timeout --foreground --kill-after=5 "$((60 * RUNF_SLOW))" \
		env -i HOME=/run/t PATH=/usr/bin:/bin DOCKER_BUILDKIT="${KIT-1}" \
		DOCKER_HOST=unix:///run/t/docker.sock docker "$@" \
		<"${INPUT:-/dev/null}"
}

# called ARG...: sets status, output (of stdout) and errors (of stderr).
called() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	status=0
	docker "$@" >"$OUT" 2>"$OUT.err" || status=$?
	output=$(<"$OUT")
	errors=$(<"$OUT.err")
}

must_docker() {
	called "$@"
	[ "$status" -eq 0 ] ||
		{ echo "docker $*: $status: $output $errors"; return 1; }
}

# docker_run [OPTION...] IMAGE COMMAND...: in the foreground.
docker_run() {
	called run --rm --net none --runtime "$RUNTIME" "$@"
}

detached() {
	must_docker run --detach --net none --runtime "$RUNTIME" "$@"
}

# shellcheck disable=SC2317 # through eventually
is_inspected() {
	[ "$(docker inspect --format "$2" "$1")" = "$3" ]
}
