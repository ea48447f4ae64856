"""Who gives what smoothing takes: the slow part the slow storage, the fast part the fast one.

The power that all storage together has to take is cut by frequency. Going from the slowest storage
to the fastest, each takes what is left through a low-pass of its own time; the fastest takes the
rest. So a capacitor of seconds never works for minutes, and a battery never for milliseconds.

What a fast storage is off the middle of its charge, the next slower one gives back to it over
`centred_s`: their sum stays what was asked for. What a storage cannot take, by its power or by its
charge, goes to whoever still can, the slowest first. What nobody can take is left for the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOON_S: Final = 1.0
"""A power is only taken that the charge allows for so long [s]."""


class Store(NamedTuple):
    """A storage as smoothing may use it.

    Attributes:
        power_w: most it takes or gives [W].
        energy_j: of its band [J].
        time_s: what is slower than this is its part; of no meaning for the fastest [s].
        centred_s: time in which the next slower one brings it back to its middle [s].
    """

    power_w: float
    energy_j: float
    time_s: float
    centred_s: float


class Shares(NamedTuple):
    """Who takes what.

    Attributes:
        powers_w: of each store, charging positive [W].
        rest_w: what nobody can take [W].
        slow_w: of each store, what its low-pass holds [W].
    """

    powers_w: tuple[float, ...]
    rest_w: float
    slow_w: tuple[float, ...]


def split(
    slow_w: Sequence[float],
    stores: Sequence[Store],
    stored_j: Sequence[float],
    wanted_w: float,
    step_ns: int,
) -> Shares:
    """Return who takes what of a power.

    Args:
        slow_w: what the low-passes held after the step before, zeros at first [W].
        stores: slowest first; at least one.
        stored_j: charge of each [J].
        wanted_w: what all of them together shall take, charging positive [W].
        step_ns: time since the step before [ns].
    """
    left_w, means = wanted_w, []
    for store, before_w in zip(stores[:-1], slow_w, strict=False):
        share = step_ns / (step_ns + store.time_s * SECOND)
        means.append(before_w + share * (left_w - before_w))
        left_w -= means[-1]
    parts = [*means, left_w]
    for k in range(1, len(stores)):
        back_w = (stored_j[k] - 0.5 * stores[k].energy_j) / stores[k].centred_s
        parts[k] -= back_w
        parts[k - 1] += back_w
    powers = [_able(s, j, w) for s, j, w in zip(stores, stored_j, parts, strict=True)]
    for k, store in enumerate(stores):
        rest_w = wanted_w - sum(powers)
        powers[k] = _able(store, stored_j[k], powers[k] + rest_w)
    return Shares(tuple(powers), wanted_w - sum(powers), (*means, 0.0))


def _able(store: Store, stored_j: float, wanted_w: float) -> float:
    """Return what a store takes of a power [W]."""
    most_w = min(store.power_w, max(0.0, store.energy_j - stored_j) / _SOON_S)
    least_w = -min(store.power_w, max(0.0, stored_j) / _SOON_S)
    return min(max(wanted_w, least_w), most_w)
