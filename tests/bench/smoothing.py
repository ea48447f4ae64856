"""Storage that smoothing needs for a 100 MW replay of a measured training job, against foresight.

The load is the measured node power of a training of GPT-3 (2 s, held), scaled to 100 MW, with 45 MW
before it starts and after it stops. What the limiter comes to on another trace, the fine-tuning of
Llama 2 (LoRA), is shown first, held to the same targets. Its parameters were not fixed before: both
traces were looked at when they were chosen, and that a pause within a job moves no level was learnt
from LoRA. The limiter runs every 50 ms on the load of the step before; it is given a
storage sized from the range of the load alone and never a look ahead; with notice it is told of
start and stop 60 s before, as a scheduler would: 50 MW up, 50 MW down. The verdicts are those of
`core/compliance` on every step. Losses are left out everywhere.

Against: the least power and the least energy (each by itself) of a linear programme that knows all
of the trace, in steps of 1 s. For all three codes together it is held to the tightest limit only,
the IESO's 5 MW in 15 s, from which the others nearly follow. CAISO alone needs no storage. The
plain limiter follows the load at the even pace that the limit allows, its charge held in the
middle.

Energy is the span of charge that was used. Power is the highest mean over 1 s, since the trace
shows nothing faster: the load's 2 s steps are an artefact that no limiter sees coming; the highest
in any 50 ms is shown beside it. The targets are for the three codes together; ERCOT alone, which
allows far more, is for information. The storage is sized for a sudden step over the whole range,
with or without notice: nobody announces the swings within a job.

Last comes the live controller in the AI hall, while a job on all rows starts and swings: processor
time of a look of smoothing, and of a whole scan of the main lane with every controller in it.
"""

from __future__ import annotations

import gc
import gzip
from dataclasses import dataclass
from time import process_time, process_time_ns
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from daemon.core import compliance
from daemon.core.smoothing import catch_up, limiter, smoother
from daemon.core.smoothing.limiter import Notice
from daemon.model.quantities import SECOND, ns
from daemon.settings.rules import load_rules
from tests.bench.harness import Result, at_most
from tests.main_lane import Lane, supply
from tests.oracle import foresight
from tests.shared_data import shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from daemon.model.compliance import Bound

    Floats = NDArray[np.float64]

FILE = "mlperf_gpt3_64x8h100_node_power_2s.csv.gz"
OTHER_TRACE = "mlperf_lora_64x8h100_node_power_2s.csv.gz"
"""Shown beside the trace of the targets."""
RULES = ("ercot_swing", "ieso_v3", "caiso_straw")
SITE_W, IDLE_W, JOB_W = 100e6, 45e6, 50e6
"""Highest power, power without a job, and what a scheduler says that a job takes [W]."""
STILL_S, NOTICE_S = 90, 60
HELD_TO = ((0, 2.2, 8.0), (NOTICE_S, 1.2, 2.0))
"""Notice [s], and at most so many times the power and the energy of foresight."""
STEPS = 20
"""Steps of the limiter in a second."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a replay.

    Attributes:
        energy_j: span of charge that was used [J].
        power_w: highest mean over 1 s [W].
        peak_w: highest of all [W].
        passed_over: limits that were not kept.
        judged: limits that were judged.
        empty: the storage was asked for more than it held, or held more than it can.
        step_us: processor time of one step [us].
    """

    energy_j: float
    power_w: float
    peak_w: float
    passed_over: int
    judged: int
    empty: bool
    step_us: float


def run() -> list[Result]:
    """Replay with and without notice, plain and with foresight."""
    rules = [load_rules(name) for name in RULES]
    bounds = compliance.bounds(rules, SITE_W)
    results = _on_the_other(bounds)
    load_w = _load(FILE)
    least = foresight.least(load_w, 1.0, 15, 5e6)
    results += _told("foresight", least)
    for notice, power, energy in HELD_TO:
        with_word = f"{notice} s notice" if notice else "no notice"
        ran = _replayed(load_w, bounds, RULES, notice)
        results += _held_to(with_word, ran, least, power, energy)
    results += _plain(load_w, 5e6 / 15.0, RULES, least)
    alone = compliance.bounds(rules[:1], SITE_W)
    least = foresight.least(load_w, 1.0, 5, 10e6, 0.1)
    results += _told("ERCOT alone: foresight", least)
    for notice in (0, NOTICE_S):
        with_word = f"ERCOT alone: {notice} s notice" if notice else "ERCOT alone: no notice"
        results += _held_to(with_word, _replayed(load_w, alone, RULES[:1], notice), least)
    results += _plain(load_w, 2e6, RULES[:1], least, "ERCOT alone: ")
    return results + _live()


