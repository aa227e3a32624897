#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""How many executions libFuzzer needs to find the ledger's overdraft, with mutations and coverage that know the tape and without.

fuzz.py [--seeds N] [--runs N] FUZZ-LEDGER        a target that was built with clang's libFuzzer

It starts from nothing. What is printed is the number of executions for each seed, their median, and how often nothing was found.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile

WAYS = {"libFuzzer's own mutations": ["--trio-plain"], "mutations of the tape, coverage of orders": []}


def executions(program, seed, runs, options):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program, f"-seed={seed}", f"-runs={runs}", "-max_len=256", "-print_final_stats=1",
                               f"-artifact_prefix={folder}/", *options], capture_output=True, text=True, check=False)
    count = re.search(r"^stat::number_of_executed_units: (\d+)", done.stderr, flags=re.MULTILINE)
    if count is None:
        sys.exit(f"{program} is no libFuzzer program:\n{done.stderr[-500:]}")
    return int(count[1]), done.returncode != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=21)
    parser.add_argument("--runs", type=int, default=100000)
    parser.add_argument("program")
    arguments = parser.parse_args()
    for name, options in WAYS.items():
        results = [executions(arguments.program, seed, arguments.runs, options) for seed in range(1, arguments.seeds + 1)]
        counts = [count if found else arguments.runs for count, found in results]
        print(f"{name}: median {statistics.median(counts):.0f}, not found {sum(not found for _, found in results)} of {arguments.seeds}")
        print("   ", *counts)


if __name__ == "__main__":
    main()
