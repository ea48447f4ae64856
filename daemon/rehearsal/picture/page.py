"""The page: heading, verdict, figures, tables, and the script and style they need, in one file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Final

from daemon.console import report as transfer_report
from daemon.rehearsal.picture import quantities, states, tables
from daemon.rehearsal.picture.file import replace
from daemon.rehearsal.picture.library import script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from daemon.model.transfer_report import TransferReport
    from daemon.rehearsal.picture.recording import Recording

_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class About:
    """What a run was.

    Attributes:
        site: id of the site.
        site_name: its name for people.
        scenario: id of the scenario.
        description: what it says of itself.
        seed: of all chance.
        depth: "image" or "wire".
        faults: what else was drawn, "none" or "swarm".
        version: of Ridethrough.
        trace_hash: fingerprint of the run.
        ok: whether all that counts went well; under drawn faults expectations do not count.
    """

    site: str
    site_name: str
    scenario: str
    description: str
    seed: int
    depth: str
    faults: str
    version: str
    trace_hash: str
    ok: bool


def write(
    path: Path,
    recording: Recording,
    about: About,
    expectations: Sequence[Mapping[str, Any]] = (),
    oracles: Sequence[Mapping[str, Any]] = (),
    transfers: Sequence[TransferReport] = (),
) -> None:
    """Write the page of a run.

    Args:
        path: the file; replaced if it is there.
        recording: what a `Recorder` kept.
        about: what the run was.
        expectations: verdicts on what the scenario expects, in the form that commands print.
        oracles: verdicts of the oracles, in the same form.
        transfers: the daemon's report of every transfer.

    Raises:
        PictureError: plotly is missing, or the file cannot be written.
    """
    replace(path, page(recording, about, expectations, oracles, transfers))


def page(
    recording: Recording,
    about: About,
    expectations: Sequence[Mapping[str, Any]],
    oracles: Sequence[Mapping[str, Any]],
    transfers: Sequence[TransferReport] = (),
) -> str:
    """Return the page of a run, see `write`."""
    return Template(_part("page.html")).substitute(
        title=escape(f"{about.scenario} on {about.site}"),
        description=escape(about.description),
        style=transfer_report.style() + _part("page.css"),
        facts="".join(_facts(recording, about)),
        outcome="pass" if about.ok else "fail",
        banner=escape(_banner(about, [*expectations, *oracles])),
        verdicts=tables.verdicts(expectations, oracles),
        transfers="".join(_transfers(transfers)),
        disturbances=tables.disturbances(recording),
        efficiency=tables.efficiency(recording),
        efficiency_note=escape(tables.efficiency_note(recording)),
        states=_embedded(states.figure(recording)),
        quantities=_embedded(quantities.figure(recording)),
        kinds=_kinds(recording),
        entries=tables.entries(recording),
        dropped=escape(_dropped(recording)),
        library=script(),
        script=_part("page.js"),
    )


def _transfers(transfers: Sequence[TransferReport]) -> Iterator[str]:
    """Yield the daemon's own report of every transfer, to be opened one by one."""
    if not transfers:
        return
    yield "<section>\n<h2>Transfers as the daemon reports them</h2>\n"
    for each, said in zip(transfers, transfer_report.listed(transfers), strict=True):
        whole = "".join(transfer_report.parts(each))
        yield f"<details><summary>{escape(said.strip())}</summary>\n{whole}</details>\n"
    yield "</section>\n"


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _embedded(figure: Mapping[str, Any]) -> str:
    """Return a figure as JSON that cannot end the element it stands in."""
    said = json.dumps(figure, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return said.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _banner(about: About, judged: Sequence[Mapping[str, Any]]) -> str:
    count = Counter(verdict["ok"] for verdict in judged)
    parts = [f"{count[True]} of {len(judged)} verdicts hold"]
    if count[False]:
        parts.append(f"{count[False]} do not")
    if count[None]:
        parts.append(f"{count[None]} are not judged")
    return f"{'PASS' if about.ok else 'FAIL'}: {', '.join(parts)}"


def _facts(recording: Recording, about: About) -> Iterator[str]:
    began = datetime.fromtimestamp(recording.began_utc_ns / _NS, UTC)
    facts = (
        ("Site", f"{about.site_name} ({about.site})"),
        ("Scenario", about.scenario),
        ("Played", f"{recording.for_s:g} s"),
        ("Seed", str(about.seed)),
        ("Depth", about.depth),
        ("Drawn faults", about.faults),
        ("Clock of the run", f"{began:%Y-%m-%d %H:%M:%S} UTC at scenario time 0"),
        ("Ridethrough", about.version),
        ("Trace", about.trace_hash),
    )
    for name, value in facts:
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>\n"


def _kinds(recording: Recording) -> str:
    """Return a box to tick for each kind of entry; set-points are many and begin hidden."""
    count = Counter(entry.kind for entry in recording.entries)
    return "".join(
        f'<label><input type="checkbox" value="{escape(kind)}"'
        f"{'' if kind == 'set-point' else ' checked'}> {escape(kind)} ({number})</label>\n"
        for kind, number in sorted(count.items())
    )


def _dropped(recording: Recording) -> str:
    return "; ".join(
        f"{number} more of kind {kind} are not listed"
        for kind, number in sorted(recording.dropped.items())
    )
