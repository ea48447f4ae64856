"""Which bus without voltage could be fed: each is judged by itself."""

from __future__ import annotations

import pytest

from daemon import settings
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.mains import Mains
from daemon.rehearsal.proof.plant import (
    CLOSED,
    LOCAL,
    LOCKED,
    OPEN,
    STUCK,
    Faults,
    Lie,
    Plant,
    bent,
)

MAINS, FEEDERS = ("52-VCB-MA", "52-VCB-MB"), ("52-VCB-GA", "52-VCB-GB")
INTAKE, TIE = "52-VCB-IN", "52-VCB-TIE"


@pytest.fixture(scope="module")
def board() -> Mains:
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "CCTS-1/mains")
    assert isinstance(part.board, Mains)
    return part.board


def isolated(board: Mains, *closed: str, sets: bool = True) -> Plant:
    """Return the board parted from its dead utility, its sets running, and these closed."""
    plant = board.first(Faults(1, 1, 1))._replace(sources=(False, sets), asked=True, wanted=True)
    contacts = tuple(CLOSED if b.name in closed else OPEN for b in board.breakers)
    upstream = {"52-VCB-PA", "52-VCB-PB"}
    contacts = tuple(
        CLOSED if b.name in upstream else c for b, c in zip(board.breakers, contacts, strict=True)
    )
    return plant._replace(contacts=contacts)


def fed_in_time(board: Mains, plant: Plant) -> dict[str, bool]:
    """Return by section whether it has to be fed."""
    return {
        board.buses[bus]: board._can_be_fed(plant, bus) and not board.voltages(plant)[bus]
        for bus in board.critical
    }


BOTH = {"MVA": True, "MVB": True}


def test_both_sections_of_an_isolated_board_are_to_be_fed_by_its_sets(board: Mains) -> None:
    plant = isolated(board)
    assert fed_in_time(board, plant) == BOTH
    assert board.starved(plant)
    assert fed_in_time(board, isolated(board, sets=False)) == {"MVA": False, "MVB": False}
    assert not board.starved(plant._replace(automatic=False))
    assert not board.starved(plant._replace(away=True))


def test_sets_that_nobody_has_asked_could_come(board: Mains) -> None:
    plant = isolated(board, sets=False)._replace(asked=False)
    assert fed_in_time(board, plant) == BOTH


@pytest.mark.parametrize("bit", [STUCK, LOCAL, LOCKED])
def test_what_does_not_obey_takes_away_the_ways_over_it_and_no_more(board: Mains, bit: int) -> None:
    plant = bent(isolated(board), board.number(FEEDERS[0]), bit)
    assert fed_in_time(board, plant) == BOTH, "over the tie"
    plant = bent(plant, board.number(TIE), bit)
    assert fed_in_time(board, plant) == {"MVA": False, "MVB": True}
    plant = bent(plant, board.number(FEEDERS[1]), bit)
    assert fed_in_time(board, plant) == {"MVA": False, "MVB": False}


def test_what_stays_closed_makes_one_of_what_it_joins(board: Mains) -> None:
    """Sets would feed back through a main that is stuck; the utility comes through it."""
    main = board.number(MAINS[0])
    plant = bent(isolated(board, MAINS[0]), main, STUCK)
    assert fed_in_time(board, plant) == {"MVA": False, "MVB": True}
    assert fed_in_time(board, plant._replace(sources=(True, True))) == BOTH


def test_a_fault_takes_its_section_out_and_not_the_other(board: Mains) -> None:
    a, _ = board.critical
    plant = isolated(board)._replace(faulted=(a,))
    assert fed_in_time(board, plant) == {"MVA": False, "MVB": True}
    tied = isolated(board, TIE)._replace(faulted=(a,))
    assert fed_in_time(board, tied) == {"MVA": False, "MVB": True}, "the tie opens"
    stuck = bent(tied, board.number(TIE), STUCK)
    assert fed_in_time(board, stuck) == {"MVA": False, "MVB": False}


def test_no_way_leads_past_what_is_given_up(board: Mains) -> None:
    plant = isolated(board)._replace(stages=(1, 0, 0))
    assert fed_in_time(board, plant) == {"MVA": False, "MVB": True}
    over_tie = bent(plant._replace(stages=(0, 1, 0)), board.number(FEEDERS[0]), STUCK)
    assert fed_in_time(board, over_tie) == {"MVA": False, "MVB": False}
    utility = isolated(board, sets=False)._replace(sources=(True, False))
    assert fed_in_time(board, utility) == BOTH
    assert fed_in_time(board, utility._replace(stages=(0, 0, 1))) == {"MVA": False, "MVB": False}


def test_a_source_leads_nowhere_over_the_bus_of_another(board: Mains) -> None:
    """The utility not from one feeder to the other, the sets not through the mains."""
    both = isolated(board)._replace(sources=(True, True))
    for main in MAINS:
        both = bent(both, board.number(main), STUCK)
    for feeder in FEEDERS:
        both = bent(both, board.number(feeder), STUCK)
    assert fed_in_time(board, both) == {"MVA": False, "MVB": False}
    through = bent(isolated(board), board.number(FEEDERS[0]), STUCK)
    through = bent(through, board.number(TIE), STUCK)
    assert fed_in_time(board, through) == {"MVA": False, "MVB": True}


def test_no_sudden_word_of_an_instrument_stops_the_judgement_of_another_section(
    board: Mains,
) -> None:
    main = board.number(MAINS[0])
    section = board.breakers[main].ends.index(board.critical[0])
    lie = Lie("voltage", main, section, 1)
    plant = isolated(board)._replace(lie=lie)
    assert fed_in_time(board, plant) == {"MVA": False, "MVB": True}
    fed = isolated(board, FEEDERS[0])
    assert board.starved(fed)
    joined = fed._replace(lie=lie._replace(shows=0))
    assert not board.starved(joined), "it tells of all that is joined to it"
    intake = Lie("position", board.number(INTAKE), 0, CLOSED)
    assert not board.starved(isolated(board)._replace(lie=intake))
