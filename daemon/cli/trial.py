"""Trying the control before it meets a plant: simulate, prove."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.words import (
    DEFAULT_SITE,
    jobs,
    json_option,
    plant_options,
    seconds,
    seed,
    seeds,
    site_argument,
)

if TYPE_CHECKING:
    from daemon.cli.words import Command

_SIMULATE = """\
Plays a scenario in virtual time: the unmodified daemon against the plant, in one process, many
times faster than real time, and the same for the same seed to the last byte. Says what became of
every expectation, and what the oracles found that judge the plant's truth.

--depth image takes the values straight from the plant, with the rounding of the registers; wire
exchanges real Modbus and OPC UA frames. With --faults swarm every seed draws faults of its own
beside the scenario, within the time that is asked for, and runs on until all must be normal again;
then only the oracles decide. --without takes an interlock, or a guard of synchronism, away first:
a counterexample that `prove --without ROW --to DIR` has written is played without ROW, and passes
with all of them (not every one goes wrong on the whole plant).

examples:
  ridethrough simulate extended_outage
  ridethrough simulate config/scenarios/extended_outage.yaml --seed 7 --report out.html
  ridethrough simulate generator_failure --depth wire --json
  ridethrough simulate normal --for 86400
  ridethrough simulate config/scenarios/normal.yaml --faults swarm --seeds 1..200 --json
  ridethrough simulate counterexamples/CCTS-1-mains-1.yaml --without faulted_bus
"""
_PROVE = """\
Searches through every way in which the schemes of a site can go on: the daemon's own tables,
interlocks and command path against breakers that stick, sources that fail and come back at the
wrong moment, answers that are lost, instruments that lie, hands at the panel, and a daemon that
starts anew. Time is kept as bounds, so that every order of events is gone through.

Faults are losses of the utility, which returns; hidden ones, which show when something is asked of
what has them; and sudden disturbances, at any instant. --short has one loss, alone and with one
hidden fault; without --short there are also two losses, one disturbance, and a loss with one; and
with --full every two faults there can be. --without takes an interlock, or a guard of synchronism
in the automata, away, to see what it is for. A counterexample is told step by step, and written to
--to as a scenario. Exit code 0 exactly when every search came to its end and found nothing.

examples:
  ridethrough prove
  ridethrough prove --scheme CCTS-1/sets --full --json
  ridethrough prove --scheme CCTS-1/mains --without faulted_bus --to counterexamples
"""


def add(command: Command) -> None:
    """Add these commands."""
    _simulate_options(
        command("simulate", _simulate, "daemon and plant in virtual time, oracles", _SIMULATE)
    )
    _prove_options(command("prove", _prove, "the transfer schemes, searched through", _PROVE))


def _simulate_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("scenario", help="scenario file, or the name of one that came along")
    site_argument(sub.add_argument, "--site")
    chance = sub.add_mutually_exclusive_group()
    chance.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="of all chance (default 0)"
    )
    chance.add_argument("--seeds", type=seeds, metavar="A..B", help="a run for each of them")
    sub.add_argument(
        "--depth",
        choices=("image", "wire"),
        default="image",
        help="values straight from the plant, or real frames (default image)",
    )
    sub.add_argument(
        "--faults",
        choices=("none", "swarm"),
        default="none",
        help="draw faults by the seed; then only the oracles decide (default none)",
    )
    plant_options(sub)
    _without(sub)
    sub.add_argument(
        "--report", type=Path, metavar="FILE", help="write the run as a page to look at (HTML)"
    )
    sub.add_argument(
        "--jobs",
        type=jobs,
        metavar="N",
        help="processes for --seeds (default: one for each processor)",
    )
    json_option(sub)


def _prove_options(sub: argparse.ArgumentParser) -> None:
    site_argument(sub.add_argument, "--site", default=DEFAULT_SITE)
    sub.add_argument("--scheme", default="", metavar="NAME", help="a scheme, or NAME/part of it")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--short", dest="form", action="store_const", const="short", default="usual")
    form.add_argument("--full", dest="form", action="store_const", const="full")
    _without(sub)
    sub.add_argument(
        "--for",
        dest="limit_s",
        type=seconds,
        default=0.0,
        metavar="S",
        help="give a search up after S seconds of processor time",
    )
    sub.add_argument("--to", type=Path, metavar="DIR", help="write counterexamples there")
    json_option(sub)


def _without(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="ROW",
        help="take this interlock or guard away; may be given again",
    )


def _simulate(options: argparse.Namespace) -> int:
    from daemon.rehearsal.simulate import Wish, simulate, simulate_many

    wish = Wish(
        scenario=options.scenario,
        site=options.site,
        depth=options.depth,
        faults=options.faults,
        for_s=options.for_s,
        trace=options.trace,
        without=tuple(options.without),
    )
    if options.seeds is None:
        if options.jobs is not None:
            raise ValueError("--jobs shares out many runs: give it with --seeds")
        return simulate(wish, options.seed, options.report, as_json=options.json)
    if options.report is not None:
        raise ValueError("--report shows one run: give it with --seed instead of --seeds")
    jobs = options.jobs or os.cpu_count() or 1
    return simulate_many(wish, options.seeds, jobs, as_json=options.json)


def _prove(options: argparse.Namespace) -> int:
    from daemon.rehearsal.prove import Wish, prove

    without = tuple(options.without)
    wish = Wish(options.site, options.scheme, options.form, without, options.limit_s, options.to)
    return prove(wish, as_json=options.json)
