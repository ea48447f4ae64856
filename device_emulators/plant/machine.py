"""Rotating machines: engine and governor, swing, load sharing, synchroniser.

All sets of one island turn together. An electrical load step is first taken in proportion to
inertia and then by the governors: proportional by droop, on acceleration, and with a slow reset
that brings frequency back to nominal and shares load evenly (an isochronous load-sharing line). A
set without that line keeps its droop: its frequency falls with load from the set-point on. With the
line a set-point says the part of the whole: who is told more than the mean of those that are told
anything takes more, and who is told less hands its load to the others.

The engine follows its governor after a dead time (the fuel of a cylinder counts at its next
stroke) and a lag of actuator and torque. A turbocharged engine gives at once only `aspirated_pu`
more than it is blown for; the blower follows in `boost_s`. That limit is what a load step must stay
within; with more the frequency falls until the blower has come up.

Simplified: one shaft per set without torsion, lag and dead time the same at every load, loads do
not fall with frequency. Source: ISO 8528-5 for the quantities; own derivation of the discrete step.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP_S: Final = 0.01
"""Longest step of the swing [s]; a dip comes out within 5 % of that of much shorter steps."""
RESET_PER_S: Final = 1.0
SHARE_PER_S: Final = 0.5
DRAG_PU: Final = 0.08
"""Power that turns an engine without fuel, by rated power."""
MOST_PU: Final = 1.1
"""Overload power of an engine, by rated power."""
PULL_HZ_PER_RAD: Final = 0.3
SYNC_HZ: Final = 0.35
"""Largest slip a synchroniser asks for; it shrinks with the angle, so that contacts meet slowly."""


@dataclass(slots=True)
class Machine:
    """State of one set.

    Attributes:
        power_w: rated power [W].
        power_va: rated apparent power [VA].
        inertia_s: inertia constant H [s].
        droop_pu: governor droop without the line that resets frequency [pu].
        governor_s: lag of actuator and torque [s].
        reactance_pu: transient reactance X'd [pu].
        regulator_s: time constant of the voltage regulator [s].
        subtransient_pu: subtransient reactance X''d [pu].
        gain_pu: proportional gain of a governor with that line; 0 stands for 1 / droop.
        dead_s: dead time of the engine [s].
        lead_s: how strongly the governor answers to acceleration [s].
        aspirated_pu: torque an engine gives without its blower [pu].
        boost_s: time constant of the blower [s].
        voltage_droop_pu: how much the regulator lets voltage fall at rated reactive power [pu].
        isochronous: it resets frequency and shares load; otherwise it keeps its droop.
        reference_pu: load at which a set with droop runs at nominal frequency, with the line its
            part beside the others; 0 is no part of its own [pu].
        fuelled: its fuel rack is free; without fuel it drags.
        excited: its field is fed.
        forced: its regulator drives the field to its ceiling.
        hunting_pu: amplitude by which its governor hunts [pu].
        hunting_s: period of that [s].
        earths: its neutral contactor is closed.
        mechanical_w: shaft power [W].
        reactive_var: reactive power given to the bus [var].
        reset_pu: slow part of the governor [pu of rated power].
        boost_pu: torque the blower allows beyond the aspirated [pu].
        emf_pu: voltage behind the transient reactance [pu].
        sync_hz: what the synchroniser adds to the frequency reference [Hz].
        clock_s: time it has turned [s].
    """

    power_w: float
    power_va: float
    inertia_s: float
    droop_pu: float
    governor_s: float
    reactance_pu: float
    regulator_s: float
    subtransient_pu: float = 0.13
    gain_pu: float = 0.0
    dead_s: float = 0.0
    lead_s: float = 0.0
    aspirated_pu: float = MOST_PU
    boost_s: float = 1.5
    voltage_droop_pu: float = 0.015
    isochronous: bool = True
    reference_pu: float = 0.0
    fuelled: bool = True
    excited: bool = True
    forced: bool = False
    hunting_pu: float = 0.0
    hunting_s: float = 2.0
    earths: bool = False
    mechanical_w: float = 0.0
    reactive_var: float = 0.0
    reset_pu: float = 0.0
    boost_pu: float = 0.0
    emf_pu: float = 1.0
    sync_hz: float = 0.0
    clock_s: float = 0.0
    _ordered: deque[tuple[float, float]] = field(default_factory=deque)
    _arrived_pu: float = 0.0

    def start(self) -> None:
        """Turn at rated speed and voltage without load."""
        self.mechanical_w = self.reactive_var = 0.0
        self.reset_pu = self.boost_pu = self._arrived_pu = 0.0
        self.emf_pu = 1.0
        self._ordered.clear()

    def take(self, power_pu: float) -> None:
        """Stand settled at a shaft power [pu], as a set does that a stiff source holds."""
        self.mechanical_w = power_pu * self.power_w
        self.reset_pu = self.boost_pu = self._arrived_pu = power_pu
        self._ordered.clear()

    def govern(self, error_pu: float, accel_per_s: float, mean_pu: float, h_s: float) -> None:
        """Let governor and engine move by `h_s` [s].

        Args:
            error_pu: how far the frequency is below its reference [pu].
            accel_per_s: how fast the frequency rises [pu/s].
            mean_pu: loading the line leads it to: the mean of the island, or its own part [pu].
            h_s: length of the step [s].
        """
        self.clock_s += h_s
        error_pu -= self.lead_s * accel_per_s
        if self.isochronous:
            gain = self.gain_pu or 1.0 / self.droop_pu
            loading_pu = self.mechanical_w / self.power_w
            self.reset_pu += h_s * (
                RESET_PER_S * gain * error_pu + SHARE_PER_S * (mean_pu - loading_pu)
            )
            if not -DRAG_PU <= self.reset_pu <= MOST_PU:
                self.reset_pu = min(max(self.reset_pu, -DRAG_PU), MOST_PU)
            wanted_pu = gain * error_pu + self.reset_pu
        else:
            wanted_pu = error_pu / self.droop_pu + self.reference_pu
        if self.hunting_pu:
            wanted_pu += self.hunt_pu()
        self._move(wanted_pu, h_s)

    def hunt_pu(self) -> float:
        """Return by how much a hunting governor is beside the mark now [pu]."""
        if self.hunting_pu == 0.0:
            return 0.0
        return self.hunting_pu * math.sin(2.0 * math.pi * self.clock_s / self.hunting_s)

    def _move(self, wanted_pu: float, h_s: float) -> None:
        most_pu = self.aspirated_pu + self.boost_pu
        if wanted_pu > most_pu or wanted_pu > MOST_PU:
            wanted_pu = min(MOST_PU, most_pu)
        if wanted_pu < -DRAG_PU or not self.fuelled:
            wanted_pu = -DRAG_PU
        ordered = self._ordered
        ordered.append((self.clock_s + self.dead_s, wanted_pu))
        while ordered and ordered[0][0] <= self.clock_s:
            self._arrived_pu = ordered.popleft()[1]
        torque_w = self._arrived_pu * self.power_w
        self.mechanical_w += h_s * (torque_w - self.mechanical_w) / self.governor_s
        loading_pu = self.mechanical_w / self.power_w if self.mechanical_w > 0.0 else 0.0
        self.boost_pu += h_s * (loading_pu - self.boost_pu) / self.boost_s


def shares(machines: Sequence[Machine], load_w: float) -> list[float]:
    """Return how `load_w` [W] falls on machines that turn together [W], by inertia.

    Equal deceleration of all shafts means that (mechanical - electrical) / (H S) is the same.
    """
    missing = load_w - sum(m.mechanical_w for m in machines)
    inertia = [m.inertia_s * m.power_va for m in machines]
    total = sum(inertia)
    return [
        m.mechanical_w + missing * part / total for m, part in zip(machines, inertia, strict=True)
    ]


def swing(
    machines: Sequence[Machine], load_w: float, frequency_hz: float, nominal_hz: float, dt_s: float
) -> float:
    """Move an isolated island by `dt_s` and return its frequency [Hz].

    Args:
        machines: every set joined to the island; their states move.
        load_w: electrical load of the island, held over the step [W].
        frequency_hz: frequency at the beginning [Hz].
        nominal_hz: nominal frequency [Hz].
        dt_s: length of the step [s].
    """
    stored_j = 2.0 * sum([m.inertia_s * m.power_va for m in machines])
    rated_w = sum([m.power_w for m in machines])
    parts_pu = _parts(machines)
    n_part = max(1, math.ceil(dt_s / STEP_S))
    h_s = dt_s / n_part
    for _ in range(n_part):
        shaft_w = sum([m.mechanical_w for m in machines])
        accel_per_s = (shaft_w - load_w) / stored_j
        for m, part_pu in zip(machines, parts_pu, strict=True):
            error_pu = (nominal_hz + m.sync_hz - frequency_hz) / nominal_hz
            m.govern(error_pu, accel_per_s, shaft_w / rated_w + part_pu, h_s)
        surplus_w = sum([m.mechanical_w for m in machines]) - load_w
        frequency_hz += h_s * nominal_hz * surplus_w / stored_j
    return min(max(frequency_hz, 0.0), 1.3 * nominal_hz)


def _parts(machines: Sequence[Machine]) -> list[float]:
    """Return by how much each machine is told to give more than the mean of those told [pu]."""
    told = [m for m in machines if m.reference_pu]
    if len(told) < 2:
        return [0.0] * len(machines)
    mean_pu = sum([m.reference_pu * m.power_w for m in told]) / sum([m.power_w for m in told])
    return [m.reference_pu - mean_pu if m.reference_pu else 0.0 for m in machines]


def follow(machine: Machine, target_w: float, dt_s: float, ramp_s: float = 5.0) -> None:
    """Move a set that runs parallel to a stiff source towards `target_w` [W] by a ramp.

    Without fuel the source turns it; a hunting governor swings about the target.
    """
    machine.clock_s += dt_s
    target_w = target_w + machine.hunt_pu() * machine.power_w
    if not machine.fuelled:
        target_w = -DRAG_PU * machine.power_w
    step_w = machine.power_w / ramp_s * dt_s
    moved_w = min(max(target_w - machine.mechanical_w, -step_w), step_w)
    machine.take((machine.mechanical_w + moved_w) / machine.power_w)


def pull_in(angle_rad: float) -> float:
    """Return the slip [Hz] by which a synchroniser closes the angle to the other side.

    Args:
        angle_rad: own angle ahead of the other's, in (-pi, pi] [rad].
    """
    return min(max(-PULL_HZ_PER_RAD * angle_rad, -SYNC_HZ), SYNC_HZ)
