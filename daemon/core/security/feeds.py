"""How long a load lasts on each of its feeds alone, and what reserve stands behind that very feed.

The reserve is the sum over all storage still connected of `min(energy, power x time)`. The store of
a UPS or rectifier counts for a feed with the part that is this load's at the present loading, and
so does DC storage that several rows share. Rack batteries stand behind every feed of their row.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daemon.core.facts import Feed
from daemon.core.security.lasting import LONGEST_S, SECONDS_PER_HOUR, lasting_s, reserve_wh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.facts import Path
    from daemon.core.security.joints import Joints, Plan


def by_feed(
    plan: Plan,
    joints: Joints,
    paths: Mapping[str, Path],
    shared: Mapping[int, tuple[float, float]],
    efficiency_pu: float,
    reserve_s: float,
) -> dict[str, tuple[Feed, ...]]:
    """Return the feeds of every row and rack, by load.

    Args:
        plan: loads of the site.
        joints: what is joined.
        paths: of this scan, by load.
        shared: by DC section, what its storage offers per watt of the rows there: [Wh/W], [W/W].
        efficiency_pu: discharge efficiency of storage.
        reserve_s: time that the reserve is for [s].
    """
    feeds: dict[str, tuple[Feed, ...]] = {}
    for n, row in enumerate(plan.rows):
        path, sections = paths[row.item.id], joints.feeds[n]
        offers = [_offer(shared.get(at), path.power_w, efficiency_pu) for at in sections]
        both_wh = sum({at: wh for at, (wh, _) in zip(sections, offers, strict=True)}.values())
        held_wh = path.held_s * path.power_w / SECONDS_PER_HOUR
        own_wh = max(path.energy_wh - both_wh - held_wh, 0.0)
        own_w = row.item.ratings["power_w"]
        feeds[row.item.id] = tuple(
            Feed(
                bus,
                min(lasting_s(own_wh, wh, path.power_w, w) + path.held_s, LONGEST_S),
                reserve_wh(own_wh, own_w, reserve_s)
                + reserve_wh(wh, w, reserve_s)
                + reserve_wh(held_wh, path.power_w, reserve_s),
            )
            for bus, (wh, w) in zip(row.feeds, offers, strict=True)
        )
    shelters: dict[tuple[int, ...], _Shelter] = {}
    for n, item in enumerate(plan.racks):
        power_w, of_it = paths[item.id].power_w, []
        for bus, ks in zip(item.buses, joints.by_feed[n], strict=True):
            shelter = shelters.get(ks)
            if shelter is None:  # many racks stand on the same feeds
                backups = [paths[plan.backups[k].item.id] for k in ks]
                shelter = shelters[ks] = _sheltered(backups, reserve_s)
            of_it.append(Feed(bus, shelter.lasts_s, shelter.part(power_w) * shelter.reserve_wh))
        feeds[item.id] = tuple(of_it)
    return feeds


def _offer(
    offer: tuple[float, float] | None, power_w: float, efficiency_pu: float
) -> tuple[float, float]:
    """Return what the DC storage of a section gives a row: energy [Wh], power [W]."""
    wh, w = offer or (0.0, 0.0)
    return wh * power_w * efficiency_pu, w * power_w


class _Shelter(NamedTuple):
    """What the backups of one feed offer together."""

    lasts_s: float
    power_w: float
    reserve_wh: float

    def part(self, power_w: float) -> float:
        """Return the part of it that is a load's at the present loading [pu]."""
        return min(power_w / self.power_w, 1.0) if self.power_w > 0.0 else 1.0


def _sheltered(backups: list[Path], reserve_s: float) -> _Shelter:
    total_w = sum(path.power_w for path in backups)
    lasting = sum(path.autonomy_s * path.power_w for path in backups)
    return _Shelter(
        lasting / total_w if total_w > 0.0 else (LONGEST_S if backups else 0.0),
        total_w,
        sum(reserve_wh(path.energy_wh, path.power_w, reserve_s) for path in backups),
    )
