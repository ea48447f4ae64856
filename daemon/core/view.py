"""What a controller is shown in one scan, and what it may answer with.

Every controller of either lane has the same form: one file that exports `Params`, `State`,
`initial(site, params) -> State` and `step(view, state, params) -> Turn`. It reads the plant through
the `View`, and everything it wants leaves through the `Turn`.

Controllers meet in three places only. `Facts` are conclusions about the plant that one controller
draws and later ones of the same lane read, in the order of the tuple in `daemon.core.step`; a fact
stands until its author changes it. `heard` holds the last word of the other lane by topic, with
the time it came, so that an old one can be told from a fresh one. `proposals` meet in the operation
path (switching lane) or in arbitration (main lane).

**Looking.** Most scans see what the one before saw, so an answer is kept for as long as what it
rests on stands (`daemon.core.standing`). What that is notes the view itself, in `Looked`, when it
is asked: a point through `read` and its kin, mail through `requests`, `outcomes` and `word`, time
through `passed` and `lasted`. A controller whose slot says `timed` asks in no other way. `now_ns`
is for it a stamp to write down; compared with anything, it would be a wait that nobody knows of,
and the same holds for `image`, `inbox`, `heard` and `estimate`. A test reads the files for it.
A controller that asks otherwise is simply stepped in every scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from daemon.model.commands import (
    Command,
    LaneMessage,
    OperatorRequest,
    Order,
    Outcome,
    Proposal,
    Request,
)
from daemon.model.compliance import Kept
from daemon.model.contingency import Contingency
from daemon.model.events import AlarmTransition, Event
from daemon.model.natures import Position
from daemon.model.quality import is_good
from daemon.model.quantities import seconds

if TYPE_CHECKING:
    from daemon.core.gauges import Gauges
    from daemon.core.topology import Topology
    from daemon.model.commands import Message
    from daemon.model.estimate import Estimate
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


NEVER_NS: Final = (1 << 63) - 1
_POSITIONS: Final[Mapping[float, Position]] = {float(p.value): p for p in Position}


class Health(Enum):
    """Verdict on a source, by voting of all that measure it."""

    UNKNOWN = "unknown"
    """Too few good measurements; counts neither as healthy nor as lost."""
    HEALTHY = "healthy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Supply:
    """Conclusion of outage detection.

    Attributes:
        feeds: verdict by utility id, this instant.
        stable: utilities that have been healthy for the return time.
        outage: no utility has been healthy for the confirmation time (and none is stable since),
            or what is healthy did not reach the site.
        since_ns: when the loss was first seen that led to the outage, 0 without one [ns].
    """

    feeds: Mapping[str, Health] = field(default_factory=dict)
    stable: tuple[str, ...] = ()
    outage: bool = False
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class Sets:
    """Conclusion of generation about the standby sets.

    Attributes:
        ready: sets at rated speed and voltage, on the bus or not.
        on_bus: sets whose breaker is closed and that run.
        pending: sets that were told to start and may yet come.
        failed: sets that did not come, or left.
        leaving: sets that are still on the bus and hand their load to the others.
        capability_w: rated power of the sets on the bus, without those that leave [W].
    """

    ready: tuple[str, ...] = ()
    on_bus: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    capability_w: float = 0.0


class Tests(NamedTuple):
    """Conclusion of generation about scheduled tests.

    Attributes:
        running: what is tested now, "" without a test.
        failed: equipment whose last test failed.
    """

    running: str = ""
    failed: tuple[str, ...] = ()


class Volatility(NamedTuple):
    """Conclusion of smoothing about how restless the load is.

    Attributes:
        stage: "unknown", "initial", "intermediate" or "turbulent".
    """

    stage: str = "unknown"


class Compliance(NamedTuple):
    """Conclusion of compliance about the point of delivery.

    Attributes:
        kept: what is known of each limit of the contract and of the rule sets of the site.
        broken: limits that have been passed of late, "rules: limit".
    """

    kept: tuple[Kept, ...] = ()
    broken: tuple[str, ...] = ()


class Demand(NamedTuple):
    """Conclusion of balance about the demand that is billed.

    Attributes:
        policy: what the aim is from: "ratchet", or the forecast of a plan ("rules", "learnt");
            "none" while the import is not known.
        aim_w: demand that is aimed at [W].
        mean_w: mean import of the window that runs, until now [W].
        room_w: import until its end that leads to the aim [W].
        highest_w: highest demand of the billing period [W].
        reserve_wh: by store, energy that is never given for it [Wh].
        pinball_w: by forecast, its loss over the last days, the lower the better [W].
    """

    policy: str = "none"
    aim_w: float = 0.0
    mean_w: float = 0.0
    room_w: float = 0.0
    highest_w: float = 0.0
    reserve_wh: Mapping[str, float] = {}
    pinball_w: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Fuel:
    """Conclusion of generation about how long the fuel lasts.

    Attributes:
        endurance_s: by set, at what it gives now or would have to give [s].
        plant_s: all sets together, at what all give now or would have to give; -1 unknown [s].
        below_8h: sets with fuel for less than 8 h, and not less than 4 h.
        below_4h: sets with fuel for less than 4 h, and not less than 1 h.
        below_1h: sets with fuel for less than 1 h.
        uncertain: sets whose level contradicts the energy they have produced.
        leaking: sets whose level falls faster than they can burn.
    """

    endurance_s: Mapping[str, float] = field(default_factory=dict)
    plant_s: float = -1.0
    below_8h: tuple[str, ...] = ()
    below_4h: tuple[str, ...] = ()
    below_1h: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    leaking: tuple[str, ...] = ()


class Path(NamedTuple):
    """What stands behind one load, or one group of loads, when its supply is gone.

    Where a value is not good the worst case stands in its place and `known` is False.

    Attributes:
        load: row, UPS, rectifier or IT rack.
        priority: of the load, 1 is kept longest.
        on_storage: whether storage alone carries it now.
        energy_wh: energy of the storage still connected to it, its own and its share of others.
        power_w: what it draws.
        autonomy_s: how long that lasts, at this power and within the power of the storage.
        shutdown_s: how long an orderly shutdown takes.
        known: whether every value was good.
        held_s: how long storage that forms its AC supply lasts; part of `autonomy_s` [s].
    """

    load: str
    priority: int
    on_storage: bool
    energy_wh: float
    power_w: float
    autonomy_s: float
    shutdown_s: float
    known: bool
    held_s: float = 0.0


class Feed(NamedTuple):
    """What stands behind one feed of a load.

    Attributes:
        bus: the feed.
        lasts_s: how long the load lasts on what stands behind this feed alone [s].
        reserve_wh: what that can give it within the time of the reserve [Wh].
    """

    bus: str
    lasts_s: float
    reserve_wh: float


@dataclass(frozen=True, slots=True)
class Autonomy:
    """Conclusion of security about storage.

    Attributes:
        paths: by load.
        on_storage: loads that storage alone carries now.
        rows_on_storage: whether no row has any other supply.
        short: loads on storage whose autonomy is below their shutdown time.
        feeds: by load, each of its feeds; as of the last second.
    """

    paths: Mapping[str, Path] = field(default_factory=dict)
    on_storage: tuple[str, ...] = ()
    rows_on_storage: bool = False
    short: tuple[str, ...] = ()
    feeds: Mapping[str, tuple[Feed, ...]] = field(default_factory=dict)


class Store(NamedTuple):
    """What is believed of one store.

    Attributes:
        charge_pu: as counted and corrected [pu].
        sigma_pu: its standard deviation [pu].
        usable_pu: the least of what is reported, counted and told by its voltage [pu].
        health_pu: capacity by nominal [pu].
        bias_pu: what its power sensor shows at rest, by rated power [pu].
    """

    charge_pu: float
    sigma_pu: float
    usable_pu: float
    health_pu: float
    bias_pu: float


@dataclass(frozen=True, slots=True)
class Charge:
    """Conclusion of estimation about what is in the stores.

    Attributes:
        stores: by store.
        usable_wh: energy that may be counted on, by store, and by row what its racks hold [Wh].
        contradicted: stores that report more than can be in them.
    """

    stores: Mapping[str, Store] = field(default_factory=dict)
    usable_wh: Mapping[str, float] = field(default_factory=dict)
    contradicted: tuple[str, ...] = ()


class Winding(NamedTuple):
    """What is believed of the windings of one transformer.

    Attributes:
        hot_spot_c: temperature of the hottest spot [deg C].
        sigma_k: its standard deviation [K].
        oil_c: top oil as reckoned from loading and air [deg C].
        off_k: how much hotter the oil is measured, 0 where it is not [K].
        ageing_pu: ageing by that at 110 deg C [pu].
    """

    hot_spot_c: float
    sigma_k: float
    oil_c: float
    off_k: float
    ageing_pu: float


@dataclass(frozen=True, slots=True)
class Thermal:
    """Conclusion of estimation about transformers.

    Attributes:
        windings: by transformer.
        contradicted: transformers whose temperatures do not fit their loading.
    """

    windings: Mapping[str, Winding] = field(default_factory=dict)
    contradicted: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """What flows and voltages say of the position that a switch shows.

    Attributes:
        verdict: "confirmed", "contradicted", or "undetermined" where they cannot tell.
        probability: of another position than is shown, when that was found.
    """

    verdict: str
    probability: float


@dataclass(frozen=True, slots=True)
class Positions:
    """Conclusion of estimation about the positions of switches.

    Attributes:
        verdicts: by switch.
        contradicted: switches that are not as they show.
        lagging: something has switched; what is measured is not all of the time after it yet.
    """

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    contradicted: tuple[str, ...] = ()
    lagging: bool = False


@dataclass(frozen=True, slots=True)
class Meters:
    """Conclusion of estimation about instruments.

    Attributes:
        condemned: devices with a point that is not used any more, and what is likely to be wrong:
            "sign", "scale", "frozen" or "wrong".
        doubted: devices of which one shows something wrong, nobody knows which.
        drifting: devices with a point that is slowly off.
    """

    condemned: Mapping[str, str] = field(default_factory=dict)
    doubted: tuple[str, ...] = ()
    drifting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Security:
    """Conclusion of security about the next failure.

    Attributes:
        contingencies: what follows from each; the first is that in which nothing dies.
        bad: elements whose death would cost a load or overload equipment, for good.
        unknown: elements of which that cannot be told, because values are missing.
    """

    contingencies: tuple[Contingency, ...] = ()
    bad: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relief:
    """Conclusion of balance about load that is given up.

    Attributes:
        budget_w: what the sets can give all rows together, -1 while that is no limit [W].
        shed: rows that are to go because what is left cannot carry them.
        given_up: loads beside the rows that are to go for the same reason.
        shutdown: loads that were told to shut down, from the decision until they run again.
    """

    budget_w: float = -1.0
    shed: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    shutdown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setpoints:
    """Conclusion of arbitration about devices that do not obey.

    Attributes:
        ignored: equipment that shows another set-point however often it is told.
    """

    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Undone:
    """Conclusion of the operation path about commands of its lane that were not obeyed.

    Attributes:
        not_opened: breakers told to open and not open in time.
        not_done: devices that did not do anything else they were told.
    """

    not_opened: tuple[str, ...] = ()
    not_done: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Island:
    """Conclusion of generation about the delivery bus while no utility feeds it.

    Attributes:
        bus: the delivery bus, "" while nothing on the site holds it.
        sources: machines that hold it, the reference first.
        capability_w: what they can give together [W].
    """

    bus: str = ""
    sources: tuple[str, ...] = ()
    capability_w: float = 0.0


class Formed(NamedTuple):
    """A section that storage holds by itself, or is about to.

    Attributes:
        store: the storage.
        capability_w: what it can give, for as long as its charge lasts [W].
        order: what it is to be told: "grid_forming", "grid_following", or "" for nothing.
        proven: it has been seen to hold the section.
    """

    store: str
    capability_w: float
    order: str
    proven: bool


@dataclass(frozen=True, slots=True)
class BlackStart:
    """Conclusion of transfer about a board that is started from darkness.

    Attributes:
        holding: boards that are being isolated and looked at: nothing may be closed there.
        sourcing: boards whose first source is wanted.
        opened: feeders that were opened for it, to be closed again one after the other.
    """

    holding: tuple[str, ...] = ()
    sourcing: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """Conclusion of `core.fallback`: devices whose fall-back is not known to be as declared."""

    unproven: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What controllers of a lane have concluded; each field has one author.

    Attributes:
        supply: by `detection.outage`.
        generation_wanted: why transfer wants the sets running, "" when it does not; by
            `transfer.main_tie_main`.
        sets_released: sets carry nothing more and may unload; by `transfer.main_tie_main`.
        awaiting: sections that are isolated and have no source, and whether what hangs on them
            fits what is there to feed them; by `transfer.main_tie_main`.
        sets: by `generation.start`.
        sets_to_spare: sets that are not needed now and shall rest; by `generation.choice`.
        rows_free_w: rated power of sets from which on the rows need no limit, 0 without rows [W];
            by `transfer.main_tie_main`.
        fuel: by `generation.fuel`.
        tests: by `generation.exercise`.
        island: by `generation.turbine`.
        formed: sections that storage holds, by bus; by `generation.forming`.
        black_start: by `transfer.black_start`.
        accepted: what persons operated at schemes as a whole in the scan before, approved where the
            site wants that; by the operation path, for one scan.
        shed: feeders that a scheme has declared shed, to be closed again; by
            `transfer.main_tie_main`.
        not_closed: switches that were told to close and did not, the retry included, while that is
            still wanted; by the operation path, of the scan before.
        charge: by `estimation.storage_state`.
        thermal: by `estimation.hot_spot`.
        positions: by `estimation.switch_status`.
        commands: by the operation path of the main lane; the switching lane's are in its word.
        meters: by `estimation.meters`.
        autonomy: by `security.autonomy`.
        security: by `security.n_minus_1`.
        relief: by balance: `caps` (`budget_w`), `shedding` (`shed`), `essential` (`given_up`),
            `shutdown` (`shutdown`).
        volatility: by `smoothing.volatility`.
        compliance: by `compliance.live`.
        demand: by `balance.peaks`.
        setpoints: by arbitration.
        fallbacks: by `core.fallback`.
    """

    supply: Supply = field(default_factory=Supply)
    generation_wanted: str = ""
    sets_released: bool = True
    awaiting: Mapping[str, bool] = field(default_factory=dict)
    sets: Sets = field(default_factory=Sets)
    sets_to_spare: tuple[str, ...] = ()
    rows_free_w: float = 0.0
    fuel: Fuel = field(default_factory=Fuel)
    tests: Tests = field(default_factory=Tests)
    island: Island = field(default_factory=Island)
    formed: Mapping[str, Formed] = field(default_factory=dict)
    black_start: BlackStart = field(default_factory=BlackStart)
    accepted: tuple[OperatorRequest, ...] = ()
    rows_limit_w: float = -1.0
    stages: Mapping[str, str] = field(default_factory=dict)
    shed: tuple[str, ...] = ()
    not_closed: tuple[str, ...] = ()
    commands: Undone = field(default_factory=Undone)
    charge: Charge = field(default_factory=Charge)
    thermal: Thermal = field(default_factory=Thermal)
    positions: Positions = field(default_factory=Positions)
    meters: Meters = field(default_factory=Meters)
    autonomy: Autonomy = field(default_factory=Autonomy)
    security: Security = field(default_factory=Security)
    relief: Relief = field(default_factory=Relief)
    volatility: Volatility = field(default_factory=Volatility)
    compliance: Compliance = field(default_factory=Compliance)
    demand: Demand = field(default_factory=Demand)
    setpoints: Setpoints = field(default_factory=Setpoints)
    fallbacks: Fallbacks = field(default_factory=Fallbacks)


