"""Prometheus: `/metrics`, and `/livez` and `/readyz` for whoever starts and watches the daemon.

Names are `ridethrough_<quantity>_<unit>`, labels come from the site file only. A scrape renders
what the last main scan left and touches nothing else. The figures of the daemon itself are a
collector of prometheus_client; the values of the plant, a few thousand lines, are joined from
prefixes rendered once, for the library takes ten times as long for them, and the interpreter lets
nobody else run in that time. One rendering serves all who ask within `FRESH`, and who asks while
`WORKERS` are being answered is turned away, so that a hundred scrapes a second cost what a few do.

prometheus_client is imported in this file alone.
"""

from __future__ import annotations

import asyncio
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.registry import Collector

from daemon.model.events import Event
from daemon.model.natures import PointKind
from daemon.model.quantities import MILLISECOND, SECOND, seconds
from daemon.publishers.estimates import EstimateLines
from daemon.publishers.publisher import DURATION_BOUNDS_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client import Metric

    from daemon.model.events import AlarmTransition
    from daemon.model.points import Point, PointTable
    from daemon.publishers.publisher import LaneFigures, North, Snapshot, Spread

CONTENT: Final = "text/plain; version=0.0.4; charset=utf-8"
FRESH: Final = 200 * MILLISECOND
ALIVE: Final = 2 * SECOND
"""A lane that has not scanned for this long does not live."""
WORKERS: Final = 8
REQUEST_S: Final = 2.0

_SHOWN: Final = frozenset(
    {PointKind.MEASURE, PointKind.STAGE, PointKind.POSITION, PointKind.SETPOINT}
)
_SHOWN_STATUS: Final = frozenset(
    {
        "on_battery",
        "low_battery",
        "overload",
        "available",
        "daemon_present",
        "tripped",
        "lockout_86",
    }
)
_NO_UNIT: Final = {PointKind.STAGE: "stage", PointKind.POSITION: "position"}


class Transfers(NamedTuple):
    """Transfers by kind and outcome, and the stages of the last one, from the loss [s]."""

    counts: Mapping[tuple[str, str], int] = MappingProxyType({})
    stages_s: Mapping[str, float] = MappingProxyType({})


