"""What is said of the metrics of a site."""

from __future__ import annotations

from daemon import settings
from daemon.publishers.catalogue import document, families


def test_a_page_has_one_row_for_each_metric() -> None:
    site = settings.load("ai_hall").site
    known = families(site)
    title, _, head, rule, *rows = document(site.name, known).splitlines()
    assert title == f"# Metrics: {site.name}"
    columns = head.count("|")
    assert rule.count("|") == columns
    assert len(rows) == len(known)
    for row, family in zip(rows, known, strict=True):
        assert row.startswith(f"| `{family.name}` | {family.kind} |")
        assert row.count("|") == columns, "a cell holds what parts cells"


def test_the_daemon_itself_is_among_them() -> None:
    names = {family.name for family in families(settings.load("traditional").site)}
    assert {
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "ridethrough_stage_duration_seconds",
        "ridethrough_build_info",
    } <= names
    assert all(name.startswith(("ridethrough_", "process_")) for name in names)
