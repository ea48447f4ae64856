"""A daemon that restarts in any stage of an outage takes up what it finds; no load pays for it.

It may be away for so long that its devices act by themselves: the board's own logic has it then,
and the daemon takes it over anew.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from daemon import app
from daemon.core.step import initial
from daemon.core.transfer.opened import recalled
from daemon.model.quantities import seconds
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.observer import Observer
from daemon.rehearsal.simulation.run import Case, run
from daemon.runtime.scan import SHELL
from daemon.settings import load
from device_emulators.scenario import Scenario

if TYPE_CHECKING:
    from daemon.rehearsal.simulation.observer import Scene
    from daemon.runtime.daemon import Daemon
    from daemon.runtime.world import World

STAGES = {
    "a sag so far": (2.5, 1.0),
    "sets told to start": (4.0, 1.0),
    "sets close onto the bus": (8.2, 1.0),
    "sections being fed": (11.0, 1.0),
    "on the sets": (16.0, 1.0),
    "sets told to start, until devices act by themselves": (4.0, 10.0),
    "sections go back, until devices act by themselves": (44.0, 8.0),
}
"""When the process goes, and for how long [s]; mostly it is back before its devices take over."""
IN_SOAK = {
    "sections being fed, until devices act by themselves": (11.0, 8.0),
    "a main seeks synchronism": (44.0, 1.0),
    "a section has gone back": (50.0, 1.0),
    "sets cool down": (62.0, 10.0),
}
BACK_S = 27.0
"""The utilities are back, where the process goes later than this [s]."""
_MARKS = pytest.mark.skipif("RIDETHROUGH_SEEDS" not in os.environ, reason="make soak: more of them")


class Restart(Observer):
    """Lets the lanes of the daemon forget everything while its process is away."""

    def __init__(self, at_s: float, daemons: list[Daemon], worlds: list[World]) -> None:
        self.at_s, self.daemons, self.worlds, self.done = at_s, daemons, worlds, False

    def begin(self, scene: Scene) -> None:
        self.origin_ns, self.plant = scene.origin_ns, scene.plant

    def look(self, now_ns: int) -> None:
        if self.done or seconds(now_ns - self.origin_ns) < self.at_s:
            return
        self.done = True
        daemon = self.daemons[-1]
        daemon.actuation.discard("the daemon restarts")
        daemon.scan.alarms.clear()
        for lane in daemon.scan.lanes.values():
            lane.inbox.clear()
            lane.state = initial(lane.params, now_ns)
        world = self.worlds[-1]
        if (kept := recalled(world.files, SHELL, world.clock.utc_ns())) is not None:
            daemon.scan.lanes["switching"].inbox.append(kept)


@pytest.mark.parametrize("stage", [*STAGES, *(pytest.param(s, marks=_MARKS) for s in IN_SOAK)])
@pytest.mark.fault("F62")
def test_no_critical_load_pays_for_a_restart(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_s, gone_s = {**STAGES, **IN_SOAK}[stage]
    returning = at_s > BACK_S
    daemons: list[Daemon] = []
    worlds: list[World] = []
    build = app.build

    def kept(world: World, *arguments: Any) -> Daemon:
        worlds.append(world)
        daemons.append(build(world, *arguments))
        return daemons[-1]

    monkeypatch.setattr(app, "build", kept)
    back = [{"at_s": BACK_S, "target": ["U-A", "U-B"], "event": "return"}]
    home = {
        "name": "both sections are back on their mains",
        "reach": {"quantity": "52-VCB-M[AB].position", "is": "closed", "from_s": BACK_S,
                  "by_s": 95},
    }  # fmt: skip
    scenario = Scenario.model_validate(
        {
            "scenario": "restart",
            "description": "The daemon restarts in an outage.",
            "for_s": 110 if returning else 41,
            "initial": [{"target": "generator", "crank_s": 1.5, "run_up_s": 3.0}],
            "timeline": [
                {"at_s": 2, "target": ["U-A", "U-B"], "event": "outage"},
                {"at_s": at_s, "target": "daemon", "event": "pause", "for_s": gone_s},
                *(back if returning else ()),
            ],
            "expect": [
                {"name": "no critical load sees it", "fed": {"loads": "critical"}},
                {
                    "name": "every AI rack keeps running",
                    "hold": {"quantity": "ai_rack.stage", "is": "running"},
                },
                {
                    "name": "sets feed both sections",
                    "reach": {"quantity": "M-MV[AB].voltage_v", "at_least": 6270, "from_s": 5,
                              "by_s": 30},
                },
                {
                    "name": "what was too much at once comes back",
                    "reach": {"quantity": "52-VCB-H[AB].position", "is": "closed", "from_s": 14,
                              "by_s": 40},
                },
                *([home] if returning else ()),
            ],
        }
    )  # fmt: skip
    restart = Restart(at_s + gone_s / 2, daemons, worlds)
    course = run(Case(load("ai_hall"), scenario), (*oracles(), restart))
    assert restart.done
    assert [v for v in course.expectations if v["ok"] is False] == []
    assert [v for v in course.oracles if v.ok is False] == []
