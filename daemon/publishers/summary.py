"""The plant in a few dozen numbers, for people who look at one message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daemon.model.natures import PointKind, Position
from daemon.model.quality import is_bad, severity, worst

if TYPE_CHECKING:
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import Point, PointTable
    from daemon.publishers.publisher import Snapshot

SHOWN: Final = {
    "utility": (),
    "transfer_switch": ("connected",),
    "breaker": ("position",),
    "meter": ("power_w", "voltage_v", "frequency_hz"),
    "generator": ("stage", "power_w", "fuel_l"),
    "gas_turbine": ("stage", "power_w"),
    "smr": ("stage", "power_w"),
    "pv": ("stage", "power_w"),
    "ups": ("stage", "output_power_w", "soc_pu", "runtime_s"),
    "rectifier": ("stage", "output_power_w", "soc_pu", "runtime_s"),
    "ess": ("stage", "power_w", "soc_pu"),
    "hvdc": ("stage", "output_power_w"),
    "rack_row": ("stage", "power_w", "power_cap_pu", "racks_running_count"),
}
"""Points shown of each nature: a label for a stage or a position, a number for the rest."""

QUALITY: Final = ("good", "uncertain", "bad", "bad")


class Summary:
    """Picks the shown points of a site out of an image."""

    def __init__(self, site: Site, points: PointTable) -> None:
        """Look up the places of everything that is shown."""
        self._rows: list[tuple[str, list[Point]]] = []
        for item in site.equipment.values():
            places = [points.find(item.id, name) for name in SHOWN.get(item.nature, ())]
            shown = [points.points[place] for place in places if place is not None]
            if shown:
                self._rows.append((item.id, shown))

    def body(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return stages, powers and charge by equipment; null where a value is bad."""
        image = snapshot.image
        return {
            "t_ns": image.utc_ns,
            "ready": snapshot.ready,
            "alarms_active": sum(a.active and a.state in "BC" for a in snapshot.alarms.values()),
            "autonomy_s": {load: round(s, 1) for load, s in snapshot.autonomy_s.items()},
            "n_minus_1": _n_minus_1(snapshot),
            "equipment": {id: _shown(image, points) for id, points in self._rows},
        }


def _n_minus_1(snapshot: Snapshot) -> dict[str, Any]:
    """Return what would be lost or overloaded, by the element that dies."""
    return {
        case.element or "none": {
            "lost": dict(case.lost),
            "overloaded": dict(case.overloaded),
            "known": case.known,
        }
        for case in snapshot.contingencies
        if case.lost or case.overloaded
    }


def _shown(image: Image, points: list[Point]) -> dict[str, Any]:
    row: dict[str, Any] = {p.spec.name: _label(image, p) for p in points}
    quality = worst(*(int(image.quality[p.index]) for p in points))
    return row | {"quality": QUALITY[severity(quality)]}


def _label(image: Image, point: Point) -> str | float | None:
    if is_bad(int(image.quality[point.index])):
        return None
    value = image.value(point.index)
    if point.spec.kind is PointKind.STAGE:
        states = point.spec.states
        return states[int(value)] if 0 <= value < len(states) else None
    if point.spec.kind is PointKind.POSITION:
        return Position(int(value)).name.lower()
    return round(value, 3)
