#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runf-fn deploy, list, usage and delete.
load helpers

setup() {
	FN=$(dirname "$RUNF")/runf-fn
	[ -x "$FN" ] || skip "runf-fn was not built (libmicrohttpd-dev, libarchive-dev, libmd-dev)"
	prepare
	export RUNF_LIBEXEC
	RUNF_LIBEXEC=$(dirname "$RUNF")
	FNROOT=$BATS_TEST_TMPDIR/functions.root
	RUNTIME=$BATS_TEST_TMPDIR/runtime
	CODE=$BATS_TEST_TMPDIR/code
	ZIP=$BATS_TEST_TMPDIR/code.zip
}

teardown() {
	local result=0
	[ -z "${SERVER-}" ] || kill "$SERVER" 2>/dev/null || true
	[ -z "${HOLDER-}" ] || kill "$HOLDER" 2>/dev/null || true
	tidy || result=1
	return "$result"
}

# fn ARG...: like runf of the helpers, with a root of the test's own.
fn() {
	CALLS=$((CALLS + 1))
	OUT=$BATS_TEST_TMPDIR/out.$CALLS
	ERR=$BATS_TEST_TMPDIR/err.$CALLS
	status=0
	timeout --foreground --kill-after=5 "$((60 * RUNF_SLOW))" \
		"$FN" --root "$FNROOT" "$@" \
		</dev/null >"$OUT" 2>"$ERR" 3>&- || status=$?
	output=$(<"$OUT")
	errors=$(<"$ERR")
}

must_fn() {
	fn "$@"
	[ "$status" -eq 0 ] && [ -z "$errors" ] && return
	echo "runf-fn $*: status $status, stderr: $errors"
	return 1
}

# refuses_fn TEXT ARG...: status 125, and one line that has TEXT.
refuses_fn() {
	local text=$1
	shift
	fn "$@"
	if [ "$status" -ne 125 ] || [ "$(wc -l <"$ERR")" -ne 1 ]; then
		echo "runf-fn $*: status $status, stderr: $errors"
		return 1
	fi
	contains "$errors" "$text"
}

# A runtime, and code that is told what to do by SHELL-TEXT.
make_code() {
	mkdir -p "$CODE" "$RUNTIME"
	[ -d "$RUNTIME/rootfs" ] || cp -a "$BUNDLE/rootfs" "$RUNTIME/rootfs"
	printf '#!/bin/sh\n%s\n' "$1" >"$CODE/bootstrap"
	chmod 755 "$CODE/bootstrap"
	pack
}

pack() {
	rm -f "$ZIP"
	python3 - "$CODE" "$ZIP" <<-'END'
		import os, stat, sys, time, zipfile
		top, target = sys.argv[1:]
		with zipfile.ZipFile(target, "w") as archive:
		    for folder, _, files in sorted(os.walk(top)):
		        for name in sorted(files):
		            path = os.path.join(folder, name)
		            found = os.lstat(path)
		            info = zipfile.ZipInfo(os.path.relpath(path, top),
		                time.localtime(found.st_mtime)[:6])
		            info.create_system = 3
		            info.external_attr = found.st_mode << 16
		            archive.writestr(info, os.readlink(path).encode()
		                if stat.S_ISLNK(found.st_mode)
		                else open(path, "rb").read())
	END
}

# layer FILE NAME CONTENT
layer() {
	python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr(sys.argv[2], sys.argv[3])' "$@"
}

current() {
	readlink -f "$FNROOT/functions/$1/current"
}

# What the function's program prints, when runf runs its bundle.
run_function() {
	without_controllers "$1"
	must run --bundle "$(current "$1")" "$ID"
}

# A view without controllers has no limits; all else is as deployed.
without_controllers() {
	local name
	for name in memory cpu pids; do
		has_controller "$name" || config_of "$(current "$1")" \
			--arg name "$name" 'del(.linux.resources[$name])'
	done
}

# Nothing but whole versions, and links to them.
only_whole_versions() {
	local path
	[ -d "$FNROOT/functions" ] || return 0
	for path in "$FNROOT"/functions/*/versions/*; do
		if [ ! -f "$path/config.json" ] || [ ! -f "$path/boost.json" ]
		then
			echo "not whole: $path"
			return 1
		fi
		[[ "${path##*/}" =~ ^[0-9a-f]{64}$ ]] || {
			echo "no version: $path"
			return 1
		}
	done
}

