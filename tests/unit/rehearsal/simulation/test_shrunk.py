from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal import simulate
from daemon.rehearsal.simulate import Wish, simulate_many
from daemon.rehearsal.simulation.found import BEGIN

if TYPE_CHECKING:
    from pathlib import Path

WISH = Wish("normal", faults="swarm", for_s=20.0)
FILE = "normal-seed-3.yaml"


@pytest.fixture(autouse=True)
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder; seed 3 fails, and its smallest scenario is known."""
    monkeypatch.chdir(tmp_path)
    kept = {"scenario": "normal", "site": "ai_hall", "unjudged": [], "failed": ["law"]}
    runs = [{**kept, "seed": seed, "ok": seed != 3} for seed in (2, 3)]
    monkeypatch.setattr(simulate, "_shared_out", lambda *_: runs)
    monkeypatch.setattr(simulate, "smallest", lambda _case, why: f"{BEGIN}3 {why}\n")


def told(capsys: pytest.CaptureFixture[str]) -> list[str | None]:
    """Run the seeds and return which files the result names."""
    assert simulate_many(WISH, (2, 3), 1, as_json=True) == 1
    said = capsys.readouterr().out
    assert "1 of 2 seeds good, liveness judged in 2 of 2" in said
    return [run["smallest"] for run in json.loads(said.splitlines()[-1])["runs"]]


def test_file_is_written_named_and_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FILE).write_text(f"{BEGIN}3 of old\n")
    assert told(capsys) == [None, FILE]
    assert "--seed 3" in (tmp_path / FILE).read_text()
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_file_of_somebody_else_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FILE).write_text("mine\n")
    assert told(capsys) == [None, None]
    assert (tmp_path / FILE).read_text() == "mine\n"


def test_folder_that_cannot_be_written_to_loses_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    assert told(capsys) == [None, None]
    assert not [*tmp_path.iterdir()]


def test_command_that_reproduces_can_be_pasted() -> None:
    wish = Wish("my scenario.yaml", for_s=1234567.25)
    assert wish.command(7) == (
        "ridethrough simulate 'my scenario.yaml' --seed 7 --depth image --for 1234567.25"
        " --faults none"
    )


def test_run_that_comes_to_no_end_is_a_seed_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def stand(*_: object) -> None:
        raise RuntimeError("time stands still")

    monkeypatch.setattr(simulate, "run", stand)
    found = simulate.played(WISH, 3)
    assert (found["ok"], found["seed"], found["failed"]) == (False, 3, ["the run itself"])
    assert found["unjudged"] == ["liveness"]
    with pytest.raises(ValueError, match="seed 3: the run came to no end: time stands still"):
        simulate.simulate(WISH, 3, None, as_json=False)
