"""Default trips of IEEE 1547: a verdict fails exactly where opender trips.

opender runs the whole model of an inverter, step by step; here only the compliance of the trace it
sees is judged. Times that meet a clearing time to the sample are left out: there opender trips in
the step that completes the time, while a limit that is just met is kept.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from opender import DER, DER_PV, DERCommonFileFormat

from daemon.core import compliance
from daemon.core.compliance.limits import Excursion
from daemon.settings.rules import load_rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_S = 0.02
SEEDS = range(40)
RULES = {
    "CAT_I": "ieee1547_cat1_trip",
    "CAT_II": "ieee1547_cat2_trip",
    "CAT_III": "ieee1547_cat3_trip",
}


def trips_after_s(
    voltage_pu: NDArray[np.float64], frequency_hz: NDArray[np.float64], category: str = "CAT_III"
) -> float:
    """Return when opender trips [s], infinity if it does not."""
    DER.t_s = STEP_S
    inverter = DER_PV(DERCommonFileFormat(NP_ABNORMAL_OP_CAT=category))
    for i, (v_pu, f_hz) in enumerate(zip(voltage_pu, frequency_hz, strict=True)):
        inverter.update_der_input(v_pu=float(v_pu), f=float(f_hz), p_dc_pu=0.8)
        inverter.run()
        if inverter.der_status == "Trip":
            return i * STEP_S
    return float("inf")


def judged(
    voltage_pu: NDArray[np.float64],
    frequency_hz: NDArray[np.float64],
    rules: str = "ieee1547_cat3_trip",
) -> tuple[str, ...]:
    """Return the trips that are due by the verdicts."""
    t_ns = np.arange(len(voltage_pu), dtype=np.int64) * round(STEP_S * 1e9)
    values = {"voltage_pu": voltage_pu, "frequency_hz": frequency_hz}
    given = compliance.Given(round(STEP_S * 1e9), measured=frozenset(values))
    court = compliance.begin([load_rules(rules)], given)
    court = compliance.take(court, compliance.Samples(t_ns, values))
    return tuple(one.name for one in compliance.verdicts(court) if one.ok is False)


@cache
def drawn(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a voltage and a frequency that wander through all bands, back now and then."""
    rng = np.random.default_rng(seed)
    voltage_pu, frequency_hz = [np.ones(100)], [np.full(100, 60.0)]
    for _ in range(int(rng.integers(1, 5))):
        long = rng.random() < 0.3
        n = int(rng.integers(20, 1200)) if long else int(rng.integers(1, 14))
        level = rng.choice([0.3, 0.49, 0.51, 0.6, 0.85, 0.87, 0.89, 1.0, 1.09, 1.11, 1.15, 1.21])
        of = rng.choice([56.0, 56.6, 58.4, 58.6, 60.0, 60.0, 61.1, 61.3, 61.9, 62.1])
        voltage_pu.append(np.full(n, level))
        frequency_hz.append(np.full(n, of))
        if rng.random() < 0.5:
            voltage_pu.append(np.ones(30))
            frequency_hz.append(np.full(30, 60.0))
    voltage_pu.append(np.ones(10))
    frequency_hz.append(np.full(10, 60.0))
    return np.concatenate(voltage_pu), np.concatenate(frequency_hz)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trip_is_due_exactly_where_opender_trips(seed: int) -> None:
    voltage_pu, frequency_hz = drawn(seed)
    due = judged(voltage_pu, frequency_hz)
    after_s = trips_after_s(voltage_pu, frequency_hz)
    assert bool(due) == (after_s < float("inf")), (due, after_s)


def test_the_draws_trip_and_do_not() -> None:
    due = [judged(*drawn(seed)) for seed in SEEDS]
    assert sum(bool(one) for one in due) in range(8, len(SEEDS) - 8)
    assert {name for one in due for name in one} >= {"OV2", "UV2", "OF2", "UF2"}


@pytest.mark.parametrize(
    ("category", "name", "level", "clearing_s"),
    [
        ("CAT_III", "OV1", 1.15, 13.0),
        ("CAT_III", "UV1", 0.86, 21.0),
        ("CAT_III", "UV2", 0.4, 2.0),
        ("CAT_III", "OV2", 1.25, 0.16),
        ("CAT_II", "UV1", 0.6, 10.0),
        ("CAT_II", "UV2", 0.4, 0.16),
        ("CAT_I", "OV1", 1.15, 2.0),
        ("CAT_I", "UV1", 0.6, 2.0),
    ],
)
def test_the_clearing_times_are_those_of_opender(
    category: str, name: str, level: float, clearing_s: float
) -> None:
    n = round(clearing_s / STEP_S)
    for count, trips in ((n - 2, False), (n + 2, True)):
        voltage_pu = np.concatenate((np.ones(50), np.full(count, level), np.ones(50)))
        frequency_hz = np.full(len(voltage_pu), 60.0)
        assert (name in judged(voltage_pu, frequency_hz, RULES[category])) is trips
        assert (trips_after_s(voltage_pu, frequency_hz, category) < float("inf")) is trips


@pytest.mark.parametrize("category", ["CAT_I", "CAT_II", "CAT_III"])
def test_every_level_and_clearing_time_is_that_of_opender(category: str) -> None:
    theirs = DERCommonFileFormat(NP_ABNORMAL_OP_CAT=category)
    limits = load_rules(RULES[category]).limits
    assert {limit.name for limit in limits} == {
        f"{k}{n}" for k in ["OV", "UV", "OF", "UF"] for n in "12"
    }
    for limit in limits:
        assert isinstance(limit, Excursion)
        level = limit.below if limit.above is None else limit.above
        assert level == getattr(theirs, f"{limit.name}_TRIP_{limit.name[1]}")
        assert limit.longest_s == getattr(theirs, f"{limit.name}_TRIP_T")
