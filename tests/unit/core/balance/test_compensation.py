"""Reactive power led for the voltage, with room left for flicker, and when it is left alone."""

from __future__ import annotations

from itertools import pairwise

import pytest

from daemon.core.balance.compensation import POINT, Params, led_pu
from daemon.model.commands import OperatorRequest, Proposal
from daemon.model.quality import Quality
from tests.main_lane import Lane, commands, on_sets, supply

NOMINAL_V = 6600.0


class Board(Lane):
    """A hall whose compensators take what they are told."""

    def __init__(self, voltage_pu: float) -> None:
        super().__init__()
        self.voltage(voltage_pu)
        self.scan(supply())

    def voltage(self, voltage_pu: float) -> None:
        for id_ in ("PQ-A", "PQ-B"):
            self.put(f"{id_}.voltage_ll_v", voltage_pu * NOMINAL_V)

    def go_on(self, for_s: float) -> list[float]:
        """Return what PQ-A was told meanwhile."""
        told = []
        for _ in range(round(for_s)):
            done = self.scan(after_s=1.0)
            for command in commands([done], POINT):
                self.put(f"{command.equipment}.{POINT}", command.value)
                told += [command.value] if command.equipment == "PQ-A" else []
        return told

    @property
    def set_var(self) -> float:
        return float(self.values[self.points.index("PQ-A", POINT)])


def test_a_voltage_within_its_band_is_left_alone() -> None:
    assert Board(0.985).go_on(10.0) == []


def test_a_low_voltage_is_supplied_and_given_back_when_it_is_good() -> None:
    board = Board(0.96)
    told = board.go_on(5.0)
    assert told == sorted(told, reverse=True)
    assert told[-1] <= -0.2e6
    assert min(b - a for a, b in pairwise(told)) >= -0.05e6 - 1.0
    board.voltage(0.985)
    held = board.set_var
    board.go_on(5.0)
    assert board.set_var == held, "between the edges nothing moves"
    board.voltage(0.995)
    board.go_on(20.0)
    assert board.set_var == 0.0
    assert board.go_on(5.0) == []


def test_a_high_voltage_is_taken_from_and_room_is_left_for_flicker() -> None:
    board = Board(1.05)
    board.go_on(30.0)
    assert board.set_var == pytest.approx(0.6e6)
    board.put("PQ-A.flicker_pu", 1.2)
    board.go_on(20.0)
    assert board.set_var == pytest.approx(0.2e6), "lamps come first"


def test_beside_sets_it_asks_for_nothing() -> None:
    board = Board(0.96)
    board.go_on(5.0)
    board.scan(on_sets(4))
    board.go_on(3.0)
    assert board.set_var == 0.0


def test_another_mode_is_a_persons() -> None:
    board = Board(0.96)
    board.put_all("statcom", "mode", "voltage")
    assert board.go_on(10.0) == []


def test_on_a_voltage_that_is_not_good_nothing_is_led() -> None:
    board = Board(0.96)
    board.go_on(5.0)
    board.quality[board.points.index("PQ-A", "voltage_ll_v")] = Quality.BAD_TIMEOUT
    board.go_on(3.0)
    assert board.set_var == 0.0


def test_a_person_has_the_say() -> None:
    board = Board(0.96)
    board.go_on(2.0)
    wish = Proposal("PQ-A", POINT, "set", 0.1e6, "kim", "a trial")
    board.scan(OperatorRequest("1", "kim", wish))
    assert all(value == 0.1e6 for value in board.go_on(5.0)[1:])


@pytest.mark.parametrize("off_pu", [-0.1, -0.02, -0.005, 0.0, 0.005, 0.02, 0.1])
@pytest.mark.parametrize("before_pu", [-0.6, -0.03, 0.0, 0.3, 0.6])
def test_no_set_point_leaps_or_leaves_its_room(off_pu: float, before_pu: float) -> None:
    params = Params()
    after_pu = led_pu(before_pu, off_pu, 0.0, params)
    assert abs(after_pu - before_pu) <= params.step_pu + 1e-6
    assert abs(after_pu) <= 1.0 - params.flicker_pu + 1e-12
