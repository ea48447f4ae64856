"""Every quantity as a linear mix of primitives, written down as rows of a sparse matrix.

The *primitives* of a network are its states and, with `a` the voltage behind the ratio at the
`from` end of an AC branch, `v` that at its `to` end and `d` the angle between the two,

    a^2, v^2, a v cos(d), a v sin(d)     of every AC branch
    i, v_from i, -v_to i                 of every DC branch, i its current
    v_dc i, losses                       of every converter

With y = g + j b the power that enters a branch at its `from` end is

    P = a^2 (g + g_from) - g a v cos(d) - b a v sin(d)
    Q = -a^2 (b + b_from) + b a v cos(d) - g a v sin(d)

and, at its `to` end, the same with `v^2` and the sine reversed.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.layout import layout
from daemon.core.estimation.measurements import Kind, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.estimation.network import Floats, Ints, Network


@dataclass(frozen=True, slots=True)
class Primitives:
    """Where the primitives of a network stand, each the number of its first.

    The states come first, so a state's place is its primitive's.
    """

    from_square: int
    to_square: int
    cosine: int
    sine: int
    dc_current: int
    dc_power_from: int
    dc_power_to: int
    dc_product: int
    losses: int
    size: int


class Entries(NamedTuple):
    """Entries of the matrix: value of a term's coefficient, and at which primitive."""

    term: Ints
    primitive: Ints
    value: Floats


def primitives(network: Network) -> Primitives:
    """Return where the primitives of `network` stand."""
    n_branch, n_dc = len(network.branches.y), len(network.dc_branches.g)
    n_converter = len(network.converters.ac)
    sizes = [layout(network).size, *[n_branch] * 4, *[n_dc] * 3, n_converter, n_converter]
    return Primitives(*np.cumsum(sizes).tolist())


_STATES: Final = {
    Kind.VOLTAGE: "voltage",
    Kind.DC_VOLTAGE: "dc_voltage",
    Kind.CONVERTER_P: "p",
    Kind.CONVERTER_Q: "q",
    Kind.CONVERTER_I: "i",
    Kind.DRAW_P: "draw_p",
    Kind.DRAW_Q: "draw_q",
    Kind.DC_DRAW_P: "dc_draw_p",
}
"""Kinds that are states, with the name of their places."""

_LOSSES: Final = (Kind.LOSS_A, Kind.LOSS_B, Kind.LOSS_C)


def entries(network: Network, terms: Terms) -> tuple[Ints, Ints, Floats]:
    """Return rows, primitives and values of the matrix whose rows are sums of `terms`.

    Args:
        network: what the terms are quantities of.
        terms: of any kind but `FLOW_I`, `CARRIED_I` and `SUM`.
    """
    found = [
        Entries(picked[part.term], part.primitive, part.value)
        for kind in np.unique(terms.kind).tolist()
        for picked in (np.flatnonzero(terms.kind == kind),)
        for part in _kind(network, Kind(kind), terms.place[picked], terms.end[picked])
    ]
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    term, primitive, value = (np.concatenate(column) for column in zip(*found, strict=True))
    return terms.row[term], primitive, value * terms.sign[term]


def _kind(network: Network, kind: Kind, place: Ints, end: Ints) -> Iterator[Entries]:
    """Yield the entries of quantities of one kind, terms numbered from 0."""
    where, at = layout(network), primitives(network)
    every = np.arange(len(place))
    ones = np.ones(len(place))
    if kind in _STATES:
        yield Entries(every, getattr(where, _STATES[kind]).start + place, ones)
    elif kind in _LOSSES:
        which = _LOSSES.index(kind) * len(network.converters.ac)
        yield Entries(every, where.loss.start + which + place, ones)
    elif kind is Kind.TAP:
        tap = np.searchsorted(network.branches.tapped, place)
        yield Entries(every, where.tap.start + tap, ones)
    elif kind is Kind.LOSSES:
        yield Entries(every, at.losses + place, ones)
    elif kind is Kind.CONVERTER_DC_P:
        yield Entries(every, at.dc_product + place, ones)
    elif kind is Kind.DC_FLOW_I:
        yield Entries(every, at.dc_current + place, np.where(end == 0, 1.0, -1.0))
    elif kind is Kind.DC_FLOW_P:
        yield Entries(every, np.where(end == 0, at.dc_power_from, at.dc_power_to) + place, ones)
    elif kind in {Kind.FLOW_P, Kind.FLOW_Q}:
        yield from _flow(network, kind, place, end)
    else:
        yield from _drawn(network, kind, place)


def _flow(network: Network, kind: Kind, branch: Ints, end: Ints) -> Iterator[Entries]:
    """Yield the entries of what enters branches."""
    at, every = primitives(network), np.arange(len(branch))
    y = network.branches.y[branch]
    own = y + network.branches.y_shunt[branch, end]
    square = np.where(end == 0, at.from_square, at.to_square) + branch
    forward = np.where(end == 0, 1.0, -1.0)
    if kind is Kind.FLOW_P:
        squares, cosines, sines = own.real, -y.real, -y.imag * forward
    else:
        squares, cosines, sines = -own.imag, y.imag, -y.real * forward
    yield Entries(every, square, squares)
    yield Entries(every, at.cosine + branch, cosines)
    yield Entries(every, at.sine + branch, sines)


_PARTS: Final = {
    Kind.DRAWN_P: (Kind.FLOW_P, Kind.CONVERTER_P, -1.0),
    Kind.DRAWN_Q: (Kind.FLOW_Q, Kind.CONVERTER_Q, -1.0),
    Kind.DC_DRAWN_I: (Kind.DC_FLOW_I, Kind.CONVERTER_I, 1.0),
    Kind.DC_DRAWN_P: (Kind.DC_FLOW_P, Kind.CONVERTER_DC_P, 1.0),
}
"""What a bus draws is what no branch takes: kind of the flows, of converters and their sign."""


def _drawn(network: Network, kind: Kind, bus: Ints) -> Iterator[Entries]:
    """Yield the entries of what is drawn at buses: what branches and converters leave."""
    flow, converter, sign = _PARTS[kind]
    alternating = kind in {Kind.DRAWN_P, Kind.DRAWN_Q}
    branches = network.branches if alternating else network.dc_branches
    machines = network.converters.ac if alternating else network.converters.dc
    term, met = matches(branches.at.ravel(), bus)
    for part in _kind(network, flow, met // 2, met % 2):
        yield Entries(term[part.term], part.primitive, -part.value)
    term, met = matches(machines, bus)
    for part in _kind(network, converter, met, np.zeros_like(met)):
        yield Entries(term[part.term], part.primitive, sign * part.value)


def matches(keys: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Return every pair of a number in `wanted` and a number in `keys` that are equal.

    Args:
        keys: values to find, in any order (n_key,).
        wanted: values to look for (n_wanted,).

    Returns:
        Place in `wanted` and place in `keys` of every pair (n_pair,) each.
    """
    order = np.argsort(keys, kind="stable")
    first = np.searchsorted(keys[order], wanted, side="left")
    count = np.searchsorted(keys[order], wanted, side="right") - first
    where = np.repeat(np.arange(len(wanted)), count)
    within = np.arange(len(where)) - np.repeat(np.cumsum(count) - count, count)
    return where, order[first[where] + within]