# ---- kinds

@test "an archive is /var/task, layers are /opt, and a later layer wins" {
	# shellcheck disable=SC2016
	make_code 'cat /var/task/data/file /opt/one /opt/both; echo "$_HANDLER $KEY"
		pwd; ls -l /var/task/link; touch /var/task/x /opt/x /x 2>&1 | wc -l'
	mkdir "$CODE/data"
	echo content >"$CODE/data/file"
	touch -d '2001-02-03 04:05:06' "$CODE/data/file"
	ln -s data/file "$CODE/link"
	pack
	layer "$BATS_TEST_TMPDIR/l1.zip" both first
	layer "$BATS_TEST_TMPDIR/l2.zip" both second
	layer "$BATS_TEST_TMPDIR/l0.zip" one one.
	must_fn deploy hello --zip "$ZIP" --layer "$BATS_TEST_TMPDIR/l0.zip" \
		--layer "$BATS_TEST_TMPDIR/l1.zip" \
		--layer "$BATS_TEST_TMPDIR/l2.zip" --runtime "$RUNTIME" \
		--handler index.handler --env KEY=a=b
	matches "$output" '^hello [0-9a-f]{64}$'
	equals "$(stat -c %y "$(current hello)/task/data/file")" \
		"$(stat -c %y "$CODE/data/file")"
	run_function hello
	contains "$output" "content
one.secondindex.handler a=b
/var/task"
	contains "$output" "/var/task/link -> data/file
3"
}

@test "the sandbox of a function has no rights, its limits and its /tmp" {
	make_code 'id -u; id -g; grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" \
		/proc/self/status | tr "\n" " "; df -m /tmp | tail -n 1; ls /sys/class/net
		ulimit -n; unshare -n true 2>&1; env | sort | grep -E "AWS|LAMBDA|^TZ"'
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME" --memory 300 --tmp 20
	local config
	config=$(jq -c . "$(current hello)/config.json")
	run_function hello
	contains "$output" "993
990"
	contains "$output" "CapBnd:	0000000000000000"
	contains "$output" "CapEff:	0000000000000000"
	contains "$output" "NoNewPrivs:	1"
	contains "$output" "Seccomp:	2"
	matches "$output" 'tmpfs +20 .*/tmp'
	contains "$output" "
lo
1024"
	contains "$output" "Operation not permitted"
	contains "$output" "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=300"
	contains "$output" "AWS_LAMBDA_FUNCTION_NAME=hello"
	contains "$output" "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001"
	contains "$output" "LAMBDA_TASK_ROOT=/var/task"
	contains "$output" "TZ=:UTC"
	equals "$(jq -c .linux.resources.memory <<<"$config")" \
		'{"limit":314572800,"swap":314572800}'
	equals "$(jq -c .linux.resources.cpu <<<"$config")" \
		'{"quota":16958,"period":100000}'
	equals "$(jq -c 'del(.linux.resources.cpu)' <<<"$config")" \
		"$(jq -c . "$(current hello)/boost.json")"
	must check --bundle "$(current hello)"
}

@test "the program is the first bootstrap: of the code, a layer, the runtime" {
	make_code 'echo from task'
	mkdir -p "$RUNTIME/rootfs/var/runtime"
	must_fn deploy a --zip "$ZIP" --runtime "$RUNTIME"
	run_function a
	equals "$output" "from task"
	rm "$CODE/bootstrap"
	echo >"$CODE/other"
	pack
	refuses_fn "no bootstrap" deploy a --zip "$ZIP" --runtime "$RUNTIME"
	printf '#!/bin/sh\necho from runtime\n' \
		>"$RUNTIME/rootfs/var/runtime/bootstrap"
	refuses_fn "/var/runtime/bootstrap is no executable file" \
		deploy a --zip "$ZIP" --runtime "$RUNTIME"
	chmod +x "$RUNTIME/rootfs/var/runtime/bootstrap"
	must_fn deploy a --zip "$ZIP" --runtime "$RUNTIME"
	run_function a
	equals "$output" "from runtime"
	cp "$ZIP" "$BATS_TEST_TMPDIR/code2.zip"
	make_code 'echo from layer'
	must_fn deploy a --zip "$BATS_TEST_TMPDIR/code2.zip" --layer "$ZIP" \
		--runtime "$RUNTIME"
	run_function a
	equals "$output" "from layer"
}

