"""The board, from the loss of both feeds to the quiet after their return."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from tests.hall import CLOSED, OPEN, Hall, params, settled
from tests.unit.core.transfer.sections import fed_by_sets, island, on_mains, on_sets, reset

MAINS = frozenset({"U-A", "SMR-1"})


def board_acts(hall: Hall, *opened: str) -> None:
    """Let the board's own logic open breakers while nothing of the hall is looked at."""
    hall.stages["CCTS-1"] = "feeding"
    hall.positions |= dict.fromkeys(opened, OPEN)
    hall.run(0.2)
    hall.stages["CCTS-1"] = "inhibited"


def test_an_extended_outage_from_end_to_end() -> None:
    hall = settled()
    start_ns = hall.now_ns
    hall.lose_mains()
    assert hall.run(20.0, until=partial(on_sets, hall))
    assert (hall.now_ns - start_ns) / 1e9 < 16.0
    # One set onto the dead bus, the others by their synchronism check.
    closings = [
        c for c in hall.commands if c.equipment.startswith("52-GCB-") and "close" in c.action
    ]
    assert [c.action for c in closings] == ["close", *["close_in_sync"] * 3]
    hall.run(40.0)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(14.0)
    assert hall.told("52-VCB-IN") == []
    assert hall.run(10.0, until=partial(on_mains, hall))
    assert hall.told("52-VCB-MA") == hall.told("52-VCB-MB") == ["open", "close_in_sync"]
    assert hall.told("52-VCB-GA") == hall.told("52-VCB-GB") == ["close", "open"]
    hall.run(20.0)
    assert all(hall.stages[f"DG-{n}"] == "stopped" for n in range(1, 5))
    assert all(hall.positions[f"52-GCB-{n}"] == OPEN for n in range(1, 5))
    assert hall.told("52-GCB-SMR") == ["close_in_sync"]
    assert not hall.happened("command_failed")
    assert not hall.happened("breaker_failure")


def test_sections_are_fed_one_after_the_other() -> None:
    hall = island()
    fed = [c.issued_at_ns for c in hall.commands if c.equipment in {"52-VCB-GA", "52-VCB-GB"}]
    assert fed[1] - fed[0] >= 3_000_000_000


@pytest.mark.fault("F34")
def test_a_feeder_that_does_not_close_gives_way_to_the_tie() -> None:
    hall = settled()
    hall.stuck = {"52-VCB-GA"}
    hall.lose_mains()
    assert hall.run(25.0, until=partial(on_sets, hall))
    assert hall.told("52-VCB-GA") == ["close", "close"]
    assert hall.told("52-VCB-TIE") == ["close"]
    assert hall.happened("command_failed", "52-VCB-GA")
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(40.0, until=partial(on_mains, hall))
    assert hall.told("52-VCB-TIE") == ["close", "open"]


@pytest.mark.fault("F34")
def test_without_caps_the_rows_go_before_the_tie_comes() -> None:
    hall = settled()
    hall.stuck = {"52-VCB-GA"}
    hall.start_s |= {"DG-3": None, "DG-4": None}
    hall.lose_mains()
    assert hall.run(30.0, until=lambda: hall.positions["52-VCB-GB"] == CLOSED)
    hall.caps_follow = False
    assert hall.run(10.0, until=partial(on_sets, hall))
    late = [c.equipment for c in hall.commands if c.equipment in {"52-VCB-HA", "52-VCB-TIE"}]
    assert late == ["52-VCB-HA", "52-VCB-TIE"]


@pytest.mark.fault("F34")
def test_when_the_lending_feeder_opens_the_tie_opens_before_the_other_is_fed() -> None:
    hall = settled()
    hall.stuck = {"52-VCB-GA"}
    hall.lose_mains()
    assert hall.run(25.0, until=partial(on_sets, hall))
    hall.positions["52-VCB-GB"] = OPEN
    assert hall.run(10.0, until=partial(on_sets, hall))
    order = [c.equipment for c in hall.commands if c.equipment in {"52-VCB-GB", "52-VCB-TIE"}]
    assert order == ["52-VCB-GB", "52-VCB-TIE", "52-VCB-TIE", "52-VCB-GB", "52-VCB-TIE"]


@pytest.mark.fault("F37")
def test_a_ring_on_the_sets_is_opened_at_its_tie() -> None:
    hall = island()
    hall.positions["52-VCB-TIE"] = CLOSED
    hall.run(2.0)
    assert hall.told("52-VCB-TIE") == ["open"]
    assert on_sets(hall)


