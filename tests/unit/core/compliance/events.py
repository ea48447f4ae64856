"""Traces of an event in plain words, a sample each millisecond."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from daemon.core import compliance
from daemon.settings.rules import load_rules

if TYPE_CHECKING:
    from daemon.model.compliance import Verdict

MS = 1_000_000


def event(*pieces: tuple[int, float, float]) -> compliance.Samples:
    """Return a trace of pieces: so many milliseconds at a voltage [pu] and a power [MW]."""
    lengths = [ms for ms, _, _ in pieces]
    t_ns = np.arange(sum(lengths), dtype=np.int64) * MS
    values = {
        "voltage_pu": np.repeat([v for _, v, _ in pieces], lengths),
        "power_w": np.repeat([1e6 * mw for _, _, mw in pieces], lengths),
    }
    return compliance.Samples(t_ns, values)


def judged(rules: str, samples: compliance.Samples, step_ms: int = 1) -> dict[str, Verdict]:
    """Return the verdicts of a rule set by name of their limit."""
    given = compliance.Given(step_ms * MS, 100e6, 60.0, frozenset(samples.values))
    court = compliance.begin([load_rules(rules)], given)
    court = compliance.take(court, samples)
    return {one.name: one for one in compliance.verdicts(court)}
