"""What can be wrong with a scenario that its form alone does not show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from daemon.settings.findings import Finding, choices
from daemon.settings.rules import shipped_rules
from device_emulators.faults.garbling import garbles
from device_emulators.faults.words import (
    OF_SCHEMES,
    OF_TAGS,
    of_protocol,
    points_of,
    targets,
    why_not,
)
from device_emulators.plant.elements import FAULT_KINDS
from device_emulators.selection import (
    CRITICAL,
    GATEWAY,
    OPERATOR,
    SCHEDULER,
    nature_of,
    select,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from daemon.model.plant import Site
    from daemon.settings.findings import Location
    from device_emulators.scenario import (
        Condition,
        Expectation,
        Happening,
        Initial,
        Order,
        Scenario,
    )

CONTRACT: Final = "contract"
"""Stands for the limits of the site's own contract, beside the names of rule sets."""
DAY_S: Final = 86_400.0
"""No value of a scenario is a longer time [s]."""
_UNBOUNDED: Final = ("pu", "hz", "count", "ohm", "l/s")
_HIGHEST: Final = {"s": DAY_S, **dict.fromkeys(_UNBOUNDED, math.inf)}
"""The most that a value may be, by its unit; none of these is below 0."""
_SHARES: Final = frozenset({"soc_pu", "depth_pu", "fuel_pu", "utilisation_pu", "share_pu"})
"""Parts of a whole: 0 to 1."""
_SIGNED: Final = frozenset({"by_s", "by_per_s"})
"""Times that go back as well, and rates."""
_SPANS: Final = frozenset({"for_s", "latency_s", "jitter_s", "pause_s", "period_s"})
"""Times that must pass."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What can be done to a plant and asked of it.

    Attributes:
        settings: nature -> names of what can be different from the beginning.
        events: nature -> event -> names of the values it needs.
        quantities: nature -> names of what can be asked; "bus" stands for buses.
        happenings: names of the events that a plant reports.
        alarms: classes of alarms that a daemon may raise.
    """

    settings: Mapping[str, Iterable[str]]
    events: Mapping[str, Mapping[str, tuple[str, ...]]]
    quantities: Mapping[str, Iterable[str]]
    happenings: frozenset[str]
    alarms: frozenset[str]


def look_over(
    scenario: Scenario, site: Site, vocabulary: Vocabulary, *, where: str = ""
) -> Iterator[Finding]:
    """Yield what is wrong with `scenario` on `site`, to be played `where` (see `faults.words`)."""
    for i, initial in enumerate(scenario.initial):
        yield from _initial(initial, ("initial", i), site, vocabulary)
    for i, happening in enumerate(scenario.timeline):
        yield from happening_problems(happening, ("timeline", i), site, vocabulary)
        yield from _out_of_place(happening, ("timeline", i), site, where)
        if happening.at_s >= scenario.for_s:
            text = f"{happening.at_s:g} s is not before the end at {scenario.for_s:g} s"
            yield Finding(("timeline", i, "at_s"), text)
    for i, (one, next_) in enumerate(pairwise(scenario.timeline), start=1):
        if next_.at_s < one.at_s:
            text = f"{next_.at_s:g} s is before the entry above it at {one.at_s:g} s"
            yield Finding(("timeline", i, "at_s"), text)
    names: dict[str, int] = {}
    for i, expectation in enumerate(scenario.expect):
        if names.setdefault(expectation.name, i) != i:
            yield Finding(("expect", i, "name"), "this name stands for another expectation")
        yield from _expectation(expectation, ("expect", i), scenario, site, vocabulary)


def _initial(
    initial: Initial, at: Location, site: Site, vocabulary: Vocabulary
) -> Iterator[Finding]:
    yield from _unknown(initial.target, (*at, "target"), site)
    ids = select(site, initial.target)
    for nature in dict.fromkeys(site.equipment[id_].nature for id_ in ids):
        settings = vocabulary.settings.get(nature, ())
        for name, value in initial.values.items():
            if name not in settings:
                valid = choices(settings, name) or "none"
                text = f"nothing to be set of a {nature}"
                yield Finding((*at, name), text, valid, at_key=True)
            else:
                yield from _number(name, value, (*at, name))