class Heard(NamedTuple):
    """The last word of the other lane on a topic."""

    at_ns: int
    values: Mapping[str, Any]


S = TypeVar("S")


class Turn(NamedTuple, Generic[S]):
    """What a controller answers with.

    Attributes:
        state: its next state.
        proposals: what it wants done, most urgent first.
        events: what happened or was decided.
        messages: to the other lane.
        requests: slow work for a worker.
        facts: new conclusions by field of `Facts`; unnamed ones stand.
        commands: of the last stage of a lane only (operation path, arbitration).
    """

    state: S
    proposals: tuple[Proposal, ...] = ()
    events: tuple[Event | AlarmTransition, ...] = ()
    messages: tuple[LaneMessage | OperatorRequest, ...] = ()
    requests: tuple[Request, ...] = ()
    facts: Mapping[str, Any] | None = None
    commands: tuple[Command, ...] = ()


@dataclass(slots=True)
class Looked:
    """What a controller has looked at in a scan: the whole of what its answer rests on.

    Beside facts and topology, which count as looked at by all.

    Attributes:
        points: indices of the points it has read.
        requests: whether it asked for requests of persons and lanes.
        outcomes: whether it asked for outcomes of commands.
        heard: whether it asked for a word of the other lane.
        due_ns: the earliest time it asked about that had not come yet [ns].
    """

    points: list[int] = field(default_factory=list)
    requests: bool = False
    outcomes: bool = False
    heard: bool = False
    due_ns: int = NEVER_NS

    def forget(self) -> None:
        """Begin anew, for the next controller."""
        self.points.clear()
        self.requests = self.outcomes = self.heard = False
        self.due_ns = NEVER_NS


