# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A world of its own (see world) for programs that keep things in /run.
#
# RUNF_TEST_ROOT  the root file system that is seen in it (default: /)

CLIENTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# only_child PID: the one process that it has started.
only_child() {
	tr -d ' ' 2>/dev/null <"/proc/$1/task/$1/children"
}

# last_child PID: what at last runs below a chain of such.
last_child() {
	local pid=$1 next
	while next=$(only_child "$pid"); [ -n "$next" ]; do
		pid=$next
	done
	echo "$pid"
}

# world_open DIR: sets WORLD and WORLD_DIR, exported for a file's tests.
world_open() {
	local tries=200
	WORLD_DIR=$1
	mkdir -p "$WORLD_DIR"
	unshare --mount --pid --fork --kill-child --propagation unchanged \
		"$CLIENTS/world" "${RUNF_TEST_ROOT:-/}" "$WORLD_DIR" \
		</dev/null >"$WORLD_DIR/world.log" 2>&1 3>&- &
	WORLD_KEEPER=$!
	disown
	until [ -e "$WORLD_DIR/ready" ]; do
		tries=$((tries - 1))
		if [ "$tries" -eq 0 ] || [ ! -d "/proc/$WORLD_KEEPER" ]; then
			cat "$WORLD_DIR/world.log"
			return 1
		fi
		sleep 0.05
	done
	WORLD=$(only_child "$WORLD_KEEPER")
	export WORLD WORLD_DIR WORLD_KEEPER
}

# Everything in it ends with its first process.
world_close() {
	[ -n "${WORLD_KEEPER-}" ] || return 0
	kill -KILL "$WORLD_KEEPER" 2>/dev/null || true
	while [ -d "/proc/${WORLD:-none}" ]; do
		sleep 0.02
	done
	WORLD_KEEPER=
}

# inside COMMAND...: in the world; its paths are that root's.
inside() {
	nsenter --target "$WORLD" --mount --pid --wdns=/run/t -- \
		env TMPDIR=/run/t "$@" 3>&-
}

# What there is in the world: see inventory.py.
inventory() {
	python3 -IS "$CLIENTS/inventory.py" "$WORLD" "$@"
}

# inventory_is FILE ARG...: what is more or less than there was, if it stays for
# longer than a shim that another start has found.
inventory_is() {
	local file=$1 tries=$((60 * ${RUNF_SLOW:-1})) left
	shift
	while left=$(inventory "$@" | diff "$file" - | grep '^[<>]'); do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			echo "left behind (>) or missing (<):"
			echo "$left"
			return 1
		fi
		sleep 0.1
	done
}
