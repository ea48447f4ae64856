"""How much faster than real time the AI hall runs in virtual time, on one core.

The whole hall with the oracles that `ridethrough simulate` applies, shipped periods: scenario
seconds per second of processor time after the start. Real time is the floor. The plant alone shows
what of it the physics take.
"""

from __future__ import annotations

from time import process_time

from daemon.model.quantities import ns
from daemon.rehearsal.desk import scenario_for
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation import run as simulation
from daemon.rehearsal.simulation.run import Case
from daemon.settings import load
from device_emulators.plant.plant import Plant
from tests.bench.harness import Result, at_least

IMAGE, WIRE = 50.0, 3.0


def run_case(name: str, depth: str, for_s: float) -> float:
    """Return the speed of a run."""
    site_file = load("ai_hall")
    scenario = scenario_for(name, site_file.site)
    return simulation.run(Case(site_file, scenario, 1, depth, for_s), oracles()).speed


def run_plant(lasts_s: float) -> float:
    """Return the speed of the plant alone in its quiet steps."""
    plant = Plant(load("ai_hall").site, seed=1)
    began_s = process_time()
    while plant.now_ns < ns(lasts_s):
        plant.advance(plant.due_ns)
    return lasts_s / (process_time() - began_s)


def run() -> list[Result]:
    """Return all figures."""
    against = "real time"
    image = run_case("normal", "image", 120.0)
    return [
        at_least("image depth, normal", image, "x", IMAGE, against),
        Result("image depth, one day", 24 * 60 / image, "min", against="normal"),
        Result("image depth, extended_outage", run_case("extended_outage", "image", 115.0), "x"),
        at_least("wire depth, normal", run_case("normal", "wire", 20.0), "x", WIRE, against),
        at_least(
            "wire depth, extended_outage",
            run_case("extended_outage", "wire", 30.0),
            "x",
            WIRE,
            against,
        ),
        Result("plant alone, normal", run_plant(120.0), "x"),
    ]
