#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What callers rely on between commands: what is remembered, what is found out
# anew, and what may have happened to bundle, cgroup and processes meanwhile.
load helpers

teardown() {
	[ -z "${BORN-}" ] || kill "$BORN" 2>/dev/null || true
	tidy
}

need_freezer() {
	[ "$MODE" = v2 ] || need_controller freezer
}

# The files of the container in the cgroup trees, the freezer's first.
frozen_file() {
	local name
	for name in cgroup.freeze freezer.state; do
		find /sys/fs/cgroup -path "*/$ID/$name"
	done | head -n 1
}

# A container with hooks of both ends, which tell who they are.
told() {
	local here=$BATS_TEST_TMPDIR
	config --arg here "$here" --arg word "$1" '.hooks = {
		poststart: [{path: "/bin/sh", args: ["sh", "-c",
			"echo \($word) >>\($here)/poststart"]}],
		poststop: [{path: "/bin/sh", args: ["sh", "-c",
			"cat >\($here)/stopped; echo \($word) >>\($here)/poststop"]}]}
		| .process.env += ["WORD=\($word)"]
		| .linux.cgroupsPath = "/\($word)"'
}

# ---- the bundle

# A006 B139
@test "what create read counts for all that follows, not what is there now" {
	sleeper
	told "$ID"
	must_create
	told "$TAG.other"
	config '.process.args = ["false"] | .root.path = "elsewhere"'
	must start "$ID"
	equals "$(cat "$BATS_TEST_TMPDIR/poststart")" "$ID"
	must exec "$ID" sh -c 'echo $WORD'
	equals "$output" "$ID"
	contains "$(cgroups_left)" "/$ID"
	lacks "$(cgroups_left)" other
	must kill "$ID" KILL
	wait_status stopped
	must delete "$ID"
	equals "$(cat "$BATS_TEST_TMPDIR/poststop")" "$ID"
	nothing_left
}

# B132 D064
@test "a bundle that was moved after create is no longer needed" {
	sleeper
	told "$ID"
	must_create
	mv "$BUNDLE" "$BUNDLE.moved"
	must start "$ID"
	must exec "$ID" cat /etc/passwd
	contains "$output" /home/user
	# Where it was is what is told.
	equals "$(state_of .bundle)" "$BUNDLE"
	must kill "$ID" KILL
	wait_status stopped
	must delete "$ID"
	equals "$(cat "$BATS_TEST_TMPDIR/poststop")" "$ID"
	equals "$(jq -r .bundle "$BATS_TEST_TMPDIR/stopped")" "$BUNDLE"
	mv "$BUNDLE.moved" "$BUNDLE"
}

# B097
@test "nothing is written into the bundle" {
	config '.root.readonly = false'
	# Mount points are made in the root, once.
	must_run
	listing() {
		find "$BUNDLE" -path "$BUNDLE/rootfs" -prune -o \
			-printf '%p %m %s %T@ %C@\n' | sort
	}
	before=$(listing)
	sleeper
	before=$(listing)
	start_container
	must exec "$ID" true
	! has_controller pids || must update --pids-limit -1 "$ID"
	must kill "$ID" KILL
	wait_status stopped
	must delete "$ID"
	refuses none.json run --bundle "$BUNDLE" --config none.json "$ID"
	equals "$(listing)" "$before"
}

# ---- the process

# B137 D036
@test "another process that has got the number of init is not the container" {
	sleeper
	start_container
	pid=$(init_pid)
	kill -KILL "$pid"
	gone() { [ ! -d "/proc/$pid" ]; }
	eventually gone || skip "nobody collects what has ended here"
	python3 "$ROOM/client.py" born "$pid" 3>&- \
		>"$BATS_TEST_TMPDIR/born" 2>&1 &
	BORN=$!
	eventually has_text "$BATS_TEST_TMPDIR/born"
	equals "$(cat "$BATS_TEST_TMPDIR/born")" "$pid"
	equals "$(state_of .status)" stopped
	equals "$(state_of .pid)" 0
	refuses "container not running" kill "$ID" KILL
	must kill --all "$ID" KILL
	refuses "cannot exec in a stopped container" exec "$ID" true
	refuses "" start "$ID"
	must delete --force "$ID"
	equals "$(cat "/proc/$pid/comm")" sleep
	nothing_left
}

# B119
@test "a kill that comes as init ends says what all kills of ended ones say" {
	program 'sleep 0.01'
	for _ in 1 2 3 4 5 6 7 8; do
		start_container
		for _ in 1 2 3 4 5 6 7 8; do
			runf kill "$ID" WINCH
			[ "$status" -eq 0 ] ||
				contains "$errors" "container not running"
		done
		wait_status stopped
		must delete "$ID"
	done
}

