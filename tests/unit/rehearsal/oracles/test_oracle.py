"""What all oracles have in common."""

from __future__ import annotations

from daemon.rehearsal.oracles import ORACLES, oracles
from daemon.rehearsal.oracles.ratings import Ratings
from tests.unit.rehearsal.oracles.course import Course, happens


def test_each_law_has_a_name_of_its_own_and_every_run_its_own_oracles() -> None:
    assert len({kind.name for kind in ORACLES}) == len(ORACLES)
    assert [type(each) for each in oracles()] == list(ORACLES)
    assert not set(map(id, oracles())) & set(map(id, oracles()))


def test_the_first_wrong_thing_is_the_verdict_and_the_others_are_counted() -> None:
    course = Course(Ratings())
    course.oracle.blame(course.origin_ns + 10**9, "one", 2.0, 1.0)
    course.oracle.blame(course.origin_ns + 2 * 10**9, "two")
    found = course.verdict
    assert not found.ok
    assert (found.value, found.limit, found.unit, found.at_s) == (2.0, 1.0, "pu", 1.0)
    assert found.detail == "one (and 1 more)"


def test_every_event_of_the_plant_is_taken_up_once() -> None:
    class Listening(Ratings):
        """Keeps what it hears."""

        def look(self, now_ns: int) -> None:
            """Take up what is fresh."""
            heard.extend((event.at_ns, event.source, event.name) for event in self.fresh())

    heard: list[tuple[int, str, str]] = []
    said: list[tuple[int, str, str]] = []
    course = Course(Listening(), happens(1, "U-A", "outage"), happens(4, "U-A", "return"))
    course.oracle.happened = lambda events: said.extend(  # type: ignore[method-assign]
        (event.at_ns, event.source, event.name) for event in events
    )
    course._play.listeners.append(course.oracle.happened)
    course.at(20)
    assert heard == said
    assert len(heard) > 5
    assert len(set(heard)) == len(heard)
