"""Protection of a rotating set: when it gives up, and why.

Every element is a limit that must be passed for a time of its own; the times are the set's
settings where a site may want others.

| Element | Operates on |
|---|---|
| 81U | frequency below `under_frequency_pu` for `under_frequency_s` |
| 81O | frequency above `over_frequency_pu` for half a second |
| 59 | terminal voltage above 1.15 for a second, while it gives reactive power itself |
| 32R | power from the bus above 5 % of rated for `reverse_s` |
| 40 | reactive power from the bus above 35 % of rated for a second |
| 46 | negative-sequence current: I2^2 t of 8 s, from 10 % on |
| 87G | current of a short circuit at its terminals above 20 % of rated |
| 49 | power above `overload_pu` for `overload_s` |

47 is judged once, when voltage builds up, by the set itself.

Simplified: 40 and 49 look at power instead of impedance and a thermal model; loads are symmetrical,
so that 46 measures only what short circuits draw and what an event says.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from device_emulators.plant.zones import Differential

if TYPE_CHECKING:
    from device_emulators.devices.rotating import Rotating

OVER_VOLTAGE_PU: Final = 1.15
REVERSE_PU: Final = -0.05
FIELD_PU: Final = -0.35
DIFFERENTIAL_PU: Final = 0.2
UNBALANCE_PU: Final = 0.10
UNBALANCE_S: Final = 8.0
"""I2^2 t that the rotor bears."""
CAUSES: Final = (
    "none",
    "trip",
    "overcrank",
    "no voltage",
    "under-frequency",
    "over-frequency",
    "over-voltage",
    "reverse power",
    "loss of field",
    "negative sequence",
    "phase sequence",
    "overload",
    "low oil pressure",
    "over-temperature",
    "out of fuel",
    "emergency stop",
    "no start",
    "loss of mains",
    "differential",
)
"""What a set may have stopped for, by the code it reports."""
BREAKER_ELEMENTS: Final = {"reverse power": "32", "over-voltage": "59", "overload": "49"}
"""What the breaker of the set shows; for all other causes it shows that the speed falls (81)."""


class SetProtection:
    """Elements that watch one set.

    Attributes:
        unbalance_pu: negative-sequence part of its current.
    """

    def __init__(self, guarded: Rotating) -> None:
        """Watch nothing until the set runs."""
        self._set = guarded
        bus, machine = guarded.buses[0], guarded.machine
        rated_a = machine.power_va / (math.sqrt(3.0) * float(guarded.grid.nominal_v[bus]))
        self._differential = Differential(
            guarded.id,
            guarded.grid,
            {bus: DIFFERENTIAL_PU * rated_a},
            lambda: guarded.fault("differential"),
        )
        self.unbalance_pu = 0.0
        self._heat_46_s = 0.0
        self._timed: set[str] = set()

    def sense(self) -> None:
        """Look at the set once; it runs."""
        self._differential.sense()
        own, machine, former = self._set, self._set.machine, self._set.former
        setting, nominal = own.settings, own.grid.nominal_hz
        hz_pu = former.frequency_hz / nominal
        volts = own.grid.v[own.buses[0]]
        power_pu = former.given_w / machine.power_w
        reactive_pu = former.given_var / machine.power_va
        self._judge(
            "under-frequency",
            hz_pu < setting["under_frequency_pu"],
            setting["under_frequency_s"],
        )
        self._judge("over-frequency", hz_pu > setting["over_frequency_pu"], 0.5)
        high = volts > OVER_VOLTAGE_PU and reactive_pu >= 0.0
        self._judge("over-voltage", high, 1.0)
        self._judge("reverse power", power_pu < REVERSE_PU, setting["reverse_s"])
        self._judge("loss of field", reactive_pu < FIELD_PU, 1.0)
        self._judge("overload", power_pu > setting["overload_pu"], setting["overload_s"])

    def _judge(self, cause: str, picked_up: bool, delay_s: float) -> None:
        own = self._set
        if not picked_up:
            if cause in self._timed:
                self._timed.discard(cause)
                own.grid.timers.cancel(own.id, cause)
        elif cause not in self._timed:
            self._timed.add(cause)
            own.grid.after(own.id, cause, delay_s, lambda: own.fault(cause))

    def advance(self, dt_s: float) -> None:
        """Heat the rotor by unbalance, or let it cool."""
        faulted = self._set.grid.sequences is not None
        if self.unbalance_pu == 0.0 and self._heat_46_s == 0.0 and not faulted:
            return
        machine = self._set.machine
        negative_pu = self.unbalance_pu * abs(self._set.former.given_w) / machine.power_w
        negative_pu += self._fault_pu()
        if negative_pu < UNBALANCE_PU:
            self._heat_46_s = max(self._heat_46_s - dt_s * UNBALANCE_PU**2, 0.0)
            return
        self._heat_46_s += negative_pu**2 * dt_s
        if self._heat_46_s >= UNBALANCE_S:
            self._heat_46_s = 0.0
            self._set.fault("negative sequence")

    def _fault_pu(self) -> float:
        """Return the negative-sequence current that a short circuit draws from the set [pu]."""
        own = self._set
        sequences, breakers = own.grid.sequences, own.own_breakers()
        if sequences is None or not breakers or not own.running:
            return 0.0
        volts = float(own.grid.nominal_v[own.buses[0]])
        rated_a = own.machine.power_va / (math.sqrt(3.0) * volts)
        return float(abs(sequences[0][breakers[0].switch])) / rated_a

    def drop_out(self) -> None:
        """Forget what has picked up: the set does not run any more."""
        for cause in self._timed:
            self._set.grid.timers.cancel(self._set.id, cause)
        self._timed.clear()
