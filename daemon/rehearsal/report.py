"""What came of a demonstration: one mapping for machines, a page for people.

Both are made from the same values. The plant reports what happened to it, the daemon what it did
and how fast; where both could say something (an interruption, a breaker's position) the plant's
word is taken.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from daemon.rehearsal import chains
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
    clock = PlantClock(int(plant["started_utc_ns"]), plant["slips"])
    said = daemon or {}
    changes = [c for alarm in said.get("alarms", ()) for c in _changes(alarm, clock)]
    verdicts = [*plant["expectations"], *(judge(one, changes, plant["for_s"]) for one in expected)]
    return {
        "ok": all(verdict["ok"] is not False for verdict in verdicts)
        and not plant["interrupted"]
        and not dead
        and said.get("ok", True),
        "scenario": plant["scenario"],
        "site": plant["site"],
        "for_s": plant["for_s"],
        "interrupted": plant["interrupted"],
        "with_daemon": bool(said),
        "died": list(dead),
        "expectations": verdicts,
        "it_interruption_ms": dict(plant["it_interruption_ms"]),
        "transfer": [_stage(e, clock) for e in said.get("events", ()) if is_stage(e)],
        "plant_events": list(plant["stages"]),
        "slipped_s": plant["slipped_s"],
        "efficiency": dict(plant["efficiency"]),
        "alarms": raised(changes),
        **(_figures(said) if said else {}),
    }


class PlantClock:
    """Turns wall-clock times into plant time, which stands still while a slow machine is behind."""

    def __init__(self, started_ns: int, slips: Sequence[Mapping[str, float]]) -> None:
        """Begin at `started_ns` [ns since 1970]; `slips` in order of time."""
        self._started_ns, self._slips = started_ns, slips

    def plant_s(self, utc_ns: int) -> float:
        """Return the plant time [s] at a wall-clock time [ns since 1970]."""
        time_s = (utc_ns - self._started_ns) / _NS
        for slip in self._slips:
            if time_s <= slip["at_s"]:
                break
            time_s = max(slip["at_s"], time_s - slip["lost_s"])
        return round(time_s, 3)


def is_stage(event: Mapping[str, Any]) -> bool:
    """Return whether an event of the daemon is a stage of what it leads."""
    return str(event["name"]).endswith("stage")


def _stage(event: Mapping[str, Any], clock: PlantClock) -> dict[str, Any]:
    return {
        "at_s": clock.plant_s(event["utc_ns"]),
        "source": event["source"],
        "stage": event["fields"].get("stage", ""),
        "text": event["text"],
    }


def _changes(alarm: Mapping[str, Any], clock: PlantClock) -> Iterator[Change]:
    raised_ns = alarm["raised_utc_ns"]
    yield Change(alarm["id"], clock.plant_s(raised_ns), True, alarm["priority"])
    if alarm["cleared_s"] is not None:
        lasted_ns = round((alarm["cleared_s"] - alarm["raised_s"]) * _NS)
        cleared_s = clock.plant_s(raised_ns + lasted_ns)
        yield Change(alarm["id"], cleared_s, False, alarm["priority"])


def raised(changes: Iterable[Change]) -> list[dict[str, Any]]:
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


def _figures(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the daemon counted; the scan is that of its fastest lane, the others beside."""
    lanes = said["lanes"]
    fastest = min(lanes.values(), key=lambda lane: lane["period_ms"])
    return {
        "devices": said["devices"],
        "points": said["points"],
        "polls": said["polls"],
        "failed_polls": said["polls_failed"],
        "polls_per_s": round(said["polls"] / said["ran_s"], 1) if said["ran_s"] else 0.0,
        "scan_p50_ms": fastest["p50_ms"],
        "scan_p99_ms": fastest["p99_ms"],
        "lanes": lanes,
        "commands": said["commands"],
        "daemon_ok": said["ok"],
        "daemon_reason": said["reason"],
    }


def heading(site: Site, mqtt: tuple[str, int]) -> Iterator[str]:
    """Yield where to look while it runs, with the broker at `mqtt`."""
    topic = f"ridethrough/v1/{site.id}/alarm/+/state"
    metrics = f"http://{site.north.metrics_host}:{site.north.metrics_port}"
    yield f"  metrics     {metrics}/metrics"
    yield f"  readiness   {metrics}/readyz"
    yield f"  alarms      mosquitto_sub -h {mqtt[0]} -p {mqtt[1]} -v -t '{topic}'"


