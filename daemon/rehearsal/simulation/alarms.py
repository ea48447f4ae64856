"""The alarms of a run as the daemon published them, for whoever judges or shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import seconds
from daemon.rehearsal.alarms import Change, judge
from daemon.rehearsal.simulation.observer import Observer
from daemon.runtime.report import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.scenario import Expectation


class AlarmLog(Observer):
    """Keeps when alarms came and went.

    Attributes:
        changes: alarms that came (to people's notice) or went, in order.
        texts: what each said, by id.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.changes: list[Change] = []
        self.texts: dict[str, str] = {}
        self._origin_ns = 0

    def begin(self, scene: Scene) -> None:
        """Count from scenario time 0."""
        self._origin_ns = scene.origin_ns

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Note what came and went."""
        for item in news:
            if isinstance(item, AlarmTransition) and item.active != (item.alarm_id in self.texts):
                self._turn(item)

    def _turn(self, item: AlarmTransition) -> None:
        if item.active and item.state in SILENT:
            return
        at_s = round(seconds(item.at_ns - self._origin_ns), 3)
        self.changes.append(Change(item.alarm_id, at_s, item.active, item.priority))
        if item.active:
            self.texts[item.alarm_id] = item.text
        else:
            del self.texts[item.alarm_id]

    def judged(self, expected: Iterable[Expectation], played_s: float) -> Iterable[dict[str, Any]]:
        """Return the verdicts on what a scenario expects of alarms."""
        return [judge(each, self.changes, played_s) for each in expected]
