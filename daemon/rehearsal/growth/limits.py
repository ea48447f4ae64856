"""What can run out: every rated thing of a site, with what it carries in N and in declared N-1.

Transformers, converters and utilities are judged as in the balance of `ridethrough check`, sets
that work together as one limit, breakers and transfer switches by current. For sets, everything in
service means every set at its work while the mains is gone. The contract is that of the mains less
what on-site sources give that run day and night; its one more unit is the largest of these, or of
those that stand by, running too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.natures import Role
from daemon.rehearsal.growth.exhaustion import Bound
from daemon.rehearsal.growth.futures import Group
from daemon.rehearsal.growth.loads import NOTHING, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daemon.model.plant import Equipment, Site
    from daemon.rehearsal.growth.loads import Case, Racks

CONTRACT: Final = "grid contract"
UTILITY: Final = "utility"
SETS: Final = "generating sets"
TRANSFORMER: Final = "transformer"
UPS: Final = "UPS"
CONVERTER: Final = "converter"
FEEDER: Final = "feeder, breaker"
COOLING: Final = "cooling plant"
RESERVE: Final = "reserve"
RACKS: Final = "racks"
KINDS: Final = (
    CONTRACT, UTILITY, TRANSFORMER, SETS, UPS, CONVERTER, FEEDER, COOLING, RESERVE, RACKS,
)  # fmt: skip
_STEADY: Final = frozenset({"smr"})
"""On-site sources that give their rating day and night."""
_NAMED: Final = 3
"""Equipment of a case that is named, if there is no more."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that can run out.

    Attributes:
        name: of the equipment, or what it is.
        kind: one of `KINDS`.
        unit: of what is carried.
        normal: with everything in service; none where it then carries nothing.
        reduced: with everything in service and in every declared case.
        note: what binds, if it is not the rating.
        unit_adds: capacity that one more unit adds, 0 where there is nothing smaller than a block.
        block_adds: whether one more block takes its part of what is carried.
    """

    name: str
    kind: str
    unit: str
    normal: tuple[Bound, ...]
    reduced: tuple[Bound, ...] = field(default=())
    note: str = ""
    unit_adds: float = 0.0
    block_adds: bool = True


def limits_of(
    site: Site, cases: Sequence[Case], racks: Racks, power_factor: float
) -> Iterator[Limit]:
    """Yield every limit of a site but those of its reserve.

    Args:
        site: the plant.
        cases: what is carried with everything in service, and in the declared cases after it.
        racks: the demand.
        power_factor: of the balance [pu].
    """
    yield from _contract(site, cases, power_factor)
    yield from _rated(site, cases)
    yield from _sets(site, cases)
    yield from _feeders(site, cases, power_factor)
    yield from _cooling(site, racks)
    yield from _white_space(racks)


def mains_w(site: Site, case: Case, power_factor: float) -> Line | None:
    """Return what all utilities give together [W]; None where none of them feeds."""
    utilities = {e.id for e in site.of_nature("utility")}
    fed = [line for name, line in case.carried.items() if utilities.intersection(_ids(name))]
    return sum(fed, NOTHING).times(power_factor) if fed else None


def _steady(site: Site) -> list[Equipment]:
    """Return the on-site sources that run day and night."""
    return [e for e in site.of_nature(*_STEADY) if e.normally == "in_service"]


def steady_w(site: Site) -> float:
    """Return what on-site sources give that run day and night [W]."""
    return sum(e.ratings["power_w"] for e in _steady(site))


def words(out: Sequence[str]) -> str:
    """Return a case in words."""
    if len(out) > _NAMED:
        return f"without {out[0]} and {len(out) - 1} more"
    return f"without {' and '.join(out)}" if out else ""


def _ids(name: str) -> list[str]:
    return name.split(", ")


def _in_order(site: Site, names: Iterable[str]) -> list[str]:
    """Return names once each, in the order of the site file."""
    place = {id_: k for k, id_ in enumerate(site.equipment)}
    return sorted(dict.fromkeys(names), key=lambda name: place[_ids(name)[0]])


def _contract(site: Site, cases: Sequence[Case], power_factor: float) -> Iterator[Limit]:
    bounds = []
    for one in cases:
        drawn = mains_w(site, one, power_factor)
        if drawn is not None:
            imported = drawn.plus(-steady_w(site))
            bounds.append(Bound(words(one.out), imported, site.contract.import_limit_w))
    on_site = site.of_nature("smr", "gas_turbine")
    largest_w = max((e.ratings["power_w"] for e in on_site), default=0.0)
    steady = ", ".join(e.id for e in _steady(site))
    note = f"less {steady}" if steady else ""
    if bounds:
        yield Limit(
            "import", CONTRACT, "W", tuple(b for b in bounds if not b.case), tuple(bounds), note,
            unit_adds=largest_w, block_adds=False,
        )  # fmt: skip


def _rated(site: Site, cases: Sequence[Case]) -> Iterator[Limit]:
    """Yield transformers, converters and utilities."""
    for name in _in_order(site, (name for one in cases for name in one.carried)):
        item = site.equipment[_ids(name)[0]]
        if item.nature == "generator":
            continue
        bounds = [
            Bound(words(one.out), one.carried[name], one.rating[name])
            for one in cases
            if name in one.carried
        ]
        kind = _kind(item)
        unit = "W" if item.kind.role is Role.CONVERTER else "VA"
        normal = tuple(b for b in bounds if not b.case)
        modules = item.ratings.get("modules_count", 0.0)
        adds = item.ratings["power_w"] / modules if modules else 0.0
        yield Limit(
            name, kind, unit, normal, tuple(bounds),
            unit_adds=adds, block_adds=kind != UTILITY,
        )  # fmt: skip


def _kind(item: Equipment) -> str:
    if item.nature == "utility":
        return UTILITY
    if item.nature == "ups":
        return UPS
    return TRANSFORMER if item.kind.role is Role.TRANSFORMER else CONVERTER


def _sets(site: Site, cases: Sequence[Case]) -> Iterator[Limit]:
    """Yield sets that share what they carry: all of them at work, and the cases without one."""
    sets = {e.id: e for e in site.of_nature("generator")}
    whole: dict[frozenset[str], list[Bound]] = {}
    part: list[tuple[frozenset[str], Bound]] = []
    for one in cases:
        for name, line in one.carried.items():
            together = frozenset(_ids(name))
            if together <= sets.keys():
                bound = Bound(words(one.out), line, one.rating[name])
                if sets.keys() & set(one.out):
                    part.append((together, bound))
                else:
                    whole.setdefault(together, []).append(bound)
    for together, _ in part:  # declared without all of them at work
        if not any(together <= known for known in whole):
            whole[together] = []
    for together, bounds in whole.items():
        fewer = [bound for some, bound in part if some <= together]
        names = [id_ for id_ in sets if id_ in together]
        name = f"{names[0]} to {names[-1]}" if len(names) > 2 else ", ".join(names)
        adds = max(sets[id_].ratings["power_va"] for id_ in names)
        # Sets are loaded to the smaller of their two ratings, as in the balance.
        adds = min(adds, max(b.capacity for b in (*bounds, *fewer)) / len(names))
        yield Limit(
            name, SETS, "VA", tuple(bounds), (*bounds, *fewer), "mains lost", unit_adds=adds
        )


def _feeders(site: Site, cases: Sequence[Case], power_factor: float) -> Iterator[Limit]:
    """Yield breakers and transfer switches: the smaller of rating and over-current pick-up."""
    machines = {e.buses[0] for e in site.of_nature("generator")}
    for id_ in _in_order(site, (id_ for one in cases for id_ in one.switched_w)):
        item = site.equipment[id_]
        rated_a = item.ratings.get("current_a")
        # Sets share what they carry: the balance puts all of it on the breaker of one of them.
        if not rated_a or machines.intersection(item.buses):
            continue
        pickup_a = item.ratings.get("pickup_51_a", rated_a)
        bus = site.buses[item.buses[0]]
        per_a = bus.voltage_v * (3**0.5 * power_factor if bus.kind == "ac" else 1.0)
        bounds = tuple(
            Bound(words(one.out), one.switched_w[id_].times(1.0 / per_a), min(rated_a, pickup_a))
            for one in cases
            if id_ in one.switched_w
        )
        note = "pick-up 51" if pickup_a < rated_a else ""
        yield Limit(id_, FEEDER, "A", tuple(b for b in bounds if not b.case), bounds, note)


def _cooling(site: Site, racks: Racks) -> Iterator[Limit]:
    """Yield the chillers together, those that stand by among them, and without the largest."""
    if not racks.cooling_w:
        return
    chillers = site.of_nature("chiller")
    heat = Line(0.0, racks.it_w)
    all_w, largest_w = sum(racks.cooling_w), max(racks.cooling_w)
    normal = (Bound("", heat, all_w),)
    largest = max(chillers, key=lambda e: e.ratings["cooling_w"]).id
    spared = (Bound(f"without {largest}", heat, all_w - largest_w),)
    reduced = (*normal, *spared) if len(chillers) > 1 else normal
    name = f"{chillers[0].id} to {chillers[-1].id}" if len(chillers) > 1 else chillers[0].id
    yield Limit(name, COOLING, "W", normal, reduced, "heat", unit_adds=largest_w)


def _white_space(racks: Racks) -> Iterator[Limit]:
    """Yield the racks themselves: beyond their rating more of them have to be put up."""
    names = {Group.AI: "AI racks", Group.SERVERS: "servers", Group.STORAGE: "storage, network"}
    for group, name in names.items():
        rated_w = float(racks.it_w[group])
        if rated_w:
            slopes = np.zeros(len(Group))
            slopes[group] = rated_w
            bounds = (Bound("", Line(0.0, slopes), rated_w),)
            yield Limit(name, RACKS, "W", bounds, bounds, "those there are")
