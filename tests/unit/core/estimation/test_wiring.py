"""Which way power flows through a switch: told by no more than its meter can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from daemon.core.estimation.prepared import plan
from daemon.core.estimation.wiring import CLEAR_W
from tests.unit.core.estimation.picture import Picture

if TYPE_CHECKING:
    from daemon.core.estimation.site_network import Wires

IDLE = ("52-VCB-EA", "52-VCB-QA", "52-VCB-QB", "72-EA")


def test_noise_at_nothing_turns_no_flow_round() -> None:
    picture = Picture(seed=5)
    probe = plan(picture.site, picture.points).probe
    wires, found = probe.normal(), set[tuple[bool, ...]]()
    topology = picture.view().topology
    noise_w = []
    for _ in range(40):
        image = picture.view(topology).image
        noise_w.append(image.values[picture.points.index(IDLE[0], "power_w")])
        wires = probe.look(image, topology, wires)
        found.add(wires.backward)
    assert max(noise_w) > CLEAR_W, "it is large enough to be taken for a flow"
    assert min(noise_w) < 0.0
    assert len(found) == 1


def test_a_flow_that_really_turns_round_is_seen_by_readings_and_by_the_estimate() -> None:
    picture = Picture(seed=5)
    probe = plan(picture.site, picture.points).probe
    number = [s.id for s in probe.drawing.switches].index(IDLE[0])
    view = picture.view()
    before = probe.look(view.image, view.topology, probe.normal())
    picture.shown[picture.points.index(IDLE[0], "power_w")] = -2e6
    image = picture.view(view.topology).image

    def turned(wires: Wires) -> list[int]:
        pairs = zip(before.backward, wires.backward, strict=True)
        return [n for n, (one, other) in enumerate(pairs) if one != other]

    assert turned(probe.look(image, view.topology, before)) == [number]
    flow_w = np.full(len(probe.flowing), np.nan)
    flow_w[probe.flowing == number] = -2e4  # an estimate is surer than the meter
    assert turned(probe.look(image, view.topology, before, flow_w)) == [number]
