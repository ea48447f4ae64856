"""The runs that several tests look at, each played once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import load, shift_ports
from tests.integration.outage import Outage, Scraped, play_outage
from tests.integration.processes import OFFSET, Ended, Running, ridethrough

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.model.plant import Site


@pytest.fixture(scope="session")
def site() -> Site:
    """The AI hall with its ports out of the way."""
    return shift_ports(load("ai_hall"), OFFSET).site


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ended]:
    """Plays a demonstration to its end and returns what it left."""
    folder = tmp_path_factory.mktemp("demo")

    def play(*arguments: str, timeout_s: float) -> Ended:
        command = ridethrough("demo", "--json", "--port-offset", str(OFFSET), *arguments)
        running = Running(command, folder / f"{len(list(folder.iterdir()))}.log")
        try:
            return running.end(timeout_s)
        finally:
            running.kill()

    return play


@pytest.fixture(scope="session")
def scraped(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Scraped:
    """Watches demonstrations with a Prometheus, where there is one."""
    return Scraped(site, tmp_path_factory.mktemp("scraped"))


@pytest.fixture(scope="session")
def normal(demo: Callable[..., Ended], scraped: Scraped) -> Ended:
    """25 s in which nothing happens."""
    with scraped.during("normal"):
        return demo("--scenario", "normal", "--for", "25", timeout_s=120)


@pytest.fixture(scope="session")
def momentary(demo: Callable[..., Ended], scraped: Scraped) -> Ended:
    """A momentary outage."""
    with scraped.during("momentary_outage"):
        return demo("--scenario", "momentary_outage", timeout_s=120)


@pytest.fixture(scope="session")
def failing_sets(demo: Callable[..., Ended], scraped: Scraped) -> Ended:
    """An outage in which three of four sets do not start."""
    with scraped.during("generator_failure"):
        return demo("--scenario", "generator_failure", timeout_s=300)


@pytest.fixture(scope="session")
def outage(
    program: Callable[[str], str], site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Outage:
    """An extended outage, watched from outside by a scraper, a subscriber and a Modbus master."""
    return play_outage(program, site, tmp_path_factory.mktemp("outage"))
