"""Site files and what comes of them: check, site, metrics, schema."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.words import DEFAULT_SITE, json_option, site_argument

if TYPE_CHECKING:
    from daemon.cli.words import Command

_CHECK = """\
Reads sites, device maps, scenarios, alarms and rule sets (it sees which is which) and reports every
problem at once, as file:line:column: key: problem (valid: ...). Exit code 1 when there is one.

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
_METRICS = """\
Lists every metric that /metrics of a site may hold: name, kind, labels, what it tells.

examples:
  ridethrough metrics
  ridethrough metrics config/sites/traditional.yaml
  ridethrough metrics --only '*autonomy*'
  ridethrough metrics ai_hall --json
  ridethrough metrics --markdown > metrics.md     # a page for those who write queries
"""
_SCHEMA = """\
Prints the JSON Schema that an editor uses to complete and check a file while it is written.

examples:
  ridethrough schema > site.schema.json
  ridethrough schema device > device.schema.json
  ridethrough schema job-notice     what a scheduler may publish, see ridethrough run --help
"""


def add(command: Command) -> None:
    """Add these commands."""
    check = command("check", _check, "what is wrong with sites, maps and scenarios", _CHECK)
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    json_option(check)
    _site_options(command("site", _site_command, "make a site file out of power blocks", _SITE))
    metrics = command("metrics", _metrics, "every metric of a site, with its meaning", _METRICS)
    site_argument(metrics.add_argument, "site", nargs="?", default=DEFAULT_SITE)
    metrics.add_argument(
        "--only", default="*", metavar="PATTERN", help="names that match, * for any"
    )
    json_option(metrics)
    metrics.add_argument("--markdown", action="store_true", help="as a page of documentation")
    schema = command("schema", _schema, "JSON Schema of a file, for editors", _SCHEMA)
    schema.add_argument("kind", nargs="?", choices=("site", "device", "job-notice"), default="site")


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
    json_option(made)


def _check(options: argparse.Namespace) -> int:
    from daemon.rehearsal.check import check

    files = [check(path) for path in options.files]
    found = [problem for file in files for problem in file.problems]
    for problem in found:
        print(problem)
    for file in files:
        if not file.problems:
            print(f"{file.file}: {file.kind} {file.summary}")
        for note in file.notes:
            print(f"{file.file}: note: {note}")
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


def _metrics(options: argparse.Namespace) -> int:
    from fnmatch import fnmatchcase

    from daemon.publishers.catalogue import document, families
    from daemon.settings import load

    site = load(options.site).site
    found = [each for each in families(site) if fnmatchcase(each.name, options.only)]
    if not found:
        raise ValueError(f"--only {options.only}: no metric of {site.id} has such a name")
    if options.json:
        told = [each._asdict() for each in found]
        print(json.dumps({"ok": True, "site": site.id, "metrics": told}))
        return 0
    if options.markdown:
        print(document(site.name, found))
        return 0
    for each in found:
        labels = f"{{{', '.join(each.labels)}}}" if each.labels else ""
        print(f"{each.name}{labels}  ({each.kind})\n    {each.text}")
    return 0


def _schema(options: argparse.Namespace) -> int:
    from daemon.settings import schema

    print(json.dumps(schema(options.kind), indent=2))
    return 0
