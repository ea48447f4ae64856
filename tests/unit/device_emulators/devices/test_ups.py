"""UPS: the output never notices the input; battery, flywheel, bypass, overload, tests."""

from __future__ import annotations

from typing import Any

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, SET, Hand, S, item, residual_w, site

UPS = {"power_va": 1e6, "power_w": 0.9e6, "energy_wh": 20e3, "efficiency_pu": 0.95}


def ups_bench(
    energy_wh: float = 20e3,
    rack_w: float = 500e3,
    ups: dict[str, float] | None = None,
    **extra: Any,
) -> Plant:
    return Plant(
        site(
            {"I": 380.0, "O": 380.0},
            [
                item("U", "utility", "I", **MAINS),
                item("UPS", "ups", "I O", **{**UPS, "energy_wh": energy_wh, **extra}),
                item("R", "it_rack", "O", power_w=rack_w),
            ],
            emulation={
                "it_rack": {"utilisation_pu": 1.0},
                "UPS": ups or {},
                "site": {"tank_l": 1e9},
            },
        )
    )


def ups_of(plant: Plant) -> Any:
    return plant.devices["UPS"]


@pytest.mark.parametrize("loss_s", [0.004, 0.1, 3.0])
def test_the_output_never_notices_the_input(loss_s: float) -> None:
    plant = ups_bench()
    plant.advance(S)
    plant.inject("U", "outage", {})
    low = 1.0
    while plant.now_ns < S + round(loss_s * S):
        plant.advance(plant.now_ns + 4_000_000)
        low = min(low, plant.quantity("O", "voltage_pu"))
    plant.inject("U", "return", {})
    for _ in range(20):
        plant.advance(plant.now_ns + 5_000_000)
        low = min(low, plant.quantity("O", "voltage_pu"))
    assert low > 0.99
    assert plant.unfed_ns("R") == ()
    assert plant.truth().loads["R"].low_pu > 0.99


def test_a_brief_loss_is_taken_back_within_two_seconds() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    before = plant.read("UPS", "input_power_w")
    plant.inject("U", "sag", {"depth_pu": 0.4, "for_s": 0.1})
    hand.run(1.05)
    assert hand.stage("UPS") == "battery"
    assert plant.read("UPS", "input_power_w") == 0.0
    hand.run(3.1)
    assert plant.read("UPS", "input_power_w") >= 0.9 * before
    assert hand.stage("UPS") == "normal"


def test_a_longer_loss_walks_in_and_then_recharges_a_tenth_per_hour() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    plant.inject("U", "outage", {})
    hand.run(5.0)
    drained = 1.0 - plant.read("UPS", "soc_pu")
    need = -plant.read("UPS", "battery_power_w")
    given = need * 5.0 / (20e3 * 3600.0)
    assert 1.0 < drained / (given / 1.035) < 1.06  # full cells have 1.035 of the mean voltage
    stored = ups_of(plant).battery
    assert 20e3 * 3600.0 - stored.energy_j == pytest.approx(need * 5.0 + stored.lost_j, rel=1e-6)
    plant.inject("U", "return", {})
    hand.run(6.9)
    assert plant.read("UPS", "input_power_w") == 0.0
    hand.run(12.0)
    assert hand.stage("UPS") == "walk_in"
    assert plant.read("UPS", "input_power_w") == pytest.approx(0.5 * need, rel=0.02)
    hand.run(17.5)
    assert hand.stage("UPS") == "normal"
    assert plant.read("UPS", "battery_power_w") == pytest.approx(2e3 * 1.03, rel=0.02)


