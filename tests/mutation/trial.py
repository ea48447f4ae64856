"""The trial of a mutant: it lives if every test that goes through it passes.

Each has a process of its own. In a function that is only called later, mutated code takes the place
of the original where the tests are collected already. What the import of a module runs, a table or
a constant, is imported anew, mutated, in a process forked before anything was.
"""

from __future__ import annotations

import ast
import gc
import importlib.util
import os
import pickle
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Final

# Slow to import, and of no mutant: forked processes have them already.
import numpy as np  # noqa: F401
import pydantic  # noqa: F401
import scipy.sparse.linalg  # noqa: F401

from tests.mutation.judging import (
    BROKEN,
    WHOLE,
    Items,
    Judge,
    collected,
    forget,
    forked,
    passes,
    quiet,
    tests_of,
)
from tests.mutation.marks import Begin, begin, codes, functions
from tests.mutation.mutants import Mutant, mutated

TIMES, GRACE_S = 3.0, 2.0
"""A test may take so many times its processor time, and so much more, with a mutant in the code."""
_MINE: Final = "tests.mutation"
_NEAR, _FAR = 1.0, 0.2
"""What a test is expected to notice before it noticed anything: of a file it is near to, or not."""

Caught = Counter[tuple[str, str]]
"""How many mutants of a file a test has noticed: what tells who is asked first of the next."""


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
    # A function that only an import calls has no test that goes through it later.
    within = [one for one in asked if one.called and (one.path, one.statement) in by_place]
    imported = [one for one in asked if one not in within]
    living = Path("living.pickle")
    caught = Caught()

    def work(items: Items) -> None:
        def lives(one: Mutant) -> bool:
            chosen = by_place[one.path, one.statement]
            _swap(one, imported_already)
            return _all_pass(items, _best_first(one, chosen, caught), patience_s)

        forget()  # what an import has found already, no mutant would be asked for
        imported_already = functions({one.path for one in within})
        living.write_bytes(pickle.dumps(_tried(within, jobs, lives, tell, caught)))

    def lives_anew(one: Mutant) -> bool:
        near = tests_of([one.path])
        chosen = [judge for judge in known if judge.test.startswith(near)]
        return _lives_anew(one, _best_first(one, chosen, caught), patience_s)

    with quiet():
        collected(work, tests_of({one.path for one in asked}))
        gc.freeze()
        found = _tried(imported, jobs, lives_anew, tell, caught)
    found |= pickle.loads(living.read_bytes())
    return found


def _tried(
    asked: list[Mutant],
    jobs: int,
    lives: Callable[[Mutant], bool],
    tell: Callable[[Mutant, bool], None],
    caught: Caught,
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
        # What was never tried was not noticed either.
        lived = os.waitstatus_to_exitcode(status) in {0, BROKEN}
        if lived:
            living.add(mutant.name)
        if (noticed := _noticed(child)).exists():
            caught[mutant.path, noticed.read_text()] += 1
            noticed.unlink()
        tell(mutant, lived)
    return living


def _noticed(process: int) -> Path:
    """Return where a process says which test noticed its mutant."""
    return Path(f"noticed-{process}.txt")


def _best_first(mutant: Mutant, chosen: Sequence[Judge], caught: Caught) -> list[Judge]:
    """Return some tests in the order in which they are likely to notice a mutant for their time."""

    def time_per_catch(judge: Judge) -> float:
        expected = _NEAR if _near(mutant, judge) else _FAR
        return judge.takes_s / (caught[mutant.path, judge.test] + expected)

    return sorted(chosen, key=time_per_catch)


def _near(mutant: Mutant, judge: Judge) -> bool:
    """Return whether a test stands beside the code, or judges what goes through no function."""
    beside = str(Path(mutant.path).parent).replace("daemon", "tests/unit", 1)
    return judge.test.startswith((beside, *WHOLE))


def _all_pass(items: Items, chosen: Sequence[Judge], patience_s: float) -> bool:
    """Return whether all tests pass; one that comes to no end is ended from outside."""
    began_s = time.process_time()
    for judge in chosen:
        if time.process_time() - began_s + judge.takes_s > patience_s:
            continue
        signal.setitimer(signal.ITIMER_PROF, TIMES * judge.takes_s + GRACE_S)
        if not passes(items[judge.test]):
            _noticed(os.getpid()).write_text(judge.test)
            return False
    return True


def _swap(mutant: Mutant, imported: Mapping[Begin, list[FunctionType]]) -> None:
    """Put mutated code into a function that has been imported."""
    path = str(Path.cwd() / mutant.path)
    code = compile(mutated(Path(path).read_text(), mutant), path, "exec")
    new = next(one for one in codes(code) if one.co_qualname == mutant.called)
    for function in imported[begin(new)]:
        function.__code__ = new


def _forget(path: str) -> None:
    """Forget what has to be imported anew with a module: what imports it, and all tests."""
    name = _name(path)
    imports = {
        one: _imports(Path(module.__file__))
        for one, module in sys.modules.items()
        if one.partition(".")[0] == "daemon" and module.__file__
    }
    stale, before = {name}, set[str]()
    while stale != before:
        before = set(stale)
        stale |= {one for one, others in imports.items() if others & before}
    stale |= {one for one in sys.modules if one.startswith("tests.") and _MINE not in one}
    for one in stale & sys.modules.keys():
        above, _, last = one.rpartition(".")
        if hasattr(sys.modules.get(above), last):
            delattr(sys.modules[above], last)
    for one in stale & sys.modules.keys():
        del sys.modules[one]


@cache
def _imports(path: Path) -> frozenset[str]:
    """Return the modules that a module imports when it runs, and what may be modules."""
    found, waiting = set[str](), list[ast.AST]([ast.parse(path.read_text())])
    while waiting:
        match waiting.pop():
            case ast.Import(names=names):
                found |= {one.name for one in names}
            case ast.ImportFrom(module=str() as module, names=names):
                found |= {module, *(f"{module}.{one.name}" for one in names)}
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                pass
            case node:
                waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def _name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class _Mutated(SourceFileLoader):
    """Imports one module with a mutant in it, and leaves every other alone."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(_name(mutant.path), str(Path.cwd() / mutant.path))
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
    """Return whether all tests can be collected and pass where a module is imported mutated.

    Those that are near are collected first: where one notices, the others need not be imported.
    """
    _forget(mutant.path)
    sys.meta_path.insert(0, _Mutated(mutant))
    near = [judge for judge in chosen if _near(mutant, judge)]
    far = [judge for judge in chosen if not _near(mutant, judge)]
    return all(_collected_pass(part, patience_s) for part in (near, far) if part)


def _collected_pass(chosen: list[Judge], patience_s: float) -> bool:
    """Return whether some tests can be collected and pass."""
    verdicts = []

    def work(items: Items) -> None:
        verdicts.append(
            all(j.test in items for j in chosen) and _all_pass(items, chosen, patience_s)
        )

    collected(work, tuple(dict.fromkeys(judge.test.partition("::")[0] for judge in chosen)))
    return verdicts == [True]
