"""The core in a proof: the production controllers, stepped once for every question they ask.

What a scan leads to depends on the memory, on the topology that it is shown, on the news, on the
values that it reads beside, and on the answers to "has this time passed?". The view notes what is
read (`Looked`), as it does for the daemon that runs. So a scan is run once per combination, and
what came of it is kept as a tree of questions; afterwards it costs a walk through the tree, and
pictures that differ only in what nobody looks at are one. The controllers, their order, the
operation path and the interlocks are those of `daemon.core.step`; nothing of them is modelled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from daemon.core.facts import Facts
from daemon.core.operation import path as operation
from daemon.core.operation.task import OVER, Stage, Task
from daemon.core.step import LANES, Control
from daemon.core.topology import survey
from daemon.core.view import Looked, View
from daemon.model.commands import OperatorRequest, Outcome, Proposal, Result
from daemon.model.image import Image
from daemon.model.points import tabulate
from daemon.model.quality import is_good
from daemon.rehearsal.proof.memory import (
    FRESH,
    KNOWN,
    Reading,
    begun_long_ago,
    renumbered,
    with_known_commands,
)
from daemon.rehearsal.proof.questions import Age, Asked, Read, Trees, answered, of_time
from daemon.rehearsal.proof.zones import Moment, Query, coded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from daemon.core.topology import Topology
    from daemon.core.view import Slot, Turn
    from daemon.model.commands import Command, Message
    from daemon.model.plant import Site

LANE: Final = "switching"
News = tuple[tuple[str, Result | str], ...]
"""By device, what it answered to a command, or the action that a person asks of it."""
NOW: Final = -1
"""Number of the stamp of a scan in the stamps that follow from it."""
_NOW: Final = 1 << 12
"""Number of it in the scan itself, the same for all: more than a memory has stamps."""


class Picture(NamedTuple):
    """What the daemon sees: values and qualities by point, and conclusions of its neighbours."""

    values: bytes
    quality: bytes
    facts: Mapping[str, Any]


class Order(NamedTuple):
    """A command that left the core: device, action, and why."""

    equipment: str
    action: str
    reason: str


@dataclass(frozen=True)
class Thought:
    """What a scan led to.

    Attributes:
        memory: number of the memory after it.
        stamps: by stamp of the new memory, its number in the old one, or `NOW`.
        orders: commands that left.
        stirred: the memory changed or a command left: the next scan may do more.
        waits: what was asked and had not come, in stamps of the new memory.
    """

    memory: int
    stamps: tuple[int, ...]
    orders: tuple[Order, ...]
    stirred: bool
    waits: tuple[Query, ...]

    def alike(self, other: Thought) -> bool:
        """Return whether a thought came to the same, whatever it still waits for."""
        return self is other or (self.memory, self.stamps, self.orders) == (
            other.memory,
            other.stamps,
            other.orders,
        )


class Conclusion(NamedTuple):
    """What a scan may lead to, and what must be so for that.

    Attributes:
        thought: that it leads to.
        age: what is then known of the ages of stamps.
        spent: points of springs that showed that they are not charged.
        charged: of springs that showed that they are.
    """

    thought: Thought
    age: Age
    spent: frozenset[int]
    charged: frozenset[int]


class _Shown(NamedTuple):
    """A picture as the core is shown it.

    Attributes:
        image: without a time.
        values: by point, None where it is not good.
        topology: of the image.
        facts: conclusions of neighbours.
        scene: number of topology and facts.
    """

    image: Image
    values: list[float | None]
    topology: Topology
    facts: Mapping[str, Any]
    scene: int


class _Piece(NamedTuple):
    """The state of a controller or one of the facts, and its part of the key of a memory."""

    value: Any
    key: Hashable
    stamps: tuple[int, ...]
    places: tuple[Hashable, ...]


SPRING: Final = "spring_charged"
"""Point of a breaker."""
NO_POINTS: Final[frozenset[int]] = frozenset()
_FACTS: Final = tuple(field.name for field in fields(Facts))


class _Scan(NamedTuple):
    """What a scan is about: the memory, what is shown, and the news."""

    memory: int
    shown: _Shown
    news: News


class _Half(NamedTuple):
    """A scan as far as the operation path, which takes it from there.

    Attributes:
        number: of it among all.
        states: of the controllers, by name.
        facts: that they have concluded.
        proposals: what they want done.
        waited: what they asked of time, and the answers.
    """

    number: int
    states: dict[str, Any]
    facts: Facts
    proposals: tuple[Proposal, ...]
    waited: list[tuple[Query, bool]]


_Run = Callable[[_Scan, Image, Looked, Asked], "_Half | Thought"]


class Mind:
    """The controllers of a scheme, with every memory they have come to.

    Attributes:
        steps: scans that were run, and not found in a tree.
        learned: how often it turned out that a stamp is asked about for longer than known before.
    """

    def __init__(self, site: Site, control: Control, controllers: tuple[str, ...]) -> None:
        """Take the controllers of these names, in the order of the switching lane."""
        lane = LANES[LANE]
        self.site: Final = site
        self.points: Final = tabulate(site)
        self.control: Final = control
        self._slots: Final[tuple[Slot, ...]] = tuple(
            slot for slot in lane.controllers if slot.name in controllers
        )
        assert len(self._slots) == len(controllers), "a controller that the lane does not have"
        self._path: Final = next(slot for slot in lane.paths if slot.name == "operation")
        self._names: Final = (*sorted(slot.name for slot in self._slots), self._path.name)
        self._devices: Final = {name: n for n, name in enumerate(site.equipment)}
        self._memories: list[tuple[dict[str, Any], Facts]] = []
        self._pieces: list[tuple[_Piece, ...]] = []
        self._numbers: dict[Hashable, int] = {}
        self._deciding: list[int] = []
        self._minds: dict[Hashable, int] = {}
        self._places: list[tuple[Hashable, ...]] = []
        self._horizons: dict[Hashable, int] = {}
        self._from: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
        self._trees: Final = Trees[_Half | Thought]()
        self._timed: Final = Trees[Thought]()
        self._springs: Final = {p.index for p in self.points.points if p.spec.name == SPRING}
        self._asked: dict[Hashable, frozenset[int]] = {}
        self._halves = 0
        self._pictures: list[_Shown] = []
        self._floats: dict[float, float] = {}
        self._picture_numbers: dict[Hashable, int] = {}
        self._scenes: dict[Hashable, int] = {}
        self.steps = 0
        self.learned = 0
        states = {
            s.name: s.controller.initial(site, getattr(control, s.name))
            for s in (*self._slots, self._path)
        }
        self.first: Final = self._remember(begun_long_ago(states), Facts())[0]

    # -- pictures --------------------------------------------------------------------------------

    def picture(self, picture: Picture) -> int:
        """Return the number of a picture."""
        key = picture.values, picture.quality, repr(picture.facts)
        number = self._picture_numbers.get(key)
        if number is None:
            number = self._picture_numbers[key] = len(self._pictures)
            self._pictures.append(self._shown(picture))
        return number

    def varied(self, picture: int, point: int) -> int:
        """Return the number of a picture in which a point shows 0."""
        key = picture, point
        number = self._picture_numbers.get(key)
        if number is None:
            image, facts = self._pictures[picture].image, self._pictures[picture].facts
            values = image.values.copy()
            values[point] = 0.0
            other = Picture(values.tobytes(), image.quality.tobytes(), facts)
            number = self._picture_numbers[key] = self.picture(other)
        return number

    def _shown(self, picture: Picture) -> _Shown:
        values = np.frombuffer(picture.values)
        quality = np.frombuffer(picture.quality, dtype=np.uint32)
        image = Image(0, 0, values, quality, np.zeros(1, np.int64))
        pairs = zip(values.tolist(), quality.tolist(), strict=True)
        one = self._floats.setdefault
        good = [one(value, value) if is_good(code) else None for value, code in pairs]
        topology = survey(image, self.site, self.points)
        key = repr(topology), repr(picture.facts)
        scene = self._scenes.setdefault(key, len(self._scenes))
        return _Shown(image, good, topology, picture.facts, scene)

    # -- memories --------------------------------------------------------------------------------

    def _remember(
        self, states: dict[str, Any], facts: Facts, before: int = -1
    ) -> tuple[int, list[int]]:
        """Return the number of a memory, and the original number of each of its stamps.

        Args:
            states: of the controllers, by name.
            facts: what they have concluded.
            before: memory that this one came from: what is as it was there, is not walked again.
        """
        old = self._pieces[before] if before >= 0 else ()
        pieces: list[_Piece] = []
        values = self._values(states, facts)
        for n, value in enumerate(values):
            if old and old[n].value == value:
                pieces.append(old[n])
                continue
            reading = Reading()
            key = reading.key(value, _FACTS[n] if n < len(_FACTS) else "")
            pieces.append(_Piece(value, key, tuple(reading.stamps), tuple(reading.places)))
        found = tuple([piece.key for piece in pieces])
        number = self._numbers.get(found)
        if number is None:
            number = self._numbers[found] = len(self._memories)
            own = _renumbered(pieces)
            by_name = dict(zip((*_FACTS, *self._names), (p.value for p in own), strict=True))
            new_facts = Facts(**{name: by_name[name] for name in _FACTS})
            self._memories.append(({name: by_name[name] for name in states}, new_facts))
            self._places.append(tuple(chain.from_iterable(p.places for p in pieces)))
            self._pieces.append(own)
            self._deciding.append(self._minds.setdefault(found[:-1], len(self._minds)))
        return number, list(chain.from_iterable(p.stamps for p in pieces))

    def _values(self, states: dict[str, Any], facts: Facts) -> tuple[Any, ...]:
        """Return facts and states one by one, that of the operation path last.

        So memories that differ in nothing but what is under way number all other stamps alike.
        """
        values = (getattr(facts, name) for name in _FACTS)
        return (*values, *(states[name] for name in self._names))

    def memory(self, number: int) -> tuple[dict[str, Any], Facts]:
        """Return the states of the controllers, by name, and their facts."""
        return self._memories[number]

    def count(self, memory: int) -> int:
        """Return how many stamps a memory has."""
        return len(self._places[memory])

    def horizons(self, memory: int) -> list[int]:
        """Return, by stamp, the longest time that is ever asked about it so far [ms]."""
        return [self._horizons.get(place, 0) for place in self._places[memory]]

    # -- scans -----------------------------------------------------------------------------------

    def think(
        self, memory: int, picture: int, news: News, age: Age, open_to: frozenset[int] = NO_POINTS
    ) -> Iterator[Conclusion]:
        """Yield all that a scan may lead to, with what is then known of the ages of stamps.

        Args:
            memory: before it.
            picture: that it is shown.
            news: that have come.
            age: of every stamp of the memory.
            open_to: points of springs that may also show 0, should anybody look at them.
        """
        pictures, work = [(picture, NO_POINTS)], [age]
        for shown, spent in pictures:
            thoughts = []
            while work:
                thoughts.append(self._thinks(memory, shown, news, work.pop(), work))
            asked = NO_POINTS
            if open_to:
                asked = open_to & self._asked.get((memory, shown, news), NO_POINTS)
                for point in asked - spent:
                    other = self.varied(shown, point), spent | {point}
                    if other not in pictures:
                        pictures.append(other)
                work.append(age)
            for thought, known in thoughts:
                yield Conclusion(thought, known, spent, asked - spent)

    def _thinks(
        self, memory: int, picture: int, news: News, now: Age, work: list[Age]
    ) -> tuple[Thought, Age]:
        """Return what a scan leads to, what is open being answered with yes.

        What it asks of values the picture answers: once that is known, only time is left to ask.
        """
        key = memory, picture, news
        shown = self._pictures[picture]
        known, now, _ = self._timed.walk(key, shown.values, now, work)
        if known is not None:
            return known, now
        scan = _Scan(memory, shown, news)
        asked: Asked = []
        # What the controllers want does not depend on what is under way.
        root: Hashable = self._deciding[memory], shown.scene
        half, now = self._through(root, scan, now, work, asked, self._decides)
        assert isinstance(half, _Half)
        root = half.number, memory, shown.scene, news
        run = partial(self._operates, half)
        thought, now = self._through(root, scan, now, work, asked, run)
        assert isinstance(thought, Thought)
        self._timed.keep(key, of_time(asked), thought)
        if looked := [q for q, _ in asked if q in self._springs]:
            self._asked[key] = self._asked.get(key, NO_POINTS).union(looked)
        return thought, now

    def _through(
        self,
        root: Hashable,
        scan: _Scan,
        now: Age,
        work: list[Age],
        before: Asked,
        run: _Run,
    ) -> tuple[_Half | Thought, Age]:
        """Walk through a tree to its end; where there is none, run what leads there, and keep it.

        Args:
            root: of the tree.
            scan: what it is about.
            now: what is known of the ages of stamps.
            work: where the other answers to what is open are put.
            before: what was asked already; what is asked here comes after it.
            run: leads to the end.
        """
        shown = scan.shown
        end, now, walked = self._trees.walk(root, shown.values, now, work)
        if end is not None:
            before += walked
            return end, now
        asked: Asked = []
        read: set[int] = set()

        def ask(query: Query) -> bool:
            nonlocal now
            answer, now = answered(query, now, work)
            asked.append((query, answer))
            return answer

        def tell(index: int) -> None:
            if index not in read:
                read.add(index)
                asked.append((index, shown.values[index]))

        moment = Moment(coded(_NOW))
        moment.ask = ask
        end = run(scan, replace(shown.image, now_ns=moment), Looked(Read(tell)), asked)
        self._trees.keep(root, asked, end)
        before += asked
        return end, now

    def _decides(self, scan: _Scan, image: Image, looked: Looked, asked: Asked) -> _Half:
        """Run the controllers once, as `daemon.core.step` does."""
        self.steps += 1
        states, facts = self._memories[scan.memory]
        facts = replace(facts, **scan.shown.facts)
        view = self._view(scan, image, looked, facts)
        after: dict[str, Any] = {}
        proposals: list[Any] = []
        for slot in self._slots:
            settings = getattr(self.control, slot.name)
            turn = slot.controller.step(view, states[slot.name], settings)
            view = _concluded(view, turn)
            after[slot.name] = turn.state
            proposals += turn.proposals
        # Controllers ask persons only whether a scheme is reset, which nobody asks for here.
        assert not looked.outcomes, "a controller asks for outcomes"
        assert not looked.heard, "a controller asks for the other lane"
        self._halves += 1
        return _Half(self._halves, after, view.facts, tuple(proposals), of_time(asked))

    def _operates(
        self, half: _Half, scan: _Scan, image: Image, looked: Looked, asked: Asked
    ) -> Thought:
        """Run the operation path once, as `daemon.core.step` does."""
        view = self._view(scan, image, looked, half.facts)
        state = self._memories[scan.memory][0][self._path.name]
        settings = getattr(self.control, self._path.name)
        turn = self._path.controller.step(view, state, settings, half.proposals)
        view = _concluded(view, turn)
        after = {**half.states, self._path.name: _unsaid(turn.state)}
        # When the supply was lost is told to people and decides nothing.
        if "outage" in after:
            after["outage"] = replace(after["outage"], lost_ns=0)
        supply = replace(view.facts.supply, since_ns=0)
        facts = replace(view.facts, supply=supply)
        every = [*half.waited, *of_time(asked)]
        self._learn(scan.memory, every)
        return self._thought(scan.memory, after, facts, turn.commands, every)

    def _view(self, scan: _Scan, image: Image, looked: Looked, facts: Facts) -> View:
        inbox: tuple[Message, ...] = tuple(
            Outcome(KNOWN + self._devices[name], what, 0, "")
            if isinstance(what, Result)
            else OperatorRequest("1", "person", Proposal(name, "command", what, 0.0, "", "by hand"))
            for name, what in scan.news
        )
        return View(
            lane=LANE,
            image=image,
            inbox=inbox,
            site=self.site,
            points=self.points,
            topology=scan.shown.topology,
            facts=facts,
            heard={},
            estimate=None,
            epoch=1,
            next_id=FRESH,
            looked=looked,
        )

    def _thought(
        self,
        memory: int,
        states: dict[str, Any],
        facts: Facts,
        commands: tuple[Command, ...],
        asked: list[tuple[Query, bool]],
    ) -> Thought:
        known = {c.id: KNOWN + self._devices[c.equipment] for c in commands}
        if known:
            states = with_known_commands(states, known)
        after, stamps = self._remember(states, facts, memory)
        self._flow(memory, after, stamps)
        waits = dict.fromkeys(
            Query(n, q.wait_ms)
            for q, came in asked
            if not came
            for n in self._where(memory, q.stamp, after, stamps)
        )
        orders = tuple(Order(c.equipment, c.action, c.reason) for c in commands)
        sources = tuple(NOW if s == _NOW else s for s in stamps)
        same = after == memory and sources == tuple(range(self.count(memory)))
        return Thought(after, sources, orders, bool(orders) or not same, tuple(waits))

    def _where(self, memory: int, stamp: int, after: int, stamps: list[int]) -> list[int]:
        """Return where in a new memory a stamp of the old one stands, first of all where it did."""
        copies = [n for n, source in enumerate(stamps) if source == stamp]
        places, now = self._places[memory], self._places[after]
        if stamp < len(places):
            return [n for n in copies if now[n] == places[stamp]] or copies
        return copies

    def _learn(self, memory: int, asked: list[tuple[Query, bool]]) -> None:
        """Note how far back a stamp at each place is asked about."""
        places = self._places[memory]
        for query, _ in asked:
            if query.stamp < len(places):
                self._raise(places[query.stamp], query.wait_ms)

    def _flow(self, memory: int, after: int, stamps: list[int]) -> None:
        """Note which place each stamp came from: what is asked of it there, is asked of it here."""
        old, new = self._places[memory], self._places[after]
        for place, source in zip(new, stamps, strict=True):
            if source < len(old) and old[source] != place:
                self._from[place].add(old[source])
                self._raise(old[source], self._horizons.get(place, 0))

    def _raise(self, place: Hashable, horizon_ms: int) -> None:
        """Let a stamp at a place, and where it can have stood before, be told by its age so far."""
        work = [place]
        while work:
            place = work.pop()
            if self._horizons.get(place, 0) < horizon_ms:
                self._horizons[place] = horizon_ms
                self.learned += 1
                work += self._from[place]


def _unsaid(state: operation.State) -> operation.State:
    """Return the state of the operation path without what is only told to people.

    What has ended is of interest as long as it is wanted, for the device that it was asked of; of
    what has failed also whether it was told, since a close that was may yet have been done.
    No way under proof operates anything as often as an hour allows: the count is left out, too.
    """
    tasks = {}
    for name, task in state.tasks.items():
        said = replace(task, late=True, sent_ns=0, refused_by="")
        if task.stage in OVER:
            wish = replace(task.wish, owner="", reason="")
            told = min(task.attempts, 1) if task.stage is Stage.FAILED else 0
            said = Task(wish, "", task.stage, 0, attempts=told, selection=task.selection, late=True)
        tasks[name] = said
    return replace(state, tasks=tasks, undone={}, operated={})


def _renumbered(pieces: Sequence[_Piece]) -> tuple[_Piece, ...]:
    """Return the pieces of a memory with its own values and stamps, numbered from first to last."""
    values, numbers = renumbered(tuple(piece.value for piece in pieces)), count()
    return tuple(
        piece._replace(value=value, stamps=tuple([next(numbers) for _ in piece.stamps]))
        for piece, value in zip(pieces, values, strict=True)
    )


def _concluded(view: View, turn: Turn[Any]) -> View:
    """Return the view with the news of a controller."""
    if not turn.facts:
        return view
    return replace(view, facts=replace(view.facts, **turn.facts))
