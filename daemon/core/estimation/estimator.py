"""The estimator: one scan of the site in, what the plant most likely is out.

Each scan the image is gathered into values, each with a class by its age (`ageing`), and the state
of the last scan is tracked to them. When a switch moves, a converter starts or a source comes and
goes, the network is another and is solved anew. When loads have moved
far the instruments are weighed anew, for their accuracy is by reading.

While nothing happens the plant is looked at every `CALM`; the estimate in between is the last one,
and its `at_ns` says from when. Once something has (a switch, a quality, a reading that does not
fit) it is looked at in every scan, for `LIVELY`.

Where nothing can be solved, or the solution does not converge, the estimate is what is measured,
and its `method` says so; when that has lasted for `LOST` and when it ends is an event.

The state holds values. What is made of them (networks, factors) is kept per site and found again
when it is missing; it changes no result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation import ageing, bad_data, efficiency, pass_through, suspicion
from daemon.core.estimation.ageing import Ages
from daemon.core.estimation.believed import Places, Told, believed
from daemon.core.estimation.drawing import BASE_VA
from daemon.core.estimation.gathering import Gauge, asked, measurements, rows
from daemon.core.estimation.gauss_newton import LARGEST
from daemon.core.estimation.instruments import Instruments, instruments
from daemon.core.estimation.layout import layout
from daemon.core.estimation.measurements import ABSENT, FRESH
from daemon.core.estimation.model import model
from daemon.core.estimation.readouts import Readouts, readouts
from daemon.core.estimation.site_network import build
from daemon.core.estimation.tracking import Tracker, Tracking
from daemon.core.estimation.verdict import residual_limit
from daemon.core.estimation.wiring import Probe, probe
from daemon.core.topology import once_per_site
from daemon.model.events import Event
from daemon.model.quantities import MILLISECOND, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.efficiency import Count
    from daemon.core.estimation.gathering import Row
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.site_network import SiteNetwork, Wires
    from daemon.core.estimation.suspicion import Doubts
    from daemon.core.topology import Topology
    from daemon.model.efficiency import Efficiency
    from daemon.model.estimate import Estimate
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable
    from daemon.model.quality import QualityArray

NOTHING: Final = 1e3
"""Standard deviation of what is asked for and never measured [pu]."""
JUDGEMENT: Final = bad_data.Params(lasts_s=1.5)
CALM: Final = SECOND
LIVELY: Final = 5 * SECOND
LOST: Final = SECOND
"""What cannot be solved for a shorter time is told to nobody [ns]."""
RECENT: Final = 20 * MILLISECOND
"""What was received so short a time before a switch was seen to move is of the new network."""
KEPT: Final = 64
"""Networks that are kept for when a switch moves back."""
FAR_PU: Final = 0.3
"""A reading that has moved by this part of itself, and by more than its floor, is weighed anew."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What the estimator remembers.

    Attributes:
        estimate: the last one; None before the first scan.
        quality: status codes of its image (n_point,).
        lively_ns: until when every scan is looked at [ns].
        wires: what was closed, worked and gave; None before the first scan.
        reference: readings by which the instruments are weighed (n_real,) [pu].
        ages: of the instruments.
        track: of the solver; None while nothing could be solved.
        doubts: what instruments are not believed, and why; None before the first scan.
        count: energies since the beginning.
        told_ns: when efficiency was told last [ns].
        efficiency: as it was told then.
        flow_w: what flowed through switches in the last scan [W]; None while it is not known.
        lost_ns: since when nothing could be solved, 0 while it can [ns].
        lost: whether that was told.
    """

    estimate: Estimate | None = None
    quality: QualityArray | None = None
    lively_ns: int = 0
    wires: Wires | None = None
    reference: Floats | None = None
    ages: Ages | None = None
    track: Tracking | None = None
    doubts: Doubts | None = None
    count: Count | None = None
    told_ns: int = 0
    efficiency: Efficiency | None = None
    flow_w: Floats | None = None
    lost_ns: int = 0
    lost: bool = False


class Scanned(NamedTuple):
    """What a scan leads to."""

    state: State
    estimate: Estimate
    events: tuple[Event, ...] = ()


class Prepared:
    """A network of the site and its instruments, weighed.

    Attributes:
        at: the network.
        made: what every instrument measures in it.
        measures: which real instruments measure anything in it (n_real,).
        places: of the site in it.
    """

    def __init__(self, plan: Plan, wires: Wires) -> None:
        drawing, told = plan.probe.drawing, plan.told
        self.at: Final[SiteNetwork] = build(drawing, wires, plan.metered)
        self.made: Final[list[Row]] = [
            *rows(drawing, told.all, self.at),
            *asked(drawing, plan.readouts.sums, self.at),
        ]
        there = np.array([len(row) > 0 for row in self.made], dtype=np.bool_)
        self.measures: Final[Flags] = there[: told.count]
        count = len(self.made) - told.count
        self.rest: Final[Classes] = np.full(count, ABSENT, dtype=np.uint8)
        self.rest[: len(told.all) - told.count][there[told.count : len(told.all)]] = FRESH
        where = layout(self.at.network)
        self.places: Final = Places(self.at, where, plan.is_dc)
        self._model: Model | None = None
        self._tracker: tuple[Floats, Tracker] | None = None

    def tracker(self, plan: Plan, reference: Floats) -> Tracker:
        """Return the tracker of instruments weighed by these readings (n_real,) [pu]."""
        if self._tracker is not None and self._tracker[0] is reference:
            return self._tracker[1]
        sigma = plan.sigma(reference)
        if self._model is None:
            told = measurements(self.made, plan.told.count, sigma, sigma)
            self._model = model(self.at.network, told)
        weighed = replace(self._model.equations.measurements, sigma=sigma, sigma_aged=sigma)
        equations = replace(self._model.equations, measurements=weighed)
        self._tracker = reference, Tracker(replace(self._model, equations=equations))
        return self._tracker[1]


class Plan:
    """What of the estimator does not change while the site does not."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.probe: Final[Probe] = probe(site, points)
        self.told: Final[Instruments] = instruments(site, points)
        self.readouts: Final[Readouts] = readouts(site, points)
        self.gauge: Final = Gauge(self.told)
        self.to_site: Final = Told(site, self.told, self.readouts)
        self.metering: Final = efficiency.Metering(site, self.told, points)
        self.is_dc: Final = np.array([b.kind == "dc" for b in site.buses.values()], dtype=np.bool_)
        all_ = self.told.all
        self.metered: Final = {a.number for i in all_ for a in i.at if a.what == "through_p"}
        rows = {i.at[0].number: n for n, i in enumerate(all_) if i.at[0].what == "switch_p"}
        self._flow_rows = np.array(
            [rows.get(int(n), -1) for n in self.probe.flowing], dtype=np.intp
        )
        self._relative = np.array([i.relative for i in all_])
        self._absolute = np.array([i.absolute for i in all_])
        self._others = np.concatenate(
            [self._absolute[self.told.count :], np.full(len(self.readouts.sums), NOTHING)]
        )
        self._aged: tuple[tuple[Floats, Ints], Floats] | None = None
        self._prepared: dict[Wires, Prepared] = {}
        self._quality: tuple[QualityArray, Prepared, NDArray[np.uint8]] | None = None

    def prepared(self, wires: Wires) -> Prepared:
        """Return the network as it is wired."""
        found = self._prepared.get(wires)
        if found is None:
            if len(self._prepared) >= KEPT:
                self._prepared.clear()
            found = self._prepared[wires] = Prepared(self, wires)
        return found

    def sigma(self, reference: Floats) -> Floats:
        """Return standard deviations of fresh values, and of what is asked for [pu]."""
        return np.concatenate([self.floor(reference), self._others])

    def sigma_aged(self, reference: Floats, ages: Ages) -> Floats:
        """Return standard deviations of aged values, and of what is asked for [pu]."""
        kept, key = self._aged, (reference, ages.weighed)
        if kept is None or any(a is not b for a, b in zip(kept[0], key, strict=True)):
            aged = ageing.sigma_aged(ages, self.floor(reference), reference)
            kept = self._aged = key, np.concatenate([aged, self._others])
        return kept[1]

    def floor(self, reference: Floats) -> Floats:
        """Return the standard deviation of fresh values (n_real,) [pu]."""
        count = self.told.count
        floor: Floats = np.hypot(self._relative[:count] * reference, self._absolute[:count])
        return floor

    def flow_w(self, found: Solution, prepared: Prepared) -> Floats:
        """Return what flows through the switches of the probe [W], NaN where nobody knows."""
        rows = self._flow_rows
        flow_w = found.measured[rows] * BASE_VA
        flow_w[(rows < 0) | ~prepared.measures[rows]] = np.nan
        return flow_w

    def moved_far(self, reference: Floats, z: Floats) -> bool:
        """Return whether some reading is far from that by which it was weighed."""
        count = self.told.count
        gap = np.abs(z[:count] - reference) * self._relative[:count]
        return bool((gap > FAR_PU * self.floor(reference)).any())

    def quality(self, quality: QualityArray, prepared: Prepared) -> NDArray[np.uint8]:
        """Return 0 for good, 1 for uncertain and 2 for bad or nothing measured (n_real,)."""
        kept = self._quality
        if kept is None or kept[0] is not quality or kept[1] is not prepared:
            found = self.gauge.quality(quality)
            found[~prepared.measures] = ABSENT
            kept = self._quality = quality, prepared, found
        return kept[2]


