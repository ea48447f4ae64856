"""What the instruments would read in a state of the network, and how that changes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation.equations import part_shares
from daemon.core.estimation.matrix import times

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


def read(equations: Equations, live: Islands, x: Floats) -> Floats:
    """Return what each instrument would read, then how far each constraint is from holding.

    Args:
        equations: of the network.
        live: what is energised.
        x: the states (n_state,) [pu, rad].

    Returns:
        Readings and mismatches (n_measurement + n_constraint,) [pu].
    """
    rows = times(equations.mix, primitive_values(equations, live, x))
    if not len(equations.currents):
        return rows
    n_row = equations.n_measurement + equations.n_constraint
    p, q, voltage = rows[n_row:].reshape(3, -1)
    rows[equations.currents] = np.hypot(p, q) / np.where(voltage > _DEAD, voltage, np.inf)
    return rows[:n_row]


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
    parts = times(equations.mix, primitive_values(equations, live, x))[n_row:].reshape(3, -1)
    shares = part_shares(equations, _by_part(*parts))
    return equations.with_parts.of(shares, rows)


def _by_part(p: Floats, q: Floats, voltage: Floats) -> Floats:
    """Return the change of current magnitudes with P, Q and voltage (3, n_current)."""
    inverse = 1.0 / np.where(voltage > _DEAD, voltage, np.inf)
    current = np.hypot(p, q) * inverse
    per_power = inverse**2 / np.where(current > SMALLEST_CURRENT, current, np.inf)
    return np.stack([p * per_power, q * per_power, -current * inverse])


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


def primitive_values(equations: Equations, live: Islands, x: Floats) -> Floats:
    """Return the primitives in the order of `mixture.Primitives` (n_primitive,)."""
    network = equations.network
    angle, angle_end, near, far = x.take(equations.ends).reshape(4, -1)
    near *= _behind(equations, live, x)
    far *= live.branch
    angle -= angle_end
    angle -= network.branches.shift
    both = near * far
    value = [x, near * near, far * far, both * np.cos(angle), both * np.sin(angle)]
    if network.n_dc:
        value += _dc_values(equations, live, x)
    return np.concatenate(value)


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
