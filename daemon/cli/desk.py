"""A plant on this desk: demo, emulate, fault."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.words import (
    DEFAULT_SCENARIO,
    DEFAULT_SITE,
    jobs,
    json_option,
    mind_state,
    mqtt_option,
    plant_options,
    port_offset_option,
    scenario_option,
    seconds,
    site_argument,
)

if TYPE_CHECKING:
    from daemon.cli.words import Command
    from daemon.model.plant import Site

_DEMO = """\
Starts the emulated plant, an MQTT broker and the daemon, each in a process of its own, plays a
scenario over real sockets and says at the end what was expected and what happened.

The broker is mosquitto where it is installed, else an embedded one (MQTT 3.1.1); --mqtt names
another. Ctrl-C ends all of it; the exit code is then 130. --state keeps what the daemon recorded,
for `report`; meanwhile `command` switches by hand.

examples:
  ridethrough demo
  ridethrough demo --scenario momentary_outage
  ridethrough demo --scenario extended_outage --for 120 --json
  ridethrough demo --scenario generator_failure --without-daemon
  ridethrough demo --scenario normal --trace node_power.csv.gz
  ridethrough demo --port-offset 100        a second demonstration beside the first
  ridethrough demo --state demo-state       and then: ridethrough report demo-state
"""
_EMULATE = """\
Serves every device of a site over Modbus TCP and OPC UA, with one plant behind them all. Without
a scenario the plant runs quietly until it is ended.

examples:
  ridethrough emulate ai_hall
  ridethrough emulate ai_hall --scenario extended_outage
  ridethrough emulate ai_hall --scenario my_scenario.yaml --trace node_power.csv.gz --seed 7
  ridethrough emulate big.yaml --processes 2      a site of many power blocks, see `site generate`
  ridethrough emulate big.yaml --blocks B01,B02   some of them alone
"""
_FAULT = """\
Lets something go wrong in a plant that runs in `demo` or `emulate` on this machine, by its site and
ports: what a scenario can do to equipment, instruments, buses and gateways can be done by hand.
`list` says what stands, and with --device what can be done to that; `proxy` puts faults between any
client and any server.

examples:
  ridethrough fault list
  ridethrough fault list --device 52-GCB-1
  ridethrough fault inject --device 52-GCB-1 --kind fail_to_open
  ridethrough fault inject --device M-MVA --kind freeze --for 30 point=power_w
  ridethrough fault inject --device GW-MVA --kind slow latency_s=0.4
  ridethrough fault clear --device M-MVA --kind freeze
  ridethrough fault clear --device GW-MVA
  ridethrough fault proxy --listen 15502 --to 10.0.0.5:502 --kind wrong_unit
