"""DC nodes with a short circuit between the poles: the voltage that limited sources still uphold.

The current of a source is limited to 1.2 times that of the power it offers, and to 1.2 times its
rating where it offers no more; so a bolted fault takes the node to nothing. A resistance that the
sources can carry is one more load; below 0.85 pu loads have let go, and the fault alone takes what
the sources give.

Simplified: settled values; what capacitors give in the first milliseconds is not counted, batteries
are limited by their converter. Source: own derivation (Ohm's law at the node).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from device_emulators.plant import dc
from device_emulators.plant.dc import DcSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from device_emulators.plant.dc import DcLoad

LIMIT_PU: Final = 1.2
_HALVINGS: Final = 60


@dataclass(slots=True)
class Shunt(DcSource):
    """A short circuit that a node can carry: it gives less than nothing.

    Attributes:
        nominal_w: power it takes at nominal voltage [W].
    """

    nominal_w: float = 0.0

    def power_w(self, v_pu: float) -> float:
        """Return the power given at a voltage [pu], which is negative [W]."""
        return -self.nominal_w * v_pu * v_pu

    def slope_w(self, v_pu: float) -> float:
        """Return how the power given changes with the voltage [W/pu]."""
        return -2.0 * self.nominal_w * v_pu


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
        resistance_ohm: by node, the resistance of its short circuit, above 0 [ohm].
        nominal_v: by node, its nominal voltage [V].
    """
    fed: list[Sequence[DcSource]] = list(sources)
    collapsed = {}
    for node, ohm in resistance_ohm.items():
        shunt = Shunt(node, 1.0, 0.0, 1.0, nominal_w=nominal_v[node] ** 2 / ohm)
        let_go_w = sum(source.power_w(dc.NOTHING_PU) for source in sources[node])
        if let_go_w + shunt.power_w(dc.NOTHING_PU) > 0.0:
            fed[node] = [*sources[node], shunt]
        else:
            fed[node] = ()
            collapsed[node] = ohm
    dc.solve(v_pu, fed, loads)
    for node, ohm in collapsed.items():
        _give(v_pu, node, sources[node], ohm, nominal_v[node])


def collapsed_pu(sources: Sequence[DcSource], ohm: float, nominal_v: float) -> float:
    """Return the voltage [pu] at which a resistance [ohm] alone takes all that sources can give."""
    nominal_w = nominal_v**2 / ohm
    low, high = 0.0, sum(limit_w(source) for source in sources) / nominal_w
    if high <= 1.0 / LIMIT_PU:
        return high  # every current is at its limit
    for _ in range(_HALVINGS):
        v = 0.5 * (low + high)
        given_w = sum(min(source.ceiling_w, limit_w(source) * v) for source in sources)
        low, high = (v, high) if given_w > nominal_w * v * v else (low, v)
    return high


def limit_w(source: DcSource) -> float:
    """Return what the limit of the current of a source is at nominal voltage [W]."""
    return max(source.ceiling_w, LIMIT_PU * min(source.ceiling_w, source.rated_w))


def _give(
    v_pu: list[float], node: int, sources: Sequence[DcSource], ohm: float, nominal_v: float
) -> None:
    v = v_pu[node] = collapsed_pu(sources, ohm, nominal_v)
    for source in sources:
        source.given_w = min(source.ceiling_w, limit_w(source) * v)
