#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speak to a containerd shim without containerd.

    ttrpc.py start [--as 1.6|1.7|2.0|2.3] PROGRAM ID NAMESPACE ADDRESS
    ttrpc.py call [--v3] SOCKET METHOD [JSON]
    ttrpc.py many SOCKET              (of standard input: METHOD JSON a line)
    ttrpc.py end SOCKET ID            (whatever state it is in)
    ttrpc.py events SOCKET FILE       (a server; until it is ended)
    ttrpc.py raw SOCKET HEX...        (what comes back, a JSON line a frame)
    ttrpc.py deaf SOCKET COUNT        (ask so often, and never read)
    ttrpc.py decode TYPE              (of standard input)
    ttrpc.py self-test

`start` begins a shim in the bundle that is the working directory, with the
arguments and the environment of that containerd, and prints its address.
`call` prints the answer as JSON, or {"code": .., "message": ..} with exit
status 1. ADDRESS is containerd's socket; events go to ADDRESS.ttrpc. `many`
asks everything on one connection before it reads, and prints the answers in
the order they come, each with the number of its line. Only what Python has.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HEAD = struct.Struct(">IIBB")
REQUEST, RESPONSE, DATA = 1, 2, 3
PATIENCE = 20

# ---- messages: {name: (number, type)}. A type is "s" for text, "b" bytes, "u" a
# number, the name of a message, or [type] if it is repeated.
STDIO = {"terminal": (4, "u")}
MESSAGES = {
    "Empty": {},
    "Any": {"type_url": (1, "s"), "value": (2, "b")},
    "Time": {"seconds": (1, "u"), "nanos": (2, "u")},
    "Pair": {"key": (1, "s"), "value": (2, "s")},
    "Request": {"service": (1, "s"), "method": (2, "s"), "payload": (3, "b"),
                "timeout_nano": (4, "u"), "metadata": (5, ["Pair"])},
    "Status": {"code": (1, "u"), "message": (2, "s")},
    "Response": {"status": (1, "Status"), "payload": (2, "b")},
    "Mount": {"type": (1, "s"), "source": (2, "s"), "target": (3, "s"),
              "options": (4, ["s"])},
    "CreateRequest": {
        "id": (1, "s"), "bundle": (2, "s"), "rootfs": (3, ["Mount"]),
        "terminal": (4, "u"), "stdin": (5, "s"), "stdout": (6, "s"),
        "stderr": (7, "s"), "checkpoint": (8, "s"),
        "parent_checkpoint": (9, "s"), "options": (10, "Any")},
    "Pid": {"pid": (1, "u")},
    "IdRequest": {"id": (1, "s"), "exec_id": (2, "s")},
    "Ended": {"pid": (1, "u"), "exit_status": (2, "u"),
              "exited_at": (3, "Time")},
    "ExecRequest": {
        "id": (1, "s"), "exec_id": (2, "s"), "terminal": (3, "u"),
        "stdin": (4, "s"), "stdout": (5, "s"), "stderr": (6, "s"),
        "spec": (7, "Any")},
    "State": {"id": (1, "s"), "bundle": (2, "s"), "pid": (3, "u"),
              "status": (4, "u"), "stdin": (5, "s"), "stdout": (6, "s"),
              "stderr": (7, "s"), "terminal": (8, "u"),
              "exit_status": (9, "u"), "exited_at": (10, "Time"),
              "exec_id": (11, "s")},
    "Waited": {"exit_status": (1, "u"), "exited_at": (2, "Time")},
    "KillRequest": {"id": (1, "s"), "exec_id": (2, "s"), "signal": (3, "u"),
                    "all": (4, "u")},
    "Process": {"pid": (1, "u"), "info": (2, "Any")},
    "Processes": {"processes": (1, ["Process"])},
    "ProcessDetails": {"exec_id": (1, "s")},
    "UpdateRequest": {"id": (1, "s"), "resources": (2, "Any"),
                      "annotations": (3, ["Pair"])},
    "Stats": {"stats": (1, "Any")},
    "Connected": {"shim_pid": (1, "u"), "task_pid": (2, "u"),
                  "version": (3, "s")},
    "ShutdownRequest": {"id": (1, "s"), "now": (2, "u")},
    "ResizeRequest": {"id": (1, "s"), "exec_id": (2, "s"), "width": (3, "u"),
                      "height": (4, "u")},
    "CloseRequest": {"id": (1, "s"), "exec_id": (2, "s"), "stdin": (3, "u")},
    "CheckpointRequest": {"id": (1, "s"), "path": (2, "s"),
                          "options": (3, "Any")},
    # Events, and who takes them.
    "ForwardRequest": {"envelope": (1, "Envelope")},
    "Envelope": {"timestamp": (1, "Time"), "namespace": (2, "s"),
                 "topic": (3, "s"), "event": (4, "Any")},
    "TaskIO": {"stdin": (1, "s"), "stdout": (2, "s"), "stderr": (3, "s"),
               **STDIO},
    "TaskCreate": {"container_id": (1, "s"), "bundle": (2, "s"),
                   "rootfs": (3, ["Mount"]), "io": (4, "TaskIO"),
                   "checkpoint": (5, "s"), "pid": (6, "u")},
    "TaskStart": {"container_id": (1, "s"), "pid": (2, "u")},
    "TaskExit": {"container_id": (1, "s"), "id": (2, "s"), "pid": (3, "u"),
                 "exit_status": (4, "u"), "exited_at": (5, "Time")},
    "TaskDelete": {"container_id": (1, "s"), "pid": (2, "u"),
                   "exit_status": (3, "u"), "exited_at": (4, "Time"),
                   "id": (5, "s")},
    "TaskExecAdded": {"container_id": (1, "s"), "exec_id": (2, "s")},
    "TaskExecStarted": {"container_id": (1, "s"), "exec_id": (2, "s"),
                        "pid": (3, "u")},
    "TaskOOM": {"container_id": (1, "s")},
    "TaskPaused": {"container_id": (1, "s")},
    "TaskResumed": {"container_id": (1, "s")},
    "TaskCheckpointed": {"container_id": (1, "s"), "checkpoint": (2, "s")},
    # How a shim is started, and what it says of itself.
    "Bootstrap": {"instance_id": (1, "s"), "namespace": (2, "s"),
                  "log_level": (3, "u"), "containerd_version": (4, "s"),
                  "ttrpc_address": (5, "s"), "grpc_address": (6, "s"),
                  "binary": (7, "s"), "extensions": (8, ["Extension"]),
                  "socket_dir": (9, "s")},
    "Extension": {"value": (1, "Any")},
    "BootstrapResult": {"version": (1, "u"), "address": (2, "s"),
                        "protocol": (3, "s")},
    "Version": {"version": (1, "s"), "revision": (2, "s")},
    "RuntimeInfo": {"name": (1, "s"), "version": (2, "Version"),
                    "options": (3, "Any"), "features": (4, "Any"),
                    "annotations": (5, ["Pair"])},
    "RuncOptions": {"no_pivot_root": (1, "u"), "no_new_keyring": (2, "u"),
                    "shim_cgroup": (3, "s"), "io_uid": (4, "u"),
                    "io_gid": (5, "u"), "binary_name": (6, "s"),
                    "root": (7, "s"), "systemd_cgroup": (9, "u"),
                    "criu_image_path": (10, "s"),
                    "criu_work_path": (11, "s")},
    "RuntimeOptions": {"type_url": (1, "s"), "config_path": (2, "s"),
                       "config_body": (3, "b")},
}
METHODS = {
    "State": ("IdRequest", "State"), "Create": ("CreateRequest", "Pid"),
    "Start": ("IdRequest", "Pid"), "Delete": ("IdRequest", "Ended"),
    "Pids": ("IdRequest", "Processes"), "Pause": ("IdRequest", "Empty"),
    "Resume": ("IdRequest", "Empty"),
    "Checkpoint": ("CheckpointRequest", "Empty"),
    "Kill": ("KillRequest", "Empty"), "Exec": ("ExecRequest", "Empty"),
    "ResizePty": ("ResizeRequest", "Empty"),
    "CloseIO": ("CloseRequest", "Empty"),
    "Update": ("UpdateRequest", "Empty"), "Wait": ("IdRequest", "Waited"),
    "Stats": ("IdRequest", "Stats"), "Connect": ("IdRequest", "Connected"),
    "Shutdown": ("ShutdownRequest", "Empty"),
    "Forward": ("ForwardRequest", "Empty"),
}
# What is in an Any: a message, else JSON, else it is printed as hex.
CONTENTS = {"containerd.runc.v1.ProcessDetails": "ProcessDetails",
            "containerd.runc.v1.Options": "RuncOptions",
            "runtimeoptions.v1.Options": "RuntimeOptions",
            **{"containerd.events." + name: name for name in MESSAGES
               if name.startswith("Task")}}


