#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ask a server of functions as no well-behaved client would.

usage: fn_serve.py SOCKET FUNCTION WHAT [ARG]
"""
import binascii
import json
import re
import socket
import struct
import sys
import threading
import time

PATH, NAME, WHAT = sys.argv[1:4]
ARG = sys.argv[4] if len(sys.argv) > 4 else ""


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(PATH)
    return s


def request(event, head="", path=None):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    path = path or f"/2015-03-31/functions/{NAME}/invocations"
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def answer(stream):
    """Status and body of one answer that has a length."""
    status = int(stream.readline().split()[1])
    size = 0
    while (line := stream.readline().strip()):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    return status, stream.read(size)


def ask(event):
    with connect() as s:
        s.sendall(request(event))
        return answer(s.makefile("rb"))


def loris():
    """Clients that never finish; one that does is answered at once."""
    slow = [connect() for _ in range(int(ARG or 200))]
    for number, s in enumerate(slow):
        s.sendall([b"POST /2015", b"POST / HTTP/1.1\r\nHo",
                   request("x" * 100)[:-50], b""][number % 4])
    begin = time.monotonic()
    status, body = ask("fine")
    print(status, body.decode(), time.monotonic() - begin < 2)
    for s in slow:
        s.close()
    print(*ask("fine"))


def half():
    """The sending side is closed; the answer comes all the same."""
    with connect() as s:
        s.sendall(request("sleep 300"))
        s.shutdown(socket.SHUT_WR)
        print(*answer(s.makefile("rb")))
    # Gone before the answer: the next one is none the worse.
    with connect() as s:
        s.sendall(request("sleep 300"))
    print(*ask("fine"))


def pipelined():
    with connect() as s:
        s.sendall(b"".join(request(str(n)) for n in range(20)))
        stream = s.makefile("rb")
        print(*(answer(stream)[1].decode() for _ in range(20)))


def nonsense():
    """Each of these costs its own connection, and no other."""
    texts = [b"\0" * 10000, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
             b"POST / HTTP/9.9\r\n\r\n", b"A" * 100000,
             request("x").replace(b"Content-Length: 3", b"Content-Length: -1"),
             request("x").replace(b"Content-Length: 3",
                                  b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
             request("x", "X: " + "y" * 70000 + "\r\n")]
    for text in texts:
        with connect() as s:
            s.settimeout(1)
            try:
                s.sendall(text)
                s.shutdown(socket.SHUT_WR)
                first = s.recv(100)
            except (TimeoutError, BrokenPipeError, ConnectionResetError):
                first = b""
            if first and not re.match(rb"HTTP/1\.1 [45]", first):
                print("answered", first)
    print(*ask("fine"))


def many():
    """ARG at once; how many were answered how."""
    counts = {}

    def one():
        status, _ = ask("sleep 500")
        counts[status] = counts.get(status, 0) + 1

    threads = [threading.Thread(target=one) for _ in range(int(ARG))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*(f"{status}:{counts[status]}" for status in sorted(counts)))


def events():
    """Accept ARG events, the ids on stdout as they are accepted."""
    for number in range(int(ARG)):
        with connect() as s:
            s.sendall(request(f"event {number}",
                              "X-Amz-Invocation-Type: Event\r\n"))
            if answer(s.makefile("rb"))[0] == 202:
                print(number, flush=True)


def frames(data):
    """The event stream's messages, their sums checked."""
    while data:
        size, headers, crc = struct.unpack("!III", data[:12])
        message, data = data[:size], data[size:]
        assert binascii.crc32(message[:8]) == crc
        assert binascii.crc32(message[:-4]) == \
            struct.unpack("!I", message[-4:])[0]
        names, place = {}, 12
        while place < 12 + headers:
            length = message[place]
            name = message[place + 1:place + 1 + length].decode()
            place += 1 + length
            assert message[place] == 7
            length = struct.unpack("!H", message[place + 1:place + 3])[0]
            names[name] = message[place + 3:place + 3 + length].decode()
            place += 3 + length
        yield names, message[12 + headers:-4]


def stream():
    """When each chunk came, in tenths of a second, and what it was."""
    with connect() as s:
        s.sendall(request(ARG, "Connection: close\r\n",
                          f"/2021-11-15/functions/{NAME}/"
                          "response-streaming-invocations"))
        begin = time.monotonic()
        reader = s.makefile("rb")
        head = b""
        while (line := reader.readline()) != b"\r\n":
            head += line
        assert b"application/vnd.amazon.eventstream" in head, head
        data, times = b"", []
        while (size := int(reader.readline(), 16)):
            data += reader.read(size)
            times.append(time.monotonic() - begin)
            reader.readline()
    for names, payload in frames(data):
        print(names[":event-type"], payload.decode())
    print("apart", round(times[-1] - times[0], 1) >= 0.2)


def metrics():
    """The text of Prometheus, by its grammar; what is wrong is printed."""
    with connect() as s:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        _, text = answer(s.makefile("rb"))
    types, seen = {}, set()
    line_is = re.compile(r'([a-z_]+)(\{(?:[a-z]+="[^"\\]*",?)*\})? ([0-9.]+)$')
    for line in text.decode().splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            if name in types:
                print("twice", line)
            types[name] = kind
        elif not line.startswith("# HELP "):
            found = line_is.match(line)
            base = found and re.sub("_(bucket|sum|count)$", "", found[1])
            if not found or (found[1] not in types and base not in types):
                print("wrong", line)
            if line.rpartition(" ")[0] in seen:
                print("again", line)
            seen.add(line.rpartition(" ")[0])
    print("read", len(seen) > 20)


globals()[WHAT]()
