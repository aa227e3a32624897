#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""printed.py [--write] [BUILD]: what the documents show as printed is what the programs print.

A block of a document that stands behind `<!-- printed: NAME -->` is the output of the command of that name below, or the lines of it that are
told there. --write puts the blocks right; without it, each is a test. BUILD is where the programs were built (build/gcc, or build).

Real time is the only thing that is not the same each time: it shows as "…". Stacks are those of a build without optimisation.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = {
    "tea": "tests/examples/readme/tea",
    "ledger-sim": "tests/examples/ledger/ledger-sim",
    "ledger-sim-repaired": "tests/examples/ledger/ledger-sim-repaired",
    "replicated-sim": "tests/examples/replicated/replicated-sim",
}


class Place:
    """An empty folder in which commands are run as if they were installed."""

    def __init__(self, build, folder):
        self.build, self.folder = build, pathlib.Path(folder)

    def run(self, line, stdin=""):
        words = line.split()
        environment = {**os.environ, "NO_COLOR": "1", "ASAN_OPTIONS": "detect_leaks=0"}
        done = subprocess.run(words, executable=self.build / PROGRAMS[words[0]], cwd=self.folder, env=environment, input=stdin, capture_output=True,
                              text=True, check=False)
        return re.sub(r"( steps, ).*$", r"\1…", done.stdout, flags=re.MULTILINE).splitlines()

    def schedule(self):
        path, = (self.folder / "kept").iterdir()
        return path


def between(lines, first, last, with_last=True):
    """From the line that begins with `first` to the one that begins with `last`."""
    begin = next(i for i, line in enumerate(lines) if line.startswith(first))
    end = next(i for i, line in enumerate(lines) if i > begin and line.startswith(last))
    return lines[begin:end + with_last]


def without_outer_frames(line):
    """Of a stack that is too wide for a page the inner frames are left."""
    while len(line) > 110 and re.search(r" < \w+(?= < \w+)", line):
        line = re.sub(r" < \w+(?: < …)?(?=$|:|,)", " < …", line, count=1)
    return line


# ---- What is printed: each gives the lines behind the prompt --------------------------------------------------------------------


def tea(place):
    return ["$ tea explore", *between(place.run("tea explore"), "", "  replay it")]


def kept(place):
    place.run("ledger-sim explore -s overdraft --keep kept")
    # As if it came from before somebody renamed the clients: nobody of these names is asked any more.
    old = place.folder / "kept" / "joint-account.schedule"
    old.write_text(re.sub("alice|bob", "customer", place.schedule().read_text()))
    command = "ledger-sim explore -s overdraft --keep kept"
    lines = place.run(command)
    return [f"$ {command}", *lines[:lines.index("")]]


def coverage(place):
    command = "ledger-sim-repaired explore -s overdraft"
    return [f"$ {command}", *place.run(command)]


def why(place):
    place.run("ledger-sim explore -s overdraft --keep kept")
    command = f"ledger-sim shrink kept/{place.schedule().name}"
    lines = between(place.run(command), "why:", "explained in", with_last=False)
    return [f"$ {command}", "…", *[without_outer_frames(line) for line in lines[:-1]]]


def travel(place):
    place.run("ledger-sim explore -s overdraft --keep kept")
    command = f"ledger-sim replay kept/{place.schedule().name} --travel"
    return [f"$ {command}", *place.run(command, stdin="help\nquit\n")]


def leader(place):
    command = "replicated-sim explore -s leader --inject fault"
    return [f"$ {command}", *between(place.run(command), "", "  replay it")]


BLOCKS = {
    "README.md": {"tea": tea},
    "simulator/README.md": {"kept": kept, "coverage": coverage, "why": why, "travel": travel},
    "tests/examples/replicated/README.md": {"leader": leader},
}
HAVE_STACKS = {"why"}

# ---- The documents ----------------------------------------------------------------------------------------------------------------


def make(build, name, function):
    with tempfile.TemporaryDirectory() as folder:
        lines = function(Place(build, folder))
    if name in HAVE_STACKS:
        options = {each["name"]: each["value"] for each in json.loads((build / "meson-info/intro-buildoptions.json").read_text())}
        if options["optimization"] != "0":
            raise tap.Skip("this build is optimised: its stacks are others")
        if not any(" < " in line for line in lines):
            raise tap.Skip("there are no stacks on this machine")
    return "".join(f"{line}\n" for line in lines)


def place_of(text, name):
    """Where the block is."""
    match = re.search(rf"^<!-- printed: {name} -->\n```console\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    if match is None:
        raise ValueError(f"no block stands behind <!-- printed: {name} -->")
    return match.span(1)


def write(build):
    for document, blocks in BLOCKS.items():
        text = (ROOT / document).read_text()
        for name, function in blocks.items():
            try:
                printed = make(build, name, function)
            except tap.Skip as reason:
                print(f"{document}: {name} is left as it is: {reason}")
                continue
            begin, end = place_of(text, name)
            text = text[:begin] + printed + text[end:]
        (ROOT / document).write_text(text)


def test_of(build, document, name, function):
    def test():
        text = (ROOT / document).read_text()
        begin, end = place_of(text, name)
        printed = make(build, name, function)
        if text[begin:end] != printed:
            yield f"{document} shows another output: tests/tidy/printed.py --write puts it right. It is now:"
            yield from printed.splitlines()
    test.__name__ = f"test_{document}_shows_what_is_printed_of_{name}"
    return test


def test_every_block_is_made(_build):
    def test():
        marks = {(str(path.relative_to(ROOT)), name) for path in (ROOT / "README.md", *(ROOT / part / "README.md"
                                                                                                 for part in ("simulator", "fuzz", "trace", "tests/examples/replicated")))
                 for name in re.findall(r"<!-- printed: (\S+) -->", path.read_text())}
        made = {(document, name) for document, blocks in BLOCKS.items() for name in blocks}
        for document, name in sorted(marks ^ made):
            yield f"{document}: {name} is only in {'the document' if (document, name) in marks else 'printed.py'}"
    test.__name__ = "test_every_block_that_is_marked_is_made_here"
    return test


def test_options_exist(build):
    """The synopsis names options that there are."""
    def test():
        for command, rest in re.findall(r"^    PROG (\w+) +(.*)$", (ROOT / "simulator/README.md").read_text(), flags=re.MULTILINE):
            with tempfile.TemporaryDirectory() as folder:
                shown = "\n".join(Place(build, folder).run(f"ledger-sim {command} --help"))
            for option in re.findall(r"(?<![\w-])(--?[a-z-]+)", rest):
                if not re.search(rf"^ +(-\w, )?{option}\b|^ +{option},", shown, flags=re.MULTILINE):
                    yield f"{command} has no option {option}"
    test.__name__ = "test_the_options_of_the_synopsis_exist"
    return test


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    candidates = [pathlib.Path(argument) for argument in arguments] or [ROOT / "build/gcc", ROOT / "build"]
    build = next((path.resolve() for path in candidates if (path / PROGRAMS["tea"]).exists()), None)
    if build is None:
        sys.exit(f"printed.py: there is no {PROGRAMS['tea']} in {' or in '.join(map(str, candidates))}: build it, and name the folder")
    if "--write" in sys.argv:
        return write(build)
    tests = [test_of(build, document, name, function) for document, blocks in BLOCKS.items() for name, function in blocks.items()]
    return tap.run(*tests, test_every_block_is_made(build), test_options_exist(build))


if __name__ == "__main__":
    sys.exit(main())
