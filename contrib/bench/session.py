# SPDX-License-Identifier: Apache-2.0
"""Go through the scenarios, show how far it is, and write what was found."""
import dataclasses
import json
import os
import platform
import sys
import time

import figures
import modes
import report
import scenarios
from bundles import Bundles
from world import Refused, Skipped, World


@dataclasses.dataclass
class Result:
    """Of one scenario: its series, or why there are none."""
    scenario: object
    series: dict
    refused: str = ""
    skipped: str = ""
    notes: list = dataclasses.field(default_factory=list)


class Progress:
    """One line that changes on a terminal, else a line now and then."""

    def __init__(self, title):
        self.title = title
        self.live = sys.stderr.isatty()
        self.next = time.monotonic() + (0 if self.live else 10)

    def __call__(self, done, total, what):
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + (0.1 if self.live else 10)
        share = f"{done} of {total}: " if total else ""
        line = f"{self.title}: {share}{what}"
        if self.live:
            # Over the one before, in what a line of the terminal holds.
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            line = f"\r\033[K{line[:max(20, width - 1)]}"
        print(line, end="" if self.live else "\n", file=sys.stderr, flush=True)

    def end(self):
        if self.live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def host_of(chosen, world):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file
                  if line.startswith("model name")]
    return {"date": time.strftime("%Y-%m-%d %H:%M"),
            "kernel": platform.release(), "machine": platform.machine(),
            "cpus": os.cpu_count(), "model": models[0] if models else "",
            "view": chosen.view, "rounds": chosen.rounds,
            "bases": chosen.bases,
            "runtimes": {runtime.name: runtime.version or runtime.name
                         for runtime in world.runtimes}}


def measure_one(chosen, world, bundles, scenario, place=""):
    progress = Progress(place + scenario.title)
    job = modes.Job(scenario, world, bundles, chosen.rounds, chosen.warm_up,
                    progress)
    result = Result(scenario, {}, notes=job.notes)
    try:
        result.series = modes.measure(job)
    except Skipped as reason:
        result.skipped = str(reason)
    except (Refused, OSError, ValueError) as reason:
        result.refused = str(reason).strip()
        world.clear()
    if any(figures.unquiet(series) for series in result.series.values()):
        result.notes.append("the machine was not quiet: medians are far "
                            "above minima")
    progress.end()
    return result


def records(result, bases):
    """The result as lines of JSON."""
    name = result.scenario.name
    for why in ("refused", "skipped"):
        if getattr(result, why):
            yield {"kind": why, "scenario": name,
                   "reason": getattr(result, why)}
    for title, series in result.series.items():
        for runtime, samples in series.items():
            head = {"scenario": name, "series": title, "runtime": runtime}
            for number, sample in enumerate(samples):
                yield {"kind": "sample", **head, "round": number, **sample}
            to = {base: figures.ratios(samples, series[base],
                                       figures.key_of(samples))
                  for base in bases if base in series}
            yield {"kind": "summary", **head, **figures.summary(samples),
                   "ratios": {base: dict(zip(("extreme", "paired"), both))
                              for base, both in to.items() if both}}


def tell(result, bases):
    print(f"\n== {result.scenario.name}: {result.scenario.title}")
    if result.refused:
        print("refused, because a run failed")
    if result.skipped:
        print("skipped:", result.skipped)
    for note in result.notes if result.series else ():
        print("note:", note)
    found = list(figures.tables(result, bases))
    for title, table in found:
        if len(found) > 1:
            print(f"\n{title}:")
        print(figures.text(table))
    sys.stdout.flush()
    if result.refused:
        print(f"bench: {result.scenario.name}: refused: {result.refused}",
              file=sys.stderr)


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


def write_all(chosen, host, results, traces):
    if chosen.json:
        found = [{"kind": "host", **host}]
        for result in results:
            found += records(result, chosen.bases)
        write(chosen.json, (json.dumps(record) + "\n" for record in found))
    if chosen.html:
        write(chosen.html, report.page(host, results, traces))
    if chosen.waterfall and traces:
        write(chosen.waterfall, report.waterfall_alone(host, traces))


def trace_of(chosen, world, bundles):
    """One start of each, for the pictures, while the machine is quiet."""
    if not (chosen.html or chosen.waterfall):
        return None
    first = scenarios.changed(scenarios.SCENARIOS[chosen.scenario[0]], chosen)
    scenario = dataclasses.replace(scenarios.TRACE, shape=first.shape)
    found = measure_one(chosen, world, bundles, scenario)
    if found.refused or found.skipped:
        print(f"no waterfall: {found.refused or found.skipped}")
    return found if found.series else None


def measure_all(chosen):
    for path in filter(None, (chosen.json, chosen.html, chosen.waterfall)):
        if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            sys.exit(f"bench: {path}: no such folder")
    try:
        world = World(chosen, chosen.work)
    except (Refused, Skipped, OSError) as reason:
        sys.exit(f"bench: {reason}")
    bundles = Bundles(world, chosen.bundle, chosen.speaks)
    host = host_of(chosen, world)
    for name, version in host["runtimes"].items():
        print(f"{name}: {version}")
    results = []
    traces = trace_of(chosen, world, bundles)
    for number, name in enumerate(chosen.scenario, 1):
        scenario = scenarios.changed(scenarios.SCENARIOS[name], chosen)
        place = f"[{number}/{len(chosen.scenario)}] "
        results.append(measure_one(chosen, world, bundles, scenario, place))
        tell(results[-1], chosen.bases)
    bad = any(result.refused for result in results) or \
        not any(result.series for result in results)
    # One scenario that has no result is no report; one of many is a line.
    if any(result.series for result in results):
        write_all(chosen, host, results, traces)
    world.measurer.close()
    return 1 if bad else 0
