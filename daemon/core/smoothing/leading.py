"""Set-points of storage: what others want is led there slowly, smoothing comes on top.

What is left of all wishes of others for a store is its aim. While smoothing goes on an aim is led
at the pace of the slowest limit, and stands while it would go against what smoothing does. While
nobody smooths, and of a store that is not trusted, it is led at a tenth of that: a step of storage
would be one of the import, and rows use the most of the limit.

A store that is not trusted is asked for what it does, and led from there: one that does not do what
it is told may do so again at any moment, and one whose meter alone is wrong does it all the time.
Neither is asked to give of its reserve for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.arbitration import narrow
from daemon.core.smoothing.profile import OWNER
from daemon.core.smoothing.stores import Able
from daemon.core.smoothing.vanishing import within
from daemon.model.commands import Proposal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.arbitration import Target
    from daemon.core.view import View
    from daemon.model.plant import Equipment

POINT: Final = "power_setpoint_w"
GRAIN_W: Final = 20_000.0
"""Set-points move in these steps, so that noise is not sent to the device."""
KEPT_PU: Final = 0.1
"""Of the slowest limit, while nobody smooths."""
_WHY: Final = "the connection moves no faster than its limits"
_SPARED: Final = "what is left below is reserve"
_KEPT: Final = "nobody smooths: storage moves slowly"


def aims(stores: Sequence[Equipment], proposals: Sequence[Proposal]) -> tuple[Target | None, ...]:
    """Return what is left of all wishes for each store, None where nobody has one."""
    found = []
    for item in stores:
        asked = [wish for wish in proposals if wish.equipment == item.id and wish.point == POINT]
        found.append(narrow(asked) if asked else None)
    return tuple(found)


def at_most(aims: Sequence[Target | None], most_w: float) -> tuple[Target | None, ...]:
    """Return the aims within a power, either way [W]."""
    return tuple(aim and aim._replace(value=min(max(aim.value, -most_w), most_w)) for aim in aims)


def giving_at_most(aims: Sequence[Target | None], most_w: float) -> tuple[Target | None, ...]:
    """Return the aims when all together give no more than a power [W]."""
    found_w = within([aim.value if aim is not None else 0.0 for aim in aims], most_w)
    return tuple(aim and aim._replace(value=w) for aim, w in zip(aims, found_w, strict=True))


def towards(from_w: float, to_w: float, step_w: float) -> float:
    """Return a power that goes from one to another, by a step at most [W]."""
    return min(max(to_w, from_w - step_w), from_w + step_w)


def led(
    able: Sequence[Able],
    aims: Sequence[Target | None],
    from_w: Sequence[float],
    powers_w: Sequence[float],
    smoothed_w: float,
    step_w: float,
    swing_w: float,
) -> tuple[float, ...]:
    """Return the aims as led until now, charging positive [W].

    Args:
        able: what each store can do.
        aims: where others want it.
        from_w: aims as led before, or what each did when this begins [W].
        powers_w: what each does [W].
        smoothed_w: what smoothing asks of all of them [W].
        step_w: an aim moves by so much [W].
        swing_w: what smoothing asks beyond this, no aim goes against [W].
    """
    found = []
    for one, aim, was_w, power_w in zip(able, aims, from_w, powers_w, strict=True):
        to_w = aim.value if aim is not None else 0.0
        if one == Able():
            found.append(power_w)
        elif (to_w - was_w) * smoothed_w < 0.0 and abs(smoothed_w) > swing_w:
            found.append(was_w)
        else:
            found.append(towards(was_w, to_w, step_w))
    return tuple(found)


def kept(
    view: View,
    item: Equipment,
    aim: Target | None,
    was_w: float | None,
    give_w: float,
    step_w: float,
) -> tuple[float, Proposal | None]:
    """Return where a store is led while nobody smooths, and what is asked of it.

    Args:
        view: the plant now.
        item: the store.
        aim: where others want it.
        was_w: where it was led before, None where it begins at what it shows [W].
        give_w: what it can give, its reserve left alone [W].
        step_w: it moves by so much [W].
    """
    shown_w = view.read(item.id, POINT)
    to_w, from_w = aim.value if aim is not None else 0.0, shown_w or 0.0
    if was_w is not None and abs(was_w - from_w) <= 2.0 * GRAIN_W:
        from_w = was_w
    led_w = towards(from_w, to_w, step_w)
    if item.id in view.facts.demand.reserve_wh:
        led_w = max(led_w, -give_w)
    return led_w, _slowly(view, item, shown_w, led_w, to_w)


def left_alone(
    view: View,
    item: Equipment,
    aim: Target | None,
    power_w: float,
    step_w: float,
    spare_w: float | None,
) -> Proposal | None:
    """Return what is asked of a store that is not trusted: what it does, led slowly.

    Args:
        view: the plant now.
        item: the store.
        aim: where others want it.
        power_w: what it does [W].
        step_w: it moves by so much [W].
        spare_w: most that it gives of what is above its reserve, None while not known [W].
    """
    to_w = aim.value if aim is not None else 0.0
    led_w = towards(power_w, to_w, step_w)
    if spare_w is not None:
        led_w = max(led_w, -spare_w)
    return _slowly(view, item, view.read(item.id, POINT), led_w, to_w)


def _slowly(
    view: View, item: Equipment, shown_w: float | None, led_w: float, to_w: float
) -> Proposal | None:
    """Return a set-point on the way, None where there is nothing to lead, or nobody who follows."""
    if shown_w is None or led_w == to_w or view.stage(item.id) != "grid_following":
        return None
    return Proposal(item.id, POINT, "prefer", grained(led_w), OWNER, _KEPT)


def wish(
    item: Equipment,
    aim: Target | None,
    aim_w: float,
    part_w: float,
    spare_w: float | None,
    *,
    acting: bool,
) -> Proposal:
    """Return the set-point of a store; while smoothing rests it stays with who wants it.

    Args:
        item: the store.
        aim: where others want it.
        aim_w: that, as led [W].
        part_w: what smoothing asks of it beside that [W].
        spare_w: most that it gives of what is above its reserve, None while not known [W].
        acting: smoothing does not rest.
    """
    if spare_w is not None and aim_w + (part_w if acting else 0.0) < -spare_w:
        return Proposal(item.id, POINT, "prefer", grained(-spare_w), OWNER, _SPARED)
    if acting or aim is None:
        return Proposal(item.id, POINT, "prefer", grained(aim_w + part_w), OWNER, _WHY)
    value_w = aim_w if aim_w == aim.value else grained(aim_w)
    return Proposal(item.id, POINT, "prefer", value_w, aim.owner, aim.reason)


def in_grains(
    parts_w: Sequence[float], aims_w: Sequence[float], quickest: int
) -> tuple[float, ...]:
    """Return what smoothing asks of each store when the quickest makes up for grains of others.

    The set-points of several would be off by a grain each, one so and one so, from look to look.

    Args:
        parts_w: what it asks beside their aims (n,) [W].
        aims_w: that, as led (n,) [W].
        quickest: which of them.
    """
    lost_w = sum(
        aim_w + part_w - grained(aim_w + part_w)
        for n, (aim_w, part_w) in enumerate(zip(aims_w, parts_w, strict=True))
        if n != quickest
    )
    return tuple(p + lost_w if n == quickest else p for n, p in enumerate(parts_w))


def grained(value_w: float) -> float:
    """Return a power in whole grains, towards zero [W]."""
    return int(value_w / GRAIN_W) * GRAIN_W
