"""A situation under proof: board and daemon together at one instant, and how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.rehearsal.proof import zones
from daemon.rehearsal.proof.plant import Faults, bared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from daemon.rehearsal.proof.plant import Branch, Label, Plant, Trick
    from daemon.rehearsal.proof.switchgear import Switchgear
    from daemon.rehearsal.proof.zones import Query, Zone


SCAN: Final[Label] = ("scan", 0)
SCAN_MS: Final = (0, 20)
"""From a change of the plant to the scan that sees it: polling and the period of the lane [ms]."""
HUNGRY: Final[Label] = ("hungry", 0)
"""Since when a critical bus that could be fed is not: an instant that has passed."""


class Met:
    """A state of the board that the search has met, and what follows from it.

    Attributes:
        plant: the board.
        kind: number of it among all that differ in more than the faults to come.
        to_come: faults.
        picture: number of what the daemon sees of it.
        hungry: whether a critical bus that could be fed is not.
        due: by label, what follows when it is due; filled as asked.
        disturbed: what the adversary makes of it; None until asked.
        tricks: what else the daemon may be shown of it or asked, with the picture of that.
    """

    __slots__ = ("disturbed", "due", "hungry", "kind", "picture", "plant", "to_come", "tricks")

    def __init__(self, plant: Plant, kind: int, picture: int, *, hungry: bool) -> None:
        self.plant: Final = plant
        self.kind: Final = kind
        self.to_come: Final = Faults(plant.losses, plant.sudden, plant.hidden)
        self.picture: Final = picture
        self.hungry: Final = hungry
        self.due: dict[Label, list[Step]] = {}
        self.disturbed: list[Step] | None = None
        self.tricks: list[tuple[Trick, int]] | None = None


class Step(NamedTuple):
    """A branch of the board, and the state that it leads to."""

    branch: Branch
    met: Met


class Acquaintance:
    """Every state of the board that was met, once."""

    def __init__(self, board: Switchgear, picture: Callable[[Plant], int]) -> None:
        """Know nothing yet of `board`, which is seen as `picture` says."""
        self._board: Final = board
        self._picture: Final = picture
        self._met: dict[Plant, Met] = {}
        self._kinds: dict[Plant, int] = {}
        self._tricks: dict[Plant, list[tuple[Trick, int]]] = {}

    def meet(self, plant: Plant) -> Met:
        """Return what is known of a state of the board."""
        met = self._met.get(plant)
        if met is None:
            hungry = self._board.starved(plant)
            alike = plant._replace(losses=0, sudden=0, hidden=0)
            kind = self._kinds.setdefault(alike, len(self._kinds))
            met = Met(plant, kind, self._picture(plant), hungry=hungry)
            self._met[plant] = met
        return met

    def due(self, met: Met, label: Label) -> list[Step]:
        """Return what follows when something timed is due."""
        steps = met.due.get(label)
        if steps is None:
            steps = met.due[label] = self._steps(self._board.fire(met.plant, label))
        return steps

    def disturbed(self, met: Met) -> list[Step]:
        """Return all that the adversary makes of the board."""
        if met.disturbed is None:
            met.disturbed = self._steps(self._board.adversary(met.plant))
        return met.disturbed

    def tricks(self, met: Met) -> list[tuple[Trick, int]]:
        """Return what else the daemon may be shown or asked, and the picture of each."""
        if met.tricks is None:
            plant = met.plant
            key = bared(plant)
            found = self._tricks.get(key) if plant.sudden else []
            if found is None:
                found = [
                    (trick, self._picture(trick.played(plant)))
                    for trick in self._board.tricks(plant)
                ]
                self._tricks[key] = found
            met.tricks = found
        return met.tricks

    def _steps(self, branches: Iterable[Branch]) -> list[Step]:
        return [Step(branch, self.meet(branch.plant)) for branch in branches]


class Situation(NamedTuple):
    """Board and daemon together, at one instant.

    Attributes:
        met: the board.
        memory: of the daemon.
        waits: what it asked in its last scan and had not come; nothing while a scan is due.
        stamps: numbers of the stamps of the memory whose age still matters.
        labels: what is under way.
        zone: distances between now, those stamps and the ends of what is under way, in this order.
    """

    met: Met
    memory: int
    waits: tuple[Query, ...]
    stamps: tuple[int, ...]
    labels: tuple[Label, ...]
    zone: Zone


class Ages:
    """What a situation knows of the ages of stamps; those not in its zone are older than asked."""

    __slots__ = ("n_stamp", "stamps", "zone")

    def __init__(self, n_stamp: int, stamps: tuple[int, ...], zone: Zone) -> None:
        self.n_stamp = n_stamp
        self.stamps = stamps
        self.zone = zone

    def answer(self, query: Query) -> bool | None:
        """Return whether a stamp is so old, None when that is open."""
        if query.stamp not in self.stamps:
            # Older than asked; or the stamp of this very scan.
            return query.stamp < self.n_stamp or query.wait_ms <= 0
        i = 1 + self.stamps.index(query.stamp)
        if -self.zone[i, 0] >= query.wait_ms:
            return True
        return None if self.zone[0, i] >= query.wait_ms else False

    def narrowed(self, query: Query, *, reached: bool) -> Ages:
        """Return what is known once an open question is answered."""
        i = 1 + self.stamps.index(query.stamp)
        if reached:
            zone = zones.bounded(self.zone, i, 0, -query.wait_ms)
        else:
            zone = zones.bounded(self.zone, 0, i, query.wait_ms - 1)
        assert zone is not None, "an answer that was not open"
        return Ages(self.n_stamp, self.stamps, zone)


class Trail(NamedTuple):
    """How a situation came about: the one before, what happened, and how soon it can have [ms]."""

    before: Trail | None
    text: str
    soonest_ms: int


class Deed(NamedTuple):
    """One thing that happened on the way to what is wrong, and at the soonest when [ms]."""

    text: str
    at_ms: int


class Way(NamedTuple):
    """One step: what happens, what is wrong with it, where it leads, and how soon [ms].

    Attributes:
        trick: what the daemon was shown or asked in it that was not so.
    """

    text: str
    wrong: tuple[str, ...]
    to: Situation
    soonest_ms: int = 0
    trick: str = ""


class Reached(NamedTuple):
    """A situation to be searched, how it came about, and after how many steps."""

    situation: Situation
    trail: Trail | None
    depth: int


def without(now: Situation, labels: tuple[Label, ...]) -> Situation:
    """Return a situation in which these are not under way."""
    gone = {n for n, label in enumerate(now.labels) if label in labels}
    if not gone:
        return now
    n_stamp = 1 + len(now.stamps)
    left = [n for n in range(len(now.labels)) if n not in gone]
    zone = zones.kept(now.zone, [*range(n_stamp), *(n_stamp + n for n in left)])
    return now._replace(labels=tuple([now.labels[n] for n in left]), zone=zone)
