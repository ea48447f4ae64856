"""IT hears that it has to shut down: over a real broker, and by the program of the site."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from daemon.rehearsal import broker
from daemon.settings import load, shift_ports
from tests.integration.processes import Running, ridethrough, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

OFFSET = 3900
LOW = ["ROW-4", "ROW-5", "ROW-6"]
SCENARIO = """\
scenario: no_coolant
description: Both coolant pumps trip and stay out.
for_s: 40
timeline:
  - {at_s: 2, target: [CDU-A, CDU-B], event: trip}
"""


@dataclass
class Heard:
    """What came of it outside.

    Attributes:
        told: arguments of the program, one line for each time it was run.
        messages: what the broker had for those who came too late, by load.
        said: lines of the daemon.
    """

    told: list[str]
    messages: dict[str, dict[str, Any]]
    said: list[str]


@pytest.fixture(scope="module")
def heard(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Lose the coolant of the AI hall and let the rows shut down."""
    folder = tmp_path_factory.mktemp("coolant")
    port = shift_ports(load("ai_hall"), OFFSET).site.north.mqtt_port
    subscribe = [
        program("mosquitto_sub"),
        "-p",
        str(port),
        "-v",
        "-t",
        "ridethrough/v1/+/shutdown/+",
    ]
    program("mosquitto")
    players: list[Running] = []

    def start(name: str, command: list[str]) -> Running:
        players.append(Running(command, folder / f"{name}.log"))
        return players[-1]

    try:
        return _play(start, subscribe, port, folder)
    finally:
        for player in players:
            player.kill()


def _play(
    start: Callable[[str, list[str]], Running], subscribe: list[str], port: int, folder: Path
) -> Heard:
    (folder / "no_coolant.yaml").write_text(SCENARIO)
    told = folder / "told"
    tell = folder / "tell"
    # One write for a line: the programs of several rows run side by side.
    line = '"$1|$2|$3|"'
    tell.write_text(f"#!/bin/sh\nprintf '%s\\n' {line} >> {told}\necho queued\n")
    tell.chmod(0o755)
    shifted = ["--port-offset", str(OFFSET), "--json"]
    emulate = ["emulate", "ai_hall", "--hold", "--scenario", str(folder / "no_coolant.yaml")]
    plant = start("plant", ridethrough(*emulate, *shifted))
    start("broker", broker.command(port, folder)[1])
    plant.await_line("ready")
    run = ["run", "ai_hall", "--state", str(folder / "state"), "--shutdown-hook", str(tell)]
    daemon = start("daemon", ridethrough(*run, *shifted))
    daemon.await_line("on mains")
    plant.say("start")
    wait_for(
        lambda: daemon.output.count("The program told of the shutdown of ROW-") >= len(LOW),
        60.0,
        lambda: daemon.output[-4000:],
    )
    listener = start("late", subscribe)
    wait_for(
        lambda: all(f"shutdown/{row} " in listener.output for row in LOW),
        20.0,
        lambda: listener.output,
    )
    daemon.interrupt()
    said = daemon.end(30.0).lines
    letters = [line.partition(" ") for line in listener.output.splitlines()]
    messages = {name.rpartition("/")[2]: json.loads(body) for name, _, body in letters}
    return Heard(told.read_text().splitlines(), messages, said)


@pytest.mark.fault("F56")
def test_the_program_is_told_once_of_each_load_with_deadline_and_reason(heard: Heard) -> None:
    calls = [line.split("|") for line in heard.told]
    assert sorted(load for load, *_ in calls if load in LOW) == LOW
    for load_, deadline_s, reason, _ in calls:
        assert float(deadline_s) > 60.0, load_
        assert "no coolant has moved" in reason


@pytest.mark.fault("F56")
def test_a_subscriber_that_comes_late_finds_the_request_standing(heard: Heard) -> None:
    for row in LOW:
        body = heard.messages[row]
        assert (body["load"], body["requested"], body["priority"]) == (row, True, 4)
        assert "no coolant has moved" in body["reason"]
        assert body["deadline_s"] > 60.0
        assert body["t_deadline"] > body["t_detect"]


def test_what_came_of_the_program_is_on_record(heard: Heard) -> None:
    lines = [line for line in heard.said if line.startswith("[daemon]")]
    done = [line for line in lines if "The program told of the shutdown of ROW-4" in line]
    assert len(done) == 1
    assert "ended with code 0: queued" in done[0]
