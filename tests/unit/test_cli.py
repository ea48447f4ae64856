"""What the command line says when it is given something wrong."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from daemon.cli import main
from daemon.journal.holding import hold

if TYPE_CHECKING:
    from pathlib import Path

OFFSET = ("--port-offset", "9000")
STEPS = (
    *("list", "watch", "select", "set", "approve", "operate", "cancel", "release"),
    *("enrol", "dismiss"),
)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "nosuch"), "no site 'nosuch' (valid: ai_hall, "),
        (("emulate", "nosuch"), "no site 'nosuch' (valid: ai_hall, "),
        (
            ("emulate", "ai_hall", "--scenario", "normol"),
            "no scenario 'normol' (valid: normal, ",
        ),
        (("demo", "--scenario", "nosuch", *OFFSET), "no scenario 'nosuch' (valid: "),
        (("demo", "--trace", "nowhere.csv", *OFFSET), "nowhere.csv: No such file"),
        (("run", "ai_hall", "--port-offset", "60000"), "port offset 60000 moves ports of ai_hall"),
        (
            ("run", "ai_hall", "--shutdown-hook", "/no/such"),
            "--shutdown-hook /no/such: no program that can be run",
        ),
        (
            ("run", "ai_hall", "--operators", "/no/such"),
            "--operators /no/such: no such file: nobody is enrolled there",
        ),
        (
            ("command", "enrol", "kim", "--role", "view", "--secret-file", "/no/such"),
            "/no/such: No such file",
        ),
        (("demo", "--port-offset", "-20000"), "port offset -20000 moves ports of ai_hall"),
        (
            ("prove", "--site", "traditional"),
            "nothing to prove: the daemon decides no scheme of traditional (valid: a site with ",
        ),
        (
            ("prove", "--without", "nosuch"),
            "--without nosuch: there is no such interlock or guard (valid: interlocks backfeed, ",
        ),
        (
            ("simulate", "normal", "--without", "let_in", "--without", "let_out"),
            "--without let_out: there is no such interlock or guard (valid: interlocks backfeed, ",
        ),
    ],
)
def test_a_refusal_ends_with_one_json_line(
    capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert main([*arguments, "--json"]) == 1
    said = capfd.readouterr()
    last = json.loads(said.out.splitlines()[-1])
    assert last["ok"] is False
    assert last["error"].startswith(words)
    assert "\n" not in last["error"]
    assert "plant" not in said.out, "nothing was started"


def test_every_step_by_hand_has_a_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for step in STEPS:
        with pytest.raises(SystemExit):
            main(["command", step, "--help"])
        said[step] = capsys.readouterr().out
        assert f"\n  ridethrough command {step} " in said[step].replace("\n", " \n")
    assert len({text.split("\n\n")[1] for text in said.values()}) == len(STEPS)


def test_a_state_folder_that_is_a_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "state"
    file.write_text("")
    for folder in (file, file / "below"):
        assert main(["run", "ai_hall", "--state", str(folder), *OFFSET]) == 1
        assert capsys.readouterr().err == f"state folder {folder}: is a file (set --state)\n"


@pytest.mark.parametrize("command", [("run", "ai_hall"), ("demo",)])
def test_a_state_folder_that_another_daemon_holds_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """From its first moment on, long before it opens the door for people."""
    fd = hold(tmp_path)
    try:
        assert main([*command, "--state", str(tmp_path), *OFFSET]) == 1
    finally:
        os.close(fd)
    said = capsys.readouterr()
    assert said.err.startswith(f"state folder {tmp_path}: another daemon runs with it, process ")
    assert said.err.count("\n") == 1
    assert "plant" not in said.out, "nothing was started"


@pytest.mark.parametrize("command", [("run", "ai_hall"), ("demo",)])
def test_a_broker_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--mqtt", "mqtt://broker:99999"])
    assert ended.value.code == 2
    assert "'mqtt://broker:99999' is no broker (valid: mqtt://host" in capsys.readouterr().err
