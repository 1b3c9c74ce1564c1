# SPDX-License-Identifier: Apache-2.0
"""Find the smallest memory limit in which a container starts."""
import json
import pathlib

from world import Skipped

CGROUPS = pathlib.Path("/sys/fs/cgroup")
LEAST, MOST = 64 << 10, 128 << 20
STEP = 4 << 10
# An out of memory that comes only now and then is one.
TRIES = 3


def need_controller():
    """Say plainly where this can be had, if not here."""
    version_2 = CGROUPS / "cgroup.controllers"
    if version_2.exists():
        if "memory" in version_2.read_text().split():
            return
        raise Skipped("this view has no memory controller: --view host may "
                      "have the one of cgroup v1, and contrib/bench/in-uml "
                      "has that of v2")
    mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    if not any(" - cgroup " in line and "memory" in
               line.split(" - ")[1].split()[2].split(",") for line in mounts):
        raise Skipped("this host has no memory controller: "
                      "contrib/bench/in-uml has one")


def starts(job, runtime, bundle, limit):
    """Does it, each time, and does its payload speak?"""
    path = bundle.path / "config.json"
    config = json.loads(path.read_text())
    config["linux"].setdefault("resources", {})["memory"] = {"limit": limit}
    path.write_text(json.dumps(config))
    for _ in range(TRIES):
        container = job.world.new_id()
        _, first, _, _, status = job.world.measurer.ask(
            "run", 0, *runtime.run_argv(bundle, container))
        if status or (bundle.speaks and first <= 0):
            job.world.remove(runtime, container)
            return False
    return True


def smallest(job, runtime, bundle):
    """By halves; what is asked is that more memory never hurts."""
    least, most = LEAST, MOST
    while most - least > STEP:
        middle = (least + most) // 2 // 4096 * 4096
        job.progress(0, 0, f"{runtime.name} in {middle >> 10} kB")
        if starts(job, runtime, bundle, middle):
            most = middle
        else:
            least = middle
    return most


def measure(job):
    need_controller()
    runtimes = job.world.oci()
    if not runtimes:
        raise Skipped("the floor program sets no limits")
    bundle = job.bundles.get(job.shape(memory=MOST))
    found = {}
    for runtime in runtimes:
        if not starts(job, runtime, bundle, MOST):
            job.notes.append(
                f"{runtime.name} does not start with {MOST >> 20} MB here: " +
                (job.world.measurer.complaint() or "it says nothing"))
            continue
        found[runtime.name] = [
            {"limit_kb": smallest(job, runtime, bundle) / 1024}]
        job.world.measurer.complaint()
    if not found:
        raise Skipped("; ".join(job.notes))
    return {"smallest limit": found}
