"""Nodes, islands and flows of switches."""

from __future__ import annotations

import numpy as np

from device_emulators.plant.topology import merge, sum_by, switch_flows


def test_groups_are_numbered_by_first_member_whatever_the_order() -> None:
    one = merge(6, [(4, 1), (2, 5)])
    assert one.tolist() == [0, 1, 2, 3, 1, 2]
    assert merge(6, [(5, 2), (1, 4)]).tolist() == one.tolist()


def test_flow_through_a_switch_is_what_lies_behind_it() -> None:
    # 0 -a-> 1 -b-> 2, and 3 -c-> 1 drawn against the flow; 10 W, 20 W and 30 W are consumed.
    flows, _ = switch_flows(4, [(0, 0, 1), (1, 1, 2), (2, 3, 1)])
    consumed = np.array([-60.0, 10.0, 20.0, 30.0])
    assert (flows @ consumed).tolist() == [60.0, 20.0, -30.0]


def test_open_switches_carry_nothing_and_rings_close_without_flow_in_the_last_edge() -> None:
    flows, n_row = switch_flows(3, [(1, 0, 1), (2, 1, 2), (4, 0, 2)])
    assert n_row == 5
    carried = (flows @ np.array([-3.0, 1.0, 2.0])).tolist()
    assert carried[0] == carried[3] == 0.0
    # Kirchhoff at every bus, whichever edge of the ring stays empty.
    assert carried[1] + carried[4] == 3.0
    assert carried[1] - carried[2] == 1.0


def test_sums_by_place_are_floats_even_when_nothing_is_there() -> None:
    sums = sum_by(np.zeros(0, np.intp), np.zeros(0), 2)
    assert sums.dtype == np.float64
    assert sums.tolist() == [0.0, 0.0]
