"""A trace as control periods."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.model.quantities import SECOND
from daemon.rehearsal.backtest.course import course, means


def test_means_of_values_that_hold() -> None:
    t_ns = np.array([0, 10, 25]) * SECOND
    assert means(t_ns, np.array([1.0, 4.0, 2.0]), 20 * SECOND, 0, 2) == pytest.approx([2.5, 2.5])


def test_whole_windows_after_what_is_learned_from() -> None:
    t_ns = np.arange(0, 7200, 300) * SECOND + 60 * SECOND
    found = course(t_ns, np.arange(24.0), 900.0, 1800.0, 60.0)
    assert found.begun_ns == 2700 * SECOND, "the first whole window after 60 s + 1800 s"
    assert len(found.load_w) == 4 * 15 + 15
    assert found.load_w[0] == 8.0
    assert len(found.before_w) == 6
    assert found.windows_w.shape == (5,)
    assert found.windows_before_w == pytest.approx(found.before_w.reshape(2, 3).mean(axis=1))


def test_a_trace_that_is_too_short_is_refused() -> None:
    t_ns = np.arange(0, 1800, 300) * SECOND
    with pytest.raises(ValueError, match="1 whole windows of 900 s"):
        course(t_ns, np.ones(6), 900.0, 500.0, 60.0)


def test_rows_further_apart_than_a_window_tell_nothing_of_it() -> None:
    with pytest.raises(ValueError, match="rows are 60000 s apart"):
        course(np.arange(60) * 60_000 * SECOND, np.full(60, 5e6), 900.0, 0.0, 30.0)
