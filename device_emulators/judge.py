"""The judge of a scenario: watches the plant's own truth and says what was seen and when.

Every kind of expectation is one small watch. A watch looks at each plant step and at each event of
the plant, and gives its verdict at the end; what was never seen is not fulfilled. A run may end
before its scenario does: what was not due by then is not judged, and what had begun is judged on
the part that was played. Times are those of the scenario, so 0 is when it began. What only the
daemon can answer (alarms) is left to whoever hears the daemon, and the rules of grids to whoever
has their judges.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from daemon.model.quantities import SECOND, UNIT_SUFFIXES, seconds
from device_emulators.selection import code_of, nature_of, select, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from daemon.model.plant import Site
    from device_emulators.plant.chains import Efficiency
    from device_emulators.plant.elements import PlantEvent
    from device_emulators.plant.truth import Truth
    from device_emulators.scenario import (
        Condition,
        Expectation,
        Fed,
        Happens,
        Hold,
        Never,
        Order,
        Reach,
        Scenario,
    )

_MILLISECOND_NS = 1_000_000
_INSTANT_S = 1e-9


class Witness(Protocol):
    """What a plant can be asked about its own truth."""

    @property
    def now_ns(self) -> int:
        """Plant time [ns]."""
        ...

    def quantity(self, equipment: str, name: str) -> float:
        """Return a value as it is, not as a device shows it."""
        ...

    def teller(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        """Return what asks for many (equipment, name) at once, as `quantity` would (n_name,)."""
        ...

    def truth(self) -> Truth:
        """Return everything that is so now."""
        ...

    @property
    def efficiency_now(self) -> Efficiency:
        """How much of what is taken reaches the chips now."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one expectation.

    Attributes:
        name: as in the scenario.
        ok: whether it was fulfilled; None if the run ended before that could be judged.
        value: what was seen, or None if that never happened.
        limit: what was asked for.
        unit: unit of both.
        at_s: scenario time of what decided [s], or None.
        detail: the equipment that decided, or "".
        relation: how `value` should stand to `limit`: "by" (both are scenario times), ">=", "<=",
            "is", "order", or "".
    """

    name: str
    ok: bool | None
    value: float | str | None
    limit: float | str | None
    unit: str
    at_s: float | None
    detail: str = ""
    relation: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as a mapping of plain values."""
        return asdict(self)


def not_judged(played_s: float, *, begins_s: float, due_s: float | None = None) -> str:
    """Return why something cannot be judged after `played_s` [s] of a scenario, or "".

    Args:
        played_s: scenario time that was played [s].
        begins_s: when its window begins [s].
        due_s: by when it must have come [s]; None for what is judged on the part that was played.
    """
    if played_s < begins_s + _INSTANT_S:
        return f"not judged: begins at {begins_s:g} s, played {played_s:g} s"
    if due_s is not None and played_s < due_s - _INSTANT_S:
        return f"not judged: due by {due_s:g} s, played {played_s:g} s"
    return ""


