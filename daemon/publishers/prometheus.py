"""Prometheus: `/metrics`; `/livez` and `/readyz` for whoever starts and watches the daemon.

Names are `ridethrough_<quantity>_<unit>`, labels come from the site file only
(`ridethrough metrics` lists them all). A scrape renders what the last main scan left and touches
nothing else, in slices, for the interpreter lets nobody else run during one. One rendering serves
all who ask within `FRESH`, and who asks while `WORKERS` are being answered is turned away, so that
a hundred scrapes a second cost what a few do. Who accepts OpenMetrics gets that. `/overview` is the
plant at a glance, for `ridethrough top`.

Alive is a daemon whose lanes all scan; ready is one that also knows the plant: every device was
read, or is silent after ten seconds of trying. A silent device is an alarm and keeps nobody from
the rest, nor would a new daemon make it speak; `/readyz` names those that are not reached.
"""

from __future__ import annotations

import asyncio
import json
import socketserver
import threading
import time  # noqa: TID251 - to yield, not to know it
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from daemon.model.quantities import MILLISECOND, SECOND
from daemon.publishers.estimates import EstimateLines
from daemon.publishers.figures import Figures
from daemon.publishers.overview import Overview
from daemon.publishers.plant_lines import PlantLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daemon.model.events import AlarmTransition, Event
    from daemon.publishers.publisher import North, Snapshot

    Page = tuple[bytes, ...]

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPEN: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
FRESH: Final = 200 * MILLISECOND
ALIVE: Final = 2 * SECOND
"""A lane that has not scanned for this long does not live."""
WORKERS: Final = 8
REQUEST_S: Final = 2.0
PAUSE_S: Final = 20e-6


class PrometheusPublisher:
    """Serves one site over HTTP, from threads of its own.

    Attributes:
        name: as it is called in messages.
    """

    name = "metrics"

    def __init__(self, north: North) -> None:
        """Listen where the site says.

        Raises:
            OSError: the port is taken or the address is not ours; names both.
        """
        self._north = north
        self._latest: Snapshot | None = None
        self._figures = Figures(north)
        self._overview = Overview(north)
        self._plant = PlantLines(north.site, north.points)
        self._estimates = EstimateLines(north.site)
        self._lock = threading.Lock()
        self._pages: dict[bool, tuple[int, Page]] = {}
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
        """Count what happened."""
        self._figures.tell(news)
        self._overview.tell(news)

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

    def page(self, *, openmetrics: bool = False) -> Page:
        """Return the exposition in slices, rendered anew when the last is older than `FRESH`."""
        with self._lock:
            now_ns = self._north.now_ns()
            made_ns, page = self._pages.get(openmetrics, (-FRESH, ()))
            if now_ns - made_ns >= FRESH:
                page = tuple(paced(self._render(openmetrics)))
                self._pages[openmetrics] = now_ns, page
            return page

    def _render(self, openmetrics: bool) -> Iterator[bytes]:
        snapshot = self._latest
        yield self._figures.render(snapshot, openmetrics=openmetrics)
        if snapshot is not None:
            yield from self._plant.render(snapshot.image)
            yield self._estimates.render(snapshot.estimate).encode()
        if openmetrics:
            yield b"# EOF\n"

    def overview(self) -> bytes:
        """Return the plant at a glance as JSON; nothing but `ready` before the first scan."""
        snapshot = self._latest
        with self._lock:
            body = {"ready": False} if snapshot is None else self._overview.body(snapshot)
        return json.dumps(body).encode()

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

    def silent(self) -> str:
        """Return who is not reached although the daemon is ready, or ""."""
        gateways = {} if self._latest is None else self._latest.gateways
        names = [name for name, statistics in gateways.items() if not statistics.connected]
        return f"without {', '.join(names)}" if names else ""


def paced(slices: Iterable[bytes]) -> Iterator[bytes]:
    """Yield slices, and let whoever waits for the interpreter have it after each.

    Who only offers it (a sleep of nothing) has taken it back before the other has woken.
    """
    for each in slices:
        yield each
        time.sleep(PAUSE_S)


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
            wants = "application/openmetrics-text" in self.headers.get("Accept", "")
            page = publisher.page(openmetrics=wants)
            self._answer(200, page, OPEN if wants else TEXT)
        elif path == "/overview":
            self._answer(200, (publisher.overview(),), "application/json")
        elif path == "/livez":
            self._verdict(publisher.alive())
        elif path == "/readyz":
            self._verdict(publisher.ready(), publisher.silent())
        else:
            self._answer(404, (b"there are /metrics, /overview, /livez and /readyz\n",))

    def _verdict(self, reason: str, beside: str = "") -> None:
        said = reason or f"ok {beside}".rstrip()
        self._answer(503 if reason else 200, (f"{said}\n".encode(),))

    def _answer(self, code: int, body: Page, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(sum(map(len, body))))
        self.end_headers()
        for part in body:
            self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: scrapes are no news."""