plan: Final = once_per_site(Plan)


def step(state: State, image: Image, topology: Topology, site: Site, points: PointTable) -> Scanned:
    """Return the estimate of a scan.

    Args:
        state: what is remembered.
        image: this scan.
        topology: its diagram.
        site: the plant as drawn.
        points: its point table.
    """
    of = plan(site, points)
    before = state.wires or of.probe.normal()
    happened = not _same(image.quality, state.quality)
    happened = happened or not of.probe.unmoved(image, topology, before)
    if state.estimate is not None and not happened and _rests(state, image.now_ns):
        return Scanned(state, state.estimate)
    wires = of.probe.look(image, topology, before, state.flow_w)
    measured = pass_through.estimate(image, topology, site, points)
    prepared = of.prepared(wires)
    if not prepared.places.live.any():  # nothing to solve, and nothing is lost by that
        rest = replace(state, wires=wires, quality=image.quality, track=None, flow_w=None)
        return Scanned(replace(rest, estimate=measured, lost_ns=0, lost=False), measured)
    begun = state.track is None or wires is not state.wires
    found, after, classes = (_begun if begun else _followed)(
        of, prepared, state, _seen(of, prepared, image)
    )
    count, suspicious = of.told.count, _suspicious(found, after.doubts)
    lively_ns = image.now_ns + LIVELY if happened or suspicious else state.lively_ns
    after = replace(after, wires=wires, quality=image.quality, lively_ns=lively_ns)
    if not found.converged:
        return _told(replace(after, track=None, flow_w=None, estimate=measured), image)
    after = replace(_counted(of, found, after, image.now_ns), flow_w=of.flow_w(found, prepared))
    estimate = believed(measured, found, prepared.places, of.to_site, classes[:count])
    estimate = suspicion.demoted(replace(estimate, efficiency=after.efficiency), after.doubts)
    return _told(replace(after, estimate=estimate), image)


