"""A job that stops while storage gives: what remains of the load, and that nothing is exported."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.smoothing import vanishing
from daemon.core.smoothing.stores import Able
from tests.main_lane import commands
from tests.unit.core.smoothing.test_smoother import EVERY_S, IDLE_W, RAMP, Hall

SCAN_S = 0.1
POWERS_W = st.lists(st.floats(-4e6, 4e6), min_size=1, max_size=4)


class Job:
    """A hall in which a job starts, and stops after a time; rows fall faster than they rise.

    Args:
        others_w: what the connection carries beside the rows [W].
        falls_pu: rows fall by so many times their ramp [pu].
        told_pu: what the site says of that [pu].
    """

    def __init__(self, others_w: float, falls_pu: float, told_pu: float) -> None:
        self.hall = Hall(IDLE_W + others_w, rows_w=IDLE_W)
        words = replace(self.hall.params.control.smoothing, falls_pu=told_pu)
        control = replace(self.hall.params.control, smoothing=words)
        self.hall.params = replace(self.hall.params, control=control)
        self.rows_w, self.others_w, self.falls_pu = IDLE_W, others_w, falls_pu
        self.ramps = [f"{row.id}.{RAMP}" for row in self.hall.site.of_nature("rack_row")]

    def go_on(self, for_s: float, to_w: float, scan_s: float) -> None:
        """Scan: storage does what it was told, and rows go where their job wants them."""
        hall = self.hall
        for _ in range(round(for_s / scan_s)):
            shown = [hall.points.index(*name.rsplit(".", 1)) for name in self.ramps]
            step_w = sum(float(hall.values[k]) for k in shown) * scan_s
            self.rows_w = max(min(to_w, self.rows_w + step_w), self.rows_w - self.falls_pu * step_w)
            hall.load_w = self.rows_w + self.others_w
            hall.put_all("rack_row", "power_w", self.rows_w / 6.0)
            hall.show()
            done = hall.scan(after_s=scan_s)
            for command in (*commands([done], RAMP), *commands([done], "power_setpoint_w")):
                hall.put(f"{command.equipment}.{command.point}", command.value)
                if command.equipment == "ESS-1":
                    hall.put("ESS-1.power_w", command.value)

    def given_up(self) -> tuple[float, float]:
        """Return what storage gives when the job stops, and the least import after that [W, W]."""
        self.go_on(20.0, IDLE_W, EVERY_S)
        self.go_on(24.0, 6e6, EVERY_S)
        gives_w, until = -self.hall.stored_w, len(self.hall.imports_w)
        self.go_on(4.0, IDLE_W, SCAN_S)
        return gives_w, min(self.hall.imports_w[until:])


@pytest.mark.fault("F55")
@pytest.mark.parametrize(
    ("others_w", "falls_pu", "gives_w"),
    [(0.1e6, 1.0, 1.0e6), (0.1e6, 10.0, 1.0e6), (1.5e6, 1000.0, 1.0e6)],
)
def test_nothing_is_exported_when_a_job_stops_while_storage_gives(
    others_w: float, falls_pu: float, gives_w: float
) -> None:
    """By their ramp, faster, and in one instant."""
    gave_w, least_w = Job(others_w, falls_pu, falls_pu).given_up()
    assert gave_w >= gives_w
    assert least_w >= 0.0


def test_what_the_site_does_not_say_of_its_rows_is_exported() -> None:
    """It is the bound that keeps it, and nothing else."""
    _, least_w = Job(0.1e6, 1000.0, 1.0).given_up()
    assert least_w < -0.2e6


@given(POWERS_W, st.floats(0.0, 4e6))
def test_together_they_give_no_more_and_none_takes_more(
    asked_w: list[float], most_w: float
) -> None:
    found_w = vanishing.within(asked_w, most_w)
    assert -sum(found_w) <= max(most_w, 0.0) + 1e-3 or min(found_w) >= 0.0
    for was_w, to_w in zip(asked_w, found_w, strict=True):
        assert to_w == was_w if was_w >= 0.0 else was_w <= to_w <= 0.0
    if -sum(asked_w) <= most_w:
        assert found_w == tuple(asked_w)


def test_rows_lose_what_their_ramp_lets_them_or_all_without_one() -> None:
    assert vanishing.at_once_w([1e6, 1e6], [1e5, 0.0], 1.0, 0.5) == 1.05e6
    assert vanishing.at_once_w([1e6], [1e5], 100.0, 0.5) == 1e6, "no more than they draw"
    assert vanishing.remaining_w(3e6, 2e6, 0.5e6) == 1.5e6
    assert vanishing.remaining_w(3e6, 4e6, 0.5e6) == 0.0, "it is never told to take for it"


def test_what_is_counted_on_is_shared_by_what_each_can_give() -> None:
    able = [Able(1e6, 3e6, 1.0, 1.0), Able(1e6, 1e6, 1.0, 1.0), Able()]
    assert [one.give_w for one in vanishing.counted(able, 2e6)] == [1.5e6, 0.5e6, 0.0]
    assert vanishing.counted(able, 9e6) == able
    assert vanishing.counted([Able()], 0.0) == [Able()]
