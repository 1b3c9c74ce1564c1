# SPDX-License-Identifier: Apache-2.0
"""How each kind of scenario is measured.

A mode takes a Job and returns its series: {title: {runtime: [sample, ...]}}.
The runtimes take turns, and who begins changes from round to round, so that
what else the machine does meets all of them alike.
"""
import dataclasses
import os
import pathlib
import subprocess
import time

import memory
from bundles import Shape
from world import Measurer, Refused, Skipped, libraries

# A network namespace is taken down after its container, by a kernel thread.
SETTLE_S = 0.2
BURSTS = 5
TRACED = 9


@dataclasses.dataclass
class Job:
    """A scenario with what it is measured with."""
    scenario: object
    world: object
    bundles: object
    rounds: int
    warm_up: int
    progress: object
    notes: list = dataclasses.field(default_factory=list)

    def shape(self, **other):
        return dataclasses.replace(self.scenario.shape, **other)


def turns(job, runtimes, rounds=None, warm_up=None):
    """(round, runtime), rotated; the rounds below zero are not counted."""
    rounds = job.rounds if rounds is None else rounds
    warm_up = job.warm_up if warm_up is None else warm_up
    for number in range(-warm_up, rounds):
        first = number % len(runtimes)
        for runtime in runtimes[first:] + runtimes[:first]:
            job.progress(number + warm_up, rounds + warm_up, runtime.name)
            yield number, runtime


def without_floors(job):
    runtimes = job.world.oci()
    if not runtimes:
        raise Skipped("the floor program only knows `run`")
    return runtimes


# ---- run

def files_of(world, runtime, bundle):
    """What a cold start reads from the disk: program, libraries, image."""
    program = world.outside(runtime.program)
    shared = libraries(runtime.program, world.root or "/")
    files = [program, *map(world.outside, shared)]
    files += [path for path in (bundle.path / "rootfs").rglob("*")
              if path.is_file() and not path.is_symlink()]
    return [pathlib.Path(os.path.realpath(file)) for file in files]


def chill(files):
    """Drop them from the page cache, but for what a process has mapped."""
    for path in files:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def need_disk(folder):
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(folder)],
                          check=True, text=True, stdout=subprocess.PIPE)
    if kind.stdout.strip() in ("tmpfs", "ramfs"):
        raise Skipped(f"{folder} is in memory and cannot be cold: "
                      "set TMPDIR to a folder on a disk")


def measure_run(job, title="run"):
    world, scenario = job.world, job.scenario
    bundle = job.bundles.get(job.shape())
    series = {runtime.name: [] for runtime in world.runtimes}
    cold = {}
    if scenario.cold:
        need_disk(world.work)
        os.sync() # what is not yet written cannot be dropped
        cold = {runtime.name: files_of(world, runtime, bundle)
                for runtime in world.runtimes}
    for number, runtime in turns(job, world.runtimes):
        chill(cold.get(runtime.name, ()))
        argv = runtime.run_argv(bundle, world.new_id())
        verb = "run" if bundle.speaks else "plain"
        sample = world.sample(verb, runtime, scenario.gap_ms, argv,
                              bundle.speaks)
        if number >= 0:
            series[runtime.name].append(sample)
    return {title: series}


# ---- create, start, delete apart

def one_life(world, runtime, bundle, gap_ms):
    """The phases of one container, and all of it together."""
    container = world.new_id()
    create = world.sample(
        "create", runtime, gap_ms,
        runtime.argv("create", "--bundle", bundle.inside, container))
    start = world.sample("start", runtime, 0,
                         runtime.argv("start", container), bundle.speaks)
    # The container's init, which its caller's shim would wait for.
    _, _, cpu, rss, _ = world.measurer.ask("reap", 0)
    delete = world.sample("plain", runtime, 0,
                          runtime.argv("delete", container))
    parts = (create, start, delete)
    whole = {"wall_us": sum(part["wall_us"] for part in parts),
             "first_us": start["first_us"] and
             create["wall_us"] + start["first_us"],
             "cpu_us": sum(part["cpu_us"] for part in parts) + cpu,
             "rss_kb": max(rss, *(part["rss_kb"] for part in parts))}
    return {"create": create, "start": start, "delete": delete,
            "create + start + delete": whole}


def measure_phases(job):
    bundle = job.bundles.get(job.shape())
    runtimes = without_floors(job)
    series = {}
    for number, runtime in turns(job, runtimes):
        life = one_life(job.world, runtime, bundle, job.scenario.gap_ms)
        for title, sample in life.items() if number >= 0 else ():
            series.setdefault(title, {}).setdefault(
                runtime.name, []).append(sample)
    # In the order of the command line, not of who began.
    return {title: {runtime.name: rows[runtime.name] for runtime in runtimes}
            for title, rows in series.items()}


# ---- exec

