"""What hangs together with a main-tie-main switchboard, as the drawing has it.

Emergency power off, a fire trip and a maintenance tag hold for more than the breakers of a scheme:
for what hangs behind its mains, and for what may bring voltage to it from elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daemon.core.topology import once_per_site
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


class Board(NamedTuple):
    """A switchboard and its surroundings.

    Attributes:
        scheme: mains, tie and generator breakers of it.
        own: its sections and its generator bus.
        behind: equipment behind its mains: what emergency power off leaves without a source. Rows
            of racks are among it by their own id.
        buses: all that joins what is behind its mains.
        near: equipment behind the intake: what can be joined to it without the utility.
    """

    scheme: MainTieMainScheme
    own: frozenset[str]
    behind: frozenset[str]
    buses: frozenset[str]
    near: frozenset[str]


@once_per_site
def boards(site: Site, points: PointTable) -> tuple[Board, ...]:
    """Return the switchboards of a site, in file order."""
    schemes = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    mains = {name for s in schemes for c in s.sections for name in (c.main, c.upstream)}
    intakes = {s.intake for s in schemes}
    joined: dict[str, list[str]] = {}
    for item in site.equipment.values():
        for bus in item.buses:
            joined.setdefault(bus, []).append(item.id)
    found = []
    for scheme in schemes:
        sections = [section.bus for section in scheme.sections]
        behind, buses = _hangs(site, joined, sections, mains)
        near, _ = _hangs(site, joined, sections, intakes)
        rows = {site.equipment[name].group for name in behind} - {""}
        own = frozenset({*sections, scheme.generator_bus} - {""})
        found.append(Board(scheme, own, behind | rows, buses, near))
    return tuple(found)


def _hangs(
    site: Site, joined: Mapping[str, list[str]], start: Iterable[str], cut: set[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the equipment and the buses that hang together with some buses, without `cut`."""
    reached, waiting = set[str](), list(start)
    seen = set(waiting)
    while waiting:
        for name in joined.get(waiting.pop(), ()):
            if name not in cut:
                reached.add(name)
                fresh = [b for b in site.equipment[name].buses if b not in seen]
                seen.update(fresh)
                waiting += fresh
    return frozenset(reached), frozenset(seen)


@once_per_site
def nearby(site: Site, points: PointTable) -> dict[str, tuple[Board, ...]]:
    """Return the boards that each piece of equipment hangs together with behind an intake."""
    found: dict[str, tuple[Board, ...]] = {}
    for board in boards(site, points):
        for name in board.near | board.behind:
            found[name] = (*found.get(name, ()), board)
    return found


def held_off(view: View, scheme: MainTieMainScheme) -> bool:
    """Return whether a breaker of the board says by itself that it is held off."""
    feeders = (n for c in scheme.sections for n in (c.main, c.generator_feeder))
    return any(view.status(name, "emergency_off") for name in (*feeders, scheme.tie))
