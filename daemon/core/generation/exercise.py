"""Scheduled tests: a set under load on its load bank, the battery of a UPS on its load.

Theory of operation. Each kind has a rhythm in days and an hour of the day; zero days, the default,
is never. When the hour has come the next of its kind has its turn, one at a time on the whole site,
so never both UPS, and never a UPS beside a set. A test begins only while everything is calm: every
section on the utility, no load on storage, given up or shut down, no set failed; a set must rest on
AUTO and be available, and its board must stand on AUTO or TEST; both the UPS and all others must be
at rest on their input, with a battery that is charged and has no alarm. What is not calm within
`within_h` is skipped, and told.

The test is ASKED of the switching lane as a person asks it. Under load (PROVING) it must stay
within its limits for the time of its kind; then a set is told to stop, and what was tested must
come to rest (ENDING). A passed or failed test is told with its reasons; a failed one stands among
the facts until the next of the same equipment has passed.

A real loss ends it at once and without a word to the device: the set that runs is taken over by the
start programme as it is, and drops its load bank when its breaker closes; a UPS whose input fails
is on its battery anyway. The selector of a set that leaves AUTO, or of its board that goes to
MANUAL, is a person's, and ends it likewise. A set whose own selector stands on TEST runs the test
of the device, which is none of ours.

    WAITING
        DUE -> ASKED
    ASKED
        CALLED -> WAITING
        TROUBLE, after load_s -> ENDING
        UNDER_LOAD -> PROVING
    PROVING
        CALLED -> WAITING
        TROUBLE, after hold_s -> ENDING
    ENDING
        CALLED, AT_REST, after end_s -> WAITING

Source: NFPA 110 for the monthly test (30 min at no less than 30 % of the rating), from memory.
"""

from __future__ import annotations

from collections.abc import Mapping  # needed when the state is read back
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le, Lt

from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.facts import Tests
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import OperatorRequest, Proposal
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns, seconds

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

OWNER: Final = "exercise"
_DAY_S: Final = 86_400.0


class Stage(Word):
    """Where a test stands."""

    WAITING = "no test"
    ASKED = "test asked for"
    PROVING = "under load"
    ENDING = "test is over, not yet at rest"


class Event(Word):
    """What moves a test on."""

    CALLED = "a real loss, or a person's hand"
    TROUBLE = "a limit was left, or an alarm"
    DUE = "its hour has come and everything is calm"
    UNDER_LOAD = "carries its test load"
    AT_REST = "back where it was"