# B132 B137
@test "after a loss of processes and cgroups only delete is left to do" {
	sleeper
	told "$ID"
	must_create
	must start "$ID"
	kill -KILL "$(init_pid)"
	wait_status stopped
	removed() {
		find /sys/fs/cgroup -depth -type d -name "*$TAG*" \
			-exec rmdir {} + 2>/dev/null
		[ -z "$(cgroups_left)" ]
	}
	eventually removed
	equals "$(state_of .status)" stopped
	must list --quiet
	equals "$output" "$ID"
	must kill --all "$ID" KILL
	must delete "$ID"
	equals "$(cat "$BATS_TEST_TMPDIR/poststop")" "$ID"
	nothing_left
}

# ---- the status

# A024 B138
@test "the status is found out, whoever has changed it" {
	need_freezer
	sleeper
	must_create
	equals "$(state_of .status)" created
	must start "$ID"
	equals "$(state_of .status)" running
	# By somebody else.
	file=$(frozen_file)
	case $file in
	*cgroup.freeze) freeze=1 thaw=0 ;;
	*) freeze=FROZEN thaw=THAWED ;;
	esac
	echo "$freeze" >"$file"
	wait_status paused
	refuses "cannot exec in a paused container" exec "$ID" true
	echo "$thaw" >"$file"
	wait_status running
	kill -KILL "$(init_pid)"
	wait_status stopped
	# Frozen after its end: that of nobody.
	echo "$freeze" >"$file"
	equals "$(state_of .status)" stopped
	must delete "$ID"
	nothing_left
}

