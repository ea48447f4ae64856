"""One engine, one image, one plant for all of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import pytest

from daemon.settings import load, shift_ports
from tests.docker.engine import Engine, build, engine, need_base
from tests.docker.hall import OFFSET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon.model.plant import Site


@pytest.fixture(scope="session")
def docker(
    program: Callable[[str], str],
) -> Iterator[Engine]:
    """A Docker engine that has our image."""
    program("dockerd")
    folder = Path(gettempdir(), "ridethrough-docker")
    with engine(folder) as own:
        need_base(own, folder)
        build(own)
        yield own


@pytest.fixture(scope="session")
def site() -> Site:
    """The AI hall, its ports out of the way."""
    return shift_ports(load("ai_hall"), OFFSET).site
