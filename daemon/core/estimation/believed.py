"""From a solution back to the site: voltages by bus, powers by equipment, residuals by point.

What was not solved keeps what was measured: dead parts, what no instrument of the network reads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation.drawing import BASE_VA
from daemon.core.estimation.readouts import NOT_ASKED
from daemon.model.estimate import NO_POINT, WLS, Fit
from daemon.model.natures import Role
from daemon.model.quality import Quality

if TYPE_CHECKING:
    from daemon.core.estimation.frequency import Heard
    from daemon.core.estimation.instruments import Instruments
    from daemon.core.estimation.layout import Layout, Solution
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.readouts import Readouts
    from daemon.core.estimation.site_network import SiteNetwork
    from daemon.model.estimate import Estimate
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

VAGUE_PU: Final = 0.1
"""A power with a larger standard deviation, by rating, rests on a guess."""
VAGUE_VOLTAGE_PU: Final = 0.05
"""A voltage likewise: without any voltmeter loss curves and the nominal one tell as much."""
SURE_PU: Final = 0.02
"""One with a smaller deviation, by what its instrument can show at most, may be acted on."""
_SWITCHES: Final = frozenset({Role.SWITCH, Role.TRANSFER})
GOOD: Final = np.uint32(Quality.GOOD)
UNSURE: Final = np.uint32(Quality.UNCERTAIN_SUBSTITUTE_VALUE)


class Places:
    """Where a site stands in the states of one network, and which of it is solved.

    Attributes:
        bus: state that is the voltage of each bus (n_bus,).
        angle: state that is its angle, -1 on DC (n_bus,).
        live: which buses are energised (n_bus,).
        island: what closed switches and branches join has one number (n_bus,).
    """

    def __init__(
        self, at: SiteNetwork, live: Flags, where: Layout, is_dc: Flags, tells: Flags
    ) -> None:
        node = at.node[: len(is_dc)]
        self.bus: Final[Ints] = node + np.where(is_dc, where.dc_voltage.start, where.voltage.start)
        self.angle: Final[Ints] = np.where(is_dc, 0, node + where.angle.start)
        self.alternating: Final[Floats] = np.where(is_dc, 0.0, 1.0)
        self.live: Final[Flags] = live[: len(is_dc)]
        self.island: Final[Ints] = np.array(at.part[: len(is_dc)], dtype=np.int64)
        self.tells: Final[Flags] = tells


class Told:
    """What instruments and readings are to the site.

    Attributes:
        point: first point of every real instrument (n_real,).
        way: number of the gateway that it is read through (n_real,).
        factor: its unit by one per unit (n_real,).
        constant: what it adds to what it reads (n_real,) [pu].
        points: what every real instrument reads (n_real,).
        of_point: by point the instrument that reads it, `NO_POINT` without one (n_point,).
        others_of: by point, what its instrument reads besides, where that is a sum.
        sure_pu: standard deviation up to which what it should show may be acted on (n_real,) [pu].
        power: readings that are the power of equipment (n_told,).
        power_of: that equipment (n_told,).
        loss: readings that are the losses of equipment (n_lost,).
        loss_of: that equipment (n_lost,).
        vague_w: standard deviation from which on a power rests on a guess (n_told,) [W].
        vague_pu: more of that, by the power itself: a switch is rated for far more than hangs on it
            (n_told,) [pu].
    """

    def __init__(
        self, site: Site, points: PointTable, instruments: Instruments, readouts: Readouts
    ) -> None:
        real = instruments.all[: instruments.count]
        self.point: Final = np.array([i.points[0] for i in real], dtype=np.intp)
        tells = [site.equipment[points.points[n].equipment] for n in self.point.tolist()]
        ways = [item.device.gateway if item.device else item.id for item in tells]
        self.way: Final = np.unique(ways, return_inverse=True)[1].astype(np.int64)
        self.factor: Final = np.array([1.0 / i.weights[0] for i in real])
        self.constant: Final = np.array([i.constant for i in real])
        self.sure_pu: Final = SURE_PU * np.array([i.rated for i in real])
        self.of_point: Final = np.full(len(points), NO_POINT, dtype=np.intp)
        self.points: Final = tuple(i.points for i in real)
        others_of: dict[int, tuple[int, ...]] = {}
        # What is read alone last: it stands.
        for number in sorted(range(len(real)), key=lambda n: -len(real[n].points)):
            parts = real[number].points
            for point in parts:
                self.of_point[point] = number
                others_of[point] = tuple(p for p in parts if p != point)
        self.others_of: Final = {p: others for p, others in others_of.items() if others}
        self.power_of: Final = np.flatnonzero(readouts.power != NOT_ASKED)
        self.power: Final = readouts.power[self.power_of]
        self.loss_of: Final = np.flatnonzero(readouts.loss != NOT_ASKED)
        self.loss: Final = readouts.loss[self.loss_of]
        every = list(site.equipment.values())
        items = [every[n] for n in self.power_of.tolist()]
        passes = np.array([item.kind.role in _SWITCHES for item in items], dtype=np.bool_)
        rated_w = np.array([_rated_w(item, instruments) for item in items])
        self.vague_w: Final = np.where(passes, VAGUE_PU**2, VAGUE_PU) * rated_w
        self.vague_pu: Final = np.where(passes, VAGUE_PU, 0.0)


def _rated_w(item: Equipment, instruments: Instruments) -> float:
    ratings = item.ratings
    by_current = instruments.rated_by_current(item) if "current_a" in ratings else 1.0
    return ratings.get("power_va") or ratings.get("power_w") or by_current * BASE_VA


def believed(
    measured: Estimate,
    found: Solution,
    places: Places,
    told: Told,
    classes: Classes,
    heard: Heard,
    *,
    lagging: bool,
) -> Estimate:
    """Return the estimate of a scan.

    Args:
        measured: what is measured, passed through.
        found: the solution.
        places: of the site in the network.
        told: what instruments and readings are to the site.
        classes: of every real instrument (n_real,).
        heard: frequencies.
        lagging: whether nobody is judged yet, for something has switched just now.
    """
    live, sigma = places.live, found.sigma[places.bus]
    seen = live & (sigma < VAGUE_VOLTAGE_PU)
    power_w, power_sigma_w = measured.power_w.copy(), measured.power_sigma_w.copy()
    power_quality = measured.power_quality.copy()
    reading, of = told.power[places.tells], told.power_of[places.tells]
    power_w[of] = found.measured[reading] * BASE_VA
    power_sigma_w[of] = found.sigma_measured[reading] * BASE_VA
    sure = np.zeros(len(power_w), dtype=np.bool_)
    vague_w = told.vague_w + told.vague_pu * np.abs(power_w[told.power_of])
    sure[of] = power_sigma_w[of] < vague_w[places.tells]
    power_quality[of] = np.where(sure[of], GOOD, UNSURE)
    loss_w, loss_sigma_w = np.zeros(len(power_w)), np.zeros(len(power_w))
    loss_w[told.loss_of] = found.measured[told.loss] * BASE_VA
    loss_sigma_w[told.loss_of] = found.sigma_measured[told.loss] * BASE_VA
    count = len(told.point)
    return replace(
        measured,
        method=WLS,
        bus_voltage_pu=np.where(live, found.x[places.bus], measured.bus_voltage_pu),
        bus_voltage_sigma_pu=np.where(live, sigma, 0.0),
        bus_frequency_hz=np.where(np.isnan(heard.hz), measured.bus_frequency_hz, heard.hz),
        bus_quality=np.where(live, np.where(seen, GOOD, UNSURE), measured.bus_quality),
        power_w=power_w,
        power_sigma_w=power_sigma_w,
        power_quality=power_quality,
        fit=Fit(
            at_ns=measured.at_ns,
            bus_angle_rad=found.x[places.angle] * places.alternating,
            bus_frequency_sigma_hz=heard.sigma_hz,
            bus_observable=seen,
            power_observable=sure,
            loss_w=loss_w,
            loss_sigma_w=loss_sigma_w,
            instrument_point=told.point,
            instrument_of=told.of_point,
            others_of=told.others_of,
            should=(found.measured[:count] - told.constant) * told.factor,
            sure=found.sigma_measured[:count] <= told.sure_pu,
            weight_class=classes,
            residual=found.residual[:count] * told.factor,
            normalised=found.normalised[:count],
            chi_square=found.chi_square,
            dof=found.dof,
            iterations=found.iterations,
            energised=live,
            lagging=lagging,
        ),
    )