@test "the root of a runtime is where its config says, with its environment" {
	# shellcheck disable=SC2016
	make_code 'echo "$OF_RUNTIME $MINE"'
	mv "$RUNTIME/rootfs" "$RUNTIME/elsewhere"
	echo '{"root": {"path": "elsewhere"}, "process": {"env":
		["OF_RUNTIME=yes", "MINE=no"]}}' >"$RUNTIME/config.json"
	must_fn deploy a --zip "$ZIP" --runtime "$RUNTIME" --env MINE=yes
	run_function a
	equals "$output" "yes yes"
	rm -r "$RUNTIME/elsewhere"
	refuses_fn "is no directory" deploy a --zip "$ZIP" --runtime "$RUNTIME"
}

@test "a bundle is copied with its times, and does not change with its source" {
	# shellcheck disable=SC2016
	config '.process.args = ["/bin/sh", "-c", "cat /etc/word; pwd; echo $A $_HANDLER; id -u"]
		| .process.cwd = "/etc" | .process.env += ["A=5"] | .process.user.uid = 1000
		| .mounts += [{"destination": "/mnt", "type": "bind", "source": "/tmp"}]'
	echo first >"$BUNDLE/rootfs/etc/word"
	touch -d 2001-02-03 "$BUNDLE/rootfs/etc/word"
	fn deploy hello --bundle "$BUNDLE" --handler h
	equals "$status" 0
	equals "$errors" "runf-fn: warning: the mount at /mnt of the bundle is left out: copy what it has into the root"
	equals "$(stat -c %Y "$(current hello)/rootfs/etc/word")" \
		"$(stat -c %Y "$BUNDLE/rootfs/etc/word")"
	local version=$output
	echo second >"$BUNDLE/rootfs/etc/word"
	run_function hello
	equals "$output" "first
/etc
5 h
1000"
	fn deploy hello --bundle "$BUNDLE" --handler h
	[ "$version" != "$output" ]
	run_function hello
	contains "$output" "second"
	echo first >"$BUNDLE/rootfs/etc/word"
	fn deploy hello --bundle "$BUNDLE" --handler h
	equals "$output" "$version unchanged"
	run_function hello
	contains "$output" "first"
}

# make_image LAYOUT TAG: busybox, with a configuration of its own.
make_image() {
	command -v umoci >/dev/null || skip "umoci is not installed"
	local work=$BATS_TEST_TMPDIR/image
	umoci init --layout "$1"
	umoci new --image "$1:$2"
	umoci unpack --image "$1:$2" "$work" 2>/dev/null
	mkdir "$work/rootfs/bin" "$work/rootfs/work"
	cp /bin/busybox "$work/rootfs/bin/busybox"
	ln -s busybox "$work/rootfs/bin/sh"
	umoci repack --image "$1:$2" "$work" 2>/dev/null
	# shellcheck disable=SC2016
	umoci config --image "$1:$2" --config.entrypoint /bin/sh \
		--config.entrypoint -c --config.cmd 'pwd; echo $A $_HANDLER; busybox id -u' \
		--config.workingdir /work --config.env A=image --config.user 7:8
}

@test "an image in a layout: entry point, directory, environment and user" {
	make_image "$BATS_TEST_TMPDIR/layout" v1
	must_fn deploy img --layout "$BATS_TEST_TMPDIR/layout:v1" --handler x.y
	run_function img
	equals "$output" "/work
image x.y
7"
	must_fn deploy img --layout "$BATS_TEST_TMPDIR/layout:v1" --handler x.y
	contains "$output" unchanged
	refuses_fn 'has no image "v2"' deploy img \
		--layout "$BATS_TEST_TMPDIR/layout:v2"
	refuses_fn "expected DIR:TAG" deploy img --layout layout
	refuses_fn "No such file" deploy img --layout "$BATS_TEST_TMPDIR/none:v1"
	only_whole_versions
}