def lines(outcome: Mapping[str, Any], site: Site) -> Iterator[str]:
    """Yield the outcome for people."""
    yield ""
    yield from story(outcome, site)
    yield from _counted(outcome)
    judged = [verdict["ok"] for verdict in outcome["expectations"] if verdict["ok"] is not None]
    open_ = len(outcome["expectations"]) - len(judged)
    if outcome.get("daemon_reason"):
        yield f"the daemon ended by itself: {outcome['daemon_reason']}"
    for name in outcome["died"]:
        yield f"{name} ended before its time"
    met = f"{sum(judged)} of {len(judged)} expectations met"
    more = f", {open_} not judged" if open_ else ""
    yield f"{met} in {outcome['for_s']:g} s of plant time{more}"


def story(outcome: Mapping[str, Any], site: Site) -> Iterator[str]:
    """Yield what was expected, who was cut, how much was lost, what the daemon led and raised."""
    yield from verdict_lines(outcome["expectations"])
    yield from _interruptions(
        outcome["it_interruption_ms"], site, frozenset(outcome.get("lost", ()))
    )
    yield from chains.lines(outcome["efficiency"])
    yield from _transfer(outcome["transfer"])
    yield from _alarms(outcome["alarms"])


def verdict_lines(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what was expected and what was measured."""
    if not verdicts:
        return
    yield "expectations"
    width = max(len(verdict["name"]) for verdict in verdicts)
    for verdict in verdicts:
        mark = MARKS[verdict["ok"]]
        yield f"  {mark:<4}  {verdict['name']:<{width}}  {_measured(verdict)}".rstrip()


MARKS = {True: "pass", False: "FAIL", None: "--"}


def _measured(verdict: Mapping[str, Any]) -> str:
    if verdict["ok"] is None:
        return str(verdict["detail"])
    value, limit, unit = verdict["value"], verdict["limit"], verdict["unit"]
    nothing = "none" if verdict["ok"] else "never"
    relation = verdict["relation"]
    if relation == "by":  # times of the scenario, not how long something took
        said = nothing if value is None else f"at {value:.3f} s"
        asked = None if limit is None else f"by {limit:.3f} s"
    else:
        said = nothing if value is None else shown(value, unit)
        asked = None if limit is None else f"{relation} {shown(limit, unit)}".strip()
    return f"{said}{f'  ({asked})' if asked else ''}  {verdict.get('detail', '')}".rstrip()


_SYMBOLS = {"a": "A", "hz": "Hz", "count": "times", "v": "V", "w": "W", "var": "var"}


def shown(value: object, unit: str) -> str:
    """Return a value as people read it: megawatts and kilovolts where they fit."""
    symbol = _SYMBOLS.get(unit, unit)
    if not isinstance(value, float):
        return str(value)
    for factor, prefix in ((1e6, "M"), (1e3, "k")):
        if unit in {"v", "w", "var", "va", "a"} and abs(value) >= factor:
            return f"{value / factor:.4g} {prefix}{symbol}"
    return f"{value:.4g} {symbol}".rstrip()


def _interruptions(by_load: Mapping[str, float], site: Site, lost: frozenset[str]) -> Iterator[str]:
    if not by_load:
        return
    yield "interruption of critical loads (longest of each kind)"
    groups: dict[str, list[float]] = defaultdict(list)
    gone: Counter[str] = Counter()
    for load, value_ms in by_load.items():
        item = site.equipment[load]
        kind = item.variant if item.nature == "it_rack" else item.nature.replace("_", " ")
        groups[kind].append(value_ms)
        gone[kind] += load in lost
    for kind, values_ms in groups.items():
        cut = sum(value_ms > 0 for value_ms in values_ms)
        said = f"{max(values_ms):.0f} ms, {cut} of them cut" if cut else "none"
        said += f", {gone[kind]} lost at the end" if gone[kind] else ""
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


def _counted(outcome: Mapping[str, Any]) -> Iterator[str]:
    if "polls" in outcome:
        yield (
            f"daemon: {outcome['devices']} devices, {outcome['points']} points, "
            f"{outcome['polls']} polls ({outcome['polls_per_s']:.0f} a second), "
            f"{outcome['failed_polls']} failed"
        )
        late = []
        for name, lane in outcome["lanes"].items():
            due = lane["scans"] + lane["overruns"]
            yield (
                f"  {name:<10} every {lane['period_ms']:g} ms, takes p50 {lane['p50_ms']:.2f} ms, "
                f"p99 {lane['p99_ms']:.2f} ms; missed {lane['overruns']} of {due} scans"
            )
            if lane["overruns"] > _LATE_PU * due:
                late.append(f"its {name} lane missed {lane['overruns'] / due:.0%} of its scans")
        if late:
            yield (
                f"this machine was too slow for the daemon: {', '.join(late)}; what was missed "
                "above may be for that alone (ridethrough doctor looks at the timers)"
            )
    if outcome["slipped_s"]:
        yield f"this machine was too slow: {outcome['slipped_s']:.1f} s of plant time lost"


_LATE_PU = 0.05
"""Share of missed scans from which a demonstration says more of the machine than of the daemon."""
