"""Networks of the site: made when they are asked for, and followed while nothing but flows turn."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.core.estimation import estimator
from daemon.core.estimation.equations import equations
from daemon.core.estimation.estimator import NETWORK
from daemon.core.estimation.exits import widened
from daemon.core.estimation.gathering import asked, measurements, rows
from daemon.core.estimation.prepared import Plan, Prepared
from daemon.core.estimation.prepared import plan as plan_of
from daemon.model.commands import Finished
from tests.unit.core.estimation.picture import Picture

if TYPE_CHECKING:
    from daemon.core.estimation.estimator import Scanned, State
    from daemon.core.estimation.site_network import Wires

BREAKER = "72-A3"


class Plant:
    """A hall, its estimator, and one breaker that can be shown open."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.site, self.points = self.picture.site, self.picture.points
        self.state: State = estimator.initial(self.site, self.points)

    def scan(self, *inbox: Finished) -> Scanned:
        view = self.picture.view(after_s=0.1)
        done = estimator.step(self.state, view.image, view.topology, self.site, self.points, inbox)
        self.state = done.state
        return done

    def show(self, breaker: str, position: float) -> None:
        self.picture.true[self.points.index(breaker, "position")] = position


@lru_cache(maxsize=1)
def plan() -> Plan:
    picture = Picture()
    return plan_of(picture.site, picture.points)


def drawn(seed: int) -> Wires:
    """Return the hall with some switches moved, and power flowing whichever way."""
    chance, of = np.random.default_rng(seed), plan()
    normal = of.probe.normal()
    moved = chance.random(len(normal.closed)) < 0.05
    return normal._replace(
        closed=tuple((np.array(normal.closed) ^ moved).tolist()),
        backward=tuple((chance.random(len(moved)) < 0.5).tolist()),
        working=tuple((chance.random(len(normal.working)) < 0.8).tolist()),
        giving=tuple(d.source and bool(chance.random() < 0.7) for d in of.probe.drawing.draws),
    )


@pytest.mark.parametrize("seed", range(6))
def test_meters_of_buses_measure_what_leaves_them_whichever_way_it_flows(seed: int) -> None:
    of, wires = plan(), drawn(seed)
    drawing, networked = of.probe.drawing, of.networked(wires.closed)
    exits = {row: networked.at.exits[bus] for row, bus in of.exits.items()}
    turned = {
        row: one._replace(
            ways=tuple(w._replace(forward=w.forward != wires.backward[w.switch]) for w in one.ways)
        )
        for row, one in exits.items()
    }
    made = widened(rows(drawing, of.told.all, networked.at), turned)
    made += asked(drawing, of.readouts.sums, networked.at)
    sigma = of.sigma(of.usual)
    told = measurements(made, of.told.count, sigma, sigma)
    wanted = equations(networked.at.network, told).mix.toarray()
    found = networked.exits.equations(np.array(wires.backward)).mix.toarray()
    assert found == pytest.approx(wanted)
    if any(wires.backward[w.switch] for one in exits.values() for w in one.ways if w.terms):
        assert found != pytest.approx(networked.model.equations.mix.toarray())


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_measured_in_dead_parts_and_by_what_stands_open(seed: int) -> None:
    of, wires = plan(), drawn(seed)
    networked = of.networked(wires.closed)
    prepared = Prepared(of, networked, wires)
    live = networked.at.live(of.probe.drawing, wires)
    for row, each in enumerate(of.told.all[: of.told.count]):
        one = each.at[0]
        if one.what == "voltage":
            assert prepared.measures[row] == live[one.number]
        elif one.what == "switch_p":
            switch = of.probe.drawing.switches[one.number]
            if not (wires.closed[one.number] and live[switch.ends[0]]):
                assert not prepared.measures[row]
        elif one.what == "converter_p" and not wires.working[one.number]:
            assert not prepared.measures[row]


def test_a_network_is_asked_for_once_and_what_is_measured_stands_meanwhile() -> None:
    plant = Plant()
    solved = plant.scan()
    assert solved.estimate.fit is not None
    assert not solved.requests, "the network of normal operation is there"
    plant.show(BREAKER, 1.0)
    waiting = plant.scan()
    (request,) = waiting.requests
    assert request.function == NETWORK
    assert waiting.estimate.fit is None
    again = plant.scan()
    assert again.estimate.fit is None
    assert not again.requests
    assert estimator.networked(plant.site, plant.points, **request.arguments)
    back = plant.scan(Finished(request.id, True))
    assert back.estimate.fit is not None
    assert not [*waiting.events, *again.events, *back.events], "too short to be told"


def test_a_network_that_was_there_before_is_not_asked_for() -> None:
    plant = Plant()
    plant.scan()
    plant.show(BREAKER, 1.0)
    (request,) = plant.scan().requests
    plant.scan(Finished(request.id, True))
    for position in (2.0, 1.0):
        plant.show(BREAKER, position)
        moved = plant.scan()
        assert not moved.requests
        assert moved.estimate.fit is not None


def test_a_worker_that_failed_is_asked_again_and_that_nothing_is_solved_is_told() -> None:
    plant = Plant()
    plant.scan()
    plant.show(BREAKER, 1.0)
    (request,) = plant.scan().requests
    (again,) = plant.scan(Finished(request.id, None)).requests
    assert again.id != request.id
    assert not plant.scan(Finished(request.id, True)).requests, "an old answer is none"
    events = [e for _ in range(12) for e in plant.scan().events]
    assert [e.name for e in events] == ["estimate_lost"]
    (back,) = plant.scan(Finished(again.id, True)).events
    assert back.name == "estimate_back"


def test_who_has_the_time_waits_for_the_network() -> None:
    plant = Plant()
    view = plant.picture.view(after_s=0.1)
    unknown = replace(plant.state, known=())
    done = estimator.at_once(unknown, view.image, view.topology, plant.site, plant.points)
    assert done.estimate.fit is not None
    assert not done.requests
