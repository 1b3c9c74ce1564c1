# SPDX-License-Identifier: Apache-2.0
"""Containers as containerd's client sees them: the shim's cost and its own.

A private containerd is asked by `ctr` to run what says when it began and
ends. The runtimes take turns, as everywhere in this folder.
"""
import dataclasses
import json
import os
import pathlib
import select
import subprocess
import sys
import threading
import time

import events
import figures
from world import HERE, Refused, Skipped, World, run

SLEEPERS = 10
EXECS = 50
WIDTH, BURST, BURSTS = 4, 24, 3
PATIENCE_S = 20
OWN_SHIM = "io.containerd.runc.v2"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Way:
    """One of the compared: what `ctr run` is told."""
    name: str
    options: list


def way_of(runtime, given):
    """A shim is named by its path, a runtime goes below containerd's own."""
    if os.path.basename(given).startswith("containerd-shim-"):
        return Way(runtime.name, ["--runtime", runtime.program])
    return Way(runtime.name, ["--runtime", OWN_SHIM, "--runc-binary",
                              runtime.program])


class MountWatch:
    """How often the kernel said that a mount namespace had changed."""

    def __init__(self, pid):
        self.file = open(f"/proc/{pid}/mountinfo", "rb")
        self.seen = 0
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        waiter = select.poll()
        waiter.register(self.file, select.POLLPRI)
        while waiter.poll():
            self.seen += 1


def program(world, name):
    """Its path in the root's eyes."""
    for folder in ("/usr/local/bin", "/usr/bin", "/usr/sbin"):
        if world.outside(f"{folder}/{name}").exists():
            return f"{folder}/{name}"
    raise Skipped(f"no {name} in {world.root or '/'}")


