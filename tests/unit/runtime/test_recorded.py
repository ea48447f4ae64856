"""`ridethrough report` on a state folder: with the site file, without it, and on bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon import settings
from daemon.cli import main
from daemon.journal.files import Folder
from daemon.journal.journal import Journal
from daemon.model.image import blank
from daemon.model.points import tabulate
from daemon.model.quantities import ns
from tests.unit.core.report.story import outage, sag

BEGAN_UTC_NS = ns(1_800_000_000)


def record(folder: Path, site_file: str, stories: int = 1) -> Path:
    """Write a journal with sags, and an outage as the last, a minute apart."""
    journal = Journal(Folder(folder))
    journal.boot(1, "hash", 0, BEGAN_UTC_NS, site_file)
    points = tabulate(settings.load("ai_hall").site)
    journal.inputs("main", blank(len(points), 1, BEGAN_UTC_NS + 1), ())
    for number in range(stories):
        begun_ns = ns(60.0 * (number + 1))
        for one in outage() if number == stories - 1 else sag():
            at_ns = begun_ns + one.at_ns
            said = type(one)(at_ns, one.source, one.name, one.text, one.fields)
            journal.decided("switching", at_ns, (), (said,))
    journal._end()
    return folder


def ask(*arguments: str) -> int:
    return main(["report", *arguments])


@pytest.fixture
def site_file() -> str:
    return str(settings.site_path("ai_hall"))


def test_the_last_transfer_is_told_in_full_and_all_are_listed(
    tmp_path: Path, site_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(str(record(tmp_path, site_file, 3))) == 0
    said = capsys.readouterr().out
    assert said.count("Momentary loss on ai_hall") == 2
    assert said.count("Outage on ai_hall") == 2  # in the list, and in full
    assert "first load block on the sets" in said
    assert "52-VCB-GA close" in said
    assert ask(str(tmp_path), "--number", "1") == 0
    assert "first load block" not in capsys.readouterr().out


def test_the_answer_for_machines_is_one_object_on_the_last_line(
    tmp_path: Path, site_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(str(record(tmp_path, site_file, 2)), "--all", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["ok"] is True
    assert [one["number"] for one in told["transfers"]] == [1, 2]
    verdicts = told["transfers"][1]["verdicts"]
    assert {"name", "ok", "value", "limit", "unit", "at_s"} <= set(verdicts[0])
    assert told["transfers"][1]["began_utc_ns"] == BEGAN_UTC_NS + ns(120.0)


def test_a_page_is_written(tmp_path: Path, site_file: str) -> None:
    page = tmp_path / "night.html"
    assert ask(str(record(tmp_path, site_file, 2)), "--all", "--html", str(page)) == 0
    text = page.read_text()
    assert text.count("<h1>") == 3
    assert "http" not in text.replace("Content-Security-Policy", "").replace("http-equiv", "")


def test_without_its_site_file_the_events_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(str(record(tmp_path, "/nowhere/site.yaml"))) == 0
    said = capsys.readouterr().out
    assert "/nowhere/site.yaml cannot be read" in said
    assert "no values of the plant" in said
    assert ask(str(tmp_path), "--site", "ai_hall") == 0
    assert "cannot be read" not in capsys.readouterr().out


def test_another_site_file_than_that_of_the_record_is_not_believed(
    tmp_path: Path, site_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(str(record(tmp_path, site_file)), "--site", "traditional") == 0
    assert "has other points than the record" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{}/none",), "there is no record of a daemon"),
        (("{}", "--number", "2"), "--number 2: there are 1"),
        (("{}", "--number", "0"), "--number 0: there are 1"),
        (("{}", "--site", "nosuch"), "no site 'nosuch'"),
        (("{}", "--html", "{}/no/where.html"), "No such file"),
    ],
)
def test_bad_input_is_named(
    tmp_path: Path,
    site_file: str,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    record(tmp_path, site_file)
    assert ask(*(one.format(tmp_path) for one in arguments)) != 0
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def test_a_record_without_a_transfer_is_well(
    tmp_path: Path, site_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, site_file, 0)
    assert ask(str(tmp_path), "--json") == 0
    assert "no transfer in this record" in capsys.readouterr().out