@dataclass(frozen=True, slots=True)
class View:
    """The plant and the news of one scan.

    Attributes:
        lane: "switching" or "main".
        image: values, quality and times of this instant.
        inbox: everything else that arrived, in order.
        site: the plant as drawn.
        points: where each value stands in the image.
        topology: energised islands and what is known of every bus.
        facts: conclusions of the controllers before, this scan or earlier.
        heard: last word of the other lane by topic.
        estimate: of this scan (main lane) or the last one sent (switching lane), if any.
        epoch: fencing number for commands.
        next_id: number of the next command, for the stage that makes commands.
        looked: what the controller that has the turn has looked at.
    """

    lane: str
    image: Image
    inbox: tuple[Message, ...]
    site: Site
    points: PointTable
    topology: Topology
    facts: Facts
    heard: Mapping[str, Heard]
    estimate: Estimate | None
    epoch: int
    next_id: int
    looked: Looked = field(default_factory=Looked, compare=False)

    @property
    def now_ns(self) -> int:
        """Return the monotonic time of the scan [ns], as a stamp: ask `passed` to compare."""
        return self.image.now_ns

    def passed(self, at_ns: int) -> bool:
        """Return whether a time has come [ns]."""
        if self.image.now_ns >= at_ns:
            return True
        self.looked.due_ns = min(self.looked.due_ns, at_ns)
        return False

    def lasted(self, since_ns: int, wait_ns: int) -> bool:
        """Return whether what holds since `since_ns`, 0 if not at all, has for `wait_ns` [ns]."""
        return since_ns > 0 and self.passed(since_ns + wait_ns)

    def elapsed_s(self, since_ns: int) -> float:
        """Return how long ago something was [s], for the text of an event and no decision."""
        return seconds(self.image.now_ns - since_ns)

    @property
    def requests(self) -> tuple[OperatorRequest, ...]:
        """Return what is asked of schemes: resets at once, what else persons have operated."""
        self.looked.requests = True
        asked = (m for m in self.inbox if isinstance(m, OperatorRequest))
        resets = tuple(m for m in asked if m.proposal.action == "reset")
        return resets + self.facts.accepted

    @property
    def mail(self) -> tuple[OperatorRequest | Order, ...]:
        """Return every step of persons towards a switching action, and requests, in order."""
        self.looked.requests = True
        return tuple(m for m in self.inbox if isinstance(m, OperatorRequest | Order))

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Return what became of commands, in order."""
        self.looked.outcomes = True
        return tuple(m for m in self.inbox if isinstance(m, Outcome))

    def word(self, topic: str) -> Heard | None:
        """Return the last word of the other lane on a topic."""
        self.looked.heard = True
        return self.heard.get(topic)

    def read(self, equipment: str, name: str) -> float | None:
        """Return a value if it is served and good, else None."""
        index = self.points.find(equipment, name)
        if index is None:
            return None
        self.looked.points.append(index)
        image = self.image
        return image.values.item(index) if is_good(image.quality.item(index)) else None

    def gauge(self, gauges: Gauges) -> list[float | None]:
        """Return several values, each if it is served and good, else None."""
        self.looked.points += gauges.points
        return gauges.read(self.image)

    def status(self, equipment: str, name: str) -> bool | None:
        """Return a true-or-false point, or None when it is not served or not good."""
        value = self.read(equipment, name)
        return None if value is None else value != 0

    def position(self, equipment: str) -> Position | None:
        """Return the position of a switching device, or None when it is not good or in doubt."""
        value = self.read(equipment, "position")
        if equipment in self.topology.doubted:
            return None
        return None if value is None else _POSITIONS.get(value)

    def stage(self, equipment: str, name: str = "stage") -> str | None:
        """Return the label of a stage point, or None when it is not served or not good."""
        value = self.read(equipment, name)
        if value is None:
            return None
        states = self.site.equipment[equipment].kind.points[name].states
        return states[int(value)] if 0 <= value < len(states) else None

    def is_open(self, equipment: str) -> bool:
        """Return whether a switch is known to be open."""
        return self.position(equipment) is Position.OPEN

    def is_closed(self, equipment: str) -> bool:
        """Return whether a switch is known to be closed."""
        return self.position(equipment) is Position.CLOSED

    def event(self, source: str, name: str, text: str, **fields: Any) -> Event:  # noqa: ANN401
        """Return an event of this scan."""
        return Event(self.now_ns, source, name, text, fields)


class Slot(NamedTuple):
    """A place in the order of a lane.

    Attributes:
        name: field of `State` and of `Control`, and the block of the site file's `control:`.
        controller: the module.
        timed: it asks the view in ways that are noted, and is left out while its answer stands.
    """

    name: str
    controller: ModuleType
    timed: bool = False
