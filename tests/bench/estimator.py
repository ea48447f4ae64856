"""From the image of a scan to state, normalised residuals and chi-square, beside its peers.

Networks and sensors are those of `tests.feeders`: 20, 194 and 2,002 buses with 81, 887 and 9,359
measurements. In every scan another tenth of the meters is aged (three times the standard deviation)
and another hundredth absent. Ours starts from the image: values, times and qualities of many points
from which its own are picked and classed. power-grid-model is given an update that is ready made;
it computes neither normalised residuals nor chi-square. Both take turns on the same scans, and
figures are medians of processor time of one core.

The target ratio is that to its Newton-Raphson method, which solves the same problem: the full
solve here is compared with it, scan by scan. Its iterative-linear method, printed beside it, is
another estimator that is off by about 1e-4 pu. pandapower and gridstate solve each scan anew and
are timed without taking its values; for them nothing is drawn at a board as a soft measurement or
not at all, so they give other estimates.

Accuracy is against a full solve with the same weights: in steady state, and in the scan in which a
fifth of the loads moves by 40 % up or down and in that in which it moves back. After the breaker of
a load operates, the time is that to a converged state of the new topology from the last state of
the old one. Its residuals are tested again in the scan after, which makes the linearisation that
tracking goes on with; that scan is printed as well.

The bound of Cramer and Rao is that of the AI hall in a settled state, all of it running, with loss
curves as uncertain as the estimator takes them to be, from derivatives that are made numerically
(`tests.oracle.estimation_bound`); against it stands the rms error of each state over 1,500 scans.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import process_time_ns
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daemon.core.estimation.measurements import ABSENT, Kind
from daemon.core.estimation.network import Floats, Wiring, all_on
from daemon.core.estimation.solver import solve
from daemon.core.estimation.tracking import Tracker
from daemon.model.quality import Quality, QualityArray
from tests.bench.harness import Result, at_least, at_most
from tests.feeders import POWER_FACTOR, Metered, load_flow, metered, scan, truth
from tests.oracle.estimation import EXACT, LINEAR, PowerGrid
from tests.oracle.estimation_bound import bound, errors, hall
from tests.oracle.estimation_peers import Gridstate, Pandapower, quiet

if TYPE_CHECKING:
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.tracking import Tracking

SCAN_US = {20: 80.0, 200: 150.0, 2000: 1200.0}
SWITCHED_US = {20: 1000.0, 200: 2000.0, 2000: 10_000.0}
ROUNDS = {20: 40, 200: 20, 2000: 4}
RATIO_X = 3.0
EXACT_PU, STEADY_PU, SURGE_PU, RMS_X = 1e-9, 1e-5, 5e-5, 1.01
BOUND_X, DRAWS = 1.1, 1500
SURGE, SURGING_PU = 0.4, 0.2
SCANS = 30
SURGES = {20: 40, 200: 20, 2000: 4}
SWITCHINGS = 15
PEER_SCANS = {20: 5, 200: 5, 2000: 1}
EXACT_SCANS = 3
POINTS_PER_MEASUREMENT = 3
BAD = np.uint32(Quality.BAD)
LATE_NS = 200_000_000
WORTHLESS_PU = 100.0  # of what is absent; with more, iterative-linear meets a singular matrix


class Image(NamedTuple):
    """One scan as the daemon has it: arrays of all points."""

    values: Floats
    source_ns: NDArray[np.int64]
    quality: QualityArray
    now_ns: int


class Case(NamedTuple):
    """A network with scans of it, in the image and as they are."""

    of: Metered
    wiring: Wiring
    points: NDArray[np.int64]
    scale: Floats
    images: list[Image]
    scans: list[tuple[Floats, Classes, Floats]]


def run() -> list[Result]:
    """Measure the three networks, one after the other."""
    results = []
    for size in SCAN_US:
        case = _case(size)
        results += [*_speed(size, case), *_peers(size, case), *_switched(size, case)]
        results += [_exact(size, case), *_accuracy(size, case)]
    return [*results, _bound()]


def _case(size: int) -> Case:
    of, chance = metered(size), np.random.default_rng(1)
    n = len(of.y)
    points = np.sort(chance.permutation(POINTS_PER_MEASUREMENT * n)[:n])
    scale = chance.uniform(1e-6, 1e-3, n)
    scans = [scan(of, chance) for _ in range(SCANS)]
    images = []
    for number, (z, classes, _) in enumerate(scans):
        now_ns = (number + 1) * 100_000_000_000
        values = np.zeros(POINTS_PER_MEASUREMENT * n)
        quality = np.zeros(len(values), dtype=np.uint32)
        source_ns = np.full(len(values), now_ns)
        values[points] = z / scale
        source_ns[points] = now_ns - 2 * LATE_NS * (classes == 1)
        quality[points] = np.where(classes == ABSENT, Quality.BAD_NOT_CONNECTED, Quality.GOOD)
        images.append(Image(values, source_ns, quality, now_ns))
    return Case(of, all_on(of.model.equations.network), points, scale, images, scans)


def gathered(case: Case, image: Image) -> tuple[Floats, Classes]:
    """Return values and classes of the measurements, picked from the image."""
    z = image.values.take(case.points)
    z *= case.scale
    classes = (image.source_ns.take(case.points) < image.now_ns - LATE_NS).view(np.uint8)
    classes[image.quality.take(case.points) >= BAD] = ABSENT
    return z, classes


def _speed(size: int, case: Case) -> list[Result]:
    network = case.of.model.equations.network
    grid = PowerGrid(network, case.of.model.equations.measurements, WORTHLESS_PU)
    updates = [grid.update(z, weight) for z, _, weight in case.scans]
    tracker, state = Tracker(case.of.model), None
    own: list[int] = []
    peers: dict[str, list[int]] = {"Newton-Raphson": [], "iterative-linear": []}
    gathering: list[int] = []
    for turn in range(ROUNDS[size] + 1):
        # Each for itself over all scans, so that no one finds the other's data in the cache.
        for image in case.images:
            began = process_time_ns()
            z, classes = gathered(case, image)
            state, solution = tracker.scan(state, case.wiring, z, classes)
            own.append(process_time_ns() - began)
            assert solution.converged
        for image in case.images:
            began = process_time_ns()
            gathered(case, image)
            gathering.append(process_time_ns() - began)
        for times, method in zip(peers.values(), (EXACT, LINEAR), strict=True):
            for update in updates:
                began = process_time_ns()
                grid.model.update(update_data=update)
                grid.model.calculate_state_estimation(
                    calculation_method=method, output_component_types=["node"]
                )
                times.append(process_time_ns() - began)
        if not turn:
            own, gathering, peers = [], [], {name: [] for name in peers}

    scan_us = _us(own)
    results = [
        at_most(f"{size} buses: scan to state and tests, p50", scan_us, "us", SCAN_US[size]),
        Result(f"{size} buses: the same, least", min(own) / 1000, "us"),
        Result(f"{size} buses: of that gathering from the image", _us(gathering), "us"),
    ]
    for name, times in peers.items():
        against = f"power-grid-model {name}, update and solve {_us(times):.0f} us"
        ratio, metric = _us(times) / scan_us, f"{size} buses: faster than {name}"
        exact = name == "Newton-Raphson"
        results.append(
            at_least(metric, ratio, "x", RATIO_X, against)
            if exact
            else Result(metric, ratio, "x", against=against)
        )
    return results


def _peers(size: int, case: Case) -> list[Result]:
    """Time those that start anew in every scan."""
    results = []
    network, told = case.of.model.equations.network, case.of.model.equations.measurements
    for kind in (Pandapower, Gridstate):
        metric = f"{size} buses: {kind.__name__.lower()}, solve"
        times = []
        with quiet():
            peer = kind(network, told)
            for z, _, weight in case.scans[: PEER_SCANS[size]]:
                peer.update(z, weight)
                began = process_time_ns()
                peer.estimate()
                times.append(process_time_ns() - began)
        results.append(Result(metric, _us(times), "us"))
    return results


def _exact(size: int, case: Case) -> Result:
    """Compare full solves with power-grid-model's, of what is absent as little as it takes."""
    of, apart = case.of, []
    network, told = of.model.equations.network, of.model.equations.measurements
    grid = PowerGrid(network, told)
    for read, classes, worth in case.scans[:EXACT_SCANS]:
        absent = classes == ABSENT
        z = np.where(absent, told.kind == Kind.VOLTAGE, read)
        weight = np.where(absent, WORTHLESS_PU**-2.0, worth)
        grid.model.update(update_data=grid.update(z, weight))
        full = solve(of.model, case.wiring, z, weight)
        apart.append(float(np.abs(full.x - grid.estimate()).max()))
    metric, against = f"{size} buses: full solve, largest", "power-grid-model Newton-Raphson"
    return at_most(metric, max(apart), "pu", EXACT_PU, against)


