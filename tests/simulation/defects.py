"""Defects that can be planted in the daemon, to show that the oracles find them.

Each is a context manager that makes one mistake, of a kind that has happened in the field, in the
code of the daemon as long as it is open. Nothing of this exists outside the tests.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

from daemon.core import interlocks
from daemon.core.balance import peaks
from daemon.core.balance.shaving.reserve import reserve_j
from daemon.core.operation import selection, task
from daemon.core.smoothing import stores
from daemon.core.step import step
from daemon.drivers.image import ImageDriver
from daemon.drivers.table import Table
from daemon.model.commands import Approval, Command, Operation, Outcome, Proposal, Selection
from daemon.model.events import AlarmTransition
from daemon.model.quantities import ns
from daemon.rehearsal.prove_without import without
from daemon.rehearsal.simulation.world import Audience
from daemon.runtime.scan import Scan
from device_emulators.devices.breaker import Breaker
from tests.proof_on_plant import PLAYED, obeying

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from daemon.core.step import Estimator, Inputs, Params, State, Step
    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Equipment
    from daemon.model.quality import QualityArray

BUSY_S = 2.0
NEVER_NS = 1 << 62


@contextmanager
def interlocks_skipped() -> Iterator[None]:
    """Every action passes: the table of interlocks is never asked."""

    def pass_all(case: interlocks.Case) -> interlocks.Verdict:
        return interlocks.Verdict("", "not asked")

    with patch.object(task, "check", pass_all), patch.object(selection, "check", pass_all):
        yield


@contextmanager
def lockout_ignored() -> Iterator[None]:
    """Nobody minds that a breaker tripped on a fault and locked out, itself or its neighbour."""
    minding = {"protection_trip", "faulted_bus"}
    rows = {
        key: tuple(row for row in rows if row.name not in minding)
        for key, rows in interlocks.BY_ACTION.items()
    }
    with patch.object(interlocks, "BY_ACTION", rows):
        yield


@contextmanager
def second_reference() -> Iterator[None]:
    """Storage is let form beside whatever feeds its bus, and obeys."""
    with without(("second_reference", "overload")), obeying(PLAYED["second_reference"].obeys):
        yield


@contextmanager
def circles(breaker: str, every_s: float) -> Iterator[None]:
    """The daemon opens and closes a breaker in turns, for nothing; its spring is always charged."""
    tick, asked = Scan._tick, list[int]()

    def turn(self: Scan, slot_ns: int) -> None:
        if slot_ns >= ns(every_s * (len(asked) + 1)):
            action = "close" if len(asked) % 2 else "open"
            asked.append(slot_ns)
            wish = Proposal(breaker, "command", action, 0.0, "circles", "for nothing")
            id = str(len(asked))
            for order in (
                Selection(id, "circles", wish), Approval(id, "second"), Operation(id, "circles")
            ):  # fmt: skip
                self.ask("switching", order)
        tick(self, slot_ns)

    settings = {**Breaker.DEFAULTS, "spring_s": 0.05}
    with patch.object(Scan, "_tick", turn), patch.object(Breaker, "DEFAULTS", settings):
        yield


@contextmanager
def stale_values_used() -> Iterator[None]:
    """Values keep the quality they were read with, however old they are and whoever is silent."""

    def keep(self: Table, now_ns: int, *, anew: bool) -> QualityArray:
        return self.quality

    def leave(self: Table, indices: object, quality: object) -> None:
        return None

    with patch.object(Table, "_age", keep), patch.object(Table, "mark", leave):
        yield


@contextmanager
def commands_repeated() -> Iterator[None]:
    """A driver sends each command again after it was acknowledged."""
    write = ImageDriver.write

    async def write_twice(self: ImageDriver, command: Command) -> Outcome:
        outcome = await write(self, command)
        if command.point == "command":
            await write(self, command)
        return outcome

    with patch.object(ImageDriver, "write", write_twice):
        yield


@contextmanager
def expiry_ignored() -> Iterator[None]:
    """A driver that is busy for a while sends what has run out meanwhile."""
    write = ImageDriver.write

    async def write_late(self: ImageDriver, command: Command) -> Outcome:
        if command.point == "command":
            await asyncio.sleep(BUSY_S)
        return await write(self, replace(command, expires_at_ns=NEVER_NS))

    with patch.object(ImageDriver, "write", write_late):
        yield


@contextmanager
def reserve_spent(kept: float = 0.0) -> Iterator[None]:
    """Shaving keeps a part of what the site declares, and tells smoothing so."""

    def part_j(*of_it: object, **words: object) -> float:
        return kept * reserve_j(*of_it, **words)  # type: ignore[arg-type]

    with patch.object(peaks, "reserve_j", part_j):
        yield


def reserve_halved() -> AbstractContextManager[None]:
    """Half of the reserve is kept."""
    return reserve_spent(0.5)


@contextmanager
def reserve_smoothed_away() -> Iterator[None]:
    """Smoothing takes whatever is in a store, down to nothing."""
    inner = stores._able

    def all_of_it(view: View, item: Equipment, told: Sequence[float | None]) -> stores.Able:
        left_j = (told[2] or 0.0) * item.ratings["energy_wh"] * 3600.0
        return inner(view, item, told)._replace(give_w=item.ratings["power_w"], stored_j=left_j)

    with patch.object(stores, "_able", all_of_it):
        yield


@contextmanager
def alarms_lost(alarm_class: str) -> Iterator[None]:
    """Alarms of one class never leave the daemon."""
    tell = Audience.tell

    def tell_others(self: Audience, news: Sequence[Event | AlarmTransition]) -> None:
        kept = [
            item
            for item in news
            if not (isinstance(item, AlarmTransition) and item.alarm_class == alarm_class)
        ]
        tell(self, kept)

    with patch.object(Audience, "tell", tell_others):
        yield


@contextmanager
def idle(*, beats: bool) -> Iterator[None]:
    """The daemon does nothing: it reads, and at most shows by its heartbeat that it lives."""

    def do_nothing(state: State, inputs: Inputs, params: Params, estimate: Estimator) -> Step:
        done = step(state, inputs, params, estimate)
        kept = tuple(c for c in done.commands if beats and c.action == "beat")
        return done._replace(commands=kept, events=())

    # The step is the one default of the scan: a test may give it another.
    with patch.object(Scan.__init__, "__defaults__", (do_nothing,)):
        yield


@contextmanager
def person(at_s: float, equipment: str, action: str) -> Iterator[None]:
    """Somebody asks for an action when the daemon has run for `at_s` [s]; no defect by itself."""
    tick, asked = Scan._tick, list[int]()

    def ask(self: Scan, slot_ns: int) -> None:
        if slot_ns >= ns(at_s) and not asked:
            asked.append(slot_ns)
            wish = Proposal(equipment, "command", action, 0.0, "person", "asked for it")
            for order in (
                Selection("1", "person", wish),
                Approval("1", "second"),
                Operation("1", "person"),
            ):
                self.ask("switching", order)
        tick(self, slot_ns)

    with patch.object(Scan, "_tick", ask):
        yield