registry() {
	local port
	command -v skopeo >/dev/null || skip "skopeo is not installed"
	command -v docker-registry >/dev/null || skip "docker-registry is not installed"
	port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	REGISTRY=127.0.0.1:$port
	cat >"$BATS_TEST_TMPDIR/registry.yml" <<-END
		version: 0.1
		storage: {filesystem: {rootdirectory: $BATS_TEST_TMPDIR/registry}}
		http: {addr: $REGISTRY}
	END
	docker-registry serve "$BATS_TEST_TMPDIR/registry.yml" \
		>"$BATS_TEST_TMPDIR/registry.log" 2>&1 3>&- &
	SERVER=$!
	eventually curl_registry
	# It speaks HTTP, which is nobody's default.
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME/.config/containers"
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" \
		>"$HOME/.config/containers/registries.conf"
}

# shellcheck disable=SC2317 # through eventually
curl_registry() {
	python3 -c 'import sys, urllib.request
urllib.request.urlopen(sys.argv[1])' "http://$REGISTRY/v2/" 2>/dev/null
}

@test "an image from a registry is the same as that in a layout" {
	make_image "$BATS_TEST_TMPDIR/layout" v1
	registry
	skopeo copy --quiet --dest-tls-verify=false \
		"oci:$BATS_TEST_TMPDIR/layout:v1" "docker://$REGISTRY/team/fn:v1" 3>&-
	must_fn deploy img --image "$REGISTRY/team/fn:v1"
	run_function img
	equals "$output" "/work
image
7"
	must_fn deploy img --image "docker://$REGISTRY/team/fn:v1"
	contains "$output" unchanged
	must_fn deploy img --layout "$BATS_TEST_TMPDIR/layout:v1"
	contains "$output" unchanged
	refuses_fn "manifest unknown" deploy img --image "$REGISTRY/team/fn:v2"
	only_whole_versions
	equals "$(find "$(current img)" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs)" \
		"boost.json config.json rootfs"
}

@test "another OCI runtime runs a function's bundle" {
	local other
	other=$(command -v crun || command -v runc) || skip "neither crun nor runc here"
	# shellcheck disable=SC2153 # the helpers set it
	[ "$MODE" = v2 ] || skip "other runtimes want cgroup v2"
	make_code 'echo hello from another'
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	has_controller memory || config_of "$(current hello)" \
		'del(.linux.resources)'
	equals "$("$other" --root "$BATS_TEST_TMPDIR/other" run \
		--bundle "$(current hello)" "$ID" 3>&-)" "hello from another"
}

# ---- versions

@test "the same is not written twice, anything else is a version of its own" {
	make_code 'echo 1'
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	local first=$output inode
	inode=$(stat -c '%i %z' "$(current hello)/config.json")
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	equals "$output" "$first unchanged"
	equals "$(stat -c '%i %z' "$(current hello)/config.json")" "$inode"
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME" --memory 129
	[ "$output" != "$first" ]
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME" --env A=1
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME" --handler x
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME" --timeout 4
	must_fn deploy other --zip "$ZIP" --runtime "$RUNTIME"
	must_fn list --json
	equals "$(jq -c 'map([.name, .versions, .timeout])' <<<"$output")" \
		'[["hello",5,4],["other",1,3]]'
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	equals "$output" "$first unchanged"
	equals "hello $(basename "$(current hello)")" "$first"
}

@test "a sandbox that runs keeps its tree when a new version is deployed" {
	make_code 'trap "cat /var/task/word; exit 0" TERM; while :; do sleep 0.1; done'
	echo old >"$CODE/word"
	pack
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	without_controllers hello
	must create --bundle "$(current hello)" "$ID"
	local out=$OUT
	must start "$ID"
	echo new >"$CODE/word"
	pack
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	sleep 0.3
	must kill "$ID" TERM
	wait_status stopped
	equals "$(cat "$out")" old
	must delete "$ID"
}

# Whatever is there now is one of both versions, whole.
whole_one() {
	local word
	only_whole_versions
	word=$(cat "$(current hello)/task/word")
	[ "$word" = one ] || [ "$word" = two ]
	equals "$(find "$(current hello)/task" -type f | wc -l)" 402
	must_fn list --json
	equals "$(jq length <<<"$output")" 1
}

