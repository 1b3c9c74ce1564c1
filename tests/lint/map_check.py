#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail when the code map names a file, folder or function that is not there.

In the documents given, every `back-quoted` word that looks like a path of
the tree must exist, and every one that looks like a function (ends in "()")
must be defined in src/, include/ or tests/. Links must lead somewhere too.
"""
import pathlib
import re
import sys

# A definition or declaration begins in the first column.
DEFINITION = re.compile(r"^(?:\w+[ *]+)+?(\w+)\(", re.M)
SUFFIX = re.compile(r"\.(c|h|py|sh|md|bats|bash|build|txt|1|3|in)$")


def named(text):
    """Yield (line number, word) of what the document names."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        if fenced:
            continue
        for word in re.findall(r"`([^`]+)`", line):
            yield number, word
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", line):
            if "://" not in link:
                yield number, link


def path_exists(root, document, word):
    places = (document.parent, root, root / "src", root / "include")
    return any((place / word).exists() for place in places)


def check(root, document, functions):
    rooms = {path.name for path in (root / "src").iterdir() if path.is_dir()}
    tops = {path.name for path in root.iterdir()}
    for number, word in named(document.read_text()):
        here = f"{document.relative_to(root)}:{number}"
        call = re.fullmatch(r"(\w+)\(\)", word)
        if call:
            if call[1] not in functions:
                yield f"{here}: there is no function {word}"
            continue
        if not re.fullmatch(r"[\w.+-]+(/[\w.+-]+)*/?", word):
            continue
        first = word.split("/")[0]
        is_path = "/" in word and first in rooms | tops \
            or SUFFIX.search(word) is not None
        if is_path and not path_exists(root, document, word):
            yield f"{here}: there is no file {word}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    functions = set()
    for folder in ("src", "include", "tests"):
        for path in (root / folder).rglob("*.[ch]"):
            functions |= set(DEFINITION.findall(path.read_text()))
    faults = []
    for name in sys.argv[2:]:
        document = root / name
        if document.exists():
            faults += check(root, document, functions)
        else:
            faults.append(f"{name} is missing")
    print("\n".join(faults) if faults else "every name is there")
    return 1 if faults else 0


sys.exit(main())
