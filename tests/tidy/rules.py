"""The house rules that no ready-made tool holds, as functions of a tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

# Each library of the outside is known to one file per side, so that its next version, or its
# successor, is one file's work. A name that ends in a slash is a whole package.
SOLE_IMPORTERS: dict[str, tuple[str, ...]] = {
    "time": ("daemon/runtime/clock.py", "daemon/publishers/prometheus.py", "device_emulators/"),
    "pymodbus": ("daemon/drivers/modbus.py",),
    "asyncua": ("daemon/drivers/opcua.py", "device_emulators/servers/opcua.py"),
    "aiomqtt": ("daemon/publishers/mqtt.py",),
    "prometheus_client": ("daemon/publishers/figures.py",),
    "amqtt": ("daemon/rehearsal/broker.py",),
    "plotly": ("daemon/rehearsal/picture/library.py",),
    "power_grid_model": ("device_emulators/plant/",),
    "pydantic": ("daemon/settings/", "daemon/journal/", "device_emulators/scenario.py"),
    "yaml": ("daemon/settings/", "device_emulators/scenario.py"),
}

# A float of these names is a bare number, or has the unit of the point or rating it belongs to.
UNITLESS = frozenset(
    {"value", "values", "raw", "low", "high", "limit", "ratings", "scale", "offset", "factor"}
    # Of readings, each in its own unit, or of none.
    | {"residual", "normalised", "chi_square", "dof", "should"}
)
# Said after the unit: `power_w_max`.
QUALIFIERS = ("_max", "_min")


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment in a tree and return how it ended and what it said."""
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield the path below `root` and the syntax tree of every module of the two packages."""
    for package in ("daemon", "device_emulators"):
        for path in sorted((root / package).rglob("*.py")):
            yield path.relative_to(root).as_posix(), ast.parse(path.read_text(), str(path))


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and top-level name of everything a module imports, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def stray_imports(root: Path) -> list[str]:
    """Return each import of a library by a file that is not the one to know it."""
    return [
        f"{path}:{line} imports {name}, which only {', '.join(SOLE_IMPORTERS[name])} may"
        for path, tree in modules(root)
        for line, name in imported(tree)
        if name in SOLE_IMPORTERS and not path.startswith(SOLE_IMPORTERS[name])
    ]


def missing_docstrings(root: Path, package: str) -> list[str]:
    """Return each public function, class and method of a package without a docstring."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

    def bare(scope: ast.Module | ast.ClassDef, within: str) -> Iterator[str]:
        for node in scope.body:
            if isinstance(node, kinds) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    yield f"{within}.{node.name}"
                if isinstance(node, ast.ClassDef):
                    yield from bare(node, f"{within}.{node.name}")

    return [
        name
        for path, tree in modules(root)
        if path.startswith(package)
        for name in bare(tree, path)
    ]


def unnamed_units(root: Path, package: str, units: Iterable[str]) -> list[str]:
    """Return each float of a dataclass of a package whose name does not end in its unit.

    A mapping or a sequence of floats counts as well: its name says the unit of what it holds.
    """
    endings = tuple(f"_{unit}" for unit in units)

    def named(name: str) -> bool:
        for qualifier in QUALIFIERS:
            name = name.removesuffix(qualifier)
        return name in UNITLESS or name.endswith(endings)

    return [
        f"{path}:{field.lineno} {owner.name}.{field.target.id}"
        for path, tree in modules(root)
        if path.startswith(package)
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        and any("dataclass" in ast.unparse(decorator) for decorator in owner.decorator_list)
        for field in owner.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and re.search(r"\bfloat\b|\bfloat64\b", ast.unparse(field.annotation))
        and "ClassVar" not in ast.unparse(field.annotation)
        and not named(field.target.id)
    ]


# Written in pieces, so that this file does not hold what it looks for.
_PRIVATE = re.compile(
    "|".join(
        [
            r"(?<![\w.])/" + r"(?:work|root)/",
            r"(?<![\w.])/" + r"home/(?!\$|\{)\w+/",
            r"\bpypi\." + r"org\b",
            r"\bfiles\.python" + r"hosted\.org\b",
            r"\bregistry\." + r"npmjs\.org\b",
            r"\bdeb\." + r"debian\.org\b",
            r"\bdocker\." + r"io\b",
            r"\bghcr\." + r"io\b",
            r"\bquay\." + r"io\b",
            r"--(?:extra-)?index-" + r"url[ =]\S*://",
        ]
    )
)


def private_text(text: str) -> list[tuple[int, str]]:
    """Return line and text of each registry address or path of one machine."""
    return [
        (number, match.group())
        for number, line in enumerate(text.splitlines(), 1)
        for match in _PRIVATE.finditer(line)
    ]


def project_files(root: Path = ROOT) -> list[Path]:
    """Return every file that is tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := root / name).is_file()]
