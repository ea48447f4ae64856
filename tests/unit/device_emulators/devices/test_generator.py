"""Sets: start, failure to start, load, cool-down, fuel, own logic."""

from __future__ import annotations

import pytest

from daemon.model.plant import MainTieMainScheme, Section
from device_emulators.devices.set_protection import CAUSES
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, SET, Hand, S, item, site

SCHEME = MainTieMainScheme(
    id="C",
    authority="daemon",
    fallback_s=3.0,
    controller="CCTS",
    intake="52-IN",
    sections=(Section("A", "52-M", "52-F", ""),),
    tie="",
    generator_bus="M",
    sets={"DG-1": "52-1", "DG-2": "52-2"},
    storage_feeders=(),
)


def board(pump_w: float = 100e3, authority: str = "daemon", **emulation: dict[str, float]) -> Plant:
    """Return a board of one section with two sets, fed by a utility."""
    scheme = MainTieMainScheme(
        **{**{k: getattr(SCHEME, k) for k in SCHEME.__slots__}, "authority": authority}
    )
    names = ("U6", "H", "A", "M", "G1", "G2", "O")
    return Plant(
        site(
            dict.fromkeys(names, 6600.0),
            [
                item("U", "utility", "U6", **MAINS),
                item("52-IN", "breaker", "U6 H", current_a=630.0),
                item("52-M", "breaker", "H A", current_a=630.0),
                item("52-F", "breaker", "M A", normally="open", current_a=630.0),
                item("52-1", "breaker", "G1 M", normally="open", current_a=630.0),
                item("52-2", "breaker", "G2 M", normally="open", current_a=630.0),
                item("DG-1", "generator", "G1", watchdog_s=3.0, **SET),
                item("DG-2", "generator", "G2", watchdog_s=3.0, **SET),
                item("CCTS", "switchgear_controller", "", watchdog_s=3.0),
                item(
                    "UPS",
                    "ups",
                    "A O",
                    power_va=5e6,
                    power_w=5e6,
                    energy_wh=200e3,
                    efficiency_pu=0.96,
                ),
                item("R", "it_rack", "O", power_w=2e6),
                item("P", "pump", "A", power_w=pump_w),
            ],
            schemes=[scheme],
            emulation={
                "it_rack": {"utilisation_pu": 1.0},
                "switchgear_controller": {"return_s": 5.0, "enough_s": 5.0},
                **emulation,
            },
        )
    )


def test_a_start_takes_cranking_and_run_up() -> None:
    hand = Hand(board(generator={"spread_s": 0.0}))
    hand.run(1.0)
    assert hand.command("DG-1", "start")
    hand.run(2.0)
    assert hand.stage("DG-1") == "cranking"
    hand.run(6.0)
    assert hand.stage("DG-1") == "running_up"
    assert 0.0 < hand.plant.read("DG-1", "frequency_hz") < 60.0
    assert hand.plant.quantity("G1", "live") == 0.0
    hand.run(10.0)
    stages = [(e.fields["stage"], e.at_ns / S) for e in hand.happened("DG-1", "stage")]
    assert stages == [
        ("cranking", 1.0),
        ("running_up", pytest.approx(3.5)),
        ("ready", pytest.approx(9.5)),
    ]
    assert hand.plant.read("DG-1", "voltage_ll_v") == pytest.approx(6600.0, rel=1e-3)
    assert hand.plant.read("DG-1", "crank_count") == 1.0


def test_three_attempts_then_overcrank_after_seventy_five_seconds() -> None:
    hand = Hand(board())
    hand.plant.inject("DG-1", "no_start", {})
    hand.command("DG-1", "start")
    hand.run(74.9)
    assert hand.stage("DG-1") == "cranking"
    assert hand.plant.read("DG-1", "crank_count") == 3.0
    hand.run(75.1)
    assert hand.stage("DG-1") == "fault"
    assert hand.plant.read("DG-1", "overcrank") == 1.0
    assert hand.plant.read("DG-1", "available") == 0.0
    assert not hand.command("DG-1", "start")
    hand.plant.inject("DG-1", "clear", {})
    assert hand.command("DG-1", "reset")
    assert hand.command("DG-1", "start")
    hand.run(90.0)
    assert hand.stage("DG-1") == "ready"


