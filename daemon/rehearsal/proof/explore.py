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

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daemon.core.transfer import section
from daemon.rehearsal.proof import zones
from daemon.rehearsal.proof.frontier import Frontier
from daemon.rehearsal.proof.mind import NOW
from daemon.rehearsal.proof.situation import (
    HUNGRY,
    SCAN,
    SCAN_MS,
    Acquaintance,
    Ages,
    Deed,
    Reached,
    Situation,
    Trail,
    Way,
    without,
)
from daemon.rehearsal.proof.zones import EVER, ONLY_NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from daemon.rehearsal.proof.mind import Mind, News, Thought
    from daemon.rehearsal.proof.plant import Plant, Timers
    from daemon.rehearsal.proof.situation import Met, Step
    from daemon.rehearsal.proof.switchgear import Switchgear
    from daemon.rehearsal.proof.zones import Zone

_PATIENCE: Final = 200
"""Situations after which it is first seen whether the search has to begin anew."""


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
        self._board: Final = Acquaintance(board, picture)
        self._bound_ms: Final = bound_ms
        self._sudden: Final = sudden
        self._hidden: Final = hidden

    def first(self) -> Situation:
        """Return the start: board at rest, the daemon has just begun."""
        met = self._board.meet(self.board.first(self._sudden, self._hidden))
        start = Situation(met, self.mind.first, (), (), (), ONLY_NOW)
        return _timed(start, met, ((SCAN, SCAN_MS),))

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
        levels = self._sudden + self._hidden + start.met.plant.losses + 1
        frontier = self.frontier = Frontier(levels)
        tally = self.tally = Tally(complete=True)
        learned = self.mind.learned
        frontier.add(Reached(start, None, 0), 0)
        while frontier:
            reached = frontier.next()
            if reached is None:
                continue
            situation, trail, depth = reached
            tally.depth = max(tally.depth, depth)
            moved = False
            for way in self._ways(situation):
                tally.transitions += 1
                moved = moved or not (way.trick or way.text.startswith("!"))
                before = Trail(trail, way.trick, way.soonest_ms) if way.trick else trail
                after = Trail(before, way.text, 0 if way.trick else way.soonest_ms)
                for wrong in way.wrong:
                    self._wrong(wrong, after)
                plant = way.to.met.plant
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
        later = now._replace(zone=zones.waited(now.zone, _latest(now, scanning=scanning)))
        n_stamp = 1 + len(now.stamps)
        for n, label in enumerate(now.labels):
            if label == HUNGRY:
                continue
            zone = zones.bounded(later.zone, n_stamp + n, 0, 0)
            if zone is None:
                continue
            due = without(later._replace(zone=zone), (label,))
            soonest_ms = max(0, -int(now.zone[0, n_stamp + n]))
            if label == SCAN:
                yield from self._scan(due, soonest_ms)
            else:
                for step in self._board.due(now.met, label):
                    yield Way(step.branch.text, step.branch.wrong, _arrived(due, step), soonest_ms)
        if not scanning:
            for query in now.waits:
                i = 1 + now.stamps.index(query.stamp)
                zone = zones.bounded(later.zone, i, 0, -query.wait_ms)
                if zone is not None:
                    soonest_ms = max(0, query.wait_ms - int(now.zone[0, i]))
                    yield from self._scan(later._replace(zone=zone), soonest_ms)
            yield from self._tricked(later, None)
        yield from self._disturbed(later)

    def _disturbed(self, later: Situation) -> Iterator[Way]:
        """Yield all that the adversary makes of a situation, at any time before it changes."""
        made: dict[Hashable, Situation] = {}
        for step in self._board.disturbed(later.met):
            branch, met = step
            news = bool(met.plant.news) or met.picture != later.met.picture
            key = branch.timers, branch.ended, news, met.hungry
            if (like := made.get(key)) is None:
                like = made[key] = _arrived(later, step)
            yield Way(f"! {branch.text}", branch.wrong, like._replace(met=met))
        plant = later.met.plant
        if plant.sudden:
            met = self._board.meet(plant._replace(sudden=plant.sudden - 1, news=()))
            kept = [0, *range(1 + len(later.stamps), len(later.zone))]
            zone = zones.kept(later.zone, kept)
            anew = Situation(met, self.mind.first, (), (), later.labels, zone)
            yield Way("! the daemon starts anew", (), _timed(anew, met, ((SCAN, SCAN_MS),)))

    def _scan(self, now: Situation, soonest_ms: int) -> Iterator[Way]:
        """Yield all that a scan may lead to."""
        met = now.met
        honest = []
        for thought, zone in self._thoughts(now, met.picture, met.plant.news):
            honest.append((thought, zone))
            yield self._decided(now._replace(zone=zone), thought)._replace(soonest_ms=soonest_ms)
        for way in self._tricked(now, honest):
            yield way._replace(soonest_ms=soonest_ms)

    def _tricked(
        self, now: Situation, honest: Sequence[tuple[Thought, Zone]] | None
    ) -> Iterator[Way]:
        """Yield what a scan leads to just after the daemon is shown or asked what is not so.

        A trick of which no scan takes notice may as well be played later: so each is played just
        before a scan that takes notice of it, and there only.

        Args:
            now: at the scan.
            honest: what comes of the scan without a trick; None where it would be none of its own.
        """
        plant = now.met.plant
        for trick, picture in self._board.tricks(now.met):
            for thought, zone in self._thoughts(now, picture, plant.news + trick.ask):
                if honest is None:
                    noticed = thought.stirred
                else:
                    noticed = not any(thought.alike(t) and zones.covers(z, zone) for t, z in honest)
                if noticed:
                    met = self._board.meet(trick.played(plant))
                    later = () if trick.ask else self.board.lenient(met.plant)
                    there = now._replace(met=met, zone=zone)
                    if trick.manual:  # what is in parallel then is for the person to end
                        there = without(there, self.board.bounds)
                    way = self._decided(there, thought, later)
                    yield way._replace(trick=f"! {trick.text}")

    def _thoughts(self, now: Situation, picture: int, news: News) -> Iterator[tuple[Thought, Zone]]:
        """Yield all that a scan may come to, and when."""
        ages = Ages(self.mind.count(now.memory), now.stamps, now.zone)
        for thought, known in self.mind.think(now.memory, picture, news, ages):
            assert isinstance(known, Ages)
            yield thought, known.zone

    def _decided(self, now: Situation, thought: Thought, begun: Timers = ()) -> Way:
        branch = self.board.heard(now.met.plant, self.mind.memory(thought.memory)[1])
        plant, timers, told = branch.plant, [*begun, *branch.timers], []
        for order in thought.orders:
            at = self.board.number(order.equipment)
            gap = order.reason.endswith(section.Stage.BREAKING.value)
            hand = order.reason == "by hand"
            sent = self.board.obey(plant, at, order.action, for_gap=gap, by_hand=hand)
            plant = sent.plant
            timers += sent.timers
            told.append(f"{order.equipment} {order.action} ({order.reason})")
        met = self._board.meet(plant)
        if thought.stirred or met.picture != now.met.picture:
            timers.append((SCAN, SCAN_MS))
        if thought.memory != now.memory:
            self.moves.add((now.memory, thought.memory))
        after = self._remembered(now, thought)
        to = _timed(without(after, branch.ended), met, tuple(timers))
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


