"""A scan is solved with deviations, and says where one more meter would help."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.console.report import estimate_lines, estimate_page
from daemon.model.natures import Position
from daemon.model.quality import Quality
from daemon.runtime.estimated import followed, limits, solved
from tests.unit.core.estimation.picture import Picture

SCANS = 3
UNMETERED = {"CH-1", "ATS-M1", "52-MCCB-CH1"}
BOARDS = {"meter", "breaker", "transformer"}


def test_a_scan_that_is_solved_has_deviations_and_tests() -> None:
    picture = Picture()
    images = [picture.view().image for _ in range(SCANS)]
    estimate, meters = solved(images, picture.site, picture.points)
    assert estimate.fit is not None
    live = estimate.fit.energised
    assert (estimate.bus_voltage_sigma_pu[live] < 0.02).all()
    assert estimate.fit.bus_observable[live].all()
    assert np.abs(estimate.fit.normalised).max() > 0.0
    told = [meter._asdict() for meter in meters]
    body = estimate_lines.told(estimate, picture.site, picture.points, limits(estimate), told)
    assert body["by_nameplate"] == []
    assert body["suspects"] == []
    assert any("power meter at" in line for line in estimate_lines.lines(body))
    bus = next(b for b in body["buses"] if b["bus"] == "MVA")
    assert bus["frequency_hz"] == pytest.approx(60.0, abs=0.02)
    assert 0.0 < bus["frequency_sigma_hz"] < 0.02
    assert not body["lagging"]
    figures = {row["name"]: row for row in body["efficiency"]}
    facility, it, lost, rest = (
        figures[name]["value"] for name in ("facility", "IT", "losses", "cooling and other")
    )
    assert facility == pytest.approx(it + lost + rest)
    assert rest > 0.0
    assert figures["PUE3 now"]["value"] == pytest.approx(facility / it)
    saved = figures["saved by the 800 V chain"]
    assert 0.0 < saved["sigma"] < saved["value"]
    assert "M-UA shows too much" in figures
    assert "M-MVG shows too much" not in figures, "its bus is dead"
    assert "<circle" in estimate_page.document(body, "a scan", "0")


def test_it_says_so_while_nobody_is_judged_after_switching() -> None:
    picture = Picture()
    images = [picture.view().image for _ in range(SCANS)]
    picture.shown[picture.points.index("52-MCCB-CH3", "position")] = float(Position.OPEN.value)
    for after_s, lags in ((0.3, True), (0.3, True), (0.9, False)):
        images.append(picture.view(after_s=after_s).image)
        estimate, _ = solved(images, picture.site, picture.points)
        assert estimate.fit is not None
        assert estimate.fit.lagging is lags
        body = estimate_lines.told(estimate, picture.site, picture.points, limits(estimate))
        assert (estimate_lines.LAGGING in estimate_lines.lines(body)) is lags
        assert (
            estimate_lines.LAGGING.capitalize() in estimate_page.document(body, "", "0")
        ) is lags


def test_a_load_without_meters_is_told_by_nameplate_and_a_meter_there_adds_most() -> None:
    picture = Picture()
    for point in picture.points.points:
        nature = picture.site.equipment[point.equipment].nature
        silent = point.equipment in UNMETERED or nature in BOARDS
        if silent and point.spec.unit in {"w", "var", "a"}:
            picture.quality[point.index] = Quality.BAD_NOT_CONNECTED
    images = [picture.view().image for _ in range(SCANS)]
    estimate, meters = solved(images, picture.site, picture.points)
    body = estimate_lines.told(estimate, picture.site, picture.points, limits(estimate))
    assert "CH-1" in body["by_nameplate"]
    best = meters[0]
    assert {best.equipment, *best.others} >= UNMETERED
    assert best.after_w < 0.1 * best.sigma_w


def test_a_lying_meter_and_a_lying_breaker_are_named_as_the_daemon_named_them() -> None:
    picture = Picture()
    picture._relative *= 0.1  # as meters of class 0.2 are
    picture._floor *= 0.1
    images = [picture.view().image for _ in range(4)]
    at = picture.points.index("M-MVA", "power_w")
    picture.shown[at] = -picture.true[at]
    position = picture.points.index("72-A3", "position")
    images += [picture.view().image for _ in range(6)]
    picture.shown[position] = float(Position.OPEN.value)
    images += [picture.view().image for _ in range(6)]
    estimate, meters, positions = followed(images, picture.site, picture.points)
    told = [meter._asdict() for meter in meters]
    body = estimate_lines.told(
        estimate, picture.site, picture.points, limits(estimate), told, positions
    )
    assert [one["point"] for one in body["doubted"]] == ["M-MVA.power_w"]
    assert body["doubted"][0]["should"] == pytest.approx(picture.true[at], rel=0.02)
    assert [one["equipment"] for one in body["positions"]] == ["72-A3"]
    off = next(r for r in body["efficiency"] if r["name"] == "M-MVA shows too much")
    assert off["value"] == pytest.approx(-2.0 * picture.true[at], rel=0.02)
    assert body["suspects"] == [], "with what is known of them all fits"
    said = [*estimate_lines.lines(body)]
    assert any(s.startswith("condemned: M-MVA.power_w") and s.endswith("sign") for s in said)
    assert any(s.startswith("contradicted: 72-A3") for s in said)
    page = estimate_page.document(body, "a scan", "0")
    assert "M-MVA.power_w shows" in page
    assert 'class="banner fail"' in page
    row = next(r for r in body["residuals"] if r["point"] == "RACK-1-1.feed_a_power_w")
    assert len(row["with"]) == 7
    values = images[-1].values
    parts = [picture.points.index(*name.split(".")) for name in (row["point"], *row["with"])]
    assert row["measured"] == pytest.approx(values[parts].sum())
