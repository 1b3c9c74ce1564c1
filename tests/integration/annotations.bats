#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Annotations that have a meaning for the runtime.
load helpers

annotate() {
	config --arg k "$1" --arg v "$2" '.annotations[$k] = $v'
}

# C013
@test "the output of hooks is appended to the files that are named" {
	annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/out"
	annotate run.oci.hooks.stderr err
	config '.hooks = ({prestart: "a", createRuntime: "b", createContainer: "c",
			poststart: "d", poststop: "e"} | map_values([{
			path: "/bin/sh",
			args: ["sh", "-c", "echo out-\(.); echo err-\(.) >&2"]}]))
		| .hooks.startContainer = [{path: "/bin/sh",
			args: ["sh", "-c", "echo inside"]}]'
	echo before >"$BATS_TEST_TMPDIR/out"
	must_run
	equals "$(xargs <"$BATS_TEST_TMPDIR/out")" \
		"before out-a out-b out-c out-d out-e"
	equals "$(xargs <"$BUNDLE/err")" "err-a err-b err-c err-d err-e"
	rm "$BUNDLE/err"
	must_create
	must start "$ID"
	wait_status stopped
	must delete "$ID"
	equals "$(xargs <"$BUNDLE/err")" "err-a err-b err-c err-d err-e"
}

# C013
@test "a file for hooks that cannot be opened fails the hook" {
	annotate run.oci.hooks.stdout /nowhere/out
	config '.hooks.createRuntime = [{path: "/bin/true"}]'
	refuses "/nowhere/out" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# C014 C005
@test "handlers and plugins are refused, not ignored" {
	for name in run.oci.handler run.oci.seccomp.plugins; do
		annotate "$name" krun
		refuses "$name" run --bundle "$BUNDLE" "$ID"
		contains "$errors" krun
		config 'del(.annotations)'
	done
	annotate run.oci.handler ""
	must_run
	nothing_left
}

# C008 D034
@test "keep_original_groups keeps the caller's groups, and 0 does not" {
	groups=$(id -G | tr ' ' '\n' | sort -n | xargs)
	config '.process.args = ["id", "-G"]
		| .process.user.additionalGids = [77]'
	annotate run.oci.keep_original_groups 1
	must_run
	equals "$(tr ' ' '\n' <<<"$output" | sort -n | xargs)" "$groups"
	annotate run.oci.keep_original_groups 0
	must_run
	equals "$output" "0 77"
}

# C017 C018 A073 A074 A027 D066
@test "all others are only passed on" {
	config '.annotations = {"io.kubernetes.x": "1", "module.wasm.image/variant":
		"compat", "io.podman.annotations.y": "", "bundle": "b",
		"org.opencontainers.image.stopSignal": "SIGKILL"}
		| .hooks.createRuntime = [{path: "/bin/sh",
			args: ["sh", "-c", "cat >\"$0\"", "state"]}]'
	must create --bundle "$BUNDLE" "$ID"
	must state "$ID"
	equals "$(jq -S -c .annotations <<<"$output")" \
		"$(jq -S -c .annotations "$BUNDLE/config.json")"
	equals "$(jq -S -c .annotations "$BUNDLE/state")" \
		"$(jq -S -c .annotations "$BUNDLE/config.json")"
	must list --format json
	equals "$(jq -r '.[0].annotations.bundle' <<<"$output")" b
}

# A223
@test "features warns of annotations that change what runs" {
	must features
	equals "$(jq -r '.potentiallyUnsafeConfigAnnotations
		| map(select(. == "run.oci.")) | length' <<<"$output")" 1
}