class _Test:
    """A condition on quantities, ready to be asked at every step."""

    def __init__(self, condition: Condition, site: Site, plant: Witness) -> None:
        selection, _, self.point = condition.quantity.rpartition(".")
        self._condition = condition
        self.members = select(site, selection, buses=True)
        natures = [nature_of(site, id_) for id_ in self.members]
        self.words = words_of(natures[0] if natures else "cable", self.point)
        self.unit = _unit(self.point)
        self._tell = plant.teller([(id_, self.point) for id_ in self.members])
        self._limited = condition.at_least is not None or condition.at_most is not None
        totals = condition.total_at_least, condition.total_at_most
        self._of_total = totals != (None, None)
        lows, highs = (
            (condition.at_least, condition.total_at_least),
            (condition.at_most, condition.total_at_most),
        )
        self._lows = [low for low in lows if low is not None]
        self._highs = [high for high in highs if high is not None]
        self._every = np.ones(len(self.members), dtype=bool)

        def codes(word: float | bool | str | None) -> NDArray[np.float64] | None:
            if word is None:
                return None
            return np.array([code_of(nature, self.point, word) for nature in natures])

        self._is, self._is_not = codes(condition.is_), codes(condition.is_not)
        self._seen = b""
        self._answer = (False, 0.0, "")

    def _hold(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of `values` (n_member,) are as they should be."""
        wanted = self._condition
        good = self._every
        if self._is is not None:
            good = good & (values == self._is)
        if self._is_not is not None:
            good = good & (values != self._is_not)
        if wanted.at_least is not None:
            good = good & (values >= wanted.at_least)
        if wanted.at_most is not None:
            good = good & (values <= wanted.at_most)
        return good

    def ask(self) -> tuple[bool, float, str]:
        """Return whether it holds, the value furthest from the limit, and whose value that is.

        The same values have the same answer: it is worked out anew only when one has moved.
        """
        values = self._tell()
        if (seen := values.tobytes()) != self._seen:
            self._seen, self._answer = seen, self._weigh(values)
        return self._answer

    def _weigh(self, values: NDArray[np.float64]) -> tuple[bool, float, str]:
        """Return the answer for `values` (n_member,)."""
        if self._of_total:
            total = float(values.sum())
            return self._distance(total) <= 0.0, total, "total"
        good = self._hold(values)
        holding = int(np.count_nonzero(good))
        needed = self._condition.at_least_count or len(values)
        worst = 0
        if holding < len(values):
            whose = np.flatnonzero(~good)
            worst = int(whose[self._beyond(values[whose]).argmax() if self._limited else 0])
        elif self._limited:
            worst = int(self._beyond(values).argmax())
        return holding >= needed, float(values[worst]), self.members[worst]

    def _beyond(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far each of `values` (n,) is beyond the nearest limit, see `_distance`."""
        beyond = [low - values for low in self._lows] + [values - high for high in self._highs]
        return reduce(np.maximum, beyond)

    def _distance(self, value: float) -> float:
        """Return how far `value` is beyond the nearest limit, negative when inside."""
        below = [low - value for low in self._lows]
        return max(below + [value - high for high in self._highs], default=-math.inf)

    def nearer(self, value: float, other: float) -> bool:
        """Return whether `value` is nearer to a limit than `other`."""
        return self._distance(value) > self._distance(other)

    def limit(self, value: float | None) -> tuple[str, float | str]:
        """Return the limit that matters for `value`, after the relation to it."""
        wanted = self._condition
        pairs = ((wanted.at_least, wanted.at_most), (wanted.total_at_least, wanted.total_at_most))
        for low, high in pairs:
            if low is not None and (high is None or value is None or value < (low + high) / 2):
                return ">=", low
            if high is not None:
                return "<=", high
        word = wanted.is_ if wanted.is_ is not None else f"not {wanted.is_not}"
        return "is", word if isinstance(word, str) else float(word)

    def shown(self, value: float) -> float | str:
        """Return a code as its word."""
        return self.words[int(value)] if self.words and 0 <= value < len(self.words) else value


def _unit(point: str) -> str:
    """Return the unit in which a point is given."""
    return next((unit for unit in UNIT_SUFFIXES if point.endswith(f"_{unit}")), "")


class _Watch:
    """Looks at the plant for one expectation."""

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self, at_s: float, plant: Witness) -> None:
        """Look at the plant as it is at `at_s`."""

    def event(self, at_s: float, event: PlantEvent) -> None:
        """Hear of an event of the plant."""

    def verdict(self, end_s: float, plant: Witness) -> Verdict:
        """Return what was seen."""
        raise NotImplementedError


class _ReachWatch(_Watch):
    def __init__(self, name: str, wanted: Reach, site: Site, plant: Witness) -> None:
        super().__init__(name)
        self._wanted, self._test = wanted, _Test(wanted, site, plant)
        self._reached_s: float | None = None

    def step(self, at_s: float, plant: Witness) -> None:
        if self._reached_s is None and self._wanted.from_s <= at_s and self._test.ask()[0]:
            self._reached_s = at_s

    def verdict(self, end_s: float, plant: Witness) -> Verdict:
        at_s, wanted = self._reached_s, self._wanted
        open_ = not_judged(end_s, begins_s=wanted.from_s, due_s=wanted.by_s)
        if at_s is None and open_:
            return Verdict(self.name, None, None, wanted.by_s, "s", None, open_, "by")
        ok = at_s is not None and at_s <= wanted.by_s
        detail = "" if ok else f"{wanted.quantity}, last {self._last()}"
        return Verdict(self.name, ok, at_s, wanted.by_s, "s", at_s, detail, "by")

    def _last(self) -> str:
        _, value, whose = self._test.ask()
        return f"{self._test.shown(value)} ({whose})"


