"""What feeds a short circuit: voltages behind impedances, and what becomes of them.

A utility gives its short-circuit power. A machine gives from the voltage behind its X''d that it
had before; that decays first to what X'd lets through and then to what the excitation sustains, by
the time constants of the type, in full at a fault on its terminals and the less the more voltage is
left there. A converter gives from the voltage behind its filter until a phase reaches its limit:
1.5 pu, PV 1.1 pu. One that only follows feeds as long as it gives power.

Simplified: rectifiers, drives and motors feed nothing back; the time constants are those of the
type. Source: IEC 60034-4 (decay of machine currents); own derivation of its part by severity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.plant import Equipment
    from device_emulators.plant.elements import Former
    from device_emulators.plant.grid import Grid

FILTER_PU: Final = 0.1
LIMIT_PU: Final = {"ups": 1.5, "ess": 1.5, "pv": 1.1}
"""Highest current of a converter, by nature [pu of rating]."""


class Decay(NamedTuple):
    """How the current of a machine falls at a fault on its terminals.

    Attributes:
        subtransient_s: time constant T''d [s].
        transient_s: time constant T'd [s].
        sustained_pu: current that its excitation upholds [pu].
    """

    subtransient_s: float
    transient_s: float
    sustained_pu: float


DECAY: Final = {
    "generator": Decay(0.02, 0.25, 3.0),
    "gas_turbine": Decay(0.03, 0.6, 2.5),
    "smr": Decay(0.03, 0.8, 2.0),
}
_SMR_PU: Final = (0.18, 0.25)


@dataclass(slots=True, eq=False)
class Feed:
    """Something that feeds a short circuit: a voltage behind an impedance.

    Attributes:
        id: equipment id.
        bus: index of its bus.
        slot: its slot.
        rated_va: rated apparent power, for a utility the short-circuit power [VA].
        reactance_pu: short-circuit reactance X''d [pu].
        transient_pu: reactance X'd [pu], for machines.
        limit_pu: highest phase current [pu].
        former: what holds the island, or None for what only follows.
        decay: for machines.
        emf: voltage behind the impedance, by the angle of the island's leader [pu].
        began_ns: since when its island has a short circuit, or None.
        giving: it wanted to feed when that was last looked at.
        severity: how much of its voltage the fault took at its terminals [pu].
    """

    id: str
    bus: int
    slot: int
    rated_va: float
    reactance_pu: float
    transient_pu: float
    limit_pu: float
    former: Former | None
    decay: Decay | None
    emf: complex = 1.0
    began_ns: int | None = None
    giving: bool = True
    severity: float = 0.0

    @property
    def short_circuit_va(self) -> float:
        """Return its short-circuit power [VA]."""
        return self.rated_va / self.reactance_pu

    @property
    def stiff(self) -> bool:
        """Return whether its voltage is held from outside, as by a utility."""
        return self.decay is None and self.limit_pu == math.inf

    def gives(self, p_w: Sequence[float]) -> bool:
        """Return whether it feeds the network, given the powers of all slots [W]."""
        return self.former.able if self.former is not None else p_w[self.slot] < -1.0

    def part(self, now_ns: int) -> float:
        """Return what has remained of its voltage by decay."""
        if self.decay is None or self.began_ns is None:
            return 1.0
        t_s = (now_ns - self.began_ns) * 1e-9
        first, then = 1.0 / self.reactance_pu, 1.0 / self.transient_pu
        last = self.decay.sustained_pu
        current = (first - then) * math.exp(-t_s / self.decay.subtransient_s)
        current += (then - last) * math.exp(-t_s / self.decay.transient_s) + last
        return 1.0 - self.severity * (1.0 - min(current / first, 1.0))


def feeds(grid: Grid) -> list[Feed]:
    """Return everything of a site that feeds short circuits of AC."""
    found = []
    for former in grid.formers:
        item = grid.site.equipment[former.id]
        found.append(_feed(item, former.bus, former.slot, former))
    for item in grid.site.of_nature("ess", "pv", "smr"):
        device: Any = grid.devices[item.id]
        if grid.is_ac[device.buses[0]]:
            found.append(_feed(item, device.buses[0], device.slot, None))
    return found


def _feed(item: Equipment, bus: int, slot: int, former: Former | None) -> Feed:
    nature = item.nature
    rated = item.ratings.get("power_va", item.ratings.get("power_w", 0.0))
    x, transient = _SMR_PU if nature == "smr" else (FILTER_PU, FILTER_PU)
    if former is not None and nature == "utility":
        rated, x = former.short_circuit_va, 1.0
    elif former is not None and former.machine is not None:
        machine = former.machine
        x, transient = machine.subtransient_pu, machine.reactance_pu
    limit, decay = LIMIT_PU.get(nature, math.inf), DECAY.get(nature)
    return Feed(item.id, bus, slot, rated, x, transient, limit, former, decay)
