#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: devices of the host for the container. The "host" is a
# network namespace of the test's own, in which runf runs.
load helpers

setup() {
	prepare
	HELPER=$(dirname "$RUNF")/net/netdev
	[ -x "$HELPER" ] || skip "the helper netdev was not built (libmnl-dev)"
	HOST=$TAG-host
	ip netns add "$HOST" || skip "no network namespaces here"
	ip -n "$HOST" link add eth7 type veth peer name peer7 ||
		skip "no veth devices here"
	MOUNTS_BEFORE=$(mountpoints)
	REAL=$RUNF
	# ip netns exec mounts a sysfs of the namespace, where cgroups are not.
	cat >"$BATS_TEST_TMPDIR/runf" <<-END
		#!/bin/sh
		RUNF_LIBEXEC=\${RUNF_LIBEXEC-$(dirname "$HELPER")} exec nsenter \\
			--net=/run/netns/$HOST $REAL "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/runf"
	RUNF=$BATS_TEST_TMPDIR/runf
}

teardown() {
	local result=0
	tidy || result=1
	[ -z "${HOST-}" ] || ip netns del "$HOST" 2>/dev/null || true
	ip netns del "$TAG-other" 2>/dev/null || true
	return "$result"
}

host_has() {
	ip -n "$HOST" link show dev "$1" >/dev/null 2>&1
}

host_lacks() {
	! host_has "$1"
}

give() {
	config --argjson d "$1" '.linux.netDevices = $d'
}

# A132 A133 A134 A136
@test "a device moves, with its own name or another, and is up" {
	ip -n "$HOST" link set eth7 mtu 1400
	ip -n "$HOST" link add eth8 type veth peer name peer8
	mac=$(ip -n "$HOST" -j link show dev eth7 | jq -r '.[0].address')
	give '{"eth7": {"name": "inner0"}, "eth8": {}}'
	sleeper
	start_container
	host_lacks eth7
	host_lacks eth8
	host_has peer7
	must exec "$ID" ip link show dev inner0
	contains "$output" "mtu 1400"
	contains "$output" "$mac"
	matches "$output" '[<,]UP[,>]'
	must exec "$ID" ip link show dev eth8
	matches "$output" '[<,]UP[,>]'
}

# A135
@test "permanent global addresses come along, others do not" {
	ip -n "$HOST" addr add 192.0.2.1/24 brd 192.0.2.255 dev eth7
	ip -n "$HOST" addr add 192.0.2.77/32 dev eth7 label eth7:x
	ip -n "$HOST" addr add 198.51.100.1/24 dev eth7 valid_lft 1000 \
		preferred_lft 1000
	ip -n "$HOST" addr add 169.254.1.1/16 scope link dev eth7
	ip -n "$HOST" addr add 2001:db8::1/64 dev eth7 nodad
	ip -n "$HOST" link set eth7 up
	give '{"eth7": {"name": "net0"}}'
	sleeper
	start_container
	nsenter --net="/proc/$(init_pid)/ns/net" ip addr show dev net0 \
		>"$BATS_TEST_TMPDIR/addresses"
	found=$(<"$BATS_TEST_TMPDIR/addresses")
	contains "$found" "192.0.2.1/24 brd 192.0.2.255 scope global net0"
	contains "$found" "192.0.2.77/32 scope global net0:x"
	contains "$found" "2001:db8::1/64 scope global"
	lacks "$found" 198.51.100.1
	lacks "$found" 169.254.1.1
}

# A133
@test "a template takes the first number that is free" {
	ip -n "$HOST" link add eth8 type veth peer name peer8
	give '{"eth7": {"name": "net%d"}, "eth8": {"name": "net%d"}}'
	sleeper
	start_container
	must exec "$ID" ip link
	contains "$output" "net0@"
	contains "$output" "net1@"
}

# A134 A037
@test "a namespace that is joined gets them, and keeps them" {
	ip netns add "$TAG-other"
	MOUNTS_BEFORE=$(mountpoints)
	config --arg p "/run/netns/$TAG-other" '.linux.namespaces |=
		map(if .type == "network" then .path = $p else . end)'
	give '{"eth7": {}}'
	program 'ip link show dev eth7'
	must_run
	ip -n "$TAG-other" link show dev eth7
}

# A134
@test "in a user namespace, too" {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	give '{"eth7": {}}'
	sleeper
	start_container
	host_lacks eth7
	must exec "$ID" ip link show dev eth7
}

