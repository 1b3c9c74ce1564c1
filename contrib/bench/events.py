# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells of processes: who was forked, executed, and ended when.

Its proc connector speaks to the machine's first process namespace only. So
the socket is opened there, with a view of its /proc, and handed to the one that
measures, who finds out there under which pids it is told of him.
"""
import collections
import os
import select
import socket
import struct
import time

NETLINK_CONNECTOR = 11
CN_IDX_PROC = 1
LISTEN = 1
FORK, EXEC, EXIT = 1, 2, 0x80000000
# nlmsghdr, cn_msg, then proc_event: what, cpu, timestamp_ns.
SUBSCRIBE = struct.Struct("=IHHII IIIIHH I")
EVENT = struct.Struct("=16x 20x IIQ IIIII")
ODD_STATUS = 93
HANDED = "BENCH_EVENTS"

Event = collections.namedtuple("Event", "ns what pid other")


def open_here():
    """(environment, descriptors) for the measuring child; none if not told."""
    stream = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                           NETLINK_CONNECTOR)
    try:
        stream.bind((0, CN_IDX_PROC))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        stream.send(SUBSCRIBE.pack(SUBSCRIBE.size, 3, 0, 0, 0, CN_IDX_PROC, 1,
                                   0, 0, 4, 0, LISTEN))
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
        if not select.select([stream], [], [], 0.5)[0]:
            raise PermissionError
    except OSError:
        stream.close()
        return {}, ()
    return {HANDED: str(stream.fileno())}, (stream.detach(),)


class Events:
    """All descendants of the process that made this."""

    def __init__(self):
        self.stream = socket.socket(fileno=int(os.environ[HANDED]))
        self.parents = {}
        self.myself = self.find_myself()

    def find_myself(self):
        child = os.fork()
        if child == 0:
            os._exit(ODD_STATUS)
        os.waitpid(child, 0)
        while True:
            for event in self.read(1):
                if event.what == EXIT and event.other == ODD_STATUS << 8:
                    return self.parents[event.pid]

    def read(self, patience=0):
        """What was told since the last time; nothing, if nothing was."""
        found = []
        while select.select([self.stream], [], [],
                            0 if found else patience)[0]:
            data = self.stream.recv(4096)
            if len(data) < EVENT.size:
                continue
            what, _, ns, pid, leader, third, fourth, _ = EVENT.unpack_from(
                data.ljust(EVENT.size, b"\0"))
            if what == FORK and third == fourth:
                self.parents[fourth] = leader
                found.append(Event(ns, what, fourth, leader))
            elif what == EXEC:
                found.append(Event(ns, what, leader, 0))
            elif what == EXIT and pid == leader:
                found.append(Event(ns, what, pid, third))
        return found

    def below(self, ancestor, pid):
        """Does PID, or did it, descend from ANCESTOR?"""
        pid = self.parents.get(pid)
        while pid is not None and pid != ancestor:
            pid = self.parents.get(pid)
        return pid == ancestor

    def child_of_mine(self):
        """The one that was started last, and was told of."""
        return [pid for pid, parent in self.parents.items()
                if parent == self.myself][-1]

    def follow(self, ancestor, until, patience):
        """Events below ANCESTOR until UNTIL(events) says it is enough."""
        found = []
        end = time.monotonic() + patience
        while not until(found):
            left = end - time.monotonic()
            if left <= 0:
                return None
            found += [event for event in self.read(left)
                      if self.below(ancestor, event.pid)]
        return found


def alive(events):
    """Who of the started has not ended."""
    return {event.pid for event in events if event.what == FORK} - \
        {event.pid for event in events if event.what == EXIT}
