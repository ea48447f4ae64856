"""Who is not believed: how an instrument becomes suspect, and how it is believed again.

- *condemned*: its value is absent from the next scan on;
- *doubted*: one of a group; all of them count as aged until more is known;
- *drifting*: off by more than it may be in the mean of many readings; it counts as aged;
- *frozen*: to the last bit the same, while what it measures has moved by the balance of the others.

*Proof.* Who is out is held against what the others say it should read. When its readings fit for
long enough it is taken back; that time doubles with each relapse, so nothing flips to and fro.
"""

from __future__ import annotations

from typing import NamedTuple

CONDEMNED, DOUBTED, DRIFTING, FROZEN = "condemned", "doubted", "drifting", "frozen"
OUT = frozenset({CONDEMNED, FROZEN})


class Suspect(NamedTuple):
    """An instrument that is not believed.

    Attributes:
        row: its number.
        kind: `CONDEMNED`, `DOUBTED`, `DRIFTING` or `FROZEN`.
        group: all that one error may be of, itself first.
        chance: that it is this one.
        error: what it shows too much [pu].
        shown: what it showed when that was found [pu].
        since_ns: when that was found [ns].
        fits_ns: since when it has fitted, 0 while it does not [ns].
        proof_ns: how long it must [ns].
    """

    row: int
    kind: str
    group: tuple[int, ...]
    chance: float
    error: float
    shown: float
    since_ns: int
    fits_ns: int = 0
    proof_ns: int = 0


Suspects = tuple[Suspect, ...]


def joined(
    before: Suspects, found: Suspects, relapses: dict[int, int]
) -> tuple[Suspects, dict[int, int]]:
    """Return all suspects, what is known better now in the place of what was."""
    news, relapses = [], dict(relapses)
    for suspect in found:
        rows = set(suspect.group)
        older = [s for s in before if s.kind not in OUT and rows & set(s.group)]
        if suspect.kind in OUT:
            relapses[suspect.row] = relapses.get(suspect.row, 0) + 1
        since_ns = min((s.since_ns for s in older), default=suspect.since_ns)
        news.append(suspect._replace(since_ns=since_ns))
        before = tuple(s for s in before if s not in older)
    return (*before, *news), relapses


def proven(suspect: Suspect, now_ns: int, *, fits: bool) -> Suspect | None:
    """Return a suspect after a scan in which it fits or not, None where it is believed again."""
    since_ns = (suspect.fits_ns or now_ns) if fits else 0
    if fits and now_ns - since_ns >= suspect.proof_ns:
        return None
    return suspect if since_ns == suspect.fits_ns else suspect._replace(fits_ns=since_ns)
