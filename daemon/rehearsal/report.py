"""What came of a demonstration: one mapping for machines, a page for people.

Both are made from the same values. The plant reports what happened to it, the daemon what it did
and how fast; where both could say something (an interruption, a breaker's position) the plant's
word is taken.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from daemon.rehearsal.alarms import Change, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from daemon.model.plant import Site
    from device_emulators.scenario import Expectation

_NS = 1e9


def merge(
    plant: Mapping[str, Any],
    daemon: Mapping[str, Any] | None,
    expected: Iterable[Expectation],
    dead: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the outcome of a demonstration as plain values.

    Args:
        plant: report of the emulators.
        daemon: report of the daemon, None where there was none (or it died without one).
        expected: expectations that are judged on what the daemon says.
        dead: processes that ended before their time.
    """
    started_ns = int(plant["started_utc_ns"])
    said = daemon or {}
    changes = [_change(alarm, started_ns) for alarm in said.get("alarms", ())]
    verdicts = [*plant["expectations"], *(judge(one, changes) for one in expected)]
    outcome: dict[str, Any] = {
        "ok": all(verdict["ok"] for verdict in verdicts) and not plant["interrupted"] and not dead,
        "scenario": plant["scenario"],
        "site": plant["site"],
        "for_s": plant["for_s"],
        "with_daemon": daemon is not None,
        "died": list(dead),
        "expectations": verdicts,
        "it_interruption_ms": dict(plant["it_interruption_ms"]),
        "transfer": [
            {**stage, "at_s": _plant_s(stage["utc_ns"], started_ns)}
            for stage in said.get("stages", ())
        ],
        "plant_events": list(plant["stages"]),
        "slipped_s": plant["slipped_s"],
        "alarms": _raised(changes),
    }
    return outcome | {key: value for key, value in said.items() if key in _FIGURES}


_FIGURES = {
    "polls",
    "failed_polls",
    "polls_per_s",
    "scan_p50_ms",
    "scan_p99_ms",
    "lanes",
    "devices",
    "points",
}


def _plant_s(utc_ns: int, started_ns: int) -> float:
    return round((utc_ns - started_ns) / _NS, 3)


def _change(alarm: Mapping[str, Any], started_ns: int) -> Change:
    return Change(
        id=alarm["id"],
        at_s=_plant_s(alarm["utc_ns"], started_ns),
        active=alarm["active"],
        priority=alarm["priority"],
    )


def _raised(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return every alarm that came up, with when it first did and when it last cleared."""
    rows: dict[str, dict[str, Any]] = {}
    for change in sorted(changes, key=lambda c: c.at_s):
        row = rows.setdefault(
            change.id,
            {"id": change.id, "priority": change.priority, "raised_at_s": change.at_s, "count": 0},
        )
        row["count"] += change.active
        row["cleared_at_s"] = None if change.active else change.at_s
    return [row for row in rows.values() if row["count"]]


def heading(site: Site, topic: str, mqtt: tuple[str, int] | None) -> Iterator[str]:
    """Yield where to look while it runs; `mqtt` is None without a daemon."""
    yield site.name
    if mqtt is None:
        return
    metrics = f"http://{site.north.metrics_host}:{site.north.metrics_port}"
    yield f"  metrics     {metrics}/metrics"
    yield f"  readiness   {metrics}/readyz"
    yield f"  MQTT topic  {topic}  at {mqtt[0]}:{mqtt[1]}; to follow it:"
    yield f"              mosquitto_sub -h {mqtt[0]} -p {mqtt[1]} -v -t '{topic}'"


def lines(outcome: Mapping[str, Any], site: Site) -> Iterator[str]:
    """Yield the outcome for people."""
    yield ""
    yield from _expectations(outcome["expectations"])
    yield from _interruptions(outcome["it_interruption_ms"], site)
    yield from _transfer(outcome["transfer"])
    yield from _alarms(outcome["alarms"])
    yield from _figures(outcome)
    failed = sum(not verdict["ok"] for verdict in outcome["expectations"])
    total = len(outcome["expectations"])
    for name in outcome["died"]:
        yield f"{name} ended before its time"
    yield f"{total - failed} of {total} expectations met in {outcome['for_s']:g} s of plant time"


def _expectations(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not verdicts:
        return
    yield "expectations"
    width = max(len(verdict["name"]) for verdict in verdicts)
    for verdict in verdicts:
        mark = "pass" if verdict["ok"] else "FAIL"
        yield f"  {mark}  {verdict['name']:<{width}}  {_measured(verdict)}".rstrip()


def _measured(verdict: Mapping[str, Any]) -> str:
    value, limit, unit = verdict["value"], verdict["limit"], verdict["unit"]
    said = "never" if value is None else f"{_short(value)} {unit}".strip()
    if limit is not None:
        said += f"  (limit {_short(limit)} {unit}".rstrip() + ")"
    detail = verdict.get("detail", "")
    return f"{said}  {detail}".rstrip()


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _interruptions(by_load: Mapping[str, float], site: Site) -> Iterator[str]:
    if not by_load:
        return
    yield "interruption of critical loads (longest of each kind)"
    groups: dict[str, list[float]] = defaultdict(list)
    for load, value_ms in by_load.items():
        item = site.equipment[load]
        kind = item.variant if item.nature == "it_rack" else item.nature.replace("_", " ")
        groups[kind].append(value_ms)
    for kind, values_ms in groups.items():
        cut = sum(value_ms > 0 for value_ms in values_ms)
        said = f"{max(values_ms):.0f} ms, {cut} of them cut" if cut else "none"
        yield f"  {len(values_ms):>3} {kind:<10} {said}"


def _transfer(stages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if stages:
        yield "transfer, generators and loads as the daemon led them"
    for stage in stages:
        yield f"  {stage['at_s']:8.2f} s  {stage['source']:<10} {stage['text']}"


def _alarms(alarms: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if alarms:
        yield f"alarms raised: {len(alarms)}"
    for alarm in alarms[:_ALARMS_SHOWN]:
        cleared_s = alarm["cleared_at_s"]
        until = "still active" if cleared_s is None else f"cleared at {cleared_s:.2f} s"
        yield (
            f"  {alarm['raised_at_s']:8.2f} s  priority {alarm['priority']}  {alarm['id']}, {until}"
        )
    if len(alarms) > _ALARMS_SHOWN:
        yield f"  ... and {len(alarms) - _ALARMS_SHOWN} more"


_ALARMS_SHOWN = 20


def _figures(outcome: Mapping[str, Any]) -> Iterator[str]:
    if "polls" not in outcome:
        return
    yield (
        f"daemon: {outcome['polls']} polls, {outcome['failed_polls']} failed; scan "
        f"p50 {outcome['scan_p50_ms']:.2f} ms, p99 {outcome['scan_p99_ms']:.2f} ms"
    )
    if outcome["slipped_s"]:
        yield f"this machine was too slow: {outcome['slipped_s']:.1f} s of plant time lost"
