"""Load-sharing set-points: by rating, down for who leaves, zero for who has left."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.main_lane import Lane, commands, on_sets, supply

if TYPE_CHECKING:
    from daemon.core.step import Step

SETS = ("DG-1", "DG-2", "DG-3")
POINT = "power_setpoint_w"


class Sharing(Lane):
    """Three sets that take their set-points and give, together, what they are asked for."""

    def __init__(self, load_w: float) -> None:
        super().__init__()
        self.load_w = load_w
        for name in SETS:
            self.put(f"{name}.stage", "loaded")
            self.put(f"{name}.power_w", -load_w / 3)

    def obey(self, duration_s: float, **said: object) -> list[Step]:
        steps = []
        for _ in range(round(duration_s * 10)):
            steps.append(self.scan(on_sets(3, **{"sets": SETS, **said})))
            for command in commands(steps[-1:], POINT):
                self.put(f"{command.equipment}.{POINT}", command.value)
            told = {n: self.told_w(n) for n in SETS}
            if missing := self.load_w - sum(told.values()):
                told = {n: w + missing / 3 for n, w in told.items()}
            for name, given_w in told.items():
                self.put(f"{name}.power_w", -given_w)
        return steps

    def told_w(self, name: str) -> float:
        return -float(self.values[self.points.index(name, POINT)])


def test_each_is_told_its_part_by_rating() -> None:
    hall = Sharing(6.0e6)
    hall.obey(3.0)
    assert [hall.told_w(n) for n in SETS] == pytest.approx([2.0e6] * 3, rel=0.02)
    assert hall.told_w("DG-4") == 0.0


def test_a_steady_load_is_told_the_same_again_and_again() -> None:
    hall = Sharing(6.0e6)
    hall.obey(3.0)
    told = [c for c in commands(hall.obey(20.0), POINT) if c.owner == "sharing"]
    assert {c.value for c in told} == {-2.0e6}


def test_no_set_is_told_more_than_its_rating() -> None:
    hall = Sharing(12.0e6)
    hall.obey(3.0)
    assert [hall.told_w(n) for n in SETS] == pytest.approx([3.2e6] * 3)


def test_one_that_leaves_is_led_down_and_the_others_take_over() -> None:
    hall = Sharing(3.0e6)
    hall.obey(3.0)
    down_w = []
    for _ in range(12):
        hall.obey(1.0, sets_leaving=("DG-3",))
        down_w.append(hall.told_w("DG-3"))
    assert down_w == sorted(down_w, reverse=True)
    assert max(a - b for a, b in pairwise(down_w)) <= 0.11 * 3.2e6
    assert down_w[-1] == pytest.approx(0.02 * 3.2e6, rel=0.05)
    assert hall.told_w("DG-1") == pytest.approx((3.0e6 - 64e3) / 2, rel=0.03)


def test_one_that_has_left_is_told_zero_and_then_left_alone() -> None:
    hall = Sharing(6.0e6)
    hall.obey(3.0)
    steps = hall.obey(3.0, sets=("DG-1", "DG-2"))
    assert [c.value for c in commands(steps, POINT) if c.equipment == "DG-3"] == [0.0]
    steps = hall.obey(3.0, sets=())
    assert {c.value for c in commands(steps, POINT)} == {0.0}
    hall.scan(supply())
    assert not [c for c in commands(hall.run(3.0), POINT) if c.equipment in SETS]


def test_what_is_not_known_is_not_divided_anew() -> None:
    hall = Sharing(6.0e6)
    hall.obey(3.0)
    before_w = [hall.told_w(n) for n in SETS]
    hall.load_w = 3.0e6
    hall.spoil("DG-2")
    hall.run(3.0)
    assert [hall.told_w(n) for n in SETS] == before_w
