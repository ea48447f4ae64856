"""Live verdicts are those of the trace offline, and a passed limit is told, shown and alarmed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.core import compliance
from daemon.core.compliance import live
from daemon.settings.rules import load_rules
from tests.main_lane import UTC_NS, Lane, alarms, events, supply

if TYPE_CHECKING:
    from daemon.core.step import Step
    from daemon.model.compliance import Verdict

RULES = ("ercot_swing", "ercot_nogrr282")
EVERY_S = 0.1
Trace = list[tuple[float, float, int] | None]
"""Import [MW], voltage [pu] and how many scans it lasts; None for a value that is not good."""


class Delivery(Lane):
    """A main lane whose point of delivery shows what a test says."""

    def __init__(self, rules: tuple[str, ...] = RULES, every_s: float = 2.0) -> None:
        super().__init__()
        sets = tuple(load_rules(name) for name in rules)
        block = live.Params(rules, every_s=every_s, sets=sets)
        control = replace(self.params.control, compliance=block)
        self.params = replace(self.params, control=control)
        self.state = replace(self.state, compliance=live.initial(self.site, block))
        self.seen: list[tuple[int, float, float]] = []
        self.show(5.0, 1.0)
        self.scan(supply())

    def show(self, power_mw: float, voltage_pu: float) -> None:
        """Show the import and the voltage of the main feed."""
        self.put("M-UA.power_w", power_mw * 1e6)
        self.put("M-UA.voltage_v", voltage_pu * self.site.buses["UA"].voltage_v)
        self.put("M-UA.frequency_hz", 60.0)

    def play(self, power_mw: float, voltage_pu: float = 1.0, scans: int = 1) -> list[Step]:
        self.show(power_mw, voltage_pu)
        return [self.scan(after_s=EVERY_S) for _ in range(scans)]

    @property
    def told(self) -> live.State:
        assert self.state.compliance is not None
        return self.state.compliance

    @property
    def broken(self) -> tuple[str, ...]:
        return self.state.facts.compliance.broken

    def verdicts(self) -> dict[tuple[str, str], Verdict]:
        """Return what the two courts say."""
        both = compliance.verdicts(self.told.moves) + compliance.verdicts(self.told.rest)
        return {(v.rules, v.name): v for v in both}


def of_trace(lane: Delivery, parts: list[list[Any]]) -> dict[tuple[str, str], Verdict]:
    """Return the verdicts offline on the same parts of a trace; nothing is known after each."""
    begun = live.initial(lane.site, live.Params())
    sets = [compliance.contract_rules(lane.site.contract), *map(load_rules, RULES)]
    court = compliance.begin(sets, begun.moves.given)
    for part in parts:
        if part:
            t_ns, *columns = (np.array(column) for column in zip(*part, strict=True))
            names = ("power_w", "voltage_pu", "frequency_hz")
            values = dict(zip(names, columns, strict=True))
            court = compliance.take(court, compliance.Samples(t_ns, values))
        court = compliance.cut(court)
    return {(v.rules, v.name): v for v in compliance.verdicts(court)}


piece = st.tuples(
    st.floats(-1.0, 9.0), st.sampled_from([1.0, 1.06, 0.95, 1.21]), st.integers(1, 25)
)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.none() | piece, min_size=1, max_size=8), st.sampled_from([0.1, 0.7, 2.0]))
@example([(5.0, 1.0, 50), (5.8, 1.0, 30), (5.80001, 1.0, 30)], 2.0)
@example([(5.0, 1.0, 30), None, (8.0, 1.0, 30), (5.0, 1.21, 40)], 0.7)
def test_live_verdicts_are_those_of_the_trace(trace: Trace, every_s: float) -> None:
    lane = Delivery(every_s=every_s)
    blank = live.initial(lane.site, lane.params.control.compliance)
    lane.state = replace(lane.state, compliance=replace(blank, origin_ns=UTC_NS))
    base_v = lane.site.buses["UA"].voltage_v
    parts: list[list[Any]] = [[]]
    for one in [*trace, None]:
        if one is None:
            lane.spoil("M-UA")
            lane.scan(after_s=EVERY_S)
            if parts[-1] or len(parts) == 1:
                parts.append([])
            continue
        power_mw, voltage_pu, scans = one
        for _ in range(scans):
            lane.play(power_mw, voltage_pu)
            seen_pu = voltage_pu * base_v / base_v
            parts[-1].append((lane.now_ns + UTC_NS, power_mw * 1e6, seen_pu, 60.0))
    offline, here = of_trace(lane, parts[:-1]), lane.verdicts()
    assert here.keys() == offline.keys()
    for name, verdict in offline.items():
        mine = here[name]
        assert (mine.ok, mine.count, mine.first_s) == (verdict.ok, verdict.count, verdict.first_s)
        assert mine.value == pytest.approx(verdict.value, abs=1e-6), name


def passed(done: list[Step]) -> list[tuple[str, float]]:
    """Return what was told: limits and worst figures."""
    found = events(done, "limit_passed")
    return [(event.fields["limit_name"], event.fields["value"]) for event in found]


def test_what_keeps_the_limits_is_not_told() -> None:
    lane = Delivery()
    done = lane.play(5.0, scans=100) + lane.play(5.7, scans=100) + lane.play(5.0, scans=100)
    assert passed(done) == []
    assert not lane.broken
    swing = next(k for k in lane.state.facts.compliance.kept if k.limit == "swing in 5 s")
    assert swing.ok is True
    assert swing.margin_pu == pytest.approx(0.1 / 0.8)


def test_a_passed_limit_is_told_once_alarmed_and_shown_for_a_while() -> None:
    lane = Delivery()
    done = lane.play(5.0, scans=30) + lane.play(6.0, scans=30) + lane.play(5.0, scans=40)
    [(name, value)] = passed(done)
    assert name == "swing in 5 s"
    assert value == pytest.approx(1e6)
    assert "delivery-limit-passed" in {a.alarm_class for a in alarms(done)}
    assert lane.broken == ("contract: swing in 5 s",)
    done = [lane.scan(after_s=1.0) for _ in range(90)]
    assert passed(done) == []
    assert not lane.broken
    swing = next(k for k in lane.state.facts.compliance.kept if k.limit == "swing in 5 s")
    assert (swing.ok, swing.times) == (False, 1)
    assert swing.margin_pu == pytest.approx(-0.25)


def test_loss_of_input_and_recovery_from_it_are_no_swing() -> None:
    lane = Delivery()
    done = lane.play(5.0, scans=30) + lane.play(0.0, 0.0, scans=20)
    done += lane.play(3.0, scans=20) + lane.play(5.0, scans=20)
    done += [lane.scan(supply(feeds={"MVA": "generators"}, stable=()))]
    done += lane.play(1.0, scans=20)
    assert [name for name, _ in passed(done)] == []


def test_moves_are_not_judged_before_the_utility_has_been_stable_once() -> None:
    lane = Delivery()
    block = lane.params.control.compliance
    lane.state = replace(lane.state, compliance=live.initial(lane.site, block))
    lane.scan(supply(stable=()))
    done = lane.play(5.0, scans=30) + lane.play(6.0, scans=30)
    assert passed(done) == []
    lane.scan(supply())
    done = lane.play(6.0, scans=30) + lane.play(5.0, scans=40)
    assert [name for name, _ in passed(done)] == ["swing in 5 s"]


def test_a_move_after_the_recovery_is_judged_again() -> None:
    lane = Delivery()
    lane.play(0.0, 0.0, scans=20)
    lane.play(5.0)
    lane.scan(after_s=live.Params().recovery_s)
    done = lane.play(5.0, scans=40) + lane.play(6.0, scans=40)
    assert [name for name, _ in passed(done)] == ["swing in 5 s"]


def test_export_is_told_at_once_it_is_judged() -> None:
    lane = Delivery()
    done = lane.play(0.1, scans=5) + lane.play(-0.1, scans=40)
    assert "least import" in [name for name, _ in passed(done)]


def test_a_lane_without_a_known_voltage_says_nothing() -> None:
    lane = Delivery()
    lane.spoil("M-UA")
    lane.scan()
    before = lane.told.kept
    done = lane.run(5.0)
    assert passed(done) == []
    assert lane.told.kept == before
