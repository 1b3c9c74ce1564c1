#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mounts: kinds, options, targets; and the root itself.
load helpers

setup() {
	prepare
	SOURCE=$BATS_TEST_TMPDIR/source
	mkdir -p "$SOURCE/sub"
	echo content >"$SOURCE/file"
}

teardown() {
	umount "$SOURCE/sub" 2>/dev/null || true
	umount "$SOURCE" 2>/dev/null || true
	tidy
}

# mounts DESTINATION TYPE SOURCE OPTION...: append a mount.
add_mount() {
	local destination=$1 type=$2 source=$3
	shift 3
	config --arg d "$destination" --arg t "$type" --arg s "$source" \
		'.mounts += [{destination: $d, type: $t, source: $s,
			options: $ARGS.positional}]' --args "$@"
}

# config puts the file name last, which --args would swallow.
config() {
	local file=$BUNDLE/config.json
	jq "$@" <"$file" >"$file.new" && mv "$file.new" "$file"
}

# The options of the mount at DESTINATION, as the container sees them.
shows() {
	program "grep ' $1 ' /proc/self/mountinfo; $2"
	must_run
}

# A077
@test "a bind mount shows the source" {
	add_mount /data none "$SOURCE" bind
	program 'cat /data/file; echo new >/data/new'
	must_run
	equals "$output" content
	equals "$(cat "$SOURCE/new")" new
}

# A076
@test "a bind mount of a file makes the file it is mounted on" {
	add_mount /some/new/file none "$SOURCE/file" bind
	program 'cat /some/new/file'
	must_run
	equals "$output" content
	[ -f "$BUNDLE/rootfs/some/new/file" ]
}

# A077
@test "a source relative to the bundle" {
	mkdir "$BUNDLE/data"
	echo near >"$BUNDLE/data/file"
	add_mount /data none data bind
	program 'cat /data/file'
	must_run
	equals "$output" near
}

# A084
@test "ro holds for a bind mount, and only there" {
	add_mount /data none "$SOURCE" bind ro
	program 'echo x >/data/x || echo refused'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$output" refused
	[ ! -e "$SOURCE/x" ]
	echo x >"$SOURCE/x"
}

# A083
@test "rw and other clearing options undo what the source had" {
	mount -t tmpfs tmpfs "$SOURCE"
	mount -o remount,bind,ro,nodev,noexec,nosuid "$SOURCE"
	add_mount /data none "$SOURCE" bind rw dev exec suid
	shows /data 'echo x >/data/x && echo written'
	umount "$SOURCE"
	contains "$output" written
	lacks "$output" noexec
	lacks "$output" nodev
	lacks "$output" nosuid
}

# A084 D029
@test "a bind mount without ro keeps a read-only source read-only" {
	mount -t tmpfs -o ro tmpfs "$SOURCE"
	add_mount /data none "$SOURCE" bind
	program 'echo x >/data/x || echo refused'
	runf run --bundle "$BUNDLE" "$ID"
	umount "$SOURCE"
	equals "$output" refused
}

# A084 A096 A102
@test "every flag is on the mount it was asked for" {
	for flag in nosuid nodev noexec noatime nodiratime ro nosymfollow; do
		add_mount "/data-$flag" none "$SOURCE" bind "$flag"
	done
	add_mount /strict none "$SOURCE" bind strictatime
	program 'cat /proc/self/mountinfo'
	must_run
	for flag in nosuid nodev noexec noatime nodiratime ro nosymfollow; do
		matches "$(grep " /data-$flag " "$OUT" | cut -d ' ' -f 6)" \
			"(^|,)$flag(,|\$)"
	done
	lacks "$(grep ' /strict ' "$OUT" | cut -d ' ' -f 6)" relatime
}

# A102
@test "bind shows one file system, rbind what is mounted below too" {
	mount -t tmpfs tmpfs "$SOURCE/sub"
	echo deep >"$SOURCE/sub/deep"
	add_mount /flat none "$SOURCE" bind
	add_mount /deep none "$SOURCE" rbind
	program 'ls /flat/sub; echo -; ls /deep/sub'
	must_run
	umount "$SOURCE/sub"
	equals "$output" "$(printf -- '-\ndeep')"
}

# A095 A107
@test "recursive options reach the mounts below" {
	mount -t tmpfs tmpfs "$SOURCE/sub"
	add_mount /data none "$SOURCE" rbind rro rnosuid rnoexec rnoatime
	program 'grep " /data" /proc/self/mountinfo
		echo x >/data/sub/x || echo refused'
	runf run --bundle "$BUNDLE" "$ID"
	umount "$SOURCE/sub"
	equals "$status" 0
	contains "$output" refused
	for flag in ro nosuid noexec noatime; do
		equals "$(echo "$output" | grep -cE \
			" /data(/sub)? [^ ]*\b$flag\b")" 2
	done
}

