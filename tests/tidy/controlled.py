#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The table of simulator/README.md that says what is controlled in a run is what a program with the simulator in it says; such a program,
and the simulator's library, have exactly those functions in front of the C library's; the production library has none.

controlled.py PROGRAM LIBSIM LIBTRIO [--write] writes the table instead."""

import pathlib
import re
import shutil
import subprocess
import sys

import tap
import tree

BEGIN = "<!-- what `list --controlled` says; tests/tidy/controlled.py --write -->"
END = "<!-- end -->"

PROGRAM, LIBSIM, LIBTRIO = sys.argv[1:4]
README = tree.ROOT / "simulator/README.md"
LIST = tree.ROOT / "simulator/escape/controlled.def"


def what_the_program_says():
    return subprocess.run([PROGRAM, "list", "--controlled"], capture_output=True, text=True, check=True).stdout


def readme_as_it_should_be():
    text = README.read_text(encoding="utf-8")
    head, _, tail = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{what_the_program_says()}\n{END}{tail.partition(END)[2]}"


def calls():
    return set(re.findall(r"^CALL \((\w+),", LIST.read_text(encoding="utf-8"), re.MULTILINE))


def exported(path):
    """The functions that others see of a file."""
    if not shutil.which("nm"):
        raise tap.Skip("there is no nm")
    lines = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[-1].partition("@")[0] for line in lines if line.split()[-2] in "TWV"}


def test_the_table_is_what_the_code_says():
    text = README.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        yield "simulator/README.md has no place for the table"
    elif readme_as_it_should_be() != text:
        yield "the table in simulator/README.md is not what the code says: run tests/tidy/controlled.py --write with the paths of the test"


def test_the_simulator_s_library_has_them_and_no_others():
    seen = {name for name in exported(LIBSIM) if not re.match(r"_?trio_|_init$|_fini$|__(asan|odr_asan|sancov|tsan|sanitizer|ubsan|interceptor|tsan_\w)", name)}
    yield from (f"{name} is in the list and not in the library" for name in sorted(calls() - seen))
    yield from (f"{name} is in the library and not in the list" for name in sorted(seen - calls()))


def test_the_production_library_has_none():
    yield from (f"the production library has {name}" for name in sorted(exported(LIBTRIO) & calls()))


if __name__ == "__main__":
    if "--write" in sys.argv:
        README.write_text(readme_as_it_should_be(), encoding="utf-8")
        sys.exit(0)
    sys.exit(tap.run(test_the_table_is_what_the_code_says, test_the_simulator_s_library_has_them_and_no_others,
                     test_the_production_library_has_none))
