from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.model.commands import Command, Outcome, Result
from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import SECOND
from daemon.rehearsal.picture import Recorder, recorder
from daemon.rehearsal.simulation.observer import Scene
from daemon.settings import load
from device_emulators.plant.plant import Plant
from device_emulators.play import Play
from device_emulators.scenario import Happening, Scenario

if TYPE_CHECKING:
    from daemon.rehearsal.picture import Recording

ORIGIN_NS = 3 * SECOND
UTC_NS = 1_800_000_000 * SECOND
BROKEN = Scenario(
    scenario="sag",
    description="A deep sag, and a breaker that trips.",
    for_s=4.0,
    timeline=(
        Happening(at_s=1.0, target=("U-A", "U-B"), event="sag", depth_pu=0.6, for_s=0.042),  # type: ignore[call-arg]
        Happening(at_s=2.0, target="52-MCCB-RA", event="trip"),
    ),
)


@pytest.fixture(scope="module")
def begun() -> tuple[Recorder, Plant]:
    """A recorder that has seen the hall through a sag, without a daemon."""
    site_file = load("ai_hall")
    plant = Plant(site_file.site, seed=7, start_ns=ORIGIN_NS)
    play = Play(site_file.site, plant, BROKEN, out=lambda _: None)
    seen = Recorder()
    play.listeners.append(seen.happened)
    play.begin(0)
    seen.begin(Scene(site_file, BROKEN, plant, ORIGIN_NS, BROKEN.for_s))
    plant.watchers.append(lambda: seen.look(plant.now_ns))
    image: Any = SimpleNamespace(now_ns=ORIGIN_NS + SECOND, utc_ns=UTC_NS + SECOND)
    seen.shown(SimpleNamespace(image=image))  # type: ignore[arg-type]
    play.advance(ORIGIN_NS + 4 * SECOND)
    return seen, plant


@pytest.fixture(scope="module")
def recording(begun: tuple[Recorder, Plant]) -> Recording:
    return begun[0].recording()


def test_the_sag_is_seen_with_its_depth_at_its_instant(recording: Recording) -> None:
    line = next(line for line in recording.lines if line.pane == "medium" and line.label == "HV")
    depth, at_s = min(zip(line.values, line.times_s, strict=True))
    assert 0.3 < depth < 0.6
    assert at_s == pytest.approx(1.0, abs=0.002)
    up_s = next(t for v, t in zip(line.values, line.times_s, strict=True) if t > at_s and v > 0.9)
    assert up_s == pytest.approx(1.042, abs=0.002)


def test_every_pane_of_the_hall_has_lines_in_its_unit(recording: Recording) -> None:
    panes = {line.pane for line in recording.lines}
    assert panes == {"medium", "low", "frequency", "power", "load", "cap", "charge"}
    first = {(line.pane, line.label): line.values[0] for line in recording.lines}
    assert -8.0 < first["power", "U-A"] < -3.0  # it feeds, in MW
    assert 4.0 < first["load", "AI racks"] < 7.0
    assert first["cap", "ROW-1"] == 100.0
    assert 59.9 < first["frequency", "MVA"] < 60.1
    assert recording.not_drawn == {}


def test_bands_have_no_gap_and_a_breaker_that_moved_gets_one(recording: Recording) -> None:
    bands = {band.label: band for band in recording.bands}
    for band in bands.values():
        assert band.spans[0].from_s == 0.0
        assert band.spans[-1].to_s == recording.for_s == 4.0
        joints = zip(band.spans, band.spans[1:], strict=False)
        assert all(one.to_s == next_.from_s for one, next_ in joints)
    states = [span.state for span in bands["52-MCCB-RA"].spans]
    assert states[0] == "closed"
    assert states[-1] == "open"
    assert "52-MCCB-RB" not in bands  # a feeder that stayed closed
    assert [span.state for span in bands["52-VCB-TIE"].spans] == ["open"]  # a tie always shows


def test_what_the_scenario_did_is_kept_with_how_long_it_lasted(recording: Recording) -> None:
    sag, trip = recording.disturbances
    assert (sag.target, sag.event) == ("U-A, U-B", "sag")
    assert sag.until_s == pytest.approx(1.042)
    assert (trip.target, trip.at_s, trip.until_s) == ("52-MCCB-RA", 2.0, None)
    assert recording.began_utc_ns == UTC_NS


def test_no_load_was_cut(recording: Recording) -> None:
    assert recording.cuts == ()
    assert recording.loads_count == 59


def transition(alarm: str, at_ns: int, *, active: bool) -> AlarmTransition:
    return AlarmTransition(
        at_ns, 0, alarm, 1, "B", 2, "c", alarm, "", 0.0, 0.0, "", 0, active, False, "low", "look"
    )


@pytest.fixture
def listening(begun: tuple[Recorder, Plant]) -> Recorder:
    """A recorder that has heard nothing yet."""
    seen = Recorder()
    plant = begun[1]
    seen.begin(Scene(load("ai_hall"), BROKEN, plant, plant.now_ns, 4.0))
    return seen


def test_news_commands_and_alarms_are_kept_but_no_heartbeat(
    listening: Recorder, begun: tuple[Recorder, Plant]
) -> None:
    now_ns = begun[1].now_ns
    listening.told([Event(now_ns + SECOND, "CCTS-1", "stage", "CCTS-1: parted", {})])
    for active, second in ((True, 2), (True, 3), (False, 4)):
        listening.told([transition("low:R-1", now_ns + second * SECOND, active=active)])
    done = Outcome(1, Result.REFUSED, now_ns, "86 operated")
    for point, action in (("command", "close"), ("heartbeat", "beat"), ("power_cap_pu", "set")):
        command = Command(1, 1, "DEV-1", point, action, 0.5, "ccts", "so", "ok", now_ns, now_ns)
        listening.answered(command, done, now_ns)
    found = [(e.at_s, e.kind, e.text, e.active) for e in listening.recording().entries]
    assert found == [
        (0.0, "command", "DEV-1: close (refused 86 operated); ccts: so", True),
        (0.0, "set-point", "DEV-1: power_cap_pu = 0.5 (refused 86 operated); ccts: so", True),
        (1.0, "daemon", "CCTS-1: parted", True),
        (2.0, "alarm", "low", True),
        (4.0, "alarm", "low: cleared", False),
    ]


def test_what_is_too_much_is_counted(listening: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST", 3)
    listening.told([Event(n * SECOND, "x", "said", f"{n}", {}) for n in range(5)])
    kept = listening.recording()
    assert [entry.text for entry in kept.entries] == ["0", "1", "2"]
    assert kept.dropped == {"daemon": 2}
