"""Who decides: selectors on the panel, authority of the site, emergency power off."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from daemon.model.events import Event
from daemon.model.quantities import seconds
from daemon.rehearsal.simulation.observer import Observer
from daemon.rehearsal.simulation.run import Case, Course, run
from daemon.settings import load
from device_emulators.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.commands import Command, Outcome
    from daemon.model.events import AlarmTransition
    from daemon.rehearsal.simulation.observer import Scene
    from daemon.settings import SiteFile
    from device_emulators.plant.plant import Plant

OF_THE_BOARD = (
    "52-VCB-IN", "52-VCB-MA", "52-VCB-MB", "52-VCB-TIE", "52-VCB-GA", "52-VCB-GB", "52-VCB-PA",
    "52-VCB-PB", "52-GCB-1", "52-GCB-2", "52-GCB-3", "52-GCB-4", "DG-1", "DG-2", "DG-3", "DG-4",
    "GT-1",
)  # fmt: skip
CRITICAL_LOST_MS = 0.0


class Heard(Observer):
    """Keeps what the daemon sends and says, and the plant."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, Command]] = []
        self.events: list[tuple[float, Event]] = []

    def begin(self, scene: Scene) -> None:
        self.origin_ns, self.plant = scene.origin_ns, scene.plant

    def answered(self, command: Command, outcome: Outcome, begun_ns: int) -> None:
        self.sent.append((seconds(begun_ns - self.origin_ns), command))

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        self.events += [
            (seconds(e.at_ns - self.origin_ns), e) for e in news if isinstance(e, Event)
        ]

    def to_the_board(self, from_s: float = 0.0, to_s: float = 1e9) -> list[str]:
        """Return what breakers, sets and turbine of the board were told in a time."""
        return [
            f"{c.equipment} {c.action}"
            for at_s, c in self.sent
            if from_s <= at_s < to_s and c.point == "command" and c.equipment in OF_THE_BOARD
        ]


@cache
def hall() -> SiteFile:
    """Return the hall."""
    return load("ai_hall")


def played(
    name: str, for_s: float, *timeline: dict[str, Any], site_file: SiteFile | None = None
) -> tuple[Course, Heard]:
    """Return a run of the hall with sets that start fast, and what was heard."""
    scenario = Scenario.model_validate(
        {
            "scenario": name,
            "description": "Who decides.",
            "for_s": for_s,
            "initial": [{"target": "generator", "crank_s": 1.5, "run_up_s": 3.0}],
            "timeline": list(timeline),
        }
    )
    heard = Heard()
    return run(Case(site_file or hall(), scenario, for_s=for_s), (heard,)), heard


def at(at_s: float, target: object, event: str, **values: object) -> dict[str, Any]:
    return {"at_s": at_s, "target": target, "event": event, **values}


FEEDS = ["U-A", "U-B"]


@pytest.mark.parametrize("selector", ["manual", "test"])
def test_a_board_that_is_not_on_auto_is_told_nothing_and_taken_up_again(selector: str) -> None:
    course, heard = played(
        "selector",
        28,
        at(1, "CCTS-1", selector),
        at(3, FEEDS, "outage"),
        at(12, "CCTS-1", "auto"),
    )
    assert heard.to_the_board(1.1, 12.0) == []
    after = heard.to_the_board(12.0)
    assert {"52-VCB-MA open", "52-VCB-MB open"} <= set(after)
    assert [x for x in after if x.startswith("52-GCB") and "close" in x]
    assert read(heard.plant, "M-MVA", "voltage_v") > 6000.0, "taken up from what was seen"
    assert max(course.interruption_ms.values()) == CRITICAL_LOST_MS


def read(plant: Plant, id_: str, name: str) -> float:
    return float(plant.quantity(id_, name))


def test_emergency_power_off_wins_in_mid_transfer_and_ends_the_loads_in_order() -> None:
    course, heard = played(
        "power_off",
        18,
        at(2, FEEDS, "outage"),
        at(9, "CCTS-1", "emergency_off"),
    )
    assert not [x for x in heard.to_the_board(9.2) if x.endswith(("close", "close_in_sync"))]
    assert not [x for x in heard.to_the_board(9.2) if x.endswith(" start")]
    assert all(read(heard.plant, f"52-GCB-{n}", "position") == 1.0 for n in range(1, 5))
    shut = {c.equipment for at_s, c in heard.sent if c.action == "shutdown"}
    assert {f"ROW-{n}" for n in range(1, 7)} <= shut
    stopped = {c.equipment: at_s for at_s, c in heard.sent if c.action == "stop"}
    assert {"ESS-2", "HVDC-A", "HVDC-B"} <= stopped.keys()
    assert max(stopped.values()) < 9.5, "within half a second"
    stage = heard.plant.site.equipment["ESS-2"].kind.points["stage"].states
    assert stage[int(read(heard.plant, "ESS-2", "stage"))] == "standby"
    assert max(course.interruption_ms.values()) == CRITICAL_LOST_MS


def device_decides() -> SiteFile:
    """Return the hall with boards that decide themselves."""
    site_file = hall()
    schemes = {
        name: replace(scheme, authority="device") for name, scheme in site_file.site.schemes.items()
    }
    return replace(site_file, site=replace(site_file.site, schemes=schemes))


def test_where_the_device_has_authority_the_daemon_looks_on_and_gives_up_no_row_for_it() -> None:
    course, heard = played("device", 28, at(2, FEEDS, "outage"), site_file=device_decides())
    assert heard.to_the_board() == []
    assert "set_on_bus" in {e.name for _, e in heard.events}, "what the device does is recorded"
    assert read(heard.plant, "M-MVA", "voltage_v") > 6000.0
    assert not [c for _, c in heard.sent if c.action == "shutdown"]
    assert max(course.interruption_ms.values()) == CRITICAL_LOST_MS
