"""One scan out of a record, solved for an engineer: what the daemon could have known then.

The estimator runs over the half minute before, as it did in the daemon, so that it knows what
swings, which way power flows, which meter it condemned and which breaker is not as it shows; the
scan itself is solved in full and not tracked, then tested.
The record is a state folder or one file of it, each of which can be read by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.core.estimation import estimator, observability, switch_status
from daemon.core.estimation.verdict import chi_square_limit, residual_limit
from daemon.core.facts import Facts
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.journal.files import Folder, content
from daemon.journal.journal import read
from daemon.journal.keeping import PREFIX, SUFFIX
from daemon.model.points import tabulate
from daemon.model.quantities import SECOND, ns, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from daemon.core.estimation.observability import Worth
    from daemon.model.estimate import Estimate
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

BEFORE: Final = 30 * SECOND
LANE: Final = "main"
LOOKS: Final = 2


class Solved(NamedTuple):
    """A scan that was solved.

    Attributes:
        site: the plant as drawn.
        points: its point table.
        image: what was solved.
        estimate: what came of it.
        meters: power meters that would add most.
        positions: breakers that are not as they show, with the probability of that.
        at_s: when that was, since the daemon began [s].
        last_s: when the record ends [s].
    """

    site: Site
    points: PointTable
    image: Image
    estimate: Estimate
    meters: tuple[Worth, ...]
    positions: Mapping[str, float]
    at_s: float
    last_s: float


class OneFile:
    """One file of a state folder as if there were no others."""

    def __init__(self, path: Path) -> None:
        """Read `path`."""
        self._path: Final = path

    def names(self) -> list[str]:
        """Return its name."""
        return [self._path.name]

    def read(self, name: str) -> bytes | None:
        """Return its content."""
        return content(self._path) if name == self._path.name else None


def estimated(record: Path, site: Site, at_s: float) -> Solved:
    """Return the last scan at or before `at_s` [s] since the first boot in the record, solved.

    Args:
        record: state folder of a daemon, or one of its files.
        site: the plant as drawn.
        at_s: when [s].

    Raises:
        ValueError: there is no record, it is of another site, or it has no scan at that time.
    """
    points = tabulate(site)
    begun_ns, images = _images(record)
    wanted_ns = begun_ns + ns(at_s)
    recent: list[Image] = []
    first_ns = last_ns = None
    for image in images:
        first_ns = image.now_ns if first_ns is None else first_ns
        last_ns = image.now_ns
        if len(image.values) != len(points):
            count = len(image.values)
            raise ValueError(
                f"{record} has {count} points and {site.id} has {len(points)}: name the site file"
                " that the record was made with"
            )
        if image.now_ns <= wanted_ns:
            recent = [i for i in recent if i.now_ns > image.now_ns - BEFORE]
            recent.append(image)
    if first_ns is None or last_ns is None:
        raise ValueError(f"{record}: no scan of the {LANE} lane is in this record")
    low_s, high_s = seconds(first_ns - begun_ns), seconds(last_ns - begun_ns)
    if not recent or at_s > high_s + 1.0:
        raise ValueError(f"--at {at_s:g}: the record has scans from {low_s:.1f} to {high_s:.1f} s")
    estimate, meters, positions = followed(recent, site, points)
    at_s = seconds(recent[-1].now_ns - begun_ns)
    return Solved(site, points, recent[-1], estimate, meters, positions, at_s, high_s)


def limits(estimate: Estimate) -> dict[str, float]:
    """Return what residuals do not pass when nothing lies, by name."""
    fit = estimate.fit
    if fit is None:
        return {"normalised": 0.0, "chi_square": 0.0}
    return {
        "normalised": residual_limit(len(fit.normalised)),
        "chi_square": chi_square_limit(fit.dof),
    }


def _images(record: Path) -> tuple[int, Iterator[Image]]:
    """Return when the record begins [ns], and the images of the main lane."""
    if record.is_file():
        records = read(OneFile(record))
    elif record.is_dir() and any(record.glob(f"{PREFIX}*{SUFFIX}*")):
        records = read(Folder(record))
    else:
        raise ValueError(
            f"{record}: there is no record (a state folder, or a file {PREFIX}*{SUFFIX} in it)"
        )
    boot: dict[str, Any] | None = next(records, None)
    if boot is None or boot.get("k") != "boot":
        raise ValueError(f"{record} is no record of a daemon, or its beginning is damaged")
    return boot["n"], (r["image"] for r in records if r["k"] == "in" and r["lane"] == LANE)


def solved(
    images: list[Image], site: Site, points: PointTable
) -> tuple[Estimate, tuple[Worth, ...]]:
    """Return the estimate of the last image, after those before it, and what meters would add."""
    estimate, meters, _ = followed(images, site, points)
    return estimate, meters


def followed(
    images: list[Image], site: Site, points: PointTable
) -> tuple[Estimate, tuple[Worth, ...], Mapping[str, float]]:
    """Return the same, and which breakers are not as they show, with the probability of that.

    What is solved in full is not tested. So it is looked at again: tracked from there it stays
    where it is and has deviations; and once more, for these to know what is absent.
    """
    state, facts = estimator.State(), Facts()
    params = switch_status.Params()
    status = switch_status.initial(site, params)
    for image in images[:-1]:
        topology = survey(image, site, points, frozenset(facts.positions.contradicted))
        state = estimator.at_once(state, image, topology, site, points).state
        seen = View(LANE, image, (), site, points, topology, facts, {}, state.estimate, 0, 0)
        turn = switch_status.step(seen, status, params)
        status, facts = turn.state, replace(facts, **(turn.facts or {}))
    image, positions = images[-1], facts.positions
    topology = survey(image, site, points, frozenset(positions.contradicted))
    then = estimator.at_once(state, image, topology, site, points).state.estimate
    fresh = replace(state, track=None, count=None, efficiency=None)
    state = estimator.at_once(fresh, image, topology, site, points).state
    for _ in range(LOOKS):
        again = replace(state, estimate=None, count=None, efficiency=None)
        state = estimator.at_once(again, image, topology, site, points).state
    assert state.estimate is not None
    estimate = state.estimate
    if estimate.fit is not None and then is not None and then.fit is not None:
        # A solution anew is as after switching: what counts is whether something had switched.
        estimate = replace(estimate, fit=replace(estimate.fit, lagging=then.fit.lagging))
    found = {name: positions.verdicts[name].probability for name in positions.contradicted}
    return estimate, observability.meters(state, site, points), found
