"""A scrape of a large plant: ours against prometheus_client's own renderer, and what a scan feels.

The plant is the AI hall repeated until its exposition has 100,000 lines. What changes between two
scrapes is what changes in the hall: images are taken of it in simulation, with the rounding and the
periods of its registers, as far apart as the shipped scrapes are. Each copy shows the hall's
measurements in a measure of its own and its times moved, so that no two copies have a number in
common by chance. Beside it stands the worst: every value another one.

Processor time of one scrape is that of rendering the page; the peer renders the same names, labels
and values, collected into its own families beforehand, with `generate_latest`. Rounds of both
alternate in one run.

Stalls: a thread that sleeps for 2 ms and notes how late it wakes stands for the scan, under the
interpreter's switching interval of the daemon; while nobody scrapes, and while another thread
renders without a pause, in turns of some twenty scrapes. Of each turn the worst counts, and of all
turns the median. All threads ask for real-time priority, so that others on the machine are not
measured; who may not have it measures them too. The target is on the difference; the peer's is
printed beside it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from dataclasses import replace
from itertools import cycle, pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from daemon import settings
from daemon.model.image import freeze
from daemon.model.natures import PointKind
from daemon.model.points import PointTable, tabulate
from daemon.model.quantities import ns
from daemon.publishers.plant_lines import PlantLines
from daemon.publishers.prometheus import paced
from daemon.rehearsal.desk import scenario_for
from daemon.rehearsal.simulation import run as simulation
from daemon.rehearsal.simulation.observer import Observer
from tests.bench.harness import Result, at_least, at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.publishers.publisher import Snapshot

LINES: Final = 100_000
SCRAPE_S: Final = 5.0
IMAGES: Final = 6
ROUNDS: Final = 10
NAP_S: Final = 0.002
TURN_S: Final = 0.5
SWITCH_S: Final = 0.0005
"""As `daemon.app.run` sets it."""


def run() -> list[Result]:
    """Measure both renderers on one plant."""
    site, points, images = _large()
    lines = PlantLines(site, points)
    pages = [b"".join(lines.render(image)) for image in images]
    peer = _Peer(pages[0].decode())
    turns = cycle(images)
    others = cycle(_other(images[0], seed) for seed in (1, 2))

    def scraped(taken: Iterator[Image]) -> Callable[[], None]:
        def scrape() -> None:
            for _ in paced(lines.render(next(taken))):
                pass

        return scrape

    ours, theirs, all_other = _in_turns(_spent, scraped(turns), peer.render, scraped(others))
    with _undisturbed():
        alone, beside, library = _in_turns(
            _lateness, lambda: time.sleep(0.1), scraped(turns), peer.render
        )
    return [
        Result("lines of the page", pages[0].count(b"\n"), ""),
        Result("values that change from scrape to scrape", 100.0 * _changing(pages), "%"),
        Result("our scrape, processor time", 1e3 * ours, "ms"),
        Result("prometheus_client's", 1e3 * theirs, "ms"),
        at_least("prometheus_client's by ours", theirs / ours, "x", 15.0, "generate_latest"),
        Result("the same, every value another one", theirs / all_other, "x"),
        Result("scan late, nobody scrapes", 1e3 * alone, "ms"),
        Result("scan late, scraped without a pause", 1e3 * beside, "ms"),
        Result("scan late, the library scraped so", 1e3 * library, "ms"),
        at_most("worst stall by a scrape", 1e3 * (beside - alone), "ms", 1.0, "nobody scraping"),
    ]


class _Album(Observer):
    """Keeps what the daemon saw at every scrape."""

    def __init__(self) -> None:
        self.images: list[Image] = []

    def shown(self, snapshot: Snapshot) -> None:
        last = self.images[-1].now_ns if self.images else 0
        if snapshot.image.now_ns - last >= ns(SCRAPE_S):
            self.images.append(snapshot.image)


def _large() -> tuple[Site, PointTable, list[Image]]:
    """Return the hall, repeated under other names to `LINES` lines, and images of it."""
    site_file = settings.load("ai_hall")
    hall, points = site_file.site, tabulate(site_file.site)
    album = _Album()
    scenario = scenario_for("normal", hall)
    simulation.run(simulation.Case(site_file, scenario, 1, for_s=IMAGES * SCRAPE_S), [album])
    each = b"".join(PlantLines(hall, points).render(album.images[0])).count(b"\n")
    copies = -(-LINES // each)
    table, equipment = [], {}
    for copy in range(copies):
        for item in hall.equipment.values():
            equipment[f"{copy}-{item.id}"] = replace(item, id=f"{copy}-{item.id}")
        table += [
            replace(point, equipment=f"{copy}-{point.equipment}", index=copy * len(points) + n)
            for n, point in enumerate(points.points)
        ]
    site = replace(hall, equipment=equipment)
    measured = np.array([p.spec.kind is PointKind.MEASURE for p in points.points])
    images = [_repeated(image, measured, copies) for image in album.images]
    return site, PointTable(tuple(table)), images


def _repeated(image: Image, measured: np.ndarray, copies: int) -> Image:
    """Return an image of so many halls, no two of them in one measure or read at one time."""
    values = [image.values * np.where(measured, 1.0 + n / 1000, 1.0) for n in range(copies)]
    stamps = [image.source_ns - ns(n / 1000) for n in range(copies)]
    quality = np.tile(image.quality, copies)
    joined = np.concatenate(values), quality, np.concatenate(stamps)
    return freeze(image.now_ns, image.utc_ns, *joined)


def _other(image: Image, seed: int) -> Image:
    """Return an image in which every value is another one, as long as a register can be."""
    chance = np.random.default_rng(seed)
    n = len(image.values)
    values = chance.normal(1e5, 1e4, n).astype(np.float32).astype(np.float64)
    return freeze(0, 0, values, image.quality, -chance.integers(0, 10**9, n))


def _changing(pages: list[bytes]) -> float:
    """Return how many of the values are others in the next page, as a part of all."""
    values = [
        [line for line in page.splitlines() if line[:1] != b"#" and b",point=" not in line]
        for page in pages
    ]
    changed = sum(
        a != b for one, next_ in pairwise(values) for a, b in zip(one, next_, strict=True)
    )
    return changed / (len(values[0]) * (len(pages) - 1))


class _Peer(Collector):
    """The same page out of the library's own families."""

    def __init__(self, page: str) -> None:
        self._families: list[Metric] = []
        family: GaugeMetricFamily | None = None
        for line in page.splitlines():
            if line.startswith("# HELP"):
                _, _, name, text = line.split(" ", 3)
                labels = ["equipment", "point" if "_point_" in name else "nature"]
                family = GaugeMetricFamily(name, text, labels=labels)
                self._families.append(family)
            elif not line.startswith("#") and family is not None:
                head, _, value = line.rpartition(" ")
                family.add_metric(head.split('"')[1:4:2], float(value))
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield from self._families

    def render(self) -> None:
        generate_latest(self._registry)


def _in_turns(
    measure: Callable[[Callable[[], None]], float], *works: Callable[[], None]
) -> list[float]:
    """Return the median of what is measured of each, in turns."""
    rounds = [[measure(work) for work in works] for _ in range(ROUNDS)]
    return [median(each) for each in zip(*rounds, strict=True)]


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Switch between threads as the daemon does, before all others if that is allowed."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        sys.setswitchinterval(before)


def _spent(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _lateness(work: Callable[[], None]) -> float:
    """Return how late a napping thread woke at worst while `work` was done again and again [s]."""
    over = threading.Event()

    def scrape() -> None:
        while not over.is_set():
            work()

    thread = threading.Thread(target=scrape)
    thread.start()
    late = 0.0
    end = time.monotonic() + TURN_S
    while (begun := time.monotonic()) < end:
        time.sleep(NAP_S)
        late = max(late, time.monotonic() - begun - NAP_S)
    over.set()
    thread.join()
    return late
