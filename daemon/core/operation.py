"""The operation path: the one way in which anything is switched, for automata and people alike.

Theory of operation. A proposal *selects* its device: one outstanding selection per device, void
after `select_s`. A selected action asks the interlocks each scan; when they let it pass it becomes
one `Command` with an expiry, and is SENT. The device's acknowledgement only means that it will try:
MOVING ends when the plant itself shows the new position within the time of that action. No or no
clear answer makes it DOUBTFUL: the device may have acted, so nothing is sent again and the position
alone decides. A command that expired in a busy queue has reached nobody: its task is selected anew,
interlocks and all, up to `QUEUED` times. A close that was acknowledged and did not happen is tried
once more, after the spring is charged; an open is not: that is a breaker failure.

An automaton says what it wants in every scan in which it wants it. The path acts on that once: a
task that has ended stays, spent, until the wish has gone away; a close that failed is told to the
automata as a fact, so that they may find another way. An `open` takes the place of an
outstanding close; nothing else displaces a selection.

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
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Gt, Le

from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.interlocks import CLOSE, Case, check
from daemon.core.view import Turn
from daemon.model.commands import Command, LaneMessage, Proposal, Result
from daemon.model.natures import Position
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.commands import Outcome
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site


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
_OVER: Final = frozenset({Stage.VERIFIED, Stage.FAILED, Stage.GONE})
_UNDER_WAY: Final = frozenset(Stage) - _OVER - {Stage.SELECTED}


@dataclass(frozen=True, slots=True)
class Params:
    """Times of the operation path.

    Attributes:
        select_s: a selection that the interlocks do not let pass is void after this [s].
        answer_s: a device answers within this; a command expires after it [s].
        open_s: a breaker told to open is open within this, else it has failed [s]; with a scan of
            the main lane it leaves an alarm within 0.3 s of the command.
        close_s: a breaker told to close is closed within this [s].
        sync_s: window of a synchronised close, the device's own and a margin [s].
        act_s: any other device shows within this that it acts [s].
        retry_s: a missed close is judged for its retry within this [s].
        recharge_s: longest wait for the spring before the retry [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    select_s: Annotated[float, Gt(0), Le(60)] = 5.0
    answer_s: Annotated[float, Gt(0), Le(5)] = 1.0
    open_s: Annotated[float, Gt(0), Le(0.3)] = 0.19
    close_s: Annotated[float, Gt(0), Le(5)] = 0.5
    sync_s: Annotated[float, Gt(0), Le(60)] = 12.0
    act_s: Annotated[float, Gt(0), Le(60)] = 5.0
    retry_s: Annotated[float, Gt(0), Le(5)] = 0.1
    recharge_s: Annotated[float, Gt(0), Le(60)] = 12.0


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


@dataclass(frozen=True, slots=True)
class State:
    """Outstanding and spent tasks by equipment, and requests already taken."""

    tasks: Mapping[str, Task] = field(default_factory=dict)
    taken: tuple[str, ...] = ()
    undone: Mapping[str, str] = field(default_factory=dict)
    """Last action that a device was told and did not do, by equipment, until it shows it or what it
    was told since."""


_TAKEN_KEPT: Final = 64
QUEUED: Final = 4
"""Commands made for one task, all of which expired unsent, before it is given up."""


class _Wishes(NamedTuple):
    """What is wanted this scan, by equipment: the first to ask, with the user if a person."""

    by_equipment: Mapping[str, tuple[Proposal, str]]
    taken: tuple[str, ...]
    events: tuple[Happening, ...]


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is outstanding."""
    return State()


def step(view: View, state: State, params: Params, proposals: tuple[Proposal, ...]) -> Turn[State]:
    """Take up wishes, move every task on, and make the commands that are due."""
    wishes = _collect(view, state, proposals)
    tasks = dict(state.tasks)
    for name, (wish, user) in wishes.by_equipment.items():
        task = tasks.get(name)
        if task is None or _gives_way(task, wish):
            tasks[name] = Task(wish, user, Stage.SELECTED, view.now_ns)
    commands: list[Command] = []
    events = list(wishes.events)
    outcomes = {m.command_id: m for m in view.outcomes} if tasks else {}
    for name, task in list(tasks.items()):
        wanted = wishes.by_equipment.get(name)
        under_way = {n: t.wish.action for n, t in tasks.items() if t.stage in _UNDER_WAY}
        after, happened = _move(view, task, outcomes, under_way, wanted, params)
        events += happened
        if after.stage is Stage.SENT and task.stage is not Stage.SENT:
            after = replace(
                after,
                command_id=view.next_id + len(commands),
                sent_ns=view.now_ns,
                attempts=task.attempts + 1,
            )
            commands.append(_command(view, after, params))
            events.append(_tell(view, after, "command_sent"))
        if after.stage is Stage.GONE:
            del tasks[name]
        elif after is not task:
            tasks[name] = after
    undone = _undone(view, state.undone, tasks)
    not_closed = _not_closed(tasks)
    some = tasks or wishes.taken or undone
    return Turn(
        State(tasks, wishes.taken, undone) if some else _NOTHING,
        events=tuple(events),
        messages=() if undone == state.undone else (_word(view, undone),),
        facts=None if not_closed == view.facts.not_closed else {"not_closed": not_closed},
        commands=tuple(commands),
    )


_NOTHING: Final = State()


def _collect(view: View, state: State, proposals: tuple[Proposal, ...]) -> _Wishes:
    """Sort out what is wanted: people first come, but an automaton's open outranks them."""
    by_equipment: dict[str, tuple[Proposal, str]] = {}
    for wish in proposals:
        by_equipment.setdefault(wish.equipment, (wish, ""))
    taken, events = list(state.taken), []
    for message in view.requests:
        if message.id in taken:
            continue
        wish = message.proposal
        if (problem := _unusable(view, wish)) is None:
            if wish.point != "command" or _of_scheme(view, wish):
                continue  # a scheme's own business, such as its reset
            problem = _occupied(state, by_equipment, wish)
        taken.append(message.id)
        if problem:
            events.append(_refusal(view, wish, message.user, *problem))
        else:
            by_equipment[wish.equipment] = (wish, message.user)
    return _Wishes(by_equipment, tuple(taken[-_TAKEN_KEPT:]), tuple(events))


def _of_scheme(view: View, wish: Proposal) -> bool:
    """Return whether a wish is for a scheme as a whole, which may be named as its controller is."""
    item = view.site.equipment.get(wish.equipment)
    own = wish.equipment in view.site.schemes and wish.action in {"reset", "black_start"}
    return own and (item is None or wish.action not in item.kind.commands())


def _unusable(view: View, wish: Proposal) -> tuple[str, str] | None:
    """Return name and text of what is wrong with a request in itself."""
    item = view.site.equipment.get(wish.equipment)
    if _of_scheme(view, wish):
        return None
    if item is None:
        if wish.equipment not in view.site.schemes:
            return "unknown", "there is no such equipment"
        return "unknown", "a scheme obeys reset and black_start alone"
    if wish.point == "command" and wish.action not in item.kind.commands():
        return "unknown", f"it obeys {', '.join(item.kind.commands()) or 'no command'}"
    if wish.point == "command" and view.points.find(wish.equipment, "command") is None:
        return "unknown", "its device takes no commands"
    return None


def _occupied(
    state: State, wanted: Mapping[str, tuple[Proposal, str]], wish: Proposal
) -> tuple[str, str] | None:
    """Return name and text of the selection that a request runs into."""
    task = state.tasks.get(wish.equipment)
    if task and task.stage not in _OVER and not _gives_way(task, wish):
        return "selected", f"{task.user or task.wish.owner} has selected it to {task.wish.action}"
    if wish.equipment in wanted:
        holder = wanted[wish.equipment][0]
        return "selected", f"{holder.owner} wants it to {holder.action}"
    return None


def _gives_way(task: Task, wish: Proposal) -> bool:
    """Return whether a task makes room for another wish for the same device."""
    if task.wish.action == wish.action:
        return False
    return task.stage in _OVER or wish.action == "open"


def _move(
    view: View,
    task: Task,
    outcomes: Mapping[int, Outcome],
    under_way: Mapping[str, str],
    wanted: tuple[Proposal, str] | None,
    params: Params,
) -> tuple[Task, list[Happening]]:
    """Return a task after this scan, and what there is to say about it."""
    events, refused = _evidence(view, task, outcomes, under_way, wanted)
    stage, since_ns = advance(
        TASK, (task.stage, task.since_ns), events, view, _waits_ns(task.wish.action, params)
    )
    told: list[Happening] = []
    if refused and refused[0] != task.refused_by:
        told.append(_refusal(view, task.wish, task.user, *refused))
        task = replace(task, refused_by=refused[0])
        if task.user:  # a person is told at once and may ask again
            return replace(task, stage=Stage.GONE, since_ns=view.now_ns), told
    if _fails_to_open(view, task, stage, params):
        told.append(_tell(view, task, "breaker_failure"))
        task = replace(task, late=True)
    if stage is task.stage:
        return task, told
    after = replace(task, stage=stage, since_ns=since_ns)
    if stage is Stage.VERIFIED and task.attempts:
        told.append(_tell(view, after, "command_verified"))
    elif stage is Stage.FAILED:
        told.append(_tell(view, after, "command_failed"))
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


def _evidence(
    view: View,
    task: Task,
    outcomes: Mapping[int, Outcome],
    under_way: Mapping[str, str],
    wanted: tuple[Proposal, str] | None,
) -> tuple[list[Event], tuple[str, str] | None]:
    """Return the events of a task this scan, and name and text of an interlock that refuses."""
    still = wanted is not None and wanted[0].action == task.wish.action
    if task.stage in _OVER:
        return ([] if still else [Event.WITHDRAWN]), None
    events = [Event.REACHED] if reached(view, task.wish) else []
    refused = None
    if (outcome := outcomes.get(task.command_id)) is not None:
        answer = _ANSWERS[outcome.result]
        given_up = answer is Event.UNSENT and task.attempts >= QUEUED
        events.append(Event.REFUSED if given_up else answer)
    if not still and task.stage in {Stage.SELECTED, Stage.RECHARGING}:
        events.append(Event.WITHDRAWN)
    if task.stage is Stage.SELECTED and not events:
        case = Case(
            view, task.wish, under_way, bool(task.user) and not task.user.startswith("lane:")
        )
        verdict = check(case)
        if verdict.refused_by:
            refused = (verdict.refused_by, verdict.text)
        else:
            events.append(Event.CLEARED)
    if task.stage is Stage.MISSED and task.wish.action == "close" and task.attempts == 1 and still:
        events.append(Event.MAY_RETRY)
    if task.stage is Stage.RECHARGING and _charged(view, task.wish.equipment) and still:
        events.append(Event.CHARGED)
    return events, refused


_ANSWERS: Final = {
    Result.ACKNOWLEDGED: Event.ACKNOWLEDGED,
    Result.REFUSED: Event.REFUSED,
    Result.EXPIRED: Event.UNSENT,
    Result.FAILED: Event.UNANSWERED,
}


def _charged(view: View, equipment: str) -> bool:
    served = view.points.find(equipment, "spring_charged") is not None
    return not served or view.status(equipment, "spring_charged") is True


_TURNING: Final = frozenset({"cranking", "resting", "starting", "running_up", "ready", "loaded"})
_SHOWN: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "start": ("stage", _TURNING),
    "stop": ("stage", frozenset({"cooling_down", "stopped"})),
    "to_source_1": ("connected", frozenset({"source_1"})),
    "to_source_2": ("connected", frozenset({"source_2"})),
    "rejoin": ("stage", frozenset({"on_grid"})),
}
"""By action, the stage point of the device and the stages that show that it acted."""