@test "a deploy that is killed at any point changes nothing, and is cleaned up" {
	make_code 'true'
	local i pid killed=0
	for ((i = 0; i < 400; i++)); do
		echo "$i" >"$CODE/file.$i"
	done
	echo one >"$CODE/word"
	pack
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	echo two >"$CODE/word"
	pack
	for ((i = 0; i < 30; i++)); do
		"$FN" --root "$FNROOT" deploy hello --zip "$ZIP" \
			--runtime "$RUNTIME" --env "TRY=$i" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.$(printf '%03d' $((i * 4)))"
		! kill -KILL "$pid" 2>/dev/null || killed=$((killed + 1))
		wait "$pid" || true
		# Nothing needs cleaning before what is current can be used.
		[ -f "$(current hello)/config.json" ]
		equals "$(find "$(current hello)/task" -type f | wc -l)" 402
	done
	[ "$killed" -gt 5 ]
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	whole_one
	equals "$(cat "$(current hello)/task/word")" two
	equals "$(find "$FNROOT/functions/hello" -maxdepth 1 -name '.*' | wc -l)" 0
}

@test "a first deploy that is killed leaves no function" {
	make_code 'true'
	head -c 30000000 /dev/urandom >"$CODE/large"
	pack
	"$FN" --root "$FNROOT" deploy hello --zip "$ZIP" --runtime "$RUNTIME" \
		>/dev/null 2>&1 3>&- &
	local pid=$!
	eventually test -d "$FNROOT/functions/hello/versions/.new"
	kill -KILL "$pid"
	wait "$pid" || true
	must_fn list --json
	equals "$output" "[]"
	refuses_fn "there is no function" delete hello
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	only_whole_versions
}

@test "deploys of one function at the same time follow one another" {
	make_code 'true'
	local i pids=()
	for i in 1 2 3 4 5 6; do
		"$FN" --root "$FNROOT" deploy hello --zip "$ZIP" \
			--runtime "$RUNTIME" --env "N=$i" >/dev/null \
			2>>"$BATS_TEST_TMPDIR/both" 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	only_whole_versions
	equals "$(find "$FNROOT/functions/hello/versions" -mindepth 1 -maxdepth 1 | wc -l)" 6
	[ -f "$(current hello)/config.json" ]
}

# ---- archives of others

# hostile KIND TEXT: it is refused with TEXT, and nothing was written.
hostile() {
	python3 "$ROOM/archive.py" "$1" "$BATS_TEST_TMPDIR/$1.zip"
	refuses_fn "$2" deploy bad --zip "$BATS_TEST_TMPDIR/$1.zip" \
		--runtime "$RUNTIME" || { echo "kind $1"; return 1; }
	[ ! -e "$FNROOT/functions/bad" ] || { echo "$1 left something"; return 1; }
	equals "$(find "$BATS_TEST_TMPDIR" / /etc /tmp -xdev -maxdepth 1 -name evil)" ""
}

@test "archives that reach out of their tree are refused" {
	make_code 'true'
	hostile dotdot '"../evil": its path leads out of the archive'
	hostile dotdot_inside "its path leads out of the archive"
	hostile absolute '"/evil": its path is absolute'
	hostile link_absolute '"out": it is a link to an absolute path'
	hostile link_out '"a/out": it is a link that leads out of the archive'
	hostile link_chain '"out": it is a link with .. behind a name'
	hostile through_link '"to/evil": a directory above it is a link or a file'
}

@test "a layer does not write through a link of the one before" {
	make_code 'true'
	python3 - "$BATS_TEST_TMPDIR" <<-'END'
		import sys, zipfile
		with zipfile.ZipFile(sys.argv[1] + "/l1.zip", "w") as archive:
		    info = zipfile.ZipInfo("lib")
		    info.create_system = 3
		    info.external_attr = 0o120777 << 16
		    archive.writestr(info, "real")
		    archive.writestr("real/a", "a")
		with zipfile.ZipFile(sys.argv[1] + "/l2.zip", "w") as archive:
		    archive.writestr("lib/b", "b")
	END
	refuses_fn '"lib/b": a directory above it is a link' deploy bad \
		--zip "$ZIP" --layer "$BATS_TEST_TMPDIR/l1.zip" \
		--layer "$BATS_TEST_TMPDIR/l2.zip" --runtime "$RUNTIME"
}

