"""What the drawing says for good, name by name, and of halls drawn a little otherwise."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.interlocks import drawn
from daemon.model.plant import MainTieMainScheme
from daemon.model.points import tabulate
from tests.hall import site_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

    Asked = Callable[[Site, PointTable], Any]

HALL = site_file()[0]
(SCHEME,) = (s for s in HALL.schemes.values() if isinstance(s, MainTieMainScheme))
MEMBERS = {
    *("52-VCB-IN", "52-VCB-PA", "52-VCB-MA", "52-VCB-PB", "52-VCB-MB", "52-VCB-TIE"),
    *("52-VCB-GA", "52-VCB-GB", "52-VCB-EA", "52-VCB-EB", "ESS-1"),
    *("DG-1", "DG-2", "DG-3", "DG-4", "52-GCB-1", "52-GCB-2", "52-GCB-3", "52-GCB-4"),
}
OWN = {
    "SMR-1": ("52-GCB-SMR",),
    "GT-1": ("52-GCB-GT",),
    **{f"DG-{n}": (f"52-GCB-{n}",) for n in range(1, 5)},
}


def said(asked: Asked, site: Site = HALL) -> Any:
    """Return what is found in a drawing."""
    return asked(site, tabulate(site))


def redrawn(*changed: Equipment, without: tuple[str, ...] = (), **more: Any) -> Site:
    """Return the hall with other equipment."""
    equipment = {**HALL.equipment, **{e.id: e for e in changed}}
    left = {name: e for name, e in equipment.items() if name not in without}
    return replace(HALL, equipment=MappingProxyType(left), **more)


def normally(name: str, stands: str) -> Equipment:
    return replace(HALL.equipment[name], normally=stands)


def test_a_scheme_has_its_breakers_its_sets_and_its_storage() -> None:
    found = said(drawn.schemes_by_member)
    assert set(found) == MEMBERS
    assert set(map(id, found.values())) == {id(SCHEME)}


def test_what_a_scheme_does_not_have_is_no_member_of_it() -> None:
    bare = replace(
        SCHEME,
        sections=tuple(replace(s, upstream="") for s in SCHEME.sections),
        storage_feeders=(),
        tie="",
    )
    site = replace(HALL, schemes=MappingProxyType({**HALL.schemes, "CCTS-1": bare}))
    gone = {"52-VCB-PA", "52-VCB-PB", "52-VCB-EA", "52-VCB-EB", "ESS-1", "52-VCB-TIE"}
    assert set(said(drawn.schemes_by_member, site)) == MEMBERS - gone
    storeless = redrawn(without=("ESS-1",))
    assert set(said(drawn.schemes_by_member, storeless)) == MEMBERS - {"ESS-1"}


def test_a_bus_is_touched_by_all_that_has_an_end_there_once() -> None:
    found = said(drawn.touching)
    assert set(found) == set(HALL.buses)
    assert found["HV"] == (
        *("52-VCB-IN", "R-HV", "M-HV", "52-GCB-SMR", "52-GCB-GT", "52-GCB-PV"),
        *("52-VCB-PA", "52-VCB-PB"),
    )
    assert found["LVA1"] == ("52-ACB-A1", "52-ACB-TA", "M-LVA1", "52-ACB-UA", "52-MCCB-RA")
    twice = replace(HALL.equipment["M-HV"], buses=("HV", "HV"))
    assert said(drawn.touching, redrawn(twice))["HV"].count("M-HV") == 1


def test_ties_are_normally_open_and_lie_between_two_feeds() -> None:
    assert said(drawn.ties) == {"52-VCB-TIE", "52-ACB-TA", "52-ACB-TB"}
    schemeless = replace(HALL, schemes=MappingProxyType({}))
    assert said(drawn.ties, schemeless) == {"52-VCB-TIE", "52-ACB-TA", "52-ACB-TB"}


def test_a_tie_of_a_scheme_is_one_however_it_is_drawn_and_another_only_when_open() -> None:
    site = redrawn(normally("52-VCB-TIE", "closed"), normally("52-ACB-TA", "closed"))
    assert said(drawn.ties, site) == {"52-VCB-TIE", "52-ACB-TB"}


def test_a_bus_that_only_an_open_breaker_leads_to_has_no_feed_of_its_own() -> None:
    a, b = (replace(HALL.equipment[n], normally="open") for n in ("52-ACB-A1", "52-ACB-A2"))
    assert said(drawn.ties, redrawn(a)) == {"52-VCB-TIE", "52-ACB-TB"}
    assert said(drawn.ties, redrawn(b)) == {"52-VCB-TIE", "52-ACB-TB"}


def test_a_feeder_of_storage_is_no_tie_though_both_its_ends_are_fed() -> None:
    feeder = HALL.equipment["52-VCB-EB"]
    assert "52-VCB-EB" not in said(drawn.ties)
    assert set(feeder.buses) <= {e.buses[1] for e in HALL.of_nature("breaker", "transformer")}
    assert "52-VCB-EB" in said(drawn.ties, redrawn(without=("ESS-1",)))


def test_machines_turn_at_their_terminals_behind_their_own_breakers() -> None:
    assert said(drawn.machines) == {
        "SMRT": "SMR-1", "GTT": "GT-1", "G1": "DG-1", "G2": "DG-2", "G3": "DG-3", "G4": "DG-4",
    }  # fmt: skip
    assert said(drawn.own_breakers) == OWN


def test_utilities_and_converters_are_named_in_order() -> None:
    assert [e.id for e in said(drawn.utilities)] == ["U-A", "U-B"]
    converters = ["UPS-A", "UPS-B", "REC-A", "REC-B", "HVDC-A", "HVDC-B"]
    assert [e.id for e in said(drawn.converters)] == converters


def test_partners_are_those_on_which_the_same_critical_loads_hang() -> None:
    assert said(drawn.partners) == {"UPS-A": ("UPS-B",), "UPS-B": ("UPS-A",)}
    third = replace(HALL.equipment["UPS-B"], id="UPS-C")
    assert said(drawn.partners, redrawn(third)) == {
        "UPS-A": ("UPS-B", "UPS-C"),
        "UPS-B": ("UPS-A", "UPS-C"),
        "UPS-C": ("UPS-A", "UPS-B"),
    }
    # Without anything critical behind them nobody depends on two of them.
    plain = [replace(e, critical=False) for e in HALL.equipment.values() if e.critical]
    assert said(drawn.partners, redrawn(*plain)) == {"UPS-A": (), "UPS-B": ()}


RACKS = {f"{kind}-{n}" for kind in ("SR", "SS") for n in range(1, 5)}


@pytest.mark.parametrize(
    ("bus", "loads"),
    [("UAO", RACKS), ("UBO", RACKS), ("SS1", {"SS-1"}), ("CH11", set()), ("MVG", set())],
)
def test_loads_hang_on_a_bus_over_switches_and_only_downwards(bus: str, loads: set[str]) -> None:
    """From below a static switch nothing leads up to its sources."""
    assert drawn._critical_behind(HALL, tabulate(HALL), bus) == loads


def test_a_ring_of_switches_is_gone_round_once() -> None:
    breaker, bus = HALL.equipment["52-ACB-UA"], HALL.equipment["UPS-A"].buses[1]
    ring = (
        replace(breaker, id="there", buses=(bus, "SPARE")),
        replace(breaker, id="back", buses=("SPARE", bus)),
    )
    site = redrawn(*ring, buses=MappingProxyType({**HALL.buses, "SPARE": HALL.buses[bus]}))
    assert said(drawn.partners, site) == said(drawn.partners)
