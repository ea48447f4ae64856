from __future__ import annotations

from typing import Any

from device_emulators.play import Play
from device_emulators.scenario import Scenario
from tests.small_board import ScriptedPlant, plant_event, small_board


def scenario(**more: Any) -> Scenario:
    """Return a scenario of ten seconds."""
    return Scenario.model_validate({"scenario": "x", "description": "", "for_s": 10.0, **more})


def test_each_happening_comes_at_its_own_moment_of_scenario_time() -> None:
    plant = ScriptedPlant()
    play = Play(
        small_board(),
        plant,
        scenario(
            timeline=[
                {"at_s": 0.0, "target": "DG-1", "event": "no_start"},
                {"at_s": 1.005, "target": "52-*", "event": "trip"},
            ],
        ),
        out=lambda _line: None,
    )
    play.advance(3_000_000_000)
    play.begin(0)
    play.advance(3_020_000_000)
    play.advance(5_000_000_000)
    assert plant.injected == [
        (3.0, "DG-1", "no_start", {}),
        (4.005, "52-A", "trip", {}),
        (4.005, "52-B", "trip", {}),
    ]
    assert plant.now_ns == 5_000_000_000


def test_gateway_is_disturbed_on_the_wire_not_in_the_plant() -> None:
    plant = ScriptedPlant()
    disturbed: list[tuple[str, str, Any]] = []
    paused: list[Any] = []
    asked: list[tuple[str, str]] = []
    announced: list[tuple[str, Any]] = []
    play = Play(
        small_board(),
        plant,
        scenario(
            timeline=[
                {"at_s": 1, "target": "GW-B", "event": "slow", "latency_s": 0.3},
                {"at_s": 1, "target": "daemon", "event": "pause", "for_s": 2},
                {"at_s": 2, "target": "operator", "event": "ask", "of": "52-A", "action": "close"},
                {"at_s": 2, "target": "scheduler", "event": "take_back", "job": "j1"},
            ]
        ),
        gateway=lambda id_, event, values: disturbed.append((id_, event, values)),
        daemon=lambda event, values: paused.append((event, values)),
        operator=lambda of, action: asked.append((of, action)),
        scheduler=lambda event, values: announced.append((event, values)),
        out=lambda _line: None,
    )
    play.begin(0)
    play.advance(2_000_000_000)
    assert disturbed == [("GW-B", "slow", {"latency_s": 0.3})]
    assert paused == [("pause", {"for_s": 2})]
    assert asked == [("52-A", "close")]
    assert announced == [("take_back", {"job": "j1"})]
    assert plant.injected == []


def test_report_has_stages_and_interruptions_in_scenario_time() -> None:
    plant = ScriptedPlant()
    lines: list[str] = []
    plant.happenings = [
        plant_event(3_500_000_000, "DG-1", "stage", "DG-1 is cranking"),
        plant_event(3_500_000_000, "DG-2", "stage", "DG-2 is cranking"),
        plant_event(3_500_000_000, "R-1", "battery", "R-1 on battery"),
    ]
    plant.unfed = {"R-1": [(3.1, 3.15), (4.0, None)]}
    play = Play(small_board(), plant, scenario(), out=lines.append)
    play.advance(3_000_000_000)
    play.begin(17)
    play.advance(13_000_000_000)
    report = play.report(10_000_000_000)
    assert report.ok
    assert report.started_utc_ns == 17
    assert report.it_interruption_ms == {"R-1": 9050.0, "R-2": 0.0}
    assert [(stage["at_s"], stage["source"]) for stage in report.stages] == [
        (0.5, "DG-1"),
        (0.5, "DG-2"),
    ]
    assert "[plant]     0.500 s  DG-1 is cranking (and 1 more alike)" in lines
