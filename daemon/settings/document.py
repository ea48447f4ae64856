"""YAML with a memory: every value knows the file, line and column it came from.

The reader follows the core schema of YAML 1.2: `no`, `on` and `12:30` are text, `1e6` is a number.
A key that stands twice is an error instead of a silent choice. Anchors and merge keys (`<<`) work;
a merged value keeps the place where it was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from daemon.settings.findings import Finding, Location, Problem, dotted, shown


class _Loader(yaml.CSafeLoader):
    """The C parser with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: Final = {}  # type: ignore[misc] # ours replace those of YAML 1.1


def _scalar(name: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(pattern), list(first))


_scalar("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_scalar("null", r"^(?:~|null|Null|NULL|)$", "~nN\0")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])
_scalar("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789")
_scalar(
    "float",
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
    "-+.0123456789",
)
_scalar("merge", r"^<<$", "<")

DEPTH: Final = 32
"""Values nested deeper are not read: a site needs five levels."""
COMPOSED: Final = 10_000
"""What may be nested deeper than that is not given to the composer of the C parser, which goes
into itself for every level and ends the process where its stack does."""
VALUES: Final = 1_000_000
"""More values are not read: 300 MW take 221,187. Anchors that hold one another could make a few
lines stand for billions of them, so they are counted before any is made."""


@dataclass(slots=True)
class Document:
    """A file as plain values, and where each of them stands.

    Attributes:
        path: the file.
        data: dicts with text keys, lists and scalars; None when the file has no valid syntax.
        values: line and column (from 1) of every value.
        keys: line and column of every key.
        problems: what is wrong with the file as YAML.
    """

    path: Path
    data: Any = None
    values: dict[Location, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Location, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, at: Location, *, at_key: bool = False) -> tuple[Location, int, int]:
        """Return the deepest known part of a location, with its line and column.

        Parts that do not stand in the file (a missing key, a tag of a union) are passed over;
        if the last part is missing, the key of what holds it is the place.
        """
        known: Location = ()
        for part in at:
            if (*known, part) in self.values:
                known = (*known, part)
        missing = bool(at) and (not known or known[-1] != at[-1])
        where = self.keys if (at_key or missing) and known in self.keys else self.values
        line, column = where.get(known, (1, 1))
        return known, line, column

    def problem(self, finding: Finding) -> Problem:
        """Return what was found as a problem of this file."""
        known, line, column = self.place(finding.at, at_key=finding.at_key)
        key = dotted(known)
        return Problem(shown(self.path), line, column, key, finding.text, finding.valid)


def read(path: Path) -> Document:
    """Return the values of a YAML file; what is wrong with it stands in `problems`."""
    document = Document(path)
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        if (place := _abyss(text)) is not None:
            document.problems.append(Problem(shown(path), *place, "", "is nested too deep"))
            return document
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except OSError as error:
        document.problems.append(Problem(shown(path), 1, 1, "", error.strerror or str(error)))
    except UnicodeDecodeError:
        document.problems.append(Problem(shown(path), 1, 1, "", "is not UTF-8 text"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = f"not valid YAML: {_said(error, text, line, column)}"
        document.problems.append(Problem(shown(path), line, column, "", said))
    except yaml.YAMLError as error:
        document.problems.append(Problem(shown(path), 1, 1, "", f"not valid YAML: {error}"))
    else:
        if node is None:
            document.problems.append(Problem(shown(path), 1, 1, "", "the file is empty"))
        else:
            builder = _Builder(document)
            if builder.bearable(node):
                document.data = builder.build(node, ())
    return document


def _said(error: yaml.MarkedYAMLError, text: str, line: int, column: int) -> str:
    """Return what the parser says of an error; of a tab, what to do about it."""
    lines = text.splitlines()
    if line <= len(lines) and lines[line - 1][column - 1 : column] == "\t":
        return "a tab: indent with spaces"
    return " ".join(filter(None, (error.context, error.problem)))


def _abyss(text: str) -> tuple[int, int] | None:
    """Return where a text gets nested too deep, as far as that could end the process.

    A block stands further to the right than what holds it, or is a list below its key; all else
    takes a bracket. Only what could be so deep by that is looked through.
    """
    longest = max(map(len, text.splitlines()), default=0)
    if 2 * longest + text.count("[") + text.count("{") <= COMPOSED:
        return None
    depth, loader = 0, _Loader(text)
    try:
        while (event := loader.get_event()) is not None:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > COMPOSED and (mark := event.start_mark) is not None:
                    return mark.line + 1, mark.column + 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    finally:
        loader.dispose()
    return None


class _Builder:
    """Turns YAML nodes into plain values and notes their places."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.entered: list[yaml.Node] = []

    def build(self, node: yaml.Node, at: Location) -> Any:  # noqa: ANN401 - as written
        """Return the value of `node`, which stands at `at`."""
        self.document.values[at] = _mark(node)
        if isinstance(node, yaml.ScalarNode):
            return self._value(node, at)
        if not self._enter(node, at):
            return None
        if isinstance(node, yaml.MappingNode):
            result: Any = self._mapping(node, at)
        else:
            result = [self.build(item, (*at, i)) for i, item in enumerate(node.value)]
        self.entered.pop()
        return result

    def _enter(self, node: yaml.Node, at: Location) -> bool:
        if any(node is other for other in self.entered):
            self._complain(node, at, "an anchor that holds itself")
            return False
        if len(self.entered) > DEPTH:
            self._complain(node, (), "is nested too deep")
            return False
        self.entered.append(node)
        return True

    def bearable(self, top: yaml.Node) -> bool:
        """Return whether there is an end to it; what its anchors multiply is counted beforehand.

        Every node is counted once for each depth that it stands at, however many aliases lead to
        it. What is nested too deep counts as one value: building it stops there.
        """
        sizes: dict[tuple[int, int], int] = {}

        def size(node: yaml.Node, depth: int) -> int:
            if isinstance(node, yaml.ScalarNode) or depth > DEPTH:
                return 1
            if (known := sizes.get((id(node), depth))) is not None:
                return known
            held = 1
            for item in node.value:
                held += size(item[1] if isinstance(item, tuple) else item, depth + 1)
                if held > VALUES:
                    if not self.document.problems:
                        text = f"its anchors make too much of it, more than {VALUES} values"
                        self._complain(node, (), text)
                    break
            sizes[id(node), depth] = held
            return held

        return size(top, 0) <= VALUES

    def _mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in self._pairs(node, at):
            key = str(key_node.value)
            self.document.keys[*at, key] = _mark(key_node)
            result[key] = self.build(value_node, (*at, key))
        return result

    def _pairs(self, node: yaml.MappingNode, at: Location) -> list[tuple[yaml.Node, yaml.Node]]:
        """Return the entries of a mapping: its own first, then merged ones that it does not set."""
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag.endswith(":merge"):
                merged.append(value_node)
            elif not isinstance(key_node, yaml.ScalarNode):
                self._complain(key_node, at, "a key must be plain text")
            elif key_node.value in own:
                first = own[key_node.value][0].start_mark.line + 1
                self._complain(
                    key_node, (*at, key_node.value), f"stands twice; first on line {first}"
                )
            else:
                own[key_node.value] = (key_node, value_node)
        for source in merged:
            for pair in self._merged(source, at):
                own.setdefault(pair[0].value, pair)
        return list(own.values())

    def _merged(self, source: yaml.Node, at: Location) -> list[tuple[yaml.Node, yaml.Node]]:
        if isinstance(source, yaml.MappingNode):
            if not self._enter(source, at):
                return []
            pairs = self._pairs(source, at)
            self.entered.pop()
            return pairs
        if isinstance(source, yaml.SequenceNode):
            return [pair for item in source.value for pair in self._merged(item, at)]
        self._complain(source, at, "only a mapping can be merged")
        return []

    def _value(self, node: yaml.Node, at: Location) -> Any:  # noqa: ANN401 - as written
        text = str(node.value)
        match node.tag.rpartition(":")[2]:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
            case "float":
                return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
            case "str":
                return text
            case _:
                self._complain(node, at, f"tag {node.tag} is not known here")
                return None

    def _complain(self, node: yaml.Node, at: Location, text: str) -> None:
        line, column = _mark(node)
        key = dotted(at)
        problem = Problem(shown(self.document.path), line, column, key, text)
        if problem not in self.document.problems:
            self.document.problems.append(problem)


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
