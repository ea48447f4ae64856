"""What is foretold comes true in the emulated plant; every element and state with more examples."""

from __future__ import annotations

import pytest

from daemon.settings import load
from tests.oracle.contingencies import SITE, TAIL_S, elements, judge
from tests.properties import FACTOR

SOME = [("U-A", "normal"), ("UPS-A", "one_sided")]
EVERY = [(element, state) for state in TAIL_S for element in elements(load(SITE).site)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("element", "state"), EVERY if FACTOR > 1 else SOME)
def test_what_is_foretold_comes_true(element: str, state: str) -> None:
    assert not judge(element, state).wrong
