#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""No schedule makes a repaired twin fail: all of them are run, or as many as are enough, those with few deviations first.

test-twins.py PROGRAM; the environment variable TRIO_BUGS_RUNS says how many are enough.
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
RUNS = os.environ.get("TRIO_BUGS_RUNS", "10000")

FOLDER = tempfile.TemporaryDirectory()


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], cwd=FOLDER.name, text=True, stdout=subprocess.PIPE, timeout=500, check=False)


def twins():
    """Each twin of the program, and what its bug's search injects."""
    for line in run("list").stdout.splitlines():
        match = re.match(r"(\S+-repaired) +repaired(?:, inject (\S+))?: ", line)
        if match:
            yield match[1], match[2]


def test_of(twin, inject):
    def never_fails():
        done = run("exhaust", "-s", twin, "--runs", RUNS, *(["--inject", inject] if inject else []), "--json")
        result = json.loads(done.stdout.splitlines()[-1])
        print(f"# {twin}: {result['claim'].splitlines()[0]}")
        if done.returncode != 0 or result["outcome"] not in ("exhausted", "stopped"):
            yield f"exit code {done.returncode}: {json.dumps(result)}"

    never_fails.__name__ = f"test_{twin}_never_fails"
    return never_fails


if __name__ == "__main__":
    sys.exit(tap.run(*[test_of(*twin) for twin in twins()]))
