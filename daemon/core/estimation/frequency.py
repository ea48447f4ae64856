"""The frequency of every AC island, as all its meters together tell it.

Whatever closed switches, transformers and cables join has one frequency, so the meters of an island
measure the same number and none of the others: it is the mean of those that agree with the one in
the middle. Its deviation comes from how they are made or, where that is more, from how far they are
apart, as while it moves and each was read at another time. Where they part into halves nobody knows
whom to believe, and what is told is uncertain.

A meter that stands alone against its island for `LASTS`, while that keeps still, is condemned when
another at the same bus agrees with the island: only a switch that is not as it shows could part the
two otherwise. It is believed again when it has fitted for `PROOF`.

Source: own derivation; deviation of meters as IEC 61000-4-30, class S, allows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.topology import once_per_site
from daemon.model.estimate import Doubted
from daemon.model.points import Register
from daemon.model.quality import good_mask
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import Point, PointTable

SIGMA_HZ: Final = 0.02
"""Standard deviation of a meter."""
APART_HZ: Final = 0.1
"""So far from the others no meter is by its error."""
STILL_HZ: Final = 0.05
"""An island keeps still while it moves less."""
LASTS: Final = 5 * SECOND
PROOF: Final = 30 * SECOND
_LARGEST: Final = 1e3
"""More is no frequency [Hz]."""
_MOST: Final = 0.5
"""Part of its meters that must agree for a frequency to be known."""
_TERMINALS: Final = {"input_frequency_hz": 0, "output_frequency_hz": 1, "frequency_hz": 0}


class Gauges:
    """The frequency meters of a site.

    Attributes:
        point: index of the point of each (n_meter,).
        bus: the bus it is at (n_meter,).
        weight: by its accuracy (n_meter,) [1/Hz^2].
        is_ac: which buses are (n_bus,).
    """

    def __init__(self, site: Site, points: PointTable) -> None:
        number = {bus: place for place, bus in enumerate(site.buses)}
        found = [
            (point.index, number[site.equipment[point.equipment].buses[terminal]], _sigma(point))
            for point in points.points
            if (terminal := _TERMINALS.get(point.spec.name)) is not None
            and terminal < len(site.equipment[point.equipment].buses)
        ]
        self.is_ac: Final = np.array([b.kind == "ac" for b in site.buses.values()], dtype=np.bool_)
        found = [row for row in found if self.is_ac[row[1]]]
        self.point: Final = np.array([row[0] for row in found], dtype=np.intp)
        self.bus: Final = np.array([row[1] for row in found], dtype=np.intp)
        self.weight: Final = np.array([row[2] for row in found], dtype=np.float64) ** -2.0


def _sigma(point: Point) -> float:
    place = point.place
    step = place.scale if isinstance(place, Register) and place.type != "f32" else 0.0
    return float(np.hypot(SIGMA_HZ, step / np.sqrt(12.0)))


gauges: Final = once_per_site(Gauges)


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What is remembered of every meter (n_meter,).

    Attributes:
        apart_ns: since when it stands alone against its island, 0 while it does not [ns].
        base_hz: frequency of the island then [Hz].
        out_ns: when it was condemned, 0 while it is believed [ns].
        fits_ns: since when a condemned one fits again, 0 while it does not [ns].
        found: who is condemned.
    """

    apart_ns: Ints
    base_hz: Floats
    out_ns: Ints
    fits_ns: Ints
    found: tuple[Doubted, ...] = ()


class Heard(NamedTuple):
    """What the meters say together.

    Attributes:
        hz: frequency of every bus (n_bus,) [Hz]; NaN where nobody knows, dead or DC.
        sigma_hz: standard deviation of that (n_bus,) [Hz]; NaN likewise.
    """

    hz: Floats
    sigma_hz: Floats


def begun(of: Gauges) -> Memory:
    """Return the memory of meters of which nothing was seen."""
    none = np.zeros(len(of.point), dtype=np.int64)
    return Memory(none, np.zeros(len(of.point)), none, none)


