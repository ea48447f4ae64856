"""Capacitors and batteries of racks: who gives what, for how long, and where the energy goes."""

from __future__ import annotations

import numpy as np
import pytest

from device_emulators.plant.rack_storage import CHARGED_PU, KEPT_PU, RackStorage

RATED_W = 130e3
CAP_J = 20e3 + 0.02 * RATED_W
STEP_S = 0.001
MAY = np.ones(1, dtype=bool)


def storage(power_w: float = 100e3, battery_wh: float = 3250.0, soc_pu: float = 1.0) -> RackStorage:
    one = np.array([RATED_W])
    return RackStorage(one, [battery_wh], [20e3], [soc_pu], np.array([power_w]))


class Feed:
    """Drives one rack: keeps what its feed and its stores gave at every step."""

    def __init__(self, stores: RackStorage) -> None:
        self.stores = stores
        self.taken: list[float] = []
        self.battery: list[float] = []
        self.lost_s: float | None = None

    def run(
        self, power_w: float, for_s: float, most_w: float = 1e9, step_s: float = STEP_S
    ) -> None:
        power = np.array([power_w])
        for k in range(round(for_s / step_s)):
            self.stores.advance(power, step_s)
            asked = self.stores.asked_w(power, MAY)
            taken = np.minimum(asked, most_w)
            if self.stores.settle(power, taken).any() and self.lost_s is None:
                self.lost_s = k * step_s
            self.taken.append(float(taken[0]))
            self.battery.append(float(self.stores.battery_w[0]))
            flow = taken - power - self.stores.battery_w - self.stores.cap_w
            assert abs(float(flow[0])) < 1e-6


def test_a_settled_rack_takes_what_it_uses() -> None:
    feed = Feed(storage())
    feed.run(100e3, 1.0)
    assert feed.taken == pytest.approx([100e3] * 1000)
    assert feed.stores.soc_pu[0] == 1.0


def test_the_battery_takes_over_within_the_hold_up_time_and_lasts_as_long_as_it_holds() -> None:
    feed = Feed(storage(RATED_W))
    feed.run(RATED_W, 0.02, most_w=0.0)
    assert -feed.battery[-1] > 0.97 * RATED_W
    held_j = float(feed.stores.cap_j[0])
    assert KEPT_PU * CAP_J - held_j < 0.02 * RATED_W  # less than the hold-up
    feed.run(RATED_W, 95.0, most_w=0.0, step_s=0.02)
    assert feed.lost_s is not None
    assert feed.lost_s == pytest.approx(90.0 + KEPT_PU * CAP_J / RATED_W, abs=0.05)


@pytest.mark.parametrize("limit_pu", [0.0, 0.5])
def test_a_battery_that_gives_too_little_leaves_the_capacitors_to_end(limit_pu: float) -> None:
    feed = Feed(storage(RATED_W))
    feed.stores.limit_w[:] = limit_pu * RATED_W
    feed.run(RATED_W, 1.0, most_w=0.0)
    expected_s = KEPT_PU * CAP_J / ((1.0 - limit_pu) * RATED_W)
    assert feed.lost_s == pytest.approx(expected_s, abs=0.006)


def test_without_a_battery_a_dip_of_a_tenth_of_a_second_is_bridged() -> None:
    feed = Feed(storage(RATED_W))
    feed.stores.connected[:] = False
    feed.run(RATED_W, 0.1, most_w=0.0)
    feed.run(RATED_W, 5.0)
    assert feed.lost_s is None
    assert feed.battery == [0.0] * len(feed.battery)
    assert feed.stores.cap_j[0] == pytest.approx(KEPT_PU * CAP_J, rel=0.1)


@pytest.mark.fault("F55")
def test_a_surge_reaches_the_feed_smoothed_and_the_pulse_envelope_is_kept() -> None:
    feed = Feed(storage(13e3))
    feed.run(RATED_W, 0.3)
    rise_w = np.diff([13e3, *feed.taken])
    assert max(rise_w) < 0.03 * RATED_W  # per millisecond; the rack itself steps
    assert feed.taken[49] == pytest.approx(RATED_W - 117e3 * np.exp(-1.0), rel=0.05)
    window = np.convolve(feed.taken, np.ones(50) / 50.0, "valid")
    assert max(window) <= 1.4 * RATED_W
    feed.run(RATED_W, 10.0)
    second = np.convolve(feed.taken, np.ones(1000) / 1000.0, "valid")
    assert max(second) <= 1.1 * RATED_W  # while the capacitors are refilled
    assert feed.taken[-1] == pytest.approx(RATED_W, rel=0.01)
    assert feed.battery[-1] == 0.0


def test_feeds_at_their_limit_leave_the_rest_to_the_battery() -> None:
    feed = Feed(storage(100e3))
    feed.run(100e3, 1.0, most_w=60e3)
    assert feed.battery[-1] == pytest.approx(-40e3, rel=1e-3)


def test_recharge_is_one_capacity_per_hour_and_loses_a_part() -> None:
    feed = Feed(storage(100e3, soc_pu=0.5))
    feed.run(100e3, 60.0, step_s=0.1)
    assert feed.battery[-1] == pytest.approx(3250.0)
    gained = float(feed.stores.energy_j[0]) - 0.5 * 3250.0 * 3600.0
    assert gained == pytest.approx(CHARGED_PU * 3250.0 * 60.0, rel=0.01)


def test_energy_is_taken_used_stored_or_lost() -> None:
    stores = storage(50e3, soc_pu=0.3)
    feed, rng = Feed(stores), np.random.default_rng(5)
    used_j, first_j = 0.0, stores.stored_j()
    for _ in range(200):
        power_w, most_w = float(rng.uniform(5e3, RATED_W)), float(rng.choice([0.0, 60e3, 1e9]))
        if stores.cap_j[0] < 3e3:
            most_w = 1e9
        feed.run(power_w, 0.1, most_w, step_s=0.01)
        used_j += power_w * 0.1
    stores.advance(np.array([0.0]), 0.01)
    balance = sum(feed.taken) * 0.01 - used_j - (stores.stored_j() - first_j)
    assert abs(balance) < 1e-6 * used_j
