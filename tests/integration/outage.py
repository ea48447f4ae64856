"""One extended outage, watched by programs that are not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from daemon.model.points import Register
from grafana.asking import Prometheus, dashboards, variable_query
from grafana.scraped import configuration
from tests.integration.processes import OFFSET, Ended, Running, ridethrough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon.model.plant import Site
    from grafana.asking import Answer

PROMETHEUS_PORT = 12_090
AT = f"http://127.0.0.1:{PROMETHEUS_PORT}"
PROGRAMS = ("mosquitto_sub", "prometheus", "victoria-metrics", "mbpoll")
QUERIES = (
    'min_over_time(ridethrough_voltage_ll_v{equipment="R-MVA"}[5m])',
    'max_over_time(ridethrough_voltage_ll_v{equipment="R-MVA"}[5m])',
    'sum_over_time(up{job="ridethrough"}[5m])',
)
"""Lowest and highest voltage of a section, and scrapes that were answered."""
LONG_TERM_PORT = 12_428
LONG_TERM = f"http://127.0.0.1:{LONG_TERM_PORT}"
ROOT = Path(__file__).resolve().parents[2]
POSITIONS = ("travelling", "open", "closed", "bad")


@dataclass
class Outage:
    """What was seen of it from outside.

    Attributes:
        ended: the demonstration itself.
        messages: what mosquitto_sub received, as topic and text.
        positions: what mbpoll read of 52-VCB-IN, by plant time [s].
        queries: answers of Prometheus by query.
        years: answers of the long-term store to the same queries.
        panels: what the panels of the dashboards would have shown.
        notes: how many lines the query of an annotation or a variable found, by query.
        rules: the rules as Prometheus has evaluated them.
    """

    ended: Ended
    messages: list[tuple[str, str]] = field(default_factory=list)
    positions: list[tuple[float, str]] = field(default_factory=list)
    queries: dict[str, Any] = field(default_factory=dict)
    years: dict[str, Any] = field(default_factory=dict)
    panels: list[Answer] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)


def play_outage(program: Callable[[str], str], site: Site, folder: Path) -> Outage:
    """Play it, with everybody watching, and return what they saw."""
    tools = {name: program(name) for name in PROGRAMS}
    command = ridethrough("demo", "--scenario", "extended_outage", "--json")
    show = Running([*command, "--port-offset", str(OFFSET)], folder / "demo.log")
    others: list[Running] = []
    try:
        show.await_line("everything is ready")
        began_s = time.monotonic()
        subscribe = [tools["mosquitto_sub"], "-p", str(site.north.mqtt_port), "-v"]
        subscribe += ["-t", f"ridethrough/v1/{site.id}/#"]
        others.append(Running(subscribe, folder / "mosquitto_sub.log"))
        others.append(_long_term(tools["victoria-metrics"], folder))
        others.append(prometheus(tools["prometheus"], site, folder, PROMETHEUS_PORT))
        positions = []
        for at_s in (3.0, 20.0):
            time.sleep(max(0.0, began_s + at_s - time.monotonic()))
            positions.append((time.monotonic() - began_s, position(tools["mbpoll"], site)))
        time.sleep(max(0.0, began_s + 60.0 - time.monotonic()))
        ended = show.end(timeout_s=120)
        queries = {query: ask(query) for query in QUERIES}
        asked = Prometheus(AT, time.time() - 150.0, time.time())
        panels, notes = list(asked.answers()), noted(asked)
        years = {query: ask(query, LONG_TERM) for query in QUERIES}
        rules = get("/api/v1/rules")["groups"]
    finally:
        for one in (show, *others):
            one.kill()
    lines = others[0].output.splitlines()
    messages = [(topic, text) for topic, _, text in (line.partition(" ") for line in lines)]
    return Outage(ended, messages, positions, queries, years, panels, notes, rules)


def noted(asked: Prometheus) -> dict[str, int]:
    """Return how many lines each query of an annotation or a variable finds."""
    every = set()
    for dashboard in dashboards().values():
        every |= {note["expr"] for note in dashboard["annotations"]["list"] if note.get("expr")}
        every |= {variable_query(one) for one in dashboard["templating"]["list"]} - {""}
    return {query: len(asked.lines(query)) for query in sorted(every)}


def position(mbpoll: str, site: Site) -> str:
    """Return where 52-VCB-IN stands, as a Modbus master that is not ours reads it."""
    item = site.equipment["52-VCB-IN"]
    assert item.device is not None
    gateway = site.gateways[item.device.gateway]
    place = site.profiles[item.device.profile].points["position"]
    assert isinstance(place, Register)
    assert place.table == "input", "mbpoll is told to read input registers"
    reference = ["-t", "3", "-0", "-r", str(place.address), "-c", "1", "-1", "-q"]
    unit = ["-a", str(item.device.unit), "-p", str(gateway.port)]
    said = subprocess.run(
        [mbpoll, "-m", "tcp", *unit, *reference, gateway.host],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    ).stdout
    word = int(next(line for line in said.splitlines() if line.startswith("[")).split()[1])
    return POSITIONS[word >> place.bit & 3]


def _long_term(program: str, folder: Path) -> Running:
    """Start what keeps years, with the options of the compose file."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    options = "\n".join(compose["services"]["victoriametrics"]["command"])
    options = options.replace("/victoria-metrics-data", str(folder / "years"))
    options = options.replace("Addr=:8428", f"Addr=127.0.0.1:{LONG_TERM_PORT}")
    return Running([program, *options.split()], folder / "victoria-metrics.log")


