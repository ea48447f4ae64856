"""Which loads emergency power off or a fire trip has cut off: power does not come back by itself.

The panel opens every breaker of its scheme and stops its sets by wire, whoever has authority; no
close passes the interlocks until a person has reset it. What the wire does not reach, racks on
their batteries and the DC storage, runs on until it is empty. The loads behind the scheme's mains
are therefore to end in order at once, whatever time their storage still had.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.topology import once_per_site
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

REASON: Final = "emergency power off or fire trip stands"


@once_per_site
def _behind(site: Site, points: PointTable) -> dict[str, frozenset[str]]:
    """Return by controller the loads behind the mains of its scheme, rows of racks among them."""
    boards = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    mains = {name for s in boards for c in s.sections for name in (c.main, c.upstream)}
    joined: dict[str, list[str]] = {}
    for item in site.equipment.values():
        if item.id not in mains:
            for bus in item.buses:
                joined.setdefault(bus, []).append(item.id)
    found = {}
    for scheme in boards:
        reached, waiting = set[str](), [section.bus for section in scheme.sections]
        seen = set(waiting)
        while waiting:
            for name in joined.get(waiting.pop(), ()):
                reached.add(name)
                fresh = [b for b in site.equipment[name].buses if b not in seen]
                seen.update(fresh)
                waiting += fresh
        rows = {site.equipment[name].group for name in reached} - {""}
        found[scheme.controller] = frozenset(reached | rows)
    return found


def cut_off(view: View) -> frozenset[str]:
    """Return the equipment behind schemes whose emergency power off is known to stand."""
    behind = _behind(view.site, view.points)
    struck = [loads for c, loads in behind.items() if view.status(c, "emergency_off")]
    return frozenset[str]().union(*struck)
