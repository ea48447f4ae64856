"""From the image to what the solver takes: values in per unit, what each measures, how well.

What an instrument measures depends on what is closed (`rows`, `measurements`), whether it measures
anything on what of that is energised and works (`Needs`), what it reads on the image (`Gauge`). Of
an instrument that reads several points the worst quality and the oldest count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation import ammeters
from daemon.core.estimation.gauss_newton import LARGEST
from daemon.core.estimation.measurements import ABSENT, Kind, Measurements
from daemon.core.estimation.measurements import Terms as Sums
from daemon.core.estimation.site_network import Term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from daemon.core.estimation.drawing import Drawing
    from daemon.core.estimation.instruments import At, Instrument, Instruments
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.site_network import SiteNetwork
    from daemon.model.image import Image
    from daemon.model.quality import QualityArray

NEVER_NS: Final = np.iinfo(np.int64).max


class Gauge:
    """Reads all real instruments of a site at once, and the set-points that tell of others.

    Attributes:
        constant: what pseudo-measurements say, after the real ones (n_pseudo,) [pu]; of set-points
            nothing.
    """

    def __init__(self, instruments: Instruments) -> None:
        real, guessed = instruments.all[: instruments.count], instruments.all[instruments.count :]
        self._points = np.array([p for i in real for p in i.points], dtype=np.intp)
        self._weights = np.array([w for i in real for w in i.weights])
        counts = [len(i.points) for i in real]
        self._starts = np.cumsum([0, *counts[:-1]]).astype(np.intp)
        self._offset = np.array([i.constant for i in real])
        self.constant: Final = np.array([i.constant for i in guessed])
        following = [(n, i, i.following) for n, i in enumerate(guessed) if i.following is not None]
        self._set = np.array([n for n, _, _ in following], dtype=np.intp)
        self._set_points = np.array([i.points[0] for _, i, _ in following], dtype=np.intp)
        self._set_weights = np.array([i.weights[0] for _, i, _ in following])
        self._stages = np.array([stage for _, _, (stage, _) in following], dtype=np.intp)
        self._codes = np.array([code for _, _, (_, code) in following], dtype=np.float64)

    def values(self, image: Image) -> Floats:
        """Return what every instrument reads, pseudo-measurements too (n_measurement,) [pu]."""
        read = np.add.reduceat(image.values[self._points] * self._weights, self._starts)
        read += self._offset
        guessed = self.constant
        if len(self._set):
            guessed = guessed.copy()
            guessed[self._set] = image.values[self._set_points] * self._set_weights
        return np.concatenate([read, guessed])

    def followed(self, image: Image, rest: Classes) -> Classes:
        """Return the classes of what nothing measures, without set-points that nobody follows.

        Args:
            image: this scan.
            rest: those of pseudo-measurements, then of what is asked for (n_rest,).
        """
        if not len(self._set):
            return rest
        values, quality = image.values, image.quality
        wanted = np.abs(values[self._set_points] * self._set_weights)
        useful = (values[self._stages] == self._codes) & (wanted <= LARGEST)  # and NaN is not
        useful &= np.maximum(quality[self._stages], quality[self._set_points]) >> 30 == 0
        if useful.all():
            return rest
        rest = rest.copy()
        rest[self._set[~useful]] = ABSENT
        return rest

    def quality(self, quality: QualityArray) -> NDArray[np.uint8]:
        """Return 0 where all points are good, 1 where one is uncertain, 2 where bad (n_real,)."""
        severity = np.minimum(quality[self._points] >> 30, 2).astype(np.uint8)
        found: NDArray[np.uint8] = np.maximum.reduceat(severity, self._starts)
        return found

    def heard_ns(self, image: Image) -> Ints:
        """Return when the oldest point of every real instrument was received (n_real,) [ns]."""
        heard: Ints = np.minimum.reduceat(image.source_ns[self._points], self._starts)
        return heard


Row = tuple[Term, ...]
"""What an instrument measures in a network, the sum of these; nothing where it is empty.