def _writing() -> list[dict[str, Any]]:
    """Return the shipped block that writes to the long-term store, to where ours is."""
    (block,) = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text())[
        "remote_write"
    ]
    return [{**block, "url": LONG_TERM + urllib.parse.urlsplit(block["url"]).path}]


def prometheus(program: str, site: Site, folder: Path, port: int) -> Running:
    """Start a scraper of the daemon's /metrics; the one of the outage writes on."""
    target = f"{site.north.metrics_host}:{site.north.metrics_port}"
    said = configuration(target)
    if port == PROMETHEUS_PORT:
        said["remote_write"] = _writing()
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(said))
    return Running(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ],
        folder / "prometheus.log",
    )


class Scraped:
    """What the panels of the dashboards would have shown of demonstrations.

    Attributes:
        panels: by scenario; none where there is no Prometheus.
    """

    PORT = 12_091

    def __init__(self, site: Site, folder: Path) -> None:
        """Keep in `folder` what is scraped."""
        self.panels: dict[str, list[Answer]] = {}
        self._site, self._folder = site, folder

    @contextmanager
    def during(self, scenario: str) -> Iterator[None]:
        """Scrape while a scenario is played, and ask every panel at its end."""
        program = shutil.which("prometheus")
        if program is None:
            yield
            return
        folder = self._folder / scenario
        folder.mkdir()
        scraper = prometheus(program, self._site, folder, self.PORT)
        try:
            began_s = time.time()
            yield
            asked = Prometheus(f"http://127.0.0.1:{self.PORT}", began_s, time.time())
            self.panels[scenario] = list(asked.answers())
        finally:
            scraper.kill()


def ask(query: str, at: str = AT) -> list[dict[str, Any]]:
    """Return what Prometheus, or what keeps years, answers to a query."""
    result: list[dict[str, Any]] = get("/api/v1/query", at, query=query)["result"]
    return result


def get(path: str, at: str = AT, **form: str) -> dict[str, Any]:
    """Return the data of an answer of Prometheus."""
    with urllib.request.urlopen(f"{at}{path}?{urllib.parse.urlencode(form)}") as answer:
        said = json.load(answer)
    assert said["status"] == "success", said
    data: dict[str, Any] = said["data"]
    return data
