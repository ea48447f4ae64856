"""What shaving has seen, kept over restarts: a new daemon does not begin without yesterday.

At the begin of each window what was measured is handed to a worker that keeps it; at its begin a
daemon asks for what was kept. A request travels as that for a plan does, and its answer is part of
the record. Time in which no daemon looked is filled by the same time of the day before, so that the
days stay in step; after more than a day, or without a day to fill from, nothing is taken over.
A file that holds something else than what was kept is no history: why is said, and it begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from daemon.core.balance.shaving.forecast import DAY_S
from daemon.core.balance.shaving.shaver import Params, State
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from daemon.core.kept import Files

KEEP: Final = "shaving_keep"
RECALL: Final = "shaving_recall"
"""Names of the functions that workers know `keep` and `recall` by."""
NAME: Final = "demand.json"
_MOST_UNSEEN_S: Final = DAY_S
_MOST_W: Final = 1e12
"""No site draws more: what says so is none of our numbers."""


def written(state: State, period: int, params: Params) -> dict[str, Any]:
    """Return what is to be kept."""
    return {
        "sampled_to_ns": state.sample.begun_ns,
        "sample_s": params.forecast.sample_s,
        "samples_w": list(state.samples_w),
        "period": period,
        "highest_w": state.highest_w,
    }


def keep(files: Files, **kept: Any) -> None:  # noqa: ANN401 - as it was written
    """Keep it in place of what was kept before; done by a worker."""
    files.replace(NAME, json.dumps(kept).encode())


def recall(files: Files) -> dict[str, Any] | None:
    """Return what was kept, `{"fault": why}` where it is none of that; done by a worker.

    None where nothing was kept.
    """
    try:
        content = files.read(NAME)
        if not content:
            return None
        kept = json.loads(content)
    except (OSError, ValueError, RecursionError) as fault:
        return {"fault": f"{NAME} cannot be read: {fault}"}
    wrong = _wrong(kept)
    return {"fault": f"{NAME}: {wrong}"} if wrong else dict(kept)


def _wrong(kept: object) -> str:
    """Return what is wrong with what was read, nothing if it is as it was `written`."""
    if not isinstance(kept, dict):
        return "holds no object"
    samples_w = kept.get("samples_w")
    if not isinstance(samples_w, list) or not all(_number(one) for one in samples_w):
        return "samples_w is no list of powers"
    for name in ("sample_s", "highest_w"):
        if not _number(kept.get(name)):
            return f"{name} is no number"
    for name in ("sampled_to_ns", "period"):
        if type(kept.get(name)) is not int:
            return f"{name} is no whole number"
    return ""


def _number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _MOST_W  # nor is what is no number


def resumed(state: State, kept: Mapping[str, Any] | None, period: int, params: Params) -> State:
    """Return the state with what was kept before what it has seen itself.

    Args:
        state: of a daemon that has just begun.
        kept: as `recall` found it, of the one before; None where there is none.
        period: number of the billing period that runs.
        params: of the controller.
    """
    if not kept or "fault" in kept or kept["sample_s"] != params.forecast.sample_s:
        return state
    if kept["period"] == period:
        state = state._replace(highest_w=max(state.highest_w, float(kept["highest_w"])))
    sample_ns, day = ns(params.forecast.sample_s), round(DAY_S / params.forecast.sample_s)
    own_ns = state.sample.begun_ns - len(state.samples_w) * sample_ns
    unseen, odd_ns = divmod(own_ns - int(kept["sampled_to_ns"]), sample_ns)
    samples_w = [float(sample_w) for sample_w in kept["samples_w"]]
    fits = not odd_ns and 0 <= unseen * sample_ns <= _MOST_UNSEEN_S * SECOND
    if not fits or (unseen and len(samples_w) < day):
        return state
    for _ in range(unseen):
        samples_w.append(samples_w[-day])
    return state._replace(samples_w=(*samples_w, *state.samples_w))
