#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The include rule holds in this tree, and the checker really fails where it is broken: for every cell of the table a tree is made
that breaks it, and one that keeps it."""

import pathlib
import subprocess
import sys
import tempfile

import include_rule
import tap

# For each column, a header that only `yes` would allow.
SAMPLES = {
    "trio": "trio/listener.h",
    "lowlevel": "trio/lowlevel/token.h",
    "seam": "trio/seam/world.h",
    "gio": "gio/gio.h",
    "system": "sys/socket.h",
}


def complaints_in(files):
    """What the checker says of a tree with these files, {name: text}."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for file, text in files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text)
        return list(include_rule.complaints(root))


def expect(found, *words):
    """Exactly one complaint, with all of these words in it; what is wrong otherwise."""
    if len(found) != 1:
        return [f"expected one complaint with {words}, got {found}"]
    return [f"{word!r} is not in the complaint {found[0]!r}" for word in words if word not in found[0]]


def test_this_tree_keeps_the_rule():
    return include_rule.complaints()


def test_each_no_of_the_table_is_enforced():
    for folder, row in include_rule.ROWS.items():
        for column, header in SAMPLES.items():
            text = f"/* first line */\n#include <{header}>\n"
            found = complaints_in({f"{folder}/probe.c": text})
            if row[column] == "yes":
                yield from (f"{folder} may include <{header}>, but: {complaint}" for complaint in found)
            else:
                yield from expect(found, f"{folder}/probe.c:2: ", f"{folder} may not include <{header}>")


def test_each_name_in_the_table_is_allowed_and_no_more():
    for folder, row in include_rule.ROWS.items():
        for column in ("trio", "lowlevel", "seam", "system"):
            if row[column] in {"yes", "no"}:
                continue
            for name in row[column].split():
                name += "any.h" if name.endswith("/") else ""
                header = {"trio": "trio/", "lowlevel": "trio/lowlevel/", "seam": "trio/seam/", "system": ""}[column] + name
                yield from complaints_in({f"{folder}/probe.c": f"#include <{header}>\n"})


def test_private_headers_are_their_folder_s():
    for folder, row in include_rule.ROWS.items():
        probe = pathlib.PurePosixPath(folder) / "probe.c"
        allowed = include_rule.own_folders(probe) | set(row["private"].split())
        for top in sorted(include_rule.PRIVATE | include_rule.TOP):
            found = complaints_in({str(probe): f'#include "{top}/inside.h"\n'})
            if top in allowed:
                yield from found
            else:
                yield from expect(found, f"{folder} may not include", f"private to {top}")


def test_the_libraries_above_are_not_seen_from_below():
    yield from expect(complaints_in({"runtime/net/probe.c": "#include <trio-sim/sim.h>\n"}), "runtime/net may not", "below trio-sim")
    yield from expect(complaints_in({"trace/probe.c": "#include <trio-sim/sim.h>\n"}), "trace may not", "below trio-sim")
    yield from expect(complaints_in({"simulator/probe.c": "#include <trio-fuzz/fuzz.h>\n"}), "simulator may not", "below trio-fuzz")
    yield from expect(complaints_in({"runtime/core/probe.c": "#include <trio/testing/clock.h>\n"}), "below trio/testing")
    yield from complaints_in({"fuzz/probe.c": "#include <trio-sim/sim.h>\n", "tests/core/probe.c": "#include <trio/testing/clock.h>\n"})
    yield from complaints_in({"fuzz/probe.c": "#include <trio-sim/sim.h>\n", "tests/sim/probe.c": "#include <trio-fuzz/fuzz.h>\n"})


