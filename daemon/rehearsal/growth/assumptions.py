"""What a plan takes for granted: every figure with its interval and its source, each to be changed.

A site with AI racks and one without belong to two worlds, which grow differently. Growth is a
factor per year; `4/yr`, `2/6mo` and `15%/yr` are ways to write it, `4/yr:3.3-5` gives its 90 %
interval too. Without one, the interval keeps its proportions to the median.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARE_OF_INTERVAL: Final = 1.6449
"""Standard deviations from the median to either end of a 90 % interval."""
GROWTH: Final = (0.2, 20.0)
"""Least and most that anything may grow by in a year."""
_PU: Final = "pu"
_YEARLY: Final = "/yr"


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that a plan rests on.

    Attributes:
        name: as on the command line.
        value: median.
        low: begin of its 90 % interval, `value` where it is taken as certain.
        high: end of it.
        unit: "/yr" for a factor per year, "pu" for a part.
        about: what it is.
        source: where it comes from.
        valid: least and highest value.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    about: str
    source: str
    valid: tuple[float, float] = GROWTH

    @property
    def said(self) -> str:
        """Return value and interval for people."""
        unit = self.unit if self.unit == _YEARLY else ""
        more = "" if self.low == self.high else f" (90 %: {self.low:.3g} to {self.high:.3g})"
        return f"{self.value:.3g}{unit}{more}"


_EFFICIENCY: Final = "work per watt"
_DURATION: Final = "length of runs, which takes power off the same work"
_BOTH: Final = (
    "Epoch AI: power of training grows 2.1/yr while computing grows 4-5/yr, so efficiency and "
    "longer runs give about 2/yr; its split between the two is an own assumption"
)
_UTILISATION: Final = Assumption(
    "utilisation", 0.85, 0.85, 0.85, _PU, "IT power of the highest window today by its rating",
    "design figure: 7.5 MW on an average day of 8.85 MW at full load; measure your own",
    (0.05, 1.0),
)  # fmt: skip
_COOLING: Final = (
    Assumption(
        "standing", 0.3, 0.3, 0.3, _PU, "chiller power without load by that at full load",
        "own assumption, that of the emulated chillers", (0.0, 0.9),
    ),
    Assumption(
        "weather", 1.0, 1.0, 1.0, _PU, "chiller power by its rating; below 1 on a cooler day",
        "own assumption: the rating holds on the hottest day", (0.2, 1.5),
    ),
)  # fmt: skip

AI: Final = (
    Assumption(
        "compute-growth", 4.0, 3.3, 5.0, _YEARLY, "computing asked for",
        "design figure: doubles every 6 months; interval from the largest sites, 3.3/yr, to "
        "training runs, 4-5/yr (Epoch AI)",
    ),
    Assumption("efficiency-growth", 1.4, 1.2, 1.6, _YEARLY, _EFFICIENCY, _BOTH),
    Assumption("duration-growth", 1.36, 1.2, 1.5, _YEARLY, _DURATION, _BOTH),
    Assumption(
        "server-growth", 1.15, 1.09, 1.22, _YEARLY, "power of servers that are no AI racks",
        "design figure: data centres take 4.4 % of US electricity in 2023, 6.7-12 % in 2028",
    ),
    Assumption(
        "storage-growth", 1.5, 1.25, 1.8, _YEARLY, "data kept and moved",
        "own assumption, above the general 1.25/yr: data follow AI",
    ),
    Assumption(
        "storage-efficiency-growth", 1.2, 1.1, 1.3, _YEARLY, "data per watt", "own assumption"
    ),
    _UTILISATION,
    *_COOLING,
)  # fmt: skip
TRADITIONAL: Final = (
    Assumption(
        "compute-growth", 1.5, 1.35, 1.65, _YEARLY, "computing asked for",
        "chosen with efficiency-growth so that power grows 1.15/yr: data centres take 4.4 % of US "
        "electricity in 2023, 6.7-12 % in 2028 (design figure)",
    ),
    Assumption(
        "efficiency-growth", 1.3, 1.2, 1.4, _YEARLY, _EFFICIENCY,
        "general knowledge: doubles in about 2.6 years",
    ),
    Assumption("duration-growth", 1.0, 1.0, 1.0, _YEARLY, _DURATION, "own assumption: no runs"),
    Assumption(
        "storage-growth", 1.25, 1.15, 1.35, _YEARLY, "data kept and moved", "general knowledge"
    ),
    Assumption(
        "storage-efficiency-growth", 1.15, 1.1, 1.2, _YEARLY, "data per watt", "own assumption"
    ),
    _UTILISATION,
    *_COOLING,
)  # fmt: skip

_FIGURE: Final = r"\d+(?:\.\d*)?"
_GROWTH: Final = re.compile(
    rf"({_FIGURE})(%?)/(\d*)(yr|y|mo)(?::({_FIGURE})(?:-|\.\.)({_FIGURE}))?"
)
_PLAIN: Final = re.compile(_FIGURE)
_GIVEN: Final = "given"


def chosen(world: tuple[Assumption, ...], given: Mapping[str, str]) -> dict[str, Assumption]:
    """Return all assumptions of a world by name, those that are given in place of its own.

    Args:
        world: `AI` or `TRADITIONAL`.
        given: what is written, by name.

    Raises:
        ValueError: with everything that is wrong in what is given, and the valid values.
    """
    found = {one.name: one for one in world}
    wrong = []
    for name, text in given.items():
        if name not in found:
            valid = ", ".join(found)
            wrong.append(f"{name}: no assumption of this site (valid: {valid})")
            continue
        try:
            found[name] = taken(found[name], text)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong))
    return found


def taken(one: Assumption, text: str) -> Assumption:
    """Return an assumption with what is written in place of its value.

    Raises:
        ValueError: it is written wrongly, or absurd; names the valid values.
    """
    value, low, high = _growth(one, text) if one.unit == _YEARLY else _part(one, text)
    least, most = one.valid
    unit = one.unit if one.unit == _YEARLY else ""
    for figure in (value, low, high):
        if not least <= figure <= most:
            meant = f"{figure:.4g}{unit}"
            said = meant if text.strip() == meant else f"{text.strip()}, that is {meant},"
            raise ValueError(
                f"{one.name}: {said} is out of range (valid: {least:g} to {most:g}{unit})"
            )
    if not low <= value <= high:
        raise ValueError(
            f"{one.name}: {value:.4g} is not within its interval {low:.4g} to {high:.4g} "
            "(valid: low <= value <= high)"
        )
    return replace(one, value=value, low=low, high=high, source=_GIVEN)


def _growth(one: Assumption, text: str) -> tuple[float, float, float]:
    found = _GROWTH.fullmatch(text.strip())
    if not found:
        raise ValueError(
            f"{one.name}: {text!r} is no growth (valid: a factor such as 4/yr, 2/6mo, 15%/yr, "
            "with a 90 % interval 4/yr:3.3-5)"
        )
    number, percent, count, period, low, high = found.groups()
    years = float(count or 1) / (12.0 if period == "mo" else 1.0)

    def yearly(figure: str) -> float:
        factor = 1.0 + float(figure) / 100.0 if percent else float(figure)
        try:
            return float(factor ** (1.0 / years)) if years else float("inf")
        except OverflowError:
            return float("inf")

    value = yearly(number)
    if low is None:
        least, most = one.valid
        around = (value * end / one.value for end in (one.low, one.high))
        low_yearly, high_yearly = (min(max(end, least), most) for end in around)
        return value, min(value, low_yearly), max(value, high_yearly)
    return value, yearly(low), yearly(high)


def _part(one: Assumption, text: str) -> tuple[float, float, float]:
    if not _PLAIN.fullmatch(text.strip()):
        raise ValueError(
            f"{one.name}: {text!r} is no part (valid: {one.valid[0]:g} to {one.valid[1]:g})"
        )
    value = float(text)
    return value, value, value
