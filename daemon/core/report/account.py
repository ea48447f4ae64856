"""The report of a transfer, made of what was said and seen while it lasted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daemon.core.report.deeds import RELIEF, TROUBLES, deeds, remarks
from daemon.core.report.judging import Course, judge
from daemon.core.report.looks import bands, cranked, curves, looks_of, stores
from daemon.core.report.stages import stages
from daemon.model.quantities import seconds
from daemon.model.transfer_report import Remark, TransferReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.report.limits import Params
    from daemon.core.report.samples import Samples
    from daemon.core.report.stages import Said
    from daemon.core.report.subjects import Subjects


@dataclass
class Record:
    """A transfer under way.

    Attributes:
        site: id of the site.
        began_utc_ns: wall clock of its begin [ns since 1970].
        said: every event since shortly before.
        alarms: alarms raised meanwhile.
        missing: what was not seen.
        samples: looks at the plant, None where there are none.
        dropped: events that did not find room.
    """

    site: str
    began_utc_ns: int
    said: list[Said] = field(default_factory=list)
    alarms: list[Remark] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    samples: Samples | None = None
    dropped: int = 0


def account(
    record: Record, subjects: Subjects | None, limits: Params, ended_utc_ns: int
) -> TransferReport:
    """Return the report of a record.

    Args:
        record: what was kept.
        subjects: what its looks show.
        limits: of the site.
        ended_utc_ns: when all was at rest, or the record ended [ns since 1970].
    """
    said = record.said
    story = [one for one in said if one.at_s >= 0.0]
    lasted_s = round(seconds(ended_utc_ns - record.began_utc_ns), 3)
    looks = looks_of(subjects, record.samples)
    within_s = subjects.within_s if subjects else {}
    reached = stages(story, cranked(looks) if looks else {}, within_s)
    done, kind = deeds(story), _kind(story)
    by_name = {stage.name: stage for stage in reached}
    verdicts = judge(Course(kind, lasted_s, story, by_name, done, limits, looks))
    missing = [*record.missing]
    if record.dropped:
        missing.append(f"{record.dropped} events found no room")
    if looks is None:
        missing.append("no values of the plant: no cranking, storage, voltages and loads")
    return TransferReport(
        site=record.site,
        kind=kind,
        cause=_cause(record, story),
        began_utc_ns=record.began_utc_ns,
        lasted_s=lasted_s,
        complete=not record.missing,
        missing=tuple(missing),
        ok=all(one.ok is not False for one in verdicts),
        stages=reached,
        verdicts=verdicts,
        deeds=done,
        troubles=remarks(story, TROUBLES),
        relief=remarks(story, RELIEF),
        stores=stores(looks) if looks else (),
        bands=bands(looks) if looks else (),
        curves=curves(looks) if looks else (),
        remarks=tuple(sorted((*remarks(said), *record.alarms), key=lambda one: one.at_s)),
    )


def _kind(story: Sequence[Said]) -> str:
    """Return what kind of transfer it was, by the gravest thing that was said."""
    names = {one.event.name for one in story}
    if "outage_confirmed" in names:
        return "outage"
    if names & {"outage_detected", "delivery_lost"}:
        return "sag"
    if "set_starting" in names:
        return "generation"
    moves = [
        one.event for one in story if one.event.name == "stage" and "before" in one.event.fields
    ]
    sections = [e for e in moves if "section" in e.fields]
    if sections:
        back = sections[0].fields["before"] == "on_alternate"
        return "retransfer" if back else "transfer"
    return "ups" if any(name.startswith("ups_") for name in names) else "local"


_NEAR_S: Final = 1.0


def _cause(record: Record, story: Sequence[Said]) -> str:
    """Return one line: what was seen first, and the alarms about it."""
    texts = {one.event.name: one.event.text for one in reversed(story)}
    first = story[0].event.text if story else "nothing was said"
    first = texts.get("outage_detected", texts.get("delivery_lost", first))
    near = [one.text for one in record.alarms if abs(one.at_s) <= _NEAR_S]
    near.sort(key=lambda text: text.partition(":")[0])  # "alarm 1" before "alarm 2"
    return "; ".join(dict.fromkeys((first, *near[:3])))
