"""What is hidden because its cause is shown, or because it makes no sense now.

Three reasons, all from the rule (see `rules`): a cause that stands, be it still in its on-delay;
a stage of the equipment under which the alarm says nothing; a bus that topology knows to be cut off
from every source, as below an opened breaker. A stage that is not good hides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from daemon.core.alarms.conditions import Flags, Plan, within
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from daemon.core.view import View


def suppressed(plan: Plan, view: View, standing: Flags) -> Flags:
    """Return which conditions (n_condition,) are suppressed by design.

    Args:
        plan: of the site.
        view: this scan.
        standing: conditions that hold now or are held to be active (n_condition,).
    """
    hide = np.zeros(len(plan.conditions), dtype=np.bool_)
    hide[plan.consequence[standing[plan.cause]]] = True
    if len(plan.gate_of):
        known = good_mask(view.image.quality[plan.gate_point])
        fits = within(plan.gate_mask, view.image.values[plan.gate_point])
        hide[plan.gate_of[known & ~fits]] = True
    reached = {
        view.topology.reach[bus]
        for source, bus in view.topology.running.items()
        if _gives_voltage(view, source)
    }
    for place, buses in plan.fed:
        if reached.isdisjoint(view.topology.reach[bus] for bus in buses):
            hide[place] = True
    return hide


def _gives_voltage(view: View, source: str) -> bool:
    """Return whether a running source can hold a bus live by itself."""
    nature = view.site.equipment[source].nature
    return nature != "pv" and (nature != "ess" or view.stage(source) == "grid_forming")
