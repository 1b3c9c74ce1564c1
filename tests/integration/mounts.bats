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
	needs_kernel 5 12
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
	needs_kernel 5 12
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
	needs_kernel 5 12
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

@test "/dev is the same, whether init makes it or the parent beside it" {
	program 'cd /dev; stat -c "%n %F %a %u %g %t:%T" . * | sort
		for link in fd stdin stdout stderr ptmx; do readlink $link; done
		cut -d" " -f4- /proc/self/mountinfo | grep /dev | sort
		echo x >/dev/null && echo x >/dev/shm/x'
	# The parent has time where there is no network namespace to be made.
	config '.linux.namespaces |= map(select(.type != "network"))'
	must_run
	beside=$output
	[ "$(nproc)" = 1 ] || contains "$("$RUNF" plan --bundle "$BUNDLE")" \
		'"beside": 1'
	contains "$beside" "null character special file 666 0 0 1:3"
	run taskset -c 0 "$RUNF" --root "$STATE" run --bundle "$BUNDLE" "$ID" \
		3>&- </dev/null
	equals "$output" "$beside"
}

# A102 A103 A104 A105 A106 A107 A109 A212
@test "every option that features names is taken, by a bind and a tmpfs" {
	needs_kernel 5 12
	must features
	words=$(jq -r '.mountOptions[]' <<<"$output" |
		grep -vxE 'r?bind|remount|r?idmap|tmpcopyup')
	for word in $words; do
		add_mount "/bind-$word" none "$SOURCE" bind "$word"
		add_mount "/tmpfs-$word" tmpfs tmpfs "$word"
	done
	program 'grep -c -E " /(bind|tmpfs)-" /proc/self/mountinfo'
	must_run
	equals "$output" "$((2 * $(wc -w <<<"$words")))"
}

# A102: of the instance
@test "sync, dirsync and lazytime are on the file system" {
	add_mount /data tmpfs tmpfs sync dirsync lazytime mand
	add_mount /plain tmpfs tmpfs rsync async
	program 'cat /proc/self/mountinfo'
	must_run
	matches "$(grep ' /data ' "$OUT")" ' - tmpfs .*sync,.*dirsync.*lazytime'
	lacks "$(grep ' /plain ' "$OUT")" sync
}

# A096 A104
@test "nosymfollow, its recursive twin, and back" {
	needs_kernel 5 12
	mount -t tmpfs tmpfs "$SOURCE/sub"
	echo s >"$SOURCE/sub/file"
	ln -s file "$SOURCE/link"
	ln -s file "$SOURCE/sub/link"
	add_mount /flat none "$SOURCE" rbind nosymfollow
	add_mount /deep none "$SOURCE" rbind rnosymfollow
	add_mount /back none "$SOURCE" rbind rnosymfollow rsymfollow
	program 'for f in /flat/link /flat/sub/link /deep/link /deep/sub/link \
			/back/link /back/sub/link; do
			cat $f 2>/dev/null || echo no; done'
	must_run
	umount "$SOURCE/sub"
	equals "$(echo "$output" | xargs)" "no s no no content s"
}

