#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every public function says what it does: a gtk-doc comment that names each parameter, what comes back, and whether it may suspend. Headers of
which not all functions have one yet stand in NOT_WHOLE, from which a header that has become whole must be taken."""

import pathlib
import re
import sys
import tempfile

import tap
import tree

FOLDERS = ("runtime/include", "simulator/include", "fuzz/include")
# Behind macros that are documented.
INNER = re.compile(r"_located$|^trio_(check|eventually_at|oblige_at|testing_assert_since)$")
NOT_WHOLE = set()
DECLARATION = re.compile(r"^TRIO_API\s+(?!extern)([^;{}()]*?)\b(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)([^;{}]*);", re.M)


def parameters(text):
    """The names in the list of a declaration."""
    for part in re.split(r",(?![^()]*\))", text):
        match = re.search(r"\(\*\s*(\w+)\)", part) or re.search(r"(\w+)(?:\[\])?\s*$", part)
        if match and match.group(1) != "void":
            yield match.group(1)


def missing(text):
    """(function, what its comment does not tell) for each of one header."""
    for result, name, arguments, marks in DECLARATION.findall(text):
        if INNER.search(name):
            continue
        comment = re.search(rf"/\*\*\n \* {name}:\n(.*?)\*/", text, re.S)
        if comment is None:
            yield name, "it has no comment of its own"
            continue
        for parameter in parameters(arguments):
            if f"@{parameter}:" not in comment.group(1):
                yield name, f"@{parameter} is not told of"
        if result.strip() != "void" and "Returns:" not in comment.group(1):
            yield name, "it does not say what it returns"
        if re.search(r"\bTRIO_CHECKPOINT\b", marks) and not re.search(r"Checkpoint|[Ss]uspends", comment.group(1)):
            yield name, "it does not say that it may suspend"


def headers(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.h")):
            yield path, str(path.relative_to(root / folder))


def undocumented(root, not_whole):
    known = set()
    for path, name in headers(root):
        known.add(name)
        found = list(missing(path.read_text()))
        if name not in not_whole:
            yield from (f"{path.relative_to(root)}: {function} (): {what}" for function, what in found)
        elif not found:
            yield f"{path.relative_to(root)} is whole: take it out of NOT_WHOLE"
    yield from (f"{name} is in NOT_WHOLE and nowhere else" for name in sorted(not_whole - known))


def test_every_public_function_says_what_it_does():
    return undocumented(tree.ROOT, NOT_WHOLE)


def test_what_is_not_told_is_found():
    whole = "/**\n * f:\n * @a: it\n * @g: (scope call): it\n *\n * Checkpoint.\n *\n * Returns: it\n */\n"
    declaration = "TRIO_API gboolean f (int a, void (*g) (int x, int y)) TRIO_CHECKPOINT;\n"
    for text, wanted in [
        (whole + declaration, 0),
        (declaration, 1),
        (whole.replace("@a", "a") + declaration, 1),
        (whole.replace("@g", "g") + declaration, 1),
        (whole.replace("Returns: it", "") + declaration, 1),
        (whole.replace("Checkpoint.", "") + declaration, 1),
        ("TRIO_API void f_located (void);\n", 0),
    ]:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "runtime/include/trio").mkdir(parents=True)
            (root / "runtime/include/trio/f.h").write_text(text)
            found = list(undocumented(root, set()))
            if len(found) != wanted:
                yield f"{found} of {text!r}"
            if bool(wanted) == bool(list(undocumented(root, {"trio/f.h"}))):
                yield f"the list of headers that are not whole does not count for {text!r}"


if __name__ == "__main__":
    sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
