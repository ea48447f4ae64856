"""What controllers conclude about the plant, and other controllers read.

A fact is a conclusion, drawn by one controller in one place and read by those after it in the
order of the tuple in `daemon.core.step`; it stands until its author changes it. `Facts` says whose
each is.

Add here: the type of a new conclusion, and its field with the name of its author.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from daemon.core.tags import Tags
from daemon.model.commands import OperatorRequest
from daemon.model.compliance import Bound, Kept
from daemon.model.contingency import Contingency


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
        kept_pu: of the band of smoothing, what shaving leaves alone in this stage [pu].
    """

    stage: str = "unknown"
    kept_pu: float = 1.0


class Smoothing(NamedTuple):
    """Conclusion of smoothing about what it does.

    Attributes:
        acting: storage takes or gives for it.
        short: storage has too little room: the rows have the slow ramp.
        distrusted: stores that do not follow the set-point that they show.
    """

    acting: bool = False
    short: bool = False
    distrusted: tuple[str, ...] = ()


class Compliance(NamedTuple):
    """Conclusion of compliance about the point of delivery.

    Attributes:
        kept: what is known of each limit of the contract and of the rule sets of the site.
        broken: limits that have been passed of late, "rules: limit".
        bounds: what all of them demand of how power moves.
    """

    kept: tuple[Kept, ...] = ()
    broken: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()


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


class RowsLimit(NamedTuple):
    """What some rows may draw together [W]."""

    rows: tuple[str, ...]
    total_w: float


@dataclass(frozen=True, slots=True)
class Relief:
    """Conclusion of balance about load that is given up.

    Attributes:
        budget_w: what the sets can give all rows together, -1 while that is no limit [W].
        limits: what the converters that are left can give some rows, where that is too little.
        shed: rows that are to go because what is left cannot carry them.
        given_up: loads beside the rows that are to go for the same reason.
        shutdown: loads that were told to shut down, from the decision until they run again.
    """

    budget_w: float = -1.0
    limits: tuple[RowsLimit, ...] = ()
    shed: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    shutdown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setpoints:
    """Conclusion of arbitration about set-points that are not as their proposer would have them.

    Attributes:
        ignored: equipment that shows another set-point however often it is told.
        owners: on whose bound a set-point of a row rests, by point id, where several want one.
    """

    ignored: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Facts:
    """What controllers of a lane have concluded; each field has one author.

    Without slots, as `View` is.

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
        held_back: by scheme of the intake, what keeps it from the better feed, where anything
            does; by `transfer.intake`.
        shed: feeders that a scheme has declared shed, to be closed again; by
            `transfer.main_tie_main`.
        not_closed: switches that were told to close and did not, the retry included, while that is
            still wanted; by the operation path, of the scan before.
        charge: by `estimation.storage_state`; in the switching lane of contradicted stores only.
        thermal: by `estimation.hot_spot`.
        positions: by `estimation.switch_status`.
        commands: by the operation path of the main lane; the switching lane's are in its word.
        meters: by `estimation.meters`.
        autonomy: by `security.autonomy`.
        security: by `security.n_minus_1`.
        relief: by balance: `caps` (`budget_w`, `limits`), `shedding` (`shed`), `essential`
            (`given_up`), `shutdown` (`shutdown`).
        volatility: by `smoothing.volatility`.
        smoothing: by `smoothing.smoother`.
        compliance: by `compliance.live`.
        demand: by `balance.peaks`.
        setpoints: by arbitration.
        fallbacks: by `core.fallback`.
        operated: when the daemon before this one told a device something that wears it out, by
            equipment, as the shell hands it on [ns] (`interlocks.wear`).
        tags: maintenance tags that hang, by equipment: who hung one, and why; by the operation
            path of the switching lane.
        substitutes: by controller, points in whose place it acts on the estimate; by the lane.
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
    held_back: Mapping[str, str] = field(default_factory=dict)
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
    smoothing: Smoothing = field(default_factory=Smoothing)
    compliance: Compliance = field(default_factory=Compliance)
    demand: Demand = field(default_factory=Demand)
    setpoints: Setpoints = field(default_factory=Setpoints)
    fallbacks: Fallbacks = field(default_factory=Fallbacks)
    substitutes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)
    operated: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
