"""The morning after: report, estimate."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.words import json_option, seconds, site_argument

if TYPE_CHECKING:
    from daemon.cli.words import Command

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


def add(command: Command) -> None:
    """Add these commands."""
    _report_options(command("report", _report, "transfers in a record, against limits", _REPORT))
    _estimate_options(command("estimate", _estimate, "one scan of a record, solved", _ESTIMATE))


def _report_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "state",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="folder of the record (default: ridethrough-state)",
        default=Path("ridethrough-state"),
    )
    site_argument(sub.add_argument, "--site")
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--number", type=int, metavar="N", help="which of the list (the last)")
    which.add_argument("--all", action="store_true", help="all of the list")
    sub.add_argument("--html", type=Path, metavar="FILE", help="write it as a page")
    json_option(sub)


def _estimate_options(sub: argparse.ArgumentParser) -> None:
    site_argument(sub.add_argument, "site")
    sub.add_argument(
        "--record", type=Path, required=True, metavar="FILE", help="state folder or journal file"
    )
    sub.add_argument(
        "--at", type=seconds, required=True, metavar="SECONDS", help="when, from the daemon's start"
    )
    sub.add_argument("--report", type=Path, metavar="FILE", help="write it as a page")
    json_option(sub)


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


def _estimate(options: argparse.Namespace) -> int:
    from daemon.console.report import estimate_lines, estimate_page
    from daemon.runtime.estimated import estimated, limits
    from daemon.settings import load

    site = load(options.site).site
    found = estimated(options.record, site, options.at)
    head = f"{site.name}, scan at {found.at_s:.2f} s"
    meters = [meter._asdict() for meter in found.meters]
    estimate, normal = found.estimate, limits(found.estimate)
    body = estimate_lines.told(estimate, site, found.points, normal, meters, found.positions)
    print(head, *estimate_lines.lines(body), sep="\n")
    if options.report is not None:
        version = importlib.metadata.version("ridethrough")
        options.report.write_text(estimate_page.document(body, head, version), encoding="utf-8")
        print(f"report: {options.report}")
    ok = body["solved"] and not (body["suspects"] or body["doubted"] or body["positions"])
    if options.json:
        asked = {"site": site.id, "record": str(options.record), "at_s": found.at_s}
        print(json.dumps({"ok": ok, **asked, **body}))
    return int(not ok)
