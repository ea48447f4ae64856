"""Where the masters are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import IN_CI
from tests.integration.foreign.scripts import HERE

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def node(program: Callable[[str], str]) -> str:
    """Return where Node is, its libraries being there; in CI they are."""
    found = program("node")
    libraries = ("modbus-serial", "node-opcua")
    missing = [name for name in libraries if not (HERE / "node_modules" / name).is_dir()]
    if missing:
        text = f"{', '.join(missing)} not installed; `make setup` installs them"
        pytest.fail(text) if IN_CI else pytest.skip(text)
    return found
