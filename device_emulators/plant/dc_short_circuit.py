"""DC nodes with a short circuit between the poles: the voltage that limited sources still uphold.

Sources are limited to 1.2 times the current of their highest power, so a bolted fault takes the
node to nothing. A resistance that the sources can carry is one more load; below 0.85 pu loads have
let go, and the fault alone takes what the sources give.

Simplified: settled values; what capacitors give in the first milliseconds is not counted, batteries
are limited by their converter. Source: own derivation (Ohm's law at the node).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from device_emulators.plant import dc
from device_emulators.plant.short_circuit import BOLTED_OHM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from device_emulators.plant.dc import DcLoad, DcSource

LIMIT_PU: Final = 1.2
_ROUNDS: Final = 50
_SAME_PU: Final = 1e-9


def solve(
    v_pu: list[float],
    sources: Sequence[Sequence[DcSource]],
    loads: Sequence[DcLoad],
    resistance_ohm: Mapping[int, float],
    nominal_v: Mapping[int, float],
) -> None:
    """Settle all DC nodes in place, as `dc.solve` does, some with a short circuit.

    Args:
        v_pu: voltage of every node [pu], a first guess on entry and the answer on return.
        sources: sources by node.
        loads: loads.
        resistance_ohm: by node, the resistance of its short circuit [ohm].
        nominal_v: by node, its nominal voltage [V].
    """
    left: list[Sequence[DcSource]] = list(sources)
    carried: dict[int, DcLoad] = {}
    for node, ohm in resistance_ohm.items():
        v = collapsed_pu(sources[node], max(ohm, BOLTED_OHM), nominal_v[node])
        if v > dc.NOTHING_PU:
            carried[node] = dc.DcLoad(node, node, 0.0)
        else:
            left[node] = ()
    for _ in range(_ROUNDS if carried else 1):
        before = [v_pu[node] for node in carried]
        for node, load in carried.items():
            v = v_pu[node] or 1.0
            load.demand_w = (v * nominal_v[node]) ** 2 / resistance_ohm[node]
            load.demand_w /= max(dc.acceptance(v), 1e-3)
        dc.solve(v_pu, left, [*loads, *carried.values()])
        moved = [abs(v_pu[n] - v) for n, v in zip(carried, before, strict=True)]
        if max(moved, default=0.0) < _SAME_PU:
            break
    for node, ohm in resistance_ohm.items():
        if node not in carried:
            _give(v_pu, node, sources[node], max(ohm, BOLTED_OHM), nominal_v[node])


def collapsed_pu(sources: Sequence[DcSource], ohm: float, nominal_v: float) -> float:
    """Return the voltage [pu] at which a resistance [ohm] alone takes all that sources can give."""
    ceiling_w = sum(source.ceiling_w for source in sources)
    limited = ohm * LIMIT_PU * ceiling_w / nominal_v**2
    return limited if limited <= 1.0 / LIMIT_PU else math.sqrt(ohm * ceiling_w) / nominal_v


def _give(
    v_pu: list[float], node: int, sources: Sequence[DcSource], ohm: float, nominal_v: float
) -> None:
    v = v_pu[node] = collapsed_pu(sources, ohm, nominal_v)
    part = min(1.0, LIMIT_PU * v)
    for source in sources:
        source.given_w = source.ceiling_w * part