# C020
@test "copy-symlink makes the link again, and nothing else over it" {
	ln -s /etc/passwd "$SOURCE/link"
	add_mount /copied none "$SOURCE/link" bind copy-symlink
	add_mount /deep/copied none "$SOURCE/link" bind copy-symlink
	add_mount /plain none "$SOURCE/file" bind copy-symlink
	program 'readlink /copied; readlink /deep/copied; cat /plain'
	must_run
	equals "$(echo "$output" | xargs)" "/etc/passwd /etc/passwd content"
	must_run # again: it is there already, as it should be
	ln -sf elsewhere "$BUNDLE/rootfs/copied"
	refuses "/copied" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# C020
@test "src-nofollow mounts the link itself, dest-nofollow lies on one" {
	ln -s /etc/group "$SOURCE/link"
	ln -s /etc/passwd "$BUNDLE/rootfs/over"
	add_mount /link none "$SOURCE/link" bind src-nofollow
	add_mount /over none "$SOURCE/file" bind dest-nofollow
	add_mount /new/file none "$SOURCE/file" bind dest-nofollow
	program 'readlink /link; cat /over /new/file; head -n 1 /etc/passwd'
	must_run
	equals "$(echo "$output" | xargs)" \
		"/etc/group content content root:x:0:0:root:/root:/bin/sh"
}

# A076 D061
@test "fifos, sockets and devices can be bound, on nothing and on a file" {
	mkfifo "$SOURCE/fifo"
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SOURCE/socket"
	: >"$BUNDLE/rootfs/fifo2"
	add_mount /a/fifo none "$SOURCE/fifo" rbind ro
	add_mount /fifo2 none "$SOURCE/fifo" bind rro
	add_mount /a/socket none "$SOURCE/socket" bind
	add_mount /a/null none /dev/null bind
	program '[ -p /a/fifo ] && [ -p /fifo2 ] && [ -S /a/socket ] &&
		[ -c /a/null ] && echo all'
	must_run
	equals "$output" all
}

# A076 B123
@test "a directory over a file, or a file over a directory, says what" {
	: >"$BUNDLE/rootfs/plain"
	add_mount /plain none "$SOURCE" bind
	refuses "ot a directory" run --bundle "$BUNDLE" "$ID"
	config 'del(.mounts[-1])'
	mkdir "$BUNDLE/rootfs/folder"
	add_mount /folder none "$SOURCE/file" bind
	refuses "/folder" run --bundle "$BUNDLE" "$ID"
	contains "${errors,,}" "not a directory"
	nothing_left
}

# A137
@test "the root has the propagation that is asked for" {
	for kind in private slave shared unbindable rshared; do
		config --arg k "$kind" '.linux.rootfsPropagation = $k'
		program 'grep -m 1 " / / \| / " /proc/self/mountinfo'
		must_run
		case $kind in
		private)
			lacks "$output" shared:
			lacks "$output" master:
			;;
		slave) lacks "$output" shared: ;;
		*shared) contains "$output" shared: ;;
		unbindable) contains "$output" unbindable ;;
		esac
	done
}

# A085 D028
@test "no mount of the container reaches the host, however it is shared" {
	mount -t tmpfs tmpfs "$SOURCE"
	mount --make-shared "$SOURCE"
	mkdir "$SOURCE/x"
	for kind in private rprivate slave rslave unbindable; do
		add_mount "/$kind" none "$SOURCE" rbind "$kind"
		add_mount "/$kind/x" tmpfs tmpfs
	done
	add_mount /shared none "$SOURCE" rbind rshared
	config '.linux.rootfsPropagation = "rshared"'
	before=$(mountpoints)
	sleeper
	start_container
	equals "$(mountpoints)" "$before"
	must delete --force "$ID"
	umount "$SOURCE"
}

