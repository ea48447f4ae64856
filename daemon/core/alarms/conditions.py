"""All rules over all equipment, ready to be judged at once.

`compile_rules` multiplies rules with equipment into *conditions*, one per possible alarm, sorted by
how they are judged, so that `judging` needs a handful of numpy calls however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daemon.core.alarms.rules import CONTRACT, NOMINAL, Rule, labels
from daemon.model.natures import PointKind, Role
from daemon.model.points import Register
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

_ORDER = ("above", "below", "is", "is_not", "stale", "silent", "happened", "told")
_IN_SECONDS = frozenset({"stale", "happened"})
_FROM_CONTROLLERS = frozenset({"happened", "told"})
_SUPPLYING = frozenset({Role.SOURCE, Role.STORAGE})
MOST_STATES = 63
"""Codes that a bit set tells apart; the last stands for all beyond."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule for one piece of equipment (or gateway, or the site): one possible alarm.

    Attributes:
        id: `<class>:<source>`.
        alarm_class: key of the rule.
        rule: the rule.
        source: equipment, gateway or site.
        rank: place of the source in the site file; the site itself comes last.
        point: index of its point in the image, or None.
        unit: of its value and limit.
        limit: limit to raise, in that unit.
        limit_off: limit to clear, beyond the dead band.
    """

    id: str
    alarm_class: str
    rule: Rule
    source: str
    rank: int
    point: int | None
    unit: str
    limit: float
    limit_off: float


class Word(NamedTuple):
    """What is said under one topic and key, and the conditions that rest on it.

    Attributes:
        topic: of a message, or a fact.
        key: in it; "" stands for the time of the last message [ns].
        conditions: their places among those that are told, with source ("" for the site), the
            words of which one must be said, and for how long a message counts [ns].
    """

    topic: str
    key: str
    conditions: tuple[tuple[int, str, tuple[str, ...], int], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Conditions of a site in order of evaluation, with the arrays that judge them.

    A cache: made from the site and the rules alone, so it is no part of any state.

    Attributes:
        conditions: every possible alarm (n_condition,).
        index: place of each by alarm id.
        on_delay_ns: by condition [ns].
        off_delay_ns: by condition [ns].
        levels: how many of the first conditions are limits.
        level_point: point of each of these.
        level_sign: +1 for above, -1 for below.
        level_on: limit to raise, times sign.
        level_off: limit to clear, times sign.
        label_point: point of each condition on a label, which follow.
        label_mask: bit set of the values for which it holds.
        age_point: point of each condition on age, which follow.
        age_limit_ns: their limits [ns].
        own_points: points by which a device is known to talk, device after device.
        own_starts: where each device begins in it.
        gateway_devices: devices (places in `own_starts`) gateway after gateway.
        gateway_starts: where each gateway begins in it.
        silent: place in (devices, then gateways) of each condition on silence, which follow.
        first_told: place of the first condition on what is told; all others stand before.
        told: what is said under one topic and key, and the conditions on it.
        gate_point: stage point of each gate.
        gate_mask: bit set of the values that let the alarm exist.
        gate_of: the condition it gates.
        code_point: points that are read as codes: of labels, of gates, and stages of all sources.
        cause: condition that suppresses, edge by edge.
        consequence: condition that it suppresses.
        fed: (place, buses) of each condition that needs a supply.
    """

    conditions: tuple[Condition, ...]
    index: Mapping[str, int]
    on_delay_ns: Indices
    off_delay_ns: Indices
    levels: int
    level_point: Indices
    level_sign: NDArray[np.float64]
    level_on: NDArray[np.float64]
    level_off: NDArray[np.float64]
    label_point: Indices
    label_mask: Indices
    age_point: Indices
    age_limit_ns: Indices
    own_points: Indices
    own_starts: Indices
    gateway_devices: Indices
    gateway_starts: Indices
    silent: Indices
    first_told: int
    told: tuple[Word, ...]
    gate_point: Indices
    gate_mask: Indices
    gate_of: Indices
    code_point: Indices
    cause: Indices
    consequence: Indices
    fed: tuple[tuple[int, tuple[str, ...]], ...]


