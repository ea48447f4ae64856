"""Who is asked again, and until when nobody is."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.step import LANES, idle
from daemon.model.commands import OperatorRequest, Outcome, Proposal, Result
from daemon.model.image import UNVERSIONED
from daemon.model.quantities import SECOND
from tests.hall import TICK_NS, Hall, settled

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def asked() -> Iterator[Counter[str]]:
    """Count how often each controller of the switching lane is asked."""
    counts: Counter[str] = Counter()

    def counting(name: str, original: Any) -> Any:
        def step(*args: Any) -> Any:
            counts[name] += 1
            return original(*args)

        return step

    with pytest.MonkeyPatch.context() as patch:
        lane = LANES["switching"]
        for slot in (*lane.controllers, *lane.paths):
            patch.setattr(slot.controller, "step", counting(slot.name, slot.controller.step))
        yield counts


def quiet() -> Hall:
    """Return a hall in which nothing but words and beats is due, with some scans left to both."""
    hall = settled()
    hall.run(10)
    while hall.scan().state.due_ns < hall.now_ns + 20 * TICK_NS:
        pass
    return hall


def test_a_quiet_lane_is_idle_on_the_same_version_until_something_is_due() -> None:
    hall = quiet()
    state = hall.state
    assert idle(state, state.version, hall.now_ns)
    assert idle(state, state.version, state.due_ns - 1)
    assert not idle(state, state.version, state.due_ns)
    assert not idle(state, state.version + 1, hall.now_ns)
    assert not idle(state, UNVERSIONED, hall.now_ns)
    assert hall.scan().state is state


def test_nobody_is_asked_while_all_stands_and_beats_and_words_leave_in_time(
    asked: Counter[str],
) -> None:
    hall = quiet()
    asked.clear()
    began, words = hall.now_ns, []
    while hall.now_ns < began + 10 * SECOND:
        done = hall.scan()
        words += [hall.now_ns for m in done.messages if getattr(m, "topic", "") == "supply"]
    assert {b - a for a, b in pairwise(words)} == {SECOND}
    assert asked["bulletin"] == 2 * len(words), "once to speak, once to see that it has spoken"
    assert set(asked) == {"heartbeat", "bulletin"}


def test_only_those_are_asked_who_look_at_what_moved(asked: Counter[str]) -> None:
    hall = quiet()
    asked.clear()
    hall.said["M-UA", "power_w"] = 8e6
    hall.scan()
    assert asked == {}
    hall.said["M-UA", "frequency_hz"] = 59.99
    hall.scan()
    assert asked == {"outage": 1}
    hall.hidden.add(("STS-1", "source_1_healthy"))
    hall.scan()
    assert asked == {"outage": 1, "supervision": 1}


def test_mail_wakes_those_it_is_for(asked: Counter[str]) -> None:
    hall = quiet()
    asked.clear()
    hall.inbox.append(Outcome(77, Result.ACKNOWLEDGED, hall.now_ns, ""))
    hall.scan()
    assert asked == {}, "nobody waits for it"
    wish = Proposal("52-VCB-MA", "command", "close", 0.0, "", "test")
    hall.inbox.append(OperatorRequest("1", "maria", wish))
    hall.scan()
    assert set(asked) == {"intake", "black_start", "main_tie_main", "operation"}
    assert hall.happened("command_refused", "52-VCB-MA")


def test_a_state_that_is_not_the_one_returned_has_nothing_standing(asked: Counter[str]) -> None:
    hall = quiet()
    asked.clear()
    hall.state = type(hall.state)(**{**vars(hall.state), "due_ns": 0})
    hall.scan()
    assert all(asked[slot.name] == 1 for slot in LANES["switching"].controllers)
