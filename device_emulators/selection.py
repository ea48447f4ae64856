"""How a scenario names equipment and what it shows: ids, natures, patterns, words for codes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from daemon.model.natures import NATURES, PointKind, Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.plant import Equipment, Site

CRITICAL: Final = "critical"
"""Stands for every load that must not be interrupted."""
BUS: Final = "bus"
GATEWAY: Final = "gateway"
DAEMON: Final = "daemon"
OPERATOR: Final = "operator"
SCHEDULER: Final = "scheduler"
"""Stand for natures of what is no equipment; the last three are also called so."""
_BY_NAME: Final = (DAEMON, OPERATOR, SCHEDULER)
_TRUTH: Final = ("false", "true")
_POSITIONS: Final = tuple(position.name.lower() for position in Position)


def select(
    site: Site, selection: str | Iterable[str], *, buses: bool = False, beside: bool = False
) -> list[str]:
    """Return what `selection` names, in the order of the site file.

    Args:
        site: the plant.
        selection: an id, a nature, a pattern, `critical`, or several of these.
        buses: whether buses can be named too.
        beside: whether gateways can be named too, and the daemon, its operator and the scheduler
            of jobs, by their names alone.
    """
    words = [selection] if isinstance(selection, str) else list(selection)
    found = [item.id for item in site.equipment.values() if any(_is(item, word) for word in words)]
    others = [*(site.buses if buses else ()), *(site.gateways if beside else ())]
    found += [id_ for id_ in others if any(fnmatchcase(id_, word) for word in words)]
    return found + [name for name in _BY_NAME if beside and name in words]


def _is(item: Equipment, word: str) -> bool:
    named = fnmatchcase(item.id, word) or word == item.nature
    return named or (word == CRITICAL and item.critical)


def nature_of(site: Site, id_: str) -> str:
    """Return the nature of equipment, or what else it is; "" if there is nothing of that id."""
    if id_ in site.equipment:
        return site.equipment[id_].nature
    if id_ in site.buses:
        return BUS
    if id_ in site.gateways:
        return GATEWAY
    return id_ if id_ in _BY_NAME else ""


def words_of(nature: str, point: str) -> tuple[str, ...]:
    """Return the words for the codes of a point, by code; none for a plain number."""
    if (nature, point) == (BUS, "live"):
        return _TRUTH
    spec = NATURES[nature].points.get(point) if nature in NATURES else None
    if spec is None:
        return ()
    if spec.kind is PointKind.POSITION:
        return _POSITIONS
    return _TRUTH if spec.kind is PointKind.STATUS else spec.states


def code_of(nature: str, point: str, word: float | bool | str) -> float:
    """Return the value that a point has when it is `word`.

    Raises:
        ValueError: the point has no such word.
    """
    if isinstance(word, str):
        return float(words_of(nature, point).index(word))
    return float(word)
