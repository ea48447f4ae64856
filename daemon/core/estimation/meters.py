"""Tell people which meters are not believed, and when they are again.

The estimator judges (`bad_data`); here its suspects become facts for alarms, and events: which
point of which device, what it shows, what it should show, what is likely to be wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from daemon.core.facts import Meters
from daemon.core.view import Turn

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.estimate import Doubted
    from daemon.model.events import Event
    from daemon.model.plant import Site


@dataclass(frozen=True, slots=True)
class Params:
    """Nothing to set."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


class State(NamedTuple):
    """What was told: kind and guess by point."""

    told: tuple[tuple[int, str, str], ...] = ()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every meter is believed."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Tell what has become of suspects."""
    suspects = view.estimate.suspects if view.estimate is not None else ()
    if not suspects and not state.told:
        return Turn(state)
    now = tuple((s.point, s.kind, s.guess if s.kind == "condemned" else "") for s in suspects)
    if now == state.told:
        return Turn(state)
    known = {point: (kind, guess) for point, kind, guess in state.told}
    events = [
        _event(view, s)
        for s, (_, kind, guess) in zip(suspects, now, strict=True)
        if known.get(s.point) != (kind, guess)
    ]
    doubted = {p for s in suspects for p in s.group} | {s.point for s in suspects}
    for point in known.keys() - doubted:
        at = view.points.points[point]
        text = f"{at.equipment}: {at.spec.name} fits again and is believed"
        events.append(view.event(at.equipment, "meter_believed", text, point=at.spec.name))
    return Turn(State(now), events=tuple(events), facts={"meters": _fact(view, suspects)})


def _fact(view: View, suspects: tuple[Doubted, ...]) -> Meters:
    places = view.points.points
    condemned: dict[str, str] = {}
    doubted: list[str] = []
    drifting: list[str] = []
    for s in suspects:
        name = places[s.point].equipment
        if s.kind == "drifting":
            drifting.append(name)
        elif s.kind == "doubted" or len(s.group) > 1:
            doubted += [places[p].equipment for p in s.group]
        else:
            condemned[name] = "frozen" if s.kind == "frozen" else s.guess
    return Meters(condemned, tuple(dict.fromkeys(doubted)), tuple(dict.fromkeys(drifting)))


def _event(view: View, s: Doubted) -> Event:
    at = view.points.points[s.point]
    unit = at.spec.unit
    why = {
        "condemned": {"sign": ", the opposite sign", "scale": ", a wrong factor"}.get(s.guess, ""),
        "frozen": ", and does not move",
        "drifting": ", and drifts",
        "doubted": "",
    }[s.kind]
    text = (
        f"{at.equipment}: {at.spec.name} shows {s.shown:.6g} {unit}, "
        f"{s.should:.6g} +- {s.sigma:.2g} {unit} fits all others{why}"
    )
    if s.kind != "drifting" and len(s.group) > 1:
        others = ", ".join(view.points.points[p].id for p in s.group[1:])
        text += f"; it may be {others} instead" if s.kind == "doubted" else f", with {others}"
    fields = {
        "point": at.spec.name,
        "kind": s.kind,
        "guess": s.guess,
        "shown": s.shown,
        "should": round(s.should, 6),
        "group": [view.points.points[p].id for p in s.group],
    }
    return view.event(at.equipment, "meter_suspect", text, **fields)
