"""Times beyond a level: in one go, across worse levels, at the end, and in coarse samples."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core import compliance
from daemon.settings.rules import load_rules
from tests.unit.core.compliance.events import MS, event, judged


def supply(*pieces: tuple[int, float]) -> compliance.Samples:
    whole = event(*((ms, v, 0.0) for ms, v in pieces))
    return compliance.Samples(whole.t_ns, {"voltage_pu": whole.values["voltage_pu"]})


def test_time_below_a_level_runs_on_below_a_worse_one() -> None:
    found = judged("ercot_nogrr282", supply((100, 1.0), (300, 0.7), (300, 0.4), (100, 1.0)))
    assert found["below 0.80 pu"].value == 0.6
    assert found["below 0.80 pu"].ok is False
    assert found["below 0.50 pu"].value == 0.3


def test_time_does_not_add_up_over_a_return() -> None:
    found = judged("ercot_nogrr282", supply((100, 1.0), *[(400, 0.7), (1, 0.95)] * 5, (9, 1.0)))
    assert found["below 0.80 pu"].ok is True
    assert found["below 0.80 pu"].value == 0.4


def test_a_level_itself_is_within() -> None:
    found = judged("ercot_nogrr282", supply((100, 1.0), (9000, 0.9), (9000, 1.1), (100, 1.0)))
    assert all(one.ok for one in found.values() if one.name.endswith("pu"))


def test_what_still_goes_on_counts_until_the_end() -> None:
    found = judged("ercot_nogrr282", supply((100, 1.0), (501, 0.7)))
    assert found["below 0.80 pu"].ok is False
    assert "still goes on" in found["below 0.80 pu"].detail
    assert judged("ercot_nogrr282", supply((100, 1.0), (500, 0.7)))["below 0.80 pu"].ok is True


def test_each_time_too_long_is_counted_and_the_first_is_named() -> None:
    found = judged("ercot_nogrr282", supply(*[(1000, 1.0), (600, 0.7)] * 3, (100, 1.0)))
    one = found["below 0.80 pu"]
    assert (one.count, one.first_s, one.at_s) == (3, 1.0, 1.0)
    assert one.margin == pytest.approx(-0.1)


def test_what_is_never_allowed_tells_the_worst_value() -> None:
    found = judged("iso8528_g3", supply((100, 1.0), (20, 0.83), (100, 1.0)))
    one = found["voltage dip"]
    assert (one.ok, one.value, one.limit, one.at_least, one.unit) == (False, 0.83, 0.85, True, "pu")
    assert one.margin == pytest.approx(-0.02)


@pytest.mark.parametrize(("rows", "ok"), [(0, None), (1, None), (2, False)])
def test_coarse_samples_show_only_what_is_surely_too_long(rows: int, ok: bool | None) -> None:
    voltage_pu = np.ones(50)
    voltage_pu[20 : 20 + rows] = 0.6
    t_ns = np.arange(50, dtype=np.int64) * 1000 * MS
    samples = compliance.Samples(t_ns, {"voltage_pu": voltage_pu})
    one = judged("itic", samples, 1000)["below 80 %"]
    assert one.ok is ok
    assert one.ok is False or "1 s apart" in one.detail


@pytest.mark.parametrize(
    ("pieces", "at", "ok", "value_s"),
    [
        (((100, 1.0), (400, 0.7), (400, 0.7), (100, 1.0)), 500, None, 0.4),
        (((100, 1.0), (400, 0.7), (400, 1.0), (100, 1.0)), 500, None, 0.4),
        (((100, 1.0), (400, 1.0), (400, 0.7), (100, 1.0)), 500, None, 0.4),
        (((100, 1.0), (400, 1.0), (400, 1.0), (100, 1.0)), 500, True, 0.0),
        (((100, 1.0), (400, 0.7), (400, 1.0), (100, 1.0)), 600, True, 0.4),
        (((100, 1.0), (600, 0.7), (400, 1.0), (100, 1.0)), 700, False, 0.6),
    ],
)
def test_what_a_hole_hides_may_have_lasted_longer(
    pieces: tuple[tuple[int, float], ...], at: int, ok: bool | None, value_s: float
) -> None:
    samples = supply(*pieces)
    given = compliance.Given(MS, measured=frozenset({"voltage_pu"}))
    court = compliance.begin([load_rules("ercot_nogrr282")], given)
    court = compliance.cut(compliance.take(court, samples.part(0, at)))
    court = compliance.take(court, samples.part(at, len(samples)))
    (one,) = (v for v in compliance.verdicts(court) if v.name == "below 0.80 pu")
    assert (one.ok, one.value) == (ok, value_s)
    assert (ok is not None) or "in a hole" in one.detail
