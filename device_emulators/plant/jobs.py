"""What runs on which row: the workload of the site, and jobs that rows start and stop.

Every row follows the workload of the site until a job is started on it; when that is stopped it is
idle. Rows on which a job starts in the same instant run one job between them: their steps and their
checkpoints come together. A checkpoint lets the job of a row wait, a surge adds power to racks for
a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.computing import H100_RACK
from device_emulators.plant.training import RATING_W

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device_emulators.plant.inference import Answers, Inference
    from device_emulators.plant.workload import Course, Demand

IDLE_PU: Final = H100_RACK.idle_w / RATING_W
"""Power without a job [pu]."""
WAIT_PU: Final = H100_RACK.waiting_w / RATING_W
"""Power of a job that waits [pu]."""


@dataclass(frozen=True, slots=True)
class Idle:
    """No job."""

    def level_pu(self, since_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the power of rows by rating [pu] (n_row,)."""
        return np.full(len(since_s), IDLE_PU)


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
        self._answers: dict[Inference, Answers] = {}
        self._course: list[Course | None] = [None] * n_row
        self._groups: list[tuple[Course, NDArray[np.intp]]] = []
        self._began_s = np.zeros(n_row)
        self._share = np.ones(n_row)
        self._waits_until_s = np.full(n_row, -np.inf)
        self._surge_w = np.zeros(len(row))
        self._surge_until_s = np.full(len(row), -np.inf)
        self._own = np.zeros(len(row), dtype=bool)
        self._shared = False
        self.changed = 0

    def start(
        self, row: int, course: Course | None, now_s: float, utilisation_pu: float = 1.0
    ) -> None:
        """Start a job on a row, instead of what runs there.

        Args:
            row: number of the row.
            course: how the job goes on; None for the workload of the site.
            now_s: time [s].
            utilisation_pu: part of the power above idle that it draws [pu].
        """
        self._course[row], self._began_s[row], self._share[row] = course, now_s, utilisation_pu
        self._waits_until_s[row] = -np.inf
        self._regroup()

    def answers(self, job: Inference) -> Answers:
        """Return how rows go on that answer requests; the same for the same job."""
        if job not in self._answers:
            self._answers[job] = job.answers(self._rng)
        return self._answers[job]

    def wait(self, row: int, until_s: float) -> None:
        """Let what runs on a row wait for a checkpoint until then [s]."""
        self._waits_until_s[row] = until_s
        self.changed += 1

    def surge(self, which: NDArray[np.intp], by_w: float, until_s: float) -> None:
        """Add power to each of some racks [W] until then [s]."""
        self._surge_w[which], self._surge_until_s[which] = by_w, until_s
        self.changed += 1

    def restore(self, row: int, utilisation_pu: float) -> None:
        """Let a row follow the workload of the site again, that part of it."""
        self._surge_until_s[self._row == row] = -np.inf
        self.start(row, None, 0.0, utilisation_pu)

    def _regroup(self) -> None:
        self.changed += 1
        courses = dict.fromkeys(course for course in self._course if course is not None)
        self._groups = [
            (course, np.array([row for row, own in enumerate(self._course) if own == course]))
            for course in courses
        ]
        self._own = np.array([course is not None for course in self._course])[self._row]
        self._shared = bool((self._share != 1.0).any())

    def power_w(self, t_s: float) -> NDArray[np.float64]:
        """Return what every rack would take at `t_s` [s] (n_rack,) [W]."""
        row, rating_w = self._row, self._rating_w
        power = rating_w if self._own.all() else self._site.power_w(t_s)
        if self._groups:
            level = np.zeros(len(self._course))
            for course, rows in self._groups:
                level[rows] = course.level_pu(t_s - self._began_s[rows])
            power = np.where(self._own, level[row] * rating_w, power)
        if self._shared:
            idle_w = IDLE_PU * rating_w
            power = idle_w + self._share[row] * (power - idle_w)
        if t_s < self._waits_until_s.max(initial=-np.inf):
            waits = (t_s < self._waits_until_s)[row]
            power = np.where(waits, np.minimum(power, WAIT_PU * rating_w), power)
        if t_s < self._surge_until_s.max(initial=-np.inf):
            power = power + np.where(t_s < self._surge_until_s, self._surge_w, 0.0)
            power = np.minimum(power, rating_w)
        return power
