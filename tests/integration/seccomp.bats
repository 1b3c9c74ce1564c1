#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Seccomp: actions, conditions, and the profile that podman passes.
load helpers

# profile JQ-OBJECT
profile() {
	config --argjson p "$1" '.linux.seccomp = $p'
}

# A194 A195
@test "a denied call gets the errno of the profile" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO",
			"errnoRet": 28}]}'
	program 'mkdir /tmp/x || echo refused; echo goes on'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 0
	contains "$errors" "No space left on device"
	contains "$output" refused
	contains "$output" "goes on"
}

# A195
@test "without errnoRet it is EPERM" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
	program 'mkdir /tmp/x || true'
	runf run --bundle "$BUNDLE" "$ID"
	contains "$errors" "Operation not permitted"
}

# A208 A209 D030
@test "a filter is there for init and for exec, with no_new_privs or not" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
	sleeper
	for value in true false; do
		config --argjson v "$value" '.process.noNewPrivileges = $v'
		start_container
		equals "$(awk '/^Seccomp:/ { print $2 }' \
			"/proc/$(init_pid)/status")" 2
		must exec "$ID" sh -c 'grep Seccomp: /proc/self/status
			mkdir /tmp/x 2>/dev/null || echo refused'
		equals "$(echo "$output" | xargs)" "Seccomp: 2 refused"
		must delete --force "$ID"
	done
}

# A208
@test "a user without privileges gets the filter too" {
	config '.process.user = {uid: 1000, gid: 1000}
		| .process.noNewPrivileges = false
		| .process.capabilities = {}'
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
	program 'mkdir /tmp/x 2>/dev/null || echo refused'
	must_run
	equals "$output" refused
}

# A199
@test "conditions on arguments" {
	# kill(2) with signal 0 only.
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [
			{"index": 1, "value": 0, "op": "SCMP_CMP_NE"}]}]}'
	program 'kill -0 $$ && echo zero; kill -USR1 1 2>/dev/null ||
		echo refused'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$(echo "$output" | xargs)" "zero refused"
}

# A194
@test "a call can kill the process" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"],
			"action": "SCMP_ACT_KILL_PROCESS"}]}'
	program 'mkdir /tmp/x; echo "status $?"'
	runf run --bundle "$BUNDLE" "$ID"
	# 128 and SIGSYS.
	contains "$output" "status 159"
}

# A198
@test "names that this machine does not know are skipped" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["not_a_system_call", "mkdir", "mkdirat"],
			"action": "SCMP_ACT_ERRNO"}]}'
	program 'mkdir /tmp/x 2>/dev/null || echo refused'
	must_run
	equals "$output" refused
}

# A201
@test "a rule with the default action is skipped" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir"], "action": "SCMP_ACT_ALLOW"}]}'
	must_run
}

# A193
@test "an empty profile is no profile" {
	profile '{}'
	program 'grep Seccomp: /proc/self/status'
	must_run
	equals "$(echo "$output" | xargs)" "Seccomp: 0"
}

# A193 A194 A195 A196 A197 A198 A199
@test "bad profiles are refused with the place of the fault" {
	profile '{"defaultAction": "SCMP_ACT_NONSENSE"}'
	refuses "linux.seccomp.defaultAction" create --bundle "$BUNDLE" "$ID"
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir"], "action": "SCMP_ACT_ALLOW",
			"errnoRet": 1}]}'
	refuses "linux.seccomp.syscalls[0]" create --bundle "$BUNDLE" "$ID"
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": [], "action": "SCMP_ACT_ERRNO"}]}'
	refuses "linux.seccomp.syscalls[0].names" \
		create --bundle "$BUNDLE" "$ID"
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [
			{"index": 6, "value": 0, "op": "SCMP_CMP_NE"}]}]}'
	refuses "linux.seccomp.syscalls[0].args[0]" \
		create --bundle "$BUNDLE" "$ID"
	profile '{"defaultAction": "SCMP_ACT_ALLOW",
		"architectures": ["SCMP_ARCH_NONSENSE"]}'
	refuses "linux.seccomp.architectures[0]" \
		create --bundle "$BUNDLE" "$ID"
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["NONSENSE"]}'
	refuses "linux.seccomp.flags[0]" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A197