def _same(one: QualityArray, other: QualityArray | None) -> bool:
    return one is other or (other is not None and np.array_equal(one, other))


def _rests(state: State, now_ns: int) -> bool:
    """Return whether it is not time to look again."""
    assert state.estimate is not None
    return now_ns >= state.lively_ns and now_ns - state.estimate.at_ns < CALM


def _suspicious(found: Solution, doubts: Doubts | None) -> bool:
    """Return whether some instrument does not fit, or it is not yet known for how long."""
    if doubts is not None and doubts.memory.pending:
        return True
    limit = residual_limit(len(found.normalised))
    return bool(np.abs(found.normalised).max(initial=0.0) > limit)


def _told(state: State, image: Image) -> Scanned:
    """Return what a scan leads to, with the event of a solution that is lost or back."""
    assert state.estimate is not None
    if state.estimate.fit is not None:
        if not state.lost_ns:
            return Scanned(state, state.estimate)
        found, lost = replace(state, lost_ns=0, lost=False), False
        name, text = "estimate_back", "the state of the plant is estimated again"
    else:
        since_ns = state.lost_ns or image.now_ns
        found = replace(state, lost_ns=since_ns, lost=image.now_ns - since_ns >= LOST)
        lost = found.lost
        name = "estimate_lost"
        text = "the state of the plant cannot be solved: measurements stand as they come"
    if lost == state.lost:
        return Scanned(found, state.estimate)
    event = Event(image.now_ns, "estimator", name, text, {"solved": not lost})
    return Scanned(found, state.estimate, (event,))


