"""What a Prometheus answers to the panels, annotations and variables of the dashboards."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = Path(__file__).resolve().parent / "dashboards"
PATIENCE_S: Final = 30.0

# Longest first: one name begins another.
VARIABLES: Final = {
    "$__rate_interval": "15s",
    "$__interval": "5s",
    "$__range": "2m",
    "$datasource": "prometheus",
    "$equipment": ".+",
    "$instance": ".+",
    "$job": ".+",
}
_LABEL_VALUES: Final = re.compile(r"label_values\((.+), (\w+)\)")


def expanded(text: str) -> str:
    """Return a query with all variables in their place, everything being chosen."""
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


def dashboards() -> dict[str, dict[str, Any]]:
    """Return the dashboards as Grafana reads them, by name."""
    levels_first = sorted(FOLDER.glob("*.json"), key=lambda p: (not p.stem.startswith("l"), p.stem))
    return {path.stem: json.loads(path.read_text()) for path in levels_first}


def variable_query(variable: dict[str, Any]) -> str:
    """Return what finds the choices of a variable, "" for one that asks nobody."""
    found = _LABEL_VALUES.fullmatch(str(variable.get("query", "")))
    return f"group by ({found[2]}) ({found[1]})" if found else ""


@dataclass(frozen=True)
class Line:
    """One line of an answer.

    Attributes:
        name: as the legend says it.
        labels: of the series.
        at_s: when, since 1970 [s].
        values: what.
    """

    name: str
    labels: dict[str, str]
    at_s: list[float]
    values: list[float]


@dataclass
class Answer:
    """What a panel would show.

    Attributes:
        dashboard: name of its dashboard.
        panel: as in the dashboard.
        lines: the lines of all its queries.
        silent: queries that found nothing.
    """

    dashboard: str
    panel: dict[str, Any]
    lines: list[Line] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


class Prometheus:
    """A Prometheus, and the span that is looked at."""

    def __init__(self, url: str, from_s: float, to_s: float, step_s: float = 1.0) -> None:
        """Look at `url` from `from_s` to `to_s` [s since 1970] every `step_s` [s]."""
        self.url = url.rstrip("/")
        self.from_s, self.to_s, self.step_s = from_s, to_s, step_s

    def lines(self, expr: str, legend: str = "") -> list[Line]:
        """Return the answer to a query over the span.

        Raises:
            ValueError: Prometheus refuses the query; says why.
        """
        form = {"query": expanded(expr), "start": self.from_s, "end": self.to_s}
        asked = urllib.parse.urlencode({**form, "step": self.step_s}).encode()
        try:
            address = f"{self.url}/api/v1/query_range"
            with urllib.request.urlopen(address, asked, timeout=PATIENCE_S) as reply:
                said = json.load(reply)
        except urllib.error.HTTPError as error:
            raise ValueError(f"{expr}: {error.read().decode(errors='replace')}") from None
        return [_line(one, legend) for one in said["data"]["result"]]

    def answers(self) -> Iterator[Answer]:
        """Yield what every panel of every dashboard would show."""
        for name, dashboard in dashboards().items():
            for panel in dashboard["panels"]:
                answer = Answer(name, panel)
                for target in panel["targets"]:
                    lines = self.lines(target["expr"], target.get("legendFormat", ""))
                    answer.lines += lines
                    if not lines:
                        answer.silent.append(target["expr"])
                yield answer


def _line(one: dict[str, Any], legend: str) -> Line:
    labels = one["metric"]
    name = re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend)
    at_s, values = zip(*((float(t), float(v)) for t, v in one["values"]), strict=True)
    return Line(name, labels, list(at_s), list(values))
