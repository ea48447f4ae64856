"""The intake switch, one look at a time: which feed is the better one, and who may move it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pytest

from daemon.core.facts import Facts, Health, Supply
from daemon.core.topology import survey
from daemon.core.transfer import intake
from daemon.core.transfer.intake import At, Params, Stage, State
from daemon.core.view import View
from daemon.model.commands import OperatorRequest, Proposal
from daemon.model.plant import IntakeScheme
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, Hall

PARAMS = Params()
WELL, FAILED, UNKNOWN = Health.HEALTHY, Health.FAILED, Health.UNKNOWN
SWITCH = "ALTS-1"
BOTH = WELL, WELL


class Intake:
    """The switch somewhere, and a look at it."""

    def __init__(self, stage: Stage, on: int = 1, feeds: tuple[Health, Health] = BOTH) -> None:
        self.hall = Hall(now_ns=100_000 * SECOND)
        self.hall.connected[SWITCH] = on
        self.hall.positions["52-VCB-IN"] = OPEN
        self.params = PARAMS
        self.stable: tuple[str, ...] = ("U-A", "U-B")
        self.feeds(*feeds)
        self.state = State({SWITCH: At(stage, self.hall.now_ns)})
        self.inbox: tuple[OperatorRequest, ...] = ()
        self.events: list[Any] = []
        self.operated: dict[str, tuple[int, ...]] = {}

    def feeds(self, a: Health, b: Health) -> None:
        self.health = {"U-A": a, "U-B": b}
        self.hall.utilities = {name: health is WELL for name, health in self.health.items()}

    def look(self, after_s: float = 0.0) -> list[str]:
        """Return what the switch is asked after a time."""
        self.hall.now_ns += ns(after_s)
        here, image = self.hall.params, self.hall.image()
        view = View(
            lane="switching",
            image=image,
            inbox=self.inbox,
            site=here.site,
            points=here.points,
            topology=survey(image, here.site, here.points),
            facts=Facts(
                supply=Supply(self.health, self.stable),
                stages={"other": "as it was"},
                operated=self.operated,
            ),
            heard={},
            estimate=None,
            epoch=1,
            next_id=1,
        )
        turn = intake.step(view, self.state, self.params)
        self.state, self.facts = turn.state, turn.facts
        self.events += turn.events
        assert {(p.equipment, p.point, p.value, p.owner) for p in turn.proposals} <= {
            (SWITCH, "command", 0.0, SWITCH)
        }
        return [p.action for p in turn.proposals]

    @property
    def at(self) -> At:
        return self.state.schemes[SWITCH]


def test_only_a_switch_that_the_daemon_decides_is_decided() -> None:
    site = Hall().site
    assert intake.initial(site, PARAMS) == State({SWITCH: At(Stage.UNJUDGED, 0, 0, 0, (), "")})
    (one,) = (s for s in site.schemes.values() if isinstance(s, IntakeScheme))
    device = MappingProxyType({SWITCH: replace(one, authority="device")})
    assert intake.initial(replace(site, schemes=device), PARAMS) == State()


@pytest.mark.parametrize(
    ("on", "feeds", "target"),
    [
        (1, (WELL, WELL), 0),
        (1, (FAILED, WELL), 2),
        (1, (FAILED, FAILED), 0),
        (1, (FAILED, UNKNOWN), 0),
        (1, (UNKNOWN, WELL), 0),
        (2, (WELL, FAILED), 1),
        (2, (WELL, WELL), 0),
        (2, (FAILED, FAILED), 0),
        (0, (FAILED, WELL), 0),
        (3, (FAILED, WELL), 0),
    ],
)
def test_the_other_feed_is_better_when_it_is_well_and_this_one_failed(
    on: int, feeds: tuple[Health, Health], target: int
) -> None:
    switch = Intake(Stage.UNJUDGED, on, feeds)
    switch.look()
    assert switch.at.target == target


def test_a_feed_that_is_well_and_does_not_arrive_is_as_good_as_failed() -> None:
    switch = Intake(Stage.UNJUDGED)
    switch.hall.positions["52-GCB-UA"] = OPEN
    switch.look()
    assert switch.at.target == 2


@pytest.mark.parametrize(("on", "breaker"), [(1, "52-GCB-UB"), (2, "52-GCB-UA")])
def test_a_feed_that_is_well_and_does_not_arrive_is_none_to_go_to(on: int, breaker: str) -> None:
    switch = Intake(Stage.UNJUDGED, on, (FAILED, WELL) if on == 1 else (WELL, FAILED))
    switch.hall.positions[breaker] = OPEN
    switch.look()
    assert switch.at.target == 0


def test_it_goes_back_to_the_first_source_after_that_was_stable_for_long() -> None:
    switch = Intake(Stage.UNJUDGED, on=2)
    switch.params = replace(PARAMS, return_to_source_1=True)
    switch.look()
    assert switch.at.preferred_ns == switch.hall.now_ns
    switch.look(switch.params.return_s - 0.001)
    assert switch.at.target == 0
    switch.look(0.001)
    assert switch.at.target == 1
    for spoil in ("stable", "setting", "standing"):
        other = Intake(Stage.UNJUDGED, on=1 if spoil == "standing" else 2)
        other.params = replace(PARAMS, return_to_source_1=spoil != "setting")
        other.stable = ("U-B",) if spoil == "stable" else other.stable
        other.look()
        assert other.at.preferred_ns == 0, spoil


@pytest.mark.parametrize("hand", ["selector", "own logic", "local"])
def test_in_other_hands_it_is_left(hand: str) -> None:
    switch = Intake(Stage.READY, feeds=(FAILED, WELL))
    point = {"selector": "selector", "own logic": "inhibited", "local": "local"}[hand]
    switch.hall.said[SWITCH, point] = 0.0 if hand == "own logic" else 1.0
    assert switch.look() == []
    assert switch.at.stage not in {Stage.READY, Stage.MOVING}


def test_what_cannot_be_read_of_its_hands_is_in_nobody_s_and_nothing_new_is_begun() -> None:
    switch = Intake(Stage.READY, feeds=(FAILED, WELL))
    switch.hall.hidden.add((SWITCH, "selector"))
    assert switch.look() == []
    switch = Intake(Stage.READY, feeds=(FAILED, WELL))
    switch.hall.hidden |= {(SWITCH, "inhibited"), (SWITCH, "local")}
    before = switch.at.stage
    switch.look()
    assert before is Stage.READY


def moved(switch: Intake, *ago_s: float) -> None:
    """Let the switch have been told to transfer so long ago."""
    at = switch.at._replace(moved_ns=tuple(switch.hall.now_ns - ns(s) for s in ago_s))
    switch.state = State({SWITCH: at})


def test_a_transfer_is_forgotten_when_its_window_is_over() -> None:
    switch = Intake(Stage.UNJUDGED)
    moved(switch, PARAMS.window_s, PARAMS.window_s - 0.001, 1.0)
    switch.look()
    assert len(switch.at.moved_ns) == 2


@pytest.mark.parametrize("fewer", [0, 1])
def test_after_too_many_transfers_it_is_left_where_it_is(fewer: int) -> None:
    switch = Intake(Stage.READY, feeds=(FAILED, WELL))
    moved(switch, *[5.0] * (PARAMS.transfers_max - fewer))
    goes = switch.look()
    assert goes == (["to_source_2"] if fewer else [])
    if fewer:
        assert switch.at.moved_ns[-1] == switch.hall.now_ns
        assert len(switch.at.moved_ns) == PARAMS.transfers_max
    else:
        assert switch.at.stage not in {Stage.READY, Stage.MOVING}


def test_what_holds_a_ready_switch_back_is_told_once() -> None:
    switch = Intake(Stage.READY, feeds=(FAILED, WELL))
    switch.hall.positions["52-VCB-IN"] = CLOSED  # behind it the sources of the site go on
    for _ in range(2):
        assert switch.look() == []
        assert switch.at.refused_by == "onto_island"
    (told,) = [e for e in switch.events if e.name == "command_refused"]
    said = {name: told.fields[name] for name in ("action", "owner", "interlock")}
    assert said == {"action": "to_source_2", "owner": SWITCH, "interlock": "onto_island"}
    switch.hall.positions["52-VCB-IN"] = OPEN
    assert switch.look() == ["to_source_2"]
    assert switch.at.refused_by == ""


@pytest.mark.parametrize(
    ("on", "before", "asked"),
    [
        (1, 2, ["to_source_2"]),
        (1, 1, []),
        (2, 1, ["to_source_1"]),
        (2, 2, []),
    ],
)
def test_what_was_waited_for_one_way_is_no_reason_to_go_the_other(
    on: int, before: int, asked: list[str]
) -> None:
    """A person has moved it by hand meanwhile: the wait for the way back begins anew."""
    switch = Intake(Stage.READY, on, (FAILED, WELL) if on == 1 else (WELL, FAILED))
    switch.state = State({SWITCH: switch.at._replace(target=before)})
    assert switch.look() == asked
    assert switch.at.stage is (Stage.MOVING if asked else Stage.STANDING)


def test_it_is_told_until_it_stands_where_it_should_and_that_is_told() -> None:
    switch = Intake(Stage.READY, feeds=(FAILED, WELL))
    assert switch.look() == ["to_source_2"]
    assert switch.at.stage is Stage.MOVING
    assert switch.look(0.1) == ["to_source_2"]
    switch.hall.connected[SWITCH] = 2
    assert switch.look(0.1) == []
    stages = [(e.source, e.fields["stage"], e.fields["target"]) for e in switch.events]
    assert stages[0] == (SWITCH, "moving", 2)
    assert stages[-1][1] == switch.at.stage.name.lower() != "moving"
    assert switch.facts == {
        "stages": {"other": "as it was", SWITCH: switch.at.stage.name.lower()},
        "held_back": {},
    }


def test_a_reset_is_heard_by_its_own_scheme_only() -> None:
    for name, action, ends in (
        (SWITCH, "reset", True),
        ("CCTS-1", "reset", False),
        (SWITCH, "black_start", False),
    ):
        switch = Intake(Stage.LOCKOUT)
        wish = Proposal(name, "command", action, 0.0, "ann", "by hand")
        switch.inbox = (OperatorRequest("r1", "ann", wish),)
        switch.look()
        assert (switch.at.stage is not Stage.LOCKOUT) is ends


@pytest.mark.parametrize("stage", [Stage.STANDING, Stage.MOVING])
def test_what_was_moved_before_the_window_is_forgotten(stage: Stage) -> None:
    switch = Intake(stage)
    now_ns, window_ns = switch.hall.now_ns, ns(PARAMS.window_s)
    recent_ns = now_ns - window_ns + 1
    moved_ns = (now_ns - window_ns, recent_ns)
    switch.state = State({SWITCH: switch.at._replace(moved_ns=moved_ns)})
    switch.look()
    assert switch.at.moved_ns == (recent_ns,)


@pytest.mark.parametrize(
    ("shows", "source"), [("source_1", 1), ("source_2", 2), ("neither", 0), ("", 0), (None, 0)]
)
def test_a_switch_stands_on_a_source_only_where_it_says_so(shows: str | None, source: int) -> None:
    def stage(equipment: str, point: str) -> str | None:
        assert (equipment, point) == (SWITCH, "connected")
        return shows

    view = cast(View, SimpleNamespace(stage=stage))
    (scheme,) = (s for s in Hall().site.schemes.values() if isinstance(s, IntakeScheme))
    assert intake._standing(view, scheme) == source


@pytest.mark.fault("F62")
def test_what_the_switch_was_told_before_a_restart_does_not_keep_it_on_a_failed_feed() -> None:
    """Staff may have exercised it by hand: only transfers of the automaton count."""
    one = Intake(Stage.STANDING, feeds=(FAILED, WELL))
    now_ns = one.hall.now_ns
    one.operated = {SWITCH: tuple(now_ns - n * SECOND for n in range(PARAMS.transfers_max))}
    one.look()
    one.look(PARAMS.transfer_s)
    assert one.look() == ["to_source_2"]
    assert one.at.moved_ns == (one.hall.now_ns,)
