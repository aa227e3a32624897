#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""test-engine.py ROOT ENGINE.C COMPILER…: a target is built with the engine that LIB_FUZZING_ENGINE names, as OSS-Fuzz does it."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT, ENGINE, *COMPILER = sys.argv[1:]
sys.path.insert(0, str(pathlib.Path(ROOT) / "tests" / "tidy"))
import tap  # noqa: E402


def run(*words, **more):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **more)


def test_the_build_for_oss_fuzz_links_a_target_with_the_engine_that_is_named():
    if shutil.which("meson") is None or shutil.which("ninja") is None:
        raise tap.Skip("there is no Meson, or no Ninja")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("src", "work", "out"):
            (folder / part).mkdir()
        (folder / "src" / "trio").symlink_to(ROOT)
        environment = {**os.environ, "CC": " ".join(COMPILER), "LIB_FUZZING_ENGINE": str(folder / "libengine.a"), "CCACHE_BASEDIR": name,
                       "CCACHE_NOHASHDIR": "1", "SRC": f"{name}/src", "WORK": f"{name}/work", "OUT": f"{name}/out"}
        for words in ((*COMPILER, "-c", ENGINE, "-o", folder / "engine.o"), ("ar", "rcs", folder / "libengine.a", folder / "engine.o"),
                      ("sh", pathlib.Path(ROOT) / "fuzz" / "oss-fuzz" / "build.sh")):
            done = run(*words, env=environment)
            if done.returncode != 0:
                yield from [f"{words}", *done.stdout.splitlines()[-20:], *done.stderr.splitlines()[-20:]]
                return
        inputs = sorted((pathlib.Path(ROOT) / "fuzz" / "corpus" / "ledger").iterdir())
        done = run(folder / "out" / "fuzz-ledger", *inputs)
        if not (folder / "out" / "fuzz-ledger_seed_corpus.zip").exists() or not list((folder / "out" / "lib").glob("libglib*")):
            yield f"{sorted(folder.glob('out/**/*'))}"
        if done.returncode != 0 or done.stdout != f"the engine has run {len(inputs)} inputs\n":
            yield f"{done}"


if __name__ == "__main__":
    sys.exit(tap.run(test_the_build_for_oss_fuzz_links_a_target_with_the_engine_that_is_named))
