"""Faults drawn by chance: for each seed other ones, on other equipment, at other times.

Each seed enables only some kinds of faults and then draws several of those, because a run in which
everything happens a little finds less than one in which a few things happen much (swarm testing;
Groce et al. 2012, 10.1145/2338965.2336763). All drawn faults are over after `HEALED_PU` of the time
asked for. The run lasts `TAIL_S` longer, quiet and therefore quick, so that what must come right
again has the time that the oracles allow it: return of the utilities, synchronising, walk-in,
alarms that clear. A site that asks for longer, a fault of the scenario itself that stays, or one
after the drawn ones leaves that unjudged, and the verdict says so.

People ask for things meanwhile: in some seeds an operator wants breakers closed, soon after
something has happened and often beside it. That is drawn from a chance of its own, so the faults of
a seed are the same whether anybody asks or not.

In some seeds storage on AC begins not far above its reserve, as often as not within a tenth of what
it holds, and idle rows get a job: what storage gives then is for money, and the oracle of the
reserve has something to judge. That too is drawn from a chance of its own, after all others: the
faults of a seed, and what is asked for, are what they were before anybody drew it.

A drawn fault is one or more happenings of the scenario format, so a seed is a scenario like any
other: it can be read, written out and played on the desk as far as the desk can do it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from numpy.random import PCG64, Generator

from device_emulators.faults.catalogue import ASKING, DRAWABLE, LEANING, Span
from device_emulators.scenario import Happening, Initial
from device_emulators.selection import DAEMON, GATEWAY, OPERATOR, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daemon.model.plant import Site
    from device_emulators.faults.catalogue import Drawable
    from device_emulators.scenario import Scenario

HEALED_PU: Final = 0.6
"""Part of the time asked for after which no drawn fault acts."""
TAIL_S: Final = 120.0
"""How long a run goes on after it; the hall asks for 110 s until all is normal again [s]."""
_BEGUN_PU: Final = 0.45
_FIRST_S: Final = 1.0
_PROMINENT_PU: Final = 0.75
_EACH_PU: Final = 0.6
_ACTS: Final = (2, 12)
_PAUSE_S: Final = Span(0.3, 6.0)

Act = tuple[Happening, ...]
"""A fault: what begins it and what ends it, belonging together."""


def draw(site: Site, scenario: Scenario, seed: int, for_s: float | None = None) -> Scenario:
    """Return `scenario` with the faults of a seed, without what it expects: oracles decide.

    Args:
        site: the plant.
        scenario: what happens anyway.
        seed: of all chance.
        for_s: in what time faults are drawn [s]; as the scenario says when left out.
    """
    for_s = scenario.for_s if for_s is None else for_s
    begun = with_charges(site, scenario, seed)
    return with_acts(begun, drawn_acts(site, seed, for_s), with_tail_s(for_s))


def with_charges(site: Site, scenario: Scenario, seed: int) -> Scenario:
    """Return `scenario` with what is drawn of its beginning: charges, and rows without a job."""
    drawn = _leaning(site, seed)
    if drawn is None:
        return scenario
    charges_pu, _ = drawn
    begins = [Initial.model_validate({"target": k, "soc_pu": v}) for k, v in charges_pu.items()]
    begins.append(Initial.model_validate({"target": LEANING.of, "utilisation_pu": 0.0}))
    return scenario.model_copy(update={"initial": (*scenario.initial, *begins)})


def with_tail_s(for_s: float) -> float:
    """Return how long a run lasts, quiet tail included, with faults drawn in `for_s` [s]."""
    return max(for_s, HEALED_PU * for_s + TAIL_S)


def with_acts(scenario: Scenario, acts: Iterable[Act], for_s: float) -> Scenario:
    """Return `scenario`, shortened or lengthened to `for_s` [s], with `acts` in its timeline."""
    timeline = [*scenario.timeline, *(each for act in acts for each in act)]
    kept = sorted((each for each in timeline if each.at_s < for_s), key=lambda each: each.at_s)
    changes = {"for_s": for_s, "timeline": tuple(kept), "expect": ()}
    return scenario.model_copy(update=changes)


def drawn_acts(site: Site, seed: int, for_s: float) -> tuple[Act, ...]:
    """Return the faults of a seed, drawn in `for_s` [s], and what is asked for during them."""
    chance = Generator(PCG64(seed))
    possible = [kind for kind in DRAWABLE if _targets(site, kind)]
    enabled = [kind for kind in possible if chance.random() < kind.likely_pu]
    enabled = enabled or [possible[chance.integers(len(possible))]]
    count = int(chance.integers(*_ACTS, endpoint=True))
    kinds = [enabled[chance.integers(len(enabled))] for _ in range(count)]
    acts = [_act(site, kind, chance, for_s) for kind in kinds]
    asking = Generator(PCG64((seed, 1)))
    asked = asking.random() < ASKING.likely_pu
    requests = drawn_requests(site, acts, asking, for_s) if asked else ()
    return (*acts, *requests, *_jobs(site, seed, for_s))


def _leaning(site: Site, seed: int) -> tuple[dict[str, float], Generator] | None:
    """Return charges at the beginning and the chance they are from, None where all is as usual."""
    chance = Generator(PCG64((seed, 2)))
    stores = [e.id for e in site.of_nature("ess") if site.buses[e.buses[0]].kind == "ac"]
    if chance.random() >= LEANING.likely_pu or not stores or not site.of_nature(LEANING.of):
        return None
    drawn = {id_: LEANING.charge_pu + _log_uniform(chance, LEANING.above_pu) for id_ in stores}
    return {id_: round(charge_pu, 4) for id_, charge_pu in drawn.items()}, chance


def _jobs(site: Site, seed: int, for_s: float) -> tuple[Act, ...]:
    """Return the job that storage has to give for, in seeds in which it has little."""
    drawn = _leaning(site, seed)
    if drawn is None:
        return ()
    at_s = float(drawn[1].uniform(_FIRST_S, _BEGUN_PU * for_s))
    return ((_happening(at_s, LEANING.of, LEANING.event, dict(LEANING.values)),),)


def drawn_requests(
    site: Site, acts: Sequence[Act], chance: Generator, for_s: float
) -> Iterator[Act]:
    """Yield what an operator asks for during some faults, each a happening by itself.

    Args:
        site: the plant.
        acts: the faults.
        chance: what it is drawn from.
        for_s: in what time they were drawn [s].
    """
    items, prominent = site.of_nature(*ASKING.of), _prominent(site)
    switches = [item.id for item in items]
    # To close what is closed is nothing: what stands open is asked for as well.
    named = [item.id for item in items if item.id in prominent or item.normally == "open"]
    happenings = [each for act in acts for each in act]
    for _ in range(int(chance.integers(*ASKING.times, endpoint=True))):
        cause = happenings[chance.integers(len(happenings))]
        found = select(site, cause.target)
        buses = {bus for id_ in found for bus in site.equipment[id_].buses}
        near = [id_ for id_ in switches if buses.intersection(site.equipment[id_].buses)]
        among = near if near and chance.random() < ASKING.near_pu else named or switches
        values = {
            "of": among[chance.integers(len(among))],
            "action": ASKING.actions[chance.integers(len(ASKING.actions))],
        }
        at_s = min(cause.at_s + _log_uniform(chance, ASKING.after_s), HEALED_PU * for_s)
        yield (_happening(at_s, OPERATOR, ASKING.event, values),)


def _targets(site: Site, kind: Drawable) -> list[str]:
    """Return what `kind` can be done to; equipment is what has a device that shows the point."""
    found = [item for item in site.equipment.values() if item.nature in kind.of]
    points = [p for p in kind.values.get("point", ()) if isinstance(p, str)]
    if points:
        found = [
            item
            for item in found
            if item.device is not None
            and set(points) <= set(site.profiles[item.device.profile].points)
        ]
    ids = [item.id for item in found]
    ids += site.gateways if GATEWAY in kind.of else ()
    return [*ids, DAEMON] if DAEMON in kind.of else ids


def _prominent(site: Site) -> set[str]:
    """Return what transfer schemes name, what measures at their buses, and the gateways of both."""
    named = set(_words([asdict(scheme) for scheme in site.schemes.values()]))
    sensing = site.of_nature("relay", "meter")
    found = named | {item.id for item in sensing if named & set(item.buses)}
    devices = [item.device for id_, item in site.equipment.items() if id_ in found]
    return found | {device.gateway for device in devices if device is not None}


def _words(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever a scheme consists of
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _words([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _words(each)


def _target(site: Site, kind: Drawable, chance: Generator) -> str | tuple[str, ...]:
    """Return what it is done to, most often something that matters."""
    targets = _targets(site, kind)
    prominent = _prominent(site)
    if chance.random() < _PROMINENT_PU:
        targets = [id_ for id_ in targets if id_ in prominent] or targets
    first = targets[chance.integers(len(targets))]
    if chance.random() >= kind.several_pu:
        return first
    chosen = {first, *(id_ for id_ in targets if chance.random() < _EACH_PU)}
    return tuple(id_ for id_ in targets if id_ in chosen) if len(chosen) > 1 else first


def _act(site: Site, kind: Drawable, chance: Generator, for_s: float) -> Act:
    target = _target(site, kind, chance)
    at_s, last_s = float(chance.uniform(_FIRST_S, _BEGUN_PU * for_s)), HEALED_PU * for_s
    act: list[Happening] = []
    for _ in range(1 + int(chance.integers(kind.repeats))):
        values = {name: _value(chance, among) for name, among in kind.values.items()}
        lasts_s = _log_uniform(chance, kind.lasts_s) if kind.lasts_s else values.get("for_s", 0.0)
        until_s = min(at_s + float(lasts_s), last_s)
        if "for_s" in values:
            values["for_s"] = round(until_s - at_s, 3)
        act.append(_happening(at_s, target, kind.event, values))
        if kind.heals:
            act.append(_happening(until_s, target, kind.heals, {}))
        at_s = until_s + _log_uniform(chance, _PAUSE_S)
        if at_s >= last_s - _PAUSE_S.low:
            break
    return tuple(act)


def _value(chance: Generator, among: Span | tuple[str | float, ...]) -> str | float:
    if isinstance(among, Span):
        return round(float(chance.uniform(*among)), 3)
    return among[chance.integers(len(among))]


def _log_uniform(chance: Generator, span: Span) -> float:
    return math.exp(chance.uniform(math.log(span.low), math.log(span.high)))


def _happening(
    at_s: float, target: str | tuple[str, ...], event: str, values: dict[str, Any]
) -> Happening:
    given = {"at_s": round(at_s, 3), "target": target, "event": event, **values}
    return Happening.model_validate(given)