def happening_problems(
    happening: Happening, at: Location, site: Site, vocabulary: Vocabulary
) -> Iterator[Finding]:
    """Yield what keeps a happening from being done to its targets."""
    yield from _unknown(happening.target, (*at, "target"), site, buses=True, beside=True)
    ids = targets(site, happening.target, happening.event)
    ids = ids or select(site, happening.target, buses=True)
    for nature, protocol in dict.fromkeys(
        (nature_of(site, id_), _protocol(site, id_)) for id_ in ids
    ):
        events = vocabulary.events.get(nature, {})
        if protocol:
            events = {e: v for e, v in events.items() if e in of_protocol(protocol)}
        if happening.event not in events:
            text = f"nothing called {happening.event} can be done to a {nature}"
            text += f" that speaks {protocol}" if protocol else ""
            valid = choices(events, happening.event) or "none"
            yield Finding((*at, "event"), text, valid)
            continue
        wanted = events[happening.event]
        for name in happening.values:
            if name not in wanted:
                valid = choices(wanted, name) or "none"
                yield Finding((*at, name), f"no value of {happening.event}", valid, at_key=True)
        if happening.event == "swap_words":
            yield from _wordless(ids, (*at, "event"), site)
        for name in wanted:
            if name not in happening.values:
                yield Finding((*at, "event"), f"{happening.event} needs {name}")
            elif nature == OPERATOR:
                yield from _request(name, happening.values, (*at, name), site)
            elif nature == SCHEDULER and name == "job":
                yield from _named(happening.values[name], (*at, name))
            elif name == "with":
                yield from _twin(ids, happening.values[name], (*at, name), site)
            else:
                yield from _value(nature, name, happening.values, (*at, name))


def _protocol(site: Site, id_: str) -> str:
    """Return what a gateway speaks; "" for anything else."""
    return site.gateways[id_].protocol if nature_of(site, id_) == GATEWAY else ""


def _twin(ids: Iterable[str], value: object, at: Location, site: Site) -> Iterator[Finding]:
    """Yield what keeps equipment from being taken for another of its kind."""
    for id_ in ids:
        nature = nature_of(site, id_)
        others = [item.id for item in site.of_nature(nature) if item.id != id_]
        if value not in others:
            text = f"{id_} cannot be taken for {value}: another {nature} is needed"
            yield Finding(at, text, choices(others, str(value)) or "none")


def _wordless(ids: Iterable[str], at: Location, site: Site) -> Iterator[Finding]:
    """Yield what keeps equipment from swapping words: values that take two of them."""
    for id_ in ids:
        if not garbles(site, id_):
            yield Finding(at, f"{id_} has no value of two registers in its map")


def _value(nature: str, name: str, values: Mapping[str, object], at: Location) -> Iterator[Finding]:
    """Yield what keeps a value from being the value `name` of an event."""
    value = values[name]
    if name == "value" and isinstance(value, str):
        yield from _word(nature, str(values.get("point")), value, at)
    elif name == "point":
        points = points_of(nature)
        if value not in points:
            yield Finding(at, f"a {nature} shows no {value}", choices(points, str(value)))
    elif name == "kind":
        if value not in FAULT_KINDS:
            yield Finding(at, f"no fault is called {value}", choices(FAULT_KINDS, str(value)))
    elif name in _SPANS and value == 0.0:
        yield Finding(at, f"{value:g} s is no span of time")
    else:
        yield from _number(name, value, at)


