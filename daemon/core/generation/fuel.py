"""How long the fuel lasts, from its level and from what was burnt.

Theory of operation. Every `every_s` each set is looked at. What is in its tanks (day tank, and bulk
tank where that is served) divided by what it burns at what it gives now is its endurance; a set at
rest is reckoned at `planned_pu` of its rating. The plant lasts as long as all tanks together at
what all burn together. Consumption is linear in power, `idle_l_per_kwh` of the rating and
`load_l_per_kwh` of the power.

*The book.* Beside the level a book is kept of what should be there, from the energy produced. The
less of the two counts. A level that stands well above the book although nothing was filled in is
that of a sensor that sticks: the set is named `uncertain` until both agree again. A level that
falls well below the book leaks: what it lost beyond the book, by time, is burnt as well from then
on, until it is filled. A bulk tank whose level rises was filled, and the book begins anew; so does
it where the day tank rises and no bulk tank is served.

While a level cannot be read the book alone counts, and a set that cannot be seen to rest is
reckoned to run; what is read then is believed, and the book begins anew.

Endurance below 8, 4 and 1 h is told once each, and stands among the facts for alarms.

Source: consumption from a published chart of 100 to 1,000 kW sets; faults F32 and F50.
"""

from __future__ import annotations

from collections.abc import Mapping  # needed when the state is read back
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.facts import Fuel
from daemon.core.view import Turn
from daemon.model.quantities import ns, seconds

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site

LIMITS_H: Final = (8.0, 4.0, 1.0)
"""Endurance below which people are told [h]."""
_AGAIN: Final = 1.05
"""Endurance rises by so much above a limit before that is told again."""
_RUNNING: Final = frozenset({"ready", "loaded", "cooling_down"})


@dataclass(frozen=True, slots=True)
class Params:
    """What a set burns, and what is believed of its level.

    Attributes:
        every_s: time between two looks [s].
        idle_l_per_kwh: consumption by rated power while it runs [l/kWh].
        load_l_per_kwh: consumption by power given, on top [l/kWh].
        planned_pu: part of its rating that a set at rest is reckoned with [pu].
        doubt_pu: level and book may differ by this part of the day tank [pu].
        doubt_burnt_pu: and by this part of what was burnt since the book began [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    every_s: Annotated[float, Gt(0), Le(600)] = 10.0
    idle_l_per_kwh: Annotated[float, Ge(0), Le(0.1)] = 0.0193
    load_l_per_kwh: Annotated[float, Gt(0), Le(1)] = 0.2498
    planned_pu: Annotated[float, Gt(0), Le(1)] = 0.75
    doubt_pu: Annotated[float, Gt(0), Le(1)] = 0.02
    doubt_burnt_pu: Annotated[float, Ge(0), Le(1)] = 0.1


class Book(NamedTuple):
    """What should be in the tanks of a set.

    Attributes:
        level_l: what was read last, day tank and bulk tank [l].
        filled_l: what was read last of the tank that is filled from outside [l].
        book_l: what should be there [l].
        burnt_l: what was burnt since the book began [l].
        begun_ns: when it did [ns].
        leak_l_s: what is lost beside what is burnt [l/s].
        uncertain: the level contradicts the book.
        read: the level was read at the last look.
    """

    level_l: float
    filled_l: float
    book_l: float
    burnt_l: float
    begun_ns: int
    leak_l_s: float = 0.0
    uncertain: bool = False
    read: bool = True


class State(NamedTuple):
    """The book of each set, how many limits its endurance is below, and when both were judged."""

    books: Mapping[str, Book] = {}
    below: Mapping[str, int] = {}
    at_ns: int = 0


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: no book is kept."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Look at every set when it is time."""
    if state.at_ns and view.now_ns - state.at_ns < ns(params.every_s):
        return Turn(state)
    passed_s = seconds(view.now_ns - state.at_ns) if state.at_ns else 0.0
    books: dict[str, Book] = {}
    lasts_s: dict[str, float] = {}
    content_l = flow_l_s = 0.0
    for item in view.site.of_nature("generator"):
        burns_l_s = _flow_l_s(view, item, params)
        running = view.stage(item.id) in {*_RUNNING, None}
        book = _keep(view, item, state.books.get(item.id), running * burns_l_s * passed_s, params)
        if book is None:
            continue
        books[item.id] = book
        lasts_s[item.id] = min(book.level_l, book.book_l) / (burns_l_s + book.leak_l_s)
        if view.stage(item.id) != "fault":
            content_l += min(book.level_l, book.book_l)
        flow_l_s += (burns_l_s if running else 0.0) + book.leak_l_s
    planned_l_s = sum(_flow_l_s(view, e, params) for e in view.site.of_nature("generator"))
    plant_s = content_l / (flow_l_s or planned_l_s) if books else -1.0
    below = {name: _below(s, state.below.get(name, 0)) for name, s in lasts_s.items()}
    events = _tell(view, state, books, below, lasts_s)
    facts = None
    if (fact := _fact(lasts_s, plant_s, below, books)) != view.facts.fuel:
        facts = {"fuel": fact}
    return Turn(State(books, below, view.now_ns), events=events, facts=facts)


