"""Load acceptance: what one step may be, and what hangs on each feeder."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from daemon.core.transfer import acceptance
from daemon.core.transfer.acceptance import Params
from daemon.model.plant import MainTieMainScheme, Site
from tests.hall import site_file

SET_W = 3.2e6


def with_class(**ratings: float) -> Site:
    site, _, _ = site_file()
    first = site.equipment["DG-1"]
    own = {k: v for k, v in first.ratings.items() if k != "performance_class_count"}
    changed = replace(first, ratings=MappingProxyType({**own, **ratings}))
    return replace(site, equipment=MappingProxyType({**site.equipment, "DG-1": changed}))


@pytest.mark.parametrize(
    ("ratings", "step_pu"),
    [
        ({"performance_class_count": 1}, 0.7),
        ({"performance_class_count": 2}, 0.6),
        ({"performance_class_count": 3}, 0.5),
        ({"performance_class_count": 4, "load_step_pu": 0.9}, 0.9),
        ({}, 0.5),
        ({"load_step_pu": 0.9}, 0.5),
    ],
    ids=["G1", "G2", "G3", "G4", "not said", "a step without a class"],
)
def test_the_class_of_a_set_says_its_step(ratings: dict[str, float], step_pu: float) -> None:
    site = with_class(**ratings)
    assert acceptance.step_w(site, ["DG-1"], Params()) == pytest.approx(step_pu * SET_W)


def test_the_steps_of_the_sets_on_the_bus_add_up() -> None:
    site, _, _ = site_file()
    assert acceptance.step_w(site, ["DG-1", "DG-2", "DG-3"], Params()) == pytest.approx(4.8e6)
    assert acceptance.step_w(site, [], Params()) == 0.0


def test_every_load_of_the_hall_hangs_on_a_feeder_once() -> None:
    site, points, _ = site_file()
    essential_w, rows_w = acceptance.rated_w(site, points)
    found = acceptance.blocks(site, points)
    assert sum(block.essential_w for block in found.values()) == pytest.approx(essential_w)
    assert sum(block.rows_w for block in found.values()) == pytest.approx(rows_w)


def test_feeders_know_their_priority_and_their_loads() -> None:
    site, points, _ = site_file()
    found = acceptance.blocks(site, points)
    # Half of the dual-corded racks and of 48 V, two of four static switches, one coolant pump.
    ups_w = 0.64e6 / 2 + 0.16e6 / 2 + 0.2e6 / 2 + 0.15e6
    assert found["52-VCB-SA1"] == pytest.approx(acceptance.Block(ups_w, 0.0, 1))
    assert found["52-VCB-SA2"] == pytest.approx(acceptance.Block(0.5e6, 0.0, 2))
    assert found["52-VCB-HA"] == pytest.approx(acceptance.Block(0.0, 3.12e6, 3))
    assert found["52-VCB-QA"] == acceptance.Block()


def test_an_essential_section_is_one_block_for_one_set_and_the_rows_are_not() -> None:
    site, points, _ = site_file()
    found, params = acceptance.blocks(site, points), Params()
    essential_w = sum(acceptance.block_w(found[f"52-VCB-SA{n}"], 1.0, params) for n in (1, 2))
    step_w = acceptance.step_w(site, ["DG-1"], params)
    assert essential_w < step_w < acceptance.block_w(found["52-VCB-HA"], 1.0, params)


def test_from_which_sets_on_the_rows_are_free_agrees_with_their_limit() -> None:
    site, points, _ = site_file()
    free_w = acceptance.unlimited_w(site, points, Params())
    assert acceptance.rows_limit_w(site, points, free_w + 1.0, Params()) == acceptance.NO_LIMIT_W
    assert acceptance.rows_limit_w(site, points, free_w - 1e3, Params()) > 0.0


def test_a_feeder_that_is_normally_open_is_not_one_that_comes_back() -> None:
    site, points, _ = site_file()
    (scheme,) = (s for s in site.schemes.values() if isinstance(s, MainTieMainScheme))
    assert "52-VCB-QA" in acceptance.outgoing_feeders(site, points, scheme)
    spare = replace(site.equipment["52-VCB-QA"], normally="open")
    other = replace(site, equipment=MappingProxyType({**site.equipment, "52-VCB-QA": spare}))
    found = acceptance._outgoing.__wrapped__(other, points)  # type: ignore[attr-defined]
    assert "52-VCB-QA" not in found["MVA"]
    assert "52-VCB-SA1" in found["MVA"]


def test_what_hangs_on_a_feeder_ends_at_the_next_section_and_a_ring_is_gone_round_once() -> None:
    site, _, _ = site_file()
    feeder, tie = site.equipment["52-VCB-QA"], site.equipment["52-VCB-TIE"]
    links = {
        name: replace(feeder, id=name, buses=buses)
        for name, buses in {
            "there": ("QA", "SA11"), "back": ("SA11", "QA"), "across": ("QA", "MVB"),
        }.items()
    }  # fmt: skip
    other = replace(site, equipment=MappingProxyType({**site.equipment, **links}))
    found = acceptance._downstream(other, "QA", frozenset({"MVA", "MVB"}), {tie.id})
    assert {"QA", "SA11", "UAI"} <= found
    assert found.isdisjoint({"MVA", "MVB", *site.equipment["52-VCB-QB"].buses[1:]})