def test_a_set_that_builds_no_voltage_faults() -> None:
    hand = Hand(board())
    hand.plant.inject("DG-1", "fail_to_build", {})
    hand.command("DG-1", "start")
    hand.run(12.0)
    assert hand.stage("DG-1") == "fault"
    assert hand.plant.read("DG-1", "fail_to_build") == 1.0
    assert hand.plant.quantity("G1", "live") == 0.0


def islanded() -> Hand:
    """Return a board whose section is carried by both sets."""
    hand = Hand(board())
    hand.plant.inject("U", "outage", {})
    hand.run(1.0)
    hand.command("52-M", "open")
    hand.command("DG-1", "start")
    hand.command("DG-2", "start")
    hand.run(11.0)
    assert hand.command("52-1", "close")
    hand.run(12.0)
    assert hand.command("52-2", "close_in_sync")
    hand.run(15.0)
    assert hand.command("52-F", "close")
    hand.run(30.0)
    return hand


def test_two_sets_share_evenly_after_a_dead_bus_and_a_synchronised_closing() -> None:
    hand = islanded()
    plant = hand.plant
    assert plant.truth().unsynchronised_closings == ()
    powers = [plant.read(f"DG-{n}", "power_w") for n in (1, 2)]
    assert powers[0] == pytest.approx(powers[1], rel=0.02)
    assert sum(powers) < -2e6
    assert plant.quantity("A", "frequency_hz") == pytest.approx(60.0, abs=0.05)
    assert plant.unfed_ns("R") == ()


def test_a_set_that_trips_leaves_its_load_to_the_other() -> None:
    hand = islanded()
    hand.plant.inject("DG-1", "trip", {})
    hand.run(33.0)
    assert hand.plant.quantity("52-1", "closed") == 0.0
    assert hand.plant.truth().buses["A"].reference == "DG-2"
    assert hand.plant.read("DG-2", "power_w") < -2e6
    assert hand.plant.quantity("A", "frequency_hz") == pytest.approx(60.0, abs=0.1)


def test_fuel_is_burnt_by_load_and_its_end_stops_the_set() -> None:
    hand = islanded()
    plant = hand.plant
    before, power = plant.read("DG-1", "fuel_l"), -plant.read("DG-1", "power_w")
    hand.run(35.0)
    burnt = before - plant.read("DG-1", "fuel_l")
    expected = 5.0 * (0.0193 * 3.2e6 + 0.2498 * power) / 3.6e6
    assert burnt == pytest.approx(expected, rel=0.02)
    plant.inject("DG-1", "fuel_pump_failed", {})
    plant.devices["DG-1"].tanks.day_l = 0.05  # type: ignore[attr-defined]
    hand.run(37.0)
    assert plant.read("DG-1", "trip_cause") == CAUSES.index("out of fuel")
    assert hand.stage("DG-1") == "fault"


def test_an_overloaded_set_gives_up_and_says_under_frequency() -> None:
    hand = Hand(board(pump_w=4e6))
    hand.plant.inject("U", "outage", {})
    hand.run(1.0)
    hand.command("52-M", "open")
    hand.command("DG-1", "start")
    hand.run(11.0)
    hand.command("52-1", "close")
    hand.run(12.0)
    hand.command("52-F", "close")
    hand.run(30.0)
    fault = [e for e in hand.happened("DG-1", "stage") if e.fields["stage"] == "fault"]
    assert fault
    assert fault[0].fields["cause"] == "under-frequency"
    assert hand.plant.quantity("52-1", "closed") == 0.0