def _on_the_other(bounds: Sequence[Bound]) -> list[Result]:
    """Return what the limiter comes to on the other trace."""
    load_w = _load(OTHER_TRACE)
    least = foresight.least(load_w, 1.0, 15, 5e6)
    results = _told("LoRA: foresight", least)
    for notice, power, energy in HELD_TO:
        with_word = f"LoRA: {notice} s notice" if notice else "LoRA: no notice"
        ran = _replayed(load_w, bounds, RULES, notice)
        results += _held_to(with_word, ran, least, power, energy)
    return results


def _load(file: str) -> Floats:
    """Return the power of the site, second by second [W]."""
    with gzip.open(shared(file)) as text:
        nodes_w = np.loadtxt(text, delimiter=",", skiprows=1)[:, 1:].sum(axis=1)
    job_w = nodes_w * (SITE_W / nodes_w.max())
    still_w = np.full(STILL_S, IDLE_W)
    return np.concatenate((still_w, np.repeat(job_w, 2), still_w))


def _replayed(load_w: Floats, bounds: Sequence[Bound], rules: Sequence[str], notice_s: int) -> Ran:
    """Return what the limiter makes of the load, told of start and stop so long before."""
    pace = catch_up.paces(bounds)
    range_w = SITE_W - IDLE_W
    size_j = catch_up.size_j(pace, range_w, 0, limiter.MARGIN_PU)
    sudden_w = 0.0 if notice_s else range_w
    params = limiter.Params(size_j, range_w, IDLE_W, SITE_W, sudden_w)
    steps = (
        Notice(ns(STILL_S), JOB_W),
        Notice(ns(len(load_w) - STILL_S), -JOB_W),
    )
    fine_w = np.repeat(load_w, STEPS)
    grid_w, stored_j = np.empty(len(fine_w)), np.empty(len(fine_w))
    seen_w, charge_j = IDLE_W, limiter.charge_j(params, pace, IDLE_W)
    state = limiter.begin(bounds, -ns(1.0 / STEPS), IDLE_W)
    began = process_time()
    for k, now_w in enumerate(fine_w.tolist()):
        now_ns = k * ns(1.0 / STEPS)
        told = [n for n in steps if notice_s and n.at_ns - ns(notice_s) <= now_ns]
        state = limiter.step(state, params, bounds, now_ns, seen_w, charge_j, told)
        seen_w = now_w
        charge_j += (state.grid_w - now_w) / STEPS
        grid_w[k], stored_j[k] = state.grid_w, charge_j
    step_us = (process_time() - began) / len(fine_w) * 1e6
    empty = stored_j.min() < 0.0 or stored_j.max() > size_j
    return _ran(fine_w, grid_w, stored_j, rules, empty=bool(empty), step_us=step_us)


def _ran(
    fine_w: Floats,
    grid_w: Floats,
    stored_j: Floats,
    rules: Sequence[str],
    *,
    empty: bool = False,
    step_us: float = 0.0,
) -> Ran:
    given = compliance.Given(ns(1.0 / STEPS), SITE_W, measured=frozenset({"power_w"}))
    t_ns = np.arange(len(grid_w), dtype=np.int64) * ns(1.0 / STEPS)
    court = compliance.begin([load_rules(name) for name in rules], given)
    court = compliance.take(court, compliance.Samples(t_ns, {"power_w": grid_w}))
    judged = [v.ok for v in compliance.verdicts(court) if v.ok is not None]
    power_w = grid_w - fine_w
    mean_w = power_w.reshape(-1, STEPS).mean(axis=1)
    return Ran(
        float(np.ptp(stored_j)),
        float(np.abs(mean_w).max()),
        float(np.abs(power_w).max()),
        judged.count(False),
        len(judged),
        empty,
        step_us,
    )


