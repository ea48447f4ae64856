"""The tutorial of config/README.md, step by step, as a reader would type it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from tests.tidy.rules import ROOT

PATIENCE_S = 120.0
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_step_does_what_the_text_says(tmp_path: Path) -> None:
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert [kind for kind, _, _ in blocks].count("sh") == 3
    begun: list[subprocess.Popen[str]] = []
    printed = ""
    try:
        for kind, name, body in blocks:
            if kind == "yaml":
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_text(body, encoding="utf-8")
            elif kind == "sh":
                printed = _typed(body, tmp_path, begun)
            elif kind == "text":
                for line in body.splitlines():
                    seen = printed.splitlines()
                    assert any(_like(each, line) for each in seen), f"{line}\nnot in\n{printed}"
            else:
                assert kind == "console", f"what is a block of {kind}?"
    finally:
        for shell in begun:
            with contextlib.suppress(ProcessLookupError):  # it left nothing running
                os.killpg(shell.pid, signal.SIGKILL)


def _typed(body: str, folder: Path, begun: list[subprocess.Popen[str]]) -> str:
    """Return what the commands print; what they leave running is ended by the caller."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    log = folder / f"step{len(begun)}.log"
    with log.open("w", encoding="utf-8") as out:
        shell = subprocess.Popen(
            ["bash", "-ec", f"{body}\necho done"], cwd=folder, stdout=out, stderr=out, text=True,
            start_new_session=True, env={**os.environ, "PATH": path},
        )  # fmt: skip
    begun.append(shell)
    assert shell.wait(PATIENCE_S) == 0, log.read_text(encoding="utf-8")
    return log.read_text(encoding="utf-8")


def _like(line: str, wanted: str) -> bool:
    """Compare a line; `*` stands for anything, brackets for themselves, blanks for one another."""
    plain = " ".join(wanted.replace("[", "[[]").split())
    return fnmatchcase(" ".join(line.split()), plain)
