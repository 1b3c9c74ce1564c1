#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An image without a registry: an OCI archive.

    image.py [--layers N] [--busybox PATH] [--file PATH=INSIDE] NAME ARCHIVE

The first layer has busybox and its links, and programs of --file; each further
one a file /layers/NUMBER, and changes /last.
"""
import argparse
import hashlib
import io
import json
import platform
import subprocess
import tarfile
import time

FOLDERS = ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "layers")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
OCI = "application/vnd.oci.image."


def member(name, kind=tarfile.REGTYPE, mode=0o755, data=b"", link=""):
    made = tarfile.TarInfo(name)
    made.type, made.mode, made.linkname = kind, mode, link
    made.size = len(data)
    return made, io.BytesIO(data)


def tar_of(members):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for made, data in members:
            archive.addfile(made, data)
    return whole.getvalue()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def busybox_files(busybox):
    applets = subprocess.run([busybox, "--list"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.split()
    yield member("bin/busybox", data=read(busybox))
    yield from (member(f"bin/{name}", tarfile.SYMTYPE, link="busybox")
                for name in applets if name != "busybox")


def base_layer(busybox, files):
    yield from (member(name, tarfile.DIRTYPE,
                       0o1777 if name == "tmp" else 0o755)
                for name in FOLDERS)
    if busybox:
        yield from busybox_files(busybox)
    yield member("etc/passwd", mode=0o644,
                 data=b"root:x:0:0::/root:/bin/sh\n"
                 b"user:x:1000:1000::/:/bin/sh\n")
    yield member("etc/group", mode=0o644, data=b"root:x:0:\nuser:x:1000:\n")
    for pair in files:
        path, _, name = pair.partition("=")
        yield member(name.lstrip("/"), data=read(path))


def further_layer(number):
    text = f"{number}\n".encode()
    yield member(f"layers/{number}", mode=0o644, data=text)
    yield member("last", mode=0o644, data=text)


class Archive:
    """Blobs by their digests, and what an OCI layout has beside them."""

    def __init__(self, path):
        self.tar = tarfile.open(path, "w")
        self.seen = set()

    def write(self, name, data):
        self.tar.addfile(*member(name, mode=0o644, data=data))

    def blob(self, kind, data):
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self.seen:
            self.write(f"blobs/sha256/{digest}", data)
            self.seen.add(digest)
        return {"mediaType": OCI + kind, "digest": f"sha256:{digest}",
                "size": len(data)}

    def blob_json(self, kind, tree):
        return self.blob(kind, json.dumps(tree).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("--busybox")
    parser.add_argument("name")
    parser.add_argument("archive")
    asked = parser.parse_args()
    archive = Archive(asked.archive)
    layers = [archive.blob("layer.v1.tar", tar_of(layer)) for layer in
              (base_layer(asked.busybox, asked.file),
               *map(further_layer, range(2, asked.layers + 1)))]
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(0))
    machine = platform.machine()
    config = archive.blob_json("config.v1+json", {
        "created": created, "os": "linux",
        "architecture": MACHINES.get(machine, machine),
        "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/sh"]},
        # Uncompressed: what is stored is what it will be.
        "rootfs": {"type": "layers",
                   "diff_ids": [layer["digest"] for layer in layers]}})
    manifest = archive.blob_json("manifest.v1+json", {
        "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
        "config": config, "layers": layers})
    manifest["annotations"] = {
        "io.containerd.image.name": asked.name,
        "org.opencontainers.image.ref.name": asked.name.rpartition(":")[2]}
    archive.write("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    archive.write("index.json", json.dumps(
        {"schemaVersion": 2, "manifests": [manifest]}).encode())
    archive.tar.close()


main()
