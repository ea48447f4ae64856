"""The commands as a user meets them: mistakes, busy ports, Ctrl-C."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal.children import python
from daemon.settings import config_dir
from tests.integration.processes import (
    OFFSET,
    Running,
    alive,
    descendants,
    ridethrough,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from daemon.model.plant import Site

DEMO = ("demo", "--scenario", "normal", "--json", "--port-offset", str(OFFSET))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ridethrough(*arguments), capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "command", ["demo", "run", "emulate", "simulate", "check", "site", "fault", "command", "schema"]
)
def test_every_command_explains_itself_with_examples(command: str) -> None:
    said = run(command, "--help")
    assert said.returncode == 0
    assert f"examples:\n  ridethrough {command}" in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 100


def test_installed_command_knows_its_version() -> None:
    said = subprocess.run(
        [f"{sys.prefix}/bin/ridethrough", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stdout.startswith("ridethrough ")


def test_check_says_everything_that_is_wrong_at_once(tmp_path: Path) -> None:
    text = (config_dir() / "sites" / "ai_hall.yaml").read_text()
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("nature: chiller", "nature: chillr", 1).replace("U-B:", "U-A:", 1))
    said = run("check", str(bad), "--json")
    assert said.returncode == 1
    *lines, count, report = said.stdout.splitlines()
    assert count == f"{len(lines)} problems"
    assert len(lines) >= 2
    for line in lines:
        place, _, _ = line.removeprefix(f"{bad}:").partition(": ")
        assert [part.isdigit() for part in place.split(":")] == [True, True], line
    assert any("chillr" in line and "valid: chiller" in line for line in lines)
    found = json.loads(report)
    assert not found["ok"]
    assert len(found["files"][0]["problems"]) == len(lines)


def test_check_accepts_all_that_came_along() -> None:
    files = [str(path) for path in sorted(config_dir().rglob("*.yaml"))]
    said = run("check", *files)
    assert (said.returncode, said.stderr) == (0, "")
    assert "ai_hall.yaml: site ai_hall: 80 buses, 189 pieces of equipment" in said.stdout


def test_a_scenario_is_checked_against_its_site(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(
        "scenario: mine\ndescription: x\nfor_s: 5\n"
        "timeline:\n  - {at_s: 1, target: U-C, event: outage}\n"
    )
    said = run("check", str(scenario))
    assert said.returncode == 1
    assert said.stdout.startswith(f"{scenario}:5:")
    assert "U-C" in said.stdout


def test_schema_is_json() -> None:
    assert json.loads(run("schema").stdout)["title"]
    assert json.loads(run("schema", "device").stdout)["title"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "nowhere.yaml"), ("nowhere.yaml", "No such file")),
        (("emulate", "ai_hall", "--scenario", "nothing"), ("no scenario 'nothing'", "valid: ")),
        (("demo", "--for", "-3"), ("--for", "above 0")),
        (("demo", "--trace", "nowhere.csv", *DEMO[3:]), ("nowhere.csv", "No such file")),
    ],
)
def test_a_mistake_is_explained_without_a_traceback(
    arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    said = run(*arguments)
    text = said.stdout + said.stderr
    assert said.returncode in {1, 2}
    assert all(word in text for word in words), text
    assert "Traceback" not in text


@pytest.mark.parametrize("whose", ["gateway GW-MVB", "/metrics", "MQTT broker"])
def test_a_busy_port_is_named_before_anything_is_started(site: Site, whose: str) -> None:
    port = {
        "gateway GW-MVB": site.gateways["GW-MVB"].port,
        "/metrics": site.north.metrics_port,
        "MQTT broker": site.north.mqtt_port,
    }[whose]
    with socket.create_server(("127.0.0.1", port)):
        said = run(*DEMO)
    assert said.returncode == 1
    assert "nothing was started" in said.stdout
    assert f"127.0.0.1:{port} is busy (needed by" in said.stdout
    assert whose in said.stdout
    assert not json.loads(said.stdout.splitlines()[-1])["ok"]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Running]:
    running = Running(ridethrough(*DEMO), tmp_path / "demo.log")
    yield running
    running.kill()


def at_once(show: Running) -> None:
    time.sleep(0.8)


def while_starting(show: Running) -> None:
    show.await_line("broker")
    time.sleep(1.0)


def while_playing(show: Running) -> None:
    show.await_line("everything is ready")
    show.await_line("plant", "2.000 s")


@pytest.mark.parametrize("moment", [at_once, while_starting, while_playing])
def test_ctrl_c_ends_everything_at_any_moment(
    show: Running, site: Site, moment: Callable[[Running], None]
) -> None:
    moment(show)
    started = descendants(show.process.pid)
    show.interrupt()
    began_s = time.monotonic()
    ended = show.end(timeout_s=10.0)
    assert time.monotonic() - began_s < 10.0
    assert ended.code == 130, ended.output
    assert "Traceback" not in ended.output
    assert alive(started) == []
    for gateway in site.gateways.values():
        with socket.create_server((gateway.host, gateway.port)):
            pass


def test_killed_outright_it_leaves_nobody_behind(show: Running) -> None:
    show.await_line("plant", "ready")
    started = descendants(show.process.pid)
    assert started
    show.process.kill()
    wait_for(lambda: not alive(started), 10.0, lambda: f"still there: {alive(started)}")


def test_embedded_broker_keeps_what_is_retained(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    publish, subscribe = program("mosquitto_pub"), program("mosquitto_sub")
    broker = Running(python("daemon.rehearsal.broker", port), tmp_path / "broker.log")
    try:
        letter = [publish, "-p", port, "-q", "1", "-r", "-t", "a/b", "-m", "still here"]
        wait_for(
            lambda: subprocess.run(letter, capture_output=True, check=False).returncode == 0,
            20.0,
            lambda: broker.output,
        )
        heard = [subscribe, "-p", port, "-t", "a/+", "-C", "1", "-W", "5"]
        said = subprocess.run(heard, capture_output=True, text=True, check=True)
        assert said.stdout == "still here\n"
        broker.interrupt()
        assert broker.end(10.0).output == ""
    finally:
        broker.kill()
