"""What the instruments would read in a state of the network, and how that changes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation.equations import part_shares
from daemon.core.estimation.matrix import linear

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.islands import Islands
    from daemon.core.estimation.network import Floats

SMALLEST_CURRENT: Final = 1e-6
"""Below this [pu] the magnitude of a current is taken not to change with anything."""

_NO_RATIO: Final = 1e-3
"""Smaller is no ratio of a transformer."""

_DEAD: Final = 1e-6
"""Below this voltage [pu] no current is told from a power."""

_KINK: Final = 1e-4
"""Below this current [pu] the part of a converter's losses that goes with its size is round."""


class Reader:
    """Reads one network while the same of it is energised, again and again.

    What does not depend on the state is looked up once, and primitives are made where there is
    room for them: in a small network an operation of numpy costs more than its arithmetic.
    """

    def __init__(self, equations: Equations, live: Islands) -> None:
        network, at = equations.network, equations.at
        self._equations, self._live = equations, live
        self._rows = linear(equations.mix)
        self._places, self._ends = equations.ends, np.empty(len(equations.ends))
        self._angle, self._angle_end, *_ = both = self._ends.reshape(4, -1)
        self._near, self._far = self._sizes = both[2:]
        self._scale = np.stack([live.behind, live.branch])
        self._turned = bool(network.branches.shift.any())
        self._values = values = np.empty(at.size)
        self._states = values[: at.from_square]
        self._squares = values[at.from_square : at.cosine].reshape(2, -1)
        self._turns = values[at.cosine : at.dc_current].reshape(2, -1)
        self._cosine, self._sine = self._turns
        self._dc = values[at.dc_current :]
        self._tapped = network.branches.tapped

    def __call__(self, x: Floats) -> Floats:
        """Return what each instrument would read, then how far each constraint is from holding.

        Args:
            x: the states (n_state,) [pu, rad].

        Returns:
            Readings and mismatches (n_measurement + n_constraint,) [pu].
        """
        equations, rows = self._equations, self.rows(x)
        if not len(equations.currents):
            return rows
        n_row = equations.n_measurement + equations.n_constraint
        p, q, voltage = rows[n_row:].reshape(3, -1)
        size = np.where(equations.carried, p, np.hypot(p, q))
        rows[equations.currents] = size / np.where(voltage > _DEAD, voltage, np.inf)
        return rows[:n_row]

    def rows(self, x: Floats) -> Floats:
        """Return all rows of the mixture, P, Q and voltage of metered currents last (n_row,)."""
        self._states[:] = x
        x.take(self._places, out=self._ends, mode="clip")
        if len(self._tapped):
            ratio = _ratio(x[self._equations.where.tap])
            self._scale[0, self._tapped] = self._live.branch[self._tapped] / ratio
        np.multiply(self._sizes, self._scale, self._sizes)
        np.multiply(self._sizes, self._sizes, self._squares)
        turn = np.subtract(self._angle, self._angle_end, self._angle)
        if self._turned:
            turn -= self._equations.network.branches.shift
        np.cos(turn, self._cosine)
        np.sin(turn, self._sine)
        np.multiply(self._turns, np.multiply(self._near, self._far, self._near), self._turns)
        if len(self._dc):
            np.concatenate(_dc_values(self._equations, self._live, x), out=self._dc)
        return self._rows(self._values)


def read(equations: Equations, live: Islands, x: Floats) -> Floats:
    """Return what a `Reader` of the network reads in state `x` (n_state,) [pu, rad]."""
    return Reader(equations, live)(x)


def jacobian(equations: Equations, live: Islands, x: Floats) -> Floats:
    """Return the derivatives of measurements and constraints by the free states.

    Returns:
        Numbers of a matrix of the pattern `equations.rows`, 0 in the columns of known states.
    """
    slope = slopes(equations, live, x).take(equations.slope_order)
    slope *= live.free.take(equations.slope.column)
    rows = equations.by_state.of(equations.mix.data, slope)
    if not len(equations.currents):
        return rows
    n_row = equations.n_measurement + equations.n_constraint
    parts = Reader(equations, live).rows(x)[n_row:].reshape(3, -1)
    shares = part_shares(equations, _by_part(equations, *parts))
    return equations.with_parts.of(shares, rows)


