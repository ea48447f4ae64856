"""What the AI racks have to do: the power they would take if nothing limited them.

A workload is fitted to the racks of a site and is then a pure function of time. `Steady` stays as
it is and `Trace` plays back measured power; `training` and `inference` have work that swings.
`jobs` lets rows leave the workload for jobs of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Demand(Protocol):
    """A workload fitted to racks."""

    def power_w(self, t_s: float) -> NDArray[np.float64]:
        """Return the power every rack would take at `t_s` [s] (n_rack,) [W]."""
        ...


class Workload(Protocol):
    """A kind of work that can be fitted to racks."""

    def fit(
        self, rating_w: NDArray[np.float64], row: NDArray[np.intp], rng: np.random.Generator
    ) -> Demand:
        """Return the demand of racks with ratings [W] (n_rack,) in rows (n_rack,)."""
        ...


class Course(Protocol):
    """How a job goes on: power by time since it began."""

    def level_pu(self, since_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the power of rows by rating [pu], `since_s` after their jobs began (n_row,)."""
        ...


@dataclass(frozen=True, slots=True)
class OnRows:
    """A job of the same kind on every row, each in a place of its own in its course.

    Attributes:
        course: the kind of job.
        rating_w: ratings of the racks [W] (n_rack,).
        row: row of each rack (n_rack,).
        pace: how much faster than the course a row is (n_row,).
        phase_s: how far rows are at time 0 [s] (n_row,).
        uneven_pu: power of a rack by that of its row [pu] (n_rack,).
    """

    course: Course
    rating_w: NDArray[np.float64]
    row: NDArray[np.intp]
    pace: NDArray[np.float64]
    phase_s: NDArray[np.float64]
    uneven_pu: NDArray[np.float64]

    @classmethod
    def spread(
        cls,
        course: Course,
        length_s: float,
        rating_w: NDArray[np.float64],
        row: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> OnRows:
        """Return rows spread over `length_s` of their course [s], a little faster or slower."""
        n_row = int(row.max()) + 1 if len(row) else 0
        pace = rng.uniform(0.97, 1.03, n_row)
        phase_s = length_s * (np.arange(n_row) + rng.uniform(0.0, 1.0, n_row)) / max(n_row, 1)
        return cls(course, rating_w, row, pace, phase_s, rng.uniform(0.988, 1.012, len(row)))

    def power_w(self, t_s: float) -> NDArray[np.float64]:
        """Return the power of every rack [W] (n_rack,)."""
        level = self.course.level_pu(t_s * self.pace + self.phase_s)
        power: NDArray[np.float64] = level[self.row] * self.uneven_pu * self.rating_w
        return power


@dataclass(frozen=True, slots=True)
class Steady:
    """Constant work.

    Attributes:
        utilisation_pu: power by rating [pu].
    """

    utilisation_pu: float

    def fit(
        self, rating_w: NDArray[np.float64], row: NDArray[np.intp], rng: np.random.Generator
    ) -> Demand:
        """Give every rack the same."""
        return _SteadyDemand(self.utilisation_pu * rating_w)


@dataclass(frozen=True, slots=True)
class _SteadyDemand:
    rack_w: NDArray[np.float64]

    def power_w(self, t_s: float) -> NDArray[np.float64]:
        """Return the power of every rack [W] (n_rack,)."""
        return self.rack_w


@dataclass(frozen=True, slots=True)
class Trace:
    """Measured power, played back.

    Attributes:
        t_s: times from 0 on, rising [s] (n_time,).
        columns_w: measured power [W] (n_time, n_column).
    """

    t_s: NDArray[np.float64]
    columns_w: NDArray[np.float64]

    @classmethod
    def from_columns(cls, t_s: NDArray[np.float64], columns_w: NDArray[np.float64]) -> Trace:
        """Return a trace from times [s] (n_time,) and columns [W] (n_time, n_column).

        Raises:
            ValueError: the times do not rise, or there is nothing to play.
        """
        columns = np.asarray(columns_w, dtype=np.float64)
        times = np.asarray(t_s, dtype=np.float64)
        if columns.ndim != 2 or not columns.size or len(times) != len(columns):
            raise ValueError("a trace needs one time per row and at least one column")
        if not (np.all(np.isfinite(times)) and np.all(np.isfinite(columns))):
            raise ValueError("a trace holds finite numbers only")
        if np.any(np.diff(times) <= 0.0):
            raise ValueError("the times of a trace must rise")
        if columns.sum(axis=1).max() <= 0.0:
            raise ValueError("a trace must consume something")
        return cls(times - times[0], columns)

    def fit(
        self, rating_w: NDArray[np.float64], row: NDArray[np.intp], rng: np.random.Generator
    ) -> Demand:
        """Deal the columns to the racks in order and scale the peak of the sum to their rating.

        With more columns than racks a rack gets several; with fewer, columns are dealt again.
        """
        n_rack, n_column = len(rating_w), self.columns_w.shape[1]
        racks = np.zeros((len(self.t_s), n_rack))
        for hand in range(max(n_rack, n_column)):
            racks[:, hand % n_rack] += self.columns_w[:, hand % n_column]
        racks *= rating_w.sum() / racks.sum(axis=1).max()
        step_s = float(np.median(np.diff(self.t_s))) if len(self.t_s) > 1 else 1.0
        return _TraceDemand(self.t_s, racks, float(self.t_s[-1]) + step_s)


@dataclass(frozen=True, slots=True)
class _TraceDemand:
    t_s: NDArray[np.float64]
    rack_w: NDArray[np.float64]
    length_s: float

    def power_w(self, t_s: float) -> NDArray[np.float64]:
        """Return the last measured power of every rack [W] (n_rack,); the trace repeats."""
        place = int(np.searchsorted(self.t_s, t_s % self.length_s, side="right")) - 1
        row: NDArray[np.float64] = self.rack_w[max(place, 0)]
        return row
