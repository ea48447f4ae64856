"""Each action has a time of its own, and is told as failed when that is over and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.facts import Facts
from daemon.core.operation import Params
from daemon.core.operation.task import QUEUED, News, Stage, Task, move
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import Outcome, Proposal, Result
from daemon.model.quantities import ns
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall

TIMES = Params()
BREAKER = "52-MCCB-CA"


def view(hall: Hall, at_s: float) -> View:
    """Return a hall as the core sees it some time after its beginning."""
    hall.now_ns = ns(100.0 + at_s)
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


def task(action: str, equipment: str, stage: Stage, **more: object) -> Task:
    """Return a task that entered a stage at the beginning."""
    wish = Proposal(equipment, "command", action, 0.0, "CCTS-1", "test")
    sent = Task(wish, "", stage, ns(100.0), command_id=1, sent_ns=ns(100.0), attempts=1)
    return replace(sent, **more)  # type: ignore[arg-type]


def moved(
    hall: Hall, one: Task, at_s: float, result: Result | None = None
) -> tuple[Stage, list[str]]:
    """Return where a task goes, and what is told."""
    outcomes = {1: Outcome(1, result, ns(100.0), "")} if result else {}
    news = News(outcomes, {}, {one.wish.equipment: one.wish.action}, {})
    after, told = move(view(hall, at_s), one, news, TIMES)
    return after.stage, [event.name for event in told]


@pytest.mark.parametrize(
    ("equipment", "action", "allowed_s"),
    [
        (BREAKER, "close", TIMES.close_s),
        (BREAKER, "close_in_sync", TIMES.sync_s),
        ("ROW-1", "shutdown", TIMES.load_s),
        ("DG-1", "start", TIMES.act_s),
    ],
)
@pytest.mark.parametrize(
    ("stage", "then"), [(Stage.MOVING, Stage.MISSED), (Stage.DOUBTFUL, Stage.FAILED)]
)
def test_an_action_has_its_own_time(
    equipment: str, action: str, allowed_s: float, stage: Stage, then: Stage
) -> None:
    hall = Hall()
    hall.positions[BREAKER] = OPEN
    one = task(action, equipment, stage)
    assert moved(hall, one, allowed_s - 0.01) == (stage, [])
    told = ["command_failed"] if then is Stage.FAILED else []
    assert moved(hall, one, allowed_s) == (then, told)


def test_an_opening_is_late_once_its_time_is_over() -> None:
    hall = Hall()
    one = task("open", BREAKER, Stage.MOVING)
    assert moved(hall, one, TIMES.open_s - 0.01) == (Stage.MOVING, [])
    assert moved(hall, one, TIMES.open_s) == (Stage.MISSED, ["breaker_failure"])
    told_before = replace(one, late=True)
    assert moved(hall, told_before, TIMES.open_s) == (Stage.MISSED, [])
    hall.positions[BREAKER] = OPEN
    assert moved(hall, one, TIMES.open_s) == (Stage.VERIFIED, ["command_verified"])


@pytest.mark.parametrize(
    ("result", "attempts", "user", "then"),
    [
        (Result.ACKNOWLEDGED, 1, "", Stage.MOVING),
        (Result.REFUSED, 1, "", Stage.FAILED),
        (Result.FAILED, 1, "", Stage.DOUBTFUL),
        (Result.EXPIRED, 1, "", Stage.SELECTED),
        (Result.EXPIRED, QUEUED - 1, "", Stage.SELECTED),
        (Result.EXPIRED, QUEUED, "", Stage.FAILED),
        (Result.EXPIRED, 1, "maria", Stage.FAILED),
        (Result.EXPIRED, 1, "lane:main", Stage.FAILED),
        (None, 1, "", Stage.SENT),
    ],
)
def test_an_answer_moves_what_was_sent(
    result: Result | None, attempts: int, user: str, then: Stage
) -> None:
    one = task("open", BREAKER, Stage.SENT, attempts=attempts, user=user)
    assert moved(Hall(), one, 0.01, result)[0] is then


def test_an_answer_to_another_command_moves_nothing() -> None:
    one = task("open", BREAKER, Stage.SENT, command_id=2)
    assert moved(Hall(), one, 0.01, Result.REFUSED)[0] is Stage.SENT


@pytest.mark.parametrize(
    ("action", "attempts", "selection", "then"),
    [
        ("close", 1, "", Stage.RECHARGING),
        ("close", 2, "", Stage.MISSED),
        ("close", 1, "s1", Stage.MISSED),
        ("close_in_sync", 1, "", Stage.MISSED),
        ("open", 1, "", Stage.MISSED),
    ],
)
def test_only_the_first_close_of_an_automaton_is_repeated(
    action: str, attempts: int, selection: str, then: Stage
) -> None:
    hall = Hall()
    hall.positions[BREAKER] = TRAVELLING
    one = task(action, BREAKER, Stage.MISSED, attempts=attempts, selection=selection)
    assert moved(hall, one, 0.01)[0] is then


@pytest.mark.parametrize(("charged", "then"), [(1, Stage.SELECTED), (0, Stage.RECHARGING)])
def test_it_is_repeated_with_a_charged_spring(charged: int, then: Stage) -> None:
    hall = Hall()
    hall.positions["52-VCB-GA"] = OPEN
    hall.said["52-VCB-GA", "spring_charged"] = float(charged)
    one = task("close", "52-VCB-GA", Stage.RECHARGING)
    assert moved(hall, one, 0.01)[0] is then
    hall.positions["52-VCB-GA"] = CLOSED
    assert moved(hall, one, 0.01) == (Stage.VERIFIED, ["command_verified"])


@pytest.mark.parametrize("stage", [Stage.SELECTED, Stage.RECHARGING])
def test_what_nobody_wants_any_more_is_over_before_it_is_sent(stage: Stage) -> None:
    hall = Hall()
    hall.positions["52-VCB-GA"] = OPEN
    one = task("close", "52-VCB-GA", stage)
    after, told = move(view(hall, 0.01), one, News({}, {}, {}, {}), TIMES)
    assert after.stage is Stage.GONE
    assert told == []


@pytest.mark.parametrize("stage", [Stage.SENT, Stage.MOVING, Stage.DOUBTFUL, Stage.MISSED])
def test_what_was_sent_is_followed_whether_it_is_wanted_or_not(stage: Stage) -> None:
    hall = Hall()
    hall.positions["52-VCB-GA"] = OPEN
    one = task("close", "52-VCB-GA", stage)
    assert move(view(hall, 0.01), one, News({}, {}, {}, {}), TIMES)[0].stage is stage
