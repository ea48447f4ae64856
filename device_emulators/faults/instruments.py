"""Instruments that lie: a plant as its devices show it while some of them are out of order.

The plant itself goes on undisturbed; only what is read from it, and what reaches it, differs. While
nothing is disturbed a reader costs one look at an empty table more than the plant's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from daemon.model.quantities import ns, seconds
from device_emulators.faults.garbling import garbles
from device_emulators.faults.words import OF_INSTRUMENTS
from device_emulators.plant.elements import PlantEvent
from device_emulators.selection import code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from device_emulators.faults.garbling import Garble
    from device_emulators.plant.chains import Efficiency
    from device_emulators.plant.plant import Plant
    from device_emulators.plant.truth import Truth

Name = tuple[str, str]
"""Equipment and point."""
HEARTBEAT: Final = "heartbeat"
LIFE: Final = "life_count"


DRIFT_NS: Final = 100_000_000
"""What drifts is seen to have moved after so long [ns]."""


@dataclass(frozen=True, slots=True)
class _Lie:
    """What an instrument makes of the value it measures: `factor` times it, and `by`."""

    factor: float = 1.0
    by: float = 0.0
    until_ns: int | None = None
    """When it ends by itself [ns]."""
    by_per_s: float = 0.0
    since_ns: int = 0
    """How fast it drifts [1/s], and since when [ns]."""
    event: str = ""
    """The word that it comes of."""

    def tell(self, value: float, now_ns: int) -> float:
        shown = value * self.factor + self.by if self.factor else self.by
        if self.by_per_s:
            shown += self.by_per_s * seconds((now_ns - self.since_ns) // DRIFT_NS * DRIFT_NS)
        return shown


class Instruments:
    """A plant seen and commanded through instruments."""

    def __init__(self, plant: Plant) -> None:
        """Show `plant` as it is."""
        self._plant: Final = plant
        self._lies: Final[dict[Name, _Lie]] = {}
        self._deaf: Final[dict[str, bool]] = {}
        self._twins: Final[dict[str, str]] = {}
        self._garbled: Final[dict[str, Mapping[str, Garble]]] = {}
        self._said: Final[list[PlantEvent]] = []
        self._ends_ns: int | None = None
        self._changes = 0

    # What is the plant's own.

    @property
    def now_ns(self) -> int:
        """Return the plant time [ns]."""
        return self._plant.now_ns

    def quantity(self, equipment: str, name: str) -> float:
        """Return a value as it is, whatever instruments say."""
        return self._plant.quantity(equipment, name)

    def teller(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        """Return what asks for many values as they are, whatever instruments say (n_name,)."""
        return self._plant.teller(names)

    @property
    def efficiency_now(self) -> Efficiency:
        """Return how much of what is taken reaches the chips now."""
        return self._plant.efficiency_now

    def truth(self) -> Truth:
        """Return everything that is so now."""
        return self._plant.truth()

    # Time.

    @property
    def due_ns(self) -> int:
        """Return when the plant, or an instrument, wants to be advanced next [ns]."""
        due_ns = self._plant.due_ns
        return due_ns if self._ends_ns is None else min(due_ns, self._ends_ns)

    def advance(self, to_ns: int) -> Sequence[PlantEvent]:
        """Move on to `to_ns` [ns]; return what happened on the way, in order."""
        events = self._plant.advance(to_ns)
        if self._ends_ns is not None and self._ends_ns <= to_ns:
            self._end(to_ns)
        if not self._said:
            return events
        said = (*self._said, *events)
        self._said.clear()
        return said

    def _end(self, now_ns: int) -> None:
        """End what is over by now, and let drift what drifts."""
        for name, lie in list(self._lies.items()):
            if lie.until_ns is not None and lie.until_ns <= now_ns:
                del self._lies[name]
        self._changed()

    def _changed(self) -> None:
        self._changes += 1
        lies = self._lies.values()
        ends = [lie.until_ns for lie in lies if lie.until_ns is not None]
        gone = [self.now_ns - lie.since_ns for lie in lies if lie.by_per_s]
        ends += [self.now_ns + DRIFT_NS - each % DRIFT_NS for each in gone]
        self._ends_ns = min(ends, default=None)

    # What is read and written.

    @property
    def version(self) -> int:
        """Return a number that rises whenever anything that can be read may have changed."""
        return self._plant.version + self._changes

    def read(self, equipment: str, point: str) -> float:
        """Return what the device shows.

        Raises:
            ValueError: no such equipment or point.
        """
        twin = self._twins.get(equipment, equipment) if self._twins else equipment
        value = self._plant.read(twin, point)
        return self._told(twin, point, value) if self.disturbed else value

    @property
    def disturbed(self) -> bool:
        """Return whether anything shows something else than it should."""
        return bool(self._lies or self._twins or self._garbled)

    def _told(self, equipment: str, point: str, value: float) -> float:
        lie = self._lies.get((equipment, point))
        value = value if lie is None else lie.tell(value, self.now_ns)
        garble = self._garbled.get(equipment, {}).get(point)
        return value if garble is None else garble(value)

    def identity(self, equipment: str) -> tuple[str, bool]:
        """Return whose nameplate a device shows, and whether words are the wrong way round."""
        twin = self._twins.get(equipment, equipment)
        return twin, twin in self._garbled

    def reader(self, names: Sequence[Name]) -> Callable[[], NDArray[np.float64]]:
        """Return a function that reads what devices show of many points at once (n_name,).

        Raises:
            ValueError: no such equipment or point.
        """
        plain = self._plant.reader(names)
        places: dict[str, dict[str, list[int]]] = {}  # one point may be asked for twice
        for place, (equipment, point) in enumerate(names):
            places.setdefault(equipment, {}).setdefault(point, []).append(place)

        def read() -> NDArray[np.float64]:
            values = plain()
            if not self.disturbed:
                return values
            values = values.copy()
            now_ns = self.now_ns
            for (equipment, point), lie in self._lies.items():
                for place in places.get(equipment, {}).get(point, ()):
                    values[place] = lie.tell(float(values[place]), now_ns)
            for equipment in {*self._twins, *self._garbled} & places.keys():
                for point, found in places[equipment].items():
                    values[found] = self.read(equipment, point)
            return values

        return read

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Hand a value to a device; return whether it says that it took it.

        Raises:
            ValueError: no such equipment or point.
        """
        equipment = self._twins.get(equipment, equipment) if self._twins else equipment
        if self._deaf and equipment in self._deaf and point != HEARTBEAT:
            return self._deaf[equipment]
        garble = self._garbled.get(equipment, {}).get(point) if self._garbled else None
        if garble is not None:
            value = garble(value)
            if not garble.accepts(value):
                return False
        return self._plant.write(equipment, point, value)

    # Happenings.

    def inject(self, target: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something to equipment, or to its instruments.

        `clear` undoes both; `clear` of one `kind` undoes that of its instruments, or all of the
        equipment alone.

        Raises:
            ValueError: unknown target, event or value.
        """
        if event == "clear" and "kind" in values:
            self._mend(target, str(values["kind"]))
            return
        if event not in OF_INSTRUMENTS:
            self._plant.inject(target, event, values)
            if event == "clear":
                self._repair(target)
            return
        if event in {"ignore_writes", "refuse_writes"}:
            self._deaf[target] = event == "ignore_writes"
        elif event == "swap":
            self._exchange(target, str(values["with"]))
        elif event == "swap_words":
            self._garbled[target] = garbles(self._plant.site, target)
        else:
            point = str(values.get("point", LIFE))
            lie = self._lie(target, point, event, values)
            self._lies[target, point] = replace(lie, event=event)
        self._changed()
        what = f" {values['point']}" if "point" in values else ""
        text = f"{target}: {event.replace('_', ' ')}{what}"
        fields = {"event": event, **values}
        self._said.append(PlantEvent(self.now_ns, target, "injected", text, fields))

    def _exchange(self, one: str, other: str) -> None:
        """Let two devices stand for each other, as when their addresses were mixed up."""
        for each in (one, other):
            self._part(each)
        self._twins[one], self._twins[other] = other, one

    def _part(self, one: str) -> None:
        """Let a device be itself again, and the other one too."""
        other = self._twins.pop(one, None)
        if other is not None:
            self._twins.pop(other, None)

    def _repair(self, target: str) -> None:
        self._part(target)
        self._garbled.pop(target, None)
        self._deaf.pop(target, None)
        for name in [name for name in self._lies if name[0] == target]:
            del self._lies[name]
        self._changed()

    def _mend(self, target: str, event: str) -> None:
        """Undo one thing."""
        if event not in OF_INSTRUMENTS:
            self._plant.inject(target, "clear", {})
            return
        if event == "swap":
            self._part(target)
        elif event == "swap_words":
            self._garbled.pop(target, None)
        elif event in {"ignore_writes", "refuse_writes"}:
            self._deaf.pop(target, None)
        for name in [n for n, lie in self._lies.items() if n[0] == target and lie.event == event]:
            del self._lies[name]
        self._changed()

    def _code(self, target: str, point: str, value: float | str) -> float:
        """Return a value that may be given as the word for a state."""
        if not isinstance(value, str):
            return float(value)
        return code_of(self._plant.site.equipment[target].nature, point, value)

    def _lie(self, target: str, point: str, event: str, values: Mapping[str, Any]) -> _Lie:
        if event == "scale":
            return _Lie(factor=float(values["factor"]))
        if event == "offset":
            return _Lie(by=float(values["by"]))
        if event == "drift":
            return _Lie(by_per_s=float(values["by_per_s"]), since_ns=self.now_ns)
        if event == "stick":
            return _Lie(factor=0.0, by=self._code(target, point, values["value"]))
        if event in {"not_a_number", "infinite"}:
            return _Lie(factor=0.0, by=math.nan if event == "not_a_number" else math.inf)
        if event == "spike":
            until_ns = self.now_ns + ns(float(values["for_s"]))
            return _Lie(0.0, self._code(target, point, values["value"]), until_ns)
        before = self._lies.get((target, point), _Lie())
        return _Lie(factor=0.0, by=before.tell(self._plant.read(target, point), self.now_ns))
