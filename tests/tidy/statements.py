#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which test proves which numbered promise: makes the table in tests/README.md.

statements.py [--write] [TREE]: checks that the table is what the tests say, that every promise has a test (or stands among those that wait for
their part), and that every number that a test names exists. --write puts the table right.

A test names its numbers in a comment above it, or in the first comment of its file for those that all of its tests together prove:
"statements 20, 38 to 41 and D7".
"""

import pathlib
import re
import sys

BEGIN = "<!-- statements: made by tests/tidy/statements.py --write -->"
END = "<!-- end of statements -->"

# Promises about parts that are not there yet: number, and which part.
WAITING = {
}

NUMBER = r"D?\d+"
LIST = re.compile(rf"\b(?:[Ss]tatements?|semantics:?)\s+((?:{NUMBER}(?:'s)?)(?:\s*(?:,|;|to|–|-|and|with|or|for|in part|\(partly\))\s*{NUMBER})*)")
# "; 18: the others do not", "and D15" further on in the same comment.
MORE = re.compile(rf"(?:[;,]|and|with|\()\s+({NUMBER})(?=[:.,;)\s]|$)")
FUNCTION = re.compile(r"^(?:static\s+)?(?:TRIO_CHECKPOINT\s+)?\w[\w ]*\*?\n(\w+) \(", re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def load_promises(tree):
    """{number: text} in order; a text that begins with "- " has no counterpart."""
    promises = {}
    for line in (tree / "tests/tidy/statements.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            number, text = line.split(" ", 1)
            promises[number] = text
    return promises


def numbers_in(comment):
    """The promises that a comment names."""
    text = re.sub(r"\s*\n\s*\*?\s*", " ", comment)
    found = []
    # "(61)", "(141, 143)": a comment that begins so names nothing else.
    brackets = re.match(rf"/\*\s*\(({NUMBER}(?:(?:,| to| and) {NUMBER})*)\)", text)
    if brackets:
        found += re.findall(NUMBER, brackets.group(1))
    for match in LIST.finditer(text):
        words = re.findall(rf"{NUMBER}|to|–|-", match.group(1))
        for place, word in enumerate(words):
            if word in {"to", "–", "-"}:
                low, high = words[place - 1], words[place + 1]
                if low.isdigit() and high.isdigit():
                    found += [str(n) for n in range(int(low) + 1, int(high))]
            else:
                found.append(word)
        found += [more.group(1) for more in MORE.finditer(text, match.end())]
    return found + re.findall(r"\bD(?:1[0-7]|[1-9])\b", text)


def tests_of(path, tree):
    """[(number, test)] of one file. A comment belongs to the function that follows, the file's first one to the file."""
    text = path.read_text(encoding="utf-8")
    functions = [(match.start(), match.group(1)) for match in FUNCTION.finditer(text)]
    name = str(path.relative_to(tree / "tests"))
    found = []
    for match in COMMENT.finditer(text):
        after = [f for start, f in functions if start >= match.start()]
        before = [f for start, f in functions if start < match.start()]
        if not before and functions and text[match.end():functions[0][0]].count("\n") > 6:
            where = name
        else:
            # Inside a body the function is the one that has begun.
            inside = before and not re.match(r"\s*(/\*.*?\*/\s*)*\s*(static|TRIO_CHECKPOINT|gboolean|void|int)\b", text[match.end():], re.S)
            function = before[-1] if inside else after[0] if after else before[-1] if before else ""
            where = f"{name}: {function.removeprefix('test_')}" if function.startswith("test_") else name
        found += [(number, where) for number in numbers_in(match.group(0))]
    return found


def make_table(promises, proofs):
    lines = ["| | promise | tests |", "|---|---|---|"]
    for number, text in promises.items():
        if text.startswith("- "):
            lines.append(f"| {number} | *{text[2:]}* | |")
        else:
            tests = sorted(set(proofs.get(number, [])))
            # A file's name alone says less than that of a test in it.
            tests = [t for t in tests if ":" in t or not any(other.startswith(t + ":") for other in tests)]
            shown = "; ".join(tests[:3]) + (f"; and {len(tests) - 3} more" if len(tests) > 3 else "")
            lines.append(f"| {number} | {text} | {shown or 'waits for ' + WAITING.get(number, '…')} |")
    return "\n".join(lines)


def main(arguments):
    write = "--write" in arguments
    rest = [a for a in arguments if a != "--write"]
    tree = pathlib.Path(rest[0]) if rest else pathlib.Path(__file__).resolve().parents[2]
    promises = load_promises(tree)
    proofs, bad = {}, []

    for path in sorted((tree / "tests").rglob("*.[ch]")):
        for number, where in tests_of(path, tree):
            if number not in promises:
                bad.append(f"{where} names {number}, which no promise has")
            else:
                proofs.setdefault(number, []).append(where)
    bad += [f"no test names {number}: {text}" for number, text in promises.items()
            if number not in proofs and not text.startswith("- ") and number not in WAITING]
    bad += [f"{number} has tests, so it waits for nothing" for number in WAITING if number in proofs]

    readme = tree / "tests/README.md"
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        bad.append("tests/README.md has no place for the table")
    else:
        head, _, tail = text.partition(BEGIN)
        right = f"{head}{BEGIN}\n\n{make_table(promises, proofs)}\n\n{END}{tail.partition(END)[2]}"
        if write:
            readme.write_text(right, encoding="utf-8")
        elif right != text:
            bad.append("the table in tests/README.md is not what the tests say: run tests/tidy/statements.py --write")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
