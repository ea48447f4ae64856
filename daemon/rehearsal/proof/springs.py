"""Springs: whether one is charged again is asked only where it decides something.

The spring of a breaker is charged some seconds after it was told to close. While the breaker stands
closed nothing on the board depends on that, so the end of charging is no event that puts everything
else before or after it. It stands in the zone like other instants, and may lie in the past.

- Where it surely does, the spring is charged.
- A scan that reads whether a spring is charged is shown both (`Search._open_to`): that it is where
  the end may have passed, that it is not where it may be to come. Which it was is known from then
  on (`Search._as_shown`).
- Once the breaker opens, what may have passed has passed or has not, and the search goes on with
  both (`over`); what has not is an event from then on, like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.rehearsal.proof import zones
from daemon.rehearsal.proof.plant import CLOSED
from daemon.rehearsal.proof.situation import Situation

if TYPE_CHECKING:
    from daemon.rehearsal.proof.plant import Label, Plant

CHARGE: Final = "charge"


def unasked(plant: Plant, label: Label) -> bool:
    """Return whether a label is the end of a charging on which nothing depends."""
    what, at = label
    return what == CHARGE and plant.contacts[at] == CLOSED


def past(now: Situation, plant: Plant) -> tuple[Label, ...]:
    """Return which of these have surely passed."""
    first = 1 + len(now.stamps)
    return tuple(
        label
        for n, label in enumerate(now.labels, first)
        if unasked(plant, label) and now.zone[n, 0] <= 0
    )


class Split:
    """A situation, parted by which springs of breakers that have opened are charged by now.

    Attributes:
        over: by label, the situation in which that charging has ended and is not under way.
        rest: the situation in which no such charging has ended, or None when that cannot be.
    """

    __slots__ = ("over", "rest")

    def __init__(self, now: Situation) -> None:
        """Part a situation."""
        self.over: list[tuple[Label, Situation]] = []
        self.rest: Situation | None = now
        plant, first = now.met.plant, 1 + len(now.stamps)
        for n, label in enumerate(now.labels, first):
            if self.rest is None or label[0] != CHARGE or unasked(plant, label):
                continue
            zone = self.rest.zone
            if zone[0, n] <= 0:
                continue
            ended = zones.bounded(zone, n, 0, 0)
            if ended is not None:
                self.over.append((label, self.rest._replace(zone=ended)))
            left = zones.bounded(zone, 0, n, 0)
            self.rest = None if left is None else self.rest._replace(zone=left)
