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
}  # fmt: skip


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
