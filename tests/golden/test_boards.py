"""What a board does in one look: pictures of the hall, what is known, and where it stands, drawn.

Stories (`test_stories`) go where the daemon leads them. Here it is put anywhere: sections in any
stage, with sets, islands or stores, caps heard or not, breakers failed, feeders shed. A file holds
ten pictures: what is asked for, what is told, what is concluded, and what of the board's memory has
moved, with times counted from the look.

`pytest tests/golden --refresh-golden` writes them anew; read the diff.
"""

from __future__ import annotations

import random
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from daemon.core.facts import BlackStart, Facts, Formed, Health, Island, Sets, Supply
from daemon.core.topology import survey
from daemon.core.transfer import acceptance, black_start, joint, main_tie_main
from daemon.core.transfer.board import Params, SchemeState, SectionState, State
from daemon.core.transfer.section import Stage
from daemon.core.view import Heard, View
from daemon.model.commands import OperatorRequest, Proposal
from daemon.model.quantities import SECOND, ns, seconds
from tests.golden.test_stories import SETS, _plain, _value
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall
from tests.unit.core.interlocks.test_rows import back, on_sets, outage, two_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.core.view import Turn

HERE: Final = Path(__file__).parent / "boards"
FILES, EACH = 24, 10
AGO_S: Final = (0.0, 0.2, 0.6, 1.2, 2.5, 5.0, 14.0, 40.0)
BREAKERS: Final = (
    *("52-VCB-MA", "52-VCB-MB", "52-VCB-GA", "52-VCB-GB", "52-VCB-TIE", "52-VCB-IN"),
    *("52-VCB-HA", "52-VCB-HB", "52-VCB-QA", "52-VCB-SA1", "52-VCB-SB2", "52-VCB-EA"),
)
OUTGOING: Final = (
    *("52-VCB-HA", "52-VCB-HB", "52-VCB-QA", "52-VCB-QB"),
    *("52-VCB-SA1", "52-VCB-SA2", "52-VCB-SB1", "52-VCB-SB2"),
)
BEFORE: Final[tuple[Callable[[Hall], None], ...]] = (
    outage, outage, on_sets, on_sets, two_sets, back, back, lambda _hall: None,
)  # fmt: skip


class Drawn:
    """A board anywhere: the hall, what is known, and what it remembers."""

    def __init__(self, seed: int) -> None:
        self.draw = draw = random.Random(seed)
        self.hall = hall = Hall(now_ns=1000 * SECOND)
        draw.choice(BEFORE)(hall)
        for _ in range(draw.randint(0, 3)):
            position = draw.choice((OPEN, OPEN, CLOSED, CLOSED, TRAVELLING))
            hall.positions[draw.choice(BREAKERS)] = position
        if draw.random() < 0.3:
            hall.hidden.add((draw.choice(BREAKERS), "position"))
        if draw.random() < 0.3:
            hall.said[draw.choice(OUTGOING), draw.choice(("lockout_86", "trip_51"))] = 1.0
        if draw.random() < 0.2:
            flag = draw.choice(("selector", "emergency_off", "maintenance"))
            hall.said["CCTS-1", flag] = 1.0
        if draw.random() < 0.2:
            hall.said["R-MVA", "trip_87"] = 1.0
        for breaker in ("52-VCB-MA", "52-VCB-GA", "52-VCB-TIE"):
            hall.said[breaker, "current_a"] = draw.choice((0.0, 0.0, 300.0))
        self.facts, self.state = self._facts(), self._state()

    def _ago(self) -> int:
        return self.hall.now_ns - ns(self.draw.choice(AGO_S))

    def _some(self, names: Sequence[str], most: int) -> tuple[str, ...]:
        return tuple(self.draw.sample(list(names), self.draw.randint(0, most)))

    def _facts(self) -> Facts:
        draw, hall = self.draw, self.hall
        lost = not any(hall.utilities.values())
        stable = tuple(n for n, on in hall.utilities.items() if on and draw.random() < 0.8)
        health = {n: Health.HEALTHY if on else Health.FAILED for n, on in hall.utilities.items()}
        on_bus = tuple(n for n in SETS if hall.positions[f"52-GCB-{n[-1]}"] == CLOSED)
        rest = [n for n in SETS if n not in on_bus]
        coming = self._some(rest, 2)
        island, formed = Island(), {}
        if draw.random() < 0.15:
            island = Island("HV", ("GT-1",), draw.choice((1e6, 3e6)))
            hall.stages["GT-1"], hall.positions["52-GCB-GT"] = "loaded", CLOSED
        elif draw.random() < 0.15:
            order = draw.choice(("", "grid_forming", "grid_following"))
            formed = {draw.choice(("MVA", "MVB")): Formed("ESS-1", 2.85e6, order, not order)}
            hall.stages["ESS-1"] = "grid_forming"
        holding = ("CCTS-1",) * (draw.random() < 0.08)
        return Facts(
            supply=Supply(health, stable, lost or draw.random() < 0.15, self._ago()),
            sets=Sets(
                ready=(*coming, *on_bus),
                on_bus=on_bus,
                pending=coming,
                capability_w=len(on_bus) * draw.choice((3.2e6, 1.2e6)),
            ),
            sets_released=draw.random() < 0.5,
            island=island,
            formed=formed,
            not_closed=self._some(BREAKERS, 1),
            black_start=BlackStart(holding, (), self._some(OUTGOING, 2) if holding else ()),
            rows_limit_w=draw.choice((-1.0, -1.0, 0.0, 2e6)),
        )

    def _section(self, feeder: str) -> SectionState:
        draw = self.draw
        stage = draw.choice((Stage.AWAITING, Stage.AWAITING, Stage.AWAITING, *Stage))
        return SectionState(
            stage,
            self._ago(),
            draw.choice((feeder, "52-VCB-TIE")) if stage is not Stage.AWAITING else "",
            draw.choice((0, self._ago())),
            draw.choice((0, self._ago())),
            draw.choice((0, 0, self._ago())),
            tuple(
                (b, self.hall.now_ns + ns(draw.choice((-1, 9)))) for b in self._some(BREAKERS, 1)
            ),
        )

    def _state(self) -> State:
        draw = self.draw
        one = SchemeState(
            (self._section("52-VCB-GA"), self._section("52-VCB-GB")),
            draw.choice((joint.Stage.JOINED, *joint.Stage)),
            self._ago(),
            draw.choice((0, self._ago())),
            draw.choice((0, 0, self._ago())),
            draw.choice((0, self._ago(), self._ago())),
            self._some(OUTGOING, 3),
            draw.choice((None, OUTGOING, OUTGOING[:5])),
        )
        return State({"CCTS-1": one})

    def view(self) -> View:
        """Return what is seen and heard."""
        draw, here, image = self.draw, self.hall.params, self.hall.image()
        caps = {"rows_limit_w": draw.choice((-1.0, 0.0, 1e6, 2e6, 6.24e6))}
        heard = {"caps": Heard(self._ago(), caps)} if draw.random() < 0.8 else {}
        asked = draw.choice(("", "", "", "reset", "black_start"))
        wish = Proposal("CCTS-1", "command", asked, 0.0, "ann", "by hand")
        return View(
            lane="switching",
            image=image,
            inbox=(OperatorRequest("r1", "ann", wish),) if asked == "reset" else (),
            site=here.site,
            points=here.points,
            topology=survey(image, here.site, here.points),
            facts=self.facts,
            heard=heard,
            estimate=None,
            epoch=1,
            next_id=1,
        )


