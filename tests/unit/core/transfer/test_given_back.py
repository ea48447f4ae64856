"""The board gives sections back to their mains: overlap, gap, and what goes wrong in them."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from tests.hall import CLOSED, OPEN
from tests.unit.core.transfer.sections import fed_by_sets, island, on_mains, reset


def test_no_bus_is_without_supply_on_retransfer_and_the_overlap_is_short() -> None:
    hall = island()
    hall.utilities = dict.fromkeys(hall.utilities, True)
    overlap_s = {"MVA": 0.0, "MVB": 0.0}
    for _ in range(3000):
        hall.scan()
        for bus, side in (("MVA", "A"), ("MVB", "B")):
            assert hall.sources_of(bus)
            both = {f"52-VCB-M{side}", f"52-VCB-G{side}"}
            overlap_s[bus] += 0.01 * all(hall.positions[b] == CLOSED for b in both)
    assert on_mains(hall)
    assert 0.0 < max(overlap_s.values()) <= 0.1


def test_the_sets_recover_between_two_sections_given_back() -> None:
    hall = island()
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(40.0, until=partial(on_mains, hall))
    (parted,) = [c for c in hall.commands if (c.equipment, c.action) == ("52-VCB-GA", "open")]
    (second,) = [
        c for c in hall.commands if (c.equipment, c.action) == ("52-VCB-MB", "close_in_sync")
    ]
    assert second.issued_at_ns - parted.issued_at_ns >= 3_000_000_000


@pytest.mark.fault("F46")
def test_without_synchronism_the_section_goes_back_with_a_gap() -> None:
    hall = island()
    hall.synchronism_s = 1000.0
    hall.said["52-VCB-MA", "sync_25"] = hall.said["52-VCB-MB", "sync_25"] = 0.0
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(60.0, until=partial(on_mains, hall))
    assert hall.told("52-VCB-MA") == ["open", "close_in_sync", "close"]


def test_without_synchronism_and_with_no_gap_allowed_the_section_stays_where_it_is() -> None:
    hall = island()
    hall.synchronism_s = 1000.0
    hall.said["52-VCB-MA", "sync_25"] = hall.said["52-VCB-MB", "sync_25"] = 0.0
    hall.said["52-VCB-GA", "local"] = hall.said["52-VCB-GB", "local"] = 1.0
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(60.0)
    assert fed_by_sets(hall, "MVA")
    assert hall.told("52-VCB-GA") == ["close"]
    assert "lockout" not in hall.messages[-1].values["stages"]["CCTS-1"]


@pytest.mark.fault("F40")
def test_when_the_feeder_sticks_the_main_is_opened_again_and_a_person_must_look() -> None:
    hall = island()
    hall.stuck = {"52-VCB-GA"}
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(90.0)
    assert hall.told("52-VCB-MA") == ["open", "close_in_sync", "open"]
    assert fed_by_sets(hall, "MVA")
    assert "U-A" in hall.sources_of("MVB")
    assert hall.happened("breaker_failure", "52-VCB-GA")
    assert hall.messages[-1].values["stages"]["CCTS-1"] == "lockout"
    hall.stuck = set()
    reset(hall)
    assert hall.run(10.0, until=partial(on_mains, hall))


@pytest.mark.fault("F40")
def test_a_held_section_whose_feeder_opens_after_all_gets_its_main() -> None:
    hall = island()
    hall.stuck = {"52-VCB-GA"}
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(30.0)
    hall.positions["52-VCB-GA"] = OPEN
    assert hall.run(3.0, until=partial(on_mains, hall))


@pytest.mark.fault("F34")
def test_a_main_that_refuses_synchronism_leaves_the_section_where_it_is() -> None:
    hall = island()
    hall.stuck = {"52-VCB-MA"}
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(60.0)
    assert hall.told("52-VCB-MA") == ["open", "close_in_sync", "open"]
    assert hall.told("52-VCB-GA") == ["close"]
    assert fed_by_sets(hall, "MVA")
    assert "U-A" in hall.sources_of("MVB")


@pytest.mark.fault("F34")
def test_a_main_that_does_not_close_after_a_gap_gives_way() -> None:
    hall = island()
    hall.stuck = {"52-VCB-MA"}
    hall.said["52-VCB-MA", "sync_25"] = 0.0
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(60.0, until=lambda: not hall.sources_of("MVA"))
    assert hall.run(5.0, until=lambda: bool(hall.sources_of("MVA")))
    assert hall.told("52-VCB-MA") == ["open", "close_in_sync", "close", "close"]
    assert hall.positions["52-VCB-MA"] == OPEN


@pytest.mark.fault("F37")
@pytest.mark.parametrize("what", [("local", 1.0), ("racked_in", 0.0)])
def test_a_main_that_interlocks_refuse_is_not_asked_for(what: tuple[str, float]) -> None:
    hall = island()
    hall.said["52-VCB-MA", what[0]] = what[1]
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(40.0)
    assert hall.told("52-VCB-MA") == ["open"]
    assert not hall.happened("command_refused")
    assert fed_by_sets(hall, "MVA")
    assert "U-A" in hall.sources_of("MVB")


@pytest.mark.fault("F40")
@pytest.mark.parametrize("after_s", [0.1, 0.7])
def test_a_selector_that_leaves_auto_in_an_overlap_locks_nothing_out(after_s: float) -> None:
    """The feeder sticks: the overlap lasts, first PARTING, then BACKING_OUT."""
    hall = island()
    hall.stuck = {"52-VCB-GA"}
    hall.utilities = dict.fromkeys(hall.utilities, True)

    def overlaps() -> bool:
        return "open" in hall.told("52-VCB-GA")

    assert hall.run(60.0, until=overlaps)
    hall.stuck = {"52-VCB-GA", "52-VCB-MA"}
    hall.run(after_s)
    told = len(hall.told("52-VCB-MA")), len(hall.told("52-VCB-GA"))
    hall.said["CCTS-1", "selector"] = 1.0
    hall.run(5.0)
    assert hall.messages[-1].values["stages"]["CCTS-1"] == "unjudged"
    assert (len(hall.told("52-VCB-MA")), len(hall.told("52-VCB-GA"))) == told
    hall.stuck = set()
    hall.said["CCTS-1", "selector"] = 0.0
    assert hall.run(20.0, until=partial(on_mains, hall))


def test_sections_are_said_to_be_on_sets_until_the_sets_have_left_them() -> None:
    hall = island()
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.messages.clear()
    assert hall.run(40.0, until=partial(on_mains, hall))
    hall.run(2.0)
    said = [tuple(dict(m.values["feeds"]).values()) for m in hall.messages]
    on_any = ["generators" in feeds for feeds in said]
    assert on_any[0]
    assert not on_any[-1]
    assert sum(a != b for a, b in pairwise(on_any)) == 1, "what they limit does not come and go"


@pytest.mark.parametrize("sync_ns", [0, 1])
def test_a_main_that_only_shows_closed_does_not_cost_the_section_its_feed(sync_ns: int) -> None:
    hall = island()
    hall.utilities = dict.fromkeys(hall.utilities, True)
    if sync_ns:  # while the main seeks synchronism that it does not find
        hall.synchronism_s = 1000.0
        hall.said["52-VCB-MA", "sync_25"] = 0.0
        assert hall.run(60.0, until=lambda: "close_in_sync" in hall.told("52-VCB-MA"))
    hall.said["52-VCB-MA", "position"] = float(CLOSED)
    hall.run(2.0)
    assert hall.told("52-VCB-MA")[-1] == "open"
    assert hall.told("52-VCB-GA") == ["close"]
    assert hall.positions["52-VCB-GA"] == CLOSED


def test_a_main_whose_mains_seem_gone_while_it_seeks_synchronism_is_called_back() -> None:
    hall = island()
    hall.synchronism_s = 1000.0
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(60.0, until=lambda: "close_in_sync" in hall.told("52-VCB-MA"))
    hall.run(0.03)
    hall.said["52-VCB-MA", "source_voltage_v"] = 0.0
    hall.run(3.0)
    assert hall.told("52-VCB-MA")[-1] == "open"
    assert fed_by_sets(hall, "MVA")


@pytest.mark.parametrize("shown", [float(CLOSED), 3.0], ids=["closed", "no position"])
def test_an_alternate_that_has_parted_and_does_not_show_it_costs_no_feed(shown: float) -> None:
    """It carries nothing, and the main does."""
    hall = island()
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.said["52-VCB-MA", "current_a"] = 500.0
    hall.said["52-VCB-GA", "current_a"] = 0.0
    assert hall.run(60.0, until=lambda: hall.told("52-VCB-GA") == ["close", "open"])
    hall.said["52-VCB-GA", "position"] = shown
    hall.run(3.0)
    assert hall.told("52-VCB-MA")[-1] == "close_in_sync"
    assert "U-A" in hall.sources_of("MVA")
    assert hall.told("52-VCB-GA") == ["close", "open"]


@pytest.mark.parametrize("breaker", ["52-VCB-MA", "52-VCB-TIE"])
def test_what_is_out_of_sight_once_the_alternate_has_opened_costs_no_feed(breaker: str) -> None:
    hall = island()
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(60.0, until=lambda: hall.told("52-VCB-GA") == ["close", "open"])
    hall.said[breaker, "position"] = 3.0
    hall.run(3.0)
    assert hall.told("52-VCB-MA")[-1] == "close_in_sync"
    assert "U-A" in hall.sources_of("MVA")


@pytest.mark.parametrize("shown", [OPEN, 3.0], ids=["open for ever", "no position"])
def test_a_main_that_cannot_be_seen_to_have_closed_is_opened_again(shown: float) -> None:
    hall = island()
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.synchronism_s = 0.1  # the contacts follow the relay
    assert hall.run(60.0, until=lambda: "close_in_sync" in hall.told("52-VCB-MA"))
    hall.said["52-VCB-MA", "position"] = float(shown)
    hall.run(14.0)
    assert hall.told("52-VCB-MA")[-1] == "open"
    assert hall.positions["52-VCB-MA"] == OPEN
    assert fed_by_sets(hall, "MVA")


def test_an_alternate_that_carries_on_though_it_shows_open_is_no_secret() -> None:
    """The main goes: it came last, and nobody can open what shows open already."""
    hall = island()
    hall.stuck = {"52-VCB-GA"}
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(60.0, until=lambda: "close_in_sync" in hall.told("52-VCB-MA"))
    hall.said["52-VCB-GA", "position"] = float(OPEN)
    hall.said["52-VCB-GA", "current_a"] = 300.0
    assert hall.run(10.0, until=lambda: hall.positions["52-VCB-MA"] == CLOSED)
    hall.run(3.0)
    assert hall.told("52-VCB-MA")[-1] == "open"
    assert fed_by_sets(hall, "MVA")
    stages = [e.fields["stage"] for e in hall.happened("stage") if e.fields.get("section") == "MVA"]
    assert stages[-1] == "held"