@pytest.mark.fault("F37")
def test_a_tie_closed_by_hand_between_dead_sections_is_opened_and_both_are_fed() -> None:
    hall = settled()
    hall.lose_mains()
    assert hall.run(5.0, until=lambda: "open" in hall.told("52-VCB-MB"))
    hall.run(0.5)
    hall.positions["52-VCB-TIE"] = CLOSED
    assert hall.run(25.0, until=partial(on_sets, hall))
    assert hall.told("52-VCB-TIE") == ["open"]
    assert hall.positions["52-VCB-TIE"] == OPEN


def test_a_main_that_shows_closed_over_a_dead_section_does_not_part_it_from_what_comes() -> None:
    hall = settled()
    hall.lose_mains()
    assert hall.run(25.0, until=lambda: hall.told("52-VCB-GA") == ["close"])
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.positions["52-VCB-IN"] = CLOSED
    hall.said["52-VCB-MA", "position"] = float(CLOSED)
    hall.run(3.0)
    assert hall.told("52-VCB-GA") == ["close"]
    assert fed_by_sets(hall, "MVA")


def test_beside_a_main_in_local_the_tie_is_taken() -> None:
    hall = settled()
    hall.positions["52-VCB-MA"] = OPEN
    hall.said["52-VCB-MA", "local"] = 1.0
    assert hall.run(1.0, until=lambda: "U-A" in hall.sources_of("MVA"))
    assert hall.told("52-VCB-TIE") == ["close"]


@pytest.mark.fault("F35")
def test_onto_a_section_whose_main_tripped_nothing_is_closed_and_no_set_waits_for_it() -> None:
    hall = settled()
    hall.positions["52-VCB-MA"] = OPEN
    for flag in ("trip_50", "lockout_86"):
        hall.said["52-VCB-MA", flag] = 1.0
    hall.run(10.0)
    assert not any(hall.told(f"DG-{n}") for n in range(1, 5))
    hall.lose_mains()
    assert hall.run(20.0, until=partial(fed_by_sets, hall, "MVB"))
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(60.0)
    assert "U-A" in hall.sources_of("MVB")
    assert not hall.sources_of("MVA")
    assert all(hall.positions[f"52-GCB-{n}"] == OPEN for n in range(1, 5))
    assert not hall.happened("command_refused")
    for name in ("52-VCB-MA", "52-VCB-GA", "52-VCB-TIE"):
        assert hall.told(name) == []
    # A person has found the fault and resets the breaker.
    hall.said = {}
    assert hall.run(3.0, until=partial(on_mains, hall))


@pytest.mark.fault("F33")
def test_a_main_that_does_not_open_is_a_lockout_and_no_feeder_closes() -> None:
    hall = settled()
    hall.stuck = {"52-VCB-MA"}
    hall.lose_mains()
    hall.run(30.0)
    (failure,) = hall.happened("breaker_failure", "52-VCB-MA")
    (sent,) = [c for c in hall.commands if c.equipment == "52-VCB-MA"]
    assert (failure.at_ns - sent.issued_at_ns) / 1e6 <= 300.0
    assert "close" not in hall.told("52-VCB-GA")
    assert fed_by_sets(hall, "MVB")
    assert any(m.values["stages"]["CCTS-1"] == "lockout" for m in hall.messages)
    # A person opens it by hand, looks, and resets.
    hall.positions["52-VCB-MA"] = OPEN
    reset(hall)
    assert hall.run(10.0, until=partial(on_sets, hall))


@pytest.mark.fault("F01", "F57")
def test_a_feeder_out_of_sight_holds_the_section_back_only_while_it_is() -> None:
    hall = settled()
    hall.hidden.add(("52-VCB-GB", "position"))
    hall.lose_mains()
    hall.run(30.0)
    assert fed_by_sets(hall, "MVA")
    assert not hall.sources_of("MVB")
    assert hall.messages[-1].values["stages"]["CCTS-1"] == "unjudged"
    hall.hidden.clear()
    assert hall.run(10.0, until=partial(on_sets, hall))


def test_two_sets_feed_the_rows_only_after_the_caps_are_in_force() -> None:
    hall = settled()
    hall.caps_follow = False
    hall.start_s |= {"DG-3": None, "DG-4": None}
    hall.lose_mains()
    assert hall.run(17.0, until=partial(on_sets, hall))
    limits_w = {m.values["rows_limit_w"] for m in hall.messages}
    assert any(3.0e6 < limit_w < 3.5e6 for limit_w in limits_w)
    hall.run(10.0)
    assert hall.told("52-VCB-HA") == hall.told("52-VCB-HB") == ["open"]
    hall.caps_follow = True
    hall.run(20.0)
    assert hall.told("52-VCB-HA") == hall.told("52-VCB-HB") == ["open", "close"]


def test_caps_that_never_come_take_the_rows_off_the_board() -> None:
    hall = settled()
    hall.caps_follow = False
    hall.start_s |= {"DG-3": None, "DG-4": None}
    hall.lose_mains()
    assert hall.run(25.0, until=partial(on_sets, hall))
    assert hall.told("52-VCB-HA") == hall.told("52-VCB-HB") == ["open"]


