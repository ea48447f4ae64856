"""The estimator: one scan of the site in, what the plant most likely is out.

Each scan the image is gathered into values, each with a class by its age (`ageing`), and the state
of the last scan is tracked to them. When a converter starts, a source comes and goes or power turns
round, something else of the network conducts and it is solved anew, in the same scan. When loads
have moved far the instruments are weighed anew, for their accuracy is by reading.

When a switch moves as it never did before, the network is one that is yet to be made, with all that
is found once per network: tens of milliseconds, so a worker is asked for it (`NETWORK`). The
estimate is what is measured until the answer comes, a scan later; and nothing is judged for a
second after that.

While nothing happens the plant is looked at every `CALM`; the estimate in between is the last one,
and its `at_ns` says from when. What is shown in between is kept for the next look, as errors show
in what lasts (`lasting`), and where one may, that comes after `WATCHFUL`. Once something has
happened (a switch, a quality, a reading that does not fit), and while a meter is condemned, the
plant is looked at in every scan, for `LIVELY`.

Where nothing can be solved, or the solution does not converge, the estimate is what is measured,
and its `method` says so; when that has lasted for `LOST` and when it ends is an event.

The state holds values. What is made of them (networks, factors) is kept per site and found again
when it is missing (`prepared`); it changes no result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation import (
    ageing,
    bad_data,
    efficiency,
    frequency,
    pass_through,
    suspicion,
)
from daemon.core.estimation.ageing import Ages
from daemon.core.estimation.believed import believed
from daemon.core.estimation.gauss_newton import LARGEST
from daemon.core.estimation.measurements import ABSENT
from daemon.core.estimation.prepared import KEPT, plan
from daemon.core.estimation.suspects import OUT
from daemon.core.estimation.tracking import Tracking
from daemon.core.estimation.verdict import residual_limit
from daemon.model.commands import Finished, Request
from daemon.model.events import Event
from daemon.model.quantities import MILLISECOND, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from daemon.core.estimation.bad_data import Past
    from daemon.core.estimation.efficiency import Count
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.network import Flags, Floats
    from daemon.core.estimation.prepared import Plan, Prepared
    from daemon.core.estimation.site_network import Closed, Wires
    from daemon.core.estimation.suspicion import Doubts
    from daemon.core.topology import Topology
    from daemon.model.commands import Message
    from daemon.model.efficiency import Efficiency
    from daemon.model.estimate import Estimate
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable
    from daemon.model.quality import QualityArray

JUDGEMENT: Final = bad_data.Params(period_s=0.95, lasts_s=1.5)
CALM: Final = SECOND
WATCHFUL: Final = 200 * MILLISECOND
LIVELY: Final = 5 * SECOND
LOST: Final = SECOND
"""What cannot be solved for a shorter time is told to nobody [ns]."""
RECENT: Final = 20 * MILLISECOND
"""What was received so short a time before a switch was seen to move is of the new network."""
NETWORK: Final = "estimator_network"
"""Function of the workers that makes a network: `networked`."""
FIRST_ID: Final = 1 << 40
"""Number of the first request: far above those of others."""


class Asked(NamedTuple):
    """A request for the network while these switches are closed."""

    id: int
    closed: Closed


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What the estimator remembers.

    Attributes:
        estimate: the last one; None before the first scan.
        quality: status codes of its image (n_point,).
        lively_ns: until when every scan is looked at [ns].
        wires: what was closed, worked and gave; None before the first scan.
        solved: the same when something was solved last, or would have been; None before.
        known: switches whose network was made, the latest last.
        asked: networks that a worker makes.
        next_id: number of the next request.
        reference: readings by which the instruments are weighed (n_real,) [pu].
        ages: of the instruments.
        track: of the solver; None while nothing could be solved.
        absent: measurements that should have been there at the last look and were not
            (n_measurement,); None before the first.
        doubts: what instruments are not believed, and why; None before the first scan.
        between: what was shown in the scans since the last look.
        frequencies: what is remembered of frequency meters; None before the first scan.
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
    solved: Wires | None = None
    known: tuple[Closed, ...] = ()
    asked: tuple[Asked, ...] = ()
    next_id: int = FIRST_ID
    reference: Floats | None = None
    ages: Ages | None = None
    track: Tracking | None = None
    absent: Flags | None = None
    doubts: Doubts | None = None
    between: Past = ()
    frequencies: frequency.Memory | None = None
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
    requests: tuple[Request, ...] = ()


def networked(site: Site, points: PointTable, closed: Sequence[bool]) -> bool:
    """Make the network of a site while these switches are closed, to be found when it is needed."""
    plan(site, points).networked(tuple(closed))
    return True


def initial(site: Site, points: PointTable) -> State:
    """Return the state before the first scan: the network of normal operation is known."""
    of = plan(site, points)
    normal = of.probe.normal().closed
    of.networked(normal)
    return State(known=(normal,))


def step(
    state: State,
    image: Image,
    topology: Topology,
    site: Site,
    points: PointTable,
    inbox: Sequence[Message] = (),
) -> Scanned:
    """Return the estimate of a scan.

    Args:
        state: what is remembered.
        image: this scan.
        topology: its diagram.
        site: the plant as drawn.
        points: its point table.
        inbox: what else reached it.
    """
    of = plan(site, points)
    state = _answered(state, inbox) if inbox and state.asked else state
    before = state.wires or of.probe.normal()
    happened = not _same(image.quality, state.quality)
    happened = happened or not of.probe.unmoved(image, topology, before)
    if state.estimate is not None and not happened and _rests(state, image.now_ns):
        between = (*state.between, (image.now_ns, of.shown(image)))
        return Scanned(replace(state, between=between), state.estimate)
    between, state = state.between, replace(state, between=())
    wires = of.probe.look(image, topology, before, state.flow_w)
    measured = pass_through.estimate(image, topology, site, points)
    if wires.closed not in state.known:
        return _asking(replace(state, wires=wires, quality=image.quality), measured, image)
    prepared = of.prepared(wires)
    if not prepared.places.live.any():  # nothing to solve, and nothing is lost by that
        rest = replace(state, wires=wires, solved=wires, quality=image.quality, track=None)
        rest = replace(rest, flow_w=None, estimate=measured, lost_ns=0, lost=False)
        return Scanned(rest, measured)
    begun = state.track is None or wires is not state.solved
    found, after, classes = (_begun if begun else _followed)(
        of, wires, state, _seen(of, prepared, image, between)
    )
    count, suspicious = of.told.count, _suspicious(found, after.doubts)
    lively_ns = image.now_ns + LIVELY if happened or suspicious else state.lively_ns
    after = replace(after, wires=wires, solved=wires, quality=image.quality, lively_ns=lively_ns)
    if not found.converged:
        return _told(replace(after, track=None, flow_w=None, estimate=measured), image)
    after = replace(_counted(of, found, after, image.now_ns), flow_w=of.flow_w(found, prepared))
    places, gauges = prepared.places, frequency.gauges(site, points)
    heard, memory = frequency.heard(gauges, image, places.island, places.live, after.frequencies)
    lagging = _lagging(after, image.now_ns)
    told = of.to_site
    estimate = believed(measured, found, places, told, classes[:count], heard, lagging=lagging)
    estimate = replace(estimate, efficiency=after.efficiency)
    estimate = suspicion.demoted(estimate, after.doubts, memory.found)
    return _told(replace(after, estimate=estimate, frequencies=memory), image)


def at_once(
    state: State, image: Image, topology: Topology, site: Site, points: PointTable
) -> Scanned:
    """Return the estimate of a scan for who has the time to make a network meanwhile."""
    scanned = step(state, image, topology, site, points)
    if not scanned.requests:
        return scanned
    news = tuple(asked.closed for asked in scanned.state.asked)
    return step(replace(state, known=state.known + news), image, topology, site, points)


def _answered(state: State, inbox: Sequence[Message]) -> State:
    """Return the state after what workers have answered; what failed is asked for again."""
    results = {m.request_id: m.result for m in inbox if isinstance(m, Finished)}
    known = [asked.closed for asked in state.asked if results.get(asked.id)]
    waiting = tuple(asked for asked in state.asked if asked.id not in results)
    return replace(state, known=(*state.known, *known)[-KEPT:], asked=waiting)


def _asking(state: State, measured: Estimate, image: Image) -> Scanned:
    """Return what is measured while a worker makes the network."""
    assert state.wires is not None
    closed = state.wires.closed
    requests: tuple[Request, ...] = ()
    if closed not in [asked.closed for asked in state.asked]:
        requests = (Request(state.next_id, NETWORK, {"closed": closed}),)
        asked = (*state.asked, Asked(state.next_id, closed))
        state = replace(state, asked=asked, next_id=state.next_id + 1)
    meters = state.frequencies.found if state.frequencies is not None else ()
    estimate = suspicion.demoted(measured, state.doubts, meters)
    waiting = replace(state, estimate=estimate, lively_ns=image.now_ns + LIVELY)
    return _told(waiting, image)._replace(requests=requests)


def _same(one: QualityArray, other: QualityArray | None) -> bool:
    return one is other or (other is not None and np.array_equal(one, other))


def _rests(state: State, now_ns: int) -> bool:
    """Return whether it is not time to look again."""
    assert state.estimate is not None
    watched = state.doubts is not None and state.doubts.memory.watched
    rest_ns = WATCHFUL if watched else CALM
    return now_ns >= state.lively_ns and now_ns - state.estimate.at_ns < rest_ns


def _lagging(state: State, now_ns: int) -> bool:
    """Return whether something has switched so lately that nobody is judged yet."""
    return state.doubts is not None and state.doubts.memory.lagging(now_ns)


def _suspicious(found: Solution, doubts: Doubts | None) -> bool:
    """Return whether some instrument does not fit, or it is not yet known for how long.

    Nor is there rest while one is out: who is quick needs an estimate of now in its place.
    """
    if doubts is not None and (doubts.memory.pending or any(d.kind in OUT for d in doubts.found)):
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
        rest: class of what nothing measures and of what is asked for (n_rest,).
        heard_ns: when each reading was received (n_real,) [ns].
        now_ns: time of the scan [ns].
        between: when scans were that nobody looked at [ns], and what they showed.
    """

    z: Floats
    quality: NDArray[np.uint8]
    rest: Classes
    heard_ns: NDArray[np.int64]
    now_ns: int
    between: Past


