"""What a person goes through before anything is switched: select, have it approved, operate.

Theory of operation. A person *selects* a device for an action. Nothing is reserved and nothing is
promised to somebody who asks for what cannot be: the device has to exist, be this lane's, obey the
action, be free, and pass the interlocks as they stand. What the action would do, the loads that
would be lost or overloaded, is said in the answer. Where the site wants a second person (a
medium-voltage breaker closed, a black start, an interlock set aside) the selection waits for one
who is not the first. It is then *operated* by whoever selected it, and only then: whatever was
found at selection is looked at again in that very scan. A consequence that has grown since is
refused, because nobody has been told of it, and the interlocks are asked anew by the operation
path, which takes over from here (`daemon.core.operation.task`) as it does for automata.

One selection is outstanding per device. An automaton does not wait for people who are making up
their mind: whatever it wants of the device displaces a selection that is not operated yet. A
selection that is operated, cancelled, displaced or has run out of time is over; its id is never
taken again, and every later word about it is refused by name. A restart forgets all selections.

A maintenance tag is hung and taken off in the same two steps (`daemon.core.tags`), whatever of the
device is under way or wanted by an automaton: from then on the interlocks refuse.

An interlock is set aside only if its row says that it may be, the selection names it, the site
names `bypass` among what a second person approves, and one did. It is recorded by name, at every
step and in the command itself.

    SELECTED
        NEEDS_APPROVAL -> UNAPPROVED
        OPERATED -> OPERATED
        CANCELLED -> CANCELLED
        DISPLACED -> DISPLACED
        after select_s -> EXPIRED
    UNAPPROVED
        APPROVED -> APPROVED
        CANCELLED -> CANCELLED
        DISPLACED -> DISPLACED
        after approve_s -> EXPIRED
    APPROVED
        OPERATED -> OPERATED
        CANCELLED -> CANCELLED
        DISPLACED -> DISPLACED
        after select_s -> EXPIRED
    OPERATED
    CANCELLED
    DISPLACED
    EXPIRED
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core import consequence, darkness, tags
from daemon.core.automaton import Table, Word, advance
from daemon.core.interlocks import BYPASSABLE, CLOSE, INTERLOCKS, Case, check
from daemon.core.interlocks.joining import LOW_VOLTAGE_V
from daemon.core.operation.task import reached
from daemon.core.ownership import lane_of
from daemon.model.commands import (
    HANG,
    TAG,
    TAKE_OFF,
    Approval,
    Cancellation,
    Operation,
    Proposal,
    Selection,
)
from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.operation.path import Params
    from daemon.core.operation.task import News
    from daemon.core.view import View
    from daemon.model.commands import OperatorRequest, Order
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site


class Stage(Word):
    """Stage of one selection."""

    SELECTED = "selected: may be operated"
    UNAPPROVED = "selected: a second person has to approve"
    APPROVED = "approved: may be operated"
    OPERATED = "operated"
    CANCELLED = "cancelled"
    DISPLACED = "displaced by an automaton"
    EXPIRED = "expired"


class Event(Word):
    """What moves a selection on."""

    NEEDS_APPROVAL = "the site wants a second person"
    APPROVED = "a second person approves"
    OPERATED = "who selected it operates it"
    CANCELLED = "a person takes it back"
    DISPLACED = "an automaton wants the device"


_TRANSITIONS: Final = {
    (Stage.SELECTED, Event.NEEDS_APPROVAL): Stage.UNAPPROVED,
    (Stage.SELECTED, Event.OPERATED): Stage.OPERATED,
    (Stage.SELECTED, Event.CANCELLED): Stage.CANCELLED,
    (Stage.SELECTED, Event.DISPLACED): Stage.DISPLACED,
    (Stage.UNAPPROVED, Event.APPROVED): Stage.APPROVED,
    (Stage.UNAPPROVED, Event.CANCELLED): Stage.CANCELLED,
    (Stage.UNAPPROVED, Event.DISPLACED): Stage.DISPLACED,
    (Stage.APPROVED, Event.OPERATED): Stage.OPERATED,
    (Stage.APPROVED, Event.CANCELLED): Stage.CANCELLED,
    (Stage.APPROVED, Event.DISPLACED): Stage.DISPLACED,
}
_OVER: Final = (Stage.OPERATED, Stage.CANCELLED, Stage.DISPLACED, Stage.EXPIRED)
SELECTION: Final = Table(
    first=Stage.SELECTED,
    transitions=_TRANSITIONS,
    after={
        Stage.SELECTED: ("select_s", Stage.EXPIRED),
        Stage.UNAPPROVED: ("approve_s", Stage.EXPIRED),
        Stage.APPROVED: ("select_s", Stage.EXPIRED),
    },
    # A word that a stage has no use for is refused by name before it comes to the table.
    ignored={
        Stage.SELECTED: frozenset({Event.APPROVED}),
        Stage.UNAPPROVED: frozenset({Event.NEEDS_APPROVAL, Event.OPERATED}),
        Stage.APPROVED: frozenset({Event.NEEDS_APPROVAL, Event.APPROVED}),
        **dict.fromkeys(_OVER, frozenset(Event)),
    },
    final=frozenset(_OVER),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection.

    Attributes:
        id: as the person named it.
        user: who selected.
        wish: what is wanted.
        bypass: interlocks that it sets aside.
        stage: where it stands.
        since_ns: since when [ns].
        needs: why a second person has to approve, "" when none has to.
        approver: who approved.
        lost: loads that would lose their supply, as was said at selection.
        overloaded: equipment that would be overloaded, as was said at selection.
    """

    id: str
    user: str
    wish: Proposal
    bypass: tuple[str, ...]
    stage: Stage
    since_ns: int
    needs: str
    approver: str = ""
    lost: tuple[str, ...] = ()
    overloaded: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """Name and text of what stands in the way of a person."""

    name: str
    text: str


