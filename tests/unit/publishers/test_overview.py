"""The plant at a glance."""

from __future__ import annotations

from daemon.model.events import Event
from daemon.publishers.overview import ALARMS, RECENT, Overview
from tests.unit.publishers.north import alarm, north, snapshot


def test_it_tells_of_equipment_alarms_events_and_lanes() -> None:
    place = north()
    overview = Overview(place)
    overview.tell([Event(place.now_ns(), "52-1", "command_sent", "52-1 told to open", {})])
    told = overview.body(snapshot(place, 1.0))
    assert told["site"] == "board"
    assert told["equipment"]["52-1"] == {
        "position": "open", "nature": "breaker", "quality": "good",
    }  # fmt: skip
    assert told["equipment"]["ESS-1"]["power_w"] is None, "a bad value is told as none"
    assert told["equipment"]["ESS-1"]["quality"] == "bad"
    assert [each["id"] for each in told["alarms"]] == ["x:52-1"]
    assert told["events"][-1]["text"] == "52-1 told to open"
    assert abs(told["events"][-1]["t_ns"] - place.utc_ns()) < 10**9
    assert told["lanes"]["main"]["p99_at_most_s"] == 0.002
    assert told["schemes"] == {"CCTS-1": "on_main"}
    assert told["gateways_down"] == []


def test_the_most_urgent_alarms_stand_first_and_what_is_told_is_bounded() -> None:
    place = north()
    overview = Overview(place)
    seen = snapshot(place)
    many = {f"x:{n}": alarm("B", f"x:{n}") for n in range(ALARMS + 5)}
    low = alarm("B", "low:1")
    object.__setattr__(low, "priority", 4)
    seen.alarms.update({"low:1": low} | many)  # type: ignore[attr-defined]
    overview.tell([Event(n, "s", "e", str(n), {}) for n in range(RECENT + 5)])
    told = overview.body(seen)
    assert len(told["alarms"]) == ALARMS
    assert all(each["priority"] == 1 for each in told["alarms"])
    assert told["alarms_active"] == ALARMS + 7
    assert [each["text"] for each in told["events"]][-1] == str(RECENT + 4)
    assert len(told["events"]) == RECENT
