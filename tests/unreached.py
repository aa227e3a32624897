#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lines that no test reaches, each with the reason: what unreached.txt says beside what was counted.

unreached.py COUNTS

COUNTS is what `gcovr --json` wrote. Prints every line that was not reached and why; one without a reason is an error. A reason whose line was
reached is told of: on another machine or kernel it may not be."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def load_reasons(path):
    """{(file, text of the line): reason}. A file and a reason stand at the beginning of a line, "FILE: REASON"; the lines below are indented."""
    reasons, head = {}, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            head = line.split(": ", 1)
            if len(head) != 2:
                sys.exit(f"{path.name}:{number}: this is neither FILE: REASON nor an indented line of a file")
        elif head is None:
            sys.exit(f"{path.name}:{number}: a line before the first file")
        else:
            reasons[head[0], line.strip()] = head[1]
    return reasons


def unreached(counts, root):
    """(file, number, text) of each line that can be executed and was not."""
    for file in counts["files"]:
        lines = (root / file["file"]).read_text().splitlines()
        numbers = {line["line_number"] for line in file["lines"] if line["count"] == 0 and not line.get("gcovr/noncode", False)}
        # A line of an inline function is told of once for each program that has it.
        numbers -= {line["line_number"] for line in file["lines"] if line["count"] > 0}
        for number in sorted(numbers):
            yield file["file"], number, lines[number - 1].strip()


def main(counts, root=HERE.parent):
    if not counts["files"]:
        sys.exit("nothing was counted at all")
    reasons = load_reasons(HERE / "unreached.txt")
    used, bad = set(), 0
    print("\nLines that no test reaches, as far as gcc's counters can tell:")
    last = None
    for file, number, text in unreached(counts, root):
        name = file.removeprefix("runtime/")
        reason = reasons.get((name, text))
        used.add((name, text))
        if reason is None:
            bad += 1
            print(f"\n{file}:{number}: NOT EXPLAINED in tests/unreached.txt\n  {number:4} {text}")
            last = None
            continue
        if (name, reason) != last:
            print(f"\n{file}: {reason}")
        last = (name, reason)
        print(f"  {number:4} {text}")
    for name, text in reasons:
        if (name, text) not in used:
            print(f"\nunreached.txt explains a line of {name} that was reached here, or is gone: {text}")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(json.loads(pathlib.Path(sys.argv[1]).read_text())))