class _HoldWatch(_Watch):
    def __init__(self, name: str, wanted: Hold, site: Site, plant: Witness) -> None:
        super().__init__(name)
        self._wanted, self._test = wanted, _Test(wanted, site, plant)
        self._broken: tuple[float, float, str] | None = None
        self._nearest: tuple[float, float, str] | None = None
        self._heard: tuple[bool, float, str] | None = None

    def step(self, at_s: float, plant: Witness) -> None:
        to_s = self._wanted.to_s
        if self._broken or at_s < self._wanted.from_s or (to_s is not None and at_s > to_s):
            return
        answer = self._test.ask()
        if answer is self._heard:
            return
        self._heard = answer
        holds, value, whose = answer
        if not holds:
            self._broken = at_s, value, whose
        elif self._nearest is None or self._test.nearer(value, self._nearest[1]):
            self._nearest = at_s, value, whose

    def verdict(self, end_s: float, plant: Witness) -> Verdict:
        decided = self._broken or self._nearest
        at_s, value, whose = decided if decided else (None, None, "")
        open_ = not_judged(end_s, begins_s=self._wanted.from_s)
        relation, limit = self._test.limit(value)
        return Verdict(
            self.name,
            None if open_ else decided is not None and self._broken is None,
            None if value is None else self._test.shown(value),
            limit,
            "" if self._test.words else self._test.unit,
            at_s,
            open_ or whose,
            relation,
        )


class _EventWatch(_Watch):
    """Counts an event: for what must happen, and for what must not."""

    def __init__(self, name: str, wanted: Never | Happens, site: Site) -> None:
        super().__init__(name)
        self._event = wanted.event
        self._sources = None if wanted.of is None else set(select(site, wanted.of))
        self.first_s: float | None = None
        self.whose = ""
        self.count = 0

    def within(self, at_s: float) -> bool:
        """Return whether an event at `at_s` counts."""
        raise NotImplementedError

    def event(self, at_s: float, event: PlantEvent) -> None:
        wanted = event.name == self._event
        if (
            wanted
            and (self._sources is None or event.source in self._sources)
            and self.within(at_s)
        ):
            self.count += 1
            if self.first_s is None:
                self.first_s, self.whose = at_s, event.source


class _NeverWatch(_EventWatch):
    def __init__(self, name: str, wanted: Never, site: Site) -> None:
        super().__init__(name, wanted, site)
        self._wanted = wanted

    def within(self, at_s: float) -> bool:
        to_s = self._wanted.to_s
        return at_s >= self._wanted.from_s and (to_s is None or at_s <= to_s)

    def verdict(self, end_s: float, plant: Witness) -> Verdict:
        open_ = not_judged(end_s, begins_s=self._wanted.from_s)
        if open_:
            return Verdict(self.name, None, None, 0.0, "count", None, open_, "<=")
        seen, at_s = float(self.count), self.first_s
        return Verdict(self.name, self.count == 0, seen, 0.0, "count", at_s, self.whose, "<=")


class _HappensWatch(_EventWatch):
    def __init__(self, name: str, wanted: Happens, site: Site) -> None:
        super().__init__(name, wanted, site)
        self._wanted = wanted

    def within(self, at_s: float) -> bool:
        return at_s >= self._wanted.from_s

    def verdict(self, end_s: float, plant: Witness) -> Verdict:
        at_s, wanted = self.first_s, self._wanted
        open_ = not_judged(end_s, begins_s=wanted.from_s, due_s=wanted.by_s)
        if at_s is None and open_:
            return Verdict(self.name, None, None, wanted.by_s, "s", None, open_, "by")
        ok = at_s is not None and at_s <= wanted.by_s
        return Verdict(self.name, ok, at_s, wanted.by_s, "s", at_s, self.whose, "by")


