#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each bug of a group is found, shrunk to a few decisions and replayed; its repaired twin stays silent.

test-bugs.py PROGRAM; the environment variable TRIO_BUGS_RUNS says how many runs of a twin are enough.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tidy"))
import tap                                                                               # noqa: E402

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
RUNS_MAX = 10000
RUNS_OF_TWIN = int(os.environ.get("TRIO_BUGS_RUNS", RUNS_MAX))
# That a task is held back for a while, or runs on, is one decision of the schedule.
DECISIONS_MAX = 5
SHRINK_RUNS_MAX = 499

FOLDER = tempfile.TemporaryDirectory()


def run(*arguments):
    """The exit code, and what was printed."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=FOLDER.name, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=500, check=False)
    return done.returncode, done.stdout, done.stderr


def explore(scenario, runs, inject):
    """The exit code, and the last object that the search printed."""
    code, out, errors = run("explore", "-s", scenario, "--runs", runs, *(["--inject", inject] if inject else []),
                            "--budget", SHRINK_RUNS_MAX, "--json")
    lines = out.splitlines()
    if not lines:
        raise AssertionError(f"no JSON, exit code {code}: {errors}")
    return code, json.loads(lines[-1])


def found_shrunk_and_replayed(name, verdict, inject):
    code, result = explore(name, RUNS_MAX, inject)
    if code != 1 or len(result["failures"]) != 1:
        yield f"not found in {result['runs']} runs, exit code {code}"
        return
    failure = result["failures"][0]
    code, told, errors = run("replay", failure["schedule"])
    decisions = re.findall(r"^ *\d+(?:-\d+)?\. .*", told, re.MULTILINE)
    print(f"# {name}: run {failure['run']}; {failure['found_with']} answers, shrunk to {failure['deviations']} in "
          f"{failure['shrink_runs']} runs; {failure['kind']}: {failure['name']}")
    for decision in decisions:
        print(f"#   {decision}")

    if failure["kind"] != verdict:
        yield f"a {verdict} was expected: {failure}"
    if len(decisions) > DECISIONS_MAX or (failure["deviations"] > 0 and not decisions):
        yield f"{len(decisions)} decisions are told: {told}"
    hashes = re.findall(r"\b(?:0x)?([0-9a-f]{16})\b", told)
    if code != 1 or failure["name"] not in told or failure["hash"] not in hashes:
        yield f"replay: exit code {code}: {told}{errors}"


def silent(twin, inject):
    code, result = explore(twin, RUNS_OF_TWIN, inject)
    if code != 0 or result["runs"] != RUNS_OF_TWIN:
        yield f"exit code {code} after {result['runs']} runs: {json.dumps(result['failures'])}"


def bugs():
    """Each bug of the program: its name, its verdict, and what its search injects."""
    for line in run("list")[1].splitlines():
        name, about = line.split(None, 1)
        match = re.match(r"(deadlock|always|error|livelock|leak)(?:, inject (\S+))?: ", about)
        if match:
            yield name, match[1], match[2]


def test_of(name, verdict, inject):
    def both():
        yield from found_shrunk_and_replayed(name, verdict, inject)
        yield from silent(name + "-repaired", inject)

    both.__name__ = f"test_{name}_is_found_shrunk_and_replayed_and_its_twin_is_silent"
    return both


if __name__ == "__main__":
    sys.exit(tap.run(*[test_of(*bug) for bug in bugs()]))
