"""How long every path lasts on the storage that is still connected to it.

A *path* is a row of racks, a UPS, a rectifier, or an IT rack behind those. For a row the storage is
its own rack batteries and its share of the DC storage joined to one of its feeds; for a rack it is
what stands behind all its feeds together, and for each feed what stands behind that one alone. The
answer is the time in which the energy is gone at the present power, or in which a storage too weak
for its part empties the others first:

    t = min((E_own + E_shared) / P, E_own / (P - P_shared_max))

Storage on AC counts only once it is proven: it says that it forms, its bus is live, no utility and
no set is joined to it, and what it gives is within what it can. Then it comes first, and what
stands behind it after it; a load that has no other supply is carried by storage. A UPS in bypass
carries nothing. The *reserve* of a path is the sum over all that storage of
`min(energy, power x time)`.

What is not good counts as the worst case: unknown energy is none, unknown power is the rating. What
a store reports counts no further than what estimation has reckoned to be in it.
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

from daemon.core.facts import Autonomy, Path
from daemon.core.security.feeds import by_feed
from daemon.core.security.joints import joined, plan_of
from daemon.core.security.lasting import LONGEST_S, SECONDS_PER_HOUR, lasting_s
from daemon.core.topology import once_per_site
from daemon.core.view import Turn, View
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.core.gauges import Gauges
    from daemon.core.security.joints import Converter, Joints, Plan, Row
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

_FEEDING: Final = frozenset({"normal", "running", "walk_in", "static_bypass", "maintenance_bypass"})
_WITHOUT_STORE: Final = frozenset({"off", "static_bypass", "maintenance_bypass", "fault"})


@dataclass(frozen=True, slots=True)
class Params:
    """What to assume where a device tells nothing.

    Attributes:
        efficiency_pu: discharge efficiency of storage [pu].
        shutdown_s: time of an orderly shutdown where a load does not tell [s].
        reserve_s: time that the reserve is for: until a failure of sets to start is known, and an
            orderly shutdown after that [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    efficiency_pu: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.95
    shutdown_s: Annotated[float, Interval(ge=0.0, le=3600.0)] = 222.0
    reserve_s: Annotated[float, Interval(ge=0.0, le=86_400.0)] = 300.0


class State(NamedTuple):
    """What the last scan concluded.

    Attributes:
        on_storage: loads that storage alone carries, by the last evidence.
        feeds_ns: when the feeds were looked at one by one [ns].
    """

    on_storage: tuple[str, ...] = ()
    feeds_ns: int = 0


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is known to be on storage."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Conclude what stands behind every load; once a second, behind each of its feeds."""
    plan = plan_of(view.site, view.points)
    joints = joined(plan, view.topology)
    formed = _formed(view, plan, joints, params)
    told = _read(view, plan.of_rows)
    powers = [_power_w(row.item, each[0]) for row, each in zip(plan.rows, told, strict=True)]
    shared = _shared(view, plan, joints, powers)
    was = frozenset(state.on_storage)
    rows = _rows(view, plan, joints, _Seen(told, powers, shared, formed), was, params)
    sheltered = _sheltered(view, plan, joints, formed, was, params)
    paths = {path.load: path for path in rows} | sheltered
    feeds = view.facts.autonomy.feeds
    if view.passed(state.feeds_ns + SECOND):
        feeds = by_feed(plan, joints, paths, shared, params.efficiency_pu, params.reserve_s)
        state = state._replace(feeds_ns=view.now_ns)
    on_storage = tuple(name for name, path in paths.items() if path.on_storage)
    conclusion = Autonomy(
        paths=paths,
        on_storage=on_storage,
        rows_on_storage=bool(rows) and all(path.on_storage for path in rows),
        short=tuple(n for n in on_storage if paths[n].autonomy_s < paths[n].shutdown_s),
        feeds=feeds,
    )
    if on_storage != state.on_storage:
        state = state._replace(on_storage=on_storage)
    return Turn(state, facts={"autonomy": conclusion})


class _Former(NamedTuple):
    """Storage that forms its AC supply, proven."""

    lasts_s: float
    power_w_max: float


def _formed(view: View, plan: Plan, joints: Joints, params: Params) -> tuple[_Former | None, ...]:
    """Return of every storage on AC what it does for what is joined to it, None if nothing."""
    return tuple(
        _former(view, item, told, params) if alone else None
        for item, told, alone in zip(
            plan.formers, _read(view, plan.of_formers), joints.alone, strict=True
        )
    )


def _usable_wh(view: View, name: str, reported_wh: float) -> float:
    """Return what may be counted on of what a store, or a row for its racks, reports [Wh]."""
    return min(reported_wh, view.facts.charge.usable_wh.get(name, reported_wh))


def _former(
    view: View, item: Equipment, told: tuple[float | None, ...], params: Params
) -> _Former | None:
    soc_pu, limit_w, stage, power_w = told
    states = item.kind.points["stage"].states
    if stage is None or states[int(stage)] != "grid_forming":
        return None
    most_w = min(item.ratings["power_w"], abs(limit_w or 0.0))
    given_w = item.ratings["power_w"] if power_w is None else max(-power_w, 0.0)
    energy_wh = _usable_wh(view, item.id, (soc_pu or 0.0) * item.ratings["energy_wh"])
    energy_wh *= params.efficiency_pu
    lasts_s = lasting_s(energy_wh, 0.0, given_w, 0.0) if given_w <= most_w else 0.0
    return _Former(lasts_s, most_w)


def _held_by(formed: tuple[_Former | None, ...], at: int | None) -> _Former | None:
    """Return the storage that forms the input of a converter, if one does."""
    return None if at is None else formed[at]


def _feeding(fed: bool | None, converter: Converter, stage: float | None) -> bool | None:
    """Return whether a converter gives power from its input, or None without evidence."""
    if fed is False:
        return False
    if stage is not None and 0 <= stage < len(converter.states):
        return converter.states[int(stage)] in _FEEDING
    return fed


def _carried(evidence: Iterable[bool | None], before: bool) -> bool:
    """Return whether storage carries a load, from what is known of all that could feed it."""
    seen = tuple(evidence)
    if any(seen):
        return False
    return before if None in seen else True


def _read(view: View, gauges: tuple[Gauges, int]) -> list[tuple[float | None, ...]]:
    """Return the values of one item after the other."""
    return _parted(view.best(gauges[0]), gauges[1])


def _parted(values: list[float | None], size: int) -> list[tuple[float | None, ...]]:
    """Return as many values as one item has, item after item."""
    each = iter(values)
    return list(zip(*[each] * size, strict=True))


class _Seen(NamedTuple):
    """What this scan shows of rows and of the storage joined to them.

    Attributes:
        told: by row, what it tells itself.
        powers_w: by row, what it draws [W].
        shared: by DC section, what its storage offers per watt of the rows there.
        formed: by storage on AC, what it does for what is joined to it.
    """

    told: list[tuple[float | None, ...]]
    powers_w: list[float]
    shared: dict[int, tuple[float, float]]
    formed: tuple[_Former | None, ...]


def _rows(
    view: View, plan: Plan, joints: Joints, seen: _Seen, was: frozenset[str], params: Params
) -> list[Path]:
    stages = _read(view, plan.of_hvdcs)
    feeding = [
        _feeding(fed, converter, stage)
        for fed, converter, (stage,) in zip(joints.hvdcs, plan.hvdcs, stages, strict=True)
    ]
    formers = [_held_by(seen.formed, at) for at in joints.hvdcs_of]
    rows = []
    for n, (row, power_w) in enumerate(zip(plan.rows, seen.powers_w, strict=True)):
        power_told_w, energy_wh, shutdown_s = seen.told[n]
        own_wh = _in_racks_wh(view, row) if energy_wh is None else energy_wh
        own_wh = _usable_wh(view, row.item.id, own_wh) * params.efficiency_pu
        offered_wh = offered_w = 0.0
        for at, (wh, w) in seen.shared.items():
            if at in joints.sections[n]:
                offered_wh, offered_w = offered_wh + wh, offered_w + w
        shared_wh = offered_wh * power_w * params.efficiency_pu
        shared_w_max = offered_w * power_w
        near = [(feeding[c], formers[c]) for c in joints.near[n]]
        held_s = max((f.lasts_s for fed, f in near if fed and f is not None), default=0.0)
        evidence = [False if fed and former is not None else fed for fed, former in near]
        alone_s = lasting_s(own_wh, shared_wh, power_w, shared_w_max)
        rows.append(
            Path(
                load=row.item.id,
                priority=row.priority,
                on_storage=_carried(evidence, row.item.id in was),
                energy_wh=own_wh + shared_wh + held_s * power_w / SECONDS_PER_HOUR,
                power_w=power_w,
                autonomy_s=min(alone_s + held_s, LONGEST_S),
                shutdown_s=params.shutdown_s if shutdown_s is None else shutdown_s,
                known=None not in (power_told_w, energy_wh, shutdown_s),
                held_s=held_s,
            )
        )
    return rows


def _shared(
    view: View, plan: Plan, joints: Joints, powers_w: list[float]
) -> dict[int, tuple[float, float]]:
    """Return by DC section what its storage offers per watt of the rows there: [Wh/W], [W/W]."""
    offers: dict[int, tuple[float, float]] = {}
    read = _read(view, plan.of_stores)
    for store, told, (at, rows) in zip(plan.stores, read, joints.served, strict=True):
        # A derated store may say so; one that says nothing but its charge has its rating.
        soc_pu, limit_w, stage = told
        load_w = sum(powers_w[row] for row in rows)
        if soc_pu is None or load_w <= 0.0 or not _gives(store, stage):
            continue
        power_max_w = store.ratings["power_w"] if limit_w is None else abs(limit_w)
        wh, w_max = offers.get(at, (0.0, 0.0))
        offers[at] = (
            wh + _usable_wh(view, store.id, soc_pu * store.ratings["energy_wh"]) / load_w,
            w_max + min(power_max_w, store.ratings["power_w"]) / load_w,
        )
    return offers


def _gives(store: Equipment, stage: float | None) -> bool:
    states = store.kind.points["stage"].states
    return (
        stage is not None
        and 0 <= stage < len(states)
        and states[int(stage)] not in {"off", "fault"}
    )


def _power_w(item: Equipment, told_w: float | None) -> float:
    """Return what a load draws, its rating when that is not known [W]."""
    return item.ratings["power_w"] if told_w is None else max(told_w, 0.0)


def _in_racks_wh(view: View, row: Row) -> float:
    """Return the energy in the batteries of a row that does not tell it itself [Wh]."""
    charges = [(view.read(r.id, "soc_pu"), r.ratings["battery_wh"]) for r in row.racks]
    return sum(soc * wh for soc, wh in charges if soc is not None)


class _Memory:
    """Paths behind UPS and rectifiers, whose values move once a second, and what they rest on."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.joints: Joints | None = None
        self.asked: tuple[object, ...] = ()
        self.paths: dict[str, Path] = {}


_memory: Final = once_per_site(_Memory)


def _sheltered(
    view: View,
    plan: Plan,
    joints: Joints,
    formed: tuple[_Former | None, ...],
    was: frozenset[str],
    params: Params,
) -> dict[str, Path]:
    """Return the paths of UPS and rectifiers and of the racks behind them, by load."""
    memory = _memory(view.site, view.points)
    of_backups, of_racks = (view.best(g[0]) for g in (plan.of_backups, plan.of_racks))
    asked = of_backups, of_racks, formed, was, params, view.facts.charge.usable_wh
    if memory.joints is not joints or memory.asked != asked:
        told = _parted(of_backups, plan.of_backups[1])
        backups = _backups(view, told, plan, joints, formed, was, params)
        racks = _racks(_parted(of_racks, plan.of_racks[1]), plan, joints, backups, params)
        memory.paths = {path.load: path for path in (*backups, *racks)}
        memory.joints, memory.asked = joints, asked
    return memory.paths


def _backups(
    view: View,
    read: list[tuple[float | None, ...]],
    plan: Plan,
    joints: Joints,
    formed: tuple[_Former | None, ...],
    was: frozenset[str],
    params: Params,
) -> list[Path]:
    """Return the paths of UPS and rectifiers: their own batteries, after what holds their input."""
    paths = []
    rows = zip(plan.backups, read, joints.backups, joints.backups_of, strict=True)
    for backup, told, fed, at in rows:
        on_battery, stage, power_told_w, soc_pu, told_s = told
        item = backup.item
        evidence = _feeding(fed, backup, stage) if on_battery is None else on_battery == 0
        former = _held_by(formed, at) if evidence else None
        held_s = 0.0 if former is None else former.lasts_s
        power_w = _power_w(item, power_told_w)
        energy_wh = _usable_wh(view, item.id, (soc_pu or 0.0) * item.ratings["energy_wh"])
        energy_wh *= params.efficiency_pu
        energy_wh *= not _bypassed(backup, stage)
        counted_s = lasting_s(energy_wh, 0.0, power_w, 0.0)
        alone_s = counted_s if told_s is None else min(told_s, counted_s)
        paths.append(
            Path(
                load=item.id,
                priority=1,
                on_storage=_carried((evidence and former is None,), item.id in was),
                energy_wh=energy_wh + held_s * power_w / SECONDS_PER_HOUR,
                power_w=power_w,
                # The device's own forecast and ours: the lower is believed.
                autonomy_s=min(alone_s + held_s, LONGEST_S),
                shutdown_s=params.shutdown_s,
                known=None not in (power_told_w, soc_pu),
                held_s=held_s,
            )
        )
    return paths


def _bypassed(backup: Converter, stage: float | None) -> bool:
    """Return whether the store of a UPS or rectifier does not stand behind its output."""
    known = stage is not None and 0 <= stage < len(backup.states)
    return known and backup.states[int(stage or 0)] in _WITHOUT_STORE


class _Behind(NamedTuple):
    """What all backups joined to one rack offer together."""

    energy_wh: float
    autonomy_s: float
    on_storage: bool
    known: bool


def _racks(
    read: list[tuple[float | None, ...]],
    plan: Plan,
    joints: Joints,
    backups: list[Path],
    params: Params,
) -> Iterator[Path]:
    """Yield the paths of IT racks: all batteries that are joined to one of their feeds."""
    offers: dict[tuple[tuple[int, ...], tuple[int, ...]], _Behind] = {}
    for item, told, *among in zip(plan.racks, read, joints.behind, joints.maybe, strict=True):
        behind, maybe = among
        offer = offers.get((behind, maybe))
        if offer is None:  # many racks stand on the same feeds
            joined = [backups[n] for n in behind]
            offer = offers[behind, maybe] = _offer(joined, [backups[n] for n in maybe])
        power_told_w, shutdown_s = told
        yield Path(
            load=item.id,
            priority=item.priority,
            on_storage=offer.on_storage,
            energy_wh=offer.energy_wh,
            power_w=_power_w(item, power_told_w),
            autonomy_s=offer.autonomy_s,
            shutdown_s=params.shutdown_s if shutdown_s is None else shutdown_s,
            known=power_told_w is not None and offer.known,
        )


def _offer(behind: list[Path], maybe: list[Path]) -> _Behind:
    total_w = sum(path.power_w for path in behind)
    lasting = sum(path.autonomy_s * path.power_w for path in behind)
    return _Behind(
        energy_wh=sum(path.energy_wh for path in behind),
        autonomy_s=lasting / total_w if total_w > 0.0 else (LONGEST_S if behind else 0.0),
        on_storage=bool(maybe) and all(path.on_storage for path in maybe),
        known=all(path.known for path in behind),
    )
