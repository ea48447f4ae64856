"""One run of a scenario on a plant: what is done to it when, what came of it, and the report.

It knows no clock and no wire: whoever owns the time calls `advance`. So a scenario plays alike on
the desk, on a loop of virtual time and in a test.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from daemon.model.quantities import ns, seconds
from device_emulators.faults.standing import Book
from device_emulators.faults.words import targets
from device_emulators.judge import Judge, Verdict, Witness
from device_emulators.selection import OPERATOR, SCHEDULER, nature_of
from device_emulators.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from daemon.model.plant import Site
    from device_emulators.plant.elements import PlantEvent
    from device_emulators.scenario import Happening, Scenario

LINE_S: Final = 1.0
"""Plant time between two lines of summary [s]."""
NEVER: Final = 1 << 62
_MILLISECOND_NS: Final = 1_000_000
_STAGED: Final = frozenset(
    {"utility", "generator", "transfer_switch", "switchgear_controller", "breaker", "ups", "hvdc"}
)


class Playable(Witness, Protocol):
    """A plant that a scenario can be played on."""

    def advance(self, to_ns: int) -> Sequence[PlantEvent]:
        """Move on to `to_ns` [ns]; return what happened on the way, in order."""
        ...

    def inject(self, target: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something to equipment."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    Attributes:
        ok: it ran as long as it was to and no expectation on the plant was missed.
        scenario: its id, or "" without one.
        site: id of the site.
        for_s: scenario time that was played [s].
        interrupted: it was ended before its time.
        started_utc_ns: wall clock at scenario time 0 [ns since 1970]; 0 if it never began.
        expectations: verdicts on the plant.
        it_interruption_ms: time outside the ITIC curve by critical load [ms].
        stages: what sources, breakers and transfer equipment did, by scenario time.
        slipped_s: plant time lost because the machine could not keep up [s].
        efficiency: chains of conversion and PUE as means of the run, see `plant.chains`.
        slips: each such loss: `lost_s` at scenario time `at_s` [s], to set other clocks against it.
    """

    ok: bool
    scenario: str
    site: str
    for_s: float
    interrupted: bool
    started_utc_ns: int
    expectations: tuple[Verdict, ...]
    it_interruption_ms: Mapping[str, float]
    stages: tuple[Mapping[str, Any], ...]
    slipped_s: float
    efficiency: Mapping[str, Any]
    slips: tuple[Mapping[str, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as a mapping of plain values."""
        return asdict(self)


class Play:
    """A plant and the scenario played on it.

    Attributes:
        begun: scenario time runs.
        book: what was done and stands.
        listeners: told what happened in the plant, after every move.
    """

    def __init__(
        self,
        site: Site,
        plant: Playable,
        scenario: Scenario | None = None,
        *,
        gateway: Callable[[str, str, Mapping[str, Any]], None] = lambda _id, _event, _values: None,
        daemon: Callable[[str, Mapping[str, Any]], None] = lambda _event, _values: None,
        operator: Callable[[str, str], None] = lambda _of, _action: None,
        scheduler: Callable[[str, Mapping[str, Any]], None] = lambda _event, _values: None,
        out: Callable[[str], None] | None = print,
    ) -> None:
        """Get ready; scenario time stands still until `begin`.

        Args:
            site: the site of the plant.
            plant: the plant.
            scenario: what to play; None only lets time pass.
            gateway: does an event to a gateway: its id, the event, the values.
            daemon: does an event to the process of the daemon: the event, the values.
            operator: asks the daemon for something: the equipment, the action.
            scheduler: tells the daemon of a job: the event, the values.
            out: takes lines for people; None when nobody reads them.
        """
        self._site, self._plant, self._scenario = site, plant, scenario
        self._gateway, self._daemon, self._out = gateway, daemon, out
        self._operator, self._scheduler = operator, scheduler
        self._judge: Judge | None = None
        self._to_come: list[Happening] = []
        self._stages: list[dict[str, Any]] = []
        self._origin_ns = 0
        self._started_utc_ns = 0
        self.begun = False
        self.book: Final = Book()
        self.listeners: Final[list[Callable[[Sequence[PlantEvent]], None]]] = []

    @property
    def time_ns(self) -> int:
        """Return the scenario time [ns]."""
        return self._plant.now_ns - self._origin_ns if self.begun else 0

    @property
    def due_ns(self) -> int:
        """Return the plant time of the next happening, or `NEVER` [ns]."""
        return self._origin_ns + ns(self._to_come[0].at_s) if self._to_come else NEVER

    def begin(self, utc_ns: int) -> None:
        """Let scenario time run from now; `utc_ns` is what the wall clock says."""
        self._origin_ns, self._started_utc_ns = self._plant.now_ns, utc_ns
        self.begun = True
        if self._scenario:
            self._to_come = list(self._scenario.timeline)
            self._judge = Judge(self._scenario, self._site, self._plant)
            self._print(f"scenario {self._scenario.scenario} begins")

    def advance(self, to_ns: int) -> None:
        """Move the plant on to `to_ns` [ns] of its time, each happening at its own moment."""
        while self._to_come and self._origin_ns + ns(self._to_come[0].at_s) <= to_ns:
            happening = self._to_come.pop(0)
            self._move(self._origin_ns + ns(happening.at_s))
            self._do(happening)
        self._move(to_ns)

    def _move(self, to_ns: int) -> None:
        before_ns = self.time_ns
        if to_ns <= self._plant.now_ns:
            return
        events = self._plant.advance(to_ns)
        self._tell(events)
        for listener in self.listeners if events else ():
            listener(events)
        if not self.begun:
            return
        self._stages += self._staged(events)
        if self._judge:
            self._judge.see(events)
        if self._out and self.time_ns // ns(LINE_S) != before_ns // ns(LINE_S):
            time_s = seconds(self.time_ns)
            self._print(f"{time_s:9.3f} s  {summary(self._site, self._plant)}")

    def _print(self, line: str) -> None:
        if self._out:
            self._out(f"[plant] {line}")

    @property
    def now_ns(self) -> int:
        """Return the plant time [ns]."""
        return self._plant.now_ns

    def _do(self, happening: Happening) -> None:
        for id_ in targets(self._site, happening.target, happening.event):
            self.do(id_, happening.event, happening.values)

    def do(self, target: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something to equipment, a bus, a gateway, the daemon or who speaks to it, now."""
        self.book.note(target, event, values, self.now_ns)
        if target in self._site.equipment or target in self._site.buses:
            self._plant.inject(target, event, values)
            return
        if target in self._site.gateways:
            self._gateway(target, event, values)
        elif target == OPERATOR:
            self._operator(str(values["of"]), str(values["action"]))
        elif target == SCHEDULER:
            self._scheduler(event, values)
        else:
            self._daemon(event, values)
        said = "".join(f" {value}" for value in values.values())
        self._print(f"{target}: {event}{said}")

    def _tell(self, events: Sequence[PlantEvent]) -> None:
        """Print events; of many alike in one step (48 racks on battery) only the first."""
        if not self._out:
            return
        kinds = Counter((nature_of(self._site, event.source), event.name) for event in events)
        for event in events:
            more = kinds.pop((nature_of(self._site, event.source), event.name), 0) - 1
            if more >= 0:
                time_s = seconds(event.at_ns - self._origin_ns)
                at = f"{time_s:9.3f} s" if self.begun else "held"
                alike = f" (and {more} more alike)" if more else ""
                self._print(f"{at}  {event.text}{alike}")

    def _staged(self, events: Sequence[PlantEvent]) -> Iterator[dict[str, Any]]:
        for event in events:
            if nature_of(self._site, event.source) in _STAGED:
                yield {
                    "at_s": seconds(event.at_ns - self._origin_ns),
                    "source": event.source,
                    "name": event.name,
                    "text": event.text,
                }

    def report(self, for_ns: int | None, slipped_s: float = 0.0) -> Report:
        """Return what the run came to, given how long it should have been [ns]."""
        verdicts = self._judge.verdicts() if self._judge else ()
        interrupted = for_ns is not None and self.time_ns < for_ns
        return Report(
            ok=not interrupted and all(verdict.ok is not False for verdict in verdicts),
            scenario=self._scenario.scenario if self._scenario else "",
            site=self._site.id,
            for_s=seconds(self.time_ns),
            interrupted=interrupted,
            started_utc_ns=self._started_utc_ns,
            expectations=verdicts,
            it_interruption_ms=self._interruptions(),
            stages=tuple(self._stages),
            slipped_s=slipped_s,
            efficiency=self._plant.truth().efficiency.as_json(),
        )

    def _interruptions(self) -> dict[str, float]:
        """Return by critical load how long it was outside the ITIC curve [ms]."""
        now_ns = self._plant.now_ns
        return {
            id_: sum((until or now_ns) - since for since, until in load.unfed_ns) / _MILLISECOND_NS
            for id_, load in self._plant.truth().loads.items()
        }
