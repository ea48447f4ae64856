"""What publishers are given in tests."""

from __future__ import annotations

import time

import numpy as np

from daemon.drivers.driver import Statistics
from daemon.journal.keeping import Held
from daemon.model.compliance import Kept
from daemon.model.contingency import Contingency
from daemon.model.events import AlarmTransition
from daemon.model.image import freeze
from daemon.model.plant import Site
from daemon.model.points import tabulate
from daemon.model.quality import Quality
from daemon.publishers.publisher import LaneFigures, North, Snapshot
from tests.unit.drivers.board import PORT, site


def north(port: int = PORT + 50, say: list[str] | None = None) -> North:
    """Return a place to publish for; MQTT is at `port` + 3, metrics at `port` + 2."""
    plant: Site = site(port=port)
    said = [] if say is None else say
    return North(plant, tabulate(plant), "n1", 7, time.monotonic_ns, time.time_ns, said.append, "0")


def snapshot(place: North, value: float = 1.0, *, ready: bool = True) -> Snapshot:
    """Return a snapshot in which every point has one value, and ESS-1.power_w is bad."""
    n = len(place.points)
    now = place.now_ns()
    quality = np.zeros(n, dtype=np.uint32)
    quality[place.points.index("ESS-1", "power_w")] = Quality.BAD_NOT_CONNECTED
    figures = LaneFigures(0.1, scans=5, last_ns=now)
    figures.duration.counts[2] = 5
    figures.duration.sum_s = 0.01
    return Snapshot(
        image=freeze(now, place.utc_ns(), np.full(n, value), quality, np.full(n, now)),
        estimate=None,
        lanes={"main": figures},
        spent={"decide": figures.duration},
        gateways={"GW": Statistics(connected=True, polls=12, latency_ns=2_000_000)},
        commands={"acknowledged": 3},
        alarms={"x:52-1": alarm("B")},
        endurance_s={"DG-1": 7200.0, "": 3600.0},
        charge={"ESS-1": (0.8, 0.01, 0.79, 0.98, 0.002)},
        substitutes={"peaks": ("M-UA.power_w",)},
        autonomy_s={"ROW-1": 90.0},
        feeds={"ROW-1": (("DA1", 90.0, 800.0), ("DB1", 60.0, 500.0))},
        contingencies=(Contingency(""), Contingency("TX-1", lost=(("ROW-1", 90.0), ("R-2", 5.0)))),
        volatility="initial",
        compliance=(Kept("contract", "demand", False, -0.1, 2),),
        demand=("ratchet", 5.5e6, 5.1e6, 5.9e6, 5.2e6, {"ESS-1": 1.2e6}, {"rules": 1e5}),
        schemes={"CCTS-1": "on_main"},
        tags={"52-VCB-SA1": {"anna": "works on TX-S-A1"}},
        ready=ready,
        journal_failures=0,
        record=Held(1000, 500, 7.0, 3),
        tasks_restarted=1,
    )


def alarm(state: str, id: str = "x:52-1", value: float = 1.0) -> AlarmTransition:
    """Return a transition of priority 1."""
    active = state in "BC"
    return AlarmTransition(
        at_ns=time.monotonic_ns(),
        utc_ns=time.time_ns(),
        alarm_id=id,
        occurrence=1,
        state=state,
        priority=1,
        alarm_class="x",
        source="52-1",
        point="52-1.position",
        value=value,
        limit=2.0,
        unit="v",
        quality=0,
        active=active,
        acknowledged=False,
        text="text",
        response="do",
    )
