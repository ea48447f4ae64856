"""Lines of plant and daemon in one time."""

from __future__ import annotations

import pytest

from daemon.rehearsal.lines import Lines


class Desk:
    """A clock that is set by hand, and what was shown."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.shown: list[str] = []
        self.lines = Lines(lambda: self.now_s, self.shown.append)

    def at(self, now_s: float, name: str, line: str) -> str:
        self.now_s = now_s
        self.lines.show(name, line)
        return self.shown[-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_said_to_the_demonstration_alone_is_not_shown(desk: Desk) -> None:
    said = "[plant] played to the end; still serving until standard input ends"
    desk.lines.show("plant", said)
    desk.lines.show("broker", "New connection")
    assert desk.shown == []


def test_before_the_beginning_no_time_is_shown(desk: Desk) -> None:
    assert (
        desk.at(100.0, "daemon", "[daemon]   0.34 s  U-A: back") == " " * 13 + "daemon  U-A: back"
    )
    assert desk.at(100.0, "plant", "[plant] held  R-UA: 27") == " " * 13 + "plant   R-UA: 27"


def test_plant_time_is_kept_and_the_daemons_is_set_against_it(desk: Desk) -> None:
    desk.at(100.5, "daemon", "[daemon]     0.40 s  late by 0.1 s")
    desk.at(101.0, "daemon", "[daemon]     1.00 s  at once")
    desk.now_s = 102.0
    desk.lines.begin()
    assert desk.at(107.0, "plant", "[plant]     5.000 s  out") == "    5.000 s  plant   out"
    assert desk.at(107.4, "daemon", "[daemon]     7.36 s  lost") == "    5.360 s  daemon  lost"


def test_what_the_plant_has_lost_the_daemon_has_not_lived_through(desk: Desk) -> None:
    desk.at(100.0, "daemon", "[daemon] 0.00 s  here")
    desk.lines.begin()
    desk.at(104.0, "plant", "[plant] this machine is too slow: 1.5 s of plant time lost")
    assert desk.at(105.0, "daemon", "[daemon] 5.00 s  out") == "    3.500 s  daemon  out"


def test_other_lines_and_the_brokers(desk: Desk) -> None:
    desk.lines.begin()
    assert (
        desk.at(101.0, "plant", "Traceback (most recent")
        == " " * 13 + "plant   Traceback (most recent"
    )
    desk.lines.show("broker", "Warning: as root")
    assert len(desk.shown) == 1
