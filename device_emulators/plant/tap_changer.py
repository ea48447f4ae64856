"""On-load tap changer: holds the voltage of the second winding within a band, step by step.

Automatic operation: a voltage that leaves the band starts a delay, each further step follows after
a shorter one; a step takes the motor drive some seconds, and the voltage moves at its end. A
voltage back in the band resets everything. Too low a voltage or too high a current blocks the
drive, so that it does not chase a fault. By hand, one command is one step. Neither leaves the end
positions.

Positions count the turns of the first winding: a higher position gives a lower voltage. Simplified:
definite delays, no line-drop compensation, no following of parallel units, no wear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LOW_PU: Final = 0.85
HIGH_LOADING_PU: Final = 1.5


@dataclass(slots=True)
class TapChanger:
    """Position and controller of one tap changer.

    Attributes:
        steps: positions on either side of neutral.
        voltage_pu: voltage to hold at the second winding [pu].
        band_pu: deviation that is let be [pu].
        first_s: time from leaving the band to the first step [s].
        next_s: time from one step to the next [s].
        drive_s: time of a step [s].
        position: steps beside neutral now.
        automatic: it follows the voltage.
        drives: direction in which the drive runs, 0 at rest.
        stuck: the drive does not move.
        changes_count: steps made so far.
    """

    steps: int
    voltage_pu: float = 1.0
    band_pu: float = 0.0125
    first_s: float = 30.0
    next_s: float = 10.0
    drive_s: float = 5.0
    position: int = 0
    automatic: bool = True
    drives: int = 0
    stuck: bool = False
    changes_count: int = 0

    def wants(self, voltage_pu: float) -> int:
        """Return the direction in which the controller wants a step at a voltage [pu]."""
        error = voltage_pu - self.voltage_pu
        if abs(error) <= self.band_pu:
            return 0
        return 1 if error > 0.0 else -1

    def blocked(self, voltage_pu: float, loading_pu: float) -> bool:
        """Return whether the drive is held, at a voltage and a loading [pu]."""
        return voltage_pu < LOW_PU or loading_pu > HIGH_LOADING_PU

    def may(self, direction: int) -> bool:
        """Return whether a step in a direction can begin."""
        return self.drives == 0 and abs(self.position + direction) <= self.steps

    def arrive(self) -> bool:
        """End the step under way; return whether the position has changed."""
        direction, self.drives = self.drives, 0
        if self.stuck or direction == 0:
            return False
        self.position += direction
        self.changes_count += 1
        return True
