"""Answering requests: power that follows their arrivals.

A row serves requests: it reads the prompt of each (prefill, which fills the accelerators with
operations) and writes its answer token by token (decoding, which mostly reads memory). Arrivals are
those of a trace, or synthetic: a Poisson process whose rate leaps between quiet spells and bursts.
They are scaled so that the row is busy to the part that is asked for on average; the record
repeats.

Simplified: a row holds some copies of the model, which take requests in turn, each with a queue
without limit. A copy reads prompts first, at a fixed number of tokens per second; answers run
beside each other at a fixed speed each, and power while decoding rises with their number in
proportion up to what `decode_pu` stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.computing import H100_RACK, Work, answering, training
from device_emulators.plant.training import RATING_W
from device_emulators.plant.workload import OnRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device_emulators.plant.computing import Rack
    from device_emulators.plant.workload import Demand

GRID_S: Final = 0.1
"""Resolution of what is computed from arrivals [s]."""
LENGTH_S: Final = 1800.0
"""Length of a synthetic record [s]."""
PROMPT_TOKENS: Final = 1400.0
ANSWER_TOKENS: Final = 150.0
"""Means of synthetic requests: about those of the Azure traces of 2023."""


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """Requests in order of time.

    Attributes:
        t_s: arrival from 0 on [s] (n_request,).
        prompt: tokens of the prompt (n_request,).
        answer: tokens of the answer (n_request,).
    """

    t_s: NDArray[np.float64]
    prompt: NDArray[np.float64]
    answer: NDArray[np.float64]

    @classmethod
    def synthetic(cls, rng: np.random.Generator, length_s: float = LENGTH_S) -> Requests:
        """Return Poisson arrivals whose rate is four times as high in bursts of some ten seconds.

        Tokens are exponential around the means of the Azure traces.
        """
        spells = rng.exponential(np.tile((40.0, 12.0), 400))
        ends = np.minimum(np.cumsum(spells), length_s)
        lengths = np.diff(ends, prepend=0.0)
        counts = rng.poisson(lengths * np.tile((5.0, 20.0), 400))
        t_s = np.repeat(ends - lengths, counts) + rng.uniform(0.0, 1.0, counts.sum()) * np.repeat(
            lengths, counts
        )
        n = len(t_s)
        return cls(
            np.sort(t_s), rng.exponential(PROMPT_TOKENS, n), rng.exponential(ANSWER_TOKENS, n)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """How a row goes on that answers requests.

    Attributes:
        course_pu: power by rating, every `GRID_S` of the record [pu] (n_time,).
    """

    course_pu: NDArray[np.float64]

    @property
    def length_s(self) -> float:
        """Return the length of the record [s]."""
        return len(self.course_pu) * GRID_S

    def level_pu(self, since_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the power of rows by rating [pu], `since_s` after they began (n_row,)."""
        place = (since_s / GRID_S).astype(np.intp) % len(self.course_pu)
        level: NDArray[np.float64] = self.course_pu[place]
        return level


@dataclass(frozen=True, slots=True)
class Inference:
    """Rows that answer requests.

    Attributes:
        requests: what arrives; synthetic bursts when None.
        copies_count: copies of the model on a row.
        busy_pu: part of the time that a copy reads prompts [pu].
        answers_count: answers written side by side, on average.
        token_s: time of a token of an answer [s].
        idle_pu: power with nothing to do, the model loaded [pu].
        prefill_pu: power while reading prompts, by rating [pu].
        decode_pu: power while writing twice as many answers as on average [pu].
    """

    requests: Requests | None = None
    copies_count: int = 16
    busy_pu: float = 0.35
    answers_count: float = 64.0
    token_s: float = 0.04
    idle_pu: float = 0.486
    prefill_pu: float = 0.94
    decode_pu: float = 0.72

    @classmethod
    def of(
        cls,
        work: Work,
        rack: Rack = H100_RACK,
        rating_w: float = RATING_W,
        requests: Requests | None = None,
    ) -> Inference:
        """Return what rows draw that answer with the model of `work`."""
        figures = answering(work, rack)
        return cls(
            requests,
            token_s=figures.step_s,
            answers_count=work.batch_count / 2.0,
            idle_pu=rack.waiting_w / rating_w,
            prefill_pu=training(work, rack).compute_w / rating_w,
            decode_pu=figures.compute_w / rating_w,
        )

    def fit(
        self, rating_w: NDArray[np.float64], row: NDArray[np.intp], rng: np.random.Generator
    ) -> Demand:
        """Let every row answer the same record, each beginning somewhere else in it."""
        answers = self.answers(rng)
        return OnRows.spread(answers, answers.length_s, rating_w, row, rng)

    def answers(self, rng: np.random.Generator) -> Answers:
        """Return how a row goes on that answers the record."""
        requests = self.requests or Requests.synthetic(rng)
        length_s = max(float(requests.t_s[-1]), GRID_S)
        n = int(length_s / GRID_S) + 1
        reading = self._reading_pu(requests, n)
        writing = np.minimum(self._writing(requests, n) / (2.0 * self.answers_count), 1.0)
        decode = self.idle_pu + (self.decode_pu - self.idle_pu) * writing
        return Answers(reading * self.prefill_pu + (1.0 - reading) * decode)

    def _reading_pu(self, requests: Requests, n: int) -> NDArray[np.float64]:
        """Return the part of each interval in which copies read prompts, in turn."""
        copies = self.copies_count
        work_s = requests.prompt * (self.busy_pu * copies * n * GRID_S / requests.prompt.sum())
        ends_s = np.empty_like(work_s)
        for copy in range(copies):
            mine_s = work_s[copy::copies]
            done_s = np.cumsum(mine_s)
            # a copy is free when all that has come since it was last free is done
            late_s = np.maximum.accumulate(requests.t_s[copy::copies] - (done_s - mine_s))
            ends_s[copy::copies] = done_s + late_s
        return _covered(ends_s - work_s, ends_s, n) / copies

    def _writing(self, requests: Requests, n: int) -> NDArray[np.float64]:
        """Return how many answers are written in each interval, scaled to their mean."""
        lasts_s = requests.answer * self.token_s
        count = _covered(requests.t_s, requests.t_s + lasts_s, n)
        scaled: NDArray[np.float64] = count * (self.answers_count / count.mean())
        return scaled


def _covered(
    begin_s: NDArray[np.float64], end_s: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """Return how many of the spans cover each of `n` intervals, parts of it counted in part."""
    edges_s = np.arange(n + 1) * GRID_S
    total_s = np.zeros(n + 1)
    for times_s, sign in ((begin_s, 1.0), (end_s, -1.0)):
        time_s = np.sort(times_s)
        sums_s = np.concatenate([[0.0], np.cumsum(time_s)])
        before = np.searchsorted(time_s, edges_s, side="right")
        total_s += sign * (before * edges_s - sums_s[before])
    covered: NDArray[np.float64] = np.diff(total_s) / GRID_S
    return covered
