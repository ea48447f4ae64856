"""What came of a limit: kept or not, where the worst point was, how much was left; and bounds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure of a trace against one limit of a rule set.

    Attributes:
        rules: name of the rule set.
        name: of the limit.
        ok: whether it was kept; None where it cannot be judged or binds nobody.
        value: the worst figure, None where none was formed.
        limit: what it is judged by, None where it depends on what is not known.
        unit: of both, as people write it.
        at_s: time of the worst figure; of an excursion, when it began [s].
        first_s: when the limit was first passed, None where it never was [s].
        count: how often it was passed: events, intervals or samples, as the limit counts.
        at_least: the limit is a lower one.
        source: who sets it.
        detail: what the figure is made of, why it is not judged, and what is uncertain.
        missing: quantities that the trace would have to hold.
        binds: whom the rule set binds, where this trace is too small for it.
        unseen_s: of this long the trace shows nothing that the limit is about: it was kept in
            the rest [s].
    """

    rules: str
    name: str
    ok: bool | None
    value: float | None
    limit: float | None
    unit: str
    at_s: float | None
    first_s: float | None = None
    count: int = 0
    at_least: bool = False
    source: str = ""
    detail: str = ""
    missing: tuple[str, ...] = ()
    binds: str = ""
    unseen_s: float = 0.0

    @property
    def margin(self) -> float | None:
        """Return how far the worst figure stayed on the right side, negative beyond the limit."""
        if self.value is None or self.limit is None:
            return None
        return self.value - self.limit if self.at_least else self.limit - self.value

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "margin": self.margin}


class Bound(NamedTuple):
    """A limit on how power may move, as whoever has to keep it needs it.

    Attributes:
        window_ns: length of the rolling window [ns].
        limit_w: highest less lowest value in the window [W].
        band_hz: corners of the filter, one pole each, None for none [Hz].
        rise: it holds for rises.
        fall: it holds for falls.
    """

    window_ns: int
    limit_w: float
    band_hz: tuple[float, float] | None = None
    rise: bool = True
    fall: bool = True


class Kept(NamedTuple):
    """What is known live of one limit.

    Attributes:
        rules: name of the rule set.
        limit: name of the limit.
        ok: whether it has been kept so far; None where it cannot be judged.
        margin_pu: how far the worst figure stayed within, as a part of the limit, negative beyond
            it; of a limit of zero 0 while it is kept and -1 after; None without a figure [pu].
        times: how often it was passed.
    """

    rules: str
    limit: str
    ok: bool | None
    margin_pu: float | None
    times: int
