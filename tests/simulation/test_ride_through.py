"""Sags that a large load has to ride through part nobody from the grid, and cost nothing."""

from __future__ import annotations

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from device_emulators.scenario import Scenario

BANDS = [(0.80, 2.0), (0.50, 0.5), (0.20, 0.25), (0.10, 0.15), (0.0, 0.15)]
"""Voltage left [pu], and for how long [s]. Source: ERCOT NOGRR282."""
HOLD = [
    {"name": "no trip", "hold": {"quantity": "52-*-U[AB].trip_count", "at_most": 0}},
    {"name": "joined", "hold": {"quantity": "52-VCB-IN.position", "is": "closed"}},
    {"name": "no transfer", "hold": {"quantity": "ALTS-1.connected", "is": "source_1"}},
    {"name": "no set", "hold": {"quantity": "generator.stage", "is": "stopped"}},
    {"name": "fed", "fed": {"loads": "critical"}},
]  # fmt: skip


@pytest.mark.fault("F42")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("left_pu", "for_s"), BANDS)
def test_a_sag_within_the_bands_of_large_loads_opens_nothing(left_pu: float, for_s: float) -> None:
    sag = {"event": "sag", "depth_pu": 1.0 - left_pu, "for_s": for_s}
    scenario = Scenario.model_validate({
        "scenario": "sag", "description": "A sag.", "for_s": 6.0, "expect": HOLD,
        "timeline": [{"at_s": 2.0, "target": ["U-A", "U-B"], **sag}],
    })  # fmt: skip
    course = run(Case(load("ai_hall"), scenario, seed=1), oracles())
    assert failed(outcome(course, "none")) == []


UNMOVED = [
    {"name": "no transfer", "hold": {"quantity": "ALTS-1.connected", "is": "source_1"}},
    {"name": "no set", "hold": {"quantity": "generator.stage", "is": "stopped"}},
    {"name": "sections", "hold": {"quantity": "52-VCB-[MP][AB].position", "is": "closed"}},
    {"name": "racks", "hold": {"quantity": "ai_rack.stage", "is": "running"}},
    {"name": "fed", "fed": {"loads": "critical"}},
]  # fmt: skip
NINE_TENTHS_W = {"ups": 0.91e6, "hvdc": 5.1e6}
"""Of what UPS and converters take before [W]."""


@pytest.mark.fault("F42")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("for_s", "back_s"),
    [
        (0.30, {"ups": 2.0, "hvdc": 2.0}),
        (0.55, {"ups": 2.0, "hvdc": 2.0}),
        (1.00, {"hvdc": 5.0}),
    ],
)
def test_after_a_brief_loss_of_both_feeds_the_load_goes_back_and_nothing_else_moves(
    for_s: float, back_s: dict[str, float]
) -> None:
    """What counts is the loss of their own input.

    From 0.35 s on loss-of-mains protection parts the site from the utility, and reclosing adds some
    0.4 s: a loss of 1 s of the utility is one of 1.4 s to a UPS, which it walks in after, as after
    any of more than a second.
    """
    returned_s = 2.0 + for_s
    taken = [
        {
            "name": f"nine tenths of {kind} within {limit_s:g} s",
            "reach": {
                "quantity": f"{kind}.input_power_w",
                "total_at_least": NINE_TENTHS_W[kind],
                "from_s": returned_s,
                "by_s": returned_s + limit_s,
            },
        }
        for kind, limit_s in back_s.items()
    ]
    feeds = ["U-A", "U-B"]
    scenario = Scenario.model_validate({
        "scenario": "brief_loss", "description": "Both feeds are gone for a moment.",
        "for_s": returned_s + max(back_s.values()) + 0.5, "expect": [*UNMOVED, *taken],
        "timeline": [
            {"at_s": 2.0, "target": feeds, "event": "outage"},
            {"at_s": returned_s, "target": feeds, "event": "return"},
        ],
    })  # fmt: skip
    course = run(Case(load("ai_hall"), scenario, seed=1), oracles())
    assert failed(outcome(course, "none")) == []
