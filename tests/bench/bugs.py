#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""How many runs each strategy needs to find each bug of tests/bugs, beside what others have published.

bugs.py [--seeds N] [--runs N] [--strategies A,B] [KERNEL…] DIRECTORY-OF-PROGRAMS

A figure is the median over the seeds of the run that found the bug. The ordinary run, which `explore` makes first, is left out: it
would be the first hit of all strategies alike. Whether it finds the bug is said by `fifo`.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

PUBLISHED = pathlib.Path(__file__).with_name("bugs.data")
STRATEGIES = ["random", "pct:3", "pct:10", "pos", "urw", "surw", "delay", "portfolio"]
GROUPS = ["goker", "sctbench", "convul", "cancel"]

# What may be compared with what, by group and column of the table of the others.
NOTES = {
    "model": ("walk, mp3, mp10", "a model of the same text; here the runtime is real: a task that yields goes to the end of the "
              "line, spawning does not switch, timers need time to go by"),
    "goat": ("goleak, goat, d3", "not comparable but in kind: the Go program itself, whose loops are longer, under Go's scheduler"),
    "accesses": ("surw, pos, pct3, rw, rff", "not comparable but in order: there each access to memory of the C program is a "
                 "switch, also that of starting threads; here those that the text names"),
    "none": ("-", "nobody has published any; the model's is the only figure"),
}


def published():
    """{kernel: {column: text}} and the columns."""
    lines = [line.split() for line in PUBLISHED.read_text().splitlines() if line and not line.startswith("#")]
    columns = lines[0][1:]
    return {line[0]: dict(zip(columns, line[1:], strict=True)) for line in lines[1:]}, columns


def bugs(directory, wanted):
    """(group, program, kernel, what its search injects) for each bug."""
    for group in GROUPS:
        program = directory / f"bugs-{group}"
        for line in subprocess.run([program, "list"], check=True, capture_output=True, text=True).stdout.splitlines():
            name, about = line.split(None, 1)
            match = re.match(r"(?!repaired)\w+(?:, inject (\S+))?: ", about)
            if match and (not wanted or name in wanted):
                yield group, program, name, match[1]


def explore(program, name, inject, *options):
    """The exit code, and the last object that was printed; None if the options were refused."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program, "explore", "-s", name, *(["--inject", inject] if inject else []), "--budget", "0",
                               "--jobs", "1", "--json", "--keep", folder, *map(str, options)],
                              capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[-1]) if done.returncode < 2 else None


def first_hit(program, name, inject, strategy, seed, runs):
    """The run that found it, not counting the ordinary one; None: none did."""
    # The ordinary run is the first of all, and so belongs to the first of two shards.
    code, result = explore(program, name, inject, "--strategy", strategy, "--seed", seed, "--runs", 2 * runs, "--shard", "2/2")
    if result is None:
        raise SystemExit(f"{program} did not take the strategy {strategy}")
    return result["runs"] if code == 1 else None


def median(hits, runs):
    """As text. Who never found it counts as later than all."""
    middle = statistics.median_high([runs + 1 if hit is None else hit for hit in hits])
    return f">{runs}" if middle > runs else str(middle)


def existing(program, name, strategies):
    return [strategy for strategy in strategies if explore(program, name, None, "--strategy", strategy, "--runs", 1)[1] is not None]


def note_of(group):
    return {"goker": "model, goat", "sctbench": "model, accesses", "convul": "model, accesses", "cancel": "model, none"}[group]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("kernels", nargs="*")
    parser.add_argument("directory", type=pathlib.Path)
    options = parser.parse_args()

    found = list(bugs(options.directory.resolve(), set(options.kernels)))
    if not found:
        parser.error("there is no such kernel")
    strategies = existing(*found[0][1:3], options.strategies.split(","))
    others, columns = published()

    print(f"runs to the first failure: medians of {options.seeds} seeds, at most {options.runs} runs each; then the others' figures\n")
    print(" ".join(["kernel".ljust(26), "fifo".rjust(5), *(strategy.rjust(9) for strategy in strategies), "|",
                    *(column.rjust(6) for column in columns), "|", "see"]))
    totals = {strategy: [0, 0] for strategy in strategies}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for group, program, name, inject in found:
            jobs = {strategy: [pool.submit(first_hit, program, name, inject, strategy, seed, options.runs)
                               for seed in range(1, options.seeds + 1)] for strategy in strategies}
            fifo = explore(program, name, inject, "--strategy", "fifo")[0] == 1
            hits = {strategy: [job.result() for job in jobs[strategy]] for strategy in strategies}
            theirs = others.get(name.removesuffix("-injected") if inject else name, {})
            for strategy in strategies:
                totals[strategy][0] += any(hits[strategy])
                totals[strategy][1] += sum(hit is not None for hit in hits[strategy])
            print(" ".join([name.ljust(26), ("1" if fifo else "-").rjust(5),
                            *(median(hits[strategy], options.runs).rjust(9) for strategy in strategies), "|",
                            *(theirs.get(column, "-").rjust(6) for column in columns), "|", note_of(group)]), flush=True)

    print(f"\nof {len(found)} kernels, found by any seed, and by how many seeds on average:")
    for strategy, (any_seed, all_seeds) in totals.items():
        print(f"  {strategy:10} {any_seed:3}  {all_seeds / len(found):5.1f} of {options.seeds}")
    print()
    for name, (what, why) in NOTES.items():
        print(f"{name + ':':10} {what}: {why}")


if __name__ == "__main__":
    main()
