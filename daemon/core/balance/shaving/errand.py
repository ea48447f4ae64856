"""A request for a plan as it travels to a worker and back: plain values that can be recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from daemon.core.balance.shaving import shaver
from daemon.core.balance.shaving.stores import Store

PLAN: Final = "shaving_plan"
"""Name of the function that workers know `plan` by."""


def written(request: shaver.Request, params: shaver.Params) -> dict[str, Any]:
    """Return the arguments of `plan`."""
    store = request.store
    return {
        "at_ns": request.at_ns,
        "samples_w": list(request.samples_w),
        "charge_w": store.charge_w,
        "discharge_w": store.discharge_w,
        "usable_j": store.capacity_j,
        "efficiency_pu": store.efficiency_pu,
        "energy_j": request.energy_j,
        "highest_w": request.highest_w,
        "left_s": request.left_s,
        "pinball_w": dict(request.pinball_w),
        "rows_w": request.rows_w,
        "window_s": params.hold.window_s,
        "export_w": params.hold.export_w,
        "wear_w_per_j": params.level.wear_w_per_j,
        "sample_s": params.forecast.sample_s,
    }


def plan(**asked: Any) -> dict[str, Any]:  # noqa: ANN401 - as it was written
    """Return the plan for a request; pure, made in a worker."""
    # The library that learns takes a second to import: only where a plan is made.
    from daemon.core.balance.shaving.learnt import BOTH  # noqa: PLC0415

    usual = shaver.Params()
    params = replace(
        usual,
        hold=replace(usual.hold, window_s=asked["window_s"], export_w=asked["export_w"]),
        forecast=replace(usual.forecast, sample_s=asked["sample_s"]),
        level=replace(usual.level, wear_w_per_j=asked["wear_w_per_j"]),
    )
    store = Store(
        asked["charge_w"], asked["discharge_w"], asked["usable_j"], asked["efficiency_pu"]
    )
    request = shaver.Request(
        asked["at_ns"],
        tuple(asked["samples_w"]),
        store,
        asked["energy_j"],
        asked["highest_w"],
        asked["left_s"],
        asked["pinball_w"],
        asked["rows_w"],
    )
    return shaver.planned(request, params, BOTH)._asdict()


def read(result: Mapping[str, Any] | None) -> shaver.Plan | None:
    """Return the plan that came back; None where the worker failed."""
    return shaver.Plan(**result) if result else None
