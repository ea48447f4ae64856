"""Dashboards as Grafana would take them: its schema, the rules of its linter, queries that parse.

No panel is rendered by a real Grafana here. What the queries find in a real Prometheus is held by
tests/integration/test_dashboards.py.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.__main__ import stale
from grafana.asking import FOLDER, dashboards, expanded, variable_query
from tests.shared_data import shared

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = dashboards()
UNITS = {
    "amp", "bytes", "celsius", "hertz", "litre", "none", "ops", "percentunit", "reqps", "s",
    "short", "volt", "voltampreact", "watt", "watth",
}  # fmt: skip
"""Grafana's keys for what is measured here."""
COUNTING = re.compile(r"\b(?:rate|irate|increase)\s*\((?:[^()]|\{[^}]*\})*\)")

each_dashboard = pytest.mark.parametrize("name", ALL)


def panels() -> Iterator[Any]:
    """Yield every panel, with an id for the test."""
    for name, dashboard in ALL.items():
        for panel in dashboard["panels"]:
            yield pytest.param(panel, id=f"{name}-{panel['title']}")


def queries(panel: dict[str, Any]) -> list[str]:
    """Return what a panel asks."""
    return [target["expr"] for target in panel["targets"]]


each_panel = pytest.mark.parametrize("panel", list(panels()))


def test_what_is_committed_is_what_the_code_writes() -> None:
    assert stale() == [], "run `python -m grafana`"


def test_every_level_is_there() -> None:
    assert set(ALL) == {
        "l1_power_path", "l2_utility", "l2_ups_and_storage", "l2_generation",
        "l2_ai_load_and_grid_code", "l2_efficiency_and_pue", "l3_device", "alarms", "daemon_health",
    }  # fmt: skip


@each_dashboard
def test_the_schema_of_grafana_takes_it(name: str) -> None:
    schema = json.loads(shared("dashboard.jsonschema.json").read_text())
    problems = jsonschema_rs.validator_for(schema).iter_errors(ALL[name])
    assert [str(problem) for problem in problems] == []


@each_dashboard
def test_the_model_reads_it_back_as_it_is(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text()
    again = Dashboard.from_json(json.loads(text))
    assert JSONEncoder(sort_keys=True, indent=1).encode(again) + "\n" == text


@each_dashboard
def test_the_linter_would_have_nothing_to_say_of_the_dashboard(name: str) -> None:
    dashboard = ALL[name]
    assert dashboard["editable"] is False
    assert dashboard["schemaVersion"] >= 41
    assert dashboard["title"]
    assert dashboard["description"]
    sources = [v for v in dashboard["templating"]["list"] if v["type"] == "datasource"]
    assert [(v["name"], v["label"], v["query"]) for v in sources] == [
        ("datasource", "Data source", "prometheus")
    ]
    asked = {v["name"]: v for v in dashboard["templating"]["list"] if v["type"] == "query"}
    for label in ("job", "instance"):
        variable = asked[label]
        assert variable["label"] == label.title()
        assert variable["multi"]
        assert variable["includeAll"]
        assert variable["allValue"] == ".+"
    for variable in asked.values():
        assert variable["datasource"]["uid"] == "$datasource"
        assert variable["refresh"] == 2, "when the time range changes"
        promql_parser.parse(expanded(variable_query(variable)))


@each_dashboard
def test_ids_are_unique_and_no_panel_lies_on_another(name: str) -> None:
    ids = [panel["id"] for panel in ALL[name]["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in ALL[name]["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@each_dashboard
def test_what_happened_is_drawn_through_it(name: str) -> None:
    notes = [note for note in ALL[name]["annotations"]["list"] if note.get("expr")]
    assert len(notes) == 3
    for note in notes:
        assert note["datasource"]["uid"] == "$datasource"
        promql_parser.parse(expanded(note["expr"]))


def test_titles_and_uids_are_not_used_twice() -> None:
    for key in ("uid", "title"):
        used = [dashboard[key] for dashboard in ALL.values()]
        assert len(used) == len(set(used))


@each_panel
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    steps = [step["value"] for step in defaults["thresholds"]["steps"]]
    assert steps[0] is None
    assert steps[1:] == sorted(steps[1:])
    assert panel["targets"]


@each_panel
def test_every_query_of_a_panel_parses_and_can_be_narrowed(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "$datasource"
        assert target["legendFormat"]
    for query in queries(panel):
        promql_parser.parse(expanded(query))
        selectors = re.findall(r"\{([^}]*)\}", query)
        assert selectors
        for selector in selectors:
            assert 'job=~"$job"' in selector
            assert 'instance=~"$instance"' in selector


@each_panel
def test_counters_are_asked_for_their_rate_over_the_shown_interval(panel: dict[str, Any]) -> None:
    for query in queries(panel):
        for counted in COUNTING.findall(query):
            assert "[$__rate_interval]" in counted or "[$__range]" in counted, query
        assert "_total{" not in COUNTING.sub("", query), query
