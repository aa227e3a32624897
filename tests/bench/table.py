#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the contestants in turns and prints what each kind of work costs us and them: table.py [--rounds N] DIRECTORY

In every round each work is done by each contestant, one after the other, so that whatever else happens on the machine happens to all.
The table has the medians. All figures are costs; a ratio below 1 means that we need less than the peer.
"""

import argparse
import collections
import os
import pathlib
import statistics
import subprocess
import sys

NAMES = {
    "bench-ucontext": "ucontext by hand",
    "bench-threads": "threads",
    "bench-st": "State Threads",
    "bench-go": "Go, 1 processor",
}

# What is measured: title, unit, our program and the figure's name in it. The bare switch has one peer that is as bare.
ROWS = [
    ("bare switch of a fiber", "ns", "bench-fiber", "switch-ns"),
    ("switch: two tasks yield to each other", "ns", "bench-trio", "switch-ns"),
    ("spawn and join a million tasks, 1,000 at a time", "ns each", "bench-trio", "spawn-batch-ns"),
    ("spawn and join a million tasks, one by one", "ns each", "bench-trio", "spawn-one-ns"),
    ("rendezvous channel, there and back", "ns", "bench-trio", "rendezvous-ns"),
    ("rendezvous channel, one way", "ns", "bench-trio", "one-way-ns"),
    ("channel with a buffer of 1,024", "ns", "bench-trio", "buffered-ns"),
    ("  and waiting only when it is full or empty", "ns", "bench-trio", "bursts-ns"),
    ("a million sleeps of up to 1 ms, by 1,000 tasks", "ns each", "bench-trio", "timer-ns"),
    ("an errand to a worker thread and back", "ns", "bench-trio", "errand-ns"),
    ("100,000 sleeping tasks: create", "ns each", "bench-trio", "sleeper-create-ns"),
    ("100,000 sleeping tasks: resident memory", "bytes each", "bench-trio", "sleeper-bytes"),
    ("100,000 sleeping tasks: cancel all and join", "ns each", "bench-trio", "sleeper-cancel-ns"),
    ("1,000,000 sleeping tasks: create", "ns each", "bench-trio", "many-sleepers-create-ns"),
    ("1,000,000 sleeping tasks: resident memory", "bytes each", "bench-trio", "many-sleepers-bytes"),
    ("1,000,000 sleeping tasks: cancel all and join", "ns each", "bench-trio", "many-sleepers-cancel-ns"),
]
# The same body simulated and for real: title, unit of the rate, the figure's name.
SIMULATED = [
    ("a run of two tasks with ten checkpoints each", "runs", "short-run-ns"),
    ("task steps in one long run", "steps", "step-ns"),
]

# Runs a second of two tasks and ten steps: with each strategy, and with more of each run kept than its schedule.
RUNS = [(f"simulated: two tasks, ten steps, {strategy}", f"runs-{strategy}")
        for strategy in ("fifo", "random", "pct:3", "pos", "urw", "surw", "delay:2", "portfolio")] + [
    ("the last one again", "recorded-schedule"),
    ("  and every choice told, dull or not", "recorded-choices"),
    ("  and run twice, compared step by step", "recorded-twice"),
    ("  and a trace written of it", "recorded-trace"),
    ("explore of the same, --jobs 1", "jobs-1"),
    ("explore of the same, --jobs 2", "jobs-2"),
]

# Files: title, unit, program, how its files are done, our figure, the peer and its figure.
FILES = [
    ("read 4 KiB of the page cache, one task", "us", "measure-files", "threads", "read_4k_by_1_cpu_us", "pread by hand", "pread_4k_cpu_us"),
    ("  by io_uring", "us", "measure-files", "io_uring", "read_4k_by_1_cpu_us", "pread by hand", "pread_4k_cpu_us"),
    ("read 4 KiB of the page cache, 16 tasks", "us", "measure-files", "threads", "read_4k_by_16_cpu_us", "pread by hand", "pread_4k_cpu_us"),
    ("  by io_uring", "us", "measure-files", "io_uring", "read_4k_by_16_cpu_us", "pread by hand", "pread_4k_cpu_us"),
    ("send a file over TCP, with its reader", "us a MiB", "measure-send-file", "threads", "send_file_cpu_us", "sendfile by hand",
     "send_file_by_hand_cpu_us"),
    ("  read and sent in pieces of 64 KiB", "us a MiB", "measure-send-file", "threads", "send_file_by_copy_cpu_us", "sendfile by hand",
     "send_file_by_hand_cpu_us"),
]

# Takes 4 GiB of memory and several seconds each time.
LARGE = "many-sleepers"


def measure(directory, rounds, large):
    """{(program, figure): median}."""
    programs = sorted(path for path in directory.glob("bench-*") if path.is_file() and os.access(path, os.X_OK))
    jobs = []
    for program in programs:
        works = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
        jobs += [(work, program) for work in works if large or work != LARGE]
    jobs.sort(key=lambda job: (job[0], job[1].name))

    figures = collections.defaultdict(list)
    for turn in range(1, rounds + 1):
        if sys.stderr.isatty():
            print(f"round {turn} of {rounds}", end="\r", file=sys.stderr, flush=True)
        for work, program in jobs:
            out = subprocess.run([program, work], check=True, capture_output=True, text=True).stdout
            for line in out.splitlines():
                name, value = line.split()
                # What "real" and "simulated" call by one name are two contestants.
                key = f"{work} {name}" if work in {"real", "simulated"} else name
                figures[program.name, key].append(float(value))
    return {key: statistics.median(values) for key, values in figures.items()}


def measure_files(directory, rounds):
    """{(program, how, figure): median}; in what it says, io_uring that cannot be had is threads."""
    figures = collections.defaultdict(list)
    for _ in range(rounds):
        for program, how in sorted({row[2:4] for row in FILES}):
            if not (directory / program).is_file():
                continue
            done = subprocess.run([directory / program], check=True, capture_output=True, text=True, env={**os.environ, "TRIO_FILES": how})
            if "worker threads do it" in done.stdout + done.stderr:
                continue
            for line in done.stdout.splitlines():
                name, value = line.split()
                figures[program, how, name].append(float(value))
    return {key: statistics.median(values) for key, values in figures.items()}


def print_files(figures):
    line = "{:<50} {:>16}   {:<18} {:>16} {:>7}"
    for title, unit, program, how, name, peer, peers in FILES:
        ours, theirs = figures.get((program, how, name)), figures.get((program, how, peers))
        if ours and theirs:
            print(line.format(title, f"{number(ours)} {unit}", peer, f"{number(theirs)} {unit}", ratio(ours, theirs)))


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(ours, theirs):
    return f"{ours / theirs:.2f}" if ours > theirs / 10 else f"{ours / theirs:.1g}"


def print_table(figures, files):
    line = "{:<50} {:>16}   {:<18} {:>16} {:>7}"
    print(line.format("work", "ours", "peer", "peer's", "ratio"))
    print(line.format("-" * 50, "-" * 16, "-" * 18, "-" * 16, "-" * 7))
    for title, unit, program, name in ROWS:
        ours = figures.get((program, name))
        if ours is None:
            continue
        mine = f"{number(ours)} {unit}"
        for peer, shown in NAMES.items():
            theirs = figures.get((peer, name))
            if theirs is not None and (program != "bench-fiber" or peer == "bench-ucontext"):
                print(line.format(title, mine, shown, f"{number(theirs)} {unit}", ratio(ours, theirs)))
                title = mine = ""
        if mine:
            print(line.format(title, mine, "none here", "", ""))
    for title, unit, name in SIMULATED:
        simulated, real = (figures.get(("bench-trio", f"{kind} {name}")) for kind in ("simulated", "real"))
        if simulated and real:
            print(line.format("simulated: " + title, f"{number(1e9 / simulated)} {unit}/s", "the same, real",
                              f"{number(1e9 / real)} {unit}/s", ratio(simulated, real)))
    for title, name in RUNS:
        if ("bench-simulator", name) in figures:
            print(line.format(title, f"{number(figures['bench-simulator', name])} runs/s", "none here", "", ""))
    print_files(files)
    print("\nratio: what we need, divided by what the peer needs; below 1 we are ahead. CPU time, medians.")


def main():
    parser = argparse.ArgumentParser(description="Runs the benchmarks and prints a table of ratios.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--million", action="store_true", help="a million sleeping tasks, too: 4 GiB of memory")
    parser.add_argument("directory", type=pathlib.Path, help="where the programs were built")
    arguments = parser.parse_args()
    print_table(measure(arguments.directory, arguments.rounds, arguments.million), measure_files(arguments.directory, arguments.rounds))


if __name__ == "__main__":
    main()
