#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether simulator/README.md has a row for each fault of the simulated world, which names tests that there are.

test-fault-table.py
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tidy"))
import tap                                                                               # noqa: E402


def labels():
    """The faults that somebody asks about."""
    sources = [*ROOT.glob("simulator/*.c"), *ROOT.glob("simulator/*.h"), *ROOT.glob("runtime/**/*.[ch]")]
    return {label for source in sources for label in re.findall(r'"(fault\.[a-z.]*[a-z])"', source.read_text())}


def rows():
    text = (ROOT / "simulator" / "README.md").read_text()
    table = text.split("## Each fault, with who", 1)[1].split("\n\n", 2)[2].split("\n\n", 1)[0]
    for line in table.splitlines()[2:]:
        first, *others = line.strip("|").split("|")
        yield set(re.findall(r"`(fault\.[a-z.]*)`", first)), re.findall(r"`([a-z_0-9]{12,})`", "".join(others))


def tests():
    return {name for source in ROOT.glob("tests/sim/*.c") for name in re.findall(r"^test_(\w+) \(void\)$", source.read_text(), re.MULTILINE)}


def test_each_fault_has_a_row_and_each_row_a_fault():
    told = set().union(*(faults for faults, _ in rows()))
    yield from (f"no row for {label}" for label in sorted(labels() - told))
    yield from (f"nobody asks about {label}" for label in sorted(told - labels()))


def test_each_row_names_tests_that_there_are():
    known = tests()
    for faults, named in rows():
        if not named:
            yield f"no test for {', '.join(sorted(faults))}"
        yield from (f"{', '.join(sorted(faults))}: there is no test {name}" for name in named if name not in known)


sys.exit(tap.run(*(function for name, function in list(globals().items()) if name.startswith("test_"))))
