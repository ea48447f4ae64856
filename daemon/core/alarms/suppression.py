"""What is hidden because its cause is shown, and what makes no sense now.

*Suppressed by design* is the consequence of a cause that stands, be it still in its on-delay: its
condition is followed, and it comes out when the cause has gone and the condition has not.

*Void* is what makes no sense now: the equipment is in a stage under which the alarm says nothing,
or its buses are not known to be joined to a running source, as below an opened breaker. A void
condition does not hold, so its delays begin when it makes sense again: a set that has just come up
to voltage is not reported for the voltage it had at rest. One that stood before is suppressed.

What is not good brings nothing out of hiding: a stage or a cause that cannot be read leaves the
alarm as it is (else a link that comes and goes would annunciate it anew each time), and a source or
a switch that cannot be read does not count as a supply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from daemon.core.alarms.conditions import Flags, Plan

if TYPE_CHECKING:
    from daemon.core.alarms.judging import Steady
    from daemon.core.topology import Topology
    from daemon.core.view import View


class Void(NamedTuple):
    """Which conditions make no sense by codes and diagram alone (n_condition,)."""

    steady: Steady
    topology: Topology
    senseless: Flags


def lay(plan: Plan, view: View, steady: Steady, last: Void | None) -> Void:
    """Return what makes no sense by codes and diagram: `last` itself while both stand.

    Args:
        plan: of the site.
        view: this scan.
        steady: what the codes and qualities of its image say.
        last: what was found before, if anything.
    """
    topology = view.topology
    if last is not None and last.steady is steady and last.topology is topology:
        return last
    senseless = np.zeros(len(plan.conditions), dtype=np.bool_)
    senseless[plan.gate_of[steady.gates_shut]] = True
    net = topology.net
    fed = {net[bus] for source, bus in topology.running.items() if _feeds(view, source)}
    for place, buses in plan.fed:
        if fed.isdisjoint(net[bus] for bus in buses):
            senseless[place] = True
    return Void(steady, topology, senseless)


def void(plan: Plan, found: Void, hidden: Flags) -> Flags:
    """Return which conditions (n_condition,) make no sense now.

    Args:
        plan: of the site.
        found: what makes no sense by codes and diagram.
        hidden: which are suppressed so far (n_condition,).
    """
    known = found.steady.gates_known
    if known.all():
        return found.senseless
    senseless = found.senseless.copy()
    unread = plan.gate_of[~known]
    senseless[unread[hidden[unread]]] = True
    return senseless


def consequences(plan: Plan, standing: Flags) -> Flags:
    """Return which conditions (n_condition,) follow from one that stands (n_condition,)."""
    hide = np.zeros(len(plan.conditions), dtype=np.bool_)
    if standing.any():
        hide[plan.consequence[standing[plan.cause]]] = True
    return hide


def _feeds(view: View, source: str) -> bool:
    """Return whether a source is known to run and can hold a bus live by itself."""
    nature = view.site.equipment[source].nature
    if nature == "pv" or (nature == "ess" and view.stage(source) != "grid_forming"):
        return False
    return view.points.find(source, "stage") is None or view.stage(source) is not None
