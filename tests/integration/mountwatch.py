#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Count what happens to this mount namespace while a command runs.

    mountwatch.py COMMAND [ARG...]

The kernel tells every reader of mountinfo when a mount comes, goes or changes
(POLLPRI); systemd reads all of it then. The last line is the number of times.
"""
import select
import subprocess
import sys


def main():
    events = 0
    with open("/proc/self/mountinfo", "rb") as info:
        info.read()
        poll = select.poll()
        poll.register(info, select.POLLPRI | select.POLLERR)
        with subprocess.Popen(sys.argv[1:]) as command:
            running = True
            while running:
                # Once more when it has ended: the last may just have come.
                running = command.poll() is None
                while poll.poll(10 if running else 0):
                    events += 1
        print(events)
    return command.returncode


sys.exit(main())
