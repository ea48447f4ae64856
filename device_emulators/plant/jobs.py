"""What runs on which row: the workload of the site, and jobs that rows start and stop.

Every row follows the workload of the site until a job is started on it; when that is stopped it is
idle. Rows on which a job starts in the same instant run one job between them: their steps and their
checkpoints come together. A surge adds power to each rack of a row for a while, a checkpoint lets
its job wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.computing import H100_RACK, Model, Work
from device_emulators.plant.inference import Inference
from device_emulators.plant.training import RATING_W, Training

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device_emulators.plant.workload import Course, Demand

IDLE_PU: Final = H100_RACK.idle_w / RATING_W
"""Power without a job [pu]."""
WAIT_PU: Final = H100_RACK.waiting_w / RATING_W
"""Power of a job that waits [pu]."""
KINDS: Final = ("training", "sparse_training", "inference", "idle")
"""Kinds of jobs: a dense model at 8 bits, one that uses an eighth of its parameters, answers."""
SPARSE: Final = Work(
    Model(parameters_count=1.4e12, active_count=175e9), communication_pu=0.2, utilisation_pu=0.28
)


class Jobs:
    """What every rack would take, row by row.

    Attributes:
        changed: how often something was started, stopped or added.
    """

    def __init__(
        self,
        site: Demand,
        rating_w: NDArray[np.float64],
        row: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> None:
        """Begin with the workload of the site everywhere; `rng` makes requests when asked to."""
        n_row = int(row.max()) + 1 if len(row) else 0
        self._site, self._rating_w, self._row, self._rng = site, rating_w, row, rng
        self._courses: dict[str, Course] = {}
        self._kind = [""] * n_row
        self._groups: list[tuple[Course | None, NDArray[np.intp]]] = []
        self._began_s = np.zeros(n_row)
        self._share = np.ones(n_row)
        self._waits_until_s = np.full(n_row, -np.inf)
        self._surge_w = np.zeros(n_row)
        self._surge_until_s = np.full(n_row, -np.inf)
        self._plain = True
        self.changed = 0

    def start(self, row: int, kind: str, now_s: float, utilisation_pu: float = 1.0) -> None:
        """Start a job on a row, instead of what runs there.

        Args:
            row: number of the row.
            kind: one of `KINDS`, or "" for the workload of the site.
            now_s: time [s].
            utilisation_pu: part of the power above idle that it draws [pu].

        Raises:
            ValueError: there is no such kind.
        """
        if kind and kind not in KINDS:
            raise ValueError(f"no kind of job {kind!r} (valid: {', '.join(KINDS)})")
        self._kind[row], self._began_s[row], self._share[row] = kind, now_s, utilisation_pu
        self._waits_until_s[row] = -np.inf
        self._regroup()

    def wait(self, row: int, until_s: float) -> None:
        """Let what runs on a row wait for a checkpoint until then [s]."""
        self._waits_until_s[row] = until_s
        self._regroup()

    def surge(self, row: int, by_w: float, until_s: float) -> None:
        """Add power to each rack of a row [W] until then [s]."""
        self._surge_w[row], self._surge_until_s[row] = by_w, until_s
        self._regroup()

    def restore(self, row: int, utilisation_pu: float) -> None:
        """Let a row follow the workload of the site again, that part of it."""
        self._surge_until_s[row] = -np.inf
        self.start(row, "", 0.0, utilisation_pu)

    def _regroup(self) -> None:
        self.changed += 1
        kinds = dict.fromkeys(kind for kind in self._kind if kind)
        self._groups = [
            (self._course(kind), np.array([r for r, k in enumerate(self._kind) if k == kind]))
            for kind in kinds
        ]
        self._plain = not (
            self._groups
            or (self._share != 1.0).any()
            or np.isfinite(self._waits_until_s).any()
            or np.isfinite(self._surge_until_s).any()
        )

    def _course(self, kind: str) -> Course | None:
        if kind == "idle":
            return None
        if kind not in self._courses:
            self._courses[kind] = (
                Inference().answers(self._rng)
                if kind == "inference"
                else Training.of(SPARSE)
                if kind == "sparse_training"
                else Training()
            )
        return self._courses[kind]

    def power_w(self, t_s: float) -> NDArray[np.float64]:
        """Return what every rack would take at `t_s` [s] (n_rack,) [W]."""
        power = self._site.power_w(t_s)
        if self._plain:
            return power
        row, rating_w = self._row, self._rating_w
        if self._groups:
            level = np.full(len(self._kind), np.nan)
            for course, rows in self._groups:
                since_s = t_s - self._began_s[rows]
                level[rows] = IDLE_PU if course is None else course.level_pu(since_s)
            own = level[row]
            power = np.where(np.isnan(own), power, own * rating_w)
        idle_w = IDLE_PU * rating_w
        power = idle_w + self._share[row] * (power - idle_w)
        waits = (t_s < self._waits_until_s)[row]
        power = np.where(waits, np.minimum(power, WAIT_PU * rating_w), power)
        power = power + np.where(t_s < self._surge_until_s, self._surge_w, 0.0)[row]
        clipped: NDArray[np.float64] = np.minimum(power, rating_w)
        return clipped
