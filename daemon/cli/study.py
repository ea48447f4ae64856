"""A load against rules, storage and the years: comply, backtest, plan."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.words import (
    duration_s,
    efficiency_pu,
    json_option,
    part_pu,
    power_w,
    site_argument,
    store,
)

if TYPE_CHECKING:
    from daemon.cli.words import Command

_COMPLY = """\
Judges a trace by rule sets: grid codes for large loads (ride-through, recovery, power variation),
tolerance of IT equipment, generating sets, supply quality, or a file of your own. Each limit gets a
verdict with its worst figure, the limit, the margin and the time. --list shows what came along.

TRACE is CSV, also gzipped, with a header: t_s and any of *_w (several are added up), voltage_pu,
frequency_hz. A sample holds until the next. What cannot be right (time that goes back, other units,
negative or absurd power, rows alone far above all others, no numbers) is named by line and the
trace is refused; holes too, unless --gaps split; so is a trace below 1 % or above 10 times of what
--rated or --contract say. A limit that the trace cannot show is not judged, never passed; nor is
one for loads more than twenty times as large, while neither --rated nor --scale-to states the size.
Exit code 0 exactly when something was judged and every limit that was judged was kept; with --all
only if every limit was judged, and on all of the trace.

examples:
  ridethrough comply --list
  ridethrough comply event.csv --rules ercot_nogrr282 itic
  ridethrough comply power.csv.gz --rules ercot_swing ieso_v3 --scale-to 100MW --report out.html
  ridethrough comply set_3.csv --rules iso8528_g3 nfpa110_type10 --nominal-hz 50
  ridethrough comply meter.csv --rules my_contract.yaml --column import_w --gaps split --json
  ridethrough comply meter.csv --contract ai_hall --export
  ridethrough comply event.csv --rules caiso_straw --rated 90MW --all     for a pipeline
"""
_BACKTEST = """\
Drives a load through the peak shaving of the daemon: what the billed demand would have been, beside
no storage, a fixed threshold, the ratchet, and the optimum of who knows the future (linear
programme). capture = (none - policy) / (none - optimum).

TRACE is CSV, also gzipped, with t_s and columns *_w in W that are added up: the import without
storage. A sample holds until the next. Its first half, at most 14 days, is learned from; the rest
is driven. All policies have the same storage, full at the begin, with the same reserve withheld,
are set anew 30 times in a window by what was drawn before, and know nothing of what comes. What
cannot be right in the trace (rows alone far above all others too, unless --rated says that the load
is so large) is named by line and the trace is refused; holes too, unless --gaps split takes the
longest part without one. Exit code 0 exactly when no policy was above the peak without storage and
none touched the reserve.

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


def add(command: Command) -> None:
    """Add these commands."""
    _comply_options(command("comply", _comply, "a trace against grid codes, standards", _COMPLY))
    _backtest_options(command("backtest", _backtest, "peak shaving on a trace", _BACKTEST))
    _plan_options(command("plan", _plan, "until when a site suffices, as it grows", _PLAN))


def _comply_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("trace", nargs="?", type=Path, metavar="TRACE", help="CSV, also gzipped")
    sub.add_argument(
        "--rules", nargs="+", action="extend", default=[], metavar="NAME", help="rule sets or files"
    )
    site_argument(sub.add_argument, "--contract")
    sub.add_argument(
        "--all", action="store_true", help="what is not judged, or in part, counts as missed"
    )
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
        "--rated", type=power_w, default=0.0, metavar="P",
        help="of the load, for scaled limits (default: the highest of the trace), e.g. 100MW",
    )  # fmt: skip
    sub.add_argument(
        "--scale-to", type=power_w, default=0.0, metavar="P", help="make the highest power this"
    )
    sub.add_argument(
        "--nominal-hz", type=float, default=60.0, choices=(50.0, 60.0), help="of the network (60)"
    )
    json_option(sub)


def _backtest_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("trace", type=Path, metavar="TRACE", help="CSV, also gzipped")
    sub.add_argument(
        "--storage", type=store, action="append", required=True, metavar="P/E",
        help="power and energy of a store, e.g. 10MW/20MWh; again for another one",
    )  # fmt: skip
    sub.add_argument(
        "--policy", nargs="+", action="extend", default=[], metavar="NAME",
        choices=("ours", "ratchet", "threshold", "foresight", "none"),
        help="ours, ratchet, threshold, foresight, none (default: all; the last two always)",
    )  # fmt: skip
    sub.add_argument(
        "--window", type=duration_s, default=900.0, metavar="T", help="of the demand (15min)"
    )
    sub.add_argument(
        "--train", type=duration_s, metavar="T", help="learned from, from the begin, e.g. 14d"
    )
    sub.add_argument(
        "--reserve", type=part_pu, default=0.0, metavar="PU", help="of the energy, withheld (0)"
    )
    sub.add_argument(
        "--efficiency", type=efficiency_pu, default=0.95, metavar="PU", help="each way (0.95)"
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
        "--rated", type=power_w, default=0.0, metavar="P",
        help="of the load: a trace of another size is refused, e.g. 100MW",
    )  # fmt: skip
    sub.add_argument(
        "--scale-to", type=power_w, default=0.0, metavar="P", help="make the highest power this"
    )
    json_option(sub)


def _plan_options(sub: argparse.ArgumentParser) -> None:
    site_argument(sub.add_argument, "site")
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
    json_option(sub)


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
    wish = command.Wish(
        options.trace, tuple(options.rules), options.contract, taken, whole=options.all
    )
    return command.comply(wish, options.report, as_json=options.json)


def _backtest(options: argparse.Namespace) -> int:
    from daemon.rehearsal.backtest import command
    from daemon.rehearsal.compliance.trace_file import Wish

    taken = Wish(
        columns=tuple(options.column),
        split=options.gaps == "split",
        export=options.export,
        rated_w=options.rated,
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
