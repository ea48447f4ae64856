"""The book of a tank, one look at a time: what is burnt, filled, lost, believed and told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.facts import Facts, Fuel
from daemon.core.generation import fuel
from daemon.core.generation.fuel import Book, State
from daemon.model.points import tabulate
from daemon.model.quantities import SECOND, ns, seconds
from tests.unit.core.generation.looks import look, picture

if TYPE_CHECKING:
    from daemon.core.view import Turn
    from tests.main_lane import Lane

PARAMS = fuel.Params()
RATED_W = 3.2e6
IDLE_L_S, FULL_L_S = 0.0193 * RATED_W / 3.6e6, (0.0193 + 0.2498) * RATED_W / 3.6e6
PLANNED_L_S = (0.0193 + 0.75 * 0.2498) * RATED_W / 3.6e6
DOUBT_L = 0.02 * 6900.0


def yard(day_l: float = 5000.0, bulk_l: float = 10_000.0) -> Lane:
    """Return a picture of four sets at rest, the first with this in its tanks."""
    lane = picture()
    lane.put_all("generator", "fuel_l", 5000.0)
    lane.put_all("generator", "bulk_tank_l", 10_000.0)
    lane.put("DG-1.fuel_l", day_l)
    lane.put("DG-1.bulk_tank_l", bulk_l)
    return lane


def running(lane: Lane, power_w: float = RATED_W, stage: str = "loaded") -> Lane:
    """Return the picture with the first set giving this."""
    lane.put("DG-1.stage", stage)
    lane.put("DG-1.power_w", -power_w)
    return lane


def book(level_l: float = 15_000.0, **more: Any) -> Book:
    """Return a book of the first set in which all is well."""
    usual: dict[str, Any] = {"filled_l": 10_000.0, "book_l": level_l, "burnt_l": 0.0, "begun_ns": 1}
    return Book(level_l, **{**usual, **more})


def after(
    lane: Lane,
    before: Book | None,
    passed_s: float = 10.0,
    below: int = 0,
    facts: Facts | None = None,
) -> Turn[State]:
    """Return what is found after a time, of the first set from a known book."""
    books = {} if before is None else {"DG-1": before}
    state = State(books, {"DG-1": below}, lane.now_ns - ns(passed_s))
    return fuel.step(look(lane, facts), state, PARAMS)


def of_first(turn: Turn[State]) -> list[tuple[str, dict[str, Any]]]:
    """Return what is told of the first set."""
    return [(e.name, dict(e.fields)) for e in turn.events if e.source == "DG-1"]  # type: ignore[union-attr]


def test_a_look_is_taken_once_a_period_and_at_once_at_first() -> None:
    lane = yard()
    early = State({"DG-1": book()}, {}, lane.now_ns - ns(9.999))
    assert fuel.step(look(lane), early, PARAMS).state is early
    assert after(lane, book()).state.at_ns == lane.now_ns
    first = fuel.step(look(lane), State(), PARAMS).state
    assert first.at_ns == lane.now_ns
    assert first.books["DG-1"] == Book(15_000.0, 10_000.0, 15_000.0, 0.0, lane.now_ns)


@pytest.mark.parametrize(
    ("stage", "power_w", "burns_l_s"),
    [
        ("loaded", RATED_W, FULL_L_S),
        ("ready", 0.0, IDLE_L_S),
        ("cooling_down", 0.0, IDLE_L_S),
        ("loaded", -0.1e6, IDLE_L_S),  # turned by the others it burns no less than idle
        ("stopped", 0.0, 0.0),
        ("cranking", 0.0, 0.0),
        ("fault", 0.0, 0.0),
    ],
)
def test_what_runs_burns_by_what_it_gives(stage: str, power_w: float, burns_l_s: float) -> None:
    lane = running(yard(), power_w, stage)
    turn = after(lane, book(begun_ns=lane.now_ns - 60 * SECOND))
    kept = turn.state.books["DG-1"]
    assert kept.burnt_l == pytest.approx(10.0 * burns_l_s)
    assert kept.book_l == pytest.approx(15_000.0 - 10.0 * burns_l_s)
    rate_l_s = burns_l_s if stage in {"loaded", "ready", "cooling_down"} else PLANNED_L_S
    lasts_s = turn.facts["fuel"].endurance_s["DG-1"]  # type: ignore[index]
    assert lasts_s == pytest.approx(kept.book_l / rate_l_s)


def test_a_set_whose_stage_or_power_is_not_known_is_reckoned_to_run_as_planned() -> None:
    for point in ("stage", "power_w"):
        lane = running(yard())
        lane.quality[lane.points.index("DG-1", point)] = 0x80000000
        kept = after(lane, book()).state.books["DG-1"]
        assert kept.burnt_l == pytest.approx(10.0 * PLANNED_L_S), point


@pytest.mark.parametrize(("stage", "counts"), [("stopped", True), ("fault", False)])
def test_the_plant_lasts_on_all_tanks_that_a_set_can_use(stage: str, counts: bool) -> None:
    lane = yard(4000.0, 0.0)
    lane.put("DG-1.stage", stage)
    fact = fuel.step(look(lane), State(), PARAMS).facts["fuel"]  # type: ignore[index]
    content_l = 3 * 15_000.0 + 4000.0 * counts
    assert fact.plant_s == pytest.approx(content_l / (4 * PLANNED_L_S))
    lane.put("DG-2.stage", "loaded")
    lane.put("DG-2.power_w", -RATED_W)
    fact = fuel.step(look(lane), State(), PARAMS).facts["fuel"]  # type: ignore[index]
    assert fact.plant_s == pytest.approx(content_l / FULL_L_S)


def test_of_tanks_that_were_never_read_nothing_is_said() -> None:
    lane = yard()
    lane.spoil("DG-1")
    turn = fuel.step(look(lane), State(), PARAMS)
    assert set(turn.state.books) == {"DG-2", "DG-3", "DG-4"}
    lane.spoil("DG-2", "DG-3", "DG-4")
    assert fuel.step(look(lane), State(), PARAMS).facts is None, "as unknown as it was"
    known = Facts(fuel=Fuel(plant_s=7.0))
    assert fuel.step(look(lane, known), State(), PARAMS).facts == {"fuel": Fuel()}


@pytest.mark.parametrize(("filled_l", "anew"), [(34.5, False), (34.6, True), (500.0, True)])
def test_a_bulk_tank_that_rises_was_filled(filled_l: float, anew: bool) -> None:
    lane = running(yard(5000.0, 10_000.0 + filled_l))
    lane.now_ns += 3600 * SECOND
    kept = after(lane, book(book_l=14_990.0, burnt_l=10.0)).state.books["DG-1"]
    assert (kept.begun_ns == lane.now_ns) is anew
    assert kept.burnt_l == pytest.approx(0.0 if anew else 10.0 + 10.0 * FULL_L_S)
    assert kept.filled_l == 10_000.0 + filled_l


def test_where_there_is_no_bulk_tank_the_day_tank_is_filled() -> None:
    bare = picture()
    profiles = {
        name: replace(p, points={k: v for k, v in p.points.items() if k != "bulk_tank_l"})
        for name, p in bare.site.profiles.items()
    }
    site = replace(bare.site, profiles=profiles)
    bare.params = replace(bare.params, site=site, points=tabulate(site))
    bare.site, bare.points = site, bare.params.points
    bare.values, bare.quality = bare.values[: len(bare.points)], bare.quality[: len(bare.points)]
    bare.values[:] = 0.0
    bare.put_all("generator", "fuel_l", 5100.0)
    kept = after(bare, book(5000.0, filled_l=5000.0)).state.books["DG-1"]
    assert kept == Book(5100.0, 5100.0, 5100.0, 0.0, bare.now_ns)


@pytest.mark.parametrize(
    ("over_l", "was", "uncertain"),
    [
        (DOUBT_L + 99.0, False, False),
        (DOUBT_L + 101.0, False, True),
        ((DOUBT_L + 100.0) / 2 + 1.0, True, True),
        ((DOUBT_L + 100.0) / 2 - 1.0, True, False),
        ((DOUBT_L + 100.0) / 2 + 1.0, False, False),
    ],
)
def test_a_level_above_the_book_is_doubted_until_both_agree_again(
    over_l: float, was: bool, uncertain: bool
) -> None:
    """1,000 l were burnt: a tenth of that and a fiftieth of the day tank may be wrong."""
    lane = yard()
    turn = after(lane, book(book_l=15_000.0 - over_l, burnt_l=1000.0, uncertain=was))
    assert turn.state.books["DG-1"].uncertain is uncertain
    assert turn.facts["fuel"].uncertain == ("DG-1",) * uncertain  # type: ignore[index]
    lasts_s = turn.facts["fuel"].endurance_s["DG-1"]  # type: ignore[index]
    assert lasts_s == pytest.approx((15_000.0 - over_l) / PLANNED_L_S)
    reckoned_l = round(15_000.0 - over_l)
    told = [("fuel_uncertain", {"reckoned_l": reckoned_l})] * (uncertain and not was)
    assert of_first(turn) == told


@pytest.mark.parametrize(
    ("short_l", "begun_s", "leak_l_s"),
    [
        (DOUBT_L + 99.0, 1000.0, 0.0),
        (DOUBT_L + 101.0, 1000.0, (DOUBT_L + 101.0) / 1000.0),
        (500.0, 0.5, 500.0),  # within the first second as if it had been one
    ],
)
def test_a_level_below_the_book_leaks(short_l: float, begun_s: float, leak_l_s: float) -> None:
    lane = yard()
    begun_ns = lane.now_ns - ns(begun_s)
    before = book(book_l=15_000.0 + short_l, burnt_l=1000.0, begun_ns=begun_ns, leak_l_s=0.25)
    turn = after(lane, before)
    kept = turn.state.books["DG-1"]
    assert kept.leak_l_s == pytest.approx(0.25 + leak_l_s)
    assert turn.facts["fuel"].leaking == ("DG-1",)  # type: ignore[index]
    rate_l_s = PLANNED_L_S + kept.leak_l_s
    assert turn.facts["fuel"].endurance_s["DG-1"] == pytest.approx(15_000.0 / rate_l_s)  # type: ignore[index]
    told = [("fuel_leak", {"leak_l_s": round(0.25 + leak_l_s, 4)})] * bool(leak_l_s)
    assert [each for each in of_first(turn) if each[0] == "fuel_leak"] == told
    if leak_l_s:
        assert (kept.book_l, kept.burnt_l, kept.begun_ns) == (15_000.0, 0.0, lane.now_ns)


@pytest.mark.parametrize("silent", ["fuel_l", "bulk_tank_l"])
def test_while_a_level_is_not_read_the_book_counts_alone(silent: str) -> None:
    lane = running(yard())
    lane.quality[lane.points.index("DG-1", silent)] = 0x80000000
    before = book(book_l=1.0, burnt_l=5.0, leak_l_s=0.1, uncertain=True, filled_l=1.0)
    kept = after(lane, before).state.books["DG-1"]
    assert kept == before._replace(book_l=0.0, burnt_l=5.0 + 10.0 * FULL_L_S, read=False)
    seen = after(running(yard()), kept).state.books["DG-1"]
    assert seen.book_l == 15_000.0
    assert seen.leak_l_s == seen.burnt_l == 0.0
    assert seen.read


def test_a_book_is_never_below_nothing() -> None:
    lane = running(yard(0.0, 10_000.0))
    assert after(lane, book(book_l=0.1)).state.books["DG-1"].book_l == 0.0


HOUR = 3600.0 * PLANNED_L_S


@pytest.mark.parametrize(
    ("hours", "before", "below", "told"),
    [
        (8.01, 0, 0, None),
        (7.99, 0, 1, 8.0),
        (7.99, 1, 1, None),
        (4.01, 1, 1, None),
        (3.99, 1, 2, 4.0),
        (0.99, 2, 3, 1.0),
        (0.99, 0, 3, 1.0),
        (0.99, 3, 3, None),
        (1.04, 3, 3, None),  # a little more is not worth another word when it is less again
        (1.06, 3, 2, None),
        (4.19, 2, 2, None),
        (4.21, 2, 1, None),
        (8.39, 1, 1, None),
        (8.41, 1, 0, None),
    ],
)
def test_each_limit_is_told_once_and_again_after_it_was_well_above(
    hours: float, before: int, below: int, told: float | None
) -> None:
    lane = yard(hours * HOUR, 0.0)
    turn = after(lane, None, below=before)
    assert turn.state.below["DG-1"] == below
    fact: Fuel = turn.facts["fuel"]  # type: ignore[index]
    named = [fact.below_8h, fact.below_4h, fact.below_1h]
    assert ["DG-1" in names for names in named] == [below == n for n in (1, 2, 3)]
    said = [("fuel_low", {"hours": round(hours, 2), "limit": told})]
    assert of_first(turn) == (said if told else [])


def test_what_has_not_changed_is_no_new_fact() -> None:
    lane = yard()
    first = fuel.step(look(lane), State(), PARAMS)
    known = Facts(fuel=first.facts["fuel"])  # type: ignore[index]
    lane.now_ns += ns(PARAMS.every_s)
    again = fuel.step(look(lane, known), first.state, PARAMS)
    assert again.facts is None
    assert seconds(again.state.at_ns - first.state.at_ns) == PARAMS.every_s


def test_a_tank_that_is_low_when_it_is_first_read_is_told_at_once() -> None:
    lane = yard(7.9 * HOUR, 0.0)
    first = fuel.step(look(lane), State(), PARAMS)
    assert of_first(first) == [("fuel_low", {"hours": 7.9, "limit": 8.0})]
