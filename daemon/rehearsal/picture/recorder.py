"""Watches a run and keeps what is drawn of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import SECOND, seconds
from daemon.rehearsal.picture.recording import (
    Band,
    Disturbance,
    Entry,
    Line,
    Recording,
    Span,
)
from daemon.rehearsal.picture.subjects import PANES, Quantities, states
from daemon.rehearsal.picture.thinning import Thinned
from daemon.rehearsal.simulation.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from daemon.model.commands import Command, Outcome
    from daemon.publishers.publisher import Snapshot
    from daemon.rehearsal.picture.subjects import State
    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.plant import PlantEvent
    from device_emulators.scenario import Happening, Scenario

LIVELY_NS: Final = 20 * SECOND
"""Values are kept closely for this long after something happened [ns]."""
MOST: Final = 4000
"""Entries of one kind that are kept."""
_ENDS: Final = frozenset({"return", "clear", "heal", "remote", "rack_in", "auto"})
_LASTING: Final = frozenset({"for_s", "duration_s", "lasts_s"})


class Recorder(Observer):
    """Keeps values, states and news of a run."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._entries: list[Entry] = []
        self._dropped: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        self._active: set[str] = set()
        self._began_utc_ns: int | None = None
        self._lively_ns = 0

    def begin(self, scene: Scene) -> None:
        """Choose what to keep of the plant, and take the first look."""
        self._scene = scene
        self._quantities = Quantities(scene.plant)
        self._thinned = Thinned(len(self._quantities.lines))
        self._states = states(scene.plant)
        self._reads: list[Callable[[], float]] = [state.read for state in self._states]
        self._codes = [read() for read in self._reads]
        self._changes: list[list[tuple[int, float]]] = [
            [(scene.origin_ns, code)] for code in self._codes
        ]
        self.look(scene.origin_ns)

    def look(self, now_ns: int) -> None:
        """Take the values, and the states that changed."""
        codes = [read() for read in self._reads]
        if codes != self._codes:
            for changes, code, before in zip(self._changes, codes, self._codes, strict=True):
                if code != before:
                    changes.append((now_ns, code))
            self._codes = codes
            self._lively_ns = now_ns + LIVELY_NS
        self._thinned.add(now_ns, self._quantities.read(), lively=now_ns < self._lively_ns)

    def happened(self, events: Sequence[PlantEvent]) -> None:
        """Take what the plant reports."""
        for event in events:
            self._lively_ns = max(self._lively_ns, event.at_ns + LIVELY_NS)
            self._keep(event.at_ns, "plant", event.source, event.text)

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Take what the daemon says; of an alarm when it comes and when it goes."""
        for item in news:
            if isinstance(item, Event):
                self._keep(item.at_ns, "daemon", item.source, item.text)
            elif item.active != (item.alarm_id in self._active):
                (self._active.add if item.active else self._active.discard)(item.alarm_id)
                said = item.text if item.active else f"{item.text}: cleared"
                priority, active = item.priority, item.active
                self._keep(item.at_ns, "alarm", item.alarm_id, said, priority, active=active)

    def answered(self, command: Command, outcome: Outcome, begun_ns: int) -> None:
        """Take what was commanded and what became of it; a heartbeat is no command."""
        if command.action == "beat":
            return
        kind = "command" if command.point == "command" else "set-point"
        what = command.action if kind == "command" else f"{command.point} = {command.value:g}"
        became = f"{outcome.result.value} {outcome.detail}".strip()
        said = f"{command.equipment}: {what} ({became}); {command.owner}: {command.reason}"
        self._keep(begun_ns, kind, command.equipment, said)

    def shown(self, snapshot: Snapshot) -> None:
        """Learn what the wall clock of the run says."""
        if self._began_utc_ns is None:
            image = snapshot.image
            self._began_utc_ns = image.utc_ns - (image.now_ns - self._scene.origin_ns)

    def _keep(
        self,
        at_ns: int,
        kind: str,
        source: str,
        text: str,
        priority: int = 0,
        *,
        active: bool = True,
    ) -> None:
        if self._kept.get(kind, 0) == MOST:
            self._dropped[kind] = self._dropped.get(kind, 0) + 1
            return
        self._kept[kind] = self._kept.get(kind, 0) + 1
        at_s = self._time_s(at_ns)
        self._entries.append(Entry(at_s, kind, source, text, priority, active))

    def _time_s(self, at_ns: int) -> float:
        return round(seconds(at_ns - self._scene.origin_ns), 3) + 0.0

    # The end.

    def recording(self) -> Recording:
        """Return everything that was seen so far."""
        plant = self._scene.plant
        for_s = self._time_s(plant.now_ns)
        truth = plant.truth()
        loads = truth.loads
        return Recording(
            for_s=for_s,
            began_utc_ns=self._began_utc_ns or 0,
            lines=tuple(self._lines()),
            bands=tuple(
                Band(state.group, state.label, tuple(self._spans(state, changes, for_s)))
                for state, changes in zip(self._states, self._changes, strict=True)
                if state.always or len(changes) > 1
            ),
            cuts=tuple(
                Band("cut", id_, tuple(self._cuts(load.unfed_ns, for_s)))
                for id_, load in loads.items()
                if load.unfed_ns
            ),
            loads_count=len(loads),
            disturbances=tuple(_disturbances(self._scene.scenario, for_s)),
            entries=tuple(sorted(self._entries, key=lambda entry: entry.at_s)),
            dropped=dict(self._dropped),
            not_drawn=dict(self._quantities.not_drawn),
            efficiency=truth.efficiency.as_json(),
        )

    def _lines(self) -> Iterator[Line]:
        for number, line in enumerate(self._quantities.lines):
            times_ns, values = self._thinned.curve(number, PANES[line.pane].digits)
            times_s = tuple(self._time_s(int(at_ns)) for at_ns in times_ns)
            yield Line(line.pane, line.label, line.kind, times_s, tuple(values.tolist()))

    def _spans(
        self, state: State, changes: Sequence[tuple[int, float]], for_s: float
    ) -> Iterator[Span]:
        ends_s = [*(self._time_s(at_ns) for at_ns, _ in changes[1:]), for_s]
        for (at_ns, code), end_s in zip(changes, ends_s, strict=True):
            yield Span(self._time_s(at_ns), end_s, state.words[int(code)])

    def _cuts(self, unfed_ns: Sequence[tuple[int, int | None]], for_s: float) -> Iterator[Span]:
        for since_ns, until_ns in unfed_ns:
            end_s = for_s if until_ns is None else self._time_s(until_ns)
            yield Span(self._time_s(since_ns), end_s, "cut")


def _disturbances(scenario: Scenario, for_s: float) -> Iterator[Disturbance]:
    for number, one in enumerate(scenario.timeline):
        if one.at_s > for_s:
            return
        said = ", ".join(f"{name} {value}" for name, value in one.values.items())
        until_s = None if one.event in _ENDS else _end(one, scenario.timeline[number + 1 :])
        yield Disturbance(one.at_s, until_s, _target(one), one.event, said)


def _target(one: Happening) -> str:
    return one.target if isinstance(one.target, str) else ", ".join(one.target)


def _end(one: Happening, later: Sequence[Happening]) -> float | None:
    """Return when what began with `one` was over [s], if it is said."""
    for name, value in one.values.items():
        if name in _LASTING:
            return one.at_s + float(value)
    for other in later:
        if other.event in _ENDS and other.target in (one.target, "any"):
            return other.at_s
    return None
