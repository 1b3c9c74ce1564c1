#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What may happen to a shim: shim_more.py SCENARIO SHIM BUNDLE STATE TAG.

BUNDLE is what every container is made of; state and sockets are below STATE,
names of containers begin with TAG. A scenario that fails says where.
"""
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

SHIM, BUNDLE, STATE, TAG = sys.argv[2:6]
SPACE = "n"
SOCKETS = os.path.join(STATE, "s")
PATIENCE = 10 * float(os.environ.get("RUNF_SLOW", "1"))


# ---- messages: fields by number, each a number, bytes or a text
def varint(number):
    made = b""
    while number > 0x7f:
        made += bytes([number & 0x7f | 0x80])
        number >>= 7
    return made + bytes([number])


def message(*fields):
    made = b""
    for number, value in fields:
        if isinstance(value, int):
            made += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            made += varint(number << 3 | 2) + varint(len(value)) + value
    return made


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def fields(data):
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        found[key >> 3] = value
    return found


class Refused(Exception):
    def __init__(self, status):
        found = fields(status)
        self.code = found.get(1, 0)
        super().__init__(f"{self.code}: {found.get(2, b'').decode()}")


def ask(address, method, *request):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(address)
        data = message((1, "containerd.task.v3.Task"), (2, method),
                       (3, message(*request)))
        peer.sendall(struct.pack(">IIBB", len(data), 1, 1, 0) + data)
        stream = peer.makefile("rb")
        answer = fields(stream.read(struct.unpack(">I6x", stream.read(10))[0]))
    if 1 in answer:
        raise Refused(answer[1])
    return fields(answer.get(2, b""))


def refused(code, *request):
    try:
        ask(*request)
    except Refused as why:
        assert why.code == code, why
    else:
        raise AssertionError(f"{request[1]} is not refused")


def eventually(true, what):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


# ---- a bundle, its shim, its container
class Task:
    def __init__(self, name, text="sleep 1000", change=None):
        self.id = TAG + name
        self.bundle = os.path.join(STATE, "bundles", self.id)
        self.out = os.path.join(STATE, "out" + name)
        self.options = message((7, STATE))
        self.shim = 0
        shutil.copytree(BUNDLE, self.bundle, symlinks=True)
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["process"]["args"] = ["/bin/sh", "-c", text]
        if change:
            change(config)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def action(self, action, given=b"", env=None, **more):
        return subprocess.run(
            [SHIM, "-namespace", SPACE, "-address", STATE + "/containerd",
             "-publish-binary", "/bin/true", "-id", self.id, action],
            cwd=self.bundle, input=given, stdout=subprocess.PIPE,
            env=dict(os.environ, **(env or {})), stderr=subprocess.STDOUT,
            timeout=PATIENCE, check=False, **more)

    def start(self, options=("runtimeoptions.v1.Options", b""), **more):
        any_ = message((1, options[0]), (2, options[1]))
        done = self.action("start", message(
            (1, self.id), (2, SPACE), (8, message((1, any_))), (9, SOCKETS)),
            **more)
        assert done.returncode == 0, done.stdout
        address = fields(done.stdout)[2].decode()
        assert address.startswith("unix://" + SOCKETS + "/"), address
        self.address = address[len("unix://"):]
        self.shim = self.ask("Connect").get(1, 0)
        return self

    def ask(self, method, *more):
        return ask(self.address, method, (1, self.id), *more)

    def create(self):
        any_ = message((1, "containerd.runc.v1.Options"), (2, self.options))
        self.pid = self.ask("Create", (2, self.bundle), (6, "file://" + self.out),
                            (10, any_))[1]
        return self

    def run(self):
        self.start().create().ask("Start")
        return self

    def wait(self):
        return self.ask("Wait").get(1, 0)

    def output(self):
        with open(self.out, encoding="utf-8") as file:
            return file.read()

    def end(self):
        try:
            self.ask("Kill", (3, signal.SIGKILL))
        except Refused:
            pass
        self.ask("Wait")
        self.ask("Delete")
        self.ask("Shutdown")
        eventually(lambda: not alive(self.shim), "the shim ends")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]


def limit_of(pid):
    with open(f"/proc/{pid}/limits", encoding="utf-8") as file:
        return next(line.split()[3:5] for line in file
                    if line.startswith("Max open files"))


def slow_hook(config):
    config["hooks"] = {"createRuntime": [
        {"path": "/bin/sleep", "args": ["sleep", "30"]}]}


def creating(task):
    """A task that is being created, and stays so: its worker, and below."""
    told = []

    def create():
        try:
            task.create()
            told.append(None)
        except (Refused, OSError, ValueError, struct.error) as why:
            told.append(why)

    thread = threading.Thread(target=create)
    thread.start()
    # The worker, and below it init and the hook.
    eventually(lambda: any(len(children(child)) > 1
                           for child in children(task.shim)), "the hook runs")
    worker, = children(task.shim)
    return worker, children(worker), thread, told


def end_hooks(below):
    """They are left to themselves, as behind any runtime."""
    for pid in filter(alive, below):
        os.kill(pid, signal.SIGKILL)


# ---- scenarios
def payload():
    """What a payload inherits, and what it does not."""
    def change(config):
        del config["process"]["rlimits"]

    task = Task("a", "grep -E '^Sig(Ign|Blk)' /proc/self/status; umask; pwd;"
                "cut -d' ' -f6,7 /proc/$$/stat; exec sleep 1000", change)
    task.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                     (600, 4000)))
    assert limit_of(task.shim) == ["4000", "4000"], limit_of(task.shim)
    task.create().ask("Start")
    eventually(lambda: os.path.exists(task.out) and
               task.output().count("\n") == 5, "all is told")
    # A session of its own, and no terminal.
    assert task.output().split() == [
        "SigBlk:", "0" * 16, "SigIgn:", "0" * 16, "0022", "/", "1", "0"]
    assert sorted(os.listdir(f"/proc/{task.pid}/fd")) == ["0", "1", "2"]
    assert limit_of(task.pid) == ["600", "4000"], limit_of(task.pid)
    task.end()


def created_init():
    """What is a copy of the shim until its program is executed."""
    first = Task("a").run()
    second = Task("b")
    second.address, second.shim = first.address, first.shim
    second.create()
    held = [os.readlink(f"/proc/{second.pid}/fd/{fd}")
            for fd in os.listdir(f"/proc/{second.pid}/fd")]
    assert first.out not in held and second.out in held, held
    assert not any("epoll" in name or "signalfd" in name for name in held)
    with open("/proc/net/unix", encoding="utf-8") as file:
        listener = next(line.split()[6] for line in file
                        if line.rstrip().endswith(
                            os.path.basename(first.address)))
    assert f"socket:[{listener}]" not in held, held
    try:
        os.close(os.open(f"/proc/{second.pid}/exe", os.O_WRONLY))
        raise AssertionError("the shim's program can be written")
    except OSError:
        pass
    second.ask("Delete")
    first.end()


def worker_dies():
    """A worker is killed while a hook runs: what it made is gone with it."""
    task = Task("a", change=slow_hook).start()
    worker, below, thread, told = creating(task)
    os.kill(worker, signal.SIGKILL)
    thread.join(PATIENCE)
    end_hooks(below)
    assert told and "without an answer" in str(told[0]), told
    refused(5, task.address, "State", (1, task.id))
    assert task.action("delete").returncode == 0
    task.ask("Shutdown")
    eventually(lambda: not alive(task.shim), "the shim ends")


def shim_dies():
    """The shim is killed: its worker does not go on behind our back."""
    task = Task("a", change=slow_hook).start()
    worker, below, thread, _ = creating(task)
    os.kill(task.shim, signal.SIGKILL)
    eventually(lambda: not alive(worker), "the worker ends")
    thread.join(PATIENCE)
    end_hooks(below)
    done = task.action("delete")
    assert done.returncode == 0, done.stdout
    assert fields(done.stdout)[2] == 128 + signal.SIGKILL
    assert not os.path.exists(task.address)


def shared_pids():
    """In the host's pid namespace init leaves what only we can end."""
    def change(config):
        config["linux"]["namespaces"] = [
            one for one in config["linux"]["namespaces"]
            if one["type"] != "pid"]
        # More than a page of /proc/PID/status is about.
        config["process"]["user"]["additionalGids"] = list(range(10, 2000))

    task = Task("a", "sleep 1000 & echo $!; wait", change).run()
    eventually(lambda: os.path.exists(task.out) and task.output(), "its pid")
    left = int(task.output())
    assert alive(left)
    task.ask("Kill", (3, signal.SIGKILL))
    assert task.wait() == 128 + signal.SIGKILL
    eventually(lambda: not alive(left), "what init left ends")
    task.end()


