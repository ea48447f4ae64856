"""The command `ridethrough`: parse, call, print.

Each command imports what it runs and nothing else, so that `--help` and `check` answer at once.
Exit codes: 0 it went well, 1 something is wrong or an expectation was missed, 2 the command line
was not understood, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.model.plant import Site

INTERRUPTED: Final = 130
DEFAULT_SITE: Final = "ai_hall"
DEFAULT_SCENARIO: Final = "extended_outage"

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
_RUN = """\
Runs the daemon on a site until it is ended, or for --for seconds. Its record and what it must
remember go to --state. Nothing needs to answer yet: a device that is silent is said so once and
is taken in when it comes.

examples:
  ridethrough run config/sites/ai_hall.yaml
  ridethrough run ai_hall --state /var/lib/ridethrough
  ridethrough run my_site.yaml --mqtt mqtt://broker.example:1883
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
_SIMULATE = """\
Plays a scenario in virtual time: the unmodified daemon against the plant, in one process, many
times faster than real time, and the same for the same seed to the last byte. Says what became of
every expectation, and what the oracles found that judge the plant's truth.

--depth image takes the values straight from the plant, with the rounding of the registers; wire
exchanges real Modbus and OPC UA frames. With --faults swarm every seed draws faults of its own
beside the scenario, within the time that is asked for, and runs on until all must be normal again;
then only the oracles decide.

examples:
  ridethrough simulate extended_outage
  ridethrough simulate config/scenarios/extended_outage.yaml --seed 7 --report out.html
  ridethrough simulate generator_failure --depth wire --json
  ridethrough simulate normal --for 86400
  ridethrough simulate config/scenarios/normal.yaml --faults swarm --seeds 1..200 --json
"""
_PROVE = """\
Searches through every way in which the schemes of a site can go on: the daemon's own tables,
interlocks and command path against breakers that stick, sources that fail and come back at the
wrong moment, answers that are lost, instruments that lie, hands at the panel, and a daemon that
starts anew. Time is kept as bounds, so that every order of events is gone through.

The utility fails and returns. Beside that --short has one hidden fault, which shows when something
is asked of what has it; without --short there is also one sudden disturbance, at any instant; and
with --full both together, which takes hours. --without takes an interlock away, to see what it is
for. A counterexample is told step by step, and written to --to as a scenario. Exit code 0 exactly
when every search came to its end and found nothing.

examples:
  ridethrough prove
  ridethrough prove --scheme CCTS-1/sets --full --json
  ridethrough prove --without backfeed --to counterexamples
"""
_REPORT = """\
Tells the transfers in the record of a daemon, running or not: outages, sags, calls for generation,
retransfers. Of each the stages with their times, every limit that applies with pass or fail, what
was switched, by whom and why, what was refused or failed, loads given up, and the storage used.

The record names the site file it was made with; where that is gone, --site names another. What was
recorded by a daemon that was killed in the middle of a transfer is told too, and what is missing.
Exit code 0 exactly when no limit was missed in what is told.

examples:
  ridethrough report                              the last transfer of ./ridethrough-state
  ridethrough report /var/lib/ridethrough --number 3
  ridethrough report --all --html night.html      for a browser or a printer
  ridethrough report --json
"""
_COMPLY = """\
Judges a trace by rule sets: grid codes for large loads (ride-through, recovery, power variation),
tolerance of IT equipment, generating sets, supply quality, or a file of your own. Each limit gets a
verdict with its worst figure, the limit, the margin and the time. --list shows what came along.

TRACE is CSV, also gzipped, with a header: t_s and any of *_w (several are added up), voltage_pu,
frequency_hz. A sample holds until the next. What cannot be right (time that goes back, other units,
negative or absurd power, no numbers) is named by line and the trace is refused; holes too, unless
--gaps split. A limit that the trace cannot show is not judged, never passed. Exit code 0 exactly
when something was judged and every limit was kept.

examples:
  ridethrough comply --list
  ridethrough comply event.csv --rules ercot_nogrr282 itic
  ridethrough comply power.csv.gz --rules ercot_swing ieso_v3 --scale-to 100MW --report out.html
  ridethrough comply set_3.csv --rules iso8528_g3 nfpa110_type10 --nominal-hz 50
  ridethrough comply meter.csv --rules my_contract.yaml --column import_w --gaps split --json
  ridethrough comply meter.csv --contract ai_hall --export
"""
_BACKTEST = """\
Drives a load through the peak shaving of the daemon: what the billed demand would have been, beside
no storage, a fixed threshold, the ratchet, and the optimum of who knows the future (linear
programme). capture = (none - policy) / (none - optimum).

TRACE is CSV, also gzipped, with t_s and columns *_w in W that are added up: the import without
storage. A sample holds until the next. Its first half, at most 14 days, is learned from; the rest
is driven. All policies have the same storage, full at the begin, with the same reserve withheld,
are set a minute late at a window of 15 minutes, and know nothing of what comes. What cannot be
right in the trace is named by line and the trace is refused; holes too, unless --gaps split takes
the longest part without one. Exit code 0 exactly when no policy was above the peak without storage
and none touched the reserve.

examples:
  ridethrough backtest meter.csv --storage 10MW/20MWh
  ridethrough backtest meter.csv.gz --storage 10MW/20MWh --reserve 0.2 --report out.html
  ridethrough backtest meter.csv --storage 3MW/6MWh --storage 1.5MW/250kWh --policy ours ratchet
  ridethrough backtest power.csv.gz --scale-to 100MW --storage 5MW/1MWh --window 5min --json
"""
_PLAN = """\
Says until when a site suffices as its demand grows: demand becomes computing and data, these power
of racks, heat, and load of everything up to the grid. For every transformer, UPS, generating set,
breaker, converter, the cooling plant, the reserve and the grid contract: how it is loaded today,
when it is passed with everything in service (N) and in the worst declared case (N-1), in one, five
and nine of ten futures, and by how much one more block, or one more unit, moves that.

Growth is a factor per year: 4/yr, 2/6mo or 15%/yr; 4/yr:3.3-5 gives its 90 % interval as well.
Everything assumed is shown with its source and can be changed. Power grows by
compute / (efficiency x duration). Exit code 0 exactly when nothing is passed today.

examples:
  ridethrough plan config/sites/ai_hall.yaml
  ridethrough plan ai_hall --compute-growth 4/yr --efficiency-growth 1.4/yr --storage-growth 1.5/yr
  ridethrough plan ai_hall --compare traditional --report growth.html
  ridethrough plan my_site.yaml --compute-growth 30%/yr:20-45 --assume utilisation=0.6 --all
  ridethrough plan traditional --from 2027-01-01 --years 20 --json
"""
_ESTIMATE = """\
Solves one scan out of the record of a daemon, for an engineer: voltages, powers and losses with
their standard deviations, what every instrument says against all others, whom to suspect, and what
no instrument tells. The record is a state folder, or one journal file of it; --at counts in seconds
from its beginning. Exit code 0 exactly when a solution was found and nobody is suspected.

examples:
  ridethrough estimate ai_hall --record demo-state --at 12
  ridethrough estimate my_site.yaml --record /var/lib/ridethrough --at 86400 --report scan.html
  ridethrough estimate ai_hall --record demo-state/journal-00000001.rtj --at 5.5 --json
"""
_CHECK = """\
Reads sites, device maps and scenarios (it sees which is which) and reports every problem at once,
as file:line:column: key: problem (valid: ...). Exit code 1 when there is one.

examples:
  ridethrough check config/sites/ai_hall.yaml
  ridethrough check config/sites/*.yaml config/devices/*/*.yaml config/scenarios/*.yaml
  ridethrough check my_site.yaml --json
"""
_SITE = """\
Makes site files: the reference AI hall, smaller, or repeated as power blocks of at most 20 MW on a
common intake (154 kV above 20 MW), with up to thousands of racks and 10,000 devices, for load tests
and planning. What is written has passed `ridethrough check`.

examples:
  ridethrough site generate --mw 300 -o big.yaml
  ridethrough site generate --mw 12 --rack-kw 100 -o site.yaml
  ridethrough emulate big.yaml --blocks B01,B02
  ridethrough emulate big.yaml --processes 4
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
_METRICS = """\
Lists every metric that /metrics of a site may hold: name, kind, labels, what it tells.

