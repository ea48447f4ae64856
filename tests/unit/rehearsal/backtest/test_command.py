"""`ridethrough backtest` as people and machines see it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from daemon.cli import main
from daemon.rehearsal.backtest.drive import Run
from daemon.rehearsal.backtest.page import document
from daemon.rehearsal.backtest.words import Outcome

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def meter(tmp_path: Path) -> Path:
    """Two days of a site, every 5 minutes, in two columns."""
    hours = np.arange(576) / 12
    first_w = 40e6 + 10e6 * np.sin(hours / 24 * 2 * np.pi)
    second_w = 30e6 + 2e6 * np.random.default_rng(2).standard_normal(576)
    rows = [f"{k * 300},{a:.0f},{b:.0f}" for k, (a, b) in enumerate(zip(first_w, second_w))]  # noqa: B905
    file = tmp_path / "meter.csv"
    file.write_text("t_s,hall_w,office_w\n" + "\n".join(rows) + "\n")
    return file


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["backtest", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_answer_for_machines(meter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, str(meter), "--storage", "5MW/10MWh", "--reserve", "0.2")
    assert (code, said["ok"]) == (0, True)
    assert said["windows"] == 96
    assert said["storage"] == [{"power_w": 5e6, "energy_j": 36e9}]
    by_name = {one["policy"]: one for one in said["policies"]}
    assert list(by_name) == ["ours", "ratchet", "threshold", "foresight", "none"]
    assert by_name["foresight"]["capture_pu"] == pytest.approx(1.0)
    assert by_name["none"]["capture_pu"] == 0.0
    assert 0.0 < by_name["ours"]["capture_pu"] <= 1.0
    assert {v["name"] for v in said["verdicts"]} >= {"ours: peak without storage", "ours: reserve"}


def test_the_policies_asked_for_and_what_they_are_measured_by(
    meter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said = asked(capsys, str(meter), "--storage", "5MW/10MWh", "--policy", "ratchet")
    assert [one["policy"] for one in said["policies"]] == ["ratchet", "foresight", "none"]


def test_two_stores_and_another_window(meter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--storage", "3MW/6MWh", "--storage", "1.5MW/250kWh", "--window", "30min")
    code, said = asked(capsys, str(meter), *arguments, "--policy", "ours", "--train", "1d")
    assert (code, said["windows"], len(said["storage"])) == (0, 48, 2)


class Elements(HTMLParser):
    """Counts elements and refuses what comes from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        assert not {name for name, _ in attrs} & {"src", "href"}
        self.seen[tag] = self.seen.get(tag, 0) + 1


def test_the_page(meter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "out.html"
    assert main(["backtest", str(meter), "--storage", "5MW/10MWh", "--report", str(page)]) == 0
    assert f"report: {page}" in capsys.readouterr().out
    elements = Elements()
    elements.feed(page.read_text(encoding="utf-8"))
    assert elements.seen["svg"] == 2
    assert elements.seen["path"] == 5 + 4
    assert elements.seen["tr"] == 6


def test_the_page_says_which_forecast_was_the_better() -> None:
    demands_w = np.array([1e6, 2e6])
    none, best = (Run(name, demands_w, demands_w, 0.0, 0.0, 0.0) for name in ("none", "foresight"))
    ours = best._replace(
        policy="ours", pinball_w={"rules": 2e6, "learnt": 1e6}, used={"learnt": 3, "rules": 1}
    )
    page = document(Outcome("site.csv", (), (), (ours, best, none), 900.0), "1")
    assert "the better first: learnt 1 MW (3 plans), rules 2 MW (1 plans)" in page


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("600,-5e6,1e6", ":4: hall_w: -5e+06 is negative"),
        ("200,5e6,1e6", ":4: time goes from 300 s to 200 s"),
        ("600,5e13,1e6", ":4: hall_w: 5e+13 is absurd"),
        ("600,15e9,1e6", ":4: hall_w: 1.5e+10 W stands alone, far above"),
        ("600,,1e6", ":4: a value is missing"),
        ("6000,5e6,1e6", ":4: a gap of 5700 s"),
    ],
)
def test_what_is_wrong_is_named_by_line(
    meter: Path, line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = meter.read_text().splitlines()
    tail = (
        lines[4:]
        if not line.startswith("6000")
        else [
            ",".join([str(6000 + 300 * k), *row.split(",")[1:]])
            for k, row in enumerate(lines[4:], 1)
        ]
    )
    meter.write_text("\n".join([*lines[:3], line, *tail]) + "\n")
    assert main(["backtest", str(meter), "--storage", "5MW/10MWh"]) == 1
    assert said in capsys.readouterr().err


def test_a_load_in_kw_is_no_load_of_its_storage(
    meter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meter.write_text("t_s,site_w\n" + "".join(f"{k * 300},{80e3 + k}\n" for k in range(576)))
    assert main(["backtest", str(meter), "--storage", "10MW/20MWh"]) == 1
    assert "is it in kW or MW?" in capsys.readouterr().err


def test_the_longest_part_beside_a_hole(meter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = meter.read_text().splitlines()
    meter.write_text("\n".join([*lines[:101], *lines[103:]]) + "\n")
    code, said = asked(capsys, str(meter), "--storage", "5MW/10MWh", "--gaps", "split")
    assert code == 0
    assert "driven is the longest part without a hole, from 30600 to 172500 s" in said["notes"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--storage", "10MW"], "such as 10MW/20MWh"),
        (["--storage", "10MW/20MW"], "such as 10MW/20MWh"),
        (["--storage", "1MW/0MWh"], "must have an energy above 0"),
        (["--storage", "0MW/1MWh"], "must be a power above 0"),
        (["--storage", "1MW/1MWh", "--window", "0min"], "such as 900s, 15min, 14d"),
        (["--storage", "1MW/1MWh", "--reserve", "20"], "a part from 0 to 1"),
        (["--storage", "1MW/1MWh", "--efficiency", "0"], "a part above 0, up to 1"),
        (["--storage", "1MW/1MWh", "--policy", "best"], "invalid choice: 'best'"),
    ],
)
def test_a_wrong_command_line(
    meter: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["backtest", str(meter), *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
