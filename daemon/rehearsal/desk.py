"""The emulators as a command: a site's devices on this desk, quiet or playing a scenario."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from device_emulators import desk, scenario, slices

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from daemon.model.plant import Site
    from device_emulators.scenario import Scenario

TraceError = desk.TraceError


def scenario_for(name: str | Path, site: Site, where: str = "") -> Scenario:
    """Return a scenario, given by name or file, as it is to be played on `site`.

    Args:
        name: its name or file.
        site: the plant.
        where: "desk", or the depth of a simulation: not everything can be done everywhere.

    Raises:
        SettingsError: with everything that is wrong with it.
    """
    path = scenario.scenario_path(name)
    return scenario.load(path, site, desk.vocabulary(), where=where)


def site_of(name: str | Path) -> str:
    """Return the site for which a scenario was written."""
    return scenario.site_of(scenario.scenario_path(name))


def slice_of(
    site: Site, play: Scenario | None, blocks: Collection[str], *, shared: bool
) -> tuple[Site, Scenario | None]:
    """Return the part of a site that some blocks are, and what of a scenario happens there.

    Raises:
        ValueError: there is no such block; names those there are.
    """
    part = slices.sliced(site, blocks, shared=shared)
    return part, None if play is None else slices.played(play, part)


def emulate(
    site: Site,
    play: Scenario | None,
    *,
    trace: Path | None,
    for_s: float | None,
    hold: bool,
    seed: int,
) -> dict[str, Any]:
    """Serve `site` until the end of the scenario, or of `for_s` [s], or Ctrl-C; return the report.

    Raises:
        OSError: a port cannot be had; names gateway and port.
        TraceError: the trace was refused.
    """

    def out(line: str) -> None:
        print(line, flush=True)

    running = desk.run(site, play, trace=trace, for_s=for_s, hold=hold, seed=seed, out=out)
    return asyncio.run(running).as_json()
