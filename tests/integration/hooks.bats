#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The six kinds of hooks: where they run, what they read, how they fail.
load helpers

# hook KIND SHELL-TEXT: append one.
hook() {
	config --arg kind "$1" --arg text "$2" '
		.root.readonly = false
		| .hooks[$kind] += [{path: "/bin/sh",
			args: ["sh", "-c", $text]}]'
}

# Every hook notes its name and keeps what it read.
note_all() {
	local notes=$BATS_TEST_TMPDIR kind
	for kind in prestart createRuntime createContainer poststart poststop
	do
		hook "$kind" "cat >$notes/$kind; echo $kind >>$notes/order"
	done
	hook startContainer 'cat >/startContainer; echo >>/order'
}

# A007 A008 A009 A011 A013 A016 A030
@test "hooks run in the order of the specification" {
	note_all
	must_create
	equals "$(xargs <"$BATS_TEST_TMPDIR/order")" \
		"prestart createRuntime createContainer"
	[ ! -e "$BUNDLE/rootfs/startContainer" ]
	must start "$ID"
	[ -e "$BUNDLE/rootfs/startContainer" ]
	equals "$(tail -n 1 "$BATS_TEST_TMPDIR/order")" poststart
	wait_status stopped
	must delete "$ID"
	equals "$(tail -n 1 "$BATS_TEST_TMPDIR/order")" poststop
}

# A025 A029 E026
@test "each hook reads the state that is true for it" {
	note_all
	config '.annotations = {"k/y": "v"}'
	program 'sleep 0.5'
	must_create
	pid=$(init_pid)
	must start "$ID"
	wait_status stopped
	must delete "$ID"
	cp "$BUNDLE/rootfs/startContainer" "$BATS_TEST_TMPDIR/"
	cd "$BATS_TEST_TMPDIR"
	for kind in prestart createRuntime createContainer; do
		equals "$(jq -r .status "$kind")" creating
	done
	equals "$(jq -r .status startContainer)" created
	equals "$(jq -r .status poststart)" running
	equals "$(jq -r .status poststop)" stopped
	for kind in prestart createRuntime poststart; do
		equals "$(jq -r .pid "$kind")" "$pid"
	done
	# As seen from inside the container.
	equals "$(jq -r .pid createContainer)" 1
	equals "$(jq -r .pid startContainer)" 1
	for kind in prestart createRuntime createContainer startContainer \
		poststart poststop; do
		equals "$(jq -r .id "$kind")" "$ID"
		equals "$(jq -r .bundle "$kind")" "$BUNDLE"
		equals "$(jq -r '.annotations."k/y"' "$kind")" v
		matches "$(jq -r .ociVersion "$kind")" '^1\.[0-9]+\.[0-9]+'
	done
}

# D064
@test "what a hook reads is compact and has no escaped slashes" {
	hook createRuntime "cat >$BATS_TEST_TMPDIR/read"
	must_run
	equals "$(grep -c . "$BATS_TEST_TMPDIR/read")" 1
	lacks "$(cat "$BATS_TEST_TMPDIR/read")" '\/'
	lacks "$(cat "$BATS_TEST_TMPDIR/read")" '": '
}

# A007 A008 A009 A011 A013
@test "runtime hooks see the host, container hooks the container" {
	here=$BATS_TEST_TMPDIR
	for kind in prestart createRuntime createContainer poststart; do
		hook "$kind" "readlink /proc/self/ns/mnt >$here/$kind.mnt
			readlink /proc/self/ns/uts >$here/$kind.uts"
	done
	hook startContainer 'readlink /proc/self/ns/mnt >/mnt_ns
		hostname >/name'
	sleeper
	start_container
	pid=$(init_pid)
	for kind in prestart createRuntime poststart; do
		equals "$(cat "$here/$kind.mnt")" \
			"$(readlink /proc/self/ns/mnt)"
	done
	equals "$(cat "$here/createContainer.mnt")" \
		"$(readlink "/proc/$pid/ns/mnt")"
	equals "$(cat "$here/createContainer.uts")" \
		"$(readlink "/proc/$pid/ns/uts")"
	equals "$(cat "$BUNDLE/rootfs/mnt_ns")" \
		"$(readlink "/proc/$pid/ns/mnt")"
	equals "$(cat "$BUNDLE/rootfs/name")" \
		"$(jq -r .hostname "$BUNDLE/config.json")"
}

# A009
@test "createRuntime runs before the root is changed" {
	hook createContainer "ls -d $BATS_TEST_TMPDIR"
	must_run
}

# A030
@test "several hooks of a kind run in the order they are listed" {
	for n in 1 2 3; do
		hook createRuntime "echo $n >>$BATS_TEST_TMPDIR/order"
	done
	must_run
	equals "$(xargs <"$BATS_TEST_TMPDIR/order")" "1 2 3"
}

