"""Alarms judged all at once are alarms judged one by one, whatever was seen in the scan before."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.alarms import annunciator
from daemon.core.alarms.judging import Said, judge, look
from daemon.core.alarms.rules import labels
from daemon.core.view import Heard
from daemon.model.natures import PointKind
from daemon.model.quality import Quality, is_good
from tests.main_lane import Lane
from tests.properties import examples

if TYPE_CHECKING:
    from daemon.core.alarms.conditions import Condition, Plan
    from daemon.model.image import Image

CODES = [Quality.GOOD, Quality.GOOD_CLAMPED, Quality.UNCERTAIN, Quality.BAD_TIMEOUT]
WORDS: list[Any] = [
    None, True, False, (), ("ROW-1",), ("ROW-2", "DG-1"), {"SWG-A": "lockout"}, 5, "lockout",
]  # fmt: skip


@cache
def hall() -> Lane:
    return Lane()


@cache
def rules() -> Plan:
    return annunciator.plan_of(hall().site, hall().points, hall().params.control.alarms)


def picture(seed: int, moved_pu: float, code: Quality, only_quality: bool) -> Image:
    """Return the hall with some of its values moved, and some of those of this quality."""
    shown, chance = Lane(), np.random.default_rng(seed)
    for index in np.flatnonzero(chance.random(len(shown.points)) < moved_pu).tolist():
        spec = shown.points.points[index].spec
        count = len(labels(spec)) or 2
        codes = spec.kind in {PointKind.STATUS, PointKind.STAGE, PointKind.POSITION}
        if not only_quality:
            shown.values[index] = (
                chance.integers(count) if codes else shown.values[index] * chance.uniform(0, 2)
            )
        if only_quality or chance.random() < 0.5:
            shown.quality[index] = code
    return shown.image()


def alone(condition: Condition, image: Image, was: bool) -> bool:
    """Return whether one condition on a value holds, as the table of the rules reads."""
    point, rule = condition.point, condition.rule
    assert point is not None
    if not is_good(int(image.quality[point])):
        return was
    value, spec = image.value(point), hall().points.points[point].spec
    if rule.condition == "above":
        return value > (condition.limit_off if was else condition.limit)
    if rule.condition == "below":
        return value < (condition.limit_off if was else condition.limit)
    names = labels(spec)
    true = value >= 1 if spec.kind is PointKind.STATUS else names[int(value)] in rule.states
    return true if rule.condition == "is" else not true


@examples(25)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32),
            st.sampled_from([0.0, 0.02, 0.5]),
            st.sampled_from(CODES),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
    st.floats(0.0, 0.5),
)
def test_values_are_judged_as_one_by_one(
    story: list[tuple[int, float, Quality, bool]], active_pu: float
) -> None:
    plan, last = rules(), None
    nothing = np.zeros(len(plan.conditions) - plan.first_told, dtype=np.bool_)
    for seed, moved_pu, code, only_quality in story:
        image = picture(seed, moved_pu, code, only_quality)
        active = np.random.default_rng(seed).random(len(plan.conditions)) < active_pu
        last = look(plan, image, last)
        raw = judge(plan, image, active, last, nothing)
        for place, condition in enumerate(plan.conditions):
            if condition.rule.condition in {"above", "below", "is", "is_not"}:
                assert raw[place] == alone(condition, image, bool(active[place])), condition.id


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=3, max_size=3), min_size=1, max_size=6))
def test_what_was_said_before_does_not_change_what_is_heard(story: list[list[Any]]) -> None:
    """One listener hears the whole story, one each word afresh: both hear the same."""
    plan = rules()
    faithful = Said(plan)
    for words in story:
        topics: dict[str, dict[str, Any]] = {}
        for word in plan.told:
            said = topics.setdefault(word.topic, {})
            said[word.key] = words[len(word.topic + word.key) % 3]
        heard_of = {topic: Heard(100, said) for topic, said in topics.items()}
        view: Any = SimpleNamespace(heard=heard_of, facts=None, now_ns=100)
        heard, fresh = faithful.hear(view), Said(plan).hear(view)
        assert heard.tolist() == fresh.tolist()
