"""Heartbeats: every device with a fall-back is told that the daemon lives.

A device that falls back after so many seconds of silence gets a rising number at a third of that
time, so two may be lost. Each lane beats for the devices it commands: a dead switching lane must
hand the breakers back even while the main lane still runs.

A beat carries no number. It says nothing but that somebody lives, so one that comes twice or late
does no harm; its own value rises, and a stuck one is no sign of life.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge

from daemon.core.ownership import MAIN_NATURES
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import UNNUMBERED, Command, Proposal
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

_WRAP: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Params:
    """How often a device hears the daemon.

    Attributes:
        beats_per_fallback: heartbeats within the fall-back time of a device.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    beats_per_fallback: Annotated[int, Ge(2)] = 3


class State(NamedTuple):
    """Number of the next beat and when it is due, by equipment."""

    next_due_ns: int = 0
    beat: int = 0
    due_ns: tuple[int, ...] = ()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every beat is due."""
    return State()


@once_per_site
def _beaten(site: Site, points: PointTable) -> dict[bool, tuple[tuple[str, float], ...]]:
    """Return id and fall-back time [s] by whether the main lane owns the device."""
    rows = [
        (item.id, item.device.fallback_after_s, item.nature in MAIN_NATURES)
        for item in site.equipment.values()
        if item.device and item.device.fallback_after_s > 0
        if points.find(item.id, "heartbeat") is not None
    ]
    return {lane: tuple((i, s) for i, s, own in rows if own is lane) for lane in (True, False)}


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Beat for every device whose beat is due."""
    if not view.passed(state.next_due_ns):
        return Turn(state)
    beaten = _beaten(view.site, view.points)[view.lane == "main"]
    due = state.due_ns or (view.now_ns,) * len(beaten)
    late = [view.passed(at) for at in due]
    proposals = tuple(
        Proposal(name, "heartbeat", "beat", float(state.beat % _WRAP), "heartbeat", "alive")
        for (name, _), now in zip(beaten, late, strict=True)
        if now
    )
    after = tuple(
        view.now_ns + ns(fallback_s / params.beats_per_fallback) if now else at
        for (_, fallback_s), now, at in zip(beaten, late, due, strict=True)
    )
    return Turn(State(min(after, default=1 << 62), state.beat + 1, after), proposals)


def beats(view: View, proposals: Iterable[Proposal]) -> tuple[Command, ...]:
    """Make commands of heartbeats; nothing can speak against one."""
    return tuple(
        Command(
            id=UNNUMBERED,
            epoch=view.epoch,
            equipment=p.equipment,
            point=p.point,
            action=p.action,
            value=p.value,
            owner=p.owner,
            reason=p.reason,
            interlock="none",
            issued_at_ns=view.now_ns,
            expires_at_ns=view.now_ns + SECOND,
        )
        for p in proposals
    )
