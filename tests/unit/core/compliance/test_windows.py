"""The highest of a window is the highest of its values, however the windows lie."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.compliance.windows import highest, lowest


@pytest.mark.parametrize("last", [1, 3, 40])
@pytest.mark.parametrize("length", [1, 2, 7, 37, 100])
def test_the_extremes_of_windows_that_end_at_the_last_values(last: int, length: int) -> None:
    chance = np.random.default_rng(length)
    values = chance.standard_normal(40).round(1)
    ends = np.arange(len(values) - last, len(values))
    begins = np.maximum.accumulate(np.maximum(ends - length + chance.integers(0, 2, last), 0))
    begins = np.minimum(begins, ends)
    windows = [values[a : b + 1] for a, b in zip(begins, ends, strict=True)]
    assert highest(values, begins).tolist() == [window.max() for window in windows]
    assert lowest(values, begins).tolist() == [window.min() for window in windows]
