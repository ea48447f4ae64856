"""What an action changes, what is lost and overloaded by it, rule by rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from daemon.core import consequence
from daemon.core.consequence import Consequence, carried_w, predict
from daemon.core.demand import POWER_FACTOR_PU
from daemon.core.feeding import AS_IS, Change
from daemon.model.commands import Proposal
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.interlocks.test_rows import on_sets, one_feed, outage
from tests.unit.core.test_consequence import ROWS_W, foretold, rated, view


def sets(number: int, **positions: int) -> Hall:
    """Return the hall with section A on some sets that share."""
    hall = rated()
    on_sets(hall)
    for n in range(1, number + 1):
        hall.stages[f"DG-{n}"], hall.positions[f"52-GCB-{n}"] = "loaded", CLOSED
    hall.positions |= {"52-VCB-GA": CLOSED, **positions}
    return hall


@pytest.mark.parametrize(
    ("name", "action", "change"),
    [
        ("52-VCB-TIE", "close", Change(joined=frozenset({"52-VCB-TIE"}))),
        ("52-VCB-TIE", "close_in_sync", Change(joined=frozenset({"52-VCB-TIE"}))),
        ("52-VCB-MA", "open", Change(cut=frozenset({"52-VCB-MA"}))),
        ("DG-1", "stop", Change(cut=frozenset({"DG-1"}))),
        ("SMR-1", "house_load", Change(cut=frozenset({"SMR-1"}))),
        ("ESS-1", "grid_following", Change(cut=frozenset({"ESS-1"}))),
        ("STS-1", "to_source_1", Change(turned=(("STS-1", 0),))),
        ("STS-1", "to_source_2", Change(turned=(("STS-1", 1),))),
        ("ESS-1", "grid_forming", AS_IS),
        ("DG-1", "start", AS_IS),
    ],
)
def test_an_action_changes_what_it_is_about(name: str, action: str, change: Change) -> None:
    hall = Hall()
    assert consequence._change(view(hall), hall.site.equipment[name], action) == change


def test_storage_that_forms_an_island_feeds_what_was_dead() -> None:
    hall = rated()
    outage(hall)
    store = hall.site.equipment["ESS-1"]
    added = Change(added=frozenset(store.buses))
    assert consequence._change(view(hall), store, "grid_forming") == added
    held = carried_w(view(hall), added)
    assert held["ESS-1"] > 0.0
    assert "ESS-2" not in held


@pytest.mark.parametrize(
    ("name", "point", "action", "lost"),
    [
        ("X-9", "command", "open", ()),
        ("52-VCB-SA1", "command", "open", ("SS-1", "SS-3", "CDU-A")),
        ("52-VCB-SA1", "scheme", "open", ()),
        ("CH-1", "command", "stop", ("CH-1",)),
        ("CH-1", "command", "start", ()),
        ("ROW-1", "command", "shutdown", ("ROW-1",)),
        ("ROW-1", "command", "start", ()),
    ],
)
def test_loads_are_lost_by_what_is_done_to_them_or_to_their_feed(
    name: str, point: str, action: str, lost: tuple[str, ...]
) -> None:
    wish = Proposal(name, point, action, 0.0, "maria", "asked")
    assert predict(view(rated()), wish).lost == lost


def test_a_row_is_lost_rack_by_rack_where_one_is_off_already() -> None:
    hall = rated()
    one_feed(hall)
    hall.stages["RACK-1-3"] = "off"
    racks = tuple(f"RACK-1-{n}" for n in range(1, 9) if n != 3)
    assert foretold(hall, "72-A1", "open").lost == racks


@pytest.mark.parametrize(
    ("name", "rated_w"),
    [
        ("DG-1", lambda r, v: r["power_w"]),
        ("DG-2", lambda r, v: 0.0),
        ("U-A", lambda r, v: POWER_FACTOR_PU * r["power_va"]),
        ("ESS-1", lambda r, v: r["power_w"]),
        ("HVDC-A", lambda r, v: r["power_w"]),
        ("TX-P-A", lambda r, v: POWER_FACTOR_PU * r["power_va"]),
        ("52-VCB-MA", lambda r, v: math.sqrt(3.0) * POWER_FACTOR_PU * v * r["current_a"]),
        ("STS-1", lambda r, v: math.sqrt(3.0) * POWER_FACTOR_PU * v * r["current_a"]),
        ("72-A1", lambda r, v: v * r["current_a"]),
    ],
)
def test_equipment_may_carry_its_rating(
    name: str, rated_w: Callable[[Mapping[str, float], float], float]
) -> None:
    hall = Hall()
    hall.stages["DG-1"] = "loaded"
    item = hall.site.equipment[name]
    volts = hall.site.buses[item.buses[-1]].voltage_v
    expected_w = pytest.approx(rated_w(item.ratings, volts))
    assert consequence._limit_w(view(hall), item) == expected_w


@pytest.mark.parametrize(
    ("now_pu", "then_pu", "told"),
    [
        (1.1, 1.1, False),
        (1.1, 1.109, False),
        (1.1, 1.111, True),
        (1.1, 1.05, False),
        (0.8, 1.0, False),
        (0.8, 1.001, True),
    ],
)
def test_only_what_is_beyond_its_rating_and_carries_more_than_now_is_overloaded(
    now_pu: float, then_pu: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_w = POWER_FACTOR_PU * Hall().site.equipment["TX-P-A"].ratings["power_va"]
    given = iter([{"TX-P-A": now_pu * limit_w}, {"TX-P-A": then_pu * limit_w}])
    monkeypatch.setattr(consequence, "carried_w", lambda *_: next(given))
    assert consequence._overloaded(view(Hall()), AS_IS) == (("TX-P-A",) if told else ())


def test_what_begins_to_carry_is_held_against_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter([{}, {"52-VCB-TIE": 1e9, "TX-P-A": 1e9, "TX-P-B": 1.0}])
    monkeypatch.setattr(consequence, "carried_w", lambda *_: next(given))
    found = consequence._overloaded(view(Hall()), AS_IS)
    assert set(found) == {"52-VCB-TIE", "TX-P-A"}
    order = list(Hall().site.equipment)
    assert list(found) == sorted(found, key=order.index), "in the order of the drawing"


def test_sets_that_share_carry_by_what_they_can_give() -> None:
    hall = sets(3)
    carried = carried_w(view(hall))
    each_w = carried["52-VCB-GA"] / 3
    assert each_w > 1e6
    for n in (1, 2, 3):
        assert carried[f"DG-{n}"] == pytest.approx(each_w, abs=0.01)
        assert carried[f"52-GCB-{n}"] == pytest.approx(each_w, abs=0.01)
    assert "U-A" not in carried
    now = view(hall)
    assert consequence._shares(now, ("DG-1", "DG-2", "DG-4"), 900.0) == {
        "DG-1": pytest.approx(450.0), "DG-2": pytest.approx(450.0), "DG-4": 0.0,
    }  # fmt: skip
    assert consequence._shares(now, ("DG-4", "GT-1"), 900.0) == {"DG-4": 450.0, "GT-1": 450.0}


def test_storage_that_follows_counts_where_there_is_a_net_and_by_what_it_gives() -> None:
    hall = sets(3)
    without_w = carried_w(view(hall))["52-VCB-GA"]
    for given_w, read in ((-1e6, True), (-1e6, False), (0.5e6, True)):
        hall.said["ESS-1", "power_w"] = given_w
        hall.hidden = set() if read else {("ESS-1", "power_w")}
        more_w = given_w if read else 0.0
        feeder_w = carried_w(view(hall))["52-VCB-GA"]
        assert feeder_w == pytest.approx(without_w + more_w, abs=0.01)
    hall.positions["52-VCB-GA"] = OPEN
    assert "ESS-1" not in carried_w(view(hall))


def test_a_set_beside_the_utility_gives_what_it_gives() -> None:
    hall = rated()
    whole_w = carried_w(view(hall))["U-A"]
    hall.positions |= {"52-GCB-1": CLOSED, "52-VCB-GA": CLOSED}
    hall.stages["DG-1"] = "loaded"
    hall.said["DG-1", "power_w"] = -1.5e6
    carried = carried_w(view(hall))
    assert carried["U-A"] == pytest.approx(whole_w - 1.5e6)
    assert foretold(hall, "DG-1", "stop") == Consequence()


def test_a_net_that_a_stronger_source_holds_keeps_what_it_feeds() -> None:
    """Section A on a set, B on the utility, and the direct current of both joined."""
    hall = sets(1)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.positions |= {"52-VCB-IN": CLOSED, "52-VCB-MB": CLOSED, "72-TIE": CLOSED}
    hall.said["DG-1", "power_w"] = -1e6
    carried = carried_w(view(hall))
    assert carried["72-TIE"] == pytest.approx(ROWS_W / 2, abs=0.01)
    assert carried["HVDC-B"] == pytest.approx(ROWS_W, abs=0.01)
    assert "HVDC-A" not in carried
    assert carried["DG-1"] == pytest.approx(carried["52-VCB-GA"], abs=0.01)


def test_storage_that_holds_an_island_gives_what_is_drawn_there() -> None:
    hall = rated()
    outage(hall)
    hall.stages["ESS-1"] = "grid_forming"
    hall.said["ESS-1", "power_w"] = -0.5e6
    carried = carried_w(view(hall))
    assert carried["ESS-1"] == pytest.approx(carried["52-VCB-EA"], abs=0.01)
    assert carried["ESS-1"] > 1e6
    drawn_w = sum(
        carried[name]
        for name in ("52-VCB-HA", "52-VCB-QA", "52-VCB-SA1", "52-VCB-SA2")
        if name in carried
    )
    assert carried["ESS-1"] == pytest.approx(drawn_w, abs=0.01)


def test_only_what_is_known_to_feed_is_foretold_to_feed() -> None:
    hall = rated()
    hall.hidden.add(("72-B1", "position"))
    assert foretold(hall, "72-A1", "open").lost == ("ROW-1",)
    unknown = sets(1)
    unknown.hidden.add(("52-VCB-GA", "position"))
    assert carried_w(view(unknown))["DG-1"] == 0.0
    sunny = rated()
    whole_w = carried_w(view(sunny))["U-A"]
    sunny.said["PV-1", "power_w"] = -1e6
    assert carried_w(view(sunny))["U-A"] == whole_w, "the sun is nothing to build on"