def _seen(of: Plan, prepared: Prepared, image: Image, between: Past) -> Seen:
    """Return what a scan shows; what is no number was not measured."""
    z = of.shown(image)
    quality = of.quality(image.quality, prepared)
    usable = np.abs(z) <= LARGEST  # so written that NaN is not
    if not usable.all():
        z = np.where(usable, z, 0.0)
        quality = np.where(usable[: of.told.count], quality, ABSENT).astype(np.uint8)
    return Seen(
        z=z,
        quality=quality,
        rest=of.gauge.followed(image, prepared.rest),
        heard_ns=of.gauge.heard_ns(image),
        now_ns=image.now_ns,
        between=between,
    )


def _begun(of: Plan, wires: Wires, state: State, seen: Seen) -> tuple[Solution, State, Classes]:
    """Return the state of another network, from where the last one was if it has the same nodes."""
    reference = seen.z[: of.told.count]
    before = state.solved
    if state.ages is None or before is None:
        ages = ageing.begin(reference, seen.now_ns)
    elif wires._replace(backward=before.backward) == before:
        ages = ageing.stepped(state.ages, reference, of.floor(reference), seen.now_ns)
    else:
        ages = ageing.switched(replace(state.ages, last=reference), seen.now_ns - RECENT)
    alike = before is not None and np.array_equal(
        of.networked(before.closed).at.node, of.networked(wires.closed).at.node
    )
    track = state.track if alike else None
    after = replace(state, reference=reference, ages=ages, track=track)
    return _solved(of, wires, after, seen)


