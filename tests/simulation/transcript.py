"""A run as text: what happened to the plant and what the daemon said, a line each, in order.

Times are scenario seconds. Of many alike at one instant (48 racks on battery) only the first stands
there, with their number. What a value was is left out where only its last digit could differ.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import seconds
from daemon.rehearsal.simulation.observer import Observer, Scene
from device_emulators.plant.elements import PlantEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.model.plant import Site


class Transcript(Observer):
    """Writes a run down."""

    def __init__(self) -> None:
        """Begin with an empty page."""
        self._lines: list[str] = []
        self._origin_ns = 0
        self._site: Site

    def begin(self, scene: Scene) -> None:
        """Count from scenario time 0."""
        self._origin_ns, self._site = scene.origin_ns, scene.site_file.site

    def happened(self, events: Sequence[PlantEvent]) -> None:
        """Write down what the plant did."""
        self._write("plant", ((e.at_ns, e.source, e.name, e.text) for e in events))

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Write down what the daemon said."""
        self._write("daemon", (_said(item) for item in news))

    def _write(self, who: str, items: Iterable[tuple[int, str, str, str]]) -> None:
        rows = list(items)
        alike = Counter((at_ns, self._nature(source), name) for at_ns, source, name, _ in rows)
        for at_ns, source, name, text in rows:
            count = alike.pop((at_ns, self._nature(source), name), 0)
            if count:
                more = f" (and {count - 1} more alike)" if count > 1 else ""
                at_s = seconds(at_ns - self._origin_ns)
                self._lines.append(f"{at_s:9.3f}  {who:<6}  {name:<22}  {text}{more}\n")

    def _nature(self, source: str) -> str:
        item = self._site.equipment.get(source)
        return item.nature if item else source

    @property
    def text(self) -> str:
        """Return everything so far."""
        return "".join(self._lines)


def _said(item: Event | AlarmTransition) -> tuple[int, str, str, str]:
    if isinstance(item, Event):
        return item.at_ns, item.source, item.name, item.text
    came = "raised" if item.active else "over"
    text = f"{item.alarm_id} {came}, priority {item.priority}, state {item.state}"
    return item.at_ns, item.source, "alarm", text
