"""What a rule may say, what is wrong with one, and the shares of the shipped list."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from daemon.core.alarms import annunciator
from daemon.core.alarms.rules import Rule, faults
from tests.main_lane import Lane, loaded

SHIPPED = loaded().control.alarms.rules


def test_shipped_rules_hold_together() -> None:
    assert faults(SHIPPED) == ()
    assert all(rule.cause and rule.consequence and rule.response for rule in SHIPPED.values())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"nature": "boiler"}, "nature"),
        ({"point": "soc"}, "point"),
        ({"variant": "rotary"}, "variant"),
        ({"at": "moon"}, "at"),
        ({"of": "horses"}, "of"),
        ({"suppressed_by": ("nobody",)}, "suppressed_by"),
        ({"only_while": {"stage": ("asleep",)}}, "only_while"),
        ({"only_while": {"mood": ("good",)}}, "only_while"),
        ({"condition": "is", "point": "stage", "states": ("asleep",)}, "states"),
        ({"condition": "is", "point": "stage"}, "states"),
        ({"condition": "told", "point": "supply"}, "point"),
        ({"nature": "gateway"}, "condition"),
    ],
)
def test_each_fault_of_a_rule_is_found_at_its_key(change: dict[str, object], key: str) -> None:
    sound = SHIPPED["storage-charge-low"]
    sound = replace(sound, nature="ups")
    assert faults({"x": sound}) == ()
    found = faults({"x": replace(sound, **change)})  # type: ignore[arg-type]
    assert [fault.key for fault in found] == [key]


def test_priorities_are_shared_out_as_people_can_bear() -> None:
    """About 5, 15 and 80 per cent of all possible alarms. Source: ISA-18.2."""
    hall = Lane()
    plan = annunciator.plan_of(hall.site, hall.points, hall.params.control.alarms)
    count = Counter(condition.rule.priority for condition in plan.conditions)
    total = len(plan.conditions)
    assert total > 1000
    assert 0.02 <= count[1] / total <= 0.08
    assert 0.10 <= count[2] / total <= 0.22
    assert (count[3] + count[4]) / total >= 0.70


def test_limits_follow_the_ratings_of_each_piece_of_equipment() -> None:
    hall = Lane()
    plan = annunciator.plan_of(hall.site, hall.points, hall.params.control.alarms)
    at = {c.id: c for c in plan.conditions}
    assert at["bus-voltage-low:R-MVA"].limit == pytest.approx(0.9 * 6600)
    assert at["bus-voltage-low:R-MVA"].limit_off == pytest.approx(0.91 * 6600)
    assert at["bus-frequency-high:R-HV"].limit_off == pytest.approx(60.6 - 0.048)
    assert at["breaker-overload:52-VCB-MA"].limit == 1250
    assert at["import-above-contract:M-UA"].limit == 5.5e6
    assert "import-above-contract:M-HV" not in at, "not at a utility"
    assert "chiller-stopped:CH-3" not in at, "normally out of service"


def test_a_rule_needs_no_device_map_that_serves_its_point() -> None:
    rule: Rule = replace(SHIPPED["storage-charge-low"], nature="breaker", point="trip_87")
    hall = Lane()
    params = annunciator.Params(rules={"x": replace(rule, condition="is")})
    plan = annunciator.plan_of(hall.site, hall.points, params)
    served = {p.equipment for p in hall.points.points if p.spec.name == "trip_87"}
    breakers = {e.id for e in hall.site.of_nature("breaker")}
    assert {c.source for c in plan.conditions} == served & breakers
