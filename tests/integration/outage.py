"""One extended outage, watched by programs that are not ours."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemon.model.points import Register
from grafana.asking import Prometheus, dashboards, variable_query
from grafana.scraped import configuration
from tests.integration.processes import OFFSET, Ended, Running, ridethrough

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.model.plant import Site
    from grafana.asking import Answer

PROMETHEUS_PORT = 12_090
AT = f"http://127.0.0.1:{PROMETHEUS_PORT}"
QUERIES = (
    'min_over_time(ridethrough_voltage_ll_v{equipment="R-MVA"}[5m])',
    'max_over_time(ridethrough_voltage_ll_v{equipment="R-MVA"}[5m])',
    'sum_over_time(up{job="ridethrough"}[5m])',
)
"""Lowest and highest voltage of a section, and scrapes that were answered."""
POSITIONS = ("travelling", "open", "closed", "bad")


@dataclass
class Outage:
    """What was seen of it from outside.

    Attributes:
        ended: the demonstration itself.
        messages: what mosquitto_sub received, as topic and text.
        positions: what mbpoll read of 52-VCB-IN, by plant time [s].
        queries: answers of Prometheus by query.
        panels: what the panels of the dashboards would have shown.
        notes: how many lines the query of an annotation or a variable found, by query.
        rules: the rules as Prometheus has evaluated them.
    """

    ended: Ended
    messages: list[tuple[str, str]] = field(default_factory=list)
    positions: list[tuple[float, str]] = field(default_factory=list)
    queries: dict[str, Any] = field(default_factory=dict)
    panels: list[Answer] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)


def play_outage(program: Callable[[str], str], site: Site, folder: Path) -> Outage:
    """Play it, with everybody watching, and return what they saw."""
    tools = {name: program(name) for name in ("mosquitto_sub", "prometheus", "mbpoll")}
    command = ridethrough("demo", "--scenario", "extended_outage", "--json")
    show = Running([*command, "--port-offset", str(OFFSET)], folder / "demo.log")
    others: list[Running] = []
    try:
        show.await_line("everything is ready")
        began_s = time.monotonic()
        subscribe = [tools["mosquitto_sub"], "-p", str(site.north.mqtt_port), "-v"]
        subscribe += ["-t", f"ridethrough/v1/{site.id}/#"]
        others.append(Running(subscribe, folder / "mosquitto_sub.log"))
        others.append(_prometheus(tools["prometheus"], site, folder))
        positions = []
        for at_s in (3.0, 20.0):
            time.sleep(max(0.0, began_s + at_s - time.monotonic()))
            positions.append((time.monotonic() - began_s, position(tools["mbpoll"], site)))
        time.sleep(max(0.0, began_s + 60.0 - time.monotonic()))
        ended = show.end(timeout_s=120)
        queries = {query: ask(query) for query in QUERIES}
        prometheus = Prometheus(AT, time.time() - 150.0, time.time())
        panels, notes = list(prometheus.answers()), noted(prometheus)
        rules = get("/api/v1/rules")["groups"]
    finally:
        for one in (show, *others):
            one.kill()
    lines = others[0].output.splitlines()
    messages = [(topic, text) for topic, _, text in (line.partition(" ") for line in lines)]
    return Outage(ended, messages, positions, queries, panels, notes, rules)


def noted(prometheus: Prometheus) -> dict[str, int]:
    """Return how many lines each query of an annotation or a variable finds."""
    asked = set()
    for dashboard in dashboards().values():
        asked |= {note["expr"] for note in dashboard["annotations"]["list"] if note.get("expr")}
        asked |= {variable_query(one) for one in dashboard["templating"]["list"]} - {""}
    return {query: len(prometheus.lines(query)) for query in sorted(asked)}


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


def _prometheus(program: str, site: Site, folder: Path) -> Running:
    """Start a scraper of the daemon's /metrics."""
    target = f"{site.north.metrics_host}:{site.north.metrics_port}"
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(configuration(target)))
    return Running(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
            "--log.level=warn",
        ],
        folder / "prometheus.log",
    )


def ask(query: str) -> list[dict[str, Any]]:
    """Return what Prometheus answers to a query."""
    result: list[dict[str, Any]] = get("/api/v1/query", query=query)["result"]
    return result


def get(path: str, **form: str) -> dict[str, Any]:
    """Return the data of an answer of Prometheus."""
    with urllib.request.urlopen(f"{AT}{path}?{urllib.parse.urlencode(form)}") as answer:
        said = json.load(answer)
    assert said["status"] == "success", said
    data: dict[str, Any] = said["data"]
    return data
