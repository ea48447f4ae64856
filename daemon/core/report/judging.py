"""Figures of a transfer against the limits that apply to its kind.

Each judgement is one function from the `Course` of the transfer to a `Verdict`, or None where it
has nothing to say about a transfer of this kind. Where a limit belongs to the kind and not to this
course (no set came that could have been in time, a person began anew from darkness), it is listed
as *not applicable*, and why. What was not seen is not judged; what should have come and did not,
until more than the limit had passed, fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.report.stages import by_section
from daemon.model.transfer_report import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from daemon.core.report.limits import Params
    from daemon.core.report.looks import Looks
    from daemon.core.report.stages import Said
    from daemon.core.report.subjects import Subject
    from daemon.model.transfer_report import Deed, Stage

MISSION: Final = "mission, start of the sets in 10-30 s"
TYPE: Final = "NFPA 110 Type {:g}"
ITIC: Final = "ITIC curve (2000)"


@dataclass(frozen=True)
class Course:
    """All that a judgement may rest on.

    Attributes:
        kind: of the transfer.
        lasted_s: its length [s].
        said: every event.
        stages: by name.
        deeds: every command.
        limits: of the site.
        looks: what was seen of the plant, None where nothing was.
    """

    kind: str
    lasted_s: float
    said: Sequence[Said]
    stages: Mapping[str, Stage]
    deeds: Sequence[Deed]
    limits: Params
    looks: Looks | None

    def first_s(self, name: str) -> float | None:
        """Return when a stage first came [s]."""
        stage = self.stages.get(name)
        return None if stage is None else stage.at_s


def judge(course: Course) -> tuple[Verdict, ...]:
    """Return every judgement that applies, in order of reading."""
    found = (rule(course) for rule in RULES)
    return tuple(one for one in found if one is not None)


def _on_sets(course: Course) -> bool:
    return course.kind in {"outage", "generation"} and "start_command" in course.stages


def _within(
    course: Course, name: str, limit: float, source: str, end: tuple[str, str, str]
) -> Verdict:
    """Return whether a stage came within `limit` [s] after another.

    Args:
        course: of the transfer.
        name: of the judgement.
        limit: longest time [s].
        source: of the limit.
        end: stage from which, stage until which, and how the figure is put together.
    """
    began, until, detail = end
    from_s = 0.0 if began == "loss" else course.first_s(began)
    at_s = course.first_s(until)
    if from_s is None:
        text = f"{_plain(began)} was not seen"
        return Verdict(name, None, None, limit, "s", None, source, text)
    if at_s is None:
        late = course.lasted_s - from_s > limit
        text = f"{_plain(until)} never came" if late else "the record ends before the limit"
        return Verdict(name, False if late else None, None, limit, "s", None, source, text)
    value = round(at_s - from_s, 3)
    return Verdict(name, value <= limit, value, limit, "s", at_s, source, detail)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _idle(name: str, limit: float, source: str, why: str) -> Verdict:
    """Return a judgement whose limit does not apply to this course."""
    return Verdict(name, None, None, limit, "s", None, source, f"not applicable: {why}")


def _none_came(course: Course) -> str:
    """Return why no set could come within a limit from the loss, or ""."""
    came_s = course.first_s("set_on_bus")
    end_s = np.inf if came_s is None else came_s
    named = [(s.event.name, s.event.source) for s in course.said if s.at_s < end_s]
    called = {who for name, who in named if name == "set_starting"}
    failed = {who for name, who in named if name == "set_failed"}
    if not called or not called <= failed:
        return ""
    return f"all {len(called)} sets that were called failed, and are judged as such"


def _start(course: Course) -> Verdict | None:
    if not _on_sets(course):
        return None
    if why := _none_came(course):
        return _idle("first load block on the sets", course.limits.start_s, MISSION, why)
    end = "loss", "load_accepted", _spent(course)
    return _within(course, "first load block on the sets", course.limits.start_s, MISSION, end)


def _type(course: Course) -> Verdict | None:
    """Return the figure for the declared type; where none is required it fails nothing."""
    if not _on_sets(course):
        return None
    limits = course.limits
    name, source = f"Type {limits.type_s:g}: loss to load", TYPE.format(limits.type_s)
    if why := _none_came(course):
        return _idle(name, limits.type_s, source, why)
    found = _within(course, name, limits.type_s, source, ("loss", "load_accepted", _spent(course)))
    if found.ok is False and not limits.type_required:
        detail = "; ".join(filter(None, ("not required of this site", found.detail)))
        return Verdict(name, None, found.value, limits.type_s, "s", found.at_s, source, detail)
    return found


_CHAIN: Final = (
    ("confirmed", "outage_confirmed"),
    ("start command", "start_command"),
    ("cranking", "cranking"),
    ("first set at voltage", "voltage_built"),
    ("first set on the bus", "set_on_bus"),
    ("first block closed", "load_accepted"),
)


def _spent(course: Course) -> str:
    """Return on what the time to the first block was spent."""
    parts, last_s = [], 0.0
    for text, name in _CHAIN:
        at_s = course.first_s(name)
        if at_s is not None:
            parts.append(f"{text} +{at_s - last_s:.2f} s")
            last_s = at_s
    return ", ".join(parts)


def _full(course: Course) -> Verdict | None:
    if not _on_sets(course):
        return None
    name, limit = "full priority load after the first block", course.limits.full_load_s
    if course.first_s("load_accepted") is None and (why := _none_came(course)):
        return _idle(name, limit, "mission", why)
    detail = "until the last section and feeder is fed and the last UPS is on its input"
    end = "load_accepted", "recovered", detail
    return _within(course, name, limit, "mission", end)


def _from_darkness(course: Course) -> Verdict | None:
    """Judge how soon a board that a person started from darkness had its first load block."""
    begun = [s.at_s for s in course.said if s.event.name == "black_start"]
    if not begun:
        return None
    name, limit = "first load block of a black start", course.limits.start_s
    fed = [
        at_s
        for stage in ("on_alternate", "on_main")
        for at_s, *_ in by_section(course.said, stage)
        if at_s >= begun[0]
    ]
    if not fed:
        late = course.lasted_s - begun[0] > limit
        text = "it never came" if late else "the record ends before the limit"
        return Verdict(name, False if late else None, None, limit, "s", None, MISSION, text)
    value = round(min(fed) - begun[0], 3)
    text = "from the person's word: isolated and looked at first, then the start of the sets"
    return Verdict(name, value <= limit, value, limit, "s", min(fed), MISSION, text)


def _parting(course: Course) -> Verdict | None:
    if course.kind != "outage" or "intake_opened" not in course.stages:
        return None
    end = "loss", "intake_opened", "opened by loss-of-mains protection or by the daemon"
    limit = course.limits.parting_s
    return _within(course, "parted from the dead utility", limit, "loss of mains", end)


def _capped(course: Course) -> Verdict | None:
    if course.kind != "outage" or "rows_capped" not in course.stages:
        return None
    end = "loss", "rows_capped", "decided; each row obeys within its own time"
    limit = course.limits.cap_s
    return _within(course, "rows capped on storage", limit, "own limit: reserve", end)


_BACK: Final = {"sag": "input_back", "transfer": "load_accepted"}
"""What ends the loss of input, by kind of transfer."""


def _return(course: Course) -> Verdict | None:
    """Judge how soon the last load is on the grid again after a short loss."""
    back = course.stages.get(_BACK.get(course.kind, ""))
    limits, back_s = course.limits, back.last_s if back else np.inf
    if back_s > limits.short_s:
        return None
    name = f"load back to {limits.return_pu:.0%} on the grid"
    source = "own limit, after large-load ride-through rules"

    def verdict(ok: bool | None, value: float | None, at_s: float | None, text: str) -> Verdict:
        return Verdict(name, ok, value, limits.return_s, "s", at_s, source, text)

    if course.looks is None or not course.looks.subjects.of("input"):
        return verdict(None, None, None, "no powers in the record")
    again = {
        subject.equipment: _again(course.looks, subject, values, back_s, limits.return_pu)
        for subject, values in course.looks.of("input")
    }
    judged = {who: at_s for who, at_s in again.items() if at_s is not None}
    if not judged:
        return verdict(None, None, None, "what was drawn before the loss was not seen")
    last, at_s = max(judged.items(), key=lambda one: one[1])
    if at_s == np.inf:
        missed = ", ".join(who for who, when_s in judged.items() if when_s == np.inf)
        why = "; rows were capped meanwhile" if course.first_s("rows_capped") is not None else ""
        return verdict(False, None, None, f"never seen again: {missed}{why}")
    value = round(at_s - back_s, 3)
    text = f"last was {last}; input of UPS, rectifiers and converters, polling in it"
    return verdict(value <= limits.return_s, value, round(at_s, 3), text)


def _again(
    looks: Looks, subject: Subject, drawn_w: NDArray[np.float64], back_s: float, part_pu: float
) -> float | None:
    """Return when a load was seen to draw again what it drew, infinity if never [s]."""
    before_w = drawn_w[(looks.at_s <= 0.0) & np.isfinite(drawn_w)]
    if not len(before_w) or before_w.min() <= 0.0:
        return None
    # A look before the next reading shows what was there before the loss. And AI load swings: at
    # the bottom of its swing it is no less than it was.
    fresh_s = back_s + looks.subjects.within_s.get(subject.equipment, 0.0)
    seen = looks.at_s[(looks.at_s >= fresh_s) & (drawn_w >= part_pu * before_w.min())]
    return float(seen[0]) if len(seen) else np.inf


def _dips(course: Course) -> Verdict | None:
    """Judge the longest time for which a critical supply was seen below the curve."""
    name, limits = "critical supplies ride through", course.limits
    if course.looks is None or not course.looks.subjects.of("terminal"):
        return None
    longest_s, worst, at_s = 0.0, "", None
    for subject, values in course.looks.of("terminal"):
        lasted_s, from_s = _longest(course.looks.at_s, values < limits.dip_pu)
        if lasted_s > longest_s:
            longest_s, worst, at_s = lasted_s, subject.equipment, from_s
    text = f"{worst} below {limits.dip_pu:.0%}" if worst else "outputs of UPS and rectifiers"
    text += "; what is shorter than their polling is not seen: it belongs to the hardware"
    value = round(longest_s, 3)
    return Verdict(name, value <= limits.dip_s, value, limits.dip_s, "s", at_s, ITIC, text)


def _longest(at_s: NDArray[np.float64], low: NDArray[np.bool_]) -> tuple[float, float | None]:
    """Return for how long `low` holds at most, and from when; a look holds until the next."""
    longest_s, begin_s, found_s = 0.0, None, None
    for i, is_low in enumerate(low):
        if is_low and begin_s is None:
            begin_s = float(at_s[i])
        if begin_s is not None and (not is_low or i == len(low) - 1):
            if at_s[i] - begin_s > longest_s:
                longest_s, found_s = float(at_s[i]) - begin_s, begin_s
            begin_s = None
    return longest_s, found_s


def _overlap(course: Course) -> Verdict | None:
    limit = course.limits.overlap_s
    overlaps = []
    for from_s, section, _ in by_section(course.said, "parting"):
        ends = [
            at_s
            for stage in ("on_main", "on_alternate", "backing_out", "held", "lockout")
            for at_s, name, before in by_section(course.said, stage)
            if name == section and at_s >= from_s and before == "parting"
        ]
        if ends:
            overlaps.append((round(min(ends) - from_s, 3), from_s, section))
    if not overlaps:
        return None
    value, at_s, section = max(overlaps)
    text = f"longest at {section}, from seen closed to seen open: travel, reading and scan in it"
    source = "closed transition, at most 100 ms"
    return Verdict("overlap", value <= limit, value, limit, "s", at_s, source, text)


def _gap(course: Course) -> Verdict | None:
    """Judge whether sections had a gap when they went back to their mains.

    A main that closes onto a section which waited dark, or was held by storage, is no way back.
    """
    if "retransferred" not in course.stages:
        return None
    name, source = "retransfer without interruption", "mission"
    parted = [at_s for at_s, *_ in by_section(course.said, "parting")]
    gaps = []
    for at_s, section, before in by_section(course.said, "on_main"):
        opened = [
            (from_s, last)
            for from_s, who, last in by_section(course.said, "closing_main")
            if who == section and from_s <= at_s
        ]
        if before == "closing_main" and opened and max(opened)[1] == "breaking":
            gaps.append((round(at_s - max(opened)[0], 3), at_s, section))
    if not gaps and not parted:
        return _idle(name, 0.0, source, "no section went back from another source of its board")
    value, gap_s, section = max(gaps, default=(0.0, None, ""))
    text = f"{section} went back with a gap" if gaps else "both sources closed meanwhile"
    return Verdict(name, not gaps, value, 0.0, "s", gap_s, source, text)


def _sets(course: Course) -> Verdict | None:
    if not _on_sets(course):
        return None
    failed = {s.event.source: s for s in course.said if s.event.name == "set_failed"}
    called = {s.event.source for s in course.said if s.event.name == "set_starting"}
    at_s = min((s.at_s for s in failed.values()), default=None)
    texts = [s.event.text for s in failed.values()] or [f"{len(called)} were called"]
    value, text = float(len(failed)), "; ".join(texts)
    return Verdict("sets that failed", not failed, value, 0.0, "", at_s, "own limit", text)


def _cranks(course: Course) -> Verdict | None:
    """Judge whether each set came at its first crank; a second one already misses Type 10."""
    if course.looks is None or not _on_sets(course):
        return None
    more = {}
    for subject, values in course.looks.of("cranks"):
        counts = values[np.isfinite(values)]
        if len(counts) and (cranks := int(np.maximum(np.diff(counts), 0).sum())) > 1:
            more[subject.equipment] = cranks
    name, source = "sets that cranked more than once", TYPE.format(course.limits.type_s)
    text = ", ".join(f"{set_}: {cranks} cranks" for set_, cranks in more.items())
    bad = False if course.limits.type_required else None
    ok = bad if more else True
    return Verdict(name, ok, float(len(more)), 0.0, "", None, source, text)


def _obeyed(course: Course) -> Verdict | None:
    given = [d for d in course.deeds if d.outcome != "refused"]
    if not given:
        return None
    bad = [d for d in given if d.outcome == "failed"]
    text = "; ".join(d.detail for d in bad) or f"{len(given)} commands"
    at_s = min((d.at_s for d in bad), default=None)
    name, value = "commands that failed", float(len(bad))
    return Verdict(name, not bad, value, 0.0, "", at_s, "own limit", text)


def _racks(course: Course) -> Verdict | None:
    """Judge whether racks stopped that nobody had declared shed or shut down."""
    if course.looks is None or not course.looks.subjects.of("running"):
        return None
    declared = {s.event.source for s in course.said if s.event.name == "shutdown_requested"}
    lost, told = 0, 0
    for subject, values in course.looks.of("running"):
        seen = values[np.isfinite(values)]
        gone = int(seen[0] - seen.min()) if len(seen) else 0
        if subject.equipment in declared:
            told += gone
        else:
            lost += gone
    text = f"{told} were shut down in order" if told else "as the rows report them"
    value = float(lost)
    return Verdict("AI racks lost undeclared", lost == 0, value, 0.0, "", None, "mission", text)


RULES: Final[tuple[Callable[[Course], Verdict | None], ...]] = (
    _dips,
    _racks,
    _start,
    _type,
    _full,
    _from_darkness,
    _return,
    _parting,
    _capped,
    _gap,
    _overlap,
    _sets,
    _cranks,
    _obeyed,
)
