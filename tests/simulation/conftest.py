"""The shipped scenarios, each played once for all who look at it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pytest

from daemon.rehearsal.desk import scenario_for, site_of
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from tests.simulation.proven_moves import Walked
from tests.simulation.transcript import Transcript

if TYPE_CHECKING:
    from daemon.rehearsal.simulation.run import Course

LONGEST_S = float("inf") if "RIDETHROUGH_SEEDS" in os.environ else 600.0
"""Longer scenarios are for `make soak` [s]."""


class Played(NamedTuple):
    """What came of a shipped scenario, what was written down, and which stages followed which."""

    name: str
    course: Course
    transcript: str
    walked: Walked


def case(name: str, depth: str, for_s: float | None = None) -> Case:
    """Return a shipped scenario at its site."""
    site_file = load(site_of(name))
    return Case(site_file, scenario_for(name, site_file.site), seed=1, depth=depth, for_s=for_s)


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest) -> Played:
    """Play a scenario to its end: `parametrize("played", [names], indirect=True)`.

    Tests with the same parameter run one after the other, in one process (tests/conftest.py).
    """
    what = case(name := request.param, "image")
    if what.scenario.for_s > LONGEST_S:
        pytest.skip("longer than ten minutes: make soak plays it")
    transcript, walked = Transcript(), Walked()
    course = run(what, [*oracles(), transcript, walked])
    return Played(name, course, transcript.text, walked)
