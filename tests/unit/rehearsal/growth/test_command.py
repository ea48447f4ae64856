"""`ridethrough plan` as people and machines see it."""

from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from daemon.cli import main
from daemon.rehearsal.growth.words import View

if TYPE_CHECKING:
    from pathlib import Path

START = ("--from", "2026-11-01")


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["plan", *arguments, *START, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_answer_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, "traditional")
    assert (code, said["ok"], said["from"], said["site"]) == (0, True, "2026-11-01", "traditional")
    ups = next(one for one in said["limits"] if one["name"] == "UPS-1")
    dates = ups["n_minus_1"]["dates"]
    assert "2026-11-01" < dates["p10"] < dates["p50"]
    assert {a["name"] for a in said["assumptions"]} >= {"compute-growth", "utilisation"}
    assert all(a["source"] for a in said["assumptions"])
    assert all(
        verdict.keys() == {"name", "ok", "value", "limit", "unit", "at_s"}
        for verdict in said["verdicts"]
    )
    assert [year["year"] for year in said["cascade"]] == list(range(11))
    assert said["accepted"] == ["U-1", "TX-P-1", "TX-S-1", "UPS-1", "REC-1"]


def test_what_is_passed_today_fails(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, "ai_hall", "--assume", "utilisation=0.9")
    assert (code, said["ok"]) == (1, False)
    failed = [verdict["name"] for verdict in said["verdicts"] if not verdict["ok"]]
    assert failed == ["grid contract: import, N", "grid contract: import, N-1"]


def test_growth_that_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--compute-growth", "4/yr", "--efficiency-growth", "3/yr")
    _, said = asked(capsys, "traditional", *arguments, "--storage-growth", "1.5/yr")
    given = {a["name"]: (a["value"], a["source"]) for a in said["assumptions"]}
    assert given["efficiency-growth"] == (3.0, "given")
    assert given["duration-growth"] != (1.0, "given")
    growth = said["cascade"][1]["servers_w"] / said["cascade"][0]["servers_w"]
    assert growth == pytest.approx(4.0 / 3.0)


def test_two_worlds_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "ai_hall", "--compare", "traditional", *START, "--json"]) == 1
    *said, last = capsys.readouterr().out.splitlines()
    assert "  passed today: import (grid contract), 5.57 MW of 5.5 MW, 101%" in said
    text = "\n".join(said)
    for part in ("side by side", "Traditional data centre", "generating sets, first in N-1"):
        assert part in text
    assert [one["world"] for one in json.loads(last)["compared"]] == ["traditional"]


def test_the_first_of_each_kind_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    main(["plan", "traditional", *START])
    short = capsys.readouterr().out
    assert "more, later (--all)" in short
    main(["plan", "traditional", *START, "--all"])
    full = capsys.readouterr().out
    assert "more, later (--all)" not in full
    assert len(full.splitlines()) > len(short.splitlines())
    assert not [line for line in full.splitlines() if line.endswith(" ")]


def test_a_narrow_terminal_shows_what_it_has_room_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", "90")):
        monkeypatch.setenv(name, value)
    main(["plan", "traditional", *START])
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in capsys.readouterr().out.splitlines()]
    ups = next(line for line in lines if line.startswith("   UPS-1 "))
    assert re.fullmatch(r" +UPS-1 +70% +20\d\d-\d\d +20\d\d-\d\d \(.+ \.\. .+\) +\+\d+ mo *", ups)


class Elements(HTMLParser):
    """Counts elements and refuses what comes from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        assert not {name for name, _ in attrs} & {"src", "href"}
        self.seen[tag] = self.seen.get(tag, 0) + 1


@pytest.mark.parametrize("arguments", [("ai_hall", "--compare", "traditional"), ("traditional",)])
def test_the_page(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "growth.html"
    main(["plan", *arguments, *START, "--report", str(page)])
    assert f"report: {page}" in capsys.readouterr().out
    elements = Elements()
    text = page.read_text(encoding="utf-8")
    elements.feed(text)
    assert elements.seen["svg"] == 2
    assert elements.seen["table"] == 2 + len(arguments) // 3 + 1
    assert "nan" not in text
    assert "inf" not in text.replace("info", "")


def test_a_page_of_what_never_runs_out(tmp_path: Path) -> None:
    page = tmp_path / "growth.html"
    falls = ("--compute-growth", "0.5/yr", "--storage-growth", "0.5/yr")
    assert main(["plan", "traditional", *falls, *START, "--report", str(page)]) == 0
    assert "nothing else runs out" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ai_hall", "--compute-growth", "400/yr"), "(valid: 0.2 to 20/yr)"),
        (("ai_hall", "--assume", "phase=1"), "phase: no assumption of this site (valid: compute-"),
        (("ai_hall", "--assume", "phase"), "'phase' is no assumption (valid: NAME=VALUE"),
        (("traditional", "--assume", "server-growth=2/yr"), "server-growth: no assumption of this"),
        (("ai_hall", "--from", "soon"), "'soon' is no day (valid: such as 2027-01-31)"),
        (("ai_hall", "--from", "1026-01-01"), "is absurd (valid: 2000-01-01"),
        (("ai_hall", "--years", "0"), "0 years is out of range (valid: 1 to 40)"),
        (("nowhere",), "no site 'nowhere' (valid: ai_hall, traditional"),
        (("ai_hall", "--report", "/nowhere/at/all.html"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_named(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *arguments, "--json"]) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert json.loads(captured.out.splitlines()[-1])["ok"] is False


def test_days() -> None:
    view = View(date(2026, 11, 1), 10)
    assert view.day(1.0) == date(2027, 11, 1)
    assert view.day(10.1) is None
    assert view.month(0.0) == "now"
    assert view.month(0.25) == "2027-01"
    assert view.month(float("inf")) == ">2036"
