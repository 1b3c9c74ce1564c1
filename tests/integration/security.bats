#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What has gone wrong in container runtimes before; each named by its CVE.
load helpers

# C042 D002
@test "CVE-2019-5736: the runtime cannot be written through /proc" {
	before=$(sha256sum "$RUNF")
	# The container runs whoever executed it, and tries to write to it.
	program 'for p in /proc/self/exe /proc/1/exe; do
			(echo x >>$p) 2>/dev/null
		done; sleep 300'
	config '.process.args = ["/proc/self/exe", "--version"]'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$(sha256sum "$RUNF")" "$before"
	program 'exec sleep 300'
	must_create
	# While it waits for start, it must not be the file on disk that
	# others could write to.
	pid=$(init_pid)
	if [ "$(stat -Lc '%d:%i' "/proc/$pid/exe")" = \
		"$(stat -c '%d:%i' "$RUNF")" ]; then
		! (exec 4>>"/proc/$pid/exe") 2>/dev/null || false
	fi
	equals "$(sha256sum "$RUNF")" "$before"
}

# C042 D002
@test "CVE-2019-5736: exec does not expose the runtime either" {
	before=$(sha256sum "$RUNF")
	sleeper
	start_container
	runf exec "$ID" /proc/self/exe --version
	equals "$(sha256sum "$RUNF")" "$before"
}

# D005 D010 D011
@test "CVE-2019-19921, CVE-2023-28642: /proc and /sys may not be links" {
	for dir in proc sys; do
		mv "$BUNDLE/rootfs/$dir" "$BUNDLE/rootfs/bad"
		ln -s /bad "$BUNDLE/rootfs/$dir"
		refuses "/$dir" create --bundle "$BUNDLE" "$ID"
		nothing_left
		rm "$BUNDLE/rootfs/$dir"
		mv "$BUNDLE/rootfs/bad" "$BUNDLE/rootfs/$dir"
	done
}

# A086 D003
@test "CVE-2019-16884: nothing is mounted over /proc" {
	mkdir "$BATS_TEST_TMPDIR/fake"
	for destination in /proc /proc/self/attr /proc/sys /proc/../proc/1; do
		config --arg d "$destination" --arg s "$BATS_TEST_TMPDIR/fake" \
			'.mounts[7] = {destination: $d, type: "none",
				source: $s, options: ["rbind"]}'
		refuses "/proc" create --bundle "$BUNDLE" "$ID"
		nothing_left
	done
	config '.mounts[7] = {destination: "/proc", type: "tmpfs",
		source: "tmpfs"}'
	refuses "/proc" create --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A086
@test "files below /proc that engines cover may be covered" {
	echo fake >"$BATS_TEST_TMPDIR/fake"
	config --arg s "$BATS_TEST_TMPDIR/fake" '.mounts += [
		{destination: "/proc/meminfo", type: "none", source: $s,
			options: ["bind", "ro"]}]'
	program 'cat /proc/meminfo'
	must_run
	equals "$output" fake
}

# D006 D013
@test "CVE-2021-30465: a target that is swapped for a link stays inside" {
	mkdir -p "$BATS_TEST_TMPDIR/source" "$BATS_TEST_TMPDIR/outside" \
		"$BUNDLE/rootfs/dir"
	ln -s "../../../../../../..$BATS_TEST_TMPDIR/outside" \
		"$BUNDLE/rootfs/link"
	config --arg s "$BATS_TEST_TMPDIR/source" '.mounts += [
		{destination: "/dir/inner", type: "none", source: $s,
			options: ["bind"]}]'
	python3 - "$BUNDLE/rootfs" <<-'END' 3>&- &
		import ctypes, os, sys, time
		os.chdir(sys.argv[1])
		libc = ctypes.CDLL(None)
		end = time.time() + 6
		while time.time() < end:
		    libc.renameat2(-100, b"dir", -100, b"link", 2)
	END
	swapper=$!
	for _ in $(seq 30); do
		runf run --bundle "$BUNDLE" "$ID"
	done
	kill "$swapper"
	wait "$swapper" || true
	# Neither a mount nor a directory appeared on the host.
	equals "$(ls "$BATS_TEST_TMPDIR/outside")" ""
}

