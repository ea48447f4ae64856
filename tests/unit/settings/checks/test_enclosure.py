"""Schemes whose breakers do not enclose their buses, breakers with two owners, forgotten sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import problems
from tests.unit.settings.edits import Edit, found, shipped, write

if TYPE_CHECKING:
    from pathlib import Path

HALL = "sites/ai_hall"
PV = "  PV-1:       {nature: pv, buses: [PVT],"
PUMP = "  # Intake, 15.4 kV\n"
WAYS = "only ways over breakers of the scheme"

EDITS = {
    "storage beside the scheme": Edit(
        "storage_feeders: [52-VCB-EA, 52-VCB-EB]", "storage_feeders: [52-VCB-EA]\n    #^",
        "schemes.CCTS-1.sections.1.bus",
        "ESS-1 reaches bus MVB past the breakers of CCTS-1, over 52-VCB-EB", WAYS,
    ),
    "another source on a section": Edit(
        PUMP, f"{PUMP}  PV-2: {{nature: pv, buses: [QA], ratings: {{power_w: 1e6}}}}\n  #^\n",
        "schemes.CCTS-1.sections.0.bus",
        "PV-2 reaches bus MVA past the breakers of CCTS-1, over 52-VCB-QA", WAYS,
    ),
    "a second tie": Edit(
        PUMP, f"{PUMP}  TX-Q: {{nature: cable, buses: [QA, QB], ratings: {{current_a: 100, "
        "resistance_ohm: 0.1}}\n  #^\n", "schemes.CCTS-1.sections.0.bus",
        "bus MVB reaches bus MVA past the breakers of CCTS-1, over 52-VCB-QB, TX-Q, 52-VCB-QA",
        WAYS,
    ),
    "a set the scheme does not know": Edit(
        ", DG-4: 52-GCB-4}", "}\n    #^", "schemes.CCTS-1.generator_bus",
        "DG-4 reaches bus MVG past the breakers of CCTS-1, over 52-GCB-4", WAYS, alone=False,
    ),
    "a set nobody would start": Edit(
        ", DG-4: 52-GCB-4}", "}\n    #^", "equipment.DG-4",
        "DG-4 has no breaker in any scheme: nothing would start it", "schemes.CCTS-1.sets",
        alone=False,
    ),
    "a breaker of two schemes": Edit(
        "intake: 52-VCB-IN", "intake: ^52-GCB-UA", "schemes.CCTS-1.intake",
        "52-GCB-UA already belongs to ALTS-1.feeds.0: a switch has one owner", alone=False,
    ),
    "a breaker in two places": Edit(
        "storage_feeders: [52-VCB-EA, 52-VCB-EB]",
        "storage_feeders: [52-VCB-EA, 52-VCB-EB, ^52-VCB-TIE]", "schemes.CCTS-1.storage_feeders.2",
        "52-VCB-TIE already belongs to CCTS-1.tie: a switch has one owner",
    ),
    "a switch of two groups": Edit(
        "members: [UPS-A, UPS-B]", "members: [UPS-A, ^UPS-A]",
        "schemes.UPS.members.1", "UPS-A already belongs to UPS.members.0",
    ),
    "a feeder for an intake": Edit(
        "intake: 52-VCB-IN", "intake: ^52-VCB-HA", "schemes.CCTS-1.intake",
        "reaches bus MVA past the intake 52-VCB-HA, over 52-GCB-", "52-VCB-IN",
    ),
    "a low-voltage tie for an intake": Edit(
        "intake: 52-VCB-IN", "intake: ^52-ACB-TA", "schemes.CCTS-1.intake",
        "reaches bus MVA past the intake 52-ACB-TA", "52-VCB-IN",
    ),
    "a feeder of the other side upstream": Edit(
        "upstream: 52-VCB-PA", "upstream: ^52-VCB-SB1", "schemes.CCTS-1.sections.0.upstream",
        "reaches 52-VCB-MA past 52-VCB-SB1, over 52-GCB-", "52-VCB-PA",
    ),
    "a storage feeder without storage": Edit(
        "storage_feeders: [52-VCB-EA, 52-VCB-EB]",
        "storage_feeders: [52-VCB-EA, 52-VCB-EB, ^52-VCB-HA]", "schemes.CCTS-1.storage_feeders.2",
        "52-VCB-HA joins MVA and HAI: no storage is behind", "52-VCB-EA, 52-VCB-EB",
    ),
    "one relay for both feeds": Edit(
        "relays: [R-UA, R-UB]", "relays: [R-UA, ^R-UA]", "schemes.ALTS-1.relays.1",
        "R-UA stands at UA, not at the feed over 52-GCB-UB", "R-UB",
    ),
    "a UPS in no scheme": Edit(
        "members: [UPS-A, UPS-B]}", "members: [UPS-A]}\n  #^", "equipment.UPS-B",
        "UPS-B belongs to no scheme: nothing would watch over it", "schemes.UPS.members",
    ),
    "switches without any scheme of theirs": Edit(
        "  ATS-M: {kind: ats,", "  ATS-M: {kind: ^atx,", "schemes.ATS-M.kind",
        "atx is not known", "ats",
    ),
}  # fmt: skip


def test_schemes_that_equipment_needs_are_missed(tmp_path: Path) -> None:
    """What switches or starts by itself belongs to a scheme; a breaker of a load needs none."""
    head, _, rest = shipped(HALL).partition("\nschemes:\n")
    (tmp_path / "site.yaml").write_text(f"{head}\n\ncontract:{rest.partition('contract:')[2]}")
    listed = {p.key.removeprefix("equipment."): p for p in problems(tmp_path / "site.yaml")}
    ups, sts, ats = ("UPS-A", "UPS-B"), [f"STS-{i}" for i in range(1, 5)], ("M1", "M2", "M3")
    sets = [f"DG-{i}" for i in range(1, 5)]
    assert set(listed) == {"ALTS-1", "CCTS-1", *ups, *sts, *sets, *(f"ATS-{m}" for m in ats)}
    assert listed["DG-1"].text == "DG-1 has no breaker in any scheme: nothing would start it"
    valid = {id_: listed[id_].valid for id_ in ("ALTS-1", "CCTS-1", "DG-1", "STS-1")}
    assert valid == {
        "ALTS-1": "a scheme of kind intake",
        "CCTS-1": "a scheme of kind main_tie_main",
        "DG-1": "a scheme of kind main_tie_main",
        "STS-1": "a scheme of kind sts",
    }


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.fault("F87")
def test_what_is_not_enclosed_is_named(tmp_path: Path, kind: str) -> None:
    edit = EDITS[kind]
    if "#^" not in edit.new:
        found(tmp_path, shipped(HALL), edit)
        return
    # The mistake is something left out or added elsewhere: it shows at the scheme itself.
    listed = problems(write(tmp_path, shipped(HALL), edit))
    said = "\n".join(map(str, listed))
    (hit,) = [p for p in listed if p.key == edit.key and edit.text in p.text]
    assert edit.valid in hit.valid, said
    assert len(listed) == 1 or not edit.alone, said
