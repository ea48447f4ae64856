"""What every publisher is to the shell, and what it is given to publish."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.journal.keeping import Held
    from daemon.model.commands import JobNotice
    from daemon.model.compliance import Kept
    from daemon.model.contingency import Contingency
    from daemon.model.estimate import Estimate
    from daemon.model.events import AlarmTransition, Event
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

DURATION_BOUNDS_S: Final = (
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256
)  # fmt: skip
_BOUNDS_NS: Final = [round(bound * SECOND) for bound in DURATION_BOUNDS_S]


@dataclass(slots=True)
class Spread:
    """How a time was spread: counts up to each of `DURATION_BOUNDS_S`, one above, and the sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(DURATION_BOUNDS_S) + 1))
    sum_s: float = 0.0

    def add(self, duration_ns: int) -> None:
        """Count one duration [ns]."""
        self.counts[bisect_left(_BOUNDS_NS, duration_ns)] += 1
        self.sum_s += duration_ns / SECOND


@dataclass(slots=True)
class LaneFigures:
    """What a lane counts about itself.

    Attributes:
        period_s: its grid [s].
        scans: scans done.
        overruns: slots of its grid that passed unused.
        last_ns: monotonic time of the last scan [ns].
        duration: time from the begin of a scan to its end.
        jitter: time from the slot to the begin of its scan.
        stopped: why the lane stands in its fail-safe, or "".
    """

    period_s: float
    scans: int = 0
    overruns: int = 0
    last_ns: int = 0
    duration: Spread = field(default_factory=Spread)
    jitter: Spread = field(default_factory=Spread)
    stopped: str = ""


class GatewayFigures(Protocol):
    """What a driver counts, as far as it is published; see `daemon.drivers.driver.Statistics`."""

    connected: bool
    polls: int
    polls_failed: int
    polls_missed: int
    rejected: int
    reconnects: int
    latency_ns: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon after one main scan. Mappings are live: read them, never keep them.

    Attributes:
        image: what the scan saw.
        estimate: what it made of it, if anything.
        lanes: figures by lane.
        spent: by stage, how long it took: `poll` (age of the oldest value that is read in the fast
            class when a main scan looks at it), `estimate`, `decide` (a step of either lane without
            that), `write` (from decision to answer of the device).
        gateways: counters by gateway.
        commands: commands by result.
        alarms: the last transition of every alarm that is not normal, by id.
        endurance_s: how long the fuel of each set lasts [s], of all together under "".
        charge: by store its charge, the deviation of that, what of it is usable, its health, and
            what its power sensor shows at rest, all [pu].
        substitutes: by controller, points in whose place it acts on the estimate.
        autonomy_s: how long storage carries each load [s], by load.
        feeds: by load, each of its feeds: bus, how long it lasts on that alone [s], and what
            reserve stands behind it [Wh].
        contingencies: what follows if one element dies; the first is that in which none does.
        schemes: transfer schemes and their sections, by their stage.
        tags: maintenance tags by equipment: who hung them, and why.
        volatility: stage of the load's volatility.
        compliance: what is known of each limit at the point of delivery.
        demand: that is billed: what its aim is from, the aim, the mean of the window that runs,
            what may be drawn until its end, the highest one [W], and by store the reserve that is
            kept from it [Wh], and by forecast its pinball loss [W].
        ready: everything was read once (or waited for long enough) and the scan runs.
        journal_failures: records that could not be written.
        record: how much of the past is kept.
        tasks_restarted: supervised tasks that died and were started again.
    """

    image: Image
    estimate: Estimate | None
    lanes: Mapping[str, LaneFigures]
    spent: Mapping[str, Spread]
    gateways: Mapping[str, GatewayFigures]
    commands: Mapping[str, int]
    alarms: Mapping[str, AlarmTransition]
    endurance_s: Mapping[str, float]
    charge: Mapping[str, tuple[float, float, float, float, float]]
    substitutes: Mapping[str, tuple[str, ...]]
    autonomy_s: Mapping[str, float]
    feeds: Mapping[str, tuple[tuple[str, float, float], ...]]
    contingencies: tuple[Contingency, ...]
    schemes: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]]
    volatility: str
    compliance: tuple[Kept, ...]
    demand: tuple[str, float, float, float, float, Mapping[str, float], Mapping[str, float]]
    ready: bool
    journal_failures: int
    record: Held
    tasks_restarted: int


@dataclass(frozen=True, slots=True)
class North:
    """All that a publisher is given at its start.

    Attributes:
        site: the plant, for ids and addresses.
        points: place of every value in the image.
        node: which of the daemons of this site this is.
        epoch: number of this boot.
        now_ns: monotonic clock [ns].
        utc_ns: wall clock [ns since 1970].
        say: tells a person something, once.
        version: of the daemon.
        hear: takes what a scheduler announces.
        record: puts something that was seen here on record: name, source, text, values.
    """

    site: Site
    points: PointTable
    node: str
    epoch: int
    now_ns: Callable[[], int]
    utc_ns: Callable[[], int]
    say: Callable[[str], None]
    version: str
    hear: Callable[[JobNotice], None] = lambda _: None
    record: Callable[[str, str, str, Mapping[str, Any]], None] = lambda *_: None


class Publisher(Protocol):
    """One way north. Both calls return at once, whatever the other side does."""

    @property
    def name(self) -> str:
        """Return what it is called in messages."""
        ...

    def show(self, snapshot: Snapshot) -> None:
        """Take the state after a main scan; only the last one counts."""
        ...

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Take what happened; every item counts."""
        ...

    async def run(self) -> None:
        """Publish until cancelled; ends with everything closed."""
        ...
