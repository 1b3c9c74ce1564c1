#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail when a source or a test stands in the tree but in no meson.build."""
import pathlib
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    faults = []
    for folder, pattern in (("src", "*.c"), ("tests/unit", "test_*.c"),
                            ("tests/fault", "*.c"), ("tests/trace", "*.c"),
                            ("tests/library", "*.c"),
                            ("tests/fuzz", "*.c"), ("man", "*.[1-8]"),
                            ("include", "*.h")):
        for path in sorted((root / folder).rglob(pattern)):
            lists = [place / "meson.build" for place in path.parents
                     if place != root.parent
                     and (place / "meson.build").exists()]
            named = any(f"'{word}'" in text or f"/{word}'" in text
                        for text in (lst.read_text() for lst in lists)
                        for word in (path.name, path.stem))
            if not named:
                faults.append(f"{path.relative_to(root)} is not built")
    print("\n".join(faults) if faults else "everything is listed")
    return 1 if faults else 0


sys.exit(main())