def _bound() -> Result:
    """Compare what is tracked in the AI hall with the least error there can be."""
    of = hall()
    least, known = bound(of)
    rms = np.sqrt(np.square(errors(of, DRAWS, seed=1)).mean(axis=0))
    worst = float((rms[known] / least[known]).max())
    against = f"{known.sum()} states, bound from the information matrix"
    return at_most(
        "AI hall: rms error by the Cramer-Rao bound, worst", worst, "x", BOUND_X, against
    )


def _us(times_ns: list[int]) -> float:
    return median(times_ns) / 1000


def _surge(case: Case, chance: np.random.Generator) -> Floats:
    """Return what the instruments should read when a fifth of the loads has moved by 40 %."""
    moves = np.where(chance.random(len(case.of.p)) < 0.5, -SURGE, SURGE)
    moves *= chance.random(len(moves)) < SURGING_PU
    p = case.of.p * (1.0 + moves)
    return truth(case.of.model, load_flow(case.of.model.equations.network, p, POWER_FACTOR * p))


def _accuracy(size: int, case: Case) -> list[Result]:
    """Follow the full solve in steady state, then through surges up and back."""
    of, chance = case.of, np.random.default_rng(2)
    tracker = Tracker(of.model)
    z, classes, _ = case.scans[0]
    state, _ = tracker.scan(None, case.wiring, z, classes)
    steady, surging = [], []
    squares = np.zeros(2)
    for z, classes, weight in case.scans:
        state, got = tracker.scan(state, case.wiring, z, classes)
        full = solve(of.model, case.wiring, z, weight, of.x)
        steady.append(float(np.abs(got.x - full.x).max()))
        squares += np.square(got.x - of.x).sum(), np.square(full.x - of.x).sum()
    for _ in range(SURGES[size]):
        for y in (_surge(case, chance), of.y):
            z, classes, weight = scan(of, chance, y)
            state, got = tracker.scan(state, case.wiring, z, classes)
            full = solve(of.model, case.wiring, z, weight, of.x)
            surging.append(float(np.abs(got.x - full.x).max()))
    against = "full solve, same weights"
    rms_x = float(np.sqrt(squares[0] / squares[1]))
    return [
        at_most(f"{size} buses: steady state, largest", max(steady), "pu", STEADY_PU, against),
        at_most(f"{size} buses: scan of a surge, largest", max(surging), "pu", SURGE_PU, against),
        at_most(f"{size} buses: rms error by the full solve's", rms_x, "x", RMS_X, against),
    ]


