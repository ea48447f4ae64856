"""What load remains when a job stops: storage gives no more than that, whatever for.

A job that stops takes its load away, and what storage gives at that moment would flow back through
the connection until storage is told. That takes a look, a word on its way and the ramp of the
store: `ANSWER_S` after the look. So storage never gives more than the load without what may vanish
until then, and what the contract lets be exported. Rows that keep their ramp falling as well as
rising lose little in that time. What their profile does not hold back, the site says (`falls_pu`);
rows without a ramp may lose all they draw, and rows that are silent keep what they were told.

It bounds what is asked for economy: shaving, smoothing and refill. What safety wants (sets that are
short, an island) is a bound of others and stands before it, and so does a person. Storage that
gives less lets the import rise, so the rows have to be slower instead: what storage can be counted
on for (`counted`) is what remains of a full load, which grows as the rows do.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.smoothing.stores import Able

ANSWER_S: Final = 0.6
"""From a look until storage does what follows from it: scan, word and ramp [s]."""


def at_once_w(
    powers_w: Sequence[float], ramps_w_s: Sequence[float], falls_pu: float, within_s: float
) -> float:
    """Return what rows may lose before storage can follow [W].

    Args:
        powers_w: what each draws (n_row,) [W].
        ramps_w_s: ramp of each, 0 for none (n_row,) [W/s].
        falls_pu: they fall by so many times their ramp at most.
        within_s: until storage follows [s].
    """
    return sum(
        max(0.0, min(power_w, falls_pu * ramp_w_s * within_s) if ramp_w_s > 0.0 else power_w)
        for power_w, ramp_w_s in zip(powers_w, ramps_w_s, strict=True)
    )


def remaining_w(load_w: float, lost_w: float, export_w: float) -> float:
    """Return the most that storage may give [W].

    Args:
        load_w: what the connection would carry without storage [W].
        lost_w: what may vanish of it before storage can follow [W].
        export_w: what the contract lets be exported [W].
    """
    return max(0.0, load_w - lost_w + export_w)


def counted(able: Sequence[Able], most_w: float) -> list[Able]:
    """Return what stores can do when all together give no more than a power [W]."""
    total_w = sum(one.give_w for one in able)
    part = min(1.0, most_w / total_w) if total_w > 0.0 else 1.0
    return [one._replace(give_w=part * one.give_w) for one in able]


def within(asked_w: Sequence[float], most_w: float) -> tuple[float, ...]:
    """Return what is asked of stores when they give no more than a power together.

    What one of them takes, another may give. Who gives, gives up alike.

    Args:
        asked_w: of each, charging positive (n,) [W].
        most_w: most that they may give [W].
    """
    given_w = -sum(power_w for power_w in asked_w if power_w < 0.0)
    over_w = -sum(asked_w) - most_w
    if over_w <= 0.0 or given_w <= 0.0:
        return tuple(asked_w)
    part = max(0.0, 1.0 - over_w / given_w)
    return tuple(part * power_w if power_w < 0.0 else power_w for power_w in asked_w)
