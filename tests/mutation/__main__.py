"""Try the tests on mutants: `python -m tests.mutation [--sample N --seed S] [--json]`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("daemon", "device_emulators", "config", "tests", "pyproject.toml")
DATA = str(ROOT.parent / "shared" / "data")
"""Beside the repository, not beside its copy; `tests.shared_data` says how they are found."""


def main() -> int:
    """Run the trial on a copy, so that nobody works on a mutant, and return how it ended."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as copy:
        for name in COPIED:
            if (ROOT / name).is_dir():
                left = shutil.ignore_patterns("__pycache__", "node_modules")
                shutil.copytree(ROOT / name, Path(copy, name), ignore=left)
            else:
                shutil.copy(ROOT / name, copy)
        command = [sys.executable, "-m", "tests.mutation.score", *sys.argv[1:]]
        environment = {"RIDETHROUGH_DATA": DATA, **os.environ, "PYTHONHASHSEED": "0", "CI": "true"}
        return subprocess.run(command, cwd=copy, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
