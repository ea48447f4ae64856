"""The plant of a proof, as small values: what is the matter with it, and how it may go on.

A plant under proof has breakers between buses, fixed links (transformers), sources that are live or
not, and a panel. What takes time takes an interval of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from daemon.model.commands import Result

OPEN, CLOSED = 0, 1
"""Contacts."""
STILL, OPENING, CLOSING, SEEKING = range(4)
"""Motions; one that seeks synchronism has been told to close when it has found it."""
STUCK, LOCKED, LOCAL, SPENT, FAILED, RACED = 1, 2, 4, 8, 16, 32
"""What may be the matter with a breaker, as bits: mechanism stuck, tripped on a fault, panel on
local, spring not charged, breaker failure shown (50BF), moving by an order that the plant has
overtaken."""

ORDER_MS: Final = (0, 20)
"""From the scan to the device, the wire included [ms]."""
OPEN_MS: Final = (45, 55)
CLOSE_MS: Final = (65, 75)
CHARGE_MS: Final = (5_000, 10_000)
SYNC_MS: Final = (100, 9_900)
WINDOW_MS: Final = (10_000, 10_050)
FAILURE_MS: Final = (190, 210)
RESTART_MS: Final = (200, 3_000)
"""From the end of a daemon to the first scan of the one after it: an interpreter and its libraries
take longer than the first to be there, and after the second a board's own logic has it
(`fallback_s`) [ms]."""
OVERLAP_MS: Final = 100
ENDED_MS: Final = 2_000
"""What the environment has made wrong is ended within this [ms]."""
UNSEEN_MS: Final = 16_000
"""So is what only shows as a close that did not happen, once mains have settled (2 s), which such a
close waits for, and it has had its time (14 s) [ms]."""

Label = tuple[str, int]
"""What is timed, and at which device."""
Timers = tuple[tuple[Label, tuple[int, int]], ...]
"""What begins to take time, and how much [ms]."""


class Faults(NamedTuple):
    """What the adversary may do in a search, beside healing what it has done.

    Attributes:
        losses: of a utility, or calls of neighbours that follow from one.
        sudden: disturbances of any other kind, at any instant.
        hidden: faults that show when something is asked of what has them.
    """

    losses: int
    sudden: int
    hidden: int

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.losses} lost, {self.sudden} sudden, {self.hidden} hidden"


class Told(NamedTuple):
    """A command on its way to a breaker."""

    action: str
    for_gap: bool
    """It is to part a source before the other is joined: an open transition."""
    raced: bool
    """The plant has changed by other hands since the daemon decided."""
    dark: tuple[int, ...] = ()
    """What had no voltage when a person asked for it."""


class Lie(NamedTuple):
    """One instrument that does not tell the truth."""

    kind: str
    breaker: int
    side: int
    shows: int
    """Position or voltage shown (0 or 1), -1 when it has no good value."""


class Plant(NamedTuple):
    """The state of the board."""

    contacts: tuple[int, ...]
    motions: tuple[int, ...]
    bent: tuple[int, ...]
    sources: tuple[bool, ...]
    orders: tuple[tuple[Told, ...], ...]
    news: tuple[tuple[str, Result | str], ...] = ()
    """By device, what it answered to a command, or the action that a person asks of it."""
    faulted: tuple[int, ...] = ()
    lie: Lie | None = None
    in_sync: int = 0
    """Breakers that close because they found synchronism, as bits."""
    astray: bool = False
    """Sources are not brought into synchronism."""
    automatic: bool = True
    away: bool = False
    """The daemon is starting anew: nobody looks."""
    wanted: bool = False
    """The daemon wants the sets, or its neighbours want them of it."""
    asked: bool = False
    """The sets were asked to come and have not been let go since."""
    stages: tuple[int, ...] = ()
    """Of each set: at rest, starting, running, failed."""
    losses: int = 1
    """How often a utility may still fail."""
    sudden: int = 0
    """Disturbances that may still come, at any instant."""
    hidden: int = 0
    """Faults that may still show, each when something is asked of what has it."""


class Branch(NamedTuple):
    """One way in which the plant goes on.

    Attributes:
        plant: after it.
        timers: what begins to take time, by label [ms].
        ended: labels that do not matter any more.
        text: what happened.
        wrong: what of it must not be.
    """

    plant: Plant
    timers: Timers = ()
    ended: tuple[Label, ...] = ()
    text: str = ""
    wrong: tuple[str, ...] = ()


class Trick(NamedTuple):
    """What the adversary does to what the daemon is shown or asked, and to nothing else.

    Attributes:
        text: what happened.
        ask: device and action that a person asks for, or ().
        lie: instrument that lies from now on.
        local: number of a breaker that goes to local, or -1.
        manual: the selector leaves auto.
    """

    text: str
    ask: tuple[tuple[str, Result | str], ...] = ()
    lie: Lie | None = None
    local: int = -1
    manual: bool = False

    def played(self, plant: Plant) -> Plant:
        """Return the plant with it; it costs a disturbance."""
        after = plant._replace(
            sudden=plant.sudden - 1,
            news=plant.news + self.ask,
            lie=self.lie or plant.lie,
            automatic=plant.automatic and not self.manual,
        )
        return after if self.local < 0 else bent(after, self.local, LOCAL)


class Breaker(NamedTuple):
    """A breaker as drawn: its ends, and whether the daemon switches it."""

    name: str
    ends: tuple[int, int]
    normally: int
    switched: bool


class Source(NamedTuple):
    """A source as drawn; one of the utility must not be fed while it is dead."""

    name: str
    bus: int
    utility: bool


def bared(plant: Plant) -> Plant:
    """Return the plant without what no instrument shows."""
    return plant._replace(
        orders=(), news=(), astray=False, away=False, losses=0, sudden=0, hidden=0
    )


def put(values: tuple, at: int, value: object) -> tuple:  # type: ignore[type-arg]
    """Return a tuple with one value another."""
    return (*values[:at], value, *values[at + 1 :])


def moved(plant: Plant, at: int, motion: int) -> Plant:
    """Return the plant with a breaker in another motion."""
    in_sync = plant.in_sync if motion == CLOSING else plant.in_sync & ~(1 << at)
    return plant._replace(motions=put(plant.motions, at, motion), in_sync=in_sync)


def synchronous(plant: Plant, at: int) -> Plant:
    """Return the plant with a breaker that closes because it has found synchronism."""
    closing = moved(plant, at, CLOSING)
    return closing._replace(in_sync=closing.in_sync | 1 << at)


def bent(plant: Plant, at: int, bit: int) -> Plant:
    """Return the plant with something the matter with a breaker."""
    return plant._replace(bent=put(plant.bent, at, plant.bent[at] | bit))


def unbent(plant: Plant, at: int, bit: int) -> Plant:
    """Return the plant with that no more the matter."""
    return plant._replace(bent=put(plant.bent, at, plant.bent[at] & ~bit))


def paid(plant: Plant) -> Plant:
    """Return the plant with one disturbance less to come."""
    return plant._replace(sudden=plant.sudden - 1)


def jammed(plant: Plant, at: int) -> Plant:
    """Return the board with a breaker stuck; the first time costs a fault."""
    if plant.bent[at] & STUCK:
        return plant
    return bent(plant._replace(hidden=plant.hidden - 1), at, STUCK)


def overtaken(plant: Plant, at: int = -1) -> Plant:
    """Return the board with every order on its way, or the motion of one breaker, overtaken."""
    if at >= 0:
        return bent(plant, at, RACED)
    orders = tuple(tuple(t._replace(raced=True) for t in queue) for queue in plant.orders)
    moving = plant._replace(orders=orders)
    for n, motion in enumerate(plant.motions):
        if motion not in {STILL, SEEKING}:
            moving = bent(moving, n, RACED)
    return moving


def is_overtaken(plant: Plant, at: int) -> bool:
    """Return whether a breaker moves by an order that the plant has overtaken."""
    return bool(plant.bent[at] & RACED)


def arrived(plant: Plant, at: int) -> Plant:
    """Return the plant with the motion of a breaker over."""
    return unbent(plant, at, RACED)
