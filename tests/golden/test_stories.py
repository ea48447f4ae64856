"""What the switching lane did and told in stories of the AI hall on paper, to the scan.

Some are told by hand, most are drawn: the mains go and come back, while breakers stick, sets do not
come, devices fall silent or lie, and persons ask for things. A line is an event, a command, or word
to the other lane, without its text, so that a better wording changes nothing here.

`pytest tests/golden --refresh-golden` writes them anew; read the diff.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from daemon.core.generation import turbine
from daemon.model.commands import Approval, LaneMessage, Operation, Proposal, Selection
from daemon.model.events import Event
from daemon.model.quantities import seconds
from tests.hall import CLOSED, OPEN, Hall, params, settled
from tests.unit.core.generation.yard import Yard

if TYPE_CHECKING:
    from daemon.core.step import Step

HERE: Final = Path(__file__).parent / "stories"
DRAWN: Final = 16
SETS: Final = ("DG-1", "DG-2", "DG-3", "DG-4")
BREAKERS: Final = (
    *("52-VCB-MA", "52-VCB-MB", "52-VCB-GA", "52-VCB-GB", "52-VCB-TIE", "52-VCB-IN"),
    *("52-VCB-PA", "52-VCB-PB", "52-VCB-EA", "52-VCB-EB", "52-VCB-HA", "52-VCB-HB"),
    *("52-GCB-1", "52-GCB-2", "52-GCB-3", "52-GCB-4", "52-GCB-GT", "52-GCB-SMR", "52-GCB-PV"),
    *("52-GCB-UA", "52-GCB-UB", "52-VCB-SA1", "52-VCB-SB2", "52-ACB-A1", "52-ACB-B2"),
)
FLAGS: Final = ("lockout_86", "trip_51", "local", "emergency_off", "sync_25", "racked_in")
SILENT: Final = ("R-UA", "M-UA", "R-MVA", "M-MVA", "R-MVG", "ESS-1", "ALTS-1", "CCTS-1", "DG-1")


class Story(Hall):
    """A hall that writes down what its lane does and tells, and stops where that is new.

    Attributes:
        lines: what was written.
        kept: what was written before, None where it is to be written anew.
    """

    def __init__(self, kept: list[str] | None) -> None:
        known = settled()
        super().__init__()
        self.state, self.now_ns, self.start_ns = known.state, known.now_ns, known.now_ns
        self.kept, self.lines = kept, list[str]()
        self._word: dict[str, Mapping[str, object]] = {}

    def scan(self) -> Step:
        """Run one scan and write it down."""
        at_s, begin = seconds(self.now_ns - self.start_ns), len(self.lines)
        done = super().scan()
        self.lines += [f"{at_s:7.2f}  {line}" for line in self._said(done)]
        if self.kept is not None:
            assert self.lines[begin:] == self.kept[begin : len(self.lines)]
        return done

    def _said(self, done: Step) -> list[str]:
        events = [e for e in done.events if isinstance(e, Event)]
        told = [f"{e.source} {e.name} {_plain(e.fields)}" for e in events]
        commands = [c for c in done.commands if c.point != "heartbeat"]
        told += [f"{c.equipment} << {c.point} {c.action} {c.owner}" for c in commands]
        for message in done.messages:
            if isinstance(message, LaneMessage):
                known = self._word.get(message.topic, {})
                new = {k: v for k, v in message.values.items() if known.get(k, known) != v}
                if "waits" in new:
                    new["waits"] = [*new["waits"]]  # their reasons are text
                told += [f"{message.topic}: {_plain(new)}"] * bool(new)
                self._word[message.topic] = message.values
        return told


def _plain(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={_value(value)}" for name, value in sorted(fields.items()))


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "{" + " ".join(f"{k}={_value(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, tuple | list | frozenset | set):
        return "[" + " ".join(sorted(map(_value, value))) + "]"
    return str(value)


# -- what may happen -------------------------------------------------------------------------------


def ask(hall: Hall, equipment: str, action: str, number: int = 1) -> None:
    """Let a person select, another approve, the first operate."""
    wish = Proposal(equipment, "command", action, 0.0, "ann", "asked")
    name = f"{equipment}-{action}-{number}"
    hall.inbox += [Selection(name, "ann", wish), Approval(name, "bob"), Operation(name, "ann")]


def mains(hall: Hall, *, back: bool) -> None:
    """Bring the mains back, or lose them."""
    if back:
        hall.utilities = dict.fromkeys(hall.utilities, True)
    else:
        hall.lose_mains()


def _unsay(hall: Hall, equipment: str, point: str) -> None:
    hall.said.pop((equipment, point), None)


def _stick(draw: random.Random, hall: Hall) -> None:
    hall.stuck ^= {draw.choice(BREAKERS)}


def _trip(draw: random.Random, hall: Hall) -> None:
    breaker = draw.choice(BREAKERS)
    hall.positions[breaker] = OPEN
    if draw.random() < 0.5:
        hall.said[breaker, "lockout_86"] = 1.0
        hall.later(10.0, lambda: _unsay(hall, breaker, "lockout_86"))


def _flag(draw: random.Random, hall: Hall) -> None:
    breaker, flag = draw.choice(BREAKERS), draw.choice(FLAGS)
    hall.said[breaker, flag] = 0.0 if flag in {"sync_25", "racked_in"} else 1.0
    hall.later(draw.uniform(2.0, 15.0), lambda: _unsay(hall, breaker, flag))


def _hide(draw: random.Random, hall: Hall) -> None:
    who = draw.choice((*SILENT, *BREAKERS))
    hall.silent.add(who)
    hall.later(draw.uniform(1.0, 10.0), lambda: hall.silent.discard(who))


def _set(draw: random.Random, hall: Hall) -> None:
    name = draw.choice((*SETS, "GT-1"))
    match draw.choice(("available", "fault", "slow", "selector", "stopped")):
        case "available":
            hall.said[name, "available"] = 0.0
        case "fault":
            hall.stages[name] = "fault"
            hall.later(8.0, lambda: hall.stages.update({name: "stopped"}))
        case "slow":
            hall.start_s[name] = draw.choice((1.0, 15.0, None))
        case "selector":
            hall.said[name, "selector"] = 1.0
        case _:
            hall.stages[name] = "stopped"


def _feed(draw: random.Random, hall: Hall) -> None:
    feed = draw.choice(("U-A", "U-B"))
    hall.utilities[feed] = not hall.utilities[feed]


def _scheme(draw: random.Random, hall: Hall) -> None:
    flag = draw.choice(("emergency_off", "maintenance", "selector", "stage"))
    scheme = draw.choice(("CCTS-1", "CCTS-1", "ALTS-1"))
    if flag == "stage" and scheme == "CCTS-1":
        hall.stages[scheme] = draw.choice(("feeding", "lockout", "inhibited"))
        hall.later(6.0, lambda: hall.stages.update({scheme: "inhibited"}))
    else:
        hall.said[scheme, flag] = 1.0
        hall.later(draw.uniform(1.0, 8.0), lambda: _unsay(hall, scheme, flag))


def _person(draw: random.Random, hall: Hall) -> None:
    wishes = (
        *((b, a) for b in BREAKERS for a in ("open", "close", "close_in_sync")),
        *(("CCTS-1", "black_start"), ("CCTS-1", "reset")) * 12,
        *((name, a) for name in SETS for a in ("start", "stop")),
        *(("ALTS-1", a) for a in ("to_source_1", "to_source_2")),
    )
    ask(hall, *draw.choice(wishes), number=hall.now_ns)


def _store(draw: random.Random, hall: Hall) -> None:
    hall.said["ESS-1", "soc_pu"] = draw.choice((0.05, 0.15, 0.8))


def _caps(draw: random.Random, hall: Hall) -> None:
    hall.caps_follow = not hall.caps_follow


def _switch(draw: random.Random, hall: Hall) -> None:
    name = draw.choice(("ATS-M1", "STS-1", "STS-2", "ALTS-1"))
    hall.connected[name] = draw.choice((0, 1, 2))


def _ups(draw: random.Random, hall: Hall) -> None:
    unit = draw.choice(("UPS-A", "UPS-B"))
    hall.stages[unit] = draw.choice(("battery", "walk_in", "static_bypass", "fault", "normal"))


def _mains(draw: random.Random, hall: Hall) -> None:
    mains(hall, back=not all(hall.utilities.values()))


HAPPENINGS: Final = (
    *(_stick, _trip, _flag, _hide, _set, _set, _feed, _scheme, _person, _person, _store, _caps),
    *(_switch, _ups, _mains),
)


def drawn(seed: int, hall: Hall, run: Callable[[float], object]) -> None:
    """Let things happen to a hall that loses its mains and gets them back."""
    draw = random.Random(seed)
    hall.start_s |= {name: draw.uniform(1.0, 9.0) for name in (*SETS, "GT-1")}
    if seed % 4 == 0:
        hall.said |= {(name, "available"): 0.0 for name in SETS[: draw.randint(1, 4)]}
    if seed % 5 == 0:
        hall.synchronism_s = 100.0
    if seed % 3:
        mains(hall, back=False)
    for _ in range(draw.randint(3, 8)):
        run(draw.uniform(0.3, 7.0))
        draw.choice(HAPPENINGS)(draw, hall)
    run(draw.uniform(1.0, 9.0))
    hall.stuck.clear()
    hall.silent.clear()
    mains(hall, back=True)
    run(30.0)


# -- stories told by hand --------------------------------------------------------------------------


def _outage(hall: Hall, run: Callable[[float], object], *, for_s: float = 30.0) -> None:
    mains(hall, back=False)
    run(for_s)
    mains(hall, back=True)
    run(45.0)


def _one_transformer(hall: Hall, run: Callable[[float], object]) -> None:
    hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN}
    hall.said["TX-P-A", "trip_87t"] = 1.0
    run(12.0)
    del hall.said["TX-P-A", "trip_87t"]
    hall.positions["52-VCB-PA"] = CLOSED
    run(20.0)


def _one_feed(hall: Hall, run: Callable[[float], object]) -> None:
    hall.utilities["U-A"] = False
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    run(10.0)
    hall.utilities["U-A"] = True
    run(30.0)
    ask(hall, "ALTS-1", "to_source_1")
    run(5.0)


def _stuck(hall: Hall, run: Callable[[float], object], *, breaker: str) -> None:
    hall.stuck = {breaker}
    _outage(hall, run, for_s=25.0)


def _no_sets(hall: Hall, run: Callable[[float], object], *, black_start: bool) -> None:
    hall.said |= {(name, "available"): 0.0 for name in SETS}
    hall.start_s |= dict.fromkeys(SETS, 2.0)
    hall.start_s["GT-1"] = 600.0 if black_start else 3.0
    mains(hall, back=False)
    run(12.0)
    if black_start:
        ask(hall, "CCTS-1", "black_start")
        run(0.1)
        for name in SETS:
            del hall.said[name, "available"]
    run(30.0)
    mains(hall, back=True)
    run(45.0)


def _long_outage(hall: Hall, run: Callable[[float], object]) -> None:
    hall.params = params(turbine=turbine.Params(long_outage_s=10.0))
    hall.start_s["GT-1"] = 3.0
    _outage(hall, run, for_s=40.0)


TOLD: Final[dict[str, Callable[[Hall, Callable[[float], object]], None]]] = {
    "outage": _outage,
    "one_transformer": _one_transformer,
    "one_feed": _one_feed,
    "main_stuck": partial(_stuck, breaker="52-VCB-MA"),
    "feeder_stuck": partial(_stuck, breaker="52-VCB-GB"),
    "turbine": partial(_no_sets, black_start=False),
    "black_start": partial(_no_sets, black_start=True),
    "long_outage": _long_outage,
    **{f"drawn_{seed:02}": partial(drawn, seed) for seed in range(1, DRAWN + 1)},
}


@pytest.mark.parametrize("name", TOLD)
def test_the_story_goes_as_it_went(name: str, refresh_golden: bool) -> None:
    kept = HERE / f"{name}.txt"
    story = Story(None if refresh_golden else kept.read_text().splitlines())
    TOLD[name](story, Yard(story).run)
    if refresh_golden:
        kept.write_text("".join(f"{line}\n" for line in story.lines))
    assert kept.read_text().splitlines() == story.lines