def _by_part(equations: Equations, p: Floats, q: Floats, voltage: Floats) -> Floats:
    """Return the change of current magnitudes with P, Q and voltage (3, n_current)."""
    inverse = 1.0 / np.where(voltage > _DEAD, voltage, np.inf)
    size = np.hypot(p, q)
    per_size = inverse / np.where(size * inverse > SMALLEST_CURRENT, size, np.inf)
    carried = equations.carried
    by_p, by_q = np.where(carried, inverse, p * per_size), np.where(carried, 0.0, q * per_size)
    return np.stack([by_p, by_q, -np.where(carried, p, size) * inverse**2])


def _behind(equations: Equations, live: Islands, x: Floats) -> Floats:
    """Return the voltage behind the ratio by that before it, 0 where off (n_branch,)."""
    tapped = equations.network.branches.tapped
    if not len(tapped):
        return live.behind
    behind = live.behind.copy()
    behind[tapped] = live.branch[tapped] / _ratio(x[equations.where.tap])
    return behind


def _ratio(tap: Floats) -> Floats:
    """Return the ratios, 1 where a tap changer is dead or astray and has none (n_tap,)."""
    ratio: Floats = np.where(np.abs(tap) > _NO_RATIO, tap, 1.0)
    return ratio


def _dc_values(equations: Equations, live: Islands, x: Floats) -> list[Floats]:
    """Return the primitives of DC branches and converters."""
    network, where = equations.network, equations.where
    start, end = network.dc_branches.at.T
    voltage, i = x[where.dc_voltage], x[where.i]
    near, far = voltage[start], voltage[end]
    current = network.dc_branches.g * live.dc_branch * (near - far)
    on, bus = live.converter, voltage[network.converters.dc]
    a, b, c = network.converters.loss.T + x[where.loss].reshape(3, -1)
    losses = on * (a + b * _size(i) + c * i * i)
    return [current, near * current, -far * current, bus * i * on, losses]


def _size(i: Floats) -> Floats:
    """Return the size of currents, its kink at zero rounded to a parabola that joins smoothly.

    At a kink steps of Newton go from one side to the other for ever. What is rounded off is less
    than any loss curve is known to.
    """
    size = np.abs(i)
    found: Floats = np.where(size < _KINK, 0.5 * (i * i / _KINK + _KINK), size)
    return found


def slopes(equations: Equations, live: Islands, x: Floats) -> Floats:
    """Return the derivatives of the primitives by the states, as `equations` lists them."""
    network, where = equations.network, equations.where
    behind = _behind(equations, live, x)
    angle, angle_end, near, far = x.take(equations.ends).reshape(4, -1)
    near = near * behind
    turn = angle - angle_end - network.branches.shift
    cosine, sine = np.cos(turn), np.sin(turn)
    along, across = near * far * cosine, near * far * sine
    slope = [np.ones(where.size), 2.0 * near * behind, 2.0 * live.branch * far]
    slope += [-across, across, behind * far * cosine, near * cosine]
    slope += [along, -along, behind * far * sine, near * sine]
    tap, tapped = _ratio(x[where.tap]), network.branches.tapped
    slope += [-2.0 * (near * near)[tapped] / tap, -along[tapped] / tap, -across[tapped] / tap]
    if network.n_dc:
        slope += _dc_slopes(equations, live, x)
    return np.concatenate(slope)


def _dc_slopes(equations: Equations, live: Islands, x: Floats) -> list[Floats]:
    """Return the derivatives of the primitives of DC branches and converters."""
    network, where = equations.network, equations.where
    start, end = network.dc_branches.at.T
    voltage, i = x[where.dc_voltage], x[where.i]
    near, far = voltage[start], voltage[end]
    g = network.dc_branches.g * live.dc_branch
    on, bus = live.converter, voltage[network.converters.dc]
    _, b, c = network.converters.loss.T + x[where.loss].reshape(3, -1)
    size, way = _size(i), np.clip(i / _KINK, -1.0, 1.0)
    flow = [g, -g, g * (2.0 * near - far), -g * near, -g * far, g * (2.0 * far - near)]
    losses = [on * (b * way + 2.0 * c * i), on, on * size, on * size * size]
    return [*flow, on * i, on * bus, *losses]
