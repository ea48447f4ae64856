"""Courts: what is not measured, what is too small, contracts, and what it costs to be live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.core import compliance
from daemon.model.plant import Contract
from daemon.settings.rules import load_rules, shipped_rules
from tests.unit.core.compliance.events import MS, event, judged

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = Contract(5.5e6, 900.0, 0.0, 0.8e6, 5.0, 33_333.0)


def power(values: np.ndarray, step_ms: int = 100) -> compliance.Samples:
    t_ns = np.arange(len(values), dtype=np.int64) * step_ms * MS
    return compliance.Samples(t_ns, {"power_w": values.astype(np.float64)})


def kept(samples: compliance.Samples, step_ms: int = 100) -> dict[str, bool | None]:
    given = compliance.Given(step_ms * MS, 9e6, 60.0, frozenset(samples.values))
    court = compliance.begin([compliance.contract_rules(CONTRACT)], given)
    return {v.name: v.ok for v in compliance.verdicts(compliance.take(court, samples))}


def test_a_quantity_that_is_not_measured_is_not_judged() -> None:
    found = judged("itic", power(np.full(100, 5e7)), 100)
    assert {one.ok for one in found.values()} == {None}
    assert {one.missing for one in found.values()} == {("voltage_pu",)}


def test_who_is_too_small_is_told_so() -> None:
    small = judged("ercot_nogrr282", event((500, 1.0, 20)))
    large = judged("ercot_nogrr282", event((500, 1.0, 75)))
    assert "the highest here is 20 MW" in small["below 0.90 pu"].binds
    assert not large["below 0.90 pu"].binds


RULES = """
title: own
source: own
mark: own
limits:
  - {name: swing, kind: swing, window_s: 5, limit_w: 10e6}
  - {name: scaled, kind: change, window_s: 5, limit_pu: 0.2}
  - {name: lesser, kind: change, window_s: 5, limit_pu: 0.2, limit_w: 10e6}
  - {name: ramp, kind: ramp, quantity: power_w, window_s: 10, limit: 10e6, per_s: 1}
  - {name: above, kind: excursion, quantity: power_w, above: 10e6, longest_s: 1}
  - {name: demand, kind: demand, window_s: 60, limit_w: 10e6}
"""


@pytest.mark.parametrize(
    ("top_w", "sized", "open_"),
    [
        (0.49e6, False, {"swing", "ramp", "above", "demand"}),
        (0.51e6, False, set()),
        (0.49e6, True, set()),
    ],
)
def test_a_limit_that_no_load_of_this_size_can_pass_is_open_until_the_size_is_stated(
    tmp_path: Path, top_w: float, sized: bool, open_: set[str]
) -> None:
    (file := tmp_path / "own.yaml").write_text(RULES)
    given = compliance.Given(100 * MS, top_w, measured=frozenset({"power_w"}), sized=sized)
    court = compliance.begin([load_rules(str(file))], given)
    found = compliance.verdicts(compliance.take(court, power(np.full(2000, top_w))))
    assert {one.name for one in found if one.ok is None} == open_
    assert {"is the unit W?" in one.detail for one in found if one.ok is None} <= {True}


def test_what_failed_is_never_open_for_its_size() -> None:
    """A code for 75 MW asks for the return of the load, whatever its unit."""
    samples = event((500, 1.0, 0.09), (300, 0.5, 0.0), (5000, 1.0, 0.0))
    for sized in (True, False):
        given = compliance.Given(MS, 9e4, measured=frozenset(samples.values), sized=sized)
        court = compliance.begin([load_rules("ercot_nogrr282")], given)
        found = {v.name: v.ok for v in compliance.verdicts(compliance.take(court, samples))}
        assert found["back to 90 % after a dip"] is False
        assert found["above 1.20 pu"] is (True if sized else None)


def test_the_contract_of_a_site() -> None:
    calm = np.full(20_000, 5.4e6)
    assert set(kept(power(calm)).values()) == {True}
    high = np.where(np.arange(20_000) < 9_000, 5.4e6, 5.6e6)
    assert kept(power(high))["demand"] is False
    out = np.where(np.arange(20_000) == 777, -1.0, 5e5)
    assert kept(power(out))["least import"] is False
    swing = np.where(np.arange(20_000) == 777, 4.5e6, 5.4e6)
    assert kept(power(swing))["swing in 5 s"] is False
    climb = 3e6 + 35_000 * np.arange(600) / 10
    found = kept(power(climb))
    assert (found["change in 60 s"], found["swing in 5 s"]) == (False, True)


def test_a_ramp_after_a_loss_of_input_is_exempt() -> None:
    pieces = (5000, 1.0, 5.0), (300, 0.5, 0.5), (1900, 1.0, 0.5), (9000, 1.0, 5.0)
    samples = event(*pieces)
    assert kept(samples, 1)["change in 60 s"] is True
    late = event((5000, 1.0, 5.0), (300, 0.5, 0.5), (2100, 1.0, 0.5), (9000, 1.0, 5.0))
    assert kept(late, 1)["change in 60 s"] is False


def test_all_that_came_along_live_sample_by_sample_is_as_in_one_go() -> None:
    rules = [load_rules(name) for name in shipped_rules()]
    rng = np.random.default_rng(5)
    n = 300
    values = {
        "power_w": 80e6 + 10e6 * rng.random(n),
        "voltage_pu": np.where(rng.random(n) < 0.05, 0.7, 1.0),
        "frequency_hz": 60.0 + 0.2 * rng.standard_normal(n),
    }
    samples = compliance.Samples(np.arange(n, dtype=np.int64) * 20 * MS, values)
    given = compliance.Given(20 * MS, 90e6)
    begun = compliance.begin(rules, given)
    whole = compliance.verdicts(compliance.take(begun, samples))
    court = begun
    for i in range(n):
        court = compliance.take(court, samples.part(i, i + 1))
    for live, at_once in zip(compliance.verdicts(court), whole, strict=True):
        assert (live.rules, live.name, live.ok, live.count) == (
            at_once.rules, at_once.name, at_once.ok, at_once.count,
        )  # fmt: skip


def test_no_sample_is_no_change() -> None:
    court = compliance.begin([load_rules("itic")], compliance.Given(MS))
    empty = compliance.Samples(np.empty(0, dtype=np.int64), {})
    assert compliance.take(court, empty) is court
    assert {one.ok for one in compliance.verdicts(court)} == {None}
