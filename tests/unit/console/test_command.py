"""What a person reads after typing a command, and its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from daemon.cli import main
from daemon.console import command, operators, screen
from daemon.console.command import Who
from daemon.console.operators import OperatorsError
from daemon.console.wire import door_of
from tests.unit.console.standin import StandIn, opened

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def behind() -> StandIn:
    return StandIn()


class Typed:
    """Types commands beside a running door.

    Attributes:
        out: what the last one printed.
        err: what it complained about.
    """

    def __init__(self, state: Path, said: pytest.CaptureFixture[str]) -> None:
        self._state, self._said = state, said
        self.out = self.err = ""

    async def __call__(self, *words: str) -> int:
        step, *rest = words
        code = await asyncio.to_thread(main, ["command", step, "--state", str(self._state), *rest])
        self.out, self.err = self._said.readouterr()
        return code

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


@pytest.fixture
def typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Typed:
    # Signals are for the main thread alone, and the commands run in others here.
    monkeypatch.setattr("signal.signal", lambda _number, _act: None)
    return Typed(tmp_path, capsys)


async def test_selected_says_what_is_lost_and_what_to_type_next(
    behind: StandIn, tmp_path: Path, typed: Typed
) -> None:
    async with opened(behind, tmp_path):
        assert await typed("select", "52-A", "open") == 0
        first, lost, time, then = typed.out.splitlines()
        assert first.startswith("7-1: 52-A open, selected by ")
        assert lost == "  would lose supply: R-1"
        assert "5.0 s to do it" in time or "4.9 s to do it" in time
        assert then.split() == [
            *["ridethrough", "command", "operate", "7-1", "--state"],
            str(tmp_path),
        ]
        assert await typed("operate", "7-1") == 0
        told = [line.split(": ")[-1] for line in typed.out.splitlines()]
        assert told == ["command_operated", "command_sent", "command_verified"]


async def test_a_second_person_is_named_as_the_next_step(
    behind: StandIn, tmp_path: Path, typed: Typed
) -> None:
    behind.needs_approval = "breaker_close"
    async with opened(behind, tmp_path):
        assert await typed("select", "52-A", "close") == 0
    assert "to approve it (breaker_close):" in typed.out
    assert f"ridethrough command approve 7-1 --state {tmp_path} --user NAME" in typed.out


async def test_json_is_the_last_line_and_holds_what_was_asked_and_every_step(
    behind: StandIn, tmp_path: Path, typed: Typed
) -> None:
    async with opened(behind, tmp_path):
        assert await typed("select", "52-A", "open", "--json", "--reason", "a test") == 0
        assert typed.last["ok"]
        asked = {"do": "select", "equipment": "52-A", "action": "open", "reason": "a test"}
        assert typed.last["asked"] == asked
        behind.ends = "command_failed"
        assert await typed("operate", "7-1", "--json") == 1
    assert not typed.last["ok"]
    verdicts = typed.last["verdicts"]
    assert [(v["name"], v["ok"]) for v in verdicts][-2:] == [("sent", True), ("failed", False)]
    assert verdicts[0].keys() == {"name", "ok", "value", "limit", "unit", "at_s"}


@pytest.mark.parametrize(
    ("words", "said", "name"),
    [
        (("set", "ESS-1", "power_setpoint_w", "-inf"), "'-inf'", "not_a_number"),
        (("select", "52-X", "open"), "nothing here is called 52-X", "unknown_equipment"),
        (("set", "ESS-1", "power_setpoint_w", "nan"), "'nan'", "not_a_number"),
        (("set", "ESS-1", "power_setpoint_w", "-4e6"), "", "out_of_range"),
        (("operate", "3-1"), "", "stale_selection"),
    ],
)
async def test_a_refusal_goes_to_stderr_with_its_name(
    behind: StandIn, tmp_path: Path, typed: Typed, words: tuple[str, ...], said: str, name: str
) -> None:
    async with opened(behind, tmp_path):
        assert await typed(*words) == 1
        assert typed.err.startswith(said)
        assert typed.err.endswith(f" [{name}]\n")
        assert typed.out == ""
        assert await typed(*words, "--json") == 1
        assert typed.last["refused_by"] == name
        assert [v["ok"] for v in typed.last["verdicts"]] == [False]
    assert behind.asked == []


async def test_a_negative_set_point_is_a_value_and_no_option(
    behind: StandIn, tmp_path: Path, typed: Typed
) -> None:
    async with opened(behind, tmp_path):
        assert await typed("set", "ESS-1", "power_setpoint_w", "-500000") == 0
        assert await typed("list", "ESS-1") == 0
    assert "set power_setpoint_w -3e+06..3e+06 w (now unknown)" in typed.out


async def test_watch_shows_what_others_do(behind: StandIn, tmp_path: Path, typed: Typed) -> None:
    async with opened(behind, tmp_path) as come, come() as kim:
        watching = asyncio.create_task(typed("watch", "--count", "2"))
        assert behind.door is not None
        async with asyncio.timeout(10):
            while not any(caller.watching for caller in behind.door._callers):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await kim.ask("select", equipment="52-A", action="open")
        assert await watching == 0
    assert [line.split()[0] for line in typed.out.splitlines()] == [
        "command_asked",
        "command_selected",
    ]


async def test_enrolled_by_a_file_and_known_at_once(
    behind: StandIn, tmp_path: Path, typed: Typed
) -> None:
    secret = tmp_path / "kim.secret"
    secret.touch(0o600)
    secret.write_text("a long secret\n")
    given = ("--secret-file", str(secret))
    async with opened(behind, tmp_path):
        assert await typed("enrol", "kim", "--role", "operate", *given) == 0
        assert "kim may operate, view" in typed.out
        assert len(behind.recorded("operators_changed")) == 2
        assert await typed("select", "52-A", "open") == 1
        assert await typed("select", "52-A", "open", "--user", "kim", *given) == 0
        assert "selected by kim" in typed.out
        assert await typed("dismiss", "kim") == 0
        assert await typed("select", "52-A", "open", "--user", "kim", *given) == 1
    assert await typed("enrol", "lee", "--role", "approve", *given) == 0
    assert "no daemon runs" in typed.out
    secret.chmod(0o604)
    assert await typed("enrol", "lee", "--role", "approve", *given) == 1
    assert "chmod 600" in typed.err


def test_nobody_there_is_said_with_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="set --state"):
        command.ask(Who(tmp_path, None, None), {"do": "list"}, as_json=False, stay=False)


LISTENER = """
import socket, sys, time
door = socket.socket(socket.AF_UNIX); door.bind(sys.argv[1]); door.listen(); print(flush=True)
time.sleep(60)
"""


def test_a_daemon_that_was_stopped_is_said_at_once_and_one_that_hangs_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LOOK_S", 0.2)
    begin = [sys.executable, "-S", "-c", LISTENER, str(door_of(tmp_path))]
    with subprocess.Popen(begin, stdout=subprocess.PIPE) as hangs:
        assert hangs.stdout is not None
        hangs.stdout.readline()
        look = partial(
            command.ask, Who(tmp_path, None, None), {"do": "list"}, as_json=False, stay=False
        )
        with pytest.raises(TimeoutError, match=r"said nothing for 0\.2 s"):
            look()
        hangs.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, hangs.pid, os.WSTOPPED)
        with pytest.raises(ConnectionError, match=f"process {hangs.pid} has been stopped"):
            look()
        hangs.kill()


def test_a_file_of_operators_that_is_not_in_order_is_not_written_over(tmp_path: Path) -> None:
    file, secret = tmp_path / operators.NAME, tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("a long secret")
    file.touch(0o600)
    file.write_text("{}")
    with pytest.raises(OperatorsError):
        command.enrol(file, Who(tmp_path, None, secret), "kim", ["view"], as_json=False)
    assert file.read_text() == "{}"


def test_ctrl_c_at_the_prompt_cancels_the_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Mapping[str, Any]] = []

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def answered(_call: object, request: Mapping[str, Any], *, quiet: bool) -> dict[str, Any]:
        asked.append(request)
        return {"ok": quiet}

    monkeypatch.setattr(command, "_gone_on", interrupted)
    monkeypatch.setattr(command, "_answer", answered)
    monkeypatch.setattr(screen, "lines", lambda _: ())
    with pytest.raises(KeyboardInterrupt):
        command._at_terminal(cast("Any", None), {"selection": "7-1"})
    assert asked == [{"do": "cancel", "selection": "7-1"}]
