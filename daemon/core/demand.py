"""What loads draw, and what sources can give, in watts that a decision may be built on.

A load counts with its measured power; where that is not known, with its rating. What it *may* draw
in the next minutes is more: a row up to its cap, where that can be read back, else its rating; a
chiller that is in service its rating, because it comes back by itself after a gap.

A set counts with its rating, storage that forms an island with what it can give now, a utility with
what is contracted at `POWER_FACTOR_PU`. What only follows (sun, storage on a set-point) is nothing
to build on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.feeding import WORKING
from daemon.core.topology import once_per_site
from daemon.model.natures import Role

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

POWER_FACTOR_PU: Final = 0.95
"""Of load that is compensated. Source: own derivation."""
HOLDING: Final = frozenset({"ready", "loaded", "on_grid"})
"""Stages of a machine in which it gives what is asked of it."""


def drawn_w(view: View, load: Equipment) -> float:
    """Return what a load draws now, its rating when that is not known [W]."""
    power_w = view.read(load.id, "power_w")
    return load.ratings["power_w"] if power_w is None else max(power_w, 0.0)


def expected_w(view: View, load: Equipment) -> float:
    """Return what a load may draw within minutes [W]."""
    rated_w = load.ratings["power_w"]
    if load.nature == "ai_rack":
        if not load.group:
            return rated_w
        if view.stage(load.group) == "off":
            return 0.0
        cap_pu = view.read(load.group, "power_cap_pu")
        return rated_w if cap_pu is None else min(cap_pu, 1.0) * rated_w
    if load.nature == "chiller":
        return rated_w if load.normally != "out_of_service" else drawn_w(view, load)
    return drawn_w(view, load)


def capability_w(view: View, source: Equipment, *, forming: bool = False) -> float:
    """Return what a source can be trusted to give, nothing when that is not known [W].

    Args:
        view: the plant now.
        source: a source that runs, or may.
        forming: count storage as if it formed an island.
    """
    if source.nature == "utility":
        return POWER_FACTOR_PU * source.ratings["power_va"]
    stage = view.stage(source.id)
    if source.nature == "ess":
        limit_w = view.read(source.id, "discharge_limit_w")
        forms = forming or stage == "grid_forming"
        return min(source.ratings["power_w"], abs(limit_w)) if forms and limit_w else 0.0
    return source.ratings["power_w"] if stage in HOLDING else 0.0


def converter_w(view: View, converter: Equipment) -> float:
    """Return what a converter can give its output, nothing when that is not known [W]."""
    if view.stage(converter.id) not in {*WORKING, "battery"}:
        return 0.0
    rated_w = converter.ratings["power_w"]
    if view.points.find(converter.id, "available_w") is None:
        return rated_w
    return min(rated_w, view.read(converter.id, "available_w") or 0.0)


def efficiency_pu(converter: Equipment) -> float:
    """Return output by input power of a converter [pu]."""
    return converter.ratings.get("efficiency_pu", 0.95)


@once_per_site
def rated_w(site: Site, points: PointTable) -> float:
    """Return what all loads in service draw at most, with the losses in front of them [W]."""
    loads_w = sum(
        e.ratings["power_w"]
        for e in site.equipment.values()
        if e.kind.role is Role.LOAD and e.normally != "out_of_service"
    )
    converters = site.of_nature("ups", "hvdc", "rectifier")
    return loads_w / min(map(efficiency_pu, converters), default=1.0)
