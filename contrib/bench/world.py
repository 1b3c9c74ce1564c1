# SPDX-License-Identifier: Apache-2.0
"""Where the runtimes run: folders, built programs, and the measurer.

All of it is in a mount and a process namespace that bench made before, so
that nothing of it can outlive the harness.
"""
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
STATIC = ["-O2", "-static", "-D_GNU_SOURCE"]
BARE = [*STATIC, "-nostdlib", "-ffreestanding", "-fno-stack-protector"]
# The name of a runtime that is no program, and the compiler of its libc.
FLOORS = {"floor": "cc", "floor-musl": "musl-gcc"}
FLOOR_VERSION = "the least a start can cost, built with "


class Refused(Exception):
    """A run failed, so there is no result."""


class Skipped(Exception):
    """This host, or what was asked for, has not what a scenario needs."""


def run(*command, **more):
    """A command that must succeed, and whose complaint is ours if not."""
    done = subprocess.run([str(word) for word in command], check=False,
                          text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **more)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise Refused(f"{command[0]}: " + ("\n".join(said) or
                                           f"status {done.returncode}"))
    return done.stdout


def libraries(program, root="/"):
    """The shared libraries of PROGRAM, as it finds them in ROOT."""
    asked = subprocess.run(
        ["chroot", root, "/usr/bin/env", "LD_TRACE_LOADED_OBJECTS=1", program],
        check=False, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) \
        if is_dynamic(root, program) else None
    found = re.findall(r"(/\S+) \(0x", asked.stdout) if asked else []
    return list(dict.fromkeys(found))


def is_dynamic(root, program):
    """Does it name a dynamic linker? A static one would simply run."""
    there = pathlib.Path(str(root) + str(program))
    with open(there, "rb") as file:
        head = file.read(4096)
    return head.startswith(b"\x7fELF") and b"/ld" in head


class Runtime:
    """One of the compared: NAME, and its PROGRAM in the eyes of the root."""

    def __init__(self, name, program, state, floor=False):
        self.name = name
        self.program = str(program)
        self.state = str(state)
        self.floor = floor
        self.version = ""

    def argv(self, *words):
        return [self.program, "--root", self.state, *map(str, words)]

    def run_argv(self, bundle, container, *more):
        """What starts BUNDLE and waits for its end."""
        if not self.floor:
            return self.argv("run", "--bundle", bundle.inside, *more,
                             container)
        flags = [] if bundle.shape.netns else ["--no-netns"]
        if bundle.shape.seccomp:
            flags += ["--seccomp", str(bundle.filter)]
        return self.argv(*flags, "run", "-b", bundle.inside, container,
                         *bundle.args)


