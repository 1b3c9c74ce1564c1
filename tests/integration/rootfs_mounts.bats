#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A root that is handed over as mounts, as containerd's snapshotters do.
load helpers

setup() {
	prepare
	LAYERS=$BATS_TEST_TMPDIR/layers
	mkdir "$LAYERS" "$LAYERS/upper" "$LAYERS/work"
	mv "$BUNDLE/rootfs" "$LAYERS/base"
	mkdir "$BUNDLE/rootfs"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	grep -qw overlay /proc/filesystems || skip "no overlayfs here"
	overlay "$LAYERS/base"
}

# overlay LAYERS [OPTIONS]: what --rootfs-mount takes, as ROOT.
overlay() {
	local options="lowerdir=$1,upperdir=$LAYERS/upper,workdir=$LAYERS/work"
	ROOT=type=overlay,source=overlay,options=$options${2:+,$2}
}

# more_layers COUNT LENGTH: on top of the base, as LOWER.
more_layers() {
	local i name all=
	for ((i = 0; i < $1; i++)); do
		name=$(printf "l%0$2d" "$i")
		mkdir "$LAYERS/$name"
		echo "$i" >"$LAYERS/$name/$i"
		echo "$i" >"$LAYERS/$name/top"
		all+=$LAYERS/$name:
	done
	LOWER=$all$LAYERS/base
}

# In the foreground, with ROOT.
try() {
	must run --bundle "$BUNDLE" --rootfs-mount "$ROOT" "$ID"
}

nothing_on_host() {
	lacks "$(mountpoints)" "$BUNDLE/rootfs"
	equals "$(ls -A "$BUNDLE/rootfs")" ""
}

@test "an overlay of two layers is the root, and the host has nothing of it" {
	more_layers 1 1
	overlay "$LOWER"
	program 'cat /top; echo x >/new; echo ready; sleep 300'
	start_container --rootfs-mount "$ROOT"
	eventually grep -q ready "$CONTAINER_OUT"
	equals "$(head -n 1 "$CONTAINER_OUT")" 0
	nothing_on_host
	equals "$(cat "$LAYERS/upper/new")" x
	must exec "$ID" sh -c 'cat /new; grep " / / " /proc/self/mountinfo'
	equals "$(head -n 1 "$OUT")" x
	contains "$output" "overlay overlay"
	must delete --force "$ID"
	nothing_on_host
	nothing_left
}

@test "as many layers as there may be, with the names that they have" {
	more_layers 120 60
	[ "${#LOWER}" -gt 8192 ]
	overlay "$LOWER"
	program 'cat /top /0 /119'
	try
	equals "$(xargs <"$OUT")" "0 0 119"
	nothing_on_host
}

@test "a bind of a directory, read-only" {
	mkdir -p "$LAYERS/base/dev/shm"
	ROOT=type=bind,source=$LAYERS/base,options=rbind,ro
	config '.process.args = ["sh", "-c",
		"touch /x; grep \" / ro,\" /proc/self/mountinfo"]'
	runf run --bundle "$BUNDLE" --rootfs-mount "$ROOT" "$ID"
	contains "$errors" "Read-only file system"
	contains "$output" " / ro,"
	[ ! -e "$LAYERS/base/x" ]
	# With what is mounted in it, and without.
	mount --bind "$LAYERS/work" "$LAYERS/base/tmp"
	touch "$LAYERS/work/below"
	config '.process.args = ["ls", "/tmp"]'
	try
	ROOT=source=$LAYERS/base,options=bind,ro
	equals "$output" below
	try
	umount "$LAYERS/base/tmp"
	equals "$output" ""
	nothing_on_host
}

@test "a second mount lies at its target, inside of the first" {
	mkdir "$LAYERS/data"
	echo data >"$LAYERS/data/file"
	ln -s /elsewhere "$LAYERS/base/link"
	mkdir "$LAYERS/base/elsewhere"
	program 'cat /opt/data/file /elsewhere/file; touch /opt/data/x'
	runf run --bundle "$BUNDLE" --rootfs-mount "$ROOT" --rootfs-mount \
		"type=bind,source=$LAYERS/data,target=/opt/data,options=bind,ro" \
		--rootfs-mount "source=$LAYERS/data,target=link,options=rbind" \
		"$ID"
	equals "$(xargs <"$OUT")" "data data"
	contains "$errors" "Read-only"
	[ -d "$LAYERS/upper/opt/data" ]
	[ ! -e /elsewhere ]
	nothing_on_host
}

