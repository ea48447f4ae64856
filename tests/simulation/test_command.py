"""The command `simulate` as a user calls it: one seed, many seeds, and what it refuses.

Once as a process of its own; else its `main` is called here, which spares the start.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from daemon.cli import main
from daemon.rehearsal import simulate as simulation

VERDICT = {"name", "ok", "value", "limit", "unit", "at_s"}
BAD = """\
scenario: bad
description: Everything is wrong with it.
for_s: 10
timeline:
  - {at_s: 5, target: U-Z, event: outage}
  - {at_s: 3, target: U-A, event: outage}
expect:
  - name: flies
    reach: {quantity: DG-1.stage, is: flying, by_s: 5}
"""


COMMAND = [sys.executable, "-m", "daemon", "simulate"]


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    words, out, err = ["simulate", *arguments], io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as refused:
            code = int(refused.code or 0)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def last(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_one_seed_says_it_first_and_ends_with_json() -> None:
    words = ("momentary_outage", "--seed", "3", "--for", "7", "--json")
    done = subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0] == "seed 3"
    found = last(done)
    asked = {"ok": True, "scenario": "momentary_outage", "seed": 3, "depth": "image", "for_s": 7.0}
    assert found.items() >= asked.items()
    assert found["speed"] > 0
    assert len(found["trace_hash"]) == 32
    assert found["oracles"]
    for verdict in (*found["expectations"], *found["oracles"]):
        assert verdict.keys() >= VERDICT


def test_many_seeds_are_runs_of_their_own_and_come_to_one_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulation, "RUNS_PER_PROCESS", 2)  # the third is another process's
    done = simulate("normal", "--seeds", "4..6", "--jobs", "1", "--for", "2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = last(done)
    assert [each["seed"] for each in found["runs"]] == [4, 5, 6]
    assert len({each["trace_hash"] for each in found["runs"]}) == 3
    assert found["failed"] == []
    again = last(simulate("normal", "--seed", "5", "--for", "2", "--json"))
    assert again["trace_hash"] == found["runs"][1]["trace_hash"]


def test_a_missed_expectation_is_the_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "hopeless.yaml"
    file.write_text(
        "scenario: hopeless\ndescription: Nobody starts.\nfor_s: 2\nexpect:\n"
        "  - {name: a set starts, reach: {quantity: DG-1.stage, is: loaded, by_s: 1}}\n"
    )
    done = simulate(str(file), "--json")
    assert done.returncode == 1
    assert not last(done)["ok"]
    assert "FAIL" in done.stdout
    said = done.stdout.splitlines()
    assert said[said.index("the daemon's process") + 1].split()[:3] == ["pass", "daemon", "lives"]
    assert last(done)["lost"] == []
    many = last(simulate(str(file), "--seeds", "1..2", "--json"))
    assert many["failed"] == [1, 2]
    assert many["runs"][0]["failed"] == ["a set starts"]


def test_what_is_wrong_with_a_scenario_is_said_by_line_before_anything_runs(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    for arguments in ((), ("--seeds", "1..2"), ("--depth", "wire")):
        done = simulate(str(file), *arguments, "--json")
        assert done.returncode == 1
        assert "expectations" not in done.stdout
        for line, key in ((5, "timeline.0.target"), (6, "timeline.1.at_s"), (9, "expect.0.reach")):
            assert f"{file}:{line}:" in done.stderr
            assert key in done.stderr
        assert last(done)["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "no scenario 'nothing' (valid: "),
        (("normal", "--seeds", "9..3"), "two whole numbers in order"),
        (("normal", "--seed", "-1"), "whole number from 0"),
        (("normal", "--depth", "deep"), "invalid choice"),
        (("normal", "--seeds", "1..2", "--report", "out.html"), "--report shows one run"),
        (("normal", "--jobs", "2"), "--jobs shares out many runs"),
        (("normal", "--trace", "no.csv"), "no.csv"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = simulate(*arguments)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_people_asked_for_is_told_with_the_answer() -> None:
    file = Path(__file__).parent / "found" / "tie_closed_while_dark_46.yaml"
    done = simulate(str(file), "--for", "10", "--json")
    assert "what people asked for" in done.stdout
    answer, operated = last(done)["asked"]
    assert "there is no selection" in operated["text"]
    assert answer["source"] == "52-ACB-TA"
    assert "select of 52-ACB-TA close by operator refused" in answer["text"]
    assert f" s  {answer['text']}" in done.stdout


def test_daemon_that_is_paused_for_longer_than_the_run_ends_with_it(tmp_path: Path) -> None:
    file = tmp_path / "paused.yaml"
    file.write_text(
        "scenario: paused\ndescription: Nothing runs for a day.\nfor_s: 3\n"
        "timeline:\n  - {at_s: 1, target: daemon, event: pause, for_s: 86400}\n"
    )
    done = simulate(str(file), "--json")
    assert "Traceback" not in done.stderr
    assert last(done)["for_s"] == 3.0


def test_drawn_faults_are_followed_by_a_tail_in_which_liveness_is_judged() -> None:
    done = simulate("normal", "--faults", "swarm", "--seeds", "5..5", "--for", "10", "--json")
    assert "liveness judged in 1 of 1" in done.stdout
    for run in last(done)["runs"]:
        assert run["for_s"] > 100.0
        assert "liveness" not in run["unjudged"]


def children(pid: int) -> set[int]:
    """Return the processes of a family, without its head."""
    found: set[int] = set()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found |= {int(child), *children(int(child))}
    return found


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_one_that_was_ended(number: signal.Signals) -> None:
    begun = subprocess.Popen(
        [*COMMAND, "normal", "--seeds", "1..20", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    family: set[int] = set()
    try:
        until_s = time.monotonic() + 60.0
        while len(family) < 3 and time.monotonic() < until_s:  # two runs and one who tidies up
            time.sleep(0.1)
            family = children(begun.pid)
        time.sleep(3.0)
        family = children(begun.pid)
        os.kill(begun.pid, number)
        _, said = begun.communicate(timeout=30)
        while any(map(lives, family)) and time.monotonic() < until_s:
            time.sleep(0.1)
        assert not any(map(lives, family))
    finally:
        begun.kill()
    assert len(family) == 3
    if number != signal.SIGKILL:  # nobody can say anything then
        assert begun.returncode == 130
        assert said == ""
