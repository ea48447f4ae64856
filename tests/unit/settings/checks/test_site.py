"""Every kind of mistake in a site file, one at a time, in the reference AI hall."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from daemon.model.natures import NATURES, PointKind
from daemon.settings import load, problems
from tests.unit.settings.edits import Edit, found, place, shipped, write

if TYPE_CHECKING:
    from pathlib import Path

HALL = "sites/ai_hall"

EDITS = {
    # Forms: keys, kinds of value, bounds.
    "unknown key of the file": Edit("\nscan:", "\n^scans:", "scans", "unknown key", "scan, "),
    "unknown key of a section": Edit(
        "swing_window_s: 5", "^swing_window: 5", "contract.swing_window", "unknown key",
        "swing_window_s, ", alone=False
    ),
    "unknown key of equipment": Edit(
        "{nature: relay, buses: [HV],", "{nature: relay, buses: [HV], ^grup: X,",
        "equipment.R-HV.grup", "unknown key", "group, ",
    ),
    "unknown key of a device": Edit(
        "gateway: GW-DG1, unit: 1,", "gateway: GW-DG1, unit: 1, ^slave: 1,",
        "equipment.DG-1.device.slave", "unknown key", "unit",
    ),
    "missing key": Edit(
        "  DCA:   {kind: dc, voltage_v: 800,", "  ^DCA:   {kind: dc,",
        "buses.DCA", "voltage_v is missing",
    ),
    "text for a number": Edit(
        "swing_window_s: 5", "swing_window_s: ^five", "contract.swing_window_s",
        '"five" should be a number',
    ),
    "number below its bound": Edit(
        "export_limit_w: 0", "export_limit_w: ^-1", "contract.export_limit_w",
        "-1 should be at least 0",
    ),
    "truth for a number": Edit(
        "swing_window_s: 5", "swing_window_s: ^true", "contract.swing_window_s", "be a number"
    ),
    "unknown word": Edit(
        "  DCA:   {kind: dc,", "  DCA:   {kind: ^direct,", "buses.DCA.kind",
        '"direct" is not known', "ac, dc",
    ),
    "unknown kind of scheme": Edit(
        "UPS: {kind: ups,", "UPS: {kind: ^usv,", "schemes.UPS.kind", "usv is not known", "ups"
    ),
    "bad id": Edit(
        "  DCA:   {kind", "  ^DC.A:   {kind", "buses.DC.A", '"DC.A" is no id', alone=False
    ),
    "duplicate id": Edit(
        "  DCB:   {kind", "  ^DCA:   {kind", "buses.DCA", "stands twice; first on line", alone=False
    ),
    "unknown key of a scheme": Edit(
        "kind: ups, members", "kind: ups, ^member: [], members", "schemes.UPS.member",
        "unknown key", "members",
    ),
    # Equipment against its nature.
    "unknown nature": Edit(
        "SMR-1:      {nature: smr,", "SMR-1:      {nature: ^smrr,", "equipment.SMR-1.nature",
        "smrr is no nature", "smr, ",
    ),
    "unknown variant": Edit(
        "UPS-A:      {nature: ups, variant: battery", "UPS-A:      {nature: ups, variant: ^lithium",
        "equipment.UPS-A.variant", "lithium is no variant of ups", "battery, flywheel",
    ),
    "wrong number of buses": Edit(
        "buses: [TPA1, TPA2], device", "buses: ^[TPA1], device", "equipment.TX-P-A.buses",
        "TX-P-A has 1 buses, a transformer joins 2", "primary, secondary",
    ),
    "missing rating": Edit(
        "PV-1:       {nature: pv, buses: [PVT], ratings: {power_w: 1e6}",
        "PV-1:       {nature: pv, buses: [PVT], ^ratings: {}",
        "equipment.PV-1.ratings", "rating power_w of PV-1 is missing: ", "above 0",
    ),
    "unknown rating": Edit(
        "filter_var: 300e3}, device: {profile: statcom/generic_statcom, gateway: OPC-A",
        "filter_var: 300e3, ^power_w: 1}, device: {profile: statcom/generic_statcom, "
        "gateway: OPC-A",
        "equipment.PQ-A.ratings.power_w", "no such rating", "reactive_power_var",
    ),
    "rating of zero": Edit(
        "PV-1:       {nature: pv, buses: [PVT], ratings: {power_w: 1e6}",
        "PV-1:       {nature: pv, buses: [PVT], ratings: {power_w: ^0}",
        "equipment.PV-1.ratings.power_w", "0 is no nameplate value",
    ),
    "more active than apparent power": Edit(
        "power_w: 2e6, power_va: 2.35e6", "power_w: ^2.5e6, power_va: 2.35e6",
        "equipment.SMR-1.ratings.power_w", "more active than apparent",
    ),
    "class of a set that is none": Edit(
        "performance_class_count: 3}}", "performance_class_count: ^5}}",
        "equipment.DG-1.ratings.performance_class_count", "no class of ISO 8528-5", "1, 2, 3, 4",
        alone=False,
    ),
    "class by agreement without a step": Edit(
        "performance_class_count: 3}}", "performance_class_count: ^4}}",
        "equipment.DG-1.ratings.performance_class_count", "its load step is missing",
        "load_step_pu", alone=False,
    ),
    "load step of a class that has its own": Edit(
        "performance_class_count: 3}}", "performance_class_count: 3, load_step_pu: ^0.8}}",
        "equipment.DG-1.ratings.load_step_pu", "makes DG-1 class G4", "performance_class_count: 4",
        alone=False,
    ),
    "efficiency above one": Edit(
        "chemistry_count: 1, efficiency_pu: 0.956", "chemistry_count: 1, efficiency_pu: ^1.04",
        "equipment.UPS-A.ratings.efficiency_pu", "gives more than it takes",
    ),
    "unknown normal state": Edit(
        "buses: [MVA, MVB], normally: open", "buses: [MVA, MVB], normally: ^opened",
        "equipment.52-VCB-TIE.normally", "opened is no normal state of a breaker", "closed, open",
    ),
    "load without priority": Edit(
        "CH-1:       {nature: chiller, buses: [CH12], priority: 2,",
        "^CH-1:       {nature: chiller, buses: [CH12],",
        "equipment.CH-1", "CH-1 is a load without a priority",
    ),
    "critical breaker": Edit(
        "52-VCB-IN:  {<<: *vcb,", "52-VCB-IN:  {<<: *vcb, critical: ^true,",
        "equipment.52-VCB-IN.critical", "only loads are critical",
    ),
    # References.
    "unknown bus": Edit(
        "buses: [TPA1, TPA2], device", "buses: [TPA1, ^TPA3], device", "equipment.TX-P-A.buses.1",
        "bus TPA3 is not defined", "TPA2",
    ),
    "unknown gateway": Edit(
        "gateway: GW-DG1, unit: 1,", "gateway: ^GW-DG9, unit: 1,", "equipment.DG-1.device.gateway",
        "gateway GW-DG9 is not defined", "GW-DG",
    ),
    "unknown profile": Edit(
        "profile: smr/generic_unit", "profile: ^smr/generic_unt", "equipment.SMR-1.device.profile",
        "there is no device map smr/generic_unt", "smr/generic_unit",
    ),
    "profile of another nature": Edit(
        "profile: smr/generic_unit", "profile: ^gas_turbine/generic_gt",
        "equipment.SMR-1.device.profile", "is the map of a gas_turbine, SMR-1 is a smr",
        "smr/generic_unit",
    ),
    "protocol of another gateway": Edit(
        "profile: pv/generic_plant, gateway: OPC-B", "profile: pv/generic_plant, gateway: ^GW-TX",
        "equipment.PV-1.device.gateway", "speaks opcua, gateway GW-TX speaks modbus_tcp",
        "OPC-A, OPC-B", alone=False
    ),
    "unknown group": Edit(
        "buses: [DA1, DB1], priority: 3, group: ROW-1, device: {profile: ai_rack/generic_800v, "
        "gateway: GW-ROW1, unit: 2,",
        "buses: [DA1, DB1], priority: 3, group: ^ROW-7, device: {profile: ai_rack/generic_800v, "
        "gateway: GW-ROW1, unit: 2,",
        "equipment.RACK-1-1.group", "ROW-7 is not defined", "ROW-1",
    ),
    "group that is no row": Edit(
        "buses: [DA1, DB1], priority: 3, group: ROW-1, device: {profile: ai_rack/generic_800v, "
        "gateway: GW-ROW1, unit: 2,",
        "buses: [DA1, DB1], priority: 3, group: ^CH-1, device: {profile: ai_rack/generic_800v, "
        "gateway: GW-ROW1, unit: 2,",
        "equipment.RACK-1-1.group", "CH-1 is a chiller, not a rack_row", "ROW-1",
    ),
    "fallback without a heartbeat": Edit(
        "profile: ups/generic_double, gateway: GW-UA, unit: 1, scan: normal",
        "profile: ups/generic_double, gateway: GW-UA, unit: 1, scan: normal, "
        "fallback: ^{after_s: 3, action: zero}",
        "equipment.UPS-A.device.fallback", "has no heartbeat", "hold",
    ),
    "set-points without a fall-back": Edit(
        "device: {profile: hvdc/generic_modular, gateway: OPC-B, scan: normal, "
        "fallback: {after_s: 3, action: hold}}",
        "device: ^{profile: hvdc/generic_modular, gateway: OPC-B, scan: normal}",
        "equipment.HVDC-B.device",
        "HVDC-B takes power_limit_w, but what it does when the daemon falls silent is not said",
        "hold",
    ),
    "set-points of several kinds without a fall-back": Edit(
        "device: {profile: statcom/generic_statcom, gateway: OPC-A, scan: normal, "
        "fallback: {after_s: 3, action: zero}}",
        "device: ^{profile: statcom/generic_statcom, gateway: OPC-A, scan: normal}",
        "equipment.PQ-A.device", "PQ-A takes reactive_power_setpoint_var, voltage_setpoint_pu",
        "hold, zero",
    ),
    "fall-back that its kind does not know": Edit(
        "profile: smr/generic_unit, gateway: OPC-A, scan: normal, "
        "fallback: {after_s: 3, action: hold",
        "profile: smr/generic_unit, gateway: OPC-A, scan: normal, "
        "fallback: {after_s: 3, action: ^ramp_to_zero",
        "equipment.SMR-1.device.fallback.action", "is a smr", "hold",
    ),
    "fall-back by a ramp of no pace": Edit(
        "action: ramp_to_zero, ramp_w_s: 8e3",
        "action: ^ramp_to_zero",
        "equipment.ESS-1.device.fallback.action", "how fast is not said", "ramp_w_s",
    ),
    "fall-back at a pace that is none": Edit(
        "action: ramp_to_zero, ramp_w_s: 8e3",
        "action: zero, ^ramp_w_s: 8e3",
        "equipment.ESS-1.device.fallback.ramp_w_s", "does not ramp", "ramp_to_zero",
    ),
    "row that keeps a ramp but does not hold": Edit(
        "gateway: GW-ROW1, unit: 1, scan: normal, fallback: {after_s: 3, action: hold, ",
        "gateway: GW-ROW1, unit: 1, scan: normal, fallback: {after_s: 3, action: zero, ^",
        "equipment.ROW-1.device.fallback.ramp_w_s", "does not ramp", "hold",
    ),
    "emulation of nothing": Edit(
        "\nemulation:\n", "\nemulation:\n  ^DG-9: {crank_s: 9}\n", "emulation.DG-9",
        "is neither a nature nor equipment", "DG-",
    ),
    # Addresses.
    "unit taken twice": Edit(
        "52-GCB-UB:  {<<: *gcb, buses: [UB, INB], ratings: *feed, device: {<<: *mv, "
        "gateway: GW-IN, unit: 3}",
        "52-GCB-UB:  {<<: *gcb, buses: [UB, INB], ratings: *feed, device: {<<: *mv, "
        "gateway: GW-IN, unit: ^2}",
        "equipment.52-GCB-UB.device.unit",
        "unit 2 of GW-IN is also the address of 52-GCB-UA", "3 is free",
    ),
    "port taken twice": Edit(
        "port: 15002, mirror", "port: ^15001, mirror", "gateways.GW-MVA.port",
        "127.0.0.1:15001 is also the address of GW-IN",
    ),
    "port of the metrics taken": Edit(
        "port: 9464", "port: ^15001", "north.metrics.port", "is also the address of GW-IN"
    ),
    "unit of the mirror": Edit(
        "52-GCB-UA:  {<<: *gcb, buses: [UA, INA], ratings: *feed, device: {<<: *mv, "
        "gateway: GW-IN, unit: 2}",
        "52-GCB-UA:  {<<: *gcb, buses: [UA, INA], ratings: *feed, device: {<<: *mv, "
        "gateway: GW-IN, unit: ^1}",
        "equipment.52-GCB-UA.device.unit", "unit 1 of GW-IN is its mirror", "2 to 32",
    ),
    "unit behind the mirror": Edit(
        "52-GCB-UA:  {<<: *gcb, buses: [UA, INA], ratings: *feed, device: {<<: *mv, "
        "gateway: GW-IN, unit: 2}",
        "52-GCB-UA:  {<<: *gcb, buses: [UA, INA], ratings: *feed, device: {<<: *mv, "
        "gateway: GW-IN, unit: ^33}",
        "equipment.52-GCB-UA.device.unit", "one read of 125 registers", "2 to 32",
    ),
    "no unit": Edit(
        "gateway: GW-DG1, unit: 1,", "gateway: GW-DG1, unit: ^0,", "equipment.DG-1.device.unit",
        "DG-1 has no unit id of its own", "1 to 247",
    ),
    "unit with OPC UA": Edit(
        "profile: smr/generic_unit, gateway: OPC-A,",
        "profile: smr/generic_unit, gateway: OPC-A, unit: ^4,",
        "equipment.SMR-1.device.unit", "OPC UA devices have no unit id",
    ),
    "eleventh mirror": Edit(
        "port: 15021}", "port: 15021, mirror: ^true}", "gateways.GW-TX.mirror",
        "11 gateways with a mirror", "at most 10", alone=False
    ),
    "mirror over OPC UA": Edit(
        "port: 14840}", "port: 14840, mirror: ^true}", "gateways.OPC-A.mirror",
        "only a Modbus gateway has a mirror", alone=False
    ),
    "fallback between two heartbeats": Edit(
        "gateway: GW-DG1, unit: 1, scan: normal, fallback: {after_s: 3,",
        "gateway: GW-DG1, unit: 1, scan: normal, fallback: {after_s: ^0.2,",
        "equipment.DG-1.device.fallback.after_s", "between two heartbeats", "at least 0.3",
    ),
    "periods out of order": Edit(
        "\nscan: {fast_s: 0.01, normal_s: 0.1,", "\n^scan: {fast_s: 0.01, normal_s: 2,",
        "scan", "periods are out of order",
    ),
    # Connections.
    "switch between two voltages": Edit(
        "{<<: *vcb, buses: [MVA, MVB],", "{<<: *vcb, buses: [MVA, ^LVB1],",
        "equipment.52-VCB-TIE.buses.1", "joins MVA (6600 V ac) and LVB1 (380 V ac)",
        alone=False
    ),
    "switch between AC and DC": Edit(
        "{<<: *dcb, buses: [DCA, DCB],", "{<<: *dcb, buses: [DCA, ^LVB1],",
        "equipment.72-TIE.buses.1", "joins DCA (800 V dc) and LVB1 (380 V ac)", "DCB",
    ),
    "UPS between two voltages": Edit(
        "buses: [UAI, UAO], ratings", "buses: [UAI, ^ES1], ratings", "equipment.UPS-A.buses.1",
        "joins UAI (380 V ac) and ES1 (6600 V ac)",
    ),
    "transfer between two voltages": Edit(
        "buses: [INA, INB, IN],", "buses: [INA, ^MVB, IN],", "equipment.ALTS-1.buses.1",
        "joins INA (15400 V ac) and MVB (6600 V ac)", alone=False
    ),
    "rack on two voltages": Edit(
        "buses: [DC48A, DC48B], priority: 1, critical: true, ratings: {power_w: 80e3}",
        "buses: [DC48A, ^DCB], priority: 1, critical: true, ratings: {power_w: 80e3}",
        "equipment.STO-1.buses.1", "joins DC48A (48 V dc) and DCB (800 V dc)",
    ),
    "transformer into DC": Edit(
        "buses: [TPA1, TPA2], device", "buses: [TPA1, ^DCA], device", "equipment.TX-P-A.buses.1",
        "terminal secondary of TX-P-A is ac, bus DCA is dc",
    ),
    "converter the wrong way round": Edit(
        "buses: [HAI, DCA]", "buses: [^DCA, HAI]", "equipment.HVDC-A.buses.0",
        "terminal input of HVDC-A is ac, bus DCA is dc", alone=False
    ),
    "bus with itself": Edit(
        "{<<: *vcb, buses: [MVA, MVB],", "{<<: *vcb, buses: [MVA, ^MVA],",
        "equipment.52-VCB-TIE.buses.1", "52-VCB-TIE joins bus MVA with itself", alone=False
    ),
    "bus that nobody feeds": Edit(
        "\ngateways:\n", "\n  ^LOST: {kind: ac, voltage_v: 380, area: nowhere, earthing: solid}\n\n"
        "gateways:\n",
        "buses.LOST", "no closed or closable path leads from a source to bus LOST",
    ),
    # Schemes.
    "scheme without its breaker": Edit(
        "\n    tie: 52-VCB-TIE", "\n    tie: ^52-VCB-TEI", "schemes.CCTS-1.tie",
        "breaker 52-VCB-TEI is not defined", "52-VCB-TIE",
    ),
    "scheme breaker of another nature": Edit(
        "\n    tie: 52-VCB-TIE", "\n    tie: ^TX-P-A", "schemes.CCTS-1.tie",
        "TX-P-A is a transformer, not a breaker",
    ),
    "main that does not touch its section": Edit(
        "{bus: MVA, main: 52-VCB-MA,", "{bus: MVA, main: ^52-VCB-MB,",
        "schemes.CCTS-1.sections.0.main", "52-VCB-MB joins TPB2 and MVB, not bus MVA", "52-VCB-MA",
    ),
    "feeder that does not touch the generator bus": Edit(
        "generator_feeder: 52-VCB-GB", "generator_feeder: ^52-VCB-TIE",
        "schemes.CCTS-1.sections.1.generator_feeder", "not bus MVG", "52-VCB-GB",
    ),
    "breaker of another set": Edit(
        "sets: {DG-1: 52-GCB-1,", "sets: {DG-1: ^52-GCB-2,", "schemes.CCTS-1.sets.DG-1",
        "52-GCB-2 joins G2 and MVG, not bus G1", "52-GCB-1",
    ),
    "set that is no generator": Edit(
        "sets: {DG-1: 52-GCB-1,", "sets: {^ESS-1: 52-GCB-1,", "schemes.CCTS-1.sets.ESS-1",
        "ESS-1 is a ess, not a generator", "DG-1",
    ),
    "section without its bus": Edit(
        "{bus: MVA, main: 52-VCB-MA,", "{bus: ^MVC, main: 52-VCB-MA,",
        "schemes.CCTS-1.sections.0.bus", "bus MVC is not defined", "MVA",
    ),
    "feed that does not touch its source": Edit(
        "feeds: [52-GCB-UA, 52-GCB-UB]", "feeds: [52-GCB-UA, ^52-GCB-PV]",
        "schemes.ALTS-1.feeds.1", "52-GCB-PV joins PVT and HV, not bus INB", "52-GCB-UB",
    ),
    "relay that does not exist": Edit(
        "relays: [R-UA, R-UB]", "relays: [R-UA, ^R-UC]", "schemes.ALTS-1.relays.1",
        "relay R-UC is not defined", "R-U",
    ),
    "member of another variant": Edit(
        "members: [STS-1,", "members: [^ATS-M1,", "schemes.STS.members.0",
        "ATS-M1 is not of variant sts",
    ),
    "fallback times that differ": Edit(
        "fallback_s: 3, switch: ALTS-1", "fallback_s: ^5, switch: ALTS-1",
        "schemes.ALTS-1.fallback_s", "5 s here, 3 s at ALTS-1", "3",
    ),
    # Balance.
    "case without its equipment": Edit(
        "- [TX-P-A]", "- [^TX-P-C]", "balance.n_minus_1.1.0", "TX-P-C is not defined", "TX-P-A"
    ),
    "demand at no bus": Edit(
        "unlisted_w: {MVA: 39e3,", "unlisted_w: {^MVC: 39e3,", "balance.unlisted_w.MVC",
        "bus MVC is not defined", "MVA",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.fault("F87", "F88")
def test_mistake_is_named_where_it_stands(tmp_path: Path, kind: str) -> None:
    found(tmp_path, shipped(HALL), EDITS[kind])


def test_a_missing_section_is_named_at_the_top(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(re.sub("\nnorth: .*", "", shipped(HALL)))
    assert [str(p) for p in problems(path)] == [f"{path}:5:1: north is missing"]


def test_authority_needs_a_device_that_takes_over(tmp_path: Path) -> None:
    before, after = shipped(HALL).split("generic_ccts, gateway: GW-MVG, unit: 8, scan: normal, ")
    after = after.replace("fallback: {after_s: 3, action: own_logic}", "", 1)
    path = tmp_path / "site.yaml"
    path.write_text(f"{before}generic_ccts, gateway: GW-MVG, unit: 8, scan: normal{after}")
    (problem,) = problems(path)
    assert problem.key == "schemes.CCTS-1.authority"
    assert "CCTS-1 has no fallback to its own logic" in problem.text


@pytest.mark.parametrize("site", ["ai_hall", "traditional"])
def test_shipped_sites_have_no_problem(site: str) -> None:
    assert problems(site) == []


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    kinds = (
        "unknown bus", "unknown profile", "text for a number", "unknown word", "port taken twice",
        "unknown kind of scheme", "switch between two voltages", "case without its equipment",
    )  # fmt: skip
    edits = [EDITS[kind] for kind in kinds]
    path = write(tmp_path, shipped(HALL), *edits)
    listed = problems(path)
    for edit in edits:
        assert any(p.key == edit.key and edit.text in p.text for p in listed), edit
    places = [(p.line, p.column) for p in listed]
    assert places == sorted(places)
    assert set(place(shipped(HALL), *edits)) <= set(places)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("- 1\n")
    assert [str(p) for p in problems(path)] == [f"{path}:1:1: a site file is a mapping"]
    for folder, said in (
        ("devices/meter", "a device map is a mapping"), ("rules", "should be a mapping"),
    ):  # fmt: skip
        path = tmp_path / folder / "list.yaml"
        path.parent.mkdir(parents=True)
        path.write_text("- 1\n")
        (problem,) = problems(path)
        assert said in problem.text


def test_site_can_be_loaded_beside_maps_of_its_own(tmp_path: Path) -> None:
    """A map beside the site goes before the shipped one of the same name."""
    text = shipped("devices/pv/generic_plant").replace('{id}.Power"', '{id}.Leistung"')
    write(tmp_path, text, name="devices/pv/generic_plant.yaml")
    loaded = load(write(tmp_path, shipped(HALL), name="sites/mine.yaml"))
    place_ = loaded.site.profiles["pv/generic_plant"].points["power_w"]
    assert getattr(place_, "path", "") == "{id}.Leistung"


DEAF = {
    **{
        nature: f"{nature}/{model}"
        for nature, model in {
            "transformer": "generic_oltc", "generator": "generic_set", "gas_turbine": "generic_gt",
            "smr": "generic_unit", "pv": "generic_plant", "ess": "generic_pcs",
            "statcom": "generic_statcom", "hvdc": "generic_modular", "rack_row": "generic_row",
        }.items()
    },
    "ups": "ups/generic_double",
}  # fmt: skip


def test_every_nature_with_set_points_is_tried_without_a_heartbeat() -> None:
    kinds = {name: {p.kind for p in nature.points.values()} for name, nature in NATURES.items()}
    assert set(DEAF) == {name for name, found in kinds.items() if PointKind.SETPOINT in found}


@pytest.mark.parametrize("profile", DEAF.values())
def test_a_device_that_does_not_hear_the_daemon_holds_what_it_was_told(
    profile: str, tmp_path: Path
) -> None:
    silent = re.sub(r"(?m)^  heartbeat:.*\n", "", shipped(f"devices/{profile}"))
    write(tmp_path, silent, name=f"devices/{profile}.yaml")
    device = re.compile(rf"(profile: {profile}, [^{{}}]*?)(?:, fallback: {{[^}}]*}})?}}")
    own = re.compile(r"(<<: \*pcs, .*fallback: {after_s: 3), action: ramp_to_zero[^}]*}")
    hall = own.sub(r"\1, action: hold}", shipped(HALL))  # of one that says another than its kind
    for action, silences in (("hold", False), ("own_logic", True)):
        text, count = device.subn(rf"\1, fallback: {{after_s: 3, action: {action}}}}}", hall)
        listed = problems(write(tmp_path, text, name="sites/site.yaml"))
        assert count
        assert all("has no heartbeat" in one.text for one in listed)
        assert bool(listed) is silences
