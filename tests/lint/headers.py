#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile every header alone; the public ones as C99 and as C++ too."""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys

WARN = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
OWN = ["-xc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
       "-fsyntax-only"]


def compile_header(job):
    name, command = job
    run = subprocess.run(command, capture_output=True, text=True,
                         input=f'#include "{name}"\nint unused_;\n')
    return f"{' '.join(command)}: {name}\n{run.stderr}" if run.returncode \
        else None


def main():
    root = pathlib.Path(sys.argv[1])
    compiler = sys.argv[2]
    jobs = []
    for path in sorted((root / "src").rglob("*.h")):
        jobs.append((path.relative_to(root / "src"),
                     [compiler, *OWN, "-iquote", str(root / "src"),
                      f"-I{root / 'include'}", "-"]))
    plus = shutil.which("g++") or shutil.which("clang++")
    for path in sorted((root / "include").rglob("*.h")):
        name = path.relative_to(root / "include")
        include = f"-I{root / 'include'}"
        jobs.append((name, [compiler, "-xc", "-std=c99", *WARN, include, "-"]))
        if plus:
            jobs.append((name, [plus, "-xc++", "-std=c++11", *WARN, include,
                                "-"]))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        faults = [fault for fault in pool.map(compile_header, jobs) if fault]
    print("\n".join(faults) if faults else f"{len(jobs)} compilations")
    if not plus:
        print("no C++ compiler: public headers were not tried as C++")
    for path in sorted((root / "src").rglob("*.h")):
        if "#pragma once" not in path.read_text():
            faults.append(path)
            print(f"{path}: no #pragma once")
    return 1 if faults else 0


sys.exit(main())
