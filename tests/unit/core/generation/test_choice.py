"""How many sets stay: what the load needs and a reserve, in turns, and all of them in doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.generation import choice
from tests.hall import CLOSED, OPEN, Hall, params, settled

SETS = [f"DG-{n}" for n in range(1, 5)]


def island(load_w: float, **settings: float) -> Hall:
    """Return a hall on four sets that give so much together, with rows that need no set."""
    hall = settled()
    tuned = choice.Params(**{"surplus_s": 10.0, **settings})  # type: ignore[arg-type]
    hall.params = params(choice=tuned)
    hall.lose_mains()
    give(hall, load_w)
    hall.run(22.0, until=lambda: hall.positions["52-VCB-GB"] == CLOSED)
    assert hall.run(9.0, until=lambda: len(hall.messages[-1].values["sets"]) == 4)
    return hall


def give(hall: Hall, load_w: float) -> None:
    for name in SETS:
        hall.said[name, "power_w"] = -load_w / 4


def spare(hall: Hall) -> list[str]:
    return [e.source for e in hall.happened("set_to_spare")]


def test_all_stay_while_the_load_needs_them_and_one_more() -> None:
    hall = island(6.0e6)  # three carry 5.1 MW within 0.8 of their rating when one of them fails
    hall.run(30.0)
    assert spare(hall) == []


def test_one_is_to_spare_after_its_time_and_the_rows_stay_without_a_limit() -> None:
    hall = island(3.0e6)
    begun_ns = hall.now_ns
    assert hall.run(40.0, until=lambda: bool(spare(hall)))
    assert hall.now_ns - begun_ns >= 9e9
    assert spare(hall) == ["DG-4"]
    hall.run(20.0)
    assert spare(hall) == ["DG-4"], "three are kept for the rows"
    assert all(m.values["rows_limit_w"] == -1.0 for m in hall.messages[-5:])


def test_it_hands_over_opens_cools_and_rests() -> None:
    hall = island(3.0e6)
    assert hall.run(40.0, until=lambda: bool(spare(hall)))
    hall.run(5.0)
    assert hall.told("52-GCB-4")[-1] != "open", "it still gives its part"
    assert hall.messages[-1].values["sets_leaving"] == ["DG-4"]
    assert hall.messages[-1].values["capability_w"] == pytest.approx(3 * 3.2e6)
    hall.said["DG-4", "power_w"] = 0.0
    hall.run(20.0)
    assert hall.told("52-GCB-4")[-1] == "open"
    assert hall.told("DG-4")[-1] == "stop"


def test_the_set_with_the_most_starts_goes_first() -> None:
    hall = island(3.0e6)
    hall.said["DG-2", "start_count"] = 7.0
    hall.run(40.0, until=lambda: bool(spare(hall)))
    assert spare(hall) == ["DG-2"]


@pytest.mark.parametrize("why", ["load", "failure", "unknown"])
def test_sets_to_spare_come_back_at_once(why: str) -> None:
    hall = island(3.0e6)
    assert hall.run(40.0, until=lambda: bool(spare(hall)))
    hall.said["DG-4", "power_w"] = 0.0
    assert hall.run(30.0, until=lambda: hall.stages["DG-4"] == "stopped")
    if why == "load":
        give(hall, 8.5e6)
    elif why == "failure":
        hall.stages["DG-1"], hall.positions["52-GCB-1"] = "fault", OPEN
    else:
        hall.hidden.add(("DG-1", "power_w"))
    hall.run(0.2)
    (recalled,) = hall.happened("sets_recalled")
    assert recalled.source == "DG-4"
    hall.run(25.0)
    assert hall.positions["52-GCB-4"] == CLOSED


def test_a_set_that_hands_over_stays_when_it_is_wanted_again() -> None:
    hall = island(3.0e6)
    assert hall.run(40.0, until=lambda: bool(spare(hall)))
    hall.run(2.0)
    give(hall, 9.0e6)
    hall.run(3.0)
    assert hall.messages[-1].values["sets_leaving"] == []
    assert "open" not in hall.told("52-GCB-4")


def test_the_reserve_is_a_setting() -> None:
    hall = island(6.0e6, reserve_count=0)
    assert hall.run(40.0, until=lambda: bool(spare(hall)))
    assert replace(hall.params.control.choice).reserve_count == 0


def test_a_load_that_rises_meanwhile_lets_the_time_begin_anew() -> None:
    hall = island(3.0e6)
    hall.run(6.0)
    assert spare(hall) == []
    give(hall, 8.5e6)
    hall.run(0.1)
    give(hall, 3.0e6)
    hall.run(9.5)
    assert spare(hall) == []
    hall.run(1.0)
    assert spare(hall) == ["DG-4"]


def test_nothing_is_to_spare_while_a_section_awaits_its_source() -> None:
    hall = island(3.0e6)
    hall.positions["52-VCB-GA"] = OPEN
    hall.stuck = {"52-VCB-GA", "52-VCB-TIE"}
    hall.run(15.0)
    assert spare(hall) == []
