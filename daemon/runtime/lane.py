"""A lane: one tuple of controllers on one grid, with its state, its inbox and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.quantities import seconds
from daemon.publishers.publisher import LaneFigures
from daemon.runtime.timing import Timing

if TYPE_CHECKING:
    from daemon.core.step import Params, State
    from daemon.model.commands import Message


class Lane:
    """What one lane carries from scan to scan.

    Attributes:
        name: "switching" or "main".
        params: what does not change.
        state: what it remembers.
        inbox: what arrived since its last scan, in order.
        period_ns: its grid [ns].
        due_ns: the next slot of its grid [ns].
        figures: what it counts.
        duration: how long its scans took.
        jitter: how late they began.
    """

    def __init__(self, params: Params, state: State, period_ns: int) -> None:
        """Begin with `state` on a grid of `period_ns` [ns]."""
        self.name: Final = params.lane
        self.params: Final = params
        self.state = state
        self.inbox: list[Message] = []
        self.period_ns: Final = period_ns
        self.due_ns = 0
        self.figures: Final = LaneFigures(seconds(period_ns))
        self.duration: Final = Timing(self.figures.duration)
        self.jitter: Final = Timing(self.figures.jitter)

    def begin(self, slot_ns: int) -> int:
        """Take the slot at `slot_ns` [ns]; return how many were missed before it."""
        missed = max(0, (slot_ns - self.due_ns) // self.period_ns) if self.due_ns else 0
        self.due_ns = slot_ns // self.period_ns * self.period_ns + self.period_ns
        self.figures.overruns += missed
        return missed

    def skip(self, slot_ns: int) -> None:
        """Let slots up to `slot_ns` [ns] pass on purpose."""
        self.due_ns = slot_ns // self.period_ns * self.period_ns + self.period_ns

    def end(self, slot_ns: int, began_ns: int, ended_ns: int) -> None:
        """Count the scan of the slot at `slot_ns` that ran from `began_ns` to `ended_ns` [ns]."""
        self.figures.scans += 1
        self.figures.last_ns = began_ns
        self.duration.add(ended_ns - began_ns)
        self.jitter.add(began_ns - slot_ns)

    def take(self) -> tuple[Message, ...]:
        """Return what arrived, and begin a new inbox."""
        inbox = tuple(self.inbox)
        self.inbox.clear()
        return inbox
