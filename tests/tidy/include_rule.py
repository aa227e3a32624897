#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Who may include what: the architecture, as a table.

include_rule.py [TREE] prints what breaks the rule, one line each, and then exits with 1.

Columns: the three public shelves <trio/*.h>, <trio/lowlevel/> and <trio/seam/>; GIO; headers of the operating system; headers that
are private to a folder, which are included as "folder/file.h" (a test or an example may also name one that lies beside it). A cell is `yes`, `no`, or the names that are allowed. GLib itself, the
headers of plain C and a folder's own private headers are allowed everywhere. Where several rows fit, the longest folder counts.
"""

import pathlib
import re
import sys

import tree

TABLE = """
folder                        | trio                  | lowlevel                    | seam       | gio | system   | private, besides its own
runtime/include/trio          | yes                   | no                          | no         | no  | no       |
runtime/include/trio/lowlevel | yes                   | yes                         | yes        | no  | no       |
runtime/include/trio/seam     | yes                   | no                          | yes        | no  | no       |
runtime/include/trio/testing  | yes                   | no                          | no         | no  | no       |
runtime/core                  | yes                   | yes                         | yes        | no  | no       |
runtime/sync                  | yes                   | yes                         | io.h       | no  | no       |
runtime/supervise             | yes                   | yes                         | no         | no  | no       |
runtime/thread                | yes                   | yes                         | threads.h  | no  | no       |
runtime/signal                | yes                   | yes                         | signals.h  | no  | no       |
runtime/file                  | yes                   | yes                         | files.h    | yes | no       |
runtime/process               | yes                   | yes                         | io.h       | no  | no       |
runtime/testing               | yes                   | yes                         | clock.h    | no  | no       |
runtime/net                   | yes                   | yes                         | io.h       | yes | openssl/ idn2.h |
runtime/gio                   | yes                   | yes                         | no         | yes | no       |
runtime/lint                  | no                    | no                          | no         | no  | clang-c/ |
runtime/host                  | yes                   | yes                         | yes        | yes | yes      |
trace                         | types.h error.h run.h | instrument.h task.h trace.h | no         | no  | no       |
trace/tool                    | no                    | no                          | no         | no  | stdio.h  |
trace/html                    | no                    | no                          | no         | no  | stdio.h  |
simulator                     | yes                   | yes                         | yes        | no  | no       |
simulator/escape              | yes                   | yes                         | yes        | no  | yes      |
simulator/cli                 | yes                   | yes                         | yes        | no  | stdio.h  |
simulator/include/trio-sim    | yes                   | no                          | no         | no  | no       |
fuzz                          | yes                   | yes                         | yes        | no  | no       | simulator
fuzz/targets                  | yes                   | no                          | no         | no  | no       | simulator tests
fuzz/include/trio-fuzz        | yes                   | no                          | no         | no  | no       |
tests                         | yes                   | yes                         | yes        | yes | yes      | simulator trace fuzz
tests/core                    | yes                   | yes                         | yes        | yes | yes      | core simulator
tests/net                     | yes                   | yes                         | yes        | yes | yes      | net
tests/host                    | yes                   | yes                         | yes        | yes | yes      | host
tests/thread                  | yes                   | yes                         | yes        | yes | yes      | host simulator
tests/examples                | yes                   | yes                         | choice.h   | yes | yes      |
"""

# <trio/testing/>, <trio-sim/> and <trio-fuzz/> are for those who stand above them.
ABOVE = {
    "trio/testing": ["runtime/testing", "runtime/include/trio/testing", "simulator/cli", "tests"],
    "trio-sim": ["simulator", "fuzz", "tests"],
    "trio-fuzz": ["fuzz", "tests"],
}

# Where the table must give way: a pattern of files, a pattern of headers, and why.
EXCEPTIONS = [
    ("runtime/core/fiber/*", "sanitizer/*", "each switch tells AddressSanitizer and ThreadSanitizer"),
    ("runtime/core/fiber/*", "valgrind/*", "Valgrind is told of each stack"),
    ("runtime/core/fiber/fiber-ucontext.c", "ucontext.h", "the fallback for machines without a switch of ours"),
    ("runtime/core/fiber/stack-*.c", "sys/mman.h", "stacks are mapped memory"),
    ("runtime/core/fiber/stack-*.c", "unistd.h", "…and whether a guard works is found out by writing from it to a pipe"),
    ("runtime/core/fiber/stack-*.c", "fcntl.h", "…which is closed on exec"),
    ("runtime/include/trio/testing.h", "trio/testing/*", "the umbrella of that shelf"),
    ("simulator/cli/os*.c", "*", "the runner forks workers, shares memory with them, and ends in order when it is asked to"),
    ("tests/bench/fiber.c", "core/fiber/*", "the bare switch is measured without the kernel above it"),
    ("trace/recorder.c", "stdio.h", "a trace is written piece by piece, for which GLib has no call"),
]

# The headers of plain C that reach no operating system.
PLAIN_C = {"ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "locale.h", "math.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h",
           "stdint.h", "stdlib.h", "stdnoreturn.h", "string.h"}

# Words that reach past the seams although GLib or plain C declares them. Only host/ may say them.
WORDS = {
    r"g_get_(monotonic|real|current)_time|clock_gettime|gettimeofday|g_date_time_new_now\w*|g_timer_new":
        "asks a clock that is not the seam's",
    r"g_random_\w+|g_rand_new\w*|g_uuid_string_random|rand|random|getrandom|arc4random\w*":
        "is a random number that is not a choice",
    r"g_usleep|usleep|nanosleep|sleep": "sleeps for real",
    r"getenv|g_getenv|g_setenv|system|g_spawn_\w+": "reaches the process's surroundings",
    r"g_main_context_\w+|g_main_loop_\w+|g_source_(new|attach)|g_timeout_\w+|g_idle_\w+": "names the main context",
    r"g_hash_table_(iter_init|foreach\w*|get_keys\w*|get_values\w*|find|steal_all\w*)":
        "iterates a hash table, whose order is nobody's: sort at once, or say `in any order: …` in a comment above",
}
WORDS_FOLDERS = ["runtime/core", "runtime/sync", "runtime/supervise", "runtime/net", "runtime/thread", "runtime/file", "runtime/signal", "runtime/process", "runtime/testing", "simulator"]
HASH_TABLE_FOLDERS = WORDS_FOLDERS + ["runtime/gio", "runtime/host", "trace"]
# The command line stands outside the runs: it chooses seeds, limits a search by real time, and waits for its workers.
OUTSIDE_RUNS = "simulator/cli"
# These stand in front of what the words mean.
IN_FRONT = "simulator/escape/interpose-"
# A clock for tests goes by the real one.
CLOCKS = {"runtime/testing/mock-clock.c"}


def parse_table(text):
    """The table as {folder: {column: cell}}."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    columns = ["trio", "lowlevel", "seam", "gio", "system", "private"]
    return {line[0]: dict(zip(columns, line[1:], strict=True)) for line in lines[1:]}


ROWS = parse_table(TABLE)
PRIVATE = {"core", "sync", "supervise", "net", "thread", "file", "signal", "process", "gio", "host", "testing"}     # folders of runtime/, as "core/file.h" names them
TOP = {"trace", "simulator", "fuzz", "tests"}


def row_of(path):
    """The name of the row that holds for a file, or None."""
    parents = [str(parent) for parent in path.parents]
    return next((folder for folder in parents if folder in ROWS), None)


def own_folders(path):
    """The folders whose private headers are a file's own: "core" for runtime/core/fiber/fiber.c."""
    return {path.parts[1] if path.parts[0] == "runtime" else path.parts[0]}


def cell_allows(cell, name):
    """Whether a cell allows the header `name` of its shelf."""
    if cell in {"yes", "no"}:
        return cell == "yes"
    return any(name == word or (word.endswith("/") and name.startswith(word)) for word in cell.split())


def shelf_of(header):
    """The column and, within it, the name of a header in angle brackets; (None, …) for what all may include."""
    top, _, rest = header.partition("/")
    if header.startswith("trio/lowlevel/"):
        return "lowlevel", header.removeprefix("trio/lowlevel/")
    if header.startswith("trio/seam/"):
        return "seam", header.removeprefix("trio/seam/")
    if header == "trio/testing.h" or header.startswith("trio/testing/"):
        return "trio/testing", header.removeprefix("trio/testing/")
    if top == "trio":
        return "trio", rest
    if top in ABOVE:
        return top, rest
    if top == "gio":
        return "gio", rest
    if header in PLAIN_C or (header.startswith("glib") and header != "glib-unix.h"):
        return None, header
    return "system", header


def is_excepted(path, header):
    return any(path.match(files) and pathlib.PurePosixPath(header).match(headers) for files, headers, _ in EXCEPTIONS)


def complaint_about(root, path, quote, header):
    """What is wrong with one include, or None."""
    folder = row_of(path)
    shown = f'"{header}"' if quote == '"' else f"<{header}>"
    if folder is None:
        return f"{shown}: no row of the table is about this folder"
    if is_excepted(path, header):
        return None

    if quote == "<":
        column, name = shelf_of(header)
        if column in ABOVE:
            if not any(folder == above or folder.startswith(above + "/") for above in ABOVE[column]):
                return f"{folder} may not include {shown}: it stands below {column}"
        elif column is not None and not cell_allows(ROWS[folder][column], name):
            what = {"gio": "GIO", "system": "the operating system"}.get(column, f"the shelf {column}")
            return f"{folder} may not include {shown}, of {what}"
        return None

    top = header.partition("/")[0]
    if path.parts[0] == "tests" and (root / path.parent / header).is_file():
        return None
    if ".." in header.split("/"):
        return f"{shown} climbs out of its folder: name the shelf instead"
    if top not in PRIVATE | TOP or "/" not in header:
        return f"{shown} names no shelf"
    if top not in own_folders(path) and top not in ROWS[folder]["private"].split():
        return f"{folder} may not include {shown}, private to {top}"
    return None


def blank(match):
    """White space in place of a comment or a string, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group())


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.DOTALL)


def may_say(path, why, lines, number):
    """Whether a file may say a word, in spite of that reason, in line `number` (from 1)."""
    if "hash table" in why:
        return "in any order" in "\n".join(lines[max(0, number - 4):number]) or "_sort" in "\n".join(lines[number:number + 6])
    return str(path).startswith((OUTSIDE_RUNS + "/", IN_FRONT)) or (str(path) in CLOCKS and "clock" in why)


def word_complaints(path, text):
    def within(folders):
        return any(str(path).startswith(folder + "/") for folder in folders)

    lines = text.splitlines()
    bare = without_comments(text).splitlines()
    for words, why in WORDS.items():
        if not within(HASH_TABLE_FOLDERS if "hash table" in why else WORDS_FOLDERS):
            continue
        for number, line in enumerate(bare, 1):
            match = re.search(rf"(?<![\w.>])({words}) *\(", line)
            if match and not may_say(path, why, lines, number):
                yield number, f"{match[1]} {why}"


def complaints(root=tree.ROOT):
    """Everything in the tree at `root` that breaks the rule: "file:line: what"."""
    for path in tree.code(root):
        text = (root / path).read_text()
        found = []
        # Includes are looked for in the text without comments, but read from the text itself, where strings still stand.
        bare = re.sub(r"/\*.*?\*/", blank, text, flags=re.DOTALL)
        for number, line in enumerate(bare.splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if include:
                complaint = complaint_about(root, path, include[1], include[2])
                if complaint:
                    found.append((number, complaint))
        found += word_complaints(path, text)
        for number, what in sorted(found):
            yield f"{path}:{number}: {what}"


if __name__ == "__main__":
    found = list(complaints(pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else tree.ROOT))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)
