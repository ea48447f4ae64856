"""The words for what goes wrong outside the devices: with gateways, instruments, daemon and people.

What a device can do wrong by itself, its class says. These can be done to every gateway, to every
device that shows points, and to the process of the daemon; and people can ask the daemon for what
must not be. Where a run has no frames (`IMAGE`), it cannot carry all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.commands import HANG, TAKE_OFF
from daemon.model.natures import NATURES, PointKind
from device_emulators.selection import BUS, DAEMON, GATEWAY, nature_of, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.model.plant import Site

DESK: Final = "desk"
WIRE: Final = "wire"
IMAGE: Final = "image"
"""Where a scenario is played: in real time, in virtual time with frames, and without."""

OF_WAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "hang": (),
    "answer": (),
    "refuse": (),
    "reset": (),
    "cut": (),
    "cut_to_gateway": (),
    "cut_to_daemon": (),
    "slow": ("latency_s",),
    "flap": ("period_s",),
    "heal": (),
}
"""Leave requests unanswered and answer again; drop connections and take no new ones; drop them
once; lose them unheard and say nothing; lose one direction; take longer each way; refuse and take
connections in turn; end all that."""

OF_FRAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "jitter": ("jitter_s",),
    "dribble": ("pause_s",),
    "late": ("latency_s",),
    "lose": ("share_pu",),
    "corrupt": ("share_pu",),
    "garbage": (),
    "oversize": (),
    "duplicate": (),
    "reorder": (),
    "storm": ("connections_count",),
}
"""Let each piece take another time; replies byte by byte; after their time; lost, or with a bit
turned, some of them; no replies at all but noise; longer than any; twice; the later one first; and
many strangers who connect and talk nonsense."""

OF_MODBUS: Final[Mapping[str, tuple[str, ...]]] = {
    "wrong_transaction": (),
    "wrong_unit": (),
    "wrong_function": (),
    "wrong_count": (),
    "wrong_length": (),
    "truncate": (),
    "busy": (),
    "no_path": (),
    "no_target": (),
}
"""Reply under another transaction, unit or function; say another count or length than that of what
comes; reply with less than was asked for, in good form; do nothing and reply with an exception: 6
busy, 10 no path to the device, 11 no answer from it."""

OF_OPCUA: Final[Mapping[str, tuple[str, ...]]] = {
    "lose_session": (),
    "lose_subscriptions": (),
    "renumber": (),
    "shift_time": ("by_s",),
}
"""Forget the sessions, or what they subscribed to; start again with other namespace indexes; stamp
values with another time."""

OF_GATEWAYS: Final[Mapping[str, tuple[str, ...]]] = {
    **OF_WAYS,
    **OF_FRAMES,
    **OF_MODBUS,
    **OF_OPCUA,
}
"""All that can be done to gateways; not each of them speaks the protocol for it."""

OF_CIRCUITS: Final[Mapping[str, tuple[str, ...]]] = {"fault": ("kind", "ohm")}
"""A short circuit, of a kind the plant knows, that stands until it is cleared."""
SHORTED: Final = (BUS, "breaker", "cable")
"""What a short circuit can be done to: a bus, or that behind a breaker or a cable."""

OF_INSTRUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "freeze": ("point",),
    "stick": ("point", "value"),
    "scale": ("point", "factor"),
    "offset": ("point", "by"),
    "drift": ("point", "by_per_s"),
    "not_a_number": ("point",),
    "infinite": ("point",),
    "spike": ("point", "value", "for_s"),
    "swap_words": (),
    "swap": ("with",),
    "stop_life": (),
    "ignore_writes": (),
    "refuse_writes": (),
}
"""Keep showing what it shows, or a value; show another, or ever another; show none, or infinity;
show another for a while; code values of two registers with the other word first; be another device
of its kind; count life no more; acknowledge commands and set-points without obeying; refuse them.
The heartbeat still arrives."""

OF_DAEMON: Final[Mapping[str, tuple[str, ...]]] = {"pause": ("for_s",), "clock_step": ("by_s",)}
"""Let its process run nothing for a while; set its wall clock forward or back."""

OF_OPERATOR: Final[Mapping[str, tuple[str, ...]]] = {"ask": ("of", "action")}
"""Ask the daemon for an action of some equipment or scheme, which its interlocks may refuse."""

OF_SCHEDULER: Final[Mapping[str, tuple[str, ...]]] = {
    "announce_start": ("job", "in_s", "power_w"),
    "announce_stop": ("job", "in_s", "power_w"),
    "take_back": ("job",),
}
"""Tell the daemon of a job that starts or stops, or that what was said of it holds no more."""

OF_SCHEMES: Final = ("reset", "black_start")
"""What a scheme obeys as a whole."""
OF_TAGS: Final = (HANG, TAKE_OFF)
"""What may be asked of whatever obeys: a maintenance tag on it, and off."""

UNDONE_BY: Final[Mapping[str, str]] = {
    "outage": "return",
    "sag": "return",
    "local": "remote",
    "rack_out": "rack_in",
    "manual": "auto",
    "test": "auto",
    "earth": "lift",
    "earth_live": "lift",
    "job_start": "job_stop",
    "inference_start": "job_stop",
}
"""The word that ends what another has done, where it is not `clear`."""
ONCE: Final = frozenset({"reset", "lose_session", "lose_subscriptions"})
"""What happens to a gateway once and is over."""
ENDS: Final = frozenset({"answer", "heal"})
"""What ends all that stands at a gateway."""

_OF_PROTOCOL: Final = {"modbus_tcp": OF_MODBUS, "opcua": OF_OPCUA}
_UNSHOWN: Final = frozenset({PointKind.COMMAND, PointKind.HEARTBEAT})


def points_of(nature: str) -> tuple[str, ...]:
    """Return the points of a nature that its instruments can show wrongly."""
    spec = NATURES.get(nature)
    points = {} if spec is None else spec.points
    return tuple(name for name, point in points.items() if point.kind not in _UNSHOWN)


def of_protocol(protocol: str) -> Mapping[str, tuple[str, ...]]:
    """Return what can be done to a gateway that speaks `protocol`."""
    return {**OF_WAYS, **OF_FRAMES, **_OF_PROTOCOL.get(protocol, {})}


def targets(site: Site, selection: str | Iterable[str], event: str) -> list[str]:
    """Return what an event is done to, in the order of the site file."""
    return select(site, selection, buses=event in OF_CIRCUITS or event == "clear", beside=True)


def why_not(site: Site, id_: str, event: str, where: str) -> str:
    """Return why an event cannot be done to something where a scenario is played; "" if it can."""
    nature = nature_of(site, id_)
    if nature == DAEMON:
        return "in virtual time only: play it with `ridethrough simulate`" if where == DESK else ""
    if nature == GATEWAY and where == IMAGE and event not in OF_WAYS:
        return "where there are frames only: play it with --depth wire"
    return ""
