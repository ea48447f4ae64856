"""Faults have a begin and an end."""

from __future__ import annotations

from typing import Any

from daemon.model.quantities import ns
from daemon.rehearsal.oracles.commands import Commands
from daemon.rehearsal.oracles.timeline import NEVER_NS, Timeline
from tests.unit.rehearsal.oracles.course import Course, happens


def timeline(*happenings: dict[str, Any]) -> Timeline:
    return Course(Commands(), *happenings).oracle.timeline


def spans(found: Timeline) -> dict[tuple[str, str], tuple[int, int]]:
    return {(f.target, f.event): (f.from_ns, f.to_ns) for f in found.faults}


def test_a_fault_ends_with_the_word_that_undoes_it() -> None:
    found = timeline(
        happens(1, "U-A", "outage"),
        happens(2, "GW-MVA", "hang"),
        happens(3, "U-A", "return"),
        happens(4, "GW-MVA", "heal"),
        happens(5, "DG-1", "no_start"),
    )
    assert spans(found) == {
        ("U-A", "outage"): (ns(1), ns(3)),
        ("GW-MVA", "hang"): (ns(2), ns(4)),
        ("DG-1", "no_start"): (ns(5), NEVER_NS),
    }
    assert found.healed_ns == NEVER_NS


def test_clear_ends_every_fault_of_its_target_and_no_other() -> None:
    found = timeline(
        happens(1, "52-VCB-MA", "fail_to_open"),
        happens(1, "52-VCB-MB", "fail_to_open"),
        happens(4, "52-VCB-MA", "clear"),
        happens(6, "52-VCB-MB", "clear"),
    )
    assert found.healed_ns == ns(6)
    assert found.on(frozenset({"52-VCB-MA"}), ns(3), ns(5))
    assert not found.on(frozenset({"52-VCB-MA"}), ns(5), ns(6))


def test_what_says_how_long_it_lasts_ends_by_itself_and_what_happens_at_once_is_over() -> None:
    sag = happens(1, "U-A", "sag", depth_pu=0.5, for_s=0.25)
    found = timeline(sag, happens(2, "52-VCB-MA", "trip"))
    assert spans(found)["U-A", "sag"] == (ns(1), ns(1.25))
    assert spans(found)["52-VCB-MA", "trip"] == (ns(2), ns(2))


def test_what_an_operator_asks_for_is_no_fault_but_the_site_comes_to_rest_after_it() -> None:
    asks = happens(3, "operator", "ask", of="52-VCB-MA", action="close")
    found = timeline(happens(1, "52-VCB-MA", "trip"), asks)
    assert [f.event for f in found.faults] == ["trip"]
    assert found.healed_ns == ns(3)
    assert timeline(asks).begun(ns(3))
    assert not timeline(asks).begun(ns(3) - 1)


def test_the_work_of_the_day_is_no_fault() -> None:
    assert timeline(happens(1, "SR-1", "load", utilisation_pu=0.5)).healed_ns == 0


def test_a_process_stands_still_until_the_longest_pause_is_over() -> None:
    found = timeline(
        happens(1, "daemon", "pause", for_s=5.0),
        happens(2, "daemon", "pause", for_s=1.0),
    )
    assert [(f.from_ns, f.to_ns) for f in found.faults] == [(ns(1), ns(6)), (ns(2), ns(3))]
