#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The start-up harness: what it prints and writes, what it refuses, and that
# its floor makes the container that runf makes.
load helpers

setup() {
	[ "$RUNF_SLOW" = 1 ] || skip "times in this guest say nothing"
	for tool in cc perl python3 unshare; do
		command -v "$tool" >/dev/null || skip "no $tool here"
	done
	prepare
	BENCH=$TOP/contrib/bench
	# All of its folders, so that what is left can be seen.
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
}

# bench ARG...: sets status, output and errors.
bench() {
	status=0
	timeout --foreground --kill-after=5 60 "$BENCH/bench" "$@" \
		</dev/null >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	output=$(<"$BATS_TEST_TMPDIR/out")
	errors=$(<"$BATS_TEST_TMPDIR/err")
}

must_bench() {
	bench "$@"
	[ "$status" -eq 0 ] && return
	echo "status $status: $output $errors"
	return 1
}

nothing_of_bench() {
	equals "$(ls -A "$TMPDIR")" ""
	equals "$(find /sys/fs/cgroup -name '*bench-*' -newer "$TMPDIR" \
		2>/dev/null)" ""
	nothing_left
}

@test "bench prints a table, and writes its samples and a report" {
	here=$BATS_TEST_TMPDIR
	must_bench --rounds 3 --warm-up 1 --json "$here/json" \
		--html "$here/html" --waterfall "$here/svg" \
		--scenario run,phases,exec,parallel --widths 2 \
		runf="$RUNF" floor
	for line in '^runf +[0-9]+ +[0-9]+' '^floor +[0-9]+ +[0-9]+'; do
		grep -qE "$line" <<<"$output"
	done
	contains "$output" "min/floor"
	equals "$(jq -s '[.[] | select(.kind == "sample" and
		.scenario == "run" and .runtime == "runf")] | length' \
		"$here/json")" 3
	equals "$(jq -s '[.[] | select(.kind == "summary") | .series] |
		unique | join(",")' "$here/json")" \
		'"2 at once,create,create + start + delete,delete,exec,run,start"'
	equals "$(jq -s '[.[] | select(.kind == "sample" and
		.first_us != null) | .first_us > 0] | all' "$here/json")" true
	# Well formed, and it says what it should.
	python3 - "$here/html" "$here/svg" <<-'EOF'
		import sys
		import xml.dom.minidom
		report, picture = map(xml.dom.minidom.parse, sys.argv[1:])
		assert len(report.getElementsByTagName("svg")) == 5
		assert picture.documentElement.tagName == "svg"
	EOF
	contains "$(cat "$here/svg")" "clone init"
	nothing_of_bench
}

@test "bench refuses the result of a runtime that fails" {
	# It makes a container, but says that it did not.
	printf '#!/bin/sh\n"%s" "$@"\ncase " $* " in
		*" run "*) echo the reason >&2; exit 3 ;; esac\n' \
		"$(realpath "$RUNF")" >"$BATS_TEST_TMPDIR/broken"
	chmod +x "$BATS_TEST_TMPDIR/broken"
	bench --rounds 2 --json "$BATS_TEST_TMPDIR/json" runf="$RUNF" \
		broken="$BATS_TEST_TMPDIR/broken"
	equals "$status" 1
	contains "$output" "refused"
	contains "$errors" "broken run: exit status 3"
	contains "$errors" "the reason"
	lacks "$output" "median"
	nothing_of_bench
}

@test "bench refuses a program that runs nothing" {
	bench --rounds 2 runf="$RUNF" true=/bin/true
	equals "$status" 1
	contains "$errors" "the payload said nothing"
	nothing_of_bench
}

@test "bench leaves nothing behind when it is interrupted" {
	"$BENCH/bench" --scenario sleepers --sleepers 300 runf="$RUNF" \
		</dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	child=$!
	has_sleepers() {
		[ "$(find /sys/fs/cgroup -maxdepth 4 -name 'bench-*' \
			2>/dev/null | wc -l)" -gt 5 ] ||
			[ "$(pgrep -c -f '^/payload stay')" -gt 5 ]
	}
	eventually has_sleepers
	kill -TERM "$child"
	status=0
	wait "$child" || status=$?
	equals "$status" 143
	equals "$(pgrep -f '^/payload stay')" ""
	nothing_of_bench
}