def _plain(
    load_w: Floats, pace_w_s: float, rules: Sequence[str], least: foresight.Least, head: str = ""
) -> list[Result]:
    """Return what a limiter needs that follows at an even pace, its charge held in the middle."""
    fine_w = np.repeat(load_w, STEPS)
    grid_w, stored_j = np.empty(len(fine_w)), np.empty(len(fine_w))
    now_w, seen_w, charge_j, most_w = IDLE_W, IDLE_W, 0.0, pace_w_s / STEPS
    for k, true_w in enumerate(fine_w.tolist()):
        now_w += min(max(seen_w - charge_j / CENTRED_S - now_w, -most_w), most_w)
        seen_w = true_w
        charge_j += (now_w - true_w) / STEPS
        grid_w[k], stored_j[k] = now_w, charge_j
    ran = _ran(fine_w, grid_w, stored_j, rules)
    return _held_to(f"{head}plain limiter", ran, least)


def _live() -> list[Result]:
    """Return how long the live controller takes in the AI hall, in processor time."""
    hall = Lane()
    for name, value in (("soc_pu", 0.9), ("charge_limit_w", 3e6), ("discharge_limit_w", 3e6)):
        hall.put(f"ESS-1.{name}", value)
    hall.put("ESS-1.power_w", 0.0)
    hall.scan(supply())
    gc.collect()
    gc.freeze()  # as the daemon does when it begins to scan (`TimerFdTicks.each`)
    looks_s: list[float] = []
    inner = smoother.step

    def timed(*asked: Any) -> Any:
        begun = process_time_ns()
        done = inner(*asked)
        looks_s.append((process_time_ns() - begun) / SECOND)
        return done

    scans_s, stored_w = [], 0.0
    with patch.object(smoother, "step", timed):
        for k in range(LOOKS):
            job_w = 4.5e6 * min(1.0, max(0.0, k - 100.0) / 200.0)
            load_w = 1e6 + job_w * (1.0 + 0.05 * np.sin(0.7 * k))
            hall.put("M-UA.power_w", load_w + stored_w)
            begun = process_time_ns()
            done = hall.scan(after_s=0.5)
            scans_s.append((process_time_ns() - begun) / SECOND)
            for command in (c for c in done.commands if c.action == "set"):
                hall.put(f"{command.equipment}.{command.point}", command.value)
                if command.equipment == "ESS-1":
                    stored_w = command.value
                    hall.put("ESS-1.power_w", stored_w)
    look_ms, scan_ms = (1e3 * float(np.quantile(s, 0.99)) for s in (looks_s, scans_s))
    return [
        at_most("AI hall: a look of smoothing, p99", look_ms, "ms", 5.0),
        at_most("AI hall: a scan of all controllers, p99", scan_ms, "ms", 5.0),
    ]


LOOKS = 1000
"""So many looks, half a second apart, are timed."""
CENTRED_S = 120.0
"""In this time the plain limiter brings its charge back [s]."""


def _told(who: str, least: foresight.Least) -> list[Result]:
    return [
        Result(f"{who}: least power", least.power_w / 1e6, "MW"),
        Result(f"{who}: least energy", least.energy_j / 3.6e6, "kWh"),
    ]


def _held_to(
    who: str,
    ran: Ran,
    least: foresight.Least,
    power: float | None = None,
    energy: float | None = None,
) -> list[Result]:
    """Return a replay beside foresight, with targets if any are set."""
    against = "foresight"
    by_power, by_energy = ran.power_w / least.power_w, ran.energy_j / least.energy_j
    judged = f"{ran.judged} limits judged"
    rows = [
        Result(f"{who}: power", ran.power_w / 1e6, "MW"),
        Result(f"{who}: highest in 50 ms", ran.peak_w / 1e6, "MW"),
        Result(f"{who}: energy", ran.energy_j / 3.6e6, "kWh"),
    ]
    if power is None or energy is None:
        return [
            *rows,
            Result(f"{who}: limits passed over", ran.passed_over, "", against=judged),
            Result(f"{who}: storage empty or full", float(ran.empty), ""),
            Result(f"{who}: power by least", by_power, "x", against=against),
            Result(f"{who}: energy by least", by_energy, "x", against=against),
        ]
    return [
        *rows,
        at_most(f"{who}: limits passed over", ran.passed_over, "", 0, judged),
        at_most(f"{who}: storage empty or full", float(ran.empty), "", 0),
        at_most(f"{who}: power by least", by_power, "x", power, against),
        at_most(f"{who}: energy by least", by_energy, "x", energy, against),
        at_most(f"{who}: one step", ran.step_us / 1000.0, "ms", 5.0),
    ]
