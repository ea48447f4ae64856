"""What the rows of the equations are sums of: instruments, exact constraints, parts of currents.

A constraint is a sum that has to be zero whatever the instruments say: what a transit bus draws,
what a bus draws less its draws, the power that a converter takes less what it gives and loses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.core.estimation.measurements import Kind, Measurements, Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.network import Flags, Ints, Network


def n_rows(terms: Terms) -> int:
    """Return how many rows `terms` make."""
    return int(terms.row[-1]) + 1 if len(terms.row) else 0


def _terms(row: Ints, kind: Kind, place: Ints, sign: float = 1.0) -> Terms:
    """Return one term of one kind for each row."""
    n = len(row)
    return Terms(row, np.full(n, kind), place, np.zeros(n, dtype=np.int64), np.full(n, sign))


def shifted(terms: Terms, by: int) -> Terms:
    """Return `terms` with every row moved by `by`."""
    return Terms(terms.row + by, terms.kind, terms.place, terms.end, terms.sign)


def joined(*several: Terms) -> Terms:
    """Return the terms of all, one behind the other."""

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(terms, name) for terms in several])

    return Terms(column("row"), column("kind"), column("place"), column("end"), column("sign"))


CURRENTS: Final = (Kind.FLOW_I, Kind.CARRIED_I)
"""Magnitudes of currents: no sums of anything, but made of P, Q and voltage."""


def instruments(measurements: Measurements) -> Terms:
    """Return the measurements as terms, one each but for sums and current magnitudes."""
    kind, sums = measurements.kind, measurements.terms
    plain = np.flatnonzero(~np.isin(kind, (*CURRENTS, Kind.SUM)))
    own = Terms(
        plain, kind[plain], measurements.place[plain], measurements.end[plain], np.ones(len(plain))
    )
    return joined(own, _picked(sums, kind[sums.row] == Kind.SUM, sums.row))


def _picked(terms: Terms, which: Flags, row: Ints) -> Terms:
    """Return some of `terms`, of other rows."""
    return Terms(
        row[which], terms.kind[which], terms.place[which], terms.end[which], terms.sign[which]
    )


def current_parts(network: Network, measurements: Measurements, currents: Ints) -> Terms:
    """Return P of every metered current, then Q of every one, then the voltage at every one.

    What is carried by a known power factor has the sum that is for its P, and no Q.
    """
    n, every, sums = len(currents), np.arange(len(currents)), measurements.terms
    kind, place = measurements.kind[currents], measurements.place[currents]
    end = measurements.end[currents]
    flow = np.flatnonzero(kind == Kind.FLOW_I)
    of_flow = np.repeat([Kind.FLOW_P, Kind.FLOW_Q], len(flow))
    both, ends = np.tile(place[flow], 2), np.tile(end[flow], 2)
    flows = Terms(np.append(flow, n + flow), of_flow, both, ends, np.ones(len(both)))
    number = np.full(len(measurements.kind), -1)
    number[currents] = every
    of = number[sums.row]
    carried = _picked(sums, of >= 0, of)
    volts = np.where((kind == Kind.CARRIED_I) & (end == 1), Kind.DC_VOLTAGE, Kind.VOLTAGE)
    bus = place.copy()
    bus[flow] = network.branches.at[place[flow], end[flow]]
    return joined(flows, carried, Terms(2 * n + every, volts, bus, 0 * bus, np.ones(n)))


def constraints(network: Network) -> Terms:
    """Return what has to be zero exactly, as terms whose rows count from 0."""
    buses = np.union1d(network.transit, network.draws)
    dc_buses = np.setdiff1d(network.dc_transit, network.dc_draws)
    dc_loads = np.unique(network.dc_draws)
    converters = np.arange(len(network.converters.ac))
    p_row = np.arange(len(buses))
    q_row = p_row + len(buses)
    i_row = np.arange(len(dc_buses)) + 2 * len(buses)
    dc_row = np.arange(len(dc_loads)) + 2 * len(buses) + len(dc_buses)
    row = converters + 2 * len(buses) + len(dc_buses) + len(dc_loads)
    draws, dc_draws = np.arange(len(network.draws)), np.arange(len(network.dc_draws))
    behind = np.searchsorted(buses, network.draws)
    found = joined(
        _terms(p_row, Kind.DRAWN_P, buses),
        _terms(p_row[behind], Kind.DRAW_P, draws, -1.0),
        _terms(q_row, Kind.DRAWN_Q, buses),
        _terms(q_row[behind], Kind.DRAW_Q, draws, -1.0),
        _terms(i_row, Kind.DC_DRAWN_I, dc_buses),
        _terms(dc_row, Kind.DC_DRAWN_P, dc_loads),
        _terms(dc_row[np.searchsorted(dc_loads, network.dc_draws)], Kind.DC_DRAW_P, dc_draws, -1.0),
        _terms(row, Kind.CONVERTER_P, converters),
        _terms(row, Kind.CONVERTER_DC_P, converters, -1.0),
        _terms(row, Kind.LOSSES, converters, -1.0),
    )
    order = np.argsort(found.row, kind="stable")
    return Terms(*(getattr(found, name)[order] for name in Terms.__slots__))
