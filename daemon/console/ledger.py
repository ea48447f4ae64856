"""What became of every selection, as the events of the scan tell it.

The door decides nothing: it follows. An event that carries `selection` is about the selection of
that name; its own name says how far that has come. A selection that has ended is kept for a while,
so that whoever asks again gets the same answer and nothing is done twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.model.quantities import SECOND, ns, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.commands import Proposal
    from daemon.model.events import Event

STAGES: Final = {
    "command_selected": "selected",
    "command_approved": "approved",
    "command_operated": "operated",
    "command_sent": "sent",
    "command_verified": "verified",
    "command_failed": "failed",
    "command_cancelled": "cancelled",
    "command_refused": "refused",
    "selection_expired": "expired",
    "setpoint_taken": "verified",
    "setpoint_refused": "refused",
}
"""What an event makes of the selection that it carries."""
STANDING: Final = "standing"
"""A refusal that carries this refuses a step, and the selection stands as it did."""
ENDED: Final = frozenset({"verified", "failed", "cancelled", "refused", "expired"})
OUTSTANDING: Final = frozenset({"selected", "approved", "operated", "sent"})
KEPT: Final = 256
LONGEST: Final = 300 * SECOND
"""After this nothing more is expected of a selection [ns]."""


class Step(NamedTuple):
    """Something that happened to a selection.

    Attributes:
        name: what it made of the selection, or that a step was refused.
        at_ns: when [ns].
        text: what was said of it.
        told: whom it was said to, where a step of theirs was refused and nothing else happened;
            "" where it is for all.
    """

    name: str
    at_ns: int
    text: str
    told: str


@dataclass(slots=True)
class Followed:
    """A selection, or a set-point that a person gives, on its way.

    Attributes:
        id: of the selection.
        user: who asked.
        wish: what for.
        bypass: interlocks to be set aside.
        asked_ns: when [ns].
        stage: how far it has come.
        text: what was said last.
        ends_ns: when it expires unless something is done, 0 without such a time [ns].
        told: what the events said beside their text.
        steps: everything that happened to it.
    """

    id: str
    user: str
    wish: Proposal
    bypass: tuple[str, ...]
    asked_ns: int
    stage: str = "asked"
    text: str = ""
    ends_ns: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def left_s(self, now_ns: int) -> float | None:
        """Return how long there is for the next step [s], or None when that is not limited."""
        return round(seconds(max(0, self.ends_ns - now_ns)), 3) if self.ends_ns else None

    def plain(self, now_ns: int) -> dict[str, Any]:
        """Return it for the wire."""
        return {
            "selection": self.id,
            "user": self.user,
            "equipment": self.wish.equipment,
            "point": self.wish.point,
            "action": self.wish.action,
            "value": self.wish.value if self.wish.action == "set" else None,
            "reason": self.wish.reason,
            "bypass": list(self.bypass),
            "stage": self.stage,
            "text": self.text,
            "left_s": self.left_s(now_ns),
            "lost": list(self.told.get("lost", ())),
            "overloaded": list(self.told.get("overloaded", ())),
            "needs_approval": str(self.told.get("needs_approval", "")),
            "refused_by": str(self.told.get("interlock", "")) if self.stage == "refused" else "",
            "steps": [
                {"name": s.name, "at_s": round(seconds(s.at_ns - self.asked_ns), 4), "text": s.text}
                for s in self.steps
            ],
        }


class Ledger:
    """Follows selections by the events that carry their names."""

    def __init__(self) -> None:
        """Follow nothing yet."""
        self._followed: dict[str, Followed] = {}

    def open(self, followed: Followed) -> None:
        """Begin to follow; the oldest that have ended are forgotten."""
        old = [
            each.id
            for each in self._followed.values()
            if each.stage in ENDED or followed.asked_ns - each.asked_ns > LONGEST
        ]
        for name in old[: max(0, len(self._followed) - KEPT)]:
            del self._followed[name]
        self._followed[followed.id] = followed

    def find(self, name: str) -> Followed | None:
        """Return what goes by this name, as long as it is kept."""
        return self._followed.get(name)

    def outstanding(self) -> list[Followed]:
        """Return what has not ended."""
        return [each for each in self._followed.values() if each.stage in OUTSTANDING]

    def hear(self, event: Event) -> Followed | None:
        """Take in an event; return what it was about, if that is followed."""
        found = self._followed.get(str(event.fields.get("selection", "")))
        if found is None or event.name not in STAGES:
            return None
        self._note(found, STAGES[event.name], event.at_ns, event.text, event.fields)
        return found

    def _note(
        self, found: Followed, stage: str, at_ns: int, text: str, fields: Mapping[str, Any]
    ) -> None:
        standing = fields.get(STANDING)
        found.steps.append(Step(stage, at_ns, text, str(fields.get("user", "")) * bool(standing)))
        if not standing:
            found.stage, found.text = stage, text
            found.told.update(fields)
            valid_s = fields.get("valid_s")
            found.ends_ns = at_ns + ns(valid_s) if valid_s is not None else 0
        for future in found.waiting:
            if not future.done():
                future.set_result(None)
        found.waiting.clear()

    async def until(
        self, found: Followed, there: Callable[[Followed], bool], within_s: float
    ) -> bool:
        """Wait until `there` holds, for so long [s]; return whether it does."""
        try:
            async with asyncio.timeout(within_s):
                while not there(found):
                    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    found.waiting.append(future)
                    await future
        except TimeoutError:
            return False
        return True
