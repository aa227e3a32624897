#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""gdb and a run: test-gdb.py SCRIPT DEBUGGEE

`call trio_dump ()`, and the commands of the gdb script, in a live process that stopped in a task or in the loop, and on core files.
Skipped where there is no gdb, or it may not trace, or the debuggee has no debugging information.
"""

import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tidy"))
import tap  # noqa: E402

SCRIPT, DEBUGGEE = (os.path.abspath(path) for path in sys.argv[1:3])
DIRECTORY = tempfile.TemporaryDirectory()
PATIENCE_S = 100
CORE = pathlib.Path(DIRECTORY.name) / "core"


def gdb(*commands, program=(DEBUGGEE,), core=None):
    """All that gdb says to these commands."""
    if shutil.which("gdb") is None:
        raise tap.Skip("no gdb here")
    words = ["gdb", "-batch", "-nx", "-iex", "set debuginfod enabled off", "-iex", "set style enabled off"]
    commands = (f"source {SCRIPT}", *commands)
    for command in commands:
        words += ["-ex", command]
    words += [program[0], str(core)] if core else ["--args", *program]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
    except subprocess.TimeoutExpired as expired:
        said = b"".join(part for part in (expired.stdout, expired.stderr) if part).decode(errors="replace")
        raise AssertionError(f"gdb did not come to its end within {PATIENCE_S} s; so far it has said:\n{said}") from None
    said = done.stdout + done.stderr
    if "no debugging information about it" in said:
        raise tap.Skip("the runtime has no debugging information")
    if "which this script does not know" in said:
        raise tap.Skip("fibers are switched by ucontext here")
    if core is None and "Breakpoint 1, " not in said:
        raise tap.Skip("gdb could not run the program")
    if done.returncode != 0:
        raise AssertionError(f"gdb ended with {done.returncode} and has said:\n{said}")
    return said


def in_order(said, *wanted):
    """What of `wanted` does not come in this order."""
    at = 0
    for words in wanted:
        found = said.find(words, at)
        if found < 0:
            yield from f"“{words}” does not come here in:\n{said}".splitlines()
            return
        at = found + len(words)


TREE = ["run 1 (host): 4 tasks\n", "  1  init: waits in trio_nursery_close\n", "  2    main: ",
        "  3      waiter: waits in trio_event_wait\n", "  4      sleeper: waits in trio_sleep\n"]
FRAMES = ["3 waiter: waits in trio_event_wait\n", "#1 ", "trio_event_wait (", "wait_deep_down (", "depth=0", "wait_deep_down (",
          "depth=1", "wait_deep_down (", "depth=2", "waiter (", "task_entry (", "trio_fiber_bottom ("]


def test_tasks_are_listed_and_the_frames_of_a_suspended_one_are_shown():
    said = gdb("break stop_here", "run", "trio tasks", "trio bt 3", "bt", "kill")
    yield from in_order(said, *TREE, *FRAMES, "#0  stop_here (", "main_func (")
    yield from in_order(said, "main: runs\n")
    if "corrupt" in said:
        yield from said.splitlines()


def test_the_same_while_the_loop_has_the_thread():
    said = gdb("break stop_here", "run", "trio tasks", "trio bt 2", "trio bt 1.3", "kill", program=(DEBUGGEE, "loop"))
    yield from in_order(said, *TREE, "2 main: waits in trio_event_wait\n", "main_func (", *FRAMES)


def test_one_can_switch_to_a_task_and_back():
    # How many frames the wait itself has is the compiler's business.
    said = gdb("break stop_here", "run", "trio switch 3", "frame function wait_deep_down", "info args", "up", "info args",
               "trio back", "bt 1", "continue")
    yield from in_order(said, "3 waiter: waits", "wait_deep_down", "depth = 0", "depth = 1", "#0  stop_here (", "exited normally")


def test_what_cannot_be_shown_is_said():
    said = gdb("break stop_here", "run", "trio bt 2", "trio bt 99", "trio bt main", "trio tasks 4", "kill")
    yield from in_order(said, "task 2 is not suspended")
    yield from in_order(said, "there is no task 99")
    yield from in_order(said, "which task? a serial number")
    yield from in_order(said, "trio tasks takes no argument")
    if "run 1 (host)" in said:
        yield "trio tasks ignores its argument"


def test_a_dump_can_be_called_for_in_a_task():
    said = gdb("break stop_here", "run", "call trio_dump ()", "continue")
    yield from in_order(said, "host: 3 tasks, \"main\" runs, next deadline in ", "  main (2): runs\n", "    waiter (3)",
                        "waits in trio_event_wait", "    sleeper (4)", "in the scope opened at explain-debuggee.c:",
                        ", deadline in ")
    yield from in_order(said, "stack: trio_event_wait < wait_deep_down < wait_deep_down < wait_deep_down < waiter\n")
    yield from in_order(said, "exited normally")


def test_a_dump_can_be_called_for_in_the_loop():
    said = gdb("break stop_here", "run", "call trio_dump ()", "continue", program=(DEBUGGEE, "loop"))
    yield from in_order(said, "host: 3 tasks, next deadline in ", "stack: trio_event_wait < main_func\n")
    yield from in_order(said, "exited normally")


def test_a_core_file_that_gdb_wrote_has_it_all():
    said = gdb("break stop_here", "run", f"trio gcore {CORE}", "continue")
    yield from in_order(said, "Saved corefile", "exited normally")
    yield from in_order(gdb("trio tasks", "trio bt 3", core=CORE), *TREE, *FRAMES)


def test_a_core_file_that_the_system_wrote_has_it_all():
    directory = pathlib.Path(DIRECTORY.name) / "crash"
    directory.mkdir()
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    subprocess.run([DEBUGGEE, "crash"], cwd=directory, capture_output=True, check=False)
    core = next(iter(directory.glob("*core*")), None)
    if core is None:
        raise tap.Skip("the system writes no core files here")
    yield from in_order(gdb("trio tasks", "trio bt 3", core=core), *TREE, *FRAMES)


if __name__ == "__main__":
    sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
