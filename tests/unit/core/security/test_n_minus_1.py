"""If this dies now, who is lost, and after how long: by hand, on a site with one of everything."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core import tags
from daemon.core.facts import Facts
from daemon.core.security import n_minus_1
from daemon.core.security.n_minus_1 import Params
from daemon.core.security.zone import Zone, zones_of
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import LaneMessage
from daemon.model.contingency import Contingency
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND
from daemon.rehearsal.planning.file import text_of
from tests.main_lane import Lane, alarms, events

if TYPE_CHECKING:
    from pathlib import Path

NEVER = float("inf")
SERVERS = {f"SR-{n}" for n in range(1, 5)}
ROWS = {f"ROW-{n}" for n in range(1, 7)}
CALM = {"SMR-1": -2.0e6, "PV-1": -0.3e6, "ESS-1": 0.0}
"""Powers of the sources of the hall that the picture does not know the sign of."""


def hall(name: str = "ai_hall") -> Lane:
    """Return a site in its normal state, its answers given."""
    lane = Lane(name)
    for item, power_w in CALM.items():
        if name == "ai_hall":
            lane.put(f"{item}.power_w", power_w)
    lane.run(0.5)
    return lane


def answers(lane: Lane) -> dict[str, Contingency]:
    """Return the answers after more than a second."""
    lane.scan(after_s=1.1)
    return {case.element: case for case in lane.state.facts.security.contingencies}


def without(lane: Lane, *elements: str) -> None:
    """Show utilities dead, and everything between them and the next switch."""
    for name in elements:
        bus = lane.site.equipment[name].buses[0]
        for point in lane.points.points:
            item = lane.site.equipment[point.equipment]
            if bus in item.buses and "voltage" in point.spec.name:
                lane.values[point.index] = 0.0


def test_of_one_of_everything_the_loss_of_any_costs_the_racks_after_their_battery() -> None:
    site = hall("traditional")
    told = answers(site)
    ups = site.site.equipment["UPS-1"].ratings
    now_w = site.values[site.points.index("UPS-1", "output_power_w")]
    stored_ws = 900.0 * now_w
    behind = [e for e in site.site.equipment.values() if e.nature in {"it_rack", "pump"}]
    drawn_w = sum(0.8 * e.ratings["power_w"] for e in behind if e.id != "NET-1")
    stored_ws -= 0.03 * ups["energy_wh"] * 3600.0 * (drawn_w - now_w) / ups["power_w"]
    assert drawn_w > now_w
    for element in ("U-1", "TX-P-1", "TX-S-1"):
        assert dict(told[element].lost)["SR-1"] == pytest.approx(stored_ws / drawn_w, abs=0.1)
        assert not told[element].transfers
    assert dict(told["UPS-1"].lost)["SR-1"] == 0.0
    assert told["UPS-1"].first_lost_s == 0.0
    assert not told["TX-S-2"].lost
    assert not told[""].lost


def test_the_hall_loses_nothing_whatever_dies() -> None:
    for element, case in answers(hall()).items():
        assert not case.lost, element
        assert not case.overloaded, element


def test_the_loss_of_the_feed_is_bridged_until_the_intake_has_moved() -> None:
    case = answers(hall())["U-A"]
    assert dict(case.transfers) == {"ALTS-1": Params().intake_s}
    waiting = {load: until_s for load, _, until_s in case.on_storage}
    assert waiting["SR-1"] == Params().intake_s
    assert waiting["ROW-1"] == Params().intake_s + Params().restart_s


def test_without_the_other_feed_the_sets_come_and_without_them_nobody() -> None:
    site = hall()
    without(site, "U-B")
    case = answers(site)["U-A"]
    assert not case.lost
    assert {"DG-1", "DG-2", "DG-3", "DG-4"} <= dict(case.transfers).keys()
    assert case.transfers[0][1] >= Params().sets_s
    site.put_all("generator", "selector", "manual")
    case = answers(site)["U-A"]
    assert dict(case.lost).keys() >= SERVERS | ROWS
    assert not case.transfers
    assert all(until_s == NEVER for *_, until_s in case.on_storage)
    row_s = site.state.facts.autonomy.paths["ROW-1"].autonomy_s
    assert dict(case.lost)["ROW-1"] == pytest.approx(row_s, abs=0.1)


def test_too_few_sets_are_overloaded_and_one_less_is_more_so() -> None:
    site = hall()
    without(site, "U-B")
    for name in ("DG-3", "DG-4"):
        site.put(f"{name}.available", 0.0)
    over = dict(answers(site)["U-A"].overloaded)
    assert 1.0 < over["MVG"] < 2.0
    site.put("DG-2.available", 0.0)
    assert dict(answers(site)["U-A"].overloaded)["MVG"] == pytest.approx(2 * over["MVG"], abs=0.02)


def test_a_primary_transformer_is_replaced_by_the_tie_for_those_that_have_one_side_alone() -> None:
    site = hall()
    site.put("52-VCB-HB.position", 1.0)
    case = answers(site)["TX-P-A"]
    assert not case.lost
    waiting = {load: until_s for load, _, until_s in case.on_storage}
    assert waiting.keys() == ROWS
    assert waiting["ROW-1"] == Params().tie_s + Params().restart_s
    assert dict(case.transfers) == {"52-VCB-TIE": Params().tie_s}
    site.put("52-VCB-TIE.local", 1.0)
    assert "52-VCB-TIE" not in dict(answers(site)["TX-P-A"].transfers)


@pytest.mark.parametrize("on", ["52-VCB-TIE", "CCTS-1"])
def test_what_a_maintenance_tag_hangs_on_is_not_counted_on(on: str) -> None:
    site = hall()
    site.put("52-VCB-HB.position", 1.0)
    site.scan(LaneMessage("switching", tags.TOPIC, {on: {"anna": "works"}}))
    assert "52-VCB-TIE" not in dict(answers(site)["TX-P-A"].transfers)


def test_a_set_under_a_tag_is_one_less() -> None:
    site = hall()
    without(site, "U-B")
    site.scan(LaneMessage("switching", tags.TOPIC, {"DG-1": {"anna": "works"}}))
    assert "DG-1" not in dict(answers(site)["U-A"].transfers)
    assert "DG-2" in dict(answers(site)["U-A"].transfers)


def test_a_backup_left_alone_carries_what_two_carried() -> None:
    site = hall()
    site.put("52-ACB-UB.position", 1.0)
    site.put("UPS-B.stage", "battery")
    site.put("UPS-B.on_battery", 1.0)
    lost = dict(answers(site)["UPS-A"].lost)
    path = site.state.facts.autonomy.paths["UPS-B"]
    servers_w = sum(0.8 * site.site.equipment[n].ratings["power_w"] for n in SERVERS)
    single_w = 4 * 0.8 * 40e3
    pump_w = 0.8 * 150e3
    together_w = servers_w + single_w + pump_w
    faster_pu = (together_w - path.power_w) / 1.44e6
    stored_ws = path.autonomy_s * path.power_w - 0.03 * 200e3 * 3600.0 * faster_pu
    expected = stored_ws / together_w
    assert lost["SR-1"] == pytest.approx(expected, abs=0.1)
    assert "SR-1" not in dict(answers(site)["HVDC-A"].lost)


def test_a_single_cord_is_saved_by_its_static_switch_while_that_is_on_auto() -> None:
    site = hall()
    assert not answers(site)["UPS-A"].lost
    site.put("STS-1.selector", "manual")
    assert dict(answers(site)["UPS-A"].lost) == {"SS-1": 0.0}


def test_a_converter_that_remains_is_judged_by_what_it_would_have_to_carry() -> None:
    site = hall()
    site.put_all("rack_row", "power_w", 1.4e6)
    told = answers(site)
    assert not told[""].overloaded
    expected = 6 * 1.4e6 / 0.984 / 8e6
    assert dict(told["HVDC-A"].overloaded)["HVDC-B"] == pytest.approx(expected, abs=0.01)
    site.spoil(*ROWS)  # unknown power is the rating: less here, and still the worst that is known
    assert not answers(site)["HVDC-A"].overloaded


@pytest.mark.parametrize("code", [0.0, 3.0])
def test_a_switch_of_unknown_position_carries_nothing(code: float) -> None:
    site = hall()
    site.put("52-VCB-HB.position", code)
    assert {load for load, *_ in answers(site)["HVDC-A"].on_storage} == ROWS
    assert dict(answers(site)["HVDC-A"].lost).keys() == ROWS


def test_a_silent_ups_is_no_help() -> None:
    site = hall()
    site.spoil("UPS-B")
    assert dict(answers(site)["UPS-A"].lost).keys() >= SERVERS


def test_a_ups_in_bypass_has_no_battery_behind_it() -> None:
    site = hall()
    without(site, "U-B")
    site.put_all("generator", "selector", "manual")
    for name in ("UPS-A", "UPS-B"):
        site.put(f"{name}.stage", "static_bypass")
    lost = dict(answers(site)["U-A"].lost)
    assert lost["SR-1"] == 0.0
    assert site.state.facts.autonomy.paths["UPS-A"].autonomy_s == 0.0


def test_what_turns_bad_is_told_once_it_stands_and_again_when_it_is_good() -> None:
    site = hall()
    site.put("52-VCB-HB.position", 0.0)
    assert not events(site.run(1.5), "n_minus_1_lost")
    told = events(site.run(3.0), "n_minus_1_lost")
    assert {e.source for e in told} == {"HVDC-A"}
    assert set(told[0].fields["loads"]) == ROWS
    assert told[0].fields["after_s"] > 0.0
    assert "ROW-1" in told[0].text
    assert list(site.state.facts.security.bad) == ["HVDC-A"]
    site.put("52-VCB-HB.position", 2.0)
    restored = events(site.run(4.0), "n_minus_1_restored")
    assert [e.source for e in restored] == ["HVDC-A"]
    assert not site.state.facts.security.bad


def test_what_is_only_not_seen_cannot_be_told_and_that_is_said_at_once() -> None:
    site = hall()
    site.spoil("52-VCB-HB")
    done = site.run(4.5)
    (said,) = events(done, "n_minus_1_unknown")
    assert said.source == "HVDC-A"
    assert "cannot be told" in said.text
    assert set(said.fields["loads"]) == ROWS
    raised = {a.alarm_class: a.state for a in alarms(done)}
    assert raised["n-minus-1-unknown"] == "H", "the silence that it comes from is shown"
    assert raised["device-silent"] == "B"
    assert "n-minus-1-lost" not in raised
    assert list(site.state.facts.security.unknown) == ["HVDC-A"]
    assert not site.state.facts.security.bad
    assert not answers(site)["HVDC-A"].known
    assert answers(site)["HVDC-A"].lost, "the worst that may be stands in the answer"
    assert answers(site)["HVDC-B"].known
    site.spoil("52-VCB-HB", code=Quality.GOOD)
    done = site.run(6.0)
    assert events(done, "n_minus_1_restored")
    assert not events(done, "n_minus_1_lost")
    assert not site.state.facts.security.unknown
    assert answers(site)["HVDC-A"].known


def test_where_no_silence_explains_it_that_it_cannot_be_told_is_an_alarm() -> None:
    site = hall()
    site.quality[site.points.index("52-VCB-HB", "position")] = Quality.BAD_OUT_OF_RANGE
    assert [a.alarm_class for a in alarms(site.run(4.5), "B")] == ["n-minus-1-unknown"]


@pytest.mark.parametrize(
    ("point", "value"),
    [
        ("52-VCB-HB.position", 3.7e5),
        ("52-VCB-HB.position", -4.0),
        ("STS-1.connected", 17.0),
        ("UPS-A.stage", -1e6),
        ("HVDC-B.stage", 250.0),
        ("CCTS-1.selector", 9.0),
        ("52-VCB-TIE.local", 2.0),
    ],
)
def test_what_cannot_be_is_not_seen(point: str, value: float) -> None:
    """A code that no device can mean says as little as silence, and never that a load is lost."""
    site, index = hall(), hall().points.index(*point.split("."))
    site.values[index], site.quality[index] = value, Quality.BAD_OUT_OF_RANGE
    done = site.run(4.5)
    assert {a.alarm_class for a in alarms(done, "B")} <= {"n-minus-1-unknown"}
    assert not events(done, "n_minus_1_lost")
    assert not site.state.facts.security.bad
    silent = hall()
    silent.quality[index] = Quality.BAD_TIMEOUT
    silent.run(4.5)
    assert site.state.facts.security.unknown == silent.state.facts.security.unknown


@pytest.mark.parametrize("power_w", [-4.6e5, math.nan, 1e9])
def test_a_power_that_cannot_be_relieves_nobody(power_w: float) -> None:
    """The utility is above its rating as it is: whoever dies is not to blame for that."""
    site = Lane()
    assert [name for name, _ in answers(site)[""].overloaded] == ["U-A"]
    site.values[site.points.index("CDU-A", "power_w")] = power_w
    site.spoil("CDU-A", code=Quality.BAD_OUT_OF_RANGE)
    site.run(4.5)
    assert site.state.n_minus_1.best
    assert not site.state.facts.security.bad


@pytest.mark.parametrize("last_w", [-1e9, -1e6, 1e5, 1e9, math.nan])
@pytest.mark.parametrize(("load", "least_w", "most_w"), [("CDU-A", 0, 1.5e5), ("SMR-1", -2e6, 0)])
def test_at_best_a_power_is_the_last_that_can_be(
    load: str, least_w: float, most_w: float, last_w: float
) -> None:
    site = Lane()
    site.values[site.points.index(load, "power_w")] = last_w
    site.spoil(load, code=Quality.BAD_OUT_OF_RANGE)
    image = site.image()
    view = View(
        lane="main", image=image, inbox=(), site=site.site, points=site.points,
        topology=survey(image, site.site, site.points), facts=Facts(), heard={},
        estimate=None, epoch=1, next_id=1,
    )  # fmt: skip
    (zone,) = zones_of(site.site, site.points)
    place = [each.id for each in zone.loads].index(load)
    expected_w = min(max(0.0 if math.isnan(last_w) else last_w, least_w), most_w)
    assert zone.load_w(view, at_best=True)[place] == expected_w
    assert zone.load_w(view)[place] == most_w


def test_whether_loads_are_fed_at_all_may_not_be_told_either() -> None:
    site = hall()
    site.spoil(*site.behind("GW-MVA"), *site.behind("GW-MVB"))
    done = site.run(6.0)
    assert "ai_hall" in {e.source for e in events(done, "n_minus_1_unknown")}
    assert "" in site.state.facts.security.unknown
    assert not answers(site)[""].known
    site.spoil(*site.behind("GW-MVA"), *site.behind("GW-MVB"), code=Quality.GOOD)
    site.run(6.0)
    assert not site.state.facts.security.unknown


def test_however_long_values_are_missing_there_is_no_all_clear_and_no_guess() -> None:
    site = hall()
    site.spoil("52-VCB-HB")
    done = [site.scan(after_s=1.0) for _ in range(200)]
    assert len(events(done, "n_minus_1_unknown")) == 1
    assert not events(done, "n_minus_1_lost")
    assert not events(done, "n_minus_1_restored")
    assert list(site.state.facts.security.unknown) == ["HVDC-A"]


@pytest.mark.parametrize("silent", ["SS-1", "UPS-A", "GW-MVA"])
def test_what_turns_bad_while_something_else_is_silent_is_told_as_soon(silent: str) -> None:
    site = hall()
    site.spoil(*(site.behind(silent) or (silent,)))
    site.run(4.0)
    site.put("52-VCB-HB.position", 1.0)
    lost = events(site.run(4.0), "n_minus_1_lost")
    assert "HVDC-A" in {e.source for e in lost}
    assert "HVDC-A" in site.state.facts.security.bad


def test_what_is_open_when_it_falls_silent_is_lost_and_not_unknown() -> None:
    site = hall()
    site.put("52-VCB-HB.position", 1.0)
    site.run(4.0)
    site.spoil("52-VCB-HB")
    site.run(4.0)
    assert "HVDC-A" in site.state.facts.security.bad
    assert not site.state.facts.security.unknown


def test_what_is_lost_before_something_else_falls_silent_stays_alarmed() -> None:
    site = hall()
    site.put("52-VCB-HB.position", 0.0)
    site.run(4.0)
    site.spoil("SS-1")
    site.run(4.0)
    assert "HVDC-A" in site.state.facts.security.bad


def test_a_set_that_runs_takes_nothing_from_a_main_that_is_closed() -> None:
    site = hall()
    before = answers(site)
    site.put("DG-1.stage", "ready")
    site.put("DG-1.voltage_ll_v", 6600.0)
    now = answers(site)
    assert now[""] == before[""]
    assert now["DG-1"].overloaded == now["52-VCB-GA"].overloaded == now[""].overloaded


def test_a_breaker_on_its_way_is_no_news() -> None:
    site = hall()
    for _ in range(4):
        site.put("52-VCB-HB.position", 0.0)
        assert not events(site.run(0.5), "n_minus_1_lost")
        site.put("52-VCB-HB.position", 2.0)
        assert not events(site.run(0.5), "n_minus_1_lost")


def test_what_a_site_lives_with_is_in_the_answer_and_not_told() -> None:
    site = hall("traditional")
    assert not events(site.run(5.0), "n_minus_1_lost")
    assert answers(site)["U-1"].lost
    control = replace(site.params.control, n_minus_1=Params())
    other = hall("traditional")
    other.take(other.site)
    other.params = replace(other.params, control=control)
    assert {e.source for e in events(other.run(5.0), "n_minus_1_lost")} >= {"U-1", "UPS-1"}


def test_loads_that_are_on_storage_anyway_are_nobodys_fault() -> None:
    site = hall()
    site.lose_utility()
    site.put_all("generator", "selector", "manual")
    told = answers(site)
    assert dict(told[""].lost).keys() >= SERVERS | ROWS
    assert not events(site.run(5.0), "n_minus_1_lost")


def test_the_answer_rests_while_nothing_changes_and_is_never_older_than_a_second() -> None:
    site = hall()
    site.run(2.0)
    seen = [(site.now_ns, site.scan().state.facts.security) for _ in range(25)]
    news = [
        now_ns
        for (now_ns, fact), (_, last) in zip(seen[1:], seen, strict=False)
        if fact is not last
    ]
    assert 2 <= len(news) <= 3 or not news
    began = site.state.n_minus_1.began_ns
    assert site.now_ns - began <= SECOND
    site.put("52-VCB-HB.position", 1.0)
    site.scan()
    assert site.state.n_minus_1.began_ns == site.now_ns


def test_storage_on_ac_holds_a_section_once_it_forms_and_within_what_it_can() -> None:
    site = hall()
    site.lose_utility()
    at_rest = answers(site)[""]
    for board in ("52-VCB-EA", "52-VCB-HA", "52-VCB-SA1", "52-VCB-MA"):
        site.put(f"{board}.source_voltage_v", 6600.0)
    for name in ("R-MVA.voltage_ll_v", "M-MVA.voltage_v", "HVDC-A.input_voltage_ll_v"):
        site.put(name, 6600.0)
    for switch in ("52-VCB-MA", "52-VCB-MB", "52-VCB-IN"):
        site.put(f"{switch}.position", 1.0)
    for point in site.points.points:
        item = site.site.equipment[point.equipment]
        if item.nature == "breaker" and "voltage" in point.spec.name:
            at = item.buses[0 if point.spec.name.startswith("source") else 1]
            if at in {"MVA", "ES1", "HAI", "SA11", "SA21", "QA"}:
                site.put(point.id, 6600.0)
    site.put("HVDC-A.stage", "running")
    site.put("ESS-1.stage", "grid_forming")
    site.put("ESS-1.discharge_limit_w", 3e6)
    site.put("ESS-1.power_w", -2.0e6)
    site.put_all("rack_row", "power_w", 0.3e6)
    told = answers(site)[""]
    path = site.state.facts.autonomy.paths["ROW-1"]
    assert path.held_s == pytest.approx(0.9 * 6e6 * 0.95 * 3600 / 2.0e6)
    assert path.on_storage
    longer = {load: s for load, s, _ in told.on_storage}["ROW-1"]
    assert longer > 1000.0 > {load: s for load, s, _ in at_rest.on_storage}["ROW-1"]
    site.put("ESS-1.discharge_limit_w", 1.0e6)  # derated below what hangs on it
    told = answers(site)[""]
    assert site.state.facts.autonomy.paths["ROW-1"].held_s == 0.0
    assert {load: s for load, s, _ in told.on_storage}["ROW-1"] < 1000.0


def test_every_feed_is_told_with_what_stands_behind_it() -> None:
    site = hall()
    site.put("ESS-2.discharge_limit_w", 1.5e6)
    site.put("UPS-A.runtime_s", 50.0)
    site.scan(after_s=1.1)
    feeds = {f.bus: f for f in site.state.facts.autonomy.feeds["SR-1"]}
    assert feeds["SR1A"].lasts_s == 50.0
    assert feeds["SR1B"].lasts_s > 50.0
    row = {f.bus: f for f in site.state.facts.autonomy.feeds["ROW-1"]}
    assert row["DA1"].lasts_s > row["DB1"].lasts_s  # the DC storage is joined to side A
    own_wh = 23_400 * 0.95
    assert row["DB1"].lasts_s == pytest.approx(own_wh * 3600 / (0.8 * 1.04e6))
    within_wh = min(own_wh, 1.04e6 * 300 / 3600)
    assert row["DB1"].reserve_wh == pytest.approx(within_wh)
    site.put("52-MCCB-SA1.position", 1.0)
    site.scan(after_s=1.1)
    assert site.state.facts.autonomy.feeds["SR-1"][0].lasts_s == 0.0


@pytest.mark.parametrize("row_w", [0.4e6, 1.6e6])
def test_blocks_answer_for_themselves_as_the_whole_site_would(
    row_w: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(text_of(17e6, 130e3))

    def told() -> tuple[int, dict[str, list[set[object]]]]:
        site = Lane(str(path))
        site.take(site.site)
        site.put_all("rack_row", "power_w", row_w)
        site.put_all("smr", "power_w", 0.0)
        site.put_all("pv", "power_w", 0.0)
        site.put_all("ess", "power_w", 0.0)
        site.put("B01-52-VCB-HB.position", 1.0)
        site.put("B02-UPS-B.stage", "battery")
        site.run(2.5)
        cases = site.state.facts.security.contingencies
        count = len(site.state.n_minus_1.answers)
        return count, {c.element: [set[object](part) for part in c[1:5]] for c in cases}

    parts, by_block = told()
    whole = lambda site, points: (Zone(site, points, tuple(site.equipment.values())),)  # noqa: E731
    monkeypatch.setattr(n_minus_1, "zones_of", whole)
    one, at_once = told()
    assert (parts, one) == (2, 1)
    assert by_block.keys() == at_once.keys()
    for element, case in by_block.items():
        # What is so anyway in another block is no part of the answer for an element of this one.
        new, expected = (
            [part - before for part, before in zip(parts, base, strict=True)] if element else parts
            for parts, base in ((case, by_block[""]), (at_once[element], at_once[""]))
        )
        assert new == expected, element
    assert by_block["B01-HVDC-A"][0], "rows of the first block"
    assert any("U-B" in str(name) for name in by_block["U-A"][2]) == (row_w > 1e6)


def test_nothing_known_is_no_contingency() -> None:
    site = Lane()
    site.quality[:] = Quality.BAD_NOT_CONNECTED
    told = answers(site)
    assert dict(told[""].lost).keys() >= SERVERS | ROWS
    assert not events(site.run(5.0), "n_minus_1_lost")
