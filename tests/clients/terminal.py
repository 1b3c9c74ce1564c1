#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command on a terminal, and be who sits in front of it.

    terminal.py EXPECT=TYPE... -- COMMAND...

Whenever the text EXPECT has come, TYPE is typed, in this order; "resize" as
TYPE makes the terminal 40x100. Prints what the terminal showed; the exit
status is the command's, or 124 after 30 seconds.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ,
                struct.pack("HHHH", rows, columns, 0, 0))


def read(terminal, deadline):
    """Bytes; none at the end."""
    patience = max(0, deadline - time.monotonic())
    if not select.select([terminal], [], [], patience)[0]:
        raise TimeoutError
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def talk(terminal, steps, deadline):
    shown = b""
    seen = 0
    while True:
        data = read(terminal, deadline)
        if not data:
            return shown
        shown += data
        while steps and steps[0][0] in shown[seen:]:
            expect, answer = steps.pop(0)
            seen = shown.index(expect, seen) + len(expect)
            if answer == b"resize":
                resize(terminal, 40, 100)
            else:
                os.write(terminal, answer + b"\n")


def main():
    cut = sys.argv.index("--")
    steps = [tuple(word.encode().split(b"=", 1)) for word in sys.argv[1:cut]]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(sys.argv[cut + 1], sys.argv[cut + 1:])
    resize(terminal, 24, 80)
    try:
        shown = talk(terminal, steps, time.monotonic() + 30)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except TimeoutError:
        shown, status = b"no end in 30 seconds", 124
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    return status if status >= 0 else 128 - status


sys.exit(main())
