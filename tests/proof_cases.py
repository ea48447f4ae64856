"""Which unit test has the minimal case of a row or guard: one that holds it to its name.

Of guards it is named here, of rows it is found by what the tests say.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.prove_without import GUARDS
from tests.tidy.rules import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRANSFER: Final = "tests/unit/core/transfer"
_GENERATION: Final = "tests/unit/core/generation"
UNIT: Final = {
    "main_in_step": f"{_TRANSFER}/test_board_by_look.py::test_each_stage_asks_for_one_breaker",
    "intake_in_step": (
        f"{_TRANSFER}/test_board_by_look.py::test_the_intake_parts_and_joins_in_step_with_an_island"
    ),
    "let_in": f"{_TRANSFER}/test_guards_by_look.py::test_positions_say_what_feeds_a_section",
    "carries_nothing": (
        f"{_TRANSFER}/test_guards_by_look.py"
        "::test_a_main_that_nobody_let_in_and_that_carries_nothing_only_shows_closed"
    ),
    "found_synchronism": (
        f"{_TRANSFER}/test_guards_by_look.py"
        "::test_synchronism_that_was_found_stays_found_while_the_main_closes"
    ),
    "time_to_return": (
        f"{_TRANSFER}/test_guards_by_look.py"
        "::test_a_section_goes_back_when_its_mains_have_settled_and_it_is_its_turn"
    ),
    "one_at_a_time": (
        f"{_TRANSFER}/test_ways_by_look.py::test_of_three_sections_one_that_moves_holds_up_the_others"
    ),
    "may_part": (
        f"{_TRANSFER}/test_guards_by_look.py::test_a_main_is_given_up_when_it_seeks_in_vain_or_did_not_close"
    ),
    "onto_storage_in_step": (
        f"{_TRANSFER}/test_ways_by_look.py"
        "::test_onto_a_section_that_storage_holds_breakers_close_in_step"
    ),
    "no_move_to_fault": (
        f"{_TRANSFER}/test_intake.py::test_it_brings_no_feed_to_a_fault_and_goes_when_that_is_over"
    ),
    "switch_waits": (
        f"{_TRANSFER}/test_intake_by_look.py::test_what_holds_a_ready_switch_back_is_told_once"
    ),
    "set_in_step": f"{_GENERATION}/test_start_by_look.py::test_onto_a_live_bus_it_closes_in_step",
    "one_set_onto_dead_bus": (
        f"{_GENERATION}/test_start_by_look.py::test_onto_a_dead_bus_it_closes_alone"
    ),
    "turbine_in_step": (
        f"{_GENERATION}/test_turbine_by_look.py::test_onto_the_island_of_another_it_closes_in_step"
    ),
    "rejoins_in_step": (
        f"{_GENERATION}/test_rejoin_by_look.py::test_only_a_source_that_holds_its_voltage_can_be_synchronised"
    ),
}
"""Where the minimal case of a guard is."""


def unit_case(name: str) -> str:
    """Return a unit test that has the minimal case of a row or guard, "" where there is none."""
    if name in {guard.name for guard in GUARDS}:
        where, _, test = UNIT.get(name, "::").partition("::")
        there = where and test in {f.name for f in _tests(_parsed(ROOT / where))}
        return UNIT[name] if there else ""
    for path in sorted((ROOT / "tests/unit/core/interlocks").glob("test_*.py")):
        for test in _tests_that_ask(_parsed(path), name):
            return f"{path.relative_to(ROOT)}::{test}"
    return ""


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _tests(module: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _tests_that_ask(module: ast.Module, name: str) -> Iterator[str]:
    """Yield the tests of a module that hold a row to its name.

    That is one that compares something with the name, or is given a list in which a case begins
    with it (`Row("name", ...)`). A name that is only written somewhere is none.
    """
    listed = {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign) and _has_case(node.value, name)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for test in _tests(module):
        given = {n.id for d in test.decorator_list for n in ast.walk(d) if isinstance(n, ast.Name)}
        compared = any(
            isinstance(side, ast.Constant) and side.value == name
            for node in ast.walk(test)
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In)
            for operand in (node.left, *node.comparators)
            for side in (operand.elts if isinstance(operand, ast.Set) else [operand])
        )
        if compared or not listed.isdisjoint(given):
            yield test.name


def _has_case(value: ast.expr, name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == name
        for node in ast.walk(value)
    )
