"""How a benchmark is run and reported: one form for people and machines, with CPU steal beside it.

A benchmark is a module of this package with `run() -> list[Result]` and a docstring that says how
each figure is made and against what. Figures are ratios to a peer or a floor measured in the same
run wherever a target is attached; a latency measured while the hypervisor took more than 2 % of
the processor is void.
"""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STEAL_LIMIT_PU = 0.02


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.

    Attributes:
        metric: what was measured.
        value: the figure.
        unit: its unit, "x" for a ratio.
        target: what it should reach, as text such as ">= 3", or "" where it is for information.
        ok: whether it does.
        against: peer or floor measured in the same run, or "".
    """

    metric: str
    value: float
    unit: str
    target: str = ""
    ok: bool = True
    against: str = ""


def at_least(metric: str, value: float, unit: str, limit: float, against: str = "") -> Result:
    """Return a figure whose target is a lower limit."""
    return Result(metric, value, unit, f">= {limit:g}", value >= limit, against)


def at_most(metric: str, value: float, unit: str, limit: float, against: str = "") -> Result:
    """Return a figure whose target is an upper limit."""
    return Result(metric, value, unit, f"<= {limit:g}", value <= limit, against)


def cpu_ticks() -> tuple[int, int]:
    """Return (stolen, all) ticks of every processor since boot."""
    fields = [int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return fields[7], sum(fields)


def machine() -> str:
    """Return one line that describes this machine."""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def report(name: str, results: list[Result], steal_pu: float) -> dict[str, Any]:
    """Return the report of one benchmark in the form that machines read."""
    return {
        "bench": name,
        "machine": machine(),
        "steal": round(steal_pu, 4),
        "void": steal_pu > STEAL_LIMIT_PU,
        "results": [asdict(r) for r in results],
    }


def table(document: dict[str, Any]) -> str:
    """Return the report as a table for people."""
    lines = [f"{document['bench']}  ({document['machine']}; steal {document['steal']:.1%})"]
    for r in document["results"]:
        verdict = "" if not r["target"] else ("  ok" if r["ok"] else "  MISSED")
        target = f"  target {r['target']}" if r["target"] else ""
        against = f"  against {r['against']}" if r["against"] else ""
        lines.append(
            f"  {r['metric']:<46} {r['value']:>10.3g} {r['unit']:<8}{target}{verdict}{against}"
        )
    if document["void"]:
        lines.append("  VOID: the hypervisor took more than 2 % of the processor")
    return "\n".join(lines)


def verdict(document: dict[str, Any]) -> int:
    """Return the exit code: 0 all targets hold, 1 one is missed, 3 void."""
    if document["void"]:
        return 3
    return 0 if all(r["ok"] for r in document["results"]) else 1
