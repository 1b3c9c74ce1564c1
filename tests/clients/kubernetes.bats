#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is in contrib/kubernetes, as far as there is no cluster.
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

@test "kubectl reads what is in contrib/kubernetes" {
	command -v kubectl >/dev/null || skip "no kubectl here"
	for file in "$TOP"/contrib/kubernetes/*.yaml; do
		read_back=$(kubectl label --local -o json -f "$file" checked=yes)
		[ "$(jq -r .metadata.labels.checked <<<"$read_back")" = yes ]
		class=$(jq -r '[.. | .runtimeClassName?, .handler? | strings] |
			join(",")' <<<"$read_back")
		[ "$class" = runf ]
	done
}