def said(turn: Turn[Any], known: Facts) -> list[str]:
    """Return what is asked for, told and concluded."""
    assert {(p.point, p.value, p.owner) for p in turn.proposals} <= {("command", 0.0, "CCTS-1")}
    lines = [f"{p.equipment} << {p.action}" for p in turn.proposals]
    lines += [f"{e.source} {e.name} {_plain(e.fields)}" for e in turn.events]  # type: ignore[union-attr]
    return lines + [
        f"{name} = {_plain(value) if isinstance(value, dict) else _value(value)}"
        for name, value in sorted((turn.facts or {}).items())
        if value != getattr(known, name)
    ]


def moved(before: SchemeState, after: SchemeState, now_ns: int) -> list[str]:
    """Return what of the memory of a board is otherwise now, times as seconds ago."""

    def told(name: str, value: object) -> object:
        return seconds(now_ns - value) if name.endswith("_ns") and isinstance(value, int) else value

    pairs = [("board", before, after)]
    pairs += [
        (f"section {n}", a, b)  # type: ignore[misc]
        for n, (a, b) in enumerate(zip(before.sections, after.sections, strict=True), 1)
    ]
    return [
        f"{what} {field.name}: {_told(told(field.name, getattr(now, field.name)), now_ns)}"
        for what, was, now in pairs
        for field in fields(was)
        if field.name != "sections" and getattr(was, field.name) != getattr(now, field.name)
    ]


def _told(value: object, now_ns: int) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return " ".join(f"{name} until {seconds(at - now_ns):g}" for name, at in value)
    return value.name if isinstance(value, Stage | joint.Stage) else str(value)


def looked(seed: int) -> list[str]:
    """Return what comes of one look at a picture."""
    drawn = Drawn(seed)
    settings = Params(load=acceptance.Params())
    view = drawn.view()
    turn = main_tie_main.step(view, drawn.state, settings)
    lines = said(turn, drawn.facts)
    lines += moved(drawn.state.schemes["CCTS-1"], turn.state.schemes["CCTS-1"], view.now_ns)
    return [f"picture {seed}", *(f"  {line}" for line in lines)]


def started(seed: int) -> list[str]:
    """Return what comes of one look at a black start somewhere in a picture."""
    drawn = Drawn(seed)
    view, draw = drawn.view(), random.Random(seed)
    stage = draw.choice(list(black_start.Stage))
    since = drawn.hall.now_ns - ns(draw.choice(AGO_S))
    at = black_start.At(stage, since, draw.choice((0, since)), drawn._some(OUTGOING, 4))
    turn = black_start.step(view, black_start.State({"CCTS-1": at}), black_start.Params())
    after = asdict(turn.state)["boards"]["CCTS-1"]
    told = f"{after.stage.name} {seconds(view.now_ns - after.since_ns):g} {after.opened}"
    told += f" dead {seconds(view.now_ns - after.dead_ns):g}" if after.dead_ns else ""
    lines = [f"{stage.name} -> {told}", *said(turn, drawn.facts)]
    return [f"black start in picture {seed}", *(f"  {line}" for line in lines)]


@pytest.mark.parametrize("file", range(FILES))
def test_a_board_does_in_one_look_what_it_did(file: int, refresh_golden: bool) -> None:
    kept = HERE / f"{file:02}.txt"
    old = [] if refresh_golden else kept.read_text().splitlines()
    lines: list[str] = []
    for seed in range(file * EACH, (file + 1) * EACH):
        lines += looked(seed) + (started(seed) if seed % 3 == 0 else [])
        if not refresh_golden:
            assert lines == old[: len(lines)]
    if refresh_golden:
        HERE.mkdir(exist_ok=True)
        kept.write_text("".join(f"{line}\n" for line in lines))
    assert kept.read_text().splitlines() == lines
