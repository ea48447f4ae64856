"""Economy in the plant: the contract held, the reserve left alone, and who finds otherwise."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load as load_site
from device_emulators.scenario import load
from device_emulators.vocabulary import vocabulary
from tests.simulation import defects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.rehearsal.simulation.run import Course

WINDOW_S = 10.0
"""As if a quarter of an hour had passed in so long."""


def play(
    folder: Path, soc_pu: float, expect: str = "", timeline: str = "", ramp_w_s: float = 0.4e6
) -> Course:
    file = folder / "scenario.yaml"
    file.write_text(
        "scenario: dear_hour\ndescription: the contract is below what is drawn\nfor_s: 22\n"
        f"initial: [{{target: ESS-1, soc_pu: {soc_pu}}}]\ntimeline: [{timeline}]\n{expect}"
    )
    found = load_site("ai_hall")
    contract = replace(
        found.site.contract,
        import_limit_w=4.0e6,
        demand_window_s=WINDOW_S,
        swing_limit_w=4e6,
        ramp_limit_w_s=ramp_w_s,
    )
    found = replace(found, site=replace(found.site, contract=contract))
    return run(Case(found, load(file, found.site, vocabulary()), seed=1), oracles())


def faults_of(course: Course) -> dict[str, str]:
    return {verdict.name: verdict.detail for verdict in course.oracles if verdict.ok is False}


@pytest.mark.timeout(300)
def test_storage_gives_what_the_demand_needs(tmp_path: Path) -> None:
    expect = """expect:
  - name: storage gives
    reach: {quantity: ESS-1.power_w, at_most: -0.5e6, from_s: 2, by_s: 20}
  - name: nothing is exported
    hold: {quantity: U-A.power_w, at_most: 0}
"""
    course = play(tmp_path, 0.85, expect)
    assert [verdict["ok"] for verdict in course.expectations] == [True, True]
    assert not faults_of(course)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("planted", [None, defects.reserve_spent, defects.reserve_smoothed_away])
def test_a_reserve_that_is_spent_is_found(
    tmp_path: Path, planted: Callable[[], AbstractContextManager[None]] | None
) -> None:
    """On the demand, or on a step of the import when the reactor is lost."""
    timeline = "{at_s: 18, target: SMR-1, event: trip}"
    with planted() if planted else nullcontext():
        course = play(tmp_path, 0.035, timeline=timeline, ramp_w_s=2e6 / 60.0)
    assert course.report.ok, course.report.reason
    assert ("reserve" in faults_of(course)) is (planted is not None)
