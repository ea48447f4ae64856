"""Performance classes of generating sets: what governor, engine and regulator each one has.

ISO 8528-5 limits dip, rise and recovery of frequency and voltage after a load step. A set declares
its class; what is here makes it keep those limits for every step up to `load_step_pu` taken from
any settled load, at power factors from 0.8, and for rejecting its whole load.

The size of that step is a declaration of ours: the standard stages it by the mean effective
pressure of the engine, and a specification that names a step of its own is class G4 by definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Performance:
    """How a set of a class is tuned.

    Attributes:
        load_step_pu: largest load step it takes within its class, by rated power [pu].
        governor_s: lag of actuator and torque [s].
        dead_s: dead time of the engine [s].
        lead_s: answer of the governor to acceleration [s].
        gain_pu: proportional gain of the governor [pu].
        aspirated_pu: torque the engine gives without its blower [pu].
        boost_s: time constant of the blower [s].
        reactance_pu: transient reactance [pu].
        regulator_s: time constant of the voltage regulator [s].
    """

    load_step_pu: float
    governor_s: float
    dead_s: float
    lead_s: float
    gain_pu: float
    aspirated_pu: float
    boost_s: float
    reactance_pu: float
    regulator_s: float


CLASSES: Final[Mapping[int, Performance]] = {
    1: Performance(0.7, 0.30, 0.05, 0.12, 12.5, 0.75, 1.5, 0.28, 1.2),
    2: Performance(0.6, 0.20, 0.04, 0.12, 20.0, 0.65, 1.2, 0.24, 0.7),
    3: Performance(0.5, 0.15, 0.03, 0.08, 25.0, 0.55, 1.0, 0.20, 0.4),
}
"""By number: G1, G2, G3."""
