"""What came of a run as plain values, in the form that every command prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daemon.model.quantities import seconds
from daemon.rehearsal import report
from daemon.rehearsal.simulation.observer import plain
from daemon.rehearsal.simulation.run import LIVES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.model.plant import Site
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
        "transfer": list(_transfer(course)),
        "alarms": report.raised(course.alarms.changes),
    }


def _stage(course: Course, load: str) -> str:
    """Return the stage of a load at the end."""
    plant = course.scene.plant
    states = plant.site.equipment[load].kind.points["stage"].states
    return states[int(plant.read(load, "stage"))]


def _transfer(course: Course) -> Iterator[dict[str, Any]]:
    for event in course.report.events:
        if report.is_stage(event) and event["at_ns"] >= course.scene.origin_ns:
            yield {
                "at_s": round(seconds(event["at_ns"] - course.scene.origin_ns), 3),
                "source": event["source"],
                "stage": event["fields"].get("stage", ""),
                "text": event["text"],
            }


def lines(found: Mapping[str, Any], site: Site) -> Iterator[str]:
    """Yield the outcome of one run for people."""
    yield from report.story(found, site)
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
