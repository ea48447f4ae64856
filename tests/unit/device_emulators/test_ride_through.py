"""Every shipped scenario on the plant alone: UPS tell an input loss in time and their output holds.

The curve is written down here once more, so that the record of the plant is not its own judge.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from daemon.settings import load
from daemon.settings.folders import config_dir
from device_emulators import scenario
from device_emulators.faults.instruments import Instruments
from device_emulators.plant.plant import Plant
from device_emulators.play import Play
from device_emulators.vocabulary import vocabulary
from tests.unit.device_emulators.sites import S

FILES: Final = sorted((config_dir() / "scenarios").glob("*.yaml"))
MOST_S: Final = 20.0
"""Played of each scenario after its first event [s]."""
LOWER: Final = ((0.70, 0.02), (0.80, 0.5), (0.90, 10.0))
UPPER: Final = ((1.20, 0.003), (1.10, 0.5))


class Watch:
    """The output of one UPS, its input, and what it said of it."""

    def __init__(self, ups: Any) -> None:
        self.ups, self.grid = ups, ups.grid
        self.since: dict[tuple[int, float], int] = {}
        self.outside: list[str] = []
        self.lost_ns: int | None = None
        self.late: list[float] = []

    def look(self) -> None:
        v, now_ns = self.grid.v[self.ups.buses[1]], self.grid.now_ns
        for sign, curve in ((-1, LOWER), (1, UPPER)):
            for limit, allowed_s in curve:
                if sign * (v - limit) <= 1e-9:
                    self.since.pop((sign, limit), None)
                elif now_ns - self.since.setdefault((sign, limit), now_ns) > allowed_s * S:
                    self.outside.append(f"{v:.3f} pu at {now_ns / S:.3f} s")
        if self.grid.v[self.ups.buses[0]] > 0.84 or self.ups.on_bypass:
            self.lost_ns = None
        elif self.lost_ns is None:
            self.lost_ns = now_ns
        elif now_ns - self.lost_ns > 4_000_000 and self.ups.stage == "normal":
            self.late.append(now_ns / S)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_outputs_of_ups_stay_inside_the_itic_curve(path: Any) -> None:
    site = load(scenario.site_of(path)).site
    story = scenario.load(path, site, vocabulary())
    plant = Plant(scenario.prepared(site, story), seed=1)
    watches = [Watch(plant.devices[item.id]) for item in site.of_nature("ups")]
    plant.watchers.extend(watch.look for watch in watches)
    play = Play(site, Instruments(plant), story, out=None)
    play.begin(0)
    first_s = story.timeline[0].at_s if story.timeline else 0.0
    end_ns = round(min(story.for_s, first_s + MOST_S) * S)
    while plant.now_ns < end_ns:
        play.advance(min(max(plant.due_ns, plant.now_ns + 1), play.due_ns, end_ns))
    for watch in watches:
        assert watch.outside == [], watch.ups.id
        assert watch.late == [], watch.ups.id
