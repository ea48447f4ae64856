"""Is the fall-back that the site file declares the one that is set in the device?

Theory of operation. Everything that is promised for the case that the daemon falls silent rests on
what the devices then do, and when. So each device with a declared fall-back is asked for its own at
start, and again whenever its answer changes: it is VERIFIED, it DIFFERS, or nothing can be said:
its map does not serve it, or it has told nothing for `settle_s`. A verdict stands while a device is
silent, which has an alarm of its own. What is not verified is a fact, from which an alarm is made,
and an event; the daemon goes on, because the device protects its equipment either way. Once there
is a verdict on every device, they are judged again only when one of them tells something else.

Source: own derivation. Seen in the field: 60 s configured and 80 s real; 20 min, then full power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Interval

from daemon.core.facts import Fallbacks
from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Device, Site
    from daemon.model.points import PointTable

OWNER: Final = "fallback"
TOLERANCE_S: Final = 0.06
"""Resolution in which devices tell their time."""


class Verdict(Enum):
    """What is known of the fall-back of one device."""

    VERIFIED = "verified"
    DIFFERS = "differs"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Params:
    """How long devices are given to tell their fall-back.

    Attributes:
        settle_s: a device may keep silent for this long after the start before it is said [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    settle_s: Annotated[float, Interval(ge=1.0, le=600.0)] = 10.0


class State(NamedTuple):
    """What was concluded.

    Attributes:
        begun_ns: time of the first scan, 0 before [ns].
        verdicts: by device; missing while nothing can be said yet.
        summed: it was said that all devices are as declared.
        told: what the devices told when they were last judged.
    """

    begun_ns: int = 0
    verdicts: Mapping[str, Verdict] = {}
    summed: bool = False
    told: tuple[float | None, ...] = ()


class _Declared(NamedTuple):
    """Devices with a declared fall-back, and what they tell of it."""

    devices: dict[str, Device]
    gauges: Gauges


@once_per_site
def _declared(site: Site, points: PointTable) -> _Declared:
    devices = {
        item.id: item.device
        for item in site.equipment.values()
        if item.device and item.device.fallback_after_s > 0
    }
    names = ((name, point) for name in devices for point in ("fallback_after_s", "fallback"))
    return _Declared(devices, Gauges(points, names))


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is known of any device."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Compare what is declared with what the devices say."""
    declared, gauges = _declared(view.site, view.points)
    told = tuple(view.gauge(gauges))
    if not declared or (len(state.verdicts) == len(declared) and told == state.told):
        return Turn(state)
    begun_ns = state.begun_ns or view.now_ns
    settled = view.passed(begun_ns + ns(params.settle_s))
    verdicts, events = dict(state.verdicts), []
    for name, device in declared.items():
        verdict = _judge(view, name, device, missed=settled and name not in verdicts)
        if verdict is not None and verdict is not verdicts.get(name):
            before, verdicts[name] = verdicts.get(name), verdict
            if before is not None or verdict is not Verdict.VERIFIED:
                events.append(_tell(view, name, device, verdict))
    unproven = tuple(n for n, v in verdicts.items() if v is not Verdict.VERIFIED)
    summed = state.summed or (len(verdicts) == len(declared) and not unproven)
    if summed and not state.summed:
        text = f"The fall-back of all {len(declared)} devices that have one is as declared"
        events.append(view.event(OWNER, "fallbacks_verified", text, devices=len(declared)))
    facts = None
    if view.facts.fallbacks.unproven != unproven:
        facts = {"fallbacks": Fallbacks(unproven)}
    return Turn(State(begun_ns, verdicts, summed, told), events=tuple(events), facts=facts)


def _judge(view: View, name: str, device: Device, *, missed: bool) -> Verdict | None:
    """Return the verdict on one device, None where what was concluded before stands.

    Args:
        view: this scan.
        name: the device.
        device: what the site file declares.
        missed: nothing was concluded so far though there was the time.
    """
    after_s, action = view.read(name, "fallback_after_s"), view.stage(name, "fallback")
    if after_s is not None and action is not None:
        alike = abs(after_s - device.fallback_after_s) <= TOLERANCE_S
        return Verdict.VERIFIED if alike and action == device.fallback else Verdict.DIFFERS
    served = None not in {
        view.points.find(name, "fallback_after_s"),
        view.points.find(name, "fallback"),
    }
    return Verdict.UNREAD if missed or not served else None


def _tell(view: View, name: str, device: Device, verdict: Verdict) -> Event:
    """Return what is said of one device."""
    declared = f"{device.fallback.replace('_', ' ')} after {device.fallback_after_s:g} s"
    after_s, action = view.read(name, "fallback_after_s"), view.stage(name, "fallback")
    text = f"{name} falls back to {declared}, as declared"
    if verdict is Verdict.DIFFERS:
        shown = f"{(action or '').replace('_', ' ')} after {after_s:g} s"
        text = f"{name} is set to fall back to {shown}; the site file says {declared}"
    elif verdict is Verdict.UNREAD:
        text = f"It cannot be read whether {name} falls back to {declared}"
    return view.event(
        name,
        f"fallback_{verdict.value}",
        text,
        declared_s=device.fallback_after_s,
        declared=device.fallback,
        shown_s=after_s,
        shown=action,
    )
