#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the replicated store is there to show: its bugs are found by what clients see, and made small; the right one survives the same search.

test-replicated.py PROGRAM [QUICK]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap                                                                               # noqa: E402

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
QUICK = len(sys.argv) > 2
FOLDER = tempfile.TemporaryDirectory()
# What a host holds that crashes is lost on purpose.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
NAME = "three nodes are one store"


def run(*arguments):
    """The exit code, and the last object that was printed."""
    done = subprocess.run([PROGRAM, *arguments, "--json"], cwd=FOLDER.name, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=280, check=False)
    if not done.stdout:
        raise AssertionError(f"no JSON, exit code {done.returncode}: {done.stderr}")
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def explore(scenario, runs, seed=1):
    return run("explore", "-s", scenario, "--runs", str(runs), "--seed", str(seed), "--inject", "fault")


def bug_is_found(scenario, seed, runs=1000, decisions=6):
    """By some hundred runs, and at most so many decisions are left of it, which replay."""
    if QUICK:
        raise tap.Skip("a search takes too long here")
    code, result = explore(scenario, runs, seed)
    failures = result["failures"]
    if code != 1 or len(failures) != 1 or (failures[0]["kind"], failures[0]["name"]) != ("always", NAME):
        yield f"seed {seed}: exit code {code}: {json.dumps(result)}"
        return
    if failures[0]["deviations"] > decisions:
        yield f"seed {seed}: it was not made small: {failures[0]}"
    code, replayed = run("replay", failures[0]["schedule"])
    if code != 1 or (replayed["kind"], replayed["name"]) != ("always", NAME):
        yield f"seed {seed}: its schedule gives exit code {code}: {json.dumps(replayed)}"


def nothing_is_found(scenario, runs):
    code, result = explore(scenario, 30 if QUICK else runs)
    if code != 0 or result["failures"]:
        yield f"exit code {code}: {json.dumps(result)}"


def test_the_right_store_is_silent():
    yield from nothing_is_found("right", 500)


def test_the_right_store_is_silent_where_two_cannot_hear_each_other():
    yield from nothing_is_found("apart", 250)


def test_the_right_store_is_silent_where_one_is_not_heard_for_a_while():
    yield from nothing_is_found("mute", 250)


def test_an_answer_before_the_sync_is_found():
    yield from bug_is_found("sync", 3)


def test_a_leader_that_trusts_itself_makes_a_split_brain_under_a_one_way_partition():
    for seed in range(1, 11):
        yield from bug_is_found("leader", seed, runs=300, decisions=3)


def test_a_vote_that_is_forgotten_makes_two_leaders():
    yield from bug_is_found("vote", 1)


sys.exit(tap.run(*(function for name, function in list(globals().items()) if name.startswith("test_"))))
