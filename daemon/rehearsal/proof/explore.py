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

import gc
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daemon.core.transfer import section
from daemon.rehearsal.proof import retrace, springs, zones
from daemon.rehearsal.proof.doubt import Doubt, Onward
from daemon.rehearsal.proof.frontier import Frontier
from daemon.rehearsal.proof.mind import NO_POINTS, NOW, SPRING
from daemon.rehearsal.proof.plant import CHARGE_MS, RESTART_MS
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
    from collections.abc import Callable, Iterator, Sequence

    from daemon.rehearsal.proof.mind import Conclusion, Mind, News, Thought
    from daemon.rehearsal.proof.plant import Faults, Label, Plant, Timers
    from daemon.rehearsal.proof.situation import Met, Step
    from daemon.rehearsal.proof.switchgear import Switchgear
    from daemon.rehearsal.proof.zones import Query, Zone

_PATIENCE: Final = 200
"""Situations after which it is first seen whether the search has to begin anew."""
_DOUBTS: Final = 200
"""Ways to one wrong that are gone once more before it is left in doubt."""
_STAYS_DARK: Final = "a bus that could be fed stays dark"
_DARK_TOO_LONG: Final = "a bus that could be fed is dark for too long"


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
        sure: what of it can be gone just as it is told; of the rest, joining may have made it.
        refuted: what joining had made, by what it told, and how many situations showed that.
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
    sure: set[str] = field(default_factory=set)
    refuted: dict[str, int] = field(default_factory=dict)
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
        faults: Faults,
    ) -> None:
        """Search `board` under `mind`, which sees it as `picture` says, with so many faults."""
        self.board: Final = board
        self.mind: Final = mind
        self.tally = Tally()
        self.frontier = Frontier(faults)
        self.moves: set[tuple[int, int]] = set()
        self._doubts: Counter[str] = Counter()
        self._makes: defaultdict[str, set[int]] = defaultdict(set)
        place = {(p.equipment, p.spec.name): p.index for p in mind.points.points}
        self._board: Final = Acquaintance(board, picture)
        self._springs: Final = [place[b.name, SPRING] for b in board.breakers]
        self._bound_ms: Final = bound_ms
        self._faults: Final = faults

    def first(self) -> Situation:
        """Return the start: board at rest, the daemon has just begun."""
        met = self._board.meet(self.board.first(self._faults))
        start = Situation(met, self.mind.first, (), (), (), ONLY_NOW)
        return self._timed(start, met, ((SCAN, SCAN_MS),))

    def run(self, stop: Callable[[Tally], bool]) -> Tally:
        """Search until nothing is new, or `stop` says so."""
        # How far back stamps are asked about is found out on the way; then all begins anew.
        patience = _PATIENCE
        with _nothing_swept():
            while not self._through(stop, patience):
                patience *= 2
        return self.tally

    def _through(self, stop: Callable[[Tally], bool], patience: int) -> bool:
        """Search once, and return whether nothing came up that would have changed the search."""
        start = self.first()
        frontier = self.frontier = Frontier(self._faults)
        self._doubts.clear()
        self._makes.clear()
        self.moves.clear()  # of a search that was begun anew some cannot be made
        tally = self.tally = Tally(complete=True)
        learned = self.mind.learned
        frontier.add(Reached(start, None, 0))
        while frontier:
            reached = frontier.next()
            if reached is None:
                continue
            situation, trail, depth = reached
            tally.depth = max(tally.depth, depth)
            for onward in self._onward(situation, trail):
                for wrong in onward.wrong:
                    self._wrong(wrong, situation, onward.trail)
                if onward.to is not None:
                    tally.transitions += 1
                    frontier.add(Reached(onward.to, onward.trail, depth + 1))
            if HUNGRY in situation.labels:
                tally.hungry_ms = max(tally.hungry_ms, min(self._dark_ms(situation), EVER))
            if self.mind.learned != learned and frontier.count >= patience:
                return False
            tally.situations, tally.kinds = frontier.count, frontier.kinds()
            tally.waiting = frontier.waiting()
            tally.scans = self.mind.steps
            if stop(tally):
                tally.complete = False
                return True
        self._settle()
        return self.mind.learned == learned

    def _onward(self, now: Situation, trail: Trail | None) -> Iterator[Onward]:
        """Yield every step from a situation that a trail leads to, and what is wrong with staying.

        A bus that could be fed must neither wait too long, nor for nothing.
        """
        moved = False
        for way in self._ways(now):
            moved = moved or not (way.trick or way.text.startswith("!"))
            before = Trail(trail, way.trick, way.soonest_ms) if way.trick else trail
            after = Trail(before, way.text, 0 if way.trick else way.soonest_ms)
            yield Onward(way.to, after, way.wrong)
        if HUNGRY in now.labels:
            if not moved:
                yield Onward(None, trail, (_STAYS_DARK,))
            elif self._dark_ms(now) > self._bound_ms:
                yield Onward(None, trail, (_DARK_TOO_LONG,))

    def _dark_ms(self, now: Situation) -> int:
        """Return for how long at most a bus that could be fed has not been [ms]."""
        if HUNGRY not in now.labels:
            return 0
        return int(now.zone[0, 1 + len(now.stamps) + now.labels.index(HUNGRY)])

    def _wrong(self, wrong: str, now: Situation, trail: Trail | None) -> None:
        tally = self.tally
        self._makes[wrong].add(self.frontier.make(now))
        if wrong in tally.sure or self._doubts[wrong] >= _DOUBTS:
            return
        tally.found.setdefault(wrong, _deeds(trail))
        if self._can_be(wrong, trail):
            tally.found[wrong] = _deeds(trail)
            tally.sure.add(wrong)
        else:
            self._doubts[wrong] += 1

    def _settle(self) -> None:
        """Settle what is not sure, where that can be done."""
        tally = self.tally
        for wrong in sorted(tally.found.keys() - tally.sure):
            doubt = Doubt(wrong, self._makes[wrong], self.first(), self.frontier, self._onward)
            settled = doubt.settled()
            if settled.sure:
                tally.found[wrong] = _deeds(settled.trail)
                tally.sure.add(wrong)
            elif settled.refuted:
                del tally.found[wrong]
                tally.refuted[wrong] = settled.situations

    def _can_be(self, wrong: str, trail: Trail | None) -> bool:
        """Return whether what is wrong can happen just as a trail tells it."""
        there, wrongs = retrace.retraced(self.first(), self._ways, trail)
        if wrong == _STAYS_DARK:
            return any(HUNGRY in now.labels for now in there)
        if wrong == _DARK_TOO_LONG:
            return any(self._dark_ms(now) > self._bound_ms for now in there)
        return wrong in wrongs

    # -- where a situation leads -----------------------------------------------------------------

    def _ways(self, now: Situation) -> Iterator[Way]:
        """Yield all that time leads to, then, marked "!", all that the adversary makes of it."""
        split = springs.Split(now)
        for label, ended in split.over:
            for step in self._board.due(now.met, label):
                yield Way(step.branch.text, (), self._arrived(without(ended, (label,)), step))
        if split.rest is None:
            return
        now = split.rest
        scanning = SCAN in now.labels
        later = now._replace(zone=zones.waited(now.zone, _latest(now, scanning=scanning)))
        n_stamp = 1 + len(now.stamps)
        for n, label in enumerate(now.labels):
            if label == HUNGRY or springs.unasked(now.met.plant, label):
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
                    to = self._arrived(due, step)
                    yield Way(step.branch.text, step.branch.wrong, to, soonest_ms)
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
        for step in self._board.disturbed(later.met):
            yield Way(f"! {step.branch.text}", step.branch.wrong, self._arrived(later, step))
        plant = later.met.plant
        if plant.sudden:
            branch = self.board.away(plant)
            met = self._board.meet(branch.plant)
            kept = [0, *range(1 + len(later.stamps), len(later.zone))]
            zone = zones.kept(later.zone, kept)
            anew = Situation(met, self.mind.first, (), (), later.labels, zone)
            timers = (*branch.timers, (SCAN, RESTART_MS))
            yield Way(f"! {branch.text}", (), self._timed(anew, met, timers))

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
        for conclusion in self._concluded(now, picture, news):
            assert isinstance(conclusion.age, Ages)
            zone = self._as_shown(now, conclusion, conclusion.age.zone)
            if zone is not None:
                yield conclusion.thought, zone

    def _concluded(self, now: Situation, picture: int, news: News) -> Iterator[Conclusion]:
        ages = Ages(self.mind.count(now.memory), now.stamps, now.zone)
        open_to = self._open_to(now.met.plant, now.labels)
        return self.mind.think(now.memory, picture, news, ages, open_to)

    def _as_shown(self, now: Situation, conclusion: Conclusion, zone: Zone | None) -> Zone | None:
        """Return a zone in which springs are charged as a scan was shown, None if none can be."""
        for n, (what, at) in enumerate(now.labels, 1 + len(now.stamps)):
            if zone is None or what != springs.CHARGE:
                continue
            if self._springs[at] in conclusion.spent:
                zone = zones.bounded(zone, 0, n, 0)
            elif self._springs[at] in conclusion.charged:
                zone = zones.bounded(zone, n, 0, 0)
        return zone

    def _open_to(self, plant: Plant, labels: tuple[Label, ...]) -> frozenset[int]:
        """Return which springs may show that they are not charged, should anybody look."""
        found = [label[1] for label in labels if springs.unasked(plant, label)]
        return frozenset([self._springs[at] for at in found]) if found else NO_POINTS

    def _decided(self, now: Situation, thought: Thought, begun: Timers = ()) -> Way:
        branch = self.board.heard(now.met.plant, *self.mind.memory(thought.memory))
        branch = branch._replace(plant=branch.plant._replace(away=False))
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
        if thought.memory != now.memory:
            self.moves.add((now.memory, thought.memory))
        after = self._remembered(now, thought)
        changed = met.picture != now.met.picture
        # What was shown of a spring that nobody has asked for may be other than was shown now.
        if thought.stirred or changed or self._open_to(met.plant, after.labels):
            waits = self._at_rest(after, met)
            if waits is None:
                timers.append((SCAN, SCAN_MS))
            else:
                after = after._replace(waits=waits)
        to = self._timed(without(after, branch.ended), met, tuple(timers))
        return Way("daemon: " + ("; ".join(told) or "looks"), branch.wrong, to)

    def _arrived(self, left: Situation, step: Step) -> Situation:
        """Return where a branch of the board leads."""
        branch, met = step
        timers = branch.timers
        if SCAN not in left.labels and (met.plant.news or met.picture != left.met.picture):
            waits = self._at_rest(left, met)
            if waits is None:
                timers = (*timers, (SCAN, SCAN_MS))
            else:
                left = left._replace(waits=waits)
        return self._timed(without(left, branch.ended), met, timers)

    def _timed(self, left: Situation, met: Met, timers: Timers) -> Situation:
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
        for label in springs.past(left, met.plant):
            (step,) = self._board.due(met, label)
            left, met = without(left, (label,)), step.met
        # A scan that is due anyway asks anew.
        return left._replace(met=met, waits=() if SCAN in left.labels else left.waits)

    def _at_rest(self, now: Situation, met: Met) -> tuple[Query, ...] | None:
        """Return what a scan would wait for that leaves all as it is, None when it would not.

        Such a scan is left out. Nothing but time can make one notice something before the board
        changes, and what it waits for has not come anywhere in the zone: else there were two
        thoughts, or one that is stirred.
        """
        plant = met.plant
        if plant.news:
            return None
        waits: dict[Query, None] = {}
        for thought, age, *_ in self._concluded(now._replace(met=met), met.picture, ()):
            assert isinstance(age, Ages)
            if thought.stirred or age.zone is not now.zone:
                return None
            waits.update(dict.fromkeys(thought.waits))
        heard = self.board.heard(plant, *self.mind.memory(now.memory))
        if heard.wrong or heard.timers or heard.plant != plant:
            return None
        return tuple(q for q in waits if q.stamp in now.stamps)

    def _far_ms(self, label: Label) -> int:
        """Return how long ago what a label stands for matters at most [ms]."""
        return {HUNGRY[0]: self._bound_ms, springs.CHARGE: CHARGE_MS[1]}.get(label[0], EVER)

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
        limits += [self._far_ms(label) for label in now.labels]
        zone = zones.kept(now.zone, instants)
        # What lies further back than is ever asked is as good as any time ago.
        zone = zones.relaxed(zone, limits)
        waits = () if thought.stirred else tuple(q for q in thought.waits if q.stamp in stamps)
        return now._replace(memory=thought.memory, stamps=tuple(stamps), waits=waits, zone=zone)


def _deeds(trail: Trail | None) -> list[Deed]:
    """Return what happened on a trail, each at the soonest."""
    at_ms, deeds = 0, []
    for step in retrace.steps(trail):
        at_ms += step.soonest_ms
        deeds.append(Deed(step.text, at_ms))
    return deeds


@contextmanager
def _nothing_swept() -> Iterator[None]:
    """Let nobody look for rings of objects in what a search keeps: there are none in it."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def _latest(now: Situation, *, scanning: bool) -> list[int]:
    """Return, by instant, how long after it something has happened of itself at the latest."""
    latest = [EVER] * (1 + len(now.stamps))
    plant = now.met.plant
    latest += [
        EVER if label == HUNGRY or springs.unasked(plant, label) else 0 for label in now.labels
    ]
    if not scanning:
        for query in now.waits:
            i = 1 + now.stamps.index(query.stamp)
            latest[i] = min(latest[i], query.wait_ms + SCAN_MS[1])
    return latest
