"""What leaves the bus of a meter, by which way power flows: the same equations, other numbers.

Of what stands at the bus of a meter only that which leaves it is measured, so the row of the meter
is another when power turns round. All that may ever leave has its place in the pattern of the
equations; what does not leave now counts nothing there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from daemon.core.estimation.measurements import Terms
from daemon.core.estimation.mixture import entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.gathering import Row
    from daemon.core.estimation.network import Flags
    from daemon.core.estimation.site_network import Exit


def widened(made: Sequence[Row], exits: Mapping[int, Exit]) -> list[Row]:
    """Return the rows with all that may leave; what leaves when nothing flows backward counts.

    Args:
        made: what every instrument measures, of an exit what hangs on the bus.
        exits: by row of an instrument what may leave its bus.
    """
    rows = list(made)
    for row, way_out in exits.items():
        rows[row] = (
            *rows[row],
            *(
                term if way.forward else term._replace(sign=0.0)
                for way in way_out.ways
                for term in way.terms or ()
            ),
        )
    return rows


class Exits:
    """The ways out of the buses with meters, in the equations of one network."""

    def __init__(self, equations: Equations, exits: Mapping[int, Exit]) -> None:
        """Find the places of `exits`, by row, in `equations` of rows that were `widened`."""
        self._exits: Final = exits
        self._equations: Final = equations
        ways = [(row, way) for row, way_out in exits.items() for way in way_out.ways]
        self._switch: Final = np.array([way.switch for _, way in ways], dtype=np.int64)
        self._forward: Final = np.array([way.forward for _, way in ways], dtype=np.bool_)
        every = [(n, term) for n, (_, way) in enumerate(ways) for term in way.terms or ()]
        terms = Terms(
            row=np.array([n for n, _ in every], dtype=np.int64),
            kind=np.array([t.kind for _, t in every], dtype=np.int64),
            place=np.array([t.place for _, t in every], dtype=np.int64),
            end=np.array([t.end for _, t in every], dtype=np.int64),
            sign=np.array([t.sign for _, t in every], dtype=np.float64),
        )
        self._way, primitive, self._value = entries(equations.network, terms)
        mix = equations.mix
        row = np.array([row for row, _ in ways], dtype=np.int64)[self._way]
        filled = np.repeat(np.arange(mix.shape[0]), np.diff(mix.indptr))
        width = mix.shape[1]
        self._place = np.searchsorted(filled * width + mix.indices, row * width + primitive)

    def equations(self, backward: Flags) -> Equations:
        """Return the equations while power flows backward through these switches (n_switch,)."""
        opens = self._forward != backward[self._switch]
        more = opens.astype(np.float64) - self._forward
        if not more.any():
            return self._equations
        mix = self._equations.mix
        data = mix.data.copy()
        np.add.at(data, self._place, more[self._way] * self._value)
        turned = sparse.csr_array((data, mix.indices, mix.indptr), shape=mix.shape)
        return replace(self._equations, mix=turned)

    def known(self, backward: Flags) -> dict[int, bool]:
        """Return by row whether anything leaves, and all of it is known."""
        found = {}
        for row, way_out in self._exits.items():
            leaving = [w.terms for w in way_out.ways if w.forward != backward[w.switch]]
            known = all(terms is not None for terms in leaving)
            found[row] = known and bool(way_out.hanging or any(leaving))
        return found
