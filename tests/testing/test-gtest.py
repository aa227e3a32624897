#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests whose bodies are tasks: what a person who runs such a program sees, in the real world, under schedules, and replaying.

test-gtest.py PROGRAM
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tidy"))
import tap                                                                               # noqa: E402

PROGRAM = sys.argv[1]
FOLDER = tempfile.TemporaryDirectory()
# What a failed run holds is lost on purpose.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("TRIO_")}
ENVIRONMENT["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


def run(*arguments, shell=None, **environment):
    """The exit code, and what was printed."""
    command = shell if shell else [PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, cwd=FOLDER.name, env=ENVIRONMENT | environment, text=True, shell=shell is not None,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200, check=False)
    return done.returncode, done.stdout


def expect(result, code, *words):
    """The exit code and these words; what is wrong otherwise."""
    found, out = result
    if (found == 0) != (code == 0) or (code == 2) != (found == 2):
        yield f"exit code {found}, not {code}: {out}"
    yield from (f"{word!r} is not in {out}" for word in words if word not in out)


def command_in(out):
    """The command that replays the failure."""
    found = re.search(r"replay it:  (.*)", out)
    if not found:
        raise AssertionError(f"no command that replays: {out}")
    return found[1]


def test_by_default_a_test_runs_in_the_real_world():
    result = run("-p", "/good", "-p", "/bad/deposits-add-up", "-p", "/bad/all-is-given-back")
    yield from expect(result, 0, "ok 1 /good/all-is-well", "/good/a-week-goes-by", "ok 7 ", "nothing found in 1 runs")
    if result[1].count("nothing found") != 1:
        yield f"only the simulated one is simulated: {result[1]}"


def test_a_failure_in_the_real_world_is_one():
    yield from expect(run("-p", "/bad/fails-everywhere"), 1, "not ok", "wrong in every world")


def test_under_schedules_nothing_is_found_in_what_is_right():
    result = run("--trio-schedules=200", "-p", "/good")
    yield from expect(result, 0, "nothing found in 200 runs of the schedules")
    if result[1].count("nothing found in 200 runs") != 4:
        yield f"four tests are simulated, and the one for the real world is not: {result[1]}"


def test_a_schedule_finds_the_race_and_the_printed_command_replays_it():
    code, out = run("--trio-schedules", 500, "-p", "/bad/deposits-add-up")
    yield from expect((code, out), 1, "FAILED  crash", "The ordinary run, except:", "deposit_late ran", "before deposit")
    yield from expect(run(shell=command_in(out)), 1, "The ordinary run, except:", "balance == 3")


def test_an_injected_cancellation_finds_what_is_not_given_back():
    yield from expect(run("--trio-schedules=200", "-p", "/bad/all-is-given-back"), 0)
    code, out = run("--trio-inject=cancel,interrupt", "-p", "/bad/all-is-given-back")
    yield from expect((code, out), 1, "FAILED  always: all is given back", "of the sweep", "was cancelled in trio_checkpoint")
    yield from expect(run(shell=command_in(out)), 1, "was cancelled in trio_checkpoint", "must always hold")


def test_the_environment_can_say_the_same():
    code, out = run("plain", "-p", "/bad/all-is-given-back", TRIO_TEST_INJECT="cancel", TRIO_TEST_KEEP="kept")
    yield from expect((code, out), 1, "FAILED  always: all is given back", "TRIO_TEST_REPLAY=")
    if not list(pathlib.Path(FOLDER.name, "kept").iterdir()):
        yield "no schedule was kept where it was said"
    yield from expect(run(shell=command_in(out).replace(" -p ", " plain -p ")), 1, "must always hold")


def test_a_replay_is_of_one_test_and_leaves_out_the_others():
    code, out = run("--trio-inject=cancel", "--trio-keep=one", "-p", "/bad/all-is-given-back")
    schedule = next(pathlib.Path(FOLDER.name, "one").iterdir())
    yield from expect(run(f"--trio-replay={schedule}", "-p", "/good/all-is-well"), 0, "SKIP", "of another test")
    yield from expect(run(f"--trio-replay={schedule}", "--trio-trace=run.trace", "-p", "/bad/all-is-given-back"), 1)
    if not pathlib.Path(FOLDER.name, "run.trace").exists():
        yield "no trace was recorded"


def test_the_same_seed_finds_the_same():
    first, again, other = (run("--trio-schedules=500", f"--trio-seed={seed}", "--trio-keep=seeds", "-p", "/bad/deposits-add-up")[1]
                           for seed in (7, 7, 8))
    runs = [re.search(r"run \d+ of the schedules", out)[0] for out in (first, again, other)]
    if runs[0] != runs[1]:
        yield f"the same seed failed in {runs[0]} and in {runs[1]}"


def test_what_a_body_says_with_g_test_fail_counts():
    yield from expect(run("-p", "/bad/calls-g-test-fail-in-the-simulator"), 1, "the test called g_test_fail()")


def test_a_deadlock_is_told_with_who_waits():
    yield from expect(run("-p", "/bad/waits-for-ever"), 1, "FAILED  deadlock: tasks wait in trio_event_wait",
                      "main waits in trio_event_wait")


def test_wrong_options_are_refused():
    yield from expect(run("--trio-schedules=many"), 2, "expected a number")
    yield from expect(run("--trio-inject=love"), 2, "love")
    yield from expect(run("--trio-seed"), 2, "a value is missing")
    yield from expect(run("--trio-sheep=3"), 2, "there is no option --trio-sheep")
    yield from expect(run("--trio-replay=nowhere", "-p", "/good/all-is-well"), 2, "nowhere")


if __name__ == "__main__":
    sys.exit(tap.run(*(test for name, test in list(globals().items()) if name.startswith("test_"))))
