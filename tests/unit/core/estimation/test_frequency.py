"""An island has one frequency: who shows another lies, unless a switch may part them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from daemon.core.estimation.frequency import LASTS, PROOF, Heard, Memory, gauges, heard
from daemon.model.image import Image
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND
from tests.unit.core.estimation.picture import Picture

TRUE_HZ = 60.02


class Board:
    """The hall as one island with DG-1 beside it, and what its frequency meters show."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.site, self.points = self.picture.site, self.picture.points
        self.of = gauges(self.site, self.points)
        self.buses = list(self.site.buses)
        self.island = np.zeros(len(self.buses), dtype=np.int64)
        self.live = np.ones(len(self.buses), dtype=np.bool_)
        for name in ("DG-1", "DG-2", "DG-3", "DG-4"):
            self.part(self.site.equipment[name].buses[0])
        for bus in self.site.buses.values():
            self.live[self.buses.index(bus.id)] &= bus.kind == "ac"
        self.image = self.picture.view().image
        self.values = self.image.values.copy()
        self.values[self.of.point] = TRUE_HZ
        self.quality = self.image.quality.copy()
        self.now_ns = self.image.now_ns
        self.memory: Memory | None = None

    def part(self, bus: str) -> None:
        number = self.buses.index(bus)
        self.island[number], self.live[number] = number, False

    def show(self, point: str, hz: float) -> None:
        self.values[self.points.index(*point.split("."))] = hz

    def scan(self, after_ns: int = SECOND) -> Heard:
        self.now_ns += after_ns
        image: Image = replace(
            self.image, now_ns=self.now_ns, values=self.values, quality=self.quality
        )
        found, self.memory = heard(self.of, image, self.island, self.live, self.memory)
        return found

    def after(self, wait_ns: int) -> Heard:
        for _ in range(wait_ns // SECOND):
            self.scan()
        return self.scan()

    def named(self) -> list[str]:
        assert self.memory is not None
        return [self.points.points[d.point].id for d in self.memory.found]


def test_an_island_has_the_mean_of_its_meters_and_others_have_none() -> None:
    board = Board()
    board.show("M-MVA.frequency_hz", TRUE_HZ + 0.05)
    found = board.scan()
    on, dead = board.buses.index("MVA"), board.buses.index("DCA")
    count = int(np.count_nonzero(board.live[board.of.bus]))
    assert found.hz[on] == pytest.approx(TRUE_HZ + 0.05 / count, abs=1e-4)
    assert 0.02 / np.sqrt(count) == pytest.approx(found.sigma_hz[on], rel=0.01)
    assert np.isnan(found.hz[dead])
    assert np.isnan(found.sigma_hz[dead])


def test_one_that_lies_is_left_out_named_and_taken_back_after_proof() -> None:
    board = Board()
    board.scan()
    board.show("M-MVA.frequency_hz", 61.0)
    found = board.scan()
    assert found.hz[board.buses.index("MVA")] == pytest.approx(TRUE_HZ, abs=1e-6)
    assert board.named() == []
    board.after(LASTS)
    assert board.named() == ["M-MVA.frequency_hz"]
    assert board.memory is not None
    doubted = board.memory.found[0]
    assert (doubted.kind, doubted.shown) == ("condemned", 61.0)
    assert doubted.should == pytest.approx(TRUE_HZ, abs=1e-6)
    board.show("M-MVA.frequency_hz", TRUE_HZ)
    board.after(PROOF - 2 * SECOND)
    assert board.named() == ["M-MVA.frequency_hz"]
    board.after(3 * SECOND)
    assert board.named() == []


def test_one_that_a_switch_may_part_from_the_others_is_not_named() -> None:
    board = Board()
    number = board.buses.index(board.site.equipment["DG-1"].buses[0])
    board.island[number], board.live[number] = 0, True  # shown closed, and running by itself
    board.show("DG-1.frequency_hz", 60.6)
    assert board.scan().hz[0] == pytest.approx(TRUE_HZ, abs=1e-6)
    board.after(2 * LASTS)
    assert board.named() == []


def test_nobody_is_named_while_the_frequency_moves() -> None:
    board = Board()
    for step in range(20):
        board.values[board.of.point] = TRUE_HZ - 0.2 * step
        board.show("M-MVA.frequency_hz", TRUE_HZ - 0.2 * (step - 1))  # a scan behind
        board.scan()
    assert board.named() == []


def test_where_meters_part_into_halves_nobody_knows() -> None:
    board = Board()
    good = ("R-MVA.frequency_hz", "M-MVA.frequency_hz")
    kept = {board.points.index(*name.split(".")) for name in good}
    for point in board.of.point.tolist():
        if point not in kept:
            board.quality[point] = Quality.BAD_NO_COMMUNICATION
    assert board.scan().hz[0] == pytest.approx(TRUE_HZ)
    board.show("M-MVA.frequency_hz", 62.0)
    assert np.isnan(board.scan().hz[0])
    board.after(LASTS)
    assert board.named() == []


def test_what_is_no_number_tells_nothing() -> None:
    board = Board()
    for hostile in (np.nan, np.inf, -np.inf, 1e300, 0.0, -60.0):
        board.values[board.of.point] = hostile
        found = board.scan()
        assert np.isnan(found.hz).all()
