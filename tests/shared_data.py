"""Measured and public data that lie beside the repository, with their sources.

They stand in `shared/data` beside the folder of the repository, or where RIDETHROUGH_DATA says.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import IN_CI


def shared(name: str) -> Path:
    """Return a file of the data; without it a test is skipped on a desk and fails in CI.

    A test asks within itself: a module that asks while it is collected takes all its tests along.
    """
    beside = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("RIDETHROUGH_DATA", beside)) / name
    if not path.is_file():
        text = f"{name} is not in {path.parent}; RIDETHROUGH_DATA says where the data are"
        pytest.fail(text) if IN_CI else pytest.skip(text)
    return path
