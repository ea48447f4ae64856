"""Economy in the plant: the contract held, the reserve left alone, and who finds otherwise."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from daemon.core.balance.shaving import billing, history
from daemon.core.balance.shaving.forecast import DAY_S
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.oracles.reserve import Reserve
from daemon.rehearsal.simulation import world
from daemon.rehearsal.simulation.observer import Observer
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load as load_site
from device_emulators.scenario import load
from device_emulators.virtual.run import EPOCH_NS
from device_emulators.vocabulary import vocabulary
from tests.sharing import sharing_hall
from tests.simulation import defects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.publishers.publisher import Snapshot
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
    file = folder / "hall.yaml"
    file.write_text(sharing_hall())
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


PLANNED_WINDOW_S = 12.0
PEAK_S = 24.0
"""Every quarter of an hour the load was high for two windows."""


class Billed(Observer):
    """What the daemon says of the demand, and what storage is told meanwhile."""

    def __init__(self) -> None:
        self.highest_w: list[float] = []
        self.aims_w: dict[str, float] = {}
        self.given_w = 0.0

    def shown(self, snapshot: Snapshot) -> None:
        policy, aim_w, _, _, highest_w, *_ = snapshot.demand
        self.highest_w.append(highest_w)
        self.aims_w[policy] = aim_w

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        if (equipment, point) == ("ESS-1", "power_setpoint_w") and taken:
            self.given_w = max(self.given_w, -value)


def days_before() -> bytes:
    """Return what a daemon kept of two days: 1 MW, and a peak in every quarter of an hour."""
    each_s = PLANNED_WINDOW_S / 3
    times_s = [n * each_s for n in range(round(2 * DAY_S / each_s))]
    kept = {
        "sampled_to_ns": EPOCH_NS,
        "sample_s": each_s,
        "samples_w": [5.4e6 if at_s % 900.0 < PEAK_S else 1e6 for at_s in times_s],
        "period": billing.period(EPOCH_NS, billing.UTC, "month").number,
        "highest_w": 0.0,
    }
    return json.dumps(kept).encode()


def billed(folder: Path, kept: bytes | None) -> Billed:
    """Play a peak that storage can lower by little, with what was kept before; half is paid."""
    found = short_lived(folder)
    contract = replace(
        found.site.contract,
        import_limit_w=5.5e6,
        demand_window_s=PLANNED_WINDOW_S,
        ramp_limit_w_s=4e6,
    )
    peaks = replace(found.control.peaks, paid_pu=0.5, ups_pu=1.0, patience_pu=0.0, every_s=0.25)
    found = replace(
        found,
        site=replace(found.site, contract=contract),
        control=replace(found.control, peaks=peaks),
    )
    file = folder / "peak.yaml"
    file.write_text(f"""
scenario: peak
description: two windows of the clock, from the first one on
for_s: {PEAK_S}
initial: [{{target: ESS-1, soc_pu: 0.26}}]
timeline: []
expect: []
""")
    begin = world.MemoryFiles.__init__

    def filled(files: Any) -> None:
        begin(files)
        if kept is not None:
            files.replace(history.NAME, kept)

    seen, judge = Billed(), Reserve()
    with patch.object(world.MemoryFiles, "__init__", filled):
        case = Case(found, load(file, found.site, vocabulary()), seed=1)
        course = run(case, [*oracles(), judge, seen])
    assert course.report.ok, course.report.reason
    assert not judge.wrong
    assert not [v.name for v in course.oracles if v.ok is False]
    return seen


@pytest.mark.timeout(300)
def test_a_plan_by_what_was_kept_lowers_the_demand_that_is_billed(tmp_path: Path) -> None:
    """From the file of the days before over the worker and its plan to set-points that are obeyed.

    Without a plan the first window is held as low as storage can, and none is left for the second.
    """
    planned, alone = billed(tmp_path, days_before()), billed(tmp_path, None)
    assert set(alone.aims_w) == {"ratchet"}
    aim_w = planned.aims_w["rules"]
    assert 2.75e6 < aim_w < 5.2e6
    assert planned.highest_w[-1] == pytest.approx(aim_w, rel=0.002), "it was held"
    assert planned.highest_w[-1] < alone.highest_w[-1] - 0.08e6
    assert planned.given_w > 0.2e6
