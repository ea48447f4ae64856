"""Rotating machines: governor, swing, load sharing and voltage response.

All sets of one island turn together. An electrical load step is first taken in proportion to
inertia and then by the governors: proportional by droop, with a slow reset that brings frequency
back to nominal and shares load evenly (an isochronous load-sharing line). The voltage dips by the
transient reactance times the step and recovers with the time constant of the regulator.

Simplified: one time constant for engine and actuator, no dead time of a diesel cylinder, no
saturation, reactive power shared like active power. The response to a 50 % step stays inside
ISO 8528-5 class G3. Source: ISO 8528-5; own derivation of the discrete step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

RESET_PER_S: Final = 1.0
SHARE_PER_S: Final = 0.5
DRAG_PU: Final = 0.04
"""Friction by which a set without fuel slows down, by rated power."""
PULL_HZ_PER_RAD: Final = 0.5
SYNC_HZ: Final = 0.35
"""Largest slip a synchroniser asks for; it shrinks with the angle, so that contacts meet slowly."""


@dataclass(slots=True)
class Machine:
    """State of one set.

    Attributes:
        power_w: rated power [W].
        power_va: rated apparent power [VA].
        inertia_s: inertia constant H [s].
        droop_pu: governor droop [pu].
        governor_s: time constant of governor and engine [s].
        reactance_pu: transient reactance [pu].
        regulator_s: time constant of the voltage recovery [s].
        mechanical_w: shaft power [W].
        electrical_w: power given to the bus [W].
        reset_pu: slow part of the governor [pu of rated power].
        seen_va: load that the voltage regulator has settled to [VA].
        sync_hz: what the synchroniser adds to the frequency reference [Hz].
    """

    power_w: float
    power_va: float
    inertia_s: float
    droop_pu: float
    governor_s: float
    reactance_pu: float
    regulator_s: float
    mechanical_w: float = 0.0
    electrical_w: float = 0.0
    reset_pu: float = 0.0
    seen_va: float = 0.0
    sync_hz: float = 0.0


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
    stored = 2.0 * sum(m.inertia_s * m.power_va for m in machines)
    n_part = max(1, math.ceil(dt_s / 0.005))
    h = dt_s / n_part
    for _ in range(n_part):
        mean_pu = sum(m.mechanical_w for m in machines) / sum(m.power_w for m in machines)
        for m in machines:
            error_pu = (nominal_hz + m.sync_hz - frequency_hz) / nominal_hz
            m.reset_pu += h * (
                RESET_PER_S * error_pu / m.droop_pu
                + SHARE_PER_S * (mean_pu - m.mechanical_w / m.power_w)
            )
            m.reset_pu = min(max(m.reset_pu, -DRAG_PU), 1.1)
            wanted = m.power_w * min(max(error_pu / m.droop_pu + m.reset_pu, -DRAG_PU), 1.1)
            m.mechanical_w += h * (wanted - m.mechanical_w) / m.governor_s
        surplus_w = sum(m.mechanical_w for m in machines) - load_w
        frequency_hz += h * nominal_hz * surplus_w / stored
    return min(max(frequency_hz, 0.0), 1.3 * nominal_hz)


def follow(machine: Machine, target_w: float, dt_s: float, ramp_s: float = 5.0) -> None:
    """Move a set that runs parallel to a stiff source towards `target_w` [W] by a ramp."""
    step_w = machine.power_w / ramp_s * dt_s
    machine.mechanical_w += min(max(target_w - machine.mechanical_w, -step_w), step_w)
    machine.electrical_w = machine.mechanical_w
    machine.reset_pu = machine.mechanical_w / machine.power_w


def terminal_pu(machines: Sequence[Machine], load_va: float) -> float:
    """Return the terminal voltage of the island [pu] at this instant for its load [VA]."""
    rating = sum(m.power_va for m in machines)
    dip = sum(m.reactance_pu * m.power_va for m in machines) / rating
    return 1.0 - dip * (load_va - sum(m.seen_va for m in machines)) / rating


def regulate(machines: Sequence[Machine], load_va: float, dt_s: float) -> None:
    """Let the voltage regulators settle to the load [VA] for `dt_s`."""
    rating = sum(m.power_va for m in machines)
    for m in machines:
        part = load_va * m.power_va / rating
        m.seen_va += (part - m.seen_va) * (1.0 - math.exp(-dt_s / m.regulator_s))


def pull_in(angle_rad: float) -> float:
    """Return the slip [Hz] by which a synchroniser closes the angle to the other side.

    Args:
        angle_rad: own angle ahead of the other's, in (-pi, pi] [rad].
    """
    return min(max(-PULL_HZ_PER_RAD * angle_rad, -SYNC_HZ), SYNC_HZ)
