"""Storage that has to carry until a failed start is known and the load has ended in order.

UPS and rectifiers do it alone, with what the balance puts on them in the worst case. Rows of AI
racks have their own batteries first, which come with every rack; what these lack the DC storage
joined to them has to give. A storage that can carry a section of a main-tie-main board while no set
runs has to suffice for what the section then draws, its rows capped.

An outage with a failed start is itself what is provided for, so of rows and sections there is no
case with something else missing too. Rows are capped by their rating: they draw no less than that
part of it while they are loaded less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.plant import MainTieMainScheme
from daemon.rehearsal.growth.exhaustion import Bound
from daemon.rehearsal.growth.futures import Group
from daemon.rehearsal.growth.limits import RESERVE, Limit, words
from daemon.rehearsal.growth.loads import Line
from daemon.settings.checks.endurance import programme_of, rows_on_storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from daemon.core.step import Control
    from daemon.model.plant import Site
    from daemon.rehearsal.growth.loads import Case, Floats
    from daemon.settings.checks.endurance import RowOnStorage

_SECONDS_PER_HOUR: Final = 3600.0


def reserve_of(
    site: Site, control: Control, cases: Sequence[Case], today_pu: Floats
) -> Iterator[Limit]:
    """Yield the limits of storage.

    Args:
        site: the plant.
        control: settings of the controllers.
        cases: with everything in service, and the declared ones after it.
        today_pu: what each group draws by its rating `(3,)`.
    """
    lasts_s = programme_of(site, control).seconds
    usable = control.autonomy.efficiency_pu * _SECONDS_PER_HOUR / lasts_s
    note = f"for {lasts_s:.0f} s"
    for item in site.of_nature("ups", "rectifier"):
        stored_wh = item.ratings["energy_wh"] + item.ratings.get("flywheel_wh", 0.0)
        bounds = tuple(
            Bound(words(one.out), one.carried[item.id], stored_wh * usable)
            for one in cases
            if item.id in one.carried
        )
        normal = tuple(b for b in bounds if not b.case)
        if bounds:
            yield Limit(f"{item.id} battery", RESERVE, "W", normal, bounds, note)
    able_w = {
        e.id: min(e.ratings["power_w"], e.ratings["energy_wh"] * usable)
        for e in site.of_nature("ess")
    }
    yield from _rows(rows_on_storage(site, control), able_w, usable, note)
    cap_pu = control.caps.storage_cap_pu if site.of_nature("rack_row") else 1.0
    yield from _sections(site, cases[0], able_w, cap_pu, today_pu)


def _rows(
    rows: Sequence[RowOnStorage], able_w: Mapping[str, float], usable: float, note: str
) -> Iterator[Limit]:
    """Yield for storage that several rows share what their own batteries lack."""
    for stores in dict.fromkeys(row.stores for row in rows):
        lacks_w = sum(row.drawn_w - row.own_wh * usable for row in rows if row.stores == stores)
        if lacks_w <= 0.0:
            continue
        bound = Bound("", _ai(lacks_w), sum(able_w[id_] for id_ in stores), lacks_w)
        name = f"{' and '.join(stores)} for rows" if stores else "rack batteries"
        yield Limit(name, RESERVE, "W", (bound,), (bound,), note)


def _sections(
    site: Site, normal: Case, able_w: Mapping[str, float], cap_pu: float, today_pu: Floats
) -> Iterator[Limit]:
    """Yield for storage behind the feeders of a board its section that draws most."""
    for board in site.schemes.values():
        if not isinstance(board, MainTieMainScheme):
            continue
        behind = {bus for id_ in board.storage_feeders for bus in site.equipment[id_].buses}
        for store in site.of_nature("ess"):
            if store.buses[0] not in behind:
                continue
            bounds = []
            for section in board.sections:
                drawn = normal.demand_w[section.bus]
                slopes = drawn.slopes.copy()
                slopes[Group.AI] *= cap_pu
                capped = Line(drawn.constant, slopes)
                at_least = np.where(np.arange(len(Group)) == Group.AI, 1.0, today_pu)
                least_w = float(capped.at(np.maximum(at_least, today_pu)))
                bounds.append(Bound("", capped, able_w[store.id], least_w))
            found = tuple(bounds)
            note = "rows capped"
            yield Limit(f"{store.id} for a section", RESERVE, "W", found, found, note)


def _ai(slope_w: float) -> Line:
    slopes = np.zeros(len(Group))
    slopes[Group.AI] = slope_w
    return Line(0.0, slopes)