def test_an_include_names_its_shelf():
    yield from expect(complaints_in({"runtime/core/probe.c": '#include "task.h"\n'}), '"task.h" names no shelf')
    yield from expect(complaints_in({"runtime/core/probe.c": '#include "../core/task.h"\n'}), "climbs out")
    yield from expect(complaints_in({"runtime/core/probe.c": '#include "core/../sync/lock.h"\n'}), "climbs out")
    # A test is like a stranger's program: what lies beside it is its own. What does not lie there is not.
    yield from complaints_in({"tests/sim/probe.c": '#include "beside.h"\n', "tests/sim/beside.h": "#pragma once\n"})
    yield from expect(complaints_in({"tests/sim/probe.c": '#include "beside.h"\n'}), "names no shelf")


def test_a_folder_without_a_row_is_reported():
    yield from expect(complaints_in({"runtime/attic/probe.c": "#include <glib.h>\n"}), "no row of the table")
    yield from complaints_in({"runtime/attic/README.md": "#include <glib.h>\n"})


def test_exceptions_hold_for_their_file_only():
    for file in ("runtime/core/fiber/stack-pool.c", "runtime/core/loop/loop.c"):
        found = complaints_in({file: "#include <sys/mman.h>\n"})
        yield from found if "stack" in file else expect(found, "runtime/core may not include <sys/mman.h>")
    yield from expect(complaints_in({"runtime/core/fiber/stack-pool.c": "#include <sys/socket.h>\n"}), "<sys/socket.h>")


def test_every_way_to_write_an_include_is_seen():
    for line in ("#include<sys/socket.h>", "  #  include\t<sys/socket.h>", "#include <sys/socket.h> /* only here */",
                 "/* why */ #include <sys/socket.h>"):
        yield from expect(complaints_in({"runtime/sync/probe.h": line + "\n"}), "<sys/socket.h>")
    yield from complaints_in({"runtime/sync/probe.h": "/* once: #include <sys/socket.h>\n#include <sys/socket.h> */\n"})


def test_words_that_reach_past_the_seams_are_reported():
    for call, why in {
        "g_get_monotonic_time ()": "clock",
        "clock_gettime (CLOCK_MONOTONIC, &now)": "clock",
        "g_random_int ()": "random",
        "g_usleep (1)": "sleeps",
        "g_main_context_default ()": "main context",
        'g_getenv ("HOME")': "surroundings",
        "g_hash_table_iter_init (&iter, table)": "hash table",
    }.items():
        for folder in ("runtime/core", "simulator"):
            yield from expect(complaints_in({f"{folder}/probe.c": f"\nint x = {call};\n"}), f"{folder}/probe.c:2: ", why)
        yield from complaints_in({"runtime/core/probe.c": f'/* not {call} */\nconst char *x = "{call}";\n',
                                  "tests/core/probe.c": f"int x = {call};\n"})
    yield from complaints_in({"runtime/core/probe.c": "/* in any order: freed */\ng_hash_table_foreach (t, f, NULL);\n",
                              "simulator/probe.c": "g_hash_table_foreach (t, f, list);\ng_ptr_array_sort (list, by_name);\n",
                              "simulator/cli/probe.c": "int now = g_get_monotonic_time ();\n",
                              "runtime/host/probe.c": "int now = g_get_monotonic_time ();\n"})


def test_the_command_fails_when_the_rule_is_broken():
    command = [sys.executable, str(pathlib.Path(include_rule.__file__))]
    with tempfile.TemporaryDirectory() as name:
        file = pathlib.Path(name) / "runtime/sync/lock.c"
        file.parent.mkdir(parents=True)
        for text, code in (('#include "core/task.h"\n', 1), ('#include "sync/lock.h"\n', 0)):
            file.write_text(text)
            done = subprocess.run([*command, name], capture_output=True, text=True)
            if done.returncode != code:
                yield f"it exits with {done.returncode} for {text!r}"
            if (code == 1) != ('runtime/sync/lock.c:1: runtime/sync may not include "core/task.h", private to core' in done.stdout):
                yield f"it says {done.stdout!r} for {text!r}"


if __name__ == "__main__":
    sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
