"""What those rows are for whose equipment is in no part of the proof: the hall is played.

The parts that can be searched through have some six breakers and three sources, and neither UPS nor
storage, earthing switches, tags, or emergency power off. For each row that nothing in them depends
on, and some guards, there is a scenario of the whole hall (`simulation/counterexamples`): a person,
or an automaton, asks for something at a moment at which the row is all there is, or is not. It is
played with the production daemon in virtual time under all oracles (`daemon.rehearsal.oracles`):

- with everything there the row refuses by its name, or the guard says something, and nothing is
  wrong;
- *counterexample*: without the row it goes wrong on the plant;
- *covered*: without it another row refuses the same, or the device itself does; then it is played
  without that one, too. A device is made to obey where what it looks at can be taken from it
  (`obeying`), and what goes wrong then is told; where it cannot, its answer is;
- *wear*: without it more is done than the device is to stand, and how much is told.

What is told of a device is told of the emulated one: what a site buys may refuse less.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

from daemon.model.events import Event
from daemon.rehearsal.desk import scenario_for
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.prove_without import heeded, without
from daemon.rehearsal.simulation.observer import Observer
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from device_emulators.devices.breaker import Breaker
from device_emulators.devices.ess import Ess
from device_emulators.devices.generator import Generator
from device_emulators.devices.ups import Ups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.rehearsal.simulation.observer import Scene
    from daemon.settings import SiteFile

SCENARIOS: Final = Path(__file__).parent / "simulation" / "counterexamples"


class Asked(NamedTuple):
    """What a row is asked on the hall, beyond its scenario.

    Attributes:
        others: rows that refuse the same; without all of them it goes wrong, or the device refuses.
        obeys: what makes the device obey, where it is the device that refuses in the end.
        wear: what goes wrong is that a device is used up.
    """

    others: tuple[str, ...] = ()
    obeys: tuple[tuple[type, str, Any], ...] = ()
    wear: bool = False


def _no(*_: object) -> bool:
    return False


def _yes(*_: object) -> bool:
    return True


_IN_STEP: Final = Breaker._try_sync


def _unchecked(breaker: Breaker) -> None:
    """Close at once where the check cannot be read, and in step elsewhere."""
    if breaker.id == "52-GCB-4":
        breaker._close(breaker.cause)
    else:
        _IN_STEP(breaker)


def _forms(storage: Ess, action: str) -> bool:
    assert action == "grid_forming"
    assert storage.former is not None
    storage.grid.set_able(storage.former, able=True)
    return True


PLAYED: Final = {
    "emergency_off": Asked(),
    "maintenance": Asked(),
    "own_logic": Asked(),
    "racked_out": Asked(),
    "earthed": Asked(),
    "second_storage_feeder": Asked(),
    "no_sync_check": Asked(obeys=((Breaker, "_try_sync", _unchecked),)),
    "second_neutral": Asked(),
    "low_voltage_parallel": Asked(),
    "target_not_live": Asked(others=("onto_island",)),
    "out_of_phase": Asked(),
    "not_auto": Asked(others=("not_available",), obeys=((Generator, "act", Generator.order),)),
    "not_available": Asked(),
    "started_on_bus": Asked(),
    "second_reference": Asked(others=("overload",), obeys=((Ess, "act", _forms),)),
    "storage_empty": Asked(),
    "on_maintenance": Asked(),
    "ups_fault": Asked(),
    "ups_overload": Asked(),
    "bypass_not_ready": Asked(obeys=((Ups, "_bypass_available", _yes),)),
    "not_testable": Asked(),
    "partner_not_normal": Asked(),
    "too_often": Asked(wear=True),
    "rejoins_in_step": Asked(others=("live_live",), obeys=((Breaker, "_both_live", _no),)),
    "onto_storage_in_step": Asked(),
}
"""The rows and guards that are asked for here; every other row is in a part of the proof
(`proof_rows`)."""
CHEAP: Final = ("earthed", "second_storage_feeder", "on_maintenance")
"""Those that every change is tried with; `make soak` tries all."""


class Played(NamedTuple):
    """What a run of a scenario came to.

    Attributes:
        refused: rows that refused something.
        spoke: guards that made a difference.
        unwilling: devices that refused something.
        wrong: what was wrong, by the oracle or the expectation that says so.
    """

    refused: frozenset[str]
    spoke: frozenset[str]
    unwilling: tuple[str, ...]
    wrong: dict[str, str]

    @property
    def why(self) -> str:
        """Return the first of what was wrong, for a person."""
        name, detail = min(self.wrong.items())
        return f"{name}: {detail}"


class OnPlant(NamedTuple):
    """What is to be said of a row.

    Attributes:
        name: of it.
        said: "counterexample", "covered", "wear" or "open".
        why: what goes wrong, or what else refuses.
    """

    name: str
    said: str
    why: str


class _Refusals(Observer):
    """Hears which rows and which devices refuse."""

    def begin(self, scene: Scene) -> None:
        self.rows: set[str] = set()
        self.devices: dict[str, None] = {}

    def told(self, news: Sequence[object]) -> None:
        for item in news:
            if isinstance(item, Event) and item.name == "command_refused":
                self.rows.add(str(item.fields.get("interlock", "")))

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        if point == "command" and not taken:
            self.devices[equipment] = None


@cache
def hall() -> SiteFile:
    """Return the site."""
    return load("ai_hall")


@contextmanager
def obeying(what: Sequence[tuple[type, str, Any]]) -> Iterator[None]:
    """Let devices obey that would refuse, while it lasts."""
    with ExitStack() as stack:
        for kind, attribute, instead in what:
            stack.enter_context(patch.object(kind, attribute, instead))
        yield


def played(name: str, *gone: str, obeys: Sequence[tuple[type, str, Any]] = ()) -> Played:
    """Play the scenario of a row with some rows away, and return what came of it."""
    path = SCENARIOS / f"without_{name}.yaml"
    heard = _Refusals()
    with without(gone), obeying(obeys), heeded() as listened:
        course = run(Case(hall(), scenario_for(str(path), hall().site)), [*oracles(), heard])
    wrong = {v.name: v.detail for v in course.oracles if v.ok is False}
    wrong |= {v["name"]: str(v["detail"]) for v in course.expectations if v["ok"] is False}
    return Played(frozenset(heard.rows), frozenset(listened.guards), tuple(heard.devices), wrong)


def judged(name: str) -> OnPlant:
    """Play the scenario of a row with it, without it, and without what refuses the same."""
    asked = PLAYED[name]
    whole = played(name)
    if name not in whole.refused | whole.spoke or whole.wrong:
        why = whole.why if whole.wrong else "it says nothing"
        return OnPlant(name, "open", f"with everything there: {why}")
    alone = played(name, name)
    if alone.wrong:
        return OnPlant(name, "wear" if asked.wear else "counterexample", alone.why)
    if missing := set(asked.others) - alone.refused:
        return OnPlant(name, "open", f"without it nothing is refused by {', '.join(missing)}")
    gone = (name, *asked.others)
    last = played(name, *gone) if asked.others else alone
    by = [*asked.others]
    if not last.wrong and (asked.obeys or last.unwilling):
        by += [f"{device} itself" for device in last.unwilling] or ["the device's own check"]
        last = played(name, *gone, obeys=asked.obeys) if asked.obeys else last
    if last.wrong:
        return OnPlant(name, "covered", f"by {', '.join(by)}; {last.why} without all of them")
    if asked.obeys or not by:
        return OnPlant(name, "open", "nothing refuses, and nothing goes wrong")
    return OnPlant(name, "covered", f"by {', '.join(by)}, which refuses")