def test_stop_means_cooling_down_first() -> None:
    hand = Hand(board())
    hand.command("DG-1", "start")
    hand.run(12.0)
    hand.command("DG-1", "stop")
    hand.run(20.0)
    assert hand.stage("DG-1") == "cooling_down"
    assert hand.plant.quantity("G1", "live") == 1.0
    hand.run(33.0)
    assert hand.stage("DG-1") == "stopped"
    assert hand.plant.quantity("G1", "live") == 0.0


def test_with_the_heartbeat_present_nothing_starts_by_itself() -> None:
    hand = Hand(board())
    hand.plant.inject("U", "outage", {})
    hand.run(20.0)
    assert hand.stage("DG-1") == "stopped"
    assert hand.stage("CCTS") == "inhibited"
    assert hand.plant.quantity("52-M", "closed") == 1.0


def test_without_a_daemon_the_devices_carry_the_load_and_give_it_back() -> None:
    hand = Hand(board())
    plant = hand.plant
    hand.run(1.0)
    plant.inject("U", "outage", {})
    hand.run(40.0, beat=False)
    assert plant.truth().buses["A"].reference in {"DG-1", "DG-2"}
    assert hand.stage("UPS") == "normal"
    assert {plant.quantity(f"52-{n}", "closed") for n in (1, 2)} == {1.0}
    plant.inject("U", "return", {})
    hand.run(75.0, beat=False)
    assert plant.truth().buses["A"].reference == "U"
    assert {hand.stage("DG-1"), hand.stage("DG-2")} == {"stopped"}
    assert plant.unfed_ns("R") == ()
    assert plant.truth().unsynchronised_closings == ()
    assert plant.truth().backfed == ()


def test_a_daemon_that_dies_in_the_middle_is_taken_over_from_where_it_stood() -> None:
    hand = Hand(board())
    hand.plant.inject("U", "outage", {})
    hand.run(2.0)
    hand.command("DG-1", "start")
    hand.run(11.0)
    assert hand.command("52-1", "close")
    hand.run(35.0, beat=False)  # silence from here on
    assert hand.plant.quantity("52-M", "closed") == 0.0
    assert hand.plant.quantity("52-F", "closed") == 1.0
    assert hand.plant.quantity("52-2", "closed") == 1.0
    assert hand.plant.unfed_ns("R") == ()


def test_a_scheme_left_to_the_device_is_never_inhibited() -> None:
    hand = Hand(board(authority="device"))
    hand.plant.inject("U", "outage", {})
    hand.run(25.0)
    assert hand.plant.quantity("52-F", "closed") == 1.0


def test_the_daemon_that_returns_inhibits_the_devices_again() -> None:
    hand = Hand(board())
    hand.run(5.0, beat=False)
    assert hand.stage("CCTS") == "watching"
    hand.run(6.0)
    assert hand.stage("CCTS") == "inhibited"
    assert hand.happened("CCTS", "daemon_present")


def test_crank_attempts_and_rests_are_what_the_site_sets() -> None:
    hand = Hand(board(generator={"crank_attempts": 2.0, "crank_limit_s": 5.0, "rest_s": 3.0}))
    hand.plant.inject("DG-1", "no_start", {})
    hand.command("DG-1", "start")
    hand.run(12.9)
    assert hand.stage("DG-1") == "cranking"
    hand.run(13.1)
    assert hand.stage("DG-1") == "fault"
    assert hand.plant.read("DG-1", "overcrank") == 1.0


@pytest.mark.fault("F44")
def test_a_set_that_starts_on_its_second_attempt_runs() -> None:
    hand = Hand(board())
    hand.plant.inject("DG-1", "no_start", {})
    hand.command("DG-1", "start")
    hand.run(20.0)
    assert hand.stage("DG-1") == "resting"
    hand.plant.inject("DG-1", "clear", {})
    hand.run(42.0)
    assert hand.stage("DG-1") == "ready"
    assert hand.plant.read("DG-1", "crank_count") == 2.0


