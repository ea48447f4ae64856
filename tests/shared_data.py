"""Measured and public data that lie beside the repository, with their sources.

They stand in `shared/data` beside the folder of the repository, or where RIDETHROUGH_DATA says.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared(name: str) -> Path:
    """Return a file of the data; the test is skipped where there are none."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("RIDETHROUGH_DATA", beside)) / name
    if not path.is_file():
        pytest.skip(f"{name} is not here; RIDETHROUGH_DATA says where the data are")
    return path
