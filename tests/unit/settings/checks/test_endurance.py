"""Batteries that cannot outlast their start programme, and loads that nobody could give up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import load, problems
from daemon.settings.checks.endurance import programme_of
from tests.unit.settings.edits import Edit, found, shipped, write

if TYPE_CHECKING:
    from pathlib import Path

HALL = "sites/ai_hall"
PROGRAMME = (
    "its start programme 340 s (1.5 s to confirm the outage + 75 s of cranking + "
    "12 s of load blocks + 222 s of shutdown + 30 s of margin)"
)

EDITS = {
    "a UPS battery": Edit(
        "energy_wh: 240e3,", "energy_wh: ^80e3,", "equipment.UPS-A.ratings.energy_wh",
        f"UPS-A lasts 288 s at 950 kW, {PROGRAMME}", "from 95 kWh",
    ),
    "a rectifier battery": Edit(
        "buses: [RAI, DC48A], ratings: {power_w: 200e3, energy_wh: 33e3,",
        "buses: [RAI, DC48A], ratings: {power_w: 200e3, energy_wh: ^12e3,",
        "equipment.REC-A.ratings.energy_wh", f"REC-A lasts 205 s at 200 kW, {PROGRAMME}",
        "from 20 kWh",
    ),
    "rows without caps in time": Edit(
        "  outage: {confirm_s: 1.5, return_stable_s: 15}",
        "  caps: {storage_cap_pu: 1}\n  outage: {confirm_s: 1.5, return_stable_s: 15} #^",
        "equipment.ROW-1", f"ROW-1 lasts 113 s at 1040 kW, {PROGRAMME}", "from 98 kWh",
        alone=False,
    ),
    "a longer shutdown": Edit(
        "  outage: {confirm_s: 1.5, return_stable_s: 15}",
        "  autonomy: {shutdown_s: 600}\n  outage: {confirm_s: 1.5, return_stable_s: 15} #^",
        "equipment.REC-A.ratings.energy_wh", "718 s (1.5 s to confirm the outage", "kWh",
        alone=False,
    ),
    "a rack without a row": Edit(
        "RACK-1-1:   {<<: *rack, buses: [DA1, DB1], priority: 3, group: ROW-1,",
        "^RACK-1-1:   {<<: *rack, buses: [DA1, DB1], priority: 3,", "equipment.RACK-1-1",
        "RACK-1-1 belongs to no row: it can be neither capped nor shed", "ROW-1",
    ),
    "a rack that goes with others": Edit(
        "RACK-1-1:   {<<: *rack, buses: [DA1, DB1], priority: 3, group: ROW-1,",
        "RACK-1-1:   {<<: *rack, buses: [DA1, DB1], priority: ^4, group: ROW-1,",
        "equipment.RACK-1-1.priority", "RACK-1-1 goes with ROW-1, which has priority 3", "3",
    ),
    "a rack that cannot be told": Edit(
        "  SS-4:       {nature: it_rack, variant: server, buses: [SS4], priority: 1, "
        "critical: true, ratings: {power_w: 40e3}, device: {<<: *srv, gateway: GW-SRV, unit: 8}}",
        "  ^SS-4:       {nature: it_rack, variant: server, buses: [SS4], priority: 1, "
        "critical: true, ratings: {power_w: 40e3}}",
        "equipment.SS-4", "SS-4 has no device: it cannot be told to shut down in order",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.fault("F87")
def test_what_does_not_last_or_cannot_go_is_named(tmp_path: Path, kind: str) -> None:
    edit = EDITS[kind]
    if "#^" not in edit.new:
        found(tmp_path, shipped(HALL), edit)
        return
    listed = problems(write(tmp_path, shipped(HALL), edit))
    (hit,) = [p for p in listed if p.key == edit.key]
    assert edit.text in hit.text, str(hit)
    assert edit.valid in hit.valid, str(hit)


def test_without_sets_the_programme_is_the_orderly_shutdown() -> None:
    site_file = load("traditional")
    programme = programme_of(site_file.site, site_file.control)
    assert programme.seconds == pytest.approx(1.5 + 222 + 30)
    assert "cranking" not in programme.parts
