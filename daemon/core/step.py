"""One scan, in a fixed order: the one door of the core.

    absorb the inbox -> survey the topology -> [estimate] -> controllers in order
    -> operation path (switching) or arbitration (main), which asks the interlocks last

`SWITCHING` and `MAIN` are the controllers of the two lanes; their order is priority: what stands
first speaks first, and later ones read its facts. A controller is a file with `Params`, `State`,
`initial`, `step` (see `daemon.core.view`); a slot names its field in `State` and `Control` and its
block in the site file. One that waits for nothing but time puts `next_due_ns` into its state and is
left out until then, unless mail came.

**What the lanes tell each other** (plain values; a silent lane is known by the age of its word):

- switching -> main, topic `supply`, on every change and each second: `outage` (confirmed),
  `all_ac_lost` (no section of a scheme is live, at once), `stable` (a utility has been healthy for
  the return time), `sets_on_bus`, `sets_pending`, `sets_failed` (counts), `capability_w` (rated
  power of the sets on the bus), `feeds` (section bus -> "utility", "generators", "other" or
  "none"), `rows_limit_w` (what all AI rows together may draw *before* the next feeder closes; -1
  without a limit) and `stages` (scheme -> stage).
- main -> switching, topic `caps`: `rows_limit_w` (total of the row caps *read back* from the rows;
  -1 without a limit).
- main -> switching, `OperatorRequest` signed `lane:main`: switching, asked as a person does.

Every actuator belongs to one lane (`lane_of`). Commands are numbered per lane; an `Outcome` goes to
the inbox of the lane that gave the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_type_hints

from daemon.core import arbitration, heartbeat, operation
from daemon.core.alarms import annunciator
from daemon.core.balance import caps, shedding, shutdown
from daemon.core.detection import outage
from daemon.core.estimation import pass_through
from daemon.core.generation import rejoin, start
from daemon.core.security import autonomy
from daemon.core.storage import dispatch
from daemon.core.topology import survey
from daemon.core.transfer import bulletin, intake, main_tie_main, supervision
from daemon.core.view import Facts, Heard, Slot, Turn, View
from daemon.model.commands import Command, LaneMessage, OperatorRequest, Proposal, Request

if TYPE_CHECKING:
    from daemon.core.topology import Topology
    from daemon.model.commands import Message
    from daemon.model.estimate import Estimate
    from daemon.model.events import AlarmTransition, Event
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


class Inputs(NamedTuple):
    """The whole of what reached this scan."""

    image: Image
    inbox: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Control:
    """Settings of every controller, by the name of its block in the site file."""

    outage: outage.Params = field(default_factory=outage.Params)
    intake: intake.Params = field(default_factory=intake.Params)
    main_tie_main: main_tie_main.Params = field(default_factory=main_tie_main.Params)
    start: start.Params = field(default_factory=start.Params)
    rejoin: rejoin.Params = field(default_factory=rejoin.Params)
    supervision: supervision.Params = field(default_factory=supervision.Params)
    bulletin: bulletin.Params = field(default_factory=bulletin.Params)
    operation: operation.Params = field(default_factory=operation.Params)
    heartbeat: heartbeat.Params = field(default_factory=heartbeat.Params)
    autonomy: autonomy.Params = field(default_factory=autonomy.Params)
    caps: caps.Params = field(default_factory=caps.Params)
    shedding: shedding.Params = field(default_factory=shedding.Params)
    shutdown: shutdown.Params = field(default_factory=shutdown.Params)
    storage: dispatch.Params = field(default_factory=dispatch.Params)
    alarms: annunciator.Params = field(default_factory=annunciator.Params)
    arbitration: arbitration.Params = field(default_factory=arbitration.Params)


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
    """

    next_id: int = 1
    facts: Facts = field(default_factory=Facts)
    heard: Mapping[str, Heard] = field(default_factory=dict)
    outage: outage.State = field(default_factory=outage.State)
    intake: intake.State = field(default_factory=intake.State)
    main_tie_main: main_tie_main.State = field(default_factory=main_tie_main.State)
    start: start.State = field(default_factory=start.State)
    rejoin: rejoin.State = field(default_factory=rejoin.State)
    supervision: supervision.State = field(default_factory=supervision.State)
    bulletin: bulletin.State = field(default_factory=bulletin.State)
    operation: operation.State = field(default_factory=operation.State)
    heartbeat: heartbeat.State = field(default_factory=heartbeat.State)
    autonomy: autonomy.State = field(default_factory=autonomy.State)
    caps: caps.State = field(default_factory=caps.State)
    shedding: shedding.State = field(default_factory=shedding.State)
    shutdown: shutdown.State = field(default_factory=shutdown.State)
    storage: dispatch.State = field(default_factory=dispatch.State)
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
    Slot("heartbeat", heartbeat),
    Slot("outage", outage),
    Slot("intake", intake),
    Slot("main_tie_main", main_tie_main),
    Slot("start", start),
    Slot("rejoin", rejoin),
    Slot("supervision", supervision),
    # Last: it tells the main lane what the others have concluded in this very scan.
    Slot("bulletin", bulletin),
)
MAIN: Final = (
    Slot("heartbeat", heartbeat),
    Slot("autonomy", autonomy),
    Slot("caps", caps),
    Slot("shedding", shedding),
    Slot("shutdown", shutdown),
    Slot("storage", dispatch),
    # Last: it tells people what the others have concluded in this very scan.
    Slot("alarms", annunciator),
)