examples:
  ridethrough metrics
  ridethrough metrics config/sites/traditional.yaml
  ridethrough metrics --only '*autonomy*'
  ridethrough metrics ai_hall --json
"""
_SCHEMA = """\
Prints the JSON Schema that an editor uses to complete and check a file while it is written.

examples:
  ridethrough schema > site.schema.json
  ridethrough schema device > device.schema.json
"""


def parser() -> argparse.ArgumentParser:
    """Return the command line as it is understood."""
    top = argparse.ArgumentParser(
        prog="ridethrough",
        description="Supervises the power path of an AI data centre.",
        epilog="ridethrough COMMAND --help shows the options of a command, and examples.",
    )
    version = importlib.metadata.version("ridethrough")
    top.add_argument("--version", action="version", version=f"ridethrough {version}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str, more: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=more, formatter_class=argparse.RawTextHelpFormatter
        )
        sub.set_defaults(run=run)
        return sub

    _demo_options(command("demo", _demo, "plant, broker and daemon playing a scenario", _DEMO))
    _run_options(command("run", _run, "the daemon on a site", _RUN))
    _emulate_options(command("emulate", _emulate, "the devices of a site on this desk", _EMULATE))
    _simulate_options(
        command("simulate", _simulate, "daemon and plant in virtual time, oracles", _SIMULATE)
    )
    _prove_options(command("prove", _prove, "the transfer schemes, searched through", _PROVE))
    _report_options(command("report", _report, "transfers in a record, against limits", _REPORT))
    _comply_options(command("comply", _comply, "a trace against grid codes, standards", _COMPLY))
    _backtest_options(command("backtest", _backtest, "peak shaving on a trace", _BACKTEST))
    _plan_options(command("plan", _plan, "until when a site suffices, as it grows", _PLAN))
    _estimate_options(command("estimate", _estimate, "one scan of a record, solved", _ESTIMATE))
    check = command("check", _check, "what is wrong with sites, maps and scenarios", _CHECK)
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _json(check)
    _site_options(command("site", _site_command, "make a site file out of power blocks", _SITE))
    _fault_options(command("fault", _fault, "let something go wrong in a running plant", _FAULT))
    _command_options(command("command", _command, "switch by hand, in safe steps", _COMMAND))
    top_of = command("top", _top, "a running daemon at a glance", _TOP)
    _site(top_of.add_argument, "site", nargs="?", default=DEFAULT_SITE)
    top_of.add_argument("--at", metavar="HOST:PORT", help="where its metrics are, instead of SITE")
    _offset(top_of)
    top_of.add_argument(
        "--every",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="time between two looks (default 1)",
    )
    top_of.add_argument("--once", action="store_true", help="one look")
    top_of.add_argument("--plain", action="store_true", help="lines instead of a page")
    _json(top_of)
    doctor = command("doctor", _doctor, "what is wrong with an installation", _DOCTOR)
    _site(doctor.add_argument, "site", nargs="?", default=DEFAULT_SITE)
    doctor.add_argument(
        "--state", type=Path, default=Path("ridethrough-state"), metavar="DIR", help="state folder"
    )
    _json(doctor)
    metrics = command("metrics", _metrics, "every metric of a site, with its meaning", _METRICS)
    _site(metrics.add_argument, "site", nargs="?", default=DEFAULT_SITE)
    metrics.add_argument(
        "--only", default="*", metavar="PATTERN", help="names that match, * for any"
    )
    _json(metrics)
    schema = command("schema", _schema, "JSON Schema of a file, for editors", _SCHEMA)
    schema.add_argument("kind", nargs="?", choices=("site", "device"), default="site")
    return top


def _demo_options(sub: argparse.ArgumentParser) -> None:
    _site(sub.add_argument, "--site", default=DEFAULT_SITE)
    _scenario(sub, DEFAULT_SCENARIO)
    _plant_options(sub)
    sub.add_argument(
        "--without-daemon", action="store_true", help="the plant alone, to see what it would miss"
    )
    sub.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="state folder of the daemon (default: one that is gone afterwards)",
    )
    _mqtt(sub)
    _offset(sub)
    _json(sub)


def _run_options(sub: argparse.ArgumentParser) -> None:
    _site(sub.add_argument, "site")
    _state(sub)
    sub.add_argument("--for", dest="for_s", type=_seconds, metavar="SECONDS", help="end after that")
    sub.add_argument(
        "--shutdown-hook",
        metavar="PROGRAM",
        help="run it for each orderly shutdown requested: PROGRAM load seconds reason",
    )
    _operators(sub)
    sub.add_argument(
        "--record-limit", type=_size_bytes, default=16 * 1024**3, metavar="SIZE",
        help="what the record may take; the oldest goes, incidents last (16GiB)",
    )  # fmt: skip
    _mqtt(sub)
    sub.add_argument("--mqtt-user", metavar="NAME", help="whom the broker knows us as")
    sub.add_argument("--mqtt-secret", type=Path, metavar="FILE", help="where its secret stands")
    sub.add_argument("--metrics", metavar="HOST:PORT", help="serve /metrics there")
    _offset(sub)
    _json(sub)


def _report_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "state",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="folder of the record (default: ridethrough-state)",
        default=Path("ridethrough-state"),
    )
    _site(sub.add_argument, "--site")
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--number", type=int, metavar="N", help="which of the list (the last)")
    which.add_argument("--all", action="store_true", help="all of the list")
    sub.add_argument("--html", type=Path, metavar="FILE", help="write it as a page")
    _json(sub)


def _comply_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("trace", nargs="?", type=Path, metavar="TRACE", help="CSV, also gzipped")
    sub.add_argument(
        "--rules", nargs="+", action="extend", default=[], metavar="NAME", help="rule sets or files"
    )
    _site(sub.add_argument, "--contract")
    sub.add_argument("--list", action="store_true", help="the rule sets that came along")
    sub.add_argument("--report", type=Path, metavar="FILE", help="write it as a page (HTML)")
    sub.add_argument(
        "--column", nargs="+", action="extend", default=[], metavar="NAME",
        help="columns in W to add up (default: all)",
    )  # fmt: skip
    sub.add_argument(
        "--gaps",
        choices=("refuse", "split"),
        default="refuse",
        help="what holes are: a refusal, or the ends of parts judged for themselves",
    )
    sub.add_argument("--export", action="store_true", help="negative power flows back")
    sub.add_argument(
        "--rated", type=_power_w, default=0.0, metavar="P",
        help="of the load, for scaled limits (default: the highest of the trace), e.g. 100MW",
    )  # fmt: skip
    sub.add_argument(
        "--scale-to", type=_power_w, default=0.0, metavar="P", help="make the highest power this"
    )
    sub.add_argument(
        "--nominal-hz", type=float, default=60.0, choices=(50.0, 60.0), help="of the network (60)"
    )
    _json(sub)


def _backtest_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("trace", type=Path, metavar="TRACE", help="CSV, also gzipped")
    sub.add_argument(
        "--storage", type=_storage, action="append", required=True, metavar="P/E",
        help="power and energy of a store, e.g. 10MW/20MWh; again for another one",
    )  # fmt: skip
    sub.add_argument(
        "--policy", nargs="+", action="extend", default=[], metavar="NAME",
        choices=("ours", "ratchet", "threshold", "foresight", "none"),
        help="ours, ratchet, threshold, foresight, none (default: all; the last two always)",
    )  # fmt: skip
    sub.add_argument(
        "--window", type=_duration_s, default=900.0, metavar="T", help="of the demand (15min)"
    )
    sub.add_argument(
        "--train", type=_duration_s, metavar="T", help="learned from, from the begin, e.g. 14d"
    )
    sub.add_argument(
        "--reserve", type=_part_pu, default=0.0, metavar="PU", help="of the energy, withheld (0)"
    )
    sub.add_argument(
        "--efficiency", type=_part_pu, default=0.95, metavar="PU", help="each way (0.95)"
    )
    sub.add_argument("--report", type=Path, metavar="FILE", help="write it as a page (HTML)")
    sub.add_argument(
        "--column", nargs="+", action="extend", default=[], metavar="NAME",
        help="columns in W to add up (default: all)",
    )  # fmt: skip
    sub.add_argument(
        "--gaps", choices=("refuse", "split"), default="refuse",
        help="what holes are: a refusal, or the ends of parts of which the longest is driven",
    )  # fmt: skip
    sub.add_argument("--export", action="store_true", help="negative power flows back")
    sub.add_argument(
        "--scale-to", type=_power_w, default=0.0, metavar="P", help="make the highest power this"
    )
    _json(sub)


def _plan_options(sub: argparse.ArgumentParser) -> None:
    _site(sub.add_argument, "site")
    for name, what in (("compute", "computing asked for"), ("efficiency", "work per watt"),
                       ("storage", "data kept and moved")):  # fmt: skip
        sub.add_argument(f"--{name}-growth", metavar="G", help=f"{what}, such as 4/yr")
    sub.add_argument(
        "--assume", action="append", default=[], metavar="NAME=VALUE",
        help="anything else that is assumed, by its name in the list that is shown",
    )  # fmt: skip
    sub.add_argument(
        "--compare", nargs="+", action="extend", default=[], metavar="SITE",
        help="sites beside it, such as traditional; each grows as its own world does",
    )  # fmt: skip
    sub.add_argument("--from", dest="begin", metavar="DATE", help="day of today's load (today)")
    sub.add_argument("--years", type=int, default=10, metavar="N", help="looked at (10)")
    sub.add_argument("--all", action="store_true", help="every limit, not the first of each kind")
    sub.add_argument("--report", type=Path, metavar="FILE", help="write it as a page (HTML)")
    _json(sub)


def _estimate_options(sub: argparse.ArgumentParser) -> None:
    _site(sub.add_argument, "site")
    sub.add_argument(
        "--record", type=Path, required=True, metavar="FILE", help="state folder or journal file"
    )
    sub.add_argument(
        "--at", type=float, required=True, metavar="SECONDS", help="when, from the record's begin"
    )
    sub.add_argument("--report", type=Path, metavar="FILE", help="write it as a page")
    _json(sub)


def _emulate_options(sub: argparse.ArgumentParser) -> None:
    _site(sub.add_argument, "site")
    _scenario(sub, None)
    _plant_options(sub)
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
        "--processes", type=_jobs, metavar="N", help="deal the power blocks to so many processes"
    )
    sub.add_argument("--without-shared", action="store_true", help=argparse.SUPPRESS)
    _offset(sub)
    _json(sub)


def _site_options(sub: argparse.ArgumentParser) -> None:
    what = sub.add_subparsers(metavar="generate", required=True)
    made = what.add_parser(
        "generate", help="write a modular site", description=_SITE,
        formatter_class=argparse.RawTextHelpFormatter,
    )  # fmt: skip
    made.add_argument(
        "--mw", type=float, required=True, metavar="N", help="demand at full load, 1 to 300 MW"
    )
    made.add_argument(
        "--rack-kw", type=float, default=40.0, metavar="N", help="of one rack, 30 to 130 (40)"
    )
    made.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="where to write it (default: print it)"
    )
    _json(made)


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
        _site(made.add_argument, "--site", default=DEFAULT_SITE)
        _offset(made)
        _json(made)
        if name != "list":
            made.add_argument(
                "--kind", required=name == "inject", metavar="K", help="which, see fault list"
            )
        if name == "inject":
            made.add_argument(
                "--for", dest="for_s", type=_seconds, metavar="S", help="plant seconds it stands"
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
    made.add_argument("--for", dest="for_s", type=_seconds, metavar="S", help="heal after that")
    made.add_argument("values", nargs="*", metavar="name=value", help="what K needs")


def _command_options(sub: argparse.ArgumentParser) -> None:
    what = sub.add_subparsers(dest="do", metavar="STEP", required=True)

    def step(name: str, text: str, *given: str) -> argparse.ArgumentParser:
        made = what.add_parser(
            name, help=text, description=_COMMAND, formatter_class=argparse.RawTextHelpFormatter
        )
        for each in given:
            made.add_argument(each, metavar=each.upper())
        _state(made)
        _json(made)
        if name not in {"enrol", "dismiss"}:
            made.add_argument("--user", metavar="NAME", help="which operator asks")
        if name != "dismiss":
            made.add_argument(
                "--secret-file", type=Path, metavar="FILE", help="read the secret from there"
            )
        return made

    _list_options(step("list", "who may command, what is selected, what obeys"))
    step("watch", "what people command and what comes of it").add_argument(
        "--count", type=_jobs, metavar="N", help="end after so many lines"
    )
    made = step("select", "take a device in hand", "equipment", "action")
    made.add_argument(
        "--bypass", action="append", default=[], metavar="ROW", help="set an interlock aside"
    )
    given = step("set", "give a set-point", "equipment", "point", "value")
    # Of itself it takes -5e5 for an option that is not known.
    given._negative_number_matcher = re.compile(r"-\.?\d|-inf|-nan")
    steps = [
        made,
        step("approve", "agree to what another person has selected", "selection"),
        step("operate", "do what was selected, now", "selection"),
        step("cancel", "give up what was selected", "selection"),
        given,
        step("release", "give a set-point back to the automata", "equipment", "point"),
    ]
    for each in steps[:2]:
        each.add_argument("--no-wait", action="store_true", help="ask nothing more at the terminal")
    for each in steps:
        each.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    made = step("enrol", "give a person a name, a secret and roles", "name")
    made.add_argument(
        "--role",
        dest="roles",
        action="append",
        required=True,
        choices=("view", "operate", "approve"),
        help="what they may do; repeat it for several",
    )
    _operators(made)
    _operators(step("dismiss", "take a person out of the operators", "name"))


def _list_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "equipment", nargs="?", metavar="EQUIPMENT", help="an id, or a pattern such as 'DG-*'"
    )


def _state(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="state folder of the daemon (default: ridethrough-state)",
        default=Path("ridethrough-state"),
    )


def _operators(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--operators",
        type=Path,
        metavar="FILE",
        help="file of the operators (default: operators.json in the state folder)",
    )


def _prove_options(sub: argparse.ArgumentParser) -> None:
    _site(sub.add_argument, "--site", default=DEFAULT_SITE)
    sub.add_argument("--scheme", default="", metavar="NAME", help="a scheme, or NAME/part of it")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--short", dest="form", action="store_const", const="short", default="usual")
    form.add_argument("--full", dest="form", action="store_const", const="full")
    sub.add_argument(
        "--without", action="append", default=[], metavar="ROW", help="take this interlock away"
    )
    sub.add_argument(
        "--for",
        dest="limit_s",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="give a search up after S seconds of processor time",
    )
    sub.add_argument("--to", type=Path, metavar="DIR", help="write counterexamples there")
    _json(sub)


def _simulate_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("scenario", help="scenario file, or the name of one that came along")
    _site(sub.add_argument, "--site")
    chance = sub.add_mutually_exclusive_group()
    chance.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="of all chance (default 0)"
    )
    chance.add_argument("--seeds", type=_seeds, metavar="A..B", help="a run for each of them")
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
    _plant_options(sub)
    sub.add_argument(
        "--report", type=Path, metavar="FILE", help="write the run as a page to look at (HTML)"
    )
    sub.add_argument(
        "--jobs",
        type=_jobs,
        metavar="N",
        help="processes for --seeds (default: one for each processor)",
    )
    _json(sub)


def _plant_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--trace",
        type=Path,
        metavar="FILE",
        help="load as CSV, also gzipped: t_s, then columns in W; or requests to be\n"
        "answered: t_s, context_tokens, generated_tokens",
    )
    sub.add_argument(
        "--for",
        dest="for_s",
        type=_seconds,
        metavar="SECONDS",
        help="plant seconds to play (default: as the scenario says)",
    )


def _site(add: Callable[..., object], name: str, **more: str) -> None:
    add(name, metavar="SITE", help="site file, or the name of one that came along", **more)


def _scenario(sub: argparse.ArgumentParser, default: str | None) -> None:
    sub.add_argument(
        "--scenario",
        default=default,
        metavar="NAME",
        help="scenario file, or the name of one that came along"
        + (f" (default {default})" if default else ""),
    )


def _mqtt(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--mqtt", type=_broker, metavar="URL", help="another broker, e.g. mqtt://10.0.0.5:1883"
    )


def _offset(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--port-offset", type=int, default=0, metavar="N", help="add N to every port of the site"
    )


def _json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="end with one JSON object on a line")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return value


def _power_w(text: str) -> float:
    found = re.fullmatch(r"(\d+\.?\d*(?:e\d+)?) ?([kMG]?)W?", text)
    value_w = float(found[1]) * {"k": 1e3, "M": 1e6, "G": 1e9}.get(found[2], 1.0) if found else 0.0
    if not 0 < value_w < float("inf"):
        raise argparse.ArgumentTypeError("must be a power above 0, such as 100MW or 5e6")
    return value_w


def _size_bytes(text: str) -> int:
    from daemon.journal.keeping import LEAST

    found = re.fullmatch(r"(\d+) ?(M|G|T)(?:iB)?", text)
    size = int(found[1]) * 1024 ** (2 + "MGT".index(found[2])) if found else 0
    if size < LEAST:
        raise argparse.ArgumentTypeError(f"must be {LEAST >> 20}MiB or more, such as 500MiB, 16GiB")
    return size


def _storage(text: str) -> tuple[float, float]:
    power, _, energy = text.partition("/")
    if not energy.endswith("Wh"):
        raise argparse.ArgumentTypeError("must be power/energy of a store, such as 10MW/20MWh")
    return _power_w(power), _power_w(energy.removesuffix("h")) * 3600.0


def _duration_s(text: str) -> float:
    found = re.fullmatch(r"(\d+\.?\d*) ?(s|min|h|d)?", text)
    units_s = {"min": 60.0, "h": 3600.0, "d": 86_400.0}
    value_s = float(found[1]) * units_s.get(found[2], 1.0) if found else 0.0
    if not 0 < value_s < float("inf"):
        raise argparse.ArgumentTypeError("must be a time above 0, such as 900s, 15min, 14d")
    return value_s


def _part_pu(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must be a part from 0 to 1")
    return value


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a whole number from 0")
    return int(text)


def _jobs(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def _seeds(text: str) -> range:
    first, dots, last = text.partition("..")
    if not dots or not first.isdecimal() or not last.isdecimal() or int(last) < int(first):
        raise argparse.ArgumentTypeError("must be two whole numbers in order, such as 1..200")
    return range(int(first), int(last) + 1)


def _broker(text: str) -> str:
    from daemon.settings import broker_at

    try:
        broker_at(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _demo(options: argparse.Namespace) -> int:
    from daemon.rehearsal.demo import Wish, demonstrate

    if options.state is not None:
        _mind_state(options.state)
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


def _run(options: argparse.Namespace) -> int:
    from daemon import app
    from daemon.settings import load, shift_ports, with_broker_user, with_hook, with_metrics

    site_file = shift_ports(load(options.site), options.port_offset)
    site_file = with_hook(site_file, options.shutdown_hook)
    site_file = with_broker_user(site_file, options.mqtt_user, options.mqtt_secret)
    site_file = with_metrics(site_file, options.metrics)
    _mind_state(options.state)
    report = app.run(
        site_file, options.state, options.for_s, options.mqtt, options.operators,
        options.record_limit,
    )  # fmt: skip
    if report.reason:
        print(report.reason, file=sys.stderr)
    if options.json:
        print(json.dumps(report.plain()))
    return int(not report.ok)


def _estimate(options: argparse.Namespace) -> int:
    from daemon.console.report import estimate_lines, estimate_page
    from daemon.runtime.estimated import estimated, limits
    from daemon.settings import load

    site = load(options.site).site
    found = estimated(options.record, site, options.at)
    head = f"{site.name}, scan at {found.at_s:.2f} s"
    body = estimate_lines.told(found.estimate, site, found.points, limits(found.estimate))
    print(head, *estimate_lines.lines(body), sep="\n")
    if options.report is not None:
        version = importlib.metadata.version("ridethrough")
        options.report.write_text(estimate_page.document(body, head, version), encoding="utf-8")
        print(f"report: {options.report}")
    ok = body["solved"] and not body["suspects"]
    if options.json:
        asked = {"site": site.id, "record": str(options.record), "at_s": found.at_s}
        print(json.dumps({"ok": ok, **asked, **body}))
    return int(not ok)


def _prove(options: argparse.Namespace) -> int:
    from daemon.rehearsal.prove import Wish, prove

    without = tuple(options.without)
    wish = Wish(options.site, options.scheme, options.form, without, options.limit_s, options.to)
    return prove(wish, as_json=options.json)


def _simulate(options: argparse.Namespace) -> int:
    from daemon.rehearsal.simulate import Wish, simulate, simulate_many

    wish = Wish(
        scenario=options.scenario,
        site=options.site,
        depth=options.depth,
        faults=options.faults,
        for_s=options.for_s,
        trace=options.trace,
    )
    if options.seeds is None:
        if options.jobs is not None:
            raise ValueError("--jobs shares out many runs: give it with --seeds")
        return simulate(wish, options.seed, options.report, as_json=options.json)
    if options.report is not None:
        raise ValueError("--report shows one run: give it with --seed instead of --seeds")
    jobs = options.jobs or os.cpu_count() or 1
    return simulate_many(wish, options.seeds, jobs, as_json=options.json)


def _mind_state(folder: Path) -> None:
    """Make the state folder, or say why it cannot be one."""
    from daemon.console.wire import door_of, lives

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        why = "is a file"
    except OSError as error:
        why = f"cannot be made, {error.strerror}"
    else:
        why = "" if os.access(folder, os.W_OK | os.X_OK) else "is not writable"
    if why:
        raise ValueError(f"state folder {folder}: {why} (set --state)")
    if lives(door_of(folder)):
        raise ValueError(f"state folder {folder}: another daemon runs with it (set --state)")


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


def _report(options: argparse.Namespace) -> int:
    from daemon.console.report import document, lines, listed
    from daemon.runtime.recorded import transfers

    found = transfers(options.state, options.site)
    print(*found.notes, *listed(found.reports), sep="\n")
    if not found.reports:
        print(f"{options.state}: no transfer in this record")
    count = len(found.reports)
    number = options.number or count
    if options.number is not None and not 1 <= options.number <= count:
        raise ValueError(f"--number {options.number}: there are {count} (1 is the first)")
    numbers = range(1, count + 1) if options.all else range(number, number + (count > 0))
    chosen = [found.reports[each - 1] for each in numbers]
    for report in chosen:
        print("", *lines(report), sep="\n")
    ok = all(report.ok for report in chosen)
    if options.html is not None:
        if not chosen:
            raise ValueError(f"{options.html} is not written: there is nothing to tell")
        version = importlib.metadata.version("ridethrough")
        options.html.write_text(document(chosen, version, found.notes), encoding="utf-8")
        print(f"report: {options.html}")
    if options.json:
        told = [{"number": n, **r.plain()} for n, r in zip(numbers, chosen, strict=True)]
        print(json.dumps({"ok": ok, "state": str(options.state), "transfers": told}))
    return int(not ok)


def _comply(options: argparse.Namespace) -> int:
    from daemon.rehearsal.compliance import command
    from daemon.rehearsal.compliance.trace_file import Wish

    if options.list:
        return command.show_list(as_json=options.json)
    if options.trace is None:
        raise ValueError("TRACE is missing; it comes before --rules (--list shows the rule sets)")
    taken = Wish(
        columns=tuple(options.column),
        split=options.gaps == "split",
        export=options.export,
        rated_w=options.rated,
        scale_to_w=options.scale_to,
        nominal_hz=options.nominal_hz,
    )
    wish = command.Wish(options.trace, tuple(options.rules), options.contract, taken)
    return command.comply(wish, options.report, as_json=options.json)


def _backtest(options: argparse.Namespace) -> int:
    from daemon.rehearsal.backtest import command
    from daemon.rehearsal.compliance.trace_file import Wish

    taken = Wish(
        columns=tuple(options.column),
        split=options.gaps == "split",
        export=options.export,
        scale_to_w=options.scale_to,
    )
    wish = command.Wish(
        options.trace,
        tuple(options.storage),
        tuple(options.policy),
        options.window,
        options.train,
        options.reserve,
        options.efficiency,
        taken,
    )
    return command.backtest(wish, options.report, as_json=options.json)


def _plan(options: argparse.Namespace) -> int:
    from daemon.rehearsal.growth import command

    growths = {
        f"{name}-growth": getattr(options, f"{name}_growth")
        for name in ("compute", "efficiency", "storage")
    }
    given = command.read_given(options.assume, growths)
    wish = command.Wish(
        options.site, given, tuple(options.compare), options.begin, options.years, options.all
    )
    return command.plan(wish, options.report, as_json=options.json)


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


def _metrics(options: argparse.Namespace) -> int:
    from fnmatch import fnmatchcase

    from daemon.publishers.catalogue import families
    from daemon.settings import load

    site = load(options.site).site
    found = [each for each in families(site) if fnmatchcase(each.name, options.only)]
    if not found:
        raise ValueError(f"--only {options.only}: no metric of {site.id} has such a name")
    if options.json:
        told = [each._asdict() for each in found]
        print(json.dumps({"ok": True, "site": site.id, "metrics": told}))
        return 0
    for each in found:
        labels = f"{{{', '.join(each.labels)}}}" if each.labels else ""
        print(f"{each.name}{labels}  ({each.kind})\n    {each.text}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from daemon.rehearsal.check import check

    files = [check(path) for path in options.files]
    found = [problem for file in files for problem in file.problems]
    for problem in found:
        print(problem)
    for file in files:
        if not file.problems:
            print(f"{file.file}: {file.kind} {file.summary}")
    if found:
        print("1 problem" if len(found) == 1 else f"{len(found)} problems")
    if options.json:
        print(json.dumps({"ok": not found, "files": [file.as_json() for file in files]}))
    return int(bool(found))


def _site_command(options: argparse.Namespace) -> int:
    from daemon.rehearsal.planning.file import put, text_of

    if options.json and options.out is None:
        raise ValueError("--json says what was written to a file: name it with --out")
    text = text_of(options.mw * 1e6, options.rack_kw * 1e3)
    if options.out is None:
        print(text, end="")
        return 0
    made = put(text, options.out)
    if options.json:
        print(json.dumps({"ok": True, **made}))
    else:
        counts = ", ".join(f"{made[k]:,} {k}" for k in ("blocks", "racks", "devices", "points"))
        print(f"{options.out}: {counts}, {made['gateways']:,} gateways")
    return 0


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


def _schema(options: argparse.Namespace) -> int:
    from daemon.settings import schema

    print(json.dumps(schema(options.kind), indent=2))
    return 0


def _mind_refusals(options: argparse.Namespace) -> int:
    """Run the command; what is wrong with what the user gave is said without a traceback."""
    try:
        code: int = options.run(options)
    except BrokenPipeError:
        raise
    except Exception as error:
        if not isinstance(error, OSError | ValueError) and not _of_settings(error):
            raise
        print(error, file=sys.stderr, flush=True)
        if getattr(options, "json", False):
            print(json.dumps({"ok": False, "error": str(error)}))
        return 1
    return code


def _of_settings(error: Exception) -> bool:
    """Return whether an error lists what is wrong in a file; a person who switches has no time."""
    from daemon.settings.findings import SettingsError

    return isinstance(error, SettingsError)


def _quit(number: int, frame: object) -> None:
    """End at once, on Ctrl-C before a command listens to it itself.

    Nothing runs yet that needs an orderly end, and a KeyboardInterrupt in the midst of an import
    leaves CPython with an exit code of its own, even if it was caught.
    """
    os._exit(INTERRUPTED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # The matrices of a scan are small: threads for them cost more than they bring.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    before = signal.signal(signal.SIGINT, _quit)
    try:
        return _main(arguments)
    finally:
        signal.signal(signal.SIGINT, before)


def _main(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
        code = _mind_refusals(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code
