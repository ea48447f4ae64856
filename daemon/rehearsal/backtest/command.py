"""Drive the load in a file under every policy that is asked for, and say what came of it."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from daemon.core.balance.shaving import shaver
from daemon.core.balance.shaving.stores import Bands, Store
from daemon.model.quantities import seconds
from daemon.rehearsal.backtest.course import course
from daemon.rehearsal.backtest.drive import driven
from daemon.rehearsal.backtest.page import document
from daemon.rehearsal.backtest.policies import FORESIGHT, NAMES, NONE
from daemon.rehearsal.backtest.words import Outcome, lines, plain
from daemon.rehearsal.compliance.trace_faults import TraceError
from daemon.rehearsal.compliance.trace_file import Wish as TraceWish
from daemon.rehearsal.compliance.trace_file import read_trace
from daemon.rehearsal.compliance.words import about, figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from daemon.rehearsal.backtest.course import Course
    from daemon.rehearsal.backtest.drive import Run
    from daemon.rehearsal.compliance.trace_file import TraceFile

_DAY_S: Final = 86_400.0
_TOO_LARGE: Final = 20.0
"""Storage of so many times the load is none anybody built: one of the two is in another unit."""
_PERIODS: Final = 30
"""Control periods in a window: the live controller looks at a mean of the load over as long."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be driven.

    Attributes:
        trace: the file.
        storage: power [W] and energy [J] of each store.
        policies: names; none for all.
        window_s: that is billed [s].
        train_s: from the begin of the trace, for who learns; None for half of it [s].
        reserve_pu: part of the energy that no policy may use [pu].
        efficiency_pu: of the storage, each way [pu].
        taken: how the trace is to be taken.
    """

    trace: Path
    storage: tuple[tuple[float, float], ...]
    policies: tuple[str, ...] = ()
    window_s: float = 900.0
    train_s: float | None = None
    reserve_pu: float = 0.0
    efficiency_pu: float = 0.95
    taken: TraceWish = field(default_factory=TraceWish)


def backtest(wish: Wish, report: Path | None, *, as_json: bool) -> int:
    """Drive a trace, print what came of it, and return the exit code of the command.

    Raises:
        TraceError: the trace was refused.
        OSError: the report cannot be written.
        ValueError: the trace is too short for the window.
    """
    if report is not None and (report.is_dir() or not report.parent.is_dir()):
        raise ValueError(f"{report}: cannot be written: no such folder, or one itself")
    trace = read_trace(wish.trace, wish.taken)
    load, notes = _course(trace, wish)
    stores = [
        Store(power_w, power_w, energy_j, wish.efficiency_pu, Bands(wish.reserve_pu * energy_j))
        for power_w, energy_j in wish.storage
    ]
    runs = _driven(load, stores, wish.policies or NAMES)
    outcome = Outcome(
        trace.path.name, _about(trace, load, wish), (*trace.notes, *notes), runs, wish.window_s
    )
    print(*lines(outcome), sep="\n", flush=True)
    if report is not None:
        version = importlib.metadata.version("ridethrough")
        report.write_text(document(outcome, version), encoding="utf-8")
        print(f"report: {report}", flush=True)
    if as_json:
        asked = {
            "trace": str(wish.trace),
            "storage": [{"power_w": p, "energy_j": e} for p, e in wish.storage],
            "window_s": wish.window_s,
            "reserve_pu": wish.reserve_pu,
            "windows": len(load.windows_w),
            "trained_s": len(load.before_w) * load.sample_s,
            "notes": list(outcome.notes),
        }
        print(json.dumps({"ok": outcome.ok, **asked, **plain(outcome)}), flush=True)
    return int(not outcome.ok)


def _course(trace: TraceFile, wish: Wish) -> tuple[Course, tuple[str, ...]]:
    """Return the longest part of the trace without a hole, and what there is to say of it."""
    if "power_w" not in trace.samples.values:
        raise TraceError(f"{trace.path}: no power in it (valid: any column *_w)")
    parts = list(zip(trace.parts, trace.parts[1:], strict=False))
    t_ns, power_w = trace.samples.t_ns, trace.samples.values["power_w"]
    top_w, most_w = float(power_w.max()), max(power for power, _ in wish.storage)
    if most_w > _TOO_LARGE * top_w:
        raise TraceError(
            f"{trace.path}: its highest power is {top_w:g} W, and the storage has {most_w:g} W: is "
            "it in kW or MW? Columns named _w are in W (--scale-to if its size does not matter)"
        )
    begin, end = max(parts, key=lambda p: int(t_ns[p[1] - 1] - t_ns[p[0]]))
    notes: tuple[str, ...] = ()
    if len(parts) > 1:
        span = f"from {seconds(int(t_ns[begin])):g} to {seconds(int(t_ns[end - 1])):g} s"
        notes = (f"driven is the longest part without a hole, {span}",)
    length_s = seconds(int(t_ns[end - 1] - t_ns[begin]))
    train_s = min(14 * _DAY_S, length_s / 2) if wish.train_s is None else wish.train_s
    period_s = wish.window_s / _PERIODS
    return course(t_ns[begin:end], power_w[begin:end], wish.window_s, train_s, period_s), notes


def _about(trace: TraceFile, load: Course, wish: Wish) -> tuple[str, ...]:
    days = len(load.windows_w) * load.window_s / _DAY_S
    before = len(load.before_w) * load.sample_s / _DAY_S
    storage = " and ".join(
        f"{figure(p, 'W')} / {figure(e / 3600.0, 'Wh')}" for p, e in wish.storage
    )
    return (
        about(trace),
        (
            f"{days:.4g} days driven after {before:.4g} days to learn from, demand over "
            f"{load.window_s / 60:g} min, set every {load.period_s:g} s by what was measured before"
        ),
        (
            f"storage {storage}, {wish.efficiency_pu:.0%} each way, full at the begin, "
            f"{wish.reserve_pu:.0%} of its energy withheld as a reserve"
        ),
    )


def _driven(load: Course, stores: Sequence[Store], names: Sequence[str]) -> tuple[Run, ...]:
    """Return the runs asked for; the optimum and no storage are always among them."""
    wanted = [name for name in NAMES if name in {*names, FORESIGHT, NONE}]
    runs = []
    with _progress() as bar:
        for name in wanted:
            task = bar.add_task(f"{name} [windows]", total=len(load.windows_w))

            def tick(done: int, task: TaskID = task) -> None:
                bar.update(task, completed=done)

            runs.append(driven(load, stores, name, shaver.Params(), tick=tick))
            bar.update(task, completed=len(load.windows_w))
    return tuple(runs)


def _progress() -> Progress:
    """Return a bar for people who look; a pipe or a file gets none."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
