"""What a value is best taken to be: as it is measured, or as it is estimated in its place.

A measurement that is good and believed stands. Where it is not good (it is silent, old, or its
device calls it bad), or its meter is condemned, the estimate stands in its place, when that is
fresh and its deviation small (`Fit.sure`): it is made of all other instruments. Where there is none
the value is not known, and whoever asks takes the worst case, as ever. Neither stands where a meter
is doubted as one of a group: it is part of what the estimate is made of. A meter that drifts is
still the better of both. Of meters that are read as a sum one is known when all others are.

Who has to be quick, or to judge what is measured, takes no estimate, for that may be a second old;
what is not believed is not known to it (`believed`).

Source: own derivation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from daemon.model.estimate import NO_POINT
from daemon.model.image import UNVERSIONED
from daemon.model.quality import Quality, is_good
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.estimate import Estimate
    from daemon.model.image import Image

RECENT_NS: Final = 2 * SECOND
"""An estimate that is older stands for nothing [ns]."""
CONDEMNED: Final = frozenset({"condemned", "frozen"})
"""What others stand in for."""
Values = list[float | None]


def believed(values: Values, points: Sequence[int | None], estimate: Estimate | None) -> Values:
    """Return measurements without those of meters that are not believed.

    Args:
        values: as measured, None where not good (n,).
        points: their indices, None where a value is not served (n,).
        estimate: what says whom to believe, if there is one.
    """
    if estimate is None or not estimate.suspects:
        return values
    out, unsure = _suspected(estimate)
    away = out | unsure
    return [None if point in away else value for value, point in zip(values, points, strict=True)]


def best(
    values: Values, points: Sequence[int | None], estimate: Estimate | None, image: Image
) -> tuple[Values, list[int]]:
    """Return each value at its best, and the points in whose place the estimate stands.

    Args:
        values: as measured, None where not good (n,).
        points: their indices, None where a value is not served (n,).
        estimate: the last one, if any.
        image: of the scan.
    """
    if estimate is None:
        return values, []
    out, unsure = _suspected(estimate)
    taken: list[int] = []
    found: Values = []
    for value, point in zip(values, points, strict=True):
        if point is None or point in unsure:
            found.append(None)
        elif value is not None and point not in out:
            found.append(value)
        else:
            should = _should(estimate, point, image, out | unsure)
            found.append(should)
            if should is not None:
                taken.append(point)
    return found, taken


def corrected(image: Image, estimate: Estimate | None) -> Image:
    """Return an image in which condemned meters show what they should, the same without any.

    What is put in is marked as overridden; what nobody knows is not good any more.
    """
    if estimate is None or not estimate.suspects:
        return image
    out, _ = _suspected(estimate)
    if not out:
        return image
    values, quality = image.values.copy(), image.quality.copy()
    for point in out:
        should = _should(estimate, point, image, out)
        if should is None:
            quality[point] = Quality.UNCERTAIN_SENSOR_NOT_ACCURATE
        else:
            values[point], quality[point] = should, Quality.GOOD_LOCAL_OVERRIDE
    return replace(image, values=values, quality=quality, version=UNVERSIONED)


def _suspected(estimate: Estimate) -> tuple[set[int], set[int]]:
    """Return the points of condemned meters, and those that are doubted as one of a group."""
    gone = {s.point for s in estimate.suspects if s.kind in CONDEMNED and len(s.group) == 1}
    groups = (s.group for s in estimate.suspects if s.kind in CONDEMNED or s.kind == "doubted")
    return gone, {point for group in groups for point in group} - gone


def _should(estimate: Estimate, point: int, image: Image, suspected: set[int]) -> float | None:
    """Return what a point should show, None where that is old, not sure or not known."""
    fit = estimate.fit
    if fit is None or image.now_ns - fit.at_ns > RECENT_NS:
        return None
    number = int(fit.instrument_of[point])
    if number == NO_POINT or not fit.sure[number]:
        return None
    others = fit.others_of.get(point, ())
    if any(p in suspected or not is_good(image.quality.item(p)) for p in others):
        return None
    return float(fit.should[number] - sum(image.values[p] for p in others))
