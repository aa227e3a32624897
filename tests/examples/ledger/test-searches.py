#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the ledger is there to show: both bugs are found, shrunk, replayed; the repaired bank survives the same search; and in
production all of it works, of course.

test-searches.py FOLDER-OF-PROGRAMS FOLDER-OF-BOOKS [QUICK]
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tidy"))
import tap                                                                               # noqa: E402

PROGRAMS, BOOKS = map(pathlib.Path, sys.argv[1:3])
# Runs in which nothing is to be found. The demo makes ten thousand of them.
MANY = 300 if len(sys.argv) > 3 else 2000
DECISIONS_MAX = 3

FOLDER = tempfile.TemporaryDirectory()
# What a failed run holds is lost on purpose.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


def run(program, *arguments):
    """The exit code, and what was printed."""
    done = subprocess.run([PROGRAMS / program, *map(str, arguments)], cwd=FOLDER.name, env=ENVIRONMENT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=500, check=False)
    return done.returncode, done.stdout, done.stderr


def search(program, *arguments):
    """The exit code, and the last object that a search with --json printed."""
    code, out, errors = run(program, *arguments, "--json")
    lines = out.splitlines()
    if not lines:
        raise AssertionError(f"no JSON, exit code {code}: {errors}")
    return code, json.loads(lines[-1])


def the_failure(code, result, kind, name):
    """The one failure a search found, or complaints."""
    failures = [failure for failure in result["failures"] if (failure["kind"], failure["name"]) == (kind, name)]
    if code != 1 or len(failures) != 1:
        raise AssertionError(f"exit code {code}, and not one {kind} {name!r} in {json.dumps(result)}")
    return failures[0]


def hash_of_replay(schedule, name):
    code, out, errors = run("ledger-sim", "replay", schedule)
    found = re.search(r"\b(?:0x)?([0-9a-f]{16})\b", out)
    if code != 1 or name not in out or not found:
        raise AssertionError(f"replay: exit code {code}: {out}{errors}")
    return found[1]


def shrunk_and_replayable(failure):
    if not 1 <= failure["deviations"] <= DECISIONS_MAX:
        yield f"shrunk to {failure['deviations']} decisions: {failure}"
    if not 1 <= failure["run"] <= 1000:
        yield f"found at run {failure['run']}"
    hashes = {hash_of_replay(failure["schedule"], failure["name"]) for _ in range(20)}
    if len(hashes) != 1:
        yield f"20 replays had the hashes {hashes}"


def test_random_schedules_find_the_overdraft():
    code, result = search("ledger-sim", "explore", "-s", "overdraft", "--runs", 1000, "--strategy", "random")
    yield from shrunk_and_replayable(the_failure(code, result, "always", "no account below zero"))


def test_injected_cancellations_find_the_half_transfer():
    code, result = search("ledger-sim", "explore", "-s", "half-transfer", "--runs", 1000, "--strategy", "random",
                          "--inject", "cancel")
    yield from shrunk_and_replayable(the_failure(code, result, "always", "money is neither made nor lost"))


def test_a_sweep_of_cancellations_finds_the_half_transfer_and_says_where():
    code, result = search("ledger-sim", "sweep", "-s", "half-transfer", "--inject", "cancel")
    failure = the_failure(code, result, "always", "money is neither made nor lost")
    if failure["deviations"] != 1:
        yield f"{failure['deviations']} decisions: {failure}"
    text = pathlib.Path(FOLDER.name, failure["schedule"]).read_text()
    if not re.search(r"teller.*cancel.*trio_\w+", text):
        yield f"the schedule does not say at which checkpoint: {text}"


def test_every_day_is_well_in_the_ordinary_run():
    for program in ("ledger-sim", "ledger-sim-repaired"):
        code, out, errors = run(program, "explore", "--runs", 1)
        if code != 0:
            yield f"{program}: exit code {code}: {out}{errors}"