class Desk:
    """Where persons are heard during one scan.

    Attributes:
        chosen: selections that are outstanding, by id.
        ended: what became of those that are over, by id, oldest first.
        events: what persons are told.
        operated: selections operated in this scan, in order.
    """

    def __init__(
        self,
        view: View,
        params: Params,
        chosen: Mapping[str, Chosen],
        ended: Mapping[str, str],
        occupied: Callable[[Proposal], Refusal | None],
        news: News,
    ) -> None:
        """Go on with what the scan before left.

        Args:
            view: the plant now.
            params: settings.
            chosen: outstanding selections by id.
            ended: what became of earlier ones.
            occupied: tells who but a person stands in the way of a wish.
            news: what is under way and what has been operated, for the interlocks.
        """
        self._view, self._params = view, params
        self._occupied, self._news = occupied, news
        self.chosen, self.ended = dict(chosen), dict(ended)
        self.events: list[Happening] = []
        self.operated: list[Chosen] = []

    def lapse(self, wanted: Mapping[str, str]) -> None:
        """End what has run out of time, and what an automaton wants for itself.

        Args:
            wanted: automaton by the equipment that it wants something of.
        """
        for one in list(self.chosen.values()):
            by = "" if one.wish.point == TAG else wanted.get(one.wish.equipment, "")
            after = self._moved(one, *([Event.DISPLACED] if by else []))
            if after.stage is Stage.DISPLACED:
                self._tell("command_cancelled", after, f"{by} needs the device", by=by)
            elif after.stage is Stage.EXPIRED:
                self._tell("selection_expired", after, f"nobody {_AWAITED[one.stage]} it in time")

    def hear(self, order: Order) -> None:
        """Do what a person says, or refuse it by name."""
        if isinstance(order, Selection):
            self._select(order)
        elif (one := self.chosen.get(order.id)) is None:
            self._refuse(order, None, self._over(order.id))
        elif (problem := _nameless(order.user)) is not None:
            self._refuse(order, one, problem)
        elif isinstance(order, Approval):
            self._approve(order, one)
        elif isinstance(order, Operation):
            self._operate(order, one)
        else:
            self._tell("command_cancelled", self._moved(one, Event.CANCELLED), "", by=order.user)

    def ask(self, request: OperatorRequest) -> None:
        """Take a request as a selection that is operated at once."""
        known = request.id in self.chosen
        self.hear(Selection(request.id, request.user, request.proposal))
        if not known and request.id in self.chosen:
            self.hear(Operation(request.id, request.user))

    def _select(self, order: Selection) -> None:
        view, wish = self._view, order.proposal
        problem = self._unfit(order)
        foreseen = consequence.Consequence((), ())
        if problem is None and obeys(view.site, wish):
            problem = _done(view, wish)
        if problem is None and obeys(view.site, wish):
            foreseen = consequence.predict(view, wish)
            problem = self._interlocked(order)
        if problem is None and wish.action == darkness.ACTION:
            problem = _not_from_darkness(view, wish)
        if problem is None and wish.point == TAG:
            problem = _hangs_so(view, wish, order.user)
        if problem is not None:
            self._refuse(order, None, problem, **_foreseen(foreseen))
            return
        needs = needs_approval(view.site, wish, order.bypass, self._params)
        if not needs and _of_others(view, wish, order.user):
            needs = "tag"
        one = Chosen(
            order.id, order.user, wish, order.bypass, Stage.SELECTED, view.now_ns, needs,
            lost=foreseen.lost, overloaded=foreseen.overloaded,
        )  # fmt: skip
        self.chosen[one.id] = one
        if needs:
            one = self._moved(one, Event.NEEDS_APPROVAL)
        wait_s = self._params.approve_s if needs else self._params.select_s
        self._tell("command_selected", one, "", valid_s=wait_s, interlock="")

    def _approve(self, order: Approval, one: Chosen) -> None:
        problem = None
        if not one.needs:
            problem = Refusal("not_needed", "nobody has to approve it: operate it")
        elif one.approver:
            problem = Refusal("approved_already", f"{one.approver} has approved it: operate it")
        elif order.user == one.user:
            problem = Refusal("same_approver", f"{one.user} selected it: somebody else approves")
        if problem is not None:
            self._refuse(order, one, problem)
            return
        after = self._moved(replace(one, approver=order.user), Event.APPROVED)
        self._tell("command_approved", after, "", by=order.user, valid_s=self._params.select_s)

    def _operate(self, order: Operation, one: Chosen) -> None:
        view = self._view
        problem = None
        if order.user != one.user:
            problem = Refusal("wrong_user", f"{one.user} selected it, and alone operates it")
        elif one.stage is Stage.UNAPPROVED:
            problem = Refusal("not_approved", f"a second person has to approve it ({one.needs})")
        if problem is not None:
            self._refuse(order, one, problem)
            return
        after = self._moved(one, Event.OPERATED)
        if obeys(view.site, one.wish):
            problem = _worse(one, consequence.predict(view, one.wish))
        elif one.wish.point == TAG:
            problem = _hangs_so(view, one.wish, one.user)
            if problem is None and not one.approver and _of_others(view, one.wish, one.user):
                problem = Refusal("consequence_changed", "other tags hang by now: select it again")
        if problem is not None:
            self._refuse(order, after, problem)
            return
        self.operated.append(after)
        self._tell("command_operated", after, "")
        if not obeys(view.site, one.wish):  # a reset is over with it, of the rest the scheme tells
            over = one.wish.action == "reset" or one.wish.point == TAG
            self._tell("command_verified" if over else "command_sent", after, "")

    def _moved(self, one: Chosen, *events: Event) -> Chosen:
        """Return a selection after an event, kept or put to those that are over."""
        at = one.stage, one.since_ns
        stage, since_ns = advance(SELECTION, at, events, self._view, _waits_ns(self._params))
        if stage is one.stage:
            return one
        after = replace(one, stage=stage, since_ns=since_ns)
        if stage in SELECTION.final:
            del self.chosen[one.id]
            self.ended[one.id] = stage.value
        else:
            self.chosen[one.id] = after
        return after

    # -- what stands in the way ------------------------------------------------------------------

    def _unfit(self, order: Selection) -> Refusal | None:
        """Return what is wrong with a selection before the plant is asked."""
        wish = order.proposal
        if order.id in self.chosen or order.id in self.ended:
            return Refusal("duplicate", f"the id {order.id} was used before: take a new one")
        return (
            _nameless(order.user)
            or unusable(self._view, wish)
            or self._held(wish.equipment)
            or (None if wish.point == TAG else self._occupied(wish))
            or _not_to_be_set_aside(order.bypass, self._params)
        )

    def _held(self, equipment: str) -> Refusal | None:
        """Return which other selection has the device."""
        for one in self.chosen.values():
            if one.wish.equipment == equipment:
                wait_s = self._params.approve_s if one.needs else self._params.select_s
                left_s = wait_s - self._view.elapsed_s(one.since_ns)
                text = f"{one.user} has selected it to {one.wish.action}, for {left_s:.0f} s more"
                return Refusal("selected", text)
        return None

    def _interlocked(self, order: Selection) -> Refusal | None:
        wish, aside = order.proposal, frozenset(order.bypass)
        recent = len(self._news.operated.get(wish.equipment, ()))
        verdict = check(Case(self._view, wish, self._news.under_way, True, aside, recent))
        if not verdict.refused_by:
            return None
        more = ""
        if verdict.refused_by in BYPASSABLE and "bypass" in self._params.second_approver:
            more = " (or set it aside, with a second person)"
        return Refusal(verdict.refused_by, verdict.text + more)

    def _over(self, id: str) -> Refusal:
        """Return why nothing can be done about a selection that is not outstanding."""
        if id in self.ended:
            return Refusal("stale_selection", f"selection {id} is over ({self.ended[id]})")
        return Refusal("unknown_selection", f"there is no selection {id}")

    # -- what persons are told -------------------------------------------------------------------

    def _refuse(self, order: Order, one: Chosen | None, problem: Refusal, **fields: object) -> None:
        wish = order.proposal if isinstance(order, Selection) else one and one.wish
        about, action = (wish.equipment, wish.action) if wish else (UNKNOWN, "")
        step = _STEPS[type(order)]
        standing = order.id in self.chosen or (one is None and order.id in self.ended)
        self.events.append(
            self._view.event(
                about,
                "command_refused",
                f"{step} of {f'{about} {action}' if wish else order.id} by {order.user} refused: "
                f"{problem.text}",
                selection=order.id,
                user=order.user,
                owner=order.user,
                action=action,
                step=step,
                interlock=problem.name,
                standing=standing,
                **fields,
            )
        )

    def _tell(self, name: str, one: Chosen, why: str, *, by: str = "", **fields: object) -> None:
        wish = one.wish
        text = f"{wish.equipment} {wish.action}: {_SAID[name]} by {by or one.user}"
        if name == "selection_expired":
            text = f"{wish.equipment} {wish.action}: selection of {one.user} expired"
        self.events.append(
            self._view.event(
                wish.equipment,
                name,
                text + _aside(one) + (f" ({why})" if why else ""),
                selection=one.id,
                user=by or one.user,
                owner=one.user,
                approver=one.approver,
                action=wish.action,
                bypass=one.bypass,
                needs_approval=one.needs,
                lost=one.lost,
                overloaded=one.overloaded,
                **fields,
            )
        )


