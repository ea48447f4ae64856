"""Mains, tie and generator feeders of a board under proof; its sets are one source beside it.

The utility may fail and return. When it fails, loss-of-mains protection opens the intake breaker,
unless that sticks. The sets are a neighbour: wanted, they come within their time or not at all,
and may leave whenever they like; what they do among themselves is proven by `sets`.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from daemon.core.facts import Sets
from daemon.core.transfer.joint import JOINT
from daemon.core.transfer.section import SECTION
from daemon.model.plant import MainTieMainScheme
from daemon.rehearsal.proof.picture import Camera, drawn
from daemon.rehearsal.proof.plant import (
    OPEN,
    OPEN_MS,
    OPENING,
    STILL,
    STUCK,
    Branch,
    Faults,
    Label,
    Plant,
    Source,
    jammed,
    moved,
    overtaken,
    paid,
    put,
)
from daemon.rehearsal.proof.switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from typing import Any

    from daemon.core.facts import Facts
    from daemon.model.plant import Equipment, Site

LOSS_MS: Final = (340, 450)
SETS_MS: Final = (7_000, 80_000)
REST_MS: Final = (5_000, 20_000)
UTILITY, SETS = 0, 1


class Mains(Switchgear):
    """A board with a utility behind its intake breaker, and sets.

    The stages of its plant tell by section, and at last of the intake, whether the daemon has given
    it up: then a person has to look, and until then it may stay as it is.

    Attributes:
        intake: number of the intake breaker.
        scheme: id of the scheme.
    """

    intake = 0
    scheme = ""

    def first(self, faults: Faults) -> Plant:
        """Return the board at rest on its mains, nothing given up."""
        return super().first(faults)._replace(stages=(0,) * (len(self.critical) + 1))

    def fire(self, plant: Plant, label: Label) -> Iterator[Branch]:
        """Return what follows when something timed is due."""
        what, _ = label
        if what == "loss":
            yield from self._lost_mains(plant)
        elif what == "sets":
            yield from self._sets(plant)
        elif what == "rest":
            gone = plant._replace(sources=put(plant.sources, SETS, False))
            yield self.settled(plant, gone, Branch(gone, text="the sets rest"))
        else:
            yield from super().fire(plant, label)

    def settled(self, before: Plant, after: Plant, branch: Branch) -> Branch:
        """Return a branch with the times that begin and end with what has changed."""
        branch = super().settled(before, after, branch)
        if before.sources[UTILITY] and not after.sources[UTILITY]:
            return branch._replace(timers=(*branch.timers, (("loss", 0), LOSS_MS)))
        if after.sources[UTILITY]:
            return branch._replace(ended=(*branch.ended, ("loss", 0)))
        return branch

    def _sets(self, plant: Plant) -> Iterator[Branch]:
        if plant.asked:
            after = overtaken(plant._replace(sources=put(plant.sources, SETS, True)))
            yield self.settled(plant, after, Branch(after, text="the sets feed their bus"))
            if plant.hidden:
                never = plant._replace(hidden=plant.hidden - 1)
                yield Branch(never, text="the sets do not come")

    def _lost_mains(self, plant: Plant) -> Iterator[Branch]:
        """Loss-of-mains protection of the intake."""
        at, name = self.intake, self.breakers[self.intake].name
        if plant.contacts[at] == OPEN or plant.motions[at] != STILL or plant.sources[UTILITY]:
            yield Branch(plant, text="the mains are parted")
            return
        if not plant.bent[at] & STUCK:
            opening = moved(plant, at, OPENING)
            yield Branch(opening, ((("travel", at), OPEN_MS),), text=f"{name} trips on lost mains")
        if plant.hidden or plant.bent[at] & STUCK:
            yield Branch(jammed(plant, at), text=f"{name} does not trip on lost mains")

    def at_hand(self, plant: Plant) -> tuple[bool, ...]:
        """Return by source whether a section can be fed from it; sets come when they are asked."""
        utility, sets = plant.sources
        return utility, sets or not plant.asked

    def heeded(self, plant: Plant) -> bool:
        """Return whether the daemon is there, is let, and is shown whether the utility delivers.

        Where that cannot be told a utility is believed to deliver: then nobody calls the sets.
        """
        delivery = self.breakers[self.intake].ends
        return super().heeded(plant) and self.belied(plant).isdisjoint(delivery)

    def obeys(self, plant: Plant, at: int) -> bool:
        """Return whether a breaker can be opened and closed by the daemon."""
        given_up = at == self.intake and bool(plant.stages[-1])
        return super().obeys(plant, at) and not given_up

    def barred(self, plant: Plant, n: int) -> AbstractSet[int]:
        """Return the buses over which no way from a source leads; sets feed back through none."""
        pairs = zip(self.critical, plant.stages, strict=False)
        given_up = {bus for bus, up in pairs if up}
        delivery = {self.breakers[self.intake].ends[1]} if n == SETS else set()
        return super().barred(plant, n) | given_up | delivery

    def heard(self, plant: Plant, states: Mapping[str, Any], facts: Facts) -> Branch:
        """The sets learn whether they are wanted, and people what is given up."""
        branch = self._called(plant, facts)
        now = states["main_tie_main"].schemes[self.scheme]
        sections = tuple(int(at.stage in SECTION.person) for at in now.sections)
        given_up = (*sections, int(now.intake in JOINT.person))
        more = [up and not was for up, was in zip(given_up, plant.stages, strict=True)]
        idle = not self._excused(plant)
        wrong = ("a section is given up for nothing",) * (idle and any(more[:-1]))
        wrong += ("the intake is given up for nothing",) * bool(idle and more[-1])
        return branch._replace(plant=branch.plant._replace(stages=given_up), wrong=wrong)

    def _excused(self, plant: Plant) -> bool:
        """Return whether a breaker is stuck, or others have had a hand in it."""
        return plant.sudden < self._given.sudden or any(bits & STUCK for bits in plant.bent)

    def _called(self, plant: Plant, facts: Facts) -> Branch:
        """Return the plant once the sets have learned whether they are wanted."""
        wanted = facts.supply.outage or bool(facts.generation_wanted)
        after = plant._replace(wanted=wanted, news=())
        if wanted and not plant.asked:
            coming = () if plant.sources[SETS] else ((("sets", 0), SETS_MS),)
            return Branch(after._replace(asked=True), coming, (("rest", 0),))
        if wanted or not facts.sets_released or not plant.asked:
            return Branch(after)
        leaving = ((("rest", 0), REST_MS),) if plant.sources[SETS] else ()
        return Branch(after._replace(asked=False), leaving, (("sets", 0),))

    def others(self, plant: Plant) -> Iterator[Branch]:
        """The utility fails and returns; the sets fail."""
        utility, sets = self.sources[UTILITY].name, self.sources[SETS].name
        if not plant.sources[UTILITY]:
            yield self.switched(plant, UTILITY, on=True, text=f"{utility} returns")
        elif plant.losses:
            lost = plant._replace(losses=plant.losses - 1)
            yield self.switched(lost, UTILITY, on=False, text=f"{utility} fails")
        if plant.sources[SETS] and plant.sudden:
            yield self.switched(paid(plant), SETS, on=False, text=f"{sets} and all others fail")


def cut(site: Site, scheme: MainTieMainScheme) -> Site:
    """Return the site with no more than a board's mains, tie and generator feeders."""
    item = site.equipment
    intake, first = item[scheme.intake], next(iter(scheme.sets))
    utility = site.of_nature("utility")[0]
    beside = [e for e in site.of_nature("relay", "meter") if e.buses[0] == utility.buses[0]]
    kept: list[Equipment] = [replace(e, buses=intake.buses[:1]) for e in (utility, *beside)]
    kept.append(intake)
    for section in scheme.sections:
        main = item[section.main]
        behind = [e for e in site.of_nature("transformer") if e.buses[1] == main.buses[0]]
        upstream = [item[section.upstream]] if section.upstream else []
        kept += [*upstream, *behind, main, item[section.generator_feeder]]
    kept += [item[scheme.tie]] if scheme.tie else []
    kept += [replace(item[first], buses=(scheme.generator_bus,)), item[scheme.controller]]
    # What the sections are for, so that the interlocks know what must not be cut off.
    racks = [e for e in site.of_nature("it_rack") if e.critical]
    kept += [
        replace(rack, buses=(section.bus,), device=None)
        for rack, section in zip(racks, scheme.sections, strict=False)
    ]
    small = replace(scheme, sets=MappingProxyType({}), storage_feeders=())
    buses = dict.fromkeys(bus for e in kept for bus in e.buses)
    return replace(
        site,
        equipment=MappingProxyType({e.id: e for e in kept}),
        buses=MappingProxyType({bus: site.buses[bus] for bus in buses}),
        schemes=MappingProxyType({scheme.id: small}),
    )


