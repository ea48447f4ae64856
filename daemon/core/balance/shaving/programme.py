r"""The lowest peak of a load that is known, as a linear programme (HiGHS).

Over the windows \(t\) of a load \(l_t\), with what store \(s\) takes \(c\) and gives \(d\), its
energy \(e\) and its efficiency \(\eta\) each way:

    min   peak * p  +  wear * sum(d)  -  left * sum(e_end)
    with  l_t + sum_s (c_st - d_st) <= p,   p >= highest so far
          l_t + sum_s (c_st - d_st) >= -export
          e_st = e_s(t-1) + h (eta c_st - d_st / eta),   floor <= e_st <= top
          0 <= c_st <= charge,  0 <= d_st <= discharge

Losses cost nothing by themselves unless energy that is left at the end is worth something
(`left_pu`): then a cycle that gains nothing is not made. A load without bound from below, or a
store below its floor, is data and no error: such a store gives nothing until it is refilled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from daemon.core.balance.shaving.stores import Store

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_UNIT_W = 1e6
"""The programme is solved in MW and MWh, so that its numbers are near one."""
_UNIT_J = 3.6e9


@dataclass(frozen=True, slots=True)
class Worth:
    """What things are worth, in watts of peak.

    Attributes:
        wear_w_per_j: of energy given, by any store or by each [W/J].
        left_w_per_j: of energy left at the end [W/J].
    """

    wear_w_per_j: float | tuple[float, ...] = 0.0
    left_w_per_j: float = 0.0


class Optimum(NamedTuple):
    """What came of it.

    Attributes:
        peak_w: the highest window, or the highest so far if that is more [W].
        power_w: of each store in each window `(n_store, n)` [W].
        energy_j: in each store after each window `(n_store, n)` [J].
    """

    peak_w: float
    power_w: Floats
    energy_j: Floats


def optimum(
    load_w: Floats,
    window_s: float,
    stores: Sequence[Store],
    energies_j: Sequence[float],
    *,
    highest_w: float = 0.0,
    export_w: float = 0.0,
    worth: Worth = Worth(),
) -> Optimum | None:
    """Return the lowest peak of a load that is known; None when the solver found none.

    Args:
        load_w: mean import without storage of each window `(n,)` [W].
        window_s: length of a window [s].
        stores: with their bands.
        energies_j: what is in each now [J].
        highest_w: demand that is paid for already [W].
        export_w: most that may flow back [W].
        worth: of wear, and of what is left.
    """
    n, m, hours = len(load_w), len(stores), window_s / 3600.0
    load = np.asarray(load_w, dtype=np.float64) / _UNIT_W
    per_unit = _UNIT_J / _UNIT_W
    cost = np.zeros((m, 3, n))
    cost[:, 1] = np.reshape(worth.wear_w_per_j, (-1, 1)) * per_unit * hours
    cost[:, 2, -1] = -worth.left_w_per_j * per_unit
    begin = np.zeros((m, n))
    begin[:, 0] = np.asarray(energies_j) / _UNIT_J
    found = linprog(
        np.append(cost.ravel(), 1.0),
        A_ub=cast("Floats", _imports(n, m)),  # its types know no sparse matrix
        b_ub=np.concatenate([-load, np.maximum(load + export_w / _UNIT_W, 0.0)]),
        A_eq=cast("Floats", _balances(n, hours, stores)),
        b_eq=begin.ravel(),
        bounds=_bounds(n, stores, energies_j, highest_w),
        method="highs",
    )
    if found.x is None or not found.success:
        return None
    by_store = np.asarray(found.x[:-1], dtype=np.float64).reshape(m, 3, n)
    power_w = (by_store[:, 0] - by_store[:, 1]) * _UNIT_W
    return Optimum(float(found.x[-1]) * _UNIT_W, power_w, by_store[:, 2] * _UNIT_J)


def _matrix(entries: Sequence[tuple[float, Ints, Ints]], shape: tuple[int, int]) -> csr_array:
    """Return a matrix of (value, rows, columns)."""
    values = np.concatenate([np.full(len(rows), value) for value, rows, _ in entries])
    rows = np.concatenate([rows for _, rows, _ in entries])
    columns = np.concatenate([columns for _, _, columns in entries])
    return csr_array((values, (rows, columns)), shape=shape)


def _imports(n: int, m: int) -> csr_array:
    """Return what bounds the import from above and from below `(2 n, 3 m n + 1)`."""
    at = np.arange(n)
    entries = [(-1.0, at, np.full(n, 3 * m * n))]
    for store in range(m):
        took = at + 3 * n * store
        entries += [(1.0, at, took), (-1.0, at, took + n)]
        entries += [(-1.0, at + n, took), (1.0, at + n, took + n)]
    return _matrix(entries, (2 * n, 3 * m * n + 1))


def _balances(n: int, hours: float, stores: Sequence[Store]) -> csr_array:
    """Return energy after less energy before less what went in `(m n, 3 m n + 1)`."""
    at, m = np.arange(n), len(stores)
    entries: list[tuple[float, Ints, Ints]] = []
    for i, store in enumerate(stores):
        rows, took = at + n * i, at + 3 * n * i
        energy = took + 2 * n
        entries += [(-hours * store.efficiency_pu, rows, took)]
        entries += [(hours / store.efficiency_pu, rows, took + n)]
        entries += [(1.0, rows, energy), (-1.0, rows[1:], energy[:-1])]
    return _matrix(entries, (m * n, 3 * m * n + 1))


def _bounds(
    n: int, stores: Sequence[Store], energies_j: Sequence[float], highest_w: float
) -> list[tuple[float, float | None]]:
    bounds: list[tuple[float, float | None]] = []
    for store, energy_j in zip(stores, energies_j, strict=True):
        low_j, high_j = min(store.floor_j, energy_j), max(store.top_j, energy_j)
        bounds += [(0.0, store.charge_w / _UNIT_W)] * n
        bounds += [(0.0, store.discharge_w / _UNIT_W)] * n
        bounds += [(low_j / _UNIT_J, high_j / _UNIT_J)] * n
    return [*bounds, (highest_w / _UNIT_W, None)]
