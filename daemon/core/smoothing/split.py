"""Who gives what smoothing takes: the slow part the slow storage, the fast part the fast one.

The power that all storage together has to take is cut by frequency. Going from the slowest storage
to the fastest, each takes what is left through a low-pass of its own time; the fastest takes the
rest. The low-pass is as slow as the faster stores last: a step of all their power costs each of
them `_QUICK_PU` of its energy until the slower one has it. So a capacitor of seconds never works
for minutes, and a battery never for milliseconds.

What a fast storage is off the middle of its charge, the next slower one gives back to it over
`centred_s`, some times as long as it lasts: their sum stays what was asked for. What a storage
cannot take, by its power or by its charge, goes to whoever still can, the slowest first. What
nobody can take is left for the rows.

Stores that last alike are one kind, and share its part so that the highest of them is as low as can
be, what they do for others counted in: whichever of them trips, the connection jumps by the least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.smoothing.stores import Able

_SOON_S: Final = 1.0
"""A power is only taken that the charge allows for so long [s]."""
_QUICK_PU: Final = 0.25
"""A step of all its power takes so much of a faster store's energy until the slower one has it."""
_BACK_PU: Final = 4.0
"""A fast store is brought back to its middle in so many times as it lasts."""
_ALIKE: Final = 4.0
"""A store that lasts less long than another by no more than this is of its kind."""


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


class Parts(NamedTuple):
    """What each store of a site takes for smoothing.

    Attributes:
        powers_w: of each, charging positive [W].
        slow_w: of each kind, what its low-pass holds [W].
    """

    powers_w: tuple[float, ...]
    slow_w: tuple[float, ...]


def shared(
    slow_w: Sequence[float],
    lasting_s: Sequence[float],
    able: Sequence[Able],
    aims_w: Sequence[float],
    power_w: float,
    passed_ns: int,
    mean_s: float,
    centred_s: float,
) -> Parts:
    """Return what each store takes of a power beside its aim: by kind, and evenly within one.

    Args:
        slow_w: what the low-passes held at the look before; empty at first [W].
        lasting_s: how long each store lasts at full power (n,) [s].
        able: what each can do (n,).
        aims_w: what each does for others, charging positive (n,) [W].
        power_w: what all of them together shall take, charging positive [W].
        passed_ns: time since the look before [ns].
        mean_s: what is slower than this is the part of the slowest kind in any case [s].
        centred_s: time in which a slower kind brings a faster one back to its middle at most [s].
    """
    if not able:
        return Parts((), ())
    sign = 1.0 if power_w > 0.0 else -1.0
    most_w = [
        max(0.0, (one.take_w if sign > 0.0 else one.give_w) - sign * aim_w)
        for one, aim_w in zip(able, aims_w, strict=True)
    ]
    order = kinds(lasting_s)
    lasts_s = [min(lasting_s[n] for n in kind) for kind in order]
    stores = [
        Store(
            sum(most_w[n] for n in kind),
            sum(able[n].energy_j for n in kind),
            min([mean_s, *(_QUICK_PU * lasts for lasts in lasts_s[k + 1 :])]),
            min(centred_s, _BACK_PU * lasts_s[k]),
        )
        for k, kind in enumerate(order)
    ]
    stored_j = [sum(able[n].stored_j for n in kind) for kind in order]
    before_w = slow_w if len(slow_w) == len(order) else (0.0,) * len(order)
    found = split(before_w, stores, stored_j, power_w, passed_ns)
    powers_w = [0.0] * len(able)
    for kind, kind_w in zip(order, found.powers_w, strict=True):
        shares_w = evenly([aims_w[n] for n in kind], [most_w[n] for n in kind], kind_w)
        for n, share_w in zip(kind, shares_w, strict=True):
            powers_w[n] = share_w
    return Parts(tuple(powers_w), found.slow_w)


def kinds(lasting_s: Sequence[float]) -> tuple[tuple[int, ...], ...]:
    """Return which stores are of one kind, by how long each lasts at full power, slowest first.

    Args:
        lasting_s: of each store [s].
    """
    found: list[list[int]] = []
    for n in sorted(range(len(lasting_s)), key=lambda n: -lasting_s[n]):
        if found and lasting_s[n] * _ALIKE >= lasting_s[found[-1][0]]:
            found[-1].append(n)
        else:
            found.append([n])
    return tuple(tuple(sorted(kind)) for kind in found)


def evenly(aims_w: Sequence[float], most_w: Sequence[float], wanted_w: float) -> tuple[float, ...]:
    """Return what each store of a kind takes, so that the highest of all sums is the lowest.

    Args:
        aims_w: what each does for others, charging positive (n,) [W].
        most_w: most that each can take, or give, beside that; not negative (n,) [W].
        wanted_w: what all of them together shall take, charging positive [W].
    """
    sign = 1.0 if wanted_w > 0.0 else -1.0
    done_w = [sign * aim_w for aim_w in aims_w]
    left_w = min(abs(wanted_w), sum(most_w))
    levels_w = sorted({*done_w, *(a + b for a, b in zip(done_w, most_w, strict=True))})
    below_w, parts_w = 0.0, [0.0] * len(done_w)
    for level_w in levels_w:
        at_level_w = _up_to(level_w, done_w, most_w)
        total_w = sum(at_level_w)
        if total_w >= left_w:
            # Between two levels all that have room rise alike.
            part = (left_w - below_w) / (total_w - below_w) if total_w > below_w else 1.0
            parts_w = [a + part * (b - a) for a, b in zip(parts_w, at_level_w, strict=True)]
            break
        below_w, parts_w = total_w, at_level_w
    return tuple(sign * part_w for part_w in parts_w)


def _up_to(level_w: float, done_w: Sequence[float], most_w: Sequence[float]) -> list[float]:
    """Return what brings each store to a level, as far as it can [W]."""
    pairs = zip(done_w, most_w, strict=True)
    return [min(max(level_w - done, 0.0), most) for done, most in pairs]


def _able(store: Store, stored_j: float, wanted_w: float) -> float:
    """Return what a store takes of a power [W]."""
    most_w = min(store.power_w, max(0.0, store.energy_j - stored_j) / _SOON_S)
    least_w = -min(store.power_w, max(0.0, stored_j) / _SOON_S)
    return min(max(wanted_w, least_w), most_w)
