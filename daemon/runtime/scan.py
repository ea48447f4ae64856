"""The scan: freeze, step, record, act, publish, on a fixed grid, switching first.

**Order.** Every tick freezes the live table once; the lanes that are due step on that one image.
What reached a step is recorded before the step, what it decided before anything is sent. Commands
go to queues and their outcomes come back through the inbox: a scan waits for nothing.

**Idle.** A lane without mail that the core calls idle on what the table shows is neither stepped
nor recorded: its scan counts as done.

**Late.** The grid never slides. A slot that passed unused is counted; the event says so, at most
every `QUIET`, when a hundredth of that time was missed.

**Paused.** When the monotonic clock shows a hole of more than `PAUSE`, the process was stopped.
Before anything is sent, commands that wait are discarded, requests in the inboxes too, and every
value counts as old until it was read again; scans resume when all of it was, or after `HOLD`. The
same wait stands at the beginning.

**Wall clock.** It rules nothing. A step against the monotonic clock is an event with both times.

**Defect.** An exception in a step is our own mistake. That lane stops for good: no more commands
and no more heartbeats, so its devices take over by themselves, an event and an alarm say so. The
other lane goes on until the longest fall-back time of the site has passed, and then `run` raises
`DefectError`: the process ends with a code that is not 0, and whoever started it decides.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final, TypeVar

from daemon.core.step import Inputs, idle, step
from daemon.model.commands import LaneMessage, Message, OperatorRequest, Order
from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import MILLISECOND, SECOND, ns, seconds
from daemon.publishers.publisher import Snapshot
from daemon.runtime.stopwatch import Stopwatch
from daemon.runtime.supervisor import DefectError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.core.step import Step
    from daemon.drivers.driver import Driver, LinkChange
    from daemon.drivers.table import Table
    from daemon.journal.journal import Journal
    from daemon.model.estimate import Estimate
    from daemon.model.image import Image
    from daemon.model.transfer_report import TransferReport
    from daemon.publishers.publisher import Publisher
    from daemon.runtime.actuation import Actuation
    from daemon.runtime.lane import Lane
    from daemon.runtime.requests import Requests
    from daemon.runtime.stopwatch import Stepper
    from daemon.runtime.supervisor import Supervisor
    from daemon.runtime.world import World

T = TypeVar("T")

PAUSE: Final = SECOND
HOLD: Final = 2 * SECOND
READY: Final = 10 * SECOND
QUIET: Final = 10 * SECOND
CLOCK_STEP: Final = 100 * MILLISECOND
SHELL: Final = "shell"


class Scan:
    """Runs the lanes.

    Attributes:
        lanes: by name, in the order in which they step.
        alarms: last transition of every alarm that is not normal.
        listeners: told every event and alarm transition, in order.
        watchers: shown the lane and the image of every scan, after what it led to was told.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - where everything meets
        self,
        world: World,
        lanes: Sequence[Lane],
        table: Table,
        journal: Journal,
        actuation: Actuation,
        requests: Requests,
        drivers: Mapping[str, Driver],
        publishers: Sequence[Publisher],
        supervisor: Supervisor,
        stepper: Stepper = step,
    ) -> None:
        """Bring the parts together; nothing runs yet."""
        self.lanes: Final = {lane.name: lane for lane in lanes}
        self.alarms: Final[dict[str, AlarmTransition]] = {}
        self.listeners: Final[list[Callable[[Event | AlarmTransition], None]]] = []
        self.watchers: Final[list[Callable[[str, Image], None]]] = []
        self._clock = world.clock
        self._ticks = world.ticks
        self._table = table
        self._journal = journal
        self._actuation = actuation
        self._requests = requests
        self._figures = {lane.name: lane.figures for lane in lanes}
        self._drivers = drivers
        self._publishers = publishers
        self._supervisor = supervisor
        self._stopwatch = Stopwatch(world.clock.monotonic_ns, lanes[0].params, stepper)
        self._estimate: Estimate | None = None
        self._begun_ns = self._last_ns = world.clock.monotonic_ns()
        self._offset_ns = world.clock.utc_ns() - self._begun_ns
        self._hold_since_ns = self._begun_ns
        self._quiet_until_ns = 0
        self._missed: dict[str, list[tuple[int, int]]] = {}
        self._ready = False
        self._defect = ""
        self._leave_ns = 0
        self._deaf: set[str] = set()
        site = lanes[0].params.site
        self._fallback_ns = ns(
            max((e.device.fallback_after_s for e in site.equipment.values() if e.device), default=0)
        )

    async def run(self) -> None:
        """Scan for ever.

        Raises:
            DefectError: a lane stopped in its fail-safe and its devices had time to take over.
        """
        ticks = self._ticks(min(lane.period_ns for lane in self.lanes.values()))
        try:
            await ticks.each(self._tick)
        finally:
            ticks.close()

    def _tick(self, slot_ns: int) -> None:
        self._lanes_at(slot_ns)
        if self._defect and self._last_ns >= self._leave_ns:
            raise DefectError(self._defect)

    def _lanes_at(self, slot_ns: int) -> None:
        """Let the lanes that are due at `slot_ns` [ns] scan."""
        now_ns = self._clock.monotonic_ns()
        utc_ns = self._clock.utc_ns()
        self._watch(now_ns, utc_ns - now_ns)
        due = [lane for lane in self.lanes.values() if lane.due_ns <= slot_ns]
        if self._hold_since_ns and self._holds(now_ns):
            for lane in due:
                lane.skip(slot_ns)
            return
        if not due:
            return
        version, image = self._table.settle(now_ns), None
        began_ns = now_ns
        for lane in due:
            if lane.figures.stopped:
                continue
            if missed := lane.begin(slot_ns):
                self._overrun(lane, missed, now_ns)
            if lane.inbox or not idle(lane.state, version, now_ns):
                image = image or self._table.freeze(now_ns, utc_ns)
                self._scan(lane, image)
            ended_ns = self._clock.monotonic_ns()
            lane.end(slot_ns, began_ns, ended_ns)
            began_ns = ended_ns
            if lane.name == "main":
                image = image or self._table.freeze(now_ns, utc_ns)
                self._stopwatch.look(image)
                self._show(lane, image)

    def _scan(self, lane: Lane, image: Image) -> None:
        inbox = lane.take()
        self._journal.inputs(lane.name, image, inbox)
        try:
            done = self._stopwatch.step(lane.state, Inputs(image, inbox), lane.params)
        except Exception as error:
            self._stop(lane, image, error)
            return
        lane.state = done.state
        if done.estimate is not None:
            self._estimate = done.estimate
        self._journal.decided(lane.name, image.now_ns, done.commands, done.events)
        self._act(lane, done)
        self._tell(done.events)
        for watch in self.watchers:
            watch(lane.name, image)

    def _act(self, lane: Lane, done: Step) -> None:
        if done.commands:
            self._actuation.act(done.commands, lane.inbox.append)
        for request in done.requests:
            self._requests.ask(request, lane.inbox.append)
        if done.messages:
            for other in self.lanes.values():
                if other is not lane:
                    other.inbox.extend(done.messages)

    def _tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        if not news:
            return
        for item in news:
            if isinstance(item, AlarmTransition):
                if item.state == "A":
                    self.alarms.pop(item.alarm_id, None)
                else:
                    self.alarms[item.alarm_id] = item
            for listener in self.listeners:
                listener(item)
        for publisher in self._publishers:
            self._publish(publisher, publisher.tell, news)

    def _show(self, lane: Lane, image: Image) -> None:
        facts = lane.state.facts
        snapshot = Snapshot(
            image=image,
            estimate=self._estimate,
            lanes=self._figures,
            spent={**self._stopwatch.spent, "write": self._actuation.spread},
            gateways={name: driver.statistics for name, driver in self._drivers.items()},
            commands=self._actuation.results,
            alarms=self.alarms,
            endurance_s={**facts.fuel.endurance_s, "": facts.fuel.plant_s},
            charge=facts.charge.stores,
            substitutes=facts.substitutes,
            autonomy_s={load: path.autonomy_s for load, path in facts.autonomy.paths.items()},
            feeds=facts.autonomy.feeds,
            contingencies=facts.security.contingencies,
            schemes=self.lanes["switching"].state.facts.stages,
            tags=self.lanes["switching"].state.facts.tags,
            volatility=facts.volatility.stage,
            compliance=facts.compliance.kept,
            demand=facts.demand,
            ready=self._is_ready(image.now_ns),
            journal_failures=self._journal.failures,
            record=self._journal.keeping.held,
            tasks_restarted=self._supervisor.restarts,
        )
        for publisher in self._publishers:
            self._publish(publisher, publisher.show, snapshot)

    def _publish(self, publisher: Publisher, call: Callable[[T], None], what: T) -> None:
        """Call a publisher; its defect costs its messages and never a scan."""
        try:
            call(what)
        except Exception as error:
            if publisher.name not in self._deaf:
                self._deaf.add(publisher.name)
                self.happened("publisher_failed", publisher.name, f"cannot publish: {error!r}", {})

    def _is_ready(self, now_ns: int) -> bool:
        if not self._ready:
            waited = now_ns - self._begun_ns > READY
            self._ready = waited or self._table.complete(self._begun_ns)
        return self._ready

    def happened(self, name: str, source: str, text: str, values: Mapping[str, Any]) -> None:
        """Record and publish something the shell itself saw, and tell every lane of it."""
        for lane in self.lanes.values():
            lane.inbox.append(LaneMessage(SHELL, name, {"source": source, **values}))
        self.note(name, source, text, values)

    def note(self, name: str, source: str, text: str, values: Mapping[str, Any]) -> None:
        """Record and publish something that concerns no lane: none is woken by it."""
        event = Event(self._clock.monotonic_ns(), source, name, text, values)
        self._journal.decided(SHELL, event.at_ns, (), (event,))
        self._tell((event,))

    def reported(self, report: TransferReport) -> None:
        """Record and publish the report of a transfer; no lane needs it."""
        verdict = "all limits held" if report.ok else "limits were missed"
        verdict = verdict if report.judged else "no limit applies"
        text = f"report of {report.kind}, {report.lasted_s:.1f} s: {verdict}"
        now_ns = self._clock.monotonic_ns()
        event = Event(now_ns, "transfer", "transfer_report", text, report.plain())
        self._journal.decided(SHELL, now_ns, (), (event,))
        self._tell((event,))

    def linked(self, change: LinkChange) -> None:
        """Hear of a link that was lost or is back."""
        what = f"{change.gateway} {change.unit}".strip()
        text = f"{what} answers again" if change.up else f"{what} lost: {change.reason}"
        values = {"unit": change.unit, "up": change.up, "reason": change.reason}
        name = "link_restored" if change.up else "link_lost"
        self.happened(name, change.gateway, text, values)

    def ask(self, lane: str, message: Message) -> None:
        """Put a message of a person into the inbox of a lane."""
        self.lanes[lane].inbox.append(message)

    def _watch(self, now_ns: int, offset_ns: int) -> None:
        """Look for a hole in the monotonic time and for a step of the wall clock."""
        gap_ns, self._last_ns = now_ns - self._last_ns, now_ns
        if gap_ns > PAUSE:
            self._resume(gap_ns, now_ns)
        if offset_ns != self._offset_ns:
            moved_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
            if abs(moved_ns) > CLOCK_STEP:
                self._stepped(moved_ns, now_ns + offset_ns)

    def _stepped(self, by_ns: int, utc_ns: int) -> None:
        text = f"the wall clock stepped by {seconds(by_ns):+.3f} s"
        values = {"step_s": seconds(by_ns), "before_ns": utc_ns - by_ns, "after_ns": utc_ns}
        self.happened("clock_stepped", "daemon", text, values)

    def _resume(self, gap_ns: int, now_ns: int) -> None:
        discarded = self._actuation.discard("the process was paused meanwhile")
        for lane in self.lanes.values():
            kept = [m for m in lane.inbox if not isinstance(m, OperatorRequest | Order)]
            discarded += len(lane.inbox) - len(kept)
            lane.inbox[:] = kept
        self._table.expire(now_ns)
        self._hold_since_ns = now_ns
        text = f"the process was paused for {seconds(gap_ns):.2f} s; everything is read again"
        values = {"gap_s": seconds(gap_ns), "discarded": discarded}
        self.happened("process_paused", "daemon", text, values)

    def _holds(self, now_ns: int) -> bool:
        """Return whether scans wait for a complete read."""
        since_ns = self._hold_since_ns
        if now_ns - since_ns > HOLD or self._table.complete(since_ns):
            self._hold_since_ns = 0
        return bool(self._hold_since_ns)

    def _overrun(self, lane: Lane, missed: int, now_ns: int) -> None:
        """Say when a lane missed more of its scans than a machine does now and then."""
        recent = [m for m in self._missed.get(lane.name, ()) if now_ns - m[0] < QUIET]
        self._missed[lane.name] = recent = [*recent, (now_ns, missed)]
        total = sum(count for _, count in recent)
        if total * lane.period_ns >= QUIET // 100 and now_ns >= self._quiet_until_ns:
            self._quiet_until_ns = now_ns + QUIET
            text = f"the {lane.name} lane missed {total} of its scans within {seconds(QUIET):g} s"
            values = {"lane": lane.name, "missed": total, "total": lane.figures.overruns}
            self.happened("scan_overrun", "daemon", text, values)

    def _stop(self, lane: Lane, image: Image, error: Exception) -> None:
        """Bring a lane whose own code failed into its fail-safe."""
        lane.figures.stopped = repr(error)
        self._defect = f"the {lane.name} lane stopped: {error!r}"
        self._leave_ns = image.now_ns + self._fallback_ns + SECOND
        trace = "".join(traceback.format_exception(error))
        self.happened("lane_stopped", "daemon", self._defect, {"lane": lane.name, "trace": trace})
        alarm = AlarmTransition(
            at_ns=image.now_ns,
            utc_ns=image.utc_ns,
            alarm_id=f"lane_stopped:{lane.name}",
            occurrence=1,
            state="B",
            priority=1,
            alarm_class="lane_stopped",
            source="daemon",
            point="",
            value=0.0,
            limit=0.0,
            unit="",
            quality=0,
            active=True,
            acknowledged=False,
            text=self._defect,
            response="The devices' own logic takes over. Keep the journal; restart the daemon.",
        )
        self._journal.decided(SHELL, image.now_ns, (), (alarm,))
        self._tell((alarm,))
