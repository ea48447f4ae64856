"""Orders to give, made by hand, with more or less left than rides through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.rehearsal.oracles.reserve import POINT, WITHDRAWN_S, Reserve
from daemon.settings import SiteFile, load
from tests.sharing import sharing_hall
from tests.unit.rehearsal.oracles.course import Course, happens, site_file

STORE, UPS = "ESS-1", "UPS-A"


@pytest.fixture(scope="module")
def sharing(tmp_path_factory: pytest.TempPathFactory) -> SiteFile:
    """Return the hall with UPS-A that shares its load."""
    file = tmp_path_factory.mktemp("site") / "hall.yaml"
    file.write_text(sharing_hall())
    return load(file)


def allowed(found: SiteFile, **words: Any) -> SiteFile:
    """Return the site with other words on peaks."""
    peaks = replace(found.control.peaks, **words)
    return replace(found, control=replace(found.control, peaks=peaks))


def told(at: Course, value_w: float, charge_pu: float, store: str = STORE) -> bool | None:
    """Return whether it is right to tell the store so with this charge, whatever was before."""
    at.oracle.wrong.clear()
    at.device(store).battery.soc_pu = charge_pu
    at.device(store).set(POINT, value_w)
    at.oracle.wrote(at.plant.now_ns, store, POINT, value_w, taken=True)
    return at.verdict.ok


def test_giving_of_the_reserve_is_wrong() -> None:
    """The hall declares a fifth of 6 MWh; a hundredth of that is left to a gauge that is wrong."""
    course = Course(Reserve()).at(1)
    right = [charge_pu for charge_pu in (0.5, 0.21, 0.1996) if told(course, -1e6, charge_pu)]
    wrong = [charge_pu for charge_pu in (0.1994, 0.1, 0.03) if not told(course, -1e6, charge_pu)]
    assert (len(right), len(wrong)) == (3, 3)
    course.device(STORE).room.happen("gauge_stuck", {"soc_pu": 0.5})
    assert told(course, -1e6, 0.192)
    assert not told(course, -1e6, 0.188), "whatever is shown"
    course.device(STORE).room.clear()
    assert told(course, 1e6, 0.03)
    assert told(course, 0.0, 0.03)


def test_the_reserve_is_what_the_site_declares_or_what_rides_through() -> None:
    """3 MW for 78 s until no set is known to come, and for 222 s of shutdown, by 0.95."""
    oracle = Reserve()
    scene = Course(oracle).oracle.scene
    for reserve_pu, wh in ((0.2, 1.2e6), (0.4, 2.4e6), (0.0, 263_158.0)):
        oracle.begin(replace(scene, site_file=allowed(site_file(), reserve_pu=reserve_pu)))
        assert oracle.reserve_wh(STORE) == pytest.approx(wh)


def test_who_was_told_before_has_to_be_told_to_stop() -> None:
    course = Course(Reserve()).at(1)
    assert told(course, -3e6, 0.2)
    course.device(STORE).battery.soc_pu = 0.1903
    assert course.at(1 + WITHDRAWN_S).verdict.ok, "within what its gauge may be wrong by"
    course.device(STORE).battery.soc_pu = 0.189
    assert course.at(10).verdict.ok is False
    assert "goes on giving" in course.verdict.detail


def test_what_something_urgent_leaves_behind_may_be_withdrawn_in_time() -> None:
    course = Course(
        Reserve(), happens(0.5, "U-[AB]", "outage"), happens(3.0, "U-[AB]", "return")
    ).at(2.5)
    course.device(STORE).set(POINT, -1e6)
    assert told(course, -1e6, 0.1)
    course.at(4.0).device(STORE).set(POINT, 0.0)
    assert course.at(12.0).verdict.ok


def test_without_a_utility_it_is_what_the_reserve_is_for() -> None:
    course = Course(Reserve(), happens(0.5, "U-[AB]", "outage")).at(1)
    assert told(course, -1e6, 0.03)


def test_a_ups_that_shares_keeps_its_reserve(sharing: SiteFile) -> None:
    """At 0.3 what rides through is more: 1.44 MW for 300 s, by 0.95, are 126 of its 240 kWh."""
    course = Course(Reserve(), found=sharing).at(1)
    scene = course.oracle.scene
    cases = ((0.6, 0.65, True), (0.6, 0.58, False), (0.3, 0.58, True), (0.3, 0.5, False))
    for ups_pu, charge_pu, right in (*cases, (1.0, 0.9, False)):
        course.oracle.begin(replace(scene, site_file=allowed(sharing, ups_pu=ups_pu)))
        assert told(course, -0.3e6, charge_pu, UPS) is right


def test_a_ups_that_takes_no_orders_is_not_judged() -> None:
    oracle = Reserve()
    course = Course(oracle)
    oracle.wrote(course.plant.now_ns, UPS, POINT, -0.3e6, taken=True)
    assert course.verdict.ok
