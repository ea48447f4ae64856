"""Many rule sets over one stream of samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.core.compliance import averages, energy, excursion, recovery, variation
from daemon.core.compliance.found import Found, open_
from daemon.core.compliance.limits import (
    BandEnergy,
    Change,
    Demand,
    Excursion,
    Head,
    InBand,
    Limit,
    Ramp,
    Recovery,
    RuleSet,
    Swing,
)
from daemon.model.compliance import Verdict
from daemon.model.quantities import seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from daemon.core.compliance.samples import Given, Samples

KINDS: Final[Mapping[type[Limit], Any]] = {
    Excursion: excursion,
    Recovery: recovery,
    Swing: variation,
    Change: variation,
    Ramp: variation,
    BandEnergy: energy,
    InBand: averages,
    Demand: averages,
}
"""The file that judges each form, with `needs`, `begin`, `take`, `cut` and `verdict`."""


FAR: Final = 0.05
"""A load below this part of what a limit is for is of another unit as likely as it is small: kW for
W are off by a thousand, and a hall of 5 MW under a code for 75 MW is just small."""


class Judged(NamedTuple):
    """One limit in a court: of which rule set, and the state of its evaluator."""

    rules: RuleSet
    limit: Limit
    state: Any
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Court:
    """All limits and how far each is.

    Attributes:
        given: of the subject.
        seats: a state for each limit of each rule set, in their order.
        end_ns: until here the last sample holds [ns].
        top_w: highest power so far, either way, None before any [W].
    """

    given: Given
    seats: tuple[Judged, ...]
    end_ns: int = 0
    top_w: float | None = None


See = Callable[[str, Limit, "NDArray[np.int64]", "NDArray[np.float64]"], None]
"""Told of rule set, limit, times [ns] and figures that a limit was held to."""


def begin(rule_sets: Sequence[RuleSet], given: Given) -> Court:
    """Return the court before the first sample."""
    return Court(
        given,
        tuple(
            Judged(rules, limit, KINDS[type(limit)].begin(limit, given), _missing(limit, given))
            for rules in rule_sets
            for limit in rules.limits
        ),
    )


def _missing(limit: Limit, given: Given) -> tuple[str, ...]:
    return tuple(name for name in KINDS[type(limit)].needs(limit) if name not in given.measured)


def take(court: Court, samples: Samples, see: See | None = None) -> Court:
    """Return the court after more samples.

    Args:
        court: before.
        samples: later than all before them; none is no change.
        see: told of every figure, for who draws them.
    """
    if not len(samples):
        return court
    seats = []
    for seat in court.seats:
        if seat.missing:
            seats.append(seat)
            continue
        more = (curve(seat.rules),) if isinstance(seat.limit, Recovery) else ()
        judge = KINDS[type(seat.limit)]
        state, at_ns, figures = judge.take(seat.limit, court.given, seat.state, samples, *more)
        seats.append(seat._replace(state=state))
        if see is not None:
            see(seat.rules.name, seat.limit, at_ns, figures)
    end_ns = int(samples.t_ns[-1]) + court.given.step_ns
    top_w = court.top_w
    if "power_w" in samples.values:
        power_w = samples.values["power_w"]
        here_w = max(float(power_w.max()), -float(power_w.min()))
        top_w = here_w if top_w is None else max(top_w, here_w)
    return replace(court, seats=tuple(seats), end_ns=end_ns, top_w=top_w)


def curve(rules: RuleSet) -> tuple[Excursion, ...]:
    """Return the limits of the voltage that a load has to ride through."""
    return tuple(
        one
        for one in rules.limits
        if isinstance(one, Excursion) and one.ride_through and one.quantity == "voltage_pu"
    )


def cut(court: Court) -> Court:
    """Return the court where nothing is known for a while after the last sample."""
    seats = (
        seat._replace(state=KINDS[type(seat.limit)].cut(seat.limit, court.given, seat.state))
        for seat in court.seats
    )
    return replace(court, seats=tuple(seats))


def verdicts(court: Court, end_ns: int | None = None) -> tuple[Verdict, ...]:
    """Return the verdict on every limit so far.

    Args:
        court: after the samples.
        end_ns: what goes on goes on until here; by default the end of the last sample [ns].
    """
    until_ns = court.end_ns if end_ns is None else end_ns
    return tuple(_verdict(court, seat, until_ns) for seat in court.seats)


def _verdict(court: Court, seat: Judged, end_ns: int) -> Verdict:
    judge, head = KINDS[type(seat.limit)], seat.rules.head
    found: Found = judge.verdict(seat.limit, court.given, seat.state, end_ns)
    if seat.missing:
        why = f"no {' and no '.join(seat.missing)} in the trace"
        found = open_(found.limit, found.unit, why)
    alien = "" if court.given.sized or not found.ok else _alien(seat, court.given, court.top_w)
    if alien:
        found = found._replace(ok=None, detail="; ".join(filter(None, (alien, found.detail))))
    return Verdict(
        rules=seat.rules.name,
        name=seat.limit.name,
        ok=found.ok,
        value=found.value,
        limit=found.limit,
        unit=found.unit,
        at_s=None if found.at_ns is None else seconds(found.at_ns),
        first_s=None if found.first_ns is None else seconds(found.first_ns),
        count=found.times,
        at_least=found.at_least,
        source=seat.limit.source or head.source,
        detail="; ".join(filter(None, (found.detail, seat.limit.note))),
        missing=seat.missing,
        binds=_binds(head, court.top_w),
    )


def _alien(seat: Judged, given: Given, top_w: float | None) -> str:
    """Return why a load of this size proves nothing by keeping a limit, "" where it does."""
    for_w = seat.rules.head.applies_from_w
    if _absolute_w(seat.limit, given) is not None:
        # The laxest limit shows for whom all were written: a swing of 0.8 MW for who draws 5 MW.
        for_w = max(for_w, *(_absolute_w(one, given) or 0.0 for one in seat.rules.limits))
    if top_w is None or top_w >= FAR * for_w:
        return ""
    return (
        f"{_watts(top_w)} at most is far below the {_watts(for_w)} this is for: is the unit W? "
        "Not judged while the rated power of the load is not stated"
    )


def _absolute_w(limit: Limit, given: Given) -> float | None:
    """Return the power below which no load can pass a limit, None where any size can [W]."""
    if isinstance(limit, Swing | Change):
        return limit.limit_w if limit.limit_w == variation.size(limit, given) else None
    if isinstance(limit, Ramp) and limit.quantity == "power_w":
        # A load cannot leave in a window what it never draws; the shorter of both times is kind.
        return limit.limit * min(1.0, limit.window_s / limit.per_s)
    if isinstance(limit, Excursion) and limit.quantity == "power_w":
        return limit.above or 0.0
    return limit.limit_w if isinstance(limit, Demand) else None


def _watts(power_w: float) -> str:
    """Return a power as people read it."""
    for factor, unit in ((1e9, "GW"), (1e6, "MW"), (1e3, "kW")):
        if power_w >= factor:
            return f"{power_w / factor:.4g} {unit}"
    return f"{power_w:.4g} W"


def _binds(head: Head, top_w: float | None) -> str:
    """Return whom a rule set binds if that is nobody who draws so little at most [W]."""
    if not head.applies_from_w or top_w is None or top_w >= head.applies_from_w:
        return ""
    whom = head.applies or f"loads from {_watts(head.applies_from_w)}"
    return f"applies to {whom}; the highest here is {_watts(top_w)}"
