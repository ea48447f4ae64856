"""What the backtest drives is what the daemon runs: the same set-points on the same load."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from daemon.core.balance import peaks
from daemon.core.balance.shaving import giving, hold, shaver
from daemon.core.balance.shaving.stores import Bands, Store, after_j
from daemon.core.facts import Autonomy, Facts
from daemon.core.topology import survey
from daemon.core.view import Heard, View
from daemon.model.quantities import ns
from daemon.rehearsal.backtest import drive
from daemon.rehearsal.backtest.course import Course
from tests.main_lane import UTC_NS, Lane, supply

RATED_W, ENERGY_WH, LIMIT_W = 3e6, 200e6, 5.5e6
LARGE = Store(RATED_W, RATED_W, ENERGY_WH * 3600.0, 0.95, Bands(0.2 * ENERGY_WH * 3600.0))
"""Never near its ends: how long a power has to be possible is not the same (late scans)."""


def drawn(seed: int, period_s: float, hours: float) -> Course:
    """Return a load of steps, swings and noise about the contract."""
    chance, n = np.random.default_rng(seed), round(hours * 3600.0 / period_s)
    steps_w = np.repeat(chance.uniform(4.2e6, 7.0e6, 1 + n // 20), 20)[:n]
    load_w = steps_w + 0.3e6 * np.sin(np.arange(n) / 7.0) + 0.1e6 * chance.standard_normal(n)
    begun_ns = UTC_NS - UTC_NS % ns(900.0) + 4 * ns(900.0)
    return Course(begun_ns, load_w, np.empty(0), period_s, 300.0, 900.0)


def live(load: Course, paid_pu: float, patience_pu: float) -> list[float]:
    """Return the set-points of the daemon's controller, look by look [W]."""
    hall = Lane()
    item = hall.site.equipment["ESS-1"]
    item = replace(item, ratings={**item.ratings, "energy_wh": ENERGY_WH})
    contract = replace(hall.site.contract, ramp_limit_w_s=0.0, import_limit_w=LIMIT_W)
    equipment = {**hall.site.equipment, "ESS-1": item}
    hall.take(replace(hall.site, equipment=equipment, contract=contract))
    for name in ("charge_limit_w", "discharge_limit_w"):
        hall.put(f"ESS-1.{name}", RATED_W)
    topology = survey(hall.image(), hall.site, hall.points)
    heard = {"supply": Heard(hall.now_ns, supply().values)}
    facts = Facts(autonomy=Autonomy(feeds={"ROW-1": ()}))
    params = peaks.Params(
        paid_pu=paid_pu, every_s=load.period_s, patience_pu=patience_pu, recharge_w=RATED_W,
        smoothing_pu=0.0,
    )  # fmt: skip
    state, asked_w = peaks.initial(hall.site, params), []
    power_w, energy_j = 0.0, LARGE.top_j
    for k, load_w in enumerate((load.load_w[0], *load.load_w[:-1])):
        hall.now_ns = load.begun_ns - UTC_NS + k * ns(load.period_s)
        hall.put("M-UA.power_w", float(load_w) + power_w)
        hall.put("ESS-1.power_w", power_w)
        hall.put("ESS-1.soc_pu", energy_j / LARGE.capacity_j)
        view = View(
            "main", hall.image(), (), hall.site, hall.points, topology, facts, heard, None, 1, 1
        )
        state = peaks.step(view, state, params).state
        power_w = next((w.value for w in state.wishes if w.equipment == "ESS-1"), 0.0)
        energy_j = after_j(LARGE, energy_j, power_w, load.period_s)
        asked_w.append(power_w)
    return asked_w


@pytest.mark.parametrize(
    ("seed", "period_s", "hours", "paid_pu", "patience_pu"),
    [(1, 60.0, 24.0, 0.9, 0.3), (2, 30.0, 4.0, 0.7, 0.0), (3, 30.0, 4.0, 0.95, 0.6),
     (4, 1.0, 0.25, 0.9, 0.3)],
)  # fmt: skip
def test_the_backtest_asks_storage_for_what_the_daemon_asks(
    seed: int, period_s: float, hours: float, paid_pu: float, patience_pu: float
) -> None:
    load = drawn(seed, period_s, hours)
    with patch.object(peaks, "_GRAIN_W", 1e-6):
        asked_w = np.array(live(load, paid_pu, patience_pu))
    given = shaver.Params(hold=hold.Params(), first_rise_w=0.1 * LIMIT_W, limit_w=LIMIT_W)
    with patch.object(drive, "USUAL", giving.Params(patience_pu=patience_pu)):
        driven = drive.driven(load, [LARGE], "ratchet", given, first_w=paid_pu * LIMIT_W)
    assert np.ptp(asked_w) > 1e6, "it gives and takes"
    each = round(load.window_s / load.period_s)
    demands_w = (load.load_w + asked_w).reshape(-1, each).mean(axis=1)
    assert driven.demands_w == pytest.approx(demands_w, abs=0.1)
    assert driven.asked_w == pytest.approx(asked_w, abs=0.1)
