"""Every query of every dashboard, and every rule, on a real Prometheus that saw an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from grafana.asking import dashboards
from grafana.preview import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.outage import Outage, Scraped

pytestmark = pytest.mark.timeout(400)


def test_every_panel_has_data(outage: Outage) -> None:
    assert len(outage.panels) == sum(len(each["panels"]) for each in dashboards().values())
    empty = [f"{one.dashboard}: {one.panel['title']}" for one in outage.panels if not one.lines]
    assert empty == []


def test_every_query_of_a_panel_finds_something(outage: Outage) -> None:
    silent = [f"{one.dashboard}: {one.panel['title']}: {one.silent}" for one in outage.panels]
    assert [each for each, one in zip(silent, outage.panels, strict=True) if one.silent] == []


@pytest.mark.parametrize(
    ("fixture", "scenario"),
    [
        ("normal", "normal"),
        ("momentary", "momentary_outage"),
        ("failing_sets", "generator_failure"),
    ],
)
def test_every_panel_has_data_whatever_happens(
    program: Callable[[str], str],
    request: pytest.FixtureRequest,
    scraped: Scraped,
    fixture: str,
    scenario: str,
) -> None:
    program("prometheus")
    request.getfixturevalue(fixture)
    answers = scraped.panels[scenario]
    assert len(answers) == sum(len(each["panels"]) for each in dashboards().values())
    assert [f"{one.dashboard}: {one.panel['title']}" for one in answers if not one.lines] == []


def test_the_long_term_store_answers_as_prometheus_does(outage: Outage) -> None:
    for query, found in outage.queries.items():
        ((here, there),) = zip(found, outage.years[query], strict=True)
        assert float(there["value"][1]) == pytest.approx(float(here["value"][1]), rel=0.1), query


def test_lines_of_a_panel_can_be_told_apart(outage: Outage) -> None:
    for one in outage.panels:
        if one.panel["type"] == "table":
            continue
        names = [line.name for line in one.lines]
        assert all(names), f"{one.dashboard}: {one.panel['title']}"
        assert one.dashboard == "l3_device" or len(names) == len(set(names)), one.panel["title"]


def test_annotations_and_variables_find_something(outage: Outage) -> None:
    assert len(outage.notes) == 6, sorted(outage.notes)
    assert [query for query, found in outage.notes.items() if not found] == []


def test_every_rule_is_evaluated_and_the_outage_is_alerted(outage: Outage) -> None:
    rules = [rule for group in outage.rules for rule in group["rules"]]
    assert len(rules) > 40
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    shown = {
        line.labels.get("severity")
        for one in outage.panels
        if (one.dashboard, one.panel["title"]) == ("alarms", "Alerts by severity")
        for line in one.lines
    }
    assert "critical" in shown


def test_the_preview_draws_all_of_it(outage: Outage, tmp_path: Path) -> None:
    text = page(outage.panels, "an outage")
    (tmp_path / "preview.html").write_text(text)
    assert text.count("<article") == len(outage.panels)
    assert "no data" not in text