unchanged() {
	host_has eth7
	equals "$(ip -n "$HOST" -br addr show dev eth7 | xargs)" "$1"
	nothing_left
}

# A005 A133 A134
@test "one that fails leaves those before it as they were" {
	ip -n "$HOST" addr add 192.0.2.1/24 dev eth7
	ip -n "$HOST" link set peer7 up
	ip -n "$HOST" link set eth7 up
	ip -n "$HOST" addr flush dev eth7 scope link
	before=$(ip -n "$HOST" -br -4 addr show dev eth7 | xargs)
	give '{"eth7": {"name": "x0"}, "missing": {}}'
	refuses '"missing": find the device' create --bundle "$BUNDLE" "$ID"
	host_has eth7
	equals "$(ip -n "$HOST" -br -4 addr show dev eth7 | xargs)" "$before"
	nothing_left
	ip -n "$HOST" link set eth7 down
	ip netns add "$TAG-other"
	MOUNTS_BEFORE=$(mountpoints)
	ip -n "$TAG-other" link add taken type veth peer name taken2
	config --arg p "/run/netns/$TAG-other" '.linux.namespaces |=
		map(if .type == "network" then .path = $p else . end)'
	give '{"eth7": {"name": "taken"}}'
	refuses '"eth7"' create --bundle "$BUNDLE" "$ID"
	unchanged "eth7@peer7 DOWN 192.0.2.1/24"
	give '{"lo": {"name": "lo2"}}'
	refuses '"lo"' create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A005
@test "a create that fails later gives them back" {
	ip -n "$HOST" addr add 192.0.2.1/24 dev eth7
	give '{"eth7": {"name": "x0"}}'
	config '.process.args = ["/no/such/program"]'
	refuses "/no/such/program" create --bundle "$BUNDLE" "$ID"
	unchanged "eth7@peer7 DOWN 192.0.2.1/24"
	config '.hooks.createRuntime = [{path: "/bin/false"}]'
	refuses "hook" run --bundle "$BUNDLE" "$ID"
	unchanged "eth7@peer7 DOWN 192.0.2.1/24"
}

# A005
@test "a runtime that is killed meanwhile gives them back" {
	give '{"eth7": {"name": "x0"}}'
	config --arg p "$BATS_TEST_TMPDIR/hook" \
		'.hooks.createRuntime = [{path: $p}]'
	printf '#!/bin/sh\necho $$ >"%s/hooked"\nexec sleep 20\n' \
		"$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/hook"
	chmod +x "$BATS_TEST_TMPDIR/hook"
	"$RUNF" --root "$STATE" create --bundle "$BUNDLE" "$ID" \
		</dev/null >/dev/null 2>&1 3>&- &
	runtime=$!
	eventually has_text "$BATS_TEST_TMPDIR/hooked"
	host_lacks eth7
	kill -KILL "$runtime"
	eventually host_has eth7
	kill "$(<"$BATS_TEST_TMPDIR/hooked")"
	must delete --force "$ID"
}

# A132 A133 A134
@test "bad names, and no network namespace, are refused before anything" {
	for name in a/b a:b 'a b' . .. sixteen-chars-abc 'a%d'; do
		config --arg n "$name" '.linux.netDevices = {($n): {}}'
		refuses netDevices create --bundle "$BUNDLE" "$ID"
	done
	for name in a/b 'a%s' 'a%d%d' 'a b'; do
		config --arg n "$name" '.linux.netDevices = {eth7: {name: $n}}'
		refuses netDevices create --bundle "$BUNDLE" "$ID"
	done
	give '{"eth7": {"name": "same"}, "peer7": {"name": "same"}}'
	refuses "another" create --bundle "$BUNDLE" "$ID"
	give '{"eth7": {}}'
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	refuses "needs a network namespace" create --bundle "$BUNDLE" "$ID"
	config '.linux.namespaces += [{type: "network",
		path: "/proc/self/ns/net"}]'
	refuses "runf's own" create --bundle "$BUNDLE" "$ID"
	host_has eth7
	nothing_left
}

@test "a helper that is missing is named, with its package" {
	give '{"eth7": {}}'
	RUNF_LIBEXEC=/nowhere refuses "/nowhere/netdev" \
		create --bundle "$BUNDLE" "$ID"
	contains "$errors" libmnl
	host_has eth7
	nothing_left
}

# A221
@test "features tells of it" {
	must features
	equals "$(jq .linux.netDevices.enabled <<<"$output")" true
}
