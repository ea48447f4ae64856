"""What came of a run as plain values, in the form that every command prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.model.quantities import seconds
from daemon.model.transfer_report import BULKY
from daemon.rehearsal import report
from daemon.rehearsal.simulation.observer import plain
from daemon.rehearsal.simulation.run import LIVES
from device_emulators.selection import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.model.plant import Site
    from daemon.model.transfer_report import TransferReport
    from daemon.rehearsal.simulation.run import Course


def outcome(course: Course, faults: str) -> dict[str, Any]:
    """Return a run, under drawn `faults` ("swarm") or "none", as a mapping."""
    case, scene = course.case, course.scene
    return {
        "ok": course.ok,
        "scenario": case.scenario.scenario,
        "site": case.site_file.site.id,
        "seed": case.seed,
        "depth": case.depth,
        "faults": faults,
        "for_s": scene.for_s,
        "speed": round(course.speed, 2),
        "trace_hash": course.trace_hash,
        "expectations": list(course.expectations),
        "oracles": [plain(verdict) for verdict in course.oracles],
        "it_interruption_ms": course.interruption_ms,
        "lost": [load for load in course.interruption_ms if _stage(course, load) == "lost"],
        "efficiency": scene.plant.truth().efficiency.as_json(),
        "transfer": list(_transfer(course)),
        "asked": list(_asked(course)),
        "tests": list(_tests(course)),
        "alarms": report.raised(course.alarms.changes),
        "transfers": [_brief(each) for each in course.transfers],
    }


def _brief(transfer: TransferReport) -> dict[str, Any]:
    """Return a transfer report without what is for pages only."""
    return {name: each for name, each in transfer.plain().items() if name not in BULKY}


def _stage(course: Course, load: str) -> str:
    """Return the stage of a load at the end."""
    plant = course.scene.plant
    states = plant.site.equipment[load].kind.points["stage"].states
    return states[int(plant.read(load, "stage"))]


def _events(course: Course) -> Iterator[dict[str, Any]]:
    """Yield what the daemon said happened since scenario time 0."""
    for event in course.report.events:
        if event["at_ns"] >= course.scene.origin_ns:
            yield event | {"at_s": round(seconds(event["at_ns"] - course.scene.origin_ns), 3)}


def _transfer(course: Course) -> Iterator[dict[str, Any]]:
    for event in _events(course):
        if report.is_stage(event):
            stage = event["fields"].get("stage", "")
            yield {**_said(event), "stage": stage, "text": event["text"]}


def _asked(course: Course) -> Iterator[dict[str, Any]]:
    """Yield what became of what people asked for."""
    for event in _events(course):
        if event["fields"].get("owner") == OPERATOR:
            yield {**_said(event), "name": event["name"], "text": event["text"]}


def _tests(course: Course) -> Iterator[dict[str, Any]]:
    """Yield what became of scheduled tests."""
    for event in _events(course):
        if event["name"].startswith("test_"):
            yield {**_said(event), "name": event["name"], "text": event["text"]}


def _said(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"at_s": event["at_s"], "source": event["source"]}


def lines(found: Mapping[str, Any], site: Site) -> Iterator[str]:
    """Yield the outcome of one run for people."""
    yield from report.story(found, site)
    if found["asked"]:
        yield "what people asked for"
    for answer in found["asked"]:
        yield f"  {answer['at_s']:8.2f} s  {answer['text']}"
    if found["tests"]:
        yield "scheduled tests"
    for test in found["tests"]:
        yield f"  {test['at_s']:8.2f} s  {test['text']}"
    yield from oracle_lines(found)
    verdicts = [*found["expectations"], *found["oracles"]]
    judged = [verdict["ok"] for verdict in verdicts if verdict["ok"] is not None]
    yield (
        f"{'ok' if found['ok'] else 'FAILED'}: {sum(judged)} of {len(judged)} verdicts good in "
        f"{found['for_s']:g} s, {found['speed']:.1f} x real time of one processor, "
        f"trace {found['trace_hash']}"
    )


def oracle_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the oracles found, and whether the daemon lived."""
    judged = [verdict for verdict in found["oracles"] if verdict["name"] != LIVES]
    width = max(len(verdict["name"]) for verdict in found["oracles"])
    yield "oracles on the plant's truth"
    yield from (_line(verdict, width) for verdict in judged)
    yield "the daemon's process"
    yield from (_line(verdict, width) for verdict in found["oracles"] if verdict not in judged)


def _line(verdict: Mapping[str, Any], width: int) -> str:
    mark = report.MARKS[verdict["ok"]]
    at = "" if verdict["at_s"] is None else f"at {verdict['at_s']:.3f} s: "
    return f"  {mark:<4}  {verdict['name']:<{width}}  {at}{verdict['detail']}".rstrip()


def failed(found: Mapping[str, Any]) -> list[str]:
    """Return the names of all verdicts that are not good."""
    verdicts = [*found["expectations"], *found["oracles"]]
    return [verdict["name"] for verdict in verdicts if verdict["ok"] is False]


def unjudged(found: Mapping[str, Any]) -> list[str]:
    """Return the names of all verdicts that could not be given."""
    verdicts = [*found["expectations"], *found["oracles"]]
    return [verdict["name"] for verdict in verdicts if verdict["ok"] is None]
