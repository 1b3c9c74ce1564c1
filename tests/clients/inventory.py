#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What there is in a world: processes, mounts, cgroups, files of shims.

    inventory.py WORLD NAMESPACE

WORLD is the pid of its first process, NAMESPACE containerd's, whose tasks are
looked at. A line for each thing; two of them are compared by tests.
"""
import os
import sys

TASKS = "io.containerd.runtime.v2.task"


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def processes(world):
    """With their pids in the world; containerd may be started anew."""
    proc = f"/proc/{world}/root/proc"
    for pid in filter(str.isdigit, os.listdir(proc)):
        name = read(f"{proc}/{pid}/comm").strip()
        if pid != "1" and name not in ("", "containerd"):
            yield f"process {pid} {name}"


def mounts(world):
    for line in read(f"/proc/{world}/mountinfo").splitlines():
        yield "mount " + line.split()[4]


def cgroups(namespace):
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        # systemd's scopes are named SLICE-NAME-ID.
        yield from (f"cgroup {folder}/{name}" for name in names
                    if f"/{namespace}/" in f"{folder}/" or
                    f"{namespace}-" in name)


def files(world, namespace):
    """Folders that stay once they were made for any container are none."""
    root = f"/proc/{world}/root"
    stays = {f"/run/containerd/{name}" for name in
             ("s", "fifo", "io.containerd.runtime.v2.task")}
    stays |= {f"/run/containerd/{name}{tail}" for name in ("runc", "runf")
              for tail in ("", "/" + namespace)}
    places = ["/run/containerd"] + [f"/run/t/{where}/{TASKS}/{namespace}"
                                    for where in ("state", "root")]
    for place in places:
        for folder, names, others in os.walk(root + place):
            folder = folder[len(root):]
            yield from (f"file {folder}/{name}" for name in names + others
                        if f"{folder}/{name}" not in stays)


def main():
    world, namespace = sys.argv[1:]
    found = [*processes(world), *mounts(world), *cgroups(namespace),
             *files(world, namespace)]
    print("\n".join(sorted(found)))


main()
