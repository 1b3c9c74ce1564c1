#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Profiles that the kernel enforces. Needs AppArmor switched on: tests/uml.

# shellcheck disable=SC2016 # of jq and of the inner shell

load helpers

setup() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] ||
		skip "AppArmor is not enabled here"
	command -v apparmor_parser >/dev/null || skip "no apparmor_parser"
	prepare
	PROFILE=$TAG-profile
}

teardown() {
	[ -z "${TAG-}" ] || for name in $(profiles); do
		echo -n "$name" >/sys/kernel/security/apparmor/.remove
	done
	tidy
}

profiles() {
	sed -n "s/^\(${TAG}[^ ]*\) .*/\1/p" /sys/kernel/security/apparmor/profiles
}

# load_profile NAME RULE: nothing but files and signals, and RULE. None of
# what a runtime does to make a container is allowed.
load_profile() {
	printf 'profile %s flags=(attach_disconnected,mediate_deleted) {
		file, signal, capability, network, %s
	}\n' "$1" "$2" | apparmor_parser --replace --skip-cache
}

ATTEMPT='read -r label </proc/self/attr/current; echo "$label"
	(echo x >/tmp/denied) 2>/dev/null && echo denied: written
	echo x >/tmp/allowed && echo allowed: written'

# confined NAME: what ATTEMPT says under a profile that denies one file.
confined() {
	equals "$output" "$1 (enforce)
allowed: written"
}

# A059
@test "a profile is enforced from the first instruction of the program" {
	load_profile "$PROFILE" "deny /tmp/denied w,"
	config --arg name "$PROFILE" '.process.apparmorProfile = $name'
	program "$ATTEMPT"
	must_run
	confined "$PROFILE"
}

# A059
@test "a profile is enforced on who could not have set it any more" {
	load_profile "$PROFILE" "deny /tmp/denied w,"
	config --arg name "$PROFILE" '.process.apparmorProfile = $name
		| .process.user = {uid: 1000, gid: 1000}
		| .process.capabilities = {} | .process.noNewPrivileges = true
		| .linux.readonlyPaths += ["/proc"]'
	program "$ATTEMPT"
	must_run
	confined "$PROFILE"
}

# A059 D066
@test "a profile is enforced in a user namespace" {
	load_profile "$PROFILE" "deny /tmp/denied w,"
	config --arg name "$PROFILE" '.process.apparmorProfile = $name
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	program "$ATTEMPT"
	must_run
	confined "$PROFILE"
}

# A059 B053
@test "exec has the container's profile, or its own" {
	load_profile "$PROFILE" "deny /tmp/denied w,"
	load_profile "$PROFILE-other" "deny /tmp/allowed w,"
	sleeper
	config --arg name "$PROFILE" '.process.apparmorProfile = $name'
	start_container
	must exec "$ID" sh -c "$ATTEMPT"
	confined "$PROFILE"
	runf exec --apparmor "$PROFILE-other" --user 1000:1000 "$ID" \
		sh -c "$ATTEMPT"
	[ "$status" -ne 0 ]
	equals "$output" "$PROFILE-other (enforce)
denied: written"
	runf exec --apparmor unconfined "$ID" cat /proc/self/attr/current
	equals "$output" unconfined
}

# A059 B124
@test "a profile that is not loaded is an error that names it" {
	config --arg name "$PROFILE" '.process.apparmorProfile = $name'
	program true
	refuses "\"exec $PROFILE\" to \`/proc/self/attr/apparmor/exec\`" \
		run --bundle "$BUNDLE" "$ID"
	sleeper
	config 'del(.process.apparmorProfile)'
	start_container
	refuses "$PROFILE" exec --apparmor "$PROFILE" "$ID" true
	must kill "$ID" KILL
	eventually has_ended "$ID"
	must delete "$ID"
	nothing_left
}

# A217
@test "features tells of AppArmor" {
	must features
	equals "$(jq .linux.apparmor.enabled <<<"$output")" true
}
