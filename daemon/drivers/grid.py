"""When to poll: fixed grids, missed slots counted and never piled up, and when to knock again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.drivers.decode import Decoder
from daemon.model.quantities import MILLISECOND, ns, seconds

if TYPE_CHECKING:
    from numpy.random import Generator

    from daemon.drivers.plan import Block

SLOT: Final = 10 * MILLISECOND
"""Polls of one period start on multiples of this, so that one wake-up serves several gateways."""
LATE: Final = 20 * MILLISECOND
"""A reply that takes longer, and longer than its period, is late [ns]."""
SLOW_AFTER: Final = 3
SLOW_FAST: Final = 100 * MILLISECOND
"""Period of a fast poll whose device cannot keep up [ns]; the values do not grow stale by it."""
BACKOFF_FIRST_S: Final = 0.1
BACKOFF_LAST_S: Final = 5.0
IDLE_S: Final = 0.25
"""Longest sleep between polls, so that a closed connection is noticed."""


@dataclass(slots=True, eq=False)
class Poll:
    """One block on its grid.

    Attributes:
        block: what to read.
        phase_ns: offset of its grid [ns].
        due_ns: when to read next [ns].
        words: the last reply, None after anything that changed the points' quality.
        late: replies in a row that took longer than the period.
        slow: polled half as often or less, because the device cannot keep up.
    """

    block: Block
    phase_ns: int = 0
    due_ns: int = 0
    words: list[int] | None = None
    late: int = 0
    slow: bool = False
    decoder: Decoder = field(init=False)
    period_ns: int = field(init=False)

    def __post_init__(self) -> None:
        self.decoder = Decoder(self.block)
        self.period_ns = ns(self.block.period_s)

    def advance(self, now_ns: int) -> int:
        """Move to the next slot after `now_ns` [ns]; return how many passed unused."""
        period = max(2 * self.period_ns, SLOW_FAST) if self.slow else self.period_ns
        missed = max(0, (now_ns - self.due_ns) // period) if self.due_ns else 0
        self.due_ns = (now_ns - self.phase_ns) // period * period + period + self.phase_ns
        return missed

    def judge(self, latency_ns: int) -> None:
        """Note how long a reply took [ns]; a device that is too slow is asked less often."""
        limit_ns = max(self.period_ns, LATE)
        if latency_ns > limit_ns:
            self.late += 1
            self.slow = self.slow or self.late >= SLOW_AFTER
        elif latency_ns < limit_ns // 2:
            self.late = 0
            self.slow = False


def spread(blocks: tuple[Block, ...], place: int) -> list[Poll]:
    """Return `blocks` as polls whose grids are shifted by the `place` of their gateway.

    All fast polls share every slot; slower ones are dealt over the slots of their period.
    """
    polls = []
    for number, block in enumerate(blocks):
        slots = max(1, ns(block.period_s) // SLOT)
        polls.append(Poll(block, phase_ns=(7 * place + 3 * number) % slots * SLOT))
    return polls


class Backoff:
    """Waits between attempts, from 0.1 s doubling to 5 s, each drawn from its upper half."""

    def __init__(self, chance: Generator) -> None:
        """Draw the jitter from `chance`."""
        self._chance = chance
        self._next_s = BACKOFF_FIRST_S

    def reset(self) -> None:
        """Begin again at the shortest time."""
        self._next_s = BACKOFF_FIRST_S

    def draw(self) -> float:
        """Return how long to wait before the next attempt [s]."""
        wait = self._next_s * self._chance.uniform(0.5, 1.0)
        self._next_s = min(2 * self._next_s, BACKOFF_LAST_S)
        return float(wait)


def until(due_ns: int, now_ns: int) -> float:
    """Return the time left [s], never negative."""
    return max(0.0, seconds(due_ns - now_ns))


def all_indices(polls: list[Poll]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the image indices of every point in `polls`, (n,)."""
    if not polls:
        return np.zeros(0, dtype=np.intp)
    return np.concatenate([poll.decoder.indices for poll in polls])
