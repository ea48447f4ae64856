"""What is closed and gives, and which way power flows: told by no more than is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from daemon.core.estimation import estimator
from daemon.core.estimation.prepared import plan
from daemon.core.estimation.wiring import CLEAR_W
from daemon.model.quality import Quality
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


BOARDS = ("GW-MVA", "GW-MVB", "GW-MVG", "GW-DG1", "GW-DG2", "GW-DG3", "GW-DG4")


def behind_silence() -> Picture:
    """Own logic feeds the hall from its sets, and nobody hears the boards since before that."""
    picture = Picture((1.0, "U-A", "outage"), (1.0, "U-B", "outage"), until_s=22.0)
    unheard = silenced(picture)
    picture.true[unheard] = Picture().true[unheard]
    return picture


def silenced(picture: Picture) -> list[int]:
    """Cut the boards off, and return what nobody hears any more."""
    unheard = []
    for point in picture.points.points:
        device = picture.site.equipment[point.equipment].device
        if device is not None and device.gateway in BOARDS:
            unheard.append(point.index)
    picture.quality[unheard] = Quality.BAD_TIMEOUT
    return unheard


def test_what_silent_switches_let_in_is_not_solved() -> None:
    """By what they last showed all behind them is dead, and every meter that shows power lies."""
    picture = behind_silence()
    state = estimator.initial(picture.site, picture.points)
    view = picture.view()
    found = estimator.at_once(state, view.image, view.topology, picture.site, picture.points)
    state = found.state
    assert state.wires is not None
    buses = plan(picture.site, picture.points).probe.drawing.buses
    unknown = {buses[n] for n in state.wires.unknown}
    assert {"LVA1", "HAI", "DCA", "DC48B", "UAO"} <= unknown
    measured = view.image.values[picture.points.index("HVDC-A", "input_power_w")]
    power_w = dict(zip(picture.site.equipment, found.estimate.power_w.tolist(), strict=True))
    assert measured > 1e6
    assert power_w["HVDC-A"] == measured, "what is measured stands"


def test_silence_alone_makes_nothing_unknown() -> None:
    """As long as what is seen fits what switches last showed."""
    picture = Picture(seed=5)
    probe = plan(picture.site, picture.points).probe
    silenced(picture)
    view = picture.view()
    heard = probe.look(Picture(seed=5).view().image, view.topology, probe.normal())
    wires = probe.look(view.image, view.topology, heard)
    assert wires.unknown == frozenset()
    assert wires.closed == heard.closed


def test_what_shows_closed_between_live_and_dead_carries_nothing_if_others_say_so() -> None:
    """The intake tripped and shows what it showed before: no meter of the live side is wrong."""
    picture = Picture((1.0, "52-VCB-IN", "trip"), until_s=4.0)
    picture.shown[picture.points.index("52-VCB-IN", "position")] = 2.0
    probe = plan(picture.site, picture.points).probe
    number = [s.id for s in probe.drawing.switches].index("52-VCB-IN")
    view = picture.view()
    assert "52-VCB-IN" in view.topology.doubted
    assert not probe.look(view.image, view.topology, probe.normal()).closed[number]
    for point in picture.points.points:
        if "voltage" in point.spec.name and point.equipment != "52-VCB-IN":
            picture.quality[point.index] = Quality.BAD_TIMEOUT
    alone = picture.view()
    assert "52-VCB-IN" in alone.topology.doubted
    assert probe.look(alone.image, alone.topology, probe.normal()).closed[number], "its own word"


def test_a_live_witness_outside_the_diagram_keeps_a_switch_closed() -> None:
    """A fuse of its voltage transformer has blown: what it feeds is no less there."""
    picture = Picture(seed=5)
    picture.shown[picture.points.index("52-VCB-QB", "load_voltage_v")] = 0.0
    probe = plan(picture.site, picture.points).probe
    number = [s.id for s in probe.drawing.switches].index("52-VCB-QB")
    view = picture.view()
    assert "52-VCB-QB" in view.topology.doubted
    assert view.topology.dead("QB"), "by its own word"
    assert probe.look(view.image, view.topology, probe.normal()).closed[number]
    picture.shown[picture.points.index("PQ-B", "voltage_ll_v")] = 0.0
    view = picture.view()
    assert not probe.look(view.image, view.topology, probe.normal()).closed[number]
