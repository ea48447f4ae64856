"""What a test goes through, statement by statement: a mark is left where one is about to run."""

from __future__ import annotations

import ast
import builtins
import gc
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Final

Place = tuple[str, int]
"""A statement: file below the root, and its line."""
Begin = tuple[str, int, str]
"""Where a function begins: file, line, and its qualified name."""
SEEN: Final[set[Place]] = set()
"""The statements of marked functions that ran since it was cleared."""
_MARK: Final = "_ran_"
_BLOCKS: Final = ("body", "orelse", "finalbody")


def mark(paths: Iterable[str]) -> None:
    """Leave marks in every function of some files, as far as they are imported."""
    setattr(builtins, _MARK, SEEN.add)
    imported = functions(paths)
    for path in paths:
        code = compile(_marked(path), str(Path.cwd() / path), "exec")
        for inner in codes(code):
            for function in imported.get(begin(inner), ()):
                function.__code__ = inner


def functions(paths: Iterable[str]) -> dict[Begin, list[FunctionType]]:
    """Return the functions of some files that are imported, by where they begin."""
    wanted = {str(Path.cwd() / path) for path in paths}
    found: dict[Begin, list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in wanted:
            found.setdefault(begin(one.__code__), []).append(one)
    return found


def begin(code: CodeType) -> Begin:
    """Return where code begins."""
    return code.co_filename, code.co_firstlineno, code.co_qualname


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code inside code, that of functions in functions too."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from codes(inner)


def _marked(path: str) -> ast.Module:
    tree = ast.parse(Path(path).read_text())
    inside = {
        id(node): node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    for node in inside.values():
        for name in _BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list):
                marked = [(_mark(path, one.lineno), one) for one in block]
                setattr(node, name, [one for pair in marked for one in pair])
    return ast.fix_missing_locations(tree)


def _mark(path: str, line: int) -> ast.Expr:
    place = ast.Tuple([ast.Constant(path), ast.Constant(line)], ast.Load())
    return ast.Expr(ast.Call(ast.Name(_MARK, ast.Load()), [place], []))
