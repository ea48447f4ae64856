"""The proof finds nothing in the schemes as they are, and finds what is planted in them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from daemon.core.transfer import main_tie_main, ways
from daemon.core.transfer.section import Stage
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.explore import Search
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.prove_without import without
from daemon.settings import load
from tests.simulation.proven_moves import Kind, explored

if TYPE_CHECKING:
    from daemon.core.transfer.board import Scan, SectionState
    from daemon.rehearsal.proof.explore import Tally
    from daemon.settings import SiteFile
    from tests.simulation.conftest import Played


@cache
def hall() -> SiteFile:
    return load("ai_hall")


UTILITY_LOST = Faults(1, 0, 0)
DISTURBED = Faults(0, 1, 0)


def searched(name: str, faults: Faults = UTILITY_LOST, until: str | None = None) -> Tally:
    """Return what the search of a part comes to, up to the first thing that is surely wrong.

    Or up to what is looked for, sure or not.
    """
    file = hall()
    (part,) = schemes.parts(file.site, file.control, name)
    search = Search(part.board, part.mind, part.picture, part.bound_ms, faults)
    return search.run(
        lambda tally: (
            bool(tally.sure) or (until is not None and any(until in x for x in tally.found))
        )
    )


@pytest.mark.parametrize("name", ["ALTS-1", "CCTS-1/mains", "CCTS-1/sets"])
def test_nothing_is_found_with_one_disturbance_and_a_hidden_fault(name: str) -> None:
    """What is hidden: a breaker that sticks, an answer that is lost, sets that do not come."""
    tally = searched(name, Faults(0, 1, 1))
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
    ("gone", "name", "faults", "wrong"),
    [
        ("last_feed", "CCTS-1/mains", DISTURBED, "takes MVA its last feed"),
        ("faulted_bus", "CCTS-1/mains", DISTURBED, "feeds a fault that protection has told of"),
        ("switch_waits", "ALTS-1", UTILITY_LOST, "leaves a feed that carries"),
    ],
)
def test_what_a_row_or_guard_is_for_is_found_without_it(
    gone: str, name: str, faults: Faults, wrong: str
) -> None:
    """Three of them; `python -m tests.proof_rows` takes away each."""
    with without((gone,)):
        tally = searched(name, faults)
    assert any(wrong in what for what in tally.sure), tally.found


def test_a_main_that_is_not_opened_first_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one open that ends an overlap is left out: two sources stay in parallel.

    Found in a second; that it is sure, the search would say at its end, after most of a minute.
    """
    actions = {k: v for k, v in main_tie_main._ACTIONS.items() if k is not Stage.PARTING}
    monkeypatch.setattr(main_tie_main, "_ACTIONS", actions)
    found = searched("CCTS-1/mains", until="two sources in parallel").found
    assert any("two sources in parallel" in wrong for wrong in found)


def test_a_scheme_that_tries_no_other_way_once_a_breaker_has_failed_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is stuck must not end the judgement of what others could feed."""

    def choose(scan: Scan, i: int, state: SectionState) -> str:
        given_up = any(at.failed for at in scan.state.sections)
        return "" if given_up else chosen(scan, i, state)

    def still_failed(scan: Scan, state: SectionState) -> tuple[tuple[str, int], ...]:
        return tuple(f for f in state.failed if not scan.view.is_closed(f[0]))

    chosen = ways.choose
    monkeypatch.setattr(ways, "choose", choose)
    monkeypatch.setattr(main_tie_main, "_still_failed", still_failed)
    dark = "a bus that could be fed stays dark"
    tally = searched("CCTS-1/mains", Faults(1, 0, 1))
    assert dark in tally.sure
    assert any(deed.text.endswith("is told to close and is stuck") for deed in tally.found[dark])


def test_what_it_tells_begins_with_the_utility_and_ends_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actions = {k: v for k, v in main_tie_main._ACTIONS.items() if k is not Stage.FEEDING}
    monkeypatch.setattr(main_tie_main, "_ACTIONS", actions)
    (deeds,) = list(searched("CCTS-1/mains").found.values())[:1]
    told = [deed.text for deed in deeds]
    assert told.index("! U-A fails") < len(told) - 1
    assert [deed.at_ms for deed in deeds] == sorted(deed.at_ms for deed in deeds)


# The daemon that runs; what is drawn by chance is held against the proof in `test_swarm`.


@pytest.mark.timeout(300)
@pytest.mark.parametrize("played", ["extended_outage", "generator_failure"], indirect=True)
def test_the_daemon_that_runs_does_what_was_proven(played: Played) -> None:
    count = played.walked.count()
    assert count[Kind.EXPLORED] > 20, "hardly anything has moved"
    assert [*played.walked.unexplored()] == []


def test_a_move_is_explored_as_it_is_or_by_each_alone_or_said_why_not() -> None:
    board = explored("CCTS-1/mains")
    rest = ("joined", "on_main", "on_main")
    for before, after, kind in (
        (("parted", *rest[1:]), ("parted", "isolating", "isolating"), Kind.EXPLORED),
        (rest, ("parted", "awaiting", "isolating"), Kind.ONE_BY_ONE),
        (("parted", "awaiting", "held"), ("parted", "awaiting", "unjudged"), Kind.OTHER_HANDS),
        (("parted", "awaiting", "lockout"), ("parted", "awaiting", "unjudged"), Kind.MENDED),
        (("parted", "breaking", "held"), ("parted", "lockout", "held"), Kind.NOT_SEARCHED),
        (rest, ("joined", "on_main", "breaking"), Kind.UNEXPLORED),
    ):
        assert board.kind((before, after)) is kind, (before, after)
    sets = explored("CCTS-1/sets")
    for one, other, kind in (
        (("ready", "ready"), ("closing", "ready"), Kind.EXPLORED),
        (("ready", "ready"), ("ready", "closing"), Kind.EXPLORED),
        (("at_rest", "closing"), ("on_bus", "on_bus"), Kind.ONE_BY_ONE),
        (("on_bus", "ready"), ("handing_over", "ready"), Kind.SPARED),
        (("failed", "ready"), ("at_rest", "closing"), Kind.ONE_BY_ONE),
        (("ready", "ready"), ("stopping", "ready"), Kind.UNEXPLORED),
    ):
        assert sets.kind((one, other)) is kind, (one, other)
