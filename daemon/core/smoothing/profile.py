"""The profile of the rows: the ramp that their racks keep by themselves, and a floor.

What happens within a second no set-point of storage can meet: a loop over field buses answers in
some tenths. So every row is given a ramp limit, and what moves faster than that never reaches the
connection. There are two, each shared by rating:

- *quick*, while storage has room both ways: `rows_pu` of what the shortest limit on swings allows,
  so that the swing is kept whatever storage does;
- *slow*, while it has not (little left of its power, derated, refusing, not trusted, none): the
  pace of the slowest limit, which the connection may follow without any storage.

When storage fails while they rise, they are slower still for a while (`easing`).

When the rows have nothing but their storage the limit is taken away until they are back: grid codes
want the load again within two seconds of a dip, and what comes back then is no swing.

A change back to quick needs more room than the change to slow left over. A row is told when it
shows another value and left alone when it does not: it holds its profile when nobody speaks to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.smoothing import catch_up
from daemon.model.commands import Proposal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.compliance import Bound
    from daemon.model.plant import Equipment

OWNER: Final = "smoothing"
RAMP: Final = "ramp_limit_w_s"
FLOOR: Final = "smoothing_floor_pu"
_GRAIN_W_S: Final = 100.0
_SHOWN_W_S: Final = 1.0
_SHOWN_PU: Final = 1e-3
"""A row shows what it was told to within this."""
_ENOUGH: Final = 0.25
_PLENTY: Final = 0.4
"""Room by the power of storage: below the first there is little, above the second enough."""
_SLOWER: Final = 0.9
"""Of the slowest pace: other loads move too."""


class Pair(NamedTuple):
    """Ramps of all rows together [W/s]."""

    quick_w_s: float
    slow_w_s: float


def jump_w(bounds: Sequence[Bound]) -> float:
    """Return what the shortest limit on swings allows at once, any where nothing bounds [W]."""
    paces = [pace for pace in catch_up.paces(bounds) if pace.window_s]
    return min(paces, key=lambda pace: pace.window_s).jump_w if paces else float("inf")


def ramps(bounds: Sequence[Bound], rows_pu: float, used_pu: float) -> Pair:
    """Return the two ramps under some bounds; zero where nothing bounds."""
    paces = [pace for pace in catch_up.paces(bounds) if pace.window_s]
    if not paces:
        return Pair(0.0, 0.0)
    shortest = min(paces, key=lambda pace: pace.window_s)
    slow_w_s = used_pu * _SLOWER * min(pace.rate_w_s for pace in paces)
    return Pair(max(rows_pu * shortest.rate_w_s, slow_w_s), slow_w_s)


def short(*, was: bool, room_w: float, power_w: float) -> bool:
    """Return whether storage has too little room for quick rows.

    Args:
        was: it had too little before.
        room_w: what it can still give or take beyond what it does, the lesser [W].
        power_w: what it can give and take at rest, the lesser [W].
    """
    return power_w <= 0.0 or room_w < (_PLENTY if was else _ENOUGH) * power_w


def wishes(
    rows: Sequence[Equipment],
    shown: Sequence[float | None],
    ramp_w_s: float | None,
    floors_pu: Sequence[float | None],
    why: str,
) -> tuple[Proposal, ...]:
    """Return what rows have to be told.

    Args:
        rows: all of them.
        shown: ramp and floor that each shows, None where that is not known.
        ramp_w_s: of all together, 0 for any, None to leave it as it is [W/s].
        floors_pu: of each, None to leave it as it is [pu].
        why: for people.
    """
    rated_w = sum(row.ratings["power_w"] for row in rows)
    found = []
    for n, (row, floor_pu) in enumerate(zip(rows, floors_pu, strict=True)):
        part = row.ratings["power_w"] / rated_w
        own_w_s = None if ramp_w_s is None else ramp_w_s * part // _GRAIN_W_S * _GRAIN_W_S
        ramp, floor = shown[2 * n], shown[2 * n + 1]
        if own_w_s is not None and ramp is not None and abs(ramp - own_w_s) > _SHOWN_W_S:
            found.append(Proposal(row.id, RAMP, "prefer", own_w_s, OWNER, why))
        if floor_pu is not None and floor is not None and abs(floor - floor_pu) > _SHOWN_PU:
            found.append(Proposal(row.id, FLOOR, "prefer", floor_pu, OWNER, why))
    return tuple(found)


def floors(
    rows: Sequence[Equipment],
    shown: Sequence[float | None],
    floor_pu: float,
    given: Sequence[str],
) -> tuple[list[float | None], tuple[str, ...]]:
    """Return the floor of each row, None where it is its own, and who has one from here.

    A row whose own floor is as high keeps it; who was given one loses it with the stage.

    Args:
        rows: all of them.
        shown: as for `wishes`.
        floor_pu: of the stage, 0 for none [pu].
        given: who has one from here.
    """
    wanted: list[float | None] = []
    after: list[str] = []
    for n, row in enumerate(rows):
        own = shown[2 * n + 1]
        if floor_pu > 0.0 and (row.id in given or (own is not None and own < floor_pu)):
            wanted.append(floor_pu)
            after.append(row.id)
        elif row.id in given and own != 0.0:
            wanted.append(0.0)
            after.append(row.id)
        else:
            wanted.append(None)
    return wanted, tuple(after)
