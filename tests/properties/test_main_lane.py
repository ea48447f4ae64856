"""Laws of the main lane: bounds, caps, shutdown in time, alarms that say nothing from bad data."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.core import step as core
from daemon.core.alarms.life_cycle import Event, Stage, follow
from daemon.core.arbitration import narrow
from daemon.core.balance import caps, shutdown
from daemon.core.facts import Autonomy, Facts, Path
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import Proposal
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND
from tests.main_lane import Lane, alarms, dark, loaded, on_sets, supply
from tests.properties import examples
from tests.properties.plain import plain

VALUES = st.floats(-10.0, 10.0)
ACTIONS = st.sampled_from(["max", "min", "set"])
RATED_W = 1.04e6
BAD = [Quality.BAD_TIMEOUT, Quality.BAD_OUT_OF_RANGE, Quality.UNCERTAIN_LAST_USABLE_VALUE]


def wishes(pairs: list[tuple[str, float]]) -> list[Proposal]:
    return [Proposal("X", "y_w", a, v, f"{n}", "") for n, (a, v) in enumerate(pairs)]


@given(st.lists(st.tuples(ACTIONS, VALUES), min_size=1, max_size=8), VALUES, VALUES)
def test_the_result_lies_inside_every_higher_bound(
    pairs: list[tuple[str, float]], one: float, other: float
) -> None:
    """Whatever stands first rules: later proposals are cut to what it left."""
    low, high = sorted((one, other))
    got = narrow(wishes(pairs), low, high)
    assert low <= got.value <= high
    floor, ceiling = low, high
    for action, value in pairs:
        cut = min(max(value, floor), ceiling)
        if action in {"min", "set"}:
            floor = cut
        if action in {"max", "set"}:
            ceiling = cut
        assert floor <= ceiling
    assert floor <= got.value <= ceiling


@given(st.lists(st.tuples(ACTIONS, VALUES), min_size=1, max_size=6), st.data())
def test_what_comes_later_never_moves_a_set(
    pairs: list[tuple[str, float]], data: st.DataObject
) -> None:
    first = data.draw(VALUES)
    assert narrow(wishes([("set", first), *pairs])).value == first


@given(
    total_w=st.floats(0.0, 10e6),
    floor_pu=st.floats(0.0, 1.0),
    rows=st.lists(st.tuples(st.integers(1, 4), st.floats(0.1e6, 2e6)), min_size=1, max_size=12),
)
def test_shared_caps_never_add_up_to_more_than_there_is(
    total_w: float, floor_pu: float, rows: list[tuple[int, float]]
) -> None:
    ranked = tuple((f"R{n}", p, w) for n, (p, w) in enumerate(sorted(rows)))
    got = caps.share(total_w, ranked, floor_pu)
    assert set(got) == {name for name, _, _ in ranked}
    assert all(0.0 <= cap <= 1.0 for cap in got.values())
    assert sum(got[name] * w for name, _, w in ranked) <= total_w * (1 + 1e-9) + 1e-6
    by_priority = [(p, got[name]) for name, p, _ in ranked]
    assert all(a[1] >= b[1] - 0.011 for a, b in pairwise(by_priority) if a[0] < b[0])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.5))
def test_a_cap_falls_at_once_and_rises_by_steps(cap: float, ceiling: float, step: float) -> None:
    after = caps.follow(cap, ceiling, step)
    assert after <= ceiling or after == cap == ceiling
    assert after <= cap + step + 1e-12
    assert after == ceiling or after > cap


@examples(25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 30)), min_size=1, max_size=6))
def test_rows_are_never_promised_more_than_the_sets_can_give(
    story: list[tuple[int, int]],
) -> None:
    """However sets come and go, the caps after each scan stay inside their rated power."""
    hall = Lane()
    for number, scans in story:
        hall.put_all("hvdc", "stage", "running")
        for n in range(scans):
            hall.obey_rows(hall.scan(on_sets(number)) if n == 0 else hall.scan())
        total_w = sum(hall.state.caps.caps_pu.values()) * RATED_W
        assert total_w <= number * 3.2e6 + 1e-6


@cache
def still_view() -> View:
    """Return a view of the healthy hall; the tests below change time and facts only."""
    hall = Lane()
    image = hall.image()
    return View(
        lane="main", image=image, inbox=(), site=hall.site, points=hall.points,
        topology=survey(image, hall.site, hall.points), facts=Facts(), heard={},
        estimate=None, epoch=1, next_id=1,
    )  # fmt: skip


@given(
    spare_s=st.floats(0.0, 60.0),
    slopes=st.lists(st.floats(0.2, 3.0), min_size=1, max_size=8),
    shutdown_s=st.floats(5.0, 300.0),
    priority=st.integers(1, 4),
    known=st.booleans(),
)
def test_the_request_comes_while_there_is_time_to_shut_down(
    spare_s: float, slopes: list[float], shutdown_s: float, priority: int, known: bool
) -> None:
    """Whatever the autonomy does, up to three times as fast as the clock, it is noticed in time."""
    view, params, state = still_view(), shutdown.Params(), shutdown.State()
    left_s = shutdown_s + params.margin_s + spare_s
    asked = False
    for scan in range(10_000):
        left_s -= 0.25 * slopes[(scan // 20) % len(slopes)]
        path = Path("SR-1", priority, True, 1.0, 1.0, max(left_s, 0.0), shutdown_s, known)
        view = replace(
            view,
            image=replace(view.image, now_ns=view.now_ns + SECOND // 4),
            facts=Facts(autonomy=Autonomy(paths={"SR-1": path}, on_storage=("SR-1",))),
        )
        turn = shutdown.step(view, state, params)
        state, asked = turn.state, bool(turn.proposals)
        if asked or left_s <= 0.0:
            break
    assert asked
    assert left_s >= shutdown_s


@given(st.integers(1, 8), st.integers(1, 8), st.floats(0, 300))
def test_lower_priorities_are_told_no_later(one: int, other: int, shutdown_s: float) -> None:
    def path(priority: int) -> Path:
        return Path("X", priority, True, 1.0, 1.0, 1.0, shutdown_s, True)

    params = shutdown.Params()
    needed = [shutdown.needed_s(path(p), params) for p in sorted((one, other))]
    assert needed[0] <= needed[1]


@examples(30)
@given(
    spoilt=st.lists(
        st.deferred(lambda: st.sampled_from(sorted(loaded().site.equipment))),
        min_size=1,
        max_size=12,
    ),
    seed=st.integers(0, 2**32 - 1),
    code=st.sampled_from(BAD),
)
@example(spoilt=["52-ACB-A1", "CDU-A"], seed=0, code=Quality.BAD_OUT_OF_RANGE)
def test_only_communication_alarms_come_from_values_that_are_not_good(
    spoilt: list[str], seed: int, code: Quality
) -> None:
    """In the example pumps drew less than nothing at their best, and relieved the utility."""
    hall = Lane()
    hall.run(6.0)
    hall.spoil(*spoilt, code=code)
    known = {"device-silent", "gateway-silent"}
    if code == Quality.BAD_OUT_OF_RANGE:  # else the last value stays as it was
        wild = np.array([p.equipment in spoilt for p in hall.points.points])
        hall.values[wild] = np.random.default_rng(seed).uniform(-1e6, 1e6, wild.sum())
        known |= {"n-minus-1-unknown"}  # what cannot be is not seen, and never worse than that
    raised = {a.alarm_class for a in alarms(hall.run(8.0), "B")}
    assert raised <= known


@given(st.lists(st.sampled_from(list(Event)), max_size=40))
def test_no_walk_leaves_the_table(walk: list[Event]) -> None:
    stage = Stage.NORMAL
    for event in walk:
        after = follow(stage, event)
        stage = after if isinstance(after, Stage) else stage
    assert stage in Stage


MOODS = [supply(), dark(), dark(outage=True, sets_pending=4), dark(outage=True, sets_failed=4)]


def play(story: list[int]) -> tuple[Lane, list[core.Step]]:
    """Return a lane and its scans after the moods of the other lane came in this order."""
    hall, steps = Lane(), []
    for mood in story:
        if mood:
            hall.lose_utility()
        steps += [hall.scan(MOODS[mood]), *hall.run(1.0)]
    return hall, steps


@examples(10)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_same_inputs_same_result_and_a_state_of_values(story: list[int]) -> None:
    (first, one), (second, two) = play(story), play(story)
    assert [(s.commands, s.events, s.messages) for s in one] == [
        (s.commands, s.events, s.messages) for s in two
    ]
    assert plain(first.state) == plain(second.state)
