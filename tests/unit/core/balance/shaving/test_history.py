"""What a daemon takes over from the one before it."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.balance.shaving import history, shaver
from daemon.core.balance.shaving.shaver import Params
from daemon.model.quantities import SECOND

PARAMS = Params()
DAY = 288
SAMPLE = 300 * SECOND


class Bytes(dict[str, bytes]):
    """A folder in memory."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def replace(self, name: str, data: bytes) -> None:
        self[name] = data


def before(count: int) -> shaver.State:
    """Return a daemon that has seen some samples, each of another power."""
    state = shaver.initial(count * SAMPLE, PARAMS)
    return state._replace(samples_w=tuple(np.arange(count) * 1e3), highest_w=7e6)


def after(kept: shaver.State, unseen: int, own: int = 0, period: int = 4) -> shaver.State:
    """Return the next daemon, which begins some samples later and has seen some itself."""
    files = Bytes()
    history.keep(files, **history.written(kept, 4, PARAMS))
    begun = shaver.initial(kept.sample.begun_ns + (unseen + own) * SAMPLE, PARAMS)
    begun = begun._replace(samples_w=(9e6,) * own, highest_w=1e6)
    return history.resumed(begun, history.recall(files), period, PARAMS)


def test_a_restart_within_a_sample_loses_nothing() -> None:
    kept = before(2 * DAY)
    assert after(kept, 0).samples_w == kept.samples_w
    assert after(kept, 0, own=2).samples_w == (*kept.samples_w, 9e6, 9e6)


def test_what_nobody_saw_is_that_of_the_day_before() -> None:
    kept = before(2 * DAY)
    found = after(kept, 3, own=1).samples_w
    assert found[2 * DAY : -1] == kept.samples_w[DAY : DAY + 3]
    assert len(found) == 2 * DAY + 4, "the days stay in step"


@pytest.mark.parametrize(("count", "unseen"), [(2 * DAY, DAY + 1), (2 * DAY, -1), (DAY - 1, 1)])
def test_what_does_not_join_is_left(count: int, unseen: int) -> None:
    assert after(before(count), unseen).samples_w == ()


def test_the_highest_demand_is_that_of_the_billing_period() -> None:
    assert after(before(DAY), 0).highest_w == 7e6
    assert after(before(DAY), 0, period=5).highest_w == 1e6


def test_nothing_kept_is_no_reason_to_stop() -> None:
    state = shaver.initial(0, PARAMS)
    assert history.resumed(state, history.recall(Bytes()), 4, PARAMS) == state


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "holds no object"),
        (b"null", "holds no object"),
        (b"{}", "samples_w is no list of powers"),
        (b"{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        ({"samples_w": "12"}, "samples_w is no list of powers"),
        ({"samples_w": [1.0, None]}, "samples_w is no list of powers"),
        ({"samples_w": [float("nan")]}, "samples_w is no list of powers"),
        ({"samples_w": [10**400]}, "samples_w is no list of powers"),
        ({"samples_w": [True]}, "samples_w is no list of powers"),
        ({"sample_s": None}, "sample_s is no number"),
        ({"highest_w": 1e300}, "highest_w is no number"),
        ({"highest_w": "7e6"}, "highest_w is no number"),
        ({"sampled_to_ns": 1.5}, "sampled_to_ns is no whole number"),
        ({"period": None}, "period is no whole number"),
    ],
)
def test_what_is_no_history_is_said_and_left(content: bytes | dict[str, object], said: str) -> None:
    files = Bytes()
    if isinstance(content, bytes):
        files[history.NAME] = content
    else:
        history.keep(files, **(history.written(before(DAY), 4, PARAMS) | content))
    found = history.recall(files)
    assert found is not None
    assert said in found["fault"]
    state = shaver.initial(0, PARAMS)
    assert history.resumed(state, found, 4, PARAMS) == state