class PrometheusPublisher:
    """Serves one site over HTTP, from threads of its own.

    Attributes:
        name: as it is called in messages.
        transfers: what came of transfers since the start.
    """

    name = "metrics"

    def __init__(self, north: North) -> None:
        """Listen where the site says.

        Raises:
            OSError: the port is taken or the address is not ours; names both.
        """
        self._north = north
        self._latest: Snapshot | None = None
        self.transfers = Transfers()
        self._values = _Values(
            north.points, {e.id: e.nature for e in north.site.equipment.values()}
        )
        self._estimates = EstimateLines(north.site)
        self._registry = CollectorRegistry()
        self._registry.register(_Figures(north, self))
        self._lock = threading.Lock()
        self._page = b""
        self._page_ns = -FRESH
        self._server: _Server | None = self._listen()

    def _listen(self) -> _Server:
        place = self._north.site.north
        try:
            return _Server((place.metrics_host, place.metrics_port), self)
        except OSError as error:
            where = f"{place.metrics_host}:{place.metrics_port}"
            raise OSError(
                error.errno, f"metrics cannot be served at {where}: {error.strerror}"
            ) from None

    @property
    def latest(self) -> Snapshot | None:
        """Return the last snapshot."""
        return self._latest

    def show(self, snapshot: Snapshot) -> None:
        """Keep the last snapshot for the next scrape."""
        self._latest = snapshot

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Keep what came of transfers; all else that happens is counted in the snapshot."""
        for item in news:
            if isinstance(item, Event) and item.name == "transfer_report":
                outcome = item.fields["kind"], "pass" if item.fields["ok"] else "fail"
                # One reference is replaced as a whole: a scrape reads from another thread.
                count = self.transfers.counts.get(outcome, 0) + 1
                stages = {each["name"]: each["at_s"] for each in item.fields["stages"]}
                self.transfers = Transfers({**self.transfers.counts, outcome: count}, stages)

    async def run(self) -> None:
        """Serve until cancelled; ends with every thread ended."""
        server = self._server or self._listen()
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="metrics")
        thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._server = None
            await asyncio.get_running_loop().run_in_executor(None, _end, server, thread)

    def page(self) -> bytes:
        """Return the exposition, rendered anew when the last is older than `FRESH`."""
        with self._lock:
            now = self._north.now_ns()
            if now - self._page_ns >= FRESH:
                snapshot = self._latest
                values = ""
                if snapshot is not None:
                    values = self._values.render(snapshot)
                    values += self._estimates.render(snapshot.estimate)
                self._page = generate_latest(self._registry) + values.encode()
                self._page_ns = now
            return self._page

    def alive(self) -> str:
        """Return what does not live, or "" when all does."""
        snapshot = self._latest
        if snapshot is None:
            return "no scan yet"
        now = self._north.now_ns()
        late = [n for n, f in snapshot.lanes.items() if f.stopped or now - f.last_ns > ALIVE]
        return f"lanes that do not scan: {', '.join(late)}" if late else ""

    def ready(self) -> str:
        """Return why the daemon is not ready, or "" when it is."""
        if reason := self.alive():
            return reason
        snapshot = self._latest
        return "" if snapshot is not None and snapshot.ready else "not everything was read yet"


def _end(server: _Server, thread: threading.Thread) -> None:
    server.shutdown()
    thread.join()
    server.server_close()


class _Server(ThreadingHTTPServer):
    """One thread a request, a limited number of them, each with a limited time."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], publisher: PrometheusPublisher) -> None:
        self.publisher = publisher
        self._free = threading.BoundedSemaphore(WORKERS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # The library's own looks the address up in the domain name system.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: a client that went away is its own affair."""


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_S
    server: _Server

    def do_GET(self) -> None:
        publisher = self.server.publisher
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, publisher.page(), CONTENT)
        elif path == "/livez":
            self._verdict(publisher.alive())
        elif path == "/readyz":
            self._verdict(publisher.ready())
        else:
            self._answer(404, b"there are /metrics, /livez and /readyz\n")

    def _verdict(self, reason: str) -> None:
        self._answer(503 if reason else 200, f"{reason or 'ok'}\n".encode())

    def _answer(self, code: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: scrapes are no news."""


class _Values:
    """The values of the plant: one line each, and its quality and age beside it."""

    def __init__(self, points: PointTable, nature: dict[str, str]) -> None:
        shown = [p for p in points.points if _is_shown(p)]
        families: dict[str, list[Point]] = {}
        for point in shown:
            families.setdefault(_family(point), []).append(point)
        self._families = [
            (f"# TYPE {name} gauge\n", [(f"{name}{_labels(p, nature)} ", p.index) for p in members])
            for name, members in families.items()
        ]
        marks = [(f'{{equipment="{p.equipment}",point="{p.spec.name}"}} ', p.index) for p in shown]
        self._quality = [(f"ridethrough_point_quality{m}", i) for m, i in marks]
        self._age = [(f"ridethrough_point_age_seconds{m}", i) for m, i in marks]

    def render(self, snapshot: Snapshot) -> str:
        """Return the lines of one image."""
        image = snapshot.image
        values = image.values.tolist()
        quality = (image.quality >> 30).tolist()
        age = ((image.now_ns - image.source_ns) / SECOND).round(3).tolist()
        parts = []
        for head, rows in self._families:
            parts.append(head)
            parts.extend(f"{prefix}{values[index]!r}\n" for prefix, index in rows)
        parts.append("# HELP ridethrough_point_quality 0 good, 1 uncertain, 2 bad\n")
        parts.append("# TYPE ridethrough_point_quality gauge\n")
        parts.extend(f"{prefix}{quality[index]}\n" for prefix, index in self._quality)
        parts.append("# TYPE ridethrough_point_age_seconds gauge\n")
        parts.extend(f"{prefix}{age[index]!r}\n" for prefix, index in self._age)
        return "".join(parts)


def _is_shown(point: Point) -> bool:
    status = point.spec.kind is PointKind.STATUS and point.spec.name in _SHOWN_STATUS
    return "r" in point.place.access and (status or point.spec.kind in _SHOWN)


def _family(point: Point) -> str:
    return f"ridethrough_{point.spec.name}"


def _labels(point: Point, nature: dict[str, str]) -> str:
    return f'{{equipment="{point.equipment}",nature="{nature[point.equipment]}"}}'


class _Figures(Collector):
    """What the daemon counts about itself."""

    def __init__(self, north: North, publisher: PrometheusPublisher) -> None:
        self._north = north
        self._publisher = publisher

    def collect(self) -> Iterator[Metric]:
        """Yield every family, from the last snapshot."""
        yield InfoMetricFamily(
            "ridethrough_build",
            "Version, site and boot.",
            value={
                "version": self._north.version,
                "site": self._north.site.id,
                "node": self._north.node,
                "epoch": str(self._north.epoch),
            },
        )
        snapshot = self._publisher.latest
        if snapshot is not None:
            yield from _lanes(snapshot)
            yield from _gateways(snapshot)
            yield from _security(snapshot)
            yield _endurance(snapshot)
            yield from _stores(snapshot)
            yield from _transfers(self._publisher.transfers)
            yield from _rest(snapshot)

    def describe(self) -> Iterator[Metric]:
        """Return nothing: what there is depends on the snapshot."""
        return iter(())


def _lanes(snapshot: Snapshot) -> Iterator[Metric]:
    def histogram(name: str, text: str) -> HistogramMetricFamily:
        return HistogramMetricFamily(f"ridethrough_scan_{name}_seconds", text, labels=["lane"])

    duration = histogram("duration", "Time from begin to end of a scan.")
    jitter = histogram("jitter", "Time from the slot of a scan to its begin.")
    scans = CounterMetricFamily("ridethrough_scans", "Scans done.", labels=["lane"])
    missed = CounterMetricFamily("ridethrough_scan_overruns", "Scans missed.", labels=["lane"])
    up = GaugeMetricFamily("ridethrough_lane_up", "The lane is not in fail-safe.", labels=["lane"])
    for name, figures in snapshot.lanes.items():
        duration.add_metric([name], *_buckets(figures.duration))
        jitter.add_metric([name], *_buckets(figures.jitter))
        scans.add_metric([name], figures.scans)
        missed.add_metric([name], figures.overruns)
        up.add_metric([name], _up(figures))
    yield from (duration, jitter, scans, missed, up)


def _up(figures: LaneFigures) -> float:
    return 0.0 if figures.stopped else 1.0


def _buckets(spread: Spread) -> tuple[list[tuple[str, float]], float]:
    names = [*(repr(bound) for bound in DURATION_BOUNDS_S), "+Inf"]
    total = 0
    buckets = []
    for name, count in zip(names, list(spread.counts), strict=True):
        total += count
        buckets.append((name, float(total)))
    return buckets, spread.sum_s


_GATEWAY: Final = (
    ("polls", "Requests for values answered in full."),
    ("polls_failed", "Requests for values that failed."),
    ("polls_missed", "Slots of the poll grid that passed unused."),
    ("rejected", "Replies that were not believed."),
    ("reconnects", "Connections made again."),
)


def _gateways(snapshot: Snapshot) -> Iterator[Metric]:
    for counter, text in _GATEWAY:
        family = CounterMetricFamily(f"ridethrough_gateway_{counter}", text, labels=["gateway"])
        for name, statistics in snapshot.gateways.items():
            family.add_metric([name], getattr(statistics, counter))
        yield family
    up = GaugeMetricFamily("ridethrough_gateway_up", "Connected.", labels=["gateway"])
    latency = GaugeMetricFamily(
        "ridethrough_gateway_latency_seconds", "Last request to reply.", labels=["gateway"]
    )
    for name, statistics in snapshot.gateways.items():
        up.add_metric([name], float(statistics.connected))
        latency.add_metric([name], seconds(statistics.latency_ns))
    yield from (up, latency)


def _transfers(transfers: Transfers) -> Iterator[Metric]:
    counts = CounterMetricFamily(
        "ridethrough_transfers", "Reported, by kind and outcome.", labels=["kind", "outcome"]
    )
    for outcome, count in transfers.counts.items():
        counts.add_metric(outcome, count)
    stages = GaugeMetricFamily(
        "ridethrough_transfer_stage_seconds",
        "Stages of the last reported transfer, since the loss was seen.",
        labels=["stage"],
    )
    for stage, at_s in transfers.stages_s.items():
        stages.add_metric([stage], at_s)
    yield from (counts, stages)


def _rest(snapshot: Snapshot) -> Iterator[Metric]:
    commands = CounterMetricFamily("ridethrough_commands", "By result.", labels=["result"])
    for result, count in snapshot.commands.items():
        commands.add_metric([result], count)
    alarms = GaugeMetricFamily("ridethrough_alarms_active", "By priority.", labels=["priority"])
    active = [a.priority for a in list(snapshot.alarms.values()) if a.active and a.state in "BC"]
    for priority in (1, 2, 3, 4):
        alarms.add_metric([str(priority)], active.count(priority))
    ready = GaugeMetricFamily("ridethrough_ready", "Everything was read once.")
    ready.add_metric([], float(snapshot.ready))
    failures = CounterMetricFamily("ridethrough_journal_failures", "Records not written.")
    failures.add_metric([], snapshot.journal_failures)
    restarts = CounterMetricFamily("ridethrough_task_restarts", "Tasks that died.")
    restarts.add_metric([], snapshot.tasks_restarted)
    yield from (commands, alarms, ready, failures, restarts)


ALL_PATHS: Final = "all"
"""Path of a load on which all that stands behind it counts together."""
ALL_SETS: Final = "all"
"""The sets of the site with their fuel taken together."""


def _endurance(snapshot: Snapshot) -> Metric:
    endurance = GaugeMetricFamily(
        "ridethrough_fuel_endurance_seconds",
        "How long fuel lasts at what is burnt now, or would have to be.",
        labels=["set"],
    )
    for name, lasts_s in snapshot.endurance_s.items():
        if lasts_s >= 0.0:
            endurance.add_metric([name or ALL_SETS], lasts_s)
    return endurance


_STORE: Final = (
    ("charge", "Charge as counted and corrected."),
    ("charge_sigma", "Standard deviation of that charge."),
    ("charge_usable", "The least of what is reported, counted and told by the voltage."),
    ("health", "Capacity by nominal."),
    ("power_bias", "What the power sensor shows at rest, by rated power."),
)


def _stores(snapshot: Snapshot) -> Iterator[Metric]:
    for place, (name, text) in enumerate(_STORE):
        family = GaugeMetricFamily(f"ridethrough_storage_{name}_pu", text, labels=["store"])
        for store, values in snapshot.charge.items():
            family.add_metric([store], values[place])
        yield family


def _security(snapshot: Snapshot) -> Iterator[Metric]:
    autonomy = GaugeMetricFamily(
        "ridethrough_autonomy_seconds",
        "How long storage carries a load, on each feed alone and on all paths together.",
        labels=["load", "path"],
    )
    reserve = GaugeMetricFamily(
        "ridethrough_reserve_wh", "Reserve behind each feed of a load.", labels=["load", "path"]
    )
    for load, lasts_s in snapshot.autonomy_s.items():
        autonomy.add_metric([load, ALL_PATHS], lasts_s)
        for bus, on_feed_s, reserve_wh in snapshot.feeds.get(load, ()):
            autonomy.add_metric([load, bus], on_feed_s)
            reserve.add_metric([load, bus], reserve_wh)
    lost = GaugeMetricFamily(
        "ridethrough_n_minus_1_lost_loads",
        "Critical loads lost if this element dies now.",
        labels=["contingency"],
    )
    after = GaugeMetricFamily(
        "ridethrough_n_minus_1_seconds",
        "How long until the first of them is lost; infinite when none is.",
        labels=["contingency"],
    )
    overloaded = GaugeMetricFamily(
        "ridethrough_n_minus_1_overloaded",
        "Equipment that would carry more than its rating if this element died now.",
        labels=["contingency"],
    )
    known = GaugeMetricFamily(
        "ridethrough_n_minus_1_known",
        "0 when missing values leave open whether it is so: then the worst case is shown.",
        labels=["contingency"],
    )
    for case in snapshot.contingencies:
        name = [case.element or "none"]
        known.add_metric(name, case.known)
        lost.add_metric(name, len(case.lost))
        after.add_metric(name, case.first_lost_s)
        overloaded.add_metric(name, len(case.overloaded))
    yield from (autonomy, reserve, lost, after, overloaded, known)
