"""The last stage of a lane for actions: who wants what, one task for each, and their commands.

Theory of operation. An automaton says what it wants in every scan in which it wants it; the first
that names a device is heard. The path acts on a wish once: a task that has ended stays, spent,
until the wish has gone away. A close that failed is told to the automata as a fact, so that they
may find another way. The other lane asks once, by a signed request, and counts as an automaton.
Persons come to the desk (`selection`); what they operate becomes a task like any other. A request
that a person signs alone is a selection operated at once, which where a second person has to
approve is refused until then.

Of two automata that want one device the first in the order of the lane has it. The other goes on
wanting and is heard when the device is free, as is one that finds a person's action under way: only
who asks once can lose an order by that, and is told.

One task is outstanding per device. An `open` takes its place while it is a close, whoever asks;
nothing else does, and an automaton displaces what a person has selected and not operated. Emergency
power off and fire trip are rows of the interlocks that nobody sets aside.

What a person operates at a scheme as a whole (a reset, a black start) is no action of a device: it
stands for one scan among the facts (`accepted`), where the scheme finds it and answers. A tag that
they hang or take off stands among the facts for good (`tags`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, NamedTuple

from annotated_types import Gt, Le

from daemon.core import tags
from daemon.core.facts import Undone
from daemon.core.interlocks import CLOSE, wear
from daemon.core.operation.selection import Chosen, Desk, Refusal, unusable
from daemon.core.operation.selection import obeys as is_action
from daemon.core.operation.task import (
    OVER,
    UNDER_WAY,
    News,
    Stage,
    Task,
    command,
    move,
    reached,
    refusal,
    shows,
    tell,
)
from daemon.core.view import Turn
from daemon.model.commands import (
    TAG,
    Command,
    LaneMessage,
    OperatorRequest,
    Proposal,
)

if TYPE_CHECKING:
    from daemon.core.tags import Tags
    from daemon.core.view import View
    from daemon.model.commands import Request
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site


@dataclass(frozen=True, slots=True)
class Params:
    """Times of the operation path, and where it takes two persons.

    Attributes:
        select_s: a selection that nobody operates, or the interlocks do not let pass, is void after
            this; where it was approved, after its approval [s].
        approve_s: a selection that a second person has to approve is void after this [s].
        second_approver: what a second person has to approve: `breaker_close` (at medium voltage),
            `black_start`, `bypass` (of an interlock; without it nobody may set one aside).
        answer_s: a device answers within this; a command expires after it [s].
        open_s: a breaker told to open is open within this, else it has failed [s]; with a scan of
            the main lane it leaves an alarm within 0.3 s of the command.
        close_s: a breaker told to close is closed within this [s].
        sync_s: window of a synchronised close, the device's own and a margin [s].
        load_s: a load told to shut down shows within this that it does [s].
        act_s: any other device shows within this that it acts [s].
        retry_s: a missed close is judged for its retry within this [s].
        recharge_s: longest wait for the spring before the retry [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    select_s: Annotated[float, Gt(0), Le(60)] = 5.0
    approve_s: Annotated[float, Gt(0), Le(600)] = 60.0
    second_approver: tuple[Literal["breaker_close", "black_start", "bypass"], ...] = ()
    answer_s: Annotated[float, Gt(0), Le(5)] = 1.0
    open_s: Annotated[float, Gt(0), Le(0.3)] = 0.19
    close_s: Annotated[float, Gt(0), Le(5)] = 0.5
    sync_s: Annotated[float, Gt(0), Le(60)] = 12.0
    load_s: Annotated[float, Gt(0), Le(60)] = 3.0
    act_s: Annotated[float, Gt(0), Le(60)] = 5.0
    retry_s: Annotated[float, Gt(0), Le(5)] = 0.1
    recharge_s: Annotated[float, Gt(0), Le(60)] = 12.0


@dataclass(frozen=True, slots=True)
class State:
    """What is outstanding, and what persons may not repeat.

    Attributes:
        tasks: outstanding and spent, by equipment.
        chosen: selections that wait for approval or to be operated, by id.
        ended: what became of earlier selections and requests, by id, oldest first.
        undone: last action that a device was told and did not do, by equipment, until it shows it
            or what it was told since.
        operated: when each device was told something that wears it out, within the last hour, by
            the daemon before as well [ns].
    """

    tasks: Mapping[str, Task] = field(default_factory=dict)
    chosen: Mapping[str, Chosen] = field(default_factory=dict)
    ended: Mapping[str, str] = field(default_factory=dict)
    undone: Mapping[str, str] = field(default_factory=dict)
    operated: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


ENDED_KEPT: Final = 1024
"""Ids of selections and requests that are remembered, so that none is taken twice."""
_NOTHING: Final = State()
_ASKED: Final = "asked for once"
_SETPOINTS: Final = frozenset({"set", "release"})


class _Wish(NamedTuple):
    """What is wanted of a device in this scan."""

    proposal: Proposal
    user: str = ""
    chosen: Chosen | None = None


class _Heard(NamedTuple):
    """What came of the mail of a scan."""

    wishes: Mapping[str, _Wish]
    chosen: Mapping[str, Chosen]
    ended: Mapping[str, str]
    accepted: tuple[OperatorRequest, ...]
    events: tuple[Happening, ...]
    hung: Tags


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is outstanding."""
    return State()


def step(view: View, state: State, params: Params, proposals: tuple[Proposal, ...]) -> Turn[State]:
    """Take up wishes, move every task on, and make the commands that are due."""
    operated = wear.within_the_hour(view, state.operated)
    heard = _hear(view, state, operated, params, proposals)
    events = list(heard.events)
    tasks, displaced = _taken_up(view, state.tasks, heard.wishes)
    events += displaced
    outcomes = {m.command_id: m for m in view.outcomes} if tasks else {}
    wanted = {name: wish.proposal.action for name, wish in heard.wishes.items()}
    commands: list[Command] = []
    worn = False
    for name, task in list(tasks.items()):
        # What one device has just been told is under way for the next.
        news = News(outcomes, _under_way(tasks.values()), wanted, operated)
        after, happened = move(view, task, news, params)
        events += happened
        if after.stage is Stage.SENT and task.stage is not Stage.SENT:
            after = replace(
                after,
                command_id=view.next_id + len(commands),
                sent_ns=view.now_ns,
                attempts=task.attempts + 1,
            )
            commands.append(command(view, after, params))
            events.append(tell(view, after, "command_sent"))
            if task.wish.action in wear.COUNTED and view.site.equipment[name].nature in wear.MOST:
                operated[name] = (*operated.get(name, ()), view.now_ns)
                worn = True
        if after.stage is Stage.GONE:
            del tasks[name]
        elif after is not task:
            tasks[name] = after
    undone = _undone(view, state.undone, tasks)
    some = tasks or heard.chosen or heard.ended or undone or operated
    messages = _word(view, undone) if undone != state.undone else ()
    requests: tuple[Request, ...] = (wear.told(view, operated),) if worn else ()
    facts = _facts(view, _not_closed(tasks), heard.accepted, undone)
    if heard.hung != view.facts.tags:
        word, kept = tags.told(view.lane, heard.hung)
        messages, requests = (*messages, word), (*requests, kept)
        facts = {**(facts or {}), "tags": heard.hung}
    return Turn(
        State(tasks, heard.chosen, heard.ended, undone, operated) if some else _NOTHING,
        events=tuple(events),
        messages=messages,
        requests=requests,
        facts=facts,
        commands=tuple(commands),
    )


def _under_way(tasks: Iterable[Task]) -> dict[str, str]:
    """Return the actions that devices have been told and may yet do."""
    return {t.wish.equipment: t.wish.action for t in tasks if t.stage in UNDER_WAY}


def _hear(
    view: View,
    state: State,
    operated: Mapping[str, tuple[int, ...]],
    params: Params,
    proposals: tuple[Proposal, ...],
) -> _Heard:
    """Sort out what is wanted: automata first, then the mail in its order."""
    wishes: dict[str, _Wish] = {}
    for wish in proposals:
        wishes.setdefault(wish.equipment, _Wish(wish))
    mail = view.mail
    if not mail and not state.chosen:
        return _Heard(wishes, state.chosen, state.ended, (), (), view.facts.tags)

    def occupied(wish: Proposal) -> Refusal | None:
        return _occupied(state.tasks, wishes, wish)

    news = News({}, _under_way(state.tasks.values()), {}, operated)
    desk = Desk(view, params, state.chosen, state.ended, occupied, news)
    desk.lapse({name: wish.user or wish.proposal.owner for name, wish in wishes.items()})
    accepted: list[OperatorRequest] = []
    hung = view.facts.tags
    for message in mail:
        if not isinstance(message, OperatorRequest):
            desk.hear(message)
        elif message.proposal.action in _SETPOINTS and message.proposal.point != TAG:
            pass  # arbitration hears of it
        elif message.user.startswith("lane:"):
            _ask(view, desk, message, wishes, occupied)
        elif message.proposal.action != "reset" or is_action(view.site, message.proposal):
            desk.ask(message)  # of a reset the scheme hears by itself
        while desk.operated:
            one = desk.operated.pop()
            if is_action(view.site, one.wish):
                wishes[one.wish.equipment] = _Wish(one.wish, one.user, one)
            if one.wish.point == TAG:
                hung = tags.changed(view.site, hung, one.user, one.wish)
            elif one.wish.equipment in view.site.schemes:
                accepted.append(OperatorRequest(one.id, one.user, one.wish))
    ended = dict(list(desk.ended.items())[-ENDED_KEPT:])
    return _Heard(wishes, desk.chosen, ended, tuple(accepted), tuple(desk.events), hung)


def _ask(
    view: View,
    desk: Desk,
    message: OperatorRequest,
    wishes: dict[str, _Wish],
    occupied: Callable[[Proposal], Refusal | None],
) -> None:
    """Take up what the other lane asks for, once."""
    if message.id in desk.ended:
        return
    desk.ended[message.id] = _ASKED
    wish = message.proposal
    if problem := unusable(view, wish) or occupied(wish):
        asked = Task(wish, message.user, Stage.SELECTED, view.now_ns)
        desk.events.append(refusal(view, asked, *problem))
    else:
        wishes[wish.equipment] = _Wish(wish, message.user)
        desk.lapse({wish.equipment: message.user})


def _taken_up(
    view: View, before: Mapping[str, Task], wishes: Mapping[str, _Wish]
) -> tuple[dict[str, Task], list[Happening]]:
    """Return the tasks with those for new wishes, and what to say of those that made room."""
    tasks = dict(before)
    events: list[Happening] = []
    for name, wish in wishes.items():
        task = tasks.get(name)
        if task is not None and not _gives_way(task, wish):
            continue
        if task is not None and task.user and task.stage not in OVER:
            who = wish.user or wish.proposal.owner
            why = f"{who} wants it to {wish.proposal.action}"
            events.append(tell(view, task, "command_failed", why))
        overtakes = task is not None and (task.stage in UNDER_WAY or _in_vain(task))
        tasks[name] = Task(
            wish.proposal, wish.user, Stage.SELECTED, view.now_ns, overtakes=overtakes
        )
        if wish.chosen is not None:
            one = wish.chosen
            tasks[name] = replace(
                tasks[name], selection=one.id, approver=one.approver, bypass=one.bypass
            )
    return tasks, events


def _in_vain(task: Task) -> bool:
    """Return whether a task was a close that was told and is not seen to have been done."""
    return task.stage is Stage.FAILED and task.attempts > 0 and task.wish.action in CLOSE


def _occupied(
    tasks: Mapping[str, Task], wishes: Mapping[str, _Wish], wish: Proposal
) -> Refusal | None:
    """Return what of a device a wish runs into."""
    task = tasks.get(wish.equipment)
    if task and task.stage not in OVER and not _gives_way(task, _Wish(wish)):
        who = task.user or task.wish.owner
        return Refusal("selected", f"{who} has selected it to {task.wish.action}")
    if (other := wishes.get(wish.equipment)) is not None:
        who = other.user or other.proposal.owner
        return Refusal("selected", f"{who} wants it to {other.proposal.action}")
    return None


def _gives_way(task: Task, wish: _Wish) -> bool:
    """Return whether a task makes room for another wish for the same device."""
    other = task.wish.action != wish.proposal.action
    if task.stage in OVER:
        return other or bool(task.selection) or bool(wish.user)
    return other and wish.proposal.action == "open"


def _facts(
    view: View,
    not_closed: tuple[str, ...],
    accepted: tuple[OperatorRequest, ...],
    undone: Mapping[str, str],
) -> dict[str, object] | None:
    """Return the facts of the path that are others now."""
    facts: dict[str, object] = {}
    if not_closed != view.facts.not_closed:
        facts["not_closed"] = not_closed
    if accepted != view.facts.accepted:
        facts["accepted"] = accepted
    if view.lane == "main" and (own := _left_undone(undone)) != view.facts.commands:
        facts["commands"] = own
    return facts or None


def _not_closed(tasks: Mapping[str, Task]) -> tuple[str, ...]:
    """Return which switches will not close however long that is wanted."""
    return tuple(
        name
        for name, task in tasks.items()
        if task.stage is Stage.FAILED and task.wish.action in CLOSE
    )


def _undone(view: View, before: Mapping[str, str], tasks: Mapping[str, Task]) -> Mapping[str, str]:
    """Return which devices have not done what they were told, and what that was."""
    undone = dict(before)
    for name, task in tasks.items():
        if task.stage is Stage.VERIFIED:
            undone.pop(name, None)
        elif task.attempts and (task.late or task.stage is Stage.FAILED) and shows(view, task.wish):
            undone[name] = task.wish.action
    for name, action in list(undone.items()):
        if reached(view, Proposal(name, "command", action, 0.0, "", "")):
            del undone[name]
    return undone


def _word(view: View, undone: Mapping[str, str]) -> tuple[LaneMessage, ...]:
    """Return what the main lane is told of commands that were not done, for its alarms."""
    if view.lane == "main":
        return ()
    return (LaneMessage(view.lane, "commands", asdict(_left_undone(undone))),)


def _left_undone(undone: Mapping[str, str]) -> Undone:
    late = tuple(sorted(name for name, action in undone.items() if action == "open"))
    return Undone(late, tuple(sorted(name for name in undone if name not in late)))
