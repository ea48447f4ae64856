"""Controllers that are left out while their answer stands ask the view in ways that are noted.

A comparison with `now_ns` would be a wait that nobody knows of, a look at the bare image a change
that nobody sees: the lane would sleep through both.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from daemon.core.step import LANES

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = frozenset(
    {
        *("age_ns", "estimate", "heard", "image", "inbox", "source_ns", "utc_ns"),
        *("believed", "best", "best_of"),  # what an estimate changes is not noted either
    }
)
COMPARING = frozenset({"abs", "divmod", "max", "min", "range", "round", "sorted"})
PLAIN = (ast.Add, ast.Mult)
NOTING = frozenset({"daemon.core.topology", "daemon.core.view"})
"""The view notes what it is asked; the diagram is looked at by all, and compared as a whole."""


def timed() -> dict[str, ModuleType]:
    """Return the modules of all controllers that may be left out, and what they use of the core."""
    slots = [slot for lane in LANES.values() for slot in (*lane.controllers, *lane.paths)]
    left = [slot.controller for slot in slots if slot.timed]
    found: dict[str, ModuleType] = {}
    while left:
        module = left.pop()
        if module.__name__ in found or module.__name__ in NOTING:
            continue
        found[module.__name__] = module
        used = {getattr(v, "__module__", None) for v in vars(module).values()}
        used |= {v.__name__ for v in vars(module).values() if isinstance(v, ModuleType)}
        names = sorted(n for n in used if isinstance(n, str) and n.startswith("daemon.core."))
        left += [sys.modules[name] for name in names]
    return found


def hidden_waits(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of everything that the view would not note."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in BARE:
            yield node.lineno, f".{node.attr}"
        compares = (
            isinstance(node, ast.Compare)
            or (isinstance(node, (ast.BinOp, ast.AugAssign)) and not isinstance(node.op, PLAIN))
            or (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in COMPARING
            )
        )
        if compares and any(map(_is_now, ast.walk(node))):
            yield getattr(node, "lineno", 0), f"compares now_ns: {ast.unparse(node)}"


def _is_now(node: ast.AST) -> bool:
    return "now_ns" in {getattr(node, "id", None), getattr(node, "attr", None)}


def test_what_may_be_left_out_is_found() -> None:
    names = {name.removeprefix("daemon.core.") for name in timed()}
    assert {"operation", "interlocks", "automaton", "heartbeat", "detection.outage"} < names
    assert {"transfer.main_tie_main", "transfer.joint", "transfer.acceptance"} < names


@pytest.mark.parametrize("name", sorted(timed()))
def test_no_controller_that_may_be_left_out_waits_in_secret(name: str) -> None:
    path = Path(str(timed()[name].__file__))
    assert list(hidden_waits(ast.parse(path.read_text(), str(path)))) == []


@pytest.mark.parametrize(
    "planted",
    [
        "if view.now_ns - since_ns >= wait_ns: pass",
        "late = now_ns > due_ns",
        "age_ns = view.now_ns - at.since_ns",
        "when_ns = max(view.now_ns, due_ns)",
        "volts = view.image.values[3]",
        "for message in view.inbox: pass",
        "word = view.heard.get('caps')",
        "stamp_ns = view.utc_ns",
    ],
)
def test_a_planted_wait_is_found(planted: str) -> None:
    assert list(hidden_waits(ast.parse(planted)))


@pytest.mark.parametrize(
    "fine",
    [
        "since_ns = view.now_ns if moved else at.since_ns",
        "until_ns = view.now_ns + ns(params.again_s)",
        "well_ns = (since_ns or view.now_ns) if well else 0",
        "if view.passed(at.since_ns + wait_ns): pass",
    ],
)
def test_a_stamp_is_no_wait(fine: str) -> None:
    assert list(hidden_waits(ast.parse(fine))) == []