class Lane(NamedTuple):
    """Controllers of a lane in order, and the stage that turns proposals into commands."""

    controllers: tuple[Slot, ...]
    path: Slot


LANES: Final[Mapping[str, Lane]] = {
    "switching": Lane(SWITCHING, Slot("operation", operation)),
    "main": Lane(MAIN, Slot("arbitration", arbitration)),
}

CONTROL: Final[dict[str, type]] = get_type_hints(Control)
"""Name of each block of `control:` in a site file -> the `Params` that it fills."""


MAIN_NATURES: Final = frozenset(
    {
        "ai_rack",
        "chiller",
        "ess",
        "hvdc",
        "it_rack",
        "pump",
        "pv",
        "rack_row",
        "rectifier",
        "statcom",
    }
)
"""What the main lane commands, beside all set-points."""


def lane_of(site: Site, proposal: Proposal) -> str:
    """Return the lane that a person's request has to reach."""
    item = site.equipment.get(proposal.equipment)
    if proposal.action == "set" or (item and item.nature in MAIN_NATURES):
        return "main"
    return "switching"


def initial(params: Params, now_ns: int) -> State:
    """Return the state of a lane before its first scan."""
    lane = LANES[params.lane]
    slots = (*lane.controllers, lane.path)
    return replace(
        State(),
        **{s.name: s.controller.initial(params.site, _settings(params, s)) for s in slots},
    )


def step(state: State, inputs: Inputs, params: Params) -> Step:
    """Decide for one scan.

    Args:
        state: what the lane remembers.
        inputs: what reached this scan.
        params: what does not change.

    Returns:
        The next state and everything that shall leave.
    """
    lane = LANES[params.lane]
    heard = _absorb(state.heard, inputs)
    topology = survey(inputs.image, params.site, params.points)
    view = View(
        lane=params.lane,
        image=inputs.image,
        inbox=inputs.inbox,
        site=params.site,
        points=params.points,
        topology=topology,
        facts=state.facts,
        heard=heard,
        estimate=_estimate(inputs.image, topology, params),
        epoch=params.epoch,
        next_id=state.next_id,
    )
    turns: dict[str, Turn[Any]] = {}
    for slot in lane.controllers:
        before = getattr(state, slot.name)
        if view.now_ns < getattr(before, "next_due_ns", 0) and not inputs.inbox:
            continue
        turn: Turn[Any] = slot.controller.step(view, before, _settings(params, slot))
        turns[slot.name] = turn
        if turn.facts:
            view = replace(view, facts=replace(view.facts, **turn.facts))
    proposals = [p for turn in turns.values() for p in turn.proposals]
    beats = heartbeat.beats(view, proposals)
    view = replace(view, next_id=view.next_id + len(beats))
    turns[lane.path.name] = lane.path.controller.step(
        view,
        getattr(state, lane.path.name),
        _settings(params, lane.path),
        tuple(p for p in proposals if p.action != "beat"),
    )
    commands = beats + tuple(c for turn in turns.values() for c in turn.commands)
    return Step(
        state=replace(
            state,
            next_id=state.next_id + len(commands),
            facts=view.facts,
            heard=heard,
            **{name: turn.state for name, turn in turns.items()},
        ),
        commands=commands,
        events=tuple(e for turn in turns.values() for e in turn.events),
        requests=tuple(r for turn in turns.values() for r in turn.requests),
        messages=tuple(m for turn in turns.values() for m in turn.messages),
        estimate=view.estimate,
    )


def _settings(params: Params, slot: Slot) -> Any:  # noqa: ANN401 - each controller has its own
    return getattr(params.control, slot.name)


def _estimate(image: Image, topology: Topology, params: Params) -> Estimate | None:
    """Return the estimate of this scan; the switching lane decides on what it measures itself."""
    if params.lane != "main":
        return None
    return pass_through.estimate(image, topology, params.site, params.points)


def _absorb(heard: Mapping[str, Heard], inputs: Inputs) -> Mapping[str, Heard]:
    """Keep the last word of the other lane on every topic."""
    news = {
        m.topic: Heard(inputs.image.now_ns, m.values)
        for m in inputs.inbox
        if isinstance(m, LaneMessage)
    }
    return {**heard, **news} if news else heard