def test_the_repaired_bank_survives_the_same_searches():
    for scenario, *inject in [("overdraft",), ("half-transfer", "--inject", "cancel"),
                              ("overdraft", "--inject", "cancel,interrupt,fault")]:
        code, result = search("ledger-sim-repaired", "explore", "-s", scenario, "--runs", MANY, *inject)
        if code != 0 or result["failures"] or result["runs"] != MANY:
            yield f"explore {scenario} {inject}: exit code {code}: {json.dumps(result)}"


def test_the_repaired_bank_survives_every_single_cancellation_interrupt_and_fault():
    for scenario in ("overdraft", "half-transfer"):
        code, result = search("ledger-sim-repaired", "sweep", "-s", scenario)
        if code != 0 or result["failures"] or result["runs"] < 50:
            yield f"sweep {scenario}: exit code {code}: {json.dumps(result)}"


def test_all_days_with_one_deviation_hold_the_bugs_and_none_of_the_repaired_bank():
    for scenario, name in [("overdraft", "no account below zero"), ("half-transfer", "money is neither made nor lost")]:
        code, result = search("ledger-sim", "exhaust", "-s", scenario, "--deviations", 1)
        failure = the_failure(code, result, "always", name)
        if failure["deviations"] != 1:
            yield f"{failure['deviations']} decisions: {failure}"
        code, result = search("ledger-sim-repaired", "exhaust", "-s", scenario, "--deviations", 1)
        if code != 0 or result["outcome"] != "bounded" or result["schedules"] < 50:
            yield f"exhaust {scenario}: exit code {code}: {json.dumps(result)}"


def test_production_serves_real_clients_until_ctrl_c():
    for program in ("ledger-server", "ledger-server-repaired"):
        server = subprocess.Popen([PROGRAMS / program, "--port", "0", BOOKS / "ledger.data"], text=True, env=ENVIRONMENT,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            line = server.stdout.readline()
            port = re.fullmatch(r"listening at 127\.0\.0\.1:(\d+)\n", line)
            if not port:
                raise AssertionError(f"{program} said {line!r} {server.communicate()[1]}")
            code, out, errors = run("ledger-client", "--port", port[1], BOOKS / "ledger.data")
            if code != 0 or "15 clients at once: 46 requests done, 1 refused\n" not in out:
                yield f"ledger-client: exit code {code}: {out}{errors}"
            if "in the morning there was 25506.85 in all accounts, now there is 25506.85" not in out:
                yield f"ledger-client: {out}"
            server.send_signal(signal.SIGINT)
            out, errors = server.communicate(timeout=60)
            if server.returncode != 0 or "closed: 48 requests answered, 25506.85 in the accounts, as in the morning\n" != out:
                yield f"{program}: exit code {server.returncode}: {out}{errors}"
        finally:
            server.kill()


def test_production_says_what_is_wrong_in_one_sentence():
    wrong = pathlib.Path(FOLDER.name, "wrong.data")
    wrong.write_text("account alice 10.00\ntransfer alice bob 1.00\n")
    for arguments, code_wanted, words in [
        (["ledger-server", "--port", "0", wrong], 1, f'ledger-server: {wrong}:2: there is no account "bob" above this line\n'),
        (["ledger-server", "nowhere.data"], 1, "ledger-server: Failed to open file “nowhere.data”: No such file or directory\n"),
        (["ledger-server"], 2, "usage: ledger-server [--port PORT] BOOKS\n"),
        (["ledger-client", "--port", "0", wrong], 2, "usage: ledger-client [--port PORT] [--rounds N] BOOKS\n"),
        (["ledger-client", "--port", "1", BOOKS / "half-transfer.data"], 1, "ledger-client: there is no ledger server at port 1\n"),
    ]:
        code, _, errors = run(*arguments)
        if code != code_wanted or errors != words:
            yield f"{arguments}: exit code {code}: {errors}"


if __name__ == "__main__":
    sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
