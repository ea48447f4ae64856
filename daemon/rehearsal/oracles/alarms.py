"""Every fault is said in its time, and unsaid when it is gone.

*Raised.* What `signs` lists must be alarmed within its time after the plant did it. An alarm that
stood already, or that is hidden because its cause is shown, will do.

*Cleared.* When everything has healed and the plant has rested for `SETTLE_S` and the alarm's own
off-delay, no alarm stands whose condition is not so (`claims`). Latching alarms wait for a person.

Cannot see: whether the text helps; faults without a row in `signs`. While a fault acts on the
gateway behind which a device stands, nobody can be told of it in time, and nothing is asked; while
the process of the daemon stands still, nobody is told anything, and the time begins with its end.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from daemon.model.events import AlarmTransition
from daemon.model.quantities import SECOND, ns, seconds
from daemon.rehearsal.oracles.claims import Claims
from daemon.rehearsal.oracles.oracle import Oracle
from daemon.rehearsal.oracles.signs import by_nature
from daemon.rehearsal.oracles.timeline import NEVER_NS
from device_emulators.faults.words import OF_INSTRUMENTS
from device_emulators.selection import DAEMON, GATEWAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daemon.model.events import Event
    from daemon.model.plant import Equipment
    from daemon.rehearsal.oracles.signs import Sign
    from daemon.rehearsal.oracles.timeline import Fault
    from daemon.rehearsal.simulation.observer import Scene, Verdict
    from device_emulators.plant.elements import PlantEvent

SETTLE_S: Final = 30.0
LEAD_S: Final = 1.0
"""An alarm that came this much before the plant reported is about the same thing."""
OURS_S: Final = 1.0
"""What a device does this long after a command is what it was told [s]."""
PAUSE: Final = "pause"
NAMED: Final = 4
"""So many faults without a sign are named in the verdict."""
LASTING: Final = frozenset({"injected", "stage"})
"""Signs that can still be seen after a pause of the process; their time begins with its end."""
_OF_COMMANDS: Final = frozenset({"failed_to_close", "failed_to_open"})
_FIELDS: Final = ("stage", "element", "event", "cause", "attempt")


class _Due(NamedTuple):
    """An alarm to come: until when, what it is about, since when, and what it may be."""

    by_ns: int
    source: str
    since_ns: int
    sign: Sign


class Alarms(Oracle):
    """Every fault is alarmed within its time and cleared after healing."""

    name: ClassVar = "alarms"
    unit: ClassVar = "s"

    def begin(self, scene: Scene) -> None:
        """Plan for what happens beside the plant, which the plant does not report."""
        super().begin(scene)
        self._signs = by_nature()
        self._claims = Claims(scene)
        self._due: list[_Due] = []
        self._seen: dict[str, tuple[int, bool]] = {}
        self._standing: dict[str, AlarmTransition] = {}
        self._held_ns: dict[str, int] = {}
        self._looked_ns = scene.origin_ns
        self._event_ns = scene.origin_ns
        self._commanded_ns: dict[str, int] = {}
        self._staged_ns: dict[str, int] = {}
        self._begun: list[_Due] = []
        self._counted = 0
        for fault in self.timeline.faults:
            if fault.nature == DAEMON:
                self._expect(DAEMON, "injected", fault.event, self.site.id, fault.to_ns)
            elif fault.nature == GATEWAY or fault.event in OF_INSTRUMENTS:
                self._expect(fault.nature, "injected", fault.event, fault.target, fault.from_ns)

    def look(self, now_ns: int) -> None:
        """Take up what the plant did."""
        for event in self.fresh():
            self._event_ns = now_ns
            self._take(event)
        self._judge(now_ns)
        if now_ns - self._looked_ns >= SECOND:
            self._looked_ns = now_ns
            self._hold(now_ns)

    def _hold(self, now_ns: int) -> None:
        """Note which standing alarms still have their cause: a load goes on when all is at rest."""
        for alarm_id, alarm in self._standing.items():
            if self._claims.hold(alarm.alarm_class, alarm.source) is not False:
                self._held_ns[alarm_id] = now_ns

    def _take(self, event: PlantEvent) -> None:
        item = self.site.equipment.get(event.source)
        if item is None or item.nature not in self._signs:
            return
        if event.name in _OF_COMMANDS and not self._by_us(event):
            return
        if event.name == "stage":
            self._staged_ns[event.source] = event.at_ns
        for name in _FIELDS:
            word = str(event.fields.get(name, ""))
            for happening in (event.name, name):
                self._expect(item.nature, happening, word, event.source, event.at_ns)
        self._expect(item.nature, event.name, "", event.source, event.at_ns)

    def _by_us(self, event: PlantEvent) -> bool:
        """Return whether it was a command of ours that a breaker did not obey."""
        return event.at_ns - self._commanded_ns.get(event.source, -NEVER_NS) <= ns(OURS_S)

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        """Note when a device was told to act."""
        if point == "command" and value:
            self._commanded_ns[equipment] = now_ns

    def _expect(self, nature: str, happening: str, word: str, source: str, at_ns: int) -> None:
        for sign in self._signs.get(nature, ()):
            if (sign.happening, sign.word) == (happening, word):
                due = _Due(at_ns + ns(sign.within_s), source, at_ns, sign)
                if due not in self._due:
                    heapq.heappush(self._due, due)
                    self._begun.append(due)

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Note what is said."""
        for item in news:
            if not isinstance(item, AlarmTransition):
                continue
            self._seen[item.alarm_id] = item.at_ns, item.active
            if item.active:
                self._standing[item.alarm_id] = item
            else:
                self._standing.pop(item.alarm_id, None)

    # Raised.

    def _judge(self, now_ns: int) -> None:
        while self._due and self._due[0].by_ns <= now_ns:
            due = heapq.heappop(self._due)
            later_ns = self._begun_ns(due) + ns(due.sign.within_s)
            if due.sign.happening in LASTING and later_ns > due.by_ns:
                heapq.heappush(self._due, due._replace(by_ns=later_ns))
                continue
            said = self._said(due)
            excused = not said and self._excused(due)
            self._counted += not excused
            if not (said or excused):
                named = " or ".join(due.sign.classes)
                text = f"{due.source} {due.sign.word or due.sign.happening}: no {named}"
                self.blame(due.since_ns, text, limit=due.sign.within_s)

    def judged(self, now_ns: int) -> str:
        """Return how many faults showed a sign, how many signs were judged, and what has none."""
        begun = [f for f in self.timeline.faults if f.from_ns <= now_ns]
        if not begun:
            return ""
        mute = [f for f in begun if not any(self._of(due, f) for due in self._begun)]
        text = f"{len(begun) - len(mute)} of {len(begun)} faults show a sign"
        text += f", {self._counted} signs judged"
        names = [*dict.fromkeys(f"{f.target} {f.event}" for f in mute)]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return text + (f"; none of: {', '.join(names[:NAMED])}{more}" if names else "")

    def _of(self, due: _Due, fault: Fault) -> bool:
        """Return whether a sign is of a fault, or of what the target did while it acted."""
        source = self.site.id if fault.nature == DAEMON else fault.target
        own = due.sign.happening != "injected" or due.sign.word == fault.event
        return due.source == source and own and fault.from_ns <= due.since_ns <= fault.to_ns

    def _said(self, due: _Due) -> bool:
        for alarm_id in self._ids(due):
            at_ns, active = self._seen.get(alarm_id, (-NEVER_NS, False))
            if active or at_ns >= due.since_ns - ns(LEAD_S):
                return True
        return False

    def _ids(self, due: _Due) -> Iterator[str]:
        item = self.site.equipment.get(due.source)
        sources = [due.source, self.site.id, *self._alone_behind(due.source)]
        if item is not None:
            sources += self._near(item)
            sources += [item.group] if item.group else []
        return (f"{class_}:{source}" for class_ in due.sign.classes for source in sources)

    def _near(self, item: Equipment) -> list[str]:
        """Return what measures at the buses of an item."""
        sensing = self.site.of_nature("relay", "meter")
        return [e.id for e in sensing if set(e.buses) & set(item.buses)]

    def _alone_behind(self, gateway: str) -> list[str]:
        """Return the only device behind a gateway: then it is the one that is said to be silent."""
        behind = [
            e.id for e in self.site.equipment.values() if e.device and e.device.gateway == gateway
        ]
        return behind if len(behind) == 1 else []

    def _begun_ns(self, due: _Due) -> int:
        """Return since when it could have been noticed: a pause of the process comes first [ns]."""
        acting = self.timeline.acting(due.since_ns, due.by_ns)
        return max((due.since_ns, *(f.to_ns for f in acting if f.event == PAUSE)))

    def _excused(self, due: _Due) -> bool:
        """Return whether it ended too soon, or nobody could be told."""
        begun_ns = self._begun_ns(due)
        if begun_ns > due.since_ns and due.sign.happening not in LASTING:
            return True
        item = self.site.equipment.get(due.source)
        if item is not None:
            # What shows nothing itself, such as a utility, is known by what measures beside it.
            showing = {due.source} if item.device else set(self._near(item))
            ways = {self._way(name) for name in showing}
            for fault in self.timeline.acting(due.since_ns, due.by_ns):
                lie = fault.event in OF_INSTRUMENTS and fault.event != due.sign.word
                if fault.target in ways or (fault.target in showing and lie):
                    return True
        return self._ended_ns(due) - begun_ns < ns(due.sign.lasts_s)

    def _way(self, name: str) -> str:
        """Return the gateway that a device stands behind."""
        device = self.site.equipment[name].device
        return device.gateway if device else ""

    def _ended_ns(self, due: _Due) -> int:
        """Return when what shows the fault was over, `NEVER_NS` while it is so [ns]."""
        if due.sign.happening == "injected":
            ends = [
                f.to_ns
                for f in self.timeline.faults
                if f.target == due.source and f.event == due.sign.word and f.from_ns == due.since_ns
            ]
            return min(ends, default=NEVER_NS)
        if due.sign.happening == "failed_to_close":
            return due.since_ns if self.plant.quantity(due.source, "closed") else NEVER_NS
        if due.sign.happening == "stage":
            # The same stage may have come again: only what came first was expected by then.
            return NEVER_NS if self._staged_ns[due.source] <= due.since_ns else due.since_ns
        return NEVER_NS

    # Cleared.

    def verdicts(self, now_ns: int) -> Iterable[Verdict]:
        """Return the verdict, after a last look at what still stands."""
        rested_ns = max(self.timeline.healed_ns, self._event_ns)
        for alarm_id, alarm in self._standing.items():
            rule = self._claims.rules.get(alarm.alarm_class)
            if rule is None or rule.latching or alarm.state in {"E", "F"}:
                continue
            allowed_s = SETTLE_S + rule.off_delay_s
            over_ns = max(rested_ns, self._held_ns.get(alarm_id, 0))
            if now_ns - over_ns < ns(allowed_s):
                continue
            if self._claims.hold(alarm.alarm_class, alarm.source) is False:
                lasted_s = seconds(now_ns - over_ns)
                self.blame(over_ns, f"{alarm_id} still stands", lasted_s, allowed_s)
        return super().verdicts(now_ns)