def _flow_l_s(view: View, item: Equipment, params: Params) -> float:
    """Return what a set burns now, or would burn if it were wanted [l/s]."""
    rated_w = item.ratings["power_w"]
    power_w = view.read(item.id, "power_w")
    known = power_w is not None and view.stage(item.id) in _RUNNING
    given_w = max(-power_w, 0.0) if known and power_w is not None else params.planned_pu * rated_w
    return (params.idle_l_per_kwh * rated_w + params.load_l_per_kwh * given_w) / 3.6e6


def _keep(
    view: View, item: Equipment, before: Book | None, burnt_l: float, params: Params
) -> Book | None:
    """Return the book of a set after this look; None while its level was never read."""
    day_l, bulk_l = view.read(item.id, "fuel_l"), view.read(item.id, "bulk_tank_l")
    with_bulk = view.points.find(item.id, "bulk_tank_l") is not None
    if day_l is None or (with_bulk and bulk_l is None):
        if before is None:
            return None
        book_l = max(0.0, before.book_l - burnt_l)
        return before._replace(book_l=book_l, burnt_l=before.burnt_l + burnt_l, read=False)
    level_l, filled_l = day_l + (bulk_l or 0.0), day_l if bulk_l is None else bulk_l
    doubt_l = params.doubt_pu * item.ratings["fuel_l"]
    if before is None or not before.read or filled_l > before.filled_l + doubt_l / 4:
        return Book(level_l, filled_l, level_l, 0.0, view.now_ns)
    book_l = max(0.0, before.book_l - burnt_l)
    burnt_l += before.burnt_l
    over_l = level_l - book_l
    allowed_l = doubt_l + params.doubt_burnt_pu * burnt_l
    if over_l < -allowed_l:
        leak_l_s = -over_l / max(1.0, seconds(view.now_ns - before.begun_ns))
        lost_l_s = before.leak_l_s + leak_l_s
        return Book(level_l, filled_l, level_l, 0.0, view.now_ns, lost_l_s)
    uncertain = over_l > (allowed_l / 2 if before.uncertain else allowed_l)
    return Book(level_l, filled_l, book_l, burnt_l, before.begun_ns, before.leak_l_s, uncertain)


def _below(lasts_s: float, before: int) -> int:
    """Return how many of the limits an endurance is below."""
    hours = lasts_s / 3600.0
    now = sum(hours < limit for limit in LIMITS_H)
    return now if now >= before else sum(hours < _AGAIN * limit for limit in LIMITS_H)


def _fact(
    lasts_s: Mapping[str, float],
    plant_s: float,
    below: Mapping[str, int],
    books: Mapping[str, Book],
) -> Fuel:
    return Fuel(
        endurance_s=lasts_s,
        plant_s=plant_s,
        below_8h=tuple(name for name, count in below.items() if count == 1),
        below_4h=tuple(name for name, count in below.items() if count == 2),
        below_1h=tuple(name for name, count in below.items() if count == 3),
        uncertain=tuple(name for name, book in books.items() if book.uncertain),
        leaking=tuple(name for name, book in books.items() if book.leak_l_s > 0.0),
    )


def _tell(
    view: View,
    state: State,
    books: Mapping[str, Book],
    below: Mapping[str, int],
    lasts_s: Mapping[str, float],
) -> tuple[Event, ...]:
    events = []
    for name, book in books.items():
        before = state.books.get(name)
        if below[name] > state.below.get(name, 0):
            limit_h, hours = LIMITS_H[below[name] - 1], lasts_s[name] / 3600.0
            text = f"{name}: fuel for {hours:.1f} h, less than {limit_h:g} h"
            events.append(view.event(name, "fuel_low", text, hours=round(hours, 2), limit=limit_h))
        if book.uncertain and not (before and before.uncertain):
            text = (
                f"{name}: level shows more fuel than can be left, {book.book_l:.0f} l are reckoned"
            )
            events.append(view.event(name, "fuel_uncertain", text, reckoned_l=round(book.book_l)))
        if book.leak_l_s > (before.leak_l_s if before else 0.0):
            text = f"{name}: loses {book.leak_l_s * 3600:.0f} l/h of fuel that it does not burn"
            events.append(view.event(name, "fuel_leak", text, leak_l_s=round(book.leak_l_s, 4)))
    return tuple(events)
