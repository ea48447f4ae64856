"""PUE against a balance of energy made by hand, from what the plant is made of."""

from __future__ import annotations

import pytest

from daemon.core.estimation import efficiency
from daemon.model.natures import Role
from daemon.model.quantities import HOUR, MINUTE, SECOND
from tests.unit.core.estimation.picture import Picture, seen_lying


def test_energies_are_the_areas_under_their_powers_and_no_pause_is_counted() -> None:
    count = efficiency.counted(None, 0, (0.0, 0.0, 0.0))
    for second in range(1, 3601):
        power_w = 1e6 * second / 3600.0
        count = efficiency.counted(count, second * SECOND, (1.3 * power_w, power_w, 0.1 * power_w))
    assert count.it_wh == pytest.approx(0.5e6, rel=1e-9)
    assert count.facility_wh == pytest.approx(0.65e6, rel=1e-9)
    paused = efficiency.counted(count, HOUR + MINUTE, (1.3e6, 1e6, 1e5))
    assert paused.it_wh == count.it_wh


def test_pue_is_all_that_comes_in_by_what_racks_take_at_their_inlets() -> None:
    """Own generation counts as well as import (ISO/IEC 30134-2), charging a store does not."""
    view, picture = seen_lying(), Picture()
    assert view.estimate is not None
    told = view.estimate.efficiency
    assert told is not None

    def true_w(name: str, point: str = "power_w") -> float:
        return float(picture.true[picture.points.index(name, point)])

    site = picture.site
    feeds = {e.buses[0] for e in site.of_nature("utility")}
    import_w = sum(true_w(e.id) for e in site.of_nature("meter") if e.buses[0] in feeds)
    own = site.of_nature("smr", "pv", "gas_turbine", "generator")
    stored_w = sum(true_w(e.id) for e in site.of_nature("ess"))
    facility_w = import_w - sum(true_w(e.id) for e in own) - stored_w
    inlets = ("feed_a_power_w", "feed_b_power_w")
    racks_w = sum(true_w(e.id, name) for e in site.of_nature("ai_rack") for name in inlets)
    racks_w += sum(true_w(e.id) for e in site.of_nature("it_rack"))
    assert told.pue_category == "PUE3"
    assert told.it_w == pytest.approx(racks_w, rel=0.01)
    assert told.facility_w == pytest.approx(facility_w, rel=0.01)
    assert told.pue_pu == pytest.approx(facility_w / racks_w, abs=3.0 * told.pue_sigma_pu)
    assert told.pue_sigma_pu < 0.01
    # The same from the other end: what is neither IT nor lost is cooled and pumped.
    others = [e for e in site.equipment.values() if e.kind.role is Role.LOAD]
    others_w = sum(true_w(e.id) for e in others if e.nature not in {"ai_rack", "it_rack"})
    assert facility_w == pytest.approx(racks_w + others_w + told.loss_w, rel=0.01)
