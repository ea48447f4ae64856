"""Values of the plant as lines of the exposition, each with its quality and age beside it.

A site has thousands of them, a large one a hundred thousand. Names and labels are written once; a
scrape puts numbers between them, `SLICE` lines at a time, so that whoever else wants the
interpreter waits for one slice and not for all of them. What costs most is the text of a number:
it is made anew only for values that have changed since the last scrape, and once for all ages that
are alike, for a device gives many values at once.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.model.natures import PointKind, Position
from daemon.model.quantities import MILLISECOND
from daemon.publishers.family import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import Point, PointTable

SLICE: Final = 700
"""Lines that are rendered without a pause: a tenth of a millisecond, three if all have changed."""

_SHOWN: Final = frozenset(
    {PointKind.MEASURE, PointKind.STAGE, PointKind.POSITION, PointKind.SETPOINT}
)
_SHOWN_STATUS: Final = frozenset(
    {
        "on_battery",
        "low_battery",
        "overload",
        "available",
        "daemon_present",
        "tripped",
        "lockout_86",
    }
)
_MARK: Final = ("equipment", "point")
_QUALITY: Final = Family(
    "ridethrough_point_quality", "0 good, 1 uncertain, 2 bad: of every value of the plant.", _MARK
)
_AGE: Final = Family("ridethrough_point_age_seconds", "Time since a device gave this value.", _MARK)


class PlantLines:
    """Renders the values of one site.

    Attributes:
        families: what it renders.
    """

    def __init__(self, site: Site, points: PointTable) -> None:
        """Put the names of everything that is shown into templates."""
        nature = {item.id: item.nature for item in site.equipment.values()}
        members: dict[str, list[Point]] = {}
        for point in points.points:
            if _is_shown(point):
                members.setdefault(point.spec.name, []).append(point)
        values = [(_family(group, nature), group) for group in members.values()]
        self.families: Final = (*(family for family, _ in values), _QUALITY, _AGE)
        shown = list(chain.from_iterable(members.values()))
        marks = [f'{{equipment="{p.equipment}",point="{p.spec.name}"}}' for p in shown]
        self._values = _slices(
            (
                family,
                [
                    (f'{{equipment="{p.equipment}",nature="{nature[p.equipment]}"}}', p.index)
                    for p in group
                ],
            )
            for family, group in values
        )
        rows = list(zip(marks, (p.index for p in shown), strict=True))
        self._quality = _slices([(_QUALITY, rows)])
        self._age = _slices([(_AGE, rows)])

    def render(self, image: Image) -> Iterator[bytes]:
        """Yield the lines of one image, `SLICE` of them at a time."""
        ages = np.rint((image.now_ns - image.source_ns) / MILLISECOND).astype(np.int64)
        for slices, numbers, text in (
            (self._values, image.values, repr),
            (self._quality, image.quality >> 30, repr),
            (self._age, ages, _Ages().__getitem__),
        ):
            yield from (each.filled(numbers, text) for each in slices)


class _Ages(dict[int, str]):
    """Texts of ages [s] by age [ms], each made once."""

    def __missing__(self, age_ms: int) -> str:
        text = self[age_ms] = f"{age_ms / 1000:.3f}"
        return text


class _Slice:
    """Some lines: what stands before each number, whose numbers, and the texts of those."""

    def __init__(self, heads: Sequence[str], places: NDArray[np.intp]) -> None:
        self._places: Final = places
        self._last: NDArray[np.generic] = np.full(len(heads), np.nan)
        self._parts: Final = [part for head in heads for part in (head, "")] + ["\n"]
        self._text = b""

    def filled(self, numbers: NDArray[np.generic], text: Callable[[Any], str]) -> bytes:
        """Return the lines with their numbers; those of last time when none has changed."""
        mine = numbers[self._places]
        changed = np.flatnonzero(mine != self._last)
        if len(changed):
            if len(changed) == len(mine):
                self._parts[1:-1:2] = map(text, mine.tolist())
            else:
                for place, number in zip(changed.tolist(), mine[changed].tolist(), strict=True):
                    self._parts[2 * place + 1] = text(number)
            self._text = "".join(self._parts).encode()
            self._last = mine
        return self._text


def _slices(groups: Iterable[tuple[Family, Sequence[tuple[str, int]]]]) -> list[_Slice]:
    """Return lines in order, headed by their families, cut into slices."""
    lines = [
        ((family.head if not n else "") + f"{family.name}{labels} ", index)
        for family, rows in groups
        for n, (labels, index) in enumerate(rows)
    ]
    return [
        _Slice(
            [("\n" if n else "") + text for n, (text, _) in enumerate(lines[at : at + SLICE])],
            np.array([index for _, index in lines[at : at + SLICE]], dtype=np.intp),
        )
        for at in range(0, len(lines), SLICE)
    ]


def _is_shown(point: Point) -> bool:
    status = point.spec.kind is PointKind.STATUS and point.spec.name in _SHOWN_STATUS
    return "r" in point.place.access and (status or point.spec.kind in _SHOWN)


def _family(members: Sequence[Point], nature: dict[str, str]) -> Family:
    """Return the family of one point name, which may mean a little more in one nature."""
    told: dict[str, list[str]] = {}
    for point in members:
        natures = told.setdefault(_meaning(point), [])
        if nature[point.equipment] not in natures:
            natures.append(nature[point.equipment])
    text = " ".join(
        f"{', '.join(natures)}: {meaning}" if len(told) > 1 else meaning
        for meaning, natures in told.items()
    )
    return Family(f"ridethrough_{members[0].spec.name}", text, ("equipment", "nature"))


def _meaning(point: Point) -> str:
    spec = point.spec
    codes = spec.states
    if spec.kind is PointKind.POSITION:
        codes = tuple(position.name.lower() for position in Position)
    if not codes:
        return spec.help
    return f"{spec.help.rstrip('.')}: {', '.join(f'{n} {code}' for n, code in enumerate(codes))}."
