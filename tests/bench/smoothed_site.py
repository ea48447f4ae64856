"""A site of 100 MW whose storage and rows do what `smoother.step` asks, by its own looks.

The controller of the daemon is driven as the main lane drives it, its stage of volatility with it:
it reads meters of the connection, of two stores and of six rows, and notices come by its mail. What
is not here is who else wants something of storage (shaving, dispatch), and any delay of a device.

Ideal: no losses; a store does what it is asked at once; and between two looks the fast one holds
the connection where it was put, as a capacitor or battery beside the racks does by itself. What is
asked of both, and what the fast one adds, is all counted. The slow one has nine tenths of the
energy. Where rows keep a ramp, they take no more and no less than that lets them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import process_time
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.facts import Autonomy, Demand, Facts
from daemon.core.smoothing import smoother, volatility
from daemon.core.smoothing.leading import POINT
from daemon.core.smoothing.profile import FLOOR, RAMP
from daemon.core.topology import survey
from daemon.core.view import Heard, View
from daemon.model.commands import JobNotice
from daemon.model.quantities import ns
from tests.main_lane import BEGIN_S, UTC_NS, Lane, supply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from daemon.model.compliance import Bound

    Floats = NDArray[np.float64]

SLOW, FAST = "ESS-1", "ESS-F"
FAST_PU: Final = 0.1
"""Part of the energy that the fast store has."""
_ANY_W: Final = 1e12
_ROW: Final = "rack_row/generic_row"


@dataclass(frozen=True, slots=True)
class Told:
    """What was seen of it, step by step.

    Attributes:
        drawn_w: by the site without storage `(n,)` [W].
        grid_w: at the connection `(n,)` [W].
        stored_j: in both stores `(n,)` [J].
        fast_pu: charge of the fast store `(n,)` [pu].
        look_us: processor time of a look [us].
        events: texts of all events.
    """

    drawn_w: Floats
    grid_w: Floats
    stored_j: Floats
    fast_pu: Floats
    look_us: float
    events: tuple[str, ...]


class Site(Lane):
    """The site, its controller, and what stands between two looks."""

    def __init__(
        self,
        bounds: Sequence[Bound],
        range_w: float,
        energy_j: float,
        params: smoother.Params,
        *,
        ramped: bool = False,
    ) -> None:
        super().__init__()
        self._make(range_w, energy_j, ramped=ramped)
        self._params, self._range_w, self.ramp_w_s = params, range_w, 0.0
        self.energies_j = ((1.0 - FAST_PU) * energy_j, FAST_PU * energy_j)
        self.smoothing = smoother.initial(self.site, params)
        self._volatility = volatility.initial(self.site, volatility.Params())
        self._topology = survey(self.image(), self.site, self.points)
        self._heard = {"supply": Heard(self.now_ns, supply().values)}
        facts = Facts(autonomy=Autonomy(feeds={"ROW-1": ()}))
        self._facts = replace(
            facts,
            compliance=facts.compliance._replace(bounds=tuple(bounds)),
            demand=Demand(reserve_wh={SLOW: 0.0, FAST: 0.0}),
        )
        self.asked_w = (0.0, 0.0)
        self.looked = False
        self.events: list[str] = []

    def _make(self, range_w: float, energy_j: float, *, ramped: bool) -> None:
        """Take a site like the hall, with other ratings and a store more."""
        site = self.site
        items = dict(site.equipment)
        for row in site.of_nature("rack_row"):
            items[row.id] = replace(row, ratings={**row.ratings, "power_w": range_w / 6.0})
        for name, part in ((SLOW, 1.0 - FAST_PU), (FAST, FAST_PU)):
            rated = {"power_w": range_w, "energy_wh": part * energy_j / 3600.0}
            like = site.equipment[SLOW]
            items[name] = replace(like, id=name, ratings={**like.ratings, **rated})
        profiles = dict(site.profiles)
        if not ramped:
            of_row = profiles[_ROW].points.items()
            kept = {name: place for name, place in of_row if name not in {RAMP, FLOOR}}
            profiles[_ROW] = replace(profiles[_ROW], points=kept)
        # The codes say nothing of demand or export: neither binds.
        contract = replace(site.contract, import_limit_w=_ANY_W, export_limit_w=_ANY_W)
        self.take(replace(site, equipment=items, profiles=profiles, contract=contract))
        self.values = np.array([self._healthy(i) for i in range(len(self.points))])
        self.quality = np.zeros(len(self.points), dtype=np.uint32)
        self._darken()
        for name in (SLOW, FAST):
            self.put(f"{name}.{POINT}", 0.0)
            self.put(f"{name}.charge_limit_w", _ANY_W)
            self.put(f"{name}.discharge_limit_w", _ANY_W)

    def look(
        self,
        at_s: float,
        load_w: float,
        rows_w: float,
        powers_w: tuple[float, float],
        stored_j: Sequence[float],
        mail: tuple[JobNotice, ...] = (),
    ) -> None:
        """Let the controller see the site, and take what it asks for."""
        self.now_ns = ns(BEGIN_S) + ns(at_s)
        self.put("M-UA.power_w", load_w + sum(powers_w))
        self.put_all("rack_row", "power_w", rows_w / 6.0)
        pairs = zip((SLOW, FAST), powers_w, stored_j, self.energies_j, strict=True)
        for name, power_w, stored, energy_j in pairs:
            self.put(f"{name}.power_w", power_w)
            self.put(f"{name}.soc_pu", stored / energy_j)
        view = View(
            "main", self.image(), mail, self.site, self.points, self._topology, self._facts,
            self._heard, None, 1, 1,
        )  # fmt: skip
        seen = volatility.step(view, self._volatility, volatility.Params())
        self._volatility = seen.state
        if seen.facts:
            self._facts = replace(self._facts, **seen.facts)
            view = replace(view, facts=self._facts)
        due_ns = self.smoothing.due_ns
        done = smoother.step(view, self.smoothing, self._params, ())
        self.smoothing, self.looked = done.state, done.state.due_ns != due_ns
        self._facts = replace(self._facts, **(done.facts or {}))
        self.events += [event.text for event in done.events if hasattr(event, "text")]
        if not self.looked:
            return
        wishes = {(wish.equipment, wish.point): wish.value for wish in done.proposals}
        self.asked_w = (wishes.get((SLOW, POINT), 0.0), wishes.get((FAST, POINT), 0.0))
        for (name, point), value in wishes.items():
            self.put(f"{name}.{point}", value)
        for name, value in zip((SLOW, FAST), self.asked_w, strict=True):
            self.put(f"{name}.{POINT}", value)
        rows = self.site.of_nature("rack_row")
        ramps = (self.points.find(row.id, RAMP) for row in rows)
        self.ramp_w_s = sum(float(self.values[ramp]) for ramp in ramps if ramp is not None)


def replayed(
    site: Site,
    fine_w: Floats,
    base_w: float,
    charge_pu: float,
    steps: int,
    notices: Sequence[tuple[int, JobNotice]] = (),
) -> Told:
    """Return what becomes of a load, so many steps a second.

    Args:
        site: at rest.
        fine_w: what the load asks for at each step `(n,)` [W].
        base_w: of it, what is not drawn by the rows [W].
        charge_pu: of all storage at the begin, the fast one half full [pu].
        steps: in a second; the controller is asked every other one.
        notices: when each is sent, from the begin [s], and what it says.
    """
    n, step_s = len(fine_w), 1.0 / steps
    drawn_w, grid_w, stored_j, fast_pu = (np.empty(n) for _ in range(4))
    slow_j, fast_j = site.energies_j
    charge = [charge_pu * (slow_j + fast_j) - 0.5 * fast_j, 0.5 * fast_j]
    rows_w, powers_w, held_w = float(fine_w[0]) - base_w, (0.0, 0.0), float(fine_w[0])
    left, looks, began = list(notices), 0, process_time()
    for k, asked_w in enumerate(fine_w.tolist()):
        at_s = k * step_s
        if k % 2 == 0:
            mail = tuple(notice for sent_s, notice in left if sent_s <= at_s)
            left = [pair for pair in left if pair[0] > at_s]
            site.look(at_s, base_w + rows_w, rows_w, powers_w, charge, mail)
            looks += 1
            if site.looked:
                powers_w = site.asked_w
                held_w = base_w + rows_w + sum(powers_w)
        most_w = site.ramp_w_s * step_s or np.inf
        rows_w = min(max(asked_w - base_w, rows_w - most_w), rows_w + most_w)
        powers_w = (powers_w[0], held_w - base_w - rows_w - powers_w[0])
        charge = [c + p * step_s for c, p in zip(charge, powers_w, strict=True)]
        drawn_w[k], grid_w[k] = base_w + rows_w, base_w + rows_w + sum(powers_w)
        stored_j[k], fast_pu[k] = sum(charge), charge[1] / fast_j
    look_us = (process_time() - began) / looks * 1e6
    return Told(drawn_w, grid_w, stored_j, fast_pu, look_us, tuple(site.events))


def announced(name: str, action: str, at_s: float, power_w: float) -> JobNotice:
    """Return the notice of a job that starts or stops so long after the begin [s]."""
    at_ns = UTC_NS + ns(BEGIN_S) + ns(at_s)
    return JobNotice(id=name, user="scheduler", action=action, power_w=power_w, at_utc_ns=at_ns)
