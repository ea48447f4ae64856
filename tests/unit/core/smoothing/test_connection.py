"""Which part of each limit is made use of."""

from __future__ import annotations

import pytest

from daemon.core.smoothing import connection
from daemon.model.compliance import Bound
from daemon.model.quantities import SECOND


@pytest.mark.parametrize(
    ("limit_w", "used_pu", "used_w"),
    [(5e6, 0.8, 4e6), (5e6, 1.0, 4.92e6), (0.1e6, 0.8, 0.05e6), (0.1e6, 0.3, 0.03e6)],
)
def test_grains_of_set_points_are_left_over(limit_w: float, used_pu: float, used_w: float) -> None:
    [bound] = connection.used([Bound(15 * SECOND, limit_w)], used_pu)
    assert bound.limit_w == pytest.approx(used_w)


def test_a_filtered_limit_of_a_few_grains_is_none_that_set_points_keep() -> None:
    """0.5 % of 100 MW between 5 and 55 Hz is one, 0.5 % of 5.5 MW is not."""
    band_hz = (5.0, 55.0)
    stated = [Bound(5 * SECOND, limit_w, band_hz) for limit_w in (0.5e6, 27.5e3)]
    assert connection.used(stated, 0.8) == (Bound(5 * SECOND, 0.4e6, band_hz),)
