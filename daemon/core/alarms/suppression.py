"""What is hidden because its cause is shown, or because it makes no sense now.

Three reasons, all from the rule (see `rules`): a cause that stands, be it still in its on-delay;
a stage of the equipment under which the alarm says nothing; a bus that is not known to be joined to
a running source, as below an opened breaker. What is not good brings nothing out of hiding: a stage
that cannot be read leaves the alarm as it is, and a source or a switch that cannot be read does not
count as a supply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from daemon.core.alarms.conditions import Flags, Plan, within
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from daemon.core.view import View


def suppressed(plan: Plan, view: View, standing: Flags, hidden: Flags) -> Flags:
    """Return which conditions (n_condition,) are suppressed by design.

    Args:
        plan: of the site.
        view: this scan.
        standing: conditions that hold now or are held to be active (n_condition,).
        hidden: which are suppressed so far (n_condition,).
    """
    hide = np.zeros(len(plan.conditions), dtype=np.bool_)
    hide[plan.consequence[standing[plan.cause]]] = True
    if len(plan.gate_of):
        known = good_mask(view.image.quality[plan.gate_point])
        fits = within(plan.gate_mask, view.image.values[plan.gate_point])
        shut = np.where(known, ~fits, hidden[plan.gate_of])
        hide[plan.gate_of[shut]] = True
    net = view.topology.net
    fed = {net[bus] for source, bus in view.topology.running.items() if _feeds(view, source)}
    for place, buses in plan.fed:
        if fed.isdisjoint(net[bus] for bus in buses):
            hide[place] = True
    return hide


def _feeds(view: View, source: str) -> bool:
    """Return whether a source is known to run and can hold a bus live by itself."""
    nature = view.site.equipment[source].nature
    if nature == "pv" or (nature == "ess" and view.stage(source) != "grid_forming"):
        return False
    return view.points.find(source, "stage") is None or view.stage(source) is not None