@test "known flags are taken" {
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": [
		"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
		"syscalls": [{"names": ["mkdir"],
			"action": "SCMP_ACT_ERRNO"}]}'
	must_run
}

# The profile of an engine, if the package with it is installed.
engine_profile() {
	[ -e /usr/share/containers/seccomp.json ] ||
		skip "golang-github-containers-common is not installed"
	"$TOP/contrib/seccomp-profile" >"$BATS_TEST_TMPDIR/profile.json"
	profile "$(cat "$BATS_TEST_TMPDIR/profile.json")"
}

# The kernel would let this privileged container try.
forbidden_call() {
	config '.process.capabilities |= (.bounding += ["CAP_SYS_ADMIN"]
		| .permitted += ["CAP_SYS_ADMIN"]
		| .effective += ["CAP_SYS_ADMIN"])'
	program 'swapoff /etc/passwd; ls / >/dev/null; sleep 0.1 & wait
		echo runs'
}

# D063
@test "the profile podman passes: what it denies is denied" {
	forbidden_call
	runf run --bundle "$BUNDLE" "$ID"
	contains "$errors" "Invalid argument"
	engine_profile
	runf run --bundle "$BUNDLE" "$ID"
	contains "$errors" "Operation not permitted"
	equals "$output" runs
}

# E006
@test "the same profile twice, and another after it" {
	forbidden_call
	engine_profile
	for _ in 1 2; do
		runf run --bundle "$BUNDLE" "$ID"
		contains "$errors" "Operation not permitted"
		equals "$output" runs
	done
	profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["swapoff"], "action": "SCMP_ACT_ERRNO",
			"errnoRet": 28}]}'
	runf run --bundle "$BUNDLE" "$ID"
	contains "$errors" "No space left"
}

# C006
@test "an unknown system call is an error if an annotation says so" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["no_such_call"],
			action: "SCMP_ACT_ERRNO"}]}'
	must_run
	config '.annotations["run.oci.seccomp_fail_unknown_syscall"] = "1"'
	refuses 'unknown system call "no_such_call"' run --bundle "$BUNDLE" \
		"$ID"
	config '.annotations["run.oci.seccomp_fail_unknown_syscall"] = "0"'
	must_run
}

# C007
@test "a filter in an annotation stands for the profile" {
	[ "$(uname -m)" = x86_64 ] || skip "the filter is for x86-64"
	# mkdir: EPERM; all else is allowed.
	filter=$(python3 -c '
import base64, struct
code = [(0x20, 0, 0, 0), (0x15, 0, 1, 83), (6, 0, 0, 0x50001),
        (6, 0, 0, 0x7fff0000)]
print(base64.b64encode(b"".join(struct.pack("<HBBI", *i)
                                for i in code)).decode())')
	program 'grep Seccomp: /proc/self/status; mkdir /tmp/x 2>&1'
	config --arg filter "$filter" 'del(.linux.seccomp)
		| .annotations["run.oci.seccomp_bpf_data"] = $filter'
	for late in true false; do
		config --argjson late "$late" \
			'.process.noNewPrivileges = $late'
		runf run --bundle "$BUNDLE" "$ID"
		contains "$output" "Seccomp:	2"
		contains "$output" "Operation not permitted"
	done
	for filter in '' '***' AAAA AAA=AAA; do
		config --arg filter "$filter" \
			'.annotations["run.oci.seccomp_bpf_data"] = $filter'
		refuses "is not a filter in base64" run --bundle "$BUNDLE" "$ID"
	done
}
