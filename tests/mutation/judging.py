"""The tests that judge mutants: what each goes through, and how long it takes.

They are collected once; each run has a process of its own, forked from there.
"""

from __future__ import annotations

import gc
import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from weakref import WeakSet

import hypothesis
import pytest
from _pytest.runner import runtestprotocol

from daemon.model.points import Point, PointTable
from tests.mutation.marks import SEEN, Place, mark

_CORE: Final = "tests/unit/core"
_LAWS: Final = "tests/properties"
_TABLES: Final = f"{_LAWS}/test_tables.py"
_SETTINGS: Final = "tests/contract/test_control_words.py"
WHOLE: Final = (_TABLES, _SETTINGS)
"""What judges tables, and the defaults and bounds of settings, and goes through no function."""
_FOUND: Final = f"{_CORE}/test_what_the_proof_found.py"
_PATH: Final = (
    f"{_CORE}/operation",
    f"{_CORE}/interlocks",
    f"{_LAWS}/test_command_path.py",
    _FOUND,
)
_SOURCES: Final = (
    f"{_CORE}/transfer",
    f"{_CORE}/generation",
    f"{_CORE}/detection",
    f"{_CORE}/test_authority.py",
    _FOUND,
    f"{_LAWS}/test_switching.py",
    "tests/golden/test_stories.py",
    "tests/golden/test_boards.py",
    *WHOLE,
)
JUDGED: Final[Mapping[str, tuple[str, ...]]] = {
    "daemon/core/interlocks/*.py": (
        *(*_PATH, f"{_CORE}/test_consequence.py"),
        "tests/golden/test_refusals.py",
    ),
    "daemon/core/operation/*.py": (*_PATH, *WHOLE),
    "daemon/core/transfer/*.py": _SOURCES,
    "daemon/core/generation/*.py": _SOURCES,
    "daemon/core/detection/*.py": _SOURCES,
    "daemon/core/automaton.py": (f"{_CORE}/test_automaton.py", f"{_CORE}/operation", _TABLES),
    "daemon/core/authority.py": (f"{_CORE}/test_authority.py",),
    "daemon/core/arbitration.py": (f"{_CORE}/test_arbitration.py", *_PATH, _SETTINGS),
    "daemon/core/consequence.py": (
        *(f"{_CORE}/test_consequence.py", f"{_CORE}/test_consequence_by_look.py", *_PATH),
    ),
    "daemon/core/darkness.py": (
        *(f"{_CORE}/operation/test_selection.py", f"{_CORE}/transfer/test_black_start_by_look.py"),
    ),
    "daemon/core/ownership.py": (f"{_CORE}/test_ownership.py",),
    "daemon/core/fallback.py": (
        *(f"{_CORE}/test_fallback.py", f"{_CORE}/test_watchdogs.py", _SETTINGS),
    ),
}
"""What mutants are made of (interlocks, automata, command path), and the tests that may notice."""
OPTIONS: Final = (
    *("-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout", "0"),
    *("--tb", "no", "--assert", "plain", "--hypothesis-profile", "mutation"),
)
"""That a test fails is all there is to know: nothing is explained, no example made smaller."""
hypothesis.settings.register_profile(
    "mutation",
    deadline=None,
    derandomize=True,
    database=None,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    suppress_health_check=list(hypothesis.HealthCheck),
)

BROKEN: Final = 2
Items = dict[str, pytest.Item]


@dataclass(frozen=True)
class Judge:
    """A test: its name, its processor time, and what it goes through."""

    test: str
    takes_s: float
    places: frozenset[Place]


class _Session:
    """Does something with the collected tests instead of running them all."""

    def __init__(self, work: Callable[[Items], None]) -> None:
        self._work = work

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        self._work({item.nodeid: item for item in session.items})
        return True


def collected(work: Callable[[Items], None], paths: Iterable[str]) -> None:
    """Collect the tests of some paths and do something with them."""
    pytest.main([*OPTIONS, *paths], plugins=[_Session(work)])


def passes(item: pytest.Item) -> bool:
    """Run a test and return whether nothing of it failed."""
    return all(not report.failed for report in runtestprotocol(item, log=False))


def forked(work: Callable[[], object]) -> int:
    """Start a process and return its number: it ends with 0 when its work comes to something true.

    With 1 when it comes to nothing, and with `BROKEN` when it comes to no end of its own.
    """
    if child := os.fork():
        return child
    ends_with = BROKEN
    try:
        ends_with = 0 if work() else 1
    finally:
        os._exit(ends_with)


@contextmanager
def quiet() -> Iterator[int]:
    """Send what tests print nowhere; yield where people read."""
    shown, screen, nowhere = os.dup(1), os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield screen
    finally:
        os.dup2(shown, 1)
        os.dup2(screen, 2)


def targets(glob: str) -> list[str]:
    """Return the files that mutants are made of, by what stands in `JUDGED`."""
    return sorted(str(path) for path in Path().glob(glob))


def tests_of(paths: Iterable[str]) -> tuple[str, ...]:
    """Return where the tests are that may notice mutants of some files."""
    globs = [glob for glob in JUDGED if not set(paths).isdisjoint(targets(glob))]
    return tuple(dict.fromkeys(test for glob in globs for test in JUDGED[glob]))


def judges(paths: set[str]) -> list[Judge]:
    """Run every test that may notice mutants of some files; return those that pass, fastest first.

    Args:
        paths: the files.
    """
    ledger = Path("judges.pickle")

    def work(items: Items) -> None:
        mark(paths)
        known, make = WeakSet(forget()), PointTable.__init__

        def noted(table: PointTable, points: tuple[Point, ...]) -> None:
            make(table, points)
            known.add(table)

        PointTable.__init__ = noted  # type: ignore[assignment,method-assign]
        found = []
        for item in items.values():
            for table in known:  # what is found once per site is found by every test
                table.derived.clear()
            found += _judge(item)
        ledger.write_bytes(pickle.dumps(sorted(found, key=lambda judge: judge.takes_s)))

    os.waitpid(forked(lambda: collected(work, tests_of(paths))), 0)
    return list(pickle.loads(ledger.read_bytes()))


def forget() -> list[PointTable]:
    """Let go of what was found once per site, and return the tables of points that there are."""
    tables = [one for one in gc.get_objects() if isinstance(one, PointTable)]
    for table in tables:
        table.derived.clear()
    return tables


def _judge(item: pytest.Item) -> list[Judge]:
    """Run a test and return what it goes through; one that fails is no judge."""
    SEEN.clear()
    began_s = time.process_time()
    good = passes(item)
    took_s = time.process_time() - began_s
    return [Judge(item.nodeid, took_s, frozenset(SEEN))] if good else []
