#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Zip archives that no packer makes: archive.py KIND FILE."""
import io
import stat
import struct
import sys
import zipfile

KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


def entry(name, mode=stat.S_IFREG | 0o644):
    info = zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6))
    info.create_system = 3
    info.external_attr = mode << 16
    return info


class Archive(zipfile.ZipFile):
    def add(self, name, content=b"x", mode=stat.S_IFREG | 0o644):
        self.writestr(entry(name, mode), content)

    def link(self, name, target):
        self.add(name, target.encode(), stat.S_IFLNK | 0o777)


def bootstrap(archive):
    archive.add("bootstrap", b"#!/bin/sh\n", stat.S_IFREG | 0o755)


@kind
def dotdot(archive):
    archive.add("../evil")


@kind
def dotdot_inside(archive):
    archive.add("a/../../evil")


@kind
def absolute(archive):
    archive.add("/evil")


@kind
def link_absolute(archive):
    archive.link("out", "/etc")
    archive.add("out/evil")


@kind
def link_out(archive):
    archive.link("a/out", "../../..")


@kind
def link_chain(archive):
    archive.link("a/b/c/up", "../../..")
    archive.link("out", "a/b/c/up/..")


@kind
def through_link(archive):
    archive.add("real/file")
    archive.link("to", "real")
    archive.add("to/evil")


@kind
def device(archive):
    archive.add("null", b"", stat.S_IFCHR | 0o666)


@kind
def socket(archive):
    archive.add("socket", b"", stat.S_IFSOCK | 0o666)


@kind
def setuid(archive):
    archive.add("su", mode=stat.S_IFREG | 0o4755)


@kind
def control(archive):
    archive.add("a\033[2Jb")


@kind
def deep(archive):
    archive.add("d/" * 41 + "f")


@kind
def long(archive):
    archive.add("/".join(["n" * 200] * 6))


@kind
def name_too_long(archive):
    archive.add("n" * 256)


@kind
def bomb(archive):
    with archive.open(entry("zeros"), "w") as file:
        for _ in range(300):
            file.write(bytes(1 << 20))


@kind
def too_many(archive):
    for i in range(100001):
        archive.add(f"{i}", b"")


@kind
def dir_is_file(archive):
    archive.add("x/y")
    archive.add("x")


# ---- and good ones

@kind
def many(archive):
    for i in range(10000):
        archive.add(f"{i % 100}/{i}", b"%d" % i)


@kind
def zip64(archive):
    with archive.open(entry("large"), "w", force_zip64=True) as file:
        file.write(b"zip64")
    archive.add("empty", b"")
    archive.add("unreadable", b"r", stat.S_IFREG | 0o600)
    archive.add("dir/", b"", stat.S_IFDIR | 0o700)
    archive.link("dir/up", "../large")


@kind
def duplicate(archive):
    archive.add("twice", b"first")
    archive.add("twice", b"second")


def patch(data, kind_name):
    """The bytes of an archive, with what zipfile would not write."""
    data = bytearray(data)
    central = data.rindex(b"PK\1\2")
    if kind_name == "huge":
        for at in (data.index(b"PK\3\4") + 22, central + 24):
            data[at:at + 4] = struct.pack("<I", 0xFFFFFFF0)
    elif kind_name == "lies":
        # Both headers say 1 byte; the data is more.
        for at in (data.index(b"PK\3\4") + 22, central + 24):
            data[at:at + 4] = struct.pack("<I", 1)
    elif kind_name == "central":
        data[central:central + 4] = b"PK\7\7"
    elif kind_name == "encrypted":
        for at in (data.index(b"PK\3\4") + 6, central + 8):
            data[at] |= 1
    elif kind_name == "checksum":
        at = data.index(b"PK\3\4") + 30 + len("zeros")
        data[at + 200] ^= 255
    elif kind_name == "truncated":
        del data[len(data) // 2:]
    elif kind_name == "nothing":
        data[:] = b"this is no archive at all\n" * 10
    return bytes(data)


def main():
    name, path = sys.argv[1:]
    memory = io.BytesIO()
    with Archive(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        if name in KINDS:
            bootstrap(archive)
            KINDS[name](archive)
        else:
            archive.add("zeros", bytes(range(256)) * 64)
    data = memory.getvalue()
    with open(path, "wb") as file:
        file.write(data if name in KINDS else patch(data, name))


main()
