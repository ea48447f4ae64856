"""Whoever is on shift: run, command, top, doctor."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.words import (
    DEFAULT_SITE,
    jobs,
    json_option,
    mind_state,
    mqtt_option,
    operators_option,
    port_offset_option,
    seconds,
    site_argument,
    size_bytes,
    state_option,
)

if TYPE_CHECKING:
    from daemon.cli.words import Command

_RUN = """\
Runs the daemon on a site until it is ended, or for --for seconds. Its record and what it must
remember go to --state. Nothing needs to answer yet: a device that is silent is said so once and
is taken in when it comes.

A scheduler that knows when jobs start and stop may say so over MQTT, on
ridethrough/v1/{site}/job/notice/{scheduler}: storage then goes half of the way before. What such a
notice is made of says `ridethrough schema job-notice`; one that does not fit is refused, as an
event with its reason, and so is a retained one.

examples:
  ridethrough run config/sites/ai_hall.yaml
  ridethrough run ai_hall --state /var/lib/ridethrough
  ridethrough run my_site.yaml --mqtt mqtt://broker.example:1883
  mosquitto_pub -q 1 -t ridethrough/v1/ai_hall/job/notice/slurm -m '{"schema": 1, "id": "job-7",
    "action": "start", "at": "2026-11-23T01:00:00Z", "power_w": 4.5e6}'
"""
_COMMAND = """\
Commands a plant by hand, through the local door of the running daemon: --state names its folder.
A device is selected first; what would lose supply is said, and the interlocks have their word. The
selection is good for some seconds; `operate` within them does it, once. Where the site wants a
second person (see `needs approval`), another operator approves in between. At a terminal `select`
stays and asks. Set-points are given in one step and stand until they are released; automata may
leave less of one than was asked for, and say so. What no automaton wants otherwise then stays as
it is.

Without enrolled operators the user who runs the daemon, and root, may command, and nobody can
approve. `enrol` makes named operators, each with a secret; from then on --user says who asks. The
secret is asked for, or read from a file that nobody else can read. The exit code is 0 exactly when
what was asked for was done. Every attempt is recorded.

examples:
  ridethrough command list
  ridethrough command list '52-GCB-*'             how they stand, and what they obey
  ridethrough command select 52-VCB-HA open --reason "inspection of HVDC-A"
  ridethrough command enrol kim --role operate --role approve
  ridethrough command select 52-VCB-HA close --user kim
  ridethrough command approve 7-3 --user lee
  ridethrough command operate 7-3 --user kim --secret-file kim.secret --json
  ridethrough command cancel 7-3
  ridethrough command select CCTS-1 reset         a scheme that waits for a person
  ridethrough command set ROW-1 power_cap_pu 0.8
  ridethrough command release ROW-1 power_cap_pu
  ridethrough command watch --state /var/lib/ridethrough
"""
_STEPS = {
    "list": (
        "who may command, what is selected, what obeys",
        """\
Says who may command, what is selected now, and what obeys. With EQUIPMENT, or a pattern in quotes,
how that stands: position or stage, the actions it obeys, and its set-points with their bounds.

examples:
  ridethrough command list
  ridethrough command list 52-VCB-HA
  ridethrough command list '52-GCB-*' --state /var/lib/ridethrough
""",
    ),
    "watch": (
        "what people command and what comes of it",
        """\
Says as it happens what people select, approve, operate and cancel, and what the daemon answers, a
line each, until it is ended.

examples:
  ridethrough command watch --state /var/lib/ridethrough
  ridethrough command watch --count 3 --json
""",
    ),
    "select": (
        "take a device in hand",
        """\
Takes a device in hand and says what would lose supply, what the interlocks say and whether a second
person has to approve. Nothing moves yet. It gives the number of the selection, which is good for
some seconds. At a terminal it stays and asks whether to operate.

examples:
  ridethrough command select 52-VCB-HA open --reason "inspection of HVDC-A"
  ridethrough command select 52-VCB-HA close --user kim --no-wait
  ridethrough command select CCTS-1 reset         a scheme that waits for a person
  ridethrough command select 52-VCB-HA open --bypass last_feed    with the approval of another
  ridethrough command select GT-1 tag --reason "bearing"     a maintenance tag; `untag` takes it off
""",
    ),
    "set": (
        "give a set-point",
        """\
Gives a set-point in one step. It stands until it is released; automata may leave less of it than
was asked for, and say so. What can be set, and within which bounds, says `command list EQUIPMENT`.

examples:
  ridethrough command set ROW-1 power_cap_pu 0.8
  ridethrough command set ESS-1 power_setpoint_w -5e5 --reason "test of the store"
""",
    ),
    "approve": (
        "agree to what another person has selected",
        """\
Agrees, as a second person, to what another operator has selected; that one can then operate it.
Both have to be enrolled, this one with the role `approve`. SELECTION is the number that `select`
gave, also in `command list`. At a terminal it says what is selected and asks; --no-wait does not.

