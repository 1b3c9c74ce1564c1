#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Count what the stages of tests/run left, and say it in one last line.

    tally.py DIRECTORY

reads NAME.tap (the Test Anything Protocol, with its plan) and NAME.json
(meson's log; a program of unit tests counts as many tests as it says).
"""
import json
import pathlib
import re
import sys

CHECKS = re.compile(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)")


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.skips = {}

    def fail(self, name, number=1):
        self.failed += number
        self.failures.append(name)

    def skip(self, reason):
        self.skipped += 1
        self.skips[reason] = self.skips.get(reason, 0) + 1


def count_tap(count, stage, text):
    planned = seen = 0
    for line in text.splitlines():
        plan = re.match(r"1\.\.(\d+)", line)
        if plan:
            planned = int(plan[1])
        result = re.match(r"(ok|not ok) (\d+) ?(.*)", line)
        if not result:
            continue
        seen += 1
        name, _, reason = result[3].partition(" # skip")
        if result[1] == "not ok":
            count.fail(f"{stage}: {name}")
        elif " # skip" in result[3]:
            count.skip(f"{stage}: {reason.strip() or 'no reason given'}")
        else:
            count.passed += 1
    if seen == 0 or seen < planned:
        count.fail(f"{stage}: {planned - seen} of {planned} tests never ran",
                   max(planned - seen, 1))


def count_meson(count, stage, text):
    for line in text.splitlines():
        test = json.loads(line)
        name = f"{stage}: {test['name']}"
        checks = CHECKS.search(test.get("stdout") or "")
        result = test["result"]
        if result == "SKIP":
            reason = (test.get("stdout") or "").strip().splitlines()
            count.skip(f"{name}: {reason[-1] if reason else 'no reason'}")
        elif checks:
            total, failures, errors = map(int, checks.groups())
            bad = failures + errors
            count.passed += total - bad
            if bad or result != "OK":
                count.fail(name, max(bad, 1))
        elif result == "OK":
            count.passed += 1
        else:
            count.fail(name)


def main():
    count = Count()
    for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        text = path.read_text(errors="replace")
        if path.suffix == ".tap":
            count_tap(count, path.stem, text)
        elif path.suffix == ".json":
            count_meson(count, path.stem, text)
    for reason, number in sorted(count.skips.items()):
        print(f"skipped {number}: {reason}")
    for name in count.failures:
        print(f"FAILED {name}")
    print(f"{count.passed} passed, {count.failed} failed, "
          f"{count.skipped} skipped")
    return 1 if count.failed or not count.passed else 0


sys.exit(main())
