"""A scrape of a large plant: ours against prometheus_client's own renderer, and what a scan feels.

The plant is the AI hall repeated until its exposition has 100,000 lines. Processor time of one
scrape is that of rendering the page; the peer renders the same names, labels and values, collected
into its own families beforehand, with `generate_latest`. Rounds of both alternate in one run;
every value and every age is another one in each round, quality stays as it does in a plant.

Stalls: a thread that sleeps for 2 ms and notes how late it wakes stands for the scan, under the
interpreter's switching interval of the daemon; once while nobody scrapes, once while another thread
renders without a pause. The target is on the difference of the worst, since a virtual machine has
stalls of its own; the peer's is printed beside it.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Final

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from daemon import settings
from daemon.model.image import freeze
from daemon.model.points import PointTable, tabulate
from daemon.publishers.plant_lines import PlantLines
from daemon.publishers.prometheus import paced
from tests.bench.harness import Result, at_least, at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from daemon.model.image import Image
    from daemon.model.plant import Site

LINES: Final = 100_000
ROUNDS: Final = 5
NAP_S: Final = 0.002
STALLED_S: Final = 4.0
SWITCH_S: Final = 0.0005
"""As `daemon.app.run` sets it."""


def run() -> list[Result]:
    """Measure both renderers on one plant."""
    site, points, images = _large()
    lines = PlantLines(site, points)
    page = b"".join(lines.render(images[0]))
    peer = _Peer(page.decode())
    turns = cycle(images)

    def drain() -> None:
        for _ in paced(lines.render(next(turns))):
            pass

    ours_s, theirs_s = [], []
    for _ in range(ROUNDS):
        ours_s.append(_spent(drain))
        theirs_s.append(_spent(peer.render))
    ours, theirs = float(np.median(ours_s)), float(np.median(theirs_s))
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        alone = _lateness(lambda: time.sleep(0.1))
        beside = _lateness(drain)
        library = _lateness(peer.render)
    finally:
        sys.setswitchinterval(before)
    worst = float(beside.max() - alone.max())
    return [
        Result("lines of the page", page.count(b"\n"), ""),
        Result("our scrape, processor time", 1e3 * ours, "ms"),
        Result("prometheus_client's", 1e3 * theirs, "ms"),
        at_least("prometheus_client's by ours", theirs / ours, "x", 15.0, "generate_latest"),
        Result("scan late, nobody scrapes, p99.9", 1e3 * _high(alone), "ms"),
        Result("scan late, scraped without a pause, p99.9", 1e3 * _high(beside), "ms"),
        Result("scan late, the library's scrape, worst", 1e3 * float(library.max()), "ms"),
        at_most("worst stall by a scrape", 1e3 * worst, "ms", 1.0, "the same, nobody scraping"),
    ]


def _high(late_s: np.ndarray) -> float:
    return float(np.percentile(late_s, 99.9))


def _large() -> tuple[Site, PointTable, list[Image]]:
    """Return the hall, repeated under other names to `LINES` lines, and two images of it."""
    hall = settings.load("ai_hall").site
    points = tabulate(hall)
    each = b"".join(PlantLines(hall, points).render(_image(len(points), 1))).count(b"\n")
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
    return site, PointTable(tuple(table)), [_image(len(table), seed) for seed in (1, 2)]


def _image(n: int, seed: int) -> Image:
    chance = np.random.default_rng(seed)
    values = chance.normal(1e5, 1e4, n).astype(np.float32).astype(np.float64)
    return freeze(0, 0, values, np.zeros(n, dtype=np.uint32), -chance.integers(0, 10**9, n))


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


def _spent(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _lateness(work: Callable[[], None]) -> np.ndarray:
    """Return how late a napping thread woke while `work` was done again and again [s]."""
    over = threading.Event()

    def scrape() -> None:
        while not over.is_set():
            work()

    thread = threading.Thread(target=scrape)
    thread.start()
    late = []
    end = time.monotonic() + STALLED_S
    while (begun := time.monotonic()) < end:
        time.sleep(NAP_S)
        late.append(time.monotonic() - begun - NAP_S)
    over.set()
    thread.join()
    return np.array(late)