def compile_rules(rules: Mapping[str, Rule], site: Site, points: PointTable) -> Plan:
    """Return the plan of a site: every rule for whatever it is about, in order of evaluation."""
    pairs = [
        (name, rule, source)
        for kind in _ORDER
        for name, rule in rules.items()
        if rule.condition == kind
        for source in _sources(rule, site, points)
    ]
    rank = {name: place for place, name in enumerate((*site.gateways, *site.equipment))}
    conditions = tuple(
        _condition(name, rule, source, rank.get(source, len(rank)), site, points)
        for name, rule, source in pairs
    )
    of = {kind: [c for c in conditions if c.rule.condition == kind] for kind in _ORDER}
    limits, marks = of["above"] + of["below"], of["is"] + of["is_not"]
    sign = np.array([1.0] * len(of["above"]) + [-1.0] * len(of["below"]))
    talk = _talk(site, points)
    said = of["happened"] + of["told"]
    first_said = len(conditions) - len(said)
    gates = [
        (place, index, _mask(points.points[index].spec, states))
        for place, condition in enumerate(conditions)
        for name, states in condition.rule.only_while.items()
        if (index := points.find(condition.source, name)) is not None
    ]
    sources = [e for e in site.equipment.values() if e.kind.role in _SUPPLYING]
    stages = [i for e in sources if (i := points.find(e.id, "stage")) is not None]
    edges = _edges(conditions, site)
    return Plan(
        conditions=conditions,
        index={condition.id: place for place, condition in enumerate(conditions)},
        on_delay_ns=_indices(ns(c.rule.on_delay_s) for c in conditions),
        off_delay_ns=_indices(ns(c.rule.off_delay_s) for c in conditions),
        levels=len(limits),
        level_point=_indices(c.point or 0 for c in limits),
        level_sign=sign,
        level_on=sign * np.array([c.limit for c in limits]),
        level_off=sign * np.array([c.limit_off for c in limits]),
        label_point=_indices(c.point or 0 for c in marks),
        label_mask=_indices(_condition_mask(c, points) for c in marks),
        age_point=_indices(c.point or 0 for c in of["stale"]),
        age_limit_ns=_indices(ns(c.limit) for c in of["stale"]),
        own_points=talk.own_points,
        own_starts=talk.own_starts,
        gateway_devices=talk.gateway_devices,
        gateway_starts=talk.gateway_starts,
        silent=_indices(talk.place[c.source] for c in of["silent"]),
        first_told=first_said,
        told=_words(said),
        gate_point=_indices(index for _, index, _ in gates),
        gate_mask=_indices(mask for _, _, mask in gates),
        gate_of=_indices(place for place, _, _ in gates),
        code_point=_indices(
            chain((c.point or 0 for c in marks), (index for _, index, _ in gates), stages)
        ),
        cause=_indices(cause for cause, _ in edges),
        consequence=_indices(consequence for _, consequence in edges),
        fed=tuple(
            (place, site.equipment[c.source].buses)
            for place, c in enumerate(conditions)
            if c.rule.needs_supply and c.source in site.equipment
        ),
    )


def _indices(values: Iterable[int]) -> Indices:
    return np.fromiter(values, dtype=np.int64)


def _sources(rule: Rule, site: Site, points: PointTable) -> tuple[str, ...]:
    if rule.nature == "site":
        return (site.id,)
    devices = [e for e in site.equipment.values() if e.device is not None]
    if rule.nature == "gateway":
        # A gateway with a single device says nothing that the device's own alarm does not.
        served = [e.device.gateway for e in devices if e.device is not None]
        return tuple(name for name in site.gateways if served.count(name) > 1)
    if rule.nature == "device":
        return tuple(e.id for e in devices)
    return tuple(e.id for e in site.of_nature(rule.nature) if _applies(rule, e, site, points))


def _applies(rule: Rule, item: Equipment, site: Site, points: PointTable) -> bool:
    if rule.variant and item.variant != rule.variant:
        return False
    if rule.normally and item.normally != rule.normally:
        return False
    if rule.at and not any(set(e.buses) & set(item.buses) for e in site.of_nature(rule.at)):
        return False
    if rule.of not in {"", NOMINAL, CONTRACT} and rule.of not in item.ratings:
        return False
    if rule.condition in _FROM_CONTROLLERS:
        return True
    if rule.condition == "silent":
        return item.device is not None
    return points.find(item.id, rule.point) is not None


def _condition(
    name: str, rule: Rule, source: str, rank: int, site: Site, points: PointTable
) -> Condition:
    point = points.find(source, rule.point)
    unit = "s" if rule.condition in _IN_SECONDS else ""
    factor = 1.0
    if point is not None and rule.condition in {"above", "below"}:
        unit = points.points[point].spec.unit
        factor = _factor(rule, site.equipment[source], unit, site)
    limit = rule.limit * factor
    band = rule.dead_band * factor * (-1.0 if rule.condition == "above" else 1.0)
    return Condition(
        id=f"{name}:{source}",
        alarm_class=name,
        rule=rule,
        source=source,
        rank=rank,
        point=point,
        unit=unit,
        limit=limit,
        limit_off=limit + band,
    )