def test_a_cold_engine_with_no_oil_stops_soon_after_its_start() -> None:
    hand = Hand(board())
    hand.plant.inject("DG-1", "low_oil", {})
    hand.command("DG-1", "start")
    hand.run(15.0)
    assert hand.stage("DG-1") == "fault"
    assert hand.plant.read("DG-1", "trip_cause") == CAUSES.index("low oil pressure")


def test_oil_pressure_and_coolant_follow_the_engine() -> None:
    hand = islanded()
    assert hand.plant.read("DG-1", "oil_pressure_pu") == pytest.approx(1.0, abs=0.01)
    warm = hand.plant.read("DG-1", "coolant_temperature_c")
    hand.run(35.0)
    assert 40.0 < warm < hand.plant.read("DG-1", "coolant_temperature_c") < 98.0
    hand.plant.inject("DG-1", "over_temperature", {})
    hand.plant.devices["DG-1"].coolant_c = 95.0  # type: ignore[attr-defined]
    hand.run(45.0)
    assert hand.plant.read("DG-1", "alarm_temperature") == 1.0


@pytest.mark.fault("F32")
def test_a_stuck_fuel_sensor_shows_a_full_tank_while_fuel_is_burnt() -> None:
    hand = islanded()
    hand.plant.inject("DG-1", "fuel_sensor_stuck", {})
    hand.plant.inject("DG-1", "fuel_pump_failed", {})
    hand.plant.devices["DG-1"].tanks.day_l = 500.0  # type: ignore[attr-defined]
    hand.run(40.0)
    assert hand.plant.read("DG-1", "fuel_l") == 6400.0
    assert hand.plant.read("DG-1", "alarm_fuel") == 0.0
    assert hand.plant.quantity("DG-1", "fuel_l") < 500.0
    hand.plant.inject("DG-1", "clear", {})
    assert hand.plant.read("DG-1", "fuel_l") == hand.plant.quantity("DG-1", "fuel_l")


@pytest.mark.fault("F50")
def test_a_leak_takes_more_than_the_engine_burns_and_low_fuel_is_said() -> None:
    hand = islanded()
    plant = hand.plant
    plant.inject("DG-1", "fuel_leak", {"leak_l_s": 20.0})
    before = plant.read("DG-1", "fuel_l")
    hand.run(40.0)
    assert before - plant.read("DG-1", "fuel_l") == pytest.approx(200.0, rel=0.03)
    plant.inject("DG-2", "low_fuel", {})
    assert plant.read("DG-2", "alarm_fuel") == 1.0
    assert plant.read("DG-2", "bulk_tank_l") == 0.0


def test_told_to_test_a_set_loads_itself_until_it_is_told_to_stop() -> None:
    hand = Hand(board(generator={"load_bank_pu": 0.5, "spread_s": 0.0}))
    assert hand.command("DG-1", "test")
    hand.run(25.0)
    assert hand.plant.read("DG-1", "load_bank_w") == pytest.approx(0.5 * 3.2e6)
    assert hand.plant.read("DG-1", "available") == 1.0
    assert not hand.command("DG-1", "test"), "it runs already"
    hand.command("DG-1", "stop")
    hand.run(26.0)
    assert hand.stage("DG-1") == "cooling_down"
    assert hand.plant.read("DG-1", "load_bank_w") == 0.0


def test_a_start_makes_a_standby_set_of_one_that_is_tested() -> None:
    hand = Hand(board(generator={"spread_s": 0.0, "test_limit_s": 30.0}))
    hand.command("DG-1", "test")
    hand.run(20.0)
    hand.command("DG-1", "start")
    hand.run(40.0)
    assert hand.plant.read("DG-1", "load_bank_w") == 0.0
    assert hand.stage("DG-1") == "ready", "the time of the test is no matter any more"


def test_a_test_ends_by_itself_after_its_longest_time() -> None:
    hand = Hand(board(generator={"spread_s": 0.0, "test_limit_s": 30.0}))
    hand.command("DG-1", "test")
    hand.run(31.0)
    assert hand.stage("DG-1") == "cooling_down"