def varint(number):
    number &= (1 << 64) - 1
    made = bytearray()
    while number > 0x7f:
        made.append(number & 0x7f | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
        if shift > 63:
            raise ValueError("a number of more than ten bytes")


def encode_field(number, kind, value):
    if kind == "u":
        return varint(number << 3) + varint(int(value))
    if kind == "s":
        value = value.encode()
    elif kind == "b":
        value = value if isinstance(value, bytes) else value.encode()
    else:
        value = encode(kind, value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def encode(name, tree):
    """A message of TREE; in an Any, "json" and "of" stand for its value."""
    if name == "Any" and "value" not in tree:
        tree = {"type_url": tree["type_url"], "value":
                json.dumps(tree["json"]) if "json" in tree else
                encode(CONTENTS[tree["type_url"]], tree["of"])}
    made = b""
    for key, value in tree.items():
        number, kind = MESSAGES[name][key]
        several = value if isinstance(kind, list) else [value]
        for one in several:
            made += encode_field(number, kind[0] if isinstance(kind, list)
                                 else kind, one)
    return made


def fields_of(data):
    """(number, value): an int, or bytes."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 2:
            size, at = read_varint(data, at)
            if at + size > len(data):
                raise ValueError("a field is longer than its message")
            value, at = data[at:at + size], at + size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {wire}")
        yield tag >> 3, value


def decode_value(kind, value):
    if kind == "u":
        return value
    if kind == "s":
        return value.decode()
    return value if kind == "b" else decode(kind, value)


def decode(name, data):
    """The tree of a message: text, numbers, bytes, more of them."""
    by_number = {number: (key, kind) for key, (number, kind)
                 in MESSAGES[name].items()}
    tree = {}
    for number, value in fields_of(data):
        if number not in by_number:
            tree.setdefault("unknown", []).append(number)
            continue
        key, kind = by_number[number]
        if isinstance(kind, list):
            tree.setdefault(key, []).append(decode_value(kind[0], value))
        else:
            tree[key] = decode_value(kind, value)
    if name == "Any":
        tree.update(unpack(tree.get("type_url", ""), tree.get("value", b"")))
    return tree


def unpack(url, value):
    if url in CONTENTS:
        return {"value": decode(CONTENTS[url], value)}
    try:
        return {"value": json.loads(value)}
    except ValueError:
        return {"value": value}


def text(tree):
    return json.dumps(tree, default=lambda value: value.hex())


# ---- frames

class Gone(Exception):
    """The other side has closed the connection."""


def read_exactly(stream, size):
    data = b""
    while len(data) < size:
        try:
            more = stream.recv(size - len(data))
        except ConnectionResetError:
            more = b""
        if not more:
            raise Gone
        data += more
    return data


def read_frame(stream):
    """(stream id, type, flags, data)."""
    size, number, kind, flags = HEAD.unpack(read_exactly(stream, HEAD.size))
    return number, kind, flags, read_exactly(stream, size)


def frame(number, kind, data, flags=0):
    return HEAD.pack(len(data), number, kind, flags) + data


def connect(path):
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(PATIENCE)
    stream.connect(path.removeprefix("unix://"))
    return stream


class Client:
    def __init__(self, path, version=2, namespace="test"):
        self.stream = connect(path)
        self.service = f"containerd.task.v{version}.Task"
        self.namespace = namespace
        self.number = -1

    def ask(self, method, tree, service=None):
        """Send it; the number of its stream."""
        self.number += 2
        kind = METHODS[method][0] if method in METHODS else "IdRequest"
        self.stream.sendall(frame(self.number, REQUEST, encode("Request", {
            "service": service or self.service, "method": method,
            "payload": encode(kind, tree),
            "metadata": [{"key": "containerd-namespace-ttrpc",
                          "value": self.namespace}]})))
        return self.number

    def answer(self):
        """(stream, status, payload) of whichever comes next."""
        number, kind, _, data = read_frame(self.stream)
        if kind != RESPONSE:
            raise ValueError(f"a frame of type {kind}")
        response = decode("Response", data)
        status = response.get("status", {})
        return number, status, response.get("payload", b"")

    def call(self, method, tree):
        """(code, tree of the answer or of the status)."""
        asked = self.ask(method, tree)
        number, status, payload = self.answer()
        if number != asked:
            raise ValueError(f"stream {asked} asked, {number} answered")
        return told(method, status, payload)


def told(method, status, payload):
    if status.get("code"):
        return status["code"], status
    return 0, decode(METHODS[method][1], payload)


def call(path, method, tree="{}", version=2):
    code, answer = Client(path, version).call(method, json.loads(tree))
    print(text(answer))
    return 1 if code else 0


def many(path):
    client = Client(path)
    asked = {}
    for line, words in enumerate(sys.stdin, 1):
        method, _, tree = words.partition(" ")
        number = client.ask(method.strip(), json.loads(tree or "{}"))
        asked[number] = (line, method.strip())
    for _ in range(len(asked)):
        number, *answer = client.answer()
        line, method = asked.pop(number)
        print(text({"line": line, **told(method, *answer)[1]}), flush=True)
    return 0


def end(path, container):
    """Kill it, wait for it, delete it, and the shim ends, too."""
    try:
        client = Client(path)
        client.stream.settimeout(5)
        for method, more in (("Kill", {"signal": 9, "all": 1}), ("Wait", {}),
                             ("Delete", {}), ("Shutdown", {})):
            client.call(method, {"id": container, **more})
    except (Gone, TimeoutError, ConnectionError, FileNotFoundError):
        return 1
    return 0


def raw(path, *hexes):
    stream = connect(path)
    stream.settimeout(1)
    try:
        for word in hexes:
            stream.sendall(bytes.fromhex(word))
        stream.shutdown(socket.SHUT_WR)
        while True:
            number, kind, flags, data = read_frame(stream)
            print(text({"stream": number, "type": kind, "flags": flags,
                        **decode("Response", data)}), flush=True)
    except (Gone, ConnectionError):
        print("closed")
    except TimeoutError:
        print("open")
    return 0


def deaf(path, count):
    """Ask and never read: how many were sent until nothing more was taken."""
    client = Client(path)
    client.stream.settimeout(2)
    sent = 0
    try:
        for sent in range(int(count)):
            client.ask("Connect", {"id": "x" * 4000})
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        pass
    print(sent, flush=True)
    # The connection stays while this lives.
    signal.pause()


# ---- who takes the events

def serve(stream, take):
    try:
        while True:
            number, _, _, data = read_frame(stream)
            request = decode("Request", data)
            status = take(request)
            stream.sendall(frame(number, RESPONSE, encode("Response", {
                "status": status} if status else {})))
    except (Gone, OSError):
        stream.close()


def listen(path, take):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(16)
    while True:
        stream, _ = server.accept()
        threading.Thread(target=serve, args=(stream, take),
                         daemon=True).start()


def events(path, file):
    with open(file, "a", encoding="utf-8") as log:
        def take(request):
            envelope = decode("ForwardRequest", request["payload"])["envelope"]
            event = envelope["event"]
            log.write(text({"service": request["service"],
                            "topic": envelope["topic"],
                            "namespace": envelope["namespace"],
                            "type": event["type_url"],
                            **event["value"]}) + "\n")
            log.flush()
        listen(path, take)


# ---- to start one

def start_input(asked, container, namespace, address):
    """What that containerd writes into `start`."""
    if asked != "2.3":
        return b""
    return encode("Bootstrap", {
        "instance_id": container, "namespace": namespace, "log_level": 0,
        "containerd_version": "v2.3.0", "ttrpc_address": address + ".ttrpc",
        "grpc_address": address, "binary": "/bin/true",
        "socket_dir": os.environ.get("SOCKET_DIR", "/run/containerd/s")})


def start(program, container, namespace, address, asked="2.0"):
    env = {"PATH": os.environ["PATH"], "TTRPC_ADDRESS": address + ".ttrpc",
           "GOMAXPROCS": "2"}
    if asked != "1.6":
        env |= {"GRPC_ADDRESS": address, "NAMESPACE": namespace,
                "MAX_SHIM_VERSION": "2"}
    done = subprocess.run(
        [program, "-namespace", namespace, "-address", address,
         "-publish-binary", "/bin/true", "-id", container, "start"],
        check=False, env=env, timeout=PATIENCE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, process_group=0,
        input=start_input(asked, container, namespace, address))
    if done.returncode:
        sys.exit(f"start: {done.returncode}: {done.stdout.decode()}")
    print(address_of(done.stdout, asked))
    return 0


def address_of(said, asked):
    """In any of the forms that this containerd takes."""
    if said.startswith(b"unix://"):
        return said.decode().strip()
    if asked == "1.6":
        raise ValueError(f"containerd 1.6 would not understand {said}")
    if said.startswith(b"{"):
        told_of = json.loads(said)
    elif asked == "2.3":
        told_of = decode("BootstrapResult", said)
    else:
        raise ValueError(f"not understood: {said}")
    if told_of["protocol"] != "ttrpc" or \
            (asked == "1.7" and told_of["version"] != 2):
        raise ValueError(f"not understood: {told_of}")
    return told_of["address"]


# ---- does this program itself what it should?

def fake_shim(request):
    tree = decode(METHODS[request["method"]][0], request["payload"])
    if tree.get("id") != "there":
        return {"code": 5, "message": f"no {tree.get('id')}"}
    return None


def self_test():
    for number in (0, 1, 127, 128, 1 << 32, (1 << 64) - 1):
        assert read_varint(varint(number), 0) == (number, len(varint(number)))
    tree = {"id": "x", "rootfs": [{"type": "bind", "options": ["ro", "b"]},
                                  {"type": "overlay"}], "terminal": 1,
            "options": {"type_url": "containerd.runc.v1.Options",
                        "of": {"systemd_cgroup": 1}}}
    again = decode("CreateRequest", encode("CreateRequest", tree))
    assert again["rootfs"] == tree["rootfs"], again
    assert again["options"]["value"] == {"systemd_cgroup": 1}, again
    # As protoc encodes it: {1: "x"}.
    assert encode("IdRequest", {"id": "x"}) == b"\x0a\x01x"
    assert frame(1, REQUEST, b"ab").hex() == "000000020000000101006162"
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/socket"
        threading.Thread(target=listen, args=(path, fake_shim),
                         daemon=True).start()
        while not os.path.exists(path):
            pass
        client = Client(path)
        assert client.call("Pause", {"id": "there"}) == (0, {})
        assert client.call("Pause", {"id": "other"}) == (
            5, {"code": 5, "message": "no other"})
    assert address_of(b"unix:///a", "1.6") == "unix:///a"
    assert address_of(encode("BootstrapResult", {
        "version": 3, "address": "unix:///b", "protocol": "ttrpc"}),
        "2.3") == "unix:///b"
    print("as it should be")
    return 0


def main():
    words = sys.argv[1:]
    verb = words.pop(0) if words else ""
    more = {}
    if words[:1] == ["--as"]:
        more["asked"] = words[1]
        words = words[2:]
    if words[:1] == ["--v3"]:
        more["version"] = 3
        words = words[1:]
    verbs = {"start": start, "call": call, "many": many, "end": end,
             "events": events, "raw": raw, "deaf": deaf,
             "self-test": self_test}
    if verb == "decode":
        print(text(decode(words[0], sys.stdin.buffer.read())))
        return 0
    if verb not in verbs:
        sys.exit(__doc__)
    return verbs[verb](*words, **more)


if __name__ == "__main__":
    sys.exit(main())