def starts_at_once():
    """Several containers of one group come together: one shim."""
    def change(config):
        config.setdefault("annotations", {})[
            "io.kubernetes.cri.sandbox-id"] = TAG + "a"

    tasks = [Task(name, change=change) for name in "abcdef"]
    threads = [threading.Thread(target=task.start) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len({task.address for task in tasks}) == 1
    assert len({task.shim for task in tasks}) == 1
    tasks[0].ask("Shutdown")
    eventually(lambda: not alive(tasks[0].shim), "the shim ends")


def promised():
    """containerd says Shutdown when another container's start was sent here."""
    options = ("runtimeoptions.v1.Options", message((3, "Shared = true\n")))
    first = Task("a").start(options).create()
    first.ask("Delete")
    second = Task("b").start(options)
    first.ask("Shutdown")
    time.sleep(0.2)
    second.create().ask("Delete")
    second.ask("Shutdown")
    eventually(lambda: not alive(second.shim), "the shim ends")
    assert not os.path.exists(second.address)


def shared():
    """`Shared`: one shim for a namespace; it ends behind the last container."""
    options = ("runtimeoptions.v1.Options", message((3, "Shared = true\n")))
    tasks = [Task(name).start(options) for name in "abc"]
    assert len({task.shim for task in tasks}) == 1
    other = Task("d").start()
    assert other.shim != tasks[0].shim
    other.ask("Shutdown")
    for task in tasks:
        task.create().ask("Start")
    for task in tasks[:2]:
        task.ask("Kill", (3, signal.SIGTERM))
        task.ask("Kill", (3, signal.SIGKILL))
        task.wait()
        task.ask("Delete")
        task.ask("Shutdown")
    assert alive(tasks[2].shim)
    tasks[2].end()


def odd_names():
    """A group's name comes from whoever writes annotations."""
    def change(config):
        config.setdefault("annotations", {})["io.containerd.runc.v2.group"] = (
            'x","version":9,"y":"')

    task = Task("a", change=change)
    done = task.action("start", env={"MAX_SHIM_VERSION": "2"})
    said = json.loads(done.stdout)
    assert said["address"].startswith("unix:///run/containerd/s/"), said
    task.address = said["address"][len("unix://"):]
    assert os.path.basename(task.address).isalnum(), task.address
    task.shim = task.ask("Connect")[1]
    refused(3, task.address, "Create", (1, "../" + TAG), (2, task.bundle))
    task.ask("Shutdown")
    eventually(lambda: not alive(task.shim), "the shim ends")


def no_address():
    """Where the address cannot be noted no shim is left."""
    task = Task("a")
    os.mkdir(os.path.join(task.bundle, ".address"))
    done = task.action("start", message((1, task.id), (2, SPACE), (9, SOCKETS)))
    assert done.returncode == 1 and b"address" in done.stdout, done.stdout
    found = subprocess.run(["pgrep", "-f", task.id], check=False,
                           stdout=subprocess.PIPE).stdout.split()
    assert [pid for pid in found if int(pid) != os.getpid()] == [], found


def terminated():
    """Of SIGTERM to the shim the container knows nothing, until `delete`."""
    task = Task("a").run()
    os.kill(task.shim, signal.SIGTERM)
    eventually(lambda: not alive(task.shim), "the shim ends")
    assert alive(task.pid) and not os.path.exists(task.address)
    # Where the state is was noted, for `delete` has no options.
    assert task.action("delete").returncode == 0
    eventually(lambda: not alive(task.pid), "the container ends")


def log_without_reader():
    """Nobody reads the log any more: lines are lost, nothing else."""
    task = Task("a")
    path = os.path.join(task.bundle, "log")
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR)
    task.start(env={"SCHED_CORE": "1"})
    task.options += message((6, "another"))
    task.create()
    said = os.read(reader, 65536)
    assert b"level=warning" in said and b"BinaryName" in said, said
    os.close(reader)
    other = Task("b")
    other.address, other.shim = task.address, task.shim
    other.options = task.options
    other.create().ask("Delete")
    task.ask("Delete")
    task.ask("Shutdown")
    eventually(lambda: not alive(task.shim), "the shim ends")


