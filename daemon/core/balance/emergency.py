"""What emergency power off or a fire trip ends: loads in order, stores and converters at once.

The panel opens every breaker of its scheme and stops its sets by wire, whoever has authority; no
close passes the interlocks until a person has reset it. What the wire does not reach behind the
scheme's mains, the daemon tells: storage and converters to stop, so that nothing there holds a
voltage or brings one back by itself; and the loads, which run on their own batteries by then, to
end in order at once, whatever time these still had. What was stopped, a person starts again.

A flag can lie. The loads must be seen to live on storage; stores and converters are stopped when a
breaker of the board says that it is held off as well, or nothing from outside feeds its sections.

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

OWNER: Final = "emergency"
REASON: Final = "emergency power off or fire trip stands"
_STOPPED: Final = frozenset({"ess", "hvdc"})
_AT_REST: Final = frozenset({"off", "standby", "fault"})


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


def to_stop(view: View) -> tuple[str, ...]:
    """Return the storage and converters that are to stop, and do not yet show that they have."""
    found: list[str] = []
    for scheme in view.site.schemes.values():
        if not isinstance(scheme, MainTieMainScheme):
            continue
        if not view.status(scheme.controller, "emergency_off"):
            continue
        behind = _behind(view.site, view.points)[scheme.controller]
        if _held_off(view, scheme) or not _fed_from_outside(view, scheme, behind):
            own = (e for e in view.site.of_nature(*_STOPPED) if e.id in behind)
            found += [e.id for e in own if view.stage(e.id) not in _AT_REST]
    return tuple(found)


def _held_off(view: View, scheme: MainTieMainScheme) -> bool:
    """Return whether a breaker of the board says by itself that it is held off."""
    feeders = (n for c in scheme.sections for n in (c.main, c.generator_feeder))
    return any(view.status(name, "emergency_off") for name in (*feeders, scheme.tie))


def _fed_from_outside(view: View, scheme: MainTieMainScheme, behind: frozenset[str]) -> bool:
    """Return whether a section has its voltage from anything but the scheme's own storage."""
    topology = view.topology
    buses = [c.bus for c in scheme.sections if not topology.dead(c.bus)]
    stores = {e.id for e in view.site.of_nature("ess")} & behind
    return any(not stores.issuperset(topology.sources(bus) or ("",)) for bus in buses)
