"""Which conditions hold now, before any delay: all of them at once.

A condition whose value is not good keeps what it was: silence neither raises an alarm nor takes one
back.

Most of what alarms look at stands still from scan to scan: stages, positions, flags, qualities, the
words of controllers. What that comes to is kept until one of them moves (`Steady`, `Said`); each is
made from values alone and never changes a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from daemon.core.alarms.conditions import MOST_STATES, Condition, Flags, Indices, Plan, Word
from daemon.core.view import Heard
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.view import View
    from daemon.model.image import Image
    from daemon.model.quality import QualityArray


class Steady(NamedTuple):
    """What the codes and qualities of one image say, and of every other that shows the same.

    Attributes:
        quality: the qualities (n_point,).
        codes: bytes of the codes.
        levels_good: whether the value of each limit is good (n_level,), None when all are.
        labels_good: the same of each label (n_label,).
        inside: whether the label is one that the condition is about (n_label,).
        silent: conditions on silence (n_silent,).
        gates_known: whether the stage of each gate is good (n_gate,).
        gates_shut: whether it then lets the alarm not exist (n_gate,).
    """

    quality: QualityArray
    codes: bytes
    levels_good: Flags | None
    labels_good: Flags | None
    inside: Flags
    silent: Flags
    gates_known: Flags
    gates_shut: Flags


def look(plan: Plan, image: Image, last: Steady | None) -> Steady:
    """Return what codes and qualities say: `last` itself when it shows the same.

    Args:
        plan: of the site.
        image: this scan.
        last: what was seen before, if anything.
    """
    codes = image.values[plan.code_point]
    told = codes.tobytes()
    if last is not None and told == last.codes and _same(image.quality, last.quality):
        return last
    good = good_mask(image.quality)
    labels = len(plan.label_point)
    gates = codes[labels : labels + len(plan.gate_point)]
    return Steady(
        quality=image.quality,
        codes=told,
        levels_good=_unless_all(good[plan.level_point]),
        labels_good=_unless_all(good[plan.label_point]),
        inside=within(plan.label_mask, codes[:labels]),
        silent=_silence(plan, good)[plan.silent],
        gates_known=good[plan.gate_point],
        gates_shut=good[plan.gate_point] & ~within(plan.gate_mask, gates),
    )


def _same(one: QualityArray, other: QualityArray) -> bool:
    return one is other or bool((one == other).all())


class Said:
    """Which conditions on what is told hold; judged anew when another word is said."""

    def __init__(self, plan: Plan) -> None:
        """Begin with nothing said."""
        count = len(plan.conditions) - plan.first_told
        self._topics: Final[dict[str, list[tuple[int, Word]]]] = {}
        for n, word in enumerate(plan.told):
            self._topics.setdefault(word.topic, []).append((n, word))
        self._about: Final[dict[str, Any]] = dict.fromkeys(self._topics, (_UNHEARD, _UNHEARD))
        self._last: Final[list[Any]] = [_UNHEARD] * len(plan.told)
        self._true: Final[Flags] = np.zeros(count, dtype=np.bool_)

    def hear(self, view: View) -> Flags:
        """Return which of the conditions hold (n_told,); the array is used again."""
        heard, facts = view.heard, view.facts
        for topic, words in self._topics.items():
            said, concluded = heard.get(topic), getattr(facts, topic, None)
            last_said, last_concluded = self._about[topic]
            stands = said is last_said and concluded is last_concluded
            if stands and said is None and concluded is None:
                continue
            self._about[topic] = said, concluded
            for n, word in words:
                if not stands or not word.key:
                    self._compare(n, word, _both(said, concluded, word.key), view.now_ns)
        return self._true

    def _compare(self, n: int, word: Word, value: Any, now_ns: int) -> None:  # noqa: ANN401 - plain values
        """Weigh a word if it is another than before; a time is weighed each scan."""
        last = self._last[n]
        if value is last and (word.key or value is None):
            return
        if type(value) is tuple and type(last) is tuple and value == last:
            return
        self._last[n] = value
        self._weigh(word, value, now_ns)

    def _weigh(self, word: Word, value: Any, now_ns: int) -> None:  # noqa: ANN401 - plain values
        for place, source, states, limit_ns in word.conditions:
            if word.key:
                self._true[place] = holds(value, source, states)
            else:
                self._true[place] = value is not None and now_ns - value <= limit_ns


_UNHEARD: Final = object()


def _both(said: Any, concluded: Any, key: str) -> Any:  # noqa: ANN401 - plain values
    """Return what the other lane said; names that were concluded here come with its own."""
    value = concluded if said is None else said
    told = _told(value, key)
    if said is None or concluded is None or type(told) is not tuple:
        return told
    own = _told(concluded, key)
    return told + own if type(own) is tuple else told


def said_of(condition: Condition, view: View) -> str:
    """Return what is told of the source of a condition in words of its own, "" for none."""
    rule = condition.rule
    if rule.condition != "told" or rule.states or rule.nature == "site":
        return ""
    topic, _, key = rule.point.partition(".")
    told = _both(view.heard.get(topic), getattr(view.facts, topic, None), key)
    words = told.get(condition.source) if isinstance(told, Mapping) else ""
    return words if isinstance(words, str) else ""


def _told(about: Any, key: str) -> Any:  # noqa: ANN401 - plain values
    """Return what stands under a key of a message or fact; under "" the time it came [ns]."""
    if isinstance(about, Heard):
        return about.values.get(key) if key else about.at_ns
    return getattr(about, key, None)


def judge(plan: Plan, image: Image, active: Flags, steady: Steady, said: Flags) -> Flags:
    """Return which conditions (n_condition,) hold in `image`, before any delay.

    Args:
        plan: of the site.
        image: this scan.
        active: which were held to be active (n_condition,); decides the side of the dead band.
        steady: what the codes and qualities of this image say.
        said: which conditions on what is told hold (n_told,).
    """
    end_level, end_label = plan.levels, plan.levels + len(plan.label_point)
    end_age = end_label + len(plan.age_point)
    raw = np.empty_like(active)

    was = active[:end_level]
    limit = np.where(was, plan.level_off, plan.level_on) if was.any() else plan.level_on
    value: NDArray[np.float64] = image.values[plan.level_point] * plan.level_sign
    raw[:end_level] = _kept(value > limit, was, steady.levels_good)
    raw[end_level:end_label] = _kept(steady.inside, active[end_level:end_label], steady.labels_good)
    if end_age > end_label:
        age_ns = image.now_ns - image.source_ns[plan.age_point]
        raw[end_label:end_age] = age_ns > plan.age_limit_ns
    raw[end_age : plan.first_told] = steady.silent
    raw[plan.first_told :] = said
    return raw


def unread(plan: Plan, steady: Steady) -> Flags | None:
    """Return which conditions (n_condition,) rest on a value that is not good, None when none."""
    if steady.levels_good is None and steady.labels_good is None:
        return None
    lost = np.zeros(len(plan.conditions), dtype=np.bool_)
    if steady.levels_good is not None:
        lost[: plan.levels] = ~steady.levels_good
    if steady.labels_good is not None:
        lost[plan.levels : plan.levels + len(plan.label_point)] = ~steady.labels_good
    return lost


def _kept(now: Flags, was: Flags, good: Flags | None) -> Flags:
    """Return what holds now, and what held before where a value is not good."""
    return now if good is None else np.where(good, now, was)


def _unless_all(good: Flags) -> Flags | None:
    return None if good.all() else good


def within(masks: Indices, values: NDArray[np.float64]) -> Flags:
    """Return whether each value is one of the small numbers whose bits are set in its mask."""
    bits = np.clip(values, 0, MOST_STATES - 1).astype(np.int64)
    inside: Flags = (masks >> bits) & 1 == 1
    return inside


def holds(value: Any, source: str, states: tuple[str, ...] = ()) -> bool:  # noqa: ANN401
    """Return whether what was told is true of `source`: by name in a collection, else at large.

    Args:
        value: plain value of any shape; a mapping is read at `source`.
        source: equipment, or "" for the site.
        states: words of which one must be in it; without them whatever is true in Python.
    """
    if isinstance(value, Mapping):
        value = value.get(source)
    elif isinstance(value, (tuple, list, frozenset)):
        return source in value if source else bool(value)
    return not set(states).isdisjoint(str(value).split()) if states else bool(value)


def _silence(plan: Plan, good: Flags) -> Flags:
    if not len(plan.own_starts):
        return np.zeros(0, dtype=np.bool_)
    devices = ~np.logical_or.reduceat(good[plan.own_points], plan.own_starts)
    gateways = np.logical_and.reduceat(devices[plan.gateway_devices], plan.gateway_starts)
    silence: Flags = np.concatenate((devices, gateways))
    return silence
