"""What evaluators are given: pieces of a trace, and the few facts that no piece tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Quantity = Literal["power_w", "voltage_pu", "frequency_hz"]
UNITS: Final[Mapping[str, str]] = {"power_w": "W", "voltage_pu": "pu", "frequency_hz": "Hz"}
ROUNDING: Final = 1e-9
"""Part of a limit that is granted to the rounding of decimal files."""


@dataclass(frozen=True, slots=True)
class Samples:
    """A piece of a trace; each value holds from its time until the next.

    Attributes:
        t_ns: rising times `(n,)` [ns].
        values: by quantity `(n,)`; a quantity that is not measured is absent.
    """

    t_ns: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.t_ns)

    def part(self, begin: int, end: int) -> Samples:
        """Return the samples `begin` until before `end`."""
        cut = {name: values[begin:end] for name, values in self.values.items()}
        return Samples(self.t_ns[begin:end], cut)


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of the subject beforehand.

    Attributes:
        step_ns: usual time between samples [ns].
        rated_w: base of limits in per unit of the load; 0 where none is known [W].
        nominal_hz: of the network [Hz].
        measured: quantities that the trace holds.
        sized: the size of the load is stated by someone, and so the unit of its power is sure.
            Where it is not, a limit for loads of quite another size is open: what looks like 90 kW
            may be 90 MW in a file of kW.
    """

    step_ns: int
    rated_w: float = 0.0
    nominal_hz: float = 60.0
    measured: frozenset[str] = frozenset({"power_w", "voltage_pu", "frequency_hz"})
    sized: bool = True

    @property
    def nyquist_hz(self) -> float:
        """Return the highest frequency that samples so far apart can show [Hz]."""
        return 0.5 * SECOND / self.step_ns


def beyond(value: float, limit: float) -> bool:
    """Return whether a figure is above a limit by more than rounding."""
    return value > limit + ROUNDING * abs(limit)
