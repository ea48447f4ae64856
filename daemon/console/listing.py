"""What stands in the plant and what it obeys, for who wants to command it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from daemon.console import orders
from daemon.console.orders import RefusedError
from daemon.model.natures import PointKind
from daemon.settings.findings import choices

if TYPE_CHECKING:
    from daemon.console.door import Door
    from daemon.model.plant import Site
    from daemon.model.points import Point

SHOWN: Final = 100
OF_SCHEMES: Final = ("reset", "black_start")
_STANDS: Final = frozenset({PointKind.POSITION, PointKind.STAGE})
_POSITIONS: Final = ("travelling", "open", "closed", "bad")


def found(site: Site, pattern: str) -> list[str]:
    """Return the equipment and schemes that a pattern names.

    Raises:
        RefusedError: none.
    """
    names = [*dict.fromkeys((*site.schemes, *site.equipment))]
    matching = [name for name in names if fnmatchcase(name, pattern)]
    if not matching:
        text = f"nothing here is called {pattern} (valid: {choices(names, pattern)})"
        raise RefusedError("unknown_equipment", text)
    return matching


def shown(door: Door, name: str) -> dict[str, Any]:
    """Return what equipment or a scheme obeys, and how it stands."""
    site, points = door.inside.site, door.inside.points
    of_scheme = OF_SCHEMES if name in site.schemes else ()
    item = site.equipment.get(name)
    hung = {"tags": dict(door.tags.get(name, {}))}
    if item is None:
        return {"id": name, "kind": "scheme", "commands": [*of_scheme], "setpoints": [], **hung}
    commands = item.kind.commands() if points.find(name, "command") is not None else ()
    own = orders.served(points, item)
    return {
        "id": name,
        "kind": item.nature,
        "stands": {p.spec.name: _label(door, p) for p in own if p.spec.kind in _STANDS},
        "commands": [*dict.fromkeys((*commands, *of_scheme))],
        "setpoints": [
            {
                "point": point.spec.name,
                "unit": point.spec.unit,
                "low": point.place.low,
                "high": point.place.high,
                "value": door.value(point.index),
            }
            for point in orders.setpoints(points, item)
        ],
        **hung,
    }


def _label(door: Door, point: Point) -> str:
    """Return how a switch or a device stands, in a word."""
    value = door.value(point.index)
    labels = point.spec.states or _POSITIONS
    return labels[int(value)] if value is not None and 0 <= value < len(labels) else "unknown"
