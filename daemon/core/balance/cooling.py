"""Whether the coolant of the rows moves: what caps and shuts them down before they are too hot.

Coolant that stands takes the whole heat of a rack, about a kelvin a second at full power. It stands
when every pump in service is known not to run; a pump that cannot be read proves nothing, since a
silent gateway must not stop a hall.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.topology import once_per_site

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

_STILL: Final = frozenset({"stopped", "fault"})


@once_per_site
def _pumps(site: Site, points: PointTable) -> tuple[str, ...]:
    return tuple(e.id for e in site.of_nature("pump") if e.normally != "out_of_service")


def still_since_ns(view: View, since_ns: int) -> int:
    """Return since when no coolant moves, 0 while some may [ns].

    Args:
        view: this scan.
        since_ns: what was returned for the scan before [ns].
    """
    pumps = _pumps(view.site, view.points)
    still = bool(pumps) and all(view.stage(name) in _STILL for name in pumps)
    return (since_ns or view.now_ns) if still else 0
