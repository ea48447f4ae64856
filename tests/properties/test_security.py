"""Laws of the answer to the next failure: more storage and more knowledge are never worse."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.core import step as core
from daemon.model.natures import PointKind
from daemon.model.quality import Quality
from tests.main_lane import Lane
from tests.properties import examples

if TYPE_CHECKING:
    from daemon.model.contingency import Contingency

STORES = ("UPS-A", "UPS-B", "REC-A", "REC-B", "ESS-1", "ESS-2")
BAD = [Quality.BAD_TIMEOUT, Quality.BAD_OUT_OF_RANGE, Quality.UNCERTAIN_LAST_USABLE_VALUE]
WILD = [0.0, -1.0, 1.0, 2.0, 3.0, 1e9, -1e9]
"""Finite: drivers see to that."""


@cache
def kept(name: str) -> tuple[Lane, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    lane = Lane(name)
    return lane, lane.values.copy()


def healthy(name: str = "ai_hall") -> Lane:
    """Return a site before its first scan; always the same lane, for to make one takes long."""
    lane, values = kept(name)
    lane.values, lane.quality[:] = values.copy(), Quality.GOOD
    lane.state = core.initial(lane.params, lane.now_ns)
    return lane


@cache
def equipment() -> list[str]:
    return sorted(item.id for item in healthy().site.equipment.values() if item.device)


def alone() -> Lane:
    """Return a hall without another feed and without sets: storage is all there is."""
    lane = healthy()
    lane.put_all("generator", "selector", "manual")
    for name in ("M-UB.voltage_v", "R-UB.voltage_ll_v", "52-GCB-UB.source_voltage_v"):
        lane.put(name, 0.0)
    return lane


def answers(lane: Lane) -> dict[str, Contingency]:
    lane.scan(after_s=1.1)
    return {case.element: case for case in lane.state.facts.security.contingencies}


@examples(12)
@given(
    low=st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6),
    more=st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6),
    racks_wh=st.floats(0.0, 26_000.0),
    more_wh=st.floats(0.0, 26_000.0),
)
def test_more_storage_never_loses_a_load_sooner(
    low: list[float], more: list[float], racks_wh: float, more_wh: float
) -> None:
    def told(charges: list[float], rows_wh: float) -> dict[str, Contingency]:
        lane = alone()
        for name, soc_pu in zip(STORES, charges, strict=True):
            lane.put(f"{name}.soc_pu", soc_pu)
            if name[:3] in {"UPS", "REC"}:
                lane.put(f"{name}.runtime_s", 86_400.0)
        lane.put("ESS-2.discharge_limit_w", 1.5e6)
        lane.put_all("rack_row", "energy_stored_wh", rows_wh)
        return answers(lane)

    less = told(low, racks_wh)
    fuller = told([a + b * (1.0 - a) for a, b in zip(low, more, strict=True)], racks_wh + more_wh)
    for element, case in fuller.items():
        before = dict(less[element].lost)
        for load, lasts_s in case.lost:
            assert load in before
            assert lasts_s >= before[load] - 0.11


@examples(20)
@given(data=st.data())
def test_what_is_hidden_never_makes_the_answer_better(data: st.DataObject) -> None:
    """Whatever goes silent: no load has a source that it did not have, and none sooner."""
    lane = alone() if data.draw(st.booleans()) else healthy()
    before = answers(lane)
    hidden = data.draw(st.lists(st.sampled_from(equipment()), min_size=1, max_size=10))
    lane.spoil(*hidden, code=data.draw(st.sampled_from(BAD)))
    after = answers(lane)
    for element, case in before.items():
        waits = {load: until_s for load, _, until_s in after[element].on_storage}
        gone = dict(after[element].lost)
        for load, _, until_s in case.on_storage:
            assert load in waits or load in gone, (element, load)
            assert waits.get(load, math.inf) >= until_s, (element, load)
        assert {load for load, _ in case.lost} <= {*waits, *gone}, element


@examples(15)
@given(data=st.data())
def test_no_picture_of_the_plant_is_beyond_an_answer(data: st.DataObject) -> None:
    """Wild values of any quality: an answer for every element, with numbers that can be told."""
    lane = healthy(data.draw(st.sampled_from(["ai_hall", "traditional"])))
    seed = data.draw(st.integers(0, 2**32 - 1))
    share = data.draw(st.floats(0.0, 1.0))
    chance = np.random.default_rng(seed)
    points = lane.points.points
    for _ in range(3):
        wild = np.flatnonzero(chance.random(len(points)) < share)
        for n in wild.tolist():
            states = len(points[n].spec.states)
            labelled = points[n].spec.kind in {PointKind.STAGE, PointKind.POSITION}
            pick = chance.choice(WILD)
            lane.values[n] = chance.integers(0, max(states, 4)) if labelled else pick
            lane.quality[n] = chance.choice([Quality.GOOD, Quality.GOOD, *BAD])
        for element, case in answers(lane).items():
            assert all(0.0 <= s < math.inf for _, s in case.lost), element
            assert all(0.0 < s < math.inf for _, s, _ in case.on_storage), element
            assert all(0.0 < pu < math.inf for _, pu in case.overloaded), element
