"""How much faster than real time the physics of the AI hall alone run, on one core.

Plant seconds per second of processor time, nobody's hand on it, after the start. Quiet: the utility
feeds everything and training swings; the network is solved at least five times in a second. A fault
sequence: six sags of a flapping utility, then short circuits on a medium-voltage feeder, a server
feeder, an 800 V feeder and the utility's connection, each cleared by its breakers or gone after
0.3 s, and what follows from each. The best of three runs, for other work on the machine disturbs.
"""

from __future__ import annotations

from time import process_time
from typing import Any

from daemon.model.quantities import ns
from daemon.settings import load
from device_emulators.plant.plant import Plant
from tests.bench.harness import Result, at_least

QUIET, FAULTS, SOLVES = 100.0, 20.0, 5.0
RUNS = 3
SEQUENCE: tuple[tuple[float, str, str, dict[str, Any]], ...] = (
    *(
        (1.0 + 0.5 * n, utility, "sag", {"depth_pu": 0.4, "for_s": 0.042 + 0.005 * n})
        for n in range(6)
        for utility in ("U-A", "U-B")
    ),
    (6.0, "SA11", "fault", {"kind": "three_phase", "ohm": 0.0}),
    (9.0, "SR1A", "fault", {"kind": "earth", "ohm": 0.0}),
    (12.0, "DA1", "fault", {"kind": "phase_phase", "ohm": 0.0}),
    (15.0, "UA", "fault", {"kind": "three_phase", "ohm": 0.2}),
    (15.3, "UA", "clear", {}),
)


def play(
    plant: Plant, lasts_s: float, happenings: tuple[tuple[float, str, str, dict[str, Any]], ...]
) -> None:
    """Let a plant run for a time [s] with some happenings."""
    to_come = list(happenings)
    while plant.now_ns < ns(lasts_s):
        while to_come and ns(to_come[0][0]) <= plant.now_ns:
            _, target, event, values = to_come.pop(0)
            plant.inject(target, event, values)
        due_ns = [ns(to_come[0][0])] if to_come else []
        plant.advance(min([plant.due_ns, ns(lasts_s), *due_ns]))


def best(
    lasts_s: float, *happenings: tuple[float, str, str, dict[str, Any]]
) -> tuple[float, float]:
    """Return the speed and the solutions per plant second."""
    speed = solves = 0.0
    site = load("ai_hall").site
    for _ in range(RUNS):
        plant = Plant(site, seed=1)
        began_s = process_time()
        play(plant, lasts_s, happenings)
        speed = max(speed, lasts_s / (process_time() - began_s))
        solves = plant.grid.solves / lasts_s
    return speed, solves


def run() -> list[Result]:
    """Return all figures."""
    quiet, solves = best(60.0)
    standing = (0.5, "MVA", "fault", {"kind": "three_phase", "ohm": 0.0})
    unbalanced = (0.5, "LVA2", "fault", {"kind": "phase_phase", "ohm": 0.001})
    return [
        at_least("quiet, training", quiet, "x", QUIET, "real time"),
        at_least("solutions in quiet", solves, "1/s", SOLVES),
        at_least("fault sequence", best(20.0, *SEQUENCE)[0], "x", FAULTS, "real time"),
        Result("first 2 s of a bus fault", best(2.5, standing)[0], "x"),
        Result("first 2 s of a phase-phase fault", best(2.5, unbalanced)[0], "x"),
    ]