class Seen(NamedTuple):
    """What a scan shows the instruments.

    Attributes:
        z: readings, pseudo-measurements and what is asked for included (n_measurement,) [pu].
        quality: 0 good, 1 uncertain, 2 bad or nothing measured (n_real,).
        heard_ns: when each reading was received (n_real,) [ns].
        now_ns: time of the scan [ns].
    """

    z: Floats
    quality: NDArray[np.uint8]
    heard_ns: NDArray[np.int64]
    now_ns: int


def _seen(of: Plan, prepared: Prepared, image: Image) -> Seen:
    """Return what a scan shows; what is no number was not measured."""
    z = np.concatenate([of.gauge.values(image), np.zeros(len(of.readouts.sums))])
    quality = of.quality(image.quality, prepared)
    usable = np.abs(z) <= LARGEST  # so written that NaN is not
    if not usable.all():
        z = np.where(usable, z, 0.0)
        quality = np.where(usable[: of.told.count], quality, ABSENT).astype(np.uint8)
    return Seen(
        z=z,
        quality=quality,
        heard_ns=of.gauge.heard_ns(image),
        now_ns=image.now_ns,
    )


def _begun(
    of: Plan, prepared: Prepared, state: State, seen: Seen
) -> tuple[Solution, State, Classes]:
    """Return the state of another network, from where the last one was if it has the same nodes."""
    reference = seen.z[: of.told.count]
    before = state.wires
    if state.ages is None or before is None:
        ages = ageing.begin(reference, seen.now_ns)
    elif prepared.at.wires._replace(backward=before.backward) == before:
        ages = ageing.stepped(state.ages, reference, of.floor(reference), seen.now_ns)
    else:
        ages = ageing.switched(replace(state.ages, last=reference), seen.now_ns - RECENT)
    alike = before is not None and np.array_equal(of.prepared(before).at.node, prepared.at.node)
    track = state.track if alike else None
    after = replace(state, reference=reference, ages=ages, track=track)
    return _solved(of, prepared, after, seen)


def _followed(
    of: Plan, prepared: Prepared, state: State, seen: Seen
) -> tuple[Solution, State, Classes]:
    """Return the state of the same network a scan later."""
    reference = state.reference
    assert state.ages is not None
    assert reference is not None
    if seen.now_ns >= state.ages.forget_ns and of.moved_far(reference, seen.z):
        reference = seen.z[: of.told.count]
    readings = seen.z[: of.told.count]
    ages = ageing.stepped(state.ages, readings, of.floor(reference), seen.now_ns)
    return _solved(of, prepared, replace(state, reference=reference, ages=ages), seen)


def _solved(
    of: Plan, prepared: Prepared, state: State, seen: Seen
) -> tuple[Solution, State, Classes]:
    """Return the state that fits the readings best."""
    assert state.ages is not None
    assert state.reference is not None
    found = ageing.classes(state.ages, seen.quality, seen.heard_ns, seen.now_ns)
    classes = suspicion.applied(np.concatenate([found, prepared.rest]), state.doubts)
    tracker = prepared.tracker(of, state.reference)
    aged = of.sigma_aged(state.reference, state.ages)
    track, solution = tracker.scan(state.track, prepared.at.wiring, seen.z, classes, aged)
    doubts = suspicion.judged(
        state.doubts,
        of.to_site,
        (seen.now_ns, seen.z, seen.heard_ns),
        (solution, tracker.basis_of_last()),
        of.sigma(state.reference),
        JUDGEMENT,
    )
    return solution, replace(state, track=track, doubts=doubts), classes


def _counted(of: Plan, found: Solution, state: State, now_ns: int) -> State:
    """Return the state with energies and efficiency of this second."""
    if now_ns - state.told_ns < efficiency.EVERY and state.efficiency is not None:
        return state
    powers_w = efficiency.powers_w(found, of.readouts)
    count = efficiency.counted(state.count, now_ns, powers_w)
    told = efficiency.told(found, of.readouts, of.metering, count)
    return replace(state, count=count, told_ns=now_ns, efficiency=told)
