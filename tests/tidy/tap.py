# SPDX-License-Identifier: MIT OR Apache-2.0
"""Test results as Meson reads them (TAP). A test is a function whose name is a sentence; it returns what is wrong, one string each,
or nothing. `Skip` says why a test cannot be made here."""

import sys
import traceback


class Skip(Exception):
    pass


def run(*tests):
    """Calls each test, prints what came of it, and returns the exit code."""
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix("test_")
        try:
            complaints = list(test() or [])
        except Skip as reason:
            print(f"ok {number} {name} # SKIP {reason}")
            continue
        except Exception:
            complaints = traceback.format_exc().splitlines()
        for line in complaints:
            print(f"# {line}")
        print(f"{'not ok' if complaints else 'ok'} {number} {name}")
        failed += bool(complaints)
    sys.stdout.flush()
    return 1 if failed else 0
