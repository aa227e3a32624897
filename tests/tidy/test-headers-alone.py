#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every public header can be the only one that a program includes: it compiles alone, without a warning, with gcc and with clang, as
C11 with GNU's extensions and as C++ too, since GTK programs are written in both."""

import shutil
import subprocess
import sys

import tap
import tree

SHOP_WINDOWS = ["runtime/include", "simulator/include", "fuzz/include"]
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wstrict-prototypes", "-Werror"]


def headers():
    for window in SHOP_WINDOWS:
        for path in tree.code():
            if str(path).startswith(window + "/") and path.suffix == ".h":
                yield path.relative_to(window)


def compile_each(compiler, language, flags):
    if not shutil.which(compiler):
        raise tap.Skip(f"there is no {compiler}")
    glib = subprocess.run(["pkg-config", "--cflags", "gio-2.0"], check=True, capture_output=True, text=True).stdout.split()
    glib = [flag.replace("-I", "-isystem", 1) if flag.startswith("-I") else flag for flag in glib]
    command = [compiler, "-x", language, *flags, "-fsyntax-only", *glib, *(f"-I{tree.ROOT / window}" for window in SHOP_WINDOWS), "-"]
    for header in headers():
        done = subprocess.run(command, input=f"#include <{header}>\n#include <{header}>\n", capture_output=True, text=True)
        if done.returncode != 0:
            yield f"<{header}> does not compile alone with {compiler} as {language}:"
            yield from done.stderr.splitlines()[:10]


def test_there_are_headers_to_look_at():
    found = {str(header) for header in headers()}
    return [f"{name} is missing" for name in ("trio/trio.h", "trio/lowlevel/task.h", "trio/seam/io.h", "trio-sim/sim.h")
            if name not in found]


def test_with_gcc():
    return compile_each("gcc", "c", ["-std=gnu11", *WARNINGS])


def test_with_clang():
    return compile_each("clang", "c", ["-std=gnu11", *WARNINGS])


def test_as_cxx():
    compiler = "g++" if shutil.which("g++") else "clang++"
    return compile_each(compiler, "c++", ["-std=c++17", "-Wall", "-Wextra", "-Werror"])


if __name__ == "__main__":
    sys.exit(tap.run(test_there_are_headers_to_look_at, test_with_gcc, test_with_clang, test_as_cxx))
