"""The alarm controller: from conditions in the image to what a person is shown.

Each scan judges every condition at once (`conditions`), lets on- and off-delays run on the
monotonic time of the image, hides what follows from a cause already shown (`suppression`), and
moves the alarms concerned along the table of `life_cycle`. People speak through the inbox: an
`Acknowledgement` names the occurrence it has seen; reset, shelving and service come as operator
requests on the point `alarm` of the alarm id. What cannot be done is refused by name in an event.

The state holds only alarms that have ever left normal, and timers that run. An alarm that is
suppressed while it rests in A stays there and enters H when its condition comes: there is nothing
to hide before. Every entry into B is a new occurrence. First-out of a group is the alarm whose
condition began first, be its delay longer than that of a consequence; of several in one image the
one that stands first in the site file, and conclusions about the whole site come last.

A link that comes and goes faster than its alarm is delayed would never be told of, and what hangs
on it instead. So an on-delay of silence goes on while the silence is away for less than that delay,
and hides its consequences meanwhile.

A meter that is condemned neither raises an alarm nor hides one: limits are held against what it
should show, and the alarm says so by the quality of its value (`core.best`).

Owns no actuator. Says nothing when nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Interval

from daemon.core.alarms.conditions import Condition, Flags, Plan, compile_rules
from daemon.core.alarms.judging import Said, Steady, judge, look, said_of, unread
from daemon.core.alarms.life_cycle import ANNUNCIATED, UNSEEN, Event, Stage, follow
from daemon.core.alarms.rules import Rules
from daemon.core.alarms.suppression import Void, consequences, lay, void
from daemon.core.best import corrected
from daemon.core.view import Turn
from daemon.model.commands import Acknowledgement, OperatorRequest
from daemon.model.events import AlarmTransition
from daemon.model.quality import Quality
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

ALARM_POINT: Final = "alarm"
"""Point name of operator requests that are about an alarm id."""


@dataclass(frozen=True, slots=True)
class Params:
    """Rules of the site and limits on what people may hide.

    Attributes:
        rules: entries by class, in place of those from `config/alarms/`.
        longest_shelf_s: nothing is shelved for longer [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    rules: Rules = field(default_factory=dict)
    longest_shelf_s: Annotated[float, Interval(gt=0.0, le=28_800.0)] = 28_800.0


@dataclass(frozen=True, slots=True)
class Life:
    """What is remembered of one alarm.

    Attributes:
        stage: letter of the diagram.
        active: whether its condition holds, delays included; followed in every stage.
        occurrence: how often it has been annunciated.
        began_ns: when the condition of this occurrence began, before its delay [ns].
        changed_at_ns: when the stage last changed [ns].
        first_out: whether it was the first of its group.
        shelved_until_ns: end of the shelf time, 0 when not shelved [ns].
    """

    stage: Stage = Stage.NORMAL
    active: bool = False
    occurrence: int = 0
    began_ns: int = 0
    changed_at_ns: int = 0
    first_out: bool = False
    shelved_until_ns: int = 0


class State(NamedTuple):
    """Lives and running delays by alarm id."""

    lives: Mapping[str, Life] = {}
    timers_ns: Mapping[str, int] = {}
    """When a condition that waits for its delay began to differ [ns]."""
    gaps_ns: Mapping[str, int] = {}
    """Of these, since when a silence has been away whose on-delay goes on [ns]."""


class _Dense(NamedTuple):
    """The state as arrays over the conditions; a cache of values."""

    active: Flags
    shown: Flags
    """In A to G with something to show."""
    hidden: Flags
    """Suppressed by design."""
    shelf_ends_ns: int
    """Earliest end of a shelf time [ns]."""


_NEVER: Final = 1 << 62
_REST: Final = Life()


class _Kept:
    """What is made from values and kept from scan to scan; it never changes a result."""

    def __init__(self, site: Site, points: PointTable, params: Params) -> None:
        self.params = params
        self.plan = compile_rules(params.rules, site, points)
        self.said = Said(self.plan)
        self.steady: Steady | None = None
        self.void: Void | None = None
        self.state: State | None = None
        self.dense: _Dense | None = None
        self.quiet: tuple[_Dense, Void, bytes] | None = None

    def is_quiet(self, dense: _Dense, found: Void, held: bytes) -> bool:
        """Return whether the same conditions, `held` as bytes, led to nothing the last time."""
        quiet = self.quiet
        return quiet is not None and quiet[0] is dense and quiet[1] is found and quiet[2] == held

    def look(self, view: View, state: State) -> tuple[_Dense, Steady, Void]:
        """Return what goes with this state and this scan, made anew only where they moved."""
        if self.dense is None or self.state is not state:
            self.state, self.dense = state, _dense(self.plan, state)
        self.steady = look(self.plan, view.image, self.steady)
        self.void = lay(self.plan, view, self.steady, self.void)
        return self.dense, self.steady, self.void


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every alarm rests in A."""
    return State()


def plan_of(site: Site, points: PointTable, params: Params) -> Plan:
    """Return the compiled rules of a site, kept as long as its point table lives."""
    return _kept_of(site, points, params).plan


def _kept_of(site: Site, points: PointTable, params: Params) -> _Kept:
    kept: _Kept | None = points.derived.get(_Kept)
    if kept is None or kept.params is not params:
        kept = points.derived[_Kept] = _Kept(site, points, params)
    return kept


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Judge every condition and move the alarms that changed."""
    kept = _kept_of(view.site, view.points, params)
    plan = kept.plan
    if view.estimate is not None and view.estimate.suspects:
        view = replace(view, image=corrected(view.image, view.estimate))
    dense, steady, found = kept.look(view, state)
    said = kept.said.hear(view)
    raw = judge(plan, view.image, dense.active, steady, said)
    held = raw.tobytes()
    called = bool(view.inbox) or view.now_ns >= dense.shelf_ends_ns
    if not called and kept.is_quiet(dense, found, held):
        return Turn(state)
    senseless = void(plan, found, dense.hidden)
    raw &= ~senseless
    hide = senseless | consequences(plan, raw | dense.active | _waiting(plan, state))
    if (lost := unread(plan, steady)) is not None:
        hide |= dense.hidden & consequences(plan, lost)
    differing = np.flatnonzero(raw != dense.active)
    quiet = (
        not len(differing)
        and not state.timers_ns
        and not called
        and not (hide & dense.shown).any()
        and not (dense.hidden & ~hide).any()
    )
    if quiet:
        kept.quiet = dense, found, held
        return Turn(state)
    book = _Book(view, plan, state, params)
    for place in np.flatnonzero(dense.hidden & ~hide).tolist():
        book.release(place, bool(raw[place]))
    for place in np.flatnonzero(hide & dense.shown).tolist():
        book.move(plan.conditions[place], Event.SUPPRESS)
    book.coming = np.flatnonzero(raw & ~dense.active & ~hide).tolist()
    for place in differing.tolist():
        book.wait(place, bool(raw[place]), bool(hide[place]))
    book.bridge(raw)
    book.hear()
    book.end_shelves()
    return Turn(book.state(), events=tuple(book.events))


def _waiting(plan: Plan, state: State) -> Flags:
    """Return which conditions (n_condition,) are silences in their delay."""
    waiting = np.zeros(len(plan.conditions), dtype=np.bool_)
    for name in state.timers_ns:
        place = plan.index.get(name)
        if place is not None and plan.conditions[place].rule.condition == "silent":
            waiting[place] = True
    return waiting


def _dense(plan: Plan, state: State) -> _Dense:
    active, shown, hidden = (np.zeros(len(plan.conditions), dtype=np.bool_) for _ in range(3))
    shelf_ends_ns = _NEVER
    for name, life in state.lives.items():
        place = plan.index.get(name)
        if place is None:
            continue
        active[place] = life.active
        hidden[place] = life.stage is Stage.SUPPRESSED
        out = life.stage in {Stage.SUPPRESSED, Stage.OUT_OF_SERVICE, Stage.NORMAL}
        shown[place] = not out
        if life.stage is Stage.SHELVED:
            shelf_ends_ns = min(shelf_ends_ns, life.shelved_until_ns)
    return _Dense(active, shown, hidden, shelf_ends_ns)


class _Book:
    """The alarms of one scan while it is being worked out."""

    def __init__(self, view: View, plan: Plan, state: State, params: Params) -> None:
        self.view, self.plan, self.params = view, plan, params
        self.before = state
        self.lives = dict(state.lives)
        self.timers_ns: dict[str, int] = {}
        self.gaps_ns: dict[str, int] = {}
        self.coming: list[int] = []
        """Conditions that hold and are not yet annunciated, hidden ones left out."""
        self.events: list[AlarmTransition | Happening] = []

    def state(self) -> State:
        """Return the state after this scan: the one before itself while delays only run on."""
        after = State(self.lives, self.timers_ns, self.gaps_ns)
        return self.before if after == self.before else after

    def life(self, name: str) -> Life:
        return self.lives.get(name, _REST)

    def wait(self, place: int, now_true: bool, hide: bool) -> None:
        """Let the delay of a condition that differs run, and act when it has run out."""
        condition = self.plan.conditions[place]
        since_ns = self.before.timers_ns.get(condition.id, self.view.now_ns)
        delays_ns = self.plan.on_delay_ns if now_true else self.plan.off_delay_ns
        if self.view.now_ns - since_ns < delays_ns[place]:
            self.timers_ns[condition.id] = since_ns
            return
        if not now_true and not self.life(condition.id).active:
            return  # it was over when it came out of suppression
        if not now_true:
            latching = condition.rule.latching
            self.move(condition, Event.CLEAR_LATCHING if latching else Event.CLEAR, active=False)
            return
        if hide and self.life(condition.id).stage is Stage.NORMAL:
            self.lives[condition.id] = replace(self.life(condition.id), stage=Stage.SUPPRESSED)
        self.move(condition, Event.RAISE, active=True)

    def bridge(self, raw: Flags) -> None:
        """Let the on-delay of a silence go on that is away for less than this delay."""
        for place in np.flatnonzero(_waiting(self.plan, self.before) & ~raw).tolist():
            name = self.plan.conditions[place].id
            since_ns = self.before.gaps_ns.get(name, self.view.now_ns)
            short = self.view.now_ns - since_ns < self.plan.on_delay_ns[place]
            if short and not self.life(name).active:
                self.timers_ns[name] = self.before.timers_ns[name]
                self.gaps_ns[name] = since_ns

    def release(self, place: int, holds: bool) -> None:
        """Bring an alarm out of suppression; one that is only in its off-delay is over."""
        condition = self.plan.conditions[place]
        active = holds and self.life(condition.id).active
        event = Event.RELEASE_ACTIVE if active else Event.RELEASE_INACTIVE
        self.move(condition, event, active=active)

    def move(
        self,
        condition: Condition,
        event: Event,
        *,
        active: bool | None = None,
        user: str = "",
        comment: str = "",
        shelved_until_ns: int = 0,
    ) -> str:
        """Follow the table and say so; return the name of the refusal, or ""."""
        life = self.life(condition.id)
        stage = follow(life.stage, event)
        if isinstance(stage, str):
            return stage
        fresh = stage is Stage.UNACKNOWLEDGED
        life = Life(
            stage=stage,
            active=life.active if active is None else active,
            occurrence=life.occurrence + fresh,
            began_ns=self.began_ns(condition.id) if fresh else life.began_ns,
            changed_at_ns=self.view.now_ns,
            first_out=self._is_first(condition) if fresh else life.first_out,
            shelved_until_ns=(
                shelved_until_ns or life.shelved_until_ns if stage is Stage.SHELVED else 0
            ),
        )
        self.lives[condition.id] = life
        self.events.append(_transition(self.view, condition, life, user, comment))
        return ""

    def began_ns(self, name: str) -> int:
        """Return since when a condition that waits for its delay has held [ns]."""
        return self.before.timers_ns.get(name, self.view.now_ns)

    def _is_first(self, condition: Condition) -> bool:
        """Return whether no other alarm of the group stands, or is coming, that began earlier."""
        group, conditions = condition.rule.group, self.plan.conditions
        if not group:
            return False
        mine = (self.began_ns(condition.id), condition.rank)
        for name, life in self.lives.items():
            place = self.plan.index.get(name)
            if place is None or life.stage not in ANNUNCIATED or name == condition.id:
                continue
            other = conditions[place]
            if other.rule.group == group and (life.first_out or (life.began_ns, other.rank) < mine):
                return False
        return not any(
            conditions[p].rule.group == group
            and (self.began_ns(conditions[p].id), conditions[p].rank) < mine
            for p in self.coming
        )

    def hear(self) -> None:
        """Do what people ask, or refuse it by name."""
        for message in self.view.inbox:
            if isinstance(message, Acknowledgement):
                refusal = self._acknowledge(message)
                alarm, wish = message.alarm_id, "acknowledge"
            elif isinstance(message, OperatorRequest) and message.proposal.point == ALARM_POINT:
                refusal = self._request(message)
                alarm, wish = message.proposal.equipment, message.proposal.action
            else:
                continue
            if refusal:
                self.events.append(
                    self.view.event(
                        alarm,
                        "alarm_request_refused",
                        f"{wish} of {alarm} by {message.user} refused: {refusal}",
                        request=wish,
                        user=message.user,
                        refusal=refusal,
                    )
                )

    def _acknowledge(self, message: Acknowledgement) -> str:
        place = self.plan.index.get(message.alarm_id)
        if place is None:
            return "no_such_alarm"
        if message.occurrence != self.life(message.alarm_id).occurrence:
            return "old_occurrence"
        return self.move(
            self.plan.conditions[place],
            Event.ACKNOWLEDGE,
            user=message.user,
            comment=message.comment,
        )

    def _request(self, message: OperatorRequest) -> str:
        wish = message.proposal
        place = self.plan.index.get(wish.equipment)
        if place is None:
            return "no_such_alarm"
        condition = self.plan.conditions[place]
        event = _wanted(wish.action, self.life(condition.id).active)
        if event is None:
            return "no_such_action"
        until_ns = 0
        if event is Event.SHELVE:
            if not 0.0 < wish.value <= self.params.longest_shelf_s:
                return "shelf_time_out_of_range"
            if condition.rule.priority == 1:
                return "priority_1_is_not_shelved"
            until_ns = self.view.now_ns + ns(wish.value)
        return self.move(
            condition,
            event,
            user=message.user,
            comment=wish.reason,
            shelved_until_ns=until_ns,
        )

    def end_shelves(self) -> None:
        """Bring back what has been shelved long enough."""
        for name, life in list(self.lives.items()):
            if life.stage is Stage.SHELVED and life.shelved_until_ns <= self.view.now_ns:
                place = self.plan.index.get(name)
                if place is not None:
                    event = Event.UNSHELVE_ACTIVE if life.active else Event.UNSHELVE_INACTIVE
                    self.move(self.plan.conditions[place], event)


def _wanted(action: str, active: bool) -> Event | None:
    return {
        "reset": Event.RESET,
        "shelve": Event.SHELVE,
        "unshelve": Event.UNSHELVE_ACTIVE if active else Event.UNSHELVE_INACTIVE,
        "out_of_service": Event.TAKE_OUT,
        "return_to_service": Event.RETURN_ACTIVE if active else Event.RETURN_INACTIVE,
    }.get(action)


def _transition(
    view: View, condition: Condition, life: Life, user: str, comment: str
) -> AlarmTransition:
    rule, point = condition.rule, condition.point
    text, words = rule.text.replace("{source}", condition.source), said_of(condition, view)
    return AlarmTransition(
        at_ns=view.now_ns,
        utc_ns=view.image.utc_ns,
        alarm_id=condition.id,
        occurrence=life.occurrence,
        state=life.stage.value,
        priority=rule.priority,
        alarm_class=condition.alarm_class,
        source=condition.source,
        point="" if point is None else view.points.points[point].id,
        value=0.0 if point is None else view.image.value(point),
        limit=condition.limit,
        unit=condition.unit,
        quality=int(Quality.GOOD if point is None else view.image.quality[point]),
        active=life.active,
        acknowledged=life.stage not in UNSEEN,
        text=f"{text}: {words}" if words else text,
        response=rule.response,
        group=rule.group,
        first_out=life.first_out,
        user=user,
        comment=comment,
    )
