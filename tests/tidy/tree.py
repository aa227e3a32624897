# SPDX-License-Identifier: MIT OR Apache-2.0
"""The files of the tree: what git knows of, or would add; without git, everything but builds."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(root=ROOT):
    """Paths relative to `root`, sorted."""
    try:
        out = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             check=True, capture_output=True).stdout.decode()
        names = {name for name in out.split("\0") if name}
    except (OSError, subprocess.CalledProcessError):
        names = {str(path.relative_to(root)) for path in root.rglob("*")}
    paths = [pathlib.PurePosixPath(name) for name in sorted(names)]
    return [path for path in paths
            if (root / path).is_file() and path.parts[0] != ".git" and not path.parts[0].startswith("build")
            and "__pycache__" not in path.parts]


def code(root=ROOT):
    """Of these, the ones that a C compiler reads."""
    return [path for path in files(root) if path.suffix in {".c", ".h", ".S"}]
