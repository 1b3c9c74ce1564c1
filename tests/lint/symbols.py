#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail when an object calls what its room may not call.

    symbols.py pure LIBPURE.A ...      the pure rooms: a list of the allowed
    symbols.py stage LIBENGINE.A ...   between clone and exec: the forbidden
    symbols.py exports RUNF.H LIB.A... runf_*: declared and defined alike
"""
import pathlib
import re
import subprocess
import sys

# The pure rooms decide and touch nothing: memory, text and numbers only.
PURE = set("""
    abort calloc free malloc realloc
    memchr memcmp memcpy memmove memset mempcpy memrchr memmem
    strchr strrchr strchrnul strcmp strncmp strcasecmp strncasecmp strlen
    strnlen strpbrk strspn strcspn strstr strcpy stpcpy strsep
    strtol strtoul strtoll strtoull strtod
    __isoc99_strtol __isoc23_strtol __isoc23_strtoul __isoc23_strtoll
    __isoc23_strtoull
    snprintf vsnprintf sprintf vsprintf
    strerror strerror_r strerrordesc_np __xpg_strerror_r strerrorname_np
    qsort bsearch ceil floor log2 pow exp2 isnan isinf
    __errno_location __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc
    __assert_fail __stack_chk_fail
    newlocale uselocale strtod_l
    __udivti3
""".split())
# A fortified call is the call it checks; the sanitizers call what they like.
PURE |= {f"__{name}_chk" for name in PURE}
PURE_PREFIXES = ("yajl_", "__asan_", "__ubsan_", "__gcov_", "_GLOBAL_OFFSET")
# base/ also holds what is not pure; only those objects may call these.
PURE_BY_OBJECT = {
    "fd.c": {"close"},
    "time.c": {"clock_gettime", "gmtime_r", "strftime"},
    "arena.c": {"mmap", "mmap64", "munmap", "write", "_exit", "dprintf"},
}

# What a child of a process with threads or locks may not do before exec.
STAGE_ROOMS = ("ns", "rootfs", "proc", "tty")
STAGE_FORBIDDEN = re.compile(
    r"^(malloc|calloc|realloc|free|reallocarray|posix_memalign|strn?dup"
    r"|v?asprintf|getline|getdelim|open_memstream|fopen|fdopen|fclose"
    r"|v?f?printf|puts|fputs|fputc|putchar|perror|stdout|stderr|stdin"
    r"|exit|atexit|setenv|putenv|unsetenv|clearenv|setlocale"
    r"|getpw.*|getgr.*|initgroups|syslog|opendir|fdopendir|popen|system"
    r"|pthread_.*|arena_.*|buf_.*|log_.*)$")


def objects(archive):
    """Yield (object, undefined names, defined global names)."""
    listing = subprocess.run(["nm", "-A", archive], check=True,
                             capture_output=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        match = re.match(r".*?:(?:.*:)?([^:]+\.o):\s*[0-9a-f]*\s+(\w)\s+(\S+)",
                         line)
        if match:
            sets = found.setdefault(match[1], (set(), set()))
            if match[2] == "U":
                sets[0].add(match[3])
            elif match[2].isupper():
                sets[1].add(match[3])
    for name, (undefined, defined) in sorted(found.items()):
        yield name, undefined, defined


def check_pure(archives):
    everything = [each for archive in archives for each in objects(archive)]
    own = set().union(*(defined for _, _, defined in everything))
    for name, undefined, _ in everything:
        allowed = PURE | own
        for suffix, extra in PURE_BY_OBJECT.items():
            if name.endswith(f"base_{suffix}.o"):
                allowed = allowed | extra
        for symbol in sorted(undefined - allowed):
            if not symbol.startswith(PURE_PREFIXES):
                yield f"{name}: a pure object calls {symbol}"


def check_stage(archives):
    for archive in archives:
        for name, undefined, _ in objects(archive):
            room = name.split("_")[0]
            if room not in STAGE_ROOMS:
                continue
            for symbol in sorted(undefined):
                if STAGE_FORBIDDEN.match(symbol):
                    yield f"{name}: called between clone and exec: {symbol}"


def check_exports(headers, archives):
    declared = set()
    for header in headers:
        text = pathlib.Path(header).read_text()
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        declared |= set(re.findall(r"\b(runf_\w+)\s*\(", text))
    defined = set()
    for archive in archives:
        for name, _, names in objects(archive):
            defined |= {n for n in names if n.startswith("runf_")}
    for name in sorted(declared - defined):
        yield f"{name} is declared but not defined"
    for name in sorted(defined - declared):
        yield f"{name} is defined but in no public header"


def main():
    what, *files = sys.argv[1:]
    if what == "pure":
        faults = list(check_pure(files))
    elif what == "stage":
        faults = list(check_stage(files))
    else:
        faults = list(check_exports(
            [f for f in files if f.endswith(".h")],
            [f for f in files if f.endswith(".a")]))
    print("\n".join(faults) if faults else "nothing that is not allowed")
    return 1 if faults else 0


sys.exit(main())