That of dead parts is 0, so they need not be left out. Of an ammeter where, then of what powers."""


def rows(drawing: Drawing, instruments: Sequence[Instrument], at: SiteNetwork) -> list[Row]:
    """Return what every instrument measures in a network; of an exit, what hangs on the bus."""
    return [
        ammeters.row(drawing, each.at, at)
        if each.at[0].what in ammeters.WHATS
        else _terms(drawing, each.at, at) or ()
        for each in instruments
    ]


def asked(drawing: Drawing, sums: Sequence[Sequence[At]], at: SiteNetwork) -> list[Row]:
    """Return what sums are made of in a network."""
    return [
        tuple(term for one in parts for term in _terms(drawing, (one,), at) or ()) for parts in sums
    ]


def nobodys(at: Sequence[At], network: SiteNetwork) -> bool:
    """Return whether a switch of a ring is in a sum: how it is shared there nobody knows."""
    return any(
        one.what == "switch_p" and network.closed[one.number] and one.number not in network.flows
        for one in at
    )


def _terms(drawing: Drawing, wanted: Sequence[At], at: SiteNetwork) -> tuple[Term, ...] | None:
    found: list[Term] = []
    for each in wanted:
        terms = _quantity(drawing, each, at)
        if terms is None:
            return None
        found += [t._replace(sign=t.sign * each.sign) for t in terms]
    return tuple(found)


def _quantity(drawing: Drawing, one: At, at: SiteNetwork) -> Sequence[Term] | None:
    """Return what a quantity is made of, None where it does not exist."""
    what, number = one.what, one.number
    if what == "voltage":
        kind = Kind.DC_VOLTAGE if drawing.is_dc[number] else Kind.VOLTAGE
        return [Term(kind, int(at.node[number]), 0, 1.0)]
    if what == "draw_q":
        return [Term(Kind.DRAW_Q, int(at.draw[number]), 0, 1.0)]
    if what == "draw_p":
        kind = Kind.DC_DRAW_P if drawing.is_dc[drawing.draws[number].bus] else Kind.DRAW_P
        return [Term(kind, int(at.draw[number]), 0, 1.0)]
    if what.startswith(("converter", "loss")):
        return [Term(Kind[what.upper()], number, 0, 1.0)]
    if what == "switch_p":
        return at.flows.get(number)
    if what == "through_p":
        return at.exits[number].hanging
    return [Term(Kind[what.upper()], int(at.line[number]), one.end, 1.0)]


class Needs:
    """What must be energised and work for an instrument to measure anything.

    A load with two feeds goes on with one of them, so that at a dead bus measures nothing and is
    not missed. What nothing hangs on is not judged here, nor are exits (`exits`).
    """

    def __init__(self, drawing: Drawing, instruments: Sequence[Instrument]) -> None:
        self._count = len(instruments)
        bus: list[tuple[int, int]] = []
        converter: list[tuple[int, int]] = []
        either: list[tuple[int, int]] = []
        for row, each in enumerate(instruments):
            for one in each.at:
                if one.what.startswith("draw"):
                    draw = drawing.draws[one.number]
                    fed_twice = len(draw.members[0].buses) > 1
                    (either if fed_twice else bus).append((row, draw.bus))
                    continue
                bus += [(row, n) for n in _buses(drawing, one)]
                if one.what.startswith(("converter", "loss")):
                    converter.append((row, one.number))
        self._bus, self._converter = _columns(bus), _columns(converter)
        firm = {row for row, _ in bus}
        self._either = _columns([(row, n) for row, n in either if row not in firm])

    def met(self, live: Flags, working: Flags) -> Flags:
        """Return which instruments measure something (n_instrument,).

        Args:
            live: which buses of the drawing are energised (n_bus,).
            working: which converters of the drawing work (n_converter,).
        """
        met = np.ones(self._count, dtype=np.bool_)
        row, bus = self._either
        met[row] = False
        met[row[live[bus]]] = True
        row, bus = self._bus
        met[row[~live[bus]]] = False
        row, converter = self._converter
        met[row[~working[converter]]] = False
        return met


def _buses(drawing: Drawing, one: At) -> Sequence[int]:
    """Return the buses that must be live for a quantity to be anything."""
    if one.what in {"voltage", "through_p", "through_i"}:
        return (one.number,)
    if one.what == "switch_i":
        return drawing.switches[one.number].ends[1:]
    if one.what == "switch_p":
        return drawing.switches[one.number].ends[:1]
    if one.what.startswith(("converter", "loss")):
        converter = drawing.converters[one.number]
        return converter.ac, converter.dc
    return drawing.branches[one.number].ends


def apart(drawing: Drawing, at: Sequence[At], buses: frozenset[int]) -> bool:
    """Return whether nothing of a sum is at some buses."""
    return buses.isdisjoint(
        bus
        for one in at
        for bus in (
            (drawing.draws[one.number].bus,)
            if one.what.startswith("draw")
            else _buses(drawing, one)
        )
    )


def _columns(pairs: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def measurements(
    made: Sequence[Row], count: int, sigma: Floats, sigma_aged: Floats
) -> Measurements:
    """Return the instruments, and what is asked for beside, as the solver takes them.

    Args:
        made: what each measures, or is asked to read.
        count: how many are real; pseudo-measurements and what is asked for follow.
        sigma: standard deviations of fresh values (n_measurement,) [pu].
        sigma_aged: standard deviations of aged values (n_measurement,) [pu].
    """
    size = len(made)
    kind = np.full(size, Kind.SUM, dtype=np.int64)
    place, end = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    sums: list[tuple[int, Term]] = []
    for number, row in enumerate(made):
        parts = row
        if row and (row[0].kind is Kind.CARRIED_I or (len(row) == 1 and row[0].sign == 1.0)):
            kind[number], place[number], end[number], _ = row[0]
            parts = row[1:]
        sums += [(number, term) for term in parts]
    return Measurements(
        kind=kind,
        place=place,
        end=end,
        sigma=sigma,
        sigma_aged=sigma_aged,
        pseudo=np.arange(size) >= count,
        terms=Sums(
            row=np.array([n for n, _ in sums], dtype=np.int64),
            kind=np.array([t.kind for _, t in sums], dtype=np.int64),
            place=np.array([t.place for _, t in sums], dtype=np.int64),
            end=np.array([t.end for _, t in sums], dtype=np.int64),
            sign=np.array([t.sign for _, t in sums], dtype=np.float64),
        ),
    )
