"""What was sent to devices: nothing after its time, nothing twice, nothing again and again.

- *Late.* No command reaches its device at or after its expiry. Over a wire a frame may be under way
  longer than intended while a fault acts on the network: then it is the moment of sending that
  counts.
- *Twice.* A device is written a pair of epoch and id once, and is not told the same action twice
  within `AGAIN_S` with new ids either: that is a repetition that knows nothing of the first. A
  close may be told anew as soon as the site's time for one is over (its spring still charged: the
  device acknowledged and did nothing): that is the one retry, and it knows.
- *Again and again.* Within `WINDOW_S` a switch is told to close at most `CLOSES_MAX` times (one
  retry, one try on another path), and does close at most that often: no pumping.

Cannot see: whether an action was wise. A device that refused was told nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, ClassVar, Final

from daemon.model.commands import Result
from daemon.model.quantities import ns, seconds
from daemon.rehearsal.oracles.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.commands import Command, Outcome
    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.elements import PlantEvent

AGAIN_S: Final = 1.0
WINDOW_S: Final = 60.0
CLOSES_MAX: Final = 3
COMMAND: Final = "command"


class Commands(Oracle):
    """No command after its expiry, twice, or again and again."""

    name: ClassVar = "commands"

    def begin(self, scene: Scene) -> None:
        """Begin with nothing sent."""
        super().begin(scene)
        self._block: dict[str, dict[str, int]] = defaultdict(dict)
        self._reached_ns: dict[tuple[str, int, int], list[int]] = defaultdict(list)
        self._told: dict[str, tuple[int, int]] = {}
        self._closes: dict[str, deque[int]] = defaultdict(deque)
        self._closed: dict[str, deque[int]] = defaultdict(deque)
        self._answers: Counter[tuple[str, int, int]] = Counter()
        self._close_s = scene.site_file.control.operation.close_s

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        """Follow the block of epoch, id and command to the device."""
        if point in {"command_epoch", "command_id"}:
            self._block[equipment][point] = int(value)
        elif point == COMMAND and int(value) != 0:
            block = self._block[equipment]
            key = equipment, block.get("command_epoch", 0), block.get("command_id", 0)
            self._reached_ns[key].append(now_ns)
            if len(self._reached_ns[key]) > 1:
                self.blame(now_ns, f"command {key[2]} reached {equipment} twice")
            elif taken:
                self._judge_again(now_ns, equipment, int(value))

    def _judge_again(self, now_ns: int, equipment: str, code: int) -> None:
        action = self.site.equipment[equipment].kind.points[COMMAND].states[code]
        before = self._told.get(equipment)
        self._told[equipment] = now_ns, code
        again_s = min(AGAIN_S, self._close_s) if action == "close" else AGAIN_S
        if before is not None and before[1] == code and now_ns - before[0] < ns(again_s):
            gap_s = seconds(now_ns - before[0])
            self.blame(now_ns, f"{equipment} was told to {action} again after {gap_s:g} s")
        if action.startswith("close"):
            self._count(now_ns, self._closes[equipment], f"{equipment} was told to close")

    def _count(self, now_ns: int, times: deque[int], what: str) -> None:
        times.append(now_ns)
        while times[0] < now_ns - ns(WINDOW_S):
            times.popleft()
        if len(times) > CLOSES_MAX:
            text = f"{what} {len(times)} times in {WINDOW_S:g} s"
            self.blame(now_ns, text, float(len(times)), float(CLOSES_MAX))

    def happened(self, events: Sequence[PlantEvent]) -> None:
        """Count what closed by our command."""
        for event in events:
            if event.name == "closed" and event.fields.get("cause") == COMMAND:
                self._count(event.at_ns, self._closed[event.source], f"{event.source} closed")

    def answered(self, command: Command, outcome: Outcome, begun_ns: int) -> None:
        """Judge when a command was sent and when it arrived."""
        key = command.equipment, command.epoch, command.id
        if command.point == COMMAND:
            self._answers[key] += 1
            if self._answers[key] > 1:
                self.blame(outcome.at_ns, f"command {key[2]} to {key[0]} was sent twice")
        if outcome.result is Result.EXPIRED:
            return
        arrived = self._reached_ns.get(key, [])
        gateway = self._gateway(command.equipment)
        disturbed = self.timeline.on(frozenset({gateway}), begun_ns, outcome.at_ns)
        late_ns = begun_ns if disturbed else max((begun_ns, *arrived))
        if late_ns >= command.expires_at_ns:
            over_s = seconds(late_ns - command.expires_at_ns)
            self.blame(
                late_ns,
                f"{command.equipment} was told to {command.action} {over_s:g} s after the expiry",
            )

    def judged(self, now_ns: int) -> str:
        """Return how many commands were judged, heartbeats not counted."""
        return f"{len(self._answers)} commands"

    def _gateway(self, equipment: str) -> str:
        device = self.site.equipment[equipment].device
        return device.gateway if device else ""
