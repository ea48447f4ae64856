"""Orders to give, made by hand, with more or less left than rides through."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from daemon.rehearsal.oracles.reserve import POINT, Reserve
from tests.unit.rehearsal.oracles.course import Course, happens

STORE = "ESS-1"


def told(at: Course, value_w: float, charge_pu: float) -> bool | None:
    """Return whether it is right to tell the store so with this charge."""
    at.device(STORE).battery = SimpleNamespace(energy_j=charge_pu * 6e6 * 3600.0)
    at.oracle.wrote(at.plant.now_ns, STORE, POINT, value_w, taken=True)
    return at.verdict.ok


@pytest.mark.parametrize(
    ("value_w", "charge_pu", "right"),
    [(-1e6, 0.5, True), (-1e6, 0.03, False), (1e6, 0.03, True), (0.0, 0.03, True)],
)
def test_giving_of_the_reserve_is_wrong(value_w: float, charge_pu: float, right: bool) -> None:
    assert told(Course(Reserve()).at(1), value_w, charge_pu) is right


def test_without_a_utility_it_is_what_the_reserve_is_for() -> None:
    course = Course(Reserve(), happens(0.5, "U-[AB]", "outage")).at(1)
    assert told(course, -1e6, 0.03)
