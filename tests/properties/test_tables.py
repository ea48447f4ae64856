"""The laws that every state machine of the core keeps."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daemon.core
from daemon.core.automaton import Table, advance, diagram, flaws, reachable
from daemon.core.detection import outage
from daemon.core.generation import exercise, forming, rejoin, start, turbine
from daemon.core.transfer import black_start, board, intake, joint, section, supervision
from daemon.model.quantities import SECOND
from tests.hall import At
from tests.properties import examples


def tables() -> list[tuple[str, Table[Any, Any]]]:
    """Return every table of the core with the module that holds it."""
    found = []
    for info in pkgutil.walk_packages(daemon.core.__path__, "daemon.core."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, Table):
                found.append((f"{info.name}:{name}", value))
    return found


TABLES = tables()
each_table = pytest.mark.parametrize(
    "table", [t for _, t in TABLES], ids=[name.removeprefix("daemon.core.") for name, _ in TABLES]
)


def test_there_are_tables() -> None:
    assert len({id(table) for _, table in TABLES}) >= 9


@each_table
def test_every_pair_is_thought_about_every_stage_reached_and_every_wait_ends(
    table: Table[Any, Any],
) -> None:
    assert flaws(table) == []


@each_table
def test_from_everywhere_the_first_stage_comes_again_or_the_machine_is_over(
    table: Table[Any, Any],
) -> None:
    ends = table.final | table.person
    for stage in type(table.first):
        if stage not in ends:
            assert reachable(table, stage) & (ends | table.rests), stage


@pytest.mark.parametrize(
    ("table", "stage"),
    [
        (outage.FEED, outage.Judged().stage),
        (outage.SITE, outage.State().stage),
        (exercise.TEST, exercise.State().stage),
        (forming.STORE, forming.At().stage),
        (rejoin.SOURCE, rejoin.At().stage),
        (start.SET, start.At().stage),
        (turbine.TURBINE, turbine.At().stage),
        (black_start.BOARD, black_start.At().stage),
        (intake.SWITCH, intake.At().stage),
        (joint.JOINT, board.SchemeState(()).intake),
        (section.SECTION, board.SectionState().stage),
        (supervision.SUPERVISED, supervision.At().stage),
    ],
)
def test_a_machine_begins_where_its_table_does(table: Table[Any, Any], stage: object) -> None:
    assert table.first is stage


@pytest.mark.parametrize(
    ("place", "table"),
    [(name.partition(":")[0], table) for name, table in TABLES],
    ids=[name for name, _ in TABLES],
)
def test_the_diagram_in_the_docstring_is_the_table(place: str, table: Table[Any, Any]) -> None:
    drawn_in = inspect.getmodule(type(table.first)) or importlib.import_module(place)
    text = drawn_in.__doc__ or ""
    wanted = textwrap.indent(diagram(table), "    ")
    assert wanted in text, f"the docstring of {drawn_in.__name__} should hold:\n{wanted}"


@each_table
@examples(50)
@given(data=st.data())
def test_every_wait_is_bounded_whatever_happens(
    table: Table[Any, Any], data: st.DataObject
) -> None:
    events = sorted({event for _, event in table.transitions}, key=lambda event: str(event.name))
    waits_ns = {name: SECOND for name, _ in table.after.values()}
    at, now_ns = (table.first, 0), 0
    for _ in range(30):
        happens = data.draw(st.lists(st.sampled_from(events), max_size=3, unique=True))
        now_ns += data.draw(st.integers(0, 2 * SECOND))
        heard = [e for e in happens if (at[0], e) in table.transitions]
        before, at = at, advance(table, at, happens, At(now_ns), waits_ns)
        assert at[1] <= now_ns
        if before[0] in table.after and not heard and now_ns - before[1] >= SECOND:
            assert at[0] is table.after[before[0]][1]
        if at == before and before[0] not in table.after:
            assert before[0] in table.rests | table.person | table.final
