"""How a backtest is said to people, and what of it machines read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.backtest.drive import capture_pu
from daemon.rehearsal.backtest.policies import FORESIGHT, NONE, POLICIES
from daemon.rehearsal.compliance.words import figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.rehearsal.backtest.drive import Run

TITLES: Final = {
    **{name: policy.about for name, policy in POLICIES.items()},
    FORESIGHT: "the future known: linear programme",
    NONE: "no storage",
}
_WH: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trace.

    Attributes:
        name: of the trace.
        about: what was driven, in lines.
        notes: what was done to the trace.
        runs: those asked for, with the optimum and no storage.
        window_s: that is billed [s].
    """

    name: str
    about: tuple[str, ...]
    notes: tuple[str, ...]
    runs: tuple[Run, ...]
    window_s: float

    def run(self, name: str) -> Run:
        """Return the run of a policy."""
        return next(run for run in self.runs if run.policy == name)

    def capture_pu(self, run: Run) -> float | None:
        """Return the part of the possible gain that a run reached."""
        return capture_pu(run, self.run(NONE), self.run(FORESIGHT))

    @property
    def verdicts(self) -> tuple[dict[str, Any], ...]:
        """Return what has to hold of every policy that was driven."""
        top_w = self.run(NONE).peak_w
        found: list[dict[str, Any]] = []
        for run in self.runs:
            if run.policy in {NONE, FORESIGHT}:
                continue
            held = run.peak_w <= top_w + 1.0
            found.append(_verdict(run, "peak without storage", run.peak_w, top_w, "W", ok=held))
            kept = run.spare_j >= -1.0
            found.append(_verdict(run, "reserve", run.spare_j, 0.0, "J", ok=kept))
        return tuple(found)

    @property
    def ok(self) -> bool:
        """Return whether all of that holds."""
        return all(verdict["ok"] for verdict in self.verdicts)

    @property
    def said(self) -> str:
        """Return the outcome in one line."""
        missed = [v["name"] for v in self.verdicts if not v["ok"]]
        if missed:
            return f"MISSED: {', '.join(missed)}"
        return "never above the peak without storage, reserve untouched"


def _verdict(
    run: Run, name: str, value: float, limit: float, unit: str, *, ok: bool
) -> dict[str, Any]:
    named = {"name": f"{run.policy}: {name}", "ok": ok, "value": value, "limit": limit}
    return {**named, "unit": unit, "at_s": None}


def heads() -> tuple[str, ...]:
    """Return the heads of the table."""
    return ("policy", "peak", "capture", "by the optimum", "discharged", "least above reserve", "")


def row(outcome: Outcome, run: Run) -> tuple[str, ...]:
    """Return the cells of one run."""
    reached_pu = outcome.capture_pu(run)
    ratio = run.peak_w / outcome.run(FORESIGHT).peak_w
    stored = run.policy != NONE
    return (
        run.policy,
        figure(run.peak_w, "W"),
        "nothing to gain" if reached_pu is None else f"{reached_pu:.1%}",
        f"{ratio:.4f}",
        figure(run.given_j / _WH, "Wh") if stored else "",
        # What is below a thousandth of a watt-hour is rounding of the sum, on either side.
        figure(round(run.spare_j / _WH, 3) + 0.0, "Wh") if stored else "",
        TITLES[run.policy],
    )


def lines(outcome: Outcome) -> Iterator[str]:
    """Yield the outcome for people."""
    yield f"{outcome.name}: {outcome.about[0]}"
    yield from (f"  {line}" for line in (*outcome.about[1:], *outcome.notes))
    table = [heads(), *(row(outcome, run) for run in outcome.runs)]
    widths = [max(len(cells[i]) for cells in table) for i in range(len(table[0]))]
    for cells in table:
        yield "  " + "  ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)).rstrip()
    yield from (foreseen_by(run) for run in outcome.runs if run.pinball_w)
    yield outcome.said


def foreseen_by(run: Run) -> str:
    """Return which forecast was the better one, and how often each was followed."""
    by_loss = sorted(run.pinball_w, key=run.pinball_w.__getitem__)
    told = ", ".join(
        f"{name} {figure(run.pinball_w[name], 'W')} ({run.used.get(name, 0)} plans)"
        for name in by_loss
    )
    return f"  {run.policy}: forecasts by pinball loss, the better first: {told}"


def plain(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome for machines."""
    policies = [
        {
            "policy": run.policy,
            "peak_w": run.peak_w,
            "capture_pu": outcome.capture_pu(run),
            "discharged_j": run.given_j,
            "spare_j": run.spare_j if run.policy != NONE else None,
            "lowest_import_w": run.lowest_w,
            "pinball_w": dict(run.pinball_w),
            "plans": dict(run.used),
        }
        for run in outcome.runs
    ]
    return {"policies": policies, "verdicts": list(outcome.verdicts)}
