"""One scan, in a fixed order: the one door of the core.

    absorb the inbox -> survey the topology -> [estimate] -> controllers in order
    -> operation path for actions, which asks the interlocks last; arbitration for set-points (main)

`SWITCHING` and `MAIN` are the controllers of the two lanes; their order is priority: what stands
first speaks first, and later ones read its facts. A controller is a file with `Params`, `State`,
`initial`, `step` (see `daemon.core.view`); a slot names its field in `State` and `Control` and its
block in the site file.

**What is left out.** A controller whose answer still stands is not asked again
(`daemon.core.standing`). When all of them stand, the whole scan does: `State.due_ns` then says
until when, and a scan before that, on an image of the same version and without mail, is `idle`. It
leads to the same state and to nothing else, so the shell need not even ask for it.

**What the lanes tell each other** (plain values; a silent lane is known by the age of its word):

- switching -> main, topic `supply`, on every change and each second: `outage` (confirmed),
  `all_ac_lost` (no section of a scheme is live, at once), `stable` (a utility has been healthy for
  the return time), `sets_on_bus`, `sets_pending`, `sets_failed` (counts), `capability_w` (rated
  power of the sets on the bus, else of an island of other sources, else of storage that holds a
  section), `sets` and `sets_leaving` (on
  the bus, and of those the ones that hand their load over), `feeds` (section bus ->
  "utility", "generators", "island", "storage", "other" or "none"), `rows_limit_w` (what all AI rows
  together may draw *before* the next feeder closes; -1 without a limit), `island` (machines that
  hold the delivery bus without a utility), `orders` (store -> "grid_forming" or "grid_following",
  while it is to be told), `stages` (scheme -> stage), `waits` (scheme -> what it waits for that a
  person has to bring about) and `joined` (scheme -> its feeds that are in parallel, as far as is
  seen).
- switching -> main, topic `commands`, on change: `not_opened` (breakers told to open and not open
  in time) and `not_done` (devices that did not do anything else they were told), until they do.
- switching -> main, topic `tags`, on change: maintenance tags by equipment, who hung them and why
  (`daemon.core.tags`).
- main -> switching, topic `caps`: `rows_limit_w` (total of the row caps *read back* from the rows;
  -1 without a limit).
- main -> switching, topic `positions`, on change: `contradicted` (switches that are not as they
  show; either lane takes their position for unknown).
- main -> switching, topic `charge`, on change in steps of 5 %: `usable_pu` (store -> charge, of
  those that report more than can be in them; either lane counts on no more than that).
- main -> switching, `OperatorRequest` signed `lane:main`: switching, asked as a person does.

Every actuator belongs to one lane (`daemon.core.ownership`). Actions are numbered per lane; an
`Outcome` goes to the inbox of the lane that gave the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, get_type_hints
from weakref import WeakKeyDictionary

from daemon.core import arbitration, fallback, heartbeat, operation, substitutes, tags
from daemon.core.alarms import annunciator
from daemon.core.balance import caps, compensation, essential, peaks, shedding, shutdown
from daemon.core.compliance import live
from daemon.core.detection import outage
from daemon.core.estimation import estimator, hot_spot, meters, storage_state, switch_status
from daemon.core.facts import Charge, Facts, Store
from daemon.core.generation import (
    choice,
    exercise,
    forming,
    fuel,
    rejoin,
    sharing,
    sources,
    start,
    turbine,
)
from daemon.core.interlocks import wear
from daemon.core.report import limits
from daemon.core.security import autonomy, n_minus_1
from daemon.core.smoothing import smoother, volatility
from daemon.core.standing import Standing
from daemon.core.storage import dispatch
from daemon.core.topology import survey
from daemon.core.transfer import black_start, bulletin, intake, main_tie_main, supervision
from daemon.core.view import Heard, Slot, Turn, View
from daemon.model.commands import Command, LaneMessage, OperatorRequest, Proposal, Request
from daemon.model.image import UNVERSIONED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.core.topology import Topology
    from daemon.model.commands import Message
    from daemon.model.estimate import Estimate
    from daemon.model.events import AlarmTransition, Event
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

    Estimator = Callable[
        [estimator.State, Image, Topology, Site, PointTable, Sequence[Message]], estimator.Scanned
    ]


T = TypeVar("T", "State", View, Facts)


class Inputs(NamedTuple):
    """The whole of what reached this scan."""

    image: Image
    inbox: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Control:
    """Settings of every controller, by the name of its block in the site file."""

    outage: outage.Params = field(default_factory=outage.Params)
    intake: intake.Params = field(default_factory=intake.Params)
    black_start: black_start.Params = field(default_factory=black_start.Params)
    main_tie_main: main_tie_main.Params = field(default_factory=main_tie_main.Params)
    choice: choice.Params = field(default_factory=choice.Params)
    start: start.Params = field(default_factory=start.Params)
    sharing: sharing.Params = field(default_factory=sharing.Params)
    fuel: fuel.Params = field(default_factory=fuel.Params)
    exercise: exercise.Params = field(default_factory=exercise.Params)
    turbine: turbine.Params = field(default_factory=turbine.Params)
    forming: forming.Params = field(default_factory=forming.Params)
    rejoin: rejoin.Params = field(default_factory=rejoin.Params)
    supervision: supervision.Params = field(default_factory=supervision.Params)
    bulletin: bulletin.Params = field(default_factory=bulletin.Params)
    operation: operation.Params = field(default_factory=operation.Params)
    heartbeat: heartbeat.Params = field(default_factory=heartbeat.Params)
    fallback: fallback.Params = field(default_factory=fallback.Params)
    hot_spot: hot_spot.Params = field(default_factory=hot_spot.Params)
    switch_status: switch_status.Params = field(default_factory=switch_status.Params)
    meters: meters.Params = field(default_factory=meters.Params)
    storage_state: storage_state.Params = field(default_factory=storage_state.Params)
    volatility: volatility.Params = field(default_factory=volatility.Params)
    compliance: live.Params = field(default_factory=live.Params)
    autonomy: autonomy.Params = field(default_factory=autonomy.Params)
    n_minus_1: n_minus_1.Params = field(default_factory=n_minus_1.Params)
    caps: caps.Params = field(default_factory=caps.Params)
    essential: essential.Params = field(default_factory=essential.Params)
    shedding: shedding.Params = field(default_factory=shedding.Params)
    shutdown: shutdown.Params = field(default_factory=shutdown.Params)
    sources: sources.Params = field(default_factory=sources.Params)
    peaks: peaks.Params = field(default_factory=peaks.Params)
    storage: dispatch.Params = field(default_factory=dispatch.Params)
    smoothing: smoother.Params = field(default_factory=smoother.Params)
    compensation: compensation.Params = field(default_factory=compensation.Params)
    alarms: annunciator.Params = field(default_factory=annunciator.Params)
    arbitration: arbitration.Params = field(default_factory=arbitration.Params)
    report: limits.Params = field(default_factory=limits.Params)


@dataclass(frozen=True, eq=False)
class Params:
    """What does not change while a lane runs.

    Attributes:
        lane: "switching" or "main".
        site: the plant as drawn.
        points: its point table.
        control: settings of the controllers.
        epoch: fencing number of this daemon.
    """

    lane: str
    site: Site
    points: PointTable
    control: Control
    epoch: int


@dataclass(frozen=True)
class State:
    """What a lane remembers: values only, so that it can be kept and taken up again.

    Without slots: their descriptors would hide the modules that the fields are named after.

    Attributes:
        next_id: number of the next action.
        version: of the image of the last scan.
        due_ns: until when nothing happens by time alone [ns]; 0 when the next scan may act.
        facts: what the controllers have concluded.
        heard: last word of the other lane by topic.
        estimation: what the estimator remembers (main lane).
        substitutes: by controller and point, when an estimate was last taken in its place [ns].
    """

    next_id: int = 1
    version: int = UNVERSIONED
    due_ns: int = 0
    facts: Facts = field(default_factory=Facts)
    heard: Mapping[str, Heard] = field(default_factory=dict)
    estimation: estimator.State = field(default_factory=estimator.State)
    substitutes: substitutes.Used = field(default_factory=dict)
    outage: outage.State = field(default_factory=outage.State)
    intake: intake.State = field(default_factory=intake.State)
    black_start: black_start.State = field(default_factory=black_start.State)
    main_tie_main: main_tie_main.State = field(default_factory=main_tie_main.State)
    choice: choice.State = field(default_factory=choice.State)
    start: start.State = field(default_factory=start.State)
    sharing: sharing.State = field(default_factory=sharing.State)
    fuel: fuel.State = field(default_factory=fuel.State)
    exercise: exercise.State = field(default_factory=exercise.State)
    turbine: turbine.State = field(default_factory=turbine.State)
    forming: forming.State = field(default_factory=forming.State)
    rejoin: rejoin.State = field(default_factory=rejoin.State)
    supervision: supervision.State = field(default_factory=supervision.State)
    bulletin: bulletin.State = field(default_factory=bulletin.State)
    operation: operation.State = field(default_factory=operation.State)
    heartbeat: heartbeat.State = field(default_factory=heartbeat.State)
    fallback: fallback.State = field(default_factory=fallback.State)
    hot_spot: hot_spot.State = field(default_factory=hot_spot.State)
    switch_status: switch_status.State = field(default_factory=switch_status.State)
    meters: meters.State = field(default_factory=meters.State)
    storage_state: storage_state.State = field(default_factory=storage_state.State)
    volatility: volatility.State = field(default_factory=volatility.State)
    compliance: live.State | None = None
    autonomy: autonomy.State = field(default_factory=autonomy.State)
    n_minus_1: n_minus_1.State = field(default_factory=n_minus_1.State)
    caps: caps.State = field(default_factory=caps.State)
    essential: essential.State = field(default_factory=essential.State)
    shedding: shedding.State = field(default_factory=shedding.State)
    shutdown: shutdown.State = field(default_factory=shutdown.State)
    sources: sources.State = field(default_factory=sources.State)
    peaks: peaks.State = field(default_factory=peaks.State)
    storage: dispatch.State = field(default_factory=dispatch.State)
    smoothing: smoother.State = field(default_factory=smoother.State)
    compensation: compensation.State = field(default_factory=compensation.State)
    alarms: annunciator.State = field(default_factory=annunciator.State)
    arbitration: arbitration.State = field(default_factory=arbitration.State)


class Step(NamedTuple):
    """What one scan leads to."""

    state: State
    commands: tuple[Command, ...] = ()
    events: tuple[Event | AlarmTransition, ...] = ()
    requests: tuple[Request, ...] = ()
    messages: tuple[LaneMessage | OperatorRequest, ...] = ()
    estimate: Estimate | None = None


SWITCHING: Final = (
    Slot("heartbeat", heartbeat, timed=True),
    Slot("outage", outage, timed=True),
    Slot("intake", intake, timed=True),
    Slot("black_start", black_start, timed=True),
    Slot("main_tie_main", main_tie_main, timed=True),
    Slot("choice", choice, timed=True),
    Slot("start", start, timed=True),
    Slot("turbine", turbine, timed=True),
    Slot("forming", forming, timed=True),
    Slot("rejoin", rejoin, timed=True),
    Slot("supervision", supervision, timed=True),
    # Last: it tells the main lane what the others have concluded in this very scan.
    Slot("bulletin", bulletin, timed=True),
)
MAIN: Final = (
    Slot("heartbeat", heartbeat, timed=True),
    Slot("fallback", fallback, timed=True),
    Slot("meters", meters),
    Slot("switch_status", switch_status),
    Slot("hot_spot", hot_spot),
    Slot("storage_state", storage_state),
    Slot("volatility", volatility),
    Slot("autonomy", autonomy),
    Slot("compliance", live),
    Slot("n_minus_1", n_minus_1),
    Slot("caps", caps),
    Slot("essential", essential),
    Slot("shedding", shedding),
    Slot("shutdown", shutdown),
    Slot("sources", sources),
    # Before dispatch: of two preferences the first holds, inside the bounds of both.
    Slot("peaks", peaks),
    Slot("storage", dispatch),
    Slot("compensation", compensation),
    Slot("sharing", sharing),
    Slot("fuel", fuel),
    Slot("exercise", exercise),
    # Last: it tells people what the others have concluded in this very scan.
    Slot("alarms", annunciator),
)


class Lane(NamedTuple):
    """Controllers of a lane in order, and the stages that turn proposals into commands."""

    controllers: tuple[Slot, ...]
    paths: tuple[Slot, ...]


OPERATION: Final = Slot("operation", operation, timed=True)
SMOOTHING: Final = Slot("smoothing", smoother)
LANES: Final[Mapping[str, Lane]] = {
    "switching": Lane(SWITCHING, (OPERATION,)),
    "main": Lane(MAIN, (OPERATION, SMOOTHING, Slot("arbitration", arbitration))),
}

CONTROL: Final[dict[str, type]] = get_type_hints(Control)
"""Name of each block of `control:` in a site file -> the `Params` that it fills."""


def initial(params: Params, now_ns: int) -> State:
    """Return the state of a lane before its first scan."""
    lane = LANES[params.lane]
    slots, state = (*lane.controllers, *lane.paths), State()
    if params.lane == "main":
        # A tenth of a second that no scan has to spare.
        state = replace(state, estimation=estimator.initial(params.site, params.points))
    return replace(
        state,
        **{s.name: s.controller.initial(params.site, _settings(params, s)) for s in slots},
    )


def idle(state: State, version: int, now_ns: int) -> bool:
    """Return whether a scan without mail would change nothing and lead to nothing.

    Args:
        state: what the lane remembers.
        version: of the image of the scan.
        now_ns: time of the scan [ns].
    """
    return now_ns < state.due_ns and version == state.version != UNVERSIONED


def step(
    state: State, inputs: Inputs, params: Params, estimate: Estimator = estimator.step
) -> Step:
    """Decide for one scan.

    Args:
        state: what the lane remembers.
        inputs: what reached this scan.
        params: what does not change.
        estimate: what estimates; for who wants to know how long that takes.

    Returns:
        The next state and everything that shall leave.
    """
    image = inputs.image
    if not inputs.inbox and idle(state, image.version, image.now_ns):
        return Step(state)
    lane, standing = LANES[params.lane], _standing(params)
    standing.begin(state, image)
    view, estimated = _look(state, inputs, params, estimate)
    turns: dict[str, Turn[Any]] = {}
    taken: dict[str, list[int]] = {}
    for slot in lane.controllers:
        turns[slot.name], view = _turn(slot, state, view, params, standing, taken)
    proposals = [p for turn in turns.values() for p in turn.proposals]
    beats = heartbeat.beats(view, [p for p in proposals if p.action == "beat"])
    actions = tuple([p for p in proposals if p.point == "command"])
    setpoints = tuple([p for p in proposals if p.point != "command" and p.action != "beat"])
    for slot in lane.paths:
        share = actions if slot is OPERATION else setpoints
        turns[slot.name], view = _turn(slot, state, view, params, standing, taken, share)
        # Of two preferences the first holds, inside the bounds of all.
        setpoints = (*turns[slot.name].proposals, *setpoints)
    spoke = [t for t in turns.values() if t.commands or t.events or t.messages or t.requests]
    commands = beats + tuple([c for turn in spoke for c in turn.commands])
    used = state.substitutes
    told: tuple[Event, ...] = ()
    if used or taken:
        used, told = substitutes.followed(view, used, taken)
        named = {name: tuple(points) for name, points in used.items()}
        view = _concluded(view, {"substitutes": named})
    news = {
        "next_id": state.next_id + len(turns[OPERATION.name].commands),
        "version": image.version,
        "due_ns": standing.due_ns(view.facts),
        "facts": view.facts,
        "heard": view.heard,
        "estimation": estimated.state if estimated else state.estimation,
        "substitutes": used,
    }
    after = _altered(state, news | {name: turn.state for name, turn in turns.items()})
    standing.end(after)
    return Step(
        state=after,
        commands=commands,
        events=(estimated.events if estimated else ())
        + tuple([e for turn in spoke for e in turn.events])
        + told,
        requests=(estimated.requests if estimated else ())
        + tuple([r for turn in spoke for r in turn.requests]),
        messages=tuple([m for turn in spoke for m in turn.messages]),
        estimate=view.estimate,
    )


def _altered(one: T, news: Mapping[str, Any]) -> T:
    """Return `one` with other fields; `replace` would go through all of them one by one."""
    after = object.__new__(type(one))
    vars(after).update(vars(one), **news)
    return after


def _look(
    state: State, inputs: Inputs, params: Params, estimate: Estimator
) -> tuple[View, estimator.Scanned | None]:
    """Return the view of the first controller, and in the main lane what was estimated for it.

    The switching lane decides on what it measures itself.
    """
    heard = _absorb(state.heard, inputs)
    contradicted = state.facts.positions.contradicted
    if params.lane != "main" and (word := heard.get("positions")):
        contradicted = word.values["contradicted"]
    topology = survey(inputs.image, params.site, params.points, frozenset(contradicted))
    estimated = None
    if params.lane == "main":
        estimated = estimate(
            state.estimation, inputs.image, topology, params.site, params.points, inputs.inbox
        )
    facts = state.facts
    if params.lane != "main" and (word := heard.get(storage_state.TOPIC)):
        facts = _charged(facts, word.values["usable_pu"])
    # Of the other lane, or of the shell that hands on what hung and was done before a restart.
    for message in inputs.inbox:
        if isinstance(message, LaneMessage) and message.topic == tags.TOPIC:
            facts = replace(facts, tags=message.values)
        elif isinstance(message, LaneMessage) and message.topic == wear.TOPIC:
            facts = replace(facts, operated=message.values)
    view = View(
        lane=params.lane,
        image=inputs.image,
        inbox=inputs.inbox,
        site=params.site,
        points=params.points,
        topology=topology,
        facts=facts,
        heard=heard,
        estimate=estimated.estimate if estimated else None,
        epoch=params.epoch,
        next_id=state.next_id,
    )
    return view, estimated


def _charged(facts: Facts, usable_pu: Mapping[str, float]) -> Facts:
    """Return the facts with the charge of stores whose report is contradicted."""
    if facts.charge.contradicted == tuple(usable_pu) and all(
        facts.charge.stores[name].usable_pu == pu for name, pu in usable_pu.items()
    ):
        return facts
    stores = {name: Store(pu, 0.0, pu, 1.0, 0.0) for name, pu in usable_pu.items()}
    return replace(facts, charge=Charge(stores, contradicted=tuple(usable_pu)))


def _turn(
    slot: Slot,
    state: State,
    view: View,
    params: Params,
    standing: Standing,
    taken: dict[str, list[int]],
    *proposals: tuple[Proposal, ...],
) -> tuple[Turn[Any], View]:
    """Return the answer of one controller, and the view of the next.

    What it took estimates for is noted in `taken`.
    """
    if slot.timed and (turn := standing.recall(slot, view, *proposals)) is not None:
        return turn, view
    view.looked.forget()
    before = getattr(state, slot.name)
    turn = slot.controller.step(view, before, _settings(params, slot), *proposals)
    if view.looked.estimated:
        taken[slot.name] = view.looked.estimated.copy()
    if slot.timed:
        if turn.state is not before and turn.state == before:
            turn = turn._replace(state=before)
        if turn.state is before:
            standing.keep(slot, view, turn, *proposals)
        else:
            standing.drop(slot)
    return turn, _concluded(view, turn.facts) if turn.facts else view


def _concluded(view: View, news: Mapping[str, Any]) -> View:
    """Return the view with new facts; facts that say the same are no news."""
    facts = view.facts
    if all(getattr(facts, name) == fact for name, fact in news.items()):
        return view
    return _altered(view, {"facts": _altered(facts, news)})


_STANDING: Final[WeakKeyDictionary[Params, Standing]] = WeakKeyDictionary()


def _standing(params: Params) -> Standing:
    """Return the answers that stand in the lane with these parameters."""
    found = _STANDING.get(params)
    if found is None:
        lane = LANES[params.lane]
        found = Standing((*lane.controllers, *lane.paths), len(params.points))
        _STANDING[params] = found
    return found


def _settings(params: Params, slot: Slot) -> Any:  # noqa: ANN401 - each controller has its own
    return getattr(params.control, slot.name)


def _absorb(heard: Mapping[str, Heard], inputs: Inputs) -> Mapping[str, Heard]:
    """Keep the last word of the other lane on every topic."""
    if not inputs.inbox:
        return heard
    news = {
        m.topic: Heard(inputs.image.now_ns, m.values)
        for m in inputs.inbox
        if isinstance(m, LaneMessage)
    }
    return {**heard, **news} if news else heard
