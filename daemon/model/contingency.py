"""What follows if one element of the plant dies: the answer of security, as a value."""

from __future__ import annotations

from typing import NamedTuple


class Contingency(NamedTuple):
    """What follows if one element dies now.

    Attributes:
        element: source, transformer, converter or tie; "" when nothing dies.
        lost: critical loads that storage does not carry until they are fed again: load, and how
            long it lasts [s].
        on_storage: critical loads that storage carries meanwhile: load, how long it lasts, and
            until when it must [s].
        overloaded: equipment that would carry more than it may: equipment, and loading by rating.
        transfers: what closes or starts by itself and feeds them again: equipment, and when [s].
        known: it is so, or nothing is lost or overloaded; else it is only the worst that missing
            values leave possible.
    """

    element: str
    lost: tuple[tuple[str, float], ...] = ()
    on_storage: tuple[tuple[str, float, float], ...] = ()
    overloaded: tuple[tuple[str, float], ...] = ()
    transfers: tuple[tuple[str, float], ...] = ()
    known: bool = True

    @property
    def first_lost_s(self) -> float:
        """Return when the first load is lost, infinity when none is [s]."""
        return min((lasts_s for _, lasts_s in self.lost), default=float("inf"))
