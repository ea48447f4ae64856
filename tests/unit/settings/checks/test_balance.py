"""The balance of the reference hall, as it was worked by hand; and cases that do not close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import load, problems
from daemon.settings.checks.balance import Flow, carry
from daemon.settings.forms import BalanceForm
from tests.unit.settings.edits import Edit, found, shipped, write

if TYPE_CHECKING:
    from pathlib import Path

POWER_FACTOR = 0.95
HALL = BalanceForm(power_factor_pu=POWER_FACTOR, unlisted_w={"MVA": 39e3, "MVB": 39e3})


def flow(*out: str) -> Flow:
    return carry(load("ai_hall").site, HALL, out)


def test_full_load_is_8_85_mw_and_9_3_mva() -> None:
    carried_va = flow().loading["U-A"].carried_va
    assert carried_va == pytest.approx(9.3e6, abs=0.05e6)
    assert carried_va * POWER_FACTOR == pytest.approx(8.85e6, abs=0.005e6)


def test_parts_of_the_full_load() -> None:
    demand_w = flow().demand_w
    assert demand_w["HAI"] + demand_w["HBI"] == pytest.approx(6.34e6, abs=5e3)
    assert demand_w["UAI"] + demand_w["UBI"] == pytest.approx(1.15e6, abs=5e3)
    assert demand_w["RAI"] + demand_w["RBI"] == pytest.approx(0.21e6, abs=5e3)
    chillers = [demand_w[f"CH{n}2"] for n in (1, 2, 3)]
    assert chillers == [0.5e6, 0.5e6, 0.0], "two running, one standing by"
    parts_w = 6.34e6 + 1.15e6 + 0.21e6 + 1.0e6
    assert demand_w["UA"] - parts_w == pytest.approx(0.14e6, abs=15e3)


def test_one_primary_transformer_carries_all_at_78_percent() -> None:
    without_a, without_b = flow("TX-P-A").loading, flow("TX-P-B").loading
    assert f"{without_a['TX-P-B'].share_pu:.0%}" == "78%"
    assert f"{without_b['TX-P-A'].share_pu:.0%}" == "78%"
    assert "TX-P-A" not in without_a


def test_one_converter_carries_all_rows_at_79_percent() -> None:
    assert f"{flow('HVDC-A').loading['HVDC-B'].share_pu:.0%}" == "79%"
    assert f"{flow('HVDC-B').loading['HVDC-A'].share_pu:.0%}" == "79%"


def test_the_reserve_feed_takes_over_alone() -> None:
    loading = flow("U-A").loading
    assert loading["U-B"].carried_va == pytest.approx(9.3e6, abs=0.05e6)
    assert "U-A" not in loading


@pytest.mark.parametrize("lost", ["DG-1", "DG-2", "DG-3", "DG-4"])
def test_any_three_sets_carry_all_and_the_recharge(lost: str) -> None:
    loading = flow("U-A", "U-B", lost).loading
    (name,) = (key for key in loading if key.startswith("DG-"))
    assert lost not in name
    sets = loading[name]
    assert sets.rating_va * POWER_FACTOR == pytest.approx(9.6e6)
    assert (sets.rating_va - sets.carried_va) * POWER_FACTOR >= 0.4e6


def test_two_sets_do_not_carry_all() -> None:
    assert flow("U-A", "U-B", "DG-1", "DG-4").loading["DG-2, DG-3"].share_pu > 1.3


def test_dual_fed_loads_move_to_the_side_that_is_left() -> None:
    both, one = flow(), flow("UPS-A")
    assert both.loading["UPS-A"].carried_va == both.loading["UPS-B"].carried_va == 550e3
    assert one.loading["UPS-B"].carried_va == 950e3
    assert [load_.id for load_ in one.unfed] == ["CDU-A"]


def test_nothing_carries_what_is_out_of_service() -> None:
    for out in ("TX-S-A1", "REC-B", "52-VCB-HA", "ATS-M1"):
        assert out not in flow(out).loading


EDITS = {
    "transformer too small with everything in service": Edit(
        "&tx_p  {nature: transformer, ratings: {power_va: 12e6",
        "&tx_p  {nature: transformer, ratings: {power_va: 4e6",
        "balance", "with everything in service, TX-P-A carries 4.7", alone=False,
    ),
    "transformer too small without the other": Edit(
        "&tx_p  {nature: transformer, ratings: {power_va: 12e6",
        "&tx_p  {nature: transformer, ratings: {power_va: 9e6",
        "balance.n_minus_1.1", "without TX-P-A, TX-P-B carries 9.3", alone=False,
    ),
    "converter too small": Edit(
        "buses: [HBI, DCB], ratings: {power_w: 8e6", "buses: [HBI, DCB], ratings: {power_w: 6e6",
        "balance.n_minus_1.11", "without HVDC-A, HVDC-B carries 6.34 MVA of 6.00 MVA (106%)",
        alone=False,
    ),
    "sets too small": Edit(
        "ratings: {power_w: 3.2e6, power_va: 4e6", "ratings: {power_w: 2.8e6, power_va: 4e6",
        "balance.n_minus_1.14", "without U-A and U-B and DG-1, DG-2, DG-3, DG-4 carries",
    ),
    "contract too small": Edit(
        "{power_va: 10e6, short", "{power_va: 9e6, short", "balance",
        "with everything in service, U-A carries 9.3", alone=False,
    ),
    "critical load without a source": Edit(
        "    - [UPS-A]\n", "    - [UPS-A, UPS-B]\n", "balance.n_minus_1.7",
        "without UPS-A and UPS-B, no source reaches SR-1", alone=False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.fault("F88")
def test_balance_that_does_not_close_is_refused(tmp_path: Path, kind: str) -> None:
    edit = EDITS[kind]
    listed = problems(write(tmp_path, shipped("sites/ai_hall"), edit))
    hits = [p for p in listed if p.key == edit.key and edit.text in p.text]
    assert hits, "\n".join(map(str, listed))
    assert len(listed) == 1 or not edit.alone, listed
    start = edit.key == "balance"
    lines = shipped("sites/ai_hall").split("\n")
    assert lines[hits[0].line - 1].startswith("balance:" if start else "    - [")


def test_a_case_points_at_its_line(tmp_path: Path) -> None:
    edit = Edit("    - [REC-A]", "    - ^[REC-A, REC-B]", "balance.n_minus_1.9", "reaches NET-1",
                alone=False)  # fmt: skip
    found(tmp_path, shipped("sites/ai_hall"), edit)


def test_demand_factors_thin_out_the_load() -> None:
    site = load("ai_hall").site
    thin = HALL.model_copy(update={"demand_factor": {"ai_rack": 0.5, "RACK-1-1": 0.0}})
    rows_w = carry(site, thin).demand_w["DCA"] + carry(site, thin).demand_w["DCB"]
    assert rows_w == pytest.approx(47 * 65e3)
