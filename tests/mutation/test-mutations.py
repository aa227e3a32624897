#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether the tests would notice if the runtime forgot a safeguard.

test-mutations.py BUILD/tests

For each line of mutations.txt the test programs named there are run with that mutation on, until one of them fails; a mutation that none
notices has survived, and that is a failure of this test. A program that does not end in time has noticed too. Before that each program
is run once without any, and must not fail."""

import concurrent.futures
import os
import pathlib
import re
import resource
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "tidy"))
import tap  # noqa: E402

TIMEOUT_S = 30
# How many lines the table must have, and in which folders of the runtime there must be some.
MUTATIONS_MIN = 80
FOLDERS = {"core", "sync", "net", "file", "thread", "signal"}

FAILED, PASSED, SKIPPED = range(3)


def table():
    """[(mutation, [program])], in the order of the lines of mutations.txt."""
    lines = [line.split("#")[0].split() for line in (HERE / "mutations.txt").read_text().splitlines()]
    return [(line[0], line[1:]) for line in lines if line]


def no_core_dumps():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, mutation):
    """What became of one test program: FAILED, PASSED or SKIPPED."""
    # The kernel's bodies run under schedules too: for this a few will do.
    environment = {key: value for key, value in os.environ.items() if key != "TRIO_MUTATION"} | {"CORE_TEST_SCHEDULES": "10"}
    if mutation is not None:
        environment["TRIO_MUTATION"] = mutation
    try:
        code = subprocess.run([pathlib.Path(sys.argv[1]) / program], env=environment, timeout=TIMEOUT_S,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=no_core_dumps, check=False).returncode
    except subprocess.TimeoutExpired:
        return FAILED
    return {0: PASSED, 77: SKIPPED}.get(code, FAILED)


def who_notices(mutation, programs):
    """The first of the programs that fails, or None."""
    return next((program for program in programs if run(program, mutation) == FAILED), None)


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, items))


def switches():
    """{mutation: [file]} as the runtime's sources have them."""
    found = {}
    for path in sorted((ROOT / "runtime").rglob("*.[ch]")):
        if path.name == "mutation.h":
            continue
        for name in re.findall(r"TRIO_MUTATION \((\w+)\)", path.read_text()):
            found.setdefault(name, []).append(path.relative_to(ROOT / "runtime"))
    return found


def test_the_table_and_the_sources_agree():
    known, told = switches(), [mutation for mutation, _ in table()]
    for name in sorted(set(known) - set(told)):
        yield f"{name} is in {known[name][0]} and not in the table"
    for name in told:
        if name not in known:
            yield f"{name} is in the table and nowhere in the runtime"
        if told.count(name) > 1:
            yield f"{name} stands in the table {told.count(name)} times"
    for name, files in known.items():
        if len(files) > 1:
            yield f"{name} is {len(files)} switches"
    if len(told) < MUTATIONS_MIN:
        yield f"{len(told)} mutations are fewer than {MUTATIONS_MIN}"
    for folder in sorted(FOLDERS - {files[0].parts[0] for files in known.values()}):
        yield f"there is none in {folder}"


def test_without_a_mutation_all_pass():
    programs = sorted({program for _, programs in table() for program in programs})
    outcomes = in_parallel(lambda program: run(program, None), programs)
    return [f"{program} fails by itself" for program, outcome in zip(programs, outcomes, strict=True) if outcome == FAILED]


def test_one_that_changes_nothing_survives():
    """Or all of the rest would mean nothing."""
    programs = table()[0][1]
    return [f"{program} fails with a mutation that there is not" for program in [who_notices("no_such_mutation", programs)] if program]


def test_each_mutation_is_noticed():
    noticed = in_parallel(lambda line: who_notices(*line), table())
    return [f"SURVIVED: {mutation}: {', '.join(programs)} did not notice"
            for (mutation, programs), program in zip(table(), noticed, strict=True) if program is None]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(tap.run(test_the_table_and_the_sources_agree, test_without_a_mutation_all_pass, test_one_that_changes_nothing_survives,
                     test_each_mutation_is_noticed))
