#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a stranger has after `meson install`: test-install.py SOURCE_ROOT COMPILER…

The project is configured in a new directory, without its tests, with a prefix of its own, built and installed there. Then programs that
lie in no tree are compiled against what was installed, found by pkg-config, and run.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tidy"))
import tap  # noqa: E402

SOURCE = pathlib.Path(sys.argv[1])
COMPILER = sys.argv[2:]
TEMPORARY = tempfile.TemporaryDirectory()
PREFIX = pathlib.Path(TEMPORARY.name) / "prefix"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"DESTDIR", "MAKEFLAGS", "LD_LIBRARY_PATH"}}
ENVIRONMENT["CC"] = " ".join(COMPILER)


def run(*command, **more):
    """The standard output of a command; an exception with all it said if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=ENVIRONMENT, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def pkg_config(*words):
    return run("pkg-config", *words).split()


def build_and_run(name, package, *flags):
    program = pathlib.Path(TEMPORARY.name) / name
    source = shutil.copy(HERE / f"{name}.c", TEMPORARY.name)
    run(*COMPILER, "-std=gnu11", "-Wall", "-Wextra", "-Werror", *flags, source, "-o", program, *pkg_config("--cflags", "--libs", package),
        f"-Wl,-rpath,{pkg_config('--variable=libdir', package)[0]}", cwd=TEMPORARY.name)
    return run(program, cwd=TEMPORARY.name)


def test_it_installs_without_its_tests():
    build = pathlib.Path(TEMPORARY.name) / "build"
    run("meson", "setup", build, SOURCE, f"--prefix={PREFIX}", "-Dtests=disabled", "-Dbench=disabled", "-Dlibfuzzer=disabled")
    run("meson", "install", "-C", build)
    shutil.rmtree(build)            # nothing that was installed may need it
    found = sorted(PREFIX.rglob("*.pc"))
    if not found:
        return ["no pkg-config file was installed"]
    ENVIRONMENT["PKG_CONFIG_PATH"] = str(found[0].parent)
    return []


def test_all_public_headers_are_there():
    for window in ("runtime/include", "simulator/include", "fuzz/include"):
        for header in sorted((SOURCE / window).rglob("*.h")):
            if not (PREFIX / "include" / header.relative_to(SOURCE / window)).is_file():
                yield f"{header.relative_to(SOURCE)} was not installed"


def test_a_program_with_a_nursery_runs():
    said = build_and_run("nursery", "trio-1")
    return [] if said == "hello\nfrom outside the tree\n" else [f"it said {said!r}"]


def test_a_program_with_the_static_library_runs():
    program = pathlib.Path(TEMPORARY.name) / "nursery-static"
    # Ours alone, with the shared ones of what it says it needs: the static ones of others want more than is installed for us.
    needed = [line.split()[0] for line in run("pkg-config", "--print-requires-private", "trio-1").splitlines()]
    flags = ["-l:libtrio-1.a" if flag == "-ltrio-1" else flag for flag in pkg_config("--cflags", "--libs", "trio-1", *needed)]
    run(*COMPILER, "-std=gnu11", HERE / "nursery.c", "-o", program, *flags, "-lm", cwd=TEMPORARY.name)
    said = run(program, cwd=TEMPORARY.name)
    return [] if said == "hello\nfrom outside the tree\n" else [f"it said {said!r}"]


def test_a_simulation_runs():
    said = build_and_run("scenario", "trio-sim-1")
    return [] if said == "a day went by\n" else [f"it said {said!r}"]


def test_a_simulation_under_the_address_sanitizer_runs():
    empty = pathlib.Path(TEMPORARY.name) / "empty.c"
    empty.write_text("int main (void) { return 0; }\n")
    if subprocess.run([*COMPILER, "-fsanitize=address", empty, "-o", empty.with_suffix("")], capture_output=True, check=False).returncode != 0:
        return []                   # not every compiler has one
    said = build_and_run("sanitized", "trio-sim-1", "-fsanitize=address")
    return [] if said == "sanitized and the same\n" else [f"it said {said!r}"]


def test_public_names_have_the_types_that_programs_were_compiled_against():
    build_and_run("names", "trio-sim-1")
    return []


def test_the_packages_and_the_tool_are_there():
    for package in ("trio-1", "trio-sim-1", "trio-fuzz-1"):
        run("pkg-config", "--exists", "--print-errors", package)
    if not os.access(PREFIX / "bin/trio-trace", os.X_OK):
        yield "there is no trio-trace"


def test_the_libraries_export_only_names_of_ours():
    libraries = sorted(PREFIX.rglob("libtrio*.so"))
    controlled = set(re.findall(r"^CALL \((\w+),", (SOURCE / "simulator/escape/controlled.def").read_text(), re.MULTILINE))
    if not libraries:
        yield "no shared library was installed"
    for library in libraries:
        for line in run("nm", "-D", "--defined-only", library).splitlines():
            name = line.split()[-1]
            # What a program that is compiled to show its loads and stores calls (simulator/memory-callbacks.c), and what stands in front of
            # the C library's functions (simulator/escape).
            wanted = name.startswith(("__tsan_", "__sanitizer_cov_")) or name in controlled
            if not (wanted and library.name == "libtrio-sim-1.so") and not name.startswith(("trio_", "_trio_")):
                yield f"{library.name} exports {name}"


def test_every_function_that_a_header_declares_is_exported():
    exported = set()
    for library in [*PREFIX.rglob("libtrio*.so"), *PREFIX.rglob("libtrio-fuzz*.a")]:       # the latter has no shared twin
        table = run("nm", "--defined-only", *(["-D"] if library.suffix == ".so" else []), library)
        exported.update(line.split()[-1] for line in table.splitlines() if line)
    for header in sorted((PREFIX / "include").rglob("*.h")):
        code = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        for name in re.findall(r"TRIO_API\s[^;]*?\b(trio_\w+)\s*[(;\[]", code):
            # The one that says which safeguard is switched off is there in builds with mutations only.
            if name not in exported and name != "trio_mutation":
                yield f"{header.relative_to(PREFIX)} declares {name}, which no library exports"


def test_nothing_installed_names_the_tree_it_was_built_in():
    for path in sorted(PREFIX.rglob("*.pc")):
        if str(SOURCE) in path.read_text():
            yield f"{path.name} names {SOURCE}"


if __name__ == "__main__":
    with TEMPORARY:
        sys.exit(tap.run(*[test for name, test in list(globals().items()) if name.startswith("test_")]))
