# SPDX-License-Identifier: Apache-2.0
"""The named scenarios, and what the command line changes in them."""
import dataclasses

from bundles import Shape

ISOLATED_MS = 50
WIDTHS = (1, 2, 4, 16, 64)


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    mode: str = "run"
    shape: Shape = Shape()
    gap_ms: int = 0
    cold: bool = False
    sleepers: int = 0
    widths: tuple = WIDTHS

    @property
    def title(self):
        if self.mode in ("parallel", "memory"):
            return self.what
        return self.what + (f", {self.gap_ms} ms apart" if self.gap_ms
                            else ", back to back")


def pair(name, what, **more):
    """A scenario back to back, and isolated as real cold starts are."""
    return (Scenario(name, what, **more),
            Scenario(name + "-isolated", what, gap_ms=ISOLATED_MS, **more))


# In the order of --all: what disturbs the machine most comes last.
SCENARIOS = {scenario.name: scenario for scenario in (
    *pair("run", "run of a no-op"),
    *pair("seccomp", "run with podman's seccomp profile",
          shape=Shape(seccomp=True)),
    *pair("no-netns", "run without a network namespace",
          shape=Shape(netns=False)),
    *pair("phases", "create, start and delete apart", mode="phases"),
    *pair("exec", "exec of a no-op in a running container", mode="exec"),
    *pair("python", "run of Python", shape=Shape("python")),
    *pair("node", "run of Node", shape=Shape("node")),
    Scenario("cold", "run with a cold page cache", cold=True, gap_ms=10),
    Scenario("cold-python", "run of Python with a cold page cache", cold=True,
             gap_ms=10, shape=Shape("python")),
    Scenario("parallel", "many at once", mode="parallel"),
    Scenario("parallel-no-netns", "many at once, no network namespace",
             mode="parallel", shape=Shape(netns=False)),
    Scenario("sleepers", "run beside sleeping containers", mode="sleepers"),
    Scenario("memory", "smallest memory limit that starts", mode="memory"),
)}
# Not chosen by name: what the report's waterfall is drawn from.
TRACE = Scenario("trace", "one start, phase by phase", mode="trace")


def changed(scenario, chosen):
    """SCENARIO as the options on the command line want it."""
    shape = scenario.shape
    if chosen.no_netns:
        shape = dataclasses.replace(shape, netns=False)
    if chosen.seccomp:
        shape = dataclasses.replace(shape, seccomp=True)
    if chosen.payload:
        shape = dataclasses.replace(shape, payload=chosen.payload)
    more = {}
    if chosen.gap_ms is not None:
        more["gap_ms"] = chosen.gap_ms
    if chosen.cold:
        more["cold"] = True
    if chosen.sleepers:
        more["sleepers"] = chosen.sleepers
    if chosen.widths:
        more["widths"] = chosen.widths
    notes = notes_of(chosen)
    what = scenario.what + (f" ({', '.join(notes)})" if notes else "")
    return dataclasses.replace(scenario, shape=shape, what=what, **more)


def notes_of(chosen):
    """What the command line changed, in words for a title."""
    notes = []
    if chosen.bundle:
        notes.append(f"bundle {chosen.bundle}")
    if chosen.payload:
        notes.append(f"payload {chosen.payload}")
    if chosen.no_netns:
        notes.append("no network namespace")
    if chosen.seccomp:
        notes.append("seccomp")
    if chosen.cold:
        notes.append("cold")
    if chosen.sleepers:
        notes.append(f"{chosen.sleepers} sleeping beside")
    return notes
