"""The outcome of a demonstration: plant's word first, times in plant time."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.rehearsal.report import PlantClock, lines, merge, verdict_lines
from device_emulators.scenario import Expectation
from tests.small_board import small_board

START_NS = 1_700_000_000_000_000_000
LANE = {
    "period_ms": 10.0, "scans": 400, "overruns": 3, "p50_ms": 1.2, "p99_ms": 3.4,
    "jitter_p50_ms": 0.1, "jitter_p99_ms": 0.3,
}  # fmt: skip
ALARM = Expectation.model_validate({"name": "alarmed", "alarm": {"id": "lost:*", "raised_by_s": 2}})


def plant(**more: Any) -> dict[str, Any]:
    verdict = {
        "name": "fed",
        "ok": True,
        "value": 0.0,
        "limit": 0.0,
        "unit": "ms",
        "at_s": None,
        "relation": "<=",
    }
    return {
        "scenario": "outage",
        "site": "board",
        "for_s": 4.0,
        "interrupted": False,
        "started_utc_ns": START_NS,
        "expectations": [verdict],
        "it_interruption_ms": {},
        "stages": [{"at_s": 1.0, "source": "U", "name": "outage", "text": "U: outage"}],
        "slipped_s": 0.0,
        "efficiency": {"pue_pu": None, "saved_by_800_v_pu": None, "chains": []},
        "slips": [],
        **more,
    }


def controller(**more: Any) -> dict[str, Any]:
    alarm = {
        "id": "lost:U", "priority": 1, "raised_utc_ns": START_NS + 1_500_000_000,
        "raised_s": 3.5, "cleared_s": 5.0,
    }  # fmt: skip
    stage = {
        "utc_ns": START_NS + 1_250_000_000, "source": "S-1", "name": "stage",
        "text": "S-1: isolating", "fields": {"stage": "isolating"},
    }  # fmt: skip
    return {
        "ok": True,
        "reason": "",
        "ran_s": 8.0,
        "devices": 5,
        "points": 90,
        "lanes": {"main": {**LANE, "period_ms": 100.0, "p50_ms": 9.0}, "switching": LANE},
        "polls": 4000,
        "polls_failed": 2,
        "commands": {"acknowledged": 3},
        "alarms": [alarm],
        "events": [stage, {**stage, "name": "command"}],
        **more,
    }


def test_both_reports_become_one_in_plant_time() -> None:
    outcome = merge(plant(), controller(), [ALARM])
    assert outcome["ok"]
    assert [v["name"] for v in outcome["expectations"]] == ["fed", "alarmed"]
    stage = {"at_s": 1.25, "source": "S-1", "stage": "isolating", "text": "S-1: isolating"}
    assert outcome["transfer"] == [stage]
    alarm = {"id": "lost:U", "priority": 1, "raised_at_s": 1.5, "count": 1, "cleared_at_s": 3.0}
    assert outcome["alarms"] == [alarm]
    figures = ("polls", "failed_polls", "polls_per_s", "scan_p50_ms", "scan_p99_ms")
    assert [outcome[name] for name in figures] == [4000, 2, 500.0, 1.2, 3.4]


@pytest.mark.parametrize(
    ("of_plant", "of_daemon", "died"),
    [
        ({"interrupted": True}, {}, []),
        ({}, {"alarms": []}, []),
        ({}, {"ok": False, "reason": "a lane stopped"}, []),
        ({}, {}, ["broker"]),
        ({"expectations": [{**plant()["expectations"][0], "ok": False}]}, {}, []),
    ],
)
def test_one_thing_that_went_wrong_is_enough(
    of_plant: dict[str, Any], of_daemon: dict[str, Any], died: list[str]
) -> None:
    assert not merge(plant(**of_plant), controller(**of_daemon), [ALARM], died)["ok"]


def test_without_daemon_alarms_were_not_raised() -> None:
    outcome = merge(plant(), None, [ALARM])
    assert not outcome["ok"]
    assert "polls" not in outcome


def test_plant_time_stands_still_where_it_was_lost() -> None:
    clock = PlantClock(START_NS, [{"at_s": 5.0, "lost_s": 2.0}, {"at_s": 8.0, "lost_s": 1.0}])
    seconds = (4.0, 6.0, 7.5, 10.5, 13.0)
    times = [clock.plant_s(START_NS + round(s * 1e9)) for s in seconds]
    assert times == [4.0, 5.0, 5.5, 8.0, 10.0]


def test_page_for_people_says_what_failed() -> None:
    page = "\n".join(lines(merge(plant(), controller(alarms=[]), [ALARM]), small_board(1, 2)))
    assert "pass  fed" in page
    assert "FAIL  alarmed  never  (by 2.000 s)" in page
    assert "1 of 2 expectations met in 4 s of plant time" in page
    assert "4000 polls (500 a second), 2 failed" in page


def test_page_says_when_the_daemon_had_too_little_of_the_machine() -> None:
    def page(overruns: int) -> str:
        lanes = {"switching": {**LANE, "overruns": overruns}}
        return "\n".join(lines(merge(plant(), controller(lanes=lanes), [ALARM]), small_board(1, 2)))

    assert "missed 3 of 403 scans" in page(3)
    assert "too slow" not in page(3)
    assert "too slow for the daemon: its switching lane missed 60% of its scans" in page(600)


def test_what_was_not_judged_does_not_fail_a_run() -> None:
    later = Expectation.model_validate(
        {"name": "alarmed", "alarm": {"id": "lost:*", "raised_by_s": 9}}
    )
    outcome = merge(plant(), controller(alarms=[]), [later])
    assert outcome["ok"]
    assert outcome["expectations"][1]["ok"] is None
    page = "\n".join(lines(outcome, small_board(1, 2)))
    assert "  --    alarmed  not judged: due by 9 s, played 4 s" in page
    assert "1 of 1 expectations met in 4 s of plant time, 1 not judged" in page


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (8.239e6, "w", "8.239 MW"),
        (6526.0, "v", "6.526 kV"),
        (-1.4e4, "w", "-14 kW"),
        (60.0, "hz", "60 Hz"),
        (0.0, "count", "0 times"),
        (0.99, "pu", "0.99 pu"),
        ("running", "", "running"),
    ],
)
def test_people_read_megawatts(value: float | str, unit: str, text: str) -> None:
    verdict = {
        "name": "it",
        "ok": True,
        "value": value,
        "limit": None,
        "unit": unit,
        "relation": "",
    }
    assert list(verdict_lines([verdict]))[1] == f"  pass  it  {text}"


@pytest.mark.parametrize(
    ("value", "limit", "unit", "relation", "text"),
    [
        (5.0, 5.004, "s", "by", "at 5.000 s  (by 5.004 s)"),
        (0.9912, 0.99, "pu", ">=", "0.9912 pu  (>= 0.99 pu)"),
        (60.0, 60.1, "hz", "<=", "60 Hz  (<= 60.1 Hz)"),
        ("open", "open", "", "is", "open  (is open)"),
    ],
)
def test_people_read_on_which_side_a_limit_lies(
    value: float | str, limit: float | str, unit: str, relation: str, text: str
) -> None:
    verdict = {
        "name": "it", "ok": True, "value": value, "limit": limit, "unit": unit,
        "relation": relation,
    }  # fmt: skip
    assert list(verdict_lines([verdict]))[1] == f"  pass  it  {text}"


def test_loads_that_are_lost_at_the_end_are_counted() -> None:
    cut = {"it_interruption_ms": {"R-1": 9050.0, "R-2": 100.0}, "lost": ["R-1"]}
    said = [*lines({**merge(plant(), None, ()), **cut}, small_board())]
    (line,) = [each for each in said if "9050 ms" in each]
    assert line.endswith("2 of them cut, 1 lost at the end")
