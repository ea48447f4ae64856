"""When a report begins and ends, and that a journal gives the same as the running daemon."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from daemon import app, settings
from daemon.core.report.limits import Params
from daemon.drivers.driver import Driver, Link, Statistics
from daemon.journal.journal import read, told
from daemon.model.commands import Command, Outcome, Result
from daemon.model.events import AlarmTransition, Event
from daemon.model.points import tabulate
from daemon.model.quantities import MILLISECOND, SECOND, ns
from daemon.model.transfer_report import TransferReport
from daemon.runtime.clock import SleepTicks
from daemon.runtime.transfer_reports import EVENT, Reporter, read_again
from daemon.runtime.world import World
from tests.hall import Hall
from tests.unit.core.report.story import event, outage, sag, section, standby, supply, ups
from tests.unit.journal.memory import MemoryFiles
from tests.unit.runtime.desk import HandClock, InlineWorkers


def heard(*stories: list[Event], apart_s: float = 0.0) -> list[TransferReport]:
    """Return the reports of stories told one after the other."""
    found: list[TransferReport] = []
    reporter = Reporter(None, None, Params(), found.append)
    for i, story in enumerate(stories):
        for one in story:
            at_ns = one.at_ns + ns(100.0 + i * apart_s)
            reporter.hear(Event(at_ns, one.source, one.name, one.text, one.fields))
    reporter.end("enough", ns(1e6))
    return found


def test_sags_that_follow_one_another_are_reports_of_their_own() -> None:
    found = heard(sag(), sag(), sag(), apart_s=14.0)
    assert [one.kind for one in found] == ["sag"] * 3
    assert [one.lasted_s for one in found] == [1.09] * 3
    assert all(one.complete for one in found)


def test_a_second_loss_before_all_is_at_rest_belongs_to_the_first() -> None:
    (found,) = heard(sag(), sag(), apart_s=3.0)
    assert found.lasted_s == 4.09


def test_an_outage_goes_on_to_the_end_of_the_cool_down() -> None:
    (found,) = heard(outage())
    assert (found.kind, found.lasted_s, found.complete) == ("outage", 90.0, True)


def test_a_record_that_ends_in_the_middle_is_told_as_far_as_it_goes() -> None:
    (found,) = heard(outage(accepted_s=None))
    assert not found.complete
    assert "not at rest: utility (outage)" in found.missing[0]
    assert not found.ok  # the load never came


def test_what_was_said_and_alarmed_shortly_before_is_kept_with_it() -> None:
    found: list[TransferReport] = []
    reporter = Reporter(None, None, Params(), found.append)
    old, near, other = (event(at_s, "TX-P-A", "stage", f"said at {at_s}") for at_s in (1, 8, 9.9))
    reporter.hear(old)
    reporter.hear(near)
    alarm: dict[str, Any] = dict.fromkeys(AlarmTransition.__dataclass_fields__, "")
    alarm |= {"at_ns": ns(9.9), "state": "B", "active": True, "priority": 2}
    reporter.hear(AlarmTransition(**{**alarm, "text": "TX-P-A: differential operated"}))
    reporter.hear(other)
    reporter.hear(section(10.0, "MVA", "on_main", "awaiting"))
    reporter.hear(section(10.1, "MVA", "feeding", "on_alternate"))
    reporter.end("enough", ns(20.0))
    (report,) = found
    texts = [one.text for one in report.remarks]
    assert "said at 1" not in texts
    assert {"said at 8", "said at 9.9"} <= set(texts)
    assert report.cause.endswith("alarm 2: TX-P-A: differential operated")
    assert min(one.at_s for one in report.remarks) == -2.0


def _boot(epoch: int, now_s: float, utc_s: float) -> dict[str, Any]:
    return {"k": "boot", "epoch": epoch, "n": ns(now_s), "u": ns(utc_s)}


def _out(*events: Event) -> list[dict[str, Any]]:
    return [{"k": "out", "lane": "switching", "n": one.at_ns, "events": (one,)} for one in events]


def test_a_daemon_that_is_restarted_in_the_middle_leaves_one_report_that_says_so() -> None:
    first = [one for one in outage() if one.at_ns < ns(30.0)]
    # The clock of the machine began anew as well: only the wall clock joins the two.
    after = [
        section(5.0, "MVA", "unjudged", "on_alternate"),
        standby(5.0, "DG-1", "at_rest", "on_bus"),
        supply(5.1, "outage_detected", "disturbed"),
        supply(20.0, "supply_restored", "normal"),
        section(22.0, "MVA", "on_alternate", "synchronising"),
        section(23.0, "MVA", "synchronising", "parting"),
        section(23.06, "MVA", "parting", "on_main"),
        standby(50.0, "DG-1", "stopping", "at_rest"),
    ]
    records = [_boot(1, 0.0, 1000.0), *_out(*first), _boot(2, 4.0, 1040.0), *_out(*after)]
    (found,) = read_again(records, None, None, Params())
    assert found.began_utc_ns == ns(1000.0)
    assert found.lasted_s == 86.0
    assert not found.complete
    assert found.missing[0] == ("the daemon was restarted at 40.00 s: what happened while none ran")
    assert {"load_accepted", "retransferred"} <= {stage.name for stage in found.stages}


def test_another_file_of_the_same_boot_is_no_restart() -> None:
    story = outage()
    records = [_boot(1, 0.0, 0.0), *_out(*story[:9]), _boot(1, 0.0, 0.0), *_out(*story[9:])]
    (found,) = read_again(records, None, None, Params())
    assert found.complete


def test_a_daemon_that_starts_in_the_middle_knows_that_it_missed_the_begin() -> None:
    records = [
        _boot(1, 0.0, 0.0),
        *_out(section(1.0, "MVA", "unjudged", "on_alternate"), ups(1.1, "UPS-A", "battery")),
    ]
    (found,) = read_again(records, None, None, Params())
    assert found.missing[0].startswith("the begin")


def test_a_report_whose_begin_is_no_longer_recorded_is_taken_as_it_was_made() -> None:
    (old,) = heard(outage())
    kept = event(200.0, "transfer", EVENT, **old.plain())
    records = [_boot(1, 190.0, 190.0), *_out(kept)]
    assert read_again(records, None, None, Params()) == [old]
    both = [_boot(1, 0.0, 100.0), *_out(*outage(), kept)]
    assert len(read_again(both, None, None, Params())) == 1


class _Obeying:
    """A gateway to the hall on paper."""

    def __init__(self, link: Link, hall: Hall) -> None:
        self.gateway = link.gateway.id
        self.statistics = Statistics()
        self.hall = hall

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def write(self, command: Command) -> Outcome:
        self.hall.obey(command)
        self.hall.inbox.clear()
        return Outcome(command.id, Result.ACKNOWLEDGED, self.hall.now_ns, "")


class _Listening:
    """A publisher that keeps what it is told."""

    name = "listening"

    def __init__(self) -> None:
        self.told: list[Event] = []

    def show(self, snapshot: object) -> None:
        pass

    def tell(self, news: Any) -> None:
        self.told += [one for one in news if isinstance(one, Event) and one.name == EVENT]

    async def run(self) -> None:
        await asyncio.Event().wait()


async def test_the_journal_gives_the_report_that_the_daemon_made() -> None:
    clock, hall, files, links = HandClock(), Hall(), MemoryFiles(), []
    listening = _Listening()

    def connect(link: Link) -> Driver:
        links.append(link)
        return _Obeying(link, hall)

    world = World(
        clock=clock,
        ticks=lambda period_ns: SleepTicks(clock.monotonic_ns, period_ns),
        files=files,
        workers=InlineWorkers(),
        links=connect,
        north=lambda _: (listening,),
        chance=np.random.default_rng(1),
    )
    site_file = settings.load(settings.site_path("ai_hall"))
    daemon = app.build(world, site_file, lambda _: None)
    table, acting = links[0].table, asyncio.create_task(daemon.actuation.run())
    everything = np.arange(len(table.values))
    for tick in range(1600):
        clock.now += 10 * MILLISECOND
        hall.now_ns = clock.now
        if tick == 600:
            hall.lose_mains()
        hall.happen()
        image = hall.image()
        table.put(everything, image.values, image.quality, clock.now)
        daemon.scan._tick(clock.now)
        for _ in range(3):
            await asyncio.sleep(0)
    daemon.reporter.end("the record ends here", clock.now)
    acting.cancel()
    (made,) = daemon.reporter.made
    assert made.kind == "outage"
    names = {stage.name for stage in made.stages}
    assert {"intake_opened", "start_command", "cranking", "voltage_built"} <= names
    assert made.curves
    assert made.bands
    records = [r for r in read(files) if r["k"] != "out" or r["lane"] != "shell"]
    again = read_again(records, site_file.site, tabulate(site_file.site), Params())
    assert again == [made]
    # Without the values of the plant the events alone tell the same times.
    (brief,) = read_again(told(files), None, None, Params())
    assert {s.name: s.at_s for s in brief.stages} == {
        s.name: s.at_s for s in made.stages if s.name != "cranking"
    }
    (event_,) = listening.told
    assert event_.fields["ok"] is made.ok
    assert clock.now - event_.at_ns < SECOND
