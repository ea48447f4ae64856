"""Field and voltage regulator of machines: dip, recovery, reactive sharing.

A set is a voltage behind its transient reactance. That voltage cannot jump, so the terminals dip
with a load step at once and the regulator brings them back with its time constant, up to the
ceiling of the exciter. Every regulator lets voltage fall a little with its reactive power (droop),
by which sets in parallel share it: in proportion to rating when their droops are equal.

A set without field gives no reactive power and draws its magnetising current from the others; one
whose field is driven to the ceiling pushes reactive power into them.

Simplified: the sets of an island stand at one terminal, no saturation, no fall of the reference
with frequency, salience left out. Source: own derivation from the phasor diagram,
E^2 = (V + X Q / V)^2 + (X P / V)^2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device_emulators.plant.machine import Machine

CEILING_PU: Final = 1.35
"""Most the exciter can give, as voltage behind the transient reactance."""
MAGNETISING_PU: Final = 0.5
"""Reactive power that a set without field draws, by its rated apparent power."""
FORCED_PU: Final = 0.3
"""Reactive power that a set with its field at the ceiling pushes into the others."""
FIELD_S: Final = 1.5
"""Time constant with which a field that is fed no more decays [s]."""
LOWEST_PU: Final = 0.3


def reactive_shares(machines: Sequence[Machine], load_var: float) -> list[float]:
    """Return how the reactive load [var] of an island falls on its machines [var]."""
    beside = [_beside_var(m, len(machines)) for m in machines]
    weights = [m.power_va / m.voltage_droop_pu if m.excited else 0.0 for m in machines]
    total = sum(weights)
    if total == 0.0:
        weights = [m.power_va for m in machines]
        beside, total = [0.0] * len(weights), sum(weights)
    shared_var = load_var - sum(beside)
    return [
        shared_var * weight / total + part for weight, part in zip(weights, beside, strict=True)
    ]


def _beside_var(machine: Machine, count: int) -> float:
    """Return what a machine gives beside its share, because its field is not what it should be."""
    if not machine.excited:
        return -MAGNETISING_PU * machine.power_va
    return FORCED_PU * machine.power_va if machine.forced and count > 1 else 0.0


def drawn_var(machines: Sequence[Machine]) -> float:
    """Return the reactive power that machines without field draw from the others [var]."""
    return MAGNETISING_PU * sum([m.power_va for m in machines if not m.excited])


def terminal_pu(machines: Sequence[Machine], load_w: float, load_var: float) -> float:
    """Return the terminal voltage [pu] that the machines hold at this instant with a load."""
    fed = [m for m in machines if m.excited] or list(machines)
    stiffness = sum([m.power_va / m.reactance_pu for m in fed])
    emf_pu = sum([m.emf_pu * m.power_va / m.reactance_pu for m in fed]) / stiffness
    active, reactive = load_w / stiffness, (load_var + drawn_var(machines)) / stiffness
    half = 0.5 * emf_pu**2 - reactive
    root = half**2 - active**2 - reactive**2
    square = half + math.sqrt(root) if root > 0.0 else half
    return math.sqrt(max(square, LOWEST_PU**2))


def regulate(machines: Sequence[Machine], load_w: float, load_var: float, dt_s: float) -> None:
    """Let fields and regulators move for `dt_s` [s] with the load of the island."""
    fed_va = sum([m.power_va for m in machines if m.excited])
    for m in machines:
        if not m.excited:
            m.emf_pu *= math.exp(-dt_s / FIELD_S)
            continue
        p, q = load_w / fed_va, m.reactive_var / m.power_va
        volts = 1.0 - m.voltage_droop_pu * q
        x = m.reactance_pu
        wanted = math.hypot(volts + x * q / volts, x * p / volts)
        wanted = CEILING_PU if m.forced else min(wanted, CEILING_PU)
        m.emf_pu += (wanted - m.emf_pu) * (1.0 - math.exp(-dt_s / m.regulator_s))