def measure_exec(job):
    if job.bundles.own:
        raise Skipped("a bundle of your own may have nothing to execute")
    world = job.world
    bundle = job.bundles.get(job.shape(payload="noop", stays=True))
    runtimes = without_floors(job)
    homes = {runtime.name: world.new_id() for runtime in runtimes}
    series = {runtime.name: [] for runtime in runtimes}
    for runtime in runtimes:
        world.plain(runtime, "run", "--detach", "--bundle", bundle.inside,
                    homes[runtime.name])
    for number, runtime in turns(job, runtimes):
        argv = runtime.argv("exec", homes[runtime.name], "/payload")
        sample = world.sample("run", runtime, job.scenario.gap_ms, argv, True)
        if number >= 0:
            series[runtime.name].append(sample)
    for runtime in runtimes:
        world.remove(runtime, homes[runtime.name])
    return {"exec": series}


# ---- many at once

def burst(world, runtime, bundle, width):
    """WIDTH going at a time, until several for each have been."""
    count = max(32, 2 * width)
    argv = runtime.run_argv(bundle, world.new_id() + "-@")
    wall, cpu, failed, spoken, *latency = world.measurer.ask(
        "parallel", width, count, *argv)
    if failed or (bundle.speaks and spoken != count):
        raise Refused(f"{runtime.name}, {width} at once: {failed} of {count} "
                      f"failed, {spoken} spoke\n" +
                      world.measurer.complaint())
    latency.sort()
    return {"per_s": count / (wall / 1e9), "cpu_us": cpu / count,
            "wall_us": latency[count // 2] / 1000,
            "slow_us": latency[count * 9 // 10] / 1000}


def measure_parallel(job):
    world = job.world
    bundle = job.bundles.get(job.shape())
    found = {}
    for width in job.scenario.widths:
        series = {runtime.name: [] for runtime in world.runtimes}
        for number, runtime in turns(job, world.runtimes,
                                     min(BURSTS, job.rounds), 1):
            time.sleep(SETTLE_S)
            sample = burst(world, runtime, bundle, width)
            if number >= 0:
                series[runtime.name].append(sample)
        found[f"{width} at once"] = series
    return found


# ---- beside many that sleep

class Sleepers:
    """COUNT containers of the first runtime, that wait for nothing."""

    def __init__(self, job, count):
        self.job = job
        self.count = count
        self.maker = without_floors(job)[0]
        self.name = job.world.new_id()
        # They become its children, whose end nobody shall wait for.
        self.measurer = Measurer(job.world, "said-sleepers")

    def crowd(self, what, *words):
        """The same command for all of them, in parts that show progress."""
        for begin in range(0, self.count, 100):
            self.job.progress(begin, self.count, f"{what} sleeping containers")
            some = min(100, self.count - begin)
            argv = self.maker.argv(*words, f"{self.name}-{begin // 100}-@")
            _, _, failed, *_ = self.measurer.ask("parallel", 4, some, *argv)
            if failed:
                raise Refused(f"{what} sleeping containers: {failed} of "
                              f"{some} failed\n" + self.measurer.complaint())

    def __enter__(self):
        bundle = self.job.bundles.get(Shape(stays=True))
        self.crowd("start", "run", "--detach", "--bundle", bundle.inside)
        time.sleep(5 * SETTLE_S)
        return self

    def __exit__(self, kind, *_):
        # After a failure the world is cleared as a whole.
        if kind is None:
            self.crowd("delete", "delete", "--force")
            # Thousands of namespaces take the kernel's threads a while.
            time.sleep(SETTLE_S + self.count / 400)
        self.measurer.close()


def measure_sleepers(job):
    count = job.scenario.sleepers or 1000
    found = measure_run(job, "none beside")
    with Sleepers(job, count):
        found.update(measure_run(job, f"{count} sleeping beside"))
    return found


# ---- one start, phase by phase

def measure_trace(job):
    """For the waterfall: some starts with --trace, where there is that."""
    world = job.world
    bundle = job.bundles.get(job.shape())
    traced = {runtime.name for runtime in world.oci()
              if has_trace(world, runtime)}
    file = world.work / "trace.json"
    series = {runtime.name: [] for runtime in world.runtimes}
    for number, runtime in turns(job, world.runtimes, TRACED, 2):
        more = ("--trace", world.inside / "trace.json") \
            if runtime.name in traced else ()
        sample = world.sample(
            "run" if bundle.speaks else "plain", runtime, 10,
            runtime.run_argv(bundle, world.new_id(), *more), bundle.speaks)
        sample["trace"] = file.read_text() if more else None
        if number >= 0:
            series[runtime.name].append(sample)
    return {"trace": series}


def has_trace(world, runtime):
    said = subprocess.run(
        ["chroot", world.root or "/", runtime.program, "help", "run"],
        check=False, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return said.returncode == 0 and "--trace" in said.stdout


MODES = {
    "run": measure_run,
    "phases": measure_phases,
    "exec": measure_exec,
    "parallel": measure_parallel,
    "sleepers": measure_sleepers,
    "memory": memory.measure,
    "trace": measure_trace,
}


def measure(job):
    """The scenario's series, beside sleeping containers if it has some."""
    scenario = job.scenario
    mode = MODES[scenario.mode]
    if not scenario.sleepers or scenario.mode == "sleepers":
        return mode(job)
    with Sleepers(job, scenario.sleepers):
        return mode(job)
