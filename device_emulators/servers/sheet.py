"""The words of a register table as they stand: only a value that moved is coded again.

A device is asked a hundred times a second and most of its values stand still. So a sheet keeps the
values it has coded, compares them as a whole with those of now, and codes the few that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from device_emulators.servers.codec import Slot


class Moved:
    """Tells which values of a row are not what they were when it was last asked."""

    def __init__(self) -> None:
        """Know no row yet: at first all of them moved."""
        self._before: NDArray[np.int64] | None = None

    def among(self, values: NDArray[np.float64]) -> Iterable[int]:
        """Return the places of those that moved in `values` (n,)."""
        patterns = values.view(np.int64)  # as bits, because NaN differs from itself
        before, self._before = self._before, patterns.copy()
        if before is None:
            return range(len(values))
        moved: list[int] = np.flatnonzero(patterns != before).tolist()
        return moved


class Sheet:
    """The words of a table.

    Points that share a word are joined; words without a point are 0.

    Attributes:
        words: the coded values, as of the last `show`.
    """

    def __init__(self, places: Sequence[tuple[int, Slot]], size: int) -> None:
        """Show nothing yet in `size` words.

        Args:
            places: place of the first word of each point, and the point.
            size: number of words.
        """
        self.words: Final = [0] * size
        self._places: Final = tuple((at, slot.encode) for at, slot in places)
        self._coded: Final[list[Sequence[int]]] = [(0,) * slot.words for _, slot in places]
        sharers: dict[int, list[tuple[int, int]]] = {}
        for number, (at, slot) in enumerate(places):
            for offset in range(slot.words):
                sharers.setdefault(at + offset, []).append((number, offset))
        self._shared: Final = {at: them for at, them in sharers.items() if len(them) > 1}
        self._moved: Final = Moved()

    def show(self, values: NDArray[np.float64]) -> None:
        """Let the words say `values` (n,), in the order of the places."""
        for number in self._moved.among(values):
            self._code(number, float(values[number]))

    def _code(self, number: int, value: float) -> None:
        at, encode = self._places[number]
        coded = self._coded[number] = encode(value)
        for place, word in enumerate(coded, at):
            sharers = self._shared.get(place)
            self.words[place] = word if sharers is None else self._joined(sharers)

    def _joined(self, sharers: Sequence[tuple[int, int]]) -> int:
        word = 0
        for number, offset in sharers:
            word |= self._coded[number][offset]
        return word
