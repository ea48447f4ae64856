"""The trial of a mutant: it lives if every test that goes through it passes.

Each has a process of its own. In a function that is only called later, mutated code takes the place
of the original where the tests are collected already. What the import of a module runs, a table or
a constant, is imported anew, mutated, in a process forked before anything was.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import pickle
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Final

# Slow to import, and of no mutant: forked processes have them already.
import numpy as np  # noqa: F401
import pydantic  # noqa: F401
import scipy.sparse.linalg  # noqa: F401

from tests.mutation.judging import Items, Judge, collected, forked, passes, quiet, tests_of
from tests.mutation.mutants import Mutant, mutated

TIMES, GRACE_S = 3.0, 2.0
"""A test may take so many times its processor time, and so much more, with a mutant in the code."""
LAWS: Final = "tests/properties/test_tables.py"
"""The laws of tables judge a table, though they go through nothing of its file."""


def trial(
    asked: list[Mutant],
    known: list[Judge],
    jobs: int,
    patience_s: float,
    tell: Callable[[Mutant, bool], None],
) -> set[str]:
    """Return the names of the mutants that live.

    Args:
        asked: mutants to try.
        known: tests, the fastest first.
        jobs: so many are tried at the same time.
        patience_s: processor time for one at most; one that slower tests would notice lives [s].
        tell: told each mutant and whether it lives, as it comes.
    """
    by_place = defaultdict(list)
    for judge in known:
        for place in judge.places:
            by_place[place].append(judge)
    within = [one for one in asked if one.called]
    imported = [one for one in asked if not one.called]
    living = Path("living.pickle")

    def work(items: Items) -> None:
        def lives(one: Mutant) -> bool:
            chosen = by_place[one.path, one.called]
            return not (chosen and _swap(one)) or _all_pass(items, chosen, patience_s)

        living.write_bytes(pickle.dumps(_tried(within, jobs, lives, tell)))

    def lives_anew(one: Mutant) -> bool:
        near = tests_of([one.path])
        chosen = [judge for judge in known if judge.test.startswith(near)]
        close = [j for j in chosen if j.test.startswith(LAWS) or one.path in dict(j.places)]
        return _lives_anew(one, list(dict.fromkeys([*close, *chosen])), patience_s)

    with quiet():
        found = _tried(imported, jobs, lives_anew, tell)
        collected(work, tests_of({one.path for one in asked}))
    found |= pickle.loads(living.read_bytes())
    return found


def _tried(
    asked: list[Mutant],
    jobs: int,
    lives: Callable[[Mutant], bool],
    tell: Callable[[Mutant, bool], None],
) -> set[str]:
    """Return those that live of some mutants, each tried in a process of its own."""
    running: dict[int, Mutant] = {}
    waiting, living = list(reversed(asked)), set[str]()
    while waiting or running:
        if waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[forked(lambda one=mutant: lives(one))] = mutant  # type: ignore[misc]
            continue
        child, status = os.wait()
        mutant = running.pop(child)
        if status == 0:
            living.add(mutant.name)
        tell(mutant, status == 0)
    return living


def _all_pass(items: Items, chosen: list[Judge], patience_s: float) -> bool:
    """Return whether all tests pass; one that comes to no end is ended from outside."""
    began_s = time.process_time()
    for judge in chosen:
        if time.process_time() - began_s + judge.takes_s > patience_s:
            return True
        signal.setitimer(signal.ITIMER_PROF, TIMES * judge.takes_s + GRACE_S)
        if not passes(items[judge.test]):
            return False
    return True


def _swap(mutant: Mutant) -> bool:
    """Put mutated code into the functions that have been imported; return whether there are any."""
    path = str(Path.cwd() / mutant.path)
    code = compile(mutated(Path(path).read_text(), mutant), path, "exec")
    new = next(one for one in _codes(code) if one.co_qualname == mutant.called)
    functions = [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType)
        and one.__code__.co_filename == path
        and one.__code__.co_qualname == mutant.called
    ]
    for function in functions:
        function.__code__ = new
    return bool(functions)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


class _Mutated(SourceFileLoader):
    """Imports one module with a mutant in it, and leaves every other alone."""

    def __init__(self, mutant: Mutant) -> None:
        name = mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        super().__init__(name, str(Path.cwd() / mutant.path))
        self._mutant = mutant

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import the module, if it is the one."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        """Return the mutated code, past any cache."""
        return compile(mutated(Path(self.path).read_text(), self._mutant), self.path, "exec")


def _lives_anew(mutant: Mutant, chosen: list[Judge], patience_s: float) -> bool:
    """Return whether all tests can be collected and pass where a module is imported mutated."""
    sys.meta_path.insert(0, _Mutated(mutant))
    verdicts = []

    def work(items: Items) -> None:
        verdicts.append(
            all(j.test in items for j in chosen) and _all_pass(items, chosen, patience_s)
        )

    collected(work, tuple(dict.fromkeys(judge.test.partition("::")[0] for judge in chosen)))
    return verdicts == [True]
