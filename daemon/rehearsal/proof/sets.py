"""Two of the equal sets of a board under proof, at the bus that they feed.

What wants them is a neighbour, whenever it likes: first something waits for them or hangs on them
(`asked`), then generation is wanted or not, and at last they are let go (`Sets.others`). The
sets are alike, so that two stand for all: each is permitted by the same table, and the rules by
which one waits for another ask of any other set. A set that is told to start runs within its time,
or, the fault being hidden in it, reports that it failed; a running one may fail at any time, and
its own relay opens its breaker.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from daemon.core.facts import Supply
from daemon.core.generation.start import Stage
from daemon.model.commands import Result
from daemon.rehearsal.proof.picture import Camera, drawn
from daemon.rehearsal.proof.plant import (
    CLOSED,
    OPEN,
    STILL,
    Branch,
    Faults,
    Label,
    Plant,
    Source,
    Trick,
    moved,
    overtaken,
    paid,
    put,
)
from daemon.rehearsal.proof.switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from daemon.core.facts import Facts
    from daemon.model.plant import MainTieMainScheme, Site
    from daemon.rehearsal.proof.plant import Told

RUN_MS: Final = (7_000, 80_000)
"""From the order to start to voltage, three cranks included [ms]."""
REFUSE_MS: Final = (78_000, 85_000)
"""From the order to start to the report that it failed [ms]."""
HALT_MS: Final = (20_000, 400_000)
"""From the order to stop to standstill [ms]."""
REST, STARTING, RUNNING, FAULT, STOPPING = range(5)
_SHOWN: Final = ("stopped", "cranking", "ready", "fault", "cooling_down")
EQUAL: Final = 2
"""Sets that are looked at; more would do nothing that two cannot."""


class Sets(Switchgear):
    """Sets behind their breakers, and the bus they feed; source and stage of a set share a number.

    After the stages stands, by set, whether the daemon has given it up until the sets are let go.

    Attributes:
        breaker: number of the breaker of each set.
    """

    breaker: tuple[int, ...] = ()

    def first(self, faults: Faults) -> Plant:
        """Return the sets at rest."""
        plant, n = super().first(faults), len(self.sources)
        return plant._replace(orders=(*plant.orders, *((),) * n), stages=(REST,) * n + (0,) * n)

    def number(self, name: str) -> int:
        """Return the number of a breaker, or after those of a set."""
        names = [s.name for s in self.sources]
        if name in names:
            return len(self.breakers) + names.index(name)
        return super().number(name)

    def name(self, at: int) -> str:
        """Return the name of a breaker or set."""
        n = len(self.breakers)
        return self.sources[at - n].name if at >= n else super().name(at)

    def acts(self, plant: Plant, at: int, told: Told) -> Iterator[tuple[Branch, Result]]:
        """Return what a device does that a command has reached."""
        k = at - len(self.breakers)
        if k < 0:
            yield from super().acts(plant, at, told)
        elif told.action == "start":
            yield from self._starts(plant, k)
        elif told.action == "stop" and plant.stages[k] == RUNNING:
            yield self._stops(plant, k, told), Result.ACKNOWLEDGED
        elif told.action == "stop" and plant.stages[k] == STARTING:
            still, ended = _set(plant, k, REST), (("run", k), ("refuse", k))
            text = f"{self.sources[k].name} is cranked no more"
            yield Branch(still, ended=ended, text=text), Result.ACKNOWLEDGED
        else:
            yield Branch(plant, text=f"{self.sources[k].name} has stopped"), Result.ACKNOWLEDGED

    def _stops(self, plant: Plant, k: int, told: Told) -> Branch:
        """A running set is told to stop; on the bus it would be turned by it, or leave it dead.

        Where an instrument lies, its breaker may show open and not be: that is no fault of ours,
        nor when the instrument is well again while the order is on its way.
        """
        name, closed = self.sources[k].name, plant.contacts[self.breaker[k]] == CLOSED
        seen = closed and plant.lie is None and not told.raced
        wrong = (f"{name} is stopped on its bus",) * seen
        gone = _set(plant, k, STOPPING)
        return Branch(gone, ((("halt", k), HALT_MS),), text=f"{name} runs out", wrong=wrong)

    def _healing(self, plant: Plant) -> Iterator[Branch]:
        """What gets well again; orders to sets that an instrument led to are excused with it."""
        for branch in super()._healing(plant):
            told_so = plant.lie is not None and branch.plant.lie is None
            yield branch._replace(plant=self._excused(branch.plant)) if told_so else branch

    def _excused(self, plant: Plant) -> Plant:
        n = len(self.breakers)
        orders = tuple(tuple(t._replace(raced=True) for t in queue) for queue in plant.orders[n:])
        return plant._replace(orders=(*plant.orders[:n], *orders))

    def _starts(self, plant: Plant, k: int) -> Iterator[tuple[Branch, Result]]:
        name = self.sources[k].name
        if plant.stages[k] == FAULT:
            yield Branch(plant, text=f"{name} refuses"), Result.REFUSED
            return
        if plant.stages[k] in {STARTING, RUNNING}:
            yield Branch(plant, text=f"{name} is told to start again"), Result.ACKNOWLEDGED
            return
        begun = plant._replace(stages=put(plant.stages, k, STARTING))
        ended: tuple[Label, ...] = (("halt", k),)
        branch = Branch(begun, ((("run", k), RUN_MS),), ended, f"{name} is cranked")
        yield branch, Result.ACKNOWLEDGED
        if plant.hidden:
            never = begun._replace(hidden=plant.hidden - 1)
            branch = Branch(never, ((("refuse", k), REFUSE_MS),), ended, f"{name} does not start")
            yield branch, Result.ACKNOWLEDGED

    def fire(self, plant: Plant, label: Label) -> Iterator[Branch]:
        """Return what follows when something timed is due."""
        what, k = label
        if what == "run":
            after = overtaken(_set(plant, k, RUNNING))
            text = f"{self.sources[k].name} has voltage"
            yield self.settled(plant, after, Branch(after, text=text))
        elif what == "refuse":
            yield Branch(_set(plant, k, FAULT), text=f"{self.sources[k].name} has not started")
        elif what == "halt":
            yield Branch(_set(plant, k, REST), text=f"{self.sources[k].name} stands")
        else:
            yield from super().fire(plant, label)

    def others(self, plant: Plant) -> Iterator[Branch]:
        """Sets are wanted, wanted no more while something hangs on them, let go; one fails."""
        if plant.losses and not plant.wanted:
            # An order to open that is on its way then could not know of it.
            asked = overtaken(plant._replace(losses=plant.losses - 1, asked=True))
            yield Branch(asked._replace(wanted=True), text="the sets are wanted")
            if not plant.asked:
                yield Branch(asked, text="something hangs on the sets")
        if plant.wanted:
            yield Branch(plant._replace(wanted=False), text="the sets are wanted no more")
        elif plant.asked:
            yield Branch(plant._replace(asked=False), text="the sets are let go")
        if plant.sudden:
            for k, source in enumerate(self.sources):
                if plant.stages[k] in {RUNNING, STOPPING}:
                    yield self._fails(plant, k, source)

    def _fails(self, plant: Plant, k: int, source: Source) -> Branch:
        at = self.breaker[k]
        gone = moved(_set(paid(plant), k, FAULT), at, STILL)
        after = overtaken(gone._replace(contacts=put(gone.contacts, at, OPEN)))
        ended: tuple[Label, ...] = (("travel", at), ("sync", at), ("window", at), ("halt", k))
        branch = Branch(after, ended=ended, text=f"{source.name} fails")
        return self.settled(plant, after, branch)

    def tricks(self, plant: Plant) -> Iterator[Trick]:
        """Return all that the daemon may be shown or asked; sets are asked to start and to stop."""
        yield from super().tricks(plant)
        for source in self.sources:
            for action in ("start", "stop"):
                text = f"a person asks {source.name} to {action}"
                yield Trick(text, ask=((source.name, action),))

    def wrong_close(
        self, before: Plant, after: Plant, at: int, *, synchronous: bool
    ) -> tuple[str, ...]:
        """Return what is wrong with contacts that have closed by our order."""
        wrong = super().wrong_close(before, after, at, synchronous=synchronous)
        live = self.voltages(before)[self.critical[0]]
        if at in self.breaker and live and not before.sources[self.breaker.index(at)]:
            return (*wrong, f"{self.breakers[at].name} turns a set that stands")
        return wrong

    def darkens(self, plant: Plant, at: int, told: Told) -> tuple[str, ...]:
        """Return what an opening takes its last feed; sets that are let go feed nothing."""
        return super().darkens(plant, at, told) if plant.asked else ()

    def spared(self, plant: Plant) -> tuple[int, ...]:
        """Return what persons may part from the sets: what hangs on the bus, its board proves."""
        return self.critical

    def starved(self, plant: Plant) -> bool:
        """Return whether the sets are wanted, one runs and is not given up, and none feeds."""
        return plant.wanted and super().starved(plant)

    def at_hand(self, plant: Plant) -> tuple[bool, ...]:
        """Return by set whether it runs and is not given up."""
        n = len(self.sources)
        pairs = zip(plant.stages[:n], plant.stages[n:], strict=True)
        return tuple(stage == RUNNING and not up for stage, up in pairs)

    def heard(self, plant: Plant, states: Mapping[str, Any], facts: Facts) -> Branch:
        """Whether the daemon has given sets up, and had a reason to."""
        n, sets = len(self.sources), states["start"].sets
        given_up = tuple(int(sets[s.name].stage is Stage.FAILED) for s in self.sources)
        was = plant.stages[n:]
        more = any(up and not before for up, before in zip(given_up, was, strict=True))
        idle = more and (plant.sudden, plant.hidden) == self._given[1:]
        wrong = ("a set is given up for nothing",) * idle
        return Branch(plant._replace(news=(), stages=(*plant.stages[:n], *given_up)), wrong=wrong)


def _set(plant: Plant, k: int, stage: int) -> Plant:
    """Return the plant with a set in another stage; it gives voltage while it runs."""
    live = stage in {RUNNING, STOPPING}
    return plant._replace(stages=put(plant.stages, k, stage), sources=put(plant.sources, k, live))


def cut(site: Site, scheme: MainTieMainScheme) -> Site:
    """Return the site with no more than two sets, their breakers, and the feeders of their bus."""
    item = site.equipment
    pairs = dict(list(scheme.sets.items())[:EQUAL])
    kept = [item[name] for pair in pairs.items() for name in pair]
    kept += [item[s.generator_feeder] for s in scheme.sections] + [item[scheme.controller]]
    buses = dict.fromkeys(bus for e in kept for bus in e.buses)
    small = replace(scheme, sets=MappingProxyType(pairs), storage_feeders=())
    return replace(
        site,
        equipment=MappingProxyType({e.id: e for e in kept}),
        buses=MappingProxyType({bus: site.buses[bus] for bus in buses}),
        schemes=MappingProxyType({scheme.id: small}),
    )


def board(small: Site, scheme: MainTieMainScheme) -> Sets:
    """Return the plant of a site that was cut to its sets."""
    number = {bus: n for n, bus in enumerate(small.buses)}
    feeders = {s.generator_feeder for s in scheme.sections}
    breakers, links = drawn(small, switched=lambda name: name not in feeders)
    sets = small.of_nature("generator")
    sources = tuple(Source(e.id, number[e.buses[0]], utility=False) for e in sets)
    found = Sets(tuple(small.buses), breakers, links, sources, (number[scheme.generator_bus],))
    found.breaker = tuple(found.number(scheme.sets[e.id]) for e in sets)
    return found


class SetsCamera(Camera):
    """What the sets show, and what detection and transfer have concluded."""

    def show(self, now: Plant, values: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Write what the sets tell of themselves, and return whether they are wanted."""
        assert isinstance(self.board, Sets)
        on_bus = [k for k, at in enumerate(self.board.breaker) if now.contacts[at] == CLOSED]
        for k, source in enumerate(self.board.sources):
            item, stage = self.site.equipment[source.name], _SHOWN[now.stages[k]]
            if stage == "ready" and k in on_bus:
                stage = "loaded"
            stages = item.kind.points["stage"].states
            values[self.at[item.id, "stage"]] = stages.index(stage)
            values[self.at[item.id, "available"]] = stage != "fault"
            volts = self.nominal_v[source.bus] * now.sources[k]
            values[self.at[item.id, "voltage_ll_v"]] = volts
            # The first on the bus earths it; off the bus each earths its own terminals.
            first = not on_bus or on_bus[0] == k
            values[self.at[item.id, "neutral_earthed"]] = now.sources[k] and first
        return {"supply": Supply(outage=now.wanted), "sets_released": not now.asked}
