#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""trio-lint finds what is planted and nothing else, says so when it cannot read, and finds nothing in this project."""

import json
import os
import re
import subprocess
import sys
import tempfile

lint, source, build = sys.argv[1:4]
number = 0
failed = False


def check(name, good, *why):
    global number, failed
    number += 1
    failed |= not good
    print(f"{'ok' if good else 'not ok'} {number} {name}")
    if not good:
        for line in why:
            for part in str(line).splitlines():
                print(f"# {part}")


def run(*arguments):
    return subprocess.run([lint, *arguments], capture_output=True, text=True, check=False)


def some_command():
    """The compile command of a test, to read the planted file with."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for command in json.load(file):
            if "mock-world.c" in command["file"]:
                return command
    return None


planted = os.path.join(source, "tests", "lint", "planted.c")
wanted = {}
with open(planted, encoding="utf-8") as text:
    for line_number, line in enumerate(text, 1):
        match = re.search(r"/\* finds: (.*?) \*/", line)
        if match:
            wanted[line_number] = match.group(1)

with tempfile.TemporaryDirectory() as folder:
    command = dict(some_command(), file=planted)
    with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump([command], file)
    result = run(folder, "--root", source)
    found = {}
    for line in result.stdout.splitlines():
        place, line_number, what = line.split(":", 2)
        found[int(line_number)] = what
    check("what_is_planted_is_found", result.returncode == 1 and all(word in found.get(n, "") for n, word in wanted.items()),
          f"wanted {wanted}", result.stdout, result.stderr)
    check("nothing_else_is_found", set(found) == set(wanted), result.stdout)

    with open(os.path.join(folder, "broken.c"), "w", encoding="utf-8") as file:
        file.write("this is not C\n")
    with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump([dict(command, file=os.path.join(folder, "broken.c"))], file)
    result = run(folder)
    check("a_file_that_cannot_be_read_is_said", result.returncode == 2 and "broken.c could not be read" in result.stderr, result.stderr)

with tempfile.TemporaryDirectory() as folder:
    result = run(folder)
    check("a_directory_without_commands_is_said", result.returncode == 2 and "compile_commands.json" in result.stderr, result.stderr)
result = run("--no-such-option")
check("wrong_usage_is_said", result.returncode == 2 and "Usage" in result.stderr, result.stderr)

result = run(build, "--root", source)
check("this_project_keeps_its_colours", result.returncode == 0, result.stdout, result.stderr)

print(f"1..{number}")
sys.exit(1 if failed else 0)
