"""What smoothing may do with storage: who can be used, how far, and who does what it is told.

A store counts with the least of its rating, what it reports, and what is in it above its reserve.
One that contradicts its charge counts with nothing. One that ignores set-points, or for `follow_s`
shows another one than it was asked for (a person may hold it) or another power than that, counts
with nothing for `distrust_s`: asked for nothing it would look obedient at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Equipment

POINTS: Final = ("power_w", "power_setpoint_w", "soc_pu", "charge_limit_w", "discharge_limit_w")
"""What is read of each store, in this order."""
_WH: Final = 3600.0
_HELD_S: Final = 10.0
"""A power has to be possible for so long: a late scan must not cut into the reserve [s]."""
_OFF_PU: Final = 0.1
"""A store whose power is further from its set-point does not follow, by its rating."""
_UNHEARD_PU: Final = 0.05
"""One that shows another set-point than this from what it was asked for was not reached."""


class Trust(NamedTuple):
    """How a store follows.

    Attributes:
        off_ns: since when it does not; 0 while it does [ns].
        until_ns: it takes no part before this [ns].
    """

    off_ns: int = 0
    until_ns: int = 0


class Able(NamedTuple):
    """What a store can do, its reserve left alone.

    Attributes:
        take_w: most it takes [W].
        give_w: most it gives [W].
        stored_j: what it may give [J].
        room_j: what it may take [J].
    """

    take_w: float = 0.0
    give_w: float = 0.0
    stored_j: float = 0.0
    room_j: float = 0.0

    def at_most(self, power_w: float) -> Able:
        """Return the same that neither takes nor gives more than a power [W]."""
        return self._replace(take_w=min(self.take_w, power_w), give_w=min(self.give_w, power_w))

    @property
    def energy_j(self) -> float:
        """Return what is between its reserve and its top [J]."""
        return self.stored_j + self.room_j


def trusted(
    view: View,
    stores: Sequence[Equipment],
    told: Sequence[Sequence[float | None]],
    asked_w: Mapping[str, float],
    before: Sequence[Trust],
    follow_s: float,
    distrust_s: float,
) -> tuple[tuple[Trust, ...], tuple[Event, ...]]:
    """Return how each store follows, and the events of those that do not any more.

    Args:
        view: the plant now.
        stores: all of them.
        told: `POINTS` of each store.
        asked_w: set-point that each was last asked for, by store [W].
        before: what was known; empty at first.
        follow_s: time that a store has to come to its set-point [s].
        distrust_s: how long one that did not takes no part [s].
    """
    after, events = [], []
    for n, item in enumerate(stores):
        was = before[n] if before else Trust()
        off = _off(view, item, told[n], asked_w.get(item.id))
        off_ns = (was.off_ns or view.now_ns) if off else 0
        until_ns = was.until_ns
        ignores = item.id in view.facts.setpoints.ignored
        if ignores or (off and view.now_ns - off_ns >= ns(follow_s)):
            if view.now_ns >= until_ns:
                text = f"{item.id} does not do what smoothing asks: it does without"
                events.append(view.event(item.id, "storage_not_trusted", text))
            until_ns = view.now_ns + ns(distrust_s)
        after.append(Trust(off_ns, until_ns))
    return tuple(after), tuple(events)


def _off(view: View, item: Equipment, told: Sequence[float | None], asked_w: float | None) -> bool:
    """Return whether a store shows another set-point than it was asked for, or does not follow."""
    power_w, set_w, _, take_w, give_w = told
    if power_w is None or set_w is None or view.stage(item.id) != "grid_following":
        return False
    if asked_w is not None and abs(set_w - asked_w) > _UNHEARD_PU * item.ratings["power_w"]:
        return True
    able_w = min(max(set_w, -abs(give_w or 0.0)), abs(take_w or 0.0))
    return abs(power_w - able_w) > _OFF_PU * item.ratings["power_w"]


def able(
    view: View,
    stores: Sequence[Equipment],
    told: Sequence[Sequence[float | None]],
    trust: Sequence[Trust],
    live: Collection[int | None],
) -> list[Able]:
    """Return what each store can do.

    Args:
        view: the plant now.
        stores: all of them.
        told: `POINTS` of each store.
        trust: in each.
        live: sections that are fed.
    """
    doubted = {*view.facts.charge.contradicted, *view.facts.tags}
    found = []
    for item, how, of_it in zip(stores, trust, told, strict=True):
        usable = (
            item.id not in doubted
            and view.now_ns >= how.until_ns
            and view.topology.section[item.buses[0]] in live
            and view.stage(item.id) == "grid_following"
        )
        found.append(_able(view, item, of_it) if usable else Able())
    return found


def spare_w(view: View, item: Equipment, told: Sequence[float | None]) -> float | None:
    """Return the most that a store gives of what is above its reserve, trusted or not [W].

    None while charge or reserve are not known.
    """
    if told[2] is None or item.id not in view.facts.demand.reserve_wh:
        return None
    return _able(view, item, told).give_w


def _able(view: View, item: Equipment, told: Sequence[float | None]) -> Able:
    _, _, soc_pu, take_w, give_w = told
    reserve_wh = view.facts.demand.reserve_wh.get(item.id)
    if soc_pu is None or take_w is None or give_w is None or reserve_wh is None:
        return Able()
    rated_w, capacity_wh = item.ratings["power_w"], item.ratings["energy_wh"]
    counted_wh = min(soc_pu * capacity_wh, view.facts.charge.usable_wh.get(item.id, capacity_wh))
    stored_j = max(0.0, counted_wh - reserve_wh) * _WH
    room_j = max(0.0, 1.0 - soc_pu) * capacity_wh * _WH
    return Able(
        min(abs(take_w), rated_w, room_j / _HELD_S),
        min(abs(give_w), rated_w, stored_j / _HELD_S),
        stored_j,
        room_j,
    )
