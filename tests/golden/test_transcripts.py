"""What an operator would have read, scan by scan, with the AI hall on paper (`tests.hall`).

`pytest tests/golden --refresh-golden` writes the transcripts anew; read the diff.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.model.quantities import seconds
from tests.hall import Hall, settled

HERE = Path(__file__).parent


def _extended_outage(hall: Hall) -> None:
    hall.lose_mains()
    hall.run(30)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(70)


def _one_of_four_sets_starts(hall: Hall) -> None:
    for name in ("DG-1", "DG-2", "DG-3"):
        hall.start_s[name] = None
    hall.lose_mains()
    hall.run(40)


def _sag(hall: Hall) -> None:
    hall.utilities = dict.fromkeys(hall.utilities, False)
    hall.run(0.1)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(5)


PLAYS: dict[str, Callable[[Hall], None]] = {
    "extended_outage": _extended_outage,
    "one_of_four_sets_starts": _one_of_four_sets_starts,
    "sag": _sag,
}


def transcript(name: str) -> str:
    """Return the events of a play, a line each, times from its beginning [s]."""
    hall = settled()
    begun_ns = hall.now_ns
    PLAYS[name](hall)
    return "".join(
        f"{seconds(e.at_ns - begun_ns):8.2f}  {e.source:<10} {e.name:<22} {e.text}\n"
        for e in hall.events
    )


@pytest.mark.parametrize("name", PLAYS)
def test_the_switching_lane_says_what_it_said(name: str, refresh_golden: bool) -> None:
    kept, now = HERE / f"{name}.txt", transcript(name)
    if refresh_golden:
        kept.write_text(now)
    assert now == kept.read_text(), "--refresh-golden writes it anew"
