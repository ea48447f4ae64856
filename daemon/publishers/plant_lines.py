"""Values of the plant as lines of the exposition, each with its quality and age beside it.

A site has thousands of them, a large one a hundred thousand. What does not change, the names and
labels, is put into templates once; a scrape fills the numbers in, `SLICE` lines at a time, so that
whoever else wants the interpreter waits for one slice and not for all of them.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.natures import PointKind, Position
from daemon.model.quantities import SECOND
from daemon.publishers.family import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import Point, PointTable

SLICE: Final = 350
"""Lines that are rendered without a pause; well below a tenth of a millisecond."""

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
        places = [p.index for p in shown]
        self._quality = _slices([(_QUALITY, list(zip(marks, places, strict=True)))])
        self._age = _slices([(_AGE, list(zip(marks, places, strict=True)))], "%.3f")

    def render(self, image: Image) -> Iterator[bytes]:
        """Yield the lines of one image, `SLICE` of them at a time."""
        age_s = (image.now_ns - image.source_ns) / SECOND
        for slices, numbers in (
            (self._values, image.values),
            (self._quality, image.quality >> 30),
            (self._age, age_s),
        ):
            yield from (each.filled(numbers) for each in slices)


class _Slice:
    """Some lines: a template, and whose numbers go into it."""

    def __init__(self, template: str, places: NDArray[np.intp]) -> None:
        self._template: Final = template
        self._places: Final = places
        self._last: NDArray[np.generic] = np.empty(0)
        self._text = b""

    def filled(self, numbers: NDArray[np.generic]) -> bytes:
        """Return the lines with their numbers; those of last time when none has changed."""
        mine = numbers[self._places]
        if not np.array_equal(mine, self._last):
            self._text = (self._template % tuple(mine.tolist())).encode()
            self._last = mine
        return self._text


def _slices(
    groups: Iterable[tuple[Family, Sequence[tuple[str, int]]]], form: str = "%r"
) -> list[_Slice]:
    """Return lines in order, headed by their families, cut into slices."""
    lines = [
        ((family.head if not n else "") + f"{family.name}{labels} ", index)
        for family, rows in groups
        for n, (labels, index) in enumerate(rows)
    ]
    return [
        _Slice(
            "".join(f"{text.replace('%', '%%')}{form}\n" for text, _ in lines[at : at + SLICE]),
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
