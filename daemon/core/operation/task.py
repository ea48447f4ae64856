"""One switching action on its way, from the interlocks to the new position.

Theory of operation. A selected action asks the interlocks each scan; when they let it pass it
becomes one `Command` with an expiry, and is SENT. The device's acknowledgement only means that it
will try: MOVING ends when the plant itself shows the new position within the time of that action;
an action that nothing shows, such as a reset, is over with its acknowledgement. No or no clear
answer makes it DOUBTFUL: the device may have acted, so nothing is sent again and the position alone
decides. A command that expired in a busy queue has reached nobody: the task of an automaton is
selected anew, interlocks and all, up to `QUEUED` times. A close that was acknowledged and did not
happen is tried once more, after the spring is charged; an open is not: that is a breaker failure.

A person's action is asked of the interlocks in the one scan in which it is operated, and has one
command: refused, unsent or missed, it has failed, and the person may select again. So has what the
other lane asks for, which asks once as well.

    SELECTED
        REACHED -> VERIFIED
        CLEARED -> SENT
        WITHDRAWN -> GONE
        after select_s -> FAILED
    SENT
        REACHED -> VERIFIED
        ACKNOWLEDGED -> MOVING
        UNANSWERED, after answer_s -> DOUBTFUL
        REFUSED -> FAILED
        UNSENT -> SELECTED
    MOVING
        REACHED -> VERIFIED
        after travel_s -> MISSED
    DOUBTFUL
        REACHED -> VERIFIED
        UNSENT -> SELECTED
        after travel_s -> FAILED
    MISSED
        REACHED -> VERIFIED
        MAY_RETRY -> RECHARGING
        after retry_s -> FAILED
    RECHARGING
        REACHED -> VERIFIED
        CHARGED -> SELECTED
        WITHDRAWN -> GONE
        after recharge_s -> FAILED
    VERIFIED
        WITHDRAWN -> GONE
    FAILED
        WITHDRAWN -> GONE
    GONE
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.interlocks import CLOSE, Case, check
from daemon.model.commands import Command, Proposal, Result
from daemon.model.natures import Position
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.operation.path import Params
    from daemon.core.view import View
    from daemon.model.commands import Outcome
    from daemon.model.events import Event as Happening


class Stage(Word):
    """Stage of one switching action."""

    SELECTED = "selected, before the interlocks"
    SENT = "sent, not yet acknowledged"
    MOVING = "acknowledged, not yet seen to move"
    DOUBTFUL = "no clear answer: the position decides"
    MISSED = "acknowledged, did not happen in time"
    RECHARGING = "waiting for the spring before the one retry"
    VERIFIED = "seen to have happened"
    FAILED = "did not happen"
    GONE = "over, and no longer wanted"


class Event(Word):
    """What moves a switching action on."""

    REACHED = "the plant shows what was wanted"
    WITHDRAWN = "nobody wants it any more"
    CLEARED = "the interlocks let it pass"
    ACKNOWLEDGED = "the device accepted it"
    UNANSWERED = "no clear answer of the device"
    REFUSED = "the device refused it"
    UNSENT = "it expired in the queue and never left"
    MAY_RETRY = "a first close, still safe to repeat"
    CHARGED = "the closing spring is charged"


_TRANSITIONS: Final = {
    (Stage.SELECTED, Event.REACHED): Stage.VERIFIED,
    (Stage.SELECTED, Event.CLEARED): Stage.SENT,
    (Stage.SELECTED, Event.WITHDRAWN): Stage.GONE,
    (Stage.SENT, Event.REACHED): Stage.VERIFIED,
    (Stage.SENT, Event.ACKNOWLEDGED): Stage.MOVING,
    (Stage.SENT, Event.UNANSWERED): Stage.DOUBTFUL,
    (Stage.SENT, Event.REFUSED): Stage.FAILED,
    (Stage.SENT, Event.UNSENT): Stage.SELECTED,
    (Stage.MOVING, Event.REACHED): Stage.VERIFIED,
    (Stage.DOUBTFUL, Event.REACHED): Stage.VERIFIED,
    (Stage.DOUBTFUL, Event.UNSENT): Stage.SELECTED,
    (Stage.MISSED, Event.REACHED): Stage.VERIFIED,
    (Stage.MISSED, Event.MAY_RETRY): Stage.RECHARGING,
    (Stage.RECHARGING, Event.REACHED): Stage.VERIFIED,
    (Stage.RECHARGING, Event.CHARGED): Stage.SELECTED,
    (Stage.RECHARGING, Event.WITHDRAWN): Stage.GONE,
    (Stage.VERIFIED, Event.WITHDRAWN): Stage.GONE,
    (Stage.FAILED, Event.WITHDRAWN): Stage.GONE,
}
TASK: Final = Table(
    first=Stage.SELECTED,
    transitions=_TRANSITIONS,
    after={
        Stage.SELECTED: ("select_s", Stage.FAILED),
        Stage.SENT: ("answer_s", Stage.DOUBTFUL),
        Stage.MOVING: ("travel_s", Stage.MISSED),
        Stage.DOUBTFUL: ("travel_s", Stage.FAILED),
        Stage.MISSED: ("retry_s", Stage.FAILED),
        Stage.RECHARGING: ("recharge_s", Stage.FAILED),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.VERIFIED, Stage.FAILED}),
    final=frozenset({Stage.GONE}),
)
OVER: Final = frozenset({Stage.VERIFIED, Stage.FAILED, Stage.GONE})
UNDER_WAY: Final = frozenset(Stage) - OVER - {Stage.SELECTED}


@dataclass(frozen=True, slots=True)
class Task:
    """One switching action on its way.

    Attributes:
        wish: what was proposed.
        user: the person or lane that asked, "" for an automaton.
        stage: where it stands.
        since_ns: since when [ns].
        command_id: number of its last command, 0 before.
        sent_ns: when that was sent [ns].
        attempts: commands sent.
        late: it was told to open and is not open in time; said once.
        refused_by: interlock that last refused it, to say so once.
        selection: id of the person's selection behind it, "" without one.
        approver: who approved that.
        bypass: interlocks that it sets aside.
        overtakes: it took the place of a close that is under way or was not seen done: that the
            device shows open does not mean that it is and stays so.
    """

    wish: Proposal
    user: str
    stage: Stage
    since_ns: int
    command_id: int = 0
    sent_ns: int = 0
    attempts: int = 0
    late: bool = False
    refused_by: str = ""
    selection: str = ""
    approver: str = ""
    bypass: tuple[str, ...] = ()
    overtakes: bool = False


QUEUED: Final = 4
"""Commands made for one task, all of which expired unsent, before it is given up."""


class News(NamedTuple):
    """What the tasks of a scan are judged by, beside the plant.

    Attributes:
        outcomes: of commands, by their number.
        under_way: action outstanding by equipment.
        wanted: action wanted in this scan by equipment.
        operated: stamps of what has worn a device within the last hour, by equipment [ns].
    """

    outcomes: Mapping[int, Outcome]
    under_way: Mapping[str, str]
    wanted: Mapping[str, str]
    operated: Mapping[str, tuple[int, ...]]


def move(view: View, task: Task, news: News, params: Params) -> tuple[Task, list[Happening]]:
    """Return a task after this scan, and what there is to say about it."""
    events, refused = _evidence(view, task, news)
    waits_ns = _waits_ns(task.wish.action, params)
    stage, since_ns = advance(TASK, (task.stage, task.since_ns), events, view, waits_ns)
    told: list[Happening] = []
    if refused and refused[0] != task.refused_by:
        told.append(refusal(view, task, *refused))
        task = replace(task, refused_by=refused[0])
        if task.user:  # a person is told at once and may ask again
            return replace(task, stage=Stage.GONE), told
    if _fails_to_open(view, task, stage, params):
        told.append(tell(view, task, "breaker_failure"))
        task = replace(task, late=True)
    if stage is task.stage:
        return task, told
    after = replace(task, stage=stage, since_ns=since_ns)
    if stage is Stage.VERIFIED and task.attempts:
        told.append(tell(view, after, "command_verified"))
    elif stage is Stage.VERIFIED and task.selection:
        told.append(refusal(view, task, "done_already", "it already is so"))
    elif stage is Stage.FAILED:
        told.append(tell(view, after, "command_failed"))
    return after, told


def _fails_to_open(view: View, task: Task, stage: Stage, params: Params) -> bool:
    """Return whether a breaker is late to open since it was told, by now and not before."""
    return (
        task.wish.action == "open"
        and task.attempts > 0
        and not task.late
        and stage is not Stage.VERIFIED
        and view.passed(task.sent_ns + ns(params.open_s))
    )


def _evidence(view: View, task: Task, news: News) -> tuple[list[Event], tuple[str, str] | None]:
    """Return the events of a task this scan, and name and text of an interlock that refuses."""
    still = news.wanted.get(task.wish.equipment) == task.wish.action
    if task.stage in OVER:
        return ([] if still else [Event.WITHDRAWN]), None
    unsent = task.overtakes and not task.attempts
    events = [Event.REACHED] if not unsent and reached(view, task.wish) else []
    refused = None
    if task.attempts and (outcome := news.outcomes.get(task.command_id)) is not None:
        events.append(_answer(view, task, outcome.result))
    if not still and task.stage in {Stage.SELECTED, Stage.RECHARGING}:
        events.append(Event.WITHDRAWN)
    if task.stage is Stage.SELECTED and not events:
        by_person, aside = bool(task.selection), frozenset(task.bypass)
        recent = len(news.operated.get(task.wish.equipment, ()))
        verdict = check(Case(view, task.wish, news.under_way, by_person, aside, recent))
        if verdict.refused_by:
            refused = (verdict.refused_by, verdict.text)
        else:
            events.append(Event.CLEARED)
    if task.stage is Stage.MISSED and _may_retry(task, still=still):
        events.append(Event.MAY_RETRY)
    if task.stage is Stage.RECHARGING and _charged(view, task.wish.equipment) and still:
        events.append(Event.CHARGED)
    return events, refused


def _answer(view: View, task: Task, result: Result) -> Event:
    """Return what the outcome of a command means for its task."""
    if result is Result.EXPIRED and (task.user or task.attempts >= QUEUED):
        return Event.REFUSED
    if result is Result.ACKNOWLEDGED and not shows(view, task.wish):
        return Event.REACHED
    return _ANSWERS[result]


_ANSWERS: Final = {
    Result.ACKNOWLEDGED: Event.ACKNOWLEDGED,
    Result.REFUSED: Event.REFUSED,
    Result.EXPIRED: Event.UNSENT,
    Result.FAILED: Event.UNANSWERED,
}


def _may_retry(task: Task, *, still: bool) -> bool:
    first = task.wish.action == "close" and task.attempts == 1
    return first and still and not task.selection


def _charged(view: View, equipment: str) -> bool:
    served = view.points.find(equipment, "spring_charged") is not None
    return not served or view.status(equipment, "spring_charged") is True


TEST: Final = "battery_test"
_RUNS: Final = frozenset({"cranking", "resting", "running_up", "ready", "loaded"})
SHOWN: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "start": ("stage", _RUNS | {"starting", "precharge", "walk_in", "running"}),
    "test": ("stage", _RUNS),
    "stop": ("stage", frozenset({"cooling_down", "stopped", "standby", "off"})),
    "shutdown": ("stage", frozenset({"shutting_down", "off"})),
    "to_source_1": ("connected", frozenset({"source_1"})),
    "to_source_2": ("connected", frozenset({"source_2"})),
    "open": ("connected", frozenset({"open"})),
    "rejoin": ("stage", frozenset({"on_grid"})),
    "house_load": ("stage", frozenset({"house_load"})),
    "grid_following": ("stage", frozenset({"grid_following"})),
    "grid_forming": ("stage", frozenset({"grid_forming"})),
    "to_inverter": ("stage", frozenset({"normal", "battery", "walk_in"})),
    "to_bypass": ("stage", frozenset({"static_bypass"})),
}  # fmt: skip
"""By action, the stage point of the device and the stages that show that it acted."""


def reached(view: View, wish: Proposal) -> bool:
    """Return whether the plant shows what a wish is for."""
    if "position" in view.site.equipment[wish.equipment].kind.points:
        position = view.position(wish.equipment)
        if wish.action == "open":
            return position is Position.OPEN
        return wish.action in CLOSE and position is Position.CLOSED
    if wish.action == TEST:  # a UPS tests its battery on its load, and stays as it is otherwise
        return (view.read(wish.equipment, "battery_power_w") or 0.0) < 0.0
    point, stages = SHOWN.get(wish.action, ("", frozenset()))
    return view.stage(wish.equipment, point) in stages


def shows(view: View, wish: Proposal) -> bool:
    """Return whether the plant can show what a wish is for; a reset, for one, shows nothing."""
    action = wish.action
    if "position" in view.site.equipment[wish.equipment].kind.points:
        return action == "open" or action in CLOSE
    if action == TEST:
        return view.points.find(wish.equipment, "battery_power_w") is not None
    return action in SHOWN and view.points.find(wish.equipment, SHOWN[action][0]) is not None


def _waits_ns(action: str, params: Params) -> dict[str, int]:
    """Return the times of an action by the names the table uses [ns]."""
    travel_s = {
        "open": params.open_s,
        "close": params.close_s,
        "close_in_sync": params.sync_s,
        "shutdown": params.load_s,
    }.get(action, params.act_s)
    return {
        "select_s": ns(params.select_s),
        # An open that nobody acknowledged is late all the same.
        "answer_s": ns(min(params.answer_s, travel_s)),
        "travel_s": ns(travel_s),
        "retry_s": ns(params.retry_s),
        "recharge_s": ns(params.recharge_s),
    }


def command(view: View, task: Task, params: Params) -> Command:
    """Return the command of a task that the interlocks have let pass."""
    wish = task.wish
    codes = view.site.equipment[wish.equipment].kind.points["command"].states
    aside = f"; {', '.join(task.bypass)} set aside by {task.user} and {task.approver}"
    return Command(
        id=task.command_id,
        epoch=view.epoch,
        equipment=wish.equipment,
        point=wish.point,
        action=wish.action,
        value=float(codes.index(wish.action)),
        owner=task.user or wish.owner,
        reason=wish.reason,
        interlock="passed" + aside * bool(task.bypass),
        issued_at_ns=view.now_ns,
        expires_at_ns=view.now_ns + _waits_ns(wish.action, params)["answer_s"],
    )


def tell(view: View, task: Task, name: str, why: str = "") -> Happening:
    """Return the event of a task that has come a step further."""
    wish = task.wish
    verbs = {
        "command_sent": "told to",
        "command_verified": "seen to",
        "command_failed": "did not",
        "breaker_failure": "was told and failed to",
    }
    verb = verbs[name]
    if name == "command_verified" and not shows(view, wish):
        verb = "acknowledged to"
    return view.event(
        wish.equipment,
        name,
        f"{wish.equipment} {verb} {wish.action} ({why or wish.reason})",
        action=wish.action,
        owner=task.user or wish.owner,
        command_id=task.command_id,
        attempts=task.attempts,
        **_behind(task),
    )


def refusal(view: View, task: Task, interlock: str, text: str) -> Happening:
    """Return the event of a task that may not go on."""
    return view.event(
        task.wish.equipment,
        "command_refused",
        f"{task.wish.equipment} {task.wish.action} refused: {text}",
        action=task.wish.action,
        owner=task.user or task.wish.owner,
        interlock=interlock,
        **_behind(task),
    )


def _behind(task: Task) -> dict[str, str]:
    """Return which selection is behind a task, where a person's is."""
    if not task.selection:
        return {}
    return {"selection": task.selection, "user": task.user, "approver": task.approver}
