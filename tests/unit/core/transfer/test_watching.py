"""A device that transfers by itself has its time for it, and is judged on good readings alone."""

from __future__ import annotations

import pytest

from daemon.core.facts import Facts
from daemon.core.topology import survey
from daemon.core.transfer import supervision
from daemon.core.view import View
from daemon.model.events import Event
from daemon.model.quantities import ns
from tests.hall import Hall


class Watch:
    """The supervision alone, over a hall in which nothing moves by itself."""

    def __init__(self) -> None:
        self.hall = Hall()
        self.params = supervision.Params()
        self.state = supervision.initial(self.hall.params.site, self.params)
        self.told: list[tuple[str, str]] = []

    def look(self, after_s: float = 0.01) -> list[tuple[str, str]]:
        """Let some time pass, look, and return what is asked for."""
        self.hall.now_ns += ns(after_s)
        params, image = self.hall.params, self.hall.image()
        view = View(
            lane="switching",
            image=image,
            inbox=(),
            site=params.site,
            points=params.points,
            topology=survey(image, params.site, params.points),
            facts=Facts(),
            heard={},
            estimate=None,
            epoch=1,
            next_id=1,
        )
        turn = supervision.step(view, self.state, self.params)
        self.state = turn.state
        self.told += [(e.source, e.name) for e in turn.events if isinstance(e, Event)]
        return [(p.equipment, p.action) for p in turn.proposals]

    def show(self, switch: str, stands: str, *healthy: bool) -> None:
        """Let a switch stand somewhere, its two sources healthy or not."""
        states = self.hall.site.equipment[switch].kind.points["connected"].states
        self.hall.said[switch, "connected"] = float(states.index(stands))
        for number, well in enumerate(healthy, 1):
            self.hall.said[switch, f"source_{number}_healthy"] = float(well)


@pytest.mark.parametrize(("switch", "allowed_s"), [("STS-1", 0.5), ("ATS-M1", 5.0)])
@pytest.mark.parametrize(
    ("stands", "healthy", "asked"),
    [
        ("source_1", (False, True), "to_source_2"),
        ("source_2", (True, False), "to_source_1"),
    ],
)
def test_a_switch_is_asked_when_its_time_is_over_and_not_before(
    switch: str, allowed_s: float, stands: str, healthy: tuple[bool, bool], asked: str
) -> None:
    watch = Watch()
    watch.show(switch, stands, True, True)
    assert watch.look() == []
    watch.show(switch, stands, *healthy)
    assert watch.look() == []
    assert watch.look(allowed_s - 0.01) == []
    assert watch.look(0.01) == [(switch, asked)]
    assert watch.look(9.0) == [(switch, asked)]
    assert [e for e in watch.told if e[0] == switch] == [(switch, "transfer_failed")]
    watch.show(switch, stands, True, True)
    assert watch.look() == []


@pytest.mark.parametrize("stands", ["open", "travelling"])
@pytest.mark.parametrize(
    ("healthy", "asked"),
    [
        ((True, False), "to_source_1"),
        ((False, True), "to_source_2"),
        ((True, True), "to_source_1"),
    ],
)
def test_a_switch_that_stands_nowhere_has_to_go_where_there_is_voltage(
    stands: str, healthy: tuple[bool, bool], asked: str
) -> None:
    watch = Watch()
    watch.show("STS-1", stands, False, False)
    assert watch.look() == watch.look(9.0) == []
    watch.show("STS-1", stands, *healthy)
    assert watch.look() == []
    assert watch.look(0.5) == [("STS-1", asked)]


@pytest.mark.parametrize("silent", ["connected", "source_1_healthy", "source_2_healthy"])
def test_what_cannot_be_read_is_no_verdict(silent: str) -> None:
    watch = Watch()
    watch.show("STS-1", "source_1", False, True)
    watch.hall.hidden.add(("STS-1", silent))
    watch.look()
    assert watch.look(9.0) == []
    assert ("STS-1", "transfer_failed") not in watch.told


def test_where_a_switch_goes_is_told_and_where_it_was_found_is_not() -> None:
    watch = Watch()
    for stands in ("source_1", "travelling", "source_2"):
        watch.show("STS-1", stands, True, True)
        watch.look()
    assert [e for e in watch.told if e[0] == "STS-1"] == [("STS-1", "transferred")]


@pytest.mark.parametrize(
    ("stage", "event"),
    [
        ("battery", "ups_on_battery"),
        ("walk_in", "ups_walk_in"),
        ("static_bypass", "ups_on_bypass"),
        ("maintenance_bypass", "ups_on_bypass"),
        ("off", "ups_off"),
        ("fault", "ups_fault"),
    ],
)
def test_a_ups_found_otherwise_than_normal_is_news_at_once(stage: str, event: str) -> None:
    watch = Watch()
    watch.hall.stages["UPS-A"] = stage
    watch.look()
    watch.look()
    assert watch.told == [("UPS-A", event)]
    watch.hall.hidden.add(("UPS-A", "stage"))
    watch.look()
    watch.hall.hidden.clear()
    watch.hall.stages["UPS-A"] = "normal"
    watch.look()
    assert watch.told == [("UPS-A", event), ("UPS-A", "ups_on_input")]


def test_a_switch_that_is_stuck_and_then_silent_is_still_asked_to_go_to_the_other_source() -> None:
    watch = Watch()
    watch.show("STS-1", "source_1", False, True)
    watch.look()
    assert watch.look(0.5) == [("STS-1", "to_source_2")]
    watch.hall.hidden |= {("STS-1", "source_1_healthy"), ("STS-1", "source_2_healthy")}
    assert watch.look() == [("STS-1", "to_source_2")]


def test_while_nothing_changes_nothing_new_is_remembered() -> None:
    watch = Watch()
    watch.look()
    before = watch.state
    watch.look()
    assert watch.state is before
    watch.show("STS-1", "source_2", True, True)
    watch.look()
    changed = {name for name, at in watch.state.devices.items() if at is not before.devices[name]}
    assert changed == {"STS-1"}
