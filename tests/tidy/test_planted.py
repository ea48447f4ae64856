"""A check that cannot fail is worth nothing: each one meets a tree with one planted fault."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

import pytest

from tests.tidy.rules import (
    ROOT,
    missing_docstrings,
    private_text,
    run,
    stray_imports,
    unnamed_units,
)

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '"""Planted."""\n\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree with the project's packages and tools but no code: all checks pass on it."""
    return empty(tmp_path)


def empty(folder: Path) -> Path:
    """Make a folder such a tree."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for top in ("daemon", "device_emulators", "grafana", "tests"):
        for package in (ROOT / top).rglob("__init__.py"):
            copy = folder / package.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text('"""Empty."""\n')
    return folder


def plant(tree: Path, name: str, code: str) -> None:
    """Put a file into the tree."""
    (tree / name).write_text(HEAD + code)


def test_nothing_is_found_in_the_empty_tree(tree: Path) -> None:
    assert run("ruff", "check", cwd=tree).returncode == 0
    assert run("ruff", "format", "--check", cwd=tree).returncode == 0
    assert run("lint-imports", "--no-cache", cwd=tree).returncode == 0
    assert stray_imports(tree) == []


@pytest.mark.parametrize(
    ("name", "code", "rule"),
    [
        ("daemon/core/planted.py", "import time\n\nNOW = time.time()\n", "TID251"),
        ("daemon/model/planted.py", "import random\n\nDICE = random.random()\n", "TID251"),
        (
            "device_emulators/plant/planted.py",
            "import numpy as np\n\nDICE = np.random.default_rng()\n",
            "TID251",
        ),
        (
            "daemon/drivers/planted.py",
            "import datetime as dt\n\nNOW = dt.datetime.now(dt.UTC)\n",
            "TID251",
        ),
        ("daemon/planted.py", "def undocumented() -> None:\n    return None\n", "D103"),
        ("daemon/planted.py", "import json\n", "F401"),
        ("daemon/planted.py", 'print("to nobody")\n', "T201"),
    ],
)
def test_ruff_finds(tree: Path, name: str, code: str, rule: str) -> None:
    plant(tree, name, code)
    done = run("ruff", "check", "--output-format", "concise", cwd=tree)
    assert done.returncode == 1
    assert f" {rule} " in done.stdout


def test_formatter_finds_a_layout_of_its_own(tree: Path) -> None:
    plant(tree, "daemon/planted.py", "X = {  'a':1 }\n")
    assert run("ruff", "format", "--check", cwd=tree).returncode == 1


def test_mypy_finds_a_wrong_type_and_a_missing_one(tree: Path) -> None:
    plant(
        tree, "daemon/planted.py", 'X: int = "one"\n\n\ndef f(x):  # type: ignore\n    return x\n'
    )
    done = run("mypy", "--cache-dir", str(tree / "cache"), cwd=tree)
    assert done.returncode == 1
    assert "[assignment]" in done.stdout


@pytest.mark.parametrize(
    ("name", "code", "contract"),
    [
        ("daemon/model/planted.py", "import daemon.core\n", "layers"),
        ("daemon/core/planted.py", "import daemon.settings\n", "layers"),
        ("daemon/drivers/planted.py", "import daemon.publishers\n", "layers"),
        ("daemon/unheard_of.py", "", "layers"),
        ("daemon/drivers/planted.py", "import daemon.core\n", "verbs"),
        ("daemon/publishers/planted.py", "import daemon.core.transfer\n", "verbs"),
        ("daemon/console/planted.py", "import daemon.core\n", "verbs"),
        ("daemon/core/detection/planted.py", "import daemon.core.transfer\n", "areas"),
        ("daemon/core/planted.py", "import asyncio\n", "pure"),
        ("daemon/model/planted.py", "import logging\n", "pure"),
        ("device_emulators/plant/planted.py", "import time\n", "pure"),
        ("daemon/model/planted.py", "import scipy\n", "nouns"),
        ("daemon/core/estimation/planted.py", "import power_grid_model\n", "two-solvers"),
        ("device_emulators/devices/planted.py", "import daemon.drivers\n", "emulators-shell"),
        ("device_emulators/devices/planted.py", "import daemon.core\n", "emulators-core"),
        ("daemon/runtime/planted.py", "import device_emulators.plant\n", "rehearsal"),
        ("daemon/cli/planted.py", "import device_emulators\n", "rehearsal"),
    ],
)
def test_contract_finds(tree: Path, name: str, code: str, contract: str) -> None:
    plant(tree, name, code)
    done = run("lint-imports", "--no-cache", "--contract", contract, cwd=tree)
    assert done.returncode == 1
    assert "0 kept, 1 broken" in done.stdout


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("daemon/publishers/second.py", "import pymodbus\n"),
        ("daemon/drivers/second.py", "from pymodbus.client import AsyncModbusTcpClient\n"),
        ("device_emulators/servers/second.py", "import asyncua.server\n"),
        ("daemon/runtime/lane.py", "def late() -> None:\n    import time\n"),
        ("daemon/rehearsal/late.py", "import time\n"),
        ("daemon/core/params.py", "import pydantic\n"),
    ],
)
def test_a_second_file_with_a_library_is_found(tree: Path, name: str, code: str) -> None:
    plant(tree, name, code)
    assert [found.partition(":")[0] for found in stray_imports(tree)] == [name]


def test_a_noun_without_docstring_is_found(tree: Path) -> None:
    plant(tree, "daemon/model/planted.py", "class Bus:\n    def dead(self): ...\n")
    assert missing_docstrings(tree, "daemon/model/") == [
        "daemon/model/planted.py.Bus",
        "daemon/model/planted.py.Bus.dead",
    ]


def test_a_number_without_unit_is_found(tree: Path) -> None:
    plant(
        tree,
        "daemon/model/planted.py",
        "@dataclass(frozen=True)\nclass Bus:\n"
        "    voltage: float\n    voltage_v: float\n    power_w_max: float\n"
        "    powers: dict[str, float]\n    name: str\n",
    )
    found = unnamed_units(tree, "daemon/model/", {"v", "w"})
    assert [line.rpartition(".")[2] for line in found] == ["voltage", "powers"]


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "work/main",
        "open('/" + "root/x')",
        "--index-" + "url=https://mirror.example/simple",
        "https://pypi." + "org/simple",
        "FROM docker." + "io/library/python",
    ],
)
def test_a_private_path_or_a_registry_is_found(line: str) -> None:
    assert private_text(f"harmless\n{line}\n")[0][0] == 2


def test_ordinary_paths_are_not_found() -> None:
    assert private_text("daemon/work/x ./root/y /usr/bin/python https://example.org/work/\n") == []


LEAVES_A_TASK = """
import asyncio