class Containerd:
    """In the world's folders; ends with its process namespace."""

    def __init__(self, world):
        self.world = world
        self.namespace = world.tag
        self.daemon, self.client = program(world, "containerd"), \
            program(world, "ctr")
        self.place = world.inside / "run"
        here = world.work / "run"
        (world.work / "store").mkdir()
        config = (HERE / "containerd.toml").read_text()
        config = config.replace("/run/t/root", str(world.inside / "store"))
        (here / "containerd.toml").write_text(
            config.replace("/run/t", str(self.place)))
        if not world.root:
            run("mount", "-t", "tmpfs", "tmpfs", "/run")
        self.told = events.Events() if events.HANDED in os.environ else None
        self.log = open(world.work / "containerd.log", "w", encoding="utf-8")
        self.child = self.start()
        self.host_pid = self.told and self.told.read(1) and \
            self.told.child_of_mine()
        self.wait_for_it()
        self.import_image()
        self.mounts = MountWatch(self.child.pid)
        self.quiet()

    def start(self):
        """A shim's children want a root that is one."""
        enter = 'cd "$1" && pivot_root . . && umount -l . && ' \
            if self.world.root else ""
        return subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             enter + 'exec "$2" --config "$3"', "sh",
             self.world.root or "/", self.daemon,
             str(self.place / "containerd.toml")],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def wait_for_it(self):
        for _ in range(200):
            if self.child.poll() is not None:
                break
            if not subprocess.run(self.argv("version"), check=False,
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL).returncode:
                return
            time.sleep(0.05)
        said = (self.world.work / "containerd.log").read_text()
        raise Refused("containerd: " + "\n".join(said.splitlines()[-3:]))

    def argv(self, *words):
        return ["chroot", self.world.root or "/", *self.inner(*words)]

    def inner(self, *words):
        """For who is already in the root."""
        return [self.client, "--address", str(self.place / "containerd.sock"),
                "--namespace", self.namespace, *map(str, words)]

    def ask(self, *words):
        return run(*self.argv(*words))

    def import_image(self):
        archive = self.world.work / "image.tar"
        run(sys.executable, HERE / "image.py", "--file",
            f"{self.world.work / 'payload'}=/payload", "bench:1", archive)
        self.ask("images", "import", self.world.inside / "image.tar")

    def run_words(self, way, container, *more):
        # Its default would need a controller.
        return ["run", *way.options, "--cpu-shares", "0", *more, "bench:1",
                container, "/payload"]

    def quiet(self):
        """Nothing of before shall be counted."""
        if self.told:
            self.told.read(0.05)

    def shims(self):
        """Their pids: whoever was told of our namespace."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            words = read(f"/proc/{pid}/cmdline").split("\0")
            if "-namespace" in words and self.namespace in words:
                yield pid

    def gone(self):
        for _ in range(PATIENCE_S * 20):
            if not list(self.shims()):
                return
            time.sleep(0.05)
        raise Refused("a shim does not end")


def read(path):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError:
        return ""


# ---- one life

def timed(argv):
    """(begin, end, what was said), in ns of the monotonic clock."""
    begin = time.monotonic_ns()
    done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode:
        raise Refused(f"{argv[-1]}: {done.returncode}: {done.stderr.strip()}")
    return begin, time.monotonic_ns(), done.stdout


def phases(seen, began):
    """What the kernel told of a life in which the payload spoke at BEGAN."""
    executed = [event for event in seen if event.what == events.EXEC]
    payload = [event for event in executed if event.ns <= began][-1]
    ended = [event for event in seen if event.what == events.EXIT]
    exit_ns = next(event.ns for event in ended if event.pid == payload.pid)
    return {"begin_us": (payload.ns - executed[0].ns) / 1000,
            "clean_us": (ended[-1].ns - exit_ns) / 1000,
            "executed": len(executed)}


def one_life(containerd, way, container):
    containerd.quiet()
    before = containerd.mounts.seen
    begin, end, said = timed(containerd.argv(*containerd.run_words(
        way, container, "--rm")))
    sample = {"wall_us": (end - begin) / 1000}
    if not said.strip().isdigit():
        raise Refused(f"{way.name}: the payload said nothing")
    if containerd.told:
        def over(seen):
            return seen and not events.alive(seen)
        seen = containerd.told.follow(containerd.host_pid, over, PATIENCE_S)
        if seen is None:
            raise Refused(f"{way.name}: a process does not end")
        sample |= phases(seen, int(said))
    else:
        containerd.gone()
    sample["mounts"] = containerd.mounts.seen - before
    return sample


# ---- others

def pss_kb(pid):
    lines = read(f"/proc/{pid}/smaps_rollup").splitlines()
    return sum(int(line.split()[1]) for line in lines
               if line.startswith("Pss:"))


def shim_memory(containerd, way):
    """PSS for each of several that sleep beside each other."""
    names = [containerd.world.new_id() for _ in range(SLEEPERS)]
    for name in names:
        containerd.ask(*containerd.run_words(way, name, "-d", "--null-io"),
                       "stay")
    time.sleep(0.5)
    found = sum(pss_kb(pid) for pid in containerd.shims())
    for name in names:
        remove(containerd, name)
    containerd.gone()
    return {"pss_kb": found / SLEEPERS}


def remove(containerd, name):
    containerd.ask("tasks", "kill", "-s", "9", name)
    for _ in range(PATIENCE_S * 20):
        if "STOPPED" in containerd.ask("tasks", "ls").split(name)[-1]:
            break
        time.sleep(0.05)
    # Its status is the task's, with some versions.
    subprocess.run(containerd.argv("tasks", "delete", name), check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    containerd.ask("containers", "delete", name)


def cpu_ticks(pid):
    """Of it and of what it has waited for."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def exec_cpu(containerd, way, times):
    """Of a shim and what it starts, the payload too, for one exec."""
    name = containerd.world.new_id()
    containerd.ask(*containerd.run_words(way, name, "-d", "--null-io"), "stay")
    pids = list(containerd.shims())
    before = sum(map(cpu_ticks, pids))
    for number in range(times):
        containerd.ask("tasks", "exec", "--exec-id", f"e{number}", name,
                       "/payload")
    used = sum(map(cpu_ticks, pids)) - before
    remove(containerd, name)
    containerd.gone()
    return {"exec_us": used * 1e6 / TICKS / times}