def reached(view: View, wish: Proposal) -> bool:
    """Return whether the plant shows what a wish is for."""
    if "position" in view.site.equipment[wish.equipment].kind.points:
        position = view.position(wish.equipment)
        if wish.action == "open":
            return position is Position.OPEN
        return wish.action in CLOSE and position is Position.CLOSED
    point, stages = _SHOWN.get(wish.action, ("", frozenset()))
    return bool(point) and view.stage(wish.equipment, point) in stages


def _undone(view: View, before: Mapping[str, str], tasks: Mapping[str, Task]) -> Mapping[str, str]:
    """Return which devices have not done what they were told, and what that was."""
    undone = dict(before)
    for name, task in tasks.items():
        if task.stage is Stage.VERIFIED:
            undone.pop(name, None)
        elif task.attempts and (task.late or task.stage is Stage.FAILED) and _shows(view, task):
            undone[name] = task.wish.action
    for name, action in list(undone.items()):
        if reached(view, Proposal(name, "command", action, 0.0, "", "")):
            del undone[name]
    return undone


def _not_closed(tasks: Mapping[str, Task]) -> tuple[str, ...]:
    """Return which switches will not close however long that is wanted."""
    return tuple(
        name
        for name, task in tasks.items()
        if task.stage is Stage.FAILED and task.wish.action in CLOSE
    )