UNKNOWN: Final = "operation"
"""What an event is about when a person names a selection that is not there."""
_STEPS: Final[Mapping[type, str]] = {
    Selection: "select",
    Approval: "approve",
    Operation: "operate",
    Cancellation: "cancel",
}
_SAID: Final = {
    "command_selected": "selected",
    "command_approved": "approved",
    "command_operated": "operated",
    "command_sent": "told",
    "command_verified": "handed over",
    "command_cancelled": "cancelled",
    "selection_expired": "expired",
}
_AWAITED: Final = {
    Stage.SELECTED: "operated",
    Stage.UNAPPROVED: "approved",
    Stage.APPROVED: "operated",
}


def _waits_ns(params: Params) -> dict[str, int]:
    return {"select_s": ns(params.select_s), "approve_s": ns(params.approve_s)}


def _foreseen(found: consequence.Consequence) -> dict[str, tuple[str, ...]]:
    return {"lost": found.lost, "overloaded": found.overloaded}


def _aside(one: Chosen) -> str:
    return f", setting aside {', '.join(one.bypass)}" if one.bypass else ""


def _nameless(user: str) -> Refusal | None:
    """Return why nobody is behind a word: a lane or no one has signed it."""
    if user and not user.startswith("lane:"):
        return None
    return Refusal("no_user", "a person has to sign with a name")