def _latest(now: Situation, *, scanning: bool) -> list[int]:
    """Return, by instant, how long after it something has happened of itself at the latest."""
    latest = [EVER] * (1 + len(now.stamps))
    latest += [EVER if label == HUNGRY else 0 for label in now.labels]
    if not scanning:
        for query in now.waits:
            i = 1 + now.stamps.index(query.stamp)
            latest[i] = min(latest[i], query.wait_ms + SCAN_MS[1])
    return latest


def _arrived(left: Situation, step: Step) -> Situation:
    """Return where a branch of the board leads."""
    branch, met = step
    timers = branch.timers
    if SCAN not in left.labels and (met.plant.news or met.picture != left.met.picture):
        timers = (*timers, (SCAN, SCAN_MS))
    return _timed(without(left, branch.ended), met, timers)


def _timed(left: Situation, met: Met, timers: Timers) -> Situation:
    """Return a situation with more under way, in the order of labels."""
    if met.hungry and HUNGRY not in left.labels:
        timers = (*timers, (HUNGRY, (0, 0)))
    elif not met.hungry and HUNGRY in left.labels:
        left = without(left, (HUNGRY,))
    if timers:
        left = without(left, tuple(label for label, _ in timers))
        labels = (*left.labels, *(label for label, _ in timers))
        n_stamp = 1 + len(left.stamps)
        zone = zones.begun(left.zone, [span for _, span in timers])
        order = sorted(range(len(labels)), key=labels.__getitem__)
        zone = zones.kept(zone, [*range(n_stamp), *(n_stamp + n for n in order)])
        left = left._replace(labels=tuple([labels[n] for n in order]), zone=zone)
    # A scan that is due anyway asks anew.
    return left._replace(met=met, waits=() if SCAN in left.labels else left.waits)
