"""How networks are earthed: neutrals, the zones they earth, and the zero-sequence network.

A *zone* is what switches and cables join; transformers end it, for their primaries are in delta. An
earth fault draws its current through the neutrals of its zone and no others. A utility and the star
point of a secondary winding always earth their zone; a set does while its neutral contactor is
closed; a converter that forms does when nothing else earths the zone. A neutral is earthed as its
bus declares: `solid`, through a resistance (rating `neutral_ohm`, else such that 400 A flow), or
not at all. In a zone without an earthed neutral an earth fault draws no current.

Simplified: no capacitance to earth, so an isolated network has no earth-fault current at all and
its healthy phases rise unseen; zero-sequence impedance of a utility and of transformers as in the
positive sequence, of machines and converters 0.06 pu, of cables three times.

Source: IEC 60909-0 (zero-sequence impedances, neutral impedances counted three times).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.topology import merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from daemon.model.plant import Equipment
    from device_emulators.plant.elements import Former
    from device_emulators.plant.grid import Grid

LIMITED_A: Final = 400.0
"""Earth-fault current behind a resistance that a site does not declare [A]."""
ANGLE: Final = (0.1 + 1.0j) / abs(0.1 + 1.0j)
"""Direction of the impedance of sources: R/X is 0.1."""
ZERO_PU: Final = 0.06
_CABLE: Final = 3.0
_TERMINAL: Final = {
    "utility": 0,
    "generator": 0,
    "gas_turbine": 0,
    "smr": 0,
    "ess": 0,
    "transformer": 1,
    "ups": 1,
}
"""Terminal with a neutral, by nature."""


@dataclass(frozen=True, slots=True, eq=False)
class Neutral:
    """A star point that can earth its zone.

    Attributes:
        id: equipment id.
        bus: index of its bus.
        impedance_ohm: zero-sequence impedance with three times that of the neutral [ohm].
        former: what must form for it to count, or None where it always does.
    """

    id: str
    bus: int
    impedance_ohm: complex
    former: Former | None


@dataclass(frozen=True, slots=True)
class ZeroSequence:
    """The zero-sequence network as one bus sees it, for a unit current into the fault.

    Attributes:
        impedance_ohm: driving-point impedance [ohm].
        consumed: current that every bus consumes (n_bus,), the faulted one 1.
        shares: part of the current that flows through each neutral, by equipment.
    """

    impedance_ohm: complex
    consumed: NDArray[np.complex128]
    shares: dict[str, complex]


def neutrals(grid: Grid) -> list[Neutral]:
    """Return the neutrals of a site that are earthed at all, in file order."""
    formers = {former.id: former for former in grid.formers}
    found = []
    for item in grid.site.equipment.values():
        terminal = _TERMINAL.get(item.nature)
        if terminal is None:
            continue
        bus = grid.bus[item.buses[terminal]]
        earthing = grid.site.buses[item.buses[terminal]].earthing
        if not grid.is_ac[bus] or earthing not in {"solid", "resistance"}:
            continue
        volts = float(grid.nominal_v[bus])
        limiting = volts / math.sqrt(3.0) / LIMITED_A if earthing == "resistance" else 0.0
        neutral_ohm = item.ratings.get("neutral_ohm", limiting)
        former = None if item.nature in {"utility", "transformer"} else formers[item.id]
        impedance = _own_ohm(item, volts, former) + 3.0 * neutral_ohm
        found.append(Neutral(item.id, bus, impedance, former))
    return found


def _own_ohm(item: Equipment, volts: float, former: Former | None) -> complex:
    ratings = item.ratings
    if item.nature == "utility":
        return ANGLE * volts**2 / ratings["short_circuit_va"]
    rated = ratings.get("power_va", ratings.get("power_w", 0.0))
    if former is not None:
        return ANGLE * ZERO_PU * volts**2 / rated
    r_pu = ratings["load_loss_w"] / rated
    x_pu = math.sqrt(max(ratings["impedance_pu"] ** 2 - r_pu**2, 0.0))
    return complex(r_pu, x_pu) * volts**2 / rated


def zones(grid: Grid, node: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the zone of every bus (n_bus,), given what switches make of them (n_bus,)."""
    cables = [b for b in grid.branches if b.kind == "cable"]
    joined = [(int(node[b.source]), int(node[b.load])) for b in cables]
    return merge(int(node.max()) + 1, joined)[node]


def earthed_by(grid: Grid, zone: NDArray[np.intp]) -> dict[int, list[Neutral]]:
    """Return the neutrals that earth each zone now; zones without one are missing."""
    found: dict[int, list[Neutral]] = {}
    for neutral in grid.neutrals:
        machine = neutral.former.machine if neutral.former else None
        if neutral.former is None or (machine is not None and machine.earths):
            found.setdefault(int(zone[neutral.bus]), []).append(neutral)
    for neutral in grid.neutrals:  # converters only where nothing else does
        former = neutral.former
        if former is not None and former.machine is None and former.able:
            found.setdefault(int(zone[neutral.bus]), [neutral])
    return found


def zero_sequence(
    grid: Grid, node: NDArray[np.intp], bus: int, zone: NDArray[np.intp], earths: Sequence[Neutral]
) -> ZeroSequence:
    """Return the zero-sequence network of the zone of `bus`, earthed by `earths`."""
    inside = np.flatnonzero(zone == zone[bus])
    numbers = {int(n): i for i, n in enumerate(dict.fromkeys(node[inside].tolist()))}
    matrix = np.zeros((len(numbers), len(numbers)), np.complex128)
    cables = []
    for branch in grid.branches:
        if branch.kind == "cable" and zone[branch.source] == zone[bus]:
            a, b = numbers[int(node[branch.source])], numbers[int(node[branch.load])]
            ratings = branch.ratings
            y = 1.0 / (
                _CABLE * complex(ratings["resistance_ohm"], ratings.get("reactance_ohm", 0.0))
            )
            matrix[[a, b, a, b], [a, b, b, a]] += [y, y, -y, -y]
            cables.append((branch, a, b, y))
    places = [numbers[int(node[neutral.bus])] for neutral in earths]
    for neutral, place in zip(earths, places, strict=True):
        matrix[place, place] += 1.0 / neutral.impedance_ohm
    drawn = np.zeros(len(numbers), np.complex128)
    drawn[numbers[int(node[bus])]] = -1.0
    volts = np.linalg.solve(matrix, drawn)
    consumed = np.zeros(len(node), np.complex128)
    consumed[bus] += 1.0
    shares = {}
    for neutral, place in zip(earths, places, strict=True):
        shares[neutral.id] = complex(-volts[place] / neutral.impedance_ohm)
        consumed[neutral.bus] -= shares[neutral.id]
    for branch, a, b, y in cables:
        consumed[branch.source] += y * (volts[a] - volts[b])
        consumed[branch.load] -= y * (volts[a] - volts[b])
    return ZeroSequence(complex(-volts[numbers[int(node[bus])]]), consumed, shares)
