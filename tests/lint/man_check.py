#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the manual pages with the program and the header, both ways.

usage: man_check.py ROOT RUNF [RUNF-FN]

runf's command fn is the program runf-fn, with pages of its own.
"""
import pathlib
import re
import subprocess
import sys

SHIM = "containerd-shim-runf-v2"
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS",
            "EXAMPLES", "SEE ALSO"]
HELP_OPTION = re.compile(r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?", re.M)
PAGE_OPTION = re.compile(r"^(?:-(\w), )?--([\w-]+)(?: (\S+))?$")


def plain(line):
    """A line of a page without escapes for fonts and dashes."""
    return re.sub(r"\\f[BIRP]", "", line).replace(r"\-", "-") \
        .replace(r"\&", "")


def words(line):
    """The text of a line that may be a macro call such as .RI [ OPTIONS ]."""
    macro = re.match(r"\.[BIR]{1,2} (.*)", line)
    if not macro:
        return plain(line)
    parts = re.findall(r'"([^"]*)"|(\S+)', macro[1])
    joint = "" if re.match(r"\.[BIR]{2} ", line) else " "
    return plain(joint.join(quoted or word for quoted, word in parts))


def sections(page):
    """The lines of each section of PAGE, by its name."""
    found = {}
    for line in page.read_text().splitlines():
        heading = re.match(r"\.SH (.*)", line)
        if heading:
            lines = found[heading[1].strip('"')] = []
        elif found:
            lines.append(line)
    return found


def page_options(lines):
    """(letter, name, value) of every tagged paragraph that is an option."""
    rows = set()
    for before, line in zip(lines, lines[1:]):
        if before == ".TP":
            option = PAGE_OPTION.match(plain(line))
            if option:
                rows.add(tuple(part or "" for part in option.groups()))
    return rows


def check_page(page, help_text, usage):
    """Faults of one page, given what the program says."""
    found = sections(page)
    order = [name for name in found if name in SECTIONS]
    if order != SECTIONS:
        yield f"sections are {order}"
        return
    said = {tuple(part or "" for part in row)
            for row in HELP_OPTION.findall(help_text)}
    written = page_options(found["OPTIONS"])
    for _, name, value in sorted(said - written):
        yield f"the program has --{name} {value}".rstrip()
    for _, name, value in sorted(written - said):
        yield f"the page has --{name} {value}".rstrip()
    synopsis = " ".join(words(line) for line in found["SYNOPSIS"])
    if synopsis != usage:
        yield f"synopsis is \"{synopsis}\", usage is \"{usage}\""


def is_functions(name):
    return name == "runf-fn" or name.startswith("runf-fn-")


def check_commands(root, program, path, without):
    """The pages of PROGRAM and of its commands, but for those WITHOUT one."""
    def ask(*args):
        return subprocess.run([path, *args], check=True, text=True,
                              capture_output=True).stdout

    text = ask("help")
    commands = re.findall(r"^  (\w[\w-]*) ", text.split("\nCommands:\n")[1],
                          re.M)
    pages = {program: text}
    pages.update({f"{program}-{name}": ask("help", name) for name in commands
                  if name not in without})
    there = {page.stem for page in (root / "man").glob("*.8")
             if is_functions(page.stem) == is_functions(program)}
    for name in sorted(there - set(pages) - {SHIM}):
        yield f"{name}.8: there is no such command"
    for name, help_text in pages.items():
        page = root / "man" / f"{name}.8"
        if not page.exists():
            yield f"{page.name}: missing"
            continue
        usage = re.match(r"Usage: (.*)", help_text)[1]
        for fault in check_page(page, help_text, usage):
            yield f"{page.name}: {fault}"
    overview = plain((root / f"man/{program}.8").read_text())
    for name in commands:
        if name in without and name != "fn":
            continue
        if overview.count(f".BR {program}-{name} (8)") != 2:
            yield (f"{program}.8: {program}-{name} is not both described "
                   "and listed")


def check_library(root):
    declared = set()
    for header in (root / "include/runf").glob("*.h"):
        declared |= set(re.findall(r"^(?:\w+[ *]+)+?(runf_\w+)\(",
                                   header.read_text(), re.M))
    found = sections(root / "man/librunf.3")
    synopsis = plain("\n".join(found["SYNOPSIS"]))
    described = plain("\n".join(found["DESCRIPTION"] + found["ERRORS"]))
    written = set(re.findall(r"(runf_\w+)\(", synopsis))
    for name in sorted(declared ^ written):
        where = "header" if name in declared else "page"
        yield f"librunf.3: {name}() is only in the {where}"
    for name in sorted(declared & written):
        if name not in described and name not in ("runf_version",
                                                  "runf_commit"):
            yield f"librunf.3: {name}() is not described"


def check_shim(root):
    """Its options and runtime options stand in tables of the source."""
    page = sections(root / f"man/{SHIM}.8")
    there = {
        "option": (re.findall(r'^\tOPTION\(\w+, "([\w-]+)"',
                              (root / "src/shim/main.c").read_text(), re.M),
                   re.findall(r"(?<![\w-])-([\w-]+)", "\n".join(
                       plain(line) for line in page["OPTIONS"]
                       if line.startswith((".B ", ".BI "))))),
        "runtime option": (
            re.findall(r'^\t(?:FIELD\(|\{ )"([A-Z]\w+)", ',
                       (root / "src/shim/options.c").read_text(), re.M),
            [name for before, line in zip(page["DESCRIPTION"],
                                          page["DESCRIPTION"][1:])
             if before == ".TP"
             for name in re.findall(r"\b[A-Z][a-z]+[A-Z]?[A-Za-z]*", line)]),
    }
    for what, (has, said) in there.items():
        for name in sorted(set(has) ^ set(said)):
            where = "source" if name in has else "page"
            yield f"{SHIM}.8: {what} {name} is only in the {where}"


def check_installed(root):
    rule = (root / "man/meson.build").read_text()
    listed = set(re.findall(r"'([\w-]+\.\d)'", rule))
    there = {page.name for page in (root / "man").glob("*.[1-8]")}
    for name in sorted(listed ^ there):
        yield f"{name}: not both in man/ and in its meson.build"


def main():
    root = pathlib.Path(sys.argv[1])
    faults = [*check_commands(root, "runf", sys.argv[2], ["fn"]),
              *check_library(root), *check_shim(root),
              *check_installed(root)]
    for path in sys.argv[3:]:
        faults += check_commands(root, "runf-fn", path, ["help", "version"])
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
