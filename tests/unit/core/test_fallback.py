"""The fall-back of every device is read back and compared, once known and whenever it changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core import fallback
from daemon.core.facts import Facts
from daemon.core.fallback import Params, State, Verdict
from daemon.model.events import Event
from daemon.model.points import Point, PointTable
from daemon.model.quality import Quality
from daemon.model.quantities import ns
from tests.main_lane import Lane, alarms, events
from tests.unit.core.generation.looks import look


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


# -- look by look ----------------------------------------------------------------------------------


class Asking:
    """The comparison by itself."""

    def __init__(self) -> None:
        self.hall = as_declared()
        self.state, self.facts = State(), Facts()

    def look(self, after_s: float = 0.1) -> list[tuple[str, str]]:
        """Return what is told after a time."""
        self.hall.now_ns += ns(after_s)
        turn = fallback.step(look(self.hall, self.facts), self.state, Params())
        self.state = turn.state
        self.facts = replace(self.facts, **(turn.facts or {}))
        return [(e.source, e.name) for e in turn.events]  # type: ignore[union-attr]


def test_once_all_are_judged_nothing_is_looked_at_until_one_tells_something_else() -> None:
    asking = Asking()
    assert asking.look() == [("fallback", "fallbacks_verified")]
    assert asking.state.begun_ns == asking.hall.now_ns
    assert set(asking.state.verdicts) == set(declared(asking.hall))
    assert set(asking.state.verdicts.values()) == {Verdict.VERIFIED}
    before = asking.state
    assert asking.look(99.0) == []
    assert asking.state is before
    after_s, _ = declared(asking.hall)["ROW-1"]
    for shown_s, told in (
        (after_s + 0.05, []),
        (after_s + 0.07, [("ROW-1", "fallback_differs")]),
        (after_s - 0.07, []),
        (after_s - 0.05, [("ROW-1", "fallback_verified")]),
    ):
        asking.hall.put("ROW-1.fallback_after_s", shown_s)
        assert asking.look() == told
        assert bool(asking.facts.fallbacks.unproven) is (abs(shown_s - after_s) > 0.06)
    asking.hall.spoil("ROW-1")
    assert asking.look() == asking.look(99.0) == [], "what was concluded stands"
    assert asking.state.verdicts["ROW-1"] is Verdict.VERIFIED


@pytest.mark.parametrize("then", ["as declared", "otherwise"])
def test_one_that_is_silent_has_its_time_and_is_judged_when_it_speaks(then: str) -> None:
    asking, mute = Asking(), Asking()
    asking.hall.spoil("ROW-1")
    assert asking.look() == []
    begun_ns = asking.state.begun_ns
    assert asking.look(9.999) == []
    assert "ROW-1" not in asking.state.verdicts
    assert not asking.facts.fallbacks.unproven
    assert asking.look(0.001) == [("ROW-1", "fallback_unread")]
    assert asking.state.begun_ns == begun_ns
    assert asking.facts.fallbacks.unproven == ("ROW-1",)
    assert asking.look(99.0) == []
    mute.hall.now_ns = asking.hall.now_ns
    if then == "otherwise":
        mute.hall.put("ROW-1.fallback", "none")
    asking.hall = mute.hall
    told = asking.look()
    if then == "otherwise":
        assert told == [("ROW-1", "fallback_differs")]
    else:
        assert told == [("ROW-1", "fallback_verified"), ("fallback", "fallbacks_verified")]
    assert bool(asking.facts.fallbacks.unproven) is (then == "otherwise")


@pytest.mark.parametrize("point", ["fallback_after_s", "fallback"])
def test_half_an_answer_is_none_and_is_told_as_that(point: str) -> None:
    asking = Asking()
    hall = asking.hall
    hall.quality[hall.points.index("ROW-1", point)] = Quality.BAD_NO_COMMUNICATION
    asking.look()
    assert "ROW-1" not in asking.state.verdicts
    turn = fallback.step(look(hall), State(begun_ns=1), Params())
    (told,) = turn.events
    assert isinstance(told, Event)
    assert (told.source, told.name) == ("ROW-1", "fallback_unread")
    assert told.text.startswith("It cannot be read whether ROW-1 falls back to")
    device = hall.site.equipment["ROW-1"].device
    assert device is not None
    silent = replace(look(hall), points=_Silent(hall.points.points, point))
    assert fallback._judge(silent, "ROW-1", device, missed=False) is Verdict.UNREAD
    assert fallback._judge(look(hall), "ROW-1", device, missed=False) is None


class _Silent(PointTable):
    """A table in which one point of a row is not served."""

    def __init__(self, points: tuple[Point, ...], point: str) -> None:
        super().__init__(points)
        self._without = ("ROW-1", point)

    def find(self, equipment: str, name: str) -> int | None:
        """Return the image index of a point, or None where it is not served."""
        return None if (equipment, name) == self._without else super().find(equipment, name)
