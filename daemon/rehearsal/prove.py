"""`ridethrough prove`: searches the schemes of a site through, and tells what it found."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from daemon import settings
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.assumptions import contradicted
from daemon.rehearsal.proof.explore import Search
from daemon.rehearsal.proof.moves import text
from daemon.rehearsal.proof.picture import Decided
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.proof.replay import scenario
from daemon.rehearsal.prove_without import heeded, without
from daemon.runtime.clock import processor_s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.rehearsal.proof.explore import Tally
    from daemon.rehearsal.proof.moves import Move
    from daemon.rehearsal.prove_without import Heard
    from daemon.settings import SiteFile

_SHORT: Final = (Faults(1, 0, 0), Faults(1, 0, 1))
_USUAL: Final = (*_SHORT, Faults(2, 0, 0), Faults(0, 1, 0), Faults(1, 1, 0))
LEVELS: Final = {
    "short": _SHORT,
    "usual": _USUAL,
    "full": (*_USUAL, Faults(0, 1, 1), Faults(0, 2, 0)),
}
"""By form what the adversary may do. The full one is every two faults there can be: two hidden ones
alone show nowhere, since nothing is asked of a board on which nothing else happens."""
_LOOK: Final = 512
"""Situations between two looks at the clock, which is slow to ask."""


class Wish(NamedTuple):
    """What is to be proven.

    Attributes:
        site: site file, or the name of one that came along.
        scheme: id of a scheme, or id and part; all without it.
        form: key of `LEVELS`.
        without: interlocks and guards that are taken away first, to see what they are for.
        limit_s: processor time after which a search is given up, 0 without a limit [s].
        folder: where counterexamples go as scenarios, and what stages followed which; or None.
    """

    site: Path
    scheme: str = ""
    form: str = "usual"
    without: tuple[str, ...] = ()
    limit_s: float = 0.0
    folder: Path | None = None


class Searched(NamedTuple):
    """A part of a scheme and what its search came to."""

    part: schemes.Part
    faults: Faults
    tally: Tally
    moves: frozenset[Move]
    seconds: float
    peak_mb: float

    @property
    def ok(self) -> bool:
        """Return whether the search came to its end and found nothing."""
        return self.tally.complete and not self.tally.found

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        tally = self.tally
        return {
            "name": self.part.name,
            **self.faults._asdict(),
            "ok": self.ok,
            "complete": tally.complete,
            "situations": tally.situations,
            "kinds": tally.kinds,
            "transitions": tally.transitions,
            "depth": tally.depth,
            "dark_ms": tally.hungry_ms,
            "dark_limit_ms": self.part.bound_ms,
            "seconds": round(self.seconds, 1),
            "peak_mb": round(self.peak_mb),
            "found": {
                wrong: [{"at_ms": d.at_ms, "what": d.text} for d in deeds]
                for wrong, deeds in tally.found.items()
            },
            "sure": sorted(tally.sure),
            "refuted": dict(sorted(tally.refuted.items())),
        }


def prove(wish: Wish, *, as_json: bool) -> int:
    """Search, print what came of it, and return the exit code of the command.

    Raises:
        ValueError: there is no such scheme, no such interlock or guard, or the site's own timers
            lie outside what the times of the proof stand for.
        SettingsError: the site was refused.
    """
    site_file = settings.load(settings.site_path(wish.site))
    found = []
    with without(wish.without), heeded() as heard:
        for part in _parts(site_file, wish.scheme):
            # What one level has learned of the scheme's memory, the next one need not.
            for faults in LEVELS[wish.form]:
                found.append(_searched(part, faults, wish.limit_s))
                print(*_lines(found[-1]), sep="\n", flush=True)
                _write(wish, site_file, found[-1])
            if wish.folder is not None:
                moves = {m for s in found if s.part is part for m in s.moves}
                path = wish.folder / f"{part.name.replace('/', '-')}.moves"
                wish.folder.mkdir(parents=True, exist_ok=True)
                path.write_text(text(moves), encoding="utf-8")
                print(f"  {len(moves)} moves written: {path}", flush=True)
    print(*_cover(heard), sep="\n", flush=True)
    ok = all(s.ok for s in found)
    print("proven" if ok else "NOT proven", flush=True)
    if as_json:
        asked = {"site": site_file.site.id, "scheme": wish.scheme, "form": wish.form}
        verdicts = [s.as_json() for s in found]
        plain = {"ok": ok, "asked": {**asked, "without": list(wish.without)}, "verdicts": verdicts}
        print(json.dumps(plain), flush=True)
    return int(not ok)


def _parts(site_file: SiteFile, scheme: str) -> list[schemes.Part]:
    parts = schemes.parts(site_file.site, site_file.control, scheme)
    if not parts:
        valid = [p.name for p in schemes.parts(site_file.site, site_file.control)]
        if not valid:
            raise ValueError(
                f"nothing to prove: the daemon decides no scheme of {site_file.site.id} "
                "(valid: a site with an intake or a board of authority `daemon`, such as ai_hall)"
            )
        raise ValueError(
            f"--scheme {scheme}: {site_file.site.id} has no such scheme that the daemon decides "
            f"(valid: {', '.join(valid) or 'none'})"
        )
    if others := contradicted(site_file.site, site_file.control):
        text = "; ".join(others)
        raise ValueError(f"the times of the proof do not stand for {site_file.site.id}: {text}")
    return parts


def _searched(part: schemes.Part, faults: Faults, limit_s: float) -> Searched:
    """Search a part, with a word on the way for people who look."""
    begun_s = processor_s()
    search = Search(part.board, part.mind, part.picture, part.bound_ms, faults)
    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task(part.name, total=None)
        looked = 0

        def stop(tally: Tally) -> bool:
            nonlocal looked
            if tally.situations - looked in range(_LOOK):
                return False
            looked = tally.situations
            text = f"{part.name}: {tally.situations} situations, {tally.waiting} wait"
            bar.update(task, description=text)
            return 0.0 < limit_s < processor_s() - begun_s

        tally = search.run(stop)
    seconds = processor_s() - begun_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Searched(part, faults, tally, part.moves(search), seconds, peak_mb)


def _lines(searched: Searched) -> Iterator[str]:
    part, tally = searched.part, searched.tally
    verdict = "ok" if searched.ok else "FOUND" if tally.found else "not finished"
    yield (
        f"{part.name:<14} {searched.faults!s:<27} {verdict:<12} {tally.situations:>9} situations "
        f"({tally.kinds} apart from time), {tally.transitions} transitions, depth {tally.depth}, "
        f"dark at most {tally.hungry_ms / 1000:g} s of {part.bound_ms / 1000:g} s, "
        f"{searched.seconds:.0f} s, at most {searched.peak_mb:.0f} MB so far"
    )
    for wrong, deeds in tally.found.items():
        # The way to what is not sure is the first that was met, joined with others on the way.
        yield f"  {wrong}:" if wrong in tally.sure else f"  {wrong} (not sure):"
        yield from (
            f"    {deed.at_ms / 1000:9.3f} s  {deed.text}"
            for deed in deeds
            if deed.text != "daemon: looks"
        )
    for wrong, situations in tally.refuted.items():
        # Times joined on the way had made it; around it nothing was joined the second time.
        yield f"  refuted: {wrong}, in {situations} situations around it"


def _write(wish: Wish, site_file: SiteFile, searched: Searched) -> None:
    folder = wish.folder
    if folder is None:
        return
    scheme = site_file.site.schemes[searched.part.name.partition("/")[0]]
    for n, (wrong, deeds) in enumerate(searched.tally.found.items(), 1):
        assert isinstance(scheme, Decided)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{searched.part.name.replace('/', '-')}-{n}.yaml"
        page = scenario(site_file.site, scheme, wrong, deeds, wish.without)
        path.write_text(page, encoding="utf-8")
        print(f"  written: {path}", flush=True)


def _cover(heard: Heard) -> Iterator[str]:
    """Yield which interlocks stood alone in what was searched, and which others cover the rest."""
    alone = heard.alone()
    yield f"refused alone: {', '.join(sorted(alone - heard.guards)) or 'none'}"
    for name in sorted({n for rows in heard.rows for n in rows} - alone):
        yield f"{name} never alone: always with one or more of {', '.join(heard.beside(name))}"
    yield f"guards that made a difference: {', '.join(sorted(heard.guards)) or 'none'}"
