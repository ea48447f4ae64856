"""Every device with a fall-back hears its own lane three times within its time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from daemon.core.ownership import MAIN_NATURES
from daemon.model.commands import UNNUMBERED, Command
from tests.hall import Hall, params


@pytest.mark.parametrize("lane", ["switching", "main"])
def test_each_lane_beats_for_its_own_devices_in_time_and_with_rising_numbers(lane: str) -> None:
    hall = Hall(params=params(lane))
    beats: dict[str, list[Command]] = {}
    for _ in range(400):
        for command in hall.scan().commands:
            if command.action == "beat":
                beats.setdefault(command.equipment, []).append(command)
    wanted = {
        e.id
        for e in hall.site.equipment.values()
        if e.device and e.device.fallback_after_s > 0
        if hall.params.points.find(e.id, "heartbeat") is not None
        if (e.nature in MAIN_NATURES) == (lane == "main")
    }
    assert set(beats) == wanted != set()
    for name, sent in beats.items():
        device = hall.site.equipment[name].device
        assert device is not None
        gaps_s = [(b.issued_at_ns - a.issued_at_ns) / 1e9 for a, b in pairwise(sent)]
        assert max(gaps_s) <= device.fallback_after_s / 3 + 0.011
        assert [c.value for c in sent] == sorted({c.value for c in sent})
        assert {c.id for c in sent} == {UNNUMBERED}
    assert hall.state.next_id == 1, "a beat takes no number"
