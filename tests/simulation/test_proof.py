"""The proof finds nothing in the schemes as they are, and finds what is planted in them.

What follows which there, in the files of `proven/`, holds for the daemon that runs as well. They
are written by `ridethrough prove --short --scheme CCTS-1 --to tests/simulation/proven`, so what
follows upon a sudden disturbance is not in them.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.core import interlocks
from daemon.core.transfer import main_tie_main
from daemon.core.transfer.section import Stage
from daemon.model.events import Event
from daemon.rehearsal.desk import scenario_for
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.explore import Search
from daemon.rehearsal.proof.moves import Follower, Move, read
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.simulation.observer import Observer
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.model.events import AlarmTransition
    from daemon.rehearsal.proof.explore import Tally
    from daemon.settings import SiteFile

PROVEN = Path(__file__).parent / "proven"
AT_REST = {"joined": "joined", "unjudged": "on_main", "at_rest": "at_rest"}


@cache
def hall() -> SiteFile:
    return load("ai_hall")


UTILITY_LOST = Faults(1, 0, 0)
DISTURBED = Faults(0, 1, 0)


def searched(name: str, faults: Faults = UTILITY_LOST, at_most: int = 10**9) -> Tally:
    """Return what the search of a part comes to, up to the first thing that is surely wrong."""
    file = hall()
    (part,) = schemes.parts(file.site, file.control, name)
    search = Search(part.board, part.mind, part.picture, part.bound_ms, faults)
    return search.run(lambda tally: bool(tally.sure) or tally.situations > at_most)


@contextmanager
def without(row: str) -> Iterator[None]:
    """Take an interlock away."""
    table = interlocks.BY_ACTION
    interlocks.BY_ACTION = {  # type: ignore[misc]
        key: tuple(r for r in rows if r.name != row) for key, rows in table.items()
    }
    try:
        yield
    finally:
        interlocks.BY_ACTION = table  # type: ignore[misc]


@pytest.mark.parametrize("name", ["ALTS-1", "CCTS-1/mains", "CCTS-1/sets"])
def test_nothing_is_found_with_one_disturbance_at_any_instant(name: str) -> None:
    tally = searched(name, DISTURBED)
    assert tally.complete
    assert tally.found == {}


@pytest.mark.parametrize("name", ["CCTS-1/mains", "CCTS-1/sets"])
def test_nothing_is_found_in_a_loss_and_return_of_the_utility(name: str) -> None:
    tally = searched(name)
    assert tally.complete
    assert tally.found == {}
    assert tally.kinds > 300
    assert 0 < tally.hungry_ms < 30_000


@pytest.mark.parametrize(
    ("row", "name", "wrong"),
    [
        ("last_feed", "CCTS-1/mains", "takes MVA its last feed"),
        ("faulted_bus", "CCTS-1/mains", "feeds a fault that protection has told of"),
    ],
)
def test_what_an_interlock_is_for_is_found_without_it(row: str, name: str, wrong: str) -> None:
    with without(row):
        found = searched(name, DISTURBED).found
    assert any(wrong in what for what in found), found


def test_a_main_that_is_not_opened_first_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one open that ends an overlap is left out: two sources stay in parallel."""
    actions = {k: v for k, v in main_tie_main._ACTIONS.items() if k is not Stage.PARTING}
    monkeypatch.setattr(main_tie_main, "_ACTIONS", actions)
    assert any("two sources in parallel" in wrong for wrong in searched("CCTS-1/mains").found)


def test_what_it_tells_begins_with_the_utility_and_ends_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actions = {k: v for k, v in main_tie_main._ACTIONS.items() if k is not Stage.FEEDING}
    monkeypatch.setattr(main_tie_main, "_ACTIONS", actions)
    (deeds,) = list(searched("CCTS-1/mains").found.values())[:1]
    told = [deed.text for deed in deeds]
    assert told.index("! U-A fails") < len(told) - 1
    assert [deed.at_ms for deed in deeds] == sorted(deed.at_ms for deed in deeds)


# The daemon that runs.


class Walked(Observer):
    """Notes which stages followed which in a run."""

    def __init__(self, name: str) -> None:
        (part,) = schemes.parts(hall().site, hall().control, name)
        self._follower = Follower({k: AT_REST[v] for k, v in part.first.items()})
        self.moves: list[Move] = []

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Follow the events of one scan."""
        self.moves += self._follower.take(n for n in news if isinstance(n, Event))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("scenario", "for_s"),
    [("extended_outage", 100.0), ("generator_failure", 40.0)],
)
def test_the_daemon_that_runs_does_what_was_proven(scenario: str, for_s: float) -> None:
    file = hall()
    proven = read((PROVEN / "CCTS-1-mains.moves").read_text())
    walked = Walked("CCTS-1/mains")
    run(Case(file, scenario_for(scenario, file.site), 0, for_s=for_s), [walked])
    assert len(walked.moves) > 5, "hardly anything has moved"
    assert [move for move in walked.moves if move not in proven] == []
