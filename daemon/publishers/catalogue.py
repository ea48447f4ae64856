"""Every metric of a site with what it means: what `ridethrough metrics` prints.

Taken from the very code that renders `/metrics`, over a plant of which nothing is known yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.journal.keeping import Held
from daemon.model.image import blank
from daemon.model.points import tabulate
from daemon.publishers import estimates
from daemon.publishers.figures import Figures
from daemon.publishers.plant_lines import PlantLines
from daemon.publishers.publisher import LaneFigures, North, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.plant import Site
    from daemon.publishers.family import Family


def families(site: Site) -> tuple[Family, ...]:
    """Return what `/metrics` of a site may hold, by name."""
    points = tabulate(site)
    north = North(site, points, "", 0, lambda: 0, lambda: 0, lambda _: None, "")
    nothing = Snapshot(
        image=blank(len(points), 0, 0),
        estimate=None,
        lanes={"main": LaneFigures(0.0)},
        spent={},
        gateways={},
        commands={},
        alarms={},
        endurance_s={},
        charge={},
        substitutes={},
        autonomy_s={},
        feeds={},
        contingencies=(),
        schemes={},
        tags={},
        volatility="unknown",
        compliance=(),
        demand=("none", 0.0, 0.0, 0.0, 0.0, {}, {}),
        ready=False,
        journal_failures=0,
        record=Held(0),
        tasks_restarted=0,
    )
    found = [
        *Figures(north).families(nothing),
        *PlantLines(site, points).families,
        *estimates.FAMILIES.values(),
    ]
    return tuple(sorted(found))


def document(site: str, found: Iterable[Family]) -> str:
    """Return metrics of the site of this name as a page in Markdown."""
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(each.labels)} | {each.text} |"
        for each in found
    ]
    head = ["| Metric | Kind | Labels | What it tells |", "|---|---|---|---|"]
    return "\n".join([f"# Metrics: {site}", "", *head, *rows])
