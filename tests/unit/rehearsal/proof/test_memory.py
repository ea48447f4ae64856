"""What the proof remembers of a daemon: what decides, and nothing else."""

from __future__ import annotations

import pytest

from daemon.core.operation import path
from daemon.core.operation.task import Stage, Task
from daemon.core.transfer import joint
from daemon.core.transfer.board import SchemeState, SectionState
from daemon.model.commands import Proposal
from daemon.rehearsal.proof.memory import Reading
from daemon.rehearsal.proof.mind import _unsaid
from daemon.rehearsal.proof.zones import coded


@pytest.mark.parametrize(
    ("stage", "attempts", "told"),
    [(Stage.FAILED, 2, 1), (Stage.FAILED, 0, 0), (Stage.VERIFIED, 1, 0)],
)
def test_of_a_close_that_failed_it_is_remembered_that_it_was_told(
    stage: Stage, attempts: int, told: int
) -> None:
    """It may have been done all the same: an order to open it is sent, whatever it shows."""
    wish = Proposal("52-VCB-MA", "command", "close_in_sync", 0.0, "CCTS-1", "because")
    task = Task(wish, "", stage, 7, command_id=3, attempts=attempts)
    left = _unsaid(path.State({"52-VCB-MA": task})).tasks["52-VCB-MA"]
    assert (left.attempts, left.since_ns, left.wish.reason) == (told, 0, "")


def test_a_stamp_goes_by_the_stage_where_the_stage_asks_for_it() -> None:
    sections = (SectionState(since_ns=coded(0), dead_ns=coded(1)),)
    state = SchemeState(sections, joint.Stage.JOINING, intake_ns=coded(2), block_ns=coded(3))
    reading = Reading()
    reading.key(state)
    told = {place[0][1]: place[0][2] for place in reading.places}  # type: ignore[index]
    assert told == {
        "since_ns": SectionState().stage,
        "dead_ns": None,
        "intake_ns": joint.Stage.JOINING,
        "block_ns": None,
    }
