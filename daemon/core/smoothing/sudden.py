"""A store that is gone in one instant: rows give up at once what it gave.

A store that trips, or loses its power, while it gives P is a step of the import by P. Nobody can be
told in time: what the import has moved within a window before (u) and P together are the least that
the window sees, whatever anybody does after (`trip_pu` bounds P beforehand). But it need not stay:
a power cap is obeyed by racks within some hundredths of a second, whatever their ramp. So the rows
are capped at what they draw less what is missing, the import is back where it was some scans later,
and from there they rise by the ramp that they have been given meanwhile: the cap is lifted as soon
as that is sure to be known to them. What was a step for good is one of some tenths of a second and
a ramp.

It takes two witnesses: a store that gives far less than the set-point it shows and than it gave
just before, and an import that rose by it. A meter that lies, a store that is silent and one that
was told to do less cap nobody.

A store that was taking leaves a fall of the import behind. Nothing makes racks draw more than their
work asks for, so nothing is done about that but to let them fall slowly.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.smoothing.profile import OWNER
from daemon.model.commands import Proposal
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.model.plant import Equipment

POINT: Final = "power_cap_pu"
PART_PU: Final = 0.25
"""What is missing is more than this part of the jump that the shortest limit allows."""
_RECENT_S: Final = 1.5
"""What was before is remembered so long, for witnesses that come one after the other [s]."""
_HELD_S: Final = 3.0
"""Caps are held so long: rows have their slow ramp then [s]."""
_LIFTED_S: Final = 10.0
"""So long rows are told that they may have all again [s]."""
_LEAST_PU: Final = 0.05
_PERCENT: Final = 100
_WHY: Final = "storage that gave this is gone"
_AGAIN: Final = "rows rise by their ramp again"


class Before(NamedTuple):
    """What was seen before.

    Attributes:
        at_ns: when; 0 where nothing was [ns].
        import_w: power of the connection [W].
        powers_w: of each store, charging positive [W].
    """

    at_ns: int = 0
    import_w: float = 0.0
    powers_w: tuple[float, ...] = ()


class Held(NamedTuple):
    """Caps of rows.

    Attributes:
        caps_pu: of each row, empty where none is held.
        until_ns: they are lifted then [ns].
    """

    caps_pu: tuple[float, ...] = ()
    until_ns: int = 0


def missing_w(
    before: Before,
    import_w: float,
    powers_w: Sequence[float],
    set_w: Sequence[float | None],
    least_w: float,
) -> float:
    """Return what stores gave, do not give any more, and the import has risen by [W].

    Of what they took and do not take, and the import has fallen by, the negative.

    Args:
        before: what was seen before.
        import_w: power of the connection now [W].
        powers_w: of each store now, charging positive (n,) [W].
        set_w: set-point that each shows, None where that is not known (n,) [W].
        least_w: what is less than this is nothing [W].
    """
    given_w = taken_w = 0.0
    for was_w, power_w, told_w in zip(before.powers_w, powers_w, set_w, strict=False):
        if told_w is not None:
            given_w += max(0.0, min(power_w, 0.0) - max(was_w, told_w))
            taken_w += max(0.0, min(was_w, told_w) - max(power_w, 0.0))
    rise_w = import_w - before.import_w
    found_w = min(given_w, rise_w) if rise_w > 0.0 else -min(taken_w, -rise_w)
    return found_w if abs(found_w) > least_w else 0.0


def noted(
    before: Before, now_ns: int, import_w: float, powers_w: tuple[float, ...], least_w: float
) -> Before:
    """Return what is remembered after a look; a change that is too fast waits for its witness."""
    moved = abs(import_w - before.import_w) > least_w or any(
        abs(power_w - was_w) > least_w
        for was_w, power_w in zip(before.powers_w, powers_w, strict=False)
    )
    if before.at_ns and moved and now_ns - before.at_ns < ns(_RECENT_S):
        return before
    return Before(now_ns, import_w, powers_w)


def held(
    rows: Sequence[Equipment], powers_w: Sequence[float | None], missing_w: float, now_ns: int
) -> Held:
    """Return the caps that take what is missing off the rows, each by what it draws.

    Args:
        rows: all of them.
        powers_w: what each draws, None while that is not known: it counts as its rating (n,) [W].
        missing_w: what they have to give up [W].
        now_ns: time [ns].
    """
    rated_w = [row.ratings["power_w"] for row in rows]
    drawn_w = [r if p is None else p for p, r in zip(powers_w, rated_w, strict=True)]
    left = max(0.0, 1.0 - missing_w / max(sum(drawn_w), 1.0))
    caps = (
        max(_LEAST_PU, int(left * p / r * _PERCENT) / _PERCENT)
        for p, r in zip(drawn_w, rated_w, strict=True)
    )
    return Held(tuple(caps), now_ns + ns(_HELD_S))


def wishes(
    was: Held, rows: Sequence[Equipment], others: Mapping[str, object], now_ns: int
) -> tuple[Held, tuple[Proposal, ...]]:
    """Return the caps that go on, and what rows are told.

    Args:
        was: caps before.
        rows: all of them.
        others: rows that somebody else wants a cap of: they are left to it once ours is lifted.
        now_ns: time [ns].
    """
    if now_ns >= was.until_ns + ns(_LIFTED_S):
        return Held(), ()
    if now_ns < was.until_ns:
        return was, tuple(
            Proposal(row.id, POINT, "prefer", cap, OWNER, _WHY)
            for row, cap in zip(rows, was.caps_pu, strict=True)
        )
    return was, tuple(
        Proposal(row.id, POINT, "prefer", 1.0, OWNER, _AGAIN)
        for row in rows
        if row.id not in others
    )