# A005 A007 A008 A009 A036
@test "a hook that fails before the start undoes the create" {
	for kind in prestart createRuntime createContainer; do
		make_bundle "$BATS_TEST_TMPDIR/$kind"
		BUNDLE=$BATS_TEST_TMPDIR/$kind
		hook "$kind" 'echo the reason >&2; exit 3'
		hook poststop "echo >$BATS_TEST_TMPDIR/$kind.poststop"
		refuses "" create --bundle "$BUNDLE" "$ID"
		contains "$errors" "the reason"
		nothing_left
		[ -e "$BATS_TEST_TMPDIR/$kind.poststop" ]
	done
}

# A011
@test "a startContainer hook that fails ends the container" {
	hook startContainer 'exit 3'
	hook poststop "echo >$BATS_TEST_TMPDIR/poststop"
	program 'echo ran >/ran'
	must_create
	refuses "" start "$ID"
	[ ! -e "$BUNDLE/rootfs/ran" ]
	[ -e "$BATS_TEST_TMPDIR/poststop" ]
	nothing_left
}

# A013
@test "a poststart hook that fails ends the container" {
	hook poststart 'exit 3'
	hook poststop "echo >$BATS_TEST_TMPDIR/poststop"
	sleeper
	must_create
	refuses "" start "$ID"
	[ -e "$BATS_TEST_TMPDIR/poststop" ]
	nothing_left
}

# A013
@test "poststart runs after the program was executed" {
	hook poststart "xargs -0 </proc/\$(jq -r .pid)/cmdline \
		>$BATS_TEST_TMPDIR/cmdline"
	config '.process.args = ["sleep", "300"]'
	start_container
	equals "$(cat "$BATS_TEST_TMPDIR/cmdline")" "sleep 300"
}

# A016
@test "a poststop hook that fails is a warning, and the next one runs" {
	hook poststop 'exit 3'
	hook poststop "echo >$BATS_TEST_TMPDIR/second"
	start_container
	wait_status stopped
	runf delete "$ID"
	equals "$status" 0
	contains "$errors" "poststop hook failed with exit code 3"
	[ -e "$BATS_TEST_TMPDIR/second" ]
	nothing_left
}

# A034
@test "a hook that takes too long is killed" {
	config '.hooks.createRuntime = [{path: "/bin/sleep",
		args: ["sleep", "100"], timeout: 1}]'
	refuses "timeout" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A032 A033 D026
@test "a hook's argv and environment are what the config says" {
	config --arg out "$BATS_TEST_TMPDIR/out" '
		.hooks.createRuntime = [{path: "/bin/sh",
			args: ["name", "-c",
				"echo $0 $1 >>\($out); env | sort >>\($out)",
				"zero", "one"],
			env: ["A=1", "B=two words"]}]'
	must_run
	contains "$(head -n 1 "$BATS_TEST_TMPDIR/out")" "zero one"
	contains "$(cat "$BATS_TEST_TMPDIR/out")" "A=1"
	contains "$(cat "$BATS_TEST_TMPDIR/out")" "B=two words"
	lacks "$(cat "$BATS_TEST_TMPDIR/out")" "HOME="
}

# A033
@test "a runtime hook without env has the caller's" {
	hook createRuntime "echo \$CALLER_SAYS >$BATS_TEST_TMPDIR/out"
	CALLER_SAYS=hello must_run
	equals "$(cat "$BATS_TEST_TMPDIR/out")" hello
}

# A035
@test "the directory of create-time hooks is the bundle" {
	for kind in prestart createRuntime createContainer; do
		hook "$kind" "pwd >$BATS_TEST_TMPDIR/$kind"
	done
	must_run
	for kind in prestart createRuntime createContainer; do
		equals "$(cat "$BATS_TEST_TMPDIR/$kind")" "$BUNDLE"
	done
}

# A035
@test "a hook that does not read its stdin is no error" {
	config '.annotations.big = ([range(20000) | "0123456789"] | add)
		| .hooks.createRuntime = [{path: "/bin/true"}]'
	must_run
}

# A035
@test "a hook inherits no descriptors of the runtime" {
	hook createRuntime "ls /proc/self/fd | wc -l >$BATS_TEST_TMPDIR/fds"
	must_run
	# 0, 1, 2 and the one of ls.
	equals "$(cat "$BATS_TEST_TMPDIR/fds")" 4
}

# A031 A034
@test "a relative path and a timeout of zero are refused" {
	config '.hooks.createRuntime = [{path: "bin/true"}]'
	refuses "hooks.createRuntime[0].path" create --bundle "$BUNDLE" "$ID"
	config '.hooks.createRuntime = [{path: "/bin/true", timeout: 0}]'
	refuses "hooks.createRuntime[0].timeout" \
		create --bundle "$BUNDLE" "$ID"
	nothing_left
}