def test_an_empty_store_ends_the_output_at_the_time_the_runtime_told() -> None:
    plant = ups_bench(energy_wh=1000.0)
    hand = Hand(plant)
    plant.inject("U", "outage", {})
    hand.run(0.1)
    told = 0.1 + plant.read("UPS", "runtime_s")
    hand.run(10.0)
    (lost,) = hand.happened("UPS", "output_lost")
    assert lost.at_ns / S == pytest.approx(told, rel=0.005)  # it warms on the way
    assert hand.stage("R") == "lost"
    ((begin, end),) = plant.unfed_ns("R")
    assert begin == lost.at_ns
    assert end is None
    assert plant.quantity("R", "fed") == 0.0
    plant.inject("U", "return", {})
    hand.run(25.0)
    assert hand.stage("UPS") == "normal"
    assert plant.unfed_ns("R")[0][1] is not None


def test_with_the_battery_disconnected_the_interruption_is_the_outage() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    plant.inject("UPS", "battery_disconnect", {})
    hand.run(1.0)
    plant.inject("U", "outage", {})
    hand.run(3.0)
    ((begin, _),) = plant.unfed_ns("R")
    assert begin == S


def test_a_fault_goes_to_bypass_and_loses_the_output_when_there_is_none() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    plant.inject("UPS", "fault", {})
    hand.run(1.0)
    assert hand.stage("UPS") == "static_bypass"
    assert plant.unfed_ns("R") == ()
    assert plant.truth().unsynchronised_closings == ()
    assert plant.read("UPS", "input_power_w") == pytest.approx(500e3, rel=1e-3)
    plant.inject("U", "outage", {})
    hand.run(2.0)
    assert plant.unfed_ns("R") == ((S, None),)
    plant.inject("any", "clear", {})
    hand.run(3.0)
    assert plant.quantity("O", "live") == 1.0


def test_commands_move_between_inverter_and_bypass_without_interruption() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert hand.command("UPS", "to_bypass")
    hand.run(2.0)
    assert hand.stage("UPS") == "static_bypass"
    assert hand.command("UPS", "to_inverter")
    hand.run(3.0)
    assert hand.stage("UPS") == "normal"
    assert plant.unfed_ns("R") == ()
    assert plant.truth().unsynchronised_closings == ()


def test_the_flywheel_gives_before_the_battery() -> None:
    plant = ups_bench(flywheel_wh=500.0)
    plant.inject("U", "outage", {})
    plant.advance(2 * S)
    ups = ups_of(plant)
    assert ups.flywheel.soc_pu < 0.5
    assert ups.battery.soc_pu == 1.0
    plant.advance(6 * S)
    assert ups.flywheel.soc_pu < 0.01
    assert plant.quantity("UPS", "flywheel_speed_pu") == pytest.approx(0.5, abs=0.01)
    assert ups.battery.soc_pu < 1.0
    assert plant.unfed_ns("R") == ()


@pytest.mark.fault("F42")
def test_an_input_loss_is_told_within_four_milliseconds_and_a_shorter_dip_is_not() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("U", "sag", {"depth_pu": 1.0, "for_s": 0.0015})
    hand.run(2.0)
    assert hand.happened("UPS", "stage") == []
    plant.inject("U", "outage", {})
    hand.run(2.1)
    (told,) = hand.happened("UPS", "stage")
    assert 0 < told.at_ns - 2 * S < 4_000_000
    assert plant.read("UPS", "on_battery") == 1.0
    assert plant.truth().loads["R"].low_pu > 0.99


def test_a_return_onto_generators_is_walked_in_however_brief_the_loss_was() -> None:
    plant = Plant(
        site(
            {"I": 380.0, "O": 380.0},
            [
                item("U", "utility", "I", **MAINS),
                item("UPS", "ups", "I O", **UPS),
                item("R", "it_rack", "O", power_w=500e3),
                item("DG", "generator", "I", **SET),
            ],
        )
    )
    ups = ups_of(plant)
    before = ups.walk_in
    before.lose(plant.now_ns)
    leader = plant.grid.leader(ups.buses[0])
    assert leader is not None
    leader.machine = plant.devices["DG"].former.machine  # type: ignore[attr-defined]
    ups._take_back()
    leader.machine = None
    assert before.over_s == ups.settings["walk_in_s"]