@test "nothing happens to the host's mounts from create to delete" {
	program 'sleep 300'
	overlay "$LAYERS/base"
	cat >"$BATS_TEST_TMPDIR/life" <<-END
		set -e
		"$RUNF" --root "$STATE" create --bundle "$BUNDLE" \
			--rootfs-mount "$ROOT" "$ID" >/dev/null 2>&1
		"$RUNF" --root "$STATE" start "$ID"
		"$RUNF" --root "$STATE" exec "$ID" true
		"$RUNF" --root "$STATE" kill "$ID" KILL
		sleep 0.2
		"$RUNF" --root "$STATE" delete "$ID"
	END
	watched "sh $BATS_TEST_TMPDIR/life"
	equals "$output" 0
	# The same watch sees a mount, and what hooks have to find.
	watched "mount --bind /tmp /tmp"
	equals "$output" 1
	config '.hooks.poststop = [{path: "/bin/true"}]'
	watched "sh $BATS_TEST_TMPDIR/life"
	[ "$output" -gt 0 ]
}

# watched COMMAND: in a mount namespace that is shared like a host's, and that
# nobody else mounts in. The number of events is in $output.
watched() {
	output=$(timeout 60 unshare --mount --propagation private sh -c "
		mount --make-rshared / &&
		exec '$BATS_TEST_DIRNAME/mountwatch.py' $1" 3>&- | tail -n 1)
}

@test "hooks of the host find the root, until the container is deleted" {
	local notes=$BATS_TEST_TMPDIR/notes kind
	mkdir "$LAYERS/data"
	echo data >"$LAYERS/data/file"
	for kind in prestart createRuntime createContainer poststart poststop
	do
		config --arg k "$kind" --arg t "cat $BUNDLE/rootfs/data/file \
			$BUNDLE/rootfs/etc/group >/dev/null && echo $kind \
			>>$notes" '.hooks[$k] += [{path: "/bin/sh",
			args: ["sh", "-c", $t]}]'
	done
	program 'cat /data/file; sleep 300'
	start_container --rootfs-mount "$ROOT" --rootfs-mount \
		"source=$LAYERS/data,target=/data,options=bind"
	contains "$(mountpoints)" "$BUNDLE/rootfs"
	eventually has_text "$CONTAINER_OUT"
	equals "$(cat "$CONTAINER_OUT")" data
	must delete --force "$ID"
	equals "$(xargs <"$notes")" \
		"prestart createRuntime createContainer poststart poststop"
	nothing_on_host
	nothing_left
}

@test "a failure on the way leaves nothing, with hooks or without" {
	config '.process.args = ["/none"]'
	refuses none create --bundle "$BUNDLE" --rootfs-mount "$ROOT" "$ID"
	nothing_on_host
	config '.hooks.prestart = [{path: "/bin/false"}]
		| .process.args = ["true"]'
	refuses prestart create --bundle "$BUNDLE" --rootfs-mount "$ROOT" "$ID"
	nothing_on_host
	refuses "/none" create --bundle "$BUNDLE" --rootfs-mount "$ROOT" \
		--rootfs-mount "source=/none,target=/x,options=bind" "$ID"
	nothing_on_host
	overlay "$LAYERS/none"
	config 'del(.hooks)'
	refuses "/none: No such file" create --bundle "$BUNDLE" --rootfs-mount "$ROOT" "$ID"
	nothing_left
}

# A create that is killed while its hook waits; its record is not written.
@test "what a killed create has mounted on the host goes with delete --force" {
	config --arg t "touch $BATS_TEST_TMPDIR/there; exec sleep 60" \
		'.hooks.prestart = [{path: "/bin/sh", args: ["sh", "-c", $t]}]'
	"$RUNF" --root "$STATE" create --bundle "$BUNDLE" \
		--rootfs-mount "$ROOT" "$ID" >/dev/null 2>&1 3>&- &
	pid=$!
	eventually test -e "$BATS_TEST_TMPDIR/there"
	kill -KILL "$pid"
	wait "$pid" || true
	contains "$(mountpoints)" "$BUNDLE/rootfs"
	# Even if nobody came to write it.
	rm "$STATE/$ID/state.json"
	eventually must delete --force "$ID"
	pkill -KILL -f "^sleep 60$" -P 1 || true
	nothing_on_host
}

@test "what else is mounted at the root is never unmounted" {
	config '.hooks.poststop = [{path: "/bin/true"}]'
	mount --bind "$LAYERS/base" "$BUNDLE/rootfs"
	must_create --rootfs-mount "$ROOT"
	equals "$(mountpoints | grep -c "^$BUNDLE/rootfs\$")" 2
	umount "$BUNDLE/rootfs"
	must delete "$ID"
	equals "$(mountpoints | grep -c "^$BUNDLE/rootfs\$")" 1
	umount "$BUNDLE/rootfs"
	nothing_left
}

user_namespace() {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000,
			size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 200000,
			size: 65536}]'
}

