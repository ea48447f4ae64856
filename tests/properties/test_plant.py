"""Laws of the emulated plant, whatever happens to it: balance, energy, bounds."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from device_emulators.plant import dc
from device_emulators.plant.elements import PlantEvent
from device_emulators.plant.plant import Plant
from device_emulators.plant.training import Training
from tests.properties import examples
from tests.properties.watch import RATED_W, Watch, energy_left_pu
from tests.unit.device_emulators.sites import MAINS, SET, Hand, S, item, residual_w, shipped, site


def bench() -> Plant:
    """Return a small site with every way of storing and converting energy."""
    ac = ("G", "A", "D", "I", "O", "HI")
    return Plant(
        site(
            {
                **dict.fromkeys(ac, 6600.0),
                "I": 380.0,
                "O": 380.0,
                "T": 380.0,
                "DC": 800.0,
                "B48": 48.0,
            },
            [
                item("U", "utility", "G", **MAINS),
                item("52-M", "breaker", "G A", current_a=630.0),
                item("52-D", "breaker", "D A", normally="open", current_a=630.0),
                item("DG", "generator", "D", **SET),
                item("PV", "pv", "A", power_w=0.5e6),
                item("ESS", "ess", "A", power_w=1e6, energy_wh=5e3, ramp_w_s=1e6),
                item(
                    "TX",
                    "transformer",
                    "A T",
                    power_va=2.5e6,
                    impedance_pu=0.06,
                    load_loss_w=22e3,
                    no_load_loss_w=4e3,
                    tap_step_pu=0.0125,
                    taps_count=8.0,
                ),
                item("PQ", "statcom", "A", reactive_power_var=0.5e6, filter_var=0.1e6),
                item("52-U", "breaker", "T I", variant="acb", current_a=4000.0),
                item(
                    "UPS",
                    "ups",
                    "I O",
                    power_va=1e6,
                    power_w=1e6,
                    energy_wh=800.0,
                    flywheel_wh=200.0,
                ),
                item("REC", "rectifier", "I B48", power_w=100e3, energy_wh=300.0),
                item("52-H", "breaker", "A HI", current_a=630.0),
                item("HVDC", "hvdc", "HI DC", power_w=1e6, modules_count=4.0),
                item("ES2", "ess", "DC", power_w=0.2e6, energy_wh=500.0),
                item("ROW", "rack_row", "", power_w=260e3),
                *(
                    item(
                        f"K{n}",
                        "ai_rack",
                        "DC DC",
                        group="ROW",
                        power_w=130e3,
                        battery_wh=300.0,
                        supercap_j=20e3,
                    )
                    for n in (1, 2)
                ),
                item("R", "it_rack", "O", power_w=400e3),
                item("N", "it_rack", "B48", power_w=50e3),
                item("CH", "chiller", "T", power_w=200e3, cooling_w=1e6),
                item("P", "pump", "T", power_w=100e3),
            ],
            dc="DC B48",
            emulation={
                "generator": {"crank_s": 0.5, "run_up_s": 0.5},
                "transformer": {"tap_first_s": 0.5, "tap_next_s": 0.2, "tap_drive_s": 0.2},
                "chiller": {"restart_s": 1.0},
            },
        ),
        workload=Training(),
    )


HAPPENINGS: st.SearchStrategy[tuple[str, str, dict[str, float]]] = st.one_of(
    st.sampled_from(
        [
            ("U", "outage", {}),
            ("U", "return", {}),
            ("UPS", "fault", {}),
            ("UPS", "battery_disconnect", {}),
            ("HVDC", "pole_fault", {}),
            ("ESS", "disconnect", {}),
            ("ROW", "battery_disconnect", {}),
            ("DG", "trip", {}),
            ("any", "clear", {}),
        ]
    ),
    st.builds(
        lambda depth, for_s: ("U", "sag", {"depth_pu": depth, "for_s": for_s}),
        st.floats(0.05, 1.0),
        st.floats(0.005, 0.6),
    ),
    st.builds(lambda part: ("R", "load", {"utilisation_pu": part}), st.floats(0.0, 1.0)),
    st.builds(lambda part: ("U", "voltage", {"voltage_pu": part}), st.floats(0.8, 1.1)),
    st.builds(
        lambda bus, kind, ohm: (bus, "fault", {"kind": kind, "ohm": ohm}),
        st.sampled_from(["A", "D", "HI", "I", "O"]),
        st.sampled_from(["three_phase", "phase_phase", "earth"]),
        st.one_of(st.just(0.0), st.floats(1e-3, 50.0)),
    ),
    st.builds(
        lambda bus, kind, ohm: (bus, "fault", {"kind": kind, "ohm": ohm}),
        st.sampled_from(["DC", "B48"]),
        st.sampled_from(["phase_phase", "earth"]),
        st.one_of(st.just(0.0), st.floats(1e-3, 5.0)),
    ),
)
COMMANDS = st.sampled_from(
    [
        ("52-M", "open"),
        ("52-M", "close"),
        ("52-M", "close_in_sync"),
        ("52-D", "close"),
        ("52-D", "close_in_sync"),
        ("52-D", "open"),
        ("DG", "start"),
        ("DG", "stop"),
        ("ESS", "grid_forming"),
        ("UPS", "to_bypass"),
        ("UPS", "to_inverter"),
        ("ROW", "shutdown"),
        ("ROW", "start"),
        ("CH", "stop"),
        ("CH", "start"),
        ("TX", "manual"),
        ("TX", "raise"),
        ("TX", "automatic"),
        ("PQ", "voltage_mode"),
        ("PQ", "power_factor_mode"),
        ("PQ", "stop"),
    ]
)
SETPOINTS = st.sampled_from(
    [
        ("ESS", "power_setpoint_w", -0.8e6),
        ("ESS", "power_setpoint_w", 0.5e6),
        ("ES2", "power_setpoint_w", 0.1e6),
        ("ROW", "power_cap_pu", 0.3),
        ("HVDC", "power_limit_w", 50e3),
    ]
)
STEPS = st.lists(
    st.tuples(st.one_of(HAPPENINGS, COMMANDS, SETPOINTS), st.floats(0.01, 1.5)), max_size=12
)


def do(hand: Hand, what: tuple[Any, ...]) -> None:
    if len(what) == 2:
        hand.command(*what)
    elif isinstance(what[2], dict):
        hand.plant.inject(*what)
    else:
        hand.plant.write(*what)


def test_the_watch_notices_power_from_nowhere() -> None:
    plant = bench()
    watch = Watch(plant)
    plant.advance(S)
    assert watch.worst[0] < 1.0
    plant.grid.switch_w = plant.grid.switch_w + 2e-6 * RATED_W
    watch.look()
    assert watch.worst[0] > 1e-6 * RATED_W


@examples(40)
@given(STEPS)
@example([(("U", "voltage", {"voltage_pu": 1.09375}), 1.0), (("UPS", "fault", {}), 1.0)])
@example([(("O", "fault", {"kind": "three_phase", "ohm": 2.0}), 1.0)])  # a UPS feeds it at once
def test_energy_comes_from_somewhere_and_power_balances_everywhere(
    steps: list[tuple[tuple[Any, ...], float]],
) -> None:
    plant = bench()
    hand, watch = Hand(plant), Watch(plant)
    for what, pause_s in steps:
        do(hand, what)
        plant.advance(plant.now_ns + round(pause_s * S))
        assert watch.worst[0] <= 1e-6 * RATED_W, watch.worst
        truth = plant.truth()
        assert all(0.0 <= soc <= 1.0 for soc in truth.soc_pu.values())
        assert all(0.0 <= bus.voltage_pu < 1.3 for bus in truth.buses.values())
        # what lies behind the converter's check can never be joined out of step; the bypass of a
        # UPS takes a voltage that is off, but no phase
        for closing in truth.unsynchronised_closings:
            assert closing.cause == "bypass"
            assert abs(closing.gap.angle_rad) < 0.1 > abs(closing.gap.slip_hz)
    assert abs(energy_left_pu(plant)) <= 1e-3


@examples(25)
@given(STEPS)
def test_a_running_load_is_fed_and_a_lost_one_was_not(
    steps: list[tuple[tuple[Any, ...], float]],
) -> None:
    plant = bench()
    hand = Hand(plant)
    for what, pause_s in steps:
        do(hand, what)
        plant.advance(plant.now_ns + round(pause_s * S))
    for name, load in plant.truth().loads.items():
        if load.stage == "lost":
            assert load.unfed_ns, name
        for begin, end in load.unfed_ns:
            assert 0 <= begin <= plant.now_ns
            assert end is None or begin < end <= plant.now_ns


@given(
    st.lists(st.floats(0.0, 4e6), min_size=2, max_size=2),
    st.lists(st.floats(0.0, 3e6), min_size=3, max_size=3),
    st.floats(-0.5e6, 0.5e6),
)
@example(ceilings=[2784382.0, 1.0], demands=[1259867.0, 2524517.0, 0.0], offset=0.0)
@example(ceilings=[2772152.0, 1.0], demands=[1259867.0, 2524753.0, 0.0], offset=0.0)
def test_dc_nodes_balance_whatever_the_limits(
    ceilings: list[float], demands: list[float], offset: float
) -> None:
    a = dc.DcSource(0, 4e6, 1.0, 0.02, ceiling_w=ceilings[0])
    b = dc.DcSource(1, 4e6, 1.0, 0.02, ceiling_w=ceilings[1])
    store = dc.DcSource(0, 1e6, 0.94, 0.02, floor_w=-1e6, ceiling_w=1e6, offset_w=offset)
    loads = [dc.DcLoad(0, 1, demands[0]), dc.DcLoad(0, 0, demands[1]), dc.DcLoad(1, 1, demands[2])]
    v = [1.0, 1.0]
    dc.solve(v, [[a, store], [b]], loads)
    for node, sources in ((0, (a, store)), (1, (b,))):
        given = sum(s.given_w for s in sources)
        taken = sum(
            load.demand_w * ((load.a == node) * load.from_a_pu + (load.b == node) * load.from_b_pu)
            for load in loads
        )
        assert abs(given - taken) < 1.0
        assert 0.0 <= v[node] <= 1.01
    for source in (a, b, store):
        slack_w = 1e-6 * source.rated_w
        assert source.floor_w - slack_w <= source.given_w <= source.ceiling_w + slack_w


MS = S // 1000
TIMED = frozenset({"opened", "closed", "tripped", "transferred", "sag_over"})
"""What follows its cause by times of the equipment alone."""
OUTAGE = ((5, "outage"), (60, "return"))


def outage(step_ns: int | None) -> tuple[Plant, list[PlantEvent]]:
    """Return the hall after 100 s with an outage and nobody's hand, in steps of its own or these.

    Two pairs of events of one instant may come in another order; they are sorted here.
    """
    plant = Plant(shipped("ai_hall"))
    events: list[PlantEvent] = []
    to_come = [(at_s * S, name) for at_s, name in OUTAGE]
    while plant.now_ns < 100 * S:
        if to_come and to_come[0][0] <= plant.now_ns:
            for utility in ("U-A", "U-B"):
                plant.inject(utility, to_come[0][1], {})
            to_come.pop(0)
        due_ns = plant.due_ns if step_ns is None else plant.now_ns + step_ns
        events += plant.advance(min([due_ns, *(at_ns for at_ns, _ in to_come[:1])]))
    return plant, sorted(events, key=lambda e: (e.source, e.name, e.at_ns))


def test_steps_of_its_own_length_come_to_the_same_as_short_ones() -> None:
    (own, seen), (short, expected) = outage(None), outage(20 * MS)
    assert len(expected) > 100
    assert [(e.source, e.name, dict(e.fields).get("stage")) for e in seen] == [
        (e.source, e.name, dict(e.fields).get("stage")) for e in expected
    ]
    for one, other in zip(seen, expected, strict=True):
        assert abs(one.at_ns - other.at_ns) <= 100 * MS, (one, other)
    for plant in (own, short):
        assert abs(energy_left_pu(plant)) <= 1e-3
        assert residual_w(plant) < 5.0


@examples(10)
@given(STEPS)
def test_long_steps_keep_energy_and_exact_times(
    steps: list[tuple[tuple[Any, ...], float]],
) -> None:
    def play(step_ns: int) -> list[tuple[str, str, int]]:
        plant = bench()
        hand, timed = Hand(plant), []
        for what, pause_s in steps:
            do(hand, what)
            end_ns = plant.now_ns + round(pause_s * S)
            while plant.now_ns < end_ns:
                events = plant.advance(min(end_ns, plant.now_ns + step_ns))
                timed += [(e.source, e.name, e.at_ns) for e in events if e.name in TIMED]
        assert abs(energy_left_pu(plant)) <= 1e-3
        return timed

    assert play(10 * S) == play(20 * MS)
