"""Sites made of power blocks: valid, of the demand asked for, and of blocks alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.rehearsal.planning.blocks import scaled
from daemon.rehearsal.planning.file import put, text_of
from daemon.settings import SettingsError, SiteFile, load
from daemon.settings.checks.balance import carry
from daemon.settings.document import read
from daemon.settings.forms import BalanceForm


def made(folder: Path, mw: float, rack_kw: float = 50.0) -> SiteFile:
    path = folder / "site.yaml"
    put(text_of(mw * 1e6, rack_kw * 1e3), path)
    return load(path)


@pytest.mark.parametrize(
    ("mw", "rack_kw", "blocks"), [(1, 30, 1), (7.3, 130, 1), (12, 100, 2), (19, 50, 3), (45, 60, 6)]
)
def test_what_is_made_is_valid_and_of_the_demand_asked_for(
    tmp_path: Path, mw: float, rack_kw: float, blocks: int
) -> None:
    file = made(tmp_path, mw, rack_kw)
    site = file.site
    assert len({g.block for g in site.gateways.values() if g.block}) == (
        blocks if blocks > 1 else 0
    )
    balance = BalanceForm(**read(file.path).data["balance"])
    demand_w = carry(site, balance).demand_w
    taken_w = sum(demand_w[item.buses[0]] for item in site.of_nature("utility"))
    # Racks come in whole rows: less than a row of each block may be missing.
    assert mw - blocks * 8 * rack_kw * 1.1e-3 < taken_w / 1e6 < 1.01 * mw
    assert all(rack.ratings["power_w"] == rack_kw * 1e3 for rack in site.of_nature("ai_rack"))


def test_every_loss_of_the_reference_hall_is_a_case_of_every_block(tmp_path: Path) -> None:
    file = made(tmp_path, 18)
    cases = read(file.path).data["balance"]["n_minus_1"]
    lost = {id_ for case in cases for id_ in case}
    for case in read(load("ai_hall").path).data["balance"]["n_minus_1"]:
        for id_ in case:
            own = {f"B{n:02}-{id_}" for n in (1, 2, 3)}
            assert own <= lost or id_ in lost, id_


def test_what_does_not_pass_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("before")
    weak = text_of(6e6, 50e3).replace("nature: generator, ", "nature: generatr, ")
    with pytest.raises(SettingsError, match="generatr"):
        put(weak, path)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["site.yaml"]


@pytest.mark.fault("F87")
@pytest.mark.parametrize(
    ("mw", "rack_kw", "said"),
    [
        (0.5, 50, r"a site of 0\.5 MW \(valid: 1 to 300 MW\)"),
        (301, 50, r"a site of 301 MW \(valid: 1 to 300 MW\)"),
        (float("nan"), 50, r"a site of nan MW"),
        (10, 20, r"a rack of 20 kW \(valid: 30 to 130 kW\)"),
    ],
)
def test_what_cannot_be_made_is_refused_with_what_can(mw: float, rack_kw: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        text_of(mw * 1e6, rack_kw * 1e3)


def test_the_contract_grows_with_the_site(tmp_path: Path) -> None:
    hall, small = load("ai_hall").site.contract, made(tmp_path, 4.5, 130).site.contract
    share = small.import_limit_w / hall.import_limit_w
    assert 0.45 < share < 0.55
    for name in ("swing_limit_w", "ramp_limit_w_s"):
        assert getattr(small, name) == pytest.approx(share * getattr(hall, name), rel=1e-6), name
    assert small.demand_window_s == hall.demand_window_s
    assert made(tmp_path, 18, 130).site.contract.ramp_limit_w_s > 1.9 * hall.ramp_limit_w_s


def test_above_20_mw_the_grid_comes_at_154_kv(tmp_path: Path) -> None:
    site = made(tmp_path, 21).site
    for utility in site.of_nature("utility"):
        assert site.buses[utility.buses[0]].voltage_v == 154e3
    # all chillers cool one tank, which grows with them
    assert site.emulation["site"]["tank_l"] == 3 * load("ai_hall").site.emulation["site"]["tank_l"]
    assert {site.schemes[f"B{n:02}-ALTS-1"].relays for n in (1, 2, 3)} == {("R-UA", "R-UB")}  # type: ignore[union-attr]
    assert made(tmp_path, 20).site.buses["UA"].voltage_v == 15.4e3


def test_what_a_plate_says_of_power_grows_and_the_rest_stays() -> None:
    plate = {"power_w": 2e6, "pickup_51_a": 100.0, "breaking_a": 25e3, "transfer_s": 0.3,
             "short_circuit_va": 4e8, "impedance_pu": 0.08, "fuel_l": 10.0}  # fmt: skip
    half = {"power_w": 1e6, "pickup_51_a": 50.0, "fuel_l": 5.0}
    assert scaled(plate, 0.5) == plate | half
