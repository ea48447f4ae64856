"""The curve of how long a trace was beyond which level."""

from __future__ import annotations

import re

import numpy as np
import pytest

from daemon.core.compliance import Given
from daemon.core.compliance.limits import Excursion
from daemon.rehearsal.compliance.endurance import endured, picture

MS = 1_000_000
T_NS = np.arange(1000, dtype=np.int64) * 10 * MS
V_PU = np.ones(1000)
V_PU[100:150] = 0.85
V_PU[150:160] = 0.4
V_PU[500:620] = 0.88
V_PU[990:] = 0.6
V_PU[700:705] = 1.3


@pytest.mark.parametrize(
    ("level", "above", "parts", "time_s"),
    [
        (0.9, False, (0, 1000), 1.2),
        (0.86, False, (0, 1000), 0.6),
        (0.5, False, (0, 1000), 0.1),
        (0.4, False, (0, 1000), 0.0),
        (0.7, False, (0, 1000), 0.1),
        (0.9, False, (0, 560, 1000), 0.6),
        (1.2, True, (0, 1000), 0.05),
        (1.3, True, (0, 1000), 0.0),
    ],
)
def test_longest_time_in_one_go(
    level: float, above: bool, parts: tuple[int, ...], time_s: float
) -> None:
    (found,) = endured(T_NS, V_PU, np.array([level]), parts, 10 * MS, above=above)
    assert found == pytest.approx(time_s)


def test_a_dot_beyond_the_line_lies_to_its_right() -> None:
    limit = Excursion(name="a", quantity="voltage_pu", below=0.9, longest_s=1.0)
    text = picture(T_NS, V_PU, (0, 1000), [limit], Given(10 * MS), "pu")
    (corner,) = re.findall(r'class="edge" d="M\d+ [\d.]+V[\d.]+H([\d.]+)V', text)
    dots = [float(x) for x in re.findall(r'cx="([\d.]+)"', text)]
    assert max(dots) > float(corner) > min(dots)
    calm = picture(T_NS, np.ones(1000), (0, 1000), [limit], Given(10 * MS), "pu")
    assert "cx=" not in calm
