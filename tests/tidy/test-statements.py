#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every promise of statements.txt has a test, and the table in tests/README.md says which. In a small tree of its own each complaint of
the script is provoked."""

import contextlib
import io
import pathlib
import sys
import tempfile

import statements
import tap

TREE = pathlib.Path(__file__).resolve().parents[2]
README = f"# Tests\n\n{statements.BEGIN}\n{statements.END}\n"
TEST = "/* One. */\n\nstatic void\n\n\n\n\n\n/* Statement 1. */\nstatic void\ntest_it_holds (void)\n{\n}\n"


def complaints(tree, *options):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        statements.main([*options, str(tree)])
    return out.getvalue().splitlines()


@contextlib.contextmanager
def small_tree(promises="1 it holds\n2 - it need not\n", test=TEST):
    waiting, statements.WAITING = statements.WAITING, {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            (tree / "tests/tidy").mkdir(parents=True)
            (tree / "tests/tidy/statements.txt").write_text(promises)
            (tree / "tests/README.md").write_text(README)
            (tree / "tests/test-it.c").write_text(test)
            yield tree
    finally:
        statements.WAITING = waiting


def test_every_promise_has_a_test_and_the_table_is_right():
    return complaints(TREE)


def test_the_table_is_written_and_then_right():
    with small_tree() as tree:
        complaints(tree, "--write")
        yield from complaints(tree)
        if "| 1 | it holds | test-it.c: it_holds |" not in (tree / "tests/README.md").read_text():
            yield (tree / "tests/README.md").read_text()


def test_an_old_table_is_noticed():
    with small_tree() as tree:
        if not any("is not what the tests say" in line for line in complaints(tree)):
            yield "it was not"


def test_a_promise_without_a_test_is_noticed():
    with small_tree(promises="1 it holds\n3 so does this\n") as tree:
        if "no test names 3: so does this" not in complaints(tree, "--write"):
            yield "it was not"


def test_a_number_without_a_promise_is_noticed():
    with small_tree(test=TEST.replace("Statement 1", "Statements 1 and 7")) as tree:
        if not any("names 7, which no promise has" in line for line in complaints(tree, "--write")):
            yield "it was not"


if __name__ == "__main__":
    sys.exit(tap.run(*(test for name, test in list(globals().items()) if name.startswith("test_"))))
