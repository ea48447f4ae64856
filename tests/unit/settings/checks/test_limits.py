"""Settings of one controller that contradict one another, every pair there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from daemon.settings.checks.limits import ORDERS, check_limits
from daemon.settings.control import load_control
from tests.unit.settings.edits import Edit, found, shipped

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.settings.checks.limits import Order
    from daemon.settings.findings import Finding

OUTAGE: Final = "  outage: {confirm_s: 1.5, return_stable_s: 15}"


def written(name: str, value: float) -> dict[str, Any]:
    """Return a `control:` block with one setting."""
    block: Any = value
    for part in reversed(name.split(".")):
        block = {part: block}
    return dict(block)


def judged(block: dict[str, Any]) -> list[Finding]:
    control, wrong = load_control(block, {})
    assert wrong == []
    return list(check_limits(control, block))


def test_what_is_left_out_contradicts_nothing() -> None:
    assert judged({}) == []


VALUES: Final = (1e-3, 0.01, 0.1, 0.3, 0.51, 0.94, 1.0, 9.9, 60.0, 120.0, 600.0, 1800.0, 1e5)


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order.lower} {order.upper}")
def test_the_setting_that_is_written_is_named_with_the_other(order: Order) -> None:
    """One end of a pair is moved past the other; not every end may go so far."""
    named = set()
    for name, other in ((order.upper, order.lower), (order.lower, order.upper)):
        both = {"arbitration": {"least_s": 9.9, "refresh_s": 1.0, "correct_s": 1.0}}
        for block in (*(written(name, value) for value in VALUES), both):
            if not load_control(block, {})[1]:
                for finding in judged(block):
                    if (
                        finding.text.startswith(f"{order.upper} (")
                        and order.because in finding.text
                    ):
                        assert other in finding.text
                        named.add(finding.at)
    ends = {("control", *name.split(".")) for name in (order.upper, order.lower)}
    assert named
    assert named <= ends


EDITS = {
    "a look that may not last": Edit(
        OUTAGE, f"{OUTAGE}\n  black_start: {{verify_s: 50, verify_limit_s: ^10}}",
        "control.black_start.verify_limit_s",
        "black_start.verify_limit_s (10 s) is shorter than black_start.verify_s (50 s)", "from 50",
    ),
    "storage that lets go at once": Edit(
        OUTAGE, f"{OUTAGE}\n  forming: {{start_pu: ^0.2, floor_pu: 0.5}}",
        "control.forming.start_pu",
        "forming.start_pu (0.2) is below forming.floor_pu (0.5): storage would let go", "from 0.5",
    ),
    "more kept than there is": Edit(
        OUTAGE, f"{OUTAGE}\n  peaks: {{reserve_pu: ^0.9}}", "control.peaks.reserve_pu",
        "peaks.reserve_pu (0.9) and peaks.smoothing_pu (0.2) together are more", "up to 0.8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
def test_a_contradiction_is_named_where_it_stands(tmp_path: Path, kind: str) -> None:
    found(tmp_path, shipped("sites/ai_hall"), EDITS[kind])