def per_second(containerd, way):
    argv = containerd.inner(*containerd.run_words(
        way, containerd.world.new_id() + "-@", "--rm"))
    wall, _, failed, spoken, *_ = containerd.world.measurer.ask(
        "parallel", WIDTH, BURST, *argv)
    if failed or spoken != BURST:
        raise Refused(f"{way.name}, {WIDTH} at once: {failed} failed, "
                      f"{spoken} of {BURST} spoke\n" +
                      containerd.world.measurer.complaint())
    containerd.gone()
    return {"per_s": BURST / (wall / 1e9)}


# ---- all of it

# What is told of each, in order.
COLUMNS = {"wall_us": "ctr run us", "begin_us": "begin us",
           "clean_us": "clean us", "executed": "executed",
           "mounts": "mounts", "per_s": "per s", "pss_kb": "PSS kB",
           "exec_us": "exec CPU us"}


def measure(containerd, ways, rounds, warm_up):
    """{name: {key: [value of each round]}}"""
    found = {way.name: {} for way in ways}

    def note(way, sample):
        for key, value in sample.items():
            found[way.name].setdefault(key, []).append(value)

    for number in range(-warm_up, rounds):
        first = number % len(ways)
        for way in ways[first:] + ways[:first]:
            sample = one_life(containerd, way, containerd.world.new_id())
            if number >= 0:
                note(way, sample)
    for _ in range(min(BURSTS, rounds)):
        for way in ways:
            note(way, per_second(containerd, way))
    for way in ways:
        note(way, shim_memory(containerd, way))
        note(way, exec_cpu(containerd, way, min(EXECS, 10 * rounds)))
    return found


def table(found, bases):
    """A runtime a row: medians, and their ratio to each base."""
    median = {name: {key: sorted(values)[len(values) // 2]
                     for key, values in series.items()}
              for name, series in found.items()}
    keys = [key for key in COLUMNS
            if any(key in row for row in median.values())]
    rows = [["", *(COLUMNS[key] for key in keys)]]
    for name, row in median.items():
        rows.append([name, *(f"{row[key]:.{1 if key == 'per_s' else 0}f}"
                             for key in keys)])
    for base in bases:
        rows += [[f"{name} / {base}", *(
            f"{row[key] / median[base][key]:.2f}" if median[base][key]
            else "-" for key in keys)]
            for name, row in median.items() if name != base]
    return rows


def write_json(path, host, found):
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps({"kind": "host", **host}) + "\n")
        for name, series in found.items():
            for key, values in series.items():
                file.write(json.dumps({
                    "kind": "series", "scenario": "through containerd",
                    "runtime": name, "figure": key, "values": values}) + "\n")


def measure_all(chosen, host_of):
    # The caller's is not in another root.
    os.environ["TMPDIR"] = "/tmp"
    try:
        world = World(chosen, chosen.work)
        containerd = Containerd(world)
        host = host_of(chosen, world)
        host["containerd"] = run("chroot", world.root or "/",
                                 containerd.daemon, "--version").split()[2]
        print("containerd:", host["containerd"])
        for name, version in host["runtimes"].items():
            print(f"{name}: {version}")
        found = measure(containerd,
                        list(map(way_of, world.runtimes, chosen.runtimes)),
                        chosen.rounds, chosen.warm_up)
    except Skipped as reason:
        sys.exit(f"bench: {reason}")
    except (Refused, OSError) as reason:
        sys.exit(f"bench: refused, because a run failed: {reason}")
    print("\n== through containerd")
    if not containerd.told:
        print("note: the kernel tells of processes only in the first process "
              "namespace")
    print(figures.text(table(found, chosen.bases)))
    if chosen.json:
        write_json(chosen.json, host, found)
    world.measurer.close()
    return 0
