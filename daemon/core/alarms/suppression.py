"""What is hidden because its cause is shown, and what makes no sense now.

*Suppressed by design* is the consequence of a cause that stands, be it still in its on-delay: its
condition is followed, and it comes out when the cause has gone and the condition has not.

*Void* is what makes no sense now: the equipment is in a stage under which the alarm says nothing,
or its buses are not known to be joined to a running source, as below an opened breaker. A void
condition does not hold, so its delays begin when it makes sense again: a set that has just come up
to voltage is not reported for the voltage it had at rest. One that stood before is suppressed.

What is not good brings nothing out of hiding: a stage that cannot be read leaves the alarm as it
is, and a source or a switch that cannot be read does not count as a supply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from daemon.core.alarms.conditions import Flags, Plan, within
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from daemon.core.view import View


def void(plan: Plan, view: View, hidden: Flags) -> Flags:
    """Return which conditions (n_condition,) make no sense now.

    Args:
        plan: of the site.
        view: this scan.
        hidden: which are suppressed so far (n_condition,).
    """
    senseless = np.zeros(len(plan.conditions), dtype=np.bool_)
    if len(plan.gate_of):
        known = good_mask(view.image.quality[plan.gate_point])
        fits = within(plan.gate_mask, view.image.values[plan.gate_point])
        senseless[plan.gate_of[np.where(known, ~fits, hidden[plan.gate_of])]] = True
    net = view.topology.net
    fed = {net[bus] for source, bus in view.topology.running.items() if _feeds(view, source)}
    for place, buses in plan.fed:
        if fed.isdisjoint(net[bus] for bus in buses):
            senseless[place] = True
    return senseless


def consequences(plan: Plan, standing: Flags) -> Flags:
    """Return which conditions (n_condition,) follow from one that stands (n_condition,)."""
    hide = np.zeros(len(plan.conditions), dtype=np.bool_)
    hide[plan.consequence[standing[plan.cause]]] = True
    return hide


def _feeds(view: View, source: str) -> bool:
    """Return whether a source is known to run and can hold a bus live by itself."""
    nature = view.site.equipment[source].nature
    if nature == "pv" or (nature == "ess" and view.stage(source) != "grid_forming"):
        return False
    return view.points.find(source, "stage") is None or view.stage(source) is not None
