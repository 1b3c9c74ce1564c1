#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is wrong is refused: one clear line, a status, and nothing left behind.
load helpers

# wrong TEXT FILTER: a config changed so is refused with TEXT.
wrong() {
	cp "$BUNDLE/good.json" "$BUNDLE/config.json"
	config "$2"
	refuses "$1" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

setup() {
	prepare
	cp "$BUNDLE/config.json" "$BUNDLE/good.json"
}

# A001
@test "a bundle without config.json, or none at all" {
	rm "$BUNDLE/config.json"
	refuses "config.json" create --bundle "$BUNDLE" "$ID"
	refuses "nowhere" create --bundle "$BATS_TEST_TMPDIR/nowhere" "$ID"
	nothing_left
}

# C058
@test "what is not JSON is refused with the line" {
	printf '{\n"ociVersion": "1.0.2",\n"process": {,}\n}\n' \
		>"$BUNDLE/config.json"
	refuses "3" create --bundle "$BUNDLE" "$ID"
	for text in '' '[]' '"text"' 'null' '{' '{"a": 1} trailing' \
		$'{"a": "\xff"}' '{"ociVersion": 1}' '7'; do
		printf '%s' "$text" >"$BUNDLE/config.json"
		refuses "" create --bundle "$BUNDLE" "$ID"
	done
	nothing_left
}

# D040
@test "nesting without end is refused" {
	{
		printf '{"annotations": '
		printf '[%.0s' {1..20000}
	} >"$BUNDLE/config.json"
	refuses "" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A002 D065
@test "versions" {
	wrong "ociVersion" 'del(.ociVersion)'
	wrong "ociVersion" '.ociVersion = "2.0.0"'
	wrong "ociVersion" '.ociVersion = "one"'
	wrong "ociVersion" '.ociVersion = ""'
	for version in 1.0.0 1.0.2-dev 1.2.1 1.3.0 1.9.7 1.1.0-rc.1 1.2.0+dev
	do
		cp "$BUNDLE/good.json" "$BUNDLE/config.json"
		config --arg v "$version" '.ociVersion = $v'
		must create --bundle "$BUNDLE" "$ID"
		must delete "$ID"
	done
}

# A003 A047 A051 A075
@test "properties that nobody knows are ignored, at any depth" {
	config '.unknown = {a: [1]} | .process.unknown = 1
		| .process.user.username = "somebody" | .process.commandLine = "x"
		| .linux.unknown = null | .linux.resources.unknown = {}
		| .mounts[0].unknown = true | .windows = {} | .vm = {} | .solaris = {} | .zos = {}
		| .freebsd = {}'
	must_run
	equals "$errors" ""
}

# A004 A043 A046
@test "process" {
	wrong "process.args" '.process.args = []'
	wrong "process.args" 'del(.process.args)'
	wrong "process.args" '.process.args = "true"'
	wrong "process.args[1]" '.process.args = ["true", 1]'
	wrong "process.cwd" 'del(.process.cwd)'
	wrong "process.cwd" '.process.cwd = "relative"'
	wrong "process.cwd" '.process.cwd = ""'
	wrong "process.user.uid" '.process.user.uid = -1'
	wrong "process.user.uid" '.process.user.uid = 4294967296'
	wrong "process.user.uid" '.process.user.uid = 1.5'
	wrong "process.terminal" '.process.terminal = "yes"'
	wrong "process.env" '.process.env = {A: "1"}'
	wrong "process.oomScoreAdj" '.process.oomScoreAdj = 5000'
}

# A097
@test "strings with a NUL are refused, not cut" {
	wrong "u0000" '.process.args = ["true\u0000false"]'
	wrong "u0000" '.mounts[0].destination = "/proc\u0000x"'
	wrong "u0000" '.process.cwd = "/\u0000x"'
	wrong "u0000" '.root.path = "rootfs\u0000x"'
}

# A093
@test "mounts" {
	wrong "mounts[7].destination" '.mounts[7] = {type: "tmpfs"}'
	wrong "mounts" '.mounts = {}'
	wrong "mounts[0].options" '.mounts[0].options = "ro"'
	wrong "mounts[7]" '.mounts[7] = {destination: "/x", type: "tmpfs",
		source: "tmpfs", options: ["tmpcopyup"]}
		| .mounts[7].destination = "/"'
}

# A073
@test "hostname and annotations" {
	wrong "hostname" '.hostname = 7'
	wrong "annotations" '.annotations = {"": "empty key"}'
	wrong "annotations" '.annotations = {"key": 7}'
}

# A004 D022
@test "resources" {
	wrong "linux.resources.memory.limit" \
		'.linux.resources.memory.limit = "much"'
	wrong "linux.resources.memory.limit" \
		'.linux.resources.memory.limit = 1e30'
	wrong "linux.resources.cpu.shares" \
		'.linux.resources.cpu.shares = -1'
	wrong "linux.resources.pids.limit" \
		'.linux.resources.pids.limit = 1.5'
	wrong "linux.resources.hugepageLimits" \
		'.linux.resources.hugepageLimits =
			[{pageSize: "../../x", limit: 1}]'
	wrong "linux.resources.unified" \
		'.linux.resources.unified = {"../cgroup.procs": "1"}'
}

# A017 D021
@test "ids" {
	for id in . .. a/b /a ../a '' 'a b' 'a
b' .hidden a:b 'ä' 'a*' "$(printf 'x%.0s' {1..2000})"; do
		refuses "" create --bundle "$BUNDLE" "$id"
		refuses "" state "$id"
		refuses "" delete "$id"
	done
	equals "$(containers)" ""
	for id in a A 0 a.b a_b a+b a-b _a; do
		must create --bundle "$BUNDLE" "$TAG$id"
	done
	for id in a A 0 a.b a_b a+b a-b _a; do
		must delete "$TAG$id"
	done
}

@test "numbers in odd but legal forms" {
	sed -i 's/"uid": 0/"uid": 0e0/; s/"gid": 0/"gid": -0/' \
		"$BUNDLE/config.json"
	runf create --bundle "$BUNDLE" "$ID"
	# Either is fine; half a container is not.
	[ "$status" -eq 0 ] || nothing_left
}

# B113
@test "missing arguments of options" {
	refuses "" create --bundle
	refuses "" --root
	refuses "" kill
	refuses "" exec "$ID"
	refuses "" update "$ID" --pids-limit
	nothing_left
}

# B098
@test "each bad input, again, with the log in JSON" {
	config '.process.cwd = "relative"'
	refuses "process.cwd" --log "$BATS_TEST_TMPDIR/log" \
		--log-format json create --bundle "$BUNDLE" "$ID"
	equals "$(wc -l <"$BATS_TEST_TMPDIR/log")" 1
	contains "$(jq -r .msg "$BATS_TEST_TMPDIR/log")" process.cwd
}