example, three steps by two persons:
  ridethrough command select 52-VCB-HA close --user kim --no-wait
  ridethrough command approve 7-3 --user lee
  ridethrough command operate 7-3 --user kim
""",
    ),
    "operate": (
        "do what was selected, now",
        """\
Does what was selected, once, within the seconds that the selection is good for, and waits for what
comes of it. The interlocks are asked again. SELECTION is the number that `select` gave.

examples:
  ridethrough command operate 7-3
  ridethrough command operate 7-3 --user kim --secret-file kim.secret --json
""",
    ),
    "cancel": (
        "give up what was selected",
        """\
Gives up a selection, so that another person can take the device in hand at once. SELECTION is the
number that `select` gave.

example:
  ridethrough command cancel 7-3 --reason "the wrong feeder"
""",
    ),
    "release": (
        "give a set-point back to the automata",
        """\
Gives a set-point back to the automata, which then say what it is.

example:
  ridethrough command release ROW-1 power_cap_pu
""",
    ),
    "enrol": (
        "give a person a name, a secret and roles",
        """\
Makes a named operator, or gives one new roles and a new secret, which is asked for or read from a
file that nobody else can read. `view` sees, `operate` commands, `approve` agrees to what others
have selected. From the first one on only enrolled operators command.

examples:
  ridethrough command enrol kim --role operate --role approve
  ridethrough command enrol lee --role approve --secret-file lee.secret
""",
    ),
    "dismiss": (
        "take a person out of the operators",
        """\
Takes a person out of the operators.

example:
  ridethrough command dismiss kim --state /var/lib/ridethrough
""",
    ),
}
"""What each step is for, and its help with examples."""
_TOP = """\
Shows a running daemon: feeds, machines, storage, rows, buses, alarms, events, lanes. It only reads,
over the address of the metrics, so it works from another machine too. Without a terminal (a pipe, a
log) it prints a line a second and what is new. Ctrl-C ends it.

examples:
  ridethrough top                                 the site ai_hall on this machine, as in the demo
  ridethrough top config/sites/traditional.yaml
  ridethrough top --at plant-7.example:9464
  ridethrough top --once
  ridethrough top --json | jq .alarms
"""
_DOCTOR = """\
Says what is wrong with this machine and its network for a daemon of a site, and how to mend it:
clock, timers, priority, disk, ports, broker, gateways. It changes nothing. Exit 1 when a daemon
would not run rightly.

examples:
  ridethrough doctor
  ridethrough doctor config/sites/traditional.yaml --state /var/lib/ridethrough
  ridethrough doctor --json
