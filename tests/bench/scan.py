"""What one scan of the AI hall costs, lane by lane, against the floor of copying its image.

The scan is the production `core.step` on an image of the whole hall in steady state, so many
measured values moving between scans as a twentieth of all. The floor is what no scan can do
without: freezing the arrays. The share of the lane's period is what is left over for everything
else on the event loop.

An idle scan is one on an image of the same version with nothing due: what most switching scans are.
It is measured against the same floor, which it must undercut.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

import numpy as np

from daemon.app import LANES
from daemon.core.step import Inputs, initial, step
from daemon.model.image import Image, freeze
from daemon.model.quantities import ns
from tests.bench.harness import Result, at_most
from tests.hall import Hall, params, settled

SCANS = 1500
SHARE_LIMIT_PU = 0.25


def run() -> list[Result]:
    """Measure both lanes and the floor, interleaved in time by running one after the other."""
    floor_us = _median_us(_freezing())
    results = [Result("floor: freeze the image", floor_us, "us")]
    for lane, period_s in LANES:
        cost_us = _median_us(_scanning(lane, period_s))
        results += [
            Result(f"{lane} lane: one scan, p50", cost_us, "us"),
            Result(f"{lane} lane: by the floor", cost_us / floor_us, "x", against="freeze"),
            at_most(
                f"{lane} lane: share of its period",
                cost_us / (period_s * 1e6),
                "pu",
                SHARE_LIMIT_PU,
                f"period {period_s * 1000:g} ms",
            ),
        ]
    idle_us = _median_us(_idling())
    against = "freeze"
    return [
        *results,
        at_most("switching lane: idle, by the floor", idle_us / floor_us, "x", 1.0, against),
    ]


def _median_us(once: Callable[[int], None]) -> float:
    """Return the median time of `once` [us]."""
    for n in range(50):
        once(n)
    times = []
    for n in range(SCANS):
        began = perf_counter_ns()
        once(n)
        times.append(perf_counter_ns() - began)
    return median(times) / 1000


def _image() -> Image:
    hall = Hall()
    return hall.image()


def _freezing() -> Callable[[int], None]:
    image = _image()

    def once(n: int) -> None:
        freeze(n, n, image.values, image.quality, image.source_ns)

    return once


def _idling() -> Callable[[int], None]:
    hall = settled()
    while hall.scan().state.due_ns < hall.now_ns + ns(0.2):
        pass
    inputs, state, with_lane = Inputs(hall.image()), hall.state, hall.params

    def once(n: int) -> None:
        assert step(state, inputs, with_lane).state is state

    return once


def _scanning(lane: str, period_s: float) -> Callable[[int], None]:
    base = _image()
    with_lane = params(lane)
    state = initial(with_lane, base.now_ns)
    chance = np.random.default_rng(1)
    measured = [p.index for p in with_lane.points.points if p.spec.unit]
    moving = chance.choice(measured, len(base.values) // 20, replace=False)

    def once(n: int) -> None:
        nonlocal state
        now_ns = base.now_ns + (n + 1) * ns(period_s)
        values = base.values.copy()
        values[moving] *= 1 + 1e-4 * chance.standard_normal(len(moving))
        source_ns = np.full(len(values), now_ns, dtype=np.int64)
        image = freeze(now_ns, base.utc_ns + now_ns, values, base.quality, source_ns)
        state = step(state, Inputs(image), with_lane).state

    return once