def _not_to_be_set_aside(names: tuple[str, ...], params: Params) -> Refusal | None:
    """Return which interlock of a bypass may not be set aside."""
    for name in names:
        if name not in {row.name for row in INTERLOCKS}:
            valid = ", ".join(sorted(BYPASSABLE))
            return Refusal("unknown_interlock", f"there is no interlock {name!r} (valid: {valid})")
        if name not in BYPASSABLE:
            return Refusal("not_bypassable", f"nobody may set {name} aside")
    if names and "bypass" not in params.second_approver:
        return Refusal("no_bypass", "the site names nobody to approve that interlocks be set aside")
    return None


def _worse(one: Chosen, now: consequence.Consequence) -> Refusal | None:
    """Return what an action would do by now of which its selection did not tell."""
    lost = [name for name in now.lost if name not in one.lost]
    over = [name for name in now.overloaded if name not in one.overloaded]
    if not lost and not over:
        return None
    parts = [f"lose {', '.join(lost)}"] * bool(lost) + [f"overload {', '.join(over)}"] * bool(over)
    text = f"by now it would also {' and '.join(parts)}: select it again"
    return Refusal("consequence_changed", text)


def obeys(site: Site, wish: Proposal) -> bool:
    """Return whether a wish is an action of a device; else it is for a scheme as a whole."""
    item = site.equipment.get(wish.equipment)
    return item is not None and wish.point == "command" and wish.action in item.kind.commands()


