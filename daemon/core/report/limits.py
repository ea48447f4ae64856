"""Limits that a transfer is judged by, each with its source. A site sets its own in `control:`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le


@dataclass(frozen=True, slots=True)
class Params:
    """Limits of the transfer report.

    Attributes:
        start_s: from the loss to the first load block on the sets [s]. Source: mission, 10-30 s.
        type_s: the same by the declared type of the plant [s]. Source: NFPA 110 Type 10.
        type_required: the site is held to that type; else it is reported and fails nothing.
        full_load_s: from the first block until every UPS, rectifier and section has its input
            again [s]. Source: mission.
        return_s: after a short loss, from the return of the input until the load draws
            `return_pu` again [s]. Source: own limit, after large-load ride-through rules.
        return_pu: part of what was drawn before [pu].
        short_s: a loss of at most this is a short one [s].
        overlap_s: two sources of a section closed together at a retransfer [s]. Source: closed
            transition of transfer switches, at most 100 ms.
        parting_s: from the loss until the site has parted from the dead utility [s]. Source: own
            limit, loss of mains.
        cap_s: from the loss of all AC until the rows are capped [s]. Source: own limit, so that
            storage outlasts a failed start.
        dip_pu: voltage of a critical supply below which it is interrupted [pu]. Source: ITIC curve.
        dip_s: that may last so long [s]. Source: ITIC curve, 20 ms at 0 %.
        settle_s: all must be at rest for so long before the report is closed [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    start_s: Annotated[float, Gt(0), Le(600)] = 30.0
    type_s: Annotated[float, Gt(0), Le(600)] = 10.0
    type_required: bool = False
    full_load_s: Annotated[float, Gt(0), Le(3600)] = 30.0
    return_s: Annotated[float, Gt(0), Le(60)] = 2.0
    return_pu: Annotated[float, Gt(0), Le(1)] = 0.9
    short_s: Annotated[float, Gt(0), Le(60)] = 1.0
    overlap_s: Annotated[float, Gt(0), Le(1)] = 0.1
    parting_s: Annotated[float, Gt(0), Le(10)] = 0.5
    cap_s: Annotated[float, Gt(0), Le(60)] = 1.0
    dip_pu: Annotated[float, Gt(0), Le(0.95)] = 0.7
    dip_s: Annotated[float, Ge(0), Le(10)] = 0.02
    settle_s: Annotated[float, Gt(0), Le(600)] = 5.0
