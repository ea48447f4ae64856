"""Heartbeats reach every kind of device that listens to them at a third of its fall-back time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from daemon.core import step as core
from daemon.core.ownership import MAIN_NATURES
from daemon.settings import config_dir
from daemon.settings.device_map import load_map
from tests.main_lane import Lane

if TYPE_CHECKING:
    from daemon.model.plant import Site

MAPS = sorted(
    f"{path.parent.name}/{path.stem}"
    for path in (config_dir() / "devices").glob("*/*.yaml")
    if (loaded := load_map(path).profile) is not None and "heartbeat" in loaded.points
)


def listening(site: Site, profile: str, fallback_s: float) -> tuple[Site, set[str]]:
    """Return the hall with a fall-back on every device of a map, and these devices."""
    served = [e for e in site.equipment.values() if e.device and e.device.profile == profile]
    equipment = dict(site.equipment)
    for item in served:
        assert item.device is not None
        device = replace(item.device, fallback_after_s=fallback_s, fallback="hold")
        equipment[item.id] = replace(item, device=device)
    return replace(site, equipment=equipment), {item.id for item in served}


def test_there_are_as_many_as_natures_that_can_fall_back() -> None:
    natures = {name.partition("/")[0] for name in MAPS}
    assert natures >= {"ess", "generator", "rack_row", "switchgear_controller", "transfer_switch"}


@pytest.mark.parametrize("fallback_s", [0.6, 3.0, 7.0])
@pytest.mark.parametrize("profile", MAPS)
def test_beats_come_at_a_third_of_the_fall_back_time(profile: str, fallback_s: float) -> None:
    hall = Lane()
    site, devices = listening(hall.site, profile, fallback_s)
    if not devices:
        pytest.skip("no device of the hall has this map")
    hall.take(site)
    nature = hall.site.equipment[next(iter(devices))].nature
    lane = "main" if nature in MAIN_NATURES else "switching"
    period_s = 0.01 if lane == "switching" else 0.1
    hall.params = replace(hall.params, lane=lane)
    hall.state = core.initial(hall.params, hall.now_ns)
    sent: dict[str, list[int]] = {}
    scans = round(4 * fallback_s / 3 / period_s) + 2
    for _ in range(scans):
        for command in hall.scan(after_s=period_s).commands:
            if command.action == "beat":
                sent.setdefault(command.equipment, []).append(command.issued_at_ns)
    assert devices <= set(sent)
    for name in devices:
        gaps_s = [(later - before) / 1e9 for before, later in pairwise(sent[name])]
        assert len(gaps_s) >= 3
        assert max(gaps_s) <= fallback_s / 3 + period_s + 1e-9, name
