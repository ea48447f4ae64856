"""What a trace does not show: its holes, and steps between rows that are longer than a window.

A limit that was kept in what is seen says nothing of what lies in a hole; nor does a rise within
6 s show between rows 9 s apart. The verdict on the rest stands, with what it leaves out by line and
time, and is told from one on all of the trace.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.compliance.limits import Excursion, InBand, Ramp, Recovery, Scaled
from daemon.model.quantities import SECOND, ns, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from daemon.core.compliance import RuleSet
    from daemon.core.compliance.limits import Limit
    from daemon.model.compliance import Verdict
    from daemon.rehearsal.compliance.trace_file import TraceFile

    Mask = NDArray[np.bool_]

_TOLD: Final = 3
"""So many are told by line in a verdict; the rest are counted."""
_USUAL: Final = 1.5
"""Steps up to so many times the usual one are what the verdict itself weighs."""


def told(
    trace: TraceFile, rules: Sequence[RuleSet], verdicts: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """Return the verdicts, those that were kept with what the trace does not show of them."""
    limits = {(one.name, limit.name): limit for one in rules for limit in one.limits}
    return tuple(_told(trace, limits[v.rules, v.name], v) for v in verdicts)


def _told(trace: TraceFile, limit: Limit, verdict: Verdict) -> Verdict:
    if not verdict.ok:
        return verdict
    steps_ns = np.diff(trace.samples.t_ns)
    out = _holes(trace)
    need_ns = _need_ns(limit)
    if need_ns is not None:
        out |= steps_ns > max(need_ns, _USUAL * trace.step_ns)
    at = np.flatnonzero(out)
    if not len(at):
        return verdict
    t_ns = trace.samples.t_ns
    ends_s = [(seconds(int(t_ns[k])), seconds(int(t_ns[k + 1]))) for k in at[:_TOLD]]
    spans = [
        f"line {trace.lines[k + 1]} ({begin:.9g} to {end:.9g} s)"
        for k, (begin, end) in zip(at, ends_s, strict=False)
    ]
    spans += [f"{len(at) - _TOLD} more"] if len(at) > _TOLD else []
    said = f"not judged before {', '.join(spans)}"
    detail = "; ".join(filter(None, (said, verdict.detail)))
    return replace(verdict, detail=detail, unseen_s=float(steps_ns[at].sum()) / SECOND)


def _holes(trace: TraceFile) -> Mask:
    """Return which steps part the trace `(n - 1,)`."""
    out = np.zeros(len(trace.samples) - 1, dtype=np.bool_)
    out[np.array(trace.parts[1:-1], dtype=np.int64) - 1] = True
    return out


def _need_ns(limit: Limit) -> int | None:
    """Return the longest step that still shows a limit, None where a mean holds over any [ns]."""
    if isinstance(limit, Scaled | Ramp):
        return ns(limit.window_s)
    if isinstance(limit, Excursion):
        return ns(limit.longest_s)
    if isinstance(limit, Recovery):
        return ns(limit.within_s)
    return ns(limit.interval_s) if isinstance(limit, InBand) else None
