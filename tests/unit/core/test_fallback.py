"""The fall-back of every device is read back and compared, once known and whenever it changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.main_lane import Lane, alarms, events


def declared(hall: Lane) -> dict[str, tuple[float, str]]:
    """Return what the site file declares, by device."""
    return {
        e.id: (e.device.fallback_after_s, e.device.fallback)
        for e in hall.site.equipment.values()
        if e.device and e.device.fallback_after_s > 0
    }


def as_declared() -> Lane:
    """Return a hall whose devices are set as the site file says."""
    hall = Lane()
    for name, (after_s, action) in declared(hall).items():
        hall.put(f"{name}.fallback_after_s", after_s)
        hall.put(f"{name}.fallback", action)
    return hall


def test_every_declared_fall_back_is_verified_at_start_and_said_once() -> None:
    hall = as_declared()
    assert len(declared(hall)) >= 14
    steps = hall.run(30.0)
    (said,) = events(steps, "fallbacks_verified")
    assert said.fields["devices"] == len(declared(hall))
    assert not hall.state.facts.fallbacks.unproven
    assert not [a for a in alarms(steps) if a.alarm_class == "fallback-unproven"]


@pytest.mark.parametrize(
    ("point", "value", "said"),
    [
        ("CCTS-1.fallback_after_s", 60.0, "own logic after 60 s; the site file says own logic"),
        ("ESS-1.fallback", "hold", "hold after 3 s; the site file says ramp to zero after 3 s"),
        ("DG-2.fallback", "none", "none after 3 s"),
        ("ROW-3.fallback_after_s", 3.2, "hold after 3.2 s"),
        ("ALTS-1.fallback_after_s", 0.0, "own logic after 0 s"),
    ],
)
@pytest.mark.fault("F29")
def test_one_that_is_set_otherwise_is_an_event_and_an_alarm(
    point: str, value: float | str, said: str
) -> None:
    hall = as_declared()
    hall.put(point, value)
    steps = hall.run(5.0)
    name = point.partition(".")[0]
    (differs,) = events(steps, "fallback_differs")
    assert differs.source == name
    assert said in differs.text
    assert hall.state.facts.fallbacks.unproven == (name,)
    assert not events(steps, "fallbacks_verified")
    (alarm,) = [a for a in alarms(steps, "B") if a.alarm_class == "fallback-unproven"]
    assert alarm.source == name


@pytest.mark.fault("F29")
def test_one_that_is_changed_later_is_found_and_its_mending_too() -> None:
    hall = as_declared()
    hall.run(20.0)
    hall.put("ESS-2.fallback_after_s", 1200.0)
    assert events(hall.run(1.0), "fallback_differs")
    hall.put("ESS-2.fallback_after_s", 3.0)
    steps = hall.run(5.0)
    (mended,) = events(steps, "fallback_verified")
    assert mended.source == "ESS-2"
    assert not hall.state.facts.fallbacks.unproven


@pytest.mark.fault("F56")
def test_one_that_does_not_tell_is_said_after_a_while_and_one_that_told_is_believed() -> None:
    hall = as_declared()
    hall.spoil("ROW-1")
    steps = hall.run(8.0)
    assert not events(steps, "fallback_unread")
    steps += hall.run(8.0)
    (unread,) = events(steps, "fallback_unread")
    assert unread.source == "ROW-1"
    assert hall.state.facts.fallbacks.unproven == ("ROW-1",)
    healthy = as_declared()
    healthy.run(2.0)
    healthy.spoil("ROW-1")
    assert not events(healthy.run(30.0), "fallback_unread"), "silence has an alarm of its own"


def test_a_map_that_does_not_serve_it_is_said_at_once() -> None:
    hall = as_declared()
    name = "ATS-M1"
    item = hall.site.equipment[name]
    assert item.device is not None
    device = replace(item.device, fallback_after_s=3.0, fallback="own_logic")
    equipment = {**hall.site.equipment, name: replace(item, device=device)}
    hall.take(replace(hall.site, equipment=equipment))
    (unread,) = events(hall.run(1.0), "fallback_unread")
    assert unread.source == name


def test_a_site_without_watchdogs_has_nothing_to_verify() -> None:
    lane = Lane("traditional")
    steps = lane.run(20.0)
    assert not [
        e for name in ("fallbacks_verified", "fallback_unread") for e in events(steps, name)
    ]
