"""Transfer reports from the stream of events: live, and again from a journal.

A `Reporter` hears every event and sees the images of the main lane. From the first event that finds
the plant out of rest (`daemon.core.report.rest`) until all has been at rest for `settle_s` it keeps
both; then it makes the report. `read_again` feeds one with the records of a journal in the very
order in which the scan recorded them, so the same reports come out, and beyond that what no running
daemon could give: a transfer in the middle of which the daemon was restarted is one report there,
which says so.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.core.report.account import Record, account
from daemon.core.report.rest import LOCAL, Rest, hear
from daemon.core.report.samples import Samples
from daemon.core.report.stages import Said
from daemon.core.report.subjects import subjects
from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import SECOND, ns, seconds
from daemon.model.transfer_report import Remark, report_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from daemon.core.report.limits import Params
    from daemon.core.report.subjects import Subjects
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable
    from daemon.model.transfer_report import TransferReport

EVENT: Final = "transfer_report"
"""Name of the event that carries a report into the journal and to the publishers."""
BEFORE_S: Final = 5.0
"""What was said and seen for so long before the begin is kept [s]."""
MADE: Final = 20
"""Reports that can be asked for while a daemon runs; the journal has all of them."""
KEPT: Final = 5000
"""Events of one transfer at most."""
_SILENT: Final = frozenset("GHI")


class Reporter:
    """Follows what happens and makes a report of every transfer.

    Attributes:
        under_way: the transfer that is not over yet, if any.
        made: the last reports.
    """

    def __init__(
        self,
        site: Site | None,
        points: PointTable | None,
        limits: Params,
        done: Callable[[TransferReport], None],
        offset_ns: int = 0,
    ) -> None:
        """Give every report to `done`.

        Args:
            site: the plant as drawn; None where only its events are known.
            points: its point table, None likewise.
            limits: of the site.
            done: takes a report when its transfer is over.
            offset_ns: wall clock is monotonic time plus this [ns].
        """
        self.under_way: Record | None = None
        self.made: Final[deque[TransferReport]] = deque(maxlen=MADE)
        self._site = site.id if site else ""
        self._subjects = subjects(site, points) if site and points else None
        self._limits = limits
        self._done = done
        self._offset_ns = offset_ns
        self._rest = Rest()
        self._rest_ns = 0
        self._ended_ns = 0
        self._said: deque[tuple[int, Event]] = deque()
        self._alarms: deque[tuple[int, AlarmTransition]] = deque()
        self._looks: deque[tuple[int, NDArray[np.float64]]] = deque()

    def hear(self, item: Event | AlarmTransition) -> None:
        """Take in what was said."""
        at_ns = item.at_ns + self._offset_ns
        if isinstance(item, AlarmTransition):
            self._alarm(at_ns, item)
            return
        if item.name == EVENT:
            return
        self._close_when_settled(at_ns)
        self._rest = hear(self._rest, item)
        busy = bool(self._rest.busy())
        if self.under_way is None:
            self._said.append((at_ns, item))
            _forget(self._said, at_ns)
            if busy or item.name in LOCAL:
                self._begin(at_ns)
        else:
            self._keep(self.under_way, at_ns, item)
        if busy:
            self._rest_ns = 0
        elif self.under_way is not None and (not self._rest_ns or item.name in LOCAL):
            self._rest_ns = self._ended_ns = at_ns

    def _keep(self, record: Record, at_ns: int, item: Event) -> None:
        if len(record.said) < KEPT:
            record.said.append(Said(_since(record, at_ns), item))
        else:
            record.dropped += 1

    def _alarm(self, at_ns: int, item: AlarmTransition) -> None:
        if not item.active or item.state in _SILENT:
            return
        self._alarms.append((at_ns, item))
        _forget(self._alarms, at_ns)
        if self.under_way is not None:
            self._note(self.under_way, at_ns, item)

    def _note(self, record: Record, at_ns: int, item: AlarmTransition) -> None:
        text = f"alarm {item.priority}: {item.text}"
        remark = Remark(_since(record, at_ns), item.source, "alarm", text)
        known = any(text == one.text for one in record.alarms)
        if not known and len(record.alarms) < KEPT:
            record.alarms.append(remark)

    def _begin(self, at_ns: int) -> None:
        """Begin a record, with what was said and seen shortly before."""
        record = Record(self._site, at_ns)
        for said_ns, event in self._said:
            record.said.append(Said(_since(record, said_ns), event))
        for raised_ns, alarm in self._alarms:
            self._note(record, raised_ns, alarm)
        if self._subjects is not None:
            record.samples = Samples(len(self._subjects.each))
            for seen_ns, row in self._looks:
                record.samples.add(_since(record, seen_ns), row)
        before = [e for _, e in self._said if e.fields.get("before") == "unjudged"]
        if any(e.fields.get("stage") not in {"on_main", "unjudged"} for e in before):
            record.missing.append("the begin: it was under way when this daemon started")
        self.under_way = record
        self._said.clear()

    def look(self, lane: str, image: Image) -> None:
        """See the plant, and close the report when all has been at rest for long enough.

        The main lane shows values; the switching lane, which looks more often, only what moved.
        """
        at_ns = image.now_ns + self._offset_ns
        if self._subjects is not None and (lane == "main" or self.under_way is not None):
            self._see(lane, at_ns, self._subjects.look(image), self._subjects)
        self._close_when_settled(at_ns)

    def _see(self, lane: str, at_ns: int, row: NDArray[np.float64], subjects_: Subjects) -> None:
        if lane != "main":
            last = subjects_.showing(self._looks[-1][1]) if self._looks else np.empty(0)
            if np.array_equal(last, subjects_.showing(row), equal_nan=True):
                return
        if self.under_way is not None and self.under_way.samples is not None:
            self.under_way.samples.add(_since(self.under_way, at_ns), row)
        self._looks.append((at_ns, row))
        _forget(self._looks, at_ns)

    def _close_when_settled(self, at_ns: int) -> None:
        settle_ns = ns(self._limits.settle_s)
        if self.under_way is not None and self._rest_ns and at_ns - self._rest_ns >= settle_ns:
            self._close(self._ended_ns)

    def restarted(self, offset_ns: int, now_ns: int) -> None:
        """Go on with the record of another boot, which knows nothing of the one before.

        Args:
            offset_ns: wall clock is its monotonic time plus this [ns].
            now_ns: monotonic time of its begin [ns].
        """
        begun_ns = now_ns + offset_ns
        if self.under_way is not None:
            at_s = _since(self.under_way, begun_ns)
            self.under_way.missing.append(
                f"the daemon was restarted at {at_s:.2f} s: what happened while none ran"
            )
            # Until the new daemon has judged what it finds, nothing is known to be at rest.
            self._rest_ns = self._ended_ns = begun_ns
        self._offset_ns = offset_ns
        self._rest = Rest()
        self._said.clear()
        self._looks.clear()

    def end(self, why: str, at_ns: int) -> None:
        """Close what is under way because the record ends at a monotonic time [ns]."""
        if self.under_way is None:
            return
        if not self._rest_ns:
            busy = ", ".join(self._rest.busy())
            self.under_way.missing.append(f"the end: {why}; not at rest: {busy}")
        self._close(self._ended_ns if self._rest_ns else at_ns + self._offset_ns)

    def _close(self, ended_ns: int) -> None:
        assert self.under_way is not None
        record, self.under_way = self.under_way, None
        self._rest_ns = 0
        self.made.append(account(record, self._subjects, self._limits, ended_ns))
        self._done(self.made[-1])


def _since(record: Record, at_ns: int) -> float:
    return round(seconds(at_ns - record.began_utc_ns), 4)


def _forget(kept: deque[Any], at_ns: int) -> None:
    """Let go of what is older than `BEFORE_S`."""
    while kept and at_ns - kept[0][0] > BEFORE_S * SECOND:
        kept.popleft()


def read_again(
    records: Iterable[Mapping[str, Any]],
    site: Site | None,
    points: PointTable | None,
    limits: Params,
) -> list[TransferReport]:
    """Return the report of every transfer in a record, the unfinished one too.

    What is only known from a report that the daemon made at the time, because the record of its
    begin is gone, is taken from there.

    Args:
        records: as `daemon.journal.journal.read` gives them; images may be left out.
        site: the plant as drawn, None to do with the events.
        points: its point table, None likewise.
        limits: of the site.
    """
    found: list[TransferReport] = []
    kept: list[TransferReport] = []
    reporter = Reporter(site, points, limits, found.append)
    seen: tuple[str, Image] | None = None
    epoch: int | None = None
    now_ns = 0
    for record in records:
        if seen is not None and not (record["k"] == "out" and record["lane"] == seen[0]):
            reporter.look(*seen)
            seen = None
        if record["k"] == "boot":
            if record["epoch"] != epoch:
                epoch, now_ns = record["epoch"], record["n"]
                reporter.restarted(record["u"] - record["n"], record["n"])
        elif record["k"] == "in":
            now_ns = record["image"].now_ns
            seen = record["lane"], record["image"]
        elif record["k"] == "out":
            now_ns = record["n"]
            for item in record["events"]:
                if isinstance(item, Event) and item.name == EVENT:
                    kept.append(report_of(item.fields))
                reporter.hear(item)
    if seen is not None:
        reporter.look(*seen)
    reporter.end("the record ends here", now_ns)
    found += [old for old in kept if not any(_same(old, new) for new in found)]
    return sorted(found, key=lambda report: report.began_utc_ns)


def _same(one: TransferReport, other: TransferReport) -> bool:
    """Return whether two reports speak of one transfer: their times overlap."""
    first, second = sorted((one, other), key=lambda report: report.began_utc_ns)
    return second.began_utc_ns <= first.began_utc_ns + ns(first.lasted_s)
