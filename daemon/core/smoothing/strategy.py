"""What each stage of volatility asks of smoothing: one row a stage, read wherever it matters.

| stage | looks every | of each limit used | dead band | band kept | floor of rows |
|---|---|---|---|---|---|
| unknown | 0.5 s | 80 % | none | all | none |
| initial | 0.5 s | 80 % | none | half, the rest is lent to shaving | none |
| intermediate | 0.3 s | 80 % | 5 % | all | none |
| turbulent | 0.2 s | 70 % | 15 % | half as much again | 60 % |

Without a dead band storage rests until the load moves faster than the limits: a load that is flat
needs none of its cycles. With one, swings within it are left to the storage, so that what the code
allows is unspent when more comes. `limiter`, `smoother` (looks, limits, dead band, floor) and
`balance.peaks` (band kept) read it; the swings themselves are the rows' own to limit, by the ramp
of their profile, in every stage.

Source: own choice; the order of the stages is that of the product (incremental, prepare, adapt
fast).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Strategy(NamedTuple):
    """How a stage is met.

    Attributes:
        every_s: time between looks at the connection [s].
        used_pu: part of each limit that is made use of [pu].
        dead_band_pu: of the range of the load: swings that are left to storage [pu].
        kept_pu: of the band of smoothing, what shaving leaves alone [pu].
        floor_pu: floor of the rows' profile, 0 where theirs is left as it is [pu].
    """

    every_s: float
    used_pu: float
    dead_band_pu: float
    kept_pu: float
    floor_pu: float


STRATEGIES: Final[Mapping[str, Strategy]] = {
    "unknown": Strategy(0.5, 0.8, 0.0, 1.0, 0.0),
    "initial": Strategy(0.5, 0.8, 0.0, 0.5, 0.0),
    "intermediate": Strategy(0.3, 0.8, 0.05, 1.0, 0.0),
    "turbulent": Strategy(0.2, 0.7, 0.15, 1.5, 0.6),
}
"""By the stage that `volatility` finds."""
