"""Loading, finding and moving sites."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.core.step import Control
from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.model.points import MIRROR_WORDS, Register, tabulate
from daemon.settings import SettingsError, config_dir, load, problems, shift_ports, site_path


def test_a_shipped_site_is_found_by_its_name() -> None:
    assert site_path("ai_hall") == config_dir() / "sites" / "ai_hall.yaml"
    assert site_path("nowhere") == Path("nowhere")
    assert load("ai_hall").site.id == "ai_hall"


def test_a_path_goes_before_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ai_hall").write_text("site: {}")
    assert site_path("ai_hall") == Path("ai_hall")


def test_a_refused_site_says_everything(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("site: {}\n")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert list(caught.value.problems) == problems(path)
    assert f"{path}:1:1: site: id is missing" in str(caught.value).split("\n")


def test_the_hall_is_as_drawn() -> None:
    site = load("ai_hall").site
    assert len(site.of_nature("ai_rack")) == 48
    assert len(site.of_nature("generator")) == 4
    assert site.equipment["52-GCB-1"].buses == ("G1", "MVG")
    assert site.equipment["52-GCB-1"].normally == "open"
    assert site.equipment["52-VCB-EA"].normally == "closed"
    assert site.equipment["ATS-M2"].normally == "source_2"
    assert site.equipment["DG-1"].normally == "out_of_service"
    assert site.equipment["RACK-6-8"].group == "ROW-6"
    assert site.equipment["CDU-A"].priority == 1
    device = site.equipment["DG-1"].device
    assert device is not None
    assert (device.fallback_after_s, device.fallback) == (3.0, "own_logic")


def test_schemes_of_the_hall() -> None:
    site = load("ai_hall").site
    intake, board = site.schemes["ALTS-1"], site.schemes["CCTS-1"]
    assert isinstance(intake, IntakeScheme)
    assert intake.feeds == ("52-GCB-UA", "52-GCB-UB")
    assert isinstance(board, MainTieMainScheme)
    assert list(board.sets) == ["DG-1", "DG-2", "DG-3", "DG-4"]
    assert [section.bus for section in board.sections] == ["MVA", "MVB"]


def test_every_load_of_it_has_the_priority_of_the_contract() -> None:
    site = load("ai_hall").site
    by_nature = {(item.nature, item.priority) for item in site.equipment.values() if item.priority}
    assert by_nature == {
        ("it_rack", 1), ("pump", 1), ("chiller", 2), ("ai_rack", 3), ("ai_rack", 4),
        ("rack_row", 3), ("rack_row", 4),
    }  # fmt: skip
    assert all(item.critical for item in site.of_nature("it_rack", "ai_rack"))


def test_what_must_be_fast_is_read_with_the_fast_block() -> None:
    site = load("ai_hall").site
    points = tabulate(site)
    position = points.points[points.index("52-VCB-IN", "position")]
    assert position.period_s == 0.01
    assert points.points[points.index("52-VCB-IN", "power_w")].period_s == 1.0
    assert points.points[points.index("DG-1", "power_w")].period_s == 0.1
    assert points.points[points.index("M-HV", "energy_import_wh")].period_s == 1.0
    for name in ("position", "source_voltage_v", "load_voltage_v", "lockout_86"):
        place = points.points[points.index("72-TIE", name)].place
        assert isinstance(place, Register)
        assert place.address < MIRROR_WORDS


def test_all_ports_move_together() -> None:
    before, after = load("ai_hall"), shift_ports(load("ai_hall"), 1000)
    pairs = zip(before.site.gateways.values(), after.site.gateways.values(), strict=True)
    assert all(b.port + 1000 == a.port for b, a in pairs)
    assert after.site.north.metrics_port == before.site.north.metrics_port + 1000
    assert after.site.north.mqtt_port == before.site.north.mqtt_port + 1000
    assert before.site.gateways["GW-IN"].port == 15001, "the first one is left as it was"


def test_a_controller_that_is_not_named_keeps_its_defaults() -> None:
    control = load("traditional").control
    assert isinstance(control, Control)
    assert control.heartbeat == Control().heartbeat


def test_a_traditional_site_has_one_way_in_and_minutes_of_battery() -> None:
    site = load("traditional").site
    assert not site.of_nature("generator", "ess", "gas_turbine", "hvdc")
    (ups,) = site.of_nature("ups")
    load_w = sum(e.ratings["power_w"] for e in site.of_nature("it_rack") if e.variant == "server")
    assert 10 <= ups.ratings["energy_wh"] / load_w * 60 <= 15
    assert len(site.of_nature("utility")) == 1
