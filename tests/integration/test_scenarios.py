"""The four scenarios over real sockets, as a user plays them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from daemon.settings import config_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.outage import Outage
    from tests.integration.processes import Ended

pytestmark = pytest.mark.timeout(400)

CAPPED = "rows are capped to 45 % within 1 s of losing all AC"
KEYS = {
    "ok", "scenario", "expectations", "it_interruption_ms", "transfer", "polls", "failed_polls",
    "scan_p50_ms", "scan_p99_ms", "lanes", "alarms",
}  # fmt: skip


def is_met(run: Ended) -> dict[str, Any]:
    """Hold a run to having met everything, and return its report."""
    assert run.code in {0, 1}, run.output[-4000:]
    assert run.missed() == []
    report = run.report
    assert report["ok"]
    assert run.code == 0
    assert set(report) >= KEYS
    assert len(report["it_interruption_ms"]) >= 59
    assert set(report["it_interruption_ms"].values()) == {0.0}
    assert report["polls"] > 100 * report["for_s"]
    assert 0 < report["scan_p50_ms"] <= report["scan_p99_ms"]
    assert "Traceback" not in run.output
    return report


def test_in_normal_operation_nothing_switches_and_nobody_is_alarmed(normal: Ended) -> None:
    report = is_met(normal)
    assert report["for_s"] == 25.0
    assert [e for e in report["plant_events"] if e["name"] in {"opened", "closed"}] == []
    assert [a for a in report["alarms"] if a["priority"] <= 2] == []


@pytest.mark.fault("F42")
def test_a_momentary_outage_moves_nothing(momentary: Ended) -> None:
    report = is_met(momentary)
    assert "generator" not in {row["source"] for row in report["transfer"]}


def test_an_extended_outage_is_ridden_through_and_given_back(outage: Outage) -> None:
    report = is_met(outage.ended)
    assert report["for_s"] == 115.0
    stages = [row["stage"] for row in report["transfer"] if row["source"] == "CCTS-1"]
    assert stages, report["transfer"]
    times = [row["at_s"] for row in report["transfer"]]
    assert times == sorted(times)
    assert "outage-confirmed:ai_hall" in {alarm["id"] for alarm in report["alarms"]}


@pytest.mark.fault("F44", "F56")
def test_with_three_sets_missing_rows_go_by_priority_and_in_order(failing_sets: Ended) -> None:
    report = is_met(failing_sets)
    assert report["for_s"] == 135.0


@pytest.mark.parametrize("scenario", ["extended_outage", "generator_failure"])
def test_it_is_the_daemon_that_does_it(demo: Callable[..., Ended], scenario: str) -> None:
    run = demo("--scenario", scenario, "--for", "8", "--without-daemon", timeout_s=90)
    assert run.code == 1
    verdict = run.verdict(CAPPED)
    assert not verdict["ok"]
    assert not run.report["with_daemon"]
    assert run.verdict("no two sources are joined out of step")["ok"], "the plant misbehaves"


def test_what_stored_energy_would_have_carried_is_reported_as_it_is(
    demo: Callable[..., Ended], tmp_path: Path
) -> None:
    text = (config_dir() / "sites" / "ai_hall.yaml").read_text()
    empty = "  {}: {{soc_pu: 0}}\n"
    stores = "".join(map(empty.format, ("ups", "rectifier", "ai_rack", "ess")))
    assert "\nemulation:\n" in text
    variant = tmp_path / "without_storage.yaml"
    text = re.sub(r"flywheel_wh: \d+", "flywheel_wh: 1", text)
    variant.write_text(text.replace("\nemulation:\n", f"\nemulation:\n{stores}"))
    run = demo("--site", str(variant), "--for", "8", timeout_s=90)
    assert run.code == 1
    reported = run.report["it_interruption_ms"]
    cut = run.verdict("no critical load sees it")
    assert not cut["ok"]
    assert max(reported.values()) == pytest.approx(cut["value"], abs=0.001)
    # Hold-up and capacitors carry a load for moments; nothing is back before the sets.
    assert 5.0 <= cut["at_s"] < 5.5
    assert all(2500.0 < value < 3100.0 for value in reported.values()), reported