_TRANSITIONS: Final = {
    (Stage.WAITING, Event.DUE): Stage.ASKED,
    (Stage.ASKED, Event.CALLED): Stage.WAITING,
    (Stage.ASKED, Event.TROUBLE): Stage.ENDING,
    (Stage.ASKED, Event.UNDER_LOAD): Stage.PROVING,
    (Stage.PROVING, Event.CALLED): Stage.WAITING,
    (Stage.PROVING, Event.TROUBLE): Stage.ENDING,
    (Stage.ENDING, Event.CALLED): Stage.WAITING,
    (Stage.ENDING, Event.AT_REST): Stage.WAITING,
}
TEST: Final = Table(
    first=Stage.WAITING,
    transitions=_TRANSITIONS,
    after={
        Stage.ASKED: ("load_s", Stage.ENDING),
        Stage.PROVING: ("hold_s", Stage.ENDING),
        Stage.ENDING: ("end_s", Stage.WAITING),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.WAITING}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """When, how long and within what.

    Attributes:
        sets_every_days: rhythm of the tests of sets, one set each time; 0 is never [d].
        ups_every_days: rhythm of the tests of UPS batteries, one UPS each time; 0 is never [d].
        at_utc_h: hour of the day at which a test begins, in UTC [h].
        within_h: a test that cannot begin within this is skipped [h].
        load_s: a set carries its test load within this, three cranks included [s].
        hold_s: and for this long [s].
        least_pu: least test load of a set, by its rating [pu].
        voltage_pu: its voltage stays within this of nominal [pu].
        frequency_pu: its frequency likewise [pu].
        settle_s: a limit may be left for this long while load comes on [s].
        ups_hold_s: the battery of a UPS must carry its part for this long [s].
        soc_pu: least charge of a battery to begin with [pu].
        end_s: what was tested is at rest within this, the cool-down of a set included [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    sets_every_days: Annotated[float, Ge(0), Le(400)] = 0.0
    ups_every_days: Annotated[float, Ge(0), Le(400)] = 0.0
    at_utc_h: Annotated[float, Ge(0), Lt(24)] = 3.0
    within_h: Annotated[float, Gt(0), Le(12)] = 2.0
    load_s: Annotated[float, Gt(0), Le(600)] = 120.0
    hold_s: Annotated[float, Gt(0), Le(3600)] = 1800.0
    least_pu: Annotated[float, Gt(0), Le(1)] = 0.3
    voltage_pu: Annotated[float, Gt(0), Le(0.5)] = 0.05
    frequency_pu: Annotated[float, Gt(0), Le(0.2)] = 0.025
    settle_s: Annotated[float, Ge(0), Le(60)] = 5.0
    ups_hold_s: Annotated[float, Gt(0), Le(600)] = 20.0
    soc_pu: Annotated[float, Gt(0), Le(1)] = 0.9
    end_s: Annotated[float, Gt(0), Le(3600)] = 900.0


class State(NamedTuple):
    """The test that runs, and what became of the last ones.

    Attributes:
        stage: where it stands.
        since_ns: since when [ns].
        subject: what is tested, "" without a test.
        trouble: what is wrong, "" while nothing is.
        bad_ns: since when a limit is left, 0 while none is [ns].
        slots: number of the last turn that was taken or skipped, by nature.
        failed: equipment whose last test failed.
    """

    stage: Stage = Stage.WAITING
    since_ns: int = 0
    subject: str = ""
    trouble: str = ""
    bad_ns: int = 0
    slots: Mapping[str, int] = {}
    failed: tuple[str, ...] = ()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: no test, and no turn that was missed."""
    return State()


@once_per_site
def _subjects(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return what can be tested, by nature, in turn."""
    schemes = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    sets = tuple(name for s in schemes if s.authority == "daemon" for name in s.sets)
    ups = tuple(e.id for e in site.of_nature("ups"))
    served = {"generator": sets, "ups": ups}
    return {k: tuple(n for n in v if points.find(n, "command")) for k, v in served.items()}


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Begin a test whose hour has come, or move the one on that runs."""
    if state.stage is Stage.WAITING:
        if not (params.sets_every_days or params.ups_every_days):
            return Turn(state)
        return _begin(view, state, params)
    ups = view.site.equipment[state.subject].nature == "ups"
    waits_ns = {
        "load_s": ns(params.load_s),
        "hold_s": ns(params.ups_hold_s if ups else params.hold_s),
        "end_s": ns(params.end_s),
    }
    wrong, at_once = _trouble(view, state, params)
    bad_ns = (state.bad_ns or view.now_ns) if wrong else 0
    if wrong and not at_once and view.now_ns - bad_ns < ns(params.settle_s):
        wrong = ""
    state = state._replace(bad_ns=bad_ns, trouble=state.trouble or wrong)
    events = _events(view, state, params, wrong)
    stage, since_ns = advance(TEST, state[:2], events, view, waits_ns)
    if stage is state.stage:
        return Turn(state)
    return _moved(view, state, state._replace(stage=stage, since_ns=since_ns), events)


def _begin(view: View, state: State, params: Params) -> Turn[State]:
    """Give the next its turn, if there is one."""
    for nature, days in (("generator", params.sets_every_days), ("ups", params.ups_every_days)):
        subjects = _subjects(view.site, view.points)[nature]
        if not days or not subjects:
            continue
        turn, late_s = divmod(seconds(view.image.utc_ns) - params.at_utc_h * 3600.0, days * _DAY_S)
        slot = int(turn)
        last = state.slots.get(nature)
        if last is None or slot <= last:
            if last is None:
                state = state._replace(slots={**state.slots, nature: slot})
            continue
        subject = subjects[slot % len(subjects)]
        after = state._replace(slots={**state.slots, nature: slot})
        why_not = _not_calm(view) or _not_ready(view, subject, params)
        if not why_not:
            begun = after._replace(subject=subject, since_ns=view.now_ns, trouble="", bad_ns=0)
            stage, _ = advance(TEST, state[:2], [Event.DUE], view, {})
            return _ask(view, begun._replace(stage=stage), slot)
        if late_s > params.within_h * 3600.0:
            text = f"{subject}: its test is skipped, {why_not}"
            event = view.event(subject, "test_skipped", text, reason=why_not)
            return Turn(after, events=(event,))
    return Turn(state)


def _ask(view: View, state: State, slot: int) -> Turn[State]:
    ups = view.site.equipment[state.subject].nature == "ups"
    action = "battery_test" if ups else "test"
    event = view.event(state.subject, "test_begun", f"{state.subject}: scheduled test begins")
    facts = {"tests": Tests(state.subject, state.failed)}
    request = _request(view, state.subject, action)
    return Turn(state, events=(event,), messages=(request,), facts=facts)


def _request(view: View, subject: str, action: str) -> OperatorRequest:
    wish = Proposal(subject, "command", action, 0.0, OWNER, "scheduled test")
    return OperatorRequest(f"{OWNER}-{view.epoch}-{view.now_ns}-{action}", "lane:main", wish)


def _not_calm(view: View) -> str:
    """Return why no test may run now, "" when everything is calm."""
    if "supply" not in view.heard:
        return "the supply is not known"
    supply, facts = view.heard["supply"].values, view.facts
    if supply.get("outage") or any(feed != "utility" for feed in dict(supply["feeds"]).values()):
        return "a section is not on the utility"
    if facts.autonomy.on_storage:
        return "a load is on storage"
    if facts.relief.shed or facts.relief.shutdown:
        return "load is given up"
    return "a set has failed" if supply.get("sets_failed") else ""


def _not_ready(view: View, subject: str, params: Params) -> str:
    """Return why equipment cannot be tested now, "" when it can."""
    if subject in view.facts.tags:
        return "a maintenance tag hangs on it"
    if view.site.equipment[subject].nature == "generator":
        if view.stage(subject) != "stopped" or view.stage(subject, "selector") != "auto":
            return "it does not rest on AUTO"
        if _by_hand(view, subject):
            return "its board is on MANUAL"
        return "" if view.status(subject, "available") else "it is not available"
    for ups in _subjects(view.site, view.points)["ups"]:
        if view.stage(ups) != "normal" or view.status(ups, "battery_alarm") is not False:
            return f"{ups} is not at rest with a sound battery"
    soc_pu = view.read(subject, "soc_pu")
    return "" if soc_pu is not None and soc_pu >= params.soc_pu else "its battery is not charged"


def _by_hand(view: View, name: str) -> bool:
    """Return whether the board of a set is in the hands of a person."""
    boards = (s for s in view.site.schemes.values() if isinstance(s, MainTieMainScheme))
    own = (s.controller for s in boards if name in s.sets)
    return any(view.stage(controller, "selector") == "manual" for controller in own)


def _events(view: View, state: State, params: Params, wrong: str) -> list[Event]:
    """Return what is true of a test this scan, most urgent first."""
    subject, events = state.subject, []
    ups = view.site.equipment[subject].nature == "ups"
    taken = not ups and (
        view.stage(subject, "selector") not in {"auto", None} or _by_hand(view, subject)
    )
    if taken or _interrupted(view):
        events.append(Event.CALLED)
    if wrong:
        events.append(Event.TROUBLE)
    if ups:
        given_w, least_w = -(view.read(subject, "battery_power_w") or 0.0), 0.0
        at_rest = view.stage(subject) == "normal" and given_w <= 0.0
    else:
        given_w = view.read(subject, "load_bank_w") or 0.0
        least_w = params.least_pu * view.site.equipment[subject].ratings["power_w"]
        at_rest = view.stage(subject) in {"stopped", "fault"}
    if given_w > least_w:
        events.append(Event.UNDER_LOAD)
    if at_rest:
        events.append(Event.AT_REST)
    return events


def _interrupted(view: View) -> bool:
    """Return whether the supply is lost, or a section of it."""
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    feeds = dict(supply.get("feeds", {})).values()
    return bool(supply.get("outage")) or any(feed != "utility" for feed in feeds)


def _trouble(view: View, state: State, params: Params) -> tuple[str, bool]:
    """Return what is wrong with the test now, "" when nothing, and whether that ends it at once."""
    name, item = state.subject, view.site.equipment[state.subject]
    if view.stage(name) == "fault":
        return "it has tripped", True
    if item.nature == "ups":
        for flag in ("battery_alarm", "low_battery"):
            if view.status(name, flag):
                return flag.replace("_", " "), True
        return "", False
    for flag in ("alarm_oil", "alarm_temperature", "alarm_fuel"):
        if view.status(name, flag):
            return flag.replace("_", " ").replace("alarm", "alarm of"), True
    if state.stage is not Stage.PROVING:
        return "", False
    rated_w = item.ratings["power_w"]
    nominal = {
        "voltage_ll_v": (view.site.buses[item.buses[0]].voltage_v, params.voltage_pu),
        "frequency_hz": (view.site.frequency_hz, params.frequency_pu),
    }
    for point, (rated, off_pu) in nominal.items():
        value = view.read(name, point)
        if value is None or abs(value - rated) > off_pu * rated:
            return f"{point} out of its limits", False
    load_w = view.read(name, "load_bank_w")
    short = load_w is None or load_w < params.least_pu * rated_w
    return ("its test load is gone" if short else ""), False


def _moved(view: View, before: State, after: State, events: list[Event]) -> Turn[State]:
    """Say what follows from a new stage."""
    subject, messages = after.subject, []
    if after.stage is Stage.ENDING:
        if before.stage is Stage.ASKED and not after.trouble:
            after = after._replace(trouble="it did not take its test load in time")
        if view.site.equipment[subject].nature == "generator":
            messages.append(_request(view, subject, "stop"))
    told: list[Happening] = []
    if after.stage is Stage.WAITING:
        if Event.CALLED not in events and Event.AT_REST not in events and not after.trouble:
            after = after._replace(trouble="it did not come to rest")
        told.append(_result(view, after, aborted=Event.CALLED in events))
        failed = tuple(n for n in after.failed if n != subject or told[0].name == "test_aborted")
        if told[0].name == "test_failed":
            failed = (*failed, subject)
        after = after._replace(subject="", trouble="", bad_ns=0, failed=failed)
    facts = None
    if view.facts.tests != (now := Tests(after.subject, after.failed)):
        facts = {"tests": now}
    return Turn(after, events=tuple(told), messages=tuple(messages), facts=facts)


def _result(view: View, state: State, *, aborted: bool) -> Happening:
    name, why = state.subject, state.trouble
    if why:
        return view.event(name, "test_failed", f"{name}: test failed, {why}", reason=why)
    if aborted:
        why = "the supply or the selector called for it"
        return view.event(name, "test_aborted", f"{name}: test broken off, {why}", reason=why)
    return view.event(name, "test_passed", f"{name}: test passed")