# D012
@test "CVE-2024-21626: the working directory cannot be outside" {
	# A descriptor that leads to some place inside does no harm.
	look='cd ../../../../../../../../..; cat etc/passwd; readlink /proc/$$/cwd'
	ours=$(cat "$BUNDLE/rootfs/etc/passwd"; echo /)
	program "$look"
	for n in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 20; do
		config --arg d "/proc/self/fd/$n" '.process.cwd = $d'
		exec 11</
		runf run --bundle "$BUNDLE" "$ID"
		exec 11<&-
		[ "$status" -ne 0 ] || equals "$output" "$ours"
		nothing_left
	done
	config '.process.cwd = "/"'
	sleeper
	start_container
	for n in 3 4 5 6 7 8 9 10 11 12; do
		exec 11</
		runf exec --cwd "/proc/self/fd/$n" "$ID" sh -c "$look"
		exec 11<&-
		[ "$status" -ne 0 ] || equals "$output" "$ours"
	done
}

# D018
@test "CVE-2026-41579, CVE-2026-47766: /dev of the image may be a link" {
	mkdir "$BATS_TEST_TMPDIR/host"
	for target in "$BATS_TEST_TMPDIR/host" \
		"../../../../../../../../..$BATS_TEST_TMPDIR/host"; do
		rmdir "$BUNDLE/rootfs/dev" 2>/dev/null ||
			rm "$BUNDLE/rootfs/dev"
		ln -s "$target" "$BUNDLE/rootfs/dev"
		config '.mounts |= map(select(.destination
			| startswith("/dev") | not))'
		refuses "/dev of the image is a link to nothing" run \
			--bundle "$BUNDLE" "$ID"
		equals "$(ls "$BATS_TEST_TMPDIR/host")" ""
	done
	rm "$BUNDLE/rootfs/dev"
	mkdir "$BUNDLE/rootfs/opt"
	ln -s opt "$BUNDLE/rootfs/dev"
	must_run
	[ -c "$BUNDLE/rootfs/opt/null" ]
}

# D018
@test "links of the image in the way of what runf makes lead nowhere" {
	mkdir "$BATS_TEST_TMPDIR/host"
	config '.mounts |= map(select(.destination
			| startswith("/dev") | not))
		| .linux.devices = [{type: "c", path: "/escape/null",
			major: 1, minor: 3}]'
	ln -s "$BATS_TEST_TMPDIR/host" "$BUNDLE/rootfs/escape"
	for name in null fd stdin ptmx console; do
		ln -s "$BATS_TEST_TMPDIR/host/$name" "$BUNDLE/rootfs/dev/$name"
	done
	runf run --bundle "$BUNDLE" "$ID"
	equals "$(ls "$BATS_TEST_TMPDIR/host")" ""
}

# A043 D013
@test "a working directory that is a link stays inside" {
	mkdir "$BATS_TEST_TMPDIR/host"
	ln -s "$BATS_TEST_TMPDIR/host" "$BUNDLE/rootfs/home/there"
	config '.process.cwd = "/home/there/made"'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$(ls "$BATS_TEST_TMPDIR/host")" ""
}

# A046
@test "the program of the container is looked up inside" {
	printf '#!/bin/sh\necho outside\n' >"$BATS_TEST_TMPDIR/tool"
	chmod 755 "$BATS_TEST_TMPDIR/tool"
	ln -s "$BATS_TEST_TMPDIR/tool" "$BUNDLE/rootfs/bin/tool"
	config '.process.args = ["tool"]'
	refuses "" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# D026
@test "the container's environment is not the runtime's" {
	config '.process.args = ["env"]'
	LD_PRELOAD='' LISTEN_PID=1 SECRET=1 must_run
	lacks "$output" SECRET
	lacks "$output" LD_PRELOAD
}

