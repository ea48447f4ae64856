"""What every test gets: nothing may outlive a test, and a missing service is missed in CI."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import pytest_asyncio
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

LONG = "tests/simulation/"
"""Where single tests are long."""

IN_CI = os.environ.get("CI") == "true"

# What a loop's executor started ends with the loop, which pytest-asyncio closes after the test.
KNOWN_THREADS = ("asyncio_",)

# A machine under load is no counterexample, and CI repeats what the desk found.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=IN_CI, print_blob=True)
hypothesis.settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the flag that takes what is as what shall be."""
    parser.addoption("--refresh-golden", action="store_true", help="write golden files anew")


@pytest.fixture(scope="session")
def refresh_golden(request: pytest.FixtureRequest) -> bool:
    """Return whether golden files are to be written anew."""
    return bool(request.config.getoption("--refresh-golden"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal the tests out to processes in the order in which they were asked for."""
    config.option.loadscopereorder = False  # by their number: the long ones would come last
    dealing = LoadScopeScheduling(config, log)
    dealing._split_scope = _piece
    return dealing


def _piece(nodeid: str) -> str:
    """Return what is dealt out in one piece with a test: its file, or in long ones its parameters.

    What is shared is made in one process only: what the tests of a file share, and among long ones
    the run that their parameters name. One without parameters is a piece by itself.
    """
    if nodeid.startswith(LONG):
        name, bracket, parameters = nodeid.partition("[")
        return LONG + parameters if bracket else name
    return nodeid.partition("::")[0]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected: that takes seconds and finds none.

    What was collected stays out of what is looked through from then on.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hold every asynchronous test to leaving no task behind."""
    for item in items:
        if not pytest_asyncio.is_async_test(item) or not isinstance(item, pytest.Function):
            continue
        # First of all fixtures, so last to look: what the others started has ended by then.
        # Parametrized tests share one list.
        if "no_task_left" not in item.fixturenames:
            item.fixturenames.insert(0, "no_task_left")


@pytest_asyncio.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail the test if a task outlives it by more than a moment."""
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=0.3)
    if left:
        pytest.fail("tasks left behind: " + ", ".join(sorted(map(repr, left))))


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail the test if a thread outlives it by more than a moment."""
    before = set(threading.enumerate())
    yield
    new = [t for t in threading.enumerate() if t not in before]
    for thread in (strangers := [t for t in new if not t.name.startswith(KNOWN_THREADS)]):
        thread.join(timeout=1.0)
    left = [thread.name for thread in strangers if thread.is_alive()]
    if left:
        pytest.fail("threads left behind: " + ", ".join(left))


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return where a command is; without it the test is skipped on a desk and fails in CI."""
    # Debian keeps servers in sbin, which an ordinary user's PATH leaves out.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])

    def find(name: str) -> str:
        if found := shutil.which(name, path=path):
            return found
        if IN_CI:
            pytest.fail(f"{name} is not installed; `make setup` installs it")
        pytest.skip(f"{name} is not installed; `make setup` installs it")

    return find