def _switched(size: int, case: Case) -> list[Result]:
    """Open and close the breaker of a load, in turn with scans that track."""
    of, chance = case.of, np.random.default_rng(3)
    network, told = of.model.equations.network, of.model.equations.measurements
    closed = case.wiring.branch_on.copy()
    closed[-1] = False
    opened = replace(case.wiring, branch_on=closed)
    p = of.p.copy()
    p[-1] = 0.0
    y = truth(of.model, load_flow(network, p, POWER_FACTOR * p))
    y[(told.kind == Kind.VOLTAGE) & (told.place == network.n_ac - 1)] = 0.0
    times: list[int] = []
    after: list[int] = []
    tracker = Tracker(of.model)
    state: Tracking | None = None
    for turn in range(2 * SWITCHINGS):
        wiring, should = ((case.wiring, of.y), (opened, y))[turn % 2]
        for spent in (times, after):
            z, classes, _ = scan(of, chance, should)
            began = process_time_ns()
            state, solution = tracker.scan(state, wiring, z, classes)
            spent.append(process_time_ns() - began)
            assert solution.converged
    limit_us = SWITCHED_US[size]
    return [
        at_most(f"{size} buses: breaker operates, valid state", _us(times), "us", limit_us),
        Result(f"{size} buses: the scan after, with tests again", _us(after), "us"),
    ]
