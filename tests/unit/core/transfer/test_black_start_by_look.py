"""The black start of a board, look by look: what moves it on, what stops it, and what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.facts import BlackStart, Sets
from daemon.core.transfer import acceptance, black_start
from daemon.core.transfer.black_start import At, Params, Stage, State
from daemon.model.commands import OperatorRequest, Proposal
from tests.hall import CLOSED, OPEN
from tests.unit.core.transfer.outgoing import HA, HB, OUTGOING, QA, SA1, Board

if TYPE_CHECKING:
    from daemon.core.view import Turn

NAME, MA, GA = "CCTS-1", "52-VCB-MA", "52-VCB-GA"
PARAMS = Params()
OWN = (
    *(MA, GA, "52-VCB-MB", "52-VCB-GB", "52-VCB-TIE", "52-VCB-EA", "52-VCB-EB"),
    *(f"52-GCB-{n}" for n in range(1, 5)),
)
WAITS = {
    Stage.ISOLATING: PARAMS.isolate_s,
    Stage.VERIFYING: PARAMS.verify_limit_s,
    Stage.SOURCING: PARAMS.source_s,
    Stage.LOADING: PARAMS.load_s,
}


class Dark:
    """A board without voltage, every breaker of which is open."""

    def __init__(self, **facts: Any) -> None:
        self.board = Board(0)
        self.board.facts = replace(self.board.facts, **{"sets": Sets(), **facts})
        self.hall = self.board.hall
        self.hall.stages["DG-1"] = "stopped"
        self.hall.positions |= dict.fromkeys((*OWN, *OUTGOING), OPEN)

    def look(self, at: At, *asked: str) -> Turn[State]:
        """Return what is done about a black start after what persons ask."""
        accepted = tuple(
            OperatorRequest(f"{action}-1", "ann", Proposal(NAME, "scheme", action, 0.0, "ann", ""))
            for action in asked
        )
        view = self.board.scan().view
        view = replace(view, facts=replace(view.facts, accepted=accepted))
        return black_start.step(view, State({NAME: at}), PARAMS)

    def at(self, stage: Stage, since_s: float = 0.0, dead_s: float | None = None) -> At:
        """Return a black start in a stage for some time."""
        ago = self.board.ago
        return At(stage, ago(since_s), 0 if dead_s is None else ago(dead_s), (QA,))

    def feed(self) -> None:
        """Let a set feed section A."""
        self.hall.stages["DG-1"] = "loaded"
        self.hall.positions |= {"52-GCB-1": CLOSED, GA: CLOSED}


def stage(turn: Turn[State]) -> Stage:
    return turn.state.boards[NAME].stage


def told(turn: Turn[State]) -> list[tuple[str, dict[str, Any]]]:
    """Return what is told."""
    assert {e.source for e in turn.events} <= {NAME}
    return [(e.name, dict(e.fields)) for e in turn.events]  # type: ignore[union-attr]


def test_nobody_looks_as_long_as_nobody_asks() -> None:
    dark, idle = Dark(), State({NAME: At()})
    turn = black_start.step(dark.board.scan().view, idle, PARAMS)
    assert turn.state is idle
    assert (turn.events, turn.proposals, turn.facts) == ((), (), None)


def test_it_begins_when_asked_and_opens_what_is_not_open() -> None:
    dark = Dark(shed=(SA1,))
    dark.hall.positions |= {QA: CLOSED, MA: CLOSED}
    dark.hall.hidden.add((HA, "position"))
    turn = dark.look(At(), black_start.ACTION)
    assert turn.state.boards[NAME] == At(Stage.ISOLATING, dark.hall.now_ns, 0, (QA, SA1, HA))
    wanted = [(p.equipment, p.point, p.action, p.owner) for p in turn.proposals]
    assert wanted == [(b, "command", "open", NAME) for b in (MA, QA, HA)]
    assert turn.facts == {"black_start": BlackStart((NAME,), (), (QA, SA1, HA))}
    answer, moved = told(turn)
    assert answer == (
        "command_verified",
        {"action": "black_start", "owner": "ann", "interlock": "", "selection": "black_start-1"},
    )
    assert moved == ("black_start", {"stage": "isolating", "before": "idle", "reason": ""})


def test_asked_again_after_a_stop_it_still_knows_what_it_had_opened() -> None:
    dark = Dark()
    turn = dark.look(dark.at(Stage.STOPPED), black_start.ACTION)
    assert turn.state.boards[NAME] == At(Stage.ISOLATING, dark.hall.now_ns, 0, (QA,))


@pytest.mark.parametrize("before", [s for s in Stage if s is not Stage.IDLE])
def test_a_person_takes_it_back_from_any_stage(before: Stage) -> None:
    dark = Dark()
    turn = dark.look(dark.at(before), "reset")
    after = turn.state.boards[NAME]
    assert (after.stage, after.since_ns, after.opened) == (Stage.IDLE, dark.hall.now_ns, ())
    assert turn.facts == {"black_start": BlackStart()}
    assert [name for name, _ in told(turn)] == ["black_start"]


@pytest.mark.parametrize("before", WAITS)
def test_each_stage_has_its_time_and_says_what_was_missing(before: Stage) -> None:
    dark = Dark(sets=Sets(failed=("DG-3", "DG-4"))) if before is Stage.SOURCING else Dark()
    if before is Stage.LOADING:
        dark.feed()
    elif before is not Stage.SOURCING:
        dark.hall.positions |= {QA: CLOSED, MA: CLOSED}
    assert stage(dark.look(dark.at(before, WAITS[before] - 0.001))) is before
    turn = dark.look(dark.at(before, WAITS[before]))
    assert stage(turn) is Stage.STOPPED
    ((name, fields),) = told(turn)
    assert (name, fields["before"]) == ("black_start_stopped", before.name.lower())
    assert (
        fields["reason"]
        == {
            Stage.ISOLATING: f"not seen to open: {MA}, {QA}",
            Stage.VERIFYING: "a breaker did not stay open",
            Stage.SOURCING: "no source came; sets that failed: DG-3, DG-4",
            Stage.LOADING: f"not closed: {QA}",
        }[before]
    )


def test_a_source_that_never_was_is_told_as_none() -> None:
    dark = Dark()
    ((_, fields),) = told(dark.look(dark.at(Stage.SOURCING, PARAMS.source_s)))
    assert fields["reason"].endswith("none")
    dark.hall.said["R-MVA", "presence"] = 2.0
    ((_, fields),) = told(dark.look(dark.at(Stage.VERIFYING, PARAMS.verify_limit_s)))
    assert fields["reason"].startswith("MVA is earthed")


def test_what_is_open_is_verified_and_must_stay_open_and_dead() -> None:
    dark = Dark()
    assert stage(dark.look(dark.at(Stage.ISOLATING))) is Stage.VERIFYING
    first = dark.look(dark.at(Stage.VERIFYING)).state.boards[NAME]
    assert first.dead_ns == dark.hall.now_ns
    for dead_s, then in (
        (PARAMS.verify_s, Stage.SOURCING),
        (PARAMS.verify_s - 0.001, Stage.VERIFYING),
    ):
        turn = dark.look(dark.at(Stage.VERIFYING, 1.0, dead_s))
        assert stage(turn) is then
        assert turn.state.boards[NAME].opened == (QA,)
    for breaker in ("52-VCB-EB", QA, "52-GCB-4"):
        closed = Dark()
        closed.hall.positions[breaker] = CLOSED
        turn = closed.look(closed.at(Stage.VERIFYING, 1.0, 9.0))
        assert turn.state.boards[NAME][:3] == (Stage.VERIFYING, closed.board.ago(1.0), 0)
        assert stage(closed.look(closed.at(Stage.ISOLATING))) is Stage.ISOLATING
    live = Dark()
    live.hall.said["R-MVB", "presence"] = 2.0
    assert stage(live.look(live.at(Stage.VERIFYING, 1.0, 9.0))) is Stage.VERIFYING


def test_a_section_that_is_fed_is_loaded_until_nothing_is_missing() -> None:
    dark = Dark()
    assert stage(dark.look(dark.at(Stage.SOURCING))) is Stage.SOURCING
    turn = dark.look(dark.at(Stage.LOADING))
    assert stage(turn) is Stage.STOPPED
    assert told(turn)[0][1]["reason"] == "the source was lost"
    dark.feed()
    turn = dark.look(dark.at(Stage.SOURCING))
    assert stage(turn) is Stage.LOADING
    assert turn.facts == {"black_start": BlackStart((), (NAME,), ())}
    assert stage(dark.look(dark.at(Stage.LOADING))) is Stage.LOADING
    dark.hall.positions[QA] = CLOSED
    turn = dark.look(dark.at(Stage.LOADING))
    assert turn.state.boards[NAME] == At(Stage.IDLE, dark.hall.now_ns)
    assert [name for name, _ in told(turn)] == ["black_start_done"]


def test_where_a_bus_is_neither_live_nor_dead_nothing_is_lost_and_nothing_is_fed() -> None:
    dark = Dark()
    dark.hall.silent |= {"R-MVA", "M-MVA", MA, GA, "52-VCB-EA", "52-VCB-TIE"}
    dark.hall.said[QA, "source_voltage_v"] = 3300.0
    assert dark.board.scan().view.topology.presence["MVA"].value not in {"live", "dead"}
    assert stage(dark.look(dark.at(Stage.LOADING))) is Stage.LOADING


@pytest.mark.parametrize("before", [Stage.IDLE, *WAITS, Stage.STOPPED])
@pytest.mark.parametrize("flag", ["emergency_off", "maintenance", "not_auto"])
@pytest.mark.parametrize("seen", [True, False])
def test_what_forbids_it_ends_it_and_is_named(before: Stage, flag: str, seen: bool) -> None:
    dark = Dark()
    point = "selector" if flag == "not_auto" else flag
    if seen:
        dark.hall.said[NAME, point] = 1.0
    else:
        dark.hall.hidden.add((NAME, point))
    turn = dark.look(dark.at(before), black_start.ACTION)
    after = before if before in {Stage.IDLE, Stage.STOPPED} else Stage.STOPPED
    assert stage(turn) is after
    answer, *moved = told(turn)
    assert answer[0] == "command_refused"
    assert answer[1]["interlock"] == flag
    assert [name for name, _ in moved] == ["black_start_stopped"] * (after is not before)
    assert not turn.proposals


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({}, ""),
        ({"pending": ("DG-2",)}, "sets_pending"),
        ({"pending": ("DG-2",), "ready": ("DG-2",)}, ""),
        ({"pending": ("GT-1",)}, ""),
        ({"bus": "R-MVA"}, "not_dark"),
        ({"bus": "R-MVB"}, "not_dark"),
        ({"set": "DG-1"}, "not_dark"),
    ],
)
def test_it_begins_from_darkness_and_while_no_set_may_come(spoil: dict[str, Any], why: str) -> None:
    dark = Dark()
    if "bus" in spoil:
        dark.hall.said[spoil["bus"], "presence"] = 2.0
    elif "set" in spoil:
        dark.hall.stages["DG-1"], dark.hall.positions["52-GCB-1"] = "loaded", CLOSED
    elif spoil:
        dark.board.facts = replace(dark.board.facts, sets=Sets(**spoil))
    turn = dark.look(At(), black_start.ACTION)
    assert (stage(turn) is Stage.ISOLATING) is (why == "")
    assert told(turn)[0][1]["interlock"] == why


def test_one_that_is_under_way_is_not_begun_anew() -> None:
    dark = Dark()
    turn = dark.look(dark.at(Stage.SOURCING), black_start.ACTION)
    assert [(n, f["interlock"]) for n, f in told(turn)] == [("command_refused", "under_way")]
    turn = dark.look(dark.at(Stage.ISOLATING), black_start.ACTION)
    answer, moved = told(turn)
    assert (answer[0], answer[1]["interlock"]) == ("command_verified", ""), "it has come further"
    assert moved[1]["stage"] == "verifying"


def test_what_is_missing_has_no_fault_and_there_is_room_for_it() -> None:
    dark = Dark(rows_limit_w=0.0)
    dark.hall.said[SA1, "trip_51"] = 1.0
    view = dark.board.scan().view
    scheme = dark.board.scan().scheme
    assert acceptance.row_feeders(view.site, view.points, scheme) == (HA, HB)
    assert black_start._missing(view, scheme, (QA, SA1, HA)) == (QA,)
    free = replace(view, facts=replace(view.facts, rows_limit_w=1.0))
    assert black_start._missing(free, scheme, (QA, SA1, HA)) == (QA, HA)


def test_only_boards_that_are_ours_can_be_started() -> None:
    site = Dark().hall.site
    assert black_start.initial(site, PARAMS) == State({NAME: At()})
    schemes = {k: replace(s, authority="device") for k, s in site.schemes.items()}
    assert black_start.initial(replace(site, schemes=schemes), PARAMS) == State({})
