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

from daemon.core.security.joints import joined, plan_of
from daemon.core.topology import once_per_site
from daemon.core.view import Autonomy, Path, Turn, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.core.gauges import Gauges
    from daemon.core.security.joints import Converter, Joints, Plan, Row
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


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is known to be on storage."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Conclude what stands behind every load."""
    plan = plan_of(view.site, view.points)
    joints = joined(plan, view.topology)
    rows = _rows(view, plan, joints, frozenset(state.on_storage), params)
    paths = {path.load: path for path in rows} | _sheltered(view, plan, joints, state, params)
    on_storage = tuple(name for name, path in paths.items() if path.on_storage)
    conclusion = Autonomy(
        paths=paths,
        on_storage=on_storage,
        rows_on_storage=bool(rows) and all(path.on_storage for path in rows),
        short=tuple(n for n in on_storage if paths[n].autonomy_s < paths[n].shutdown_s),
    )
    after = state if on_storage == state.on_storage else State(on_storage)
    return Turn(after, facts={"autonomy": conclusion})


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
    return _parted(gauges[0].read(view.image), gauges[1])


def _parted(values: list[float | None], size: int) -> list[tuple[float | None, ...]]:
    """Return as many values as one item has, item after item."""
    each = iter(values)
    return list(zip(*[each] * size, strict=True))


def _rows(
    view: View, plan: Plan, joints: Joints, was: frozenset[str], params: Params
) -> list[Path]:
    read = _read(view, plan.of_rows)
    powers = [_power_w(row.item, told[0]) for row, told in zip(plan.rows, read, strict=True)]
    shared = _shared(view, plan, joints, powers)
    stages = _read(view, plan.of_hvdcs)
    feeding = [
        _feeding(fed, converter, stage)
        for fed, converter, (stage,) in zip(joints.hvdcs, plan.hvdcs, stages, strict=True)
    ]
    rows = []
    for n, (row, power_w) in enumerate(zip(plan.rows, powers, strict=True)):
        power_told_w, energy_wh, shutdown_s = read[n]
        own_wh = _in_racks_wh(view, row) if energy_wh is None else energy_wh
        own_wh *= params.efficiency_pu
        offered_wh = offered_w = 0.0
        for at, (wh, w) in shared.items():
            if at in joints.sections[n]:
                offered_wh, offered_w = offered_wh + wh, offered_w + w
        shared_wh = offered_wh * power_w * params.efficiency_pu
        shared_w_max = offered_w * power_w
        rows.append(
            Path(
                load=row.item.id,
                priority=row.priority,
                on_storage=_carried([feeding[c] for c in joints.near[n]], row.item.id in was),
                energy_wh=own_wh + shared_wh,
                power_w=power_w,
                autonomy_s=lasting_s(own_wh, shared_wh, power_w, shared_w_max),
                shutdown_s=params.shutdown_s if shutdown_s is None else shutdown_s,
                known=None not in (power_told_w, energy_wh, shutdown_s),
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
            wh + soc_pu * store.ratings["energy_wh"] / load_w,
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
    view: View, plan: Plan, joints: Joints, state: State, params: Params
) -> dict[str, Path]:
    """Return the paths of UPS and rectifiers and of the racks behind them, by load."""
    memory = _memory(view.site, view.points)
    of_backups, of_racks = (g[0].read(view.image) for g in (plan.of_backups, plan.of_racks))
    asked = of_backups, of_racks, state.on_storage, params
    if memory.joints is not joints or memory.asked != asked:
        told = _parted(of_backups, plan.of_backups[1])
        backups = _backups(told, plan, joints, frozenset(state.on_storage), params)
        racks = _racks(_parted(of_racks, plan.of_racks[1]), plan, joints, backups, params)
        memory.paths = {path.load: path for path in (*backups, *racks)}
        memory.joints, memory.asked = joints, asked
    return memory.paths


def _backups(
    read: list[tuple[float | None, ...]],
    plan: Plan,
    joints: Joints,
    was: frozenset[str],
    params: Params,
) -> list[Path]:
    """Return the paths of UPS and rectifiers: their own batteries."""
    paths = []
    for backup, told, fed in zip(plan.backups, read, joints.backups, strict=True):
        on_battery, stage, power_told_w, soc_pu, told_s = told
        item = backup.item
        evidence = _feeding(fed, backup, stage) if on_battery is None else on_battery == 0
        power_w = _power_w(item, power_told_w)
        energy_wh = (soc_pu or 0.0) * item.ratings["energy_wh"] * params.efficiency_pu
        counted_s = lasting_s(energy_wh, 0.0, power_w, 0.0)
        paths.append(
            Path(
                load=item.id,
                priority=1,
                on_storage=_carried((evidence,), item.id in was),
                energy_wh=energy_wh,
                power_w=power_w,
                # The device's own forecast and ours: the lower is believed.
                autonomy_s=counted_s if told_s is None else min(told_s, counted_s),
                shutdown_s=params.shutdown_s,
                known=None not in (power_told_w, soc_pu),
            )
        )
    return paths


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
