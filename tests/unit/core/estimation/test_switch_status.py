"""Positions against flows and voltages: every breaker of the hall lies once, in several states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from daemon.core.estimation import switch_status
from daemon.core.estimation.ways import joints_of
from daemon.core.topology import survey
from daemon.model.natures import Position
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND
from tests.unit.core.estimation.picture import Picture

PARAMS = switch_status.Params()
OUTAGE = ((1.0, "U-A", "outage"), (1.0, "U-B", "outage"))
STATES = {"normal": (), "outage": OUTAGE, "transformer": ((1.0, "TX-P-A", "trip_87t"),)}
OPEN, CLOSED = Position.OPEN.value, Position.CLOSED.value


class Watch:
    """A picture, and what is concluded of it."""

    def __init__(self, *events: tuple[float, str, str], seed: int = 0) -> None:
        self.picture = Picture(*events, until_s=40.0, seed=seed)
        self.topology = survey(
            self.picture.view().image,
            self.picture.site,
            self.picture.points,
        )
        self.state = switch_status.State()
        self.names = [e.id for e in self.picture.site.of_nature("breaker")]
        self.told: list[str] = []

    def look(self, count: int = 1) -> None:
        for _ in range(count):
            view = self.picture.view(self.topology)
            turn = switch_status.step(view, self.state, PARAMS)
            self.state = turn.state
            self.told += [e.text for e in turn.events]
            if turn.facts:
                self.picture.facts = replace(self.picture.facts, **turn.facts)

    def verdict(self, name: str) -> str:
        return self.picture.facts.positions.verdicts[name].verdict

    def contradicted(self) -> tuple[str, ...]:
        return self.picture.facts.positions.contradicted

    def index(self, name: str, point: str = "position") -> int:
        return self.picture.points.index(name, point)

    def lie(self, name: str) -> None:
        """Show the other position."""
        true = self.picture.true[self.index(name)]
        self.picture.shown[self.index(name)] = OPEN + CLOSED - true

    def telling(self, name: str) -> tuple[bool, bool]:
        """Return whether physics must tell (a clear flow, a voltage on one side), or may."""
        at = {p: self.picture.true[self.index(name, p)] for p in _READ}
        rated = self.picture.site.equipment[name].ratings["current_a"]
        torn = (at["source_voltage_v"] > 1.0) != (at["load_voltage_v"] > 1.0)
        flow_pu = float(abs(at["current_a"])) / rated
        return bool(flow_pu > 0.02 or torn), bool(flow_pu > 0.001 or torn)


_READ = ("current_a", "source_voltage_v", "load_voltage_v")


@pytest.mark.fault("F25")
@pytest.mark.parametrize("state", STATES)
def test_every_lying_breaker_is_found_where_physics_can_tell(state: str) -> None:
    """Found in three scans and named alone; where nothing tells, that is said."""
    names = [e.id for e in Picture(*STATES[state], until_s=40.0).site.of_nature("breaker")]
    found = missed = 0
    for seed, name in enumerate(names):
        watch = Watch(*STATES[state], seed=seed)
        watch.look(5)
        assert not watch.contradicted()
        if watch.picture.true[watch.index(name)] not in {OPEN, CLOSED}:
            continue
        watch.lie(name)
        watch.look(3)
        must, may = watch.telling(name)
        named = watch.contradicted() == (name,)
        found, missed = found + (must and named), missed + (must and not named)
        assert may or watch.verdict(name) == "undetermined", name
    assert found >= 40
    assert missed == 0


def test_nothing_is_contradicted_that_is_as_it_shows() -> None:
    for state in STATES.values():
        watch = Watch(*state, seed=77)
        watch.look(700)
        assert not watch.told


def test_an_idle_feeder_is_undetermined_however_it_shows() -> None:
    watch = Watch()
    watch.look(4)
    assert watch.verdict("52-VCB-EA") == "undetermined"
    watch.lie("52-VCB-EA")
    watch.look(20)
    assert watch.verdict("52-VCB-EA") == "undetermined"


def test_a_verdict_says_who_and_what_and_is_taken_back() -> None:
    watch = Watch()
    watch.look(4)
    watch.lie("52-VCB-HA")
    watch.look(3)
    assert watch.contradicted() == ("52-VCB-HA",)
    assert watch.picture.facts.positions.verdicts["52-VCB-HA"].probability > 0.99
    assert watch.told == ["52-VCB-HA: shows open, flow and voltages say otherwise (100.0%)"]
    watch.picture.shown.clear()
    watch.look(4)
    assert not watch.contradicted()
    assert watch.told[1] == "52-VCB-HA: flow and voltages fit what it shows again"


def test_a_flow_that_is_shown_by_one_of_two_meters_alone_condemns_no_open_breaker() -> None:
    watch = Watch()
    watch.picture.shown[watch.index("52-VCB-TIE", "power_w")] = 3e6
    watch.look(20)
    assert not watch.contradicted()


def test_what_was_read_before_something_switched_does_not_count() -> None:
    """A breaker that opens is shown at once; its flow of a second ago is no contradiction."""
    watch = Watch()
    watch.look(4)
    picture = watch.picture
    stamps_ns = picture.now_ns
    picture.shown[watch.index("52-VCB-HA")] = OPEN
    for _ in range(4):
        view = picture.view(watch.topology, after_s=0.25)
        old = np.full(len(view.image.values), stamps_ns, dtype=np.int64)
        view = replace(view, image=replace(view.image, source_ns=old))
        turn = switch_status.step(view, watch.state, PARAMS)
        watch.state = turn.state
        if turn.facts:
            picture.facts = replace(picture.facts, **turn.facts)
    assert not watch.contradicted()
    assert picture.facts.positions.lagging


def test_a_position_that_is_not_read_is_undetermined() -> None:
    watch = Watch()
    watch.picture.quality[watch.index("52-VCB-HA")] = Quality.BAD_TIMEOUT
    watch.look(4)
    assert watch.verdict("52-VCB-HA") == "undetermined"


@pytest.mark.fault("F25")
def test_a_contradicted_switch_is_neither_open_nor_closed_for_anybody() -> None:
    picture = Picture()
    image = picture.view().image
    plain = survey(image, picture.site, picture.points)
    assert plain.section["MVA"] == plain.section["HAI"]
    doubted = survey(image, picture.site, picture.points, frozenset({"52-VCB-HA"}))
    assert doubted.section["MVA"] != doubted.section["HAI"]
    assert doubted.reach["MVA"] == doubted.reach["HAI"]
    opened = survey(image, picture.site, picture.points, frozenset({"52-VCB-TIE"}))
    assert plain.reach["MVA"] == plain.reach["MVB"], "both hang on one intake"
    assert opened.section["MVA"] != opened.section["MVB"]
    assert replace(picture.view(opened), topology=opened).position("52-VCB-TIE") is None


def test_parts_are_what_lies_on_either_side() -> None:
    picture = Picture()
    view = picture.view()
    joints = joints_of(picture.site, picture.points)
    buses = list(picture.site.buses)
    ends = np.array([[buses.index("MVA"), buses.index("HAI")]], dtype=np.intp)
    ways = joints.ways(joints.codes(view.image), ends)
    assert ways.fed.tolist() == [[True, False]]
    assert {buses[i] for i in np.flatnonzero(ways.inside[0, 1])} == {"HAI"}
    assert not ways.inside[0, 0, buses.index("HAI")]
    assert ways.inside[0, 0, buses.index("MVB")], "by way of the intake"


def test_a_scan_without_a_new_reading_changes_nothing() -> None:
    watch = Watch()
    watch.look(3)
    view = watch.picture.view(watch.topology)
    before = switch_status.step(view, watch.state, PARAMS).state
    again = replace(view, image=replace(view.image, now_ns=view.image.now_ns + SECOND))
    after = switch_status.step(again, before, PARAMS).state
    assert after == before._replace(at_ns=after.at_ns)
