"""Leaving out what still stands changes nothing: every scan is stepped twice, once with no memory.

A state that is not the one the lane returned is known to no cache and `due_ns` 0 lets no scan be
idle, so the second step asks every controller. Both must come to the same state and the same
commands, events and messages, scan by scan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.step import Inputs, Params, State, Step, idle, step
from daemon.model.commands import LaneMessage, Outcome
from daemon.model.quantities import MILLISECOND, SECOND
from tests import hall as paper
from tests.golden.test_transcripts import PLAYS
from tests.hall import Hall, settled
from tests.persons import by_hand
from tests.properties import examples
from tests.properties.test_switching import BREAKERS, SITE, plants, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.model.commands import Message


class Twice:
    """Steps everything twice and counts what the first step was spared."""

    def __init__(self) -> None:
        self.spared = self.scans = 0
        self.bare: dict[Params, Params] = {}

    def __call__(self, state: State, inputs: Inputs, params: Params) -> Step:
        """Return the step; fail where it depends on what was left out."""
        bare = self.bare.setdefault(params, replace(params))
        spared = not inputs.inbox and idle(state, inputs.image.version, inputs.image.now_ns)
        done = step(state, inputs, params)
        anew = step(replace(state, due_ns=0), inputs, bare)
        assert anew.state == done.state
        assert anew == done
        self.scans += 1
        self.spared += spared
        assert not spared or done == Step(state)
        return done


@pytest.fixture(scope="module")
def twice() -> Iterator[Twice]:
    """Let every hall step twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "step", both := Twice())
        yield both


LOOKED_AT = {
    "available", "connected", "frequency_hz", "inhibited", "lockout_86", "local", "pickup_27",
    "pickup_51", "position", "selector", "source_1_healthy", "source_2_healthy", "spring_charged",
    "stage", "trip_51", "voltage_ll_v", "voltage_v",
}  # fmt: skip
NATURES = {
    "breaker", "generator", "meter", "relay", "switchgear_controller", "transfer_switch", "ups",
}  # fmt: skip
LIARS = [
    (p.equipment, p.spec.name)
    for p in paper.site_file()[1].points
    if p.spec.name in LOOKED_AT and SITE.equipment[p.equipment].nature in NATURES
]
lies = st.lists(
    st.sampled_from(LIARS).flatmap(
        lambda of: st.tuples(
            st.just(of), st.sampled_from([0.0, 59.0] if "_" in of[1][-3:] else [0.0, 1.0, 2.0])
        )
    ),
    min_size=1,
)
acts = st.one_of(
    st.tuples(st.just("plant"), plants),
    st.tuples(st.just("mains"), st.just(None)),
    st.tuples(st.just("lie"), lies),
    st.tuples(st.just("truth"), st.just(None)),
    st.tuples(
        st.just("ask"),
        st.tuples(
            st.sampled_from(BREAKERS + [s for s in SITE.schemes if s not in SITE.equipment]),
            st.sampled_from(["open", "close", "close_in_sync", "reset", "start"]),
        ),
    ),
    st.tuples(st.just("caps"), st.sampled_from([-1.0, 0.0, 2e6, 9e6])),
    st.tuples(st.just("stuck"), st.sampled_from(BREAKERS)),
)
stories = st.lists(
    st.tuples(
        acts,
        st.integers(1, 25),
        st.sampled_from([MILLISECOND, 10 * MILLISECOND, 130 * MILLISECOND, SECOND, 9 * SECOND]),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def do(hall: Hall, act: str, what: Any, number: int) -> None:
    """Let something happen."""
    if act == "plant":
        show(hall, what)
    elif act == "mains":
        lost = not any(hall.utilities.values())
        hall.utilities = dict.fromkeys(hall.utilities, lost)
    elif act == "lie":
        hall.said |= dict(what)
    elif act == "truth":
        hall.said.clear()
        hall.hidden.clear()
        hall.stuck.clear()
    elif act == "ask":
        hall.inbox += by_hand(f"{number}", *what)[: 2 + number % 2]
    elif act == "caps":
        hall.inbox.append(LaneMessage("main", "caps", {"rows_limit_w": what}))
    else:
        hall.stuck.add(what)


@examples(60)
@given(story=stories, follow=st.booleans())
def test_whatever_happens_a_scan_may_be_left_out(
    twice: Twice, story: list[tuple[tuple[str, Any], int, int, bool]], follow: bool
) -> None:
    hall = settled()
    hall.caps_follow = follow
    late: list[Message] = []
    for number, ((act, what), scans, tick_ns, slow) in enumerate(story):
        do(hall, act, what, number)
        for _ in range(scans):
            hall.scan()
            hall.now_ns += tick_ns - paper.TICK_NS
            if slow:
                late += [m for m in hall.inbox if isinstance(m, Outcome)]
                hall.inbox = [m for m in hall.inbox if not isinstance(m, Outcome)]
        hall.inbox += late
        late.clear()


@pytest.mark.parametrize("play", PLAYS)
def test_the_plays_are_the_same_and_most_scans_are_spared(twice: Twice, play: str) -> None:
    before = twice.spared, twice.scans
    PLAYS[play](settled())
    share = (twice.spared - before[0]) / (twice.scans - before[1])
    assert share > 0.8, f"only {share:.0%} of the scans were spared"
