"""How a scenario names equipment and what it shows: ids, natures, patterns, words for codes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from daemon.model.natures import NATURES, PointKind, Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.plant import Site

CRITICAL: Final = "critical"
"""Stands for every load that must not be interrupted."""
_POSITIONS: Final = tuple(position.name.lower() for position in Position)


def select(site: Site, selection: str | Iterable[str], *, gateways: bool = False) -> list[str]:
    """Return the equipment that `selection` names, in the order of the site file.

    Args:
        site: the plant.
        selection: an id, a nature, a pattern, `critical`, or several of these.
        gateways: whether gateways can be named too.
    """
    words = [selection] if isinstance(selection, str) else list(selection)
    found = [
        item.id
        for item in site.equipment.values()
        if any(
            fnmatchcase(item.id, word)
            or word == item.nature
            or (word == CRITICAL and item.critical)
            for word in words
        )
    ]
    if gateways:
        found += [id_ for id_ in site.gateways if any(fnmatchcase(id_, word) for word in words)]
    return found


def words_of(nature: str, point: str) -> tuple[str, ...]:
    """Return the words for the codes of a point, by code; none for a plain number."""
    spec = NATURES[nature].points.get(point)
    if spec is None:
        return ()
    if spec.kind is PointKind.POSITION:
        return _POSITIONS
    return ("false", "true") if spec.kind is PointKind.STATUS else spec.states


def code_of(nature: str, point: str, word: float | bool | str) -> float:
    """Return the value that a point has when it is `word`.

    Raises:
        ValueError: the point has no such word.
    """
    if isinstance(word, str):
        return float(words_of(nature, point).index(word))
    return float(word)