"""


def add(command: Command) -> None:
    """Add these commands."""
    _demo_options(command("demo", _demo, "plant, broker and daemon playing a scenario", _DEMO))
    _emulate_options(command("emulate", _emulate, "the devices of a site on this desk", _EMULATE))
    _fault_options(command("fault", _fault, "let something go wrong in a running plant", _FAULT))


def _demo_options(sub: argparse.ArgumentParser) -> None:
    site_argument(sub.add_argument, "--site", default=DEFAULT_SITE)
    scenario_option(sub, DEFAULT_SCENARIO)
    plant_options(sub)
    sub.add_argument(
        "--without-daemon", action="store_true", help="the plant alone, to see what it would miss"
    )
    sub.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="state folder of the daemon (default: one that is gone afterwards)",
    )
    mqtt_option(sub)
    port_offset_option(sub)
    json_option(sub)


def _emulate_options(sub: argparse.ArgumentParser) -> None:
    site_argument(sub.add_argument, "site")
    scenario_option(sub, None)
    plant_options(sub)
    sub.add_argument(
        "--hold",
        action="store_true",
        help="serve the undisturbed plant until a line 'start' comes on standard input",
    )
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="of all chance (default 0)")
    parts = sub.add_mutually_exclusive_group()
    parts.add_argument(
        "--blocks",
        type=lambda text: text.split(","),
        metavar="ID,...",
        help="only these power blocks, and what all share; nothing expected is judged",
    )
    parts.add_argument(
        "--processes", type=jobs, metavar="N", help="deal the power blocks to so many processes"
    )
    sub.add_argument("--without-shared", action="store_true", help=argparse.SUPPRESS)
    port_offset_option(sub)
    json_option(sub)


def _fault_options(sub: argparse.ArgumentParser) -> None:
    what = sub.add_subparsers(dest="do", metavar="list | inject | clear | proxy", required=True)

    def deed(name: str, text: str) -> argparse.ArgumentParser:
        return what.add_parser(
            name, help=text, description=_FAULT, formatter_class=argparse.RawTextHelpFormatter
        )

    for name, text in (
        ("list", "what stands, and what can be done to a device"),
        ("inject", "let something go wrong"),
        ("clear", "end it"),
    ):
        made = deed(name, text)
        made.add_argument(
            "--device",
            required=name != "list",
            metavar="ID",
            help="equipment, a bus or a gateway; a kind or a pattern for several",
        )
        site_argument(made.add_argument, "--site", default=DEFAULT_SITE)
        port_offset_option(made)
        json_option(made)
        if name != "list":
            made.add_argument(
                "--kind", required=name == "inject", metavar="K", help="which, see fault list"
            )
        if name == "inject":
            made.add_argument(
                "--for", dest="for_s", type=seconds, metavar="S", help="plant seconds it stands"
            )
            made.add_argument("values", nargs="*", metavar="name=value", help="what K needs")
    _proxy_options(deed("proxy", "stand between any client and any server"))


def _proxy_options(made: argparse.ArgumentParser) -> None:
    made.add_argument("--listen", required=True, metavar="[HOST:]PORT", help="where clients come")
    made.add_argument("--to", required=True, metavar="HOST:PORT", help="where the server is")
    made.add_argument(
        "--protocol",
        default="modbus_tcp",
        help="whose frames pass: modbus_tcp, opcua or bytes (default modbus_tcp)",
    )
    made.add_argument("--kind", metavar="K", help="from the begin; lines of input bring others")
    made.add_argument("--for", dest="for_s", type=seconds, metavar="S", help="heal after that")
    made.add_argument("values", nargs="*", metavar="name=value", help="what K needs")


def _demo(options: argparse.Namespace) -> int:
    from daemon.journal.holding import hold
    from daemon.rehearsal.demo import Wish, demonstrate

    if options.state is not None:
        mind_state(options.state)
        os.close(hold(options.state))  # for the daemon that is begun
    wish = Wish(
        site=options.site,
        scenario=options.scenario,
        trace=options.trace,
        for_s=options.for_s,
        state=options.state,
        without_daemon=options.without_daemon,
        mqtt=options.mqtt,
        port_offset=options.port_offset,
    )
    return demonstrate(wish, as_json=options.json)


def _emulate(options: argparse.Namespace) -> int:
    from daemon.rehearsal.desk import emulate, scenario_for, slice_of
    from daemon.rehearsal.report import verdict_lines
    from daemon.settings import load, shift_ports

    site = shift_ports(load(options.site), options.port_offset).site
    if options.processes:
        return _emulate_in_processes(site, options)
    name = options.scenario
    play = scenario_for(name, site, "desk") if name else None
    if options.blocks:
        site, play = slice_of(site, play, options.blocks, shared=not options.without_shared)
    report = emulate(
        site,
        play,
        trace=options.trace,
        for_s=options.for_s,
        hold=options.hold,
        seed=options.seed,
    )
    if options.json:
        print(json.dumps(report))
    else:
        print(*verdict_lines(report["expectations"]), sep="\n")
    return int(not report["ok"])


def _emulate_in_processes(site: Site, options: argparse.Namespace) -> int:
    from daemon.rehearsal.fleet import emulate_in_processes

    if options.hold:
        raise ValueError("--hold is for one process: leave --processes out")
    same = [str(options.site), "--port-offset", str(options.port_offset)]
    same += ["--seed", str(options.seed)]
    for name, value in (("scenario", options.scenario), ("trace", options.trace)):
        same += [f"--{name}", str(value)] if value else []
    same += ["--for", str(options.for_s)] if options.for_s else []
    return emulate_in_processes(site, same, options.processes, as_json=options.json)


def _fault(options: argparse.Namespace) -> int:
    from daemon.rehearsal import fault
    from daemon.settings import load, shift_ports

    if options.do == "proxy":
        begun = (options.kind, fault.values_of(options.values)) if options.kind else None
        return fault.proxy(options.listen, options.to, options.protocol, begun, options.for_s)
    site = shift_ports(load(options.site), options.port_offset).site
    request = {"do": options.do, "device": options.device}
    if options.do != "list":
        request["kind"] = options.kind
    if options.do == "inject":
        request |= {"values": fault.values_of(options.values), "for_s": options.for_s}
    return fault.tell(fault.ask(site, request), as_json=options.json)