def _followed(of: Plan, wires: Wires, state: State, seen: Seen) -> tuple[Solution, State, Classes]:
    """Return the state of the same network a scan later."""
    reference = state.reference
    assert state.ages is not None
    assert reference is not None
    if seen.now_ns >= state.ages.forget_ns and of.moved_far(reference, seen.z):
        reference = seen.z[: of.told.count]
    readings = seen.z[: of.told.count]
    ages = ageing.stepped(state.ages, readings, of.floor(reference), seen.now_ns)
    return _solved(of, wires, replace(state, reference=reference, ages=ages), seen)


def _solved(of: Plan, wires: Wires, state: State, seen: Seen) -> tuple[Solution, State, Classes]:
    """Return the state that fits the readings best."""
    assert state.ages is not None
    assert state.reference is not None
    prepared = of.prepared(wires)
    found = ageing.classes(state.ages, seen.quality, seen.heard_ns, seen.now_ns)
    classes = suspicion.applied(np.concatenate([found, seen.rest]), state.doubts)
    tracker = prepared.tracker(of, state.reference)
    aged = of.sigma_aged(state.reference, state.ages)
    before, absent = state.track, classes == ABSENT
    absent[: of.told.count] &= prepared.measures
    absent[of.told.count :] = False
    if before is not None and state.absent is not None and np.array_equal(absent, state.absent):
        before = tracker.knowing(before, absent, classes)
    track, solution = tracker.scan(before, prepared.wiring, seen.z, classes, aged)
    lagging = _lagging(state, seen.now_ns)
    gone = absent & state.absent if state.absent is not None else None
    others = tracker.others_of_last(lagging=lagging, gone=gone) if solution.tested else None
    doubts = suspicion.judged(
        state.doubts,
        of.to_site,
        (seen.now_ns, seen.z, seen.heard_ns, seen.quality < ABSENT, seen.between),
        (solution, others),
        (of.sigma(state.reference), of.sigma(seen.z[: of.told.count])),
        JUDGEMENT,
    )
    return solution, replace(state, track=track, absent=absent, doubts=doubts), classes


def _counted(of: Plan, found: Solution, state: State, now_ns: int) -> State:
    """Return the state with energies and efficiency of this second."""
    if now_ns - state.told_ns < efficiency.EVERY and state.efficiency is not None:
        return state
    powers_w = efficiency.powers_w(found, of.readouts)
    count = efficiency.counted(state.count, now_ns, powers_w)
    doubted = state.doubts.found if state.doubts is not None else ()
    told = efficiency.told(found, of.readouts, of.metering, count, doubted)
    return replace(state, count=count, told_ns=now_ns, efficiency=told)
