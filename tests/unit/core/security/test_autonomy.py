"""How long every path lasts: arithmetic by hand, and the worst case where nothing is known."""

from __future__ import annotations

import pytest

from daemon.core.facts import Path
from daemon.core.security.lasting import LONGEST_S, lasting_s
from daemon.model.quality import Quality
from tests.main_lane import Lane

ROWS = [f"ROW-{n}" for n in range(1, 7)]


def path(hall: Lane, load: str) -> Path:
    hall.scan()
    return hall.state.facts.autonomy.paths[load]


@pytest.mark.parametrize(
    ("own", "shared", "power", "most", "expected"),
    [
        (1000, 0, 3.6e6, 0, 1.0),
        (1000, 1000, 3.6e6, 3.6e6, 2.0),
        (1000, 9000, 3.6e6, 1.8e6, 2.0),  # the shared store is too weak: own is gone first
        (0, 9000, 3.6e6, 1.8e6, 0.0),
        (0, 1000, 3.6e6, 7e6, 1.0),
        (1000, 0, 0, 0, LONGEST_S),
    ],
)
def test_lasting(own: float, shared: float, power: float, most: float, expected: float) -> None:
    assert lasting_s(own, shared, power, most) == pytest.approx(expected)


def test_a_row_lasts_on_its_racks_and_its_share_of_the_dc_storage() -> None:
    hall = Lane()
    hall.put("ESS-2.discharge_limit_w", 1.5e6)
    hall.put_all("rack_row", "power_w", 0.468e6)
    own_wh, shared_wh = 23_400 * 0.95, 0.9 * 250_000 / 6 * 0.95
    row = path(hall, "ROW-1")
    by_energy_s = (own_wh + shared_wh) * 3600 / 0.468e6
    by_power_s = own_wh * 3600 / (0.468e6 - 0.25e6)
    assert row.autonomy_s == pytest.approx(min(by_energy_s, by_power_s))
    assert (row.on_storage, row.known, row.priority) == (False, True, 3)


def test_storage_behind_an_open_breaker_does_not_count() -> None:
    hall = Lane()
    hall.put("ESS-2.discharge_limit_w", 1.5e6)
    joined = path(hall, "ROW-1").autonomy_s
    hall.put("72-EA.position", 1.0)
    assert path(hall, "ROW-1").autonomy_s < 0.7 * joined
    hall.put("72-EA.position", 0.0)  # travelling: not known to be joined
    assert path(hall, "ROW-1").autonomy_s < 0.7 * joined


def test_unknown_energy_is_none_and_unknown_power_is_the_rating() -> None:
    hall = Lane()
    hall.spoil("ESS-2")
    hall.spoil("ROW-1")
    racks_only = path(hall, "ROW-1")
    assert not racks_only.known
    assert racks_only.power_w == 1.04e6
    assert racks_only.energy_wh == pytest.approx(8 * 0.9 * 3250 * 0.95)
    hall.spoil(*(f"RACK-1-{k}" for k in range(1, 9)))
    assert path(hall, "ROW-1").autonomy_s == 0.0


def test_on_storage_needs_evidence_and_keeps_the_last() -> None:
    hall = Lane()
    boards = (*hall.behind("GW-MVA"), *hall.behind("GW-MVB"), "HVDC-A", "HVDC-B")
    hall.spoil(*boards)
    assert not path(hall, "ROW-1").on_storage, "silence is no evidence"
    hall.spoil(*boards, code=Quality.GOOD)
    hall.lose_utility()
    assert path(hall, "ROW-1").on_storage
    assert hall.state.facts.autonomy.rows_on_storage
    hall.spoil(*boards)
    assert path(hall, "ROW-1").on_storage, "nor is it evidence of a return"


def test_the_lower_of_the_device_and_the_count_is_believed() -> None:
    hall = Lane()
    hall.put("UPS-A.runtime_s", 5000.0)
    hall.put("UPS-A.output_power_w", 1.0e6)
    counted_s = 0.9 * 240e3 * 0.95 * 3600 / 1.0e6
    assert path(hall, "UPS-A").autonomy_s == pytest.approx(counted_s)
    hall.put("UPS-A.runtime_s", 100.0)
    assert path(hall, "UPS-A").autonomy_s == 100.0


def test_a_dual_corded_rack_is_on_storage_only_when_both_feeds_are() -> None:
    hall = Lane()
    hall.put("UPS-A.on_battery", 1.0)
    hall.put("UPS-A.stage", "battery")
    assert not path(hall, "SR-1").on_storage
    hall.put("UPS-B.on_battery", 1.0)
    assert path(hall, "SR-1").on_storage


def test_single_corded_rack_follows_its_static_switch() -> None:
    hall = Lane()
    hall.put("UPS-A.runtime_s", 50.0)
    before = path(hall, "SS-1").autonomy_s
    here = hall.values[hall.points.index("STS-1", "connected")]
    hall.put("STS-1.connected", "source_2" if here == 1 else "source_1")
    after = path(hall, "SS-1").autonomy_s
    assert {before == 50.0, after == 50.0} == {True, False}


def test_short_names_the_loads_that_could_not_end_in_order() -> None:
    hall = Lane()
    hall.run(0.5)
    hall.lose_utility()
    hall.put_all("rack_row", "energy_stored_wh", 100.0)
    hall.put("ESS-2.soc_pu", 0.0)
    hall.scan()
    assert set(ROWS) <= set(hall.state.facts.autonomy.short)