@pytest.mark.parametrize(
    ("load_pu", "carried_s"), [(1.05, 600.0), (1.2, 600.0), (1.45, 60.0), (1.6, 0.2)]
)
def test_an_overload_is_carried_for_its_time_and_goes_to_bypass(
    load_pu: float, carried_s: float
) -> None:
    plant = ups_bench(rack_w=load_pu * 0.9e6)
    hand = Hand(plant)
    hand.run(carried_s - 0.1)
    assert hand.stage("UPS") == "normal"
    assert plant.read("UPS", "overload") == 1.0
    hand.run(carried_s + 0.1)
    assert hand.stage("UPS") == "static_bypass"
    (said,) = hand.happened("UPS", "overloaded")
    assert said.at_ns / S == pytest.approx(carried_s, abs=1e-3)
    assert plant.unfed_ns("R") == ()
    hand.run(carried_s + 60.0)
    assert hand.stage("UPS") == "static_bypass"  # the load has not fallen


def test_it_comes_back_from_an_overload_when_the_load_has_fallen() -> None:
    plant = ups_bench(rack_w=1.6 * 0.9e6)
    hand = Hand(plant)
    hand.run(1.0)
    assert hand.stage("UPS") == "static_bypass"
    plant.inject("R", "load", {"utilisation_pu": 0.4})
    hand.run(29.0)
    assert hand.stage("UPS") == "static_bypass"
    hand.run(31.0)
    assert hand.stage("UPS") == "normal"
    assert plant.unfed_ns("R") == ()


def test_an_overload_without_a_bypass_loses_the_output() -> None:
    plant = ups_bench(rack_w=1.6 * 0.9e6)
    hand = Hand(plant)
    plant.inject("U", "outage", {})
    hand.run(1.0)
    assert hand.stage("UPS") == "fault"
    assert plant.quantity("O", "live") == 0.0


@pytest.mark.parametrize(
    ("event", "values"),
    [("voltage", {"voltage_pu": 0.88}), ("frequency", {"frequency_hz": 60.7})],
)
def test_bypass_is_refused_out_of_limits(event: str, values: dict[str, float]) -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("UPS", "bypass_available") == 1.0
    plant.inject("U", event, values)
    hand.run(2.0)
    assert hand.stage("UPS") == "normal"  # good enough for the rectifier
    assert plant.read("UPS", "bypass_available") == 0.0
    assert not hand.command("UPS", "to_bypass")
    hand.run(2.1)
    assert hand.stage("UPS") == "normal"


def test_a_faulty_inverter_out_of_phase_is_an_interrupted_transfer() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("U", "phase_jump", {"angle_deg": 60.0})
    hand.run(1.1)
    assert plant.read("UPS", "bypass_available") == 0.0
    plant.inject("UPS", "fault", {})
    hand.run(1.29)
    assert plant.quantity("O", "live") == 0.0
    hand.run(1.4)
    assert hand.stage("UPS") == "static_bypass"
    assert plant.quantity("O", "live") == 1.0
    assert plant.truth().unsynchronised_closings == ()


def test_a_short_circuit_on_battery_ends_the_inverter_and_with_a_bypass_is_handed_to_it() -> None:
    for outage, stages in ((True, ["battery", "fault"]), (False, ["static_bypass", "fault"])):
        plant = ups_bench()
        hand = Hand(plant)
        if outage:
            plant.inject("U", "outage", {})
        hand.run(1.0)
        plant.inject("O", "fault", {"kind": "three_phase", "ohm": 0.0})
        hand.run(1.9)
        assert [e.fields["stage"] for e in hand.happened("UPS", "stage")] == stages
        (said,) = hand.happened("UPS", "short_circuit")
        assert said.at_ns / S == pytest.approx(1.5 if outage else 1.005, abs=1e-3)


