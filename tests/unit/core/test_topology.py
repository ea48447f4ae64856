"""What is joined, live, dead, earthed and unknown, and that doubt stays doubt."""

from __future__ import annotations

import gc
import weakref

import pytest

from daemon.core.topology import Presence, Topology, survey
from daemon.model.points import tabulate
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall


def look(hall: Hall) -> Topology:
    """Return the topology of a hall."""
    return survey(hall.image(), hall.params.site, hall.params.points)


def test_in_normal_operation_the_utility_reaches_every_section() -> None:
    topology = look(Hall())
    for bus in ("HV", "MVA", "MVB", "LVA1", "LVB2"):
        assert topology.live(bus)
        assert "U-A" in topology.sources(bus)
        assert "U-B" not in topology.sources(bus)
    assert topology.dead("MVG")


def test_a_transformer_joins_nets_and_not_sections() -> None:
    topology = look(Hall())
    assert topology.net["HV"] == topology.net["MVA"]
    assert topology.section["HV"] != topology.section["MVA"]
    assert topology.section["TPA2"] == topology.section["MVA"]


@pytest.mark.fault("F26", "F25")
@pytest.mark.parametrize("code", [TRAVELLING, 3])
def test_an_unknown_switch_joins_nothing_for_sure_and_everything_perhaps(code: int) -> None:
    hall = Hall()
    hall.positions["52-VCB-TIE"] = code
    topology = look(hall)
    assert topology.section["MVA"] != topology.section["MVB"]
    hall.positions |= {"52-VCB-IN": OPEN, "52-VCB-MB": OPEN}
    hall.positions["52-VCB-TIE"] = code
    topology = look(hall)
    assert topology.reach["MVA"] == topology.reach["MVB"]
    assert topology.net["MVA"] != topology.net["MVB"]


@pytest.mark.fault("F25")
def test_measurements_that_disagree_on_one_section_are_unknown() -> None:
    hall = Hall()
    hall.said["52-VCB-MA", "load_voltage_v"] = 0.0
    assert look(hall).presence["MVA"] is Presence.UNKNOWN


@pytest.mark.parametrize(
    ("voltage_v", "presence"),
    [
        (0.0, Presence.DEAD),
        (600.0, Presence.DEAD),
        (700.0, Presence.UNKNOWN),
        (3200.0, Presence.UNKNOWN),
        (3400.0, Presence.LIVE),
    ],
)
def test_between_dead_and_live_nothing_is_known(voltage_v: float, presence: Presence) -> None:
    hall = Hall()
    for item in hall.site.of_nature("breaker"):
        for terminal, name in enumerate(("source_voltage_v", "load_voltage_v")):
            if item.buses[terminal] in {"MVG"}:
                hall.said[item.id, name] = voltage_v
    assert look(hall).presence["MVG"] is presence


def test_silence_is_unknown_and_slower_witnesses_speak_when_the_fast_are_silent() -> None:
    hall = Hall()
    hall.silent |= {e.id for e in hall.site.of_nature("breaker") if "MVG" in e.buses}
    assert look(hall).presence["MVG"] is Presence.DEAD
    hall.silent |= {"R-MVG", "M-MVG"}
    assert look(hall).presence["MVG"] is Presence.UNKNOWN


def test_an_earthed_section_is_earthed_whatever_it_measures() -> None:
    hall = Hall()
    hall.positions |= {"ES-UA": CLOSED, "52-GCB-UA": OPEN}
    topology = look(hall)
    assert topology.presence["INA"] is Presence.EARTHED
    assert topology.presence["UA"] is Presence.LIVE


def test_a_set_that_does_not_tell_its_stage_may_run() -> None:
    hall = Hall()
    hall.silent.add("DG-1")
    assert "DG-1" in look(hall).running
    assert "DG-2" not in look(hall).running


def test_the_cache_does_not_mix_up_two_pictures() -> None:
    hall = Hall()
    before = look(hall)
    hall.positions["52-VCB-IN"] = OPEN
    between = look(hall)
    hall.positions["52-VCB-IN"] = CLOSED
    assert look(hall) == before != between


@pytest.mark.fault("F26", "F25")
def test_a_switch_that_shows_closed_with_voltage_on_one_side_alone_is_in_doubt() -> None:
    hall = Hall()
    hall.positions["52-VCB-GA"] = CLOSED
    hall.said |= {("52-VCB-GA", "source_voltage_v"): 0.0, ("52-VCB-GA", "load_voltage_v"): 6600.0}
    topology = look(hall)
    assert topology.doubted == {"52-VCB-GA"}
    assert topology.section["MVA"] != topology.section["MVG"]
    assert topology.reach["MVA"] == topology.reach["MVG"]
    hall.said["52-VCB-GA", "source_voltage_v"] = 6600.0
    assert not look(hall).doubted


@pytest.mark.fault("F25")
def test_beside_a_switch_in_doubt_the_slower_witnesses_speak_as_well() -> None:
    """The intake shows its live side dead: nobody else has told that the utility is gone."""
    hall = Hall()
    hall.hidden.add(("ALTS-1", "connected"))  # else the feeders ahead of it tell
    hall.said["52-VCB-IN", "source_voltage_v"] = 0.0
    assert look(hall).presence["IN"] is Presence.UNKNOWN
    hall.positions["52-VCB-IN"] = OPEN
    hall.said["52-VCB-IN", "source_voltage_v"] = 0.0
    assert look(hall).presence["IN"] is Presence.DEAD


def test_what_is_made_of_a_site_ends_with_it() -> None:
    """Otherwise a thousand simulated runs would be kept until the last has ended."""
    hall = Hall()
    points = tabulate(hall.params.site)
    survey(hall.image(), hall.params.site, points)
    assert points.derived
    kept = weakref.ref(points)
    del points
    gc.collect()
    assert kept() is None
