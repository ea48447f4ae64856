"""Row caps: at once down, step by step up, never above what there is."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from daemon.core.balance import caps
from daemon.model.commands import LaneMessage, OperatorRequest, Proposal
from daemon.model.quality import Quality
from tests.main_lane import Lane, commands, dark, events, on_sets, supply

if TYPE_CHECKING:
    from daemon.core.step import Step
    from daemon.model.commands import Message

RATED_W = 1.04e6
ROWS = [f"ROW-{n}" for n in range(1, 7)]


def shown(hall: Lane) -> dict[str, float]:
    return {row: hall.values[hall.points.index(row, "power_cap_pu")] for row in ROWS}


def lose(hall: Lane) -> None:
    """Lose everything and let the rows obey their caps."""
    hall.run(1.0)
    hall.lose_utility()
    for _ in range(10):
        hall.obey_rows(hall.scan())


def test_nothing_is_sent_on_utility() -> None:
    hall = Lane()
    assert not commands(hall.run(30.0), "power_cap_pu")


def test_all_rows_are_capped_within_a_second_of_own_evidence() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.lose_utility()
    sent = commands(hall.run(0.5), "power_cap_pu")
    assert {c.equipment: c.value for c in sent} == dict.fromkeys(ROWS, 0.45)


def test_word_of_the_switching_lane_is_enough() -> None:
    hall = Lane()
    hall.run(1.0)
    steps = [hall.scan(dark()), *hall.run(0.5)]
    assert {c.equipment for c in commands(steps, "power_cap_pu")} == set(ROWS)


@pytest.mark.fault("F42")
def test_a_sag_costs_no_work() -> None:
    hall = Lane()
    steps = hall.run(1.0)
    steps += [hall.scan(dark()), hall.scan(supply()), *hall.run(5.0)]
    assert not commands(steps, "power_cap_pu")


def test_silent_converters_are_no_evidence_of_a_loss() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.spoil("HVDC-A", "HVDC-B", *hall.behind("GW-MVA"), *hall.behind("GW-MVB"))
    assert not commands(hall.run(10.0), "power_cap_pu")


def test_one_side_lost_is_no_loss() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("HVDC-A.stage", "off")
    assert not commands(hall.run(10.0), "power_cap_pu")


def test_caps_rise_by_steps_on_four_sets() -> None:
    hall = Lane()
    lose(hall)
    hall.put_all("hvdc", "stage", "walk_in")
    hall.put_all("hvdc", "input_voltage_ll_v", 6600.0)
    for name in ("52-VCB-HA", "52-VCB-HB"):
        hall.put(f"{name}.load_voltage_v", 6600.0)
    seen = [0.45]
    for n in range(200):
        done = hall.scan(on_sets(4)) if n % 10 == 0 else hall.scan()
        hall.obey_rows(done)
        sent = commands([done], "power_cap_pu")
        if sent:
            assert len({c.value for c in sent}) == 1
            seen.append(sent[0].value)
    assert seen == sorted(seen)
    assert max(b - a for a, b in pairwise(seen)) <= 0.1 + 1e-9
    assert seen[-1] == 1.0


def test_two_sets_carry_the_rows_below_a_third_of_the_hall() -> None:
    hall = Lane()
    lose(hall)
    hall.put_all("hvdc", "stage", "running")
    hall.put_all("hvdc", "input_voltage_ll_v", 6600.0)
    for item in hall.site.of_nature("ups", "rectifier", "chiller"):
        name = "power_w" if item.nature == "chiller" else "output_power_w"
        full = 0.55e6 if item.nature == "ups" else 0.1e6
        spare = item.normally == "out_of_service"
        hall.put(f"{item.id}.{name}", 0.0 if spare else 0.5e6 if item.nature == "chiller" else full)
    for name in ("52-VCB-HA", "52-VCB-HB"):
        hall.put(f"{name}.load_voltage_v", 6600.0)
    for n in range(300):
        hall.obey_rows(hall.scan(on_sets(2)) if n % 10 == 0 else hall.scan())
        assert sum(shown(hall).values()) * RATED_W <= 3.3e6
    assert sum(shown(hall).values()) * RATED_W > 3.0e6
    assert shown(hall)["ROW-1"] > shown(hall)["ROW-6"] >= 0.3


def test_limit_of_the_switching_lane_is_kept_and_read_back() -> None:
    hall = Lane()
    lose(hall)
    hall.scan(dark(outage=True, rows_limit_w=2.0e6))
    told = []
    for _ in range(25):
        done = hall.scan()
        hall.obey_rows(done)
        told += [m.values["rows_limit_w"] for m in done.messages if isinstance(m, LaneMessage)]
    assert sum(shown(hall).values()) * RATED_W <= 2.0e6
    assert told[-1] == pytest.approx(sum(shown(hall).values()) * RATED_W)


def test_with_one_set_the_rows_stay_on_storage_under_their_cap() -> None:
    hall = Lane()
    lose(hall)
    for _ in range(60):
        hall.obey_rows(hall.scan(on_sets(1, rows_limit_w=0.0), after_s=1.0))
    assert set(shown(hall).values()) == {0.45}


def test_caps_are_released_when_the_utility_is_back() -> None:
    hall = Lane()
    lose(hall)
    fresh = Lane()
    hall.values[:] = fresh.values
    hall.put_all("rack_row", "power_cap_pu", 0.45)
    hall.scan(supply())
    steps = []
    for _ in range(100):
        steps.append(hall.scan())
        hall.obey_rows(steps[-1])
    assert set(shown(hall).values()) == {1.0}
    assert events(steps, "caps_released")
    assert not commands(hall.run(20.0), "power_cap_pu"), "it has let go"


@pytest.mark.fault("F42")
def test_after_a_momentary_loss_the_rows_are_let_go_at_once() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.scan(dark())
    for _ in range(5):
        hall.obey_rows(hall.scan())
    assert set(shown(hall).values()) == {0.45}
    hall.obey_rows(hall.scan(supply()))
    for _ in range(3):
        hall.obey_rows(hall.scan())
    assert set(shown(hall).values()) == {1.0}


def test_rows_that_do_not_show_their_cap_yet_are_told_that_it_is_over() -> None:
    """The loss ends before they have shown the cap: that they show none is of before."""
    hall = Lane()
    hall.run(1.0)
    steps = [hall.scan(dark())]
    while not commands(steps, "power_cap_pu"):
        steps.append(hall.scan())
    steps += [hall.scan(supply()), *hall.run(3.0)]
    assert {c.equipment: c.value for c in commands(steps, "power_cap_pu")} == dict.fromkeys(ROWS, 1)
    assert len(events(steps, "caps_released")) == 1


def test_a_row_that_was_silent_when_caps_ended_is_told_when_it_is_heard_again() -> None:
    """Its gateway was cut while it held a cap: drawn seed 905."""
    hall = Lane()
    lose(hall)
    fresh = Lane()
    hall.values[:] = fresh.values
    hall.put_all("rack_row", "power_cap_pu", 0.45)
    hall.spoil("ROW-3")
    steps = [hall.scan(supply())]
    for _ in range(100):
        hall.obey_rows(steps[-1])
        hall.spoil("ROW-3")
        steps.append(hall.scan())
    assert len(events(steps, "caps_released")) == 1
    hall.spoil("ROW-3", code=Quality.GOOD)
    hall.put("ROW-3.power_cap_pu", 0.45)
    told = commands(hall.run(5.0), "power_cap_pu")
    assert {(c.equipment, c.value) for c in told} == {("ROW-3", 1.0)}
    hall.put("ROW-3.power_cap_pu", 1.0)
    hall.scan()
    assert not commands(hall.run(20.0), "power_cap_pu"), "it has let go"


def back(hall: Lane, *silent: str, begin: tuple[Message, ...] = ()) -> list[Step]:
    """Let the utility come back and the rows follow, but for those that are silent."""
    hall.values[:] = Lane().values
    hall.put_all("rack_row", "power_cap_pu", 0.45)
    steps = [hall.scan(supply(), *begin)]
    for _ in range(100):
        hall.obey_rows(steps[-1])
        hall.spoil(*silent)
        steps.append(hall.scan())
    return steps


def by_hand(value: float, action: str = "set") -> OperatorRequest:
    """Return what a person asks of the cap of the first row."""
    wish = Proposal("ROW-1", "power_cap_pu", action, value, "maria", "hot aisle")
    return OperatorRequest(f"{action}{value}", "maria", wish)


def test_a_row_that_another_owner_holds_is_no_cap_of_ours() -> None:
    """A person took it while all were capped: the others are let go, and nobody is named."""
    hall = Lane()
    lose(hall)
    steps = back(hall, begin=(by_hand(0.3),))
    (said,) = events(steps, "caps_released")
    assert said.text == "Row caps released"
    assert shown(hall) == {**dict.fromkeys(ROWS, 1.0), "ROW-1": 0.3}
    refreshed = {(c.value, c.owner) for c in commands(hall.run(20.0), "power_cap_pu")}
    assert refreshed == {(0.3, "maria")}
    given_back = [hall.scan(by_hand(0.0, "release")), *hall.run(1.0)]
    told = commands(given_back, "power_cap_pu")
    assert {(c.equipment, c.value) for c in told} == {("ROW-1", 1.0)}, "not to the cap of before"


def test_a_silent_row_is_named_whoever_else_holds_one() -> None:
    hall = Lane()
    lose(hall)
    steps = back(hall, "ROW-3", begin=(by_hand(0.3),))
    (said,) = events(steps, "caps_released")
    assert said.text == "Row caps released, but for ROW-3: silent, told when heard again"


def test_a_row_that_does_not_heed_us_keeps_its_cap_told() -> None:
    """Nobody else holds it: it is our cap that stands, and the caps are not let go."""
    hall = Lane()
    lose(hall)
    hall.values[:] = Lane().values
    hall.put_all("rack_row", "power_cap_pu", 0.45)
    steps = [hall.scan(supply())]
    for _ in range(100):
        hall.obey_rows(steps[-1])
        hall.put("ROW-1.power_cap_pu", 0.45)
        steps.append(hall.scan())
    assert not events(steps, "caps_released")
    assert "ROW-1" in hall.state.facts.setpoints.ignored


def test_a_row_that_does_not_take_its_cap_is_told_again_but_not_in_a_storm() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.lose_utility()
    sent = [c for c in commands(hall.run(10.0), "power_cap_pu") if c.equipment == "ROW-1"]
    assert 5 <= len(sent) <= 11


def weaken(hall: Lane, a_w: float, b_w: float) -> None:
    """Leave so many watts of modules in the converters of both sides; none at all is a fault."""
    for name, left_w in (("HVDC-A", a_w), ("HVDC-B", b_w)):
        hall.put(f"{name}.available_w", left_w)
        hall.put(f"{name}.stage", "running" if left_w else "fault")


@pytest.mark.parametrize(
    ("a_w", "b_w", "most_w"),
    [(0.0, 4e6, 4e6), (2e6, 2e6, 4e6), (0.0, 6e6, 6e6), (4e6, 0.0, 4e6)],
)
def test_rows_are_capped_in_one_step_to_what_converters_carry(
    a_w: float, b_w: float, most_w: float
) -> None:
    hall = Lane()
    hall.run(1.0)
    weaken(hall, a_w, b_w)
    assert not commands([hall.scan()], "power_cap_pu"), "a reading may be wrong"
    done = hall.scan()
    hall.obey_rows(done)
    assert most_w - 0.35e6 < sum(shown(hall).values()) * RATED_W <= most_w
    assert shown(hall)["ROW-1"] >= shown(hall)["ROW-6"] >= 0.3, "by priority, and the least for all"
    later = hall.run(5.0)
    assert len(events([done, *later], "caps")) == 1, "and that is all"
    weaken(hall, 8e6, 8e6)
    for _ in range(100):
        hall.obey_rows(hall.scan())
    assert set(shown(hall).values()) == {1.0}


def obey(hall: Lane, number: int) -> list[Step]:
    """Let the rows follow for so many scans."""
    steps = []
    for _ in range(number):
        steps.append(hall.scan())
        hall.obey_rows(steps[-1])
    return steps


def test_a_row_on_one_board_alone_counts_with_that_board() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("72-A6.position", 1.0)
    hall.put("72-A6.load_voltage_v", 0.0)
    weaken(hall, 8e6, 0.5e6)
    obey(hall, 2)
    assert shown(hall)["ROW-6"] * RATED_W <= 0.5e6
    assert shown(hall)["ROW-5"] == 1.0
    weaken(hall, 8e6, 0.0)
    steps = obey(hall, 100)
    assert shown(hall)["ROW-6"] <= 0.45, "its batteries carry it now"
    assert shown(hall)["ROW-5"] == 1.0
    assert events(steps, "caps")[-1].fields["reason"] == "storage alone carries some rows"
    weaken(hall, 8e6, 8e6)
    obey(hall, 100)
    assert set(shown(hall).values()) == {1.0}


def test_a_row_that_loses_its_only_board_is_capped_but_not_one_that_is_off() -> None:
    hall = Lane()
    hall.run(1.0)
    for name in ("72-A5", "72-A6"):
        hall.put(f"{name}.position", 1.0)
        hall.put(f"{name}.load_voltage_v", 0.0)
    hall.put("ROW-5.stage", "off")
    weaken(hall, 8e6, 0.0)
    obey(hall, 5)
    assert shown(hall) == {**dict.fromkeys(ROWS, 1.0), "ROW-6": 0.45}
    hall.put("ROW-6.stage", "off")
    assert events(obey(hall, 100), "caps_released"), "nothing is held for a row that is off"


@pytest.mark.parametrize("wrong", [{"available_w": 0.0}, {"stage": "fault"}])
def test_one_wrong_reading_of_a_converter_caps_nothing(wrong: dict[str, float | str]) -> None:
    hall = Lane()
    hall.run(1.0)
    weaken(hall, 5e6, 8e6)
    steps = hall.run(1.0)
    for name, value in wrong.items():
        hall.put(f"HVDC-B.{name}", value)
    steps.append(hall.scan())
    weaken(hall, 5e6, 8e6)
    assert not commands([*steps, *hall.run(3.0)], "power_cap_pu")


def test_after_a_momentary_loss_a_cap_by_converters_still_rises_by_steps() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.scan(dark())
    obey(hall, 5)
    hall.obey_rows(hall.scan(supply()))
    obey(hall, 50)
    assert set(shown(hall).values()) == {1.0}
    weaken(hall, 0.0, 2e6)
    obey(hall, 5)
    assert shown(hall)["ROW-6"] <= 0.31
    weaken(hall, 8e6, 8e6)
    obey(hall, 2)
    assert shown(hall)["ROW-6"] <= 0.31 + 0.2 + 1e-9


def test_a_whole_converter_carries_all_rows() -> None:
    hall = Lane()
    hall.run(1.0)
    weaken(hall, 0.0, 8e6)
    assert not commands(hall.run(5.0), "power_cap_pu")


def test_a_silent_converter_costs_no_work_and_lifts_no_cap() -> None:
    """It counts with what it could give when it was heard: neither less nor, unheard, more."""
    hall = Lane()
    hall.run(1.0)
    weaken(hall, 0.0, 4e6)
    obey(hall, 2)
    before = shown(hall)
    hall.spoil("HVDC-A", "HVDC-B", *hall.behind("GW-DCA"), *hall.behind("GW-DCB"))
    for _ in range(50):
        hall.obey_rows(hall.scan())
        hall.spoil("HVDC-A", "HVDC-B")
    assert shown(hall) == before
    hall.spoil("HVDC-A", "HVDC-B", code=Quality.GOOD)
    hall.spoil(*hall.behind("GW-DCA"), *hall.behind("GW-DCB"), code=Quality.GOOD)
    weaken(hall, 8e6, 8e6)
    for _ in range(100):
        hall.obey_rows(hall.scan())
    assert set(shown(hall).values()) == {1.0}


def test_a_rising_budget_lifts_no_cap_on_a_converter_that_is_silent() -> None:
    """Its input is live, and what it gave when it was heard would do: it may have lost modules."""
    hall = Lane()
    hall.run(1.0)
    weaken(hall, 0.0, 8e6)
    hall.run(0.5)
    hall.obey_rows(hall.scan(supply(rows_limit_w=3e6)))
    obey(hall, 3)
    before = shown(hall)
    assert sum(before.values()) * RATED_W <= 3e6
    hall.spoil("HVDC-B")
    steps = [hall.scan(supply()), *obey(hall, 50)]
    assert not [c for c in commands(steps, "power_cap_pu") if c.value > before[c.equipment]]
    assert shown(hall) == before
    hall.spoil("HVDC-B", code=Quality.GOOD)
    obey(hall, 150)
    assert set(shown(hall).values()) == {1.0}


def test_after_a_restart_caps_begin_from_what_the_rows_show() -> None:
    hall = Lane()
    hall.put_all("rack_row", "power_cap_pu", 0.35)
    weaken(hall, 0.0, 4e6)
    hall.spoil("HVDC-B")
    steps = [hall.scan(supply(rows_limit_w=4e6))]
    for _ in range(20):
        hall.spoil("HVDC-B")
        steps.append(hall.scan())
    told = [c.value for c in commands(steps, "power_cap_pu")]
    assert told
    assert max(told) <= 0.35


def test_caps_are_held_while_nobody_hears_what_feeds_the_boards() -> None:
    """Own logic feeds them from the sets, as in `loss_of_communication`: that lifts no cap."""
    hall = Lane()
    silent = ("GW-MVA", "GW-MVB", "GW-MVG", *(f"GW-DG{n}" for n in range(1, 5)))
    names = [name for gateway in silent for name in hall.behind(gateway)]
    hall.run(1.0)
    hall.lose_utility()
    hall.spoil(*names)
    word = dark(outage=True)
    for n in range(20):
        hall.obey_rows(hall.scan(word) if n == 0 else hall.scan())
    assert set(shown(hall).values()) == {0.45}
    blind = supply(outage=True, stable=(), feeds={"MVA": "none", "MVB": "none"})
    hall.put_all("hvdc", "stage", "running")
    hall.put_all("hvdc", "input_voltage_ll_v", 6600.0)
    steps = []
    for n in range(100):
        steps.append(hall.scan(blind) if n == 0 else hall.scan())
        hall.obey_rows(steps[-1])
    assert set(shown(hall).values()) == {0.45}
    assert events(steps, "caps")[-1].fields["reason"] == "what feeds the rows is not heard"
    hall.spoil(*names, code=Quality.GOOD)
    for name in ("52-VCB-HA", "52-VCB-HB"):
        hall.put(f"{name}.load_voltage_v", 6600.0)
    for n in range(200):
        hall.obey_rows(hall.scan(on_sets(4)) if n == 0 else hall.scan())
    assert set(shown(hall).values()) == {1.0}


@pytest.mark.parametrize(
    ("total_w", "expected"),
    [
        (6.3e6, [1.0, 1.0]),
        (0.0, [0.0, 0.0]),
        (3.3e6, [0.75, 0.3]),
        (1.0e6, [0.32, 0.0]),
        (5.0e6, [1.0, 0.6]),
    ],
)
def test_share_gives_a_floor_then_goes_by_priority(total_w: float, expected: list[float]) -> None:
    rows = tuple((row, 3 if n < 3 else 4, RATED_W) for n, row in enumerate(ROWS))
    got = caps.share(total_w, rows, 0.3)
    assert [got["ROW-1"], got["ROW-6"]] == pytest.approx(expected)
