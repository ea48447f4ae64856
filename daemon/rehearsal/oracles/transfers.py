"""Nobody transfers for ever: what is moved has a cause in the environment.

A breaker of a transfer scheme or a transfer switch closes by a command of ours because something
has happened: a fault began or ended, somebody asked for something. After each of these there is a
way to go and a way back, so between two of them each switch may close `TWICE` times; a third time
it goes round in circles. `commands` bounds the same within a minute, whatever has happened; this
also finds circles that are slower.

Where a fault acts that comes and goes by itself (`COMES_AND_GOES`), each of its turns would be a
cause, so nothing is judged until it is over. Cannot see: circles that are slower than the run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.rehearsal.oracles.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.elements import PlantEvent

OURS: Final = "command"
TWICE: Final = 2
COMES_AND_GOES: Final = frozenset({"flap", "lose", "corrupt", "jitter", "late", "reorder", "slow"})


class Transfers(Oracle):
    """No switch of a scheme closes again and again without a cause."""

    name: ClassVar = "transfers"

    def begin(self, scene: Scene) -> None:
        """Know the switches of the schemes, and when something happens."""
        super().begin(scene)
        words = {word for scheme in self.site.schemes.values() for word in _words(asdict(scheme))}
        natures = {"breaker", "transfer_switch"}
        self._switches = frozenset(
            e.id for e in self.site.equipment.values() if e.id in words and e.nature in natures
        )
        faults = self.timeline.faults
        self._causes = sorted(
            {*self.timeline.asked_ns, *(f.from_ns for f in faults), *(f.to_ns for f in faults)}
        )
        self._next = 0
        self._closed: Counter[str] = Counter()
        self._count = 0

    def judged(self, now_ns: int) -> str:
        """Return how many transfers were counted."""
        return f"{self._count} closings of {len(self._switches)} switches"

    def happened(self, events: Sequence[PlantEvent]) -> None:
        """Count what closed by us since something has happened."""
        for event in events:
            ours = event.name in {"closed", "transferred"} and event.fields.get("cause") == OURS
            if ours and event.source in self._switches:
                self._count += 1
                self._judge(event)

    def _judge(self, event: PlantEvent) -> None:
        while self._next < len(self._causes) and self._causes[self._next] <= event.at_ns:
            self._next += 1
            self._closed.clear()
        acting = self.timeline.acting(event.at_ns, event.at_ns)
        if any(fault.event in COMES_AND_GOES for fault in acting):
            self._closed.clear()
            return
        self._closed[event.source] += 1
        times = self._closed[event.source]
        if times == TWICE + 1:
            text = f"{event.source} closed {times} times and nothing has happened in between"
            self.blame(event.at_ns, text, float(times), float(TWICE))


def _words(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever a scheme consists of
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _words([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _words(each)