@test "bench --through containerd measures a shim" {
	shim=$(dirname "$(realpath "$RUNF")")/containerd-shim-runf-v2
	for tool in containerd ctr "$shim"; do
		command -v "$tool" >/dev/null || skip "no $tool here"
	done
	must_bench --through containerd --view host --rounds 1 --warm-up 0 \
		--json "$BATS_TEST_TMPDIR/json" shim="$shim"
	for figure in wall_us mounts per_s pss_kb exec_us; do
		contains "$(cat "$BATS_TEST_TMPDIR/json")" "\"$figure\""
		equals "$(jq -c "select(.figure == \"$figure\") |
			.values | length > 0" "$BATS_TEST_TMPDIR/json")" true
	done
	# `start`, the program, `delete`.
	if [ "$(readlink /proc/self/ns/pid)" = "pid:[4026531836]" ]; then
		[ "$(jq 'select(.figure == "executed") | .values[0]' \
			"$BATS_TEST_TMPDIR/json")" -eq 3 ]
	fi
	nothing_of_bench
}

# What a container looks like from inside, without what differs by chance:
# numbers of mounts and devices, and the layers of the root.
look='cut -d" " -f4- /proc/self/mountinfo |
	sed "s|^[^ ]* / |ROOT / |"
	grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)" /proc/self/status
	cat /proc/self/limits | grep "open files"
	for type in pid net ipc uts mnt cgroup; do
		[ "$(readlink /proc/self/ns/$type)" = "$(cat /host/$type)" ] &&
			echo "shares $type"
	done
	cd /dev && stat -c "%A %u %g %t:%T %N" * && cd /
	cat /proc/net/dev | cut -d: -f1
	sed -E "s/^[0-9]+/N/" /proc/self/cgroup
	ulimit -c; umask; env | sort | grep -E "^(PATH|TERM)="; pwd
	cat /proc/interrupts /proc/keys | wc -c
	echo 1 2>/dev/null >/proc/sys/kernel/ngroups_max || echo protected
	cat /fuse || true'

@test "the floor's container is the one that runf makes" {
	if [ "$MODE" != v2 ]; then
		exec_view=("$TOP/contrib/view" v2)
	else
		exec_view=()
	fi
	cc -O2 -static -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/floor" \
		"$BENCH/floor.c"
	# Only the rules for devices stand before it.
	mknod "$BUNDLE/rootfs/fuse" c 10 229
	mkdir "$BUNDLE/rootfs/host"
	for type in pid net ipc uts mnt cgroup; do
		readlink "/proc/self/ns/$type" >"$BUNDLE/rootfs/host/$type"
	done
	echo "$look" >"$BUNDLE/rootfs/look"
	config '.process.args = ["/bin/sh", "/look"]'
	"${exec_view[@]}" "$RUNF" --root "$STATE" run --bundle "$BUNDLE" \
		"$ID" >"$BATS_TEST_TMPDIR/runf.saw" 2>&1 </dev/null 3>&-
	"${exec_view[@]}" "$BATS_TEST_TMPDIR/floor" --root "$STATE" \
		run -b "$BUNDLE" "$ID" /bin/sh /look \
		>"$BATS_TEST_TMPDIR/floor.saw" 2>&1 </dev/null 3>&-
	contains "$(cat "$BATS_TEST_TMPDIR/runf.saw")" " /proc/interrupts "
	contains "$(cat "$BATS_TEST_TMPDIR/runf.saw")" "protected"
	contains "$(cat "$BATS_TEST_TMPDIR/runf.saw")" \
		"'/fuse': Operation not permitted"
	# Which mount came first makes no difference where none covers another.
	diff <(sort "$BATS_TEST_TMPDIR/runf.saw") \
		<(sort "$BATS_TEST_TMPDIR/floor.saw")
	nothing_left
}

@test "bench's manual page has its options and scenarios" {
	bench --help
	page=$(sed 's/\\f[BIR]//g; s/\\-/-/g' "$TOP/man/runf-bench.1")
	while read -r word; do
		contains "$page" "$word"
	done < <(grep -oE '^  --[a-z0-9-]+' <<<"$output"
		sed -n '/^scenarios/,/^$/s/^  \([a-z-]*\) .*/\1/p' \
			<<<"$output")
	while read -r word; do
		contains "$output" "$word"
	done < <(grep -oE '^--[a-z0-9-]+' <<<"$page")
}