def _done(view: View, wish: Proposal) -> Refusal | None:
    """Return why there is nothing to do."""
    if not reached(view, wish):
        return None
    return Refusal("done_already", "it already is so")


def _not_from_darkness(view: View, wish: Proposal) -> Refusal | None:
    """Return why a board is not to be started from darkness now."""
    scheme = view.site.schemes[wish.equipment]
    assert isinstance(scheme, MainTieMainScheme)
    found = darkness.forbidden(view, scheme) or darkness.not_dark(view, scheme)
    return Refusal(*found) if found else None


def unusable(view: View, wish: Proposal) -> Refusal | None:
    """Return what is wrong with a wish in itself, whoever has it."""
    site = view.site
    item, scheme = site.equipment.get(wish.equipment), site.schemes.get(wish.equipment)
    if item is None and scheme is None:
        return Refusal("unknown_equipment", f"nothing here is called {wish.equipment}")
    valid = (*(item.kind.commands() if item else ()), *_ORDERS.get(type(scheme), ()))
    if wish.point == TAG:
        valid = (HANG, TAKE_OFF) if tags.may_hang(site, view.points, wish.equipment) else ()
    if wish.action not in valid:
        text = f"{wish.equipment} does not {wish.action} (valid: {', '.join(valid) or 'nothing'})"
        return Refusal("unknown_action", text)
    if not math.isfinite(wish.value):
        return Refusal("not_a_number", f"{wish.value} is not a finite number")
    if obeys(site, wish) and view.points.find(wish.equipment, "command") is None:
        return Refusal("foreign_device", "its device takes no commands")
    if (lane := lane_of(site, wish)) != view.lane:
        return Refusal("foreign_device", f"it is commanded by the {lane} lane")
    return None


def _hangs_so(view: View, wish: Proposal, user: str) -> Refusal | None:
    """Return why a tag is not to be hung or taken off."""
    hung = view.facts.tags.get(tags.placed(view.site, wish.equipment), {})
    if wish.action == HANG:
        return Refusal("done_already", f"the tag of {user} hangs there") if user in hung else None
    return None if hung else Refusal("done_already", "no tag of this daemon hangs there")


def _of_others(view: View, wish: Proposal, user: str) -> bool:
    """Return whether somebody takes off the tags of others, having none there."""
    hung = view.facts.tags.get(tags.placed(view.site, wish.equipment), {})
    return wish.point == TAG and wish.action == TAKE_OFF and user not in hung


_ORDERS: Final[Mapping[type, tuple[str, ...]]] = {
    IntakeScheme: ("reset",),
    MainTieMainScheme: ("reset", "black_start"),
}
"""What a scheme as a whole can be told by a person."""


def needs_approval(site: Site, wish: Proposal, bypass: tuple[str, ...], params: Params) -> str:
    """Return why a second person has to approve a selection, "" when none has to."""
    reasons = {
        "breaker_close": wish.action in CLOSE and _at_medium_voltage(site, wish.equipment),
        "black_start": wish.action == "black_start",
        "bypass": bool(bypass),
    }
    needed = [why for why, holds in reasons.items() if holds and why in params.second_approver]
    return ", ".join(needed)


def _at_medium_voltage(site: Site, breaker: str) -> bool:
    item = site.equipment.get(breaker)
    bus = site.buses.get(item.buses[0]) if item else None
    return bus is not None and bus.kind == "ac" and bus.voltage_v >= LOW_VOLTAGE_V