def heard(
    of: Gauges, image: Image, island: Ints, live: Flags, memory: Memory | None
) -> tuple[Heard, Memory]:
    """Return the frequencies of a scan, and what to remember.

    Args:
        of: the meters.
        image: this scan.
        island: what is joined has one number (n_bus,).
        live: which buses are energised (n_bus,).
        memory: of the scan before; None before the first.
    """
    memory = memory or begun(of)
    shown = image.values[of.point]
    good = good_mask(image.quality[of.point]) & live[of.bus] & (shown > 0.0) & (shown < _LARGEST)
    hz, sigma_hz, agree = _together(of, shown, good & (memory.out_ns == 0), island)
    here = hz[island[of.bus]]
    off = np.abs(shown - here) > APART_HZ  # not so where nobody knows
    memory = _judged(of, memory, (here, off & good, agree, island), image.now_ns)
    memory = _proven(memory, good & (np.abs(shown - here) <= APART_HZ), image.now_ns)
    known = np.where(live & of.is_ac, hz[island], np.nan)
    sigma = np.where(np.isnan(known), np.nan, sigma_hz[island])
    found = tuple(
        Doubted(
            point=int(of.point[n]),
            kind="condemned",
            group=(int(of.point[n]),),
            chance=1.0,
            shown=float(shown[n]),
            should=float(here[n]),
            sigma=float(np.hypot(of.weight[n] ** -0.5, sigma[of.bus[n]])),
            guess="wrong",
            since_ns=int(memory.out_ns[n]),
        )
        for n in np.flatnonzero((memory.out_ns > 0) & ~np.isnan(here)).tolist()
    )
    return Heard(known, sigma), replace(memory, found=found)


def _together(of: Gauges, shown: Floats, used: Flags, island: Ints) -> tuple[Floats, Floats, Flags]:
    """Return frequency and deviation by island, NaN where unknown, and which meters agree."""
    size, agree = len(island), np.zeros(len(used), dtype=np.bool_)
    hz, sigma_hz = np.full(size, np.nan), np.full(size, np.nan)
    which = np.flatnonzero(used)
    if not len(which):
        return hz, sigma_hz, agree
    value, of_island, weight = shown[which], island[of.bus[which]], of.weight[which]
    order = np.lexsort((value, of_island))
    count = np.bincount(of_island, minlength=size)
    first = np.cumsum(count) - count
    ranked = value[order]
    last = len(which) - 1
    low, high = (ranked[np.minimum(first + half // 2, last)] for half in (count - 1, count))
    near = np.abs(value - (0.5 * (low + high))[of_island]) <= APART_HZ
    weight = weight * near
    total = np.bincount(of_island, weight, size)
    fitting = np.bincount(of_island, near, size)
    there = (fitting > _MOST * count) & (total > 0.0)
    hz[there] = np.bincount(of_island, weight * value, size)[there] / total[there]
    squares = np.bincount(of_island, weight * (value - hz[of_island]) ** 2, size)[there]
    spread = np.maximum(squares / np.maximum(fitting[there] - 1.0, 1.0), 1.0)
    sigma_hz[there] = np.sqrt(spread / total[there])
    agree[which] = near & there[of_island]
    return hz, sigma_hz, agree


def _judged(
    of: Gauges, memory: Memory, seen: tuple[Floats, Flags, Flags, Ints], now_ns: int
) -> Memory:
    """Return the memory after the meters that stand alone, of frequencies, who is off, agrees."""
    here, off, agree, island = seen
    off = off & (memory.out_ns == 0)
    if not off.any():
        return replace(memory, apart_ns=np.zeros_like(memory.apart_ns))
    size, part = len(island), island[of.bus]
    alone = np.bincount(part, off, size)[part] == 1.0
    beside = np.bincount(of.bus, agree, size)[of.bus] > 0.0
    alone &= off & beside
    again = (memory.apart_ns == 0) | (np.abs(here - memory.base_hz) > STILL_HZ)
    apart_ns = np.where(alone, np.where(again, now_ns, memory.apart_ns), 0)
    base_hz = np.where(alone & again, here, memory.base_hz)
    named = alone & (now_ns - apart_ns >= LASTS)
    out_ns = np.where(named, now_ns, memory.out_ns)
    apart_ns = np.where(named, 0, apart_ns)
    return replace(memory, apart_ns=apart_ns, base_hz=base_hz, out_ns=out_ns)


def _proven(memory: Memory, fits: Flags, now_ns: int) -> Memory:
    """Return the memory in which is believed again who has fitted for long enough."""
    out = memory.out_ns > 0
    if not out.any():
        return memory
    begun_ns = np.where(memory.fits_ns > 0, memory.fits_ns, now_ns)
    fits_ns = np.where(out & fits, begun_ns, 0)
    back = (fits_ns > 0) & (now_ns - fits_ns >= PROOF)
    out_ns = np.where(back, 0, memory.out_ns)
    return replace(memory, out_ns=out_ns, fits_ns=np.where(back, 0, fits_ns))
