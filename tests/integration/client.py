#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Call a runtime as containerd's shim and conmon do, and tell what came of it.

    client.py shim RUNF ROOT BUNDLE ID    a container from create to delete
    client.py exec RUNF ROOT PROCESS ID   a detached process in it
    client.py records COMMAND...          each write to stderr by itself
    client.py born PID                    a process that has this number

The first three print one JSON object. Who calls is a subreaper; the runtime
is to die with it, has an empty environment, and pipes as stdio.
"""
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SYS_CLONE3 = 435
LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Caller:
    def __init__(self, runf, root):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.start = [runf, "--root", root]
        self.facts = {}

    def call(self, *args, **stdio):
        return subprocess.run([*self.start, *args], env={}, check=False,
                              preexec_fn=die_with_parent, **stdio)

    def ask(self, name, *args):
        """What it says on stdout and stderr together, and its status."""
        done = self.call(*args, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.facts[name] = {"status": done.returncode,
                            "text": done.stdout.decode()}

    def begin(self, pid_file, *args):
        """With pipes as stdio; returns the new process and our ends."""
        inner = {}
        outer = {}
        inner["stdin"], outer["stdin"] = os.pipe()
        outer["stdout"], inner["stdout"] = os.pipe()
        outer["stderr"], inner["stderr"] = os.pipe()
        self.facts["begin"] = self.call(*args, **inner).returncode
        for end in inner.values():
            os.close(end)
        self.facts["pid_file"] = pathlib.Path(pid_file).read_text()
        pid = int(self.facts["pid_file"])
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        _, parent, group, session = stat.rpartition(")")[2].split()[:4]
        self.facts["adopted"] = int(parent) == os.getpid()
        self.facts["leads"] = int(group) == int(session) == pid
        return pid, outer

    def finish(self, pid, outer):
        """Type a line, read both to their end, and wait for the end."""
        try:
            os.write(outer["stdin"], b"typed\n")
        except BrokenPipeError:
            pass  # it may not want to read
        os.close(outer["stdin"])
        for name in ("stdout", "stderr"):
            with open(outer[name], encoding="utf-8") as pipe:
                self.facts[name] = pipe.read()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def shim(runf, root, bundle, name):
    caller = Caller(runf, root)
    pid_file = f"{bundle}/init.pid"
    caller.start += ["--log", f"{bundle}/log.json", "--log-format", "json"]
    pid, outer = caller.begin(pid_file, "create", "--bundle", bundle,
                              "--pid-file", pid_file, name)
    caller.ask("created", "state", name)
    caller.ask("start", "start", name)
    caller.finish(pid, outer)
    # Ended, but nobody has waited for it: a zombie.
    caller.ask("ended", "state", name)
    caller.ask("kill_all", "kill", "--all", name, "9")
    _, status = os.waitpid(pid, 0)
    caller.facts["exit"] = os.waitstatus_to_exitcode(status)
    caller.ask("kill", "kill", name, "9")
    caller.ask("delete", "delete", name)
    caller.ask("delete_again", "delete", name)
    return caller.facts


def execute(runf, root, process, name):
    caller = Caller(runf, root)
    pid_file = f"{process}.pid"
    pid, outer = caller.begin(pid_file, "exec", "--process", process,
                              "--detach", "--pid-file", pid_file, name)
    caller.finish(pid, outer)
    _, status = os.waitpid(pid, 0)
    caller.facts["exit"] = os.waitstatus_to_exitcode(status)
    return caller.facts


def records(*command):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    done = subprocess.run(command, env={}, stdin=subprocess.DEVNULL,
                          stderr=theirs, check=False)
    theirs.close()
    texts = []
    while text := ours.recv(65536):
        texts.append(text.decode())
    return {"status": done.returncode, "records": texts}


def born(number):
    """clone3() with set_tid; gone with whoever called us."""
    wanted = (ctypes.c_int * 1)(int(number))
    args = (ctypes.c_uint64 * 11)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0,
                                  ctypes.addressof(wanted), 1, 0)
    pid = LIBC.syscall(SYS_CLONE3, ctypes.byref(args), ctypes.sizeof(args))
    if pid == 0:
        die_with_parent()
        os.execvp("sleep", ["sleep", "300"])
    if pid < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    print(pid, flush=True)
    os.waitpid(pid, 0)


def main():
    roles = {"shim": shim, "exec": execute, "records": records, "born": born}
    facts = roles[sys.argv[1]](*sys.argv[2:])
    if facts is not None:
        json.dump(facts, sys.stdout)


main()
