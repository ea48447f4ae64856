"""Processes of a rehearsal: heard, ended, none left behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from daemon.rehearsal.children import Child, ChildError, environment, python

HEARD: list[tuple[str, str]] = []


async def start(*code: str) -> Child:
    HEARD.clear()
    heard = lambda name, line: HEARD.append((name, line))  # noqa: E731
    return await Child.start("child", [sys.executable, "-c", "\n".join(code)], heard)


async def test_lines_are_handed_on_and_the_report_is_kept() -> None:
    child = await start("print('one'); print('{\"ok\": true}'); print('two')")
    assert await child.ended() == 0
    assert HEARD == [("child", "one"), ("child", "two")]
    assert child.report == {"ok": True}


async def test_a_refusal_is_no_report() -> None:
    child = await start('print(\'{"ok": false, "error": "no"}\')')
    await child.ended()
    assert (child.report, HEARD) == ({}, [])


async def test_who_ends_early_is_reported_with_the_last_lines() -> None:
    child = await start("import sys; print('on my way', file=sys.stderr); sys.exit(3)")
    await child.ended()
    assert child.obituary() == "child ended early (exit 3); its last lines:\n    on my way"


async def test_a_program_that_is_not_there_is_a_plain_error() -> None:
    with pytest.raises(ChildError, match="No such file"):
        await Child.start("child", ["/nowhere/at/all"], lambda *_: None)


async def test_a_stubborn_child_and_its_own_child_are_ended() -> None:
    child = await start(
        "import os, signal, subprocess, sys, time",
        "for n in (signal.SIGINT, signal.SIGTERM): signal.signal(n, signal.SIG_IGN)",
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
        "print(p.pid, flush=True); time.sleep(60)",
    )
    assert child.process.stdout is not None
    while not HEARD:
        await _moment()
    assert await child.stop(patience_s=0.2) == -9
    while _running(int(HEARD[0][1])):
        await _moment()


async def test_a_child_is_spoken_to_by_lines() -> None:
    child = await start("print('heard ' + input())")
    await child.say("start")
    await child.ended()
    await child.say("too late")
    assert HEARD == [("child", "heard start")]


def test_a_child_finds_the_same_packages_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "daemon").mkdir()
    monkeypatch.chdir(tmp_path)
    root = environment()["PYTHONPATH"].split(os.pathsep)[0]
    assert (Path(root) / "daemon" / "app.py").is_file()
    assert "-P" in python("daemon")


async def _moment() -> None:
    await asyncio.sleep(0.02)


def _running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