def test_on_test_a_set_loads_itself_from_its_bank_and_cools_down_after() -> None:
    hand = Hand(board(generator={"load_bank_pu": 0.6, "spread_s": 0.0}))
    plant = hand.plant
    plant.inject("DG-1", "test", {})
    assert plant.read("DG-1", "available") == 0.0
    assert not hand.command("DG-1", "stop")
    hand.run(9.0)
    assert plant.read("DG-1", "load_bank_w") == 0.0
    steps = []
    for until in (14.0, 19.0, 24.0, 40.0):
        hand.run(until)
        steps.append(plant.read("DG-1", "load_bank_w") / 3.2e6)
    assert steps == pytest.approx([0.25, 0.5, 0.6, 0.6])
    assert plant.read("DG-1", "power_w") == pytest.approx(-0.6 * 3.2e6, rel=1e-3)
    assert hand.stage("DG-1") == "loaded"
    energy = plant.truth().energy_wh
    assert (
        abs(energy["sources"] - energy["loads"] - energy["losses"] - energy["stored"])
        < 0.001 * (energy["sources"])
    )
    plant.inject("DG-1", "auto", {})
    hand.run(41.0)
    assert hand.stage("DG-1") == "cooling_down"
    assert plant.read("DG-1", "load_bank_w") == 0.0
    hand.run(62.0)
    assert hand.stage("DG-1") == "stopped"


def test_the_bank_drops_out_when_the_set_gets_the_board() -> None:
    hand = Hand(board())
    hand.plant.inject("DG-1", "test", {})
    hand.run(30.0)
    assert hand.plant.read("DG-1", "load_bank_w") > 0.0
    hand.command("52-1", "close")
    hand.run(30.2)
    assert hand.plant.read("DG-1", "load_bank_w") == 0.0


def test_sets_with_droop_slow_down_under_load() -> None:
    hand = Hand(board(generator={"isochronous": 0.0, "spread_s": 0.0}))
    plant = hand.plant
    plant.inject("U", "outage", {})
    hand.run(1.0)
    hand.command("52-M", "open")
    hand.command("DG-1", "start")
    hand.run(11.0)
    hand.command("52-1", "close")
    hand.run(12.0)
    hand.command("52-F", "close")
    hand.run(60.0)
    loading = -plant.read("DG-1", "power_w") / 3.2e6
    assert loading > 0.5
    expected = 60.0 * (1.0 - 0.04 * loading)
    assert plant.quantity("A", "frequency_hz") == pytest.approx(expected, abs=0.02)
    plant.write("DG-1", "power_setpoint_w", -loading * 3.2e6)
    hand.run(75.0)
    assert plant.quantity("A", "frequency_hz") == pytest.approx(60.0, abs=0.05)


def test_a_slower_class_dips_further() -> None:
    lowest = {}
    for number in (1.0, 3.0):
        settings = {"iso_8528_class": number, "spread_s": 0.0}
        hand = Hand(board(pump_w=1.4e6, generator=settings, pump={"restart_s": 1.0}))
        plant, seen = hand.plant, []
        plant.inject("U", "outage", {})
        hand.run(1.0)
        hand.command("52-M", "open")
        hand.command("DG-1", "start")
        hand.run(11.0)
        hand.command("52-1", "close")
        hand.run(12.0)
        hand.command("52-F", "close")
        for k in range(100):
            hand.run(12.0 + 0.02 * (k + 1))
            seen.append(plant.quantity("M", "frequency_hz"))
        lowest[number] = min(seen)
    assert lowest[1.0] < lowest[3.0] - 0.5
    assert lowest[1.0] > 0.85 * 60.0
    assert lowest[3.0] > 0.93 * 60.0


def test_a_class_that_is_not_emulated_is_refused() -> None:
    with pytest.raises(ValueError, match=r"DG-1: iso_8528_class 4 .*valid: 1, 2, 3"):
        board(generator={"iso_8528_class": 4.0})
