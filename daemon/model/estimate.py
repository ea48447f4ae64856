"""The estimate: what the daemon believes the plant to be, point by point and bus by bus.

Struct of arrays. Points stand in the order of the point table, buses and equipment in the order of
the site file. Every value carries its quality and the point it came from, so that a reader can
refuse it and a person can ask where it is from. `method` says how it was made: by least squares
over all instruments, where there are a standard deviation of every value and a `Fit` that says what
the instruments make of one another, or by passing measurements through, where there is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.efficiency import Efficiency
    from daemon.model.quality import QualityArray

NO_POINT: Final = -1
"""Index of a value that rests on no single point."""
PASS_THROUGH: Final = "pass_through"
WLS: Final = "wls"


class Doubted(NamedTuple):
    """An instrument that is not believed.

    Attributes:
        point: index of what it shows.
        kind: "condemned" (a substitute stands in its place), "frozen" (the same), "doubted" (it or
            another of its group) or "drifting".
        group: points that one error may be of, itself first; of an instrument that is read as a
            sum all its points.
        chance: that it is this one.
        shown: what it shows, in the unit of the point.
        should: what fits all others, in that unit.
        sigma: deviation of their difference, in that unit.
        guess: "sign", "scale" or "wrong": what is likely to be the matter.
        since_ns: when it was found [ns].
    """

    point: int
    kind: str
    group: tuple[int, ...]
    chance: float
    shown: float
    should: float
    sigma: float
    guess: str
    since_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What instruments say of one another, and what only all of them together tell.

    Attributes:
        at_ns: time of the image that was solved [ns].
        bus_angle_rad: angle by the reference of the bus' island (n_bus,) [rad]; 0 on DC.
        bus_frequency_sigma_hz: standard deviation of the frequency (n_bus,) [Hz]; NaN where no
            meter tells it.
        bus_observable: whether instruments tell the voltage, not nameplates (n_bus,).
        power_observable: whether they tell the power (n_equipment,).
        loss_w: losses of transformers and converters, 0 for others (n_equipment,) [W].
        loss_sigma_w: their standard deviation (n_equipment,) [W].
        instrument_point: index of the point of every instrument, the first where it reads a sum of
            several (n_instrument,).
        instrument_of: by point the instrument that reads it, alone if there is one, `NO_POINT`
            where there is none (n_point,).
        others_of: by point, what its instrument reads besides, where that is a sum.
        should: what every instrument should show, the sum where it is one (n_instrument,) [unit
            of the point].
        sure: whether that is known well enough to act on (n_instrument,).
        weight_class: 0 taken as fresh, 1 as aged, 2 not used (n_instrument,).
        residual: measured less estimated (n_instrument,) [unit of the point].
        normalised: residual by its own standard deviation (n_instrument,) [1]; 0 where not used and
            where nothing else checks it.
        chi_square: weighted sum of squared residuals [1].
        dof: degrees of freedom, what `chi_square` is about when nothing lies [1].
        iterations: steps that were made.
        energised: buses that are fed.
        lagging: something has switched just now, so residuals judge nobody yet.
    """

    at_ns: int
    bus_angle_rad: NDArray[np.float64]
    bus_frequency_sigma_hz: NDArray[np.float64]
    bus_observable: NDArray[np.bool_]
    power_observable: NDArray[np.bool_]
    loss_w: NDArray[np.float64]
    loss_sigma_w: NDArray[np.float64]
    instrument_point: NDArray[np.intp]
    instrument_of: NDArray[np.intp]
    others_of: Mapping[int, tuple[int, ...]]
    should: NDArray[np.float64]
    sure: NDArray[np.bool_]
    weight_class: NDArray[np.uint8]
    residual: NDArray[np.float64]
    normalised: NDArray[np.float64]
    chi_square: float
    dof: float
    iterations: int
    energised: NDArray[np.bool_]
    lagging: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """Believed values of one instant; quality is worst-of whatever went into a value.

    Attributes:
        at_ns: monotonic time of the image it was made from [ns].
        method: how it was made: `WLS`, or `PASS_THROUGH` where nothing could be solved.
        values: believed values (n_point,), each in the unit of its point.
        quality: their status codes (n_point,), uint32; a substitute is marked as such.
        bus_voltage_pu: voltage by nominal (n_bus,) [pu]; 0 where dead.
        bus_voltage_sigma_pu: its standard deviation (n_bus,) [pu]; NaN where none is known.
        bus_frequency_hz: frequency (n_bus,) [Hz]; 0 where dead and on DC.
        bus_live: whether the bus is known to be energised (n_bus,).
        bus_quality: status codes of the bus values (n_bus,), uint32.
        bus_point: index of the voltage's point (n_bus,), or `NO_POINT`.
        power_w: active power by equipment, load convention (n_equipment,) [W].
        power_sigma_w: its standard deviation (n_equipment,) [W]; NaN where none is known.
        power_quality: status codes of the powers (n_equipment,), uint32.
        power_point: index of the power's point (n_equipment,), or `NO_POINT`.
        suspects: instruments that are not believed.
        fit: what stands behind it; None when nothing was solved.
        efficiency: losses by stage, chains and PUE; None when nothing was solved.
    """

    at_ns: int
    method: str
    values: NDArray[np.float64]
    quality: QualityArray
    bus_voltage_pu: NDArray[np.float64]
    bus_voltage_sigma_pu: NDArray[np.float64]
    bus_frequency_hz: NDArray[np.float64]
    bus_live: NDArray[np.bool_]
    bus_quality: QualityArray
    bus_point: NDArray[np.int64]
    power_w: NDArray[np.float64]
    power_sigma_w: NDArray[np.float64]
    power_quality: QualityArray
    power_point: NDArray[np.int64]
    suspects: tuple[Doubted, ...] = ()
    fit: Fit | None = None
    efficiency: Efficiency | None = None
