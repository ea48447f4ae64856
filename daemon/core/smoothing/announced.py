"""Jobs that a scheduler announces: taken up, refused with a reason, and forgotten in time.

A notice says that a job starts or stops at a time, and by how much the load changes then; the same
id again replaces it, and `cancel` takes it back. What cannot be is refused by name and changes
nothing; either is an event, which is the audit.

| name | refused because |
|---|---|
| `past` | its time is over |
| `too_far` | it lies further ahead than notices are kept |
| `power` | no such change is possible: not a number, not above zero, above all rows' rating |
| `unknown_job` | a job that was not announced cannot be taken back |
| `too_many` | so many announced jobs are no schedule |

The power of a notice is a promise, not a measurement: it moves what smoothing prepares, within what
the storage bears, and nothing else.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.smoothing.limiter import Notice
from daemon.model.commands import JobNotice
from daemon.model.quantities import ns, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.view import View
    from daemon.model.events import Event

MOST: Final = 64
_SIGNS: Final = {"start": 1.0, "stop": -1.0}


class Announced(NamedTuple):
    """A job that has been announced.

    Attributes:
        at_utc_ns: when it starts or stops, by the wall clock [ns].
        id: chosen by the scheduler.
        change_w: by how much the load changes, rise positive [W].
    """

    at_utc_ns: int
    id: str
    change_w: float


def heard(
    view: View, jobs: tuple[Announced, ...], ahead_s: float
) -> tuple[tuple[Announced, ...], tuple[Event, ...]]:
    """Return the jobs that are announced after this scan's mail, the next first, and the events.

    Args:
        view: the plant and its mail.
        jobs: announced before.
        ahead_s: notices are kept at most so long [s].
    """
    events: list[Event] = []
    for message in view.inbox:
        if not isinstance(message, JobNotice):
            continue
        others = tuple(job for job in jobs if job.id != message.id)
        problem = _problem(view, message, jobs, ahead_s)
        fields = {"user": message.user, "job": message.id, "action": message.action}
        if problem is not None:
            name, why = problem
            text = f"Notice of job {message.id} by {message.user} refused: {why}"
            fields["interlock"] = name
            events.append(view.event(view.site.id, "job_notice_refused", text, **fields))
        elif message.action == "cancel":
            jobs = others
            text = f"Job {message.id} is taken back by {message.user}"
            events.append(view.event(view.site.id, "job_notice_taken", text, **fields))
        else:
            change_w = _SIGNS[message.action] * message.power_w
            jobs = tuple(sorted((*others, Announced(message.at_utc_ns, message.id, change_w))))
            left_s = seconds(message.at_utc_ns - view.image.utc_ns)
            text = (
                f"Job {message.id} is to {message.action} in {left_s:.0f} s with "
                f"{message.power_w / 1e6:.2f} MW, says {message.user}"
            )
            events.append(view.event(view.site.id, "job_notice_taken", text, **fields))
    return jobs, tuple(events)


def _problem(
    view: View, notice: JobNotice, jobs: Sequence[Announced], ahead_s: float
) -> tuple[str, str] | None:
    """Return name and text of what is wrong with a notice."""
    known = any(job.id == notice.id for job in jobs)
    if notice.action == "cancel":
        return None if known else ("unknown_job", "no job of this id is announced")
    left_ns = notice.at_utc_ns - view.image.utc_ns
    if left_ns <= 0:
        return "past", f"its time was {seconds(-left_ns):.1f} s ago"
    if left_ns > ns(ahead_s):
        return "too_far", f"it is {seconds(left_ns):.0f} s ahead, at most {ahead_s:.0f} s are kept"
    most_w = sum(row.ratings["power_w"] for row in view.site.of_nature("rack_row"))
    if not isfinite(notice.power_w) or not 0.0 < notice.power_w <= most_w:
        return "power", f"{notice.power_w:g} W is not above 0 and at most {most_w:g} W"
    if len(jobs) >= MOST and not known:
        return "too_many", f"{MOST} jobs are announced already: take one back"
    return None


def notices(jobs: Sequence[Announced], utc_ns: int, now_ns: int) -> tuple[Notice, ...]:
    """Return the jobs as the limiter takes them, by the monotonic clock."""
    return tuple(Notice(job.at_utc_ns - utc_ns + now_ns, job.change_w) for job in jobs)


def still(jobs: tuple[Announced, ...], utc_ns: int, late_s: float) -> tuple[Announced, ...]:
    """Return the jobs that have not come so long ago that all of them has been seen."""
    if not jobs or jobs[0].at_utc_ns + ns(late_s) > utc_ns:
        return jobs
    return tuple(job for job in jobs if job.at_utc_ns + ns(late_s) > utc_ns)
