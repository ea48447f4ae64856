"""Flicker: how disturbing the changes of a voltage are to people below a lamp.

Theory of operation: the analytic method of IEC 61000-3-3. The voltage is cut into its rises and
falls. One of d percent costs an impression time of 2.3 s times d^3.2; the times of the last ten
minutes, by those ten minutes, to the power 1/3.2, are the short-term severity, which people notice
from about 1 on. A rise or fall ends where the voltage turns by more than 0.02 %.

Simplified: every change counts as a step (shape factor 1), so slow ramps count for more than they
disturb; the lamp, the eye and the percentiles of the flickermeter of IEC 61000-4-15 are not
modelled; changes shorter than a step of the plant (20 or 100 ms) are not seen.

Source: IEC 61000-3-3, analytic method, as quoted in textbooks.
"""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_S: Final = 600.0
BIN_S: Final = 60.0
TURN_PU: Final = 2e-4
_EXPONENT: Final = 3.2
_IMPRESSION_S: Final = 2.3


class Flicker:
    """Meter of the short-term severity at one place."""

    def __init__(self) -> None:
        """Begin with ten minutes of rest."""
        self._bins: deque[float] = deque([0.0], maxlen=round(WINDOW_S / BIN_S))
        self._bin_s = 0.0
        self._began = self._extreme = 0.0

    def advance(self, voltage_pu: float, dt_s: float) -> None:
        """See the voltage [pu] that stood for `dt_s` [s]; a voltage of 0 is an interruption."""
        self._bin_s += dt_s
        if self._bin_s >= BIN_S:
            self._bin_s -= BIN_S
            self._bins.append(0.0)
        if voltage_pu <= 0.0 or self._extreme <= 0.0:
            self._began = self._extreme = voltage_pu
            return
        direction = self._extreme - self._began
        if (voltage_pu - self._extreme) * direction >= 0.0:
            self._extreme = voltage_pu  # goes on, or goes off for the first time
        elif abs(voltage_pu - self._extreme) > TURN_PU:
            self._bins[-1] += impression_s(abs(direction))
            self._began, self._extreme = self._extreme, voltage_pu

    @property
    def severity_pu(self) -> float:
        """Return the short-term severity over the last ten minutes."""
        return float((sum(self._bins) / WINDOW_S) ** (1.0 / _EXPONENT))


def impression_s(change_pu: float) -> float:
    """Return the impression time [s] of a change of voltage [pu]."""
    return float(_IMPRESSION_S * (100.0 * change_pu) ** _EXPONENT)
