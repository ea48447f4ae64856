"""A store that is gone in one instant: two witnesses, caps at once, then a slow ramp."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.smoothing import smoother, sudden
from daemon.model.quantities import SECOND
from tests.main_lane import commands, events, loaded
from tests.unit.core.estimation.picture import seen_lying
from tests.unit.core.smoothing.test_import_by_estimate import shown_w
from tests.unit.core.smoothing.test_smoother import (
    EVERY_S,
    IDLE_W,
    POINT,
    RAMP,
    SLOW_W_S,
    Hall,
)

if TYPE_CHECKING:
    from daemon.core.step import Step

CAP = "power_cap_pu"
RATING_W = 1.04e6
LEAST_W = 0.2e6
BEFORE = sudden.Before(SECOND, 1e6, (-2e6,))


@pytest.mark.parametrize(
    ("import_w", "power_w", "set_w", "missing_w"),
    [
        (3e6, 0.0, -2e6, 2e6),
        (2.8e6, -0.2e6, -2e6, 1.8e6),
        (3e6, 0.0, 0.0, 0.0),  # it was told so
        (1e6, 0.0, -2e6, 0.0),  # the import knows nothing of it: the meter of the store is wrong
        (3e6, -2e6, -2e6, 0.0),  # something else is gone
        (1.5e6, 0.0, -2e6, 0.5e6),  # the lesser of what two say
        (3e6, 0.0, None, 0.0),
        (1.1e6, -1.9e6, -2e6, 0.0),  # next to nothing
    ],
)
def test_it_takes_two_witnesses(
    import_w: float, power_w: float, set_w: float | None, missing_w: float
) -> None:
    found_w = sudden.missing_w(BEFORE, import_w, (power_w,), (set_w,), LEAST_W)
    assert found_w == pytest.approx(missing_w)


def test_of_a_store_that_took_the_fall_of_the_import_is_missing() -> None:
    before = sudden.Before(SECOND, 5e6, (1.5e6, 1.5e6))
    found_w = sudden.missing_w(before, 3.5e6, (0.0, 1.5e6), (1.5e6, 1.5e6), LEAST_W)
    assert found_w == pytest.approx(-1.5e6)


@given(st.lists(st.floats(0.0, RATING_W), min_size=6, max_size=6), st.floats(0.2e6, 3e6))
def test_caps_take_off_what_is_missing(powers_w: list[float], missing_w: float) -> None:
    """To the percent, and no row is capped to nothing."""
    caps = sudden.held(loaded().site.of_nature("rack_row"), powers_w, missing_w, 0).caps_pu
    left_w = sum(min(p, cap * RATING_W) for p, cap in zip(powers_w, caps, strict=True))
    least_w = max(sum(powers_w) - missing_w, 0.0)
    assert least_w - 6 * 0.01 * RATING_W <= left_w <= least_w + 6 * 0.05 * RATING_W


def amid_a_start() -> Hall:
    """Return a hall whose storage stands for a job that rises."""
    hall = Hall(1e6, rows_w=IDLE_W)
    hall.go_on(30.0)
    hall.start(25.0, most_w=5.5e6)
    assert hall.stored_w < -1.2e6
    return hall


def trip(hall: Hall) -> list[Step]:
    """Let the storage trip, and scan as often as the lane does."""
    hall.put("ESS-1.stage", "fault")
    for name in ("power_w", "discharge_limit_w", "charge_limit_w"):
        hall.put(f"ESS-1.{name}", 0.0)
    hall.show()
    return [hall.scan(after_s=0.1) for _ in range(2)]


@pytest.mark.fault("F53")
def test_rows_give_up_at_once_what_a_store_gave_and_rise_from_there_by_a_slow_ramp() -> None:
    hall = amid_a_start()
    gave_w, rows_w = -hall.stored_w, hall.load_w - 1e6
    hall.put_all("rack_row", "power_w", rows_w / 6.0)
    steps = trip(hall)
    [told] = events(steps, "storage_gone")
    assert "gave" in told.text
    caps = commands(steps, CAP)
    assert len(caps) == 6
    assert sum(c.value for c in caps) * RATING_W == pytest.approx(rows_w - gave_w, abs=0.15e6)
    hall.put_all("rack_row", CAP, caps[0].value)
    hall.load_w -= gave_w
    hall.imports_w.clear()  # of the step itself nobody is rid
    hall.go_on(2.5)
    assert max(hall.profile(RAMP)) < SLOW_W_S
    assert hall.profile(CAP) == {caps[0].value}
    hall.start(70.0, most_w=5.5e6)
    assert hall.profile(CAP) == {1.0}, "lifted when the ramp is slow"
    assert not hall.state.smoothing.held.caps_pu
    assert hall.most_moved_w(60.0) <= 2e6


@pytest.mark.fault("F19")
def test_a_meter_that_shows_nothing_caps_nobody() -> None:
    hall = amid_a_start()
    power_w = hall.stored_w
    hall.put("ESS-1.power_w", 0.0)
    hall.put("M-UA.power_w", hall.load_w + power_w)
    steps = [hall.scan(after_s=0.1) for _ in range(3)]
    assert not commands(steps, CAP)


def test_a_store_that_falls_silent_caps_nobody_while_rows_rise() -> None:
    hall = amid_a_start()
    hall.spoil("ESS-1")
    hall.put("M-UA.power_w", hall.load_w + hall.stored_w + 0.5e6)
    assert not commands([hall.scan(after_s=0.1) for _ in range(3)], CAP)


def test_a_load_that_steps_beside_storage_caps_nobody() -> None:
    hall = amid_a_start()
    hall.load_w += 2e6
    hall.show()
    assert not commands([hall.scan(after_s=0.1) for _ in range(3)], CAP)


def test_what_is_gone_that_took_caps_nobody_and_rows_fall_slowly() -> None:
    hall = Hall(5.5e6, soc_pu=0.6, rows_w=5e6)
    hall.go_on(EVERY_S)
    hall.go_on(25.0, ramp_w_s=-0.12e6)
    assert hall.stored_w > 1e6
    steps = trip(hall)
    assert not commands(steps, CAP)
    [told] = events(steps, "storage_gone")
    assert "took" in told.text
    hall.go_on(2.0)
    assert max(hall.profile(RAMP)) < SLOW_W_S


@pytest.mark.fault("F19")
def test_a_meter_that_is_known_to_be_frozen_is_no_witness() -> None:
    """The store gives more and more, its meter shows what it was, and the import rises too."""
    view = shown_w(seen_lying("ESS-1.power_w"), -0.4e6)
    values = view.image.values.copy()
    values[view.points.index("ESS-1", POINT)] = -1.2e6
    view = replace(view, image=replace(view.image, values=values))
    import_w = sum(view.read(meter, "power_w") or 0.0 for meter in ("M-UA", "M-UB"))
    before = sudden.Before(view.now_ns - SECOND, import_w - 0.5e6, (-1.2e6,))
    state = smoother.State(before=before)
    after = smoother.step(view, state, smoother.Params(), ())
    assert not [event for event in after.events if "is gone" in event.text]
    assert view.estimate is not None
    honest = replace(view, estimate=replace(view.estimate, suspects=()))
    after = smoother.step(honest, state, smoother.Params(), ())
    assert [event for event in after.events if "is gone" in event.text]