def _factor(rule: Rule, item: Equipment, unit: str, site: Site) -> float:
    if rule.of == NOMINAL:
        # The bus the point is about: an output is the last terminal, everything else the first.
        bus = item.buses[-1 if rule.point.startswith(("output", "load")) else 0]
        return site.frequency_hz if unit == "hz" else site.buses[bus].voltage_v
    if rule.of == CONTRACT:
        return site.contract.import_limit_w
    return item.ratings[rule.of] if rule.of else 1.0


def _condition_mask(condition: Condition, points: PointTable) -> int:
    assert condition.point is not None, condition.id
    mask = _mask(points.points[condition.point].spec, condition.rule.states)
    return mask if condition.rule.condition == "is" else ~mask & ((1 << MOST_STATES) - 1)


def _mask(spec: Any, states: tuple[str, ...]) -> int:  # noqa: ANN401
    """Return the bits of the values labelled by `states`; of a status, of those that are true."""
    if spec.kind is PointKind.STATUS or not states:
        return ((1 << MOST_STATES) - 1) & ~1
    return sum(1 << value for value, label in enumerate(labels(spec)) if label in states)


def _words(said: list[Condition]) -> tuple[Word, ...]:
    """Return the conditions on what is told, topic by topic."""
    words: dict[tuple[str, str], list[tuple[int, str, tuple[str, ...], int]]] = {}
    for n, condition in enumerate(said):
        rule = condition.rule
        source = "" if rule.nature == "site" else condition.source
        row = n, source, rule.states, ns(condition.limit)
        words.setdefault(_topic(rule.point), []).append(row)
    return tuple(Word(*about, tuple(rows)) for about, rows in words.items())


def _topic(point: str) -> tuple[str, str]:
    topic, _, key = point.partition(".")
    return topic, key


@dataclass(frozen=True, slots=True)
class _Talk:
    own_points: Indices
    own_starts: Indices
    gateway_devices: Indices
    gateway_starts: Indices
    place: Mapping[str, int]


def _talk(site: Site, points: PointTable) -> _Talk:
    """Return by which points every device and gateway is known to talk.

    What a gateway's mirror repeats does not prove that the device behind it lives, so it counts
    only where a device has nothing else. What is only written says nothing.
    """
    own: dict[str, list[int]] = {}
    mirrored: dict[str, list[int]] = {}
    for point in points.points:
        if "r" not in point.place.access:
            continue
        device = site.equipment[point.equipment].device
        assert device is not None, point.id
        copied = (
            site.gateways[device.gateway].mirror
            and isinstance(point.place, Register)
            and point.place.mirrored
        )
        (mirrored if copied else own).setdefault(point.equipment, []).append(point.index)
    listed = [own.get(name) or mirrored[name] for name in {**own, **mirrored}]
    devices = list({**own, **mirrored})
    behind: dict[str, list[int]] = {}
    for place, name in enumerate(devices):
        device = site.equipment[name].device
        assert device is not None, name
        behind.setdefault(device.gateway, []).append(place)
    names = [*devices, *behind]
    return _Talk(
        own_points=_indices(chain.from_iterable(listed)),
        own_starts=_starts(listed),
        gateway_devices=_indices(chain.from_iterable(behind.values())),
        gateway_starts=_starts(list(behind.values())),
        place={name: place for place, name in enumerate(names)},
    )


def _starts(groups: list[list[int]]) -> Indices:
    lengths = [len(group) for group in groups]
    return np.cumsum([0, *lengths[:-1]], dtype=np.int64) if lengths else _indices(())


def _edges(conditions: tuple[Condition, ...], site: Site) -> list[tuple[int, int]]:
    """Return (cause, consequence) for every pair in which the one suppresses the other."""
    by_class: dict[str, list[int]] = {}
    by_source: dict[tuple[str, str], list[int]] = {}
    for place, condition in enumerate(conditions):
        by_class.setdefault(condition.alarm_class, []).append(place)
        by_source.setdefault((condition.alarm_class, condition.source), []).append(place)
    edges = []
    for place, condition in enumerate(conditions):
        item = site.equipment.get(condition.source)
        behind = item.device.gateway if item is not None and item.device is not None else ""
        row = item.group if item is not None else ""
        near = {condition.source, behind, row}
        for name in condition.rule.suppressed_by:
            causes = by_class.get(name, [])
            if causes and "site" not in {conditions[causes[0]].rule.nature, condition.rule.nature}:
                causes = sorted(c for source in near for c in by_source.get((name, source), ()))
            edges += [(cause, place) for cause in causes]
    return edges
