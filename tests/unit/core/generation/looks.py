"""One look of a controller of generation at a plant that stands still."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any

from daemon.core.facts import Facts
from daemon.core.topology import survey
from daemon.core.view import Heard, View
from tests.main_lane import Lane, supply

if TYPE_CHECKING:
    from tests.hall import Hall


@cache
def _healthy(name: str) -> Lane:
    return Lane(name)


def picture(name: str = "ai_hall") -> Lane:
    """Return a healthy hall of one's own, drawn once for all."""
    mine = copy(_healthy(name))
    mine.values, mine.quality = mine.values.copy(), mine.quality.copy()
    return mine


def look(plant: Lane | Hall, facts: Facts | None = None, **said: Any) -> View:
    """Return what a controller sees of a plant, with the word of the other lane if any is given."""
    image, site, points = plant.image(), plant.params.site, plant.params.points
    return View(
        lane=plant.params.lane,
        image=image,
        inbox=(),
        site=site,
        points=points,
        topology=survey(image, site, points),
        facts=facts or Facts(),
        heard={"supply": Heard(plant.now_ns, supply(**said).values)} if said else {},
        estimate=None,
        epoch=1,
        next_id=1,
    )
