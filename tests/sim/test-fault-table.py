#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether simulator/README.md has a row for each fault of the simulated world, and for what varies in its network, which names tests that there are.

test-fault-table.py
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tidy"))
import tap                                                                               # noqa: E402


def labels(kind):
    """Those that somebody asks about."""
    sources = [*ROOT.glob("simulator/*.c"), *ROOT.glob("simulator/*.h"), *ROOT.glob("runtime/**/*.[ch]")]
    return {label for source in sources for label in re.findall(rf'"({kind}\.[a-z.]*[a-z])"', source.read_text())}


def rows(nth=None):
    """Of the first table or the second, or of both: labels, what it is about, and tests."""
    text = (ROOT / "simulator" / "README.md").read_text()
    section = text.split("\n## Each fault, with who", 1)[1].split("\n## ", 1)[0]
    tables = [part for part in section.split("\n\n") if part.startswith("|")]
    for line in (line for table in (tables if nth is None else [tables[nth]]) for line in table.splitlines()[2:]):
        first, *others = line.strip("|").split("|")
        yield set(re.findall(r"`((?:fault|net|disk)\.[a-z.]*)`", first)), first.strip(), re.findall(r"`([a-z_0-9]{12,})`", "".join(others))


def tests():
    return {name for source in ROOT.glob("tests/sim/*.c") for name in re.findall(r"^test_(\w+) \(void\)$", source.read_text(), re.MULTILINE)}


def test_each_fault_has_a_row_and_each_row_a_fault():
    told, asked = set().union(*(found for found, _, _ in rows(0))), labels("fault")
    yield from (f"no row for {label}" for label in sorted(asked - told))
    yield from (f"nobody asks about {label}" for label in sorted(told - asked))


def test_so_has_what_varies_in_the_network():
    told, asked = set().union(*(found for found, _, _ in rows(1))), labels("net")
    yield from (f"no row for {label}" for label in sorted(asked - told))
    yield from (f"nobody asks about {label}" for label in sorted(told - asked - labels("disk")))


def test_each_row_names_tests_that_there_are():
    known = tests()
    for _, about, named in rows():
        if not named:
            yield f"no test for {about}"
        yield from (f"{about}: there is no test {name}" for name in named if name not in known)


sys.exit(tap.run(*(function for name, function in list(globals().items()) if name.startswith("test_"))))
