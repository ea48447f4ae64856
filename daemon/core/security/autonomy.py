"""How long every path lasts on the storage that is still connected to it.

A *path* is a row of racks, a UPS, a rectifier, or an IT rack behind those. For a row the storage is
its own rack batteries and its share of the DC storage joined to one of its feeds; for a rack it is
what stands behind all its feeds together. The answer is the time in which the energy is gone at
the present power, or in which a storage too weak for its part empties the others first:

    t = min((E_own + E_shared) / P, E_own / (P - P_shared_max))

What is not good counts as the worst case: unknown energy is none, unknown power is the rating.
Whether a path is *carried by storage* needs evidence: the converters in front of it are known to
give nothing. Without evidence either way the last conclusion stands, so that a UPS last seen on its
battery and now silent still counts as on battery, and one that was fed does not count as lost.
A converter that is silent while its input is known to be live counts as fed: evidence to the
contrary.

Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Interval

from daemon.core.topology import once_per_site
from daemon.core.view import Autonomy, Path, Turn, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

LONGEST_S: Final = 86_400.0
"""An autonomy beyond a day is shown as a day."""
_SECONDS_PER_HOUR: Final = 3600.0
_FEEDING: Final = frozenset({"normal", "running", "walk_in", "static_bypass", "maintenance_bypass"})


@dataclass(frozen=True, slots=True)
class Params:
    """What to assume where a device tells nothing.

    Attributes:
        efficiency_pu: discharge efficiency of storage [pu].
        shutdown_s: time of an orderly shutdown where a load does not tell [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    efficiency_pu: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.95
    shutdown_s: Annotated[float, Interval(ge=0.0, le=3600.0)] = 222.0


class State(NamedTuple):
    """Loads that storage alone carries, by the last evidence."""

    on_storage: tuple[str, ...] = ()


class _Row(NamedTuple):
    item: Equipment
    racks: tuple[Equipment, ...]
    feeds: tuple[str, ...]


class _Plan(NamedTuple):
    rows: tuple[_Row, ...]
    hvdcs: tuple[Equipment, ...]
    stores: tuple[Equipment, ...]
    backups: tuple[Equipment, ...]
    racks: tuple[Equipment, ...]


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    racks = site.of_nature("ai_rack")
    rows = []
    for row in site.of_nature("rack_row"):
        own = tuple(rack for rack in racks if rack.group == row.id)
        rows.append(_Row(row, own, tuple(dict.fromkeys(bus for r in own for bus in r.buses))))
    dc = {bus.id for bus in site.buses.values() if bus.kind == "dc"}
    return _Plan(
        rows=tuple(rows),
        hvdcs=site.of_nature("hvdc"),
        stores=tuple(e for e in site.of_nature("ess") if e.buses[0] in dc),
        backups=site.of_nature("ups", "rectifier"),
        racks=site.of_nature("it_rack"),
    )


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is known to be on storage."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Conclude what stands behind every load."""
    plan = _plan(view.site, view.points)
    was = frozenset(state.on_storage)
    rows = _rows(view, plan, was, params)
    backups = {item.id: _backup(view, item, was, params) for item in plan.backups}
    racks = {item.id: _rack(view, item, plan, backups, params) for item in plan.racks}
    paths: dict[str, Path] = {**rows, **backups, **racks}
    on_storage = tuple(name for name, path in paths.items() if path.on_storage)
    conclusion = Autonomy(
        paths=paths,
        on_storage=on_storage,
        rows_on_storage=bool(rows) and all(path.on_storage for path in rows.values()),
        short=tuple(n for n in on_storage if paths[n].autonomy_s < paths[n].shutdown_s),
    )
    return Turn(State(on_storage), facts={"autonomy": conclusion})


def lasting_s(own_wh: float, shared_wh: float, power_w: float, shared_w_max: float) -> float:
    """Return how long own and shared storage carry a load together [s].

    Args:
        own_wh: energy that can always be given as fast as it is needed [Wh].
        shared_wh: energy of the other storage [Wh].
        power_w: of the load [W].
        shared_w_max: most that the other storage can give [W].
    """
    if power_w <= 0.0:
        return LONGEST_S
    together_s = (own_wh + shared_wh) * _SECONDS_PER_HOUR / power_w
    if power_w > shared_w_max:
        together_s = min(together_s, own_wh * _SECONDS_PER_HOUR / (power_w - shared_w_max))
    return min(together_s, LONGEST_S)


def _feeding(view: View, item: Equipment) -> bool | None:
    """Return whether a converter gives power from its input, or None without evidence."""
    if view.topology.dead(item.buses[0]):
        return False
    stage = view.stage(item.id)
    if stage is not None:
        return stage in _FEEDING
    return True if view.topology.live(item.buses[0]) else None


def _carried(evidence: Iterable[bool | None], before: bool) -> bool:
    """Return whether storage carries a load, from what is known of all that could feed it."""
    seen = tuple(evidence)
    if any(seen):
        return False
    return before if None in seen else True


def _rows(view: View, plan: _Plan, was: frozenset[str], params: Params) -> dict[str, Path]:
    reach, section = view.topology.reach, view.topology.section
    power = {row.item.id: _power_w(view, row.item) for row in plan.rows}
    shared = _shared(view, plan, {name: value for name, (value, _) in power.items()})
    rows = {}
    for row in plan.rows:
        near = {reach[bus] for bus in row.feeds}
        converters = [c for c in plan.hvdcs if reach[c.buses[-1]] in near]
        on_storage = _carried((_feeding(view, c) for c in converters), row.item.id in was)
        own_wh, energy_known = _row_energy_wh(view, row)
        own_wh *= params.efficiency_pu
        power_w, power_known = power[row.item.id]
        joined = {section[bus] for bus in row.feeds}
        parts = [part for at, part in shared.items() if at in joined]
        shared_wh = sum(wh for wh, _ in parts) * power_w * params.efficiency_pu
        shared_w_max = sum(w for _, w in parts) * power_w
        shutdown_s = view.read(row.item.id, "shutdown_s")
        rows[row.item.id] = Path(
            load=row.item.id,
            priority=row.item.priority or min((r.priority for r in row.racks), default=0),
            on_storage=on_storage,
            energy_wh=own_wh + shared_wh,
            power_w=power_w,
            autonomy_s=lasting_s(own_wh, shared_wh, power_w, shared_w_max),
            shutdown_s=params.shutdown_s if shutdown_s is None else shutdown_s,
            known=energy_known and power_known and shutdown_s is not None,
        )
    return rows


def _shared(
    view: View, plan: _Plan, power_w: Mapping[str, float]
) -> dict[int, tuple[float, float]]:
    """Return by DC section what its storage offers per watt of the rows there: [Wh/W], [W/W]."""
    section = view.topology.section
    offers: dict[int, tuple[float, float]] = {}
    for store in plan.stores:
        at = section[store.buses[0]]
        load_w = sum(
            power_w[row.item.id] for row in plan.rows if at in {section[b] for b in row.feeds}
        )
        soc_pu = view.read(store.id, "soc_pu")
        # A derated store may say so; one that says nothing but its charge has its rating.
        limit_w = view.read(store.id, "discharge_limit_w")
        stage = view.stage(store.id)
        if soc_pu is None or load_w <= 0.0 or stage in {None, "off", "fault"}:
            continue
        power_max_w = store.ratings["power_w"] if limit_w is None else abs(limit_w)
        wh, w_max = offers.get(at, (0.0, 0.0))
        offers[at] = (
            wh + soc_pu * store.ratings["energy_wh"] / load_w,
            w_max + min(power_max_w, store.ratings["power_w"]) / load_w,
        )
    return offers


def _power_w(view: View, item: Equipment, name: str = "power_w") -> tuple[float, bool]:
    """Return what a load draws, its rating when that is not known, and whether it is."""
    value = view.read(item.id, name)
    return (item.ratings["power_w"], False) if value is None else (max(value, 0.0), True)


def _row_energy_wh(view: View, row: _Row) -> tuple[float, bool]:
    """Return the energy in the rack batteries of a row: its own word, else rack by rack."""
    told = view.read(row.item.id, "energy_stored_wh")
    if told is not None:
        return told, True
    charges = [(view.read(r.id, "soc_pu"), r.ratings["battery_wh"]) for r in row.racks]
    return sum(soc * wh for soc, wh in charges if soc is not None), False


def _backup(view: View, item: Equipment, was: frozenset[str], params: Params) -> Path:
    """Return the path of a UPS or a rectifier: its own battery."""
    status = view.status(item.id, "on_battery")
    evidence = _feeding(view, item) if status is None else not status
    power_w, power_known = _power_w(view, item, "output_power_w")
    soc_pu = view.read(item.id, "soc_pu")
    told_s = view.read(item.id, "runtime_s")
    energy_wh = (soc_pu or 0.0) * item.ratings["energy_wh"] * params.efficiency_pu
    counted_s = lasting_s(energy_wh, 0.0, power_w, 0.0)
    return Path(
        load=item.id,
        priority=1,
        on_storage=_carried((evidence,), item.id in was),
        energy_wh=energy_wh,
        power_w=power_w,
        # The device's own forecast and ours: the lower is believed.
        autonomy_s=counted_s if told_s is None else min(told_s, counted_s),
        shutdown_s=params.shutdown_s,
        known=power_known and soc_pu is not None,
    )


def _rack(
    view: View, item: Equipment, plan: _Plan, backups: Mapping[str, Path], params: Params
) -> Path:
    """Return the path of an IT rack: all batteries that are joined to one of its feeds."""
    section, reach = view.topology.section, view.topology.reach
    joined = {section[bus] for bus in item.buses}
    near = {reach[bus] for bus in item.buses}
    behind = [backups[b.id] for b in plan.backups if section[b.buses[-1]] in joined]
    maybe = [backups[b.id] for b in plan.backups if reach[b.buses[-1]] in near]
    power_w, power_known = _power_w(view, item)
    total_w = sum(path.power_w for path in behind)
    lasting = sum(path.autonomy_s * path.power_w for path in behind)
    shutdown_s = view.read(item.id, "shutdown_s")
    return Path(
        load=item.id,
        priority=item.priority,
        on_storage=bool(maybe) and all(path.on_storage for path in maybe),
        energy_wh=sum(path.energy_wh for path in behind),
        power_w=power_w,
        autonomy_s=lasting / total_w if total_w > 0.0 else (LONGEST_S if behind else 0.0),
        shutdown_s=params.shutdown_s if shutdown_s is None else shutdown_s,
        known=power_known and all(path.known for path in behind),
    )
