#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Capabilities: five sets, exactly as the config has them.
load helpers

KILL=5 NET=10 AUDIT=29

# sets JQ-OBJECT: run with these capabilities; leaves cap_NAME variables.
sets() {
	config --argjson c "$1" '.process.capabilities = $c'
	config '.process.args = ["grep", "^Cap", "/proc/self/status"]'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 0
	local key value
	while read -r key value; do
		eval "${key%:}=$((0x$value))"
	done <"$OUT"
}

# A054 D033
@test "each set is what the config says" {
	sets '{"bounding": ["CAP_KILL", "CAP_NET_BIND_SERVICE",
			"CAP_AUDIT_WRITE"],
		"permitted": ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"effective": ["CAP_KILL"],
		"inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}'
	equals "$CapBnd" $((1 << KILL | 1 << NET | 1 << AUDIT))
	equals "$CapInh" $((1 << KILL))
	equals "$CapAmb" $((1 << KILL))
	# Root gets all of the bounding set at exec, as capabilities(7) says.
	equals $((CapPrm & 1 << KILL)) $((1 << KILL))
}

# A054 A055 D033
@test "another user has no more than the config gives" {
	config '.process.user = {uid: 1000, gid: 1000}'
	sets '{"bounding": ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"permitted": ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"effective": ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}'
	equals "$CapPrm" $((1 << KILL))
	equals "$CapEff" $((1 << KILL))
	equals "$CapAmb" $((1 << KILL))
	equals "$CapBnd" $((1 << KILL | 1 << NET))
}

# A055 D033
@test "without capabilities in the config all sets are empty" {
	config 'del(.process.capabilities)
		| .process.args = ["grep", "^Cap", "/proc/self/status"]'
	must_run
	equals "$(awk '{ print $2 }' "$OUT" | sort -u)" 0000000000000000
}

# A054
@test "an unknown capability is no failure" {
	sets '{"bounding": ["CAP_KILL", "CAP_NOT_YET_INVENTED"],
		"permitted": ["CAP_KILL"], "effective": ["CAP_KILL"]}'
	equals "$CapBnd" $((1 << KILL))
}

# C060 D008
@test "what spec hands out is three capabilities" {
	config '.process.args = ["grep", "^Cap", "/proc/self/status"]'
	must_run
	mask=$(printf '%016x' $((1 << KILL | 1 << NET | 1 << AUDIT)))
	for set in CapPrm CapEff CapBnd; do
		equals "$(sed -n "s/^$set:\t//p" "$OUT")" "$mask"
	done
	for set in CapInh CapAmb; do
		equals "$(sed -n "s/^$set:\t//p" "$OUT")" 0000000000000000
	done
}
