"""The core in a proof: the production controllers, stepped once for every question they ask.

What a scan leads to depends on the memory, on the picture, on the news, and on the answers to "has
this time passed?". So a scan is run once per combination of these, and what came of it is kept as a
tree of questions; afterwards it costs a walk through the tree. The controllers, their order, the
operation path and the interlocks are those of `daemon.core.step`; nothing of them is modelled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from daemon.core.step import LANES, Control
from daemon.core.topology import survey
from daemon.core.view import Facts, View
from daemon.model.commands import OperatorRequest, Outcome, Proposal, Result
from daemon.model.image import Image
from daemon.model.points import tabulate
from daemon.rehearsal.proof.memory import FRESH, KNOWN, Reading, renumbered, with_known_commands
from daemon.rehearsal.proof.zones import Moment, Query, coded

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from daemon.core.view import Slot, Turn
    from daemon.model.commands import Command, Message
    from daemon.model.plant import Site

LANE: Final = "switching"
News = tuple[tuple[str, Result | str], ...]
"""By device, what it answered to a command, or the action that a person asks of it."""
NOW: Final = -1
"""Number of the stamp of a scan in the stamps that follow from it."""


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


class Age(Protocol):
    """What is known of the age of every stamp of a memory."""

    def answer(self, query: Query) -> bool | None:
        """Return whether a stamp is so old, None when that is open."""

    def narrowed(self, query: Query, *, reached: bool) -> Age:
        """Return what is known once an open question is answered."""


class _Ask:
    """A question in the tree of a scan, and what follows from either answer."""

    __slots__ = ("no", "query", "yes")

    def __init__(self, query: Query) -> None:
        self.query = query
        self.yes: _Ask | Thought | None = None
        self.no: _Ask | Thought | None = None


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
        self._devices: Final = {name: n for n, name in enumerate(site.equipment)}
        self._memories: list[tuple[dict[str, Any], Facts]] = []
        self._numbers: dict[Hashable, int] = {}
        self._places: list[tuple[Hashable, ...]] = []
        self._horizons: dict[Hashable, int] = {}
        self._trees: dict[tuple[int, int, Hashable], _Ask | Thought] = {}
        self._pictures: list[Picture] = []
        self._picture_numbers: dict[Hashable, int] = {}
        self.steps = 0
        self.learned = 0
        states = {
            s.name: s.controller.initial(site, getattr(control, s.name))
            for s in (*self._slots, self._path)
        }
        self.first: Final = self._remember(states, Facts())[0]

    # -- pictures --------------------------------------------------------------------------------

    def picture(self, picture: Picture) -> int:
        """Return the number of a picture."""
        key = picture.values, picture.quality, repr(picture.facts)
        number = self._picture_numbers.get(key)
        if number is None:
            number = self._picture_numbers[key] = len(self._pictures)
            self._pictures.append(picture)
        return number

    # -- memories --------------------------------------------------------------------------------

    def _remember(self, states: dict[str, Any], facts: Facts) -> tuple[int, list[int]]:
        """Return the number of a memory, and the original number of each of its stamps."""
        reading = Reading()
        key = reading.key((states, facts))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._memories)
            self._memories.append(renumbered((states, facts)))
            self._places.append(tuple(reading.places))
        return number, reading.stamps

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
        self, memory: int, picture: int, news: News, age: Age
    ) -> Iterator[tuple[Thought, Age]]:
        """Yield all that a scan may lead to, with what is then known of the ages of stamps."""
        root = memory, picture, news
        work = [age]
        while work:
            now = work.pop()
            node = self._trees.get(root)
            while isinstance(node, _Ask):
                answer = now.answer(node.query)
                if answer is None:
                    work.append(now.narrowed(node.query, reached=False))
                    now = now.narrowed(node.query, reached=True)
                    answer = True
                node = node.yes if answer else node.no
            if node is None:
                node, now, forks = self._step(memory, picture, news, now)
                work += forks
            yield node, now

    def _step(
        self, memory: int, picture: int, news: News, now: Age
    ) -> tuple[Thought, Age, list[Age]]:
        """Run a scan, and keep what it asked and came to."""
        self.steps += 1
        asked: list[tuple[Query, bool]] = []
        forks: list[Age] = []

        def ask(query: Query) -> bool:
            nonlocal now
            answer = now.answer(query)
            if answer is None:
                forks.append(now.narrowed(query, reached=False))
                now = now.narrowed(query, reached=True)
                answer = True
            asked.append((query, answer))
            return answer

        n_stamp = len(self._places[memory])
        moment = Moment(coded(n_stamp))
        moment.ask = ask
        states, facts, commands = self._scan(memory, picture, news, moment)
        self._learn(memory, asked)
        thought = self._thought(memory, states, facts, commands, asked, n_stamp)
        self._keep((memory, picture, news), asked, thought)
        return thought, now, forks

    def _scan(
        self, memory: int, picture: int, news: News, moment: Moment
    ) -> tuple[dict[str, Any], Facts, tuple[Command, ...]]:
        """Run the controllers and the operation path once, as `daemon.core.step` does."""
        states, facts = self._memories[memory]
        shown = self._pictures[picture]
        values = np.frombuffer(shown.values)
        image = Image(
            moment, 0, values, np.frombuffer(shown.quality, dtype=np.uint32), np.zeros(1, np.int64)
        )
        inbox: tuple[Message, ...] = tuple(
            Outcome(KNOWN + self._devices[name], what, 0, "")
            if isinstance(what, Result)
            else OperatorRequest("1", "person", Proposal(name, "command", what, 0.0, "", "by hand"))
            for name, what in news
        )
        view = View(
            lane=LANE,
            image=image,
            inbox=inbox,
            site=self.site,
            points=self.points,
            topology=survey(image, self.site, self.points),
            facts=replace(facts, **shown.facts),
            heard={},
            estimate=None,
            epoch=1,
            next_id=FRESH,
        )
        after: dict[str, Any] = {}
        proposals: list[Any] = []
        for slot in self._slots:
            settings = getattr(self.control, slot.name)
            turn = slot.controller.step(view, states[slot.name], settings)
            view = _concluded(view, turn)
            after[slot.name] = turn.state
            proposals += turn.proposals
        settings = getattr(self.control, self._path.name)
        turn = self._path.controller.step(view, states[self._path.name], settings, tuple(proposals))
        view = _concluded(view, turn)
        # No way under proof operates anything as often as an hour allows: the count is left out.
        after[self._path.name] = replace(turn.state, operated={})
        # When the supply was lost is told to people and decides nothing.
        if "outage" in after:
            after["outage"] = replace(after["outage"], lost_ns=0)
        supply = replace(view.facts.supply, since_ns=0)
        view = replace(view, facts=replace(view.facts, supply=supply))
        return after, view.facts, turn.commands

    def _thought(
        self,
        memory: int,
        states: dict[str, Any],
        facts: Facts,
        commands: tuple[Command, ...],
        asked: list[tuple[Query, bool]],
        n_stamp: int,
    ) -> Thought:
        known = {c.id: KNOWN + self._devices[c.equipment] for c in commands}
        if known:
            states = with_known_commands(states, known)
        after, stamps = self._remember(states, facts)
        waits = dict.fromkeys(
            Query(n, q.wait_ms)
            for q, came in asked
            if not came
            for n in self._where(memory, q.stamp, after, stamps)
        )
        orders = tuple(Order(c.equipment, c.action, c.reason) for c in commands)
        sources = tuple(NOW if s == n_stamp else s for s in stamps)
        same = after == memory and sources == tuple(range(n_stamp))
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
                place = places[query.stamp]
                if self._horizons.get(place, 0) < query.wait_ms:
                    self._horizons[place] = query.wait_ms
                    self.learned += 1

    def _keep(
        self, root: tuple[int, int, Hashable], asked: list[tuple[Query, bool]], thought: Thought
    ) -> None:
        """Put the end of a scan into its tree of questions."""
        node = self._trees.get(root)
        above: _Ask | None = None
        answer = False
        for query, came in asked:
            if node is None:
                node = _Ask(query)
                self._hang(root, above, node, answer=answer)
            assert isinstance(node, _Ask), "a scan asked less than before"
            assert node.query == query, "a scan asked something else than before"
            above, answer = node, came
            node = node.yes if came else node.no
        assert node is None, "a scan that had been run"
        self._hang(root, above, thought, answer=answer)

    def _hang(
        self,
        root: tuple[int, int, Hashable],
        above: _Ask | None,
        node: _Ask | Thought,
        *,
        answer: bool,
    ) -> None:
        if above is None:
            self._trees[root] = node
        elif answer:
            above.yes = node
        else:
            above.no = node


def _concluded(view: View, turn: Turn[Any]) -> View:
    """Return the view with the news of a controller."""
    if not turn.facts:
        return view
    return replace(view, facts=replace(view.facts, **turn.facts))
