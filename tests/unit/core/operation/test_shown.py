"""What the plant has to show before an action counts as done, and what shows nothing."""

from __future__ import annotations

import pytest

from daemon.core.facts import Facts
from daemon.core.operation.task import reached, shows
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import Proposal
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall

RUNS = {"cranking", "resting", "running_up", "ready", "loaded"}
LOADS = {"running", "starting"}
GONE = {"shutting_down", "off"}
STAGES = {
    ("DG-1", "start"): RUNS,
    ("DG-1", "test"): RUNS,
    ("DG-1", "stop"): {"cooling_down", "stopped"},
    ("GT-1", "start"): {"starting", "ready", "loaded"},
    ("GT-1", "stop"): {"cooling_down", "stopped"},
    ("SMR-1", "rejoin"): {"on_grid"},
    ("SMR-1", "house_load"): {"house_load"},
    ("ESS-1", "stop"): {"off", "standby"},
    ("ESS-1", "grid_following"): {"grid_following"},
    ("ESS-1", "grid_forming"): {"grid_forming"},
    ("UPS-A", "to_inverter"): {"normal", "battery", "walk_in"},
    ("UPS-A", "to_bypass"): {"static_bypass"},
    ("HVDC-A", "start"): {"precharge", "walk_in", "running"},
    ("HVDC-A", "stop"): {"off"},
    ("ROW-1", "start"): LOADS,
    ("ROW-1", "shutdown"): GONE,
    ("SR-1", "start"): LOADS,
    ("SR-1", "shutdown"): GONE,
}


def view(hall: Hall) -> View:
    """Return a hall as the core sees it."""
    params, image = hall.params, hall.image()
    return View(
        lane="switching",
        image=image,
        inbox=(),
        site=params.site,
        points=params.points,
        topology=survey(image, params.site, params.points),
        facts=Facts(),
        heard={},
        estimate=None,
        epoch=1,
        next_id=1,
    )


def seen(hall: Hall, equipment: str, action: str) -> bool:
    """Return whether an action counts as done in a hall."""
    return reached(view(hall), Proposal(equipment, "command", action, 0.0, "test", "test"))


@pytest.mark.parametrize(("asked", "wanted"), STAGES.items(), ids=[" ".join(a) for a in STAGES])
def test_an_action_is_done_in_its_stages_and_in_no_other(
    asked: tuple[str, str], wanted: set[str]
) -> None:
    equipment, action = asked
    hall = Hall()
    states = hall.site.equipment[equipment].kind.points["stage"].states
    done = set()
    for stage in states:
        hall.stages[equipment] = stage
        if seen(hall, equipment, action):
            done.add(stage)
    assert done == wanted
    hall.hidden.add((equipment, "stage"))
    assert not seen(hall, equipment, action)


@pytest.mark.parametrize(
    ("action", "wanted"),
    [("to_source_1", "source_1"), ("to_source_2", "source_2"), ("open", "open")],
)
def test_a_transfer_is_done_where_the_switch_stands(action: str, wanted: str) -> None:
    hall = Hall()
    states = hall.site.equipment["ALTS-1"].kind.points["connected"].states
    for number, state in enumerate(states):
        hall.said["ALTS-1", "connected"] = float(number)
        assert seen(hall, "ALTS-1", action) is (state == wanted), state


@pytest.mark.parametrize(
    ("position", "done"),
    [(OPEN, {"open"}), (CLOSED, {"close", "close_in_sync"}), (TRAVELLING, set()), (3, set())],
)
def test_a_breaker_is_where_its_contacts_say(position: int, done: set[str]) -> None:
    hall = Hall()
    hall.positions["52-VCB-MA"] = position
    actions = ("open", "close", "close_in_sync", "reset")
    assert {a for a in actions if seen(hall, "52-VCB-MA", a)} == done


@pytest.mark.parametrize(("power_w", "done"), [(-1.0, True), (0.0, False), (1.0, False)])
def test_a_battery_is_tested_while_it_gives(power_w: float, done: bool) -> None:
    hall = Hall()
    hall.said["UPS-A", "battery_power_w"] = power_w
    assert seen(hall, "UPS-A", "battery_test") is done
    hall.hidden.add(("UPS-A", "battery_power_w"))
    assert not seen(hall, "UPS-A", "battery_test")


@pytest.mark.parametrize(
    ("equipment", "action", "shown"),
    [
        ("52-VCB-MA", "open", True),
        ("52-VCB-MA", "close", True),
        ("52-VCB-MA", "close_in_sync", True),
        ("52-VCB-MA", "reset", False),
        ("UPS-A", "battery_test", True),
        ("DG-1", "battery_test", False),
        ("DG-1", "start", True),
        ("DG-1", "reset", False),
        ("52-MCCB-CA", "start", False),
    ],
)
def test_what_nothing_shows_is_over_with_its_acknowledgement(
    equipment: str, action: str, shown: bool
) -> None:
    wish = Proposal(equipment, "command", action, 0.0, "test", "test")
    assert shows(view(Hall()), wish) is shown