# A117
@test "an overlay in a user namespace, with layers that are mapped" {
	user_namespace
	chown 100000:200000 "$LAYERS/upper" "$LAYERS/work"
	more_layers 2 1
	overlay "$LOWER" "uidmap=0:100000:65536,gidmap=0:200000:65536"
	program 'stat -c "%u %g" /top /home/user /bin/busybox; touch /new
		cat /top'
	try
	equals "$(xargs <"$OUT")" "0 0 1000 1000 0 0 0"
	equals "$(stat -c '%u %g' "$LAYERS/upper/new")" "100000 200000"
	equals "$(stat -c '%u %g' "$LAYERS/base/home/user")" "1000 1000"
	nothing_on_host
}

# A117
@test "a bind in a user namespace, mapped as a whole" {
	user_namespace
	map=uidmap=0:100000:65536,gidmap=0:200000:65536
	ROOT=type=bind,source=$LAYERS/base,options=rbind,$map
	program 'stat -c "%u %g" /home/user; touch /new'
	try
	equals "$(xargs <"$OUT")" "1000 1000"
	equals "$(stat -c '%u %g' "$LAYERS/base/new")" "0 0"
}

# A117
@test "without a map in a user namespace ids are the host's" {
	user_namespace
	chown -hR 100000:200000 "$LAYERS/base" "$LAYERS/upper" "$LAYERS/work"
	program 'stat -c "%u %g" /; touch /new'
	try
	equals "$(xargs <"$OUT")" "0 0"
	equals "$(stat -c '%u %g' "$LAYERS/upper/new")" "100000 200000"
}

@test "a root that is read-only, shared, or moved instead of pivoted" {
	program 'touch /x 2>/dev/null || echo refused
		grep " / / " /proc/self/mountinfo'
	config '.root.readonly = true'
	try
	contains "$output" refused
	config '.root.readonly = false
		| .linux.rootfsPropagation = "rshared"'
	try
	lacks "$output" refused
	contains "$output" shared:
	config '.linux.rootfsPropagation = "rslave"'
	try
	lacks "$output" shared:
	config 'del(.linux.rootfsPropagation)'
	must run --bundle "$BUNDLE" --no-pivot --rootfs-mount "$ROOT" "$ID"
	lacks "$output" refused
	nothing_on_host
}

@test "without a mount namespace the host has the root meanwhile" {
	config '.linux.namespaces -= [{type: "mount"}] | .root.readonly = false
		| .mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
	program 'cat /etc/group'
	runf run --bundle "$BUNDLE" --rootfs-mount "$ROOT" "$ID"
	contains "$output" root:x:0
	nothing_on_host
}

@test "an image in a file is mounted by a loop device" {
	command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4"
	grep -qw ext4 /proc/filesystems || skip "no ext4 here"
	[ -c /dev/loop-control ] || skip "no loop devices here"
	truncate -s 16M "$LAYERS/image"
	mkfs.ext4 -q -d "$LAYERS/base" "$LAYERS/image"
	ROOT=type=ext4,source=$LAYERS/image,options=loop
	program 'echo x >/new; grep " / / " /proc/self/mountinfo'
	try
	contains "$output" "ext4 /dev/loop"
	eventually no_loop "$LAYERS/image"
	nothing_on_host
}

# shellcheck disable=SC2317 # called through eventually
no_loop() {
	! grep -qsx "$1" /sys/block/loop*/loop/backing_file
}

@test "what is no mount of a root is refused" {
	refuses "is none of" run --bundle "$BUNDLE" --rootfs-mount "kind=x" "$ID"
	refuses "root mount 0" run --bundle "$BUNDLE" --rootfs-mount \
		"type=overlay,source=overlay,options=remount,ro" "$ID"
	refuses "ID:HOSTID:SIZE" run --bundle "$BUNDLE" --rootfs-mount \
		"$ROOT,uidmap=0:1" "$ID"
	refuses "root mount 0" run --bundle "$BUNDLE" --rootfs-mount \
		"type=bind,source=$LAYERS/none,options=bind" "$ID" ||
		contains "$errors" "$LAYERS/none"
	nothing_left
}

@test "plan tells where the root comes from" {
	must plan --bundle "$BUNDLE" --rootfs-mount "$ROOT"
	equals "$(jq -r '.steps[] | select(.do == "root-mount")
		| .origin' "$OUT")" "$BUNDLE/rootfs"
	equals "$(jq -r '.sources[0].options.workdir' "$OUT")" "$LAYERS/work"
	config '.hooks.poststop = [{path: "/bin/true"}]'
	must plan --bundle "$BUNDLE" --rootfs-mount "$ROOT"
	equals "$(jq -r '.hostRoot.steps[0].do' "$OUT")" root-mount
	equals "$(jq -r '.steps[] | select(.do == "root") | .text' "$OUT")" \
		"$BUNDLE/rootfs"
}
