"""What an action would lose and overload, on the hall at its rated load."""

from __future__ import annotations

import pytest

from daemon.core.consequence import Consequence, carried_w, predict
from daemon.core.view import View
from daemon.model.commands import Proposal
from daemon.model.natures import Role
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.interlocks.test_rows import case, on_sets, one_feed
from tests.unit.core.operation.desk import Desk, select

RACK_W, ROWS_W = 130e3, 6.24e6


def rated() -> Hall:
    """Return the hall with every load in service at its rating."""
    hall = Hall()
    for item in hall.site.equipment.values():
        if item.kind.role is Role.LOAD and item.normally != "out_of_service":
            hall.said[item.id, "power_w"] = item.ratings["power_w"]
            hall.stages[item.id] = "running"
    hall.stages["SMR-1"] = "on_grid"
    return hall


def view(hall: Hall) -> View:
    """Return what a controller would be shown."""
    return case(hall, "52-VCB-MA", "open").view


def foretold(hall: Hall, equipment: str, action: str) -> Consequence:
    """Return what is foretold of an action in a hall."""
    wish = Proposal(equipment, "command", action, 0.0, "maria", "asked")
    return predict(view(hall), wish)


def test_the_balance_of_the_hall_comes_out() -> None:
    carried = carried_w(view(rated()))
    assert carried["HVDC-A"] == pytest.approx(ROWS_W / 2)
    assert carried["UPS-A"] == pytest.approx(0.55e6)  # half the dual-corded, two STS, one pump
    assert carried["REC-B"] == pytest.approx(0.1e6)
    assert carried["TX-S-A1"] == pytest.approx(0.55e6 / 0.956 + 0.1e6 / 0.95)
    # plant.md: racks 6.34, UPS 1.15, 48 V 0.21, chillers 1.0 MW: what the site draws.
    assert carried["U-A"] == pytest.approx(8.70e6, rel=0.01)
    assert carried["TX-P-A"] == pytest.approx(carried["U-A"] / 2, rel=0.001)


def test_what_follows_gives_what_it_gives() -> None:
    hall = rated()
    hall.said["SMR-1", "power_w"] = -2e6
    assert carried_w(view(hall))["U-A"] == pytest.approx(6.70e6, rel=0.01)
    hall.said["ESS-1", "power_w"] = 1e6  # charging
    assert carried_w(view(hall))["TX-P-A"] == pytest.approx(5.35e6, rel=0.01)


def test_a_power_that_cannot_be_read_counts_with_its_rating() -> None:
    hall = rated()
    for n in range(1, 9):
        hall.said[f"RACK-1-{n}", "power_w"] = 0.0
    less = carried_w(view(hall))["HVDC-A"]
    hall.hidden = {(f"RACK-1-{n}", "power_w") for n in range(1, 9)}
    assert carried_w(view(hall))["HVDC-A"] - less == pytest.approx(4 * RACK_W)


def test_a_row_on_its_last_feed_is_lost_as_a_row() -> None:
    hall = rated()
    assert foretold(hall, "72-A1", "open").lost == ()
    one_feed(hall)
    assert foretold(hall, "72-A1", "open").lost == ("ROW-1",)


def test_a_side_takes_its_single_feeds_with_it() -> None:
    assert foretold(rated(), "52-VCB-SA1", "open").lost == ("SS-1", "SS-3", "CDU-A")


def test_a_load_at_rest_has_nothing_to_lose() -> None:
    hall = rated()
    hall.stages["CH-1"] = "running"
    assert "CH-1" in foretold(hall, "52-VCB-SA2", "open").lost
    hall.stages["CH-1"] = "stopped"
    assert "CH-1" not in foretold(hall, "52-VCB-SA2", "open").lost


def test_one_set_is_overloaded_by_a_section_and_three_are_not() -> None:
    hall = rated()
    on_sets(hall)
    assert "DG-1" in foretold(hall, "52-VCB-GA", "close").overloaded
    for n in (2, 3):
        hall.stages[f"DG-{n}"], hall.positions[f"52-GCB-{n}"] = "loaded", CLOSED
    assert foretold(hall, "52-VCB-GA", "close") == Consequence()


def test_who_takes_a_set_off_a_bus_is_told_at_selection_that_the_other_is_too_small() -> None:
    desk = Desk()
    desk.hall = rated()
    on_sets(desk.hall)
    desk.hall.stages["DG-2"] = "loaded"
    desk.hall.positions |= {"52-GCB-2": CLOSED, "52-VCB-GA": CLOSED}
    desk.scan(inbox=(select("open", "52-GCB-2"),))
    assert desk.happened("command_selected")[0].fields["overloaded"] == ("52-GCB-1", "DG-1")


def test_the_last_converter_is_not_overloaded_by_all_rows_but_a_weak_one_is() -> None:
    hall = rated()
    assert foretold(hall, "HVDC-A", "stop") == Consequence()
    hall.positions |= {"52-VCB-HB": OPEN, "72-TIE": CLOSED}
    lost = foretold(hall, "HVDC-A", "stop").lost
    assert set(lost) == {f"ROW-{n}" for n in range(1, 7)}


def test_one_primary_transformer_carries_the_hall() -> None:
    hall = rated()
    hall.positions |= {"52-VCB-MB": OPEN}
    after = foretold(hall, "52-VCB-TIE", "close")
    assert after.lost == ()
    assert after.overloaded == ()  # 8.7 MW of 11.4 through TX-P-A: 78 % of 12 MVA
    side_a_w = ROWS_W / 0.984 + 0.87e6 / 0.956 + 0.2e6 / 0.95 + 0.5e6
    assert carried_w(view(hall))["TX-P-A"] == pytest.approx(side_a_w)


def test_what_changes_nothing_foretells_nothing() -> None:
    hall = rated()
    assert foretold(hall, "52-VCB-MA", "close") == Consequence()
    assert foretold(hall, "52-VCB-TIE", "open") == Consequence()
    assert foretold(hall, "CCTS-1", "reset") == Consequence()
    assert foretold(hall, "ROW-1", "shutdown").lost == ("ROW-1",)


def test_a_source_that_leaves_hands_its_load_on() -> None:
    hall = rated()
    hall.stages["GT-1"] = "loaded"
    hall.positions["52-GCB-GT"] = CLOSED
    assert foretold(hall, "GT-1", "stop") == Consequence()
    hall.positions["52-VCB-IN"] = OPEN
    lost = foretold(hall, "GT-1", "stop").lost  # the reactor beside it holds nothing alone
    assert {"ROW-1", "ROW-6", "NET-1", "SR-1"} <= set(lost)