def _shows(view: View, task: Task) -> bool:
    """Return whether the plant can show what a task is for; a reset, for one, shows nothing."""
    action = task.wish.action
    if "position" in view.site.equipment[task.wish.equipment].kind.points:
        return action == "open" or action in CLOSE
    return action in _SHOWN


def _word(view: View, undone: Mapping[str, str]) -> LaneMessage:
    """Return what the main lane is told of commands that were not done, for its alarms."""
    late = tuple(sorted(name for name, action in undone.items() if action == "open"))
    rest = tuple(sorted(name for name in undone if name not in late))
    return LaneMessage(view.lane, "commands", {"not_opened": late, "not_done": rest})


def _waits_ns(action: str, params: Params) -> dict[str, int]:
    """Return the times of an action by the names the table uses [ns]."""
    travel_s = {
        "open": params.open_s,
        "close": params.close_s,
        "close_in_sync": params.sync_s,
    }.get(action, params.act_s)
    return {
        "select_s": ns(params.select_s),
        # An open that nobody acknowledged is late all the same.
        "answer_s": ns(min(params.answer_s, travel_s)),
        "travel_s": ns(travel_s),
        "retry_s": ns(params.retry_s),
        "recharge_s": ns(params.recharge_s),
    }


def _command(view: View, task: Task, params: Params) -> Command:
    wish = task.wish
    codes = view.site.equipment[wish.equipment].kind.points["command"].states
    return Command(
        id=task.command_id,
        epoch=view.epoch,
        equipment=wish.equipment,
        point=wish.point,
        action=wish.action,
        value=float(codes.index(wish.action)),
        owner=task.user or wish.owner,
        reason=wish.reason,
        interlock="passed",
        issued_at_ns=view.now_ns,
        expires_at_ns=view.now_ns + _waits_ns(wish.action, params)["answer_s"],
    )


def _tell(view: View, task: Task, name: str) -> Happening:
    wish = task.wish
    verbs = {
        "command_sent": "told to",
        "command_verified": "seen to",
        "command_failed": "did not",
        "breaker_failure": "was told and failed to",
    }
    return view.event(
        wish.equipment,
        name,
        f"{wish.equipment} {verbs[name]} {wish.action} ({wish.reason})",
        action=wish.action,
        owner=task.user or wish.owner,
        command_id=task.command_id,
        attempts=task.attempts,
    )


def _refusal(view: View, wish: Proposal, user: str, interlock: str, text: str) -> Happening:
    return view.event(
        wish.equipment,
        "command_refused",
        text,
        action=wish.action,
        owner=user or wish.owner,
        interlock=interlock,
    )