class _OrderWatch(_Watch):
    def __init__(
        self, name: str, wanted: Order, scenario: Scenario, site: Site, plant: Witness
    ) -> None:
        super().__init__(name)
        self._for_s = scenario.for_s
        self._ranks = [select(site, word) for word in wanted.of]
        self._all = list(dict.fromkeys(id_ for rank in self._ranks for id_ in rank))
        natures = [site.equipment[id_].nature for id_ in self._all]
        self._codes = np.array([code_of(nature, wanted.quantity, wanted.is_) for nature in natures])
        self._tell = plant.teller([(id_, wanted.quantity) for id_ in self._all])
        self._first_s: dict[str, float] = {}

    def step(self, at_s: float, plant: Witness) -> None:
        for place in np.flatnonzero(self._tell() == self._codes).tolist():
            self._first_s.setdefault(self._all[place], at_s)

    def verdict(self, end_s: float, plant: Witness) -> Verdict:
        early: str | None = None
        for number, rank in enumerate(self._ranks[1:], start=1):
            # Whoever stands before may come at the same moment, but not later and not never.
            before = [id_ for earlier in self._ranks[:number] for id_ in earlier]
            latest_s = max(self._first_s.get(id_, math.inf) for id_ in before)
            if early is None:
                early = next((i for i in rank if self._first_s.get(i, latest_s) < latest_s), None)
        said = " ".join(sorted(self._first_s, key=lambda id_: self._first_s[id_]))
        at_s = None if early is None else self._first_s[early]
        wanted = " ".join(id_ for rank in self._ranks for id_ in rank)
        open_ = not_judged(end_s, begins_s=0.0, due_s=self._for_s)
        if not self._first_s and open_:
            return Verdict(self.name, None, None, wanted, "", None, open_, "order")
        ok = early is None and bool(self._first_s)
        return Verdict(self.name, ok, said or None, wanted, "", at_s, early or "", "order")


class _FedWatch(_Watch):
    def __init__(self, name: str, wanted: Fed, site: Site, origin_ns: int) -> None:
        super().__init__(name)
        left_out = set(select(site, wanted.except_))
        self._loads = [id_ for id_ in select(site, wanted.loads) if id_ not in left_out]
        self._wanted = wanted
        self._origin_ns = origin_ns

    def verdict(self, end_s: float, plant: Witness) -> Verdict:
        limit_ms = self._wanted.max_unfed_ms
        if open_ := not_judged(end_s, begins_s=self._wanted.from_s):
            return Verdict(self.name, None, None, limit_ms, "ms", None, open_, "<=")
        begin_ns = self._origin_ns + round(self._wanted.from_s * SECOND)
        to_s = end_s if self._wanted.to_s is None else self._wanted.to_s
        end_ns = min(plant.now_ns, self._origin_ns + round(to_s * SECOND))
        longest_ns, since_ns, whose = 0, None, ""
        loads = plant.truth().loads
        for load in self._loads:
            for since, until in loads[load].unfed_ns:
                lasted = min(end_ns, until or end_ns) - max(begin_ns, since)
                if lasted > longest_ns:
                    longest_ns, since_ns, whose = lasted, since, load
        value_ms = longest_ns / _MILLISECOND_NS
        at_s = None if since_ns is None else seconds(since_ns - self._origin_ns)
        ok = value_ms <= limit_ms
        return Verdict(self.name, ok, value_ms, limit_ms, "ms", at_s, whose, "<=")


def _watch(expectation: Expectation, scenario: Scenario, site: Site, plant: Witness) -> _Watch:
    name = expectation.name
    if expectation.fed is not None:
        return _FedWatch(name, expectation.fed, site, plant.now_ns)
    if expectation.reach is not None:
        return _ReachWatch(name, expectation.reach, site, plant)
    if expectation.hold is not None:
        return _HoldWatch(name, expectation.hold, site, plant)
    if expectation.never is not None:
        return _NeverWatch(name, expectation.never, site)
    if expectation.happens is not None:
        return _HappensWatch(name, expectation.happens, site)
    assert expectation.order is not None, expectation
    return _OrderWatch(name, expectation.order, scenario, site, plant)


class Judge:
    """Watches one run of a scenario."""

    def __init__(self, scenario: Scenario, site: Site, plant: Witness) -> None:
        """Begin: scenario time 0 is the plant's time now."""
        self._plant = plant
        self._origin_ns = plant.now_ns
        self._watches = [
            _watch(expectation, scenario, site, plant)
            for expectation in scenario.expect
            if expectation.of_plant
        ]
        for watch in self._watches:
            watch.step(0.0, plant)

    def see(self, events: Iterable[PlantEvent]) -> None:
        """Look at the plant after a step, and at the events of the step."""
        for event in events:
            for watch in self._watches:
                watch.event(seconds(event.at_ns - self._origin_ns), event)
        at_s = seconds(self._plant.now_ns - self._origin_ns)
        for watch in self._watches:
            watch.step(at_s, self._plant)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what became of every expectation on the plant, in the order of the scenario."""
        end_s = seconds(self._plant.now_ns - self._origin_ns)
        return tuple(watch.verdict(end_s, self._plant) for watch in self._watches)