# A107 D055
@test "recursive atime options exclude each other, the last one wins" {
	add_mount /data none "$SOURCE" rbind rnoatime rrelatime
	add_mount /strict none "$SOURCE" rbind rstrictatime
	program 'grep -E " /(data|strict) " /proc/self/mountinfo'
	must_run
	lacks "$(grep /data "$OUT" | cut -d ' ' -f 6)" noatime
	lacks "$(grep /strict "$OUT" | cut -d ' ' -f 6)" atime
}

# A084
@test "plain ro leaves the mounts below writable" {
	mount -t tmpfs tmpfs "$SOURCE/sub"
	add_mount /data none "$SOURCE" rbind ro
	program 'echo x >/data/sub/x && echo written'
	must_run
	umount "$SOURCE/sub"
	equals "$output" written
}

# A078
@test "a bind mount needs the option, the type alone is not enough" {
	add_mount /data bind "$SOURCE"
	refuses "/data" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A077
@test "a missing source is named" {
	add_mount /data none "$SOURCE/nowhere" bind
	refuses "$SOURCE/nowhere" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A078
@test "an unknown file system type fails with its destination" {
	add_mount /data nosuchfs none
	refuses "/data" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A079
@test "an option that tmpfs does not know fails with its name" {
	add_mount /data tmpfs tmpfs nosuchoption=1
	refuses "nosuchoption" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A079 A110
@test "options that runf does not know go to the file system" {
	add_mount /data tmpfs tmpfs size=64k mode=711 gid=1000
	shows /data 'stat -c "%a %g" /data
		dd if=/dev/zero of=/data/f bs=1k count=100 2>/dev/null ||
		stat -c %s /data/f'
	contains "$output" size=64k
	contains "$output" "711 1000"
	contains "$output" 65536
}

# A105
@test "defaults means nothing" {
	add_mount /data tmpfs tmpfs defaults size=1m
	must_run
}

# A092 D042
@test "tmpfs takes the mode of the directory it covers" {
	mkdir -m 1777 "$BUNDLE/rootfs/sticky"
	mkdir -m 700 "$BUNDLE/rootfs/closed"
	add_mount /sticky tmpfs tmpfs
	add_mount /closed tmpfs tmpfs
	add_mount /given tmpfs tmpfs mode=750
	program 'stat -c %a /sticky /closed /given'
	must_run
	equals "$(echo "$output" | xargs)" "1777 700 750"
}

# A090 A091 A092 D042
@test "the default shm, mqueue and pts have their modes" {
	program 'stat -c "%n %a" /dev/shm /dev/mqueue /dev /proc /sys
		ls /dev/pts'
	must_run
	contains "$output" "/dev/shm 1777"
	contains "$output" "/dev/mqueue 1777"
	contains "$output" "/dev 755"
	contains "$output" "/proc 555"
	contains "$output" "/sys 555"
	contains "$output" ptmx
}

# A093 A109 C019
@test "tmpcopyup keeps what was there" {
	mkdir -p "$BUNDLE/rootfs/var/lib/x"
	echo kept >"$BUNDLE/rootfs/var/lib/x/file"
	echo other >"$BUNDLE/rootfs/var/lib/other"
	chown 1000:1000 "$BUNDLE/rootfs/var/lib/other"
	ln -s x/file "$BUNDLE/rootfs/var/lib/link"
	add_mount /var/lib tmpfs tmpfs tmpcopyup
	program 'cat /var/lib/link; stat -c %u /var/lib/other
		readlink /var/lib/link; echo changed >/var/lib/x/file'
	must_run
	equals "$(echo "$output" | xargs)" "kept 1000 x/file"
	equals "$(cat "$BUNDLE/rootfs/var/lib/x/file")" kept
}

# A093
@test "tmpcopyup is for tmpfs, and not for the root" {
	add_mount /data none "$SOURCE" bind tmpcopyup
	refuses "tmpcopyup" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

@test "mounts are made in the order they are listed" {
	add_mount /data none "$SOURCE" bind
	add_mount /data/sub tmpfs tmpfs size=1m
	program 'echo x >/data/sub/x; cat /data/file'
	must_run
	equals "$output" content
	[ ! -e "$SOURCE/sub/x" ]
}

# A076
@test "a relative destination is taken from the root" {
	add_mount data none "$SOURCE" bind
	program 'cat /data/file'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 0
	equals "$output" content
}

# A076 D004
@test "links in the root stay in the root" {
	mkdir -p "$BATS_TEST_TMPDIR/outside"
	ln -s "$BATS_TEST_TMPDIR/outside" "$BUNDLE/rootfs/link"
	ln -s ../../../../../../../../outside "$BUNDLE/rootfs/up"
	add_mount /link/a none "$SOURCE" bind
	add_mount /up/b tmpfs tmpfs
	program "cat $BATS_TEST_TMPDIR/outside/a/file; ls -d /outside/b"
	must_run
	contains "$output" content
	contains "$output" /outside/b
	equals "$(ls "$BATS_TEST_TMPDIR/outside")" ""
}

# A094
@test "remount changes the flags of what is mounted" {
	add_mount /data tmpfs tmpfs size=1m
	add_mount /data none none remount ro noexec
	program 'echo x >/data/x || echo refused
		grep " /data " /proc/self/mountinfo'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$status" 0
	contains "$output" refused
	contains "$output" noexec
}

# A085 A106
@test "propagation is what the mount asks for" {
	for kind in shared slave private unbindable; do
		mkdir -p "$SOURCE/$kind"
		mount -t tmpfs tmpfs "$SOURCE/$kind"
		mount --make-shared "$SOURCE/$kind"
		add_mount "/$kind" none "$SOURCE/$kind" rbind "r$kind"
	done
	program 'cat /proc/self/mountinfo'
	must_run
	for kind in shared slave private unbindable; do
		umount "$SOURCE/$kind"
	done
	matches "$(grep ' /shared ' "$OUT")" 'shared:'
	matches "$(grep ' /slave ' "$OUT")" 'master:'
	matches "$(grep ' /unbindable ' "$OUT")" 'unbindable'
	lacks "$(grep ' /private ' "$OUT")" 'shared:'
	lacks "$(grep ' /private ' "$OUT")" 'master:'
}

# D047
@test "a host mount made later is seen through rslave, not back" {
	mount -t tmpfs tmpfs "$SOURCE"
	mount --make-shared "$SOURCE"
	mkdir "$SOURCE/later" "$SOURCE/inner"
	add_mount /data none "$SOURCE" rbind rslave
	sleeper
	start_container
	mount -t tmpfs tmpfs "$SOURCE/later"
	must exec "$ID" grep -c ' /data/later ' /proc/self/mountinfo
	umount "$SOURCE/later"
	must delete --force "$ID"
	umount "$SOURCE"
}

# A137
@test "unknown propagation of the root is refused, known is set" {
	for kind in private slave shared unbindable; do
		config --arg k "$kind" '.linux.rootfsPropagation = $k'
		program 'grep " / / \| / " /proc/self/mountinfo | head -n 1'
		must_run
	done
	config '.linux.rootfsPropagation = "nonsense"'
	refuses "rootfsPropagation" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# D028
@test "nothing that is mounted is seen on the host" {
	add_mount /data none "$SOURCE" rbind
	sleeper
	before=$(mountpoints)
	start_container
	equals "$(mountpoints)" "$before"
}

@test "the container sees no mount of the host" {
	program 'cut -d " " -f 5 /proc/self/mountinfo'
	must_run
	lacks "$output" "$BATS_TEST_TMPDIR"
	lacks "$output" "/old"
	equals "$(head -n 1 "$OUT")" /
}

# A039
@test "a read-only root cannot be written to" {
	config '.root.readonly = true
		| .process.args = ["sh", "-c", "touch /x || echo refused"]'
	runf run --bundle "$BUNDLE" "$ID"
	equals "$output" refused
}

# A037 A038
@test "a root that is missing, or missing in the config, is named" {
	mv "$BUNDLE/rootfs" "$BUNDLE/elsewhere"
	refuses "rootfs" run --bundle "$BUNDLE" "$ID"
	nothing_left
	config 'del(.root)'
	refuses "root" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A038
@test "an absolute path of the root" {
	mv "$BUNDLE/rootfs" "$BATS_TEST_TMPDIR/elsewhere"
	config --arg p "$BATS_TEST_TMPDIR/elsewhere" '.root.path = $p'
	must create --bundle "$BUNDLE" "$ID"
	equals "$(state_of .rootfs)" "$BATS_TEST_TMPDIR/elsewhere"
}

# A088 A123
@test "the cgroup file system shows the container's own cgroup" {
	config 'if .linux.namespaces | any(.type == "cgroup") then . else
		.linux.namespaces += [{type: "cgroup"}] end'
	program 'cat /proc/self/cgroup; ls /sys/fs/cgroup
		cat /sys/fs/cgroup/cgroup.procs 2>/dev/null || true'
	must_run
	lacks "$output" "$ID"
	[ "$MODE" != v2 ] || matches "$output" '(^|[^0-9])1($|[^0-9])'
}

# A080 D046
@test "an idmapped bind mount shows other owners" {
	add_mount /data none "$SOURCE" bind
	config '.mounts[-1].uidMappings = [{containerID: 0, hostID: 5000,
			size: 1000}]
		| .mounts[-1].gidMappings = [{containerID: 0, hostID: 5000,
			size: 1000}]'
	program 'stat -c "%u %g" /data/file'
	must_run
	equals "$output" "5000 5000"
}

# A080
@test "idmapped mounts need both mappings" {
	add_mount /data none "$SOURCE" bind
	config '.mounts[-1].uidMappings = [{containerID: 0, hostID: 5000,
		size: 1}]'
	refuses "apping" run --bundle "$BUNDLE" "$ID"
	nothing_left
}
