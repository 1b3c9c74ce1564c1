#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# maskedPaths and readonlyPaths.
load helpers

# A138
@test "a masked file is empty, a masked directory too" {
	mkdir "$BUNDLE/rootfs/secret"
	echo s >"$BUNDLE/rootfs/secret/file"
	echo s >"$BUNDLE/rootfs/secret.txt"
	config '.linux.maskedPaths += ["/secret", "/secret.txt"]'
	program 'ls /secret | wc -l; wc -c </secret.txt
		echo x >/secret/x || echo refused'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 0
	equals "$(echo "$output" | xargs)" "0 0 refused"
	equals "$(cat "$BUNDLE/rootfs/secret/file")" s
}

# A138 A139
@test "what is to be masked and does not exist is no error" {
	config '.linux.maskedPaths += ["/not/there"]
		| .linux.readonlyPaths += ["/not/there/either"]'
	must_run
}

# A139
@test "a read-only path cannot be written, its surroundings can" {
	mkdir -p "$BUNDLE/rootfs/some/quiet"
	config '.linux.readonlyPaths += ["/some/quiet"]'
	program 'touch /some/x; touch /some/quiet/x || echo refused'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$output" refused
	[ -e "$BUNDLE/rootfs/some/x" ]
}

# A138 A139
@test "the defaults hide and protect the kernel's files" {
	program 'for f in kcore keys timer_list sched_debug; do
			[ ! -e /proc/$f ] || head -c 10 /proc/$f
		done
		echo x >/proc/sys/kernel/hostname || echo refused
		ls /sys/firmware | wc -l'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 0
	equals "$(echo "$output" | xargs)" "refused 0"
}

# A138
@test "a path masked twice is masked" {
	echo s >"$BUNDLE/rootfs/secret"
	config '.linux.maskedPaths += ["/secret", "/secret"]'
	program 'wc -c </secret'
	must_run
	equals "$output" 0
}

# A113
@test "masks need a mount namespace" {
	config 'del(.linux.namespaces[] | select(.type == "mount"))'
	refuses "amespace" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A138
@test "a relative masked path is refused" {
	config '.linux.maskedPaths = ["secret"]'
	refuses "maskedPaths[0]" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A138 D015
@test "the mask is not what the image calls /dev/null" {
	# CVE-2025-31133: a link there must not be what is mounted.
	config '.mounts |= map(select(.destination != "/dev"
			and (.destination | startswith("/dev/") | not)))
		| .linux.maskedPaths += ["/secret"]'
	echo s >"$BUNDLE/rootfs/secret"
	echo other >"$BUNDLE/rootfs/other"
	ln -s /other "$BUNDLE/rootfs/dev/null"
	program 'cat /secret'
	runf run --bundle "$BUNDLE" "$ID"
	lacks "$output" other
	lacks "$output" s
}
