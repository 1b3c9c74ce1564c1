#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# NOTIFY_SOCKET: the container tells the caller's service manager it is ready.
load helpers

setup() {
	prepare
	MANAGER=@$TAG
	TOLD=$BATS_TEST_TMPDIR/told
	"$ROOM/sdnotify.py" "$MANAGER" "$TOLD" 3>&- &
	LISTENER=$!
	eventually test -e "$TOLD"
	cat >"$BATS_TEST_TMPDIR/say.c" <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <sys/socket.h>
		#include <sys/un.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			struct sockaddr_un to = { .sun_family = AF_UNIX };
			int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
			snprintf(to.sun_path, sizeof(to.sun_path), "%s",
			         getenv("NOTIFY_SOCKET"));
			if (argc < 2 || connect(fd, (struct sockaddr *)&to,
			                        sizeof(to)) < 0) {
				perror("connect");
				return 1;
			}
			return write(fd, argv[1], strlen(argv[1])) < 0;
		}
	END
	cc -static -o "$BUNDLE/rootfs/bin/say" "$BATS_TEST_TMPDIR/say.c"
}

teardown() {
	kill "$LISTENER"
	tidy
}

has_line() {
	grep -qx "$1" "$TOLD"
}

# B095
@test "run --detach returns when it is ready, and says who is the main process" {
	program 'sleep 0.5; say "STATUS=soon"; say "READY=1
STATUS=up"; exec sleep 300'
	NOTIFY_SOCKET=$MANAGER must run --detach --bundle "$BUNDLE" "$ID"
	equals "$(cat "$TOLD")" "STATUS=soon
READY=1
STATUS=up
MAINPID=$(init_pid)
BARRIER=1 fds=1"
}

# B095
@test "start waits for it, and create has only made the place" {
	program 'echo $NOTIFY_SOCKET; say READY=1; exec sleep 300'
	NOTIFY_SOCKET=$MANAGER must create --bundle "$BUNDLE" "$ID"
	made=$OUT
	equals "$(cat "$TOLD")" ""
	NOTIFY_SOCKET=$MANAGER must start "$ID"
	has_line "MAINPID=$(init_pid)"
	equals "$(cat "$made")" /run/notify/notify.sock
	NOTIFY_SOCKET=$MANAGER must kill "$ID" KILL
	wait_status stopped
	must delete "$ID"
	nothing_left
}

# B095 E044
@test "run in the foreground passes everything on, but no pid of inside" {
	program 'say READY=1; say "STATUS=a
MAINPID=1"; say MAINPID=7; say WATCHDOG=1; say STOPPING=1; sleep 0.3'
	NOTIFY_SOCKET=$MANAGER must run --bundle "$BUNDLE" "$ID"
	equals "$(cat "$TOLD")" "READY=1
STATUS=a
WATCHDOG=1
STOPPING=1"
}

@test "a container that ends without a word keeps nobody waiting" {
	program 'exit 3'
	NOTIFY_SOCKET=$MANAGER must run --detach --bundle "$BUNDLE" "$ID"
	equals "$(cat "$TOLD")" ""
	wait_status stopped
}

@test "while start waits the container can be killed" {
	sleeper
	NOTIFY_SOCKET=$MANAGER must create --bundle "$BUNDLE" "$ID"
	NOTIFY_SOCKET=$MANAGER "$RUNF" --root "$STATE" start "$ID" 3>&- &
	waiting=$!
	wait_status running
	must kill "$ID" KILL
	wait "$waiting"
}

# B095
@test "a user of the container reaches it, and cannot change the place" {
	program 'id -u; say READY=1; touch /run/notify/x 2>&1; rm -f \
		/run/notify/notify.sock 2>&1; ls /run/notify'
	config '.process.user = {uid: 1000, gid: 1000}'
	(
		umask 077
		NOTIFY_SOCKET=$MANAGER must run --bundle "$BUNDLE" "$ID"
		contains "$output" "Read-only file system"
		equals "${output##*$'\n'}" notify.sock
	)
	has_line "READY=1"
	equals "$(grep -c /run/notify /proc/self/mountinfo)" 0
}

@test "in a user namespace too" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" \
		"$BATS_TEST_TMPDIR" "$BUNDLE"
	chown -hR 100000:100000 "$BUNDLE/rootfs"
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000,
			size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	program 'say READY=1; exec sleep 300'
	NOTIFY_SOCKET=$MANAGER must run --detach --bundle "$BUNDLE" "$ID"
	has_line "MAINPID=$(init_pid)"
}

@test "a service manager that is not there is told, and nothing remains" {
	NOTIFY_SOCKET=/no/such \
		refuses 'connect to NOTIFY_SOCKET "/no/such"' \
		run --bundle "$BUNDLE" "$ID"
	NOTIFY_SOCKET='' must_run
}

# D026
@test "without it the container has no such variable and no such place" {
	program 'env; ls /run/notify 2>&1; true'
	must_run
	lacks "$output" NOTIFY_SOCKET
	contains "$output" "No such file"
}