@pytest.mark.fault("F44")
def test_one_set_keeps_the_rows_off_and_they_come_back_with_the_mains() -> None:
    hall = island(sets=1)
    first = [c.equipment for c in hall.commands if c.equipment[:8] in {"52-VCB-H", "52-VCB-G"}]
    assert set(first[:2]) == {"52-VCB-HA", "52-VCB-HB"}
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(40.0)
    assert on_mains(hall)
    assert hall.told("52-VCB-HA") == ["open", "close"]


@pytest.mark.fault("F47")
def test_when_the_sets_leave_the_feeders_open_before_another_comes() -> None:
    hall = island(sets=2)
    hall.start_s |= {"DG-1": 8.0, "DG-2": 8.0}
    for number in (1, 2):
        hall.stages[f"DG-{number}"] = "fault"
        hall.positions[f"52-GCB-{number}"] = OPEN
    hall.run(3.0)
    assert {len(hall.happened("set_failed", f"DG-{n}")) for n in (1, 2)} == {1}
    assert hall.positions["52-VCB-GA"] == hall.positions["52-VCB-GB"] == OPEN


def test_a_lost_transformer_path_is_bridged_by_the_tie_and_given_back() -> None:
    hall = settled()
    hall.positions["52-VCB-PA"] = OPEN
    assert hall.run(5.0, until=lambda: hall.positions["52-VCB-TIE"] == CLOSED)
    assert hall.told("52-VCB-MA") == ["open"]
    assert hall.told("DG-1") == []
    hall.positions["52-VCB-PA"] = CLOSED
    assert hall.run(10.0, until=lambda: hall.positions["52-VCB-TIE"] == OPEN)
    hall.run(1.0)
    assert hall.sources_of("MVA") >= MAINS
    assert hall.positions["52-VCB-MB"] == CLOSED


def test_both_transformer_paths_lost_call_the_sets_without_an_outage() -> None:
    hall = settled()
    hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-PB": OPEN}
    assert hall.run(40.0, until=partial(on_sets, hall))
    assert not hall.happened("outage_confirmed")


@pytest.mark.parametrize("selector", ["manual", "test"])
def test_hands_off_when_the_selector_is_not_on_auto(selector: str) -> None:
    hall = settled()
    hall.said["CCTS-1", "selector"] = float(["auto", "manual", "test"].index(selector))
    hall.lose_mains()
    hall.run(15.0)
    assert hall.told("52-VCB-MA") == hall.told("52-VCB-GA") == []


def test_hands_off_while_the_boards_own_logic_acts() -> None:
    hall = settled()
    hall.stages["CCTS-1"] = "isolating"
    hall.lose_mains()
    hall.run(5.0)
    assert hall.told("52-VCB-MA") == []
    hall.stages["CCTS-1"] = "inhibited"
    hall.run(1.0)
    assert hall.told("52-VCB-MA") == ["open"]


@pytest.mark.parametrize("after_s", [2.0, 9.0, 12.0, 20.0])
def test_a_restart_in_mid_sequence_takes_up_what_it_sees(after_s: float) -> None:
    hall = settled()
    hall.lose_mains()
    hall.run(after_s)
    taken_up = Hall(params=params(), now_ns=hall.now_ns)
    taken_up.positions, taken_up.stages = hall.positions, hall.stages
    taken_up.utilities, taken_up.connected = hall.utilities, hall.connected
    for name, stage in hall.stages.items():
        if stage == "cranking":
            taken_up.later(3.0, partial(taken_up.stages.update, {name: "ready"}))
    assert taken_up.run(40.0, until=partial(on_sets, taken_up))
    assert not any(c.action == "close" for c in taken_up.commands if c.equipment == "52-VCB-MA")


def test_a_momentary_loss_recloses_the_intake_and_starts_no_set() -> None:
    hall = settled()
    hall.lose_mains()
    hall.run(0.6)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(1.0, until=lambda: "U-A" in hall.sources_of("MVA"))
    hall.run(10.0)
    assert hall.told("52-VCB-IN") == ["close"]
    assert not any(hall.told(f"DG-{n}") for n in range(1, 5))


@pytest.mark.fault("F62")
def test_a_daemon_that_begins_with_the_intake_open_waits_for_a_stable_utility() -> None:
    """Killed four seconds after the return, it does not know how long the utility is back."""
    hall = settled()
    hall.lose_mains()
    assert hall.run(60.0, until=partial(on_sets, hall))
    hall.run(10.0)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(4.0)
    taken_up = Hall(params=params(), now_ns=hall.now_ns)
    taken_up.positions, taken_up.stages = hall.positions, hall.stages
    taken_up.utilities, taken_up.connected = hall.utilities, hall.connected
    taken_up.run(14.5)
    assert taken_up.told("52-VCB-IN") == []
    assert taken_up.run(20.0, until=lambda: "U-A" in taken_up.sources_of("MVA"))


