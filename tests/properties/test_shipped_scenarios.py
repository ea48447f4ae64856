"""Balance and energy in every shipped scenario, with the plant left to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import config_dir, load
from device_emulators import scenario
from device_emulators.faults.instruments import Instruments
from device_emulators.plant.plant import Plant
from device_emulators.play import Play
from device_emulators.vocabulary import vocabulary
from tests.properties import FACTOR
from tests.properties.watch import RATED_W, Watch, energy_left_pu

if TYPE_CHECKING:
    from pathlib import Path

S = 1_000_000_000
LONGEST_S = 40.0 * FACTOR
"""How much of a scenario is played [s]."""
SHIPPED = sorted((config_dir() / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_power_balances_at_every_step_and_energy_is_kept(path: Path) -> None:
    site = load(scenario.site_of(path)).site
    script = scenario.load(path, site, vocabulary())
    plant = Plant(scenario.prepared(site, script))
    watch = Watch(plant)
    play = Play(plant.site, Instruments(plant), script, out=None)
    play.begin(0)
    play.advance(plant.now_ns + round(min(script.for_s, LONGEST_S) * S))
    assert watch.worst[0] <= 1e-6 * RATED_W, watch.worst
    assert abs(energy_left_pu(plant)) <= 1e-3