# A020 A024 B130 B138 B141 D050
@test "while create is at work the container is being created" {
	config --arg here "$BATS_TEST_TMPDIR" '.hooks.createRuntime = [
		{path: "/bin/sh", args: ["sh", "-c",
			"echo >\($here)/begun
			while [ ! -e \($here)/end ]; do sleep 0.02; done"]}]'
	"$RUNF" --root "$STATE" create --bundle "$BUNDLE" "$ID" \
		>"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- &
	child=$!
	eventually test -e "$BATS_TEST_TMPDIR/begun"
	equals "$(state_of .status)" creating
	must list --format json
	equals "$(jq -r '.[0].status' "$OUT")" creating
	refuses "already exists" create --bundle "$BUNDLE" "$ID"
	refuses "container not running" kill "$ID" KILL
	lacks "$errors" "does not exist"
	refuses "being created" exec "$ID" true
	# It waits its turn.
	"$RUNF" --root "$STATE" start "$ID" >"$BATS_TEST_TMPDIR/started" \
		2>&1 </dev/null 3>&- &
	starter=$!
	sleep 0.2
	equals "$(state_of .status)" creating
	touch "$BATS_TEST_TMPDIR/end"
	wait "$child"
	wait "$starter"
	equals "$(cat "$BATS_TEST_TMPDIR/said" "$BATS_TEST_TMPDIR/started")" ""
	wait_status stopped
}

# B132 B140
@test "a create that was killed in a hook is half a container" {
	for kind in createRuntime createContainer; do
		config --arg here "$BATS_TEST_TMPDIR" --arg kind "$kind" '
			.hooks = {($kind): [{path: "/bin/sh", args: ["sh", "-c",
				"echo $$ >\($here)/\($kind); exec sleep 100"]}]}'
		"$RUNF" --root "$STATE" create --bundle "$BUNDLE" "$ID" \
			>/dev/null 2>&1 </dev/null 3>&- &
		child=$!
		eventually has_text "$BATS_TEST_TMPDIR/$kind"
		kill -KILL "$child"
		wait "$child" || true
		wait_status stopped
		refuses "" start "$ID"
		lacks "$errors" "does not exist"
		must delete --force "$ID"
		# A hook on the host is nobody's any more.
		[ "$kind" = createContainer ] ||
			kill "$(cat "$BATS_TEST_TMPDIR/$kind")" || true
		nothing_left
	done
}

# B135
@test "that there is no cgroup is remembered" {
	sleeper
	must --cgroup-manager disabled create --bundle "$BUNDLE" "$ID"
	must start "$ID"
	must exec "$ID" cat /proc/self/cgroup
	lacks "$output" "$ID"
	refuses "no cgroup" pause "$ID"
	must kill --all "$ID" KILL
	wait_status stopped
	must delete "$ID"
	equals "$(cgroups_left)" ""
	nothing_left
}

# B117
@test "only of a container that is unknown it is said not to exist" {
	sleeper
	start_container
	for damage in '' '{' '{}' '[]' '{"version": 9}'; do
		cp "$STATE/$ID/state.json" "$BATS_TEST_TMPDIR/record"
		printf '%s' "$damage" >"$STATE/$ID/state.json"
		for command in "kill $ID 9" "delete $ID" "state $ID" \
			"start $ID"; do
			# shellcheck disable=SC2086 # words
			runf $command
			lacks "$errors" "does not exist"
		done
		[ -d "$STATE/$ID" ] || break
		cp "$BATS_TEST_TMPDIR/record" "$STATE/$ID/state.json"
	done
	equals "$(state_of .status)" running
	must delete --force "$ID"
	refuses "does not exist" delete "$ID"
}

# ---- places

# C046
@test "the state directory may be a file system of its own, without exec" {
	mkdir "$STATE"
	sleeper
	unshare --mount sh -c 'set -e
		mount -t tmpfs -o noexec,nosuid,nodev,size=1m tmpfs "$2"
		run() { "$1" --root "$3" "${@:4}"; }
		"$1" --root "$2" create --bundle "$3" "$4" >/dev/null
		"$1" --root "$2" start "$4"
		"$1" --root "$2" exec "$4" echo here
		"$1" --root "$2" delete --force "$4"
		ls -A "$2/$4" 2>/dev/null || echo gone' \
		sh "$RUNF" "$STATE" "$BUNDLE" "$ID" </dev/null 3>&- \
		>"$BATS_TEST_TMPDIR/said" 2>&1
	equals "$(xargs <"$BATS_TEST_TMPDIR/said")" "here gone"
}

# C046
@test "a state directory that cannot be written is told, and can be read" {
	sleeper
	start_container
	cp -a "$STATE" "$BATS_TEST_TMPDIR/copy"
	unshare --mount sh -c 'mount --bind "$2" "$2"
		mount -o remount,bind,ro "$2"
		"$1" --root "$2" state "$4" | grep running
		"$1" --root "$2" create --bundle "$3" "$4.more"' \
		sh "$RUNF" "$STATE" "$BUNDLE" "$ID" </dev/null 3>&- \
		>"$BATS_TEST_TMPDIR/said" 2>&1 || true
	contains "$(cat "$BATS_TEST_TMPDIR/said")" running
	contains "$(tail -n 1 "$BATS_TEST_TMPDIR/said")" "ead-only file system"
	nothing_else=$(find /sys/fs/cgroup -name "*$ID.more")
	equals "$nothing_else" ""
}

# ---- what is the container's own

# B045 C033 D032
@test "each container has a keyring of its own, unless it is to have none" {
	[ -r /proc/keys ] || skip "this kernel does not show its keys"
	keyrings() {
		grep -c " _ses\.$1: " /proc/keys || true
	}
	sleeper
	for name in one two; do
		must create --bundle "$BUNDLE" "$ID.$name"
		equals "$(keyrings "$ID.$name")" 1
	done
	must create --no-new-keyring --bundle "$BUNDLE" "$ID.none"
	equals "$(keyrings "$ID.none")" 0
}

# B047
@test "run adopts what its program leaves, unless it is not to" {
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	program '(sleep 300 & echo $! >/orphan); while :; do sleep 0.1; done'
	for option in "" --no-subreaper -no-subreaper; do
		rm -f "$BUNDLE/rootfs/orphan"
		# shellcheck disable=SC2086 # or not at all
		"$RUNF" --root "$STATE" run $option --bundle "$BUNDLE" "$ID" \
			>/dev/null 2>&1 </dev/null 3>&- &
		child=$!
		eventually has_text "$BUNDLE/rootfs/orphan"
		parent=$(awk '/^PPid/ { print $2 }' \
			"/proc/$(cat "$BUNDLE/rootfs/orphan")/status")
		if [ -z "$option" ]; then
			equals "$parent" "$child"
		else
			[ "$parent" != "$child" ]
		fi
		must kill "$ID" KILL
		wait "$child" || true
		nothing_left
	done
}

# B133
@test "an init that is killed for memory is told as such" {
	need_controller memory
	config '.linux.resources.memory = {limit: 4096, swap: 4096}'
	refuses "memory" create --bundle "$BUNDLE" "$ID"
	contains "$errors" "limit too low"
	nothing_left
}

# B086 B087
@test "whichever of the three descriptors is closed, the others are right" {
	config '.process.args = ["sleep", "300"]'
	opened=(/dev/zero "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2")
	for closed in 0 1 2 "0 1" "0 2" "1 2" "0 1 2"; do
		(
			exec <"${opened[0]}" >"${opened[1]}" \
				2>"${opened[2]}" 3>&- 7</dev/null
			for n in $closed; do
				eval "exec $n>&-"
			done
			"$RUNF" --root "$STATE" run --detach \
				--bundle "$BUNDLE" "$ID"
		)
		cd "/proc/$(init_pid)/fd"
		for n in *; do
			[ -L "$n" ] || continue
			case " $closed " in
			*" $n "*) equals "$(readlink "$n")" /dev/null ;;
			*) equals "$(readlink "$n")" "${opened[n]-none}" ;;
			esac
		done
		cd /
		must delete --force "$ID"
	done
}

# A024: most clients take no other word.
@test "who asks as soon as there is a container is told that it is created" {
	for _ in {1..20}; do
		"$RUNF" --root "$STATE" create --bundle "$BUNDLE" "$ID" \
			>"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- &
		child=$!
		until "$RUNF" --root "$STATE" state "$ID" \
			>"$BATS_TEST_TMPDIR/told" \
			2>"$BATS_TEST_TMPDIR/asked"; do
			contains "$(<"$BATS_TEST_TMPDIR/asked")" "not exist"
		done
		equals "$(jq -r .status "$BATS_TEST_TMPDIR/told")" created
		wait "$child"
		must delete --force "$ID"
	done
}
