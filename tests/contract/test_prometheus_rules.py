"""Scrape configuration, recording and alert rules, held by Prometheus's own promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from daemon.publishers.catalogue import families
from daemon.settings import load
from grafana.asking import dashboards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).resolve().parents[2] / "config" / "prometheus"
RULES = ("recording.yml", "alerts_daemon.yml", "alerts_plant.yml")
TESTS = ("daemon.yml", "plant.yml")
SITES = ("ai_hall", "traditional")
SEVERITIES = {"critical", "warning", "info"}


def promtool(program: Callable[[str], str], *arguments: str, folder: Path = FOLDER) -> str:
    """Run it in `folder`; fail with what it says unless it is content."""
    ended = subprocess.run(
        [program("promtool"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def rules(kind: str) -> Iterator[dict[str, Any]]:
    """Yield every rule that has the key `kind`."""
    for name in RULES:
        for group in yaml.safe_load((FOLDER / name).read_text())["groups"]:
            yield from (rule for rule in group["rules"] if kind in rule)


ALERTS = {rule["alert"]: rule for rule in rules("alert")}


def fired() -> set[str]:
    """Return the alerts that some unit test expects to fire."""
    text = "".join((FOLDER / "tests" / name).read_text() for name in TESTS)
    return set(re.findall(r"""labels: '\{alertname="(\w+)\"""", text))


def test_prometheus_takes_the_configuration(program: Callable[[str], str]) -> None:
    assert "3 rule files found" in promtool(program, "check", "config", "prometheus.yml")


def test_the_unit_tests_of_the_rules_pass(program: Callable[[str], str]) -> None:
    promtool(program, "test", "rules", *(f"tests/{name}" for name in TESTS))


@pytest.mark.parametrize(
    ("name", "was", "becomes"),
    [
        ("alerts_daemon.yml", "ridethrough_lane_up == 0", "ridethrough_lane_up == 2"),
        ("alerts_plant.yml", "ridethrough_low_battery == 1", "ridethrough_low_battery == 0"),
        ("recording.yml", "histogram_quantile(0.99", "histogram_quantile(0.5"),
    ],
)
def test_a_rule_that_is_wrong_fails_them(
    name: str, was: str, becomes: str, program: Callable[[str], str], tmp_path: Path
) -> None:
    shutil.copytree(FOLDER, tmp_path / "prometheus")
    spoilt = tmp_path / "prometheus" / name
    assert was in spoilt.read_text()
    spoilt.write_text(spoilt.read_text().replace(was, becomes))
    with pytest.raises(AssertionError, match="FAILED"):
        promtool(
            program,
            "test",
            "rules",
            *(f"tests/{each}" for each in TESTS),
            folder=tmp_path / "prometheus",
        )


def test_every_alert_fires_in_a_unit_test() -> None:
    assert fired() == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in SEVERITIES
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    for text in rule["annotations"].values():
        assert len(text) > 20
        assert text.isascii()


def test_rules_and_dashboards_name_what_the_daemon_exports() -> None:
    known = {family.name for site in SITES for family in families(load(site).site)}
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "count", "sum")}
    asked = " ".join(rule["expr"] for rule in [*rules("alert"), *rules("record")])
    asked += " ".join(
        target["expr"]
        for dashboard in dashboards().values()
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if "__name__" not in target["expr"]
    )
    # What a recording rule makes has a colon before or behind it.
    named = set(re.findall(r"(?<!:)\bridethrough_\w+\b(?!:)", asked))
    assert len(named) > 60
    assert named - known == set()


def test_a_recording_rule_says_level_metric_and_operation() -> None:
    names = [rule["record"] for rule in rules("record")]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"(lane|gateway|instance):ridethrough_\w+:\w+", name), name
