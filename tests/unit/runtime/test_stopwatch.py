"""What the stages of a scan are counted from."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.step import step
from daemon.model.image import freeze
from daemon.model.quality import Quality
from daemon.model.quantities import MILLISECOND
from daemon.runtime.stopwatch import Stopwatch
from tests.hall import params

NOW_NS = 1000 * MILLISECOND


def test_the_age_of_a_poll_is_that_of_the_oldest_good_value_read_fast() -> None:
    given = params("switching")
    watch = Stopwatch(lambda: 0, given, step)
    fast, slow = given.points.index("52-VCB-MA", "position"), given.points.index("ESS-1", "soc_pu")
    ages_ns = np.full(len(given.points), 5 * MILLISECOND)
    ages_ns[slow] = 700 * MILLISECOND
    ages_ns[fast] = 30 * MILLISECOND
    quality = np.zeros(len(ages_ns), dtype=np.uint32)

    def look() -> None:
        watch.look(freeze(NOW_NS, 0, np.zeros(len(ages_ns)), quality, NOW_NS - ages_ns))

    look()
    assert watch.spent["poll"].sum_s == pytest.approx(0.030)
    quality[fast] = Quality.BAD_NOT_CONNECTED
    look()
    assert watch.spent["poll"].sum_s == pytest.approx(0.035)
    assert sum(watch.spent["poll"].counts) == 2