class Measurer:
    """The small program that starts and times the others; see measure.c."""

    def __init__(self, world, name):
        root = [str(world.root)] if world.root else []
        # Programs' complaints: only of interest if one fails.
        self.said = open(world.work / name, "w+", encoding="utf-8",
                         errors="replace")
        self.child = subprocess.Popen(
            [world.work / "measure", *root], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said)

    def ask(self, verb, *words):
        self.child.stdin.write("\t".join([verb, *map(str, words)]) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().split()
        if not answer or answer[0] == "error":
            raise Refused("measure: " + (" ".join(answer[1:]) or "it ended"))
        return [int(word) for word in answer[1:]]

    def complaint(self):
        """What was said on stderr since the last time."""
        self.said.seek(0)
        lines = self.said.read().strip().splitlines()
        self.said.seek(0)
        self.said.truncate()
        return "\n".join(line[:300] for line in lines[-5:])

    def close(self):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()
        self.said.close()


class World:
    """WORK is a folder of the host; for the runtimes its path is INSIDE."""

    def __init__(self, chosen, work):
        self.work = pathlib.Path(work)
        self.tag = self.work.name
        self.root = chosen.chroot
        self.inside = self.work
        if self.root:
            self.inside = pathlib.Path("/", self.work.relative_to(self.root))
            self.enter()
        # State is on a tmpfs, as /run is.
        self.mount("tmpfs", "run", "tmpfs")
        self.count = 0
        self.build()
        self.runtimes = [self.place(name) for name in chosen.runtimes]
        self.measurer = Measurer(self, "said")

    def mount(self, kind, folder, source, *options):
        (self.work / folder).mkdir(exist_ok=True)
        run("mount", *options, "-t", kind, source, self.work / folder)

    def enter(self):
        """Make ROOT a mount point, with what a root has mounted."""
        run("mount", "--bind", self.root, self.root)
        run("mount", "-t", "proc", "proc", self.root + "/proc")
        run("mount", "--rbind", "/sys", self.root + "/sys")
        run("mount", "--rbind", "/dev", self.root + "/dev")
        run("mount", "-t", "tmpfs", "tmpfs", self.root + "/run")

    def build(self):
        # measure's memory counts in others' peaks: small, if it can be.
        small = "musl-gcc" if shutil.which("musl-gcc") else "cc"
        self.need("cc", "the harness builds small programs")
        run(small, *STATIC, "-o", self.work / "measure", HERE / "measure.c")
        run("cc", *BARE, "-o", self.work / "payload", HERE / "payload.c")

    def need(self, program, why):
        if not shutil.which(program):
            raise Skipped(f"no {program} here: {why}")

    def build_floor(self, name):
        compiler = FLOORS[name]
        self.need(compiler, f"{name} is compiled with it")
        flags = list(STATIC)
        if compiler != "cc":
            # musl-gcc looks in no folder that has the kernel's headers.
            flags += ["-I", str(self.kernel_headers())]
        run(compiler, *flags, "-o", self.work / "bin" / name, HERE / "floor.c")

    def kernel_headers(self):
        folder = self.work / "headers"
        if not folder.exists():
            folder.mkdir()
            there = run("cc", "-print-multiarch").strip()
            usr = pathlib.Path("/usr/include")
            (folder / "linux").symlink_to(usr / "linux")
            (folder / "asm-generic").symlink_to(usr / "asm-generic")
            (folder / "asm").symlink_to(usr / there / "asm")
        return folder

    def place(self, name):
        """A runtime; what is not in the other root is copied into it."""
        (self.work / "bin").mkdir(exist_ok=True)
        name, _, program = name.partition("=")
        state = self.inside / "run" / name
        (self.work / "run" / name).mkdir(mode=0o700)
        if not program:
            self.build_floor(name)
            floor = Runtime(name, self.inside / "bin" / name, state, True)
            floor.version = FLOOR_VERSION + FLOORS[name]
            return floor
        if self.root and not os.path.exists(self.root + program):
            if not os.access(program, os.X_OK):
                raise Refused(f"{name}: {program} is not a program")
            shutil.copy(program, self.work / "bin" / name)
            program = self.inside / "bin" / name
        placed = Runtime(name, program, state)
        if not os.access(self.outside(program), os.X_OK):
            raise Refused(f"{name}: {program} is not a program")
        placed.version = self.version_of(program)
        return placed

    def version_of(self, program):
        """Its first line; one that has no --version may run all the same."""
        try:
            said = run("chroot", self.root or "/", program, "--version")
        except Refused:
            return ""
        return said.splitlines()[0] if said else ""

    def outside(self, path):
        """The host's name of a file that the runtimes know as PATH."""
        return pathlib.Path((self.root or "") + str(path))

    def new_id(self):
        self.count += 1
        return f"{self.tag}-{self.count}"

    def oci(self):
        return [runtime for runtime in self.runtimes if not runtime.floor]

    def sample(self, verb, runtime, gap_ms, argv, speaks=False):
        """One measured program; it must succeed, and speak if it should."""
        wall, first, cpu, rss, status = self.measurer.ask(verb, gap_ms, *argv)
        if status:
            raise Refused(f"{runtime.name} {verb}: exit status {status}\n" +
                          self.measurer.complaint())
        if speaks and first <= 0:
            raise Refused(f"{runtime.name} {verb}: the payload said nothing")
        return {"wall_us": wall / 1000,
                "first_us": first / 1000 if first > 0 else None,
                "cpu_us": cpu, "rss_kb": rss}

    def plain(self, runtime, *words):
        """Not measured, but it must succeed."""
        return self.sample("plain", runtime, 0, runtime.argv(*words))

    def remove(self, runtime, container):
        """Whatever state it is in; it may be gone."""
        self.measurer.ask("plain", 0,
                          *runtime.argv("delete", "--force", container))

    def clear(self):
        """After a failure: no container of ours is left running."""
        for runtime in self.oci():
            for path in (self.work / "run" / runtime.name).iterdir():
                if path.name.startswith(self.tag):
                    self.remove(runtime, path.name)
        self.measurer.complaint()
