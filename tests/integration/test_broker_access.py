"""The shipped configuration of the broker: who is let in, and who may say what."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.processes import OFFSET, Running, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).resolve().parents[2] / "config" / "mosquitto"
PORT = 1883 + OFFSET + 40
TOPIC = "ridethrough/v1/ai_hall/alarm/x/state"


@pytest.fixture(scope="module")
def broker(
    program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A broker with the shipped files, and a folder for logs."""
    folder = tmp_path_factory.mktemp("broker")
    for number, user in enumerate(("daemon", "reader", "scheduler")):
        create = [] if number else ["-c"]
        made = [
            program("mosquitto_passwd"),
            *create,
            "-b",
            str(folder / "passwd"),
            user,
            user[::-1],
        ]
        subprocess.run(made, check=True, capture_output=True)
    said = (FOLDER / "mosquitto.conf").read_text()
    said = said.replace("listener 1883", f"user root\nlistener {PORT} 127.0.0.1")
    said = said.replace("/mosquitto/secrets", str(folder)).replace("/mosquitto/data", str(folder))
    (folder / "mosquitto.conf").write_text(said.replace("/mosquitto/config", str(FOLDER)))
    running = Running([program("mosquitto"), "-c", str(folder / "mosquitto.conf")], folder / "log")
    try:
        wait_for(lambda: publish("daemon").returncode == 0, 10, lambda: running.output)
        yield folder
    finally:
        running.kill()


def publish(
    user: str, word: str = "hello", secret: str = "", topic: str = TOPIC
) -> subprocess.CompletedProcess[str]:
    """Say a word as `user`, "" for nobody."""
    who = ["-u", user, "-P", secret or user[::-1]] if user else []
    said = ["mosquitto_pub", "-p", str(PORT), *who, "-q", "1", "-t", topic, "-m", word]
    return subprocess.run(said, capture_output=True, text=True, check=False, timeout=10)


@pytest.mark.parametrize(("user", "secret"), [("", ""), ("daemon", "wrong"), ("stranger", "x")])
def test_who_is_not_known_is_not_let_in(broker: Path, user: str, secret: str) -> None:
    assert broker.is_dir()
    assert publish(user, secret=secret).returncode != 0


def test_the_daemon_speaks_and_a_reader_hears_it_and_cannot_speak(broker: Path) -> None:
    hears = ["mosquitto_sub", "-p", str(PORT), "-u", "reader", "-P", "redaer", "-t", f"{TOPIC}/#"]
    ear = Running(hears, broker / "heard")
    try:
        # A refused publish looks like one that went well: only who hears can tell.
        def heard() -> bool:
            publish("reader", "forged")
            publish("daemon", "true")
            return "true" in ear.output

        wait_for(heard, 20, lambda: ear.output)
        assert "forged" not in ear.output
    finally:
        ear.kill()


def test_a_scheduler_announces_under_its_own_name_and_says_nothing_else(broker: Path) -> None:
    jobs = "ridethrough/v1/ai_hall/job/notice"
    base = ["mosquitto_sub", "-p", str(PORT), "-u", "daemon", "-P", "nomead"]
    ear = Running([*base, "-v", "-t", "ridethrough/v1/#"], broker / "jobs")
    try:

        def heard() -> bool:
            publish("scheduler", "forged")
            publish("scheduler", "forged", topic=f"{jobs}/other")
            publish("scheduler", "announced", topic=f"{jobs}/scheduler")
            return "announced" in ear.output

        wait_for(heard, 20, lambda: ear.output)
        assert "forged" not in ear.output
    finally:
        ear.kill()
