"""Economy in the plant: the contract held, the reserve left alone, and who finds otherwise."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.oracles.reserve import Reserve
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import config_dir
from daemon.settings import load as load_site
from device_emulators.scenario import load
from device_emulators.vocabulary import vocabulary
from tests.simulation import defects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.rehearsal.simulation.run import Course
    from daemon.settings import SiteFile

WINDOW_S = 10.0
"""As if a quarter of an hour had passed in so long."""
ENERGIES_WH = {"ESS-1": 30e3, "UPS-A": 8e3}
"""They last for minutes, or no run would be long enough to spend a reserve."""
CHARGES_PU = {"ESS-1": 0.3, "UPS-A": 0.7}
"""At the beginning: well above what is declared [pu]."""


def short_lived(folder: Path) -> SiteFile:
    """Return the hall with small stores, UPS-A sharing its load, and next to no time to bridge."""
    text = (config_dir() / "sites" / "ai_hall.yaml").read_text("utf-8")
    before, after = text.split("  UPS-A:", 1)
    file = folder / "hall.yaml"
    file.write_text(f"{before}  UPS-A:{after.replace('generic_double', 'generic_sharing', 1)}")
    found = load_site(file)
    site, control = found.site, found.control
    stores = {
        name: replace(item, ratings={**item.ratings, "energy_wh": ENERGIES_WH[name]})
        for name, item in site.equipment.items()
        if name in ENERGIES_WH
    }
    quick = {"rack_row": {"shutdown_s": 1.0}, "it_rack": {"shutdown_s": 1.0}}
    site = replace(
        site,
        equipment={**site.equipment, **stores},
        emulation={**site.emulation, **quick},
        contract=replace(
            site.contract,
            import_limit_w=3.0e6,
            demand_window_s=WINDOW_S,
            swing_limit_w=4e6,
            ramp_limit_w_s=0.4e6,
        ),
    )
    control = replace(
        control,
        peaks=replace(control.peaks, ups_pu=0.6, start_failure_s=0.0, smoothing_pu=0.0),
        autonomy=replace(control.autonomy, shutdown_s=1.0),
    )
    return replace(found, site=site, control=control)


def play(folder: Path, judge: Reserve) -> Course:
    charges = ", ".join(f"{{target: {k}, soc_pu: {pu}}}" for k, pu in CHARGES_PU.items())
    file = folder / "scenario.yaml"
    file.write_text(f"""
scenario: dear_hour
description: the contract is below what is drawn
for_s: 22
initial: [{charges}]
timeline: [{{at_s: 14, target: SMR-1, event: trip}}]
expect:
  - name: storage gives
    reach: {{quantity: ESS-1.power_w, at_most: -0.5e6, from_s: 2, by_s: 20}}
  - name: so does the UPS
    reach: {{quantity: UPS-A.battery_power_w, at_most: -0.2e6, from_s: 2, by_s: 20}}
  - name: nothing is exported
    hold: {{quantity: U-A.power_w, at_most: 0}}
""")
    found = short_lived(folder)
    return run(Case(found, load(file, found.site, vocabulary()), seed=1), [*oracles(), judge])


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("planted", "spent"),
    [
        (None, set()),
        (defects.reserve_spent, {"ESS-1", "UPS-A"}),
        (defects.reserve_halved, {"ESS-1", "UPS-A"}),
        (defects.reserve_smoothed_away, {"ESS-1"}),
    ],
)
def test_storage_gives_what_the_demand_needs_and_a_reserve_that_is_spent_is_found(
    tmp_path: Path, planted: Callable[[], AbstractContextManager[None]] | None, spent: set[str]
) -> None:
    """On the demand, or on a step of the import when the reactor is lost."""
    judge = Reserve()
    with planted() if planted else nullcontext():
        course = play(tmp_path, judge)
    assert course.report.ok, course.report.reason
    assert [verdict["ok"] for verdict in course.expectations] == [True, True, True]
    assert {wrong.detail.split()[0] for wrong in judge.wrong} == spent
    faults = {v.name for v in course.oracles if v.ok is False}
    assert planted or not faults
    assert ("reserve" in faults) is bool(spent)