def no_streams():
    """A stream that is not there, for init and for an exec."""
    task = Task("a").start()
    refused(2, task.address, "Create", (1, task.id), (2, task.bundle),
            (5, "/nowhere"))
    task.create().ask("Start")
    task.ask("Exec", (2, "e"), (6, "/nowhere/out"), (7, message((2, "{}"))))
    waited = []
    thread = threading.Thread(
        target=lambda: waited.append(task.ask("Wait", (2, "e"))))
    thread.start()
    time.sleep(0.1)
    refused(2, task.address, "Start", (1, task.id), (2, "e"))
    thread.join(PATIENCE)
    assert waited and waited[0][1] == 255, waited
    task.end()


def checkpoint():
    """FAKE is in CRIU's place: what it is asked, and a container from it."""
    fake, images = os.environ["FAKE_CRIU"], os.path.join(STATE, "images")
    os.mkdir(images)

    def script(*lines):
        with open(os.path.join(fake, "script"), "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))

    def asked():
        with open(os.path.join(fake, "requests"), encoding="utf-8") as file:
            return file.read().split("\n")

    task = Task("a").start()
    task.options += message((8, os.environ["FAKE_PROGRAM"]))
    task.create().ask("Start")
    script("ok")
    task.ask("Checkpoint", (2, images), (3, message(
        (1, "containerd.runc.v1.CheckpointOptions"),
        (2, message((2, 1), (5, 1))))))
    assert {"type DUMP", "options.leave_running true", "options.file_locks true",
            "options.tcp_established true"} <= set(asked()), asked()
    assert task.ask("State")[4] == 2
    other = Task("b")
    other.address, other.options = task.address, task.options
    any_ = message((1, "containerd.runc.v1.Options"), (2, other.options))
    answer = other.ask("Create", (2, other.bundle), (8, images), (10, any_))
    assert answer.get(1, 0) == 0 and other.ask("State")[4] == 1
    refused(9, other.address, "Kill", (1, other.id), (3, signal.SIGKILL))
    script("start", "notify setup-namespaces", "notify post-restore", "ok")
    pid = other.ask("Start")[1]
    eventually(lambda: name_of(pid) == "fake-restored\n", "it is restored")
    other.ask("Kill", (3, signal.SIGKILL))
    assert other.wait() == 128 + signal.SIGKILL
    other.ask("Delete")
    # One that cannot be: whoever waits for it is told.
    assert other.ask("Create", (2, other.bundle), (8, images),
                     (10, any_)).get(1, 0) == 0
    script("fail gone")
    refused(2, other.address, "Start", (1, other.id))
    assert other.wait() == 255
    other.ask("Delete")
    task.end()


SCENARIOS = (payload, created_init, worker_dies, shim_dies, shared_pids,
             starts_at_once, promised, shared, odd_names, no_address,
             terminated, log_without_reader, no_streams, checkpoint)


if __name__ == "__main__":
    os.makedirs(SOCKETS, exist_ok=True)
    {one.__name__: one for one in SCENARIOS}[sys.argv[1]]()
