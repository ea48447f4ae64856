"""Which instruments of the site lie: what the judgement of residuals means for points.

Who is condemned or frozen is absent from the next scan on; its point shows what the others say it
should, marked as a substitute. Who is doubted or drifts counts as aged; its point stays, marked as
not accurate, and so do the points of an instrument that is read as a sum, whatever it is. What an
instrument shows by what it should show tells what is likely to be wrong: the opposite sign (a
current transformer turned round), or a factor that comes of a wrong ratio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation import bad_data
from daemon.core.estimation.bad_data import Instrumented, Scan
from daemon.core.estimation.measurements import ABSENT, AGED
from daemon.core.estimation.suspects import OUT
from daemon.model.estimate import Doubted
from daemon.model.quality import Quality

if TYPE_CHECKING:
    from daemon.core.estimation.bad_data import Past
    from daemon.core.estimation.believed import Told
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.others import Others
    from daemon.core.estimation.suspects import Suspect
    from daemon.model.estimate import Estimate

SIGN, SCALE, WRONG = "sign", "scale", "wrong"

_FACTORS: Final = (10.0, 100.0, 1000.0, 3.0**0.5, 3.0)
_NEAR: Final = 0.1
_SHOWS: Final = 10.0
"""What should be shown tells a factor from so many deviations on."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """What is remembered of instruments and who is not believed.

    Attributes:
        memory: of the judgement.
        heard_ns: when each was received (n_real,) [ns].
        found: as points.
    """

    memory: bad_data.State
    heard_ns: Ints
    found: tuple[Doubted, ...] = ()


def applied(classes: Classes, doubts: Doubts | None) -> Classes:
    """Return the classes of a scan with those that are not believed (n_measurement,)."""
    if doubts is None or not doubts.memory.suspects:
        return classes
    classes = classes.copy()
    less = bad_data.aged(doubts.memory)
    classes[less] = np.maximum(classes[less], AGED)
    classes[bad_data.absent(doubts.memory)] = ABSENT
    return classes


def judged(
    doubts: Doubts | None,
    told: Told,
    scan: tuple[int, Floats, Ints, Flags, Past],
    solved: tuple[Solution, Others | None],
    sigmas: tuple[Floats, Floats],
    params: bad_data.Params,
) -> Doubts:
    """Return what is remembered after a scan.

    Args:
        doubts: as of the scan before; None before the first.
        told: what instruments are to the site.
        scan: its time [ns], readings (n_measurement,) [pu], when each came (n_real,) [ns], which
            are there, be they of before something switched (n_real,), and what was shown in the
            scans since the last.
        solved: what came of it, and what tells what all others say, if it was tracked.
        sigmas: standard deviation of fresh values as they were weighed, and by what is read now
            (n_measurement,) each [pu].
        params: how sure a verdict must be.
    """
    at_ns, z, heard_ns, there, between = scan
    count = len(heard_ns)
    real = np.arange(len(z)) < count
    all_ns = np.full(len(z), at_ns)
    all_ns[:count][there] = heard_ns[there]
    news = real.copy()
    if doubts is not None:
        news[:count] = heard_ns != doubts.heard_ns
    memory = bad_data.begun(len(z)) if doubts is None else doubts.memory
    (solution, others), sigma = solved, np.maximum(*sigmas)
    if others is not None:
        others = widened(others, np.square(sigma) - np.square(sigmas[0]))
    seen = Scan(at_ns, z, news, all_ns, solution, others if solution.tested else None, between)
    way = np.full(len(z), -1, dtype=np.int64)
    way[:count] = told.way
    memory = bad_data.judged(memory, seen, Instrumented(sigma, real, way), params)
    before = {(d.point, d.since_ns): d.guess for d in doubts.found} if doubts else {}
    found = tuple(
        _doubted(s, told, z, solution, sigma, before.get((int(told.point[s.row]), s.since_ns)))
        for s in memory.suspects
        # What it should show is known without it, from the next scan on.
        if s.kind not in OUT or not solution.used[s.row]
    )
    return Doubts(memory, heard_ns, found)


def widened(others: Others, excess: Floats) -> Others:
    """Return what all others say where instruments are less accurate than they were weighed.

    They are weighed anew every minute, and what was next to nothing then may be large by now, as a
    store is that begins to ease a job: its one per cent was a floor. What an instrument is held
    against is its own reading and, mostly, its partner's.

    Args:
        others: as weighed.
        excess: variance that each has beyond that (n_measurement,) [pu^2].
    """
    partner = others.inverse.pairs.partner
    theirs = np.where(partner != np.arange(len(partner)), excess[partner], 0.0)
    return others._replace(
        noise=np.sqrt(others.noise * others.noise + theirs),
        scale=np.sqrt(others.scale * others.scale + excess + theirs),
    )


def _doubted(
    suspect: Suspect,
    told: Told,
    z: Floats,
    solution: Solution,
    sigma: Floats,
    guess: str | None,
) -> Doubted:
    row = suspect.row
    factor, should = float(told.factor[row]), float(solution.measured[row])
    group = tuple(int(told.point[n]) for n in suspect.group)
    return Doubted(
        point=int(told.point[row]),
        kind=suspect.kind,
        group=told.points[row] if suspect.kind in OUT else group,
        chance=suspect.chance,
        shown=(float(z[row]) - float(told.constant[row])) * factor,
        should=(should - float(told.constant[row])) * factor,
        sigma=float(np.hypot(sigma[row], solution.sigma_measured[row])) * factor,
        guess=guess or _guess(float(z[row]), should, float(sigma[row])),
        since_ns=suspect.since_ns,
    )


def _guess(shown: float, should: float, sigma: float) -> str:
    """Return what is likely to be wrong with what shows one value and should show another."""
    if abs(should) < _SHOWS * sigma or shown == 0.0:
        return WRONG
    ratio = shown / should
    if abs(ratio + 1.0) < _NEAR:
        return SIGN
    size = max(abs(ratio), 1.0 / abs(ratio))
    return SCALE if any(abs(size / f - 1.0) < _NEAR for f in _FACTORS) else WRONG


def demoted(
    estimate: Estimate, doubts: Doubts | None, others: tuple[Doubted, ...] = ()
) -> Estimate:
    """Return the estimate with substitutes for what is not believed, `others` included."""
    suspects = others if doubts is None else doubts.found + others
    if not suspects:
        return estimate
    values, quality = estimate.values.copy(), estimate.quality.copy()
    for doubted in suspects:
        if doubted.kind in OUT and len(doubted.group) == 1:
            values[doubted.point] = doubted.should
            quality[doubted.point] = Quality.UNCERTAIN_SUBSTITUTE_VALUE
        else:
            quality[list(doubted.group)] = Quality.UNCERTAIN_SENSOR_NOT_ACCURATE
    return replace(estimate, values=values, quality=quality, suspects=suspects)
