"""The estimate: what the daemon believes the plant to be, point by point and bus by bus.

Struct of arrays. Points stand in the order of the point table, buses and equipment in the order of
the site file. Every value carries its quality and the point it came from, so that a reader can
refuse it and a person can ask where it is from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from daemon.model.quality import QualityArray

NO_POINT: Final = -1
"""Index of a value that rests on no single point."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Believed values of one instant; quality is worst-of whatever went into a value.

    Attributes:
        at_ns: monotonic time of the image it was made from [ns].
        method: how it was made, for people: "pass_through" until a solver stands behind it.
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
