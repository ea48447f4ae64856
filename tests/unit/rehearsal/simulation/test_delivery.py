"""The demand that is billed, judged though the run is shorter than its window."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from daemon.model.quantities import ns
from daemon.rehearsal.simulation.delivery import Delivery
from device_emulators.scenario import Comply, Expectation
from tests.main_lane import loaded


def judged(comply: Comply, last_w: float) -> dict[str, Any]:
    """Return the verdict on five minutes at 5 MW that end at a power [W]."""
    delivery = Delivery([Expectation(name="kept", comply=comply)])
    delivery.scene = cast("Any", SimpleNamespace(plant=SimpleNamespace(site=loaded().site)))
    # From 5 MW to the last power no faster than the contract lets it.
    steps = [(240.0 + k, 5e6 + k / 60.0 * (last_w - 5e6)) for k in range(61)]
    delivery.t_ns = [0, *(ns(at_s) for at_s, _ in steps)]
    delivery.power_w = [5e6, *(power_w for _, power_w in steps)]
    [said] = delivery.judged(300.0)
    return said


@pytest.mark.parametrize(("last_w", "kept"), [(5.7e6, True), (5.8e6, False)])
def test_what_is_drawn_at_the_end_goes_on_to_the_end_of_the_window(
    last_w: float, kept: bool
) -> None:
    """4 min at 5 MW, 1 min half way, 10 min at the last: 5.49 MW of 5.5 allowed, or 5.56."""
    assert judged(Comply(goes_on=True), last_w)["ok"] is kept
    assert judged(Comply(goes_on=True), last_w)["detail"].endswith("4 limits judged")
    without = judged(Comply(), last_w)
    assert without["ok"] is True, "a window that is not over says nothing"
    assert without["detail"].endswith("3 limits judged"), "all but the demand"