def board(small: Site, scheme: MainTieMainScheme) -> Mains:
    """Return the plant of a site that was cut to its mains."""
    number = {bus: n for n, bus in enumerate(small.buses)}
    upstream = {s.upstream for s in scheme.sections}
    breakers, links = drawn(small, switched=lambda name: name not in upstream)
    sources = tuple(
        Source(e.id, number[e.buses[0]], e.nature == "utility")
        for e in small.of_nature("utility", "generator")
    )
    found = Mains(
        tuple(small.buses), breakers, links, sources, tuple(number[s.bus] for s in scheme.sections)
    )
    found.intake, found.scheme = found.number(scheme.intake), scheme.id
    return found


class MainsCamera(Camera):
    """What the instruments of a board and of the neighbouring sets show."""

    def show(self, now: Plant, values: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Write what the sets tell of themselves, and return what `start` concludes."""
        assert isinstance(self.scheme, MainTieMainScheme)
        source = self.board.sources[SETS]
        running = now.sources[SETS]
        item = self.site.equipment[source.name]
        stages = item.kind.points["stage"].states
        values[self.at[item.id, "stage"]] = stages.index("loaded" if running else "stopped")
        values[self.at[item.id, "voltage_ll_v"]] = self.nominal_v[source.bus] * running
        values[self.at[item.id, "neutral_earthed"]] = running
        if not running:
            return {"sets": Sets()}
        watts = item.ratings["power_w"] * len(self.scheme.sets)
        return {"sets": Sets(ready=(item.id,), on_bus=(item.id,), capability_w=watts)}
