#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The order of the house, as far as a program can see it. Each check is a function of a tree that says what is wrong; the last test
shows that each of them fails where its rule is broken."""

import pathlib
import re
import sys
import tempfile

import include_rule
import tap
import tree

TOP_LEVEL = {"LICENSE", "README.md", "fuzz", "meson.build", "meson_options.txt", "runtime", "simulator", "tests", "trace"}
LICENCE = "SPDX-License-Identifier: MIT OR Apache-2.0"
SOURCES = {".c", ".h", ".S", ".def", ".py", ".sh", ".build", ".go", ".js", ".css", ".supp"}
LINES_MAX = 700
COLUMNS_MAX = 160       # the form asks for 132; this is what no screen shows


def texts(root):
    """(path, text) of every file that is text."""
    for path in tree.files(root):
        try:
            yield path, (root / path).read_text()
        except UnicodeDecodeError:
            pass


def is_source(path, text):
    return path.suffix in SOURCES or text.startswith("#!")


def odd_top_level(root):
    for name in sorted({path.parts[0] for path in tree.files(root)}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield f"{name} does not belong at the top level"


def without_licence(root):
    for path, text in texts(root):
        if is_source(path, text) and not any(LICENCE in line for line in text.splitlines()[:2]):
            yield f"{path}: the first line (or the second, after #!) does not say '{LICENCE}'"


def paths_of_one_machine(root):
    for path, text in texts(root):
        for number, line in enumerate(text.splitlines(), 1):
            match = re.search(r"(?<![\w.}~])/(home|root|work|Users)/\w", line)
            if match:
                yield f"{path}:{number}: a path of one machine: {match.group()}…"


def too_long(root):
    for path, text in texts(root):
        if not is_source(path, text):
            continue
        lines = text.splitlines()
        if len(lines) > LINES_MAX:
            yield f"{path}: {len(lines)} lines; more than {LINES_MAX} are more than one idea"
        if path.suffix in {".c", ".h", ".S"}:
            for number, line in enumerate(lines, 1):
                if len(line) > COLUMNS_MAX:
                    yield f"{path}:{number}: {len(line)} columns; {COLUMNS_MAX} is the most"
                if "\t" in line and path.suffix != ".S":
                    yield f"{path}:{number}: a tab"


def naps(root):
    """A test that sleeps waits for luck."""
    for path, text in texts(root):
        if path.parts[0] != "tests" or path.suffix not in {".c", ".h", ".py"} or path.parts[:2] == ("tests", "tidy"):
            continue
        bare = include_rule.without_comments(text) if path.suffix != ".py" else text
        for number, line in enumerate(bare.splitlines(), 1):
            match = re.search(r"(?<!\w)(g_usleep|usleep|nanosleep|sleep) *\(", line)
            if match:
                yield f"{path}:{number}: {match[1]}: a test does not sleep for real, it makes the race certain"


def texts_of_some_locale(root):
    """Fractions printed by printf (), and read by strtod (), have a comma in many a country. Texts are compared, searched and read again."""
    for path, text in texts(root):
        if path.parts[0] not in {"runtime", "simulator", "trace", "fuzz"} or path.suffix not in {".c", ".h"}:
            continue
        bare = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.DOTALL)
        for number, line in enumerate(bare.splitlines(), 1):
            for match in re.finditer(r'(?<!%)%[-+ #0]*[\d*]*(\.[\d*]+)?l?[aefgAEFG](?![\w])|(?<!\w)(strtod|strtof|atof|g_strtod) \(', line):
                if "g_ascii_formatd" not in line:
                    yield f"{path}:{number}: {match.group()}: depends on the locale; trio_span_in_seconds (), g_ascii_formatd (), g_ascii_strtod () do not"


def unfinished(root):
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for path, text in texts(root):
        if is_source(path, text) or path.suffix == ".md":
            for number, line in enumerate(text.splitlines(), 1):
                if words.search(line):
                    yield f"{path}:{number}: a word of unfinished work"


def examples_in_documents(root):
    """Each C block of a document names, in a comment on the line before, the file it shows whole (`<!-- FILE -->`), but for its licence
    line, or in part (`<!-- from FILE -->`). Blocks of other languages may, and are what they say."""
    for path, text in texts(root):
        if path.suffix != ".md":
            continue
        for block in re.finditer(r"(?:<!-- (from )?(\S+) -->\n+)?^```(\w+)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
            part, name, language, shown = block.groups()
            if name is None and language != "c":
                continue
            where = f"{path}:{text.count(chr(10), 0, block.start()) + 1}"
            if name is None:
                yield f"{where}: this C block does not say which compiled file it is from"
            elif not (root / name).is_file():
                yield f"{where}: there is no {name}"
            else:
                source = (root / name).read_text()
                whole = re.sub(rf"\A(#![^\n]*\n)?[^\n]*{LICENCE}[^\n]*\n+", "", source)
                if (shown not in source) if part else (shown != whole):
                    yield f"{where}: this block is not what {name} says"


def dead_links(root):
    known = {str(path) for path in tree.files(root)}
    known |= {str(parent) for path in tree.files(root) for parent in path.parents}
    for path, text in texts(root):
        if path.suffix != ".md":
            continue
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", prose):
            if "://" not in link and not link.startswith("mailto:"):
                base = (root / path).parent
                target = pathlib.Path(base / link).resolve()
                if not target.is_relative_to(root.resolve()) or str(target.relative_to(root.resolve())) not in known:
                    yield f"{path}: the link to {link} leads nowhere"


def kernel_tests_of_one_order(root):
    """Programs of tests/core of which nothing runs in many orders stand in its README, with the reason; and no others."""
    readme = root / "tests/core/README.md"
    told = set(re.findall(r"^\| `(test-\w+\.c)` \|", readme.read_text(), re.M)) if readme.is_file() else set()
    found = {path.name for path in tree.files(root) if path.parent == pathlib.Path("tests/core") and path.match("test-*.c")
             and not re.search(r"\bcore_test_add(_undisturbed|_mock)? \(", (root / path).read_text())}
    for name in sorted(found - told):
        yield f"tests/core/{name}: nothing of it runs in many orders, and tests/core/README.md does not say why"
    for name in sorted(told - found):
        yield f"tests/core/README.md: {name} is said to run in one order"


def test_the_top_level_has_only_what_the_layout_says():
    return odd_top_level(tree.ROOT)


def test_every_source_file_names_its_licence():
    return without_licence(tree.ROOT)


def test_no_path_of_one_machine():
    return paths_of_one_machine(tree.ROOT)


def test_no_file_or_line_is_too_long():
    return too_long(tree.ROOT)


def test_no_test_sleeps():
    return naps(tree.ROOT)


def test_no_text_depends_on_the_locale():
    return texts_of_some_locale(tree.ROOT)


def test_no_words_of_unfinished_work():
    return unfinished(tree.ROOT)


def test_examples_in_documents_are_compiled_files():
    return examples_in_documents(tree.ROOT)


def test_links_between_documents_lead_somewhere():
    return dead_links(tree.ROOT)


def test_tests_of_the_kernel_run_in_many_orders_or_say_why_not():
    return kernel_tests_of_one_order(tree.ROOT)


def test_each_of_these_fails_where_its_rule_is_broken():
    licence = f"/* {LICENCE} */\n"
    for check, file, bad, good in [
        (odd_top_level, "docs/page.md", "", None),
        (without_licence, "tests/run", "#!/bin/sh\n\necho\n", f"#!/bin/sh\n# {LICENCE}\n"),
        (without_licence, "runtime/a.c", f"\n\n{licence}", licence),
        (paths_of_one_machine, "README.md", "see /ho" "me/me/trio\n", "see https://example.org/ho" "me/me and ~/ho" "me/x\n"),
        (too_long, "runtime/a.c", "\n" * 701, "\n" * 700),
        (too_long, "runtime/a.h", "x" * 161, "x" * 160),
        (too_long, "runtime/a.h", "\tint x;\n", "  int x;\n"),
        (naps, "tests/sim/a.c", "int main (void) { g_usleep (5); }\n", "/* sleep (1) */ trio_sleep (5, error);\n"),
        (naps, "tests/sim/a.py", "import time\ntime.sleep(1)\n", "import time\n"),
        (texts_of_some_locale, "runtime/a.c", 'puts ("%.2f s");\n', 'puts ("%s, %" G_GINT64_FORMAT, "100 %"); /* %g */ g_ascii_formatd (b, n, "%g", x);\n'),
        (texts_of_some_locale, "trace/a.c", "x = strtod (text, &end);\n", "x = g_ascii_strtod (text, &end);\n"),
        (unfinished, "runtime/a.c", "/* TO" "DO */\n", "/* done */\n"),
        (examples_in_documents, "README.md", "```c\nint x;\n```\n", "```sh\nls\n```\n"),
        (examples_in_documents, "README.md", "<!-- e.c -->\n```c\nint x;\n```\n", "<!-- e.c -->\n```c\nint x;\nint y;\n```\n"),
        (examples_in_documents, "README.md", "<!-- from e.c -->\n```c\nint z;\n```\n", "<!-- from e.c -->\n```c\nint y;\n```\n"),
        (examples_in_documents, "README.md", "<!-- e.c -->\n```sh\nint z;\n```\n", "<!-- e.c -->\n```sh\nint x;\nint y;\n```\n"),
        (examples_in_documents, "README.md", "<!-- f.c -->\n```c\nint z;\n```\n", ""),
        (kernel_tests_of_one_order, "tests/core/test-a.c", "g_test_add_func (a);\ncore_test_add_ordered (b);\n", "core_test_add_mock (b);\n"),
        (kernel_tests_of_one_order, "tests/core/README.md", "| `test-b.c` | gone |\n", "| `core_test_add` | yes |\n"),
        (dead_links, "README.md", "[a](runtime/nothing.md)\n", "[a](e.c) [b](https://example.org) `[c](d)`\n"),
    ]:
        for text, wanted in ((bad, 1), (good, 0)):
            if text is None:
                continue
            with tempfile.TemporaryDirectory() as name:
                root = pathlib.Path(name)
                (root / "e.c").write_text(f"{licence}\nint x;\nint y;\n")
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text(text)
                found = [complaint for complaint in check(root) if "e.c does" not in complaint]
                if len(found) != wanted:
                    yield f"{check.__name__} says {found} of {file} with {text[:60]!r}"


if __name__ == "__main__":
    sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
