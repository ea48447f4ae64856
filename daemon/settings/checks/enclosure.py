"""Do the breakers of a scheme enclose its buses, and has every breaker exactly one owner?

A scheme is safe because it knows every way by which its sections and its generator bus can be fed.
So with all its own breakers thought open no source and no storage may reach any of them, and no
section another. Power is followed the way it can flow: converters let it through one way only.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daemon.model.natures import NATURES, Role
from daemon.settings.checks.connections import links
from daemon.settings.findings import Finding, choices
from daemon.settings.forms import IntakeForm, MainTieMainForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.settings.findings import Location
    from daemon.settings.forms import PlantForm, SchemeForm


class Way(NamedTuple):
    """A way by which power can come to a bus: over which equipment, from which bus."""

    over: str
    source: str


def check_enclosure(plant: PlantForm) -> Iterator[Finding]:
    """Yield the feeds of a scheme's buses that pass its breakers by."""
    ways: dict[str, list[Way]] | None = None
    for id_, scheme in plant.schemes.items():
        if isinstance(scheme, MainTieMainForm):
            ways = ways if ways is not None else _ways(plant)
            yield from _check_scheme(plant, id_, scheme, ways)


def check_owners(plant: PlantForm) -> Iterator[Finding]:
    """Yield switches that two schemes, or two places of one, would command."""
    owners: dict[str, Location] = {}
    for id_, scheme in plant.schemes.items():
        for name, place in _owned(scheme):
            at: Location = ("schemes", id_, *place)
            if name in owners:
                before = ".".join(map(str, owners[name][1:]))
                yield Finding(at, f"{name} already belongs to {before}: a switch has one owner")
            else:
                owners[name] = at


def check_sets(plant: PlantForm) -> Iterator[Finding]:
    """Yield generating sets that no scheme has a breaker for: nothing would start them."""
    boards = {i: s for i, s in plant.schemes.items() if isinstance(s, MainTieMainForm)}
    known = {name for scheme in boards.values() for name in scheme.sets}
    for id_, form in plant.equipment.items() if boards else ():
        if form.nature == "generator" and id_ not in known:
            text = f"{id_} has no breaker in any scheme: nothing would start it"
            valid = choices(f"schemes.{name}.sets" for name in boards)
            yield Finding(("equipment", id_), text, valid, at_key=True)


def _owned(scheme: SchemeForm) -> Iterator[tuple[str, Location]]:
    """Yield every switch that a scheme commands, and where in the scheme it stands."""
    match scheme:
        case IntakeForm():
            yield scheme.switch, ("switch",)
            yield from ((name, ("feeds", i)) for i, name in enumerate(scheme.feeds))
        case MainTieMainForm():
            yield scheme.controller, ("controller",)
            yield scheme.intake, ("intake",)
            for i, section in enumerate(scheme.sections):
                yield section.main, ("sections", i, "main")
                yield section.generator_feeder, ("sections", i, "generator_feeder")
                if section.upstream:
                    yield section.upstream, ("sections", i, "upstream")
            yield scheme.tie, ("tie",)
            yield from ((breaker, ("sets", set_)) for set_, breaker in scheme.sets.items())
            yield from (
                (name, ("storage_feeders", i)) for i, name in enumerate(scheme.storage_feeders)
            )
        case _:
            yield from ((name, ("members", i)) for i, name in enumerate(scheme.members))


def _ways(plant: PlantForm) -> dict[str, list[Way]]:
    """Return by bus every way by which power can come to it."""
    ways: dict[str, list[Way]] = {}
    for id_, form in plant.equipment.items():
        nature = NATURES.get(form.nature)
        if nature and len(form.buses) == len(nature.terminals):
            for source, load in links(nature.role, tuple(form.buses)):
                ways.setdefault(load, []).append(Way(id_, source))
    return ways


def _check_scheme(
    plant: PlantForm, id_: str, scheme: MainTieMainForm, ways: Mapping[str, list[Way]]
) -> Iterator[Finding]:
    own = {name for name, _ in _owned(scheme)}
    buses: dict[str, Location] = {
        s.bus: ("sections", i, "bus") for i, s in enumerate(scheme.sections)
    }
    buses[scheme.generator_bus] = ("generator_bus",)
    feeding: dict[str, list[str]] = {}
    for name, form in plant.equipment.items():
        nature = NATURES.get(form.nature)
        if nature and nature.role in {Role.SOURCE, Role.STORAGE}:
            feeding.setdefault(form.buses[0] if form.buses else "", []).append(name)
    said: set[frozenset[str]] = set()
    for bus, at in buses.items():
        for other, over in _come_over(bus, ways, own).items():
            there = list(feeding.get(other, ()))
            if other in buses and other != bus and frozenset({bus, other}) not in said:
                said.add(frozenset({bus, other}))
                there.append(f"bus {other}")
            for source in there:
                text = f"{source} reaches bus {bus} past the breakers of {id_}{over}"
                yield Finding(("schemes", id_, *at), text, "only ways over breakers of the scheme")


def _come_over(bus: str, ways: Mapping[str, list[Way]], own: set[str]) -> dict[str, str]:
    """Return every bus from which power can come to `bus` without `own`, and over what, as text."""
    paths: dict[str, tuple[str, ...]] = {bus: ()}
    waiting = [bus]
    while waiting:
        here = waiting.pop()
        for over, source in ways.get(here, ()):
            if over not in own and source not in paths:
                paths[source] = (over, *paths[here])
                waiting.append(source)
    return {other: f", over {', '.join(path)}" if path else "" for other, path in paths.items()}
