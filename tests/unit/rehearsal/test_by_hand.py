"""What the demonstration leaves to the person in front of it is said in words to be typed."""

from __future__ import annotations

from daemon.rehearsal.demo import by_hand
from daemon.rehearsal.desk import scenario_for
from daemon.settings import load


def test_a_scenario_with_a_person_in_it_says_what_to_type_and_when() -> None:
    site = load("ai_hall").site
    lines = by_hand(scenario_for("black_start", site, "desk"))
    assert "  at 210 s  ridethrough command select CCTS-1 black_start" in lines
    assert [line for line in lines if "DG-1 reset" in line]
    assert by_hand(scenario_for("extended_outage", site, "desk")) == []