@test "devices, pipes, setuid and strange names are refused" {
	make_code 'true'
	hostile device "it is a device, a pipe or a socket"
	hostile socket "it is a device, a pipe or a socket"
	hostile setuid '"su": it is setuid or setgid'
	hostile control "its name has control characters"
	hostile deep "it lies too deep"
	hostile long "its path is too long"
	hostile name_too_long "its name is too long"
	hostile dir_is_file '"x": there is a directory of this name'
}

@test "archives that are larger than allowed are refused, whatever they claim" {
	make_code 'true'
	hostile bomb "it is larger than 250 MB unpacked: see --max-size"
	hostile huge "it is larger than 250 MB unpacked"
	hostile too_many "it has more than 100000 entries"
	head -c 2000000 /dev/zero >"$CODE/zeros"
	pack
	refuses_fn "larger than 1 MB" deploy a --zip "$ZIP" \
		--runtime "$RUNTIME" --max-size 1
	# What layers have counts, too.
	refuses_fn "larger than 3 MB" deploy a --zip "$ZIP" --layer "$ZIP" \
		--runtime "$RUNTIME" --max-size 3
	must_fn deploy a --zip "$ZIP" --layer "$ZIP" --runtime "$RUNTIME" \
		--max-size 4
}

@test "damaged archives are refused" {
	make_code 'true'
	hostile central "archive"
	hostile truncated "archive"
	hostile nothing "archive"
	hostile lies "damaged archive"
	hostile checksum "damaged archive"
	hostile encrypted "it is encrypted"
	refuses_fn "No such file" deploy bad --zip "$BATS_TEST_TMPDIR/none" \
		--runtime "$RUNTIME"
	refuses_fn "bad" deploy bad --zip "$CODE" --runtime "$RUNTIME"
}

@test "ten thousand entries, zip64, empty files and duplicate names are no fault" {
	make_code 'true'
	local kind
	for kind in many zip64 duplicate; do
		python3 -W ignore "$ROOM/archive.py" "$kind" "$ZIP"
		must_fn deploy "$kind" --zip "$ZIP" --runtime "$RUNTIME"
	done
	equals "$(find "$(current many)/task" -type f | wc -l)" 10001
	equals "$(cat "$(current many)/task/42/9942")" 9942
	equals "$(cat "$(current zip64)/task/large")" zip64
	equals "$(stat -c '%s %a' "$(current zip64)/task/empty")" "0 644"
	equals "$(stat -c %a "$(current zip64)/task/unreadable")" 644
	equals "$(stat -c %a "$(current zip64)/task/dir")" 755
	equals "$(stat -c %a "$(current zip64)/task/bootstrap")" 755
	equals "$(cat "$(current zip64)/task/dir/up")" zip64
	equals "$(cat "$(current duplicate)/task/twice")" second
}

# The helper of this test's deploy; sets HELPER.
# shellcheck disable=SC2317 # through eventually
find_helper() {
	HELPER=$(pgrep -P "$1" -x unzip)
	grep -q '^Seccomp:	2' "/proc/$HELPER/status" &&
		kill -STOP "$HELPER"
}

@test "who reads archives has no capabilities, another root and a filter" {
	make_code 'true'
	head -c 200000000 /dev/zero >"$CODE/zeros"
	(cd "$CODE" && python3 -m zipfile -c "$ZIP" bootstrap zeros)
	"$FN" --root "$FNROOT" deploy hello --zip "$ZIP" --runtime "$RUNTIME" \
		>/dev/null 2>&1 3>&- &
	local deploy=$! facts root files
	eventually find_helper "$deploy"
	facts=$(grep -E '^(CapEff|CapPrm|NoNewPrivs|Seccomp):' "/proc/$HELPER/status" | xargs)
	root=$(readlink "/proc/$HELPER/root")
	files=$(find "/proc/$HELPER/fd" -type l -printf '%f\n' | sort | xargs)
	kill -KILL "$deploy"
	kill -CONT "$HELPER" || true
	wait "$deploy" || true
	equals "$facts" "CapPrm: 0000000000000000 CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2"
	equals "$root" "$FNROOT/functions/hello/versions/.new/task"
	matches "$files" '^0 1 2( 3)?( 4)?$'
	# It dies with who has started it.
	eventually has_ended "$HELPER"
}

