"""The tests that judge mutants: what each goes through, and how long it takes.

They are collected once; each run has a process of its own, forked from there.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Final
from weakref import WeakKeyDictionary

import pytest
from _pytest.runner import runtestprotocol

from daemon.model.points import PointTable

_CORE: Final = "tests/unit/core"
_TABLES: Final = "tests/properties/test_tables.py"
_SECTIONS: Final = (f"{_CORE}/transfer", f"{_CORE}/generation", _TABLES)
JUDGED: Final[Mapping[str, tuple[str, ...]]] = {
    "daemon/core/interlocks/*.py": (f"{_CORE}/interlocks", f"{_CORE}/test_consequence.py"),
    "daemon/core/operation/*.py": (f"{_CORE}/operation", f"{_CORE}/interlocks", _TABLES),
    "daemon/core/automaton.py": (f"{_CORE}/test_automaton.py", f"{_CORE}/operation", _TABLES),
    "daemon/core/authority.py": (f"{_CORE}/test_authority.py", f"{_CORE}/transfer"),
    "daemon/core/transfer/*.py": _SECTIONS,
    "daemon/core/generation/start.py": _SECTIONS,
    "daemon/core/generation/rejoin.py": _SECTIONS,
    "daemon/core/detection/outage.py": (f"{_CORE}/detection", f"{_CORE}/transfer", _TABLES),
}
"""What mutants are made of (interlocks, automata, command path), and the tests that may notice."""
OPTIONS: Final = ("-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout", "0")

Place = tuple[str, str]
"""A function: file below the root, and its qualified name."""
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
    """Start a process that ends well when its work comes to something true; return its number."""
    if child := os.fork():
        return child
    went_well = False
    try:
        went_well = bool(work())
    finally:
        os._exit(0 if went_well else 1)


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
        looked_at = {str(Path.cwd() / path) for path in paths}
        kept = [one for one in gc.get_objects() if isinstance(one, WeakKeyDictionary)]
        found = []
        for item in items.values():
            for one in kept:  # what is found once per site is found by every test
                if any(isinstance(key, PointTable) for key in one):
                    one.clear()
            found += _judge(item, looked_at)
        ledger.write_bytes(pickle.dumps(sorted(found, key=lambda judge: judge.takes_s)))

    os.waitpid(forked(lambda: collected(work, tests_of(paths))), 0)
    return list(pickle.loads(ledger.read_bytes()))


def _judge(item: pytest.Item, looked_at: set[str]) -> list[Judge]:
    """Run a test and return what it goes through; one that fails is no judge."""
    codes: set[CodeType] = set()

    def called(frame: FrameType, event: str, arg: object) -> None:
        codes.add(frame.f_code)

    began_s = time.process_time()
    sys.settrace(called)
    good = passes(item)
    sys.settrace(None)
    took_s = time.process_time() - began_s
    places = frozenset(
        (str(Path(code.co_filename).relative_to(Path.cwd())), outermost(code))
        for code in codes
        if code.co_filename in looked_at
    )
    return [Judge(item.nodeid, took_s, places)] if good else []


def outermost(code: CodeType) -> str:
    """Return the qualified name of the function that code belongs to."""
    return code.co_qualname.partition(".<locals>")[0]
