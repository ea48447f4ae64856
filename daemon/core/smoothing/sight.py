"""What smoothing sees of the plant: import, storage, rows, and whether it may act at all.

Everything is of now. Where the meter of an import or of a store is not believed, or silent, the
estimate of this scan stands in for it: one of a second ago beside the storage of now would make a
load that is none. Where the estimate does not know either what a store does that is heard, its
set-point stands in, as it does for dispatch: to drop a store whose meter alone is wrong would be a
step of the import. An import that nobody knows is not smoothed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.core.gauges import Gauges
from daemon.core.smoothing import profile, stores
from daemon.core.topology import once_per_site
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.core.view import View
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

_WH: Final = 3600.0
_OF_NOW_S: Final = 0.3
"""An estimate that is older stands in for nothing here [s]."""


class Plan(NamedTuple):
    """What of a site matters to smoothing."""

    stores: tuple[Equipment, ...]
    rows: tuple[Equipment, ...]
    meters: tuple[str, ...]
    imports: Gauges
    stores_told: Gauges
    """What is read of stores."""
    stores_power: Gauges
    """Power of each store."""
    profiles: Gauges
    """Ramp and floor of each row."""
    powers: Gauges
    """Power of each row."""
    lasting_s: tuple[float, ...]
    """How long each store lasts at full power [s]."""
    quickest: int
    """Which store lasts the shortest; of no meaning without stores."""
    ramped: bool
    """There are rows, and each keeps a ramp by itself."""


class Seen(NamedTuple):
    """What is known of now.

    Attributes:
        import_w: power of the connection [W].
        powers_w: of each store, charging positive [W].
        told: what is read of stores, as `stores.POINTS` has it, their power at its best.
    """

    import_w: float
    powers_w: tuple[float, ...]
    told: tuple[tuple[float | None, ...], ...]


@once_per_site
def plan(site: Site, points: PointTable) -> Plan:
    """Return what of a site matters: stores on AC, rows, and the meters of its feeds."""
    feeds = {e.buses[0] for e in site.of_nature("utility")}
    acting = tuple(e for e in site.of_nature("ess") if site.buses[e.buses[0]].kind == "ac")
    rows = site.of_nature("rack_row")
    meters = tuple(e.id for e in site.of_nature("meter") if e.buses[0] in feeds)
    lasting_s = tuple(_WH * e.ratings["energy_wh"] / e.ratings["power_w"] for e in acting)
    shapes = [(row.id, name) for row in rows for name in (profile.RAMP, profile.FLOOR)]
    return Plan(
        stores=acting,
        rows=rows,
        meters=meters,
        imports=Gauges(points, [(meter, "power_w") for meter in meters]),
        stores_told=Gauges(points, [(e.id, name) for e in acting for name in stores.POINTS]),
        stores_power=Gauges(points, [(e.id, stores.POINTS[0]) for e in acting]),
        profiles=Gauges(points, shapes),
        powers=Gauges(points, [(row.id, "power_w") for row in rows]),
        lasting_s=lasting_s,
        quickest=min(range(len(acting)), key=lasting_s.__getitem__, default=0),
        ramped=bool(rows) and all(points.find(row.id, profile.RAMP) is not None for row in rows),
    )


def look(view: View, plan: Plan) -> Seen | None:
    """Return what is measured, None where nothing may be done or a value is not known."""
    if not plan.meters or not view.facts.compliance.bounds or not _may_act(view):
        return None
    told = stores_told(view, plan)
    imports_w = [power_w for power_w in _of_now(view, plan.imports) if power_w is not None]
    powers_w = tuple(of_it[0] for of_it in told if of_it[0] is not None)
    if len(imports_w) < len(plan.meters) or len(powers_w) < len(plan.stores):
        return None
    return Seen(sum(imports_w), powers_w, told)


def load_w(view: View, plan: Plan) -> float | None:
    """Return what the connection would carry without storage, None while not known [W]."""
    imports_w = [power_w for power_w in _of_now(view, plan.imports) if power_w is not None]
    powers_w = [of_it[0] for of_it in stores_told(view, plan) if of_it[0] is not None]
    if not plan.meters or len(imports_w) < len(plan.meters) or len(powers_w) < len(plan.stores):
        return None
    return sum(imports_w) - sum(powers_w)


def stores_told(view: View, plan: Plan) -> tuple[tuple[float | None, ...], ...]:
    """Return what is read of each store, its power at its best."""
    told, size = view.gauge(plan.stores_told), len(stores.POINTS)
    found = []
    for n, power_w in enumerate(_of_now(view, plan.stores_power)):
        shown_w, set_w, *others = told[size * n : size * (n + 1)]
        heard = shown_w is not None and power_w is None
        found.append((set_w if heard else power_w, set_w, *others))
    return tuple(found)


def _of_now(view: View, gauges: Gauges) -> Sequence[float | None]:
    """Return what meters show, or the estimate in their place if that is of now."""
    found, fit = view.best(gauges), view.estimate.fit if view.estimate else None
    if fit is not None and view.now_ns - fit.at_ns <= ns(_OF_NOW_S):
        return found
    return view.believed(gauges)


def _may_act(view: View) -> bool:
    """Return whether nothing but a utility that is stable feeds, and every load is fed by it."""
    facts = view.facts
    calm = not facts.autonomy.on_storage and not facts.relief.shutdown
    return calm and bool(facts.autonomy.feeds) and bool(said(view).get("stable")) and fed(view)


def fed(view: View) -> bool:
    """Return whether nothing but the utility feeds, so far as that is known."""
    sections = feeds(view)
    return bool(sections) and all(feed == "utility" for feed in sections.values())


def lost(view: View) -> bool:
    """Return whether the rows have nothing but their storage."""
    return bool(said(view).get("all_ac_lost")) or view.facts.autonomy.rows_on_storage


def said(view: View) -> Mapping[str, Any]:
    """Return the last word of the switching lane on the supply."""
    return view.heard["supply"].values if "supply" in view.heard else {}


def feeds(view: View) -> Mapping[str, str]:
    """Return what feeds each section."""
    return dict(said(view).get("feeds", {}))


def live(view: View) -> set[int | None]:
    """Return the sections that are fed."""
    return {view.topology.section.get(bus) for bus in feeds(view)} - {None}


def rows_w(view: View, plan: Plan) -> float | None:
    """Return what all rows draw, None while that is not known [W]."""
    powers_w = [power_w for power_w in view.gauge(plan.powers) if power_w is not None]
    return sum(powers_w) if len(powers_w) == len(plan.rows) else None


def range_w(view: View, plan: Plan) -> float:
    """Return how far the load can move [W]."""
    rated_w = sum(row.ratings["power_w"] for row in plan.rows)
    return rated_w or view.site.contract.import_limit_w
