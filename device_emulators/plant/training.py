"""Synchronous training: what a job draws step by step, with evaluations and checkpoints.

All accelerators of a job compute at the same time and communicate at the same time, so the power of
the whole job swings with its step. A step begins with what overlaps both, then communicates, then
updates the parameters, and computes with slowly rising power to its end. After some steps the job
waits for a moment and evaluates the model, which only runs it forwards; with some evaluations it
waits longer and writes a checkpoint.

The shape is that of 64 nodes with 8 H100 each that train GPT-3 175B, measured at 2 s by MLPerf
(v4.0, result 5848): steps of 10.76 s, an evaluation every 12 steps, communication in a tenth of the
step. Levels and step time follow from the work (`computing`), so another model or precision swings
otherwise. Simplified: all racks of a row are in step; the passes through the micro-batches of a
step, which samples of 2 s cannot show, are a sine of an assumed size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.computing import H100_RACK, Work, communicating_w, training
from device_emulators.plant.workload import OnRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device_emulators.plant.computing import Rack
    from device_emulators.plant.workload import Demand

OVERLAPPED: Final = 0.76
"""Where power is while computing tails off, between communicating (0) and computing (1)."""
UPDATING: Final = 0.69
RESUMED: Final = 0.90
"""The same when the next step begins to compute; it rises to 1 until its end."""
EVALUATING: Final = 0.76
"""The same for evaluation, by the share of waiting."""
PASS_COUNT: Final = 24
"""Passes through micro-batches in a step."""
RATING_W: Final = 130e3
"""Rating of a rack of the reference site [W]."""


@dataclass(frozen=True)
class Training:
    """One synchronous training job.

    Attributes:
        compute_pu: power while computing, by rating [pu].
        communicate_pu: power while communicating [pu].
        wait_pu: power while waiting for the others or for storage [pu].
        step_s: time of a step [s].
        communication_pu: part of the step in which nothing but communication happens [pu].
        edge_s: time of a change between phases [s].
        evaluate_steps: steps between two evaluations.
        settle_s: wait before an evaluation [s].
        evaluate_s: length of an evaluation [s].
        pass_swing_pu: swing of the passes through micro-batches, to each side [pu].
        checkpoint_s: wait before an evaluation with which a checkpoint is written [s].
        checkpoint_evaluations: evaluations between two checkpoints; the first one writes.
    """

    compute_pu: float = 0.938
    communicate_pu: float = 0.754
    wait_pu: float = 0.486
    step_s: float = 10.75
    communication_pu: float = 0.095
    edge_s: float = 0.1
    evaluate_steps: int = 12
    settle_s: float = 0.2
    evaluate_s: float = 13.0
    pass_swing_pu: float = 0.012
    checkpoint_s: float = 1.8
    checkpoint_evaluations: int = 6

    @classmethod
    def of(cls, work: Work, rack: Rack = H100_RACK, rating_w: float = RATING_W) -> Training:
        """Return the job that does `work` on racks with a rating [W]."""
        figures = training(work, rack)
        return cls(
            compute_pu=figures.compute_w / rating_w,
            communicate_pu=communicating_w(rack) / rating_w,
            wait_pu=rack.waiting_w / rating_w,
            step_s=figures.step_s,
            communication_pu=work.communication_pu,
        )

    def fit(
        self, rating_w: NDArray[np.float64], row: NDArray[np.intp], rng: np.random.Generator
    ) -> Demand:
        """Let every row run a job of its own: own place in its course, own step time."""
        length_s = self.checkpoint_evaluations * self.cycle_s
        return OnRows.spread(self, length_s, rating_w, row, rng)

    @property
    def cycle_s(self) -> float:
        """Return the time from evaluation to evaluation [s]."""
        return self.evaluate_steps * self.step_s + self.settle_s + self.evaluate_s

    def level_pu(self, since_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the power of rows by rating [pu], `since_s` after their jobs began (n_row,)."""
        within_s = since_s % self.cycle_s
        past_s = within_s - self.evaluate_steps * self.step_s
        writes = since_s % (self.checkpoint_evaluations * self.cycle_s) < self.cycle_s
        waits = past_s < np.where(writes, self.checkpoint_s, self.settle_s)
        evaluate = self.wait_pu + EVALUATING * (self.compute_pu - self.wait_pu)
        pausing = np.where(waits, self.wait_pu, evaluate)
        return np.where(past_s >= 0.0, pausing, self._step_pu(within_s % self.step_s))

    @cached_property
    def _course(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return when a step bends [s], and the power there by rating [pu]."""
        talk_s, edge_s = self.communication_pu * self.step_s, self.edge_s
        swing = self.compute_pu - self.communicate_pu
        tail = self.communicate_pu + OVERLAPPED * swing
        update = self.communicate_pu + UPDATING * swing
        resume = self.communicate_pu + RESUMED * swing
        return (
            np.array([0, edge_s, talk_s, talk_s + edge_s, 2 * talk_s, 2 * talk_s + edge_s,
                      3 * talk_s, 3 * talk_s + edge_s, self.step_s]),
            np.array([self.compute_pu, tail, tail, self.communicate_pu, self.communicate_pu, update,
                      update, resume, self.compute_pu]),
        )  # fmt: skip

    def _step_pu(self, step_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the power some time after the beginning of a step [s]."""
        level = np.interp(step_s, *self._course)
        level += self.pass_swing_pu * np.sin((2.0 * np.pi * PASS_COUNT / self.step_s) * step_s)
        return level