def test_nothing_new_begins_while_the_own_logic_cannot_be_read() -> None:
    hall = settled()
    hall.hidden.add(("CCTS-1", "stage"))
    hall.lose_mains()
    hall.run(5.0)
    assert hall.told("52-VCB-MA") == []


def test_what_the_board_has_shed_comes_back_one_after_the_other() -> None:
    hall = island()
    board_acts(hall, "52-VCB-HA", "52-VCB-HB", "52-VCB-SA2")
    hall.run(12.0)
    closed = {c.equipment: c for c in hall.commands if c.action == "close"}
    assert list(closed)[-3:] == ["52-VCB-SA2", "52-VCB-HA", "52-VCB-HB"]
    at_ns = [c.issued_at_ns for c in list(closed.values())[-3:]]
    assert all(b - a >= 3_000_000_000 for a, b in pairwise(at_ns))


def test_rows_that_the_board_has_shed_wait_for_sets_that_can_carry_them() -> None:
    hall = island(sets=1)
    hall.positions |= {"52-VCB-HA": CLOSED, "52-VCB-HB": CLOSED}
    board_acts(hall, "52-VCB-HA", "52-VCB-HB", "52-VCB-SB1")
    told = len(hall.told("52-VCB-HA"))
    hall.run(12.0)
    assert len(hall.told("52-VCB-HA")) == told
    assert hall.positions["52-VCB-SB1"] == CLOSED
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(40.0)
    assert on_mains(hall)
    assert hall.positions["52-VCB-HA"] == hall.positions["52-VCB-HB"] == CLOSED


def test_what_a_person_or_a_fault_has_opened_stays_open() -> None:
    hall = island()
    hall.positions["52-VCB-SA1"] = OPEN
    hall.run(0.2)
    hall.said["52-VCB-SA2", "trip_50"] = 1.0
    board_acts(hall, "52-VCB-SA2", "52-VCB-SB1")
    hall.run(6.0)
    assert hall.positions["52-VCB-SB1"] == CLOSED
    assert hall.told("52-VCB-SA1") == hall.told("52-VCB-SA2") == []


def test_the_hand_switch_hands_over_nothing_that_was_opened_by_hand() -> None:
    hall = island()
    hall.said["CCTS-1", "selector"] = 1.0
    hall.run(0.1)
    board_acts(hall, "52-VCB-SA2")
    hall.said["CCTS-1", "selector"] = 0.0
    hall.run(6.0)
    assert hall.told("52-VCB-SA2") == []


@pytest.mark.fault("F48")
def test_the_first_set_takes_a_block_it_can_and_the_rows_come_one_by_one() -> None:
    hall = settled()
    hall.lose_mains()
    hall.run(35.0)
    done = {(e.source, e.fields["action"]): e.at_ns for e in hall.happened("command_verified")}
    closed = [done[name, "close"] for name in ("52-VCB-GA", "52-VCB-GB", "52-VCB-HA", "52-VCB-HB")]
    assert done["52-VCB-HA", "open"] < closed[0]
    assert closed[0] < done["52-GCB-2", "close_in_sync"], "it does not wait for the second set"
    assert closed == sorted(closed)
    assert min(b - a for a, b in pairwise(closed)) >= 3e9


@pytest.mark.fault("F34", "F48")
def test_a_row_feeder_that_does_not_open_keeps_its_section_dark_but_not_the_other() -> None:
    hall = settled()
    hall.start_s |= dict.fromkeys(("DG-2", "DG-3", "DG-4"), None)
    hall.stuck = {"52-VCB-HA"}
    hall.lose_mains()
    hall.run(30.0)
    assert hall.positions["52-VCB-GA"] == OPEN, "one set cannot carry the rows behind it"
    assert hall.positions["52-VCB-GB"] == CLOSED


def test_rows_that_the_first_set_cannot_begin_with_are_off_before_it_takes_its_bus() -> None:
    hall = settled()
    hall.lose_mains()
    assert hall.run(
        20.0, until=lambda: any(hall.positions[f"52-GCB-{n}"] == CLOSED for n in (1, 2))
    )
    assert hall.positions["52-VCB-HA"] == hall.positions["52-VCB-HB"] == OPEN
    closed_ns = hall.now_ns
    assert hall.run(1.0, until=lambda: hall.told("52-VCB-GA") == ["close"])
    assert hall.now_ns - closed_ns <= 40_000_000, "the first block follows without a wait"
    hall.run(20.0)
    assert hall.positions["52-VCB-HA"] == hall.positions["52-VCB-HB"] == CLOSED