# ---- what may be asked for

@test "limits have their ranges" {
	make_code 'true'
	local deploy=(deploy hello --zip "$ZIP" --runtime "$RUNTIME")
	refuses_fn "memory 127 is out of range: from 128 to 10240 MB" \
		"${deploy[@]}" --memory 127
	refuses_fn "memory 10241 is out of range" "${deploy[@]}" --memory 10241
	refuses_fn "timeout 0 is out of range: from 1 to 900 s" \
		"${deploy[@]}" --timeout 0
	refuses_fn "timeout 901 is out of range" "${deploy[@]}" --timeout 901
	refuses_fn "tmp 10241 is out of range: from 1 to 10240 MB" \
		"${deploy[@]}" --tmp 10241
	refuses_fn "init-timeout 901" "${deploy[@]}" --init-timeout 901
	refuses_fn "concurrency 0" "${deploy[@]}" --concurrency 0
	refuses_fn "provisioned -1" "${deploy[@]}" --provisioned=-1
	refuses_fn "provisioned 3 is more than concurrency 2" "${deploy[@]}" \
		--provisioned 3 --concurrency 2
	refuses_fn "retries 11" "${deploy[@]}" --retries 11
	refuses_fn "max-age 59" "${deploy[@]}" --max-age 59
	refuses_fn "pids 15" "${deploy[@]}" --pids 15
	refuses_fn "max-size 0" "${deploy[@]}" --max-size 0
	refuses_fn 'invalid value "x"' "${deploy[@]}" --memory x
	refuses_fn 'handler "a b"' "${deploy[@]}" --handler "a b"
	[ ! -e "$FNROOT" ]
	must_fn "${deploy[@]}" --memory 10240 --timeout 900 --tmp 1 \
		--init-timeout 1 --concurrency 7 --provisioned 6 --retries 5 \
		--max-age 60 --pids 99
	must_fn list --json
	equals "$(jq -c '.[0] | [.memory, .timeout, .tmp, ."init-timeout",
		.concurrency, .provisioned, .retries, ."max-age", .pids]' \
		<<<"$output")" "[10240,900,1,1,7,6,5,60,99]"
}

@test "the platform's variables win, with a warning" {
	# shellcheck disable=SC2016
	make_code 'echo "$TZ $AWS_REGION $MINE"'
	fn deploy hello --zip "$ZIP" --runtime "$RUNTIME" --env TZ=x \
		--env MINE=y --env AWS_REGION=z
	equals "$status" 0
	equals "$errors" "runf-fn: warning: --env TZ is left out: the platform sets it
runf-fn: warning: --env AWS_REGION is left out: the platform sets it"
	run_function hello
	equals "$output" ":UTC us-east-1 y"
	refuses_fn 'environment "A-B=1"' deploy hello --zip "$ZIP" \
		--runtime "$RUNTIME" --env A-B=1
}

@test "a command line that makes no sense is refused" {
	make_code 'true'
	refuses_fn "one of --zip, --bundle, --layout and --image" deploy hello
	refuses_fn "only one" deploy hello --zip "$ZIP" --bundle "$BUNDLE"
	refuses_fn "--zip needs --runtime" deploy hello --zip "$ZIP"
	refuses_fn "belong to --zip" deploy hello --bundle "$BUNDLE" \
		--layer "$ZIP"
	refuses_fn "missing argument: expected NAME" deploy
	refuses_fn "is no name of a function" deploy a/b --bundle "$BUNDLE"
	refuses_fn "is no name of a function" deploy .. --bundle "$BUNDLE"
	refuses_fn "is no name of a function" delete ..
	refuses_fn "unknown option" deploy x --nonsense
	refuses_fn 'unknown command "x"' x
	refuses_fn "no reference of an image" deploy x --image --help=x
	RUNF_LIBEXEC=$BATS_TEST_TMPDIR refuses_fn "execute" deploy hello \
		--zip "$ZIP" --runtime "$RUNTIME"
	[ ! -e "$FNROOT/functions/hello" ]
}

