"""The words for what goes wrong outside the devices: with gateways, instruments, daemon and people.

What a device can do wrong by itself, its class says. These can be done to every gateway, to every
device that shows points, and to the process of the daemon; and people can ask the daemon for what
must not be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.natures import NATURES, PointKind
from device_emulators.selection import DAEMON, GATEWAY, OPERATOR, nature_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Site

OF_GATEWAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "hang": (),
    "answer": (),
    "refuse": (),
    "reset": (),
    "cut": (),
    "cut_to_gateway": (),
    "cut_to_daemon": (),
    "slow": ("latency_s",),
    "heal": (),
}
"""Leave requests unanswered and answer again; drop connections and take no new ones; drop them
once; lose them unheard and say nothing; lose one direction; take longer each way; end all that."""

OF_INSTRUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "freeze": ("point",),
    "scale": ("point", "factor"),
    "offset": ("point", "by"),
    "not_a_number": ("point",),
    "spike": ("point", "value", "for_s"),
    "stop_life": (),
    "ignore_writes": (),
    "refuse_writes": (),
}
"""Keep showing one value; show another; show none; show another for a while; count life no more;
acknowledge commands and set-points without obeying; refuse them. The heartbeat still arrives."""

OF_DAEMON: Final[Mapping[str, tuple[str, ...]]] = {"pause": ("for_s",), "clock_step": ("by_s",)}
"""Let its process run nothing for a while; set its wall clock forward or back."""

OF_OPERATOR: Final[Mapping[str, tuple[str, ...]]] = {"ask": ("of", "action")}
"""Ask the daemon for an action of some equipment, which its interlocks may refuse."""

ON_DESK: Final = frozenset({"hang", "answer", "heal"})
"""What a gateway can do on a real network as well."""

_UNSHOWN: Final = frozenset({PointKind.COMMAND, PointKind.HEARTBEAT})


def points_of(nature: str) -> tuple[str, ...]:
    """Return the points of a nature that its instruments can show wrongly."""
    spec = NATURES.get(nature)
    points = {} if spec is None else spec.points
    return tuple(name for name, point in points.items() if point.kind not in _UNSHOWN)


def on_desk(site: Site, id_: str, event: str) -> bool:
    """Return whether an event can be done in real time, on the desk."""
    nature = nature_of(site, id_)
    return event in ON_DESK if nature == GATEWAY else nature not in {DAEMON, OPERATOR}
