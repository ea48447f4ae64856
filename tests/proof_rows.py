"""What every interlock is for: `python -m tests.proof_rows [--scheme NAME] [--for S]`.

Each part of a scheme is searched with all rows, and it is noted which of them refuse an action
together. A row that never refuses alone is covered there: without it the others refuse the same.
Every other row is taken away, one at a time, until the search finds what comes of it. Where it
finds nothing, the devices themselves refuse what the row refuses. A row that is asked for in no
part has its minimal case in `tests/unit/core/interlocks`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from daemon import settings
from daemon.core import interlocks
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.explore import Search
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.prove import heeded, without
from daemon.runtime.clock import processor_s

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from daemon.rehearsal.proof.explore import Tally

FAULTS = (
    Faults(0, 1, 0), Faults(0, 1, 1), Faults(1, 0, 1), Faults(2, 0, 0), Faults(0, 2, 0),
    Faults(1, 1, 0),
)  # fmt: skip
"""Every two faults; what takes least to go through comes first, for a row is missed early."""


def searched(
    name: str, limit_s: float, known: Set[str] | None = None
) -> tuple[frozenset[str], bool]:
    """Return what is surely wrong in a part, and whether it was gone through.

    Args:
        name: of the part.
        limit_s: processor time after which a search is given up, 0 without a limit [s].
        known: what is wrong with all rows; the first that is not in it ends the search. None for
            a search to the end.
    """
    file = settings.load(settings.site_path(Path("ai_hall")))
    (part,) = schemes.parts(file.site, file.control, name)
    begun_s = processor_s()

    def stop(tally: Tally) -> bool:
        if known is not None and tally.sure - known:
            return True
        return tally.situations % 512 == 0 and 0.0 < limit_s < processor_s() - begun_s

    wrong, complete = frozenset[str](), True
    for faults in FAULTS:
        search = Search(part.board, part.mind, part.picture, part.bound_ms, faults)
        tally = search.run(stop)
        wrong |= tally.sure
        if known is not None and wrong - known:
            return wrong, False
        complete = complete and tally.complete
    return wrong, complete


def judged(name: str, row: str, heard: Set[frozenset[str]], known: Set[str], limit_s: float) -> str:
    """Return what is to be said of a row in a part, "open" first where that is not known."""
    together = [rows for rows in heard if row in rows]
    if not together:
        return "is never asked for"
    if not any(len(rows) == 1 for rows in together):
        return f"is covered by {', '.join(sorted(set().union(*together) - {row}))}"
    with without((row,)):
        found, complete = searched(name, limit_s, known)
    if more := found - known:
        return f"is for this: {min(more)}"
    return "is covered by the devices themselves" if complete else "open: nothing found in time"


def told(scheme: str, limit_s: float) -> Iterator[str]:
    """Yield a line for every row in every part."""
    file = settings.load(settings.site_path(Path("ai_hall")))
    for part in schemes.parts(file.site, file.control, scheme):
        with heeded() as heard:
            wrong, complete = searched(part.name, limit_s)
        kept = frozenset(heard)
        whole = "gone through" if complete else "NOT gone through"
        yield f"{part.name}: {whole}{', found: ' if wrong else ''}{'; '.join(sorted(wrong))}"
        for row in interlocks.INTERLOCKS:
            yield f"  {row.name:<22} {judged(part.name, row.name, kept, wrong, limit_s)}"


def main() -> int:
    """Print the lines, and return whether all is known."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof_rows")
    parser.add_argument("--scheme", default="", metavar="NAME", help="a scheme, or NAME/part of it")
    parser.add_argument(
        "--for", dest="limit_s", type=float, default=0.0, metavar="S", help="per search"
    )
    options = parser.parse_args()
    lines = []
    for line in told(options.scheme, options.limit_s):
        print(line, flush=True)
        lines.append(line)
    return int(any("open:" in line or "NOT gone" in line or "found:" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