"""


def add(command: Command) -> None:
    """Add these commands."""
    _run_options(command("run", _run, "the daemon on a site", _RUN))
    _command_options(command("command", _command, "switch by hand, in safe steps", _COMMAND))
    top_of = command("top", _top, "a running daemon at a glance", _TOP)
    site_argument(top_of.add_argument, "site", nargs="?", default=DEFAULT_SITE)
    top_of.add_argument("--at", metavar="HOST:PORT", help="where its metrics are, instead of SITE")
    port_offset_option(top_of)
    top_of.add_argument(
        "--every",
        type=seconds,
        default=1.0,
        metavar="S",
        help="time between two looks (default 1)",
    )
    top_of.add_argument("--once", action="store_true", help="one look")
    top_of.add_argument("--plain", action="store_true", help="lines instead of a page")
    json_option(top_of)
    doctor = command("doctor", _doctor, "what is wrong with an installation", _DOCTOR)
    site_argument(doctor.add_argument, "site", nargs="?", default=DEFAULT_SITE)
    doctor.add_argument(
        "--state", type=Path, default=Path("ridethrough-state"), metavar="DIR", help="state folder"
    )
    json_option(doctor)


def _run_options(sub: argparse.ArgumentParser) -> None:
    site_argument(sub.add_argument, "site")
    state_option(sub)
    sub.add_argument("--for", dest="for_s", type=seconds, metavar="SECONDS", help="end after that")
    sub.add_argument(
        "--shutdown-hook",
        metavar="PROGRAM",
        help="run it for each orderly shutdown requested: PROGRAM load seconds reason",
    )
    operators_option(sub)
    sub.add_argument(
        "--record-limit", type=size_bytes, default=16 * 1024**3, metavar="SIZE",
        help="what the record may take; the oldest goes, incidents last (16GiB)",
    )  # fmt: skip
    mqtt_option(sub)
    sub.add_argument("--mqtt-user", metavar="NAME", help="whom the broker knows us as")
    sub.add_argument("--mqtt-secret", type=Path, metavar="FILE", help="where its secret stands")
    sub.add_argument("--metrics", metavar="HOST:PORT", help="serve /metrics there")
    port_offset_option(sub)
    json_option(sub)


def _command_options(sub: argparse.ArgumentParser) -> None:
    what = sub.add_subparsers(dest="do", metavar="STEP", required=True)

    def step(name: str, *given: str) -> argparse.ArgumentParser:
        text, description = _STEPS[name]
        made = what.add_parser(
            name,
            help=text,
            description=description,
            formatter_class=argparse.RawTextHelpFormatter,
        )
        for each in given:
            made.add_argument(each, metavar=each.upper())
        state_option(made)
        json_option(made)
        if name not in {"enrol", "dismiss"}:
            made.add_argument("--user", metavar="NAME", help="which operator asks")
        if name != "dismiss":
            made.add_argument(
                "--secret-file", type=Path, metavar="FILE", help="read the secret from there"
            )
        return made

    _list_options(step("list"))
    step("watch").add_argument("--count", type=jobs, metavar="N", help="end after so many lines")
    made = step("select", "equipment", "action")
    made.add_argument(
        "--bypass", action="append", default=[], metavar="ROW", help="set an interlock aside"
    )
    given = step("set", "equipment", "point", "value")
    # Of itself it takes -5e5 for an option that is not known.
    given._negative_number_matcher = re.compile(r"-\.?\d|-inf|-nan")
    steps = [
        made,
        step("approve", "selection"),
        step("operate", "selection"),
        step("cancel", "selection"),
        given,
        step("release", "equipment", "point"),
    ]
    for each in steps[:2]:
        each.add_argument("--no-wait", action="store_true", help="ask nothing more at the terminal")
    for each in steps:
        each.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    made = step("enrol", "name")
    made.add_argument(
        "--role",
        dest="roles",
        action="append",
        required=True,
        choices=("view", "operate", "approve"),
        help="what they may do; repeat it for several",
    )
    operators_option(made)
    operators_option(step("dismiss", "name"))


def _list_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "equipment", nargs="?", metavar="EQUIPMENT", help="an id, or a pattern such as 'DG-*'"
    )


def _run(options: argparse.Namespace) -> int:
    from daemon import app
    from daemon.settings import load, shift_ports, with_broker_user, with_hook, with_metrics

    if options.shutdown_hook and shutil.which(options.shutdown_hook) is None:
        raise ValueError(f"--shutdown-hook {options.shutdown_hook}: no program that can be run")
    if options.operators and not options.operators.exists():
        raise ValueError(
            f"--operators {options.operators}: no such file: nobody is enrolled there "
            "(ridethrough command enrol makes it)"
        )
    site_file = shift_ports(load(options.site), options.port_offset)
    site_file = with_hook(site_file, options.shutdown_hook)
    site_file = with_broker_user(site_file, options.mqtt_user, options.mqtt_secret)
    site_file = with_metrics(site_file, options.metrics)
    mind_state(options.state)
    report = app.run(
        site_file, options.state, options.for_s, options.mqtt, options.operators,
        options.record_limit,
    )  # fmt: skip
    if report.reason:
        print(report.reason, file=sys.stderr)
    if options.json:
        print(json.dumps(report.plain()))
    return int(not report.ok)


def _command(options: argparse.Namespace) -> int:
    from daemon.console import command, operators

    who = command.Who(
        options.state, getattr(options, "user", None), getattr(options, "secret_file", None)
    )
    if options.do in {"enrol", "dismiss"}:
        file = options.operators or options.state / operators.NAME
        if options.do == "dismiss":
            return command.dismiss(file, who, options.name, as_json=options.json)
        return command.enrol(file, who, options.name, options.roles, as_json=options.json)
    if options.do == "watch":
        return command.watch(who, options.count, as_json=options.json)
    given = ("do", "equipment", "action", "bypass", "selection", "point", "value", "reason")
    request = {key: getattr(options, key) for key in given if getattr(options, key, None)}
    alone = options.json or getattr(options, "no_wait", False)
    stay = command.at_terminal() and not alone
    return command.ask(who, request, as_json=options.json, stay=stay)


def _top(options: argparse.Namespace) -> int:
    from threading import Event

    from daemon.console.top import Wish, top
    from daemon.runtime.clock import SystemClock
    from daemon.settings import load, shift_ports

    at = options.at
    if at is None:
        north = shift_ports(load(options.site), options.port_offset).site.north
        at = f"{north.metrics_host}:{north.metrics_port}"
    wish = Wish(options.every, options.once, options.plain, options.json)
    return top(f"http://{at}", wish, SystemClock().utc_ns, Event().wait)


def _doctor(options: argparse.Namespace) -> int:
    from daemon.rehearsal.doctor import examine, lines, report

    found = examine(options.site, options.state)
    told = report(found)
    print(*lines(found), sep="\n")
    if options.json:
        print(json.dumps(told))
    return int(not told["ok"])