def _number(name: str, value: object, at: Location) -> Iterator[Finding]:
    """Yield what keeps `value` from being a number that the unit in `name` allows."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        yield Finding(at, f"{value} is no number")
        return
    unit = "l/s" if name.endswith("_l_s") else name.rpartition("_")[2]
    highest = 1.0 if name in _SHARES else _HIGHEST.get(unit, math.inf)
    lowest = 0.0 if unit in _HIGHEST and name not in _SIGNED else -highest
    if not lowest <= value <= highest:
        valid = f"from {lowest:g}" + (f" to {highest:g}" if highest < math.inf else "")
        yield Finding(at, f"{value:g} {unit} cannot be", valid)


def _request(
    name: str, values: Mapping[str, object], at: Location, site: Site
) -> Iterator[Finding]:
    """Yield what keeps a value from being that of a request: what obeys, and what it obeys."""
    obeying: dict[str, tuple[str, ...]] = dict.fromkeys(site.schemes, OF_SCHEMES)
    obeying |= {e.id: e.kind.commands() for e in site.equipment.values() if e.kind.commands()}
    obeying = {id_: (*actions, *OF_TAGS) for id_, actions in obeying.items()}
    item, value = str(values.get("of")), str(values[name])
    if name == "of" and item not in obeying:
        yield Finding(at, f"nothing here that obeys is called {item}", choices(obeying, item))
    elif name == "action" and item in obeying and value not in obeying[item]:
        valid = choices(obeying[item], value)
        own = item in site.equipment and site.equipment[item].kind.commands()
        kind = nature_of(site, item) if own else "scheme"
        yield Finding(at, f"a {kind} obeys no {value}", valid)


def _named(value: object, at: Location) -> Iterator[Finding]:
    """Yield what keeps a value from being the id of a job."""
    if not isinstance(value, str) or not value:
        yield Finding(at, f"{value} is no id of a job", "a word, such as job-7")


def _out_of_place(happening: Happening, at: Location, site: Site, where: str) -> Iterator[Finding]:
    """Yield a finding where something cannot be done in this kind of run."""
    for id_ in targets(site, happening.target, happening.event):
        if why := why_not(site, id_, happening.event, where):
            place, _, advice = why.partition(": ")
            text = f"{happening.event} can be done to {id_} {place}"
            yield Finding((*at, "event"), text, advice)
            return


def _unknown(
    selection: str | tuple[str, ...],
    at: Location,
    site: Site,
    *,
    buses: bool = False,
    beside: bool = False,
) -> Iterator[Finding]:
    """Yield a finding for each word that names nothing."""
    words = (
        [(at, selection)]
        if isinstance(selection, str)
        else [((*at, i), word) for i, word in enumerate(selection)]
    )
    for where, word in words:
        if not select(site, word, buses=buses, beside=beside):
            named = [*site.equipment, *(e.nature for e in site.equipment.values())]
            more = [*(site.buses if buses else ()), *(site.gateways if beside else ())]
            valid = choices([*named, *more], word)
            yield Finding(where, f"nothing here is called {word}", valid)


def _expectation(
    expectation: Expectation, at: Location, scenario: Scenario, site: Site, vocabulary: Vocabulary
) -> Iterator[Finding]:
    given = [name for name in type(expectation).kinds() if getattr(expectation, name) is not None]
    if len(given) != 1:
        text = "exactly one kind of expectation is needed" + (f", not {given}" if given else "")
        yield Finding(at, text, choices(type(expectation).kinds()))
        return
    at = (*at, given[0])
    body = getattr(expectation, given[0])
    yield from _times(body, at, scenario.for_s)
    if expectation.fed is not None:
        yield from _unknown(expectation.fed.loads, (*at, "loads"), site)
        yield from _unknown(expectation.fed.except_, (*at, "except"), site)
        yield from _not_critical(expectation.fed.loads, (*at, "loads"), site)
    if expectation.reach is not None or expectation.hold is not None:
        yield from _condition(body, at, site, vocabulary)
    if expectation.order is not None:
        yield from _order(expectation.order, at, site, vocabulary)
    if expectation.alarm is not None or expectation.no_alarm is not None:
        yield from _alarm(body.id, (*at, "id"), site, vocabulary)
    if expectation.comply is not None:
        known = (CONTRACT, *shipped_rules())
        for i, name in enumerate(expectation.comply.rules):
            if name not in known:
                valid = choices(known, name)
                yield Finding((*at, "rules", i), f"no rule set is called {name}", valid)
    if expectation.never is not None or expectation.happens is not None:
        if body.event not in vocabulary.happenings:
            valid = choices(vocabulary.happenings, body.event)
            yield Finding((*at, "event"), f"no plant reports {body.event}", valid)
        if body.of is not None:
            yield from _unknown(body.of, (*at, "of"), site)


def _times(body: object, at: Location, for_s: float) -> Iterator[Finding]:
    """Yield the times that cannot be met: beyond the end, or the wrong way round."""
    begin = getattr(body, "from_s", 0.0)
    for name in ("by_s", "to_s", "raised_by_s", "cleared_by_s"):
        time_s = getattr(body, name, None)
        if time_s is None:
            continue
        if time_s > for_s:
            text = f"cannot be judged: {time_s:g} s is after the end at {for_s:g} s"
            yield Finding((*at, name), text)
        if time_s <= begin:
            yield Finding((*at, name), f"{time_s:g} s is not after from_s, {begin:g} s")
    if begin >= for_s:
        yield Finding((*at, "from_s"), f"{begin:g} s is not before the end at {for_s:g} s")


def _not_critical(loads: str | tuple[str, ...], at: Location, site: Site) -> Iterator[Finding]:
    for id_ in select(site, loads):
        if not site.equipment[id_].critical:
            valid = f"{CRITICAL}, or loads that are"
            yield Finding(at, f"{id_} is no critical load: nobody records its supply", valid)
            return


def _condition(
    condition: Condition, at: Location, site: Site, vocabulary: Vocabulary
) -> Iterator[Finding]:
    selection, _, point = condition.quantity.rpartition(".")
    where = (*at, "quantity")
    if not selection:
        yield Finding(where, "an equipment and a point are needed, such as DG-1.stage")
        return
    yield from _unknown(selection, where, site, buses=True)
    ids = select(site, selection, buses=True)
    for nature in dict.fromkeys(nature_of(site, id_) for id_ in ids):
        yield from _point(nature, point, where, vocabulary)
        for name, word in (("is", condition.is_), ("is_not", condition.is_not)):
            yield from _word(nature, point, word, (*at, name))
    if condition.at_least_count is not None and condition.at_least_count > len(ids):
        text = f"only {len(ids)} are selected by {selection}"
        yield Finding((*at, "at_least_count"), text)
    limits = ("is_", "is_not", "at_least", "at_most", "total_at_least", "total_at_most")
    if all(getattr(condition, name) is None for name in limits):
        yield Finding(
            at, "nothing is asked of the quantity", ", ".join(limits).replace("is_,", "is,")
        )
    for low, high in (("at_least", "at_most"), ("total_at_least", "total_at_most")):
        lowest, highest = getattr(condition, low), getattr(condition, high)
        if lowest is not None and highest is not None and lowest > highest:
            yield Finding((*at, high), f"{highest:g} is below {low}, {lowest:g}")


def _point(nature: str, point: str, at: Location, vocabulary: Vocabulary) -> Iterator[Finding]:
    known = vocabulary.quantities.get(nature, ())
    if point not in known:
        yield Finding(at, f"a {nature} has no {point}", choices(known, point))


def _word(
    nature: str, point: str, word: float | bool | str | None, at: Location
) -> Iterator[Finding]:
    words = words_of(nature, point)
    if isinstance(word, str) and word not in words:
        valid = choices(words, word) or "a number"
        yield Finding(at, f"the {point} of a {nature} is never {word}", valid)


def _order(order: Order, at: Location, site: Site, vocabulary: Vocabulary) -> Iterator[Finding]:
    yield from _unknown(order.of, (*at, "of"), site)
    for nature in dict.fromkeys(site.equipment[id_].nature for id_ in select(site, order.of)):
        yield from _point(nature, order.quantity, (*at, "quantity"), vocabulary)
        yield from _word(nature, order.quantity, order.is_, (*at, "is"))


def _alarm(id_: str, at: Location, site: Site, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield what keeps an alarm id or pattern from ever meeting an alarm."""
    class_, colon, source = id_.partition(":")
    if not any(fnmatchcase(name, class_) for name in vocabulary.alarms):
        valid = choices(vocabulary.alarms, class_)
        yield Finding(at, f"no class of alarms is called {class_}", valid)
    sources = (site.id, *site.equipment, *site.gateways)
    if colon and not any(fnmatchcase(name, source) for name in sources):
        yield Finding(at, f"nothing here is called {source}", choices(sources, source))
    if not colon and not class_.endswith("*"):
        yield Finding(at, f"{id_} lacks what it is about", f"{class_}:<equipment>, {class_}:*")
