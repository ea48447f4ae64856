"""One bad minute: a device hangs, the broker dies, the utility goes, and then the daemon dies.

All of it happens to one plant and one daemon, in turn, because each start costs seconds.
"""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from daemon.rehearsal import broker
from tests.integration.processes import (
    OFFSET,
    Running,
    ridethrough,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.model.plant import Site

pytestmark = pytest.mark.timeout(400)

SILENT = "GW-TX"
SCENARIO = f"""\
scenario: bad_minute
description: A gateway hangs and recovers; later the utility goes for good.
for_s: 60
timeline:
  - {{at_s: 3, target: {SILENT}, event: hang}}
  - {{at_s: 13, target: {SILENT}, event: answer}}
  - {{at_s: 26, target: [U-A, U-B], event: outage}}
expect:
  - name: no critical load sees it
    fed: {{loads: critical}}
  - name: no rack is lost
    hold: {{quantity: ai_rack.stage, is_not: lost}}
  - name: rows hold the cap they were given
    hold: {{quantity: rack_row.power_cap_pu, at_most: 0.45, from_s: 31}}
  - name: devices see that the daemon is gone
    happens: {{event: daemon_silent, of: CCTS-1, from_s: 30, by_s: 36}}
  - name: the board's own logic takes over
    reach: {{quantity: CCTS-1.stage, is_not: inhibited, from_s: 30, by_s: 36}}
  - name: sets come onto the bus by their own logic
    reach: {{quantity: generator.stage, is: loaded, at_least_count: 2, from_s: 30, by_s: 50}}
  - name: both sections are fed again
    reach: {{quantity: "M-MV[AB].voltage_v", at_least: 6270, from_s: 32, by_s: 55}}
  - name: UPS are back on their input
    reach: {{quantity: ups.stage, is: normal, from_s: 35, by_s: 60}}
  - name: storage falls back to zero
    hold: {{quantity: ESS-1.power_w, at_least: -1e4, at_most: 1e4, from_s: 36}}
  - name: no two sources are joined out of step
    never: {{event: unsynchronised_closing}}
"""
KILLED_S = 29.5
"""Sets crank and run up; no breaker of theirs is closed yet."""


@dataclass
class BadMinute:
    """What was seen of it.

    Attributes:
        plant: what the emulators report.
        said: lines of the daemon until it was killed.
        retained: alarm states that the broker had after its return, by alarm id.
    """

    plant: dict[str, Any]
    said: list[str]
    retained: dict[str, Any] = field(default_factory=dict)

    def verdict(self, name: str) -> dict[str, Any]:
        """Return the verdict on the expectation called `name`."""
        return next(v for v in self.plant["expectations"] if v["name"] == name)

    def lines(self, *words: str) -> list[str]:
        """Return what the daemon said with all of `words`."""
        return [line for line in self.said if all(word in line for word in words)]


@pytest.fixture(scope="module")
def minute(
    program: Callable[[str], str], site: Site, tmp_path_factory: pytest.TempPathFactory
) -> BadMinute:
    """Play it."""
    folder = tmp_path_factory.mktemp("minute")
    subscribe = [program("mosquitto_sub"), "-p", str(site.north.mqtt_port), "-v"]
    program("mosquitto")
    players: list[Running] = []

    def start(name: str, command: list[str]) -> Running:
        players.append(Running(command, folder / f"{name}.log"))
        return players[-1]

    def mosquitto(name: str) -> Running:
        return start(name, broker.command(site.north.mqtt_port, folder)[1])

    try:
        return _play(start, mosquitto, subscribe, folder)
    finally:
        for player in players:
            player.kill()


def _play(
    start: Callable[[str, list[str]], Running],
    mosquitto: Callable[[str], Running],
    subscribe: list[str],
    folder: Path,
) -> BadMinute:
    (folder / "bad_minute.yaml").write_text(SCENARIO)
    shifted = ["--port-offset", str(OFFSET), "--json"]
    emulate = ["emulate", "ai_hall", "--hold", "--scenario", str(folder / "bad_minute.yaml")]
    plant = start("plant", ridethrough(*emulate, *shifted))
    first = mosquitto("broker")
    plant.await_line("ready")
    state = ["--state", str(folder / "state")]
    daemon = start("daemon", ridethrough("run", "ai_hall", *state, *shifted))
    daemon.await_line("on mains")
    time.sleep(1.0)
    plant.say("start")
    plant.await_line("[plant]     4.000 s")
    first.process.kill()
    plant.await_line("[plant]    10.000 s")
    mosquitto("broker again")
    # Longer than the daemon waits between two attempts.
    plant.await_line("[plant]    24.000 s")
    daemon.await_line("broker is back")
    listener = start("mosquitto_sub", [*subscribe, "-t", "ridethrough/v1/+/alarm/+/state"])
    wait_for(lambda: SILENT in listener.output, 10.0, lambda: listener.output)
    plant.await_line("[plant]    29.000 s")
    time.sleep(KILLED_S - 29.0)
    daemon.process.send_signal(signal.SIGKILL)
    said = daemon.end(5.0).lines
    plant.await_line("played to the end", timeout_s=120.0)
    assert plant.process.stdin is not None
    plant.process.stdin.close()
    report = plant.end(20.0).report
    bodies = [json.loads(x.partition(" ")[2]) for x in listener.output.splitlines()]
    return BadMinute(report, said, {body["id"]: body for body in bodies})


@pytest.mark.fault("F02", "F09")
def test_a_gateway_that_hangs_is_said_once_and_again_when_it_answers(minute: BadMinute) -> None:
    assert len(minute.lines(f"{SILENT} lost")) == 1
    assert len(minute.lines(f"{SILENT} answers again")) == 1
    assert minute.said.index(minute.lines(f"{SILENT} lost")[0]) < minute.said.index(
        minute.lines(f"{SILENT} answers again")[0]
    )


def test_others_are_read_on_while_one_hangs(minute: BadMinute) -> None:
    assert [line for line in minute.lines(" lost") if "GW-" in line and SILENT not in line] == []
    assert minute.lines("OPC-", " lost") == []


def test_a_silent_gateway_is_alarmed_once_and_cleared(minute: BadMinute) -> None:
    assert len(minute.lines("ALARM", SILENT)) == 1
    assert len(minute.lines("alarm over", SILENT)) == 1
    alarm = minute.retained[f"gateway-silent:{SILENT}"]
    assert (alarm["active"], alarm["occurrence"]) == (False, 1)


@pytest.mark.fault("F81")
def test_a_broker_that_dies_is_said_once_and_again_when_it_is_back(minute: BadMinute) -> None:
    assert len(minute.lines("no MQTT broker")) == 1
    assert len(minute.lines("broker is back")) == 1


def test_alarms_of_the_time_without_broker_are_there_when_it_is_back(minute: BadMinute) -> None:
    assert f"gateway-silent:{SILENT}" in minute.retained


def test_daemon_lived_until_it_was_killed_and_had_begun(minute: BadMinute) -> None:
    assert not minute.lines("Traceback")
    assert minute.lines("DG-1", "start")
    assert not minute.lines("52-GCB-1 told to close"), "killed too late to show anything"


@pytest.mark.fault("F62")
@pytest.mark.parametrize(
    "name",
    [
        "no critical load sees it",
        "no rack is lost",
        "rows hold the cap they were given",
        "devices see that the daemon is gone",
        "the board's own logic takes over",
        "sets come onto the bus by their own logic",
        "both sections are fed again",
        "UPS are back on their input",
        "storage falls back to zero",
        "no two sources are joined out of step",
    ],
)
def test_plant_lives_on_when_the_daemon_is_killed_in_an_outage(
    minute: BadMinute, name: str
) -> None:
    verdict = minute.verdict(name)
    assert verdict["ok"], verdict


def test_every_expectation_of_the_minute_was_looked_at(minute: BadMinute) -> None:
    names = {verdict["name"] for verdict in minute.plant["expectations"]}
    (mark,) = [
        mark
        for mark in test_plant_lives_on_when_the_daemon_is_killed_in_an_outage.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    ]
    assert names == set(mark.args[1])
