# SPDX-License-Identifier: Apache-2.0
"""Make what is run: configurations, root file systems, compiled filters."""
import dataclasses
import json
import os
import pathlib
import shutil
import struct
import subprocess

from world import HERE, Refused, Skipped, libraries, run

# They say when they began, as payload.c does.
PROGRAMS = {
    "python": ["-I", "-S", "-c",
               "import time; print(time.monotonic_ns())"],
    "node": ["-e", "console.log(String(process.hrtime.bigint()))"],
}
# The head of a file in runf's cache of filters; see src/seccomp/cache.c.
CACHE_HEAD = struct.Struct("=QQQQ")
CACHE_MAGIC = 0x6670622d666e7572


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a container is like; one that stays does not end by itself."""
    payload: str = "noop"
    netns: bool = True
    seccomp: bool = False
    stays: bool = False
    memory: int = 0


@dataclasses.dataclass
class Bundle:
    shape: Shape
    path: pathlib.Path
    inside: pathlib.Path
    args: list
    speaks: bool = True
    filter: pathlib.Path = None


class Bundles:
    """The bundles of a world, each made when it is first asked for."""

    def __init__(self, world, own=None, own_speaks=False):
        self.world = world
        self.own = own
        self.own_speaks = own_speaks
        self.made = {}
        self.count = 0

    def get(self, shape):
        if shape not in self.made:
            self.made[shape] = self.make(shape)
        return self.made[shape]

    def make(self, shape):
        self.count += 1
        name = f"bundle{self.count}"
        path = self.world.work / name
        path.mkdir()
        bundle = Bundle(shape, path, self.world.inside / name, [])
        if self.own and not shape.stays:
            self.borrow(bundle)
        else:
            image, bundle.args = self.image(shape.payload)
            # The same files for all: only their names are new.
            shutil.copytree(image, path / "rootfs", copy_function=os.link,
                            symlinks=True)
            if shape.stays:
                bundle.args = ["/payload", "stay"]
        if self.world.oci():
            self.configure(bundle)
        if shape.seccomp and any(r.floor for r in self.world.runtimes):
            bundle.filter = self.compiled_filter(bundle)
        return bundle

    def borrow(self, bundle):
        """The bundle of the user, of which nothing is changed."""
        if bundle.shape.payload != "noop":
            raise Skipped("--bundle has a payload of its own")
        if any(runtime.floor for runtime in self.world.runtimes):
            raise Skipped("the floor reads no config.json, so it cannot be "
                          "compared with --bundle")
        path = pathlib.Path(self.own)
        config = self.base_config(bundle)
        (bundle.path / "rootfs").mkdir()
        run("mount", "--rbind", path / config["root"]["path"],
            bundle.path / "rootfs")
        bundle.args = config["process"]["args"]
        bundle.speaks = self.own_speaks

    def base_config(self, bundle):
        if self.own and not bundle.shape.stays:
            return json.loads((pathlib.Path(self.own) /
                               "config.json").read_text())
        maker = self.world.oci()[0]
        try:
            run("chroot", self.world.root or "/", "/bin/sh", "-c",
                'cd "$1" && shift && exec "$@"', "sh", bundle.inside,
                maker.program, "spec")
        except Refused as reason:
            raise Refused(f"{maker.name} spec: {reason}") from reason
        if not (bundle.path / "config.json").exists():
            raise Refused(f"{maker.name} spec: it wrote no config.json")
        return json.loads((bundle.path / "config.json").read_text())

    def configure(self, bundle):
        shape = bundle.shape
        config = self.base_config(bundle)
        config["root"]["path"] = "rootfs"
        config["process"]["terminal"] = False
        config["process"]["args"] = bundle.args
        linux = config["linux"]
        if not shape.netns:
            linux["namespaces"] = [space for space in linux["namespaces"]
                                   if space["type"] != "network"]
        if shape.seccomp:
            linux["seccomp"] = profile()
        if shape.memory:
            linux.setdefault("resources", {})["memory"] = {
                "limit": shape.memory}
        (bundle.path / "config.json").write_text(json.dumps(config))

    def image(self, payload):
        """A root file system with PAYLOAD, and the command to run in it."""
        image = self.world.work / f"image-{payload}"
        fresh = not image.exists()
        for folder in ("proc", "dev", "sys"):
            (image / folder).mkdir(parents=True, exist_ok=True)
        if payload == "noop":
            if fresh:
                shutil.copy(self.world.work / "payload", image / "payload")
            return image, ["/payload"]
        program, files = interpreter(payload)
        for file in files if fresh else []:
            there = image / file.lstrip("/")
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, there)
        return image, [program, *PROGRAMS[payload]]

    def compiled_filter(self, bundle):
        """The filter that runf made of the profile, for the floor."""
        for runtime in self.world.oci():
            self.world.sample("run", runtime, 0, runtime.run_argv(
                bundle, self.world.new_id()))
            cache = self.world.work / "run" / runtime.name / ".cache/seccomp"
            for path in cache.iterdir() if cache.exists() else []:
                image = path.read_bytes()
                magic, key, length, _ = CACHE_HEAD.unpack_from(image)
                if magic != CACHE_MAGIC:
                    continue
                begin = CACHE_HEAD.size + key
                (bundle.path / "filter").write_bytes(
                    image[begin:begin + length * 8])
                return bundle.inside / "filter"
        raise Skipped("with seccomp the floor needs a filter that runf "
                      "compiled: name runf too, or leave the floor out")


def profile():
    """podman's seccomp profile, as podman passes it to a runtime."""
    try:
        return json.loads(run(HERE.parent / "seccomp-profile"))
    except Refused as missing:
        raise Skipped("no seccomp profile here (Debian's package "
                      "golang-github-containers-common)") from missing


def ask(program, *words):
    """What an interpreter says about itself, or nothing."""
    done = subprocess.run([program, *words], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout.split("\n") if done.returncode == 0 else []


def interpreter(payload):
    """The host's interpreter, and all files that it opens at its start."""
    name = {"python": "python3", "node": "node"}[payload]
    # The distribution's own first: others may be scripts that choose one.
    found = shutil.which(name, path="/usr/bin:/usr/local/bin:" +
                         os.environ.get("PATH", ""))
    if not found:
        raise Skipped(f"no {name} here (Debian's package "
                      f"{'python3' if payload == 'python' else 'nodejs'})")
    if payload == "node":
        program = os.path.realpath(found)
        return program, [program, *libraries(program)]
    said = ask(found, "-I", "-S", "-c", PYTHON_FILES)
    if not said:
        raise Skipped(f"{found} does not run")
    program = os.path.realpath(said[0])
    return program, [program, *libraries(program),
                     *(file for file in said[1:] if os.path.isfile(file))]


# The interpreter, then the files of each module that is in use.
PYTHON_FILES = """
import os, sys, time
print(sys.executable)
for module in list(sys.modules.values()):
    spec = getattr(module, "__spec__", None)
    for name in (getattr(module, "__file__", None),
                 getattr(spec, "cached", None)):
        if name:
            print(name)
# By these it knows its own library's folders.
print(os.__file__)
"""
