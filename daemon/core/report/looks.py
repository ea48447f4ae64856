"""What the looks at the plant show of a transfer: bands, curves, storage, cranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.transfer_report import Band, Curve, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from daemon.core.report.samples import Samples
    from daemon.core.report.subjects import Subject, Subjects

POINTS: Final = 400
"""Points of a curve at most; of what lies between two of them the lowest is shown."""
LINES: Final = 12
"""Curves of one group at most."""
_GROUPS: Final = ("voltage", "terminal", "generation", "storage", "input", "load")
_BANDS: Final = ("breaker", "set", "ups", "rectifier", "converter", "switch")
_NOTHING: Final = -1e30
"""Stands for a value that was not good while neighbours are compared."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Looks at a plant while a transfer lasted.

    Attributes:
        subjects: what they show.
        at_s: times `(n_look,)`; before the loss they are negative [s].
        values: what was seen `(n_look, n_subject)`, NaN where it was not good.
        lowest: lowest value of each, of the looks that found no room too.
    """

    subjects: Subjects
    at_s: NDArray[np.float64]
    values: NDArray[np.float64]
    lowest: NDArray[np.float64]

    def of(self, *groups: str) -> Iterator[tuple[Subject, NDArray[np.float64]]]:
        """Yield every subject of these groups and its values `(n_look,)`."""
        for i in self.subjects.of(*groups):
            yield self.subjects.each[i], self.values[:, i]


def looks_of(subjects: Subjects | None, samples: Samples | None) -> Looks | None:
    """Return the looks that were kept, None where there are none."""
    if subjects is None or samples is None:
        return None
    at_s, values = samples.series()
    return Looks(subjects, at_s, values, samples.lowest) if len(at_s) else None


def cranked(looks: Looks) -> dict[str, float]:
    """Return when each set was first seen to crank [s]."""
    found: dict[str, float] = {}
    for subject, codes in looks.of("set"):
        cranking = codes == subject.words.index("cranking")
        seen = looks.at_s[cranking & (looks.at_s >= 0.0)]
        if len(seen):
            found[subject.equipment] = round(float(seen[0]), 3)
    return found


def stores(looks: Looks) -> tuple[Store, ...]:
    """Return every storage that gave something."""
    found = []
    runtimes = {looks.subjects.each[i].equipment: i for i in looks.subjects.of("runtime")}
    for i in looks.subjects.of("charge", "energy"):
        subject, values = looks.subjects.each[i], looks.values[:, i]
        seen = values[np.isfinite(values)]
        if not len(seen) or seen[0] <= looks.lowest[i]:
            continue
        found.append(
            Store(
                equipment=subject.equipment,
                quantity="state of charge" if subject.group == "charge" else "stored energy",
                unit=subject.unit,
                values=(
                    round(float(seen[0]), 4),
                    round(float(looks.lowest[i]), 4),
                    round(float(seen[-1]), 4),
                ),
                runtime_s=_shortest(looks, runtimes.get(subject.equipment)),
            )
        )
    return tuple(found)


def _shortest(looks: Looks, place: int | None) -> float | None:
    if place is None or not np.isfinite(looks.lowest[place]):
        return None
    return round(float(looks.lowest[place]), 1)


def bands(looks: Looks) -> tuple[Band, ...]:
    """Return what breakers and devices showed; those that never moved are left out."""
    found = []
    for group in _BANDS:
        for subject, codes in looks.of(group):
            moved = _changes(codes)
            if len(moved) > 1:  # the first look is no move
                words = tuple(_word(subject, codes[i]) for i in moved)
                found.append(Band(subject.equipment, group, _times(looks, moved), words))
    return tuple(found)


def _word(subject: Subject, code: float) -> str:
    known = np.isfinite(code) and 0 <= code < len(subject.words)
    return subject.words[int(code)] if known else "unknown"


def _times(looks: Looks, places: NDArray[np.intp]) -> tuple[float, ...]:
    return tuple(np.round(looks.at_s[places], 3).tolist())


def _changes(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the places at which a value is another than before, the first included."""
    filled = np.where(np.isfinite(values), values, _NOTHING)
    return np.flatnonzero(np.diff(filled, prepend=np.nan) != 0)


def curves(looks: Looks) -> tuple[Curve, ...]:
    """Return the curves; of a group with too many those that moved most."""
    found = []
    for group in _GROUPS:
        members = list(looks.of(group))
        if len(members) > LINES:
            widest = sorted(members, key=lambda one: -_span(one[1]))[:LINES]
            kept = {subject for subject, _ in widest}
            members = [one for one in members if one[0] in kept]
        found += [_curve(looks, *one) for one in members]
    return tuple(found)


def _span(values: NDArray[np.float64]) -> float:
    seen = values[np.isfinite(values)]
    return float(np.ptp(seen)) if len(seen) else 0.0


def _curve(looks: Looks, subject: Subject, values: NDArray[np.float64]) -> Curve:
    """Return a curve where it changed, with at most `POINTS` points: the lowest of each stretch."""
    rounded = np.round(values, 4 if subject.unit == "pu" else -2)
    kept = _changes(rounded)
    if len(kept) > POINTS:
        low = np.where(np.isfinite(rounded[kept]), rounded[kept], _NOTHING)
        stretch = np.arange(len(kept)) * POINTS // len(kept)
        order = np.lexsort((low, stretch))  # within each stretch the lowest comes first
        kept = kept[order[np.flatnonzero(np.diff(stretch, prepend=-1))]]
    name = looks.subjects.bus.get(subject.equipment, subject.equipment)
    shown = rounded[kept] + 0.0  # no negative zero
    values_: list[float | None] = shown.tolist()
    for i in np.flatnonzero(~np.isfinite(shown)).tolist():
        values_[i] = None
    return Curve(name, subject.group, subject.unit, _times(looks, kept), tuple(values_))
