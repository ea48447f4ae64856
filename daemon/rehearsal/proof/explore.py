"""Every order in which things can happen: the search through daemon and board together.

A *situation* is the board, the memory of the daemon, what is under way, and a zone that bounds the
distances between all instants concerned. From it lead: whatever timed can be due first, a scan of
the daemon when what it sees has changed or one of its waits has ended, and whatever the adversary
does. Situations are searched until none is new; one whose zone lies within that of another, all
else being the same, is not new.

*Safety* is judged by the board at every transition. *Liveness* is a stopwatch: it runs while a
critical bus that could be fed is not, and must not reach its bound; nor may all come to rest while
it runs. Its highest reading is told.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.transfer import section
from daemon.rehearsal.proof import zones
from daemon.rehearsal.proof.mind import NOW
from daemon.rehearsal.proof.zones import EVER, ONLY_NOW, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from daemon.rehearsal.proof.mind import Mind, Thought
    from daemon.rehearsal.proof.plant import Branch, Label, Plant
    from daemon.rehearsal.proof.switchgear import Switchgear
    from daemon.rehearsal.proof.zones import Zone

SCAN: Final[Label] = ("scan", 0)
SCAN_MS: Final = (0, 20)
"""From a change of the plant to the scan that sees it: polling and the period of the lane [ms]."""
HUNGRY: Final[Label] = ("hungry", 0)
"""Since when a critical bus that could be fed is not: an instant that has passed."""


ZONES: Final = 1
"""Zones kept beside one another, all else being the same, before they are joined."""
FINE: Final = 6
"""Joins that widen a zone no more than they must; those after them take larger steps."""
_PATIENCE: Final = 200
"""Situations after which it is first seen whether the search has to begin anew."""


class Situation(NamedTuple):
    """Board and daemon together, at one instant.

    Attributes:
        plant: the board.
        memory: of the daemon.
        seen: picture of its last scan.
        waits: what it asked then and had not come.
        stamps: numbers of the stamps of the memory whose age still matters.
        labels: what is under way.
        zone: distances between now, those stamps and the ends of what is under way, in this order.
    """

    plant: Plant
    memory: int
    seen: int
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


@dataclass
class Tally:
    """What a search has been through.

    Attributes:
        situations: that were searched.
        kinds: of these, that differ in more than time.
        waiting: not yet searched.
        transitions: ways from one to another.
        depth: most steps from the start.
        hungry_ms: longest time in which a bus that could be fed was not.
        found: by what is wrong, how it comes to that.
        complete: the search came to its end.
        scans: scans of the daemon that had to be run.
    """

    situations: int = 0
    kinds: int = 0
    waiting: int = 0
    transitions: int = 0
    depth: int = 0
    hungry_ms: int = 0
    found: dict[str, list[Deed]] = field(default_factory=dict)
    complete: bool = False
    scans: int = 0


class Way(NamedTuple):
    """One step: what happens, what is wrong with it, where it leads, and how soon [ms]."""

    text: str
    wrong: tuple[str, ...]
    to: Situation
    soonest_ms: int = 0


class Reached(NamedTuple):
    """A situation to be searched, how it came about, and after how many steps."""

    situation: Situation
    trail: Trail | None
    depth: int


class Frontier:
    """What was reached: searched already, or waiting for it.

    Situations that differ only in time are kept as zones beside one another; where there are many,
    they are joined into one that holds them all: more than can happen, and never less.
    """

    def __init__(self, levels: int) -> None:
        """Hold nothing yet, in so many levels of urgency."""
        self._searched: dict[Hashable, list[Zone]] = {}
        self._waiting: dict[Hashable, list[Zone]] = {}
        self._joins: Counter[Hashable] = Counter()
        self._queues: list[deque[tuple[Hashable, Reached]]] = [deque() for _ in range(levels)]
        self.count = 0

    def add(self, reached: Reached, level: int) -> None:
        """Let a situation wait, unless it is covered by others."""
        key, zone = reached.situation[:-1], reached.situation.zone
        for other in self._searched.get(key, ()):
            if (zone <= other).all():
                return
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [zone]
            self._queues[level].append((key, reached))
            return
        for other in waiting:
            if (zone <= other).all():
                return
        waiting.append(zone)
        if len(waiting) > ZONES:
            self._joins[key] += 1
            waiting[:] = [zones.joined(waiting, coarse=self._joins[key] > FINE)]

    def next(self) -> Iterator[Reached]:
        """Take what waits and is most urgent: a situation with each of its zones."""
        queue = next((q for q in self._queues if q), None)
        if queue is None:
            return
        key, reached = queue.popleft()
        searched = self._searched.setdefault(key, [])
        for zone in self._waiting.pop(key):
            if any((zone <= other).all() for other in searched):
                continue
            if len(searched) >= ZONES:
                self._joins[key] += 1
                coarse = self._joins[key] > FINE
                zone = zones.joined([*searched, zone], coarse=coarse)  # noqa: PLW2901
                searched.clear()
            searched.append(zone)
            self.count += 1
            yield reached._replace(situation=reached.situation._replace(zone=zone))

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return any(self._queues)

    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def kinds(self) -> int:
        """Return how many situations there are that differ in more than time."""
        return len(self._searched)


class Search:
    """A search through one scheme."""

    def __init__(
        self,
        board: Switchgear,
        mind: Mind,
        picture: Callable[[Plant], int],
        bound_ms: int,
        sudden: int,
        hidden: int,
    ) -> None:
        """Search `board` under `mind`, which sees it as `picture` says, with so many faults."""
        self.board: Final = board
        self.mind: Final = mind
        self.tally = Tally()
        self.frontier = Frontier(1)
        self.moves: set[tuple[int, int]] = set()
        self._picture: Final = picture
        self._bound_ms: Final = bound_ms
        self._sudden: Final = sudden
        self._hidden: Final = hidden

    def first(self) -> Situation:
        """Return the start: board at rest, the daemon has just begun."""
        plant = self.board.first(self._sudden, self._hidden)
        start = Situation(plant, self.mind.first, -1, (), (), (), ONLY_NOW)
        return self._timed(start, plant, ((SCAN, SCAN_MS),))

    def run(self, stop: Callable[[Tally], bool]) -> Tally:
        """Search until nothing is new, or `stop` says so."""
        # How far back stamps are asked about is found out on the way; then all begins anew.
        patience = _PATIENCE
        while not self._through(stop, patience):
            patience *= 2
        return self.tally

    def _through(self, stop: Callable[[Tally], bool], patience: int) -> bool:
        """Search once, and return whether nothing came up that would have changed the search."""
        start = self.first()
        levels = self._sudden + self._hidden + start.plant.losses + 1
        frontier = self.frontier = Frontier(levels)
        tally = self.tally = Tally(complete=True)
        learned = self.mind.learned
        frontier.add(Reached(start, None, 0), 0)
        while frontier:
            for situation, trail, depth in frontier.next():
                tally.depth = max(tally.depth, depth)
                moved = False
                for way in self._ways(situation):
                    tally.transitions += 1
                    moved = moved or not way.text.startswith("!")
                    after = Trail(trail, way.text, way.soonest_ms)
                    for wrong in way.wrong:
                        self._wrong(wrong, after)
                    plant = way.to.plant
                    # Fewest faults first: what is found needs no more of them than it shows.
                    level = levels - 1 - plant.sudden - plant.hidden - plant.losses
                    frontier.add(Reached(way.to, after, depth + 1), level)
                self._judge(situation, trail, moved=moved)
            if self.mind.learned != learned and frontier.count >= patience:
                return False
            tally.situations, tally.kinds = frontier.count, frontier.kinds()
            tally.waiting = frontier.waiting()
            tally.scans = self.mind.steps
            if stop(tally):
                tally.complete = False
                return True
        return self.mind.learned == learned

    def _judge(self, now: Situation, trail: Trail | None, *, moved: bool) -> None:
        """Judge whether a bus that could be fed has waited too long, or waits for nothing."""
        if HUNGRY not in now.labels:
            return
        i = 1 + len(now.stamps) + now.labels.index(HUNGRY)
        if not moved:
            self._wrong("a bus that could be fed stays dark", trail)
        elif now.zone[0, i] > self._bound_ms:
            self._wrong("a bus that could be fed is dark for too long", trail)
        self.tally.hungry_ms = max(self.tally.hungry_ms, min(int(now.zone[0, i]), EVER))

    def _wrong(self, wrong: str, trail: Trail | None) -> None:
        if wrong in self.tally.found:
            return
        steps = []
        while trail is not None:
            steps.append(trail)
            trail = trail.before
        at_ms, deeds = 0, []
        for step in reversed(steps):
            at_ms += step.soonest_ms
            deeds.append(Deed(step.text, at_ms))
        self.tally.found[wrong] = deeds

    # -- where a situation leads -----------------------------------------------------------------

    def _ways(self, now: Situation) -> Iterator[Way]:
        """Yield all that time leads to, then, marked "!", all that the adversary makes of it."""
        scanning = SCAN in now.labels
        later = now._replace(zone=zones.waited(now.zone, self._latest(now, scanning=scanning)))
        n_stamp = 1 + len(now.stamps)
        for n, label in enumerate(now.labels):
            if label == HUNGRY:
                continue
            zone = zones.bounded(later.zone, n_stamp + n, 0, 0)
            if zone is None:
                continue
            due = _without(later._replace(zone=zone), (label,))
            soonest_ms = max(0, -int(now.zone[0, n_stamp + n]))
            if label == SCAN:
                yield from self._scan(due, soonest_ms)
            else:
                for branch in self.board.due(now.plant, label):
                    yield self._arrived(due, branch)._replace(soonest_ms=soonest_ms)
        if not scanning:
            for query in now.waits:
                i = 1 + now.stamps.index(query.stamp)
                zone = zones.bounded(later.zone, i, 0, -query.wait_ms)
                if zone is not None:
                    soonest_ms = max(0, query.wait_ms - int(now.zone[0, i]))
                    yield from self._scan(later._replace(zone=zone), soonest_ms)
        yield from self._disturbed(later)

    def _disturbed(self, later: Situation) -> Iterator[Way]:
        """Yield all that the adversary makes of a situation, at any time before it changes."""
        made: dict[Hashable, Situation] = {}
        for branch in self.board.disturbed(later.plant):
            plant = branch.plant
            news = bool(plant.news) or self._picture(plant) != later.seen
            key = branch.timers, branch.ended, news, self.board.hungry(plant)
            if (like := made.get(key)) is None:
                like = made[key] = self._arrived(later, branch).to
            yield Way(f"! {branch.text}", branch.wrong, like._replace(plant=plant))
        if later.plant.sudden:
            plant = later.plant._replace(sudden=later.plant.sudden - 1, news=())
            kept = [0, *range(1 + len(later.stamps), len(later.zone))]
            anew = Situation(
                plant, self.mind.first, -1, (), (), later.labels, zones.kept(later.zone, kept)
            )
            yield Way("! the daemon starts anew", (), self._timed(anew, plant, ((SCAN, SCAN_MS),)))

    def _latest(self, now: Situation, *, scanning: bool) -> list[int]:
        """Return, by instant, how long after it something has happened of itself at the latest."""
        latest = [EVER] * (1 + len(now.stamps))
        latest += [EVER if label == HUNGRY else 0 for label in now.labels]
        if not scanning:
            for query in now.waits:
                i = 1 + now.stamps.index(query.stamp)
                latest[i] = min(latest[i], query.wait_ms + SCAN_MS[1])
        return latest

    def _arrived(self, left: Situation, branch: Branch) -> Way:
        """Return the way to where a branch of the board leads."""
        plant = branch.plant
        timers = branch.timers
        if (plant.news or self._picture(plant) != left.seen) and SCAN not in left.labels:
            timers = (*timers, (SCAN, SCAN_MS))
        to = self._timed(_without(left, branch.ended), plant, timers)
        return Way(branch.text, branch.wrong, to)

    def _timed(
        self, left: Situation, plant: Plant, timers: tuple[tuple[Label, tuple[int, int]], ...]
    ) -> Situation:
        """Return a situation with more under way, in the order of labels."""
        hungry = self.board.hungry(plant)
        if hungry and HUNGRY not in left.labels:
            timers = (*timers, (HUNGRY, (0, 0)))
        elif not hungry and HUNGRY in left.labels:
            left = _without(left, (HUNGRY,))
        if timers:
            left = _without(left, tuple(label for label, _ in timers))
            labels = (*left.labels, *(label for label, _ in timers))
            n_stamp = 1 + len(left.stamps)
            zone = zones.begun(left.zone, [span for _, span in timers])
            order = sorted(range(len(labels)), key=labels.__getitem__)
            zone = zones.kept(zone, [*range(n_stamp), *(n_stamp + n for n in order)])
            left = left._replace(labels=tuple([labels[n] for n in order]), zone=zone)
        return left._replace(plant=plant)

    def _scan(self, now: Situation, soonest_ms: int) -> Iterator[Way]:
        """Yield all that a scan may lead to."""
        picture = self._picture(now.plant)
        ages = Ages(self.mind.count(now.memory), now.stamps, now.zone)
        for thought, known in self.mind.think(now.memory, picture, now.plant.news, ages):
            assert isinstance(known, Ages)
            way = self._decided(now._replace(zone=known.zone), thought, picture)
            yield way._replace(soonest_ms=soonest_ms)

    def _decided(self, now: Situation, thought: Thought, picture: int) -> Way:
        branch = self.board.heard(now.plant, self.mind.memory(thought.memory)[1])
        plant, timers, told = branch.plant, list(branch.timers), []
        for order in thought.orders:
            at = self.board.number(order.equipment)
            gap = order.reason.endswith(section.Stage.BREAKING.value)
            sent = self.board.obey(plant, at, order.action, for_gap=gap)
            plant = sent.plant
            timers += sent.timers
            told.append(f"{order.equipment} {order.action} ({order.reason})")
        if thought.stirred or self._picture(plant) != picture:
            timers.append((SCAN, SCAN_MS))
        if thought.memory != now.memory:
            self.moves.add((now.memory, thought.memory))
        after = self._remembered(now, thought)._replace(seen=picture)
        to = self._timed(_without(after, branch.ended), plant, tuple(timers))
        return Way("daemon: " + ("; ".join(told) or "looks"), branch.wrong, to)

    def _remembered(self, now: Situation, thought: Thought) -> Situation:
        """Return a situation with the stamps of a new memory, as far as their age matters."""
        horizons = self.mind.horizons(thought.memory)
        place = {stamp: 1 + n for n, stamp in enumerate(now.stamps)}
        stamps, instants = [], [0]
        limits = [EVER]
        for n, source in enumerate(thought.stamps):
            i = 0 if source == NOW else place.get(source, -1)
            if i >= 0 and -now.zone[i, 0] < horizons[n]:
                stamps.append(n)
                instants.append(i)
                limits.append(horizons[n])
        n_label = len(now.labels)
        first = 1 + len(now.stamps)
        instants += range(first, first + n_label)
        limits += [self._bound_ms if label == HUNGRY else EVER for label in now.labels]
        zone = zones.kept(now.zone, instants)
        # What lies further back than is ever asked is as good as any time ago.
        zone = zones.relaxed(zone, limits)
        waits = () if thought.stirred else tuple(q for q in thought.waits if q.stamp in stamps)
        return now._replace(memory=thought.memory, stamps=tuple(stamps), waits=waits, zone=zone)


def _without(now: Situation, labels: tuple[Label, ...]) -> Situation:
    """Return a situation in which these are not under way."""
    gone = {n for n, label in enumerate(now.labels) if label in labels}
    if not gone:
        return now
    n_stamp = 1 + len(now.stamps)
    left = [n for n in range(len(now.labels)) if n not in gone]
    zone = zones.kept(now.zone, [*range(n_stamp), *(n_stamp + n for n in left)])
    return now._replace(labels=tuple([now.labels[n] for n in left]), zone=zone)
