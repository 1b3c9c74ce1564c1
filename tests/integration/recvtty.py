#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Receive a console on a socket, as an engine does, and show what it says.

    recvtty.py SOCKET RESULT [INPUT]

RESULT.json gets what came with the message, RESULT.out all that is read from
the terminal until it is closed; INPUT is typed into it.
"""
import array
import json
import os
import pathlib
import socket
import sys


def receive(connection):
    """The text and the descriptors of one message."""
    data, ancillary, flags, _ = connection.recvmsg(
        4096, socket.CMSG_SPACE(16 * 4))
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[:len(payload) - len(payload) % 4])
    return data, list(fds), flags


def main():
    path, result = pathlib.Path(sys.argv[1]), sys.argv[2]
    # A path may be longer than the address of a socket.
    os.chdir(path.parent)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path.name)
    listener.listen(1)
    listener.settimeout(60)
    connection, _ = listener.accept()
    data, fds, _ = receive(connection)
    with open(result + ".json.new", "w") as out:
        json.dump({"name": data.decode(), "count": len(fds),
                   "tty": bool(fds) and os.isatty(fds[0]),
                   "more": len(connection.recv(1))}, out)
    os.rename(result + ".json.new", result + ".json")
    if len(sys.argv) > 3:
        os.write(fds[0], sys.argv[3].encode())
    with open(result + ".out", "wb", buffering=0) as out:
        while True:
            try:
                chunk = os.read(fds[0], 4096)
            except OSError:
                break
            if not chunk:
                break
            out.write(chunk)


main()
