"""Heat of a transformer against the closed form and the worked example of IEC 60076-7."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from device_emulators.plant.oil import AMBIENT_C, DISTRIBUTION, MEDIUM, Heating, Oil, heating_of

KINDS = pytest.mark.parametrize("heating", [DISTRIBUTION, MEDIUM], ids=["distribution", "medium"])


def gradient_k(heating: Heating, share: float, t_s: float) -> float:
    """Return the hot spot over the top oil by the exponential form, after a step from cold [K]."""
    k21, k22 = heating.k21, heating.k22
    fast = k21 * (1.0 - math.exp(-t_s / (k22 * heating.winding_s)))
    slow = (k21 - 1.0) * (1.0 - math.exp(-t_s * k22 / heating.oil_s))
    return share * (fast - slow)


@KINDS
@pytest.mark.parametrize("step_s", [1.0, 60.0, 600.0])
def test_a_step_of_load_follows_the_exponential_form(heating: Heating, step_s: float) -> None:
    loading, ratio = 1.2, 6.0
    oil = Oil(heating, ratio, 0.0, 0.0, 0.0)
    end_k = heating.oil_k * ((1.0 + ratio * loading**2) / (1.0 + ratio)) ** heating.oil_exponent
    share = heating.hot_spot_k * loading**heating.winding_exponent
    for step in range(1, 1 + round(7200.0 / step_s)):
        oil.advance(loading, step_s)
        t_s = step * step_s
        rise_k = end_k * (1.0 - math.exp(-t_s / (heating.k11 * heating.oil_s)))
        assert oil.top_oil_c - AMBIENT_C == pytest.approx(rise_k, abs=1e-9)
        assert oil.hot_spot_c - oil.top_oil_c == pytest.approx(
            gradient_k(heating, share, t_s), abs=1e-9
        )


@KINDS
def test_rated_load_comes_to_the_rated_rise(heating: Heating) -> None:
    settled = Oil.at(heating, 6.0, 1.0)
    assert settled.top_oil_c == AMBIENT_C + heating.oil_k
    assert settled.hot_spot_c == pytest.approx(AMBIENT_C + heating.oil_k + heating.hot_spot_k)
    reached = Oil(heating, 6.0, 0.0, 0.0, 0.0)
    reached.advance(1.0, 1e6)
    assert reached.hot_spot_c == pytest.approx(settled.hot_spot_c)


def test_the_worked_example_of_the_standard() -> None:
    """250 MVA, ONAF; measured and calculated values agree within a kelvin there, ours with them."""
    heating = replace(MEDIUM, oil_k=38.3, hot_spot_k=1.4 * 14.5, oil_s=9000.0, winding_s=420.0)
    oil = Oil(heating, 1000.0, 12.7, 0.0, 0.0)
    began_min = 0
    for ends_min, loading, oil_c, spot_c in (
        (190, 1.0, 61.9, 83.8),
        (365, 0.6, 44.4, 54.0),
        (500, 1.5, 89.2, 127.0),
        (705, 0.3, 35.0, 37.5),
        (730, 2.1, 67.9, 138.6),
        (745, 0.0, 60.3, 75.3),
    ):
        oil.advance(loading, 60.0 * (ends_min - began_min))
        began_min = ends_min
        assert oil.top_oil_c + 0.6 == pytest.approx(oil_c, abs=1.1)  # the air there had 25.6
        assert oil.hot_spot_c + 0.6 == pytest.approx(spot_c, abs=1.1)


def test_the_hot_spot_overshoots_in_a_medium_transformer_alone() -> None:
    for heating, overshoots in ((MEDIUM, True), (DISTRIBUTION, False)):
        oil, highest = Oil(heating, 6.0, 0.0, 0.0, 0.0), 0.0
        for _ in range(600):
            oil.advance(1.0, 60.0)
            highest = max(highest, oil.hot_spot_c - oil.top_oil_c)
        assert (highest > heating.hot_spot_k + 1.0) is overshoots


@pytest.mark.parametrize(("spot_c", "rate"), [(110.0, 1.0), (98.0, 0.28), (140.0, 17.2)])
def test_ageing_of_upgraded_paper(spot_c: float, rate: float) -> None:
    """Values of the table of relative ageing rates in IEC 60076-7."""
    oil = Oil(MEDIUM, 6.0, spot_c - AMBIENT_C, 0.0, 0.0)
    assert oil.ageing_pu == pytest.approx(rate, rel=0.01)


def test_the_kind_follows_from_the_rating() -> None:
    assert heating_of(2.5e6) is DISTRIBUTION
    assert heating_of(3.15e6) is MEDIUM
