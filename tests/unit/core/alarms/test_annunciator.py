"""Delays, dead bands, acknowledgement, suppression and first-out, scan by scan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.alarms import annunciator
from daemon.core.alarms.rules import Rule
from daemon.model.commands import (
    Acknowledgement,
    LaneMessage,
    OperatorRequest,
    Outcome,
    Proposal,
    Result,
)
from daemon.model.events import AlarmTransition
from daemon.model.quality import Quality
from tests.main_lane import Lane, alarms, dark, events, supply


def rule(**more: Any) -> Rule:
    """Return a rule on UPS charge: below 0.3, back at 0.4, half a second on, one second off."""
    usual: dict[str, Any] = {
        "text": "{source}: low", "nature": "ups", "condition": "below", "point": "soc_pu",
        "limit": 0.3, "dead_band": 0.1, "on_delay_s": 0.5, "off_delay_s": 1.0, "priority": 2,
        "cause": "c", "consequence": "c", "response": "r", "respond_within_s": 60.0,
    }  # fmt: skip
    return Rule(**{**usual, **more})


def lane(**rules: Rule) -> Lane:
    """Return a lane that knows these rules only."""
    shown = Lane()
    params = annunciator.Params(rules=rules)
    control = replace(shown.params.control, alarms=params)
    shown.params = replace(shown.params, control=control)
    return shown


def letters(steps: list[Any], name: str = "low:UPS-A") -> str:
    return "".join(a.state for a in alarms(steps) if a.alarm_id == name)


def ask(action: str, value: float = 0.0, alarm: str = "low:UPS-A") -> OperatorRequest:
    wish = Proposal(alarm, annunciator.ALARM_POINT, action, value, "kim", "because")
    return OperatorRequest(f"{action}{value}", "kim", wish)


def test_on_delay_and_off_delay() -> None:
    hall = lane(low=rule())
    hall.put("UPS-A.soc_pu", 0.2)
    assert letters(hall.run(0.5)) == ""
    raised = alarms(hall.run(0.1))
    assert [a.alarm_id for a in raised] == ["low:UPS-A"]
    assert (raised[0].value, raised[0].limit, raised[0].unit) == (0.2, 0.3, "pu")
    assert (raised[0].point, raised[0].occurrence) == ("UPS-A.soc_pu", 1)
    hall.put("UPS-A.soc_pu", 0.9)
    assert letters(hall.run(1.0)) == ""
    assert letters(hall.run(0.1)) == "D"


def test_a_blip_shorter_than_the_delay_says_nothing() -> None:
    hall = lane(low=rule())
    for _ in range(5):
        hall.put("UPS-A.soc_pu", 0.2)
        assert letters(hall.run(0.4)) == ""
        hall.put("UPS-A.soc_pu", 0.9)
        assert letters(hall.run(0.1)) == ""


def test_dead_band_keeps_an_alarm_until_the_value_is_well_back() -> None:
    hall = lane(low=rule(on_delay_s=0.0, off_delay_s=0.0))
    hall.put("UPS-A.soc_pu", 0.29)
    assert letters([hall.scan()]) == "B"
    for value in (0.31, 0.39, 0.29, 0.39):
        hall.put("UPS-A.soc_pu", value)
        assert letters([hall.scan()]) == ""
    hall.put("UPS-A.soc_pu", 0.41)
    assert letters([hall.scan()]) == "D"


@pytest.mark.parametrize("latching", [False, True])
def test_acknowledge_after_return(latching: bool) -> None:
    hall = lane(low=rule(on_delay_s=0, off_delay_s=0, latching=latching))
    hall.put("UPS-A.soc_pu", 0.1)
    hall.scan()
    hall.put("UPS-A.soc_pu", 0.9)
    assert letters([hall.scan()]) == ("E" if latching else "D")
    seen = Acknowledgement("low:UPS-A", 1, "kim", "seen")
    done = alarms([hall.scan(seen)])
    assert [a.state for a in done] == ["F" if latching else "A"]
    assert (done[0].user, done[0].comment) == ("kim", "seen")


def test_an_old_occurrence_is_refused() -> None:
    hall = lane(low=rule(on_delay_s=0, off_delay_s=0))
    for value in (0.1, 0.9, 0.1):
        hall.put("UPS-A.soc_pu", value)
        hall.scan()
    old = hall.scan(Acknowledgement("low:UPS-A", 1, "kim", ""))
    assert not alarms([old])
    assert events([old], "alarm_request_refused")[0].fields["refusal"] == "old_occurrence"
    assert letters([hall.scan(Acknowledgement("low:UPS-A", 2, "kim", ""))]) == "C"


def test_reset_is_refused_before_acknowledgement() -> None:
    hall = lane(low=rule(on_delay_s=0, off_delay_s=0, latching=True))
    for value in (0.1, 0.9):
        hall.put("UPS-A.soc_pu", value)
        hall.scan()
    refused = hall.scan(ask("reset"))
    assert events([refused], "alarm_request_refused")[0].fields["refusal"] == "acknowledge_first"
    hall.scan(Acknowledgement("low:UPS-A", 1, "kim", ""))
    assert letters([hall.scan(ask("reset"))]) == "A"


@pytest.mark.fault("F92")
def test_a_shelved_alarm_comes_back_unacknowledged_by_itself() -> None:
    hall = lane(low=rule(on_delay_s=0, off_delay_s=0))
    hall.put("UPS-A.soc_pu", 0.1)
    hall.scan()
    assert letters([hall.scan(ask("shelve", 5.0))]) == "G"
    assert letters(hall.run(4.9)) == ""
    assert letters(hall.run(0.2)) == "B"


def test_shelving_is_bounded_and_not_for_the_highest_priority() -> None:
    hall = lane(low=rule(on_delay_s=0), top=rule(on_delay_s=0, priority=1))
    hall.put("UPS-A.soc_pu", 0.1)
    hall.scan()
    for wish in (ask("shelve", 8 * 3600.0 + 1), ask("shelve", 60.0, "top:UPS-A"), ask("fly")):
        assert events([hall.scan(wish)], "alarm_request_refused")


@pytest.mark.parametrize("code", [Quality.BAD_TIMEOUT, Quality.UNCERTAIN_LAST_USABLE_VALUE])
def test_a_value_that_is_not_good_raises_nothing_and_takes_nothing_back(code: Quality) -> None:
    hall = lane(low=rule(on_delay_s=0, off_delay_s=0), odd=rule(condition="is", point="on_battery"))
    hall.put("UPS-A.soc_pu", 0.1)
    hall.scan()
    for name in ("UPS-A", "UPS-B"):
        hall.put(f"{name}.on_battery", 1.0)
        hall.put(f"{name}.soc_pu", 0.9 if name == "UPS-A" else 0.1)
        hall.spoil(name, code=code)
    assert not alarms(hall.run(5.0))


@pytest.mark.fault("F01")
def test_loss_of_a_device_is_one_alarm_and_clears_with_its_return() -> None:
    hall = Lane()
    hall.run(2.0)
    hall.spoil("UPS-A")
    assert [a.alarm_id for a in alarms(hall.run(10.0), "B")] == ["device-silent:UPS-A"]
    hall.spoil("UPS-A", code=Quality.GOOD)
    steps = hall.run(12.0)
    assert [a.state for a in alarms(steps) if a.source == "UPS-A"] == ["D"]


def test_a_device_is_not_silent_because_what_is_only_written_was_never_read() -> None:
    hall = Lane()
    place = hall.points.index("CCTS-1", "heartbeat")
    hall.quality[place] = Quality.BAD_WAITING_FOR_INITIAL_DATA
    assert not [a for a in alarms(hall.run(10.0)) if a.alarm_class == "device-silent"]


@pytest.mark.fault("F09")
def test_a_dead_gateway_is_one_alarm_not_one_for_each_device_behind_it() -> None:
    hall = Lane()
    hall.run(2.0)
    behind = hall.behind("GW-ROW1")
    assert len(behind) == 9
    hall.spoil(*behind)
    steps = hall.run(10.0)
    assert [a.alarm_id for a in alarms(steps, "B")] == ["gateway-silent:GW-ROW1"]
    assert {a.source for a in alarms(steps, "H")} >= set(behind)
    hall.spoil(*behind, code=Quality.GOOD)
    back = hall.run(12.0)
    assert {a.alarm_id for a in alarms(back, "D")} == {"gateway-silent:GW-ROW1"}
    assert not alarms(back, "B")


@pytest.mark.fault("F11")
@pytest.mark.parametrize("half_s", [0.5, 0.8, 6.0])
def test_a_gateway_that_comes_and_goes_is_one_standing_alarm(half_s: float) -> None:
    hall = Lane()
    hall.run(2.0)
    behind = hall.behind("GW-ROW1")
    slow = behind[1:]  # read so seldom that they stay silent while the link is back
    steps = []
    for _ in range(5):
        hall.spoil(*behind)
        steps += hall.run(half_s)
        hall.spoil(behind[0], code=Quality.GOOD)
        steps += hall.run(half_s)
    assert [a.alarm_id for a in alarms(steps, "B")] == ["gateway-silent:GW-ROW1"]
    assert not alarms(steps, "D")
    hall.spoil(*slow, code=Quality.GOOD)
    back = hall.run(12.0)
    assert {a.alarm_id for a in alarms(back, "D")} == {"gateway-silent:GW-ROW1"}


def test_a_short_silence_now_and_then_is_no_alarm() -> None:
    hall = Lane()
    hall.run(2.0)
    for _ in range(4):
        hall.spoil("UPS-A")
        assert not alarms(hall.run(0.5))
        hall.spoil("UPS-A", code=Quality.GOOD)
        assert not alarms(hall.run(1.5))


def test_suppression_ends_with_its_cause() -> None:
    cause = rule(on_delay_s=0, off_delay_s=0)
    effect = rule(on_delay_s=0, off_delay_s=0, point="battery_voltage_v", suppressed_by=("low",))
    hall = lane(low=cause, effect=effect)
    hall.put("UPS-A.battery_voltage_v", 0.5)
    hall.put("UPS-A.soc_pu", 0.1)
    hall.put("UPS-B.battery_voltage_v", 0.5)
    hall.scan()
    hall.put("UPS-A.battery_voltage_v", 0.1)
    hall.put("UPS-B.battery_voltage_v", 0.1)
    done = [hall.scan()]
    assert letters(done, "effect:UPS-A") == "H"
    assert letters(done, "effect:UPS-B") == "B", "another device's cause hides nothing here"
    hall.put("UPS-A.soc_pu", 0.9)
    after = hall.run(0.3)
    assert letters(after, "effect:UPS-A") == "B"


def test_a_cause_that_cannot_be_read_brings_nothing_out_of_suppression() -> None:
    cause = rule(on_delay_s=2, off_delay_s=0)
    effect = rule(on_delay_s=0, off_delay_s=0, point="battery_voltage_v", suppressed_by=("low",))
    hall = lane(low=cause, effect=effect)
    hall.put("UPS-A.battery_voltage_v", 0.5)
    hall.scan()
    hall.put("UPS-A.soc_pu", 0.1)
    hall.put("UPS-A.battery_voltage_v", 0.1)
    done = [hall.scan()]
    for _ in range(3):  # a link that is back for less than the delay of the cause
        hall.spoil("UPS-A")
        done += hall.run(0.5)
        hall.spoil("UPS-A", code=Quality.GOOD)
        done += hall.run(0.5)
    assert letters(done, "effect:UPS-A") == "H"
    hall.put("UPS-A.soc_pu", 0.9)
    assert letters(hall.run(0.3), "effect:UPS-A") == "B"


def test_what_is_over_but_for_its_off_delay_does_not_come_out_of_suppression() -> None:
    cause = rule(on_delay_s=0, off_delay_s=0)
    effect = rule(on_delay_s=0, off_delay_s=60, point="battery_voltage_v", suppressed_by=("low",))
    hall = lane(low=cause, effect=effect)
    hall.put_all("ups", "battery_voltage_v", 0.5)
    hall.scan()
    hall.put("UPS-A.soc_pu", 0.1)
    hall.put("UPS-A.battery_voltage_v", 0.1)
    assert letters([hall.scan()], "effect:UPS-A") == "H"
    hall.put("UPS-A.battery_voltage_v", 0.5)
    hall.run(1.0)
    hall.put("UPS-A.soc_pu", 0.9)
    assert letters(hall.run(70.0, 1.0), "effect:UPS-A") == "A"


def test_generator_alarms_only_while_it_runs() -> None:
    hall = Lane()
    hall.put("DG-1.alarm_oil", 1.0)
    assert not alarms(hall.run(3.0), "B")
    hall.put("DG-1.stage", "loaded")
    hall.put("DG-1.voltage_ll_v", 6600.0)
    hall.put("DG-1.frequency_hz", 60.0)
    assert [a.alarm_id for a in alarms(hall.run(3.0), "B")] == ["generator-oil-low:DG-1"]


def test_a_set_that_comes_up_is_not_reported_for_what_it_was_at_rest() -> None:
    hall = Lane()
    hall.run(10.0)
    hall.put("DG-1.stage", "ready")
    hall.put("DG-1.voltage_ll_v", 6600.0)
    hall.put("DG-1.frequency_hz", 60.0)
    assert not alarms(hall.run(10.0))
    hall.put("DG-1.frequency_hz", 56.0)
    assert [a.alarm_id for a in alarms(hall.run(5.0), "B")] == ["generator-frequency-low:DG-1"]
    hall.put("DG-1.stage", "stopped")
    assert "H" in {a.state for a in alarms(hall.run(0.2))}
    hall.put("DG-1.frequency_hz", 0.0)
    assert not alarms(hall.run(10.0), "B")


def test_no_alarm_below_an_opened_breaker() -> None:
    hall = Lane()
    hall.run(1.0)
    for breaker in ("52-VCB-MA", "52-VCB-TIE", "52-VCB-GA"):
        hall.put(f"{breaker}.position", 1.0)
    hall.put("R-MVA.presence", "dead")
    hall.put("R-MVA.voltage_ll_v", 0.0)
    hall.put("R-MVA.frequency_hz", 0.0)
    for point in hall.points.points:  # what else sees the bus and what hangs on it
        buses = hall.site.equipment[point.equipment].buses
        if "voltage" in point.spec.name and "MVA" in buses:
            hall.values[point.index] = 0.0
    assert not [a for a in alarms(hall.run(10.0), "B") if a.source == "R-MVA"]
    hall.put("52-VCB-MA.position", 2.0)
    raised = alarms(hall.run(10.0), "B")
    assert "bus-dead:R-MVA" in {a.alarm_id for a in raised}


def test_first_out_is_what_began_first_not_what_has_the_shortest_delay() -> None:
    slow = rule(on_delay_s=0.5, group="g")
    quick = rule(on_delay_s=0.0, group="g", point="battery_voltage_v", limit=1.0)
    hall = lane(slow=slow, quick=quick)
    hall.put_all("ups", "battery_voltage_v", 400.0)
    hall.scan()
    hall.put("UPS-A.soc_pu", 0.1)
    hall.scan()
    hall.put("UPS-B.battery_voltage_v", 0.0)
    raised = alarms(hall.run(1.0), "B")
    assert [(a.alarm_id, a.first_out) for a in raised] == [
        ("quick:UPS-B", False),
        ("slow:UPS-A", True),
    ]


def test_a_message_of_the_shell_stands_for_a_while() -> None:
    hall = Lane()
    done = [hall.scan(LaneMessage("shell", "scan_overrun", {"source": "daemon", "missed": 3}))]
    assert [a.alarm_class for a in alarms(done, "B")] == ["scan-overrun"]
    assert [a.alarm_class for a in alarms(hall.run(30.0, 1.0), "D")] == ["scan-overrun"]


def test_lockout_of_a_scheme_is_read_from_its_stages() -> None:
    hall = Lane()
    hall.scan(supply(stages={"CCTS-1": "on_main on_main"}))
    done = [hall.scan(supply(stages={"CCTS-1": "on_main lockout"}))]
    assert [a.alarm_id for a in alarms(done, "B")] == ["scheme-lockout:CCTS-1"]


@pytest.mark.fault("F12", "F29", "F33", "F34")
@pytest.mark.parametrize(
    ("undone", "alarm"),
    [
        ({"not_opened": ("52-MCCB-CA",)}, "breaker-not-opened:52-MCCB-CA"),
        ({"not_done": ("DG-1",)}, "command-failed:DG-1"),
    ],
)
def test_a_command_that_was_not_fulfilled_is_an_alarm_in_the_scan_it_is_told(
    undone: dict[str, Any], alarm: str
) -> None:
    hall = Lane()
    hall.run(1.0)
    word = LaneMessage("switching", "commands", {"not_opened": (), "not_done": (), **undone})
    (raised,) = alarms([hall.scan(word)], "B")
    assert raised.alarm_id == alarm
    word = LaneMessage("switching", "commands", {"not_opened": (), "not_done": ()})
    over = alarms([hall.scan(word), *hall.run(3.0)])
    assert [(a.alarm_id, a.active) for a in over] == [(alarm, False)]


@pytest.mark.fault("F12", "F29")
def test_a_row_that_takes_no_cap_is_an_alarm_until_it_follows() -> None:
    hall = Lane()
    hall.scan(supply())
    wanted = Proposal("ROW-2", "power_cap_pu", "set", 0.5, "kim", "test")
    steps = [hall.scan(OperatorRequest("1", "kim", wanted)), *hall.run(6.0)]
    assert letters(steps, "row-cap-ignored:ROW-2") == "B"
    hall.put("ROW-2.power_cap_pu", 0.5)
    assert letters(hall.run(3.0), "row-cap-ignored:ROW-2") == "D"


def test_total_loss_of_the_utility_annunciates_at_most_ten_and_the_root_first() -> None:
    hall = Lane()
    hall.run(2.0)
    hall.lose_utility()
    steps = [hall.scan(dark())]
    for _ in range(14):
        hall.obey_rows(steps[-1])
        steps.append(hall.scan())
    steps.append(hall.scan(dark(outage=True, sets_pending=4)))
    for _ in range(600):
        hall.put_all("rack_row", "power_w", 0.1e6)  # so that storage lasts, whatever comes
        steps.append(hall.scan(after_s=1.0))
    raised = alarms(steps, "B")
    assert 1 <= len(raised) <= 10
    assert {a.alarm_class for a in raised if a.first_out} == {"utility-feed-lost"}
    assert {"outage-confirmed", "ups-on-battery"} <= {a.alarm_class for a in raised}
    assert len(alarms(steps, "H")) > 15, "the consequences are followed, not forgotten"


def test_nothing_is_said_while_nothing_changes() -> None:
    hall = Lane()
    hall.run(6.0)
    before = hall.state.alarms
    assert not alarms(hall.run(5.0))
    assert hall.state.alarms is before


def test_transition_carries_what_a_person_needs() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.put("UPS-B.stage", "static_bypass")
    raised = alarms(hall.run(1.0), "B")
    assert len(raised) == 1
    alarm: AlarmTransition = raised[0]
    assert alarm.text == "UPS-B: on bypass, load unprotected"
    assert (alarm.priority, alarm.active, alarm.acknowledged) == (1, True, False)
    assert alarm.response


@pytest.mark.fault("F12", "F29")
def test_what_the_main_lane_told_and_was_not_done_is_an_alarm_beside_the_others() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.scan(LaneMessage("switching", "commands", {"not_opened": (), "not_done": ("DG-1",)}))
    wish = Proposal("CH-1", "command", "stop", 0.0, "person", "a trial")
    steps = [hall.scan(OperatorRequest("1", "kim", wish))]
    command = next(c for c in steps[0].commands if c.equipment == "CH-1")
    refused = Outcome(command.id, Result.REFUSED, hall.now_ns, "no")
    steps += [hall.scan(refused), *hall.run(1.0)]
    raised = {a.alarm_id for a in alarms(steps, "B")}
    assert "command-failed:CH-1" in raised
    assert "command-failed:DG-1" not in {a.alarm_id for a in alarms(steps) if not a.active}
    hall.put("CH-1.stage", "stopped")
    over = {a.alarm_id for a in alarms(hall.run(4.0)) if not a.active}
    assert over == {"command-failed:CH-1"}
