#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Overlays, and options that are longer than fsconfig(2) takes.
load helpers

setup() {
	prepare
	LAYERS=$BATS_TEST_TMPDIR
	mkdir "$LAYERS/upper" "$LAYERS/work"
	grep -qw overlay /proc/filesystems || skip "no overlayfs here"
}

# layers COUNT LENGTH: lowerdir of so many, each with its file; names that long.
layers() {
	local i name all=
	for ((i = 0; i < $1; i++)); do
		name=$(printf "l%0$2d" "$i")
		mkdir "$LAYERS/$name"
		echo "$i" >"$LAYERS/$name/$i"
		echo "$i" >"$LAYERS/$name/top"
		all+=${all:+:}$LAYERS/$name
	done
	LOWER=$all
}

overlay() {
	config --arg o "lowerdir=$LOWER" --arg l "$LAYERS" '.mounts += [{
		destination: "/data", type: "overlay", source: "overlay",
		options: ["nosuid", $o, "upperdir=\($l)/upper",
			"workdir=\($l)/work"]}]'
}

# A079 A110
@test "an overlay of a few layers" {
	layers 2 1
	overlay
	program 'cat /data/top /data/0 /data/1; echo x >/data/new
		grep " /data " /proc/self/mountinfo'
	must_run
	equals "$(head -n 3 "$OUT" | xargs)" "0 0 1"
	contains "$output" nosuid
	equals "$(cat "$LAYERS/upper/new")" x
}

# A079
@test "an overlay of as many layers as an image has" {
	layers 40 20
	[ "${#LOWER}" -gt 255 ]
	overlay
	program 'cat /data/top /data/0 /data/39; grep " /data " \
		/proc/self/mountinfo | cut -d " " -f 6'
	must_run
	equals "$(echo "$output" | xargs)" "0 0 39 rw,nosuid,relatime"
}

# A079
@test "one layer with a long name needs mount(2), and gets its flags" {
	layers 2 240
	overlay
	config '.mounts[-1].options += ["noexec", "noatime", "rslave", "sync"]'
	program 'cat /data/top /data/1; grep " /data " /proc/self/mountinfo |
		cut -d " " -f 6; echo y >/data/new'
	must_run
	equals "$(echo "$output" | xargs)" "0 1 rw,nosuid,noexec,noatime"
	equals "$(cat "$LAYERS/upper/new")" y
	nothing_left
}

# A079
@test "more than a page is refused, and says so" {
	layers 20 240
	overlay
	refuses "at most" run --bundle "$BUNDLE" "$ID"
	contains "$errors" /data
	nothing_left
}

# A079 A110
@test "options joined by commas are several, as for mount(2)" {
	layers 2 1
	config --arg o "lowerdir=$LOWER,upperdir=$LAYERS/upper,workdir=$LAYERS/work" \
		'.mounts += [{destination: "/data", type: "overlay",
			source: "overlay", options: [$o]},
			{destination: "/tmp", type: "tmpfs", source: "tmpfs",
			options: ["size=64k,mode=700"]}]'
	program 'cat /data/top; stat -c %a /tmp'
	must_run
	equals "$(echo "$output" | xargs)" "0 700"
}

# A079
@test "colons in the name of a layer, and long ones through a link" {
	mkdir "$LAYERS/a:b"
	echo colon >"$LAYERS/a:b/top"
	layers 20 20
	LOWER=$LAYERS/a'\:'b:$LOWER
	overlay
	mkdir "$BUNDLE/rootfs/real"
	ln -s real "$BUNDLE/rootfs/data"
	program 'cat /data/top /real/19'
	must_run
	equals "$(echo "$output" | xargs)" "colon 19"
}