KEPT = []


async def test_it():
    KEPT.append(asyncio.create_task(asyncio.sleep(60)))
"""

LEAVES_A_THREAD = """
import threading
import time


def test_it():
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
"""

CLEANS_UP = """
import asyncio

import pytest


@pytest.fixture
async def server():
    task = asyncio.create_task(asyncio.sleep(60))
    yield
    task.cancel()


async def test_it(server):
    await asyncio.to_thread(int)
"""


PLANTED = {
    "task": (LEAVES_A_TASK, "tasks left behind"),
    "thread": (LEAVES_A_THREAD, "threads left behind"),
    "program": ('def test_it(program):\n    program("no-such-program")\n', "is not installed"),
    "marker": ("import pytest\n\n\n@pytest.mark.unheard_of\ndef test_it(): ...\n", "unheard_of"),
    "warning": ("import warnings\n\n\ndef test_it():\n    warnings.warn('late')\n", "UserWarning"),
    "nothing": (CLEANS_UP, ""),
}


_BAD: Final = frozenset({"failure", "error"})


@pytest.fixture(scope="module")
def objections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what pytest objects to in each file that is planted, all of them in one run."""
    folder = empty(tmp_path_factory.mktemp("planted"))
    shutil.copy(ROOT / "tests/conftest.py", folder / "tests")
    for name, (code, _) in PLANTED.items():
        plant(folder, f"tests/test_{name}.py", code)
    files = [f"tests/test_{name}.py" for name in PLANTED]
    options = ["-p", "no:cacheprovider", "--continue-on-collection-errors", "--junitxml=said.xml"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CI", "true")
        assert run("pytest", *options, *files, cwd=folder).returncode != 0
    said: dict[str, str] = {}
    for case in ElementTree.parse(folder / "said.xml").iter("testcase"):
        of = (case.get("classname") or case.get("name") or "").rpartition("test_")[2]
        found = "".join(f"{each.get('message')} {each.text}" for each in case if each.tag in _BAD)
        said[of] = said.get(of, "") + found
    return said


@pytest.mark.parametrize("name", [name for name, (_, said) in PLANTED.items() if said])
def test_pytest_finds(objections: dict[str, str], name: str) -> None:
    assert PLANTED[name][1] in objections[name]


def test_a_test_that_cleans_up_passes(objections: dict[str, str]) -> None:
    assert not objections["nothing"]