def test_a_battery_test_discharges_the_battery_and_ends() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert hand.command("UPS", "battery_test")
    hand.run(2.0)
    assert hand.stage("UPS") == "normal"
    need = plant.read("UPS", "input_power_w") / 0.2
    assert plant.read("UPS", "battery_power_w") == pytest.approx(-0.8 * need, rel=1e-6)
    hand.run(32.0)
    assert plant.read("UPS", "battery_power_w") > 0.0
    assert plant.read("UPS", "battery_alarm") == 0.0
    assert plant.unfed_ns("R") == ()


def test_a_weak_battery_fails_its_test_and_the_load_notices_nothing() -> None:
    plant = ups_bench(energy_wh=1000.0)
    hand = Hand(plant)
    hand.run(1.0)
    assert hand.command("UPS", "battery_test")
    hand.run(20.0)
    assert plant.read("UPS", "battery_alarm") == 1.0
    assert hand.stage("UPS") == "normal"
    assert plant.read("UPS", "input_power_w") > 500e3
    assert plant.unfed_ns("R") == ()
    assert not hand.command("UPS", "battery_test")  # nothing left to test with
    assert hand.command("UPS", "reset")
    assert plant.read("UPS", "battery_alarm") == 0.0


@pytest.mark.fault("F52")
def test_an_open_string_halves_runtime_lowers_voltage_and_is_told() -> None:
    plant = ups_bench(ups={"strings_count": 2.0})
    hand = Hand(plant)
    plant.inject("U", "outage", {})
    hand.run(1.0)
    volts, runtime_s = (plant.read("UPS", p) for p in ("battery_voltage_v", "runtime_s"))
    plant.inject("UPS", "string_open", {"strings_count": 1.0})
    hand.run(1.1)
    assert plant.read("UPS", "battery_alarm") == 1.0
    assert plant.read("UPS", "soc_pu") == pytest.approx(0.5, abs=0.01)
    assert 0.45 < plant.read("UPS", "runtime_s") / runtime_s < 0.5
    assert plant.read("UPS", "battery_voltage_v") < volts - 5.0
    assert plant.unfed_ns("R") == ()


@pytest.mark.fault("F52")
def test_a_hot_string_opens_by_itself_and_does_not_come_back() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    plant.inject("UPS", "overheat", {"rate_k_s": 1.0})
    hand.run(30.0)
    assert plant.read("UPS", "battery_temperature_c") > 45.0
    assert plant.read("UPS", "soc_pu") == 1.0
    hand.run(60.0)
    assert len(hand.happened("UPS", "string_opened")) == 1
    assert plant.read("UPS", "soc_pu") == pytest.approx(0.75, abs=0.01)
    assert plant.read("UPS", "battery_alarm") == 1.0
    hand.run(300.0)
    assert plant.read("UPS", "battery_temperature_c") > 100.0
    assert plant.read("UPS", "soc_pu") < 0.76


@pytest.mark.fault("F31")
def test_a_stuck_gauge_shows_full_to_the_end_while_the_truth_and_the_voltage_fall() -> None:
    plant = ups_bench(energy_wh=2000.0)
    hand = Hand(plant)
    plant.inject("UPS", "gauge_stuck", {"soc_pu": 1.0})
    plant.inject("U", "outage", {})
    hand.run(1.0)
    volts = plant.read("UPS", "battery_voltage_v")
    hand.run(11.0)
    assert plant.read("UPS", "soc_pu") == 1.0
    assert plant.quantity("UPS", "soc_pu") == plant.truth().soc_pu["UPS"] < 0.3
    assert plant.read("UPS", "battery_voltage_v") < volts - 10.0
    hand.run(20.0)
    assert hand.stage("UPS") == "off"


