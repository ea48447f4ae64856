"""Values kept while a transfer lasts, in bounded room: every change near the begin, fewer later.

A look that shows what the one before showed is not kept. When the room is full, every second look
goes that is not `LIVELY_S` old or younger than an event, so hours on the sets cost no more than the
minutes that matter; lowest and highest values of each quantity are kept apart and stay exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOM: Final = 200_000
"""Numbers kept at most."""
LIVELY_S: Final = 90.0
"""After the begin every look is kept for so long, as far as there is room [s]."""


class Samples:
    """Looks at `n_subject` values.

    Attributes:
        lowest: lowest good value of each since the begin of the keeping.
    """

    def __init__(self, n_subject: int) -> None:
        """Begin with nothing seen."""
        self._room = max(200, ROOM // max(1, n_subject))
        self._at_s: list[float] = []
        self._rows: list[NDArray[np.float64]] = []
        self.lowest = np.full(n_subject, np.nan)

    def add(self, at_s: float, row: NDArray[np.float64]) -> None:
        """Take in one look."""
        self.lowest = np.fmin(self.lowest, row)
        if self._rows and np.array_equal(self._rows[-1], row, equal_nan=True):
            return
        if len(self._rows) >= self._room:
            self._thin()
        self._at_s.append(at_s)
        self._rows.append(row)

    def _thin(self) -> None:
        first_s = self._at_s[0]
        keep = [i % 2 == 0 or at_s - first_s < LIVELY_S for i, at_s in enumerate(self._at_s)]
        if sum(keep) > 0.9 * self._room:  # too much happens in too many devices
            keep = [i % 2 == 0 for i in range(len(keep))]
        self._at_s = [at_s for at_s, kept in zip(self._at_s, keep, strict=True) if kept]
        self._rows = [row for row, kept in zip(self._rows, keep, strict=True) if kept]

    def series(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times `(n_look,)` [s] and values `(n_look, n_subject)`."""
        if not self._rows:
            return np.empty(0), np.empty((0, len(self.lowest)))
        return np.array(self._at_s), np.vstack(self._rows)