@test "a tool that is missing is named with its package" {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	ln -s "$(command -v timeout)" "$(command -v wc)" "$bin"
	PATH=$bin refuses_fn "Debian has it in the package skopeo" deploy a \
		--image registry.example/a:1
}

# ---- list, usage, delete

@test "a version that is used is not deleted" {
	make_code 'true'
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME" --env A=1
	local old
	old=$(find "$FNROOT/functions/hello/versions" -mindepth 1 -maxdepth 1 \
		! -name "$(basename "$(current hello)")")
	flock --shared "$old" sleep 100 3>&- &
	HOLDER=$!
	eventually sh -c "! flock -n -x '$old' true"
	refuses_fn "is being used" delete hello
	[ -f "$(current hello)/config.json" ]
	fn delete --old hello
	equals "$status" 0
	contains "$errors" "stays: it is being used"
	[ -f "$old/config.json" ]
	pkill -P "$HOLDER"
	wait "$HOLDER" || true
	HOLDER=
	must_fn delete --old hello
	[ ! -e "$old" ]
	must_fn list
	contains "$output" hello
	must_fn delete hello
	must_fn list --json
	equals "$output" "[]"
	refuses_fn 'there is no function "hello"' delete hello
	[ ! -e "$FNROOT/functions/hello" ]
}

@test "delete --wait waits for who uses a version" {
	make_code 'true'
	must_fn deploy hello --zip "$ZIP" --runtime "$RUNTIME"
	flock --shared "$(current hello)" sleep 1 3>&- &
	HOLDER=$!
	sleep 0.3
	must_fn delete --wait hello
	wait "$HOLDER"
	HOLDER=
	[ ! -e "$FNROOT/functions/hello" ]
}

@test "usage sums up, and says what it does not know" {
	make_code 'true'
	must_fn usage --json
	equals "$output" "[]"
	mkdir "$FNROOT"
	cat >"$FNROOT/usage.jsonl" <<-'END'
		{"fn":"b","start":"cold","billed_ms":1500,"memory_mb":2048,"max_memory_bytes":1048577,"cpu_user_us":1000,"cpu_system_us":2000,"status":"ok"}
		{"fn":"b","start":"idle","billed_ms":1,"memory_mb":2048,"max_memory_bytes":null,"cpu_user_us":500,"cpu_system_us":500,"status":"timeout"}
		{"fn":"a","start":"frozen","billed_ms":100,"memory_mb":128,"max_memory_bytes":null,"cpu_user_us":null,"cpu_system_us":null,"status":"error"}
	END
	must_fn usage --json
	equals "$(jq -c . <<<"$output")" '[{"name":"a","invocations":1,"errors":1,"cold":0,"billed_ms":100,"gb_seconds":0.013,"cpu_us":null,"cpu_unknown":1,"max_memory_bytes":null,"memory_unknown":1},{"name":"b","invocations":2,"errors":1,"cold":1,"billed_ms":1501,"gb_seconds":3.002,"cpu_us":4000,"cpu_unknown":0,"max_memory_bytes":1048577,"memory_unknown":1}]'
	must_fn usage b
	equals "$output" "NAME  INVOCATIONS  ERRORS  COLD   BILLED   GB-S      CPU  MAX MEMORY
b               2       1     1  1.501 s  3.002  0.004 s      >=2 MB"
	echo '{"fn":' >>"$FNROOT/usage.jsonl"
	fn usage a
	equals "$status" 0
	contains "$errors" "1 lines of"
	contains "$output" "-           -"
}

@test "runf fn is runf-fn: beside it, or in PATH" {
	local bin=$BATS_TEST_TMPDIR/bin
	runf fn version
	refuses "--root before fn has no meaning" fn version
	"$RUNF" fn --root "$FNROOT" list --json 3>&- >"$BATS_TEST_TMPDIR/list"
	equals "$(cat "$BATS_TEST_TMPDIR/list")" "[]"
	mkdir "$bin"
	cp "$RUNF" "$bin/runf"
	run "$bin/runf" fn version
	[ "$status" -ne 0 ]
	contains "$output" "libmicrohttpd-dev"
	PATH=$(dirname "$FN"):$PATH run "$bin/runf" fn version
	equals "$status" 0
	contains "$output" "runf-fn version"
}
