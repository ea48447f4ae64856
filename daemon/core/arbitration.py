"""From proposals to one set-point per actuator: bounds narrow in order of priority.

The order of the controllers in the lane is priority. For each set-point the device's own range is
narrowed by one proposal after the other: `max` and `min` move one bound, `set` both; what a later
one wants beyond the bounds it finds is cut to them. So economy only ever chooses inside what safety
left, and whoever stands first cannot be overruled. Without a `set` the actuator gets what a
controller would `prefer`, cut to the bounds; without that as much as a `max` allows, else as little
as a `min` demands.

A person's set-point (`OperatorRequest`) stands after all bounds and before all preferences, until
it is released or replaced. One that the bounds would cut is refused, and what is in its way is
named: it is given as it was asked for, or not at all. Bounds that narrow later cut it, which is an
event, and it comes back as they widen. A released one leaves the actuator to the controllers; where
none of them wants anything, it goes back to what it was before the person came.

*Maintenance tag.* What people are at work on is moved towards zero and no further: its set-point
stays within what it shows (`_held`), whoever wants more, and a person who does is refused. Rows are
capped all the same, and sets on their bus share load, as they have to.

The owner of an actuator is the one on whose bound its
value rests; it has exactly one, and a change of owner is an event.

A set-point is sent when it changes, when the device's read-back shows another value, where there is
no read-back every `refresh_s`, and to a device that falls back when it hears nothing at a third of
that time, as long as it answers, be the answer no good; never more often than every `least_s` per
actuator. What nobody proposes any more stays where it is and has no owner.

A device that still shows another value after `corrections` corrections does not take its
set-point: it is named in the facts (`setpoints`), from which an alarm is made, until it shows what
it was told. The set-point is sent on; it does no harm twice. One that moves faster than it is shown
is followed by who shows any word of the last `correct_s`; who shows none of them has let the first
one after what it shows go unanswered, however many came since.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Interval

from daemon.core.facts import Setpoints
from daemon.core.topology import once_per_site
from daemon.core.view import Turn, View
from daemon.model.commands import UNNUMBERED, Command, OperatorRequest, Proposal
from daemon.model.natures import SETS, PointKind, Role
from daemon.model.quality import Quality
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.model.events import Event
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

RELEASE: Final = "release"
REFRESHES: Final = 3
"""Set-points within the fall-back time of a device: two of them may be lost."""
_SETS: Final = frozenset({"set", "prefer"})
_INFINITE: Final = float("inf")
_TAKEN_KEPT: Final = 64
_NEVER_NS: Final = 1 << 62
_SILENT: Final = frozenset(
    {
        Quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE,
        Quality.BAD_COMMUNICATION_ERROR,
        Quality.BAD_TIMEOUT,
        Quality.BAD_NO_COMMUNICATION,
        Quality.BAD_NOT_CONNECTED,
    }
)
"""The device does not answer: it falls back, whatever is written, and each word would be a failure
in the journal."""
_RELEASED: Final = "arbitration"
_TAG: Final = "maintenance"


@dataclass(frozen=True, slots=True)
class Params:
    """How often a set-point may and must be sent.

    Attributes:
        least_s: least time between two commands to one actuator [s].
        correct_s: how long a read-back may differ before the set-point is sent again [s].
        refresh_s: a set-point without a read-back is repeated this often [s].
        corrections: so many corrections without effect, and the device counts as not obeying.
        lifetime_s: a command not sent within this is void [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    least_s: Annotated[float, Interval(ge=0.1, le=10.0)] = 0.3
    correct_s: Annotated[float, Interval(ge=0.5, le=60.0)] = 1.0
    refresh_s: Annotated[float, Interval(ge=1.0, le=600.0)] = 10.0
    corrections: Annotated[int, Interval(ge=1, le=60)] = 3
    lifetime_s: Annotated[float, Interval(ge=0.1, le=5.0)] = 1.0


class Sent(NamedTuple):
    """Last word to one actuator.

    Attributes:
        value: in the unit of the point.
        at_ns: when it was sent [ns].
        owner: on whose bound it rests.
        unanswered: how often in a row a word had its time and was not followed.
        waits_ns: since when a word is waited for; 0 where the last is followed [ns].
        lately: words before it, each with when it was replaced, as far as that is not long ago.
    """

    value: float
    at_ns: int
    owner: str
    unanswered: int = 0
    waits_ns: int = 0
    lately: tuple[tuple[float, int], ...] = ()


class Manual(NamedTuple):
    """A set-point a person asked for, and what stood there before, None if that was not known."""

    value: float
    user: str
    reason: str
    before: float | None = None


class State(NamedTuple):
    """What stands at every actuator, by point id.

    Attributes:
        sent: the last word to each.
        manual: set-points of persons.
        taken: requests of persons already taken.
        left: what released actuators go back to, until they show it or a controller wants another.
    """

    sent: Mapping[str, Sent] = {}
    manual: Mapping[str, Manual] = {}
    taken: tuple[str, ...] = ()
    left: Mapping[str, Manual] = {}


class Target(NamedTuple):
    """What one actuator shall be set to, on whose bound it rests, and why."""

    value: float
    owner: str
    reason: str


class _Actuator(NamedTuple):
    """What is always the same about one actuator.

    Attributes:
        at: index of its point.
        low: least the device takes, or None.
        high: most, or None.
        grain: how far a read-back may lie from what was sent by rounding alone.
        readable: whether there is a read-back.
        patience_ns: the device falls back when it hears nothing for this long, 0 if never [ns].
        of_row: it is one of a row.
        eases: nearer to zero it asks less of its device.
        shares: it is one of a set, which on its bus carries what there is.
    """

    at: int
    low: float | None
    high: float | None
    grain: float
    readable: bool
    patience_ns: int
    of_row: bool = False
    eases: bool = False
    shares: bool = False


@once_per_site
def _actuators(site: Site, points: PointTable) -> dict[tuple[str, str], _Actuator]:
    """Return whatever can be written, by equipment and point."""
    found = {}
    for point in points.points:
        if point.place.access != "r":
            place, item = point.place, site.equipment[point.equipment]
            device = item.device
            assert device is not None, "a point is served by a device"
            found[point.equipment, point.spec.name] = _Actuator(
                at=point.index,
                low=place.low,
                high=place.high,
                grain=1.5 * abs(place.scale),
                readable=place.access != "w",
                patience_ns=ns(device.fallback_after_s),
                of_row=item.kind.role is Role.GROUP,
                eases=point.spec.unit in {"w", "var"} or point.spec.name == "power_cap_pu",
                shares=item.nature in SETS,
            )
    return found


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing has been sent."""
    return State()


def step(view: View, state: State, params: Params, proposals: tuple[Proposal, ...]) -> Turn[State]:
    """Make commands of what is proposed this scan."""
    wishes: dict[str, list[Proposal]] = {}
    for wish in proposals:
        wishes.setdefault(f"{wish.equipment}.{wish.point}", []).append(wish)
    manual, taken, events, given = _requests(view, state, wishes)
    actuators = _actuators(view.site, view.points)
    left = _left(view, state, manual, wishes, actuators)
    for wish in (*_standing(manual), *_standing(left)):
        wishes.setdefault(f"{wish.equipment}.{wish.point}", []).append(wish)
    commands: list[Command] = []
    sent: dict[str, Sent] = {}
    owners: dict[str, str] = {}
    for key, asked in wishes.items():
        first, before = asked[0], state.sent.get(key)
        actuator = actuators.get((first.equipment, first.point))
        if actuator is None:
            continue
        target = narrow(asked, actuator.low, actuator.high)
        read = view.image.get(actuator.at)
        if first.equipment in view.facts.tags and not (actuator.of_row or actuator.shares):
            shown = before.value if read is None and before is not None else read
            if shown is None:
                continue
            target = _held(view, first.equipment, target, shown, eases=actuator.eases)
        if actuator.of_row and len(asked) > 1:
            owners[key] = target.owner
        events += [_taken(view, message) for message in given.get(key, ())]
        if before is not None and before.owner != target.owner:
            events.append(_owned(view, key, before.owner, target))
        if before is not None:
            before = _heeded(view, actuator, read, before, params)
        if _due(view, actuator, read, target.value, before, params):
            wish = Proposal(first.equipment, first.point, "set", *target)
            commands.append(_command(view, wish, params))
            sent[key] = _word(view, target, before, params)
        elif before is not None:
            sent[key] = before._replace(owner=target.owner)
        else:
            sent[key] = Sent(target.value, view.now_ns - ns(params.least_s), target.owner)
    after = State(sent, manual, taken, left)
    after = state if after == state else after
    facts = _concluded(view, sent, owners, params)
    return Turn(after, events=tuple(events), commands=tuple(commands), facts=facts)


def _heeded(
    view: View, actuator: _Actuator, read: float | None, last: Sent, params: Params
) -> Sent:
    """Return the last word with how it is followed, as far as that is shown."""
    if read is None:
        return last._replace(waits_ns=view.now_ns) if last.waits_ns else last
    if abs(read - last.value) <= actuator.grain:
        return last._replace(unanswered=0, waits_ns=0, lately=())
    long_ns = ns(params.correct_s)
    lately = tuple(word for word in last.lately if view.now_ns - word[1] < long_ns)
    for value, replaced_ns in reversed(lately):
        if abs(read - value) <= actuator.grain:
            return last._replace(unanswered=0, waits_ns=replaced_ns, lately=lately)
    waits_ns = last.waits_ns or view.now_ns
    if view.now_ns - waits_ns < long_ns:
        return last._replace(waits_ns=waits_ns, lately=lately)
    return last._replace(unanswered=last.unanswered + 1, waits_ns=view.now_ns, lately=lately)


def _word(view: View, target: Target, before: Sent | None, params: Params) -> Sent:
    """Return a word that goes out now, with what is remembered of those before it."""
    if before is None:
        return Sent(target.value, view.now_ns, target.owner, 0, view.now_ns)
    lately = before.lately
    if target.value != before.value:
        since_ns = view.now_ns - ns(params.correct_s)
        lately = tuple(word for word in lately if word[1] > since_ns)
        lately = (*lately, (before.value, view.now_ns))
    waits_ns = before.waits_ns or view.now_ns
    return Sent(target.value, view.now_ns, target.owner, before.unanswered, waits_ns, lately)


def _concluded(
    view: View, sent: Mapping[str, Sent], owners: Mapping[str, str], params: Params
) -> dict[str, Setpoints] | None:
    """Return the fact of who does not take set-points, and whose they are, if it is another now."""
    points = [key for key, last in sent.items() if last.unanswered > params.corrections]
    ignored = tuple(dict.fromkeys(key.rpartition(".")[0] for key in points))
    found = Setpoints(ignored, owners)
    return None if found == view.facts.setpoints else {"setpoints": found}


def narrow(
    proposals: Sequence[Proposal], low: float | None = None, high: float | None = None
) -> Target:
    """Return the value that is left when every proposal has narrowed what those before left.

    One that is only preferred comes last: beside a `set`, which moves both bounds, it has no say.

    Args:
        proposals: for one set-point, highest priority first; at least one.
        low: least the device takes, or None.
        high: most the device takes, or None.
    """
    floor = -_INFINITE if low is None else low
    ceiling = _INFINITE if high is None else high
    lower: Proposal | None = None
    upper: Proposal | None = None
    for wish in sorted(proposals, key=lambda wish: wish.action == "prefer"):
        value = min(max(wish.value, floor), ceiling)
        if wish.action in _SETS | {"min"} and (value > floor or lower is None):
            floor, lower = value, wish
        if wish.action in _SETS | {"max"} and (value < ceiling or upper is None):
            # Cut to the floor, it is the floor's author who decides.
            ceiling, upper = value, lower if lower and wish.value < floor else wish
    chosen, value = (upper, ceiling) if upper is not None else (lower, floor)
    assert chosen is not None, "nothing was proposed"
    return Target(value, chosen.owner, chosen.reason)


def _held(view: View, equipment: str, target: Target, shown: float, *, eases: bool) -> Target:
    """Return what a tagged device may be set to: no more than it shows, where less eases it."""
    low, high = (min(shown, 0.0), max(shown, 0.0)) if eases else (shown, shown)
    value = min(max(target.value, low), high)
    return target if value == target.value else Target(value, _TAG, _tagged(view, equipment))


def _tagged(view: View, equipment: str) -> str:
    return f"a maintenance tag of {', '.join(view.facts.tags[equipment])} hangs on it"


def _due(
    view: View,
    actuator: _Actuator,
    read: float | None,
    value: float,
    before: Sent | None,
    params: Params,
) -> bool:
    """Return whether a set-point has to be sent now."""
    age_ns = _NEVER_NS if before is None else view.now_ns - before.at_ns
    if age_ns < ns(params.least_s):
        return False
    if before is not None and abs(value - before.value) > actuator.grain / 2:
        return True
    silent = actuator.readable and int(view.image.quality[actuator.at]) in _SILENT
    if before is not None and not silent and 0 < actuator.patience_ns <= REFRESHES * age_ns:
        return True
    if not actuator.readable:
        return before is None or age_ns >= ns(params.refresh_s)
    if read is None:
        return before is None
    return abs(read - value) > actuator.grain and (before is None or age_ns >= ns(params.correct_s))


def _command(view: View, wish: Proposal, params: Params) -> Command:
    return Command(
        id=UNNUMBERED,
        epoch=view.epoch,
        equipment=wish.equipment,
        point=wish.point,
        action="set",
        value=wish.value,
        owner=wish.owner,
        reason=wish.reason,
        interlock="within the bounds of its point",
        issued_at_ns=view.now_ns,
        expires_at_ns=view.now_ns + ns(params.lifetime_s),
    )


def _standing(manual: Mapping[str, Manual]) -> Iterable[Proposal]:
    for key, wish in manual.items():
        equipment, _, point = key.rpartition(".")
        yield Proposal(equipment, point, "set", wish.value, wish.user, wish.reason)


def _left(
    view: View,
    state: State,
    manual: Mapping[str, Manual],
    wishes: Mapping[str, Sequence[Proposal]],
    actuators: Mapping[tuple[str, str], _Actuator],
) -> Mapping[str, Manual]:
    """Return what released actuators still have to go back to, where nobody else wants anything."""
    released = state.manual.keys() - manual.keys()
    left = {**state.left, **{key: state.manual[key] for key in released}}
    for key, last in list(left.items()):
        equipment, _, point = key.rpartition(".")
        actuator = actuators[equipment, point]
        read = view.image.get(actuator.at)
        before = last.value if key in state.left else last.before
        shown = read is not None and before is not None and abs(read - before) <= actuator.grain
        told = key in state.left and not actuator.readable
        if key in wishes or key in manual or before is None or shown or told:
            del left[key]
        else:
            left[key] = Manual(before, _RELEASED, f"as before {last.user} set it")
    return left


def _requests(
    view: View, state: State, wishes: Mapping[str, list[Proposal]]
) -> tuple[Mapping[str, Manual], tuple[str, ...], list[Event], Mapping[str, list[OperatorRequest]]]:
    """Take up what people ask of set-points, or say why not; the last are those given, by point."""
    manual, taken = dict(state.manual), list(state.taken)
    events: list[Event] = []
    given: dict[str, list[OperatorRequest]] = {}
    for message in view.inbox:
        if not isinstance(message, OperatorRequest) or not _about_setpoint(view, message.proposal):
            continue
        wish = message.proposal
        key = f"{wish.equipment}.{wish.point}"
        problem = _problem(view, wish, manual) or _bounded(view, wish, wishes.get(key, []))
        if message.id in taken:
            problem = "duplicate", f"the id {message.id} was used before: take a new one"
        if problem is not None:
            events.append(_refused(view, message, *problem))
            continue
        taken.append(message.id)
        if wish.action == RELEASE:
            del manual[key]
            events += [_taken(view, each) for each in (*given.pop(key, ()), message)]
        else:
            earlier = state.manual.get(key)
            before = earlier.before if earlier else _shown(view, wish)
            manual[key] = Manual(wish.value, message.user, wish.reason, before)
            given.setdefault(key, []).append(message)
    return manual, tuple(taken[-_TAKEN_KEPT:]), events, given


def _shown(view: View, wish: Proposal) -> float | None:
    """Return what an actuator shows now, None if that is not known."""
    return view.image.get(view.points.index(wish.equipment, wish.point))


def _bounded(view: View, wish: Proposal, others: list[Proposal]) -> tuple[str, str] | None:
    """Return name and text of what would cut a person's set-point, if anything does."""
    if wish.action == RELEASE:
        return None
    place = view.points.points[view.points.index(wish.equipment, wish.point)].place
    target = narrow([*others, wish], place.low, place.high)
    if target.value == wish.value:
        return None
    why = f"{target.owner} leaves {target.value:g} ({target.reason})"
    return f"bounded_by_{target.owner}", why


def _about_setpoint(view: View, wish: Proposal) -> bool:
    """Return whether a request is about a set-point, be there one of that name or not."""
    return wish.action in {"set", RELEASE} or _is_setpoint(view, wish)


def _is_setpoint(view: View, wish: Proposal) -> bool:
    index = view.points.find(wish.equipment, wish.point)
    return index is not None and view.points.points[index].spec.kind is PointKind.SETPOINT


def _problem(view: View, wish: Proposal, manual: Mapping[str, Manual]) -> tuple[str, str] | None:
    """Return name and text of why a person does not get a set-point, before anything is changed."""
    if wish.equipment not in view.site.equipment:
        return "unknown_equipment", f"nothing here is called {wish.equipment}"
    if not _is_setpoint(view, wish):
        of = (p for p in view.points.points if p.equipment == wish.equipment)
        valid = ", ".join(p.spec.name for p in of if p.spec.kind is PointKind.SETPOINT)
        return "unknown_point", f"no set-point {wish.point} (valid: {valid or 'none'})"
    if wish.action not in {"set", RELEASE}:
        return "unknown_action", f"a set-point does not {wish.action} (valid: set, {RELEASE})"
    if wish.action == RELEASE:
        held = f"{wish.equipment}.{wish.point}" in manual
        return None if held else ("not_held", "no person holds it: there is nothing to release")
    if not math.isfinite(wish.value):
        return "not_a_number", f"{wish.value} is not a finite number"
    place = view.points.points[view.points.index(wish.equipment, wish.point)].place
    low = -_INFINITE if place.low is None else place.low
    high = _INFINITE if place.high is None else place.high
    if not low <= wish.value <= high:
        return "out_of_range", f"{wish.value:g} is not in {low:g} to {high:g}"
    if wish.equipment in view.facts.tags:
        return _not_under_tag(view, wish)
    return None


def _not_under_tag(view: View, wish: Proposal) -> tuple[str, str] | None:
    """Return name and text of why a tagged device is not set so; towards zero it may be."""
    actuator = _actuators(view.site, view.points)[wish.equipment, wish.point]
    shown = _shown(view, wish)
    if actuator.eases and (wish.value == 0.0 or (shown and 0.0 <= wish.value / shown <= 1.0)):
        return None
    return _TAG, f"{_tagged(view, wish.equipment)}: take it off first"


def _refused(view: View, message: OperatorRequest, name: str, why: str) -> Event:
    wish = message.proposal
    text = f"Set-point of {wish.equipment} by {message.user} refused: {why}"
    who = {"user": message.user, "selection": message.id, "interlock": name}
    return view.event(wish.equipment, "setpoint_refused", text, point=wish.point, **who)


def _taken(view: View, message: OperatorRequest) -> Event:
    """Tell a person that a set-point is given or released."""
    wish = message.proposal
    done = "released" if wish.action == RELEASE else f"set to {wish.value:g}"
    text = f"{wish.equipment}.{wish.point} {done} by {message.user}: {wish.reason}"
    who = {"user": message.user, "selection": message.id}
    return view.event(wish.equipment, "setpoint_taken", text, point=wish.point, **who)


def _owned(view: View, key: str, before: str, target: Target) -> Event:
    text = f"{key} now rests on {target.owner} (before: {before}): {target.reason}"
    return view.event(key, "setpoint_owner", text, owner=target.owner, before=before)
