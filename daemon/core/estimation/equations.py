"""The constant part of the equations of a network and its instruments.

Rows are a constant mix of primitives (`mixture`); what is switched off has primitives of 0, so
switching changes no matrix. Only the magnitude of a current is no mix: it is made of P, Q and
voltage at its end, which have rows of their own behind the others, the *parts*.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, chapter 2; the sorting into
primitives is an own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daemon.core.estimation.exact import (
    CURRENTS,
    constraints,
    current_parts,
    instruments,
    joined,
    n_rows,
    shifted,
)
from daemon.core.estimation.layout import Layout, layout
from daemon.core.estimation.matrix import Matrix
from daemon.core.estimation.measurements import Kind, Measurements, Terms
from daemon.core.estimation.mixture import Primitives, entries, primitives
from daemon.core.estimation.network import Flags, Floats, Ints, Network
from daemon.core.estimation.pattern import Pattern, Product, pattern, product, summed


@dataclass(frozen=True, slots=True, eq=False)
class Equations:
    """The equations of a network and its instruments, as far as no state enters.

    The rows of `mix` are the measurements, then the exact constraints (what every transit bus
    draws; what buses with draws draw, less these; the power balance of every converter), then P,
    Q and voltage of every metered current.

    Attributes:
        network: the network.
        measurements: its instruments.
        where: places of the states.
        at: places of the primitives.
        mix: the mixture of primitives (n_row, n_primitive).
        exact: the constraints as terms; `row` counts from 0.
        ends: places of the angles at the `from` ends of all AC branches and at
            their `to` ends, then of the magnitudes (4 n_branch,).
        currents: rows of metered current magnitudes (n_current,).
        carried: which of them are told by the part P alone (n_current,).
        n_measurement: number of measurements.
        n_constraint: number of constraints.
        slope: pattern of the derivatives of primitives by states.
        slope_order: which of the derivatives, as `reading` lists them, each entry is.
        by_state: how mixture and slope make derivatives of rows.
        with_parts: how these make those of measurements and constraints.
    """

    network: Network
    measurements: Measurements
    where: Layout
    at: Primitives
    mix: Matrix
    exact: Terms
    ends: Ints
    currents: Ints
    carried: Flags
    n_measurement: int
    n_constraint: int
    slope: Pattern
    slope_order: NDArray[np.intp]
    by_state: Product
    with_parts: Product

    @property
    def rows(self) -> Pattern:
        """Pattern of the Jacobian (n_measurement + n_constraint, n_state)."""
        return self.with_parts.result

    @property
    def n_unknown(self) -> int:
        """Number of states and constraints."""
        return self.where.size + self.n_constraint


def equations(network: Network, measurements: Measurements) -> Equations:
    """Return the equations of `network` and its instruments."""
    currents = np.flatnonzero(np.isin(measurements.kind, CURRENTS))
    exact = constraints(network)
    n_measurement, n_constraint = len(measurements.kind), n_rows(exact)
    n_row = n_measurement + n_constraint
    parts = current_parts(network, measurements, currents)
    terms = joined(instruments(measurements), shifted(exact, n_measurement), shifted(parts, n_row))
    n_primitive, n_state = primitives(network).size, layout(network).size
    mix = _mix(network, terms, (n_row + 3 * len(currents), n_primitive))
    mix_pattern = Pattern(
        np.repeat(np.arange(mix.shape[0]), np.diff(mix.indptr)),
        mix.indices.astype(np.int64),
        mix.shape,
    )
    row, column = _slopes(network)
    at = network.branches.at.T.ravel()
    slope, slope_order = _ordered(row, column, (n_primitive, n_state))
    by_state = product(mix_pattern, slope)
    return Equations(
        network=network,
        measurements=measurements,
        where=layout(network),
        at=primitives(network),
        mix=mix,
        exact=exact,
        ends=np.concatenate([at, network.n_ac + at]),
        currents=currents,
        carried=measurements.kind[currents] == Kind.CARRIED_I,
        n_measurement=n_measurement,
        n_constraint=n_constraint,
        slope=slope,
        slope_order=slope_order,
        by_state=by_state,
        with_parts=product(_taken(n_row, currents), by_state.result),
    )


def _mix(network: Network, terms: Terms, shape: tuple[int, int]) -> Matrix:
    row, column, value = entries(network, terms)
    places, entry = pattern(row, column, shape)
    return places.matrix(summed(entry, value, len(places.row)))


def _ordered(row: Ints, column: Ints, shape: tuple[int, int]) -> tuple[Pattern, NDArray[np.intp]]:
    order = np.lexsort([column, row])
    return Pattern(row[order], column[order], shape), order


def _taken(n_row: int, currents: Ints) -> Pattern:
    """Return of which rows of the mixture measurements and constraints are made."""
    plain = np.setdiff1d(np.arange(n_row), currents)
    parts = n_row + np.arange(3 * len(currents)).reshape(3, -1)
    row = np.concatenate([plain, *[currents] * 3])
    column = np.concatenate([plain, *parts])
    order = np.lexsort([column, row])
    return Pattern(row[order], column[order], (n_row, n_row + 3 * len(currents)))


def part_shares(equations: Equations, by_part: Floats) -> Floats:
    """Return the numbers of the matrix that takes currents from their parts, others as they are.

    Args:
        equations: of the network.
        by_part: derivative of every metered current by P, Q and voltage (3, n_current).
    """
    n_row, currents = equations.n_measurement + equations.n_constraint, equations.currents
    shares = np.ones((n_row, 3))
    shares[currents] = by_part.T
    count = np.ones(n_row, dtype=np.int64)
    count[currents] = 3
    return shares[np.arange(3) < count[:, None]]


def _slopes(network: Network) -> tuple[Ints, Ints]:
    """Return primitive and state of every derivative, as `reading` lists them."""
    where, at = layout(network), primitives(network)
    branches, dc, converters = network.branches, network.dc_branches, network.converters
    states, n_converter = np.arange(where.size), len(converters.ac)
    branch, cable, machine = (np.arange(n) for n in (len(branches.y), len(dc.g), n_converter))
    start, end = branches.at.T
    v_start, v_end = start + where.voltage.start, end + where.voltage.start
    tap = where.tap.start + np.arange(len(branches.tapped))
    dc_start, dc_end = dc.at.T + where.dc_voltage.start
    v, i = converters.dc + where.dc_voltage.start, where.i.start + machine
    a, b, c = where.loss.start + machine + n_converter * np.arange(3)[:, None]
    places = [
        (states, states),
        (at.from_square + branch, v_start),
        (at.to_square + branch, v_end),
        *((at.cosine + branch, state) for state in (start, end, v_start, v_end)),
        *((at.sine + branch, state) for state in (start, end, v_start, v_end)),
        *((first + branches.tapped, tap) for first in (at.from_square, at.cosine, at.sine)),
        *((at.dc_current + cable, state) for state in (dc_start, dc_end)),
        *((at.dc_power_from + cable, state) for state in (dc_start, dc_end)),
        *((at.dc_power_to + cable, state) for state in (dc_start, dc_end)),
        *((at.dc_product + machine, state) for state in (v, i)),
        *((at.losses + machine, state) for state in (i, a, b, c)),
    ]
    row, column = zip(*places, strict=True)
    return np.concatenate(row), np.concatenate(column)
