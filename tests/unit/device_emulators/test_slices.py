"""Slices of a site of many blocks: nothing is lost, nothing is played twice."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from daemon.model.plant import Site
from daemon.rehearsal.planning.file import put, text_of
from daemon.settings import load
from device_emulators.plant.plant import Plant
from device_emulators.scenario import Happening, Scenario
from device_emulators.slices import blocks_of, dealt, played, sliced


@cache
def park(mw: float = 25.0) -> Site:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "park.yaml"
        put(text_of(mw * 1e6, 130e3), path)
        return load(path).site


@pytest.mark.parametrize("mw", [18.0, 25.0])
def test_slices_are_the_whole_site_and_share_what_is_shared(mw: float) -> None:
    site = park(mw)
    parts = [sliced(site, [block]) for block in blocks_of(site)]
    for kind in ("buses", "equipment", "gateways", "schemes"):
        whole = getattr(site, kind).keys()
        assert set().union(*(getattr(part, kind) for part in parts)) == whole
        shared = set.intersection(*(set(getattr(part, kind)) for part in parts))
        assert not any(id_.startswith("B0") for id_ in shared)
        assert len(shared) == len(whole) - sum(len(getattr(p, kind)) - len(shared) for p in parts)


def test_gateways_are_served_by_one_process_each() -> None:
    site = park()
    first, *rest = dealt(site, 2)
    served = [*sliced(site, first).gateways]
    for blocks in rest:
        served += sliced(site, blocks, shared=False).gateways
    assert sorted(served) == sorted(site.gateways)


def test_blocks_are_dealt_evenly() -> None:
    site = park()
    assert [len(part) for part in dealt(site, 2)] == [1, 2]
    assert len(dealt(site, 9)) == 3
    with pytest.raises(ValueError, match="has no blocks"):
        dealt(load("ai_hall").site, 2)
    with pytest.raises(ValueError, match="has no block B9 "):
        sliced(site, ["B9"])


def test_a_slice_lives_and_feels_what_happens_to_all() -> None:
    part = sliced(park(), ["B02"])
    plant = Plant(part, seed=1)
    plant.advance(1_000_000_000)
    assert plant.quantity("B02-MVA", "live")
    assert all(load.fed for load in plant.truth().loads.values())
    for utility in ("U-A", "U-B"):
        plant.inject(utility, "outage", {})
    plant.advance(2_000_000_000)
    assert not plant.quantity("B02-MVA", "live")


def test_a_scenario_is_played_where_it_happens() -> None:
    rows = [("U-*", "outage"), ("B01-52-VCB-MA", "trip"), ("B02-GW-IN", "hang")]
    timeline = tuple(Happening(at_s=1.0, target=target, event=event) for target, event in rows)
    whole = Scenario(scenario="x", description="", for_s=9.0, timeline=timeline)
    here = played(whole, sliced(park(), ["B02"]))
    assert [each.target for each in here.timeline] == ["U-*", "B02-GW-IN"]