# A087 D029
@test "a user namespace without network gets the host's sysfs, read-only" {
	config '.linux.namespaces |= map(select(.type != "network"))
		+ [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	program 'grep " /sys " /proc/self/mountinfo; ls -d /sys/class/net'
	must_run
	matches "$output" ' /sys ro,[^ ]*nosuid'
	contains "$output" /sys/class/net
}

# A090
@test "an option of devpts that cannot be is named" {
	config '.mounts |= map(if .destination == "/dev/pts" then
			.options += ["gid=70000"] else . end)
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	refuses "gid=70000" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A088 D009
@test "cgroup mounts: read-only, writable, without a namespace" {
	for type in cgroup cgroup2; do
		config --arg t "$type" '.mounts |= map(
			if .destination == "/sys/fs/cgroup" then .type = $t
			| .options = ["nosuid", "noexec", "nodev", "relatime", "ro",
				"nsdelegate", "memory_recursiveprot"] else . end)'
		program 'mkdir /sys/fs/cgroup/x 2>/dev/null || echo refused
			ls /sys/fs/cgroup | wc -l'
		must_run
		equals "$(head -n 1 "$OUT")" refused
		[ "$(tail -n 1 "$OUT")" -gt 0 ]
	done
	# Its own part, and what the mount's options make of it.
	config 'del(.linux.namespaces[] | select(.type == "cgroup"))
		| .mounts |= map(if .destination == "/sys/fs/cgroup" then
			.type = "cgroup" | .options = ["nosuid"] else . end)'
	program 'own=$(find /sys/fs/cgroup -name cgroup.procs | tail -n 1)
		mkdir "${own%/*}/x" && rmdir "${own%/*}/x" && echo writable
		find /sys/fs/cgroup -name "*.slice" | wc -l
		grep -cx 1 "$own"'
	must_run
	equals "$(xargs <<<"$output")" "writable 0 1"
}

# A088: as podman's systemd mode has it on hosts with cgroup v1
@test "what is read-only gets the places of what stands on it first" {
	mkdir -p "$SOURCE/x"
	echo inside >"$SOURCE/x/file"
	add_mount /t tmpfs tmpfs ro nosuid
	add_mount /t/a/b none "$SOURCE/x" bind
	program 'cat /t/a/b/file; touch /t/new 2>/dev/null || echo refused'
	must_run
	equals "$(xargs <<<"$output")" "inside refused"
	[ "$MODE" != v2 ] || return 0
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then
		.type = "cgroup" else . end)'
	add_mount /sys/fs/cgroup/extra none "$SOURCE/x" bind
	program 'cat /sys/fs/cgroup/extra/file
		mkdir /sys/fs/cgroup/new 2>/dev/null || echo refused'
	must_run
	equals "$(xargs <<<"$output")" "inside refused"
}

# A098 A099 D045
@test "a bound /dev is left alone; a read-only one has its nodes" {
	config '.mounts |= map(if .destination == "/dev" then
		.options += ["ro"] else . end)'
	program 'ls /dev/null /dev/fd /dev/ptmx >/dev/null && echo there
		touch /dev/x 2>/dev/null || echo refused'
	must_run
	equals "$(echo "$output" | xargs)" "there refused"
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	mkdir "$SOURCE/dev"
	mknod "$SOURCE/dev/null" c 1 3
	add_mount /dev/ none "$SOURCE/dev" bind
	program 'ls /dev'
	must_run
	equals "$output" null
	equals "$(ls "$SOURCE/dev")" null
}

# A094
@test "remount keeps the data, and needs something that is mounted" {
	add_mount /data tmpfs tmpfs size=64k
	add_mount /data tmpfs tmpfs remount nosuid size=1m context=x
	program 'grep " /data " /proc/self/mountinfo'
	must_run
	contains "$output" size=64k
	contains "$output" nosuid
	config 'del(.mounts[-1])'
	add_mount /nowhere none none remount ro
	refuses "/nowhere" run --bundle "$BUNDLE" "$ID"
	nothing_left
}

# A083
@test "flags that are locked stay, or fail where clearing was asked for" {
	mount -t tmpfs -o nosuid,nodev,noexec,ro tmpfs "$SOURCE"
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	add_mount /data none "$SOURCE" bind nosuid
	program 'grep " /data " /proc/self/mountinfo | cut -d " " -f 6'
	must_run
	for flag in ro nosuid nodev noexec; do
		matches "$output" "(^|,)$flag(,|\$)"
	done
	umount "$SOURCE"
}

# A140 C003
@test "the kind of a label must be one that SELinux has" {
	config '.annotations["run.oci.mount_context_type"] = "rootcontext"'
	must_run
	config '.annotations["run.oci.mount_context_type"] = "nonsense"'
	refuses "mount_context_type" run --bundle "$BUNDLE" "$ID"
	nothing_left
}
