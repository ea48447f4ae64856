"""No alarm that nothing explains.

An alarm is explained when what it says is so (`claims`); and besides, once a fault has acted or an
operator asked for something, when

- the fault acts, or has acted within `AFTER_S`, on its source or on the gateway it is read over,
  or on the process itself: what is read there may be false or missing;
- its source has reported something, or a contact or source has moved anywhere, within its on-delay
  and `AFTER_S`: what it says was so a moment ago;
- the plant cannot know whether it is so (a conclusion of the daemon) and a fault has acted within
  `CONCLUDED_S`.

So without any fault every alarm must be literally true, and with one no device far away from it may
complain of what is not so.

Cannot see: alarms that are true but not worth saying; that is what suppression and priorities in
config/alarms are for, and the scenarios' own `no_alarm`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from daemon.model.events import AlarmTransition
from daemon.model.quantities import ns
from daemon.rehearsal.oracles.claims import Claims
from daemon.rehearsal.oracles.oracle import Oracle
from device_emulators.selection import DAEMON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.events import Event
    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.live import Live

AFTER_S: Final = 10.0
CONCLUDED_S: Final = 60.0
RAISED: Final = "B"
"""Letter of an alarm that has come to people's notice."""


class Unexplained(Oracle):
    """No alarm without a cause in the plant."""

    name: ClassVar = "unexplained"

    def begin(self, scene: Scene) -> None:
        """Begin with nothing said."""
        super().begin(scene)
        self._claims = Claims(scene)
        self._raised: set[str] = set()
        self._reported_ns: dict[str, int] = {}
        self._moved_ns = -1
        self._topology: Live | None = self.grid.live_part

    def look(self, now_ns: int) -> None:
        """Note what has just happened."""
        for event in self.fresh():
            self._reported_ns[event.source] = event.at_ns
        if self.grid.live_part is not self._topology:
            self._topology, self._moved_ns = self.grid.live_part, now_ns

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Judge what is raised."""
        for item in news:
            if not isinstance(item, AlarmTransition):
                continue
            if not item.active:
                self._raised.discard(item.alarm_id)
            elif item.state == RAISED and item.alarm_id not in self._raised:
                self._raised.add(item.alarm_id)
                if not self._explained(item):
                    self.blame(item.at_ns, f"{item.alarm_id}: {item.text}")

    def _explained(self, alarm: AlarmTransition) -> bool:
        holds = self._claims.hold(alarm.alarm_class, alarm.source)
        if holds:
            return True
        now_ns = alarm.at_ns
        if not self.timeline.begun(now_ns):
            return False
        rule = self._claims.rules.get(alarm.alarm_class)
        after_ns = now_ns - ns(AFTER_S + (rule.on_delay_s if rule is not None else 0.0))
        if self.timeline.on(self._read_over(alarm.source), after_ns, now_ns):
            return True
        if max(self._moved_ns, self._reported_ns.get(alarm.source, -1)) >= after_ns:
            return True
        return (
            holds is None
            and (rule is None or rule.condition == "told")
            and any(self.timeline.acting(after_ns - ns(CONCLUDED_S), now_ns))
        )

    def _read_over(self, source: str) -> frozenset[str]:
        """Return what a value of `source` depends on: itself, its gateway, the process."""
        item = self.site.equipment.get(source)
        device = item.device if item else None
        return frozenset({source, DAEMON, *({device.gateway} if device else ())})
