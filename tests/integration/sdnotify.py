#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sdnotify.py SOCKET FILE: a service manager's end of sd_notify(3).

Each line that arrives is appended to FILE; a barrier's descriptor is closed
once what came before it has been written. "@NAME" is an abstract socket.
"""
import os
import socket
import sys


def main():
    path, file = sys.argv[1:]
    if path.startswith("@"):
        path = "\0" + path[1:]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
    with open(file, "w", buffering=1, encoding="utf-8") as out:
        while True:
            text, fds, _, _ = socket.recv_fds(listener, 4096, 4)
            out.write(text.decode() + (f" fds={len(fds)}" if fds else "")
                      + "\n")
            for fd in fds:
                os.close(fd)


main()
