"""A dark board is built up again when a person asks, step by step, and every stop has a name."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from daemon.core.transfer import black_start
from daemon.model.commands import Approval, Operation, Proposal, Selection
from tests.hall import CLOSED, OPEN, Hall, params, settled

if TYPE_CHECKING:
    from daemon.model.events import Event

SETS = ("DG-1", "DG-2", "DG-3", "DG-4")
GCBS = ("52-GCB-1", "52-GCB-2", "52-GCB-3", "52-GCB-4")
FEEDERS = ("52-VCB-SA1", "52-VCB-SA2", "52-VCB-SB1", "52-VCB-SB2")


def dark() -> Hall:
    """Return a hall without mains, sets and storage, its sections isolated."""
    hall = settled()
    hall.said |= {(name, "available"): 0.0 for name in SETS}
    hall.start_s |= dict.fromkeys(SETS, 2.0)
    hall.start_s["GT-1"] = 600.0
    hall.lose_mains()
    hall.run(3.0)
    return hall


def mend(hall: Hall) -> None:
    """Let the sets be available again."""
    for name in SETS:
        del hall.said[name, "available"]


def ask(hall: Hall, action: str = "black_start", number: int = 1) -> None:
    """Let a person select, another approve, the first operate, and the scheme hear it."""
    wish = Proposal("CCTS-1", "command", action, 0.0, "ann", "the hall is dark")
    name = f"{action}-{number}"
    for said in (Selection(name, "ann", wish), Approval(name, "bob"), Operation(name, "ann")):
        hall.inbox.append(said)
        hall.scan()
    hall.scan()


def begun() -> Hall:
    """Return a dark hall with sets that will come, and a black start under way."""
    hall = dark()
    ask(hall)
    mend(hall)
    return hall


def last(hall: Hall) -> Event:
    """Return the last thing told of the black start."""
    return [e for e in hall.events if e.name.startswith("black_start")][-1]


def refusal(hall: Hall) -> str:
    """Return the interlock that refused the last request."""
    return str(hall.happened("command_refused", "CCTS-1")[-1].fields["interlock"])


def test_isolate_look_feed_and_load_in_blocks_in_this_order() -> None:
    hall = begun()
    assert hall.run(5.0, lambda: last(hall).fields["stage"] == "verifying")
    assert all(hall.positions[b] == OPEN for b in (*FEEDERS, "52-VCB-HA", "52-VCB-HB", "52-VCB-EA"))
    assert hall.told("DG-1") == []
    assert hall.run(20.0, lambda: last(hall).fields["stage"] == "loading")
    assert hall.sources_of("MVG")
    assert all(hall.positions[b] == OPEN for b in FEEDERS)
    assert hall.run(90.0, lambda: last(hall).name == "black_start_done")
    assert all(hall.positions[b] == CLOSED for b in FEEDERS)
    sent = [c.issued_at_ns for c in hall.commands if c.equipment in FEEDERS and c.action == "close"]
    between_s = params().control.main_tie_main.between_blocks_s
    assert min(b - a for a, b in pairwise(sent)) >= between_s * 1e9


def test_nothing_begins_without_a_request() -> None:
    hall = dark()
    hall.run(5.0)
    assert hall.told("52-VCB-SA1") == []
    assert not [e for e in hall.events if e.name.startswith("black_start")]


def test_a_board_that_is_live_is_not_taken_apart() -> None:
    hall = settled()
    ask(hall)
    assert refusal(hall) == "not_dark"
    hall.run(1.0)
    assert hall.commands == []


def test_not_while_sets_may_come() -> None:
    hall = dark()
    mend(hall)
    hall.start_s |= dict.fromkeys(SETS, 60.0)
    hall.run(0.5)
    ask(hall)
    assert refusal(hall) == "sets_pending"


@pytest.mark.parametrize("flag", ["emergency_off", "maintenance"])
def test_emergency_power_off_and_maintenance_forbid_it(flag: str) -> None:
    hall = dark()
    hall.said["CCTS-1", flag] = 1.0
    ask(hall)
    assert refusal(hall) == flag


@pytest.mark.parametrize("flag", ["emergency_off", "maintenance"])
@pytest.mark.parametrize("after_s", [0.02, 1.5, 4.0, 8.0])
def test_they_end_it_at_any_step(flag: str, after_s: float) -> None:
    hall = begun()
    hall.run(after_s)
    hall.said["CCTS-1", flag] = 1.0
    hall.scan()
    assert last(hall).name == "black_start_stopped"
    done = len(hall.commands)
    hall.run(3.0)
    assert not [c for c in hall.commands[done:] if c.action.startswith("close")]


def test_a_selector_that_leaves_auto_ends_it() -> None:
    hall = begun()
    hall.run(0.5)
    hall.said["CCTS-1", "selector"] = 1.0
    hall.scan()
    assert last(hall).name == "black_start_stopped"
    assert "auto" in last(hall).text


@pytest.mark.fault("F33")
def test_a_breaker_that_does_not_open_stops_it_by_name() -> None:
    hall = dark()
    hall.stuck = {"52-VCB-SA1"}
    ask(hall)
    hall.run(6.0)
    assert last(hall).name == "black_start_stopped"
    assert "52-VCB-SA1" in last(hall).fields["reason"]


def test_an_earthed_section_stops_it_by_name() -> None:
    hall = dark()
    hall.said["R-MVA", "presence"] = 2.0
    ask(hall)
    assert refusal(hall) == "not_dark"
    assert "MVA is earthed" in hall.happened("command_refused", "CCTS-1")[-1].text


@pytest.mark.fault("F44")
def test_without_a_source_it_stops_in_its_time_and_says_which_sets_failed() -> None:
    hall = dark()
    hall.params = params(black_start=black_start.Params(source_s=5.0))
    ask(hall)
    hall.run(8.0)
    assert last(hall).name == "black_start_stopped"
    assert "no source came" in last(hall).fields["reason"]
    ask(hall, number=2)
    assert last(hall).fields["stage"] == "isolating"


@pytest.mark.fault("F34")
def test_a_feeder_that_does_not_close_stops_it_by_name() -> None:
    hall = dark()
    hall.params = params(black_start=black_start.Params(load_s=50.0))
    ask(hall)
    mend(hall)
    hall.run(0.5)
    hall.stuck = {"52-VCB-SB2"}
    assert hall.run(60.0, lambda: last(hall).name == "black_start_stopped")
    assert last(hall).fields["reason"] == "not closed: 52-VCB-SB2"


def test_a_source_that_is_lost_meanwhile_stops_it() -> None:
    hall = begun()
    assert hall.run(20.0, lambda: last(hall).fields["stage"] == "loading")
    hall.stages |= dict.fromkeys(SETS, "fault")
    hall.positions |= dict.fromkeys(GCBS, OPEN)
    hall.scan()
    assert last(hall).fields["reason"] == "the source was lost"


def test_a_person_takes_it_back() -> None:
    hall = begun()
    hall.run(0.5)
    ask(hall, "reset")
    assert last(hall).fields["stage"] == "idle"


def test_what_a_person_had_opened_stays_open() -> None:
    hall = dark()
    hall.positions["52-VCB-SA2"] = OPEN
    hall.run(0.1)
    ask(hall)
    mend(hall)
    assert hall.run(90.0, lambda: last(hall).name == "black_start_done")
    assert hall.told("52-VCB-SA2") == []


def test_a_daemon_that_was_just_started_does_it_as_well() -> None:
    hall = Hall()
    hall.utilities = dict.fromkeys(hall.utilities, False)
    hall.positions |= dict.fromkeys(("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV"), OPEN)
    hall.said |= {(name, "available"): 0.0 for name in SETS}
    hall.start_s |= dict.fromkeys(SETS, 2.0)
    hall.run(3.0)
    ask(hall)
    mend(hall)
    assert hall.run(90.0, lambda: last(hall).name == "black_start_done")
