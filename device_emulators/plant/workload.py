"""What the AI racks have to do: the power they would take if nothing limited them.

`Training` is synthetic: every row runs one synchronous job whose steps swing between computing and
communicating, with a checkpoint now and then. `Trace` plays back measured power. Both are pure
functions of time once they are fitted to the racks.

Source: shape of published power traces of synchronous training (swings at the step time, dips at
checkpoints); no fit to a certain machine.
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


@dataclass(frozen=True, slots=True)
class Training:
    """Synthetic synchronous training.

    Attributes:
        compute_pu: power while computing, by rating [pu].
        communicate_pu: power while communicating [pu].
        step_s: time of one step [s].
        duty_pu: part of the step spent computing [pu].
        edge_s: time of the change between both [s].
        checkpoint_every_s: time between checkpoints [s].
        checkpoint_s: length of a checkpoint [s].
        checkpoint_pu: power during it [pu].
    """

    compute_pu: float = 0.95
    communicate_pu: float = 0.70
    step_s: float = 1.0
    duty_pu: float = 0.75
    edge_s: float = 0.1
    checkpoint_every_s: float = 600.0
    checkpoint_s: float = 6.0
    checkpoint_pu: float = 0.45

    def fit(
        self, rating_w: NDArray[np.float64], row: NDArray[np.intp], rng: np.random.Generator
    ) -> Demand:
        """Give every row its own phase, step time and checkpoint time."""
        n_row = int(row.max()) + 1 if len(row) else 0
        return _TrainingDemand(
            job=self,
            rating_w=rating_w,
            row=row,
            step_s=self.step_s * rng.uniform(0.9, 1.1, n_row),
            phase_s=rng.uniform(0.0, self.step_s, n_row),
            checkpoint_s=self.checkpoint_every_s * (0.3 + np.arange(n_row) / max(n_row, 1)),
            uneven_pu=rng.uniform(0.98, 1.02, len(row)),
        )


@dataclass(frozen=True, slots=True)
class _TrainingDemand:
    job: Training
    rating_w: NDArray[np.float64]
    row: NDArray[np.intp]
    step_s: NDArray[np.float64]
    phase_s: NDArray[np.float64]
    checkpoint_s: NDArray[np.float64]
    uneven_pu: NDArray[np.float64]

    def power_w(self, t_s: float) -> NDArray[np.float64]:
        """Return the power of every rack [W] (n_rack,)."""
        job = self.job
        within = (t_s + self.phase_s) % self.step_s
        up = np.clip(within / job.edge_s, 0.0, 1.0)
        down = np.clip((within - job.duty_pu * self.step_s) / job.edge_s, 0.0, 1.0)
        level = job.communicate_pu + (job.compute_pu - job.communicate_pu) * (up - down)
        since = (t_s - self.checkpoint_s) % job.checkpoint_every_s
        level = np.where(since < job.checkpoint_s, job.checkpoint_pu, level)
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
