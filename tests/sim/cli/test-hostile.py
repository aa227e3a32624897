#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""test-hostile.py PLANTED HOSTILE: odd command lines, odd files, scenarios that ruin their process, signals, no room, no readers. What is asked for
each time: a clear word, the right exit code, and nobody left behind."""

import os
import pathlib
import random
import resource
import select
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tidy"))
import tap  # noqa: E402

PLANTED, HOSTILE = (str(pathlib.Path(argument).resolve()) for argument in sys.argv[1:3])
ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "ASAN_OPTIONS": "detect_leaks=0"}
FOUND, USAGE = 1, 2


def run(folder, words, program=PLANTED, **options):
    return subprocess.run([program, *(words.split() if isinstance(words, str) else words)], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
                          errors="replace", check=False, timeout=100, stdin=subprocess.DEVNULL, **options)


def scratch(test):
    """Gives the test an empty folder."""
    def with_folder():
        with tempfile.TemporaryDirectory() as folder:
            return list(test(pathlib.Path(folder)) or [])
    with_folder.__name__ = test.__name__
    return with_folder


# ---- Command lines ------------------------------------------------------------------------------------------------------------

REFUSED = """
explore --shard 3/2 | --shard 3/2: expected I/N, as in 1/4
explore --shard 0/0 | --shard 0/0: expected I/N
explore --shard 0/2 | --shard 0/2: expected I/N
explore --shard -1/2 | --shard -1/2: expected I/N
explore --shard 1 | --shard 1: expected I/N
explore --shard 1/2/3 | --shard 1/2/3: expected I/N
explore --shard a/b | --shard a/b: expected I/N
explore --shard 1/99999999999 | --shard 1/99999999999: expected I/N
explore --shard '' | expected I/N
sweep --shard 5/4 | --shard 5/4: expected I/N
exhaust --shard 2/1 | --shard 2/1: expected I/N
explore --jobs 0 | --jobs 0: expected 1 to 4096
explore --jobs -1 | --jobs -1: expected 1 to 4096
explore --jobs 4097 | --jobs 4097: expected 1 to 4096
explore --jobs two | “two” for --jobs
explore --jobs 99999999999999 | out of range
sweep --jobs 0 | --jobs 0: expected 1 to 4096
exhaust --jobs 0 | --jobs 0: expected 1 to 4096
explore --runs -1 | --runs -1: expected a number, 1 or more
explore --runs 0 | --runs 0: expected a number
explore --runs 1e3 | --runs 1e3: expected a number
explore --runs 18446744073709551616 | expected a number
explore --runs '' | expected a number
explore --seed abc | --seed abc: expected a number, or "random"
explore --seed -1 | --seed -1: expected a number
explore --seed '' | expected a number
explore -s nothing | there is no scenario "nothing"; there is: lost-update, half-transfer,
explore -s '' | there is no scenario ""
explore -s | Missing argument for -s
sweep -s nothing | there is no scenario "nothing"
exhaust -s nothing | there is no scenario "nothing"
explore --strategy nothing | there is no strategy “nothing”; there is: portfolio,
explore --strategy pct:0 | takes a number from 1 to 100
explore --strategy replay | that explores
explore --strategy bytes | that explores
explore --strategy '' | there is no strategy
explore --inject rain | "rain" is nothing that can be injected; expected a list of cancel, interrupt, fault, or none
explore --inject '' | expected a list
explore --inject cancel,,fault | expected a list
explore --for 0 | --for 0: expected seconds, more than 0
explore --for -1 | --for -1: expected seconds
explore --for nan | --for nan: expected seconds
explore --for inf | --for inf: expected seconds
explore --for 1x | --for 1x: expected seconds
explore --for '' | expected seconds
explore --for 1 --runs 3 | --runs and --for exclude each other
exhaust --for 0 | --for 0: expected seconds
exhaust --for 1 --runs 3 | --runs and --for exclude each other
explore --heal-after 0 | --heal-after 0: expected seconds of virtual time, more than 0
explore --heal-within x | --heal-within x: expected seconds
explore --budget -1 | --budget -1: expected 0 or more
explore --timeout -1 | --timeout -1: expected seconds
explore --keep '' | --keep needs the name of a directory
explore --keep /dev/null | --keep /dev/null: "/dev/null" is no directory
explore --keep /dev/null/kept | "/dev/null" is no directory
explore --junit '' | --junit needs the name of a file
explore --junit nowhere/x.xml | --junit: 
explore --tap --json | --tap and --json exclude each other
explore extra | "extra" is not expected here
explore --nothing | Unknown option --nothing
sweep --max 0 | --max 0: expected 1 or more
sweep --schedules 0 | --schedules 0: expected 1 to 1000
sweep --schedules 100000 | --schedules 100000: expected 1 to 1000
sweep --inject none | --inject none leaves nothing to sweep
sweep --seed 3 | Unknown option --seed
exhaust -d -1 | --deviations -1: expected a number from 0 to 1000
exhaust -d abc | --deviations abc: expected a number
exhaust --reduce most | --reduce most: expected auto, none, objects or memory
exhaust --reduce objects -d 2 | exclude each other
exhaust --reduce objects --shard 1/2 | exclude each other
exhaust --hold '' | --hold needs a list of labels
replay | which schedule file?
replay a b | one schedule file at a time
replay nothing | “nothing”
replay . | Is a directory
replay /dev/null | the file is empty
replay /dev/zero | this has no end, so it is no schedule
replay x --until 0 | --until 0: expected the number of a task step
replay x --break | --break stops at --until STEP, which is not given
replay x --runs 3 | --runs is for --branch
replay x --branch fifo | --branch leaves the schedule at --until STEP
replay x --until 2 --branch nothing | expected STRATEGY or STRATEGY:SEED
shrink | which schedule file?
shrink nothing | “nothing”
shrink x -n 0 | --runs 0: expected 1 or more
shrink x --explain -1 | --explain -1: expected a number of runs
shrink x --for 0 | --for 0: expected seconds
list extra | "extra" is not expected here
nonsense | "nonsense" is no command; there is: list, explore, sweep, exhaust, replay, shrink
EXPLORE | "EXPLORE" is no command
--version | "--version" is no command
"""

TAKEN = """
explore -s clean --runs 0x10
explore -s clean --seed 18446744073709551615 --runs 3
explore -s clean -s clean --runs 3
explore -s clean --for 0.01
explore -s clean --runs 3 --inject none,cancel
explore -s clean --runs 3 --
explore -s clean --runs 2 --jobs 8
explore -s clean --runs 1 --shard 7/9
explore -s clean --strategy fifo --runs 1000000000000
sweep -s clean --max 1
exhaust -s clean -d 0
exhaust -s clean -d 1 --shard 1/1073741824 --jobs 4
exhaust -s clean --hold ,,, -d 0
--help
-h
help
explore --help
list --json
"""


@scratch
def test_what_cannot_be_meant_is_refused_with_a_clear_word(folder):
    (folder / "x").write_text("trio-schedule 1\nscenario: clean\nend\n")
    for line in REFUSED.strip("\n").split("\n"):
        words, wanted = line.split(" | ")
        words = ["" if word == "''" else word for word in words.split()]
        done = run(folder, words)
        if done.returncode != USAGE or wanted not in done.stderr or "\nTry: " not in done.stderr or done.stdout:
            yield f"{line}: {done.returncode} {done.stdout}{done.stderr}"


@scratch
def test_what_can_be_meant_is_taken(folder):
    for line in TAKEN.strip("\n").split("\n"):
        done = run(folder, line)
        if done.returncode != 0:
            yield f"{line}: {done.returncode} {done.stdout}{done.stderr}"


@scratch
def test_a_label_to_hold_that_never_comes_up_is_told(folder):
    done = run(folder, "exhaust -s clean --hold nonsense,sched -d 1")
    if "never asked: nonsense (--hold)\n" not in done.stdout or "never asked: sched (--hold)\n" not in done.stdout:
        yield done.stdout
    if "never asked" in run(folder, "exhaust -s clean -d 1").stdout:
        yield "nothing was to be held"


@scratch
def test_two_scenarios_of_one_name_are_refused(folder):
    done = run(folder, "twice", HOSTILE)
    if done.returncode != USAGE or 'there are two scenarios "well"' not in done.stderr:
        yield done.stderr


# ---- Files --------------------------------------------------------------------------------------------------------------------


def schedule(folder, arguments="-s half-transfer --inject cancel"):
    run(folder, f"explore {arguments} --keep there --budget 0")
    path, = (folder / "there").iterdir()
    return path


@scratch
def test_a_schedule_that_was_cut_off_is_refused_wherever_that_was(folder):
    text = schedule(folder).read_text()
    for end in range(0, len(text) - 1, 7):
        (folder / "cut.schedule").write_text(text[:end])
        for command in ("replay", "shrink"):
            done = run(folder, f"{command} cut.schedule")
            if done.returncode != USAGE or "cut.schedule:" not in done.stderr:
                yield f"{command}, cut at {end}: {done.returncode} {done.stdout}{done.stderr}"


@scratch
def test_a_schedule_in_which_anything_was_changed_is_run_or_refused(folder):
    """By a person, by a disk: whatever it says, there is an answer."""
    text = schedule(folder).read_bytes()
    chance = random.Random(1)
    codes = set()
    for _ in range(120):
        changed = bytearray(text)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(changed))
            changed[at:at + chance.randint(0, 2)] = bytes([chance.choice(b"0123456789 /=-@#\n\"\\aZ\x00\xff")])
        (folder / "odd.schedule").write_bytes(changed)
        done = run(folder, "replay odd.schedule --timeout 10")
        codes.add(done.returncode)
        if done.returncode not in (0, FOUND, USAGE) or (done.returncode == USAGE) != (done.stderr != ""):
            yield f"{bytes(changed)}: {done.returncode} {done.stdout}{done.stderr}"
    if not {FOUND, USAGE} <= codes:
        yield f"only {codes}"


@scratch
def test_a_schedule_of_something_else_is_refused(folder):
    text = schedule(folder).read_text()
    for name, changed, wanted in (("program", text.replace("program: planted", "program: other"), 'is a schedule of the program "other", and this is "planted"'),
                                  ("scenario", text.replace("scenario: half-transfer", "scenario: other"), 'of the scenario "other", and "planted" has only: '),
                                  ("version", text.replace("trio-schedule 1", "trio-schedule 9"), "format version 9, and this program reads version 1"),
                                  ("bytes", "\x00\x01", "this is not text, so it is no schedule"), ("empty", "", "the file is empty")):
        (folder / name).write_text(changed)
        done = run(folder, f"replay {name}")
        if done.returncode != USAGE or wanted not in done.stderr:
            yield f"{name}: {done.stderr}"


@scratch
def test_a_schedule_may_come_through_a_pipe(folder):
    path = schedule(folder)
    done = subprocess.run([PLANTED, "replay", "/dev/stdin"], input=path.read_text(), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode != FOUND or "the same failure and the same hash" not in done.stdout:
        yield done.stdout + done.stderr


@scratch
def test_a_schedule_that_has_no_room_is_printed(folder):
    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = run(folder, "explore -s lost-update --keep kept", preexec_fn=no_room)
    text = done.stdout[done.stdout.find("trio-schedule 1"):done.stdout.find("end\n") + 4]
    if done.returncode != FOUND or "could not be kept" not in done.stdout or not text.startswith("trio-schedule 1"):
        yield f"{done.returncode} {done.stdout}{done.stderr}"
    (folder / "saved").write_text(text)
    if run(folder, "replay saved").returncode != FOUND:
        yield f"these lines do not fail: {text}"
    path = schedule(folder)
    done = run(folder, f"shrink {path} -o small", preexec_fn=no_room)
    if done.returncode != USAGE or "could not be written" not in done.stderr or "trio-schedule 1" not in done.stdout:
        yield f"{done.returncode} {done.stdout}{done.stderr}"


@scratch
def test_what_is_no_regular_file_stays_what_it_is(folder):
    path = schedule(folder)
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    done = run(folder, f"shrink {path} -o pipe")
    if done.returncode != USAGE or "“pipe” is there, and is no regular file" not in done.stderr or "trio-schedule 1" not in done.stdout:
        yield f"{done.returncode} {done.stdout}{done.stderr}"
    done = run(folder, "explore -s clean --runs 3 --junit pipe")
    if done.returncode != 0 or not os.read(reader, 100000).endswith(b"</testsuites>\n"):
        yield f"{done.returncode} {done.stdout}{done.stderr}"
    done = run(folder, f"replay {path} --events pipe")
    if done.returncode != FOUND or b"task" not in os.read(reader, 100000):
        yield f"{done.returncode} {done.stdout}{done.stderr}"
    os.close(reader)
    done = run(folder, f"replay {path} --events .")
    if done.returncode != USAGE or "nothing can be written into “.”: Is a directory" not in done.stderr:
        yield f"{done.returncode} {done.stdout}{done.stderr}"
    if not (folder / "pipe").is_fifo():
        yield "the pipe is gone"


@scratch
def test_results_that_have_no_room_are_told(folder):
    if not pathlib.Path("/dev/full").is_char_device():
        yield "/dev/full is no device: something made a file of it; mknod -m 666 /dev/full c 1 7"
    with open("/dev/full", "w") as full:
        done = subprocess.run([PLANTED, "explore", "-s", "clean", "--runs", "3"], cwd=folder, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True,
                              check=False)
    if done.returncode != USAGE or "not all of the results could be written: No space left on device" not in done.stderr:
        yield f"{done.returncode} {done.stderr}"


@scratch
def test_a_program_without_streams_searches_as_well(folder):
    """The lowest descriptors are free then, and the next pipe would be one of them."""
    for streams in (">&-", "2>&-", "<&-", "<&- >&- 2>&-"):
        line = f'"$0" explore -s lost-update --keep kept --junit x.xml {streams}'
        done = subprocess.run(["sh", "-c", line, PLANTED], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if done.returncode != FOUND or (folder / "x.xml").read_text().count("<testcase") != 2:
            yield f"{streams}: {done.returncode} {done.stdout}{done.stderr}"
        (folder / "x.xml").unlink()


# ---- Scenarios that ruin their process ----------------------------------------------------------------------------------------

CRASHES = {
    "recurse": "SIGSEGV", "kill-itself": "SIGKILL", "leave": "_exit (3)", "abort": "SIGABRT", "divide": "SIGFPE", "be-told": "SIGTERM",
    "leave-somebody-behind": "SIGABRT", "close-everything": "SIGABRT", "shout": "SIGABRT",
}


@scratch
def test_whatever_a_worker_dies_of_is_a_failing_run_with_its_schedule(folder):
    for scenario, name in CRASHES.items():
        for command in ("explore --runs 100", "exhaust -d 1", "sweep --inject cancel"):
            kept = f"{scenario}-{command.split()[0]}"
            done = run(folder, f"{command} -s {scenario} --keep {kept} --budget 30 --jobs 2 --escapes allow", HOSTILE)
            # A sanitizer makes its own end of what it sees first.
            if done.returncode != FOUND or "FAILED  crash: " not in done.stdout or (name not in done.stdout and "anitizer" not in done.stdout):
                yield f"{scenario}, {command}: {done.returncode} {done.stdout}{done.stderr}"
                continue
            for path in (folder / kept).iterdir():
                if path.suffix == ".schedule" and run(folder, f"replay {path}", HOSTILE).returncode != FOUND:
                    yield f"{path.name} does not fail"


@scratch
def test_a_run_that_writes_into_all_descriptors_is_told_what_it_must_not(folder):
    for command in ("explore --runs 1000 --jobs 2", "exhaust --jobs 2", "exhaust -d 2", "sweep --inject cancel"):
        done = run(folder, f"{command} -s babble --escapes allow", HOSTILE)
        if done.returncode != USAGE or "the program wrote bytes of its own into file descriptor " not in done.stderr:
            yield f"{command}: {done.returncode} {done.stdout}{done.stderr}"


@scratch
def test_a_run_that_stands_still_is_stopped(folder):
    done = run(folder, "explore -s stop --timeout 1 --budget 0 --keep kept", HOSTILE)
    if done.returncode != FOUND or "FAILED  livelock: no end in sight" not in done.stdout or len(list((folder / "kept").iterdir())) != 1:
        yield f"{done.returncode} {done.stdout}{done.stderr}"


@scratch
def test_a_scenario_that_dies_in_every_run_is_one_failure(folder):
    for command in ("explore --runs 500 --keep-going --jobs 2", "sweep", "exhaust"):
        done = run(folder, f"{command} -s at-once", HOSTILE)
        if done.returncode != FOUND or done.stdout.count("FAILED") != 1 or "It is the ordinary run" not in done.stdout:
            yield f"{command}: {done.returncode} {done.stdout}{done.stderr}"


# ---- Signals ------------------------------------------------------------------------------------------------------------------


class Search:
    """A running command; it and all its children hold the end of a pipe, so that one can see whether any is left."""

    def __init__(self, folder, words, program=PLANTED, **options):
        self.alive, held = os.pipe()
        self.process = subprocess.Popen([program, *words.split()], cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, pass_fds=[held], **options)
        os.close(held)

    def await_line(self, part):
        for line in self.process.stdout:
            if part in line:
                return
        raise AssertionError(f"it never said {part}")

    def end(self):
        """What it said, and its exit code."""
        out, _ = self.process.communicate(timeout=60)
        return out, self.process.returncode

    def everybody_is_gone(self):
        readable, _, _ = select.select([self.alive], [], [], 20)
        gone = readable != [] and os.read(self.alive, 1) == b""
        os.close(self.alive)
        return gone


def begun(folder, command, **options):
    """In a scenario that never ends, with two workers in it."""
    search = Search(folder, f"{command} -s spin --timeout 0 --json --jobs 2", **options)
    search.await_line('"begin"')
    return search


SEARCHES = ("explore", "sweep --inject cancel", "exhaust -d 1")


@scratch
def test_who_is_asked_to_end_reports_and_leaves_nobody_behind(folder):
    for command, number in [*((command, signal.SIGINT) for command in SEARCHES), ("explore", signal.SIGTERM), ("explore", signal.SIGHUP)]:
        search = begun(folder, command)
        search.process.send_signal(number)
        out, code = search.end()
        if code != 0 or '"event": "end"' not in out or '"interrupted": true' not in out:
            yield f"{command}, {number.name}: {code} {out}"
        if not search.everybody_is_gone():
            yield f"{command}, {number.name}: somebody is left"


@scratch
def test_who_is_killed_leaves_nobody_behind(folder):
    if not sys.platform.startswith("linux"):
        raise tap.Skip("children are told of their parent's end by Linux only")
    for command in SEARCHES:
        search = begun(folder, command)
        search.process.kill()
        search.end()
        if not search.everybody_is_gone():
            yield f"{command}: somebody is left"


@scratch
def test_the_second_ctrl_c_ends_it_at_once(folder):
    """The plan of a sweep waits a second for a run that does not end."""
    search = begun(folder, "sweep")
    while search.process.poll() is None:
        search.process.send_signal(signal.SIGINT)
        select.select([], [], [], 0.05)
    if search.end()[1] != -signal.SIGINT or not search.everybody_is_gone():
        yield f"{search.process.returncode}"


@scratch
def test_a_search_without_a_reader_ends(folder):
    for command in SEARCHES:
        search = begun(folder, command + " --junit x.xml")
        search.process.stdout.close()
        code = search.process.wait(timeout=60)
        if code != 0 or "<skipped/>" not in (folder / "x.xml").read_text() or not search.everybody_is_gone():
            yield f"{command}: {code}"


@scratch
def test_nohup_is_heard(folder):
    search = begun(folder, "explore", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    search.process.send_signal(signal.SIGHUP)
    readable, _, _ = select.select([search.process.stdout], [], [], 0.5)
    if readable or search.process.poll() is not None:
        yield "it has ended"
    search.process.send_signal(signal.SIGINT)
    search.end()


@scratch
def test_a_shrinker_that_is_asked_to_end_has_kept_the_smallest_so_far(folder):
    path = schedule(folder, "-s abba")
    search = Search(folder, f"shrink {path} -o small --runs 100000 --explain 100000")
    while not (folder / "small").exists() and search.process.poll() is None:
        select.select([], [], [], 0.005)
    search.process.send_signal(signal.SIGINT)
    out, code = search.end()
    if code != FOUND or "deadlock" not in out or not search.everybody_is_gone():
        yield f"{code} {out}"
    if run(folder, "replay small").returncode != FOUND:
        yield "what it kept does not fail"


@scratch
def test_a_shrinker_that_is_asked_to_end_in_its_first_run_says_so(folder):
    (folder / "spin").write_text('trio-schedule 1\nscenario: spin\nexpects: livelock "no end in sight"\nend\n')
    search = Search(folder, "shrink spin -o small --timeout 0")
    # It is not told when the run has begun: whenever it comes, it ends.
    select.select([], [], [], 0.3)
    search.process.send_signal(signal.SIGINT)
    out, code = search.end()
    if code != USAGE or out or not search.everybody_is_gone() or (folder / "small").exists():
        yield f"{code} {out}"


if __name__ == "__main__":
    sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
