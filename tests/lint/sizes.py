#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail when a file or a function is too long to be read at one sitting."""
import json
import pathlib
import shutil
import subprocess
import sys

FILE_LINES = 600
FUNCTION_LINES = 60
# "src/room/file.c" or "src/room/file.c:function", each with its reason.
EXCEPTIONS = {}


def functions(folders):
    """Yield (file, name, first line, length) of every C function."""
    listing = subprocess.run(
        ["ctags", "-R", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f",
         "--fields=+ne", "--output-format=json", "-f", "-", *folders],
        check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield (tag["path"], tag["name"], tag["line"],
                   tag["end"] - tag["line"] + 1)


def main():
    root = pathlib.Path(sys.argv[1])
    if not shutil.which("ctags"):
        print("ctags is not installed (package universal-ctags)")
        return 77
    faults = []
    total = 0
    for folder in ("src", "include", "tests", "contrib"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            name = str(path.relative_to(root))
            lines = len(path.read_text().splitlines())
            total += lines if folder == "src" else 0
            if lines > FILE_LINES and name not in EXCEPTIONS:
                faults.append(f"{name}: {lines} lines, {FILE_LINES} at most")
    folders = [str(root / folder) for folder in ("src", "tests", "contrib")]
    for path, function, line, length in functions(folders):
        name = str(pathlib.Path(path).relative_to(root))
        if length > FUNCTION_LINES and f"{name}:{function}" not in EXCEPTIONS:
            faults.append(f"{name}:{line}: {function} has {length} lines, "
                          f"{FUNCTION_LINES} at most")
    print("\n".join(faults) if faults else f"src: {total} lines")
    return 1 if faults else 0


sys.exit(main())
