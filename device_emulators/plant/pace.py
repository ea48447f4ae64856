"""How long the steps of the plant are: 100 ms while it is quiet, 20 ms while it is lively.

They are 5 ms while the current of a machine into a short circuit falls fast. Steps end at multiples
of their length, and besides at every timer, so contacts, trips, transfers and pick-ups keep their
exact times at any length; a longer step only makes curves coarser. The plant is lively

- for a second after a command, a happening, a movement of a switch, a source that came or went, and
  everything a device reports;
- while an island turns by its own machines, and while a breaker waits for synchronism;
- while a current is above a pick-up of its breaker (the disc of the 51 turns);
- while a short circuit is fed;
- while a store carries load that its source does not, and while a converter walks in after that.

Set-points stir nothing: what follows them follows by a ramp, or settles at once and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device_emulators.devices.device import Device
    from device_emulators.plant.grid import Grid

LIVELY_STEP_NS: Final = 20_000_000
QUIET_STEP_NS: Final = 100_000_000
DECAY_STEP_NS: Final = 5_000_000
DECAY_NS: Final = 100_000_000
"""How long a machine's current into a short circuit falls fast [ns]."""
STIRRED_NS: Final = 1_000_000_000
"""How long the plant stays lively after something happened [ns]."""


class Pace:
    """Chooses the length of the next step.

    Attributes:
        next_ns: next instant of the grid [ns].
    """

    def __init__(self, grid: Grid, hurrying: Iterable[Device]) -> None:
        """Begin lively; `hurrying` are the devices that may want short steps."""
        self._grid = grid
        self._hurrying = tuple(hurrying)
        self.next_ns = grid.now_ns - grid.now_ns % LIVELY_STEP_NS + LIVELY_STEP_NS

    def choose(self) -> None:
        """Choose the next instant by what is so now."""
        now_ns = self._grid.now_ns
        step_ns = LIVELY_STEP_NS if self.lively() else QUIET_STEP_NS
        faulted = self._grid.live_part.faulted
        if faulted is not None and faulted.fed_by_machines_since(now_ns - DECAY_NS):
            step_ns = DECAY_STEP_NS
        self.next_ns = now_ns - now_ns % step_ns + step_ns

    def lively(self) -> bool:
        """Return whether short steps are called for, see the module docstring."""
        grid = self._grid
        if grid.now_ns - grid.stirred_ns < STIRRED_NS or grid.overloaded or grid.waiting:
            return True
        if grid.faults and grid.fault_a.any():
            return True
        if any(leader.machine is not None for leader in grid.live_part.leaders):
            return True
        if grid.racks is not None and grid.racks.giving:
            return True
        return any(device.hurries() for device in self._hurrying)
