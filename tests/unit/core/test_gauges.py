"""What a list of gauges reads is what the view reads, value for value."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.gauges import Gauges
from daemon.model.image import freeze
from daemon.model.quality import Quality
from tests.main_lane import Lane

NAMES = [("UPS-A", "soc_pu"), ("UPS-A", "no_such_point"), ("ROW-1", "power_w")]


@pytest.mark.parametrize("served", [NAMES, NAMES[::2], []])
@pytest.mark.parametrize("code", [Quality.GOOD, Quality.GOOD_CLAMPED, Quality.UNCERTAIN])
def test_one_look_reads_what_is_served_and_good(
    served: list[tuple[str, str]], code: Quality
) -> None:
    hall = Lane()
    hall.put("UPS-A.soc_pu", 0.5)
    hall.put("ROW-1.power_w", 7e5)
    hall.quality[hall.points.index("ROW-1", "power_w")] = code
    expected = {
        ("UPS-A", "soc_pu"): 0.5,
        ("ROW-1", "power_w"): None if code == Quality.UNCERTAIN else 7e5,
    }
    gauges, image = Gauges(hall.points, served), hall.image()
    read = gauges.read(image)
    assert read == [expected.get(name) for name in served]
    np.testing.assert_array_equal(gauges.array(image), np.array(read, dtype=np.float64))
    assert gauges.complete(image) == (read.count(None) == gauges.unserved)


def test_every_point_keeps_its_place() -> None:
    hall = Lane()
    count = len(hall.points)
    image = freeze(
        1, 1, np.arange(count, dtype=np.float64), hall.quality, np.zeros(count, dtype=np.int64)
    )
    names = [(p.equipment, p.spec.name) for p in hall.points.points]
    assert Gauges(hall.points, names).read(image) == image.values.tolist()
