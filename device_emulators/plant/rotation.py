"""Islands turn: frequency and angle of every former, load sharing of machines, pulling into step.

A machine-led island swings by the balance of shafts and load; any other leader moves by itself and
the members follow it. A breaker that waits for synchronism steers the weaker of its two islands.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from device_emulators.plant import excitation, machine
from device_emulators.plant.protection import wrap

if TYPE_CHECKING:
    from device_emulators.plant.elements import Former, Island
    from device_emulators.plant.grid import Grid


def _machines(island: Island) -> list[machine.Machine]:
    return [f.machine for f in island.members if f.machine is not None]


def advance(grid: Grid, dt_s: float) -> None:
    """Turn all islands on by `dt_s` [s]; leaders without a machine have moved already."""
    for island in grid.islands:
        leader = island.leader
        if leader is None:
            continue
        turning = _machines(island)
        if leader.machine is not None:
            leader.frequency_hz = machine.swing(
                turning, island.load_w, leader.frequency_hz, grid.nominal_hz, dt_s
            )
            slip = leader.frequency_hz - grid.nominal_hz
            leader.angle_rad = wrap(leader.angle_rad + 2.0 * math.pi * slip * dt_s)
            if not island.faulted:  # what a short circuit takes is no load to settle to
                excitation.regulate(turning, island.load_w, island.load_var, dt_s)
        for former in island.members[1:]:
            former.frequency_hz, former.angle_rad = leader.frequency_hz, leader.angle_rad


def share(grid: Grid) -> None:
    """Deal the load of machine-led islands to their machines and set the leader's voltage."""
    for island in grid.islands:
        leader = island.leader
        if leader is None or leader.machine is None:
            continue
        turning = [f for f in island.members if f.machine is not None]
        machines = _machines(island)
        active = machine.shares(machines, island.load_w)
        reactive = excitation.reactive_shares(machines, island.load_var)
        for former, m, part_w, part_var in zip(turning, machines, active, reactive, strict=True):
            m.reactive_var = part_var
            if former is not leader:
                grid.p_w[former.slot] = -part_w
                grid.q_var[former.slot] = -part_var
        leader.voltage_pu = excitation.terminal_pu(machines, island.load_w, island.load_var)


def steer(grid: Grid) -> None:
    """Let synchronisers pull in for every breaker that waits."""
    for former in grid.formers:
        if former.machine is not None:
            former.machine.sync_hz = 0.0
    for _, (source, load) in sorted(grid.waiting.items()):
        gap = grid.gap(source, load)
        one, two = grid.island(source), grid.island(load)
        if gap is None or one is two or one is None or two is None:
            continue
        assert one.leader is not None
        assert two.leader is not None
        weaker, stronger, angle = one, two, gap.angle_rad
        if _stiffness(one) > _stiffness(two):
            weaker, stronger, angle = two, one, -gap.angle_rad
        assert weaker.leader is not None
        assert stronger.leader is not None
        target = stronger.leader.frequency_hz - grid.nominal_hz + machine.pull_in(angle)
        _set(grid, weaker.leader, weaker, target)


def _stiffness(island: Island) -> tuple[int, float]:
    assert island.leader is not None
    return -island.leader.rank, island.load_w


def _set(grid: Grid, leader: Former, island: Island, offset_hz: float) -> None:
    if leader.machine is None:
        leader.frequency_hz = grid.nominal_hz + offset_hz
        return
    for m in _machines(island):
        m.sync_hz = offset_hz
