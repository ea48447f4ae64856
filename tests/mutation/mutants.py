"""The mutants of a module: every small wrong that a person could have written instead.

Conditions are turned round, dropped, and moved by one at their bounds; rows of tables and members
of sets are left out; stages, sources and results are taken for each other; numbers are off by one;
a function returns the plainest value of its type; a statement or an early end is forgotten. Texts
for people, annotations and assertions stay as they are.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Way = tuple[tuple[str, int | None], ...]
"""From the module to a node: field by field, with the place in a list."""

COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
CALLED: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}
PLAIN: Final = {
    "bool": ("True", "False"),
    "int": ("0",),
    "float": ("0.0",),
    "str": ("''",),
    "list": ("[]",),
    "tuple": ("()",),
    "set": ("set()",),
    "frozenset": ("frozenset()",),
    "dict": ("{}",),
    "Mapping": ("{}",),
}
"""By annotation of a function, what it could return without having looked."""
NOT_LOOKED_INTO: Final = {"annotation", "returns", "decorator_list", "type_ignores", "bases"}


@dataclass(frozen=True)
class Mutant:
    """One wrong.

    Attributes:
        path: file below the root of the repository.
        line: where it is.
        within: function or class around it, "" at the top.
        what: what stands there and what instead, as text.
        way: the node, from the module.
        instead: what to put there; None to leave it out.
        called: outermost function whose body it is in, "" where importing the module runs it.
        statement: line of the innermost statement it is in.
    """

    path: str
    line: int
    within: str
    what: str
    way: Way
    instead: ast.AST | None
    called: str
    statement: int

    @property
    def name(self) -> str:
        """Return what tells it from others, whatever its line."""
        return f"{self.path} {self.within or 'module'}: {self.what}"


def mutants(path: str, source: str) -> list[Mutant]:
    """Return every mutant of a module in the order of its text."""
    tree = ast.parse(source)
    words: dict[str, list[str]] = defaultdict(list)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=word) if owner[0].isupper():
                if word.isupper() and word not in words[owner]:
                    words[owner].append(word)
    found = [
        Mutant(
            path, line, ".".join(names), f"{_text(at)} -> {_text(to)}", way, to, called, statement
        )
        for line, names, called, statement, way, at, to in _wrongs(tree, words)
    ]
    told: Counter[str] = Counter()
    for i, one in enumerate(found := sorted(found, key=lambda one: one.line)):
        told[one.name] += 1
        if (nth := told[one.name]) > 1:
            found[i] = replace(one, what=f"{one.what} ({nth})")
    return found


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """Return the tree of a module with a mutant in it."""
    tree = ast.parse(source)
    *before, (field, place) = mutant.way
    node: ast.AST = tree
    for step, index in before:
        node = getattr(node, step) if index is None else getattr(node, step)[index]
    if place is None:
        setattr(node, field, mutant.instead)
    elif mutant.instead is not None:
        getattr(node, field)[place] = mutant.instead
    else:
        del getattr(node, field)[place]
        if isinstance(node, ast.Dict):
            del node.values[place]
    return ast.fix_missing_locations(tree)


def _text(node: ast.AST | None) -> str:
    text = " ".join(ast.unparse(node).split()) if node else "nothing"
    return text if len(text) <= 70 else f"{text[:40]} ... {text[-25:]}"


Found = tuple[int, tuple[str, ...], str, int, Way, ast.AST, "ast.AST | None"]


def _wrongs(tree: ast.Module, words: dict[str, list[str]]) -> Iterator[Found]:
    """Yield line, names around it, function, statement, the way, what is and what could be."""
    stack: list[tuple[ast.AST, Way, tuple[str, ...], str, int, ast.FunctionDef | None]] = [
        (tree, (), (), "", 1, None)
    ]
    while stack:
        node, way, names, called, statement, function = stack.pop()
        if isinstance(node, ast.FunctionDef):
            names, function = (*names, node.name), node
        elif isinstance(node, ast.ClassDef):
            names = (*names, node.name)
        for step, index, child in _children(node):
            here = (*way, (step, index))
            runs = called
            if isinstance(node, ast.FunctionDef) and step == "body" and not called:
                runs = ".".join(names)
            inside = child.lineno if isinstance(child, ast.stmt) else statement
            for to in _instead(child, node, step, words, function):
                line = getattr(child, "lineno", getattr(node, "lineno", 1))
                yield line, names, runs, inside, here, child, to
            stack.append((child, here, names, runs, inside, function))


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """Yield what the code of a node is made of, without texts, annotations and assertions."""
    if isinstance(node, ast.Assert | ast.JoinedStr):
        return
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Assign(targets=[ast.Name(id="__all__" | "__slots__" | "__hash__")]):
            return
    for step, value in ast.iter_fields(node):
        if step in NOT_LOOKED_INTO:
            continue
        if isinstance(value, ast.AST):
            yield step, None, value
        elif isinstance(value, list):
            yield from ((step, i, v) for i, v in enumerate(value) if isinstance(v, ast.AST))


def _instead(
    node: ast.AST,
    parent: ast.AST,
    step: str,
    words: dict[str, list[str]],
    function: ast.FunctionDef | None,
) -> Iterator[ast.AST | None]:
    """Yield what could stand in the place of a node; None where it could be forgotten."""
    yield from _conditions(node, parent, step)
    yield from _values(node, words)
    yield from _forgotten(node, parent, step)
    if (
        isinstance(node, ast.Return)
        and function
        and node.value
        and not isinstance(node.value, ast.Constant)
    ):
        returned = ast.unparse(function.returns).strip("'\"") if function.returns else ""
        plain = PLAIN.get(returned.partition("[")[0].partition(" |")[0], ())
        for text in (*plain, *(("None",) if returned.endswith("| None") else ())):
            if text != ast.unparse(node.value):
                yield ast.parse(f"return {text}").body[0]


def _conditions(node: ast.AST, parent: ast.AST, step: str) -> Iterator[ast.AST | None]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=right):
            for other in COMPARISONS[type(op)]:
                yield ast.Compare(left, [other()], right)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values)
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Name() | ast.Call() | ast.Attribute() | ast.NamedExpr() if step == "test":
            yield ast.UnaryOp(ast.Not(), node)
    if isinstance(parent, ast.comprehension) and step == "ifs":
        yield None


def _values(node: ast.AST, words: dict[str, list[str]]) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=bool() as flag):
            yield ast.Constant(not flag)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(number + 1)
        case ast.Attribute(value=ast.Name(id=owner) as name, attr=word, ctx=ast.Load()):
            known = words.get(owner, [])
            if word in known and len(known) > 1:
                other = known[(known.index(word) + 1) % len(known)]
                yield ast.Attribute(name, other, ast.Load())
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            yield ast.BinOp(left, OPERATORS[type(op)](), right)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=more) if name in CALLED:
            yield ast.Call(ast.Name(CALLED[name], ast.Load()), args, more)


def _forgotten(node: ast.AST, parent: ast.AST, step: str) -> Iterator[ast.AST | None]:
    """Yield nothing, or a statement that does nothing, where a part can be left out."""
    match node, parent:
        case ast.Expr(value=ast.Call()), _:
            yield ast.Pass()
        case ast.AugAssign() | ast.Continue() | ast.Break(), _:
            yield ast.Pass()
        case ast.If(test=test, orelse=[]), _ if ast.unparse(test) != "TYPE_CHECKING":
            yield ast.Pass()
        case _, ast.Dict() if step == "keys":
            yield None
        case _, ast.Set(elts=members) if len(members) > 1:
            yield None
        case ast.Call(), ast.Tuple(elts=members) if step == "elts" and len(members) > 1:
            yield None
        case ast.keyword(), ast.Call(func=ast.Name(id="replace") | ast.Attribute(attr="_replace")):
            yield None
