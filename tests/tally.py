#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What runs of `meson test` came to.

tally.py LOG.json…         adds them up: prints what was skipped or failed, then as the very last line "N passed, N failed, N skipped".
                           Exits 0 exactly when something was tested and nothing failed.
tally.py --tell LOG.json   prints all that the failed tests of one run said.

A log is Meson's testlog.json, one JSON object a line; its file name is the name of the run.
"""

import json
import pathlib
import sys

# Meson's words for how a test can end; everything else it may say (FAIL, TIMEOUT, ERROR, INTERRUPT, UNEXPECTEDPASS) is a failure.
PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}
LINES_TOLD = 300


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def add_up(paths):
    passed, skipped, failed = 0, [], []
    for path in paths:
        for test in read(path):
            name = f"{path.stem}: {test['name']}"
            if test["result"] in PASSED:
                passed += 1
            elif test["result"] in SKIPPED:
                skipped.append(name)
            else:
                failed.append(f"{name} ({test['result']})")
    if passed == 0 and not failed:
        failed.append("nothing was tested")

    for name in skipped:
        print(f"skipped  {name}")
    for name in failed:
        print(f"FAILED   {name}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


def tell(path):
    for test in read(path):
        if test["result"] in PASSED | SKIPPED:
            continue
        print(f"\n===== {path.stem}: {test['name']}: {test['result']}")
        for stream in ("stdout", "stderr"):
            lines = test.get(stream, "").rstrip().splitlines()
            print("\n".join(lines[-LINES_TOLD:]), end="\n" if lines else "")
    print()
    return 0


def main(arguments):
    if arguments[0] == "--tell":
        return tell(pathlib.Path(arguments[1]))
    return add_up(map(pathlib.Path, arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