SCENES: dict[str, list[tuple[float, str, str, dict[str, float]]]] = {
    "dip": [(1.0, "U", "sag", {"depth_pu": 0.7, "for_s": 0.05})],
    "outage": [(1.0, "U", "outage", {}), (9.0, "U", "return", {})],
    "phase jump": [(1.0, "U", "phase_jump", {"angle_deg": 170.0})],
    "swell": [
        (1.0, "U", "voltage", {"voltage_pu": 1.3}),
        (3.0, "U", "voltage", {"voltage_pu": 1.0}),
    ],
    "slow": [(1.0, "U", "frequency", {"frequency_hz": 55.0})],
    "fault": [(1.0, "UPS", "fault", {}), (5.0, "UPS", "clear", {})],
    "maintenance": [(1.0, "UPS", "maintenance", {}), (5.0, "UPS", "clear", {})],
    "string": [(1.0, "U", "outage", {}), (2.0, "UPS", "string_open", {"strings_count": 3.0})],
    "flapping": [(1.0 + 1.5 * k, "U", "sag", {"depth_pu": 0.6, "for_s": 0.06}) for k in range(6)],
}


@pytest.mark.parametrize("scene", SCENES)
def test_output_stays_inside_the_itic_curve(scene: str) -> None:
    plant = ups_bench(flywheel_wh=500.0)
    hand = Hand(plant)
    for at_s, target, event, values in SCENES[scene]:
        hand.run(at_s)
        plant.inject(target, event, values)
    hand.run(14.0)
    load = plant.truth().loads["R"]
    assert load.unfed_ns == ()
    assert (load.low_pu, load.high_pu) == pytest.approx((1.0, 1.0), abs=0.02)
    energy = plant.truth().energy_wh
    used = energy["loads"] + energy["losses"] + energy["stored"]
    assert energy["sources"] == pytest.approx(used, rel=1e-4, abs=0.1)
    assert residual_w(plant) < 1.0


def test_the_battery_shares_the_load_until_the_input_is_lost() -> None:
    plant = ups_bench(energy_wh=200e3)
    ups = ups_of(plant)
    plant.advance(S)
    alone_w = plant.quantity("UPS", "input_power_w")
    assert not ups.set("power_setpoint_w", 0.1e6), "it recharges by its own rules"
    assert ups.set("power_setpoint_w", -0.2e6)
    plant.advance(3 * S)
    assert plant.quantity("UPS", "battery_power_w") == pytest.approx(-0.2e6)
    assert plant.quantity("UPS", "input_power_w") == pytest.approx(alone_w - 0.2e6, rel=0.05)
    ups.set("power_setpoint_w", -0.9e6)
    plant.advance(4 * S)
    assert plant.quantity("UPS", "battery_power_w") > -0.8 * 0.6e6, "the rectifier keeps a part"
    plant.inject("U", "outage", {})
    plant.advance(5 * S)
    assert ups.setpoints["power_setpoint_w"] == 0.0
    assert plant.unfed_ns("R") == ()


def test_a_battery_at_half_charge_shares_no_load() -> None:
    plant = ups_bench(energy_wh=200e3)
    ups_of(plant).battery.soc_pu = 0.4
    plant.advance(S)
    ups_of(plant).set("power_setpoint_w", -0.2e6)
    plant.advance(3 * S)
    assert plant.quantity("UPS", "battery_power_w") >= 0.0


@pytest.mark.parametrize(("fallback", "left_w"), [("zero", 0.0), ("hold", -0.2e6)])
def test_a_share_ends_when_the_daemon_is_silent_and_the_site_says_so(
    fallback: str, left_w: float
) -> None:
    plant = ups_bench(energy_wh=200e3, watchdog_s=3.0)
    ups = ups_of(plant)
    object.__setattr__(ups.item.device, "fallback", fallback)
    hand = Hand(plant)
    hand.run(1.0)
    assert ups.set("power_setpoint_w", -0.2e6)
    hand.run(3.4, beat=False)
    assert plant.quantity("UPS", "battery_power_w") == pytest.approx(-0.2e6)
    hand.run(5.0, beat=False)
    assert ups.setpoints["power_setpoint_w"] == left_w
    assert plant.unfed_ns("R") == ()
