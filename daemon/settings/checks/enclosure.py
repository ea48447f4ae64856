"""Do the breakers of a scheme enclose its buses, and has every switch the owner it needs?

A scheme is safe because it knows every way by which its sections and its generator bus can be fed.
So with all its own breakers thought open no source and no storage may reach any of them, and no
section another. Power is followed the way it can flow: converters let it through one way only.

A breaker also has to do there what the scheme calls it. With the intake alone open no utility
reaches a section; with main and `upstream` open nothing reaches what lies between them; behind a
storage feeder there is storage. A relay of an intake stands at its feed or on the way to it.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daemon.model.natures import NATURES, Role
from daemon.settings.checks.connections import links
from daemon.settings.findings import Finding, choices
from daemon.settings.forms import IntakeForm, MainTieMainForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from daemon.settings.findings import Location
    from daemon.settings.forms import EquipmentForm, PlantForm, SchemeForm


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


def check_places(plant: PlantForm) -> Iterator[Finding]:
    """Yield breakers and relays that do not stand where their scheme says they do."""
    ways = _ways(plant)
    for id_, scheme in plant.schemes.items():
        if isinstance(scheme, IntakeForm):
            yield from _check_relays(plant, id_, scheme, ways)
        elif isinstance(scheme, MainTieMainForm):
            yield from _check_intake(plant, id_, scheme, ways)
            yield from _check_upstream(plant, id_, scheme, ways)
            yield from _check_stores(plant, id_, scheme, ways)


def _check_relays(
    plant: PlantForm, id_: str, scheme: IntakeForm, ways: Mapping[str, list[Way]]
) -> Iterator[Finding]:
    """Yield a relay that does not see the feed that it votes on, at it or on the way to it."""
    inside = set(plant.equipment[scheme.switch].buses)
    for i, (relay, feed) in enumerate(zip(scheme.relays, scheme.feeds, strict=True)):
        here = set(plant.equipment[feed].buses)
        seen = here | {
            bus for outer in here - inside for bus in _paths_to(outer, ways, set(scheme.feeds))
        }
        stands = plant.equipment[relay].buses
        if seen.isdisjoint(stands):
            text = f"{relay} stands at {' and '.join(stands)}, not at the feed over {feed}"
            valid = [
                name
                for name, form in plant.equipment.items()
                if form.nature == "relay" and here & set(form.buses)
            ]
            yield Finding(("schemes", id_, "relays", i), text, choices(valid, relay))


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


def check_owned(plant: PlantForm) -> Iterator[Finding]:
    """Yield what switches or starts by itself and is in no scheme: nothing would watch over it.

    A breaker needs none: one that feeds a load is closed and opened by persons.
    """
    owned = {name for scheme in plant.schemes.values() for name, _ in _owned(scheme)}
    for scheme in plant.schemes.values():
        if isinstance(scheme, MainTieMainForm):
            owned |= set(scheme.sets)
    for id_, form in plant.equipment.items():
        kind = _kind_needed(form)
        if not kind or id_ in owned:
            continue
        at: Location = ("equipment", id_)
        there = [name for name, scheme in plant.schemes.items() if scheme.kind == kind]
        if form.nature == "generator":
            text = f"{id_} has no breaker in any scheme: nothing would start it"
            valid = choices(f"schemes.{name}.sets" for name in there)
        else:
            text = f"{id_} belongs to no scheme: nothing would watch over it"
            place = {"intake": "switch", "main_tie_main": "controller"}.get(kind, "members")
            valid = choices(f"schemes.{name}.{place}" for name in there)
        yield Finding(at, text, valid or f"a scheme of kind {kind}", at_key=True)


def _kind_needed(form: EquipmentForm) -> str:
    """Return the kind of the scheme that equipment has to belong to, "" if it needs none."""
    match form.nature:
        case "transfer_switch":
            return "intake" if form.variant == "alts" else form.variant or "ats"
        case "ups":
            return "ups"
        case "generator" | "switchgear_controller":
            return "main_tie_main"
        case _:
            return ""


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


def _check_intake(
    plant: PlantForm, id_: str, scheme: MainTieMainForm, ways: Mapping[str, list[Way]]
) -> Iterator[Finding]:
    """Yield an intake that does not part the board from the utility."""
    utilities = _standing(plant, "utility")
    for section in scheme.sections:
        past = _past({scheme.intake}, section.bus, utilities, ways)
        if past:
            source, over = past
            text = f"{source} reaches bus {section.bus} past the intake {scheme.intake}"
            valid = _parting(plant, section.bus, utilities, ways, over)
            yield Finding(("schemes", id_, "intake"), f"{text}, over {', '.join(over)}", valid)
            break


def _check_upstream(
    plant: PlantForm, id_: str, scheme: MainTieMainForm, ways: Mapping[str, list[Way]]
) -> Iterator[Finding]:
    """Yield a breaker upstream that does not part its main from every source."""
    sources = _standing(plant, *(n.name for n in NATURES.values() if n.role is Role.SOURCE))
    for i, section in enumerate(scheme.sections):
        main = plant.equipment[section.main]
        outside = next((bus for bus in main.buses if bus != section.bus), "")
        if not section.upstream or not outside:
            continue
        past = _past({section.main, section.upstream}, outside, sources, ways)
        if past:
            source, over = past
            text = f"{source} reaches {section.main} past {section.upstream}"
            text += f", over {', '.join(over)}" if over else ""
            valid = _parting(plant, outside, sources, ways, over, {section.main})
            yield Finding(("schemes", id_, "sections", i, "upstream"), text, valid)


def _check_stores(
    plant: PlantForm, id_: str, scheme: MainTieMainForm, ways: Mapping[str, list[Way]]
) -> Iterator[Finding]:
    """Yield a storage feeder behind which there is none."""
    own = {name for name, _ in _owned(scheme)}
    stores = _standing(plant, *(n.name for n in NATURES.values() if n.role is Role.STORAGE))
    joined = {scheme.generator_bus, *(section.bus for section in scheme.sections)}
    for i, feeder in enumerate(scheme.storage_feeders):
        if _leads_to(plant.equipment[feeder], joined, own, stores, ways):
            continue
        text = f"{feeder} joins {' and '.join(plant.equipment[feeder].buses)}: no storage is behind"
        valid = [
            name
            for name, form in plant.equipment.items()
            if form.nature == "breaker"
            and joined & set(form.buses)
            and _leads_to(form, joined, own | {name}, stores, ways)
        ]
        yield Finding(("schemes", id_, "storage_feeders", i), text, choices(valid, feeder))


def _leads_to(
    breaker: EquipmentForm,
    joined: Set[str],
    opened: Set[str],
    stores: Mapping[str, str],
    ways: Mapping[str, list[Way]],
) -> bool:
    """Return whether a store stands behind a breaker, seen from the buses of its scheme."""
    ends = [bus for bus in breaker.buses if bus not in joined]
    return any(_past(opened, bus, stores, ways) for bus in ends)


def _standing(plant: PlantForm, *natures: str) -> dict[str, str]:
    """Return what stands at each bus, of some natures; one for each bus."""
    return {
        form.buses[0]: name
        for name, form in plant.equipment.items()
        if form.nature in natures and form.buses
    }


def _past(
    opened: Set[str], bus: str, feeding: Mapping[str, str], ways: Mapping[str, list[Way]]
) -> tuple[str, tuple[str, ...]] | None:
    """Return what comes to a bus with some breakers open, and over what; None if nothing does."""
    for other, over in _paths_to(bus, ways, opened).items():
        if other in feeding:
            return feeding[other], over
    return None


def _parting(
    plant: PlantForm,
    bus: str,
    feeding: Mapping[str, str],
    ways: Mapping[str, list[Way]],
    over: tuple[str, ...],
    opened: Set[str] = frozenset(),
) -> str:
    """Return, of the breakers on a way, those that part a bus from all that feeds it."""
    breakers = [name for name in over if plant.equipment[name].nature == "breaker"]
    parting = [name for name in breakers if not _past({name, *opened}, bus, feeding, ways)]
    return choices(parting)


def _come_over(bus: str, ways: Mapping[str, list[Way]], own: set[str]) -> dict[str, str]:
    """Return every bus from which power can come to `bus` without `own`, and over what, as text."""
    paths = _paths_to(bus, ways, own)
    return {other: f", over {', '.join(path)}" if path else "" for other, path in paths.items()}


def _paths_to(bus: str, ways: Mapping[str, list[Way]], own: Set[str]) -> dict[str, tuple[str, ...]]:
    """Return every bus from which power can come to `bus` without `own`, and over what."""
    paths: dict[str, tuple[str, ...]] = {bus: ()}
    waiting = [bus]
    while waiting:
        here = waiting.pop()
        for over, source in ways.get(here, ()):
            if over not in own and source not in paths:
                paths[source] = (over, *paths[here])
                waiting.append(source)
    return paths
